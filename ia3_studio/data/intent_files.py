"""Which files of a bot hold what people say for its intents? As Dialogflow and Rasa write them, beside other files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.errors import DataError

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


def bot_files(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read the lists of texts by intent among the files of a bot; its stories, rules and replies are not read."""
    is_of_bot = all(member_path(path).suffix.lower() in (*_OF_BOT, *_BESIDE) for path in tables)
    paths = [path for path, data in tables.items() if b"intent" in data and path.endswith(_OF_BOT)]
    if not is_of_bot or not 0 < len(paths) < _MOST_FILES or len(tables) < 2:
        return None
    found: dict[str, Found] = {}
    for path in paths:
        try:
            each = readers.table(member_path(path).name, tables[path])
        except DataError:  # no table, such as the replies of a bot: named as not read
            continue
        if [*map(str, each.frame.columns)] == ["text", "intent"]:
            found[path] = each
    rows = [row for each in found.values() for row in each.frame.itertuples(index=False, name=None)]
    if len({row[1] for row in rows}) < _FEWEST_INTENTS or any(each.damaged for each in found.values()):
        return None
    frame = numbered({"text": [row[0] for row in rows], "intent": [row[1] for row in rows]})
    notes = tuple(dict.fromkeys(note for each in found.values() for note in each.notes))
    return Found(frame, f"texts by intent from {len(found)} of {len(tables)} files of a bot", notes=notes), [*found]


_OF_BOT, _BESIDE, _MOST_FILES = (".md", ".yml", ".yaml"), (".txt", ".html"), 60


def _is_said(row: Any) -> bool:
    """Say whether a row is a text in parts."""
    parts = row.get("data") if isinstance(row, dict) else None
    return isinstance(parts, list) and all(
        isinstance(each, dict) and isinstance(each.get("text"), str) for each in parts
    )
