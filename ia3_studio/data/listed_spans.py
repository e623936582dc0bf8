"""Does a table list words of texts in files beside it, by the file, the place of each and its label?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.column_names import bare_name
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.listed_texts import table_of_texts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import by_ending, member_path
from ia3_studio.data.parsing import Found, numbered

_STARTS = frozenset(("start", "begin", "startoffset", "startchar", "offset", "spanstart", "from"))
_ENDS = frozenset(("end", "stop", "endoffset", "endchar", "spanend", "to"))
_LABELS = frozenset(("label", "type", "tag", "entity", "entitytype", "category", "class"))
_LISTED, _LONGEST = 0.9, 9


def listed_spans(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read a table of spans, each with the file, the start, the end and a label, as these texts with their spans."""
    path = table_of_texts(tables)
    if not path or path.lower().endswith(".json"):
        return None
    found = readers.table(member_path(path).name, tables[path])
    names = {str(name): bare_name(str(name)) for name in found.frame.columns}
    columns = [[name for name, bare in names.items() if bare in words] for words in (_STARTS, _ENDS, _LABELS)]
    if any(len(each) != 1 for each in columns):
        return None
    files = by_ending([other for other in tables if other != path])
    cells = {name: [str(cell).strip() for cell in found.frame[name].tolist()] for name in names}
    file = next((name for name, each in cells.items() if _name_files(each, files)), "")
    start, end, label = (cells[each[0]] for each in columns)
    if not file or not all(each.isdecimal() and len(each) <= _LONGEST for each in (*start, *end)):
        return None
    spans: dict[str, list[dict[str, Any]]] = {text: [] for text in dict.fromkeys(files.values()) if text}
    left = 0
    for name, first, last, kind in zip(cells[file], start, end, label, strict=True):
        if text := files.get(name, ""):
            spans[text].append({"start": int(first), "end": int(last), "label": kind})
        left += not text
    texts = readers.texts([*spans])
    frame = numbered({"text": [texts[text].text for text in spans], "entities": [*spans.values()]})
    form = f"{path}, which lists spans of {len(spans):,} texts, {found.form}"
    notes = (*found.notes, *((f"Not used: {left:,} rows of {path} whose text is missing.",) if left else ()))
    read = replace(found, frame=frame, form=form, notes=notes)
    return with_encoding_facts(path, read, [*texts.values()]), [path, *spans]


def _name_files(cells: Sequence[str], files: Mapping[str, str]) -> bool:
    return len(cells) > 1 and sum(bool(files.get(cell)) for cell in cells) >= _LISTED * len(cells)
