"""Tests in several processes: each runs once, and what goes wrong in any of them is reported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from copy import copy
from itertools import chain
from pathlib import Path

import pytest

from tests.dividing import Shelf

ROOT = Path(__file__).parents[1]

TESTS = """
import os, signal, pytest

@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    yield
    if os.environ.get("HARM") == "teardown":
        raise RuntimeError("at the end of the module")

@pytest.mark.parametrize("number", range(20))
def test_one(number, shared):
    with open(os.environ["RAN"], "a") as file:
        file.write(f"{__name__} {number} {os.getpid()}\\n")
    print("this was printed by", number)
    assert (os.environ.get("HARM"), number) != ("failure", 7)
    if (os.environ.get("HARM"), number, __name__[-1]) == ("crash", 7, "a"):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def divided(folder: Path, harm: str = "", *arguments: str) -> tuple[int, str, list[list[str]]]:
    """Run two files of tests in two processes; return the exit code, what is said and what each test noted."""
    for name in ("test_a.py", "test_b.py"):
        (folder / name).write_text(TESTS)
    noted = folder / "ran"
    noted.write_text("")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.dividing", "-p", "no:cacheprovider", "-c", os.devnull]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "RAN": str(noted), "HARM": harm}
    done = subprocess.run(
        [*command, "--rootdir", str(folder), "--processes", "2", *arguments, str(folder)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr, [line.split() for line in noted.read_text().splitlines()]


def test_every_test_runs_once_and_in_two_processes(tmp_path: Path) -> None:
    code, said, ran = divided(tmp_path)
    assert code == 0 and "40 passed" in said
    assert len({(name, number) for name, number, _process in ran}) == len(ran) == 40
    assert len({process for _name, _number, process in ran}) == 2


def test_a_failure_is_reported_with_what_the_test_printed(tmp_path: Path) -> None:
    code, said, ran = divided(tmp_path, "failure")
    assert code == 1 and "2 failed, 38 passed" in said and len(ran) == 40
    assert said.count("this was printed by 7") == 2 and "this was printed by 6" not in said


def test_the_first_failure_ends_all_processes_where_that_is_asked_for(tmp_path: Path) -> None:
    code, said, _ran = divided(tmp_path, "failure", "-x")
    assert code == 1 and re.search(r"stopping after [12] failures", said)


def test_a_process_that_is_killed_fails_the_test_it_ran_and_others_go_on(tmp_path: Path) -> None:
    code, said, ran = divided(tmp_path, "crash")
    assert code == 1 and "2 failed, 38 passed" in said and len(ran) == 39
    assert re.search(r"FAILED .*test_a\.py::test_one\[7\]", said)
    assert "it had taken this test as the next one" in said


def test_a_module_whose_end_fails_is_an_error(tmp_path: Path) -> None:
    code, said, _ran = divided(tmp_path, "teardown")
    assert code == 1 and "at the end of the module" in said and "40 passed" in said


def test_one_test_and_a_list_of_tests_need_no_other_process(tmp_path: Path) -> None:
    assert "1 passed" in divided(tmp_path, "", "-k", "13", "--deselect", "test_a.py::test_one[13]")[1]
    code, said, ran = divided(tmp_path, "", "--collect-only")
    assert code == 0 and "40 tests collected" in said and ran == []


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_a_file_stays_with_a_process_until_others_have_nothing_left(processes: int) -> None:
    files = ["a"] * 5 + ["b"] * 2
    shelves = [Shelf(files)]
    shelves += [copy(shelves[0]) for _ in range(processes - 1)]
    taken: list[list[int]] = [[] for _ in shelves]
    while {*(found := [shelf.take() for shelf in shelves])} != {None}:
        for mine, number in zip(taken, found, strict=True):
            mine += [] if number is None else [number]
    assert sorted(chain(*taken)) == list(range(7))
    assert taken[0][:3] == [0, 1, 2]
    if processes > 1:
        assert taken[1][:2] == [5, 6]
