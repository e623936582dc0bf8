"""How are loaded data shown? Facts, the first rows, and problems to fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.example import Example
from ia3_studio.data.findings import examine
from ia3_studio.data.image_files import thumbnail
from ia3_studio.data.split import DataSplit
from ia3_studio.ui import data_words, text
from ia3_studio.ui.markup import Fact, bullets, facts, gallery, table

PREVIEW_ROWS = 6
PREVIEW_IMAGES = 24
MOST_RAW_COLUMNS = 6
_LONGEST_CELL = 300


def data_overview(split: DataSplit) -> tuple[str, str, str]:
    """Return (facts, first rows, problems) of loaded data."""
    found = examine(split)
    balance = data_words.balance_rows(found.balance)
    return (
        facts(Fact(*row) for row in data_words.data_facts(split)),
        first_rows(split) + (table(data_words.BALANCE_COLUMNS, balance, data_words.BALANCE) if balance else ""),
        bullets((*data_words.finding_sentences(found), *data_words.checked_part(split)), "warn"),
    )


def first_rows(split: DataSplit) -> str:
    """Return the first examples as a table, or as images."""
    if split.mapping.kind == "pictures":
        return _first_images(split)
    first = split.train[:PREVIEW_ROWS]
    return table(_columns(first[0]), map(_cells, first), text.FIRST_ROWS)


def raw_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows of the Hub as they are, before their columns have roles."""
    cells = [[_short(str(value)) for value in list(row.values())[:MOST_RAW_COLUMNS]] for row in rows]
    return table(list(rows[0])[:MOST_RAW_COLUMNS], cells, text.HUB_ROWS) if rows else ""


def _first_images(split: DataSplit) -> str:
    """Return up to ``PREVIEW_IMAGES`` images, the same number of every class."""
    by_class: dict[str, list[Example]] = {}
    for example in split.train:
        by_class.setdefault(example.labels[0], []).append(example)
    each = max(1, PREVIEW_IMAGES // len(by_class))
    first = [example for examples in by_class.values() for example in examples[:each]][:PREVIEW_IMAGES]
    return gallery(((thumbnail(example.text), example.labels[0]) for example in first), text.FIRST_PICTURES)


def _columns(example: Example) -> Sequence[str]:
    if example.choices:
        return text.CHOICES_COLUMNS
    if example.labels:
        return text.LABEL_COLUMNS
    if not example.messages:
        return text.TEXT_COLUMNS
    if example.is_preference:
        return text.PREFERENCE_COLUMNS if example.rejected else text.JUDGED_COLUMNS
    return text.PAIR_COLUMNS if len(example.messages) == 2 else text.CONVERSATION_COLUMNS


def _cells(example: Example) -> Sequence[Any]:
    if example.choices:
        return (example.row, _short(example.text), _short(" / ".join(example.choices)), _short(example.labels[0]))
    if example.labels:
        texts = " · ".join(each for each in (example.text, example.second, " ".join(example.words)) if each)
        return (example.row, _short(texts), ", ".join(example.labels))
    if not example.messages:
        return (example.row, _short(example.text))
    if example.is_preference:
        return _preference_cells(example)
    if len(_columns(example)) == 3:
        return (example.row, *(_short(message.content) for message in example.messages))
    return (example.row, _short(" · ".join(f"{turn.role}: {turn.content}" for turn in example.messages)))


def _preference_cells(example: Example) -> Sequence[Any]:
    """Return the prompt, as a conversation if it has several turns, and both answers or the answer and its label."""
    begun = next((place for place, turn in enumerate(example.messages) if turn.role == "assistant" and turn.trained), 0)
    prompt = example.messages[:begun]
    asked = prompt[0].content if begun == 1 else " · ".join(f"{turn.role}: {turn.content}" for turn in prompt)
    chosen = " · ".join(turn.content for turn in example.messages[begun:])
    if example.desirable is not None:
        return (example.row, _short(asked), _short(chosen), text.DESIRABLE[example.desirable])
    rejected = " · ".join(turn.content for turn in example.rejected[begun:])
    return (example.row, _short(asked), _short(chosen), _short(rejected))


def _short(cell: str) -> str:
    return cell if len(cell) <= _LONGEST_CELL else f"{cell[:_LONGEST_CELL]}…"
