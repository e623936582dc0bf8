"""Replacing a file: whole or not at all, whoever else does the same."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ia3_studio.atomic import remove_abandoned, replace_text, replacing, write_advice

WRITE = """
import sys
from pathlib import Path
from ia3_studio.atomic import replace_text
for _number in range(200):
    replace_text(Path(sys.argv[1]), sys.argv[2] * 1000)
"""


def test_threads_that_replace_one_file_at_once_all_succeed_and_leave_one_whole_text(tmp_path: Path) -> None:
    target = tmp_path / "about.json"
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: replace_text(target, str(number % 10) * 5000), range(320)))
    assert len(set(target.read_text())) == 1 and os.listdir(tmp_path) == ["about.json"]


def test_processes_that_replace_one_file_at_once_all_succeed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE, str(tmp_path / "about.json")]
    writers = [subprocess.Popen([*command, letter], cwd=Path(__file__).parents[1]) for letter in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(set((tmp_path / "about.json").read_text())) == 1 and os.listdir(tmp_path) == ["about.json"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "about.json"
    replace_text(target, "old")
    with pytest.raises(KeyError), replacing(target) as part:
        part.write_text("half")
        raise KeyError
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["about.json"]


def test_only_old_unfinished_files_are_removed(tmp_path: Path) -> None:
    old, fresh, other = (tmp_path / name for name in (".a.json.12-0123abcd.part", ".b.json.12-0123abcd.part", ".c"))
    for path in (old, fresh, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (time.time() - 7200,) * 2)
    remove_abandoned(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [fresh.name, other.name]


def test_only_a_full_disk_is_called_full() -> None:
    assert "space" in write_advice(OSError(errno.ENOSPC, ""))
    assert "space" not in write_advice(OSError(errno.ENOENT, "")) + write_advice(OSError(errno.EACCES, ""))
