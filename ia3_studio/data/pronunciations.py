"""Which columns are words and how they are said or spelled in Latin letters? One of words beside one called so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import says_last
from ia3_studio.data.column_profile import profile
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_SAID_SO = frozenset((
    "ipa", "phoneme", "phonemes", "phonetic", "phonetics", "pronunciation", "pronunciations", "arpabet", "aussprache",
    "lautschrift", "prononciation", "pronunciacion", "pronuncia", "uitspraak", "pelafalan", "произношение",
    "транскрипция", "发音", "音标", "発音", "발음",
    "roma", "romaji", "rōmaji", "romaja", "romanization", "romanisation", "romanized", "romanised", "pinyin", "拼音",
    "transliteration", "transliterated", "translit", "транслит", "ローマ字", "로마자", "furigana", "ふりがな",
))  # fmt: skip
"""Words for how something is said, or spelled in other letters."""
_LONGEST_WORD = 40
"""Mean characters of the words; sentences are read by the other rules."""


def pronounced(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return words and their pronunciation, which a column is called after; None beside other columns of texts."""
    said = [name for name in columns if says_last(name, _SAID_SO)]
    others = [name for name in columns if name not in said and not profile(frame, name).is_number]
    if len(said) != 1 or len(others) != 1:
        return None
    each, words = profile(frame, said[0]), profile(frame, others[0])
    differ = all(2 * side.different > len(frame) and not side.is_number for side in (each, words))
    return Mapping("pairs", words.name, each.name) if differ and 0 < words.length <= _LONGEST_WORD else None
