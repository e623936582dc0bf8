"""Cards of words, and quizzes whose right choice alone has a mark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from tests.data.shapes import asked, berths, said

TERMS = ["bollard", "berth", "quay", "tide", "anchor", "mooring", "ferry", "beacon", "harbor", "jetty", "rope", "chart"]


def read(folder: Path, rows: list[dict[str, Any]]) -> DataSplit:
    (folder / "cards.json").write_text(json.dumps(rows, ensure_ascii=False))
    return load_data(folder / "cards.json")


def test_terms_are_the_prompt_of_their_definitions_beside_examples_and_sounds(tmp_path: Path) -> None:
    rows = [
        {"id": f"w{n}", "word": word, "level": "AB"[n % 2], "phonetic": f"/{word[::-1]}-{word}/",
         "definition": f"{said(n)} It is what a {word} is.", "example": f"{asked(n)} The {word} knows."}
        for n, word in enumerate(TERMS)
    ]  # fmt: skip
    mapping = read(tmp_path, rows).mapping
    assert (mapping.kind, mapping.prompt, mapping.answer) == ("pairs", "word", "definition")


def test_a_text_to_read_beside_a_word_is_still_the_prompt_of_a_definition(tmp_path: Path) -> None:
    rows = [
        {"word": word, "text": f"{asked(n)} The {word} knows.", "definition": f"{said(n)} It is what a {word} is."}
        for n, word in enumerate(TERMS)
    ]
    assert read(tmp_path, rows).mapping.prompt == "text"


def quiz(n: int, *, is_marked: bool = True) -> dict[str, Any]:
    options: list[dict[str, Any]] = [{"label": text} for text in berths(n)]
    if is_marked:
        options[n % len(options)]["correct"] = True
    return {"question": asked(n), "options": options}


def test_a_mark_that_only_the_right_choice_has_tells_it_and_a_question_without_one_is_left_out(tmp_path: Path) -> None:
    split = read(tmp_path, [quiz(n, is_marked=n != 5) for n in range(12)])
    examples = sorted((*split.train, *split.held_out), key=lambda example: example.row)
    assert split.mapping.kind == "choices" and len(examples) == 11
    assert [problem.row for problem in split.problems] == [6] and "empty" in split.problems[0].reason
    for example in examples:
        n = example.row - 1
        assert example.labels == (berths(n)[n % len(berths(n))],)


def test_labels_of_several_words_are_the_choices_whatever_is_said_of_each(tmp_path: Path) -> None:
    def worded(n: int) -> dict[str, Any]:
        row = quiz(n)
        for option in row["options"]:
            option["reaction"] = f"{said(n)} Not at {option['label']}."
            option["label"] = f"It is at {option['label']} today"
        return row

    split = read(tmp_path, [worded(n) for n in range(12)])
    first = min((*split.train, *split.held_out), key=lambda example: example.row)
    assert first.choices == tuple(f"It is at {text} today" for text in berths(first.row - 1))
