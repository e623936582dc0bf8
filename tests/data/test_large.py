"""Large files are looked at by their beginning, read in parts, and kept on disk as the same examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data import arrow_rows as stored
from ia3_studio.data import large
from ia3_studio.data.arrow_rows import (
    ArrowRows,
    open_arrow_rows,
    revive_example,
    reviver,
    tokenizer_key,
    write_arrow_rows,
)
from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.large import is_large, load_large
from ia3_studio.data.load import DataChoice, load_data
from ia3_studio.data.table import ParsingOptions
from ia3_studio.data.tokens import TokenRow
from ia3_studio.errors import DataError
from tests.tiny_chat import tiny_tokenizer

ROWS = 400


@pytest.fixture(autouse=True)
def everything_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read files of a kilobyte in parts of half of that."""
    monkeypatch.setattr(large, "LARGE_BYTES", 1000)
    monkeypatch.setattr(large, "HEAD_BYTES", 2000)
    monkeypatch.setattr(large, "BLOCK_BYTES", 500)
    monkeypatch.setattr(large, "BLOCK_ROWS", 9)
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    yield


def lines(rows: int = ROWS) -> str:
    return "".join(json.dumps({"prompt": f"ask {n} é", "answer": f"tell {n}"}, ensure_ascii=False) + "\n"
                   for n in range(rows))  # fmt: skip


def written(tmp_path: Path, text: str, name: str = "big.jsonl") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def small(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    """Return the examples of a file as they are read when it is not large, by row."""
    with monkeypatch.context() as patch:
        patch.setattr(large, "LARGE_BYTES", 10**9)
        split = load_data(path)
    return sorted((*split.train, *split.held_out), key=lambda example: example.row)


def test_the_examples_are_those_of_the_file_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, lines())
    split = load_data(path)
    assert isinstance(split.train, ArrowRows) and "read in parts" in split.description
    assert sorted((*split.train, *split.held_out), key=lambda each: each.row) == small(path, monkeypatch)
    assert 10 < len(split.held_out) < 80 and split.share == 1


def test_parquet_is_read_in_parts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.parquet"
    pd.DataFrame({"text": [f"text {n}" for n in range(ROWS)], "label": [n % 3 for n in range(ROWS)]}).to_parquet(path)
    split = load_data(path)
    assert sorted((*split.train, *split.held_out), key=lambda each: each.row) == small(path, monkeypatch)
    looked = DataChoice(str(path)).look()
    assert looked.share == 1.0 and "the first 400 of about 400 rows" in looked.description  # under 1,000 rows


def test_a_look_reads_the_beginning_alone_and_says_so(tmp_path: Path) -> None:
    looked = DataChoice(str(written(tmp_path, lines()))).look()
    rows = len(looked.train) + len(looked.held_out)
    assert 30 < rows < 60 and looked.share == pytest.approx(rows / ROWS, rel=0.15)
    assert f"the first {rows} of about" in looked.description


def test_copies_are_on_one_side_and_another_seed_draws_others(tmp_path: Path) -> None:
    path = written(tmp_path, lines(150) * 2)
    splits = [load_data(path, seed=seed, held_out=0.3) for seed in (0, 1)]
    for split in splits:
        asked = {example.messages[0] for example in split.held_out}
        assert asked.isdisjoint(example.messages[0] for example in split.train)
    assert [e.row for e in splits[0].held_out] != [e.row for e in splits[1].held_out]


def test_a_column_says_what_is_set_aside(tmp_path: Path) -> None:
    rows = "".join(f'{{"prompt": "p{n}", "answer": "a", "split": "{"test" if n % 5 == 0 else "train"}"}}\n'
                   for n in range(ROWS))  # fmt: skip
    split = load_data(written(tmp_path, rows))
    assert [example.row % 5 for example in split.held_out] == [1] * (ROWS // 5)


def test_no_more_are_set_aside_than_can_be_measured_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "MOST_HELD_OUT", 20)
    assert 5 < len(load_data(written(tmp_path, lines()), held_out=0.5).held_out) < 40


def test_rows_left_out_have_their_numbers_in_the_whole_file(tmp_path: Path) -> None:
    text = lines().splitlines(keepends=True)
    text[299] = '{"prompt": "x", "answer": ""}\n'
    text[349] = '{"prompt": "x", "ans\n'
    split = load_data(written(tmp_path, "".join(text)))
    assert [(problem.row, problem.reason[:28]) for problem in split.problems] == [
        (300, "the answer (answer) is empty"),
        (350, "line 350 cannot be read: it "),
    ]
    rows = {example.row for example in (*split.train, *split.held_out)}
    assert rows == set(range(1, ROWS + 1)) - {300, 350}


def test_more_rows_left_out_than_are_listed_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "MOST_LISTED", 10)
    empty = '{"prompt": "x", "answer": ""}\n'
    split = load_data(written(tmp_path, lines() + empty * 30))
    assert len(split.problems) == 10 and split.more_left_out == 20


def test_a_second_read_makes_nothing_anew_and_a_changed_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, lines())
    first = load_data(path)
    kept = {found: found.stat().st_mtime_ns for found in (tmp_path / "cache" / "data").glob("*.json")}

    def forbidden(*_all: object) -> None:
        raise AssertionError("it was read again")

    with monkeypatch.context() as patch:
        patch.setattr(large, "write_arrow_rows", forbidden)
        assert list(load_data(path).train) == list(first.train)
    path.write_text(lines(ROWS + 1), encoding="utf-8")
    assert load_data(path).fingerprint != first.fingerprint
    assert len(list((tmp_path / "cache" / "data").glob("*.json"))) == len(kept) + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" + lines().replace("\n", ",\n") + "{}]", "is one JSON array of 0 MB; write one object per line"),
        ("version https://git-lfs.github.com/spec/v1\n" * 40, "cannot be read: it is not valid JSON"),
        ('{"prompt": "a", "answer": ""}\n' * 60, "[Nn]o usable row; row 1: the answer"),
        ("".join(f'{{"height": {n}, "width": 2}}\n' for n in range(90)), "The columns height, width"),
    ],
)
def test_a_large_file_that_teaches_nothing_says_why(text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    assert is_large(path)
    for read in (load_data, lambda path: DataChoice(str(path)).look()):
        with pytest.raises(DataError, match=said):
            read(path)


def test_no_part_of_a_write_that_fails_is_left(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[TokenRow, bool]]:
        yield TokenRow((1,), (1,), 1, False), False
        raise DataError("it broke")

    with pytest.raises(DataError, match="it broke"):
        write_arrow_rows(broken(), tmp_path / "kept" / "rows.arrow")
    assert not list((tmp_path / "kept").iterdir())


def test_rows_of_every_kind_come_back_as_they_were(tmp_path: Path) -> None:
    examples = [
        Example(1, (Message("user", "é\n"), Message("assistant", "b"))),
        Example(2, text="a", second="b", labels=("x", "y")),
        Example(3, words=("a", "b"), labels=("O", "B")),
    ]
    choice = ChoiceRow((1, 2), ((3,), (4, 5)), 1, 9, True)
    write_arrow_rows(((example, example.row == 2) for example in examples), tmp_path / "a.arrow")
    write_arrow_rows([(choice, True)], tmp_path / "b.arrow")
    every = open_arrow_rows(tmp_path / "a.arrow", revive_example, "k")
    assert list(every) == examples == [every[place] for place in range(3)]
    assert list(every[1:]) == examples[1:] and every[-1] == examples[-1]
    assert list(open_arrow_rows(tmp_path / "a.arrow", revive_example, "k", True)) == examples[1:2]
    assert list(every.at([2, 0])) == [examples[2], examples[0]]
    assert open_arrow_rows(tmp_path / "b.arrow", reviver(ChoiceRow), "k")[0] == choice


def test_the_files_used_longest_ago_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for age, name in enumerate(("new", "old", "older")):
        (tmp_path / f"{name}.arrow").write_bytes(b"x" * 100)
        (tmp_path / f"{name}.json").write_text("{}")
        os.utime(tmp_path / f"{name}.arrow", (1000 - age, 1000 - age))
    monkeypatch.setattr(stored, "MOST_KEPT_BYTES", 150)
    stored.make_room(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["new.arrow", "new.json"]


def test_a_tokenizer_is_told_by_its_words_and_its_template() -> None:
    other = tiny_tokenizer()
    assert tokenizer_key(other) == tokenizer_key(tiny_tokenizer())
    other.chat_template += " "
    assert tokenizer_key(other) != tokenizer_key(tiny_tokenizer())
    more = tiny_tokenizer()
    more.add_tokens(["lamp"])
    assert tokenizer_key(more) != tokenizer_key(tiny_tokenizer())


def test_the_key_follows_how_the_file_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, lines())
    assert load_large(path, None, None, 0.1, 0).train.key != load_large(path, None, None, 0.2, 0).train.key  # type: ignore[attr-defined]


def test_a_parquet_file_that_unpacks_to_more_than_memory_holds_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alike.parquet"
    frame = pd.DataFrame({"prompt": [f"{row % 9}" * 5_000 for row in range(400)], "answer": "yes"})
    frame.to_parquet(path, compression="zstd", row_group_size=50)
    monkeypatch.setattr(large, "LARGE_BYTES", 10**8)
    assert not is_large(path)
    monkeypatch.setattr(large, "MAX_BYTES", path.stat().st_size)
    assert is_large(path)


def json_lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_rows_of_a_known_shape_are_read_in_parts_as_the_first_part_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"prompt": f"ask {n}", "completion": f"tell {n}", "label": n % 10 > 0} for n in range(200)]
    path = written(tmp_path, json_lines(rows))
    split = load_data(path)
    assert sorted((*split.train, *split.held_out), key=lambda each: each.row) == small(path, monkeypatch)
    assert [each.row for each in sorted((*split.train, *split.held_out), key=lambda each: each.row)
            if not each.desirable] == list(range(1, 201, 10))  # fmt: skip
    assert any("KTO" in note for note in split.notes)
    odd = "\n\nHuman: Hi\n\nAssistant: Ahoy"
    pairs = [{"prompt": f"ask {n}", "chosen": odd if n == 150 else f"tell {n}", "rejected": "no"} for n in range(200)]
    split = load_data(written(tmp_path, json_lines(pairs), "pairs.jsonl"))
    assert len(split.train) + len(split.held_out) == 199 and split.mapping.kind == "preferences"
    assert [(problem.row, problem.reason) for problem in split.problems] == [
        (151, "the prompts of the chosen and the rejected answer differ")
    ]


def test_what_is_not_used_is_counted_over_all_parts(tmp_path: Path) -> None:
    def tree(number: int) -> dict[str, object]:
        replies = [{"role": "assistant", "text": f"{number} {rank}", "rank": rank, "replies": []} for rank in range(3)]
        return {"prompt": {"role": "prompter", "text": f"ask {number}", "replies": replies}}

    split = load_data(written(tmp_path, json_lines([tree(n) for n in range(100)])))
    assert "Not used: replies that are not ranked best (200)." in split.notes


def test_rows_that_belong_together_are_not_read_in_parts(tmp_path: Path) -> None:
    rows = [{"conversation_id": n // 2, "role": ("user", "assistant")[n % 2], "content": f"{n}"} for n in range(100)]
    path = written(tmp_path, json_lines(rows))
    with pytest.raises(DataError, match="Its rows belong together"):
        load_data(path)
    with pytest.raises(DataError, match="speakers cannot be chosen"):
        load_data(written(tmp_path, lines()), parsing=ParsingOptions(speaker="Ann"))
