"""How is Gemini's activity read, as Google Takeout exports it? As the prompt and the answer of each entry."""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.helpdesk import text_of_html
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

_END_OF_BLOCK = re.compile(r"(?:</(?:p|li|h[1-6]|div|tr|ul|ol|pre|blockquote)>\s*)+", re.IGNORECASE)
_FEWEST = 4
"""Titles that show that all begin with one word, such as Prompted."""


def _answer(cell: Any) -> str:
    """Return the text of an answer, which is in HTML."""
    parts = [str(each["html"]) for each in listed(cell) if isinstance(each, dict) and is_text(each.get("html"))]
    return "\n\n".join(text_of_html(_END_OF_BLOCK.sub("\n", each)) for each in parts).strip()


def _column(rows: Rows) -> str:
    name = rows.find(("safehtmlitem",))
    return name if rows.find(("title",)) and rows.mostly(name, lambda cell: bool(_answer(cell))) else ""


def _read(rows: Rows) -> Recognized:
    name, title = _column(rows), rows.find(("title",))
    found = Collector()
    titles = [str(record.get(title)) for record in rows.first_records() if _answer(record.get(name))]
    first = {each.partition(" ")[0] for each in titles}
    word = f"{first.pop()} " if len(first) == 1 and len(titles) >= _FEWEST else ""
    for row, record in rows.records():
        asked, said = str(record.get(title, "")), _answer(record.get(name))
        if not is_text(asked) or not said:
            found.leave_out(row, f"it has no prompt ({title}) or no answer ({name})")
            continue
        found.use(row, {"prompt": asked.removeprefix(word), "answer": said})
        found.name_rest(record, (title, name))
    notes = ["Each prompt is learned with its answer alone, as the export does not say which belong to one talk."]
    notes += [f"Not used: the word {word.strip()} at the beginning of each {title}."] if word else []
    return found.recognized("Gemini activity of Google Takeout", Mapping("pairs", "prompt", "answer"), notes)


SHAPES = (Shape("Gemini activity of Google Takeout", lambda rows: bool(_column(rows)), _read),)
