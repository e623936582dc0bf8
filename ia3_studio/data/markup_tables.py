"""Which table is in Markdown or HTML text, as it is copied from a page?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from ia3_studio.data.csv_rows import require_columns_within
from ia3_studio.data.cut_cells import require_whole_cells
from ia3_studio.data.delimiters import LINE_END, lines_of
from ia3_studio.data.drawn_tables import joined_lines, with_bars
from ia3_studio.data.header import SEARCHED_ROWS, unique_names
from ia3_studio.data.header_rows import title_notes
from ia3_studio.data.html_questions import questions_on_page
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.shapes.telegram_pages import telegram_page
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_RULE = re.compile(r"(?:[|+]\s*+)?:?[-=]++:?\s*+(?:[|+]\s*+:?[-=]++:?\s*+)*+[|+]?")
_CELL_END = re.compile(r"(?<!\\)\|")
_SCANNED_LINES = 200


def is_markdown_table(text: str) -> bool:
    """Say whether text holds a Markdown table: a row of cells above a rule of dashes, or one as databases print it."""
    lines = _with_rules(lines_of(with_bars("\n".join(LINE_END.split(text, _SCANNED_LINES)[:_SCANNED_LINES]))))
    return any(_is_rule(lines, place) for place in range(1, len(lines)))


def read_markdown(name: str, text: str, *, plain: bool = False) -> Found:
    """Read the longest Markdown table of a text, and the others of its header.

    Args:
        name: of the file.
        text: its content.
        plain: whether cells that were cut off are read as they are.

    Raises:
        DataError: there is none, or its cells were cut off where it was printed.
    """
    drawn = with_bars(text)
    is_box = drawn is not text
    lines = _with_rules(lines_of(drawn))
    rules = [place for place in range(1, len(lines)) if _is_rule(lines, place)]
    if not rules:
        raise DataError(f"{name} contains no Markdown table; give a table with a row of dashes below its header.")
    longest = max(rules, key=lambda rule: len(_rows_below(lines, rule, is_box)))
    header = _markdown_cells(lines[longest - 1])
    used = [rule for rule in rules if _markdown_cells(lines[rule - 1]) == header]
    tables = [_rows_below(lines, rule, is_box) for rule in used]
    rows = [row for table in tables for row in table]
    if not plain:
        require_whole_cells(name, rows)
    text_lines = sum(bool(line.strip()) for line in lines) - sum(_lines_below(lines, rule) + 2 for rule in used)
    text_lines -= sum(bool(_RULE.fullmatch(lines[rule - 2].strip())) for rule in used if rule > 1)
    notes = (f"Not used: {text_lines:,} lines outside the table.",) if text_lines else ()
    form = "Markdown table" if len(tables) == 1 else f"{len(tables)} Markdown tables of the same header"
    return Found(_frame(name, header, rows), form, notes=notes)


def _with_rules(lines: list[str]) -> list[str]:
    """Return lines in which a header as wikis write it, with two bars around each name, is one of Markdown.

    A row of cells stands below it.
    """
    found: list[str] = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        names = _WIKI_HEADER.fullmatch(line)
        if names and below.strip().startswith("|") and not below.strip().startswith("||"):
            cells = [cell.strip() for cell in names[1].split("||")]
            found += [f"|{'|'.join(cells)}|", f"|{'---|' * len(cells)}"]
        else:
            found.append(line)
    return found


_WIKI_HEADER = re.compile(r"\s*\|\|(.+)\|\|\s*")


def _rows_below(lines: list[str], rule: int, is_box: bool) -> list[list[str]]:
    """Return the rows of a Markdown table below the rule under its header."""
    groups: list[list[list[str]]] = [[]]
    for line in lines[rule + 1 : rule + 1 + _lines_below(lines, rule)]:
        if _is_between_rows(line):
            groups.append([])
        else:
            groups[-1].append(_raw_cells(line))
    rows = joined_lines([group for group in groups if group], is_box)
    return [[_unescaped(cell) for cell in row] for row in rows]


def _lines_below(lines: list[str], rule: int) -> int:
    """Return how many lines below the rule under a header are of the table."""
    below = range(rule + 1, len(lines))
    end = next((at for at in below if "|" not in lines[at] and not _is_between_rows(lines[at])), len(lines))
    return end - rule - 1


def _is_between_rows(line: str) -> bool:
    """Say whether a line is a rule between the rows of a grid, or below the last one."""
    return "+" in line and _RULE.fullmatch(line.strip()) is not None


def read_html(name: str, text: str) -> Found:
    """Read the largest table of an HTML page, and the others of its header; its first full row names the columns.

    Raises:
        DataError: there is none.
    """
    if messages := telegram_page(text):
        return Found(numbered(messages), "page of a Telegram chat")
    parser = _Tables()
    parser.feed(text)
    parser.close()
    tables = [[row for row in table if any(row)] for table in parser.grids()]
    largest = max(tables, key=len, default=[])
    if len(largest) < 2:
        if asked := questions_on_page(text):
            return Found(numbered(asked), "questions and answers on a page")
        raise DataError(
            f"{name} contains no HTML table with rows, nor questions above their answers; give a page with one of them."
        )
    place = _titles_above(largest)
    header = largest[place]
    alike = [table for table in tables if table is not largest and header in table[: place + 1]]
    rows = largest[place + 1 :] + [row for table in alike for row in table[table.index(header) + 1 :]]
    others = sum(len(table) > 0 for table in tables) - 1 - len(alike)
    notes = title_notes([" ".join(filter(None, row)) for row in largest[:place]])
    notes += [f"Not used: {others:,} smaller tables of the page."] if others > 0 else []
    notes += [f"Not used: {parser.marks:,} marks of footnotes."] if parser.marks else []
    form = "HTML table" if not alike else f"{len(alike) + 1} HTML tables of the same header"
    return Found(_frame(name, header, rows), form, notes=tuple(notes))


def _titles_above(table: list[list[str]]) -> int:
    """Return how many rows of a table are titles above its header: they have one cell, and most rows have more."""
    usual = Counter(map(len, table)).most_common(1)[0][0]
    first = next((place for place, row in enumerate(table[:SEARCHED_ROWS]) if len(row) > 1), 0)
    return first if usual > 1 else 0


class _Tables(HTMLParser):
    """Collects the cells of all tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._spans: list[list[list[tuple[int, int]]]] = []
        """Over how many rows and columns each cell goes."""
        self.marks = 0
        """How many marks of footnotes stand in cells."""
        self._cell: list[str] | None = None
        self._unread: list[str] = []
        """The tags that are open around what is not read: a mark of a footnote, a style, a script."""

    def grids(self) -> list[list[list[str]]]:
        """Return the tables with the cells that go over several rows in each of them."""
        return [_grid(*each) for each in zip(self.tables, self._spans, strict=True)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_mark = tag == "sup" and "reference" in (dict(attrs).get("class") or "").split()
        if is_mark or tag in ("style", "script") or tag in self._unread:
            self.marks += is_mark and self._cell is not None
            self._unread.append(tag)
        elif tag == "table":
            self._close_cell()
            self.tables.append([])
            self._spans.append([])
        elif tag == "tr" and self.tables:
            self._close_cell()
            self.tables[-1].append([])
            self._spans[-1].append([])
        elif tag in ("td", "th") and self.tables:
            self._close_cell()
            if not self.tables[-1]:
                self.tables[-1].append([])
                self._spans[-1].append([])
            given = dict(attrs)
            self._spans[-1][-1].append((_span(given.get("rowspan")), _span(given.get("colspan"))))
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._unread and tag == self._unread[-1]:
            self._unread.pop()
        elif tag in ("td", "th", "tr", "table"):
            self._unread = []
            self._close_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._unread:
            self._cell.append(data)

    def _close_cell(self) -> None:
        if self._cell is not None:
            lines = "".join(self._cell).split("\n")
            self.tables[-1][-1].append("\n".join(" ".join(line.split()) for line in lines).strip())
            self._cell = None


_LONGEST_SPAN = 1_000


def _span(written: str | None) -> int:
    """Return over how many rows or columns a cell goes."""
    return min(int(written), _LONGEST_SPAN) or 1 if written and written.isdecimal() and len(written) < 7 else 1


def _grid(table: list[list[str]], spans: list[list[tuple[int, int]]]) -> list[list[str]]:
    """Return the rows of a table with a cell for each column; a row of a single cell, such as a title, as it is."""
    if all(span == (1, 1) for row in spans for span in row):
        return table
    found: list[list[str]] = []
    above: dict[int, tuple[str, int]] = {}
    for cells, sizes in zip(table, spans, strict=True):
        if len(cells) == 1 and not above and sizes[0][0] == 1:
            found.append(cells)
            continue
        row: list[str] = []
        for text, (down, across) in zip(cells, sizes, strict=False):
            _fill(row, above)
            if down > 1:
                above |= {len(row) + beside: (text if not beside else "", down) for beside in range(across)}
            row += [text, *[""] * (across - 1)]
        _fill(row, above)
        above = {place: (text, left - 1) for place, (text, left) in above.items() if left > 1}
        found.append(row)
    return found


def _fill(row: list[str], above: Mapping[int, tuple[str, int]]) -> None:
    """Add the cells of rows above that go on in this one, where it is their turn."""
    while len(row) in above:
        row.append(above[len(row)][0])


def _is_rule(lines: list[str], place: int) -> bool:
    """Say whether a line is the rule below a header: dashes for as many cells as the line above has."""
    line, above = lines[place], lines[place - 1]
    return (
        ("|" in line or "+" in line) and "|" in above and _RULE.fullmatch(line.strip()) is not None
        and len(_markdown_cells(line.replace("+", "|"))) == len(_markdown_cells(above))
    )  # fmt: skip


def _markdown_cells(line: str) -> list[str]:
    return [_unescaped(cell) for cell in _raw_cells(line)]


def _raw_cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    return _CELL_END.split(inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner)


def _unescaped(cell: str) -> str:
    return re.sub(r"<br\s*/?>", "\n", cell.strip().replace("\\|", "|"))


def _frame(name: str, header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    import pandas as pd

    width = max(len(header), *(len(row) for row in rows)) if rows else len(header)
    require_columns_within(name, width)
    cells = [[*row, *[None] * (width - len(row))] for row in rows]
    names = unique_names([*header, *[""] * (width - len(header))])
    return pd.DataFrame(cells, columns=names, index=range(1, len(cells) + 1), dtype=object)
