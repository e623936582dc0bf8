"""Which data does a program in JavaScript or TypeScript give a name to? Read as one document, nothing is run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.decode import decode
from ia3_studio.data.json_rows import is_json_document
from ia3_studio.data.literal_documents import MOST_CHARACTERS, with_quoted_names
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.script_literals import COMPUTED, LARGEST, Literals, MalformedError, end_of_type
from ia3_studio.data.text_lengths import text_length
from ia3_studio.errors import DataError

SUFFIXES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
_OF_TYPES = (".ts", ".mts", ".cts", ".tsx")
_ASSIGNED = re.compile(
    r"\s*+(?:(?:var|let|const)\s++|export\s++default\b|[\w.]++)[\w.\[\]\s]*(?:=\s*+|\(\s*+)?(?=[\[{])"
)
_NAME = r"[^\W\d][\w$]*+|\$[\w$]*+"
_BEGIN = re.compile(
    r"^[ \t]*+(?:(?:export\s++)?(?:const|let|var)\s++(?P<name>[\w$]++)\s*+(?=[:=])"
    r"|export\s++(?:default\b|=)\s*+(?P<value>)"
    r"|(?P<member>(?:[\w$]++\.)*+[\w$]++)\s*+(?==(?![=>])))",
    re.MULTILINE,
)
_MORE = re.compile(r",\s*+(?P<name>[\w$]++)\s*+(?=[:=])")
_MOST_READ = 4
_FEWEST_TEXTS, _FEWEST_ROWS, _DEEPEST = 10, 2, 5
"""Texts of a list that are rows, objects that are, and how deep they are sought; fewer are a setting of a program."""


@dataclass(frozen=True)
class ScriptData:
    """The data of a program."""

    values: dict[str, Any]
    """Lists and objects by their names."""
    left: Counter[str]
    """What of them is computed, and left out, with how often it is."""
    texts: tuple[str, ...]
    """Names that are given to a text of several words."""
    share: float
    """How much of the program's text writes the values."""

    @property
    def document(self) -> Any:
        """Return the only value, or all of them by their names."""
        return next(iter(self.values.values())) if len(self.values) == 1 else self.values

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence on what is left out because the program computes it, and on texts beside the data."""
        named = [f"{path} ({count:,})" for path, count in self.left.most_common()]
        computed = f"Left out, as the program computes it: {shown_names(named)}." if named else ""
        beside = f"Not used: texts that the program has next to its data: {shown_names(self.texts)}."
        return tuple(filter(None, (computed, beside if self.texts else "")))


def plain_document(text: str) -> str:
    """Return the JSON that a JavaScript file assigns to a name, as archives of accounts have it; empty for others."""
    begin = _ASSIGNED.match(text)
    document = text[begin.end() if begin else 0 :].strip().removesuffix(";").removesuffix(")")
    if is_json_document(document):
        return document
    return with_quoted_names(document) if len(document) <= MOST_CHARACTERS else ""


def script_data(name: str, text: str) -> ScriptData:
    """Return the lists and objects of rows that a program gives a name to, exports, or sets.

    Raises:
        DataError: there are none, or the program is very large.
    """
    if len(text) > LARGEST:
        raise DataError(f"{name} is a program of {len(text):,} characters; save its rows as JSON (.json or .jsonl).")
    unended: list[int] = []
    for indented in (False, True):
        values: dict[str, Any] = {}
        left: Counter[str] = Counter()
        texts: list[str] = []
        written = 0
        for path, value, computed, length in _statements(text, unended, indented=indented):
            if _holds_rows(value, _DEEPEST):
                values[path if path not in values else f"{path} {len(values) + 1}"] = value
                left.update(computed)
                written += length
            elif isinstance(value, str) and " " in value.strip():
                texts.append(path)
        if values:
            return ScriptData(values, left, tuple(texts), written / len(text))
    if unended:
        line = text.count("\n", 0, unended[0]) + 1
        raise DataError(
            f"{name} cannot be read: the value that begins in line {line:,} of the program has no end, or is damaged; "
            "fix it, or give the data as JSON."
        )
    raise DataError(f"{name} is a program without a list of rows; give the data that it reads, or a file of JSON.")


def is_mostly_data(data: bytes) -> bool:
    """Say whether more than half of a program writes lists and objects of rows."""
    with suppress(DataError):
        return script_data("", decode("", data).text).share > _MOSTLY
    return False


_MOSTLY = 0.5


def script_document(name: str, text: str) -> tuple[Any, tuple[str, ...]]:
    """Return the document that a script holds, and notes on what of it is left out.

    Raises:
        DataError: as :func:`script_data`.
    """
    if plain := plain_document(text):
        return json.loads(plain), ()
    data = script_data(name, text)
    return data.document, data.notes


def language_of(suffix: str) -> str:
    """Return the language of a program by the ending of its name."""
    return "TypeScript" if suffix in _OF_TYPES else "JavaScript"


def largest(values: dict[str, Any]) -> str:
    """Return the name of the value with most characters in its texts."""
    return max(values, key=lambda name: text_length(values[name]))


def _statements(text: str, unended: list[int], *, indented: bool) -> Iterator[tuple[str, Any, list[str], int]]:
    """Yield the name, the value, what is computed of it, and its length, for each name that is given a literal.

    Args:
        unended: gets the places of values that have no end.
        indented: whether statements inside of functions count too.
    """
    place = read = 0
    while (begin := _BEGIN.search(text, place)) and read <= _MOST_READ * len(text):
        place = begin.end()
        if begin[0][:1] in " \t" and not indented:
            continue
        found: re.Match[str] | None = begin
        while found:
            path = found["name"] or (found.groupdict().get("member") or "default")
            start = found.end() if found.groupdict().get("value") is not None else _behind_type(text, found.end())
            found = None
            if start:
                reader = Literals(text)
                reader.place = start
                try:
                    value = reader.statement(path)
                except MalformedError:
                    value = COMPUTED
                    unended.append(start)
                read += reader.place - start
                if value is not COMPUTED:
                    yield path, value, reader.left, reader.place - start
                    place = reader.place
                    found = _MORE.match(text, place)


def _behind_type(text: str, place: int) -> int:
    """Return the place behind the type of a name and its sign of equality; 0 where there is none."""
    place = end_of_type(text, place + 1, lambda sign: sign in "=;") if text.startswith(":", place) else place
    return place + 1 if text.startswith("=", place) and text[place + 1 : place + 2] not in ("=", ">") else 0


def _holds_rows(value: Any, deepest: int) -> bool:
    """Say whether a value is a list or an object of rows, or has one inside."""
    if not isinstance(value, list | dict) or not deepest:
        return False
    inner = value if isinstance(value, list) else [*value.values()]
    rows = sum(isinstance(each, list | dict) and bool(each) for each in inner)
    if rows >= _FEWEST_ROWS or sum(isinstance(each, str) for each in inner) >= _FEWEST_TEXTS:
        return True
    return any(_holds_rows(each, deepest - 1) for each in inner)
