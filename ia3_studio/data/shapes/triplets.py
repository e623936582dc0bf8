"""How are data for embeddings read, a text with others that belong to it or do not? As prompts with those that do."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, bare, is_text, listed

ANCHORS = ("anchor", "query", "question", "sentence", "querytext", "text", "sent0")
POSITIVES = (
    "positive", "pos", "positives", "positivepassages", "positivepassage", "positivedocument", "positivectxs",
    "positivetext", "positivedocuments", "sent1", "relevantpassages", "relevantpassage", "relevantdocuments",
    "relevantdocument",
)  # fmt: skip
NEGATIVE = ("negative", "neg", "hardnegative", "hardneg")
"""How the names of columns begin that hold texts which do not belong."""
ANSWERS = ("answer", "answers", "response", "output", "completion")
_TEXTS = ("text", "passage", "content", "contents", "document")
"""Keys of a text that is an object."""


def _text_key(cell: Any) -> str | None:
    """Return the key of the texts of a list of objects; an empty one for texts themselves, None for other values."""
    values = listed(structure_of(cell)) or [cell]
    if all(map(is_text, values)):
        return ""
    keys = (key for key in _TEXTS if all(isinstance(each, dict) and is_text(each.get(key)) for each in values))
    return next(keys, None)


def _negatives(rows: Rows) -> list[str]:
    return [name for name in rows.columns if bare(name).startswith(NEGATIVE)]


def _triplet(rows: Rows) -> tuple[str, str] | None:
    """Return the column of the text and the path of those that belong to it."""
    anchor, positive = rows.find(ANCHORS), rows.find(POSITIVES)
    if not (anchor and positive) or rows.find(ANSWERS) or not rows.mostly(anchor, is_text):
        return None
    if not (_negatives(rows) or bare(anchor) in ("anchor", "query")):
        return None
    keys = {_text_key(cell) for cell in rows.sample(positive)}
    key = keys.pop() if len(keys) == 1 else None
    return None if key is None else (anchor, f"{positive}.{key}" if key else positive)


def _has_triplets(rows: Rows) -> bool:
    return _triplet(rows) is not None


def _read_triplets(rows: Rows) -> Recognized:
    found, others = _triplet(rows), _negatives(rows)
    assert found is not None
    anchor, positive = found
    unused = f"; {', '.join(others)}: not used" if others else ""
    notes = (
        f"These are data for embeddings, which are trained by comparing texts; here {positive} becomes the answer to "
        f"{anchor}{unused}.",
    )
    return Recognized(rows.frame, "embedding data", notes=notes, mapping=Mapping("pairs", anchor, positive))


SHAPES = (Shape("embedding data", _has_triplets, _read_triplets),)
