"""Which files of a folder belong to its training file: splits of the same columns, and not another form of its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError


def _jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _task(n: int) -> dict[str, object]:
    return {
        "id": n,
        "instruction": f"Rewrite the note of ship {n} politely",
        "input": f"The berth of ship {n} must be free by noon",
        "reference_answer": f"Could you please leave the berth of ship {n} by noon?",
        "license": "own",
    }


def _rendered(n: int) -> dict[str, object]:
    task = _task(n)
    return {"prompt": f"### Task\n{task['instruction']}\n{task['input']}", "response": task["reference_answer"]}


def _first_prompts(data: DataSplit) -> list[str]:
    return [example.messages[0].content for example in data.train]


def test_another_form_of_the_training_rows_is_not_read_twice_and_is_named(tmp_path: Path) -> None:
    for name, start, count in (("train", 0, 6), ("validation", 10, 3), ("test", 20, 3)):
        _jsonl(tmp_path / f"{name}.jsonl", map(_task, range(start, start + count)))
    _jsonl(tmp_path / "processed" / "sft_train.jsonl", map(_rendered, range(6)))
    data = load_data(tmp_path)
    assert len(data.train) == 6 and len(data.held_out) == 6
    assert _first_prompts(data)[0] == "Rewrite the note of ship 0 politely\n\nThe berth of ship 0 must be free by noon"
    assert any("sft_train.jsonl" in note and "form" in note for note in data.notes)


def test_training_rows_of_another_source_are_read_as_well(tmp_path: Path) -> None:
    for name, start, count in (("train", 0, 6), ("validation", 10, 3)):
        _jsonl(tmp_path / f"{name}.jsonl", map(_task, range(start, start + count)))
    _jsonl(tmp_path / "train_more.jsonl", ({**_task(n), "reviewed": True} for n in range(30, 36)))
    data = load_data(tmp_path)
    assert len(data.train) == 12 and len(data.held_out) == 3


def test_held_out_files_of_other_columns_are_not_read_and_are_named(tmp_path: Path) -> None:
    for name, start, count in (("train", 0, 6), ("dev", 10, 3)):
        _jsonl(tmp_path / f"{name}.jsonl", map(_task, range(start, start + count)))
    cases = ({"id": n, "topic": f"the bells of pier {n}", "expected": "polite", "level": "a"} for n in range(4))
    _jsonl(tmp_path / "eval_cases.jsonl", cases)
    data = load_data(tmp_path)
    assert len(data.train) == 6 and len(data.held_out) == 3 and not data.problems
    assert any("eval_cases.jsonl" in note for note in data.notes)


def test_a_long_list_of_words_called_train_does_not_replace_the_training_rows(tmp_path: Path) -> None:
    for name, start, count in (("train", 0, 6), ("val", 10, 3)):
        (tmp_path / f"{name}.json").write_text(json.dumps([_task(n) for n in range(start, start + count)]))
    (tmp_path / "train-vocab.json").write_text(json.dumps([f"word{n}" for n in range(90)]))
    data = load_data(tmp_path)
    assert len(data.train) == 6 and len(data.held_out) == 3
    assert any("train-vocab.json" in note for note in data.notes)


def test_the_only_training_file_is_read_beside_tables_of_other_things(tmp_path: Path) -> None:
    lines = [f"where is berth {n},{('ask', 'greet')[n % 2]},{n % 3}" for n in range(9)]
    (tmp_path / "train.csv").write_text("\n".join(["text,intent,language", *lines]) + "\n")
    rows = [{"text": f"where is berth {n}", "intent": ("ask", "greet")[n % 2], "language": n % 3} for n in range(9)]
    _jsonl(tmp_path / "train.json", rows)
    entities = [f"ship_id,DL{n}" for n in range(9)]
    (tmp_path / "entity_examples.csv").write_text("\n".join(["entity_type,example", *entities]) + "\n")
    data = load_data(tmp_path)
    assert str(data.mapping) == "text → text, intent → label"
    assert len(data.train) + len(data.held_out) == 9
    assert any("entity_examples.csv" in note for note in data.notes)


@pytest.mark.parametrize("stem", ["train", "data"])
def test_of_two_forms_of_the_same_rows_one_is_read(tmp_path: Path, stem: str) -> None:
    said = {n: (f"Is berth {n} of the\nnorth pier free?", f'Berth "{n}" is free until nine.') for n in range(8)}
    plain = [{"instruction": asked, "output": answer} for asked, answer in said.values()]
    spoken = [
        {"conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": answer}]}
        for asked, answer in said.values()
    ]
    (tmp_path / f"{stem}_alpaca.json").write_text(json.dumps(plain))
    (tmp_path / f"{stem}_sharegpt.json").write_text(json.dumps(spoken))
    data = load_data(tmp_path)
    assert len(data.train) + len(data.held_out) == 8
    assert any("another form" in note for note in data.notes)


def test_tables_of_other_rows_are_still_refused_together(tmp_path: Path) -> None:
    _jsonl(
        tmp_path / "one.jsonl", ({"instruction": f"Moor ship {n}", "output": f"Ship {n} is moored"} for n in range(6))
    )
    _jsonl(tmp_path / "other.jsonl", ({"bell": f"rings for ferry {n}", "tone": f"low and long, {n}"} for n in range(6)))
    with pytest.raises(DataError):
        load_data(tmp_path)
