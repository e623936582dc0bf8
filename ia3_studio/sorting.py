"""Into which class does a classifier sort a text? The model as it came beside the tuned one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.data.labels import Labels
from ia3_studio.errors import StudioError

if TYPE_CHECKING:
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models.loaded import LoadedModel

FACTS = ("studio.json", "ia3_adapter.json")
"""Where an adapter's folder holds what is known of it, in PEFT's layout and in our own."""


@dataclass(frozen=True)
class Guess:
    """One label for a text."""

    label: str
    share: float
    """Its probability; for several labels each has its own, and for a number it is the number itself."""


def labels_in(folder: Path) -> Labels | None:
    """Return what an adapter's classifier sorts into; None where it is no classifier. No tensor is read."""
    for name in FACTS:
        try:
            document = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # one of the two is there; a damaged one is told when the adapter is loaded
            continue
        said = document.get("metadata", {}).get("labels") if isinstance(document, dict) else None
        if said:
            return Labels.from_json(str(said))
    return None


def sort_text(
    loaded: LoadedModel, attachment: Attachment, labels: Labels, text: str, strengths: Sequence[float] = (0, 1)
) -> tuple[tuple[Guess, ...], ...]:
    """Return the labels of one text by probability, once for each strength; 0 is the model as it came.

    Raises:
        StudioError: the text is empty, or the classifier labels words.
    """
    if not text.strip():
        raise StudioError("There is no text to sort; write one.")
    return tuple(found[0] for found in sort_texts(loaded, attachment, labels, [text], strengths))


def sort_texts(
    loaded: LoadedModel,
    attachment: Attachment,
    labels: Labels,
    texts: Sequence[str],
    strengths: Sequence[float] = (0, 1),
    batch: int = 16,
) -> tuple[tuple[tuple[Guess, ...], ...], ...]:
    """Return, for each strength and each text, its labels by probability.

    Args:
        loaded: a classifier with a head for the labels.
        attachment: what was learned.
        labels: what the head's outputs mean.
        texts: one or more.
        strengths: 0 is the model as it came.
        batch: texts in one forward pass; padding is masked, so that it changes speed and memory only.

    Raises:
        StudioError: the classifier labels words.
    """
    if labels.of_words:
        raise StudioError("This adapter labels words, which this page cannot show; use it from a notebook.")
    found: list[tuple[tuple[Guess, ...], ...]] = []
    for strength in strengths:
        rows: list[tuple[Guess, ...]] = []
        for start in range(0, len(texts), batch):
            rows += _guesses(loaded, attachment, labels, texts[start : start + batch], strength)
        found.append(tuple(rows))
    return tuple(found)


def rank_choices(
    loaded: LoadedModel, attachment: Attachment, prompt: str, choices: Sequence[str]
) -> tuple[tuple[Guess, ...], tuple[Guess, ...]]:
    """Return the choices by how likely the base model finds them as answers, and by how likely the tuned one does.

    A choice counts by its mean log-probability a token, as T-Few ranks (Liu et al. 2022, section 3.1); the shares are
    the softmax of these means.

    Raises:
        StudioError: the model cannot rank choices, or there are fewer than two different ones.
    """
    from math import exp

    from ia3_studio.data.choices import ChoiceExample, tokenize_choices
    from ia3_studio.training.ranking import both_scores

    if not prompt.strip():
        raise StudioError("There is no question to rank answers to; write one.")
    most = min(int(loaded.tokenizer.model_max_length), _LONGEST_QUESTION)
    question = ChoiceExample(1, prompt, tuple(choices), 0)
    rows = tokenize_choices([question], loaded.tokenizer, most, loaded.task == "seq2seq").rows

    def ranked(scores: Sequence[float]) -> tuple[Guess, ...]:
        odds = [exp(min(scores) - score) for score in scores]
        guesses = [Guess(choice, each / sum(odds)) for choice, each in zip(choices, odds, strict=True)]
        return tuple(sorted(guesses, key=lambda guess: -guess.share))

    base, tuned = both_scores(attachment, rows)
    return ranked(base[0]), ranked(tuned[0])


def _guesses(
    loaded: LoadedModel, attachment: Attachment, labels: Labels, texts: Sequence[str], strength: float
) -> list[tuple[Guess, ...]]:
    import torch

    from ia3_studio.training.class_loss import KINDS

    most = min(int(loaded.tokenizer.model_max_length), _LONGEST_TEXT)
    many = len(texts) > 1
    inputs = loaded.tokenizer(list(texts), return_tensors="pt", truncation=True, max_length=most, padding=many)
    kind = KINDS[str(loaded.model.config.problem_type)]
    with torch.no_grad(), attachment.strengths(strength):
        logits = loaded.model(**inputs.to(loaded.model.device)).logits.float()
    if kind == "number":
        return [(Guess(labels.names[0], float(row[0])),) for row in logits]
    shares = logits.sigmoid() if kind == "multi" else logits.softmax(-1)
    return [
        tuple(sorted((Guess(n, float(s)) for n, s in zip(labels.names, row, strict=True)), key=lambda g: -g.share))
        for row in shares
    ]


_LONGEST_TEXT = 512
_LONGEST_QUESTION = 1024
