"""Splits: what is measured is never learned, and the seed decides which rows those are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ia3_studio.data.load import LIGHTHOUSE, load_data
from ia3_studio.errors import DataError


def written(folder: Path, count: int) -> Path:
    return write(folder, [(f"p{number}", f"a{number}") for number in range(count)])


def write(folder: Path, pairs: Sequence[tuple[str, str]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": prompt, "answer": answer}) + "\n" for prompt, answer in pairs))
    return path


def test_held_out_rows_are_never_trained_on_and_the_seed_decides_which(tmp_path: Path) -> None:
    path = written(tmp_path, 50)
    split = load_data(path, held_out=0.2, seed=1)
    rows = [{example.row for example in part} for part in (split.train, split.held_out)]
    assert len(rows[1]) == 10 and not rows[0] & rows[1] and len(rows[0] | rows[1]) == 50
    assert load_data(path, held_out=0.2, seed=1) == split
    assert load_data(path, held_out=0.2, seed=2).held_out != split.held_out


def test_both_parts_keep_the_order_of_the_file(tmp_path: Path) -> None:
    split = load_data(written(tmp_path, 50), held_out=0.3)
    for part in (split.train, split.held_out):
        rows = [example.row for example in part]
        assert rows == sorted(rows)


@pytest.mark.parametrize("seed", range(5))
def test_copies_of_a_row_stay_on_one_side(seed: int, tmp_path: Path) -> None:
    path = write(tmp_path, [(f"p{number % 7}", "a") for number in range(40)])
    split = load_data(path, held_out=0.2, seed=seed)
    assert not {example.messages for example in split.train} & {example.messages for example in split.held_out}
    assert len(split.train) + len(split.held_out) == 40


@pytest.mark.parametrize(("count", "share"), [(2, 0.01), (2, 0.99), (3, 0.5)])
def test_both_parts_always_have_a_row(count: int, share: float, tmp_path: Path) -> None:
    split = load_data(written(tmp_path, count), held_out=share)
    assert split.train and split.held_out


def test_one_row_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is 1 usable row; give at least two"):
        load_data(written(tmp_path, 1))


def test_rows_that_are_all_the_same_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="All 3 usable rows are the same"):
        load_data(write(tmp_path, [("p", "a")] * 3))


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, float("nan")])
def test_a_share_outside_its_range_is_named(share: float, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="The held-out share is"):
        load_data(written(tmp_path, 4), held_out=share)


def test_a_file_is_described_with_its_mapping_and_its_problems(tmp_path: Path) -> None:
    split = load_data(write(tmp_path, [("p", "a"), ("q", ""), ("r", "b")]))
    assert split.description == "rows.jsonl: JSON Lines, UTF-8, 3 rows: prompt, answer"
    assert str(split.mapping) == "prompt → prompt, answer → answer"
    assert [problem.row for problem in split.problems] == [2]


def test_the_starter_brings_its_own_held_out_rows() -> None:
    split = load_data(LIGHTHOUSE, held_out=0.5, seed=3)
    assert split == load_data(LIGHTHOUSE, held_out=0.1)
    assert f"{len(split.train)} short answers" in split.description
    assert f"{len(split.held_out)} held out" in split.description
    prompts = [{example.messages[0].content for example in part} for part in (split.train, split.held_out)]
    assert not prompts[0] & prompts[1] and not split.problems


def test_reading_data_is_ready_without_torch_or_pandas() -> None:
    modules = "load, tokens"
    code = (
        f"import sys; from ia3_studio.data import {modules}; print({{'torch', 'pandas', 'jinja2'}} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
