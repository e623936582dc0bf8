"""The size of a folder is counted while others write in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ia3_studio.folder_size import bytes_in, file_sizes


def test_the_files_of_all_levels_are_counted_and_links_are_not(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "deep").write_bytes(b"12345")
    (tmp_path / "top").write_bytes(b"123")
    (tmp_path / "link").symlink_to(tmp_path / "top")
    assert sorted(file_sizes(tmp_path)) == [3, 5]
    assert bytes_in(tmp_path / "nowhere") == 0


def test_a_folder_that_vanishes_between_two_looks_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").write_bytes(b"123")
    (tmp_path / "gone" / "inner").mkdir(parents=True)
    (tmp_path / "gone" / "file").write_bytes(b"12345")
    look = os.scandir

    def look_too_late(place: os.PathLike[str] | str) -> object:
        if str(place) == str(tmp_path / "gone"):  # its name was read with the folder above it
            (tmp_path / "gone").rename(tmp_path / "moved")
            shutil.rmtree(tmp_path / "moved")
        return look(place)

    monkeypatch.setattr(os, "scandir", look_too_late)
    assert file_sizes(tmp_path) == [3]
    assert not (tmp_path / "gone").exists()
