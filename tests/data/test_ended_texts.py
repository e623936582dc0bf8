"""Tests of the tokens by which texts and conversations are ended in data, which are no part of what is learned."""

from __future__ import annotations

from pathlib import Path

from ia3_studio.data.load import load_data
from tests.data.download_shapes import DOWNLOADS
from tests.data.shapes import asked, lines, said


def written(text: str, folder: Path, name: str = "data.jsonl") -> Path:
    """Write a file; return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_token_that_ends_an_answer_is_not_learned(tmp_path: Path) -> None:
    split = load_data(written(lines(lambda n: {"prompt": asked(n), "completion": f"{said(n)}<|endoftext|>"}), tmp_path))
    assert {each.messages[-1].content for each in split.train} <= {said(n) for n in range(12)}


def test_a_document_between_tokens_keeps_its_paragraphs(tmp_path: Path) -> None:
    stories = "".join(f"<|endoftext|>\n{asked(n)}\n\n{said(n)}\n" for n in range(12))
    split = load_data(written(stories, tmp_path, "stories.txt"))
    assert {each.text for each in (*split.train, *split.held_out)} == {f"{asked(n)}\n\n{said(n)}" for n in range(12)}


def test_marks_of_turns_are_not_part_of_what_is_compared(tmp_path: Path) -> None:
    shape = next(each for each in DOWNLOADS if each.name == "marked.jsonl")
    split = load_data(shape.write(tmp_path))
    said_so = [turn.content for each in split.train for turn in (*each.messages, *each.rejected)]
    assert said_so and not any("extra_id" in text for text in said_so)


def test_a_turn_marked_as_not_in_training_is_only_read(tmp_path: Path) -> None:
    turns = [("user", asked, None), ("assistant", said, False), ("user", asked, None), ("assistant", said, True)]
    record = {
        n: [
            {"role": role, "content": text(n), **({} if kept is None else {"training": kept})}
            for role, text, kept in turns
        ]
        for n in range(12)
    }
    split = load_data(written(lines(lambda n: {"messages": record[n]}), tmp_path))
    assert [turn.trained for turn in split.train[0].messages if turn.role == "assistant"] == [False, True]


def test_a_program_with_an_unknown_ending_is_no_prose(tmp_path: Path) -> None:
    import pytest

    from ia3_studio.errors import DataError

    program = "".join(f"def berth_{n}(x):\n    return ferries[{n}](x, y={n}) + 1\n\n" for n in range(12))
    with pytest.raises(DataError, match=r"zig"):
        load_data(written(program, tmp_path, "program.zig"))
