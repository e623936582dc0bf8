"""Which columns does a mapping use, which does it leave, and what could these be?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ia3_studio.data.column_names import bare_name, says
from ia3_studio.data.column_profile import (
    LONGEST_LABEL,
    Profile,
    cells_of,
    is_list_of_texts,
    is_measured,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import ABOUT_TEXTS, ANSWERED, RESULT
from ia3_studio.data.example import Example
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.left_texts import left_texts, texts_of_rows
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.paths import split_path
from ia3_studio.data.sampled import thinned
from ia3_studio.data.split_names import SPLIT
from ia3_studio.data.table import Table
from ia3_studio.data.turns import unused_keys
from ia3_studio.errors import DataError


def require_columns(table: Table, mapping: Mapping) -> None:
    """Refuse a mapping with columns that the table does not have; those of nested objects are looked for row by row.

    Raises:
        DataError: it names the first column that is missing.
    """
    columns = {str(column) for column in table.frame.columns}
    asked = ({mapping.nested} if mapping.nested else set(_flat(mapping))) | {mapping.split}
    missing = sorted(name for name in asked - {""} - columns if split_path(name, columns) is None)
    if missing:
        raise DataError(f"Column {missing[0]!r} not found; the columns are {shown_names(table.frame.columns)}.")


def unused_columns(table: Table, mapping: Mapping) -> tuple[str, ...]:
    """Return the columns that play no part in a mapping, in the order of the table."""
    columns = [str(column) for column in table.frame.columns]
    inner = {mapping.nested} if mapping.nested else set()
    used = {mapping.split or SPLIT} | inner
    for name in _flat(mapping):
        path = split_path(name, columns)
        used.add(name if name in columns or path is None else path[0])
    used |= {name for name in columns if f"{{{name}}}" in mapping.template or f"{{{name}." in mapping.template}
    return tuple(name for name in columns if name not in used)


def unused_names(table: Table, mapping: Mapping, examples: Iterable[Example] = ()) -> tuple[str, ...]:
    """Return the columns that play no part, and the keys of turns that are not read, such as "messages[].timestamp".

    Keys are looked for in as many rows as columns are told apart by; those whose texts are in no example are among
    them.
    """
    columns = unused_columns(table, mapping)
    found = [*columns, *_unused_inside(table, mapping)]
    for name in dict.fromkeys(filter(None, (mapping.history, mapping.prompt, mapping.column, mapping.answer,
                                            mapping.rejected))):  # fmt: skip
        if mapping.kind in ("messages", "preferences") and name in table.frame.columns:
            cells = (cell for cell in cells_of(thinned(table).frame, name) if not isinstance(cell, str) or "{" in cell)
            found += [f"{name}[].{key}" for key, _count in unused_keys(cells)]
    source = table.written or texts_of_rows(table.frame, columns)
    known = {*found, *table.unused, mapping.split or SPLIT}
    left = [
        path for path in left_texts(source, examples)
        if not {path, path.partition("[")[0], _NUMBER_BEHIND.sub("", path)} & known
    ]  # fmt: skip
    return tuple(dict.fromkeys((*found, *left)))


_NUMBER_BEHIND = re.compile(r"[\W_]?\d{1,3}$")
"""The number of one of several columns that are one text together."""


def _unused_inside(table: Table, mapping: Mapping) -> Iterator[str]:
    """Yield the paths of the values that stand in an object next to one that is used, such as another translation."""
    columns = [str(column) for column in table.frame.columns]
    used = [name for name in _flat(mapping) if name not in columns]
    for path in dict.fromkeys(name.rpartition(".")[0] for name in used):
        if path not in columns or {path} & {*_flat(mapping)} or any(name.startswith(f"{path}[") for name in used):
            continue
        objects = [value for value in structures_of(thinned(table).frame, path) if isinstance(value, dict)]
        values = (str(key) for value in objects for key, each in value.items() if _is_value(each))
        taken = {name.removeprefix(f"{path}.").partition(".")[0].partition("[")[0] for name in used}
        yield from (f"{path}.{key}" for key in dict.fromkeys(values) if key not in taken)


def _is_value(each: object) -> bool:
    return bool(each.strip()) if isinstance(each, str) else isinstance(each, int | float)


@dataclass(frozen=True)
class Proposal:
    """A part that a column could play."""

    column: str
    part: Literal["context", "label", "several", "number", "answer"]
    """A label may be one of several of its text, or a number."""


def proposals(table: Table, mapping: Mapping) -> tuple[Proposal, ...]:
    """Return which part each column that is not used could play: a text as context or answer, labels as target.

    Of a text with a label, another text may be the answer; of a pair, a column that is called an answer. Preferences
    have both answers already. What looks like the label nearly as much as the one that was taken comes first.
    """
    found: list[Proposal] = []
    unused = unused_columns(table, mapping)
    for name in dict.fromkeys((*(each for each in mapping.near if each in unused), *unused)):
        each = profile(table.frame, name)
        if each.is_identifier or mapping.kind not in ("pairs", "labels", "text", "preferences"):
            continue
        if kind := _label_kind(table, each) if mapping.kind != "preferences" else "":
            found.append(Proposal(name, kind))
        elif each.is_text:
            if mapping.kind != "text" and not mapping.context:
                found.append(Proposal(name, "context"))
            if mapping.kind == "text" or _may_answer(each, mapping):
                found.append(Proposal(name, "answer"))
    inner = _unused_inside(table, mapping) if mapping.kind == "pairs" else ()
    return (*found, *(Proposal(path, "answer") for path in inner))


def _label_kind(table: Table, each: Profile) -> Literal["label", "several", "number", ""]:
    """Return what a column is as a label of texts: one of a few names, lists of them, a measurement; empty for none."""
    if each.is_label:
        return "label"
    cells = cells_of(table.frame, each.name)
    if each.is_number:
        return "number" if is_measured(cells) else ""
    names = [name for value in structures_of(table.frame, each.name) if is_list_of_texts(value) for name in value]
    repeated = 2 * len({*names}) <= len(names) and all(len(name) <= LONGEST_LABEL for name in names)
    return "several" if names and repeated else ""


def _may_answer(each: Profile, mapping: Mapping) -> bool:
    """Say whether a text that is not used could be the answer in place of a label, or of another answer."""
    if mapping.kind == "pairs":
        return says(each.name, ANSWERED) or says(each.name, RESULT)
    return mapping.kind == "labels" and each.filled > MOSTLY and bare_name(each.name) not in ABOUT_TEXTS


def _flat(mapping: Mapping) -> Iterator[str]:
    """Yield the names of columns and paths that a mapping uses."""
    prompt = "" if mapping.template else mapping.prompt
    pairs = (name for pair in mapping.others for name in pair)
    named_by = (prompt, mapping.answer, mapping.context, mapping.column, mapping.rejected, mapping.flag)
    opening = (mapping.tools, mapping.system, mapping.history)
    yield from (name for name in (*named_by, *opening, *mapping.parts, *pairs) if name)
