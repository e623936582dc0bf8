"""How are the files of version 0.1 read? Its names are replaced by today's, in memory only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class OldNames:
    """The names in one kind of document that version 0.2 changed."""

    names: Mapping[str, str]
    """Old name → new name."""
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(new name, old value) → new value."""

    def replaced(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a document with today's names and values; where it has both names, today's counts.

        Example:
            >>> SETTINGS.replaced({"pull": 0.1, "long_rows": "cut"})
            {'decay_to_one': 0.1, 'long_rows': 'truncate'}
        """
        today = {self.names.get(name, name): value for name, value in document.items() if name in self.names}
        today |= {name: value for name, value in document.items() if name not in self.names}
        return {name: self._value(name, value) for name, value in today.items()}

    def replaced_in_each(self, documents: Any) -> Any:
        """Return a list of documents with today's names; anything else as it is."""
        if not isinstance(documents, list):
            return documents
        return [self.replaced(each) if isinstance(each, Mapping) else each for each in documents]

    def found_in(self, document: Mapping[str, Any]) -> dict[str, str]:
        """Return the old names that a document uses, with today's."""
        return {name: self.names[name] for name in document if name in self.names}

    def _value(self, name: str, value: Any) -> Any:
        return self.values.get((name, value), value) if isinstance(value, str) else value


SETTINGS = OldNames(
    {
        "answers": "sample_generations",
        "backward": "backward_dtype",
        "clip": "max_grad_norm",
        "evaluate_every": "eval_steps",
        "micro_tokens": "micro_batch_tokens",
        "optimiser": "optimizer",
        "patience": "early_stopping_patience",
        "pull": "decay_to_one",
        "reading": "parsing",
        "warmup": "warmup_ratio",
    },
    {("long_rows", "cut"): "truncate"},
)
"""Training settings: ``TrainConfig``, in config.json, settings files and checkpoints."""
COUNTERS = OldNames({"micro_tokens": "micro_batch_tokens"})
"""The counters of a checkpoint."""
STATUS = OldNames(
    {"sentence": "message", "seen_at": "heartbeat_at", "began_at": "started_at", "before": "earlier_seconds"},
    {("phase", "waiting"): "queued", ("phase", "measuring"): "evaluating"},
)
"""status.json."""
SPLIT = OldNames({"learned": "training_rows", "left_out": "skipped", "reading": "parsing"})
"""split.json."""
ENVIRONMENT = OldNames({"studio": "studio_version", "numbers": "parameters"})
"""environment.json, which was made_with.json."""
QUEUE = OldNames({"place": "position"})
"""queue_position.json, which was place.json."""
EVALUATION = OldNames({"written": "sample_generations"})
"""evaluation.json."""
ROW_CHANGE = OldNames({"base_said": "base_text", "tuned_said": "tuned_text"})
"""The rows of an evaluation that changed most."""
ABLATION = OldNames(
    {
        "none": "base",
        "all": "tuned",
        "numbers": "parameters",
        "muted": "loss_without",
        "kept": "loss_with_only",
    }
)
"""ablation.json, which was parts.json: the report, its parts and its curve."""
