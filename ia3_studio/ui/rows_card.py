"""What is shown of data that have been read? Facts, the first rows, and what there may be to mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.examples import Example
from ia3_studio.data.findings import examine
from ia3_studio.data.pictures import thumbnail
from ia3_studio.data.split import DataSplit
from ia3_studio.ui import data_words, text
from ia3_studio.ui.markup import Fact, bullets, facts, gallery, table

PREVIEW_ROWS = 6
PREVIEW_PICTURES = 24
MOST_RAW_COLUMNS = 6
_LONGEST_CELL = 300


def shown(split: DataSplit) -> tuple[str, str, str]:
    """Return (facts, first rows, problems) of data that have been read."""
    found = examine(split)
    balance = data_words.balance_rows(found.balance)
    return (
        facts(Fact(*row) for row in data_words.data_facts(split)),
        first_rows(split) + (table(data_words.BALANCE_COLUMNS, balance, data_words.BALANCE) if balance else ""),
        bullets(split.notes) + bullets(data_words.finding_sentences(found), "warn"),
    )


def first_rows(split: DataSplit) -> str:
    """Return the first examples as a table, or as pictures."""
    if split.mapping.kind == "pictures":
        return _first_pictures(split)
    shown = split.train[:PREVIEW_ROWS]
    return table(_columns(shown[0]), map(_cells, shown), text.FIRST_ROWS)


def raw_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as they stand on the hub, before they are understood."""
    cells = [[_short(str(value)) for value in list(row.values())[:MOST_RAW_COLUMNS]] for row in rows]
    return table(list(rows[0])[:MOST_RAW_COLUMNS], cells, text.HUB_ROWS) if rows else ""


def _first_pictures(split: DataSplit) -> str:
    """Return some pictures of every class, as many as there is room for."""
    by_class: dict[str, list[Example]] = {}
    for example in split.train:
        by_class.setdefault(example.labels[0], []).append(example)
    each = max(1, PREVIEW_PICTURES // len(by_class))
    shown = [example for examples in by_class.values() for example in examples[:each]][:PREVIEW_PICTURES]
    return gallery(((thumbnail(example.text), example.labels[0]) for example in shown), text.FIRST_PICTURES)


def _columns(example: Example) -> Sequence[str]:
    if example.choices:
        return text.CHOICES_COLUMNS
    if example.labels:
        return text.LABEL_COLUMNS
    if not example.messages:
        return text.TEXT_COLUMNS
    return text.PAIR_COLUMNS if len(example.messages) == 2 else text.CONVERSATION_COLUMNS


def _cells(example: Example) -> Sequence[Any]:
    if example.choices:
        return (example.row, _short(example.text), _short(" / ".join(example.choices)), _short(example.labels[0]))
    if example.labels:
        texts = " · ".join(each for each in (example.text, example.second, " ".join(example.words)) if each)
        return (example.row, _short(texts), ", ".join(example.labels))
    if not example.messages:
        return (example.row, _short(example.text))
    if len(_columns(example)) == 3:
        return (example.row, *(_short(message.content) for message in example.messages))
    return (example.row, _short(" · ".join(f"{turn.role}: {turn.content}" for turn in example.messages)))


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST_CELL else f"{words[:_LONGEST_CELL]}…"
