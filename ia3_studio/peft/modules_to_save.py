"""Which modules does an adapter train whole? Its own copies of them, in PEFT's wrapper.

    <path>.original_module          the base model's module, never changed
    <path>.modules_to_save.<name>   each adapter's copy

The active adapter's copy works in the module's place; while rows have adapters of their own, each row's copy does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ia3_studio.method.heads import rows_of, without_hooks
from ia3_studio.method.serving import BASE
from ia3_studio.peft.errors import KindError, StateError
from ia3_studio.peft.layer import IA3Layer
from ia3_studio.peft.rows import ActiveRows, NamedRows


class ModulesToSaveWrapper(nn.Module):
    """A module of the base model with the copies that adapters train.

    Raises:
        KindError: the module is a container without a ``forward``, or is scaled already.
    """

    adapter_layer_names: tuple[str, ...] = ("modules_to_save",)
    other_param_names: tuple[str, ...] = ()
    merged_adapters: tuple[str, ...] = ()

    def __init__(self, module_to_save: nn.Module, adapter_name: str, rows: ActiveRows | None = None) -> None:
        super().__init__()
        containers = nn.ModuleDict | nn.ModuleList | nn.ParameterDict | nn.ParameterList
        if isinstance(module_to_save, containers | IA3Layer):
            raise KindError(f"modules_to_save cannot be applied to modules of type {type(module_to_save)}")
        self.original_module = module_to_save
        self.modules_to_save = nn.ModuleDict({})
        self._rows = rows or ActiveRows()
        self._active_adapter: list[str] = [adapter_name]
        self._disable_adapters = False
        self.update(adapter_name)

    @property
    def disable_adapters(self) -> bool:
        """Say whether the base model's module works."""
        return self._disable_adapters

    @property
    def active_adapter(self) -> str | list[str]:
        """Return the name of the adapter whose copy works, or an empty list."""
        return self._active_adapter[0] if self._active_adapter else []

    @property
    def active_adapters(self) -> list[str]:
        """Return the name of the adapter whose copy works, as a list."""
        return self._active_adapter

    @property
    def merged(self) -> bool:
        """Say that copies are never merged."""
        return False

    def __getattr__(self, name: str) -> Any:
        """Return what the module at work has: models read the attributes of their parts."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if "_modules" not in self.__dict__ or name in ("original_module", "modules_to_save"):
                raise
            return getattr(self.at_work, name)

    @property
    def at_work(self) -> nn.Module:
        """Return the active adapter's copy, or the base model's module where there is none."""
        here = [name for name in self._active_adapter if name in self.modules_to_save]
        return self.modules_to_save[here[0]] if here and not self._disable_adapters else self.original_module

    def update(self, adapter_name: str) -> None:
        """Give an adapter its copy; one that it has stays."""
        if adapter_name not in self.modules_to_save:
            self.modules_to_save[adapter_name] = without_hooks(self.original_module)
        self.original_module.requires_grad_(False)
        self.modules_to_save[adapter_name].requires_grad_(adapter_name in self._active_adapter)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the module at work, or for each row the copy of its own adapter."""
        rows = self._rows.rows
        if rows is None or self._disable_adapters:
            return self.at_work(*args, **kwargs)
        return self._by_rows(rows, args, kwargs)

    def enable_adapters(self, enabled: bool) -> None:
        """Let the copies work and be trained, or the base model's module work."""
        self._disable_adapters = not enabled
        for name, module in self.modules_to_save.items():
            module.requires_grad_(enabled and name in self._active_adapter)

    def check_set_adapter(self, adapter_name: str | Sequence[str]) -> str | None:
        """Return the one of some names that has a copy here, None where none has.

        Raises:
            StateError: several have one; only one can work.
        """
        names = [adapter_name] if isinstance(adapter_name, str) else list(adapter_name)
        here = [name for name in names if name in self.modules_to_save]
        if len(here) > 1:
            raise StateError(
                f"Only one adapter can be set at a time for {self}, got {len(here)}; each has a copy of this module."
            )
        return here[0] if here else None

    def set_adapter(self, adapter_names: str | Sequence[str], inference_mode: bool = False) -> None:
        """Let one adapter's copy work, and be trained unless ``inference_mode``; an empty list means none.

        Raises:
            StateError: there is no such copy, or several are named.
        """
        names = [adapter_names] if isinstance(adapter_names, str) else list(adapter_names)
        if len(names) > 1:
            raise StateError(f"Attempted to set multiple ({names}) adapters at once for modules_to_save; name one.")
        if names and names[0] not in self.modules_to_save:
            raise StateError(f"Adapter {names[0]} not found in {set(self.modules_to_save)}")
        for name, module in self.modules_to_save.items():
            module.requires_grad_(name in names and not inference_mode)
        self._active_adapter = names

    def set_requires_grad(self, adapter_names: str | Sequence[str], requires_grad: bool = True) -> None:
        """Let the copies of some adapters be trained, or not."""
        names = {adapter_names} if isinstance(adapter_names, str) else set(adapter_names)
        for name in names & set(self.modules_to_save):
            self.modules_to_save[name].requires_grad_(requires_grad)

    def delete_adapter(self, adapter_name: str, new_active_adapters: Sequence[str] | None = None) -> None:
        """Forget an adapter's copy; one of the new active adapters takes its place where it has one.

        Raises:
            StateError: several new active adapters are named.
        """
        if adapter_name not in self.modules_to_save:
            return
        names = list(new_active_adapters or ())
        if len(names) > 1:
            raise StateError(
                f"Attempted to set multiple ({names}) adapters at once for {type(self).__name__}, which is not allowed."
            )
        if adapter_name in self._active_adapter or names != self._active_adapter:
            self.set_adapter([name for name in names if name in self.modules_to_save and name != adapter_name])
        del self.modules_to_save[adapter_name]

    def adapter_state_dict(self, adapter_name: str, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return an adapter's tensors by their names in the module, from this wrapper's state."""
        return {key: state_dict[where] for key, where in self.adapter_state_dict_load_map(adapter_name).items()}

    def adapter_state_dict_load_map(self, adapter_name: str) -> dict[str, str]:
        """Return for each name in a saved file where the tensor is in this wrapper."""
        if adapter_name not in self.modules_to_save:
            return {}
        names = self.modules_to_save[adapter_name].state_dict()
        return {name: f"modules_to_save.{adapter_name}.{name}" for name in names}

    def _get_available_adapters(self) -> set[str]:
        return set(self.modules_to_save.keys())

    @property
    def _adapters(self) -> set[str]:
        return self._get_available_adapters()

    def _by_rows(self, rows: NamedRows, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run each row's module on its rows; the rows that use one are run together."""
        inputs = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor) and value.dim()]
        names = rows.of_batch(len(inputs[0]))
        result: Tensor | None = None
        for name in dict.fromkeys(names):
            own = name != BASE and name in self.modules_to_save
            module = self.modules_to_save[name] if own else self.original_module
            chosen = torch.tensor([row for row, each in enumerate(names) if each == name], device=inputs[0].device)
            part = module(
                *(rows_of(value, chosen, len(names)) for value in args),
                **{key: rows_of(value, chosen, len(names)) for key, value in kwargs.items()},
            )
            if not isinstance(part, Tensor):
                raise KindError(
                    f"A {type(module).__name__} returns more than one tensor, so its rows cannot be put together; run "
                    "rows with different adapters in separate batches."
                )
            result = part.new_empty((len(names), *part.shape[1:])) if result is None else result
            result = result.index_copy(0, chosen, part)
        return result


AuxiliaryTrainingWrapper = ModulesToSaveWrapper
"""The only kind of wrapper that (IA)³ has."""


def wrap_whole(
    model: nn.Module, paths: Sequence[str], adapter_name: str, rows: ActiveRows, *, active: bool, trained: bool
) -> None:
    """Give an adapter its copies of some modules. **Replaces the modules by wrappers** where they have none."""
    for path in paths:
        above, _dot, name = path.rpartition(".")
        home = model.get_submodule(above)
        module = home.get_submodule(name)
        if isinstance(module, ModulesToSaveWrapper):
            module.update(adapter_name)
        else:
            module = ModulesToSaveWrapper(module, adapter_name, rows)
            setattr(home, name, module)
            module.set_adapter([])
        if active:
            module.set_adapter(adapter_name, inference_mode=not trained)


def set_whole(model: nn.Module, adapter_name: str | Sequence[str], inference_mode: bool = False) -> None:
    """Let the copies of some adapters work; wrappers without one let the base model's module work."""
    for module in model.modules():
        if isinstance(module, ModulesToSaveWrapper):
            name = module.check_set_adapter(adapter_name)
            module.set_adapter([] if name is None else name, inference_mode=inference_mode)
