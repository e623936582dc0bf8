"""What is a model once it is in memory?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ia3_studio.models.limits import ModelLimits, limits_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ModelHead = Literal[
    "causal-lm", "seq2seq", "encoder", "classification", "token-classification", "image-classification", "other"
]
"""What a model computes from its last hidden states, as the auto classes of transformers tell models apart."""


@dataclass(frozen=True)
class LoadedModel:
    """A base model with its tokenizer, as one thing: in eval mode, no parameter requires a gradient."""

    model: PreTrainedModel
    tokenizer: Any
    """A transformers tokenizer; its classes share no useful static type. None when the head is "other" and has none."""
    head: ModelHead
    source: str
    """What the user asked for: a starter's name, a Hub id, a folder or a GGUF file."""
    base_model: str
    """The name written into adapter files: the Hub id where there is one, else the source."""
    device_reason: str
    """Device and dtype with the reason, one sentence for the screen."""
    modules_to_save: tuple[str, ...] = ()
    """Paths of the modules that are trained and saved in full: a classifier's head."""
    notes: tuple[str, ...] = ()
    """Notes on defaults chosen for the model or ignored in its config, one sentence each."""
    stored: str = ""
    """The number format of most weights in its files, as torch names it ("bfloat16"); empty where that is not known."""

    @property
    def limits(self) -> ModelLimits:
        """Return the most that the model takes."""
        return limits_of(self.model)


@dataclass(frozen=True)
class Skeleton:
    """A model without its weights, on the meta device: enough for its layer tree."""

    model: PreTrainedModel
    head: ModelHead
    source: str
    """What the user asked for."""
    base_model: str
    """As in :class:`LoadedModel`."""
