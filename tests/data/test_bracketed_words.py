"""Words in brackets behind their tags, and tags of a line break that has no word."""

from pathlib import Path

import pytest

from ia3_studio.data.bracketed_words import read_bracketed_words
from ia3_studio.data.load import load_data

SENTENCES = ["(DT The) (NN keeper) (VBD lit) (DT the) (NN lamp) (. .)", "(PRP She) (VBD saw) (CD 2) (NNS ships)  (. .)"]


def test_words_in_brackets_behind_their_tags_are_words_with_tags(tmp_path: Path) -> None:
    path = tmp_path / "keeper.txt"
    path.write_text("\n".join(SENTENCES * 2) + "\n")
    split = load_data(path)
    assert split.mapping.kind == "tags"
    first = next(each for each in (*split.train, *split.held_out) if each.row == 1)
    assert list(first.words) == ["The", "keeper", "lit", "the", "lamp", "."]
    assert list(first.labels) == ["DT", "NN", "VBD", "DT", "NN", "."]


@pytest.mark.parametrize(
    "text",
    [
        "(S (NP (DT The) (NN keeper)) (VP (VBD left)))\n" * 3,
        "(setq lamp) (print lamp) (car ships)\n(cdr ships) (setq sea) (print sea)\n",
        "(SETQ LAMP) (PRINT SEA) (CAR SHIPS)\n(CDR SHORE) (SETQ NIGHT) (PRINT FOG)\n",
        "(DT The) (NN keeper) (VBD left) early\n(DT The) (NN lamp) (VBD burnt) (RB low)\n",
        "(" * 50_000 + "\n" + "(A " * 50_000 + ")\n",
    ],
)
def test_trees_code_and_other_text_are_no_words_in_brackets(text: str) -> None:
    assert read_bracketed_words(text) is None


def test_a_line_break_that_was_tagged_as_a_word_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "harbour.txt"
    path.write_text("\n".join(["海 B-SEA", "港 I-SEA", "好 O", "", " O", "大 O", "海 B-SEA", ""] * 4))
    split = load_data(path)
    assert not split.problems
    examples = sorted((*split.train, *split.held_out), key=lambda each: each.row)
    assert [list(each.words) for each in examples[:2]] == [["海", "港", "好"], ["大", "海"]]
    assert any("4 lines with a tag and no word" in note for note in split.notes)
