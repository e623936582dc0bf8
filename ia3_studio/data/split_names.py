"""Which split is a file, folder, sheet or column named by: training, validation or test?"""

from __future__ import annotations

import re

SPLIT = "split"
"""The column that says which part of the data a row belongs to."""
SPLITS = frozenset(
    (
        "train",
        "training",
        "test",
        "testing",
        "holdout",
        "validation",
        "valid",
        "val",
        "dev",
        "eval",
        "evaluation",
        "testa",
        "testb",
    )
)


def split_of(name: str) -> str:
    """Return the split that a file, folder or sheet is named by, such as "train" in "data/train-00000"; else nothing.

    The last word that names one counts: "test" in "training/test.csv".
    """
    words = [word.removesuffix("set") or word for word in re.findall(r"[A-Za-z]+", name.lower())]
    return next((word for word in reversed(words) if word in SPLITS), "")
