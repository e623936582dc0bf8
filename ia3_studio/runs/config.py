"""What are the settings of a run? Fixed when it is created, enough to reproduce it."""

from __future__ import annotations

import difflib
import json
import re
import reprlib
from collections.abc import Mapping as Mapping_
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from ia3_studio.data.load import DataChoice
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import ParsingOptions
from ia3_studio.errors import RunError, SelectionError, StudioError, TrainingError
from ia3_studio.method.selector import require_words
from ia3_studio.method.sites import Selection
from ia3_studio.models.sharding_plan import SHARDINGS, Sharding
from ia3_studio.old_names import SETTINGS
from ia3_studio.training.config import TrainConfig
from ia3_studio.typed import FieldError, typed

Part = TypeVar("Part")
COMPUTE = ("local", "ray")
ADDRESS = re.compile(r"auto|(ray://)?[A-Za-z0-9.:\[\]-]{1,255}:\d{1,5}")
MOST_RESOURCES = 100_000
LONGEST_NAME = 200
"""Maximum characters of a run's name."""
MOST_PROCESSES = 64
"""Maximum processes of a run on one machine."""
SINKS = {"tensorboard": "TensorBoard", "trackio": "trackio", "wandb": "Weights & Biases"}
"""accelerate's names of the trackers, and their display names."""


@dataclass(frozen=True)
class RunConfig:
    """The settings of one run."""

    name: str
    """Name of the run."""
    model: str
    """A starter's name, a Hub id, a folder or a GGUF file."""
    data: str
    """A starter's name or a file; files are copied into the run folder when the run is created."""
    selection: Selection | str = "paper"
    """The sites, or a preset or an expression ("key,value@8-") that is resolved when the model is loaded."""
    train: TrainConfig = field(default_factory=TrainConfig)
    held_out: float = 0.1
    """Held-out share of a file's rows; starters define their own."""
    mapping: Mapping | None = None
    """Roles of the columns, if not auto-detected."""
    parsing: ParsingOptions | None = None
    """Parsing options, if not auto-detected."""
    report_to: str = ""
    """Experiment tracker (:mod:`ia3_studio.runs.trackers`); empty for none."""
    processes: int = 0
    """Processes that share each batch, on each machine; 0 is one per GPU, and one where there is no GPU."""
    sharding: Sharding = "auto"
    """Where the weights go: "full" divides them among the processes (FSDP2), "none" gives each process all of them,
    "offload" keeps in slower memory what does not fit, "auto" takes the fastest way that fits."""
    compute: str = "local"
    """Where it is trained: "local", on this machine, or "ray", on a Ray cluster."""
    ray_address: str = ""
    """The cluster's address, such as "head:6379"; by default that in RAY_ADDRESS, or a cluster on this machine."""
    node_cpus: float = 1.0
    """Cores that the run takes on a node of the cluster."""
    node_gpus: float = 0.0
    """GPUs that it takes there."""
    node_memory: float = 0.0
    """Memory in GB that it takes there; 0 for any."""

    def __post_init__(self) -> None:
        if not isinstance(self.held_out, (int, float)) or not 0 < self.held_out < 1:
            raise RunError(f"held_out is {self.held_out!r}; use a share of the rows, such as 0.1.")
        if self.report_to and self.report_to not in SINKS:
            raise RunError(f"report_to is {str(self.report_to)[:60]!r}; choose {', '.join(SINKS)}, or leave it empty.")
        if self.compute not in COMPUTE:
            raise RunError(f"compute is {_short(self.compute)}; use {' or '.join(COMPUTE)}.")
        for name, least in (("node_cpus", 0.01), ("node_gpus", 0), ("node_memory", 0)):
            if not least <= getattr(self, name) <= MOST_RESOURCES:
                raise RunError(f"{name} is {getattr(self, name)!r}; use a number from {least:g} to {MOST_RESOURCES:,}.")
        if self.ray_address and not ADDRESS.fullmatch(self.ray_address):
            raise RunError(f"ray_address is {_short(self.ray_address)}; use HOST:PORT, or ray://HOST:PORT.")
        if len(str(self.name)) > LONGEST_NAME:
            raise RunError(f"The run's name has {len(self.name):,} characters; use at most {LONGEST_NAME:,}.")
        require_processes(self.processes)
        require_sharding(self.sharding, self.processes)
        if isinstance(self.selection, str) and self.selection:
            try:
                require_words(self.selection)
            except SelectionError as error:
                raise RunError(f"selection is {_short(self.selection)}: {error}") from error

    def choice(self, source: str | None = None) -> DataChoice:
        """Return the data choice; ``source`` is the current path of the data."""
        return DataChoice(source or self.data, self.mapping, self.parsing)

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        chosen = self.selection if isinstance(self.selection, str) else json.loads(self.selection.to_json())
        document = {**asdict(self), "selection": chosen}
        return json.dumps(document, indent=2)

    @classmethod
    def from_settings(cls, document: Mapping_[str, Any]) -> RunConfig:
        """Read user-written settings: model and data are required, all others have defaults.

        Args:
            document: names as :meth:`to_json` writes them, or as version 0.1 did; training settings may also be at the
                top level ("learning_rate") instead of below "train".

        Raises:
            RunError: model or data are missing, a name or value is invalid, or a setting has two names.
        """
        given = _with_todays_names(document)
        missing = [name for name in ("model", "data") if not given.get(name)]
        if missing:
            raise RunError(f"The settings do not specify {' or '.join(missing)}; model and data are required.")
        usual: dict[str, Any] = json.loads(cls("", "", "").to_json())
        inner = given.pop("train", {})
        if not isinstance(inner, Mapping_):
            raise RunError(f"train is {_short(inner)}; write the training settings below it as name: value.")
        train = usual["train"] | _with_todays_names(inner)
        train |= {name: given.pop(name) for name in list(given) if name in usual["train"]}
        strange = sorted((set(given) | set(train)) - set(usual) - set(usual["train"]))
        if strange:
            near = difflib.get_close_matches(strange[0], [*usual, *usual["train"]], 1)
            hint = f"; did you mean {near[0]}" if near else ""
            raise RunError(f"Unknown setting {strange[0]!r}{hint}?" if near else
                           f"Unknown setting {strange[0]!r}.")  # fmt: skip
        named = {"name": f"{given['model']} on {given['data']}"} | given
        return cls._from_document({**usual, **named, "train": train})

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """Read settings written by :meth:`to_json`.

        Raises:
            RunError: the text is not the settings of a run.
        """
        try:
            document = json.loads(text)
            if not isinstance(document, dict):
                raise RunError("they are not a JSON object")
            return cls._from_document(document)
        except (ValueError, RecursionError, StudioError) as error:
            raise RunError(
                f"The settings of this run cannot be read ({str(error).rstrip('.')}); start a new run."
            ) from error

    @classmethod
    def _from_document(cls, document: Mapping_[str, Any]) -> RunConfig:
        """Read settings by name.

        Raises:
            RunError: a value has the wrong type or is out of range; the message names it.
        """
        document = SETTINGS.replaced(document)
        try:
            plain = typed(_Plain, document)
            train = typed(TrainConfig, SETTINGS.replaced(_by_name("train", document.get("train"))))
            mapping = _part(Mapping, "mapping", document.get("mapping"))
            parsing = _part(ParsingOptions, "parsing", document.get("parsing"))
        except FieldError as error:
            raise RunError(f"{error}.") from error
        except TrainingError as error:
            raise RunError(str(error)) from error
        return cls(
            plain.name, plain.model, plain.data, _selection(document.get("selection", "paper")), train, plain.held_out,
            mapping, parsing, plain.report_to, plain.processes, plain.sharding, plain.compute, plain.ray_address,
            plain.node_cpus, plain.node_gpus, plain.node_memory,
        )  # fmt: skip


@dataclass(frozen=True)
class _Plain:
    """The scalar settings."""

    name: str
    model: str
    data: str
    held_out: float = 0.1
    report_to: str = ""
    processes: int = 1
    """Runs from before there were several have no such setting, and one process."""
    sharding: Sharding = "auto"
    compute: str = "local"
    ray_address: str = ""
    node_cpus: float = 1.0
    node_gpus: float = 0.0
    node_memory: float = 0.0


def require_processes(processes: int) -> None:
    """Reject what is no number of processes.

    Raises:
        RunError: it is not.
    """
    is_number = isinstance(processes, int) and not isinstance(processes, bool)
    if not is_number or not 0 <= processes <= MOST_PROCESSES:
        raise RunError(
            f"processes is {_short(processes)}; use 1 to {MOST_PROCESSES}, or 0 for one per GPU of the machine."
        )


def require_sharding(sharding: str, processes: int) -> None:
    """Reject what is no way to place weights, or needs another number of processes.

    Raises:
        RunError: it does.
    """
    if sharding not in SHARDINGS:
        raise RunError(f"sharding is {_short(sharding)}; use {', '.join(SHARDINGS[:-1])} or {SHARDINGS[-1]}.")
    if sharding == "full" and processes == 1:
        raise RunError(
            "sharding is 'full' and processes is 1, but one process has nobody to share the weights with; set "
            "processes to 2 or more, or sharding to 'auto'."
        )
    if sharding == "offload" and processes > 1:
        raise RunError(
            f"sharding is 'offload' and processes is {processes}, but offloaded weights serve one process; set "
            "processes to 1."
        )


def old_names_in(document: Mapping_[str, Any]) -> str:
    """Return a note on the settings with names of version 0.1; empty without any."""
    inner = document.get("train")
    given = {**document, **(inner if isinstance(inner, Mapping_) else {})}
    renamed = ", ".join(f"{old} is now {new}" for old, new in SETTINGS.found_in(given).items())
    return f"Some settings have the names of version 0.1: {renamed}." if renamed else ""


def _with_todays_names(document: Mapping_[str, Any]) -> dict[str, Any]:
    for old, new in SETTINGS.found_in(document).items():
        if new in document:
            raise RunError(f"The settings contain {new} and its old name {old}; remove {old}.")
    return SETTINGS.replaced(document)


def _part(kind: type[Part], name: str, document: Any) -> Part | None:
    return None if document is None else typed(kind, _by_name(name, document), name)


def _by_name(name: str, document: Any) -> Mapping_[str, Any]:
    if not isinstance(document, Mapping_):
        raise FieldError(name, document, "it must be a mapping of settings")
    return document


def _selection(chosen: Any) -> Selection | str:
    if isinstance(chosen, str):
        if not chosen.strip():
            raise RunError("selection is empty; use a preset such as 'paper', or roles such as 'key,value'.")
        return chosen
    try:
        return Selection.from_json(json.dumps(chosen))
    except (ValueError, TypeError, StudioError) as error:
        raise RunError(f"selection is {_short(chosen)}, which selects no modules ({error}).") from error


def _short(value: Any) -> str:
    text = reprlib.repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
