"""Which table is in Markdown or HTML text, as it is copied from a page?"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from ia3_studio.data.delimited import LINE_END, require_columns_within
from ia3_studio.data.header import unique_names
from ia3_studio.data.parsing import Found
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_RULE = re.compile(r"\s*[|+]?\s*:?[-=]{2,}:?\s*(?:[|+]\s*:?[-=]{2,}:?\s*)*[|+]?\s*")
_CELL_END = re.compile(r"(?<!\\)\|")
_SCANNED_LINES = 200


def is_markdown_table(text: str) -> bool:
    """Say whether text holds a Markdown table: a row of cells above a rule of dashes, or one as databases print it."""
    lines = LINE_END.split(text, _SCANNED_LINES)[:_SCANNED_LINES]
    return any(_is_rule(lines, place) for place in range(1, len(lines)))


def read_markdown(name: str, text: str) -> Found:
    """Read the first Markdown table of a text.

    Raises:
        DataError: there is none.
    """
    lines = LINE_END.split(text)
    rule = next((place for place in range(1, len(lines)) if _is_rule(lines, place)), None)
    if rule is None:
        raise DataError(f"{name} contains no Markdown table; give a table with a row of dashes below its header.")
    header = _markdown_cells(lines[rule - 1])
    rows: list[list[str]] = []
    rules = sum(bool(_RULE.fullmatch(line)) for line in lines)
    for line in lines[rule + 1 :]:
        if _RULE.fullmatch(line) and "+" in line:  # between the rows of a grid
            continue
        if "|" not in line:
            break
        rows.append(_markdown_cells(line))
    text_lines = sum(bool(line.strip()) for line in lines) - len(rows) - 1 - rules
    notes = (f"Not used: {text_lines:,} lines outside the table.",) if text_lines else ()
    return Found(_frame(name, header, rows), "Markdown table", notes=notes)


def read_html(name: str, text: str) -> Found:
    """Read the largest table of an HTML page; its first row names the columns.

    Raises:
        DataError: there is none.
    """
    parser = _Tables()
    parser.feed(text)
    parser.close()
    tables = [[row for row in table if any(row)] for table in parser.tables]
    largest = max(tables, key=len, default=[])
    if len(largest) < 2:
        raise DataError(f"{name} contains no HTML table with rows; give one with a header and at least two rows.")
    others = sum(len(table) > 0 for table in tables) - 1
    notes = (f"Not used: {others:,} smaller tables of the page.",) if others > 0 else ()
    return Found(_frame(name, largest[0], largest[1:]), "HTML table", notes=notes)


class _Tables(HTMLParser):
    """Collects the cells of all tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._close_cell()
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self._close_cell()
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self._close_cell()
            if not self.tables[-1]:
                self.tables[-1].append([])
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._close_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _close_cell(self) -> None:
        if self._cell is not None:
            lines = "".join(self._cell).split("\n")
            self.tables[-1][-1].append("\n".join(" ".join(line.split()) for line in lines).strip())
            self._cell = None


def _is_rule(lines: list[str], place: int) -> bool:
    """Say whether a line is the rule below a header: dashes for as many cells as the line above has."""
    line, above = lines[place], lines[place - 1]
    return (
        ("|" in line or "+" in line) and "|" in above and _RULE.fullmatch(line) is not None
        and len(_markdown_cells(line.replace("+", "|"))) == len(_markdown_cells(above))
    )  # fmt: skip


def _markdown_cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [re.sub(r"<br\s*/?>", "\n", cell.strip().replace("\\|", "|")) for cell in _CELL_END.split(inner)]


def _frame(name: str, header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    import pandas as pd

    width = max(len(header), *(len(row) for row in rows)) if rows else len(header)
    require_columns_within(name, width)
    cells = [[*row, *[None] * (width - len(row))] for row in rows]
    names = unique_names([*header, *[""] * (width - len(header))])
    return pd.DataFrame(cells, columns=names, index=range(1, len(cells) + 1), dtype=object)
