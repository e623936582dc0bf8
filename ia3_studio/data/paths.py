"""Which value is at a path of a row? A column, or something inside its objects and lists, such as answers.text[0]."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MOST_PATHS = 200
"""Paths that are offered for one table."""
LONGEST_LITERAL = 1_000_000
"""Characters of a cell that is parsed as JSON or Python."""
_SAMPLE_ROWS = 50
_DEEPEST, _DEEPEST_TEXT = 3, 8
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,6})\]")
_BRACKETS = {"[": "]", "{": "}", "(": ")"}
_ARRAY = re.compile(r"\b(?:np\.|numpy\.)?array\(")
_DTYPE = re.compile(r",\s*dtype=(?:object|'[^']{1,12}'|\w+)\s*\)")


def value_at(record: Mapping[Any, Any], path: str) -> Any:
    """Return the value at a path of a row; None where there is none.

    Args:
        record: column → cell; cells may be objects, lists, or JSON or Python text of them.
        path: a column, followed by keys (".text") and places in a list ("[0]"); a key of a list of objects is the list
            of its values.
    """
    if path in record:
        return record[path]
    found = split_path(path, record)
    if found is None:
        return None
    column, steps = found
    value = record[column]
    for step in steps:
        value = _inside(structure_of(value), step)
    return value


def split_path(path: str, columns: Iterable[Any]) -> tuple[str, tuple[str | int, ...]] | None:
    """Return the column of a path and the steps inside it; None if no column begins it."""
    if "." not in path and "[" not in path:
        return None
    fitting = [str(each) for each in columns if path.startswith((f"{each}.", f"{each}["))]
    for column in sorted(fitting, key=len, reverse=True):
        rest = path[len(column) :]
        steps = [found[1] or int(found[2]) for found in _STEP.finditer(rest)]
        if steps and "".join(f".{each}" if isinstance(each, str) else f"[{each}]" for each in steps) == rest:
            return column, tuple(steps)
    return None


def paths_in(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the paths inside the columns of a table whose cells are objects or lists, in the order of the columns."""
    found: list[str] = []
    for column in frame.columns:
        cells = frame[column]
        filled = cells[cells.notna()].iloc[:_SAMPLE_ROWS].tolist()
        structures = [structure_of(cell) for cell in filled]
        found += [f"{column}{each}" for each in _inner_paths(structures, _DEEPEST)]
        if len(found) >= MOST_PATHS:
            break
    return tuple(found[:MOST_PATHS])


def structure_of(cell: Any) -> Any:
    """Return what a cell holds: the list or object that its JSON or Python text is; any other cell as it is."""
    if is_listed(cell):
        return cell.tolist() if hasattr(cell, "tolist") else list(cell)  # an array's own numbers are numpy's
    if not isinstance(cell, str) or len(cell) > LONGEST_LITERAL:
        return cell
    text = cell.strip()
    if text[:2] in ('"[', '"{') and text[-1] == '"':  # JSON that was written as JSON twice
        text = _written_once(text)
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return cell
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = python_literal(text)
    return found if isinstance(found, list | dict) else cell


def texts_within(value: Any, deepest: int = _DEEPEST_TEXT) -> Iterator[str]:
    """Yield the texts in a value: itself, or those in its lists and objects."""
    if isinstance(value, str):
        yield value
    elif deepest and (isinstance(value, Mapping) or is_listed(value)):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts_within(each, deepest - 1)


def _written_once(text: str) -> str:
    """Return the text that JSON of a text holds; a text that is no JSON as it is."""
    try:
        return str(json.loads(text)).strip()
    except ValueError:
        return text


def names_in_brackets(cell: Any) -> list[str]:
    """Return the names of a cell such as "[joy, fear]" or "<joy><fear>", which lack the quotes of a list; else none.

    Example:
        >>> names_in_brackets("[joy, fear]"), names_in_brackets("['joy']"), names_in_brackets("joy")
        (['joy', 'fear'], [], [])
    """
    if not isinstance(cell, str) or len(cell) > _LONGEST_BARE:
        return []
    if _ANGLED.fullmatch(cell.strip()):
        return cell.strip()[1:-1].split("><")
    found = _BARE.fullmatch(cell.strip())
    return [part.strip() for part in found[1].split(",")] if found else []


_BARE, _LONGEST_BARE = re.compile(r"\[([^\[\]{}\"',]+(?:,[^\[\]{}\"',]+)*)\]"), 1_000
"""Names with commas between them in brackets, and the most characters of such a cell."""
_ANGLED = re.compile(r"(?:<[^<>/\s]+>)+")
"""Tags as Stack Exchange writes them."""


def python_literal(text: str) -> Any:
    """Return the value of Python text, also as pandas and numpy print lists of texts; None where it is none."""
    if (flat := _printed_array(text)) is not None:
        return flat
    plain = _DTYPE.sub(")", _ARRAY.sub("(", text))
    try:
        value = ast.literal_eval(_with_commas(plain))
    except (ValueError, SyntaxError, MemoryError, RecursionError, tokenize.TokenError, IndentationError):
        return None
    return _plain(value)


def _printed_array(text: str) -> list[Any] | None:
    """Return the texts or whole numbers of a flat list as numpy prints it; None for any other text.

    A cell may have a million of them, which are found here some fifty times as fast as Python reads its own text.
    """
    inner = text.strip()[1:-1]
    if _PRINTED_TEXTS.fullmatch(inner):
        return [each[1] if each[1] is not None else each[2] for each in _PRINTED_TEXT.finditer(inner)]
    return [int(each) for each in inner.split()] if _PRINTED_NUMBERS.fullmatch(inner) else None


_PRINTED_TEXT = re.compile(r"'([^'\\\n]*)'|\"([^\"\\\n]*)\"")
_PRINTED_TEXTS = re.compile(r"\s*(?:'[^'\\\n]*'|\"[^\"\\\n]*\")(?:\s+(?:'[^'\\\n]*'|\"[^\"\\\n]*\"))+\s*")
_PRINTED_NUMBERS = re.compile(r"\s*-?(?:0|[1-9]\d{0,17})(?:\s+-?(?:0|[1-9]\d{0,17}))+\s*")


def exact_literal(text: str) -> Any:
    """Return the value of Python text whose values all have a comma between them; None where it is none.

    Texts side by side are one text for Python, which a forgotten comma would join.
    """
    try:
        return python_literal(text) if _with_commas(text) == text else None
    except (SyntaxError, MemoryError, RecursionError, tokenize.TokenError):
        return None


def is_listed(value: Any) -> bool:
    """Return whether a value is several values: a list, a tuple or an array, but no text and no object."""
    if isinstance(value, str):  # most are, and to ask what else they are takes long
        return False
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)


def _with_commas(text: str) -> str:
    """Return text with commas between values that numpy prints side by side: Python would join such texts to one.

    Raises:
        SyntaxError: its brackets lie deeper in each other than Python reads; seen before the rest of it is.
    """
    depth, ends = 0, {tokenize.STRING, tokenize.NUMBER}
    lines = text.splitlines(keepends=True)
    places: list[tuple[int, int]] = []
    before: tokenize.TokenInfo | None = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            continue
        depth += (token.string in _OPENING) - (token.string in _CLOSING)
        if depth > _DEEPEST:
            raise SyntaxError("too many nested brackets")
        is_beside = before is not None and (before.string, token.string) in _BESIDE
        if before and (is_beside or (before.type in ends and token.type in ends)):
            places.append(before.end)
        before = token
    for row, column in reversed(places):
        line = lines[row - 1]
        lines[row - 1] = f"{line[:column]},{line[column:]}"
    return "".join(lines)


_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_DEEPEST = 200
"""Brackets inside each other that Python reads."""
_BESIDE = (("}", "{"), ("]", "["))
"""Ends and beginnings of objects and lists that numpy prints side by side."""


def _plain(value: Any) -> Any:
    """Return tuples and sets as lists, as JSON would hold them."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple | set) else value


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if is_listed(value) and step < len(value) else None
    if isinstance(value, Mapping):
        return value.get(step)
    if is_listed(value):
        inner = [each[step] for each in value if isinstance(each, Mapping) and step in each]
        return inner or None
    return None


def _inner_paths(values: Sequence[Any], deepest: int) -> Iterator[str]:
    """Yield the paths inside of values of which most are objects or lists."""
    if not values or not deepest:
        return
    objects = [value for value in values if isinstance(value, Mapping)]
    lists = [value for value in values if is_listed(value)]
    if 2 * len(objects) > len(values):
        for key in dict.fromkeys(str(key) for each in objects for key in each):
            if _STEP.fullmatch(f".{key}"):
                yield f".{key}"
                inner = [structure_of(each[key]) for each in objects if each.get(key) is not None]
                yield from (f".{key}{each}" for each in _inner_paths(inner, deepest - 1))
    elif 2 * len(lists) > len(values):
        lengths = {len(each) for each in lists}
        places = max(lengths) if len(lengths) == 1 and max(lengths) <= _MOST_PLACES else 1
        for place in range(places):
            inner = [structure_of(each[place]) for each in lists if len(each)]
            yield f"[{place}]"
            yield from (f"[{place}]{each}" for each in _inner_paths(inner, deepest - 1))


_MOST_PLACES = 4
"""Values of lists that all have as many, up to which each may be a column of its own."""
