"""Which turns of a conversation have their words in an object of their own, beside who speaks?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ia3_studio.data.turn_roles import known_role, turn_key

_OF_CALLS = frozenset(("tool_calls", "tool_call", "function_call", "parts", "blocks"))
"""Keys of turns that need no words."""


def opened(turn: Mapping[Any, Any], content_keys: Collection[str], role_keys: Collection[str]) -> Mapping[Any, Any]:
    """Return a turn with what stands in its only object, if this holds its words; any other turn as it is.

    Who speaks may be said by a key such as "turn".

    Example:
        >>> opened({"turn": "driver", "data": {"utterance": "Home, please."}}, ["utterance"], ["role"])
        {'utterance': 'Home, please.', 'role': 'driver'}
    """
    keys = {turn_key(key) for key in turn}
    objects = [key for key, value in turn.items() if isinstance(value, dict)]
    if len(objects) != 1 or keys & {*content_keys, *_OF_CALLS}:
        return turn
    inner = turn[objects[0]]
    if not any(isinstance(value, str) and turn_key(key) in content_keys for key, value in inner.items()):
        return turn
    found = {**inner, **{key: value for key, value in turn.items() if key != objects[0]}}
    if isinstance(said := found.get("turn"), str) and known_role(said) and not {*map(turn_key, found)} & {*role_keys}:
        found["role"] = found.pop("turn")
    return found
