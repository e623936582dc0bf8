"""Which prompt does not give away its answer? Another text, where a column joins both as they are trained on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_profile import profile
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of

if TYPE_CHECKING:
    import pandas as pd

_LOOKED_AT, _MOST_COLUMNS, _MOSTLY = 50, 60, 0.8
_SHORTEST = 4
"""Characters from which on a value of an answer says something where it occurs in a prompt."""


def with_bare_prompt(frame: pd.DataFrame, found: Mapping) -> Mapping:
    """Return a mapping to pairs whose prompt does not hold the answer, where another text is the rest of that prompt.

    Any other mapping is returned as it is.
    """
    columns = [str(name) for name in frame.columns[:_MOST_COLUMNS]]
    if found.kind != "pairs" or found.template or not {found.prompt, found.answer} <= {*columns}:
        return found
    head = frame.head(_LOOKED_AT)
    prompts = [str(cell) for cell in head[found.prompt].tolist()]
    answers = [list(_texts(structure_of(cell))) for cell in head[found.answer].tolist()]
    if not _mostly(bool(said) and all(text in asked for text in said)
                   for asked, said in zip(prompts, answers, strict=True)):  # fmt: skip
        return found
    others = [name for name in columns if name not in (found.prompt, found.answer) and profile(frame, name).is_text]
    bare = [
        name for name in others
        if _mostly(isinstance(cell, str) and len(cell) >= _SHORTEST and cell.strip() in asked and cell.strip() != asked
                   for asked, cell in zip(prompts, head[name].tolist(), strict=True))
    ]  # fmt: skip
    return replace(found, prompt=max(bare, key=lambda name: profile(frame, name).length)) if bare else found


def _mostly(fits: Iterator[bool]) -> bool:
    told = list(fits)
    return bool(told) and sum(told) > _MOSTLY * len(told)


def _texts(value: Any) -> Iterator[str]:
    """Yield the longer texts of an answer: itself, or those in it."""
    if isinstance(value, str):
        yield from (value.strip() for _once in (0,) if len(value.strip()) >= _SHORTEST)
    elif isinstance(value, dict | list):
        written = json.dumps(value, ensure_ascii=False, default=str)
        yield from (text for text in _QUOTED.findall(written) if len(text) >= _SHORTEST)


_QUOTED = re.compile(r'"([^"\\]*)"')
