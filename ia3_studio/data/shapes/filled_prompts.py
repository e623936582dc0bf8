"""How are prompts with places for other cells of their rows read, as "{} lies in" with its subject? Filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, is_text
from ia3_studio.data.split_names import SPLIT

PROMPTS = ("prompt", "template", "prompttemplate", "question", "questiontemplate", "instruction")
SUBJECT = "subject"
"""The cell that a place without a name stands for."""
ANSWERS = ("targetnew", "target", "answer", "object", "targettrue", "completion", "output", "response", "label")
"""What the answer is called, or the object in which its text stands; the first that a row has."""
_PLACE = re.compile(r"\{([^\W\d]\w*)?\}")
_DEEPEST = 3


def _cells(record: Mapping[str, Any], deepest: int = _DEEPEST) -> dict[str, Any]:
    """Return the cells of a row, those in objects under their paths: {"target": {"str": …}} has target.str."""
    cells: dict[str, Any] = {}
    for name, cell in record.items():
        if isinstance(cell, dict) and deepest > 1:
            cells |= {f"{name}.{key}": each for key, each in _cells(cell, deepest - 1).items()}
        else:
            cells[name] = cell
    return cells


def _key(path: str) -> str:
    return bare(path.rpartition(".")[2])


def _filled(record: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]] | None:
    """Return the prompt of a row with its places filled in, its answer, and the paths of what they are made of."""
    cells = {path: cell for path, cell in _cells(record).items() if is_text(cell)}
    by_key = {_key(path): path for path in reversed(cells)}
    asked = next((by_key[name] for name in PROMPTS if name in by_key and _PLACE.search(cells[by_key[name]])), "")
    answer = next((path for name in ANSWERS for path in cells if _is_called(path, name)), "")
    if not (asked and answer):
        return None
    places = {found[0]: by_key.get(bare(found[1] or SUBJECT), "") for found in _PLACE.finditer(cells[asked])}
    if not all(places.values()) or {asked, answer} & {*places.values()}:
        return None
    prompt = _PLACE.sub(lambda found: cells[places[found[0]]], cells[asked])
    return prompt, cells[answer], (asked, answer, *places.values())


def _is_called(path: str, name: str) -> bool:
    """Say whether a path ends with a name, or with the text of an object of that name."""
    *above, last = map(bare, path.split("."))
    return last == name or (last in _TEXTS and above[-1:] == [name])


_TEXTS = ("str", "text", "value", "name", "label")


def _fits(rows: Rows) -> bool:
    begun = rows.first_records()
    return bool(begun) and all(map(_filled, begun))


def _read(rows: Rows) -> Recognized:
    found, paths = Collector(), dict[str, None]()
    for row, record in rows.records():
        read = _filled(record)
        if read is None:
            found.leave_out(row, "its prompt has no place that another cell of the row fills, or it has no answer")
            continue
        prompt, answer, used = read
        split = {SPLIT: record[SPLIT]} if SPLIT in record else {}
        found.use(row, {"prompt": prompt, "answer": answer, **split})
        found.name_rest(_cells(record), (*used, SPLIT))
        paths |= dict.fromkeys(used)
    asked, answer, *filling = paths
    note = f"The places in {asked} are filled in with {', '.join(filling)}; the answer is {answer}."
    return found.recognized("prompts with places that are filled in", notes=(note,))


SHAPES = (Shape("prompts with places that are filled in", _fits, _read),)
