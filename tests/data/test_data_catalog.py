"""What the Hub says of data sets, and how many tokens data have before there is a tokenizer."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data import token_estimate
from ia3_studio.data.catalog import cached_data_sets, data_entry
from ia3_studio.data.load import load_data
from ia3_studio.data.token_estimate import TokenEstimates, estimated_tokens
from tests.hub_listing import DATA_SETS


def test_a_data_set_has_its_rows_size_license_downloads_and_gate() -> None:
    robots, faces = (data_entry(each) for each in DATA_SETS)
    assert (robots.rows, robots.size, robots.license, robots.downloads) == ("1K<n<10K", 17_300_000, "mit", 12_000)
    assert robots.gated and not robots.unusable
    assert "image" in faces.unusable


def test_whatever_the_hub_says_of_a_data_set_makes_an_entry() -> None:
    junk: list[Any] = [
        None,
        True,
        -1,
        10**40,
        "x" * 500,
        [],
        {},
        [None, 3, "modality:"],
        ["size_categories:" + "n" * 900],
    ]
    draw = random.Random(0)
    for _each in range(2000):
        said = {name: draw.choice(junk) for name in ("downloads", "gated", "mainSize", "usedStorage", "tags")}
        assert len(data_entry({"id": "a/b", **said}).rows) <= 40


def test_data_sets_in_the_cache_are_found_by_letters_and_not_by_visitors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for name in ("datasets--org--robots", "datasets--plain", "models--org--robots"):
        (tmp_path / name).mkdir()
    assert [each.hub_id for each in cached_data_sets("ROB")] == ["org/robots"]
    assert [each.hub_id for each in cached_data_sets("")] == ["org/robots", "plain"]
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert cached_data_sets("") == ()


@pytest.mark.parametrize(
    ("data", "counted"), [("lighthouse", 17_837), ("harbour", 22_708), ("logbook", 20_732), ("beacon", 28_252)]
)
def test_the_tokens_of_the_starters_are_estimated_within_a_quarter(data: str, counted: int) -> None:
    """Counted with the tokenizer and the chat template of SmolLM2."""
    assert estimated_tokens(load_data(data), 512) == pytest.approx(counted, rel=0.25)


def test_long_rows_count_as_far_as_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("question,answer\n" + "\n".join(f"what is {n}?,{'word ' * 2000}" for n in range(20)))
    split = load_data(path)
    assert estimated_tokens(split, 512) == 512 * len(split.train)


def test_an_estimate_is_made_once_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    go, asked = threading.Event(), []

    def slow(_split: Any, _longest: int) -> float:
        asked.append(1)
        go.wait(10)
        return 7.0

    monkeypatch.setattr(token_estimate, "estimated_tokens", slow)
    estimates = TokenEstimates()
    assert estimates.get("lighthouse", 512, 0.01) is None
    go.set()
    assert estimates.get("lighthouse", 512, 10) == 7.0 and len(asked) == 1


def test_data_that_cannot_be_read_have_no_estimate() -> None:
    assert TokenEstimates().get("/no/such/file.csv", 512, 10) is None
