"""Are the numbers of a column the places of the right choices, where choices are numbers too?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ia3_studio.data.column_names import says
from ia3_studio.data.column_profile import cells_of
from ia3_studio.data.label_names import label_name
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.paths import value_at
from ia3_studio.data.right_choice import PLACES, first_number, offered
from ia3_studio.data.shapes.shape import is_blank

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
    first = first_number(cells_of(frame, answer))
    records = frame.head(_LOOKED_AT).astype(object).to_dict("records")
    told = [value_at(record, answer) for record in records]
    return meant_by(told, [offered(record, choices) for record in records], first, is_place=is_called_place(answer))


def meant_by(
    told: Sequence[Any], texts: Sequence[Collection[str]], first: int, *, is_place: bool = False
) -> ChoiceNumbers:
    """Return how right choices are told, by what tells each and the texts of the choices beside it.

    Args:
        first: the number of the first choice.
        is_place: whether their name says that these are places.
    """
    numbers = [whole_number(label_name(each)) for each in told]
    filled = [(number, each) for number, each in zip(numbers, texts, strict=True) if number is not None]
    if not filled or len(filled) < sum(not is_blank(each) for each in told):
        return ChoiceNumbers(first, False)
    if not all(0 <= number - first < len(each) for number, each in filled):
        return ChoiceNumbers(first, False)
    elsewhere = sum(str(number) not in each for number, each in filled)
    return ChoiceNumbers(first, elsewhere > _ELSEWHERE * len(filled) or is_place)


def is_called_place(answer: str) -> bool:
    """Say whether a column is called a place, and not what is best."""
    return says(answer, PLACES - {"best", "place"})
