"""Which task results from this model and this data? The decision shared by run, preview and estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ia3_studio.data.examples import Example
from ia3_studio.data.problem import Problem

Use = Literal["writes", "translates", "ranks", "ranks apart", "sorts", "labels words", "sorts images"]
"""A causal model writes its answers, an encoder-decoder reads one text and writes another; either ranks choices; a
classifier does text, token or image classification."""
SORTING: frozenset[Use] = frozenset(("sorts", "labels words", "sorts images"))
"""What takes a new head."""
_WRITERS = ("causal-lm", "seq2seq")
NO_ANSWER = "it has no label, so there is no answer to train on"


def use_of(kind: str, task: str) -> Use:
    """Return the use of examples by a model.

    Args:
        kind: of the mapping.
        task: of the model.
    """
    if kind == "pictures":
        return "sorts images"
    if kind == "tags":
        return "labels words"
    if kind == "choices":
        return "ranks apart" if task == "seq2seq" else "ranks"
    if kind == "labels" and task not in _WRITERS:
        return "sorts"
    return "translates" if task == "seq2seq" else "writes"


def usable(examples: Sequence[Example], kind: str, use: Use) -> tuple[Sequence[Example], tuple[Problem, ...]]:
    """Return the usable examples for this task, and the reasons for the others.

    A multi-label row without labels is valid for a classifier, but has no answer for a generative model: its text would
    be trained as plain text.
    """
    if kind != "labels" or use in SORTING or all(example.labels for example in examples):
        return examples, ()
    kept = [example for example in examples if example.labels]
    return kept, tuple(Problem(example.row, NO_ANSWER) for example in examples if not example.labels)
