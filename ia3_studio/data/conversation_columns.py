"""Which column holds conversations, and which the system prompt, history and tools of a prompt?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.choice_columns import choice_mapping
from ia3_studio.data.column_names import name_words, named
from ia3_studio.data.column_profile import cells_of, is_list_of_texts, structures_of
from ia3_studio.data.column_use import unused_columns
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.opening_names import history_columns, system_columns
from ia3_studio.data.pair_names import ANSWER_NAMES
from ia3_studio.data.paths import is_listed, structure_of
from ia3_studio.data.system_prompts import system_column
from ia3_studio.data.table import Table
from ia3_studio.data.tool_columns import tools_column
from ia3_studio.data.turn_names import with_english_keys
from ia3_studio.data.turns import CONTENT_KEYS, ROLE_KEYS, SIDE_KEYS, TRANSCRIPTS, is_known_turn
from ia3_studio.errors import DataError

MESSAGE_NAMES = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat")


def with_opening(table: Table, mapping: Mapping) -> Mapping:
    """Return a mapping with the columns of the system prompt, the history and the tools of a conversation."""
    free = unused_columns(table, mapping)
    parts = [name for name in system_columns(free) if _are_parts(table, name)]
    system = [system_column(free, lambda name: cells_of(table.frame, name)) or next(iter(parts), "")]
    history = [name for name in history_columns(free) if _are_turns(table, name)]
    tools = [tools_column(free, lambda name: cells_of(table.frame, name))]
    first = [(names or [""])[0] for names in (system, history, tools)]
    return replace(mapping, system=first[0], history=first[1], tools=first[2])


def _are_parts(table: Table, name: str) -> bool:
    """Say whether a column holds texts in lists of parts, as APIs take a system prompt."""
    values = structures_of(table.frame, name)
    return bool(values) and all(is_listed(value) and all(map(_is_part, value)) for value in values)


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str)


def _are_turns(table: Table, name: str) -> bool:
    """Say whether a column holds lists or JSON text of lists; an empty text is a list without turns.

    Texts in them that are not two by two are no turns.
    """
    values = [cell for cell in structures_of(table.frame, name) if not isinstance(cell, str) or cell.strip()]
    texts = [value for value in values if is_list_of_texts(value)]
    return all(map(is_listed, values)) and not (
        len(texts) == sum(map(bool, values)) and any(len(each) % 2 for each in texts)
    )


def conversation_column(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which column holds conversations: one so named, or one of turns or message trees."""
    held = [path for name in named(columns, MESSAGE_NAMES) if (path := _inner_messages(table, name))]
    named_so = [name for name in named(columns, MESSAGE_NAMES) if not _hold_texts(table, name)]
    found = [name for name in named_so if not _hold_exchanges(table, name)] or [
        name for name in columns if _holds_known_turns(structures_of(table.frame, name, 5))
    ]
    if held:
        return Mapping("messages", column=held[0])
    if not found:
        return None
    cells = structures_of(table.frame, found[0])
    if cells and all(isinstance(cell, list) and all(isinstance(turn, str) for turn in cell) for cell in cells):
        if choice_mapping(table.frame):
            return None
        if named(columns, ANSWER_NAMES) and all(len(cell) == 1 for cell in cells):
            return None  # what is asked, in one turn
        raise DataError(
            f"The turns in the column {found[0]} have no assistant answers; give each turn a role and a "
            "content, including assistant turns."
        )
    return Mapping("messages", column=found[0])


def _inner_messages(table: Table, name: str) -> str:
    """Return the path of the turns inside objects, such as conversation.messages; empty where there are none."""
    values = structures_of(table.frame, name, 5)
    if not values or not all(isinstance(value, dict) for value in values):
        return ""
    keys = [key for key in MESSAGE_NAMES if all(_holds_turns([structure_of(value.get(key))]) for value in values)]
    return f"{name}.{keys[0]}" if keys else ""


def _hold_texts(table: Table, name: str) -> bool:
    """Say whether a column holds plain texts or numbers, whatever its name says."""
    values = structures_of(table.frame, name)
    return bool(values) and all(
        isinstance(value, int | float) or (isinstance(value, str) and not _BEGUN_LIST.match(value)) for value in values
    )


_BEGUN_LIST = re.compile(r"\s*\[\s*[\[{\"'(]")
"""How a list of turns begins that cannot be read; a text may begin with a remark in brackets."""


def _hold_exchanges(table: Table, name: str) -> bool:
    """Say whether a column holds lists of objects of two texts or more, none of which says who speaks."""
    turns = [turn for value in structures_of(table.frame, name, 5) if is_listed(value) for turn in value]
    return bool(turns) and all(
        isinstance(turn, dict)
        and not turn.keys() >= TRANSCRIPTS.keys()
        and not any(_WHO.intersection(name_words(str(key))) for key in turn)
        and sum(isinstance(said, str) and " " in said.strip() for said in turn.values()) > 1
        for turn in turns
    )


_WHO = frozenset(word for key in (*ROLE_KEYS, *SIDE_KEYS) for word in key.split("_") if word != "is") | {"who", "name"}
"""Words of keys that say who speaks."""


def _holds_turns(values: Sequence[Any]) -> bool:
    if not values:
        return False
    roles, contents = {*ROLE_KEYS}, {*CONTENT_KEYS, "tool_calls", "function_call"}
    return all(
        (isinstance(value, dict) and "replies" in value)
        or (
            isinstance(value, list) and len(value) > 0
            and all(
                isinstance(turn, dict) and roles & (keys := with_english_keys(turn).keys()) and contents & keys
                for turn in value
            )
        )
        for value in values
    )  # fmt: skip


def _holds_known_turns(values: Sequence[Any]) -> bool:
    """Say whether values are turns whose roles are known, as those of a column of any name have to be."""
    turns = [turn for value in values if isinstance(value, list) for turn in value]
    return _holds_turns(values) and (not turns or any(is_known_turn(turn) for turn in turns))
