"""Data sets of the hub, played by a server on 127.0.0.1: what is read of them, and what is said when it is not."""

from __future__ import annotations

import errno
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfFileSystem, constants
from huggingface_hub.errors import OfflineModeIsEnabled

from ia3_studio.data import hub_rows
from ia3_studio.data.load import load_data
from ia3_studio.errors import DataError
from tests.data.hub_standin import DataHub, ask_there, serving

NAME = "somebody/letters"
CARD = b"""---
configs:
- config_name: plain
  data_files:
  - split: train
    path: plain/train.jsonl
  - split: test
    path: plain/test.jsonl
- config_name: other
  data_files: other.jsonl
---
"""
PLAIN = "".join(json.dumps({"question": f"q{n}", "answer": f"a{n} é"}, ensure_ascii=False) + "\n" for n in range(300))
FILES = {
    "README.md": CARD,
    "plain/train.jsonl": PLAIN.encode(),
    "plain/test.jsonl": b'{"question": "t", "answer": "u"}\n' * 5,
    "other.jsonl": b"".join(b'{"text": "text %d", "label": %d}\n' % (n, n % 2) for n in range(8)),
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataHub]:
    found = DataHub(NAME, FILES)
    with serving(found) as address:
        ask_there(address, tmp_path / "cache", monkeypatch)
        yield found


def test_configurations_and_splits_are_listed(hub: DataHub) -> None:
    assert hub_rows.configurations(NAME) == ("plain", "other")
    assert hub_rows.splits(NAME, "plain") == ("train", "test")


def test_the_first_rows_are_seen_before_anything_else_is_read(hub: DataHub) -> None:
    assert hub_rows.first_rows(NAME, "plain", "train", 2) == [
        {"question": "q0", "answer": "a0 é"},
        {"question": "q1", "answer": "a1 é"},
    ]


def test_rows_become_a_file_whose_splits_are_kept(hub: DataHub, tmp_path: Path) -> None:
    heard: list[str] = []
    path = hub_rows.fetch(NAME, "plain", ["train", "test"], 1000, tmp_path / "rows", heard.append)
    assert path.name == "somebody-letters-plain-train-test.jsonl"
    split = load_data(path)
    assert (len(split.train), len(split.held_out)) == (300, 5)
    assert split.train[7].messages[1].content == "a7 é"
    assert not list((tmp_path / "rows").glob("*.part"))


def test_no_more_rows_are_taken_than_asked_for(hub: DataHub, tmp_path: Path) -> None:
    path = hub_rows.fetch(NAME, "plain", ["train"], 20, tmp_path)
    assert len(path.read_text().splitlines()) == 20
    assert '"split"' not in path.read_text()


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((404, "RepoNotFound"), f"Unknown data set '{NAME}'"),
        ((401, "GatedRepo"), "is gated. Accept its terms"),
        ((403, "GatedRepo"), "is gated. Accept its terms"),
    ],
)
def test_what_the_hub_refuses_is_said_in_a_sentence(hub: DataHub, refusal: tuple[int, str], said: str) -> None:
    hub.refusal = refusal
    with pytest.raises(DataError, match=said):
        hub_rows.configurations(NAME)


def test_a_hub_that_does_not_answer_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_rows, "PATIENCE", 0.1)
    monkeypatch.setattr("datasets.get_dataset_config_names", lambda _hub_id: time.sleep(0.5))
    with pytest.raises(DataError, match=r"The Hub could not be reached for .* \(request timed out\)"):
        hub_rows.configurations(NAME)


def test_a_hub_that_falls_silent_between_two_rows_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(*_asked: str) -> Iterator[dict[str, str]]:
        yield {"text": "the first"}
        time.sleep(60)

    monkeypatch.setattr(hub_rows, "STANDSTILL", 0.2)
    monkeypatch.setattr(hub_rows, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(hub_rows, "_rows", rows)
    with pytest.raises(DataError, match=r"The Hub could not be reached for .* \(request timed out\)"):
        hub_rows.fetch(NAME, "plain", ["train"], 1000, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_slow_hub_is_told_of_while_its_rows_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def rows(*_asked: str) -> Iterator[dict[str, str]]:
        for number in range(3):
            time.sleep(0.05)
            yield {"text": f"row {number}"}

    monkeypatch.setattr(hub_rows, "BATCH_SECONDS", 0.0)
    monkeypatch.setattr(hub_rows, "_rows", rows)
    path = hub_rows.fetch(NAME, "plain", ["train"], 1000, tmp_path, heard.append)
    assert len(path.read_text().splitlines()) == 3
    assert [said.rpartition(": ")[2] for said in heard[1:]] == ["1 rows", "2 rows", "3 rows"]


def test_a_hub_that_asks_to_wait_for_an_hour_is_asked_again_within_seconds(hub: DataHub) -> None:
    hub.busy = 1
    began = time.monotonic()
    assert len(hub_rows.first_rows(NAME, "plain", "train", 2)) == 2
    assert hub.busy == 0
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            ConnectionError("Connection refused"),
            "The Hub could not be reached for 'somebody/letters' (Connection refused)",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk became full while reading 'somebody/letters'"),
        (
            RuntimeError("Dataset scripts are no longer supported, but found letters.py"),
            "no rows in a supported format",
        ),
        (OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE is set"),
    ],
)
def test_a_broken_connection_is_said_in_a_sentence(
    broken: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_hub_id: str) -> None:
        raise broken

    monkeypatch.setattr("datasets.get_dataset_config_names", fail)
    with pytest.raises(DataError, match=re.escape(said)):
        hub_rows.configurations(NAME)


def test_a_data_set_without_readable_files_says_so(hub: DataHub) -> None:
    hub.files = {"README.md": b"# nothing here", "letters.py": b"import os"}
    with pytest.raises(DataError, match="no rows in a supported format"):
        hub_rows.configurations(NAME)


def test_labels_stored_as_numbers_get_their_names(hub: DataHub, tmp_path: Path) -> None:
    features = b"""---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': storm
          '1': calm
---
"""
    hub.files = {"README.md": features, "train.jsonl": FILES["other.jsonl"]}
    (name,) = hub_rows.configurations(NAME)
    path = hub_rows.fetch(NAME, name, hub_rows.splits(NAME, name), 10, tmp_path)
    assert {json.loads(line)["label"] for line in path.read_text().splitlines()} == {"storm", "calm"}


@pytest.mark.parametrize(
    ("text", "hub_id"),
    [("org/name", "org/name"), (" https://huggingface.co/datasets/org/name/ ", "org/name"), ("squad", "squad")],
)
def test_an_id_or_an_address_names_a_data_set(text: str, hub_id: str) -> None:
    assert hub_rows.hub_id_of(text) == hub_id


@pytest.mark.parametrize("text", ["", "a b", "../secret", "https://example.com/x/y", "a/b/c", "-a/b"])
def test_anything_else_names_none(text: str) -> None:
    with pytest.raises(DataError, match="is not a valid data set id"):
        hub_rows.hub_id_of(text)


def test_rows_are_read_with_the_login_of_ones_own_computer_and_without_it_for_a_visitor(
    hub: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub_rows.first_rows(NAME, "plain", "test", 1)
    assert "hf_secret" in str(hub.heard)
    hub.heard.clear()
    HfFileSystem.clear_instance_cache()
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", False)  # it is put back afterwards
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert hub_rows.configurations(NAME) and hub_rows.splits(NAME, "plain")
    hub_rows.first_rows(NAME, "plain", "train", 1)
    assert hub.heard and "hf_secret" not in str(hub.heard)
