"""How is a list of answers read of which one is named or marked as the best? That one is preferred to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_words import ANSWERED as ANSWERED_WORDS
from ia3_studio.data.column_words import DECIDING
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.compared_answers import titled_post
from ia3_studio.data.shapes.preferences import INSTEAD
from ia3_studio.data.shapes.shape import MOST, Collector, Recognized, Rows, Shape, bare, finite, is_text, listed

LISTS = ("summaries", "responses", "answers", "outputs", "completions", "candidates", "generations")
BEST = (
    "choice", "preference", "preferred", "best", "bestindex", "bestid", "bestidx", "chosenindex", "chosenid",
    "chosenidx", "preferredindex", "winner", "winnerindex",
)  # fmt: skip
"""Columns whose number, counted from 0, names the best answer of a list."""
ASKED = ("prompt", "question", "instruction", "query", "post", "article", "document", "text", "context", "input")
_ANSWERED = ("text", "response", "completion", "output", "answer", "summary", "content", "body")
CHOSEN, REJECTED = "chosen", "rejected"


def _answers(cell: Any) -> list[str]:
    """Return the texts of a list of texts or of objects with one each; nothing for other values."""
    values = listed(structure_of(cell))
    texts = [next((each[key] for key in _ANSWERED if is_text(each.get(key))), "") if isinstance(each, dict) else each
             for each in values]  # fmt: skip
    return texts if len(texts) > 1 and all(map(is_text, texts)) else []


def _asked_path(rows: Rows) -> str:
    """Return the column of what is asked, or the path of it inside an object."""
    named = [name for name in rows.named(ASKED) if rows.mostly(name, is_text)] or list(filter(None, titled_post(rows)))
    inner = (
        f"{column}.{key}"
        for column in rows.structured
        for key in ASKED
        if rows.mostly(column, lambda cell, key=key: isinstance(cell, dict) and bare(key) in map(bare, cell))  # type: ignore[misc]
    )
    return next(iter(named), "") or next(inner, "")


def _columns(rows: Rows) -> tuple[str, str, str] | None:
    """Return what is asked, the column of the lists and that of the numbers; None where there are none."""
    asked = _asked_path(rows)
    for name in rows.named(LISTS):
        for best in rows.named(BEST):
            pairs = list(zip(map(_answers, rows.sample(name)), map(finite, rows.sample(best)), strict=False))
            fitting = sum(bool(texts) and place in range(len(texts)) for texts, place in pairs)
            if asked and pairs and fitting >= MOST * len(pairs):
                return asked, name, best
    return None


def _marked(rows: Rows) -> tuple[str, str, str] | None:
    """Return what is asked, the column of lists of objects, and their key that marks one as the best."""
    asked = _asked_path(rows)
    for name in rows.named(LISTS):
        for key in _MARKS:
            places = [_marked_place(cell, key) for cell in rows.sample(name)]
            if asked and places and sum(place is not None for place in places) >= MOST * len(places):
                return asked, name, key
    return None


def _marked_place(cell: Any, key: str) -> int | None:
    """Return the place of the only answer that is marked as the best; None where there is none or several."""
    values = listed(structure_of(cell))
    marked = [place for place, each in enumerate(values) if isinstance(each, dict) and each.get(key) is True]
    return marked[0] if len(marked) == 1 and _answers(cell) else None


_MARKS = (
    "selected",
    "is_selected",
    "is_accepted",
    "accepted",
    "is_best",
    "best",
    "chosen",
    "is_chosen",
    "preferred",
    "is_preferred",
)


def _has_marked(rows: Rows) -> bool:
    return _marked(rows) is not None


def _read_marked(rows: Rows) -> Recognized:
    columns, found = _marked(rows), Collector()
    assert columns is not None
    asked, name, key = columns
    for row, record in rows.records():
        place = _marked_place(record.get(name), key)
        if place is None:
            found.leave_out(row, f"no answer of {name}, or more than one, is marked as the best ({key})")
            continue
        _prefer(found, row, record, name, place)
    note = f"The answer of {name} that is marked by {key} is preferred to the next other one; {INSTEAD}."
    mapping = _mapping(asked)
    title, body = titled_post(rows)
    mapping = replace(mapping, context=body) if asked == title else mapping
    return found.recognized("lists of answers with the best one marked", mapping, (note,))


def _prefer(found: Collector, row: int, record: dict[str, Any], name: str, place: int) -> None:
    """Use a row with the best of its answers and the first of the others."""
    texts = _answers(record.get(name))
    chosen = texts.pop(place)
    found.unused["answers that are not the best"] += len(texts) - 1
    rest = {column: cell for column, cell in record.items() if column != name}
    found.use(row, {**rest, CHOSEN: chosen, REJECTED: texts[0]})


def _mapping(asked: str) -> Mapping:
    return Mapping("preferences", asked, CHOSEN, rejected=REJECTED)


def _has_best(rows: Rows) -> bool:
    return _columns(rows) is not None


def _read_best(rows: Rows) -> Recognized:
    columns, found = _columns(rows), Collector()
    assert columns is not None
    asked, name, best = columns
    for row, record in rows.records():
        texts, place = _answers(record.get(name)), finite(record.get(best))
        if place not in range(len(texts)):
            found.leave_out(row, f"no answer of {name} is the best one ({best})")
            continue
        assert place is not None
        _prefer(found, row, record, name, int(place))
    note = f"The answer of {name} that {best} names is preferred to the next other one; {INSTEAD}."
    return found.recognized("lists of answers with the best one", _mapping(asked), (note,))


def _numbered(rows: Rows) -> tuple[list[str], str]:
    """Return at least three columns of answers by number, and the column that names the best; empty where none does."""
    found = [name for name in rows.columns if says(name, ANSWERED_WORDS) and name_words(name)[-1].isdecimal()]
    stems = {tuple(name_words(name)[:-1]) for name in found}
    numbers = [int(name_words(name)[-1]) for name in found]
    if len(stems) != 1 or len(found) < _FEWEST_NUMBERED or numbers != list(range(1, len(found) + 1)):
        return [], ""
    names = (name for name in rows.columns if name not in found and says(name, DECIDING))
    return found, next((name for name in names if rows.mostly(name, lambda cell: finite(cell) in numbers)), "")


_FEWEST_NUMBERED = 3


def _read_numbered(rows: Rows) -> Recognized:
    (names, best), found = _numbered(rows), Collector()
    asked = _asked_path(rows)
    for row, record in rows.records():
        number = finite(record.get(best))
        texts = [record.get(name) for name in names]
        if number is None or not 1 <= number <= len(texts) or not all(map(is_text, texts)):
            found.leave_out(row, f"no answer is the best one ({best})")
            continue
        rest = {name: cell for name, cell in record.items() if name not in names}
        _prefer(found, row, {**rest, _ANSWERS: texts}, _ANSWERS, int(number) - 1)
    note = f"The answer that {best} names is preferred to the first other one; {INSTEAD}."
    return found.recognized("answers by number with the best one", _mapping(asked), (note,))


_ANSWERS = "answers"


def _ranked(rows: Rows) -> str:
    """Return the column of LLaMA-Factory's older ranked answers: an instruction, and a list of two under "output"."""
    name = rows.find(("output",))
    two = rows.mostly(name, lambda cell: len(set(_answers(cell))) == 2 == len(listed(structure_of(cell))))
    return name if two and rows.find(("instruction",)) else ""


def _has_ranked(rows: Rows) -> bool:
    return bool(_ranked(rows))


def _read_ranked(rows: Rows) -> Recognized:
    name, found = _ranked(rows), Collector()
    for row, record in rows.records():
        if len(_answers(record.get(name))) != 2:
            found.leave_out(row, f"{name} is not a list of two answers")
            continue
        _prefer(found, row, record, name, 0)
    note = f"The first answer of {name} is preferred to the second; {INSTEAD}."
    context = rows.find(("input",))
    mapping = Mapping("preferences", rows.find(("instruction",)), CHOSEN, context, rejected=REJECTED)
    system, history = rows.find(("system",)), rows.find(("history",))
    return found.recognized("ranked answers", replace(mapping, system=system, history=history), (note,))


SHAPES = (
    Shape("lists of answers with the best one", _has_best, _read_best),
    Shape("lists of answers with the best one marked", _has_marked, _read_marked),
    Shape(
        "answers by number with the best one",
        lambda rows: bool(_numbered(rows)[1] and _asked_path(rows)),
        _read_numbered,
    ),
    Shape("ranked answers", _has_ranked, _read_ranked),
)
