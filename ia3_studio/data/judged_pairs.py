"""Which pairs of prompt and answer stand beside a verdict on the answer, so that not all of them are to be learned?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import says
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.examples import Mapping
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.pair_columns import named_pairs

if TYPE_CHECKING:
    import pandas as pd

_VERDICTS = tuple(map(frozenset, (
    ("correct", "incorrect"), ("right", "wrong"), ("pass", "fail"), ("passed", "failed"), ("valid", "invalid"),
    ("acceptable", "unacceptable"), ("safe", "unsafe"), ("faithful", "unfaithful"), ("grounded", "ungrounded"),
    ("supported", "unsupported"), ("factual", "hallucinated"), ("factual", "non-factual"), ("richtig", "falsch"),
    ("correcto", "incorrecto"), ("correct", "incorrecte"), ("corretto", "errato"), ("верно", "неверно"),
    ("正确", "错误"), ("正解", "不正解"),
)))  # fmt: skip
"""Both words of a verdict, whatever their column is called."""
_FLAGS = tuple(map(frozenset, (("0", "1"), ("0.0", "1.0"), ("true", "false"), ("yes", "no"), ("y", "n"))))
_JUDGED = frozenset(("correct", "incorrect", "faithful", "faithfulness", "grounded", "groundedness", "hallucinated",
                     "hallucination", "factual", "accurate", "unsafe", "harmful", "supported"))  # fmt: skip
"""Words for what a verdict of yes or no says of an answer."""


def judged_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return prompts and answers as two texts, and the verdict on the answers as their label; None for other tables.

    To learn the answers alone would be to learn the wrong ones as well.
    """
    verdicts = [name for name in columns if profile(frame, name).filled > MOSTLY and _is_verdict(frame, name)]
    if len(verdicts) != 1:
        return None
    pair = named_pairs(frame, [name for name in columns if name != verdicts[0]])
    if (
        pair is None
        or pair.kind != "pairs"
        or pair.nested
        or pair.others
        or not {pair.prompt, pair.answer} <= {*columns}
    ):
        return None
    return Mapping("labels", column=pair.prompt, context=pair.answer, answer=verdicts[0])


def _is_verdict(frame: pd.DataFrame, name: str) -> bool:
    said = frozenset(str(cell).strip().casefold() for cell in cells_of(frame, name)) - {""}
    return said in _VERDICTS or (said in _FLAGS and says(name, _JUDGED))
