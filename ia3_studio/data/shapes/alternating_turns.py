"""How is a table known whose rows are the turns of two speakers, whatever its columns are called? They take turns.

Nothing but the rows themselves says it, so the user is asked whose turns are the answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import LABELED, WEAK
from ia3_studio.data.shapes.chat_logs import Said, read_log
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, finite, is_blank, is_text, seconds_of
from ia3_studio.data.shapes.turn_groups import is_id

_FEWEST_TALKS, _FEWEST_TURNS, _ALTERNATING = 3, 3, 0.95
"""Conversations at least, turns of each on average at least, and the share of turns after one of the other speaker."""


_KINDS = frozenset(("kind", "sort", "group", "level", "version", "variant", "condition"))
"""Words in names of columns by which texts are told apart that nobody says."""


def _columns(rows: Rows) -> tuple[str, str, str] | None:
    """Return the columns of the conversation, the speaker and the text; None where rows are not turns of two."""
    records = rows.first_records()
    texts = [name for name in rows.columns if rows.mostly(name, _is_said)]
    if len(texts) != 1:
        return None
    short = [name for name in rows.columns if name != texts[0] and rows.mostly(name, is_id)]
    pairs = [name for name in short if len({str(cell) for cell in rows.sample(name)}) == len(("one", "other"))]
    speakers = [name for name in pairs if not says(name, LABELED | WEAK | _KINDS)]
    speakers = [name for name in speakers if all(is_text(cell) for cell in rows.sample(name))]
    chats = [name for name in short if _are_together(records, name)] if speakers else []
    found = [
        (chat, speaker, texts[0])
        for speaker in speakers
        for chat in chats
        if chat != speaker and _take_turns(records, chat, speaker)
    ]
    others = [name for name in rows.columns if len(found) == 1 and name not in found[0]]
    return found[0] if len(found) == 1 and all(_says_nothing(rows, name) for name in others) else None


def _says_nothing(rows: Rows, name: str) -> bool:
    """Say whether a column holds one value, times, numbers, or a different value in each row: nothing to learn."""
    cells = [str(cell) for cell in rows.sample(name)]
    are_ids = len(set(cells)) in (0, 1, len(cells))
    return are_ids or all(finite(cell) is not None or seconds_of(cell) is not None for cell in rows.sample(name))


def _is_said(cell: Any) -> bool:
    return is_text(cell) and len(cell.split()) > 1 and seconds_of(cell) is None


def _are_together(records: Sequence[dict[str, Any]], chat: str) -> bool:
    """Say whether rows stand by what may be their conversations, of which there are several, each with turns enough."""
    talks = [str(record.get(chat)) for record in records]
    runs = 1 + sum(one != other for one, other in pairwise(talks))
    return runs == len(set(talks)) and runs >= _FEWEST_TALKS and len(talks) >= _FEWEST_TURNS * runs


def _take_turns(records: Sequence[dict[str, Any]], chat: str, speaker: str) -> bool:
    """Say whether two speakers take turns in each conversation."""
    steps = [(one, other) for one, other in pairwise(records) if one.get(chat) == other.get(chat)]
    taken = sum(str(one.get(speaker)) != str(other.get(speaker)) for one, other in steps)
    return taken >= _ALTERNATING * len(steps)


def _read(rows: Rows) -> Recognized:
    columns, unused = _columns(rows), Counter[str]()
    assert columns is not None
    chat, speaker, text = columns
    said: list[Said] = []
    for row, record in rows.records():
        if is_blank(record.get(speaker)) or not is_text(record.get(text)):
            unused["rows without a speaker or a text"] += 1
        else:
            said.append(Said(row, str(record[speaker]), record[text], chat=str(record.get(chat, ""))))
    return read_log(rows.name, "dialogue with one turn per row", said, rows.speaker, unused, pause=None)


SHAPES = (Shape("turns of two speakers", lambda rows: _columns(rows) is not None, _read, by_row=False),)
