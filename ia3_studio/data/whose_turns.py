"""Is a list of objects the turns of a conversation, each of which says by true or false whose it is, as in isMine?"""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_names import bare_name
from ia3_studio.data.turns import CONTENT_KEYS, SIDE_KEYS


def says_whose(value: Any) -> bool:
    """Say whether all items of a list have a text and say by true or false who wrote it.

    Example:
        >>> says_whose([{"text": "Free?", "isMine": False}, {"text": "Yes.", "isMine": True}])
        True
    """
    items = value if isinstance(value, list) else []
    return bool(items) and all(isinstance(item, dict) and _is_sided(item) for item in items)


def _is_sided(item: dict[str, Any]) -> bool:
    names = {bare_name(str(key)): each for key, each in item.items()}
    has_text = any(isinstance(item.get(key), str) for key in CONTENT_KEYS)
    return has_text and any(isinstance(names.get(side), bool) for side in _SIDES)


_SIDES = frozenset(map(bare_name, SIDE_KEYS))
