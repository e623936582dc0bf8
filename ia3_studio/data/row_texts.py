"""What text does a row hold for a part of an example?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ia3_studio.data.conversations import texts_of
from ia3_studio.data.paths import is_listed, value_at
from ia3_studio.data.problem import UnusableError, whole
from ia3_studio.data.tool_calls import as_json
from ia3_studio.data.turns import text_of_parts


def said_text(record: dict[Any, Any], column: str, part: str) -> str:
    """Return a cell of a prompt as text that is not empty: objects and lists as JSON, texts line by line."""
    return filled_text(as_text(record, column), column, part)


def as_text(record: dict[Any, Any], column: str) -> dict[Any, Any]:
    """Return a row of one cell as text: the texts of a list line by line, of none as no text, other values as JSON."""
    value = value_at(record, column)
    is_text = isinstance(value, str) or (is_listed(value) and not len(value))
    said = value if is_text else text_of_parts(value) or texts_of(value) or one_text(value)
    return {column: said}


def one_text(value: Any) -> Any:
    """Return objects, lists, true, false and numbers as JSON; any other value as it is."""
    if isinstance(value, str):
        return value
    value = value.item() if hasattr(value, "item") and not isinstance(value, Iterable) else value
    return as_json(value) if isinstance(value, bool | int | float | Iterable) else value


def filled_text(record: dict[Any, Any], column: str, part: str) -> str:
    """Return a cell as text.

    Raises:
        UnusableError: it is empty, or no text.
    """
    value = text_of(record, column, part)
    if not value.strip():
        raise UnusableError(f"the {part} ({column}) is empty")
    return value


def text_of(record: dict[Any, Any], column: str, part: str) -> str:
    """Return a cell as text, the blanks around it included: they may be code's; an absent value is empty."""
    value = value_at(record, column)
    if not isinstance(value, str):
        value = text_of_parts(value) or value
    if is_listed(value) and len(texts := texts_of(value)) == len(value):
        value = "\n".join(texts)  # sentences of one text, which may be none
    if not isinstance(value, str) and isinstance(value, Iterable):
        raise UnusableError(f"the {part} ({column}) contains several values instead of one text")
    return "" if value is None else whole(str(value), f"the {part} ({column})")
