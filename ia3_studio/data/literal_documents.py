"""Which JSON does a document in another notation stand for? Data in a Python program's own words, and TOML."""

from __future__ import annotations

import json
import re
from typing import Any

from ia3_studio.data.paths import exact_literal
from ia3_studio.errors import DataError

_ASSIGNED = re.compile(r"\s*[A-Za-z_]\w{0,60}\s*(?::[^=\n]{1,200})?=\s*(?=[\[{(])")
_ENDS = {"[": "]", "{": "}", "(": ")"}
_MOST_CHARACTERS = 2_000_000
"""Python's own reader takes a second and a hundred megabytes for each million."""


def python_document(text: str) -> str:
    """Return the list or the object that a text writes in Python's words as JSON; empty for any other text.

    Example:
        >>> python_document("data = [('Late?', 'No.')]")
        '[["Late?", "No."]]'
    """
    if len(text) > _MOST_CHARACTERS:
        return ""
    assigned = _ASSIGNED.match(text)
    body = text[assigned.end() if assigned else 0 :].strip()
    if not body or body[-1] != _ENDS.get(body[0]):
        return ""
    value = exact_literal(body)
    if not isinstance(value, list | dict | tuple):
        return ""
    try:
        return _json(value)
    except TypeError:  # a name of a field that is no text or number
        return ""


def toml_document(name: str, text: str) -> str:
    """Return a TOML document as JSON.

    Raises:
        DataError: it is too large or damaged.
    """
    import tomllib

    if len(text) > _MOST_CHARACTERS:
        raise DataError(f"{name} has {len(text):,} characters of TOML; save the rows as JSON lines (.jsonl).")
    try:
        return _json(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{name} is not valid TOML: {error}. Fix it, or save the rows as JSON lines (.jsonl)."
        ) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
