"""Which tables are in the dump of a database? The rows of its INSERT and COPY statements, as CSV by table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice

_TABLE = r"([\w$.`\"\[\]-]{1,200}+)"
_INSERT = re.compile(
    rf"^[^\S\n]*+(?:INSERT|REPLACE)\s++(?:(?:IGNORE|LOW_PRIORITY|DELAYED|OR\s++\w{{1,20}})\s++)?(?:INTO\s++)?{_TABLE}\s*+"
    r"(?:\(([^()]{1,20000})\)\s*+)?VALUES?\s*+(?=\()",
    re.IGNORECASE | re.MULTILINE,
)
_COPY = re.compile(rf"^COPY {_TABLE} \(([^()\n]{{1,20000}})\) FROM stdin;[^\n]*+\n", re.MULTILINE)
_CREATE = re.compile(
    rf"^[^\S\n]*+CREATE\s++(?:TEMPORARY\s++)?TABLE\s++(?:IF\s++NOT\s++EXISTS\s++)?{_TABLE}\s*+\(",
    re.IGNORECASE | re.MULTILINE,
)
_MYSQL = re.compile(r"`|MySQL|MariaDB", re.IGNORECASE)
_STANDARD_TEXT, _ESCAPED_TEXT = r"'(?:[^']|'')*+'", r"'(?:[^'\\]|\\.|'')*+'"
_OTHER = r"[^\s,()'][^,()']*+(?:\((?:[^()']|'[^']*+')*+\))?[^,()']*+"
"""A number, NULL, or a call of a function such as NOW()."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "", "b": "", "f": "", "v": "", "Z": ""}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_Rows = tuple[str, list[str], list[list[str]], bool]
_NO_COLUMNS = frozenset(
    ("primary", "key", "unique", "constraint", "index", "foreign", "check", "fulltext", "spatial", "exclude", "like",
     "period")
)  # fmt: skip
"""Words with which a line of a definition begins that defines no column."""
_LONGEST_DEFINITION, _MOST_TABLES, _MOST_DAMAGED = 20_000, 500, 100
"""Characters and number of the definitions that are looked at, and statements that may be damaged."""


def dump_tables(text: str) -> tuple[dict[str, str], int]:
    """Return the tables of a dump that have rows, by name, as CSV with a header where it names their columns.

    The second value counts the statements that are damaged: their rows are read up to the damage. Rows of one table
    with other columns than those before are a table of their own.

    Example:
        >>> dump_tables("CREATE TABLE faq (q text, a text);\\nINSERT INTO faq VALUES ('Late?', 'It''s on time.');")
        ({'faq': "q,a\\r\\nLate?,It's on time.\\r\\n"}, 0)
    """
    columns = {_bare(found[1]): _defined(text, found.end()) for found in islice(_CREATE.finditer(text), _MOST_TABLES)}
    tables: dict[tuple[str, tuple[str, ...]], list[list[str]]] = {}
    is_mysql = _MYSQL.search(text[:_LONGEST_DEFINITION]) is not None
    damaged = 0
    for name, names, rows, is_whole in (*_inserted(text, is_mysql=is_mysql), *_copied(text)):
        tables.setdefault((name, tuple(names or columns.get(name, []))), []).extend(rows)
        damaged += not is_whole
    found: dict[str, str] = {}
    for (name, header), rows in tables.items():
        if rows:
            found[name if name not in found else f"{name} {len(found) + 1}"] = _as_csv(header, rows)
    return found, damaged


def _inserted(text: str, *, is_mysql: bool) -> Iterator[_Rows]:
    """Yield the table, the columns that are named, and the rows of each INSERT, and whether these are all."""
    quoted = (
        rf"(?:_\w{{1,20}}\s*+)?[nNxX]?{_ESCAPED_TEXT}" if is_mysql else rf"[eE]{_ESCAPED_TEXT}|[nNxX]?{_STANDARD_TEXT}"
    )
    quoted = rf'{quoted}|"(?:[^"\\]|\\.|"")*+"' if is_mysql else quoted
    value = re.compile(rf"\s*({quoted}|{_OTHER})\s*([,)])", re.DOTALL)
    opening = re.compile(r"\s*,?\s*\(")
    place = damaged = 0
    while damaged <= _MOST_DAMAGED and (found := _INSERT.search(text, place)):
        rows: list[list[str]] = []
        place = found.end()
        while opened := opening.match(text, place):
            cells, ends = _values(text, opened.end(), value, is_mysql=is_mysql)
            if not cells:
                damaged += 1
                break
            place = ends
            rows.append(cells)
        place = max(place, found.end())
        names = [_bare(each) for each in found[2].split(",")] if found[2] else []
        yield _bare(found[1]), names, rows, opened is None


def _values(text: str, place: int, value: re.Pattern[str], *, is_mysql: bool) -> tuple[list[str], int]:
    """Return the values of one row, and where it ends; none where it is no row."""
    cells: list[str] = []
    while found := value.match(text, place):
        cells.append(_cell(found[1], is_mysql=is_mysql))
        place = found.end()
        if found[2] == ")":
            return cells, place
    return [], place


def _cell(written: str, *, is_mysql: bool) -> str:
    """Return a value as text; nothing for NULL."""
    written = written.strip()
    quote = written[-1:]
    if quote not in ("'", '"') or written.upper() == "NULL":
        return "" if written.upper() in ("NULL", "DEFAULT") else written
    inner = written[written.index(quote) + 1 : -1].replace(quote * 2, quote)
    if is_mysql or written[0] in "eE":
        return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), inner)
    return inner


def _copied(text: str) -> Iterator[_Rows]:
    r"""Yield the table, its columns and the rows of each COPY, which end with a line of \."""
    place = 0
    while found := _COPY.search(text, place):
        end = text.find("\n\\.", found.end() - 1)
        place = end if end >= 0 else len(text)
        lines = text[found.end() : place].split("\n")
        rows = [[_copied_cell(cell) for cell in line.split("\t")] for line in lines if line]
        yield _bare(found[1]), [_bare(each) for each in found[2].split(",")], rows, end >= 0


def _copied_cell(cell: str) -> str:
    return "" if cell == r"\N" else _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), cell)


def _defined(text: str, place: int) -> list[str]:
    """Return the names of the columns that a definition lists from a place on, to its closing parenthesis."""
    depth, begin, parts = 1, place, []
    for found in _SIGN.finditer(text, place, place + _LONGEST_DEFINITION):
        sign = found[0]
        if sign == "," and depth == 1:
            parts.append(text[begin : found.start()])
            begin = found.end()
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0:
            parts.append(text[begin : found.start()])
            break
    parts = [_COMMENT.sub("", part).strip() for part in parts]
    names = [_FIRST.match(part) for part in parts]
    return [_bare(each[0]) for each in names if each and each[0].lower() not in _NO_COLUMNS]


_SIGN = re.compile(r"'[^']*+'|[(),]")
_COMMENT = re.compile(r"^[^\S\n]*--[^\n]*\n", re.MULTILINE)
_FIRST = re.compile(r"`[^`\n]{1,100}`|\"[^\"\n]{1,100}\"|\[[^\]\n]{1,100}\]|[\w$]{1,100}")


def _bare(name: str) -> str:
    """Return the name of a table or a column without its schema and its quotes."""
    return name.strip().split(".")[-1].strip('`"[] ')


def _as_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as CSV; rows of another width than most stay as they are, and are listed as damaged."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    if header and any(len(row) == len(header) for row in rows):
        writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
