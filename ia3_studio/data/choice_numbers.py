"""Are the numbers of a column the places of the right choices, where choices are numbers too?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ia3_studio.data.column_names import says
from ia3_studio.data.column_profile import cells_of
from ia3_studio.data.label_names import label_name
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.paths import value_at
from ia3_studio.data.right_choice import PLACES, first_number, offered

if TYPE_CHECKING:
    import pandas as pd

_LOOKED_AT = 1000
_ELSEWHERE = 0.1
"""Share of the rows in which a number must be no choice itself, so that all numbers are places."""


class ChoiceNumbers(NamedTuple):
    """How the numbers of right choices are meant."""

    counted_from: int
    """The number of the first choice."""
    by_number: bool
    """Whether each number is a place, also where it is the text of another choice."""


def choice_numbers(frame: pd.DataFrame, answer: str, choices: Sequence[str]) -> ChoiceNumbers:
    """Return from which number choices are counted, and whether all numbers of a column are their places.

    They are if the column is called an index, or if more than a tenth of them stand beside choices of which none is
    that number: with "2" beside 3, 5 and 7, the "3" beside 1, 2 and 3 is a place as well.
    """
    cells = cells_of(frame, answer)
    first = first_number(cells)
    records = frame.head(_LOOKED_AT).astype(object).to_dict("records")
    numbers = [whole_number(label_name(value_at(record, answer))) for record in records]
    texts = [offered(record, choices) for record in records]
    filled = [(number, each) for number, each in zip(numbers, texts, strict=True) if number is not None]
    if not filled or len(filled) < len(cells[:_LOOKED_AT]):
        return ChoiceNumbers(first, False)
    if not all(0 <= number - first < len(each) for number, each in filled):
        return ChoiceNumbers(first, False)
    elsewhere = sum(str(number) not in each for number, each in filled)
    return ChoiceNumbers(first, elsewhere > _ELSEWHERE * len(filled) or says(answer, PLACES - {"best", "place"}))
