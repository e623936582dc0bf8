"""What does a program written for PEFT hold in its hands? A wrapper around the base model, named as PEFT's is.

    PeftModel → base_model: IA3Model → model: the base model, with a layer at every scaled module

Attribute paths, the keys of ``state_dict`` and the names in ``named_parameters`` are PEFT's. What the wrapper does not
have, the base model is asked for.
"""

from __future__ import annotations

import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, update_wrapper
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ia3_studio.method.adapter import Adapter, read_studio_facts
from ia3_studio.method.heads import heads_holding
from ia3_studio.method.peft import layout
from ia3_studio.method.sites import Selection
from ia3_studio.peft.config import IA3Config, PeftConfig, PeftType, TaskType
from ia3_studio.peft.errors import ConfigError, KindError, MisfitError, StateError, as_peft_raises
from ia3_studio.peft.files import hub_arguments
from ia3_studio.peft.layer import IA3Layer
from ia3_studio.peft.saving import adapter_of, require_expressible, write_adapter, write_card, write_for_trainer
from ia3_studio.peft.state import (
    LoadResult,
    adapter_keys,
    get_peft_model_state_dict,
    load_peft_weights,
    set_peft_model_state_dict,
)
from ia3_studio.peft.status import (
    TunerLayerStatus,
    TunerModelStatus,
    count_parameters,
    get_layer_status,
    get_model_status,
)
from ia3_studio.peft.tuner import PREFIX, IA3Model, cast_adapter_dtype


class PeftModel(nn.Module):
    """A model with named (IA)³ adapters, wrapped as PEFT wraps it.

    **Changes the base model**: modules are replaced by layers around them, and all its weights are frozen.
    :meth:`unload` takes everything out again.

    Args:
        model: the base model.
        peft_config: the first adapter's config; it is copied.
        adapter_name: the name of the first adapter.
        autocast_adapter_dtype: whether vectors on a half-precision base are kept in float32.
        low_cpu_mem_usage: whether vectors are made without memory, for a file to fill.

    Raises:
        ConfigError: the config hits nothing in this model, or what cannot be scaled; the model is left alone.
    """

    heads: ClassVar[tuple[str, ...]] = ()
    """Names of modules that are trained whole for the task."""

    def __init__(
        self,
        model: nn.Module,
        peft_config: PeftConfig,
        adapter_name: str = "default",
        autocast_adapter_dtype: bool = True,
        low_cpu_mem_usage: bool = False,
    ) -> None:
        super().__init__()
        self.active_adapter: str | list[str] = adapter_name
        self.peft_type: PeftType = PeftType.IA3
        self.special_peft_forward_args = {"adapter_names", "alora_offsets"}
        self._is_prompt_learning = False
        self._adapters_disabled = False
        self.base_model = IA3Model(model, self._headed(peft_config), adapter_name, low_cpu_mem_usage)
        cast_adapter_dtype(self.base_model, adapter_name, autocast_adapter_dtype)
        if _peft_wrapper() is None:  # without PEFT, Trainer reads a model's columns off this signature
            self.forward = shown_like(self, self.forward, type(model).forward)  # type: ignore[method-assign]
        if getattr(model, "is_gradient_checkpointing", True):
            self.prepare_model_for_gradient_checkpointing(model)

    @classmethod
    def from_pretrained(
        cls,
        model: nn.Module,
        model_id: Path | str,
        adapter_name: str = "default",
        is_trainable: bool = False,
        config: PeftConfig | None = None,
        autocast_adapter_dtype: bool = True,
        ephemeral_gpu_offload: bool = False,
        low_cpu_mem_usage: bool = False,
        key_mapping: Mapping[str, str] | None = None,
        *,
        strict: bool = True,
        **kwargs: Any,
    ) -> PeftModel:
        """Put a saved adapter on a model. **Changes the base model**, as the constructor does.

        Args:
            model: the base model the adapter was trained on.
            model_id: an adapter's folder, written here or by PEFT, or a repository on the Hub.
            adapter_name: the name it gets.
            is_trainable: whether the adapter is trained further.
            config: used in place of the folder's own; the model keeps it, with ``inference_mode`` set.
            autocast_adapter_dtype: whether vectors on a half-precision base are kept in float32.
            ephemeral_gpu_offload: accepted for PEFT's sake: (IA)³ has nothing to offload.
            low_cpu_mem_usage: whether the vectors are made without memory first.
            key_mapping: expressions and what they are replaced by in the file's keys.
            strict: False takes what fits and goes without the rest.
            kwargs: ``torch_device``, ``ignore_mismatched_sizes``, and arguments of ``hf_hub_download``.

        Raises:
            ConfigError: the folder has no (IA)³ adapter.
            StateError: it has one that does not fit; the message lists the differences. The model is left alone.
        """
        if config is not None and not isinstance(config, PeftConfig):
            raise ConfigError(f"The input config must be a PeftConfig, got {type(config)}")
        if ephemeral_gpu_offload:
            warnings.warn("Ephemeral GPU offloading is not supported for this model. Ignoring.", stacklevel=2)
        places = {**hub_arguments(kwargs), "subfolder": kwargs.get("subfolder")}
        own = config if config is not None else PeftConfig.from_pretrained(model_id, **places)
        if config is not None:
            config.inference_mode = not is_trainable
        if key_mapping is None:
            key_mapping = getattr(model, "_checkpoint_conversion_mapping", None) or {}
        weights = load_peft_weights(model_id, kwargs.get("torch_device"), key_mapping, **places)
        prepared = _with_heads_of(weights, _inference(own, not is_trainable), model)
        wrapped = wrapper_class(own.task_type, cls)(
            model, prepared, adapter_name, autocast_adapter_dtype=autocast_adapter_dtype,
            low_cpu_mem_usage=low_cpu_mem_usage,
        )  # fmt: skip
        ignored = bool(kwargs.get("ignore_mismatched_sizes", False))
        try:
            wrapped._take(weights, adapter_name, Path(model_id), ignored or not strict, strict, low_cpu_mem_usage)
        except StateError:
            wrapped.unload()
            raise
        if isinstance(config, IA3Config):
            wrapped.peft_config[adapter_name] = config
        cast_adapter_dtype(wrapped.base_model, adapter_name, autocast_adapter_dtype)
        return wrapped if is_trainable else wrapped.eval()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Return what ``isinstance`` asks for: PEFT's own wrapper where PEFT is in use, else the base model's class.

        transformers' Trainer, accelerate and TRL decide by it how a model is saved, resumed and read.
        """
        own = type(self)
        base = self.__dict__.get("_modules", {}).get("base_model")
        module = base._modules.get("model") if base is not None else None
        return own if module is None else _face(own, type(module), _peft_wrapper())  # type: ignore[arg-type]

    @property
    def peft_config(self) -> dict[str, IA3Config]:
        """Return the configs by the adapters' names."""
        return self.base_model.peft_config

    @peft_config.setter
    def peft_config(self, value: dict[str, IA3Config]) -> None:
        self.base_model.peft_config = value

    @property
    def active_adapters(self) -> list[str]:
        """Return the names of the adapters at work."""
        return self.base_model.active_adapters

    @property
    def active_peft_config(self) -> IA3Config:
        """Return the config of the active adapter, the first of several."""
        active = self.active_adapter
        return self.peft_config[active if isinstance(active, str) else active[0]]

    @property
    def has_active_enabled_adapter(self) -> bool:
        """Say whether any adapter works."""
        return not self._adapters_disabled and bool(self.active_adapters)

    @property
    def modules_to_save(self) -> set[str] | None:
        """Return the names of all modules that adapters train whole; None where there are none."""
        names = {name for config in self.peft_config.values() for name in config.modules_to_save or ()}
        return names or None

    @property
    def base_model_torch_dtype(self) -> torch.dtype | None:
        """Return the type of the base model's weights."""
        return getattr(self.base_model, "dtype", None)

    def __getattr__(self, name: str) -> Any:
        """Return what only the base model has."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "base_model":  # not made yet
                raise
            return getattr(self.base_model, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle and copy by the wrapper's own class, not by the one that it shows."""
        return _blank, (type(self),), self.__dict__

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the base model; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        with self._rows(kwargs):
            return self.get_base_model()(*args, **kwargs)

    def generate(self, *args: Any, **kwargs: Any) -> Any:
        """Generate as the base model does; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        with self._rows(kwargs):
            return self.get_base_model().generate(*args, **kwargs)  # type: ignore[operator]

    def get_base_model(self) -> nn.Module:
        """Return the base model, with the adapters' layers in it; :meth:`unload` takes them out."""
        return self.base_model.model

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        """Run the base model, bit for bit, inside a ``with`` block; a merge is restored when the block ends."""
        before, enabled = self._adapters_disabled, get_model_status(self).enabled
        if enabled == "irregular":
            warnings.warn(
                "The model contains some adapter layers that are enabled and others that are disabled. This is most "
                "likely unintentional. After exiting the disable_adapter context, all adapters will be enabled",
                stacklevel=3,
            )
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        self.base_model.disable_adapter_layers()
        self._adapters_disabled = True
        try:
            yield
        finally:
            if enabled is not False:
                self.base_model.enable_adapter_layers()
                self._train_only(trained)
            self._adapters_disabled = before

    def add_adapter(
        self,
        adapter_name: str,
        peft_config: PeftConfig,
        low_cpu_mem_usage: bool = False,
        autocast_adapter_dtype: bool = True,
    ) -> None:
        """Add a fresh adapter of any sites and sides; it is not active yet, and changes nothing of the others.

        Raises:
            StateError: the name is taken.
            ConfigError: the config hits nothing in this model, or what cannot be scaled.
        """
        if adapter_name in self.peft_config:
            raise StateError(
                f"Adapter with name '{adapter_name}' already exists. Choose another name, or delete it first."
            )
        warn_of_prefix(adapter_name)
        if peft_config.peft_type != self.peft_type:
            raise ConfigError(
                f"Cannot combine adapters with different peft types. Found {self.peft_type} and "
                f"{peft_config.peft_type}."
            )
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        self.peft_config[adapter_name] = self._headed(peft_config).copied()
        try:
            self.base_model.inject_adapter(self.base_model.model, adapter_name, low_cpu_mem_usage=low_cpu_mem_usage)
        except BaseException:
            self.peft_config.pop(adapter_name, None)
            raise
        self._train_only(trained)
        cast_adapter_dtype(self.base_model, adapter_name, autocast_adapter_dtype)

    def load_adapter(
        self,
        model_id: Path | str,
        adapter_name: str,
        is_trainable: bool = False,
        torch_device: str | torch.device | None = None,
        autocast_adapter_dtype: bool = True,
        ephemeral_gpu_offload: bool = False,
        low_cpu_mem_usage: bool = False,
        key_mapping: Mapping[str, str] | None = None,
        *,
        strict: bool = True,
        **kwargs: Any,
    ) -> LoadResult:
        """Load a saved adapter under a name; it becomes active only with :meth:`set_adapter`.

        An existing adapter of that name is overwritten, as when training is resumed.

        Args:
            model_id: an adapter's folder, written here or by PEFT, or a repository on the Hub.
            adapter_name: the name it gets.
            is_trainable: whether it is trained, also while it is not active.
            torch_device: where the file is read to; vectors end where the base model is.
            autocast_adapter_dtype: whether vectors on a half-precision base are kept in float32.
            ephemeral_gpu_offload: accepted for PEFT's sake: (IA)³ has nothing to offload.
            low_cpu_mem_usage: whether the vectors are made without memory first.
            key_mapping: expressions and what they are replaced by in the file's keys.
            strict: False takes what fits and goes without the rest.
            kwargs: ``ignore_mismatched_sizes``, and arguments of ``hf_hub_download``.

        Raises:
            ConfigError: the folder has no (IA)³ adapter.
            StateError: it has one that does not fit; the message lists the differences.
        """
        places = {**hub_arguments(kwargs), "subfolder": kwargs.get("subfolder")}
        weights = load_peft_weights(model_id, torch_device, key_mapping, **places)
        is_new = adapter_name not in self.peft_config
        if is_new:
            config = _inference(PeftConfig.from_pretrained(model_id, **places), not is_trainable)
            prepared = _with_heads_of(weights, config, self.get_base_model())
            self.add_adapter(adapter_name, prepared, low_cpu_mem_usage, autocast_adapter_dtype)
            if is_trainable:
                self.set_requires_grad(adapter_name)
        elif any(adapter_name in module.merged_adapters for module in self.modules() if isinstance(module, IA3Layer)):
            raise StateError(
                f"The adapter {adapter_name!r} is merged into the weights; call unmerge_adapter() first, then load."
            )
        ignored = bool(kwargs.get("ignore_mismatched_sizes", False))
        try:
            result = self._take(weights, adapter_name, Path(model_id), ignored or not strict, strict, low_cpu_mem_usage)
        except StateError:
            if is_new:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self.base_model.delete_adapter(adapter_name)
            raise
        cast_adapter_dtype(self.base_model, adapter_name, autocast_adapter_dtype)
        if not is_trainable:
            self.eval()
        return result

    def set_adapter(self, adapter_name: str | list[str], inference_mode: bool = False) -> None:
        """Let an adapter work, and be trained unless ``inference_mode``; several are multiplied. A merge is undone.

        Raises:
            StateError: there is no such adapter.
        """
        self.base_model.set_adapter(adapter_name, inference_mode=inference_mode)
        self.active_adapter = self.base_model.active_adapter

    def delete_adapter(self, adapter_name: str) -> None:
        """Forget an adapter. When it was the only active one, the first of the others takes its place.

        Raises:
            StateError: there is no such adapter, or it is merged.
        """
        self.base_model.delete_adapter(adapter_name)
        active = self.active_adapters
        self.active_adapter = active[0] if len(active) == 1 else active

    def set_requires_grad(self, adapter_names: str | Sequence[str], requires_grad: bool = True) -> None:
        """Let adapters be trained, or not, whether they are active or not."""
        self.base_model.set_requires_grad(adapter_names, requires_grad)

    def get_nb_trainable_parameters(self) -> tuple[int, int]:
        """Return the number of trainable parameters and of all parameters."""
        return count_parameters(self)

    def print_trainable_parameters(self) -> None:
        """Print how much of the model is trained."""
        trained, every = self.get_nb_trainable_parameters()
        print(f"trainable params: {trained:,d} || all params: {every:,d} || trainable%: {100 * trained / every:.4f}")

    def get_layer_status(self) -> list[TunerLayerStatus]:
        """Return the status of each layer, and of each module that is trained whole."""
        return get_layer_status(self)

    def get_model_status(self) -> TunerModelStatus:
        """Return the status of all layers together."""
        return get_model_status(self)

    def supports_lora_conversion(self, adapter_name: str = "default") -> bool:
        """Say that a scale is no low-rank sum."""
        return False

    def prepare_model_for_gradient_checkpointing(self, model: nn.Module) -> nn.Module:
        """Let gradients reach checkpointed blocks through their inputs, since all weights are frozen."""
        is_quantized = any(
            getattr(model, f"is_{how}", False) for how in ("loaded_in_8bit", "loaded_in_4bit", "quantized")
        )
        if is_quantized:
            return model
        if hasattr(model, "enable_input_require_grads"):
            model.enable_input_require_grads()  # type: ignore[operator]
        elif hasattr(model, "get_input_embeddings"):
            model.get_input_embeddings().register_forward_hook(_require_grad)  # type: ignore[operator]
        return model

    def adapter(self, adapter_name: str | None = None) -> Adapter:
        """Return a copy of an adapter as data; of the active one when no name is given."""
        name = self.active_adapters[0] if adapter_name is None else adapter_name
        self.base_model.require_known(name)
        return adapter_of(self, name)

    def save_pretrained(
        self,
        save_directory: Path | str,
        safe_serialization: bool = True,
        selected_adapters: Sequence[str] | None = None,
        save_embedding_layers: str | bool = "auto",
        is_main_process: bool = True,
        path_initial_model_for_weight_conversion: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the adapters as PEFT lays them out: "default" into the folder, any other into one of its name.

        A folder called as Trainer calls its checkpoints also gets what Trainer resumes from where PEFT is missing.

        Args:
            save_directory: the folder.
            safe_serialization: False writes a pickle, with a warning.
            selected_adapters: names; None means all.
            save_embedding_layers: as for :func:`get_peft_model_state_dict`.
            is_main_process: False writes nothing.
            path_initial_model_for_weight_conversion: has no meaning for (IA)³.
            kwargs: ``state_dict``, where somebody else has gathered the model's (FSDP, DeepSpeed).

        Raises:
            StateError: there is no such adapter, PEFT's files cannot say what it does, or the path is a file.
        """
        folder = Path(save_directory)
        if folder.is_file():
            raise StateError(f"Provided path ({save_directory}) should be a directory, not a file")
        unknown = [name for name in selected_adapters or () if name not in self.peft_config]
        if unknown:
            raise StateError(
                f"You passed an invalid `selected_adapters` arguments, current supported adapter names are"
                f" {list(self.peft_config)} - got {list(selected_adapters or ())}."
            )
        if path_initial_model_for_weight_conversion is not None:
            raise StateError("path_initial_model_for_weight_conversion converts LoRA weights; leave it out for (IA)³.")
        names = list(self.peft_config) if selected_adapters is None else list(selected_adapters)
        for name in names:
            require_expressible(self, name)
        if not safe_serialization:
            warnings.warn(
                "safe_serialization=False writes a pickle, which other programs may run code from when they open it; "
                "safetensors files hold the same.",
                stacklevel=2,
            )
        given: Mapping[str, Tensor] | None = kwargs.get("state_dict")
        if is_main_process:
            folder.mkdir(parents=True, exist_ok=True)
            self.create_or_update_model_card(folder)
        for name in names:
            tensors = get_peft_model_state_dict(self, given, name, save_embedding_layers=save_embedding_layers)  # type: ignore[arg-type]
            if is_main_process:
                write_adapter(self, folder if name == "default" else folder / name, name, tensors, safe_serialization)
        if is_main_process and re.fullmatch(r"checkpoint-\d+", folder.name) and _peft_wrapper() is None:
            write_for_trainer(self, folder)

    def create_or_update_model_card(self, output_dir: Path | str) -> None:
        """Write the card of an adapter's folder, or add to the one that is there what the Hub needs to know."""
        write_card(self, Path(output_dir))

    def push_to_hub(
        self, repo_id: str, *, private: bool | None = None, token: str | bool | None = None, **kwargs: Any
    ) -> Any:
        """Upload the adapters to a repository on the Hub, made if it does not exist.

        Args:
            repo_id: the repository.
            private: whether it is made private.
            token: for the Hub; by default the one that is logged in.
            kwargs: ``commit_message``, ``revision``, ``create_pr``, and arguments of :meth:`save_pretrained`.
        """
        from huggingface_hub import HfApi

        api = HfApi(token=token)
        where = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        commit = {key: kwargs.pop(key) for key in ("commit_message", "revision", "create_pr") if key in kwargs}
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder, **kwargs)
            return api.upload_folder(repo_id=where, folder_path=folder, **commit)

    def _headed(self, config: PeftConfig) -> IA3Config:
        """Return a copy of a config that names the task's heads, as PEFT's does."""
        if not isinstance(config, IA3Config):
            kind = config.peft_type or type(config).__name__
            raise KindError(f"The config is of the method {kind}; IA3 Studio supports IA3 only, so give an IA3Config.")
        if not self.heads:
            return config
        named = list(config.modules_to_save or ())
        return config.copied(modules_to_save=[*named, *(name for name in self.heads if name not in named)])

    def _rows(self, kwargs: dict[str, Any]) -> AbstractContextManager[None]:
        names: Sequence[str] | None = kwargs.pop("adapter_names", None)
        kwargs.pop("alora_offsets", None)
        return nullcontext() if names is None or self._adapters_disabled else self.base_model.rows(names)

    def _train_only(self, trained: Sequence[nn.Parameter]) -> None:
        kept = set(trained)
        for parameter in self.parameters():
            if parameter.is_leaf and parameter.requires_grad != (parameter in kept):
                parameter.requires_grad_(parameter in kept)

    def _get_base_model_class(self, is_prompt_tuning: bool = False) -> type[nn.Module]:
        return type(self.base_model.model)

    def _take(
        self,
        weights: Mapping[str, Tensor],
        adapter_name: str,
        folder: Path,
        ignore_mismatched_sizes: bool,
        strict: bool,
        low_cpu_mem_usage: bool,
    ) -> LoadResult:
        """Load a file's tensors into an adapter; all that differs is told at once."""
        expected = adapter_keys(self, adapter_name)
        own = set(self.state_dict())
        found = {key: tuple(tensor.shape) for key, tensor in weights.items() if key in expected or key not in own}
        if ignore_mismatched_sizes:
            found = {key: expected.get(key, shape) for key, shape in found.items()}
        table = layout.misfit(expected, found)
        if table and strict:
            base = str(self.peft_config[adapter_name].base_model_name_or_path or "")
            kind = MisfitError if set(found) == set(expected) else StateError
            raise kind(
                f"The adapter in {folder} does not fit this model: {layout.whose(base, self.get_base_model())}. "
                f"Missing, unexpected or size mismatch for keys:\n{table}"
            )
        with as_peft_raises():
            result = set_peft_model_state_dict(self, weights, adapter_name, ignore_mismatched_sizes, low_cpu_mem_usage)
            self._restrict(weights, adapter_name, folder)
        own_keys = {f"{key}.{adapter_name}" for key in expected}
        missing = [key for key in result.missing_keys if key in own_keys]
        return LoadResult(missing, result.unexpected_keys)

    def _restrict(self, weights: Mapping[str, Tensor], adapter_name: str, folder: Path) -> None:
        """Let the adapter scale the channels that IA3 Studio says were trained, where the folder is one of its own."""
        plan = self.base_model.plan(adapter_name)
        wide = {
            (path, place.side): weights[key].flatten().float().cpu()
            for path, place in plan.places.items()
            if (key := layout.vector_key(path)) in weights and weights[key].numel() == place.channels
        }
        if len(wide) == len(plan.places) and folder.is_dir():
            sites, _metadata = read_studio_facts(folder, wide)
            if {site.path for site in sites} == set(plan.places):
                self.base_model.restrict(adapter_name, Selection(sites, plan.selection.base_model))


WRAPPERS: dict[str, type[PeftModel]] = {}
"""The wrapper for each task, filled where they are defined."""


def wrapper_class(task_type: str | None, default: type[PeftModel] = PeftModel) -> type[PeftModel]:
    """Return the wrapper for a task."""
    return WRAPPERS.get(TaskType(task_type).value if task_type else "", default)


def warn_of_prefix(adapter_name: str) -> None:
    """Warn of a name that is a part of the parameters' names, in which other programs would not find it."""
    if adapter_name in PREFIX:
        warnings.warn(
            f"Adapter name '{adapter_name}' should not be contained in the prefix '{PREFIX}'. This may lead to "
            "reinitialization of the adapter weights during loading.",
            stacklevel=3,
        )


def shown_like(model: PeftModel, method: Any, like: Any) -> MethodType:
    """Return a method of a wrapper that shows the parameters of another; the class's own stays what it is."""
    own: FunctionType = method.__func__
    function = FunctionType(own.__code__, own.__globals__, own.__name__, own.__defaults__, own.__closure__)
    function.__kwdefaults__ = own.__kwdefaults__
    update_wrapper(function, like, assigned=("__doc__", "__name__", "__annotations__"))
    return MethodType(function, model)


def _inference(config: PeftConfig, inference_mode: bool) -> IA3Config:
    if not isinstance(config, IA3Config):
        raise KindError(f"The config is of the method {config.peft_type}; IA3 Studio supports IA3 only.")
    return config.copied(inference_mode=inference_mode)


def _with_heads_of(weights: Mapping[str, Tensor], config: IA3Config, model: nn.Module) -> IA3Config:
    """Return a config that names all modules that a file holds whole: PEFT finds them by the bare ends of names."""
    keys = [key.removeprefix(layout.PREFIX) for key in weights if not key.endswith(".ia3_l")]
    found = heads_holding(model, keys, config.modules_to_save) if config.modules_to_save else ()
    names = list(config.modules_to_save or ())
    extra = [path for path in found if not any(path == name or path.endswith(f".{name}") for name in names)]
    return config.copied(modules_to_save=[*names, *extra]) if extra else config


def _require_grad(_module: nn.Module, _args: Any, output: Tensor) -> None:
    output.requires_grad_(True)


def _peft_wrapper() -> type | None:
    """Return PEFT's own wrapper where a program has loaded PEFT; we never do."""
    found = getattr(sys.modules.get("peft"), "PeftModel", None)
    return found if isinstance(found, type) and issubclass(found, nn.Module) else None


@lru_cache(maxsize=256)
def _face(own: Any, base: Any, theirs: Any) -> type:
    """Return the class that a wrapper shows: its own, and one that other libraries know."""
    known: type = base if theirs is None else theirs
    if issubclass(own, known):
        return own  # type: ignore[no-any-return]
    forward = {"forward": base.forward} if theirs is None else {}
    return type(own.__name__, (own, known), {"__module__": own.__module__, "__qualname__": own.__qualname__, **forward})


def _blank(kind: type[PeftModel]) -> PeftModel:
    """Return a wrapper without state, for a pickle to fill."""
    return kind.__new__(kind)
