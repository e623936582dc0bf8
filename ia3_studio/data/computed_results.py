"""Which columns are problems and the numbers that they come to? Told by names, and by the numbers in the problems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import UNNAMED, says_last
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.head_words import is_asked_name
from ia3_studio.data.identifiers import are_running
from ia3_studio.data.label_names import MOSTLY, label_name
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_cells import are_questions

if TYPE_CHECKING:
    import pandas as pd

_RESULTS = frozenset((
    "result", "results", "ergebnis", "resultat", "resultado", "risultato", "uitkomst", "wynik", "vysledek", "eredmeny",
    "tulos", "sonuc", "результат", "ответ", "αποτελεσμα", "结果", "結果", "결과", "得数", "outcome",
))  # fmt: skip
"""Words for what a computation comes to."""
_NUMBER = re.compile(r"\d+")
_LONGEST_READ = 2_000


def computed(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return problems with two numbers or more in nearly each, and the column of numbers that is called their result.

    Such a number is computed from the text, as no rating of it is.
    """
    results = [name for name in columns if says_last(name, _RESULTS) and profile(frame, name).is_number]
    if len(results) != 1 or profile(frame, results[0]).filled <= MOSTLY or profile(frame, results[0]).is_label:
        return None
    texts = [each for name in columns if name not in results and (each := profile(frame, name)).is_text]
    varied = [each.name for each in texts if each.filled > MOSTLY and not each.is_label]
    if len(varied) != 1 or not (is_asked_name(varied[0]) or are_questions(frame, varied[0])):
        return None
    cells = [str(cell)[:_LONGEST_READ] for cell in cells_of(frame, varied[0])]
    with_numbers = sum(len(_NUMBER.findall(cell)) > 1 for cell in cells)
    return Mapping("pairs", varied[0], results[0]) if with_numbers > _NEARLY_ALL * len(cells) else None


_NEARLY_ALL = 0.8
"""Share of the problems that have numbers to compute with."""


def are_values(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds whole numbers, most of them different, such as results of problems and unlike ids."""
    each = profile(frame, name)
    if are_running([str(cell).strip() for cell in cells_of(frame, name)]):
        return False
    return (
        each.is_number
        and (not each.is_identifier or UNNAMED.fullmatch(name) is not None)
        and 2 * each.different > len(frame)
        and all(label_name(cell).lstrip("-").isdigit() for cell in cells_of(frame, name))
    )
