"""What does a PEFT config say? PEFT's fields, checks and files; the modules that it means are found elsewhere.

Without ``target_modules`` every model gets the paper's sites, and ``feedforward_modules`` is found where it is missing
(:mod:`ia3_studio.method.peft.config`). A config that is used is copied, never changed.
"""

from __future__ import annotations

import copy
import inspect
import json
import sys
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from ia3_studio.method.peft.layout import CONFIG_FILE, PEFT_VERSION
from ia3_studio.peft.errors import ConfigError, KindError
from ia3_studio.peft.files import fetched, hub_arguments

Names = list[str] | set[str] | str | None
Config = TypeVar("Config", bound="PeftConfig")


class PeftType(StrEnum):
    """Methods; only one is here."""

    IA3 = "IA3"

    def __str__(self) -> str:
        """Return the name as PEFT's enumeration prints it, which is what its status reports are made of."""
        return f"PeftType.{self.name}"


class TaskType(StrEnum):
    """What a model is for; classifiers train their head whole."""

    SEQ_CLS = "SEQ_CLS"
    SEQ_2_SEQ_LM = "SEQ_2_SEQ_LM"
    CAUSAL_LM = "CAUSAL_LM"
    TOKEN_CLS = "TOKEN_CLS"
    QUESTION_ANS = "QUESTION_ANS"
    FEATURE_EXTRACTION = "FEATURE_EXTRACTION"


@dataclass
class PeftConfig:
    """What every PEFT config has; as a class, the way to read the config of any adapter folder."""

    task_type: TaskType | str | None = None
    peft_type: PeftType | str | None = None
    auto_mapping: dict[str, Any] | None = None
    peft_version: str | None = None
    base_model_name_or_path: str | None = None
    revision: str | None = None
    inference_mode: bool = False

    def __post_init__(self) -> None:
        if self.task_type is not None and self.task_type not in list(TaskType):
            known = ", ".join(TaskType)
            raise ConfigError(
                f"Invalid task type: '{self.task_type}'. Must be one of the following task types: {known}."
            )
        if self.peft_version is None:
            self.peft_version = self._get_peft_version()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Return what ``isinstance`` asks for: also PEFT's own class where PEFT is in use.

        transformers' ``add_adapter`` and sentence-transformers' take configs of PEFT's class only.
        """
        own = type(self)
        theirs = getattr(sys.modules.get("peft"), own.__name__, None)
        return own if not isinstance(theirs, type) or issubclass(own, theirs) else _face(own, theirs)  # type: ignore[arg-type]

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle and copy by the config's own class, not by the one that it shows."""
        return object.__new__, (type(self),), self.__dict__

    @staticmethod
    def _get_peft_version() -> str:
        return PEFT_VERSION

    @property
    def is_prompt_learning(self) -> bool:
        """Say that (IA)³ learns no prompt."""
        return False

    @property
    def is_adaption_prompt(self) -> bool:
        """Say that (IA)³ learns no prompt."""
        return False

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)

    def save_pretrained(self, save_directory: Path | str, **kwargs: Any) -> None:
        """Write ``adapter_config.json`` into a folder.

        Args:
            save_directory: the folder, made if it does not exist.
            kwargs: ``auto_mapping_dict`` is written as ``auto_mapping``.

        Raises:
            AssertionError: the path is a file.
        """
        folder = Path(save_directory)
        if folder.is_file():
            raise AssertionError(f"Provided path ({save_directory}) should be a directory, not a file")
        folder.mkdir(parents=True, exist_ok=True)
        document = {key: sorted(value) if isinstance(value, set) else value for key, value in self.to_dict().items()}
        if kwargs.get("auto_mapping_dict") is not None:
            document["auto_mapping"] = kwargs["auto_mapping_dict"]
        text = json.dumps(document, indent=2, sort_keys=True)
        (folder / CONFIG_FILE).write_text(text, encoding="utf-8")

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: Path | str, subfolder: str | None = None, **kwargs: Any
    ) -> PeftConfig:
        """Read the config of an adapter: a folder, or a repository on the Hub.

        Args:
            pretrained_model_name_or_path: the folder or repository.
            subfolder: where in it the adapter is.
            kwargs: arguments of ``hf_hub_download``, such as ``revision`` or ``token``; fields of the config are
                used where the file does not have them.

        Raises:
            ConfigError: there is no config, or it belongs to another method.
        """
        path = fetched(pretrained_model_name_or_path, CONFIG_FILE, subfolder=subfolder, **hub_arguments(kwargs))
        if path is None:
            raise ConfigError(
                f"Can't find '{CONFIG_FILE}' at '{pretrained_model_name_or_path}'; give the folder that was saved."
            )
        known = {field.name for field in fields(cls)}
        given = {key: value for key, value in kwargs.items() if key in known and key not in hub_arguments(kwargs)}
        return cls.from_peft_type(**cls.check_kwargs(**{**given, **cls.from_json_file(path)}))

    @classmethod
    def from_json_file(cls, path_json_file: Path | str, **kwargs: Any) -> dict[str, Any]:
        """Return what a config file holds.

        Raises:
            ConfigError: it is no JSON object.
        """
        try:
            document = json.loads(Path(path_json_file).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigError(f"{path_json_file} cannot be read as JSON ({error}); save the adapter again.") from error
        if not isinstance(document, dict):
            raise ConfigError(f"{path_json_file} is not a JSON object; save the adapter again.")
        if document.pop("runtime_config", None) is not None:
            warnings.warn(
                "The configuration file contains a `runtime_config` key. This is ignored. Runtime configurations are "
                "only valid at runtime.",
                stacklevel=2,
            )
        return document

    @classmethod
    def from_peft_type(cls, **kwargs: Any) -> PeftConfig:
        """Make the config of the method that ``peft_type`` names, or of this class.

        Keys that a newer version wrote are ignored with a warning.

        Raises:
            ConfigError: the method is not (IA)³.
            KindError: a key is unknown and nothing says that a PEFT file was read.
        """
        kind = config_class(kwargs["peft_type"]) if kwargs.get("peft_type") is not None else cls
        unknown = set(kwargs) - set(inspect.signature(kind).parameters)
        if unknown and "peft_type" not in kwargs:
            raise KindError(
                f"The {cls.__name__} config that is trying to be loaded is missing required keys: {{'peft_type'}}."
            )
        if unknown:
            warnings.warn(
                f"Unexpected keyword arguments {sorted(unknown)} for class {kind.__name__}, these are ignored. This "
                "probably means that you're loading a configuration file that was saved using a higher version of the "
                "library and additional parameters have been introduced since.",
                stacklevel=2,
            )
        return kind(**{key: value for key, value in kwargs.items() if key not in unknown})

    @classmethod
    def check_kwargs(cls, **kwargs: Any) -> dict[str, Any]:
        """Return the fields that a config is made from; subclasses may refuse some."""
        return kwargs

    @classmethod
    def _get_peft_type(cls, model_id: Path | str, **hub: Any) -> str:
        path = fetched(model_id, CONFIG_FILE, **hub)
        if path is None:
            raise ConfigError(f"Can't find '{CONFIG_FILE}' at '{model_id}'; give the folder that was saved.")
        return str(cls.from_json_file(path)["peft_type"])


@dataclass
class IA3Config(PeftConfig):
    """Which modules an adapter scales; the fields and their defaults are PEFT's.

    Raises:
        ConfigError: the task type is unknown, or a feed-forward module is no target.

    Example:
        >>> IA3Config(task_type="CAUSAL_LM").target_modules is None          # the paper's sites of any model
        True
    """

    target_modules: Names = None
    """Names, an expression that a whole path matches, "all-linear", or a preset: "paper", "all", "peft", …"""
    exclude_modules: Names = None
    feedforward_modules: Names = None
    """Which targets are scaled on their input; None finds out."""
    fan_in_fan_out: bool = False
    """Accepted for PEFT's sake: the layout of a weight is read off the module."""
    modules_to_save: list[str] | None = None
    """Fully trained modules; a classifier's head is added automatically."""
    init_ia3_weights: bool = True
    """False starts from random vectors, which is for tests only."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = PeftType.IA3
        self.target_modules = _as_set(self.target_modules)
        self.exclude_modules = _as_set(self.exclude_modules)
        self.feedforward_modules = _as_set(self.feedforward_modules)
        targets, inputs = self.target_modules, self.feedforward_modules
        if isinstance(targets, set) and isinstance(inputs, set) and not inputs <= targets:
            raise ConfigError(
                "`feedforward_modules` should be a subset of `target_modules`, but only the first names "
                f"{', '.join(sorted(inputs - targets))}."
            )

    def copied(self, **changes: Any) -> IA3Config:
        """Return a copy that shares nothing with this config, with some fields changed."""
        other = copy.deepcopy(self)
        for name, value in changes.items():
            setattr(other, name, value)
        return other


def config_class(peft_type: str) -> type[PeftConfig]:
    """Return the class of a method's config.

    Raises:
        ConfigError: it is not (IA)³.
    """
    if str(getattr(peft_type, "value", peft_type)) != PeftType.IA3.value:
        raise ConfigError(f"This is a {peft_type} adapter; IA3 Studio supports IA3 adapters only.")
    return IA3Config


def get_peft_config(config_dict: Mapping[str, Any]) -> PeftConfig:
    """Return the config that a dictionary with a ``peft_type`` describes.

    Raises:
        ConfigError: the method is not (IA)³.
    """
    return config_class(config_dict["peft_type"])(**config_dict)


PEFT_TYPE_TO_CONFIG_MAPPING: dict[PeftType, type[PeftConfig]] = {PeftType.IA3: IA3Config}
"""The config of each method."""


@lru_cache(maxsize=64)
def _face(own: Any, theirs: Any) -> type:
    """Return the class that a config shows; what is made of it is a config of our own."""
    return type(
        own.__name__,
        (own, theirs),
        {"__module__": own.__module__, "__new__": lambda _kind, *args, **kwargs: own(*args, **kwargs)},
    )


def _as_set(names: Names) -> set[str] | str | None:
    return set(names) if isinstance(names, list | tuple) else names
