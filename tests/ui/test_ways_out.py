"""From a wrong first reading, the task alone, one column that is not used, or two columns lead to the right one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.chosen_columns import task_of
from ia3_studio.data.column_use import proposals
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.load import DataChoice
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import Table, read_table
from ia3_studio.ui.chosen_parts import chosen_mapping, chosen_unused, exchanged, of_new_task
from ia3_studio.ui.parsing_form import offered
from ia3_studio.ui.reread import apply_column
from ia3_studio.ui.session import Studio
from tests.data.every_shape import EVERY_SHAPE
from tests.data.exports import written
from tests.data.shapes import Shape, asked, berths, mood, said

ROWS: dict[str, tuple[dict[str, Any], str, Mapping]] = {
    "flags": (
        {"text": said, "price": lambda n: n % 2, "staff": lambda n: n // 2 % 2, "food": lambda n: n // 3 % 2},
        "multi",
        Mapping("labels", column="text", target="multi", parts=("price", "staff", "food")),
    ),
    "votes": (
        {"prompt": asked, "answer": said, "liked": lambda n: n % 2 == 0},
        "preferences",
        Mapping("preferences", "prompt", "answer", flag="liked"),
    ),
    "inner choices": (
        {"item": lambda n: {"question": asked(n), "options": berths(n)}, "gold": lambda n: {"index": n % 3}},
        "choices",
        Mapping("choices", answer="gold.index", parts=("item.question", "item.options"), asked=1, by_number=True),
    ),
    "pairs": (
        {"prompt": asked, "answer": lambda n: said(n) * 4},
        "pairs",
        Mapping("pairs", "prompt", "answer"),
    ),
}


def after_task(table: Table, task: str, first: str = "", answer: str = "", second: str = "") -> Mapping | None:
    """Return the mapping after a task was chosen while columns stay from the reading before."""
    columns = of_new_task(table, (task, first, second, answer, "", (), "", "", ""))
    return chosen_mapping(table, *columns[:-1])


def table_of(cells: dict[str, Any], folder: Path) -> Table:
    rows = [{name: cell(n) for name, cell in cells.items()} for n in range(24)]
    return read_table(written(rows, folder, "rows.jsonl"))


@pytest.mark.parametrize("name", ROWS)
def test_the_task_alone_completes_the_columns_of_a_text_that_is_no_plain_text(name: str, tmp_path: Path) -> None:
    cells, task, mapping = ROWS[name]
    stays = list(cells)[-1]  # the column of the reading before
    assert after_task(table_of(cells, tmp_path), task, stays) == mapping


def test_a_target_that_cannot_be_that_of_the_chosen_task_does_not_stay(tmp_path: Path) -> None:
    cells = {"prompt": asked, "answer": lambda n: said(n) * 4, "reward": lambda n: n / 7, "mood": mood}
    table = table_of(cells, tmp_path)
    for task, target in (("number", "reward"), ("labels", "mood")):
        found = after_task(table, task, "prompt", "answer")
        assert found is not None and found.column in ("prompt", "answer") and found.answer == target


def test_a_column_that_was_chosen_without_a_task_is_kept(tmp_path: Path) -> None:
    undecided = {"prompt": asked, "answer_a": said, "answer_b": lambda n: f"No berth is free at {n}."}
    found = chosen_mapping(table_of(undecided, tmp_path), "", "answer_a", "", "", "", (), "", "")
    assert found is not None and found.prompt == "answer_a"


def test_labels_of_a_text_are_columns_of_choices_where_several_are_selected(tmp_path: Path) -> None:
    cells, _task, mapping = ROWS["flags"]
    table = table_of(cells, tmp_path)
    assert chosen_mapping(table, "multi", "text", "", "price", "", ("price", "staff", "food"), "", "") == mapping
    _kind, _first, _second, answer, _rejected, choices, *_rest = offered(table, mapping)
    assert (answer["value"], choices["value"]) == ("", ["price", "staff", "food"])


def test_measurements_lists_and_other_translations_are_offered_by_one_click(tmp_path: Path) -> None:
    cells = {"text": said, "mood": mood, "hours": lambda n: n * 1.5, "tags": lambda n: ["quay", "pier"][: 1 + n % 2]}
    table = table_of(cells, tmp_path)
    found = proposals(table, Mapping("labels", column="text", answer="mood"))
    assert {(each.column, each.part) for each in found} == {("hours", "number"), ("tags", "several")}
    fields = ("labels", "text", "", "mood", "", [], "", "", "")
    kinds = {each.part: chosen_unused(f"{each.part}:{each.column}", fields)[0] for each in found}
    assert kinds == {"number": "number", "several": "multi"}
    translated = table_of({"en": asked, "to": lambda n: {"de": said(n), "fr": f"Oui, {n}."}}, tmp_path)
    offers = proposals(translated, Mapping("pairs", "en", "to.de"))
    assert [(each.column, each.part) for each in offers] == [("to.fr", "answer")]
    assert json.dumps(chosen_unused("answer:to.fr", ("pairs", "en", "", "to.de"))) == '["pairs", "en", "", "to.fr"]'


@pytest.mark.parametrize("shape", EVERY_SHAPE[::20], ids=lambda shape: shape.what)
def test_the_task_alone_leads_back_to_the_detected_columns(shape: Shape, tmp_path: Path) -> None:
    table = read_table(shape.write(tmp_path))
    right = infer_columns(table)
    stays = [str(name) for name in table.frame.columns]
    assert after_task(table, task_of(right), stays[-1], stays[0]) == right


def test_the_task_alone_finds_the_question_the_text_and_the_answer_inside_an_object(tmp_path: Path) -> None:
    answers = {"answers": lambda n: {"text": [said(n)], "start": [0]}}
    cells = {"context": lambda n: said(n) * 3, "question": asked, **answers}
    found = after_task(table_of(cells, tmp_path), "pairs", "question", "context")
    assert found == Mapping("pairs", "question", "answers.text[0]", "context")


THREE_PARTS: dict[str, tuple[dict[str, Any], Mapping, tuple[str, str, str, str]]] = {
    "SQuAD": (
        {"context": lambda n: said(n) * 3, "question": asked, "answer": lambda n: f"berth {n}"},
        Mapping("pairs", "question", "answer", "context"),
        ("question", "context", "answer", ""),
    ),
    "scored preferences": (
        {"prompt": asked, "one": said, "other": lambda n: f"No berth is free at {n}."},
        Mapping("preferences", "prompt", "one", rejected="other"),
        ("prompt", "", "one", "other"),
    ),
    "SemEval": (
        {"sentence": said, "aspect": lambda n: f"berth {n}", "polarity": mood},
        Mapping("labels", column="sentence", answer="polarity", context="aspect"),
        ("sentence", "aspect", "polarity", ""),
    ),
}


@pytest.mark.parametrize("name", THREE_PARTS)
def test_two_choices_put_three_columns_right_that_are_all_in_the_place_of_another(name: str, tmp_path: Path) -> None:
    cells, right, wanted = THREE_PARTS[name]
    table = table_of(cells, tmp_path)
    used = [place for place, column in enumerate(wanted) if column]
    turned = list(wanted)
    for place, other in zip(used, (*used[1:], used[0]), strict=True):
        turned[place] = wanted[other]
    before = chosen_mapping(table, right.kind, *turned, (), "", "")
    for place in used[:2]:
        turned[place] = wanted[place]
        _kind, *turned, _choices, _template, _split, _system = exchanged(
            table, before, (right.kind, *turned, (), "", "", "")
        )
        before = chosen_mapping(table, right.kind, *turned, (), "", "")
    assert before == right


def test_a_column_that_no_other_field_has_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    table = table_of({"prompt": asked, "answer": said, "note": lambda n: f"berth {n}"}, tmp_path)
    fields = ("pairs", "prompt", "", "note", "", [], "", "", "")
    assert exchanged(table, Mapping("pairs", "prompt", "answer"), fields) == fields
    both = ("pairs", "answer", "", "answer", "", [], "", "", "")  # nothing says which of the two was chosen last
    assert exchanged(table, Mapping("pairs", "note", "prompt"), both) == both


def test_columns_change_places_on_the_page(bench: Studio, tmp_path: Path) -> None:
    path = written([{"prompt": asked(n), "answer": said(n)} for n in range(12)], tmp_path, "rows.jsonl")
    fields = ("pairs", "answer", "", "answer", "", [], *[""] * 9)
    *_steps, (data, *_shown, _options) = apply_column(bench, str(path), str(path), 0.2, *fields)
    assert DataChoice.from_text(data).mapping == Mapping("pairs", "answer", "prompt")
    other = apply_column(bench, "lighthouse", str(path), 0.2, *fields)  # what is in use are other data
    assert DataChoice.from_text([*other][-1][0]).mapping == Mapping("pairs", "answer", "answer")
