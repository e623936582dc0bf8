"""Are files what people say for one intent each, as Dialogflow exports them beside the settings of an agent?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered

_SAID = re.compile(r"(.+)_usersays_[a-z]{2,3}(?:[-_][a-z]{2,4})?\.json", re.I)
"""Names of files of what is said for an intent, with a language: book_usersays_en.json."""
_FEWEST_INTENTS = 2


def intent_files(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files of what people say, which are named by an intent, as texts with that intent.

    The parts of a text are joined. The files beside them, such as answers and entities, are not read.
    """
    named = {path: found[1] for path in content if (found := _SAID.fullmatch(member_path(path).name))}
    if len({*named.values()}) < _FEWEST_INTENTS:
        return None
    texts = readers.texts([*named])
    said: list[str] = []
    intents: list[str] = []
    templates = 0
    for path, intent in named.items():
        try:
            rows = json.loads(texts[path].text)
        except (ValueError, RecursionError):  # told of the file when it is read as a table
            return None
        if not isinstance(rows, list) or not all(map(_is_said, rows)):
            return None
        templates += sum(bool(row.get("isTemplate")) for row in rows)
        each = ["".join(part["text"] for part in row["data"]).strip() for row in rows if not row.get("isTemplate")]
        said += each
        intents += [intent] * len(each)
    notes = (f"Not used: {templates:,} templates, which stand for texts with any value.",) if templates else ()
    frame = numbered({"text": said, "intent": intents})
    form = f"what is said for {len({*named.values()})} intents, a file for each"
    return with_encoding_facts(next(iter(named)), Found(frame, form, notes=notes), [*texts.values()]), [*named]


def _is_said(row: Any) -> bool:
    """Say whether a row is a text in parts."""
    parts = row.get("data") if isinstance(row, dict) else None
    return isinstance(parts, list) and all(isinstance(each, dict) and isinstance(each.get("text"), str) for each in parts)
