"""How do named adapters live in a model? Their layers are put in, driven together, and taken out again.

The sites of a config are the method's: found, checked, and refused with a sentence before anything is changed. Adapters
are multiplied where several are active, and each row may have its own. The base weights are frozen and never changed,
but by ``merge_adapter`` and ``merge_and_unload``, which give modules new ones.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ia3_studio.method.merging import tied_configs
from ia3_studio.method.quantized import keep_differentiable
from ia3_studio.method.serving import BASE
from ia3_studio.method.sites import Selection
from ia3_studio.peft.config import IA3Config, PeftConfig, PeftType
from ia3_studio.peft.errors import KindError, StateError, as_peft_raises
from ia3_studio.peft.layer import IA3Layer, Place, layer_for
from ia3_studio.peft.modules_to_save import ModulesToSaveWrapper, set_whole, wrap_whole
from ia3_studio.peft.plan import Plan, bare, homes_of, inside, plan_of
from ia3_studio.peft.rows import ActiveRows, NamedRows

PREFIX = "ia3_"
"""What the names of (IA)³'s parameters begin with."""

Part = TypeVar("Part", IA3Layer, ModulesToSaveWrapper)


class IA3Model(nn.Module):
    """A model with the layers of named adapters in it.

    **Changes the model**: modules are replaced by layers around them, and all other weights are frozen.

    Args:
        model: the base model.
        peft_config: the config of the first adapter, or configs by name.
        adapter_name: the adapter that is put in.
        low_cpu_mem_usage: whether its vectors are made without memory, for a file to fill.
        state_dict: tensors whose keys say which modules are scaled, in place of the config.

    Raises:
        ConfigError: the config hits nothing in this model, or what cannot be scaled; the model is left alone.
    """

    prefix = PREFIX
    tuner_layer_cls = IA3Layer
    uses_shared_state = False

    def __init__(
        self,
        model: nn.Module,
        peft_config: PeftConfig | Mapping[str, PeftConfig],
        adapter_name: str,
        low_cpu_mem_usage: bool = False,
        state_dict: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        known: dict[str, IA3Config] = getattr(model, "peft_config", None) or {}
        if known:
            warnings.warn(
                "Already found a `peft_config` attribute in the model. This will lead to having multiple adapters in "
                "the model. Make sure to know what you are doing!",
                stacklevel=2,
            )
        given = {adapter_name: peft_config} if isinstance(peft_config, PeftConfig) else dict(peft_config)
        self.model = model
        self.peft_config = {**known, **{name: _of_ia3(config).copied() for name, config in given.items()}}
        self.targeted_module_names: list[str] = []
        self.targeted_parameter_names: list[str] = []
        self.active_adapter: str | list[str] = adapter_name
        self.plans: dict[str, Plan] = {}
        self._rows = next((layer._rows for layer in self._layers()), ActiveRows())
        self._thawed: tuple[nn.Parameter, ...] = ()
        self.inject_adapter(model, adapter_name, low_cpu_mem_usage=low_cpu_mem_usage, state_dict=state_dict)
        if known:
            set_adapter(model, adapter_name, inference_mode=self.peft_config[adapter_name].inference_mode)
        model.peft_config = self.peft_config  # type: ignore[assignment]

    @property
    def root(self) -> nn.Module:
        """Return the base model inside what torch.compile returned, if that is what was wrapped."""
        return inside(self.model)

    @property
    def active_adapters(self) -> list[str]:
        """Return the names of the adapters at work."""
        return [self.active_adapter] if isinstance(self.active_adapter, str) else self.active_adapter

    def __getattr__(self, name: str) -> Any:
        """Return what only the base model has."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == "model":  # not made yet
                raise
            return getattr(self.model, name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the base model with the adapters in it."""
        return self.model(*args, **kwargs)

    def inject_adapter(
        self,
        model: nn.Module,
        adapter_name: str,
        autocast_adapter_dtype: bool = True,
        low_cpu_mem_usage: bool = False,
        state_dict: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Put an adapter's layers into the model, as its config says; existing ones keep what they are.

        Raises:
            ConfigError: the config hits nothing in this model, or what cannot be scaled; the model is left alone.
        """
        config, model = self.peft_config[adapter_name], inside(model)
        plan = plan_of(model, config, state_dict)
        self.peft_config[adapter_name] = plan.config
        self.plans[adapter_name] = plan
        if not any(isinstance(module, IA3Layer) for module in model.modules()):
            self._thawed = tuple(parameter for parameter in model.parameters() if parameter.requires_grad)
            model.requires_grad_(False)
            keep_differentiable(model)
        self._put_layers(model, adapter_name, plan, low_cpu_mem_usage)
        is_active, is_trained = adapter_name in self.active_adapters, not plan.config.inference_mode
        wrap_whole(model, plan.heads, adapter_name, self._rows, active=is_active, trained=is_trained)
        for path in plan.paths:
            if path not in self.targeted_module_names:
                self.targeted_module_names.append(path)

    def set_adapter(self, adapter_name: str | list[str], inference_mode: bool = False) -> None:
        """Let adapters work, and be trained unless ``inference_mode``; several are multiplied.

        Raises:
            StateError: there is no such adapter, or two of them train the same module whole.
        """
        for name in [adapter_name] if isinstance(adapter_name, str) else adapter_name:
            self.require_known(name)
        set_adapter(self.model, adapter_name, inference_mode=inference_mode)
        self.active_adapter = adapter_name if isinstance(adapter_name, str) else list(adapter_name)

    def set_requires_grad(self, adapter_names: str | Sequence[str], requires_grad: bool = True) -> None:
        """Let adapters be trained, or not, whether they are active or not."""
        set_requires_grad(self.model, adapter_names, requires_grad)

    def enable_adapter_layers(self) -> None:
        """Let the active adapters work again."""
        for part in self._parts():
            part.enable_adapters(True)

    def disable_adapter_layers(self) -> None:
        """Let the base model work alone; a merge rests, and comes back with :meth:`enable_adapter_layers`."""
        for part in self._parts():
            part.enable_adapters(False)

    def delete_adapter(self, adapter_name: str) -> None:
        """Forget an adapter. When it was the only active one, the first of the others takes its place.

        Raises:
            StateError: there is no such adapter, or it is merged.
        """
        if adapter_name not in self.peft_config:
            raise StateError(f"Adapter {adapter_name} does not exist; there are {_listed(self.peft_config)}.")
        merged = {name for layer in self._layers() for name in layer.merged_adapters}
        if adapter_name in merged:
            raise StateError(
                f"Cannot delete adapter(s) {[adapter_name]} while they are merged. Please unmerge them first."
            )
        del self.peft_config[adapter_name]
        self.plans.pop(adapter_name, None)
        self.active_adapter = delete_adapter(self.model, adapter_name, self.prefix) or []

    def merge_adapter(self, adapter_names: Sequence[str] | None = None, safe_merge: bool = False) -> None:
        """Put adapters into the weights; they come back exactly with :meth:`unmerge_adapter`.

        Args:
            adapter_names: None means the active ones; others are merged too where they are named.
            safe_merge: accepted for PEFT's sake: NaN or infinite values are always rejected.

        Raises:
            StateError: the weights cannot be scaled (quantized, offloaded, or computed elsewhere).
        """
        self._merge(lambda layer: layer.merge(safe_merge=safe_merge, adapter_names=adapter_names))

    def unmerge_adapter(self) -> None:
        """Take all merges back: the weights are what they were, bit for bit."""
        merged = [layer for layer in self._layers() if layer.merged]
        if not merged:
            warnings.warn("Already unmerged. Nothing to do.", stacklevel=2)
        for layer in merged:
            layer.unmerge()

    def merge_and_unload(
        self, progressbar: bool = False, safe_merge: bool = False, adapter_names: Sequence[str] | None = None
    ) -> nn.Module:
        """Put adapters into the weights for good and return the plain model, with the heads that they trained.

        Args:
            progressbar: accepted for PEFT's sake; merging takes no time worth a bar.
            safe_merge: as for :meth:`merge_adapter`.
            adapter_names: None means the active ones.

        Raises:
            StateError: as for :meth:`merge_adapter`.
        """
        if adapter_names is not None or not all(layer.merged for layer in self._layers()):
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "All adapters are already merged")
                self.merge_adapter(adapter_names, safe_merge)
        for layer in self._layers():
            for config in tied_configs(self.root, layer.swaps):
                config.tie_word_embeddings = False  # else a saved model ties the scaled head again when loaded
            layer.keep_merge()
        return self._taken_out(lambda wrapper: wrapper.at_work)

    def unload(self) -> nn.Module:
        """Take all adapters out and return the base model, bit for bit what it was."""
        for layer in self._layers():
            if layer.merged:
                layer.unmerge()
        return self._taken_out(lambda wrapper: wrapper.original_module)

    def add_weighted_adapter(self, adapters: Sequence[str], weights: Sequence[float], adapter_name: str) -> None:
        """Add the adapter Σ wᵢ·lᵢ of some adapters; where one has no vector it counts as 1, the identity.

        Raises:
            StateError: there is no such adapter, not one weight is given for each, they scale different sides of one
                module, or train the same module whole.
        """
        if adapter_name in self.peft_config:
            return
        for name in adapters:
            if name not in self.peft_config:
                raise StateError(f"Adapter {name} does not exist; there are {_listed(self.peft_config)}.")
        if len(adapters) != len(weights) or not adapters:
            raise StateError(f"Got {len(adapters)} adapters but {len(weights)} weights; give one weight per adapter.")
        self._require_one_head(adapters)
        first = self.peft_config[adapters[0]]
        layers = {path: layer for path, layer in self._named_layers() if set(adapters) & set(layer.ia3_l)}
        places = {path: _common_place(path, layer, adapters) for path, layer in layers.items()}
        with bare(self.root):
            plan = Plan.of_places(self.root, places, first, self._heads_of(adapters))
        self.peft_config[adapter_name], self.plans[adapter_name] = plan.config, plan
        for path, layer in layers.items():
            layer.update_layer(adapter_name, plan.config, places[path])
            layer.set_requires_grad(adapter_name, False)
            with torch.no_grad():
                ones = torch.ones_like(layer.scale(adapter_name))
                scales = [layer.scale(name) if name in layer.ia3_l else ones for name in adapters]
                total = torch.stack([weight * scale for weight, scale in zip(weights, scales, strict=True)]).sum(dim=0)
                layer.ia3_l[adapter_name].copy_(total.view_as(layer.ia3_l[adapter_name]))
        for part in self.root.modules():
            owner = next((name for name in adapters if _has(part, name)), None)
            if isinstance(part, ModulesToSaveWrapper) and owner is not None:
                part.update(adapter_name)
                part.modules_to_save[adapter_name].load_state_dict(part.modules_to_save[owner].state_dict())

    def supports_lora_conversion(self, adapter_name: str = "default") -> bool:
        """Say that a scale is no low-rank sum."""
        return False

    @contextmanager
    def rows(self, names: Sequence[str]) -> Iterator[None]:
        """Run row i of every batch with the adapter names[i], or "__base__", inside a ``with`` block.

        Raises:
            StateError: there is no such adapter.
        """
        for name in set(names) - {BASE}:
            self.require_known(name)
        with ExitStack() as stack:
            for layer in self._layers():
                if layer.merged:
                    stack.enter_context(layer.paused())
            stack.enter_context(self._rows.during(NamedRows(names)))
            stack.enter_context(as_peft_raises())
            yield

    def require_known(self, name: str) -> None:
        """Refuse a name that no adapter has.

        Raises:
            StateError: there is no such adapter; the message names those that there are.
        """
        if name not in self.peft_config:
            near = difflib.get_close_matches(name, self.peft_config, n=3, cutoff=0.4) or list(self.peft_config)[:5]
            raise StateError(f"Adapter {name} not found. Use one of: {', '.join(near)}.")

    def plan(self, adapter_name: str) -> Plan:
        """Return where an adapter acts; of one that was put in by somebody else, as its layers say.

        Raises:
            StateError: there is no such adapter.
        """
        self.require_known(adapter_name)
        if adapter_name not in self.plans:
            layers = [(path, layer) for path, layer in self._named_layers() if adapter_name in layer.ia3_l]
            heads = tuple(path for path, module in self.root.named_modules() if _has(module, adapter_name))
            with bare(self.root):
                places = {path: layer.place_of(adapter_name) for path, layer in layers}
                self.plans[adapter_name] = Plan.of_places(self.root, places, self.peft_config[adapter_name], heads)
        return self.plans[adapter_name]

    def restrict(self, adapter_name: str, selection: Selection) -> None:
        """Let an adapter scale some channels only of the modules that it scales, as a selection says."""
        plan = self.plans[adapter_name] = self.plan(adapter_name).restricted(selection)
        for path, layer in self._named_layers():
            if path in plan.places:
                layer.restrict(adapter_name, plan.places[path].spans)

    @staticmethod
    def get_model_config(model: nn.Module) -> dict[str, Any]:
        """Return a model's config as plain values; of a model without one only that its type is "custom"."""
        config: Any = getattr(model, "config", None)
        if config is None:
            return {"model_type": "custom"}
        if isinstance(config, dict):
            return config
        return dict(config.to_dict()) if hasattr(config, "to_dict") else dict(vars(config))

    def _put_layers(self, model: nn.Module, adapter_name: str, plan: Plan, low_cpu_mem_usage: bool) -> None:
        homes = homes_of(model)
        for path, place in plan.places.items():
            above, _dot, name = path.rpartition(".")
            module = model.get_submodule(path)
            if not isinstance(module, IA3Layer):
                layer = layer_for(model.get_submodule(above), name, path, self._rows)
                layer.train(module.training)
                for home, its_name in homes[module]:
                    home._modules[its_name] = layer
                module = layer
            module.recomputed |= path in plan.recomputed
            module.update_layer(adapter_name, plan.config, place)
            if low_cpu_mem_usage:
                module.ia3_l[adapter_name] = nn.Parameter(module.ia3_l[adapter_name].detach().to("meta"))
            module.ia3_l[adapter_name].requires_grad_(
                adapter_name in self.active_adapters and not plan.config.inference_mode
            )
            module._active_adapter = list(self.active_adapters)

    def _merge(self, merge: Callable[[IA3Layer], None]) -> None:
        """Merge layer by layer; where one refuses, the others get back what they had."""
        before = {layer: list(layer.merged_adapters) for layer in self._layers()}
        try:
            for layer in before:
                merge(layer)
        except StateError:
            for layer, names in before.items():
                layer.merge_exactly(names)
            raise

    def _taken_out(self, whole: Callable[[ModulesToSaveWrapper], nn.Module]) -> nn.Module:
        homes = homes_of(self.root)
        for module, places in homes.items():
            if isinstance(module, IA3Layer | ModulesToSaveWrapper):
                own = module.remove() if isinstance(module, IA3Layer) else whole(module)
                for home, name in places:
                    home._modules[name] = own
        for parameter in self._thawed:
            parameter.requires_grad_(True)
        if "peft_config" in vars(self.model):
            del self.model.peft_config
        return self.model

    def _require_one_head(self, adapters: Sequence[str]) -> None:
        for module in self.root.modules():
            if isinstance(module, ModulesToSaveWrapper) and sum(_has(module, name) for name in adapters) > 1:
                raise StateError(
                    "Cannot add weighted adapters targeting the same module with modules_to_save; combine at most one "
                    "adapter with a head."
                )

    def _heads_of(self, adapters: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(path for name in adapters for path in self.plan(name).heads))

    def _layers(self) -> list[IA3Layer]:
        return [module for module in self.root.modules() if isinstance(module, IA3Layer)]

    def _named_layers(self) -> list[tuple[str, IA3Layer]]:
        return [(path, module) for path, module in self.root.named_modules() if isinstance(module, IA3Layer)]

    def _parts(self) -> list[IA3Layer | ModulesToSaveWrapper]:
        return [module for module in self.root.modules() if isinstance(module, IA3Layer | ModulesToSaveWrapper)]


BaseTuner = IA3Model
"""(IA)³ is the only method here, so its tuner is every method's."""


PEFT_TYPE_TO_TUNER_MAPPING: dict[PeftType, type[IA3Model]] = {PeftType.IA3: IA3Model}
"""The tuner of each method."""

PEFT_TYPE_TO_PREFIX_MAPPING: dict[PeftType, str] = {PeftType.IA3: PREFIX}
"""What the names of each method's parameters begin with."""


def inspect_matched_modules(tuner: Any, adapter_name: str = "default") -> dict[str, list[str]]:
    """Return the paths that an adapter scales ("matched") and those that it does not ("unmatched")."""
    matched = list(tuner.plan(adapter_name).paths)
    with bare(tuner.root):
        paths = [path for path, _module in tuner.root.named_modules() if path]
    return {"matched": [path for path in paths if path in matched],
            "unmatched": [path for path in paths if path not in matched]}  # fmt: skip


def inject_adapter_in_model(
    peft_config: PeftConfig,
    model: nn.Module,
    adapter_name: str = "default",
    low_cpu_mem_usage: bool = False,
    state_dict: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """Put an adapter's layers into a model and return the model itself, without a wrapper.

    Raises:
        ConfigError: the config hits nothing in this model, or what cannot be scaled; the model is left alone.
    """
    return IA3Model(model, peft_config, adapter_name, low_cpu_mem_usage, state_dict).model


def set_adapter(
    model: nn.Module,
    adapter_name: str | list[str],
    inference_mode: bool = False,
    layer_cls: type[IA3Layer] = IA3Layer,
) -> None:
    """Let adapters of a model work, and be trained unless ``inference_mode``; a merge is taken back before."""
    set_whole(model, adapter_name, inference_mode)
    for module in model.modules():
        if isinstance(module, layer_cls):
            if module.merged:
                warnings.warn(
                    "Adapter cannot be set when the model is merged. Unmerging the model first.", stacklevel=2
                )
                module.unmerge()
            module.set_adapter(adapter_name, inference_mode=inference_mode)


def delete_adapter(
    model: nn.Module, adapter_name: str, prefix: str = PREFIX, layer_cls: type[IA3Layer] = IA3Layer
) -> list[str] | None:
    """Forget an adapter of a model, and return the names of those that are active now; None where there are no layers.

    Raises:
        StateError: it is merged.
    """
    active: list[str] | None = None
    layers = [module for module in model.modules() if isinstance(module, layer_cls)]
    others = sorted({name for layer in layers for name in layer.ia3_l} - {adapter_name})
    for layer in layers:
        was_alone = layer.active_adapters == [adapter_name]
        layer.delete_adapter(adapter_name)
        if was_alone:
            layer.set_adapter(others[:1])
        active = layer.active_adapters if active is None else active
    for module in model.modules():
        if isinstance(module, ModulesToSaveWrapper):
            module.delete_adapter(adapter_name, active)
    return active


def set_requires_grad(model: nn.Module, adapter_names: str | Sequence[str], requires_grad: bool = True) -> None:
    """Let adapters of a model be trained, or not."""
    for module in model.modules():
        if isinstance(module, IA3Layer | ModulesToSaveWrapper):
            module.set_requires_grad(adapter_names, requires_grad)


def cast_adapter_dtype(model: nn.Module, adapter_name: str, autocast_adapter_dtype: bool = True) -> None:
    """Keep an adapter's vectors in float32 where its base is in half precision, unless that is not wanted."""
    if not autocast_adapter_dtype:
        return
    for module in model.modules():
        if isinstance(module, IA3Layer) and adapter_name in module.ia3_l:
            vector = module.ia3_l[adapter_name]
            if vector.dtype.itemsize < torch.float32.itemsize:
                module.ia3_l[adapter_name] = nn.Parameter(vector.detach().float(), vector.requires_grad)


def _of_ia3(config: PeftConfig) -> IA3Config:
    if not isinstance(config, IA3Config):
        kind = getattr(config, "peft_type", None) or type(config).__name__
        raise KindError(f"The config is of the method {kind}; IA3 Studio supports IA3 only, so give an IA3Config.")
    return config


def _common_place(path: str, layer: IA3Layer, adapters: Sequence[str]) -> Place:
    """Return where a combination acts on a module: as its parts do, on all the channels that any of them scales."""
    places = [layer.place_of(name) for name in adapters if name in layer.ia3_l]
    if len({place.side for place in places}) > 1:
        raise StateError(f"These adapters scale different sides of {path}; combine adapters that scale the same side.")
    whole = len({place.spans for place in places}) > 1
    return Place(places[0].side, places[0].channels, () if whole else places[0].spans)


def _has(module: nn.Module, adapter_name: str) -> bool:
    return isinstance(module, ModulesToSaveWrapper) and adapter_name in module.modules_to_save


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(names) or "none"
