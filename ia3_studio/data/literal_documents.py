"""Which JSON does a document in another notation stand for? Data in a Python program's own words, and TOML."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from ia3_studio.data.paths import exact_literal
from ia3_studio.errors import DataError

_ASSIGNED = re.compile(r"\s*[A-Za-z_]\w{0,60}\s*(?::[^=\n]{1,200})?=\s*(?=[\[{(])")
_ENDS = {"[": "]", "{": "}", "(": ")"}
_FEWEST_TEXTS = 10
"""Texts of a list that are rows; fewer are a setting of a program."""
MOST_CHARACTERS = 2_000_000
"""Python's own reader takes a second and a hundred megabytes for each million."""


def python_document(text: str) -> str:
    """Return the list or the object that a text writes in Python's words as JSON; empty for any other text.

    Example:
        >>> python_document("data = [('Late?', 'No.')]")
        '[["Late?", "No."]]'
    """
    if len(text) > MOST_CHARACTERS:
        return ""
    assigned = _ASSIGNED.match(text)
    body = text[assigned.end() if assigned else 0 :].strip()
    if not body or body[-1] != _ENDS.get(body[0]):
        return ""
    if quoted := with_quoted_names(body):
        return quoted
    value = exact_literal(body)
    if not isinstance(value, list | dict | tuple):
        return ""
    try:
        return _json(value)
    except TypeError:  # a name of a field that is no text or number
        return ""


def with_quoted_names(body: str) -> str:
    """Return JSON whose names have no quotes, as JavaScript writes it, with them; empty for any other text."""
    plain = _COMMA_LAST.sub(r"\1", _BARE_NAME.sub(_quoted, body))
    try:
        return plain if plain != body and isinstance(json.loads(plain), list | dict) else ""
    except (ValueError, RecursionError):
        return ""


def _quoted(found: re.Match[str]) -> str:
    return found[0] if found["text"] else f'{found["before"]}"{found["name"]}"{found["after"]}'


_BARE_NAME = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")|(?P<before>[{,]\s*)(?P<name>[A-Za-z_$]\w*)(?P<after>\s*:)')
"""A text in quotes, which stays, or a name without them."""
_COMMA_LAST = re.compile(r",(\s*[\]}])")


def program_data(text: str) -> str:
    """Return the largest list or object that a Python program gives a name to, or holds, as JSON; empty for none.

    Nothing of the program is run.

    Example:
        >>> program_data("import json\\npairs = [('Late?', 'No.')]  # all of them")
        '[["Late?", "No."]]'
    """
    if len(text) > MOST_CHARACTERS:
        return ""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # no program, or one that is nested without end
        return ""
    values = [node.value for node in body if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr)]
    held = [value for value in values if isinstance(value, ast.List | ast.Tuple | ast.Dict)]
    largest = max(held, key=lambda value: (value.end_lineno or 0) - value.lineno, default=None)
    if largest is None:
        return ""
    try:
        value = ast.literal_eval(largest)
        are_words = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        return "" if are_words and len(value) < _FEWEST_TEXTS else _json(value)
    except (ValueError, TypeError, MemoryError, RecursionError):  # it is computed
        return ""


def toml_document(name: str, text: str) -> str:
    """Return a TOML document as JSON.

    Raises:
        DataError: it is too large or damaged.
    """
    import tomllib

    if len(text) > MOST_CHARACTERS:
        raise DataError(f"{name} has {len(text):,} characters of TOML; save the rows as JSON lines (.jsonl).")
    try:
        return _json(tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{name} is not valid TOML: {error}. Fix it, or save the rows as JSON lines (.jsonl)."
        ) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
