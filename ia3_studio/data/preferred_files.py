"""Are two files of the same columns the chosen and the rejected answers to the same prompts?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.same_names import CHOSEN, REJECTED
from ia3_studio.errors import DataError


def preferred(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read two tables, called after chosen and rejected answers, as a row for each prompt that is in both.

    They differ in one column; what stands in the others says which rows belong together.
    """
    words = {path: {*re.findall(r"[a-z]+", member_path(path).stem.lower())} for path in tables}
    better, worse = ([path for path in tables if words[path] & said] for said in (CHOSEN, REJECTED))
    if len(tables) != 2 or len(better) != 1 or len(worse) != 1 or better == worse:
        return None
    try:
        one, other = (readers.table(member_path(path).name, tables[path]) for path in (*better, *worse))
    except DataError:  # one of them is something else: the sentence on all of them says more
        return None
    names = [*map(str, one.frame.columns)]
    if {*names} != {*map(str, other.frame.columns)} or len(names) < 2:
        return None
    written = [{name: [*map(str, each.frame[name].tolist())] for name in names} for each in (one, other)]
    shared = {name: len({*written[0][name]} & {*written[1][name]}) / max(1, len({*written[0][name]})) for name in names}
    answer = min(names, key=lambda name: shared[name])
    keys = [name for name in names if name != answer and shared[name] >= _MOSTLY]
    if shared[answer] >= _MOSTLY or not keys:
        return None
    by_key = [dict(zip(zip(*(each[key] for key in keys), strict=True), range(len(each[answer])), strict=True))
              for each in written]  # fmt: skip
    both = [key for key in by_key[0] if key in by_key[1]]
    rows = [by_key[0][key] for key in both], [by_key[1][key] for key in both]
    given = {name: one.frame[name].tolist() for name in keys}
    columns: dict[str, list[Any]] = {name: [cells[row] for row in rows[0]] for name, cells in given.items()}
    for column, each, places in (("chosen", one, rows[0]), ("rejected", other, rows[1])):
        answers = each.frame[answer].tolist()
        columns[column] = [answers[row] for row in places]
    left = sum(len(each) for each in by_key) - 2 * len(both)
    notes = (f"Not used: {left:,} rows of which only one answer is there.",) if left else ()
    form = f"{better[0]} and {worse[0]}, the chosen and the rejected answers, a row for each prompt"
    return Found(numbered(columns), form, notes=(*one.notes, *other.notes, *notes)), [*better, *worse]


_MOSTLY = 0.5
"""Share of the cells of a column that must be in both tables for it to be of the prompt, and not of the answer."""
