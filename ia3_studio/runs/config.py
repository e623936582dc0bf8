"""What does a run need to be done, or done again? Its settings, fixed when it is created."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping as Mapping_
from dataclasses import asdict, dataclass, field
from typing import Any

from ia3_studio.data.examples import Mapping
from ia3_studio.data.load import DataChoice, mapping_from, reading_from
from ia3_studio.data.table import Reading
from ia3_studio.errors import RunError, StudioError
from ia3_studio.method.sites import Selection
from ia3_studio.training.config import TrainConfig


@dataclass(frozen=True)
class RunConfig:
    """The settings of one run."""

    name: str
    """What the person calls it."""
    model: str
    """A starter's name, a hub id, a folder or a GGUF file."""
    data: str
    """A starter's name or a file; a file is copied into the run folder when the run is created."""
    selection: Selection | str = "paper"
    """The sites, or a preset or a choice in words ("key,value@8-") that picks them when the model is loaded."""
    train: TrainConfig = field(default_factory=TrainConfig)
    held_out: float = 0.1
    """Share of a file's rows that is only measured; a starter brings its own."""
    mapping: Mapping | None = None
    """Which columns play which part, where that is not guessed."""
    reading: Reading | None = None
    """How the file is read, where that is not guessed."""
    report_to: str = ""
    """A tracker that gets the figures too (:mod:`ia3_studio.runs.reporting`); empty for none."""

    def choice(self, source: str | None = None) -> DataChoice:
        """Return which data are read and how; ``source`` is where they lie now."""
        return DataChoice(source or self.data, self.mapping, self.reading)

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        chosen = self.selection if isinstance(self.selection, str) else json.loads(self.selection.to_json())
        document = {**asdict(self), "selection": chosen}
        return json.dumps(document, indent=2)

    @classmethod
    def from_settings(cls, document: Mapping_[str, Any]) -> RunConfig:
        """Read settings that a person wrote: a model and data, and of all else what differs from the usual.

        Args:
            document: names as :meth:`to_json` writes them; the training settings may also stand beside the others
                ("learning_rate") instead of below "train".

        Raises:
            RunError: model or data are missing, or a name or value is none of a run's.
        """
        given = dict(document)
        missing = [name for name in ("model", "data") if not given.get(name)]
        if missing:
            raise RunError(f"The settings name no {' and no '.join(missing)}; give both.")
        usual: dict[str, Any] = json.loads(cls("", "", "").to_json())
        train = usual["train"] | dict(given.pop("train", {}))
        train |= {name: given.pop(name) for name in list(given) if name in usual["train"]}
        strange = sorted((set(given) | set(train)) - set(usual) - set(usual["train"]))
        if strange:
            near = difflib.get_close_matches(strange[0], [*usual, *usual["train"]], 1)
            hint = f"; did you mean {near[0]}" if near else ""
            raise RunError(f"A run has no setting called {strange[0]!r}{hint}?" if near else
                           f"A run has no setting called {strange[0]!r}.")  # fmt: skip
        named = {"name": f"{given['model']} on {given['data']}"} | given
        return cls.from_json(json.dumps({**usual, **named, "train": train}))

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """Read settings written by :meth:`to_json`.

        Raises:
            RunError: the text is not the settings of a run.
        """
        try:
            document = json.loads(text)
            chosen = document["selection"]
            selection = chosen if isinstance(chosen, str) else Selection.from_json(json.dumps(chosen))
            train = TrainConfig(**document["train"])
            name, model, data = (str(document[key]) for key in ("name", "model", "data"))
            mapping, reading = mapping_from(document.get("mapping")), reading_from(document.get("reading"))
            held_out, report_to = float(document["held_out"]), str(document.get("report_to", ""))
            return cls(name, model, data, selection, train, held_out, mapping, reading, report_to)
        except (ValueError, KeyError, TypeError, StudioError) as error:
            raise RunError(f"The settings of this run cannot be read ({error}); start it anew.") from error
