"""Claims on catalogues in JSON as people keep them in repositories: glossaries, libraries of prompts, names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.shapes import asked, said


def read(folder: Path, document: Any) -> DataSplit:
    """Return a document as it is read from a file of JSON."""
    (folder / "file.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return load_data(folder / "file.json")


def turns(split: DataSplit) -> list[list[tuple[str, str]]]:
    examples = sorted((*split.train, *split.held_out), key=lambda each: each.row)
    return [[(turn.role, turn.content) for turn in each.messages] for each in examples]


# glossaries and libraries


TERMS = {"Warden": "Wächter", "Grey Talon": "Graue Kralle", "Mirror": "Spiegel", "Pier": "Steg", "Boat": "Kahn"}


def test_the_keys_of_a_glossary_stand_beside_their_translation(tmp_path: Path) -> None:
    terms = {term: {"de": said, "aliases": [said[:4]], "cat": "hero"} for term, said in TERMS.items()}
    split = read(tmp_path, {"meta": {"made_at": "today"}, "terms": terms})
    assert turns(split) == [[("user", term), ("assistant", said)] for term, said in TERMS.items()]
    assert "cat" in split.unused


def test_keys_that_are_ids_are_no_terms_of_a_glossary(tmp_path: Path) -> None:
    ids = {f"menu.item_{n}": {"de": said, "cat": ("hero", "thing")[n % 2]} for n, said in enumerate(TERMS.values())}
    split = read(tmp_path, {"terms": ids})
    assert "key" not in (split.mapping.column, split.mapping.prompt)


def library(n: int) -> dict[str, Any]:
    about = f"Helps with the pier, part {n}, as a person would who knows it well."
    return {
        "id": n,
        "title": f"Keeper of pier {n}",
        "description": about,
        "category": ("work", "play")[n % 2],
        "prompt": f"I want you to act as the keeper of the {n}th pier. I will ask and you will say what you know.",
    }


def test_a_library_of_prompts_pairs_titles_with_prompts(tmp_path: Path) -> None:
    split = read(tmp_path, [library(n) for n in range(8)])
    assert (split.mapping.kind, split.mapping.prompt, split.mapping.answer) == ("pairs", "title", "prompt")


def test_prompts_without_titles_keep_their_category_as_the_label(tmp_path: Path) -> None:
    rows = [{name: library(n)[name] for name in ("prompt", "category")} for n in range(8)]
    split = read(tmp_path, rows)
    assert (split.mapping.kind, split.mapping.column, split.mapping.answer) == ("labels", "prompt", "category")


def described(n: int, where: str) -> dict[str, Any]:
    category = ("data", "tests", "models")[n % 3]
    return {"name": f"pier-{n}", "category": category, "path": where, "purpose": f"{said(n)} It is for the {n}th day."}


def test_the_category_of_a_file_that_is_described_is_no_label(tmp_path: Path) -> None:
    split = read(tmp_path, [described(n, f"prompts/pier-{n}.prompt.md") for n in range(9)])
    assert (split.mapping.kind, split.mapping.column) == ("text", "purpose")
    assert "category" in split.unused


def test_the_category_beside_other_paths_stays_the_label(tmp_path: Path) -> None:
    assert read(tmp_path, [described(n, f"/shop/pier-{n}") for n in range(9)]).mapping.answer == "category"


# flags


def name_of_child(n: int, note: str) -> dict[str, Any]:
    return {"name": f"Ann{n}", "rare": n % 2 > 0, "old": n % 3 > 0, "trending": n % 4 > 0, "note": note}


def test_flags_are_not_those_of_a_note_on_some_of_the_rows(tmp_path: Path) -> None:
    names = [name_of_child(n, said(n) if n % 3 else "") for n in range(9)]
    with pytest.raises(DataError, match=r"33% of the rows have no text \(note\)"):
        read(tmp_path, names)
    chosen = Mapping("labels", column="note", target="multi", parts=("rare", "old", "trending"))
    assert len(load_data(tmp_path / "file.json", mapping=chosen).problems) == 3


def test_flags_of_a_text_that_one_row_lacks_are_labels(tmp_path: Path) -> None:
    split = read(tmp_path, [name_of_child(n, said(n) if n else "") for n in range(9)])
    assert (split.mapping.column, split.mapping.parts) == ("note", ("rare", "old", "trending"))
    named = [{**name_of_child(n, ""), "text": said(n) if n % 3 else ""} for n in range(9)]
    assert read(tmp_path, named).mapping.column == "text"


# places and names of answers


def test_answers_at_places_counted_in_tokens_are_refused_with_the_reason(tmp_path: Path) -> None:
    text = "<H1> Pier </H1> <P> The pier was built in 1870 . </P>"
    place = {"start_token": 3, "end_token": 12, "top_level": True}
    rows = [
        {"document_text": text, "question_text": f"when was pier {n} built", "long_answer_candidates": [place]}
        for n in range(8)
    ]
    with pytest.raises(DataError, match="long_answer_candidates may be places in document_text, but they count its"):
        read(tmp_path, rows)
    rows = [{"text": said(n), "question": f"Which pier is it, of {n}?", "start": 1, "end": 6} for n in range(8)]
    with pytest.raises(DataError, match="do not form whole words"):
        read(tmp_path, rows)


def test_the_best_of_several_systems_is_named_by_its_column(tmp_path: Path) -> None:
    rows = [{"prompt": asked(n), **{f"sys{k}": f"{said(n)} So says {k}." for k in (1, 2, 3)}} for n in range(9)]
    split = read(tmp_path, [{**row, "best": f"sys{n % 3 + 1}"} for n, row in enumerate(rows)])
    assert (split.mapping.kind, split.mapping.answer) == ("choices", "best")
    judges = [{**row, "best": ("ann", "bo", "cy")[n % 3]} for n, row in enumerate(rows)]
    with pytest.raises(DataError):
        read(tmp_path, judges)
