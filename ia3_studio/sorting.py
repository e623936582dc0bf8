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
    import torch

    from ia3_studio.training.class_loss import KINDS

    if not text.strip():
        raise StudioError("There is no text to sort; write one.")
    if labels.of_words:
        raise StudioError("This adapter labels words, which this page cannot show; use it from a notebook.")
    most = min(int(loaded.tokenizer.model_max_length), 512)
    batch = loaded.tokenizer(text, return_tensors="pt", truncation=True, max_length=most).to(loaded.model.device)
    kind = KINDS[str(loaded.model.config.problem_type)]
    found: list[tuple[Guess, ...]] = []
    for strength in strengths:
        with torch.no_grad(), attachment.strengths(strength):
            logits = loaded.model(**batch).logits[0].float()
        if kind == "number":
            found.append((Guess(labels.names[0], float(logits[0])),))
            continue
        shares = logits.sigmoid() if kind == "multi" else logits.softmax(-1)
        guesses = [Guess(name, float(share)) for name, share in zip(labels.names, shares, strict=True)]
        found.append(tuple(sorted(guesses, key=lambda guess: -guess.share)))
    return tuple(found)
