"""Which column holds system prompts? One that is called so, or whose few texts tell a model who it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ia3_studio.data.column_names import bare_name, name_words, says_last
from ia3_studio.data.column_words import TITLED
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.opening_names import system_columns

_BARE = ("system", "systemprompt", "systemmessage")
"""Names under which any text is a system prompt."""
_WORDS = frozenset(("system", "sys", "persona", "systemprompt"))
_BESIDE = frozenset(("prompt", "message", "instruction", "instructions", "content", "text", "role"))
"""Words of the name of a column of system prompts: the first one, or one beside words for what is said."""
_FEWEST_WORDS = 3
_ADDRESS = re.compile(
    r"\W*(?:you are (?!given|asked|provided|going|to\b)|you're|act as|imagine (?:that )?you are|pretend|"
    r"du bist|sie sind|tu es|vous êtes|eres|"
    r"usted es|você é|tu sei|sei un|ты|вы\b|jesteś|je bent|u bent|sen bir|kamu adalah|anda adalah|bạn là|"
    r"你是|您是|你现在|请你扮演|あなたは|당신은|너는|أنت|आप एक|คุณคือ)",
    re.IGNORECASE,
)
"""How a text begins that tells a model who it is."""


def system_column(columns: Sequence[str], cells_of: Callable[[str], Sequence[Any]]) -> str:
    """Return the first of some columns that holds system prompts; empty if there is none.

    Args:
        columns: those that play no other part.
        cells_of: what returns the cells of a column that are not empty.
    """
    called = dict.fromkeys((*system_columns(columns), *filter(_is_called_so, columns)))
    for name in dict.fromkeys((*called, *columns)):
        texts = [cell for cell in cells_of(name) if isinstance(cell, str) and cell.strip()]
        if bare_name(name) in _BARE and texts:
            return name
        if texts and (
            (name in called and _are_most(texts, _is_phrase))
            or (not says_last(name, TITLED) and _are_repeated(texts) and _are_most(texts, _addresses_a_model))
        ):
            return name
    return ""


def _is_called_so(name: str) -> bool:
    words = name_words(name)
    return bool(_WORDS & {*words[:1]}) or bool(_WORDS & {*words} and _BESIDE & {*words})


def _are_repeated(texts: Sequence[str]) -> bool:
    return 2 * len({*texts}) <= len(texts)


def _addresses_a_model(text: str) -> bool:
    return bool(_ADDRESS.match(text))


def _is_phrase(text: str) -> bool:
    return len(text.split()) >= _FEWEST_WORDS or not text.isascii()


def _are_most(texts: Sequence[str], fits: Callable[[str], bool]) -> bool:
    return sum(map(fits, texts)) > MOSTLY * len(texts)
