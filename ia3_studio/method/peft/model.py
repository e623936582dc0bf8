"""How does a program written for PEFT drive (IA)³ here? The model itself answers to PEFT's names.

``get_peft_model`` gives the model object a class that is both its own and :class:`PeftModel`, as torch's
parametrisations do. So ``forward`` keeps its signature, ``generate`` and transformers' Trainer work, and
``save_pretrained``, which Trainer calls, writes the adapter. :meth:`PeftModel.unload` gives the class back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method.adapter import Adapter
from ia3_studio.method.loading import fit
from ia3_studio.method.peft.config import IA3Config
from ia3_studio.method.peft.registry import AdapterRegistry, fresh, parameter_name
from ia3_studio.method.serving import BASE, serve

Model = TypeVar("Model", bound=nn.Module)


class PeftModel(nn.Module):
    """A model with named (IA)³ adapters, under PEFT's names.

    Base weights are frozen and never changed, but by ``merge_adapter`` and ``merge_and_unload``. Made by
    :func:`get_peft_model` or :meth:`from_pretrained`.
    """

    _ia3: AdapterRegistry

    @classmethod
    def from_pretrained(
        cls,
        model: Model,
        model_id: Path | str,
        adapter_name: str = "default",
        is_trainable: bool = False,
        config: IA3Config | None = None,
        *,
        strict: bool = True,
    ) -> Model:
        """Put a saved adapter on a model. **Changes the model's class and freezes its weights.**

        Args:
            model: the base model the adapter was trained on.
            model_id: an adapter's folder, written here or by PEFT.
            adapter_name: the name it gets.
            is_trainable: whether the adapter is trained further.
            config: used in place of the folder's own.
            strict: False takes what fits and goes without the rest.

        Raises:
            AdapterError: the folder has no (IA)³ adapter, or one that does not fit; the message lists the differences.
        """
        adapter = fit(model, Adapter.load(model_id), strict=strict, source=f"in {model_id}")
        own = config or IA3Config.from_pretrained(model_id)
        _open(model, adapter_name).put(adapter_name, own, adapter)
        model.set_adapter(adapter_name, inference_mode=not is_trainable)  # type: ignore[operator]
        return model

    @property
    def peft_config(self) -> dict[str, IA3Config]:
        """Return the configs by the adapters' names."""
        return self._ia3.configs

    @property
    def active_adapter(self) -> str:
        """Return the name of the adapter at work."""
        return self._ia3.active

    @property
    def active_adapters(self) -> list[str]:
        """Return the name of the adapter at work, as a list."""
        return [self._ia3.active]

    def get_base_model(self) -> nn.Module:
        """Return the model itself, adapters on, as PEFT does; :meth:`unload` takes them off."""
        return self

    def add_adapter(self, adapter_name: str, peft_config: IA3Config) -> None:
        """Add a fresh adapter of any sites and sides; it is not active yet.

        Raises:
            AdapterError: the name is taken.
            SelectionError: the config hits nothing in this model.
        """
        desk = self._ia3
        desk.require_free(adapter_name)
        with desk.without_heads():
            adapter, heads = fresh(self, peft_config)
        desk.put(adapter_name, peft_config, adapter, heads)
        desk.train_only_active()

    def load_adapter(
        self, model_id: Path | str, adapter_name: str, is_trainable: bool = False, *, strict: bool = True
    ) -> None:
        """Load a saved adapter under a name; it becomes active only with :meth:`set_adapter`.

        An existing adapter of that name is overwritten, as when training is resumed.

        Raises:
            AdapterError: the folder holds no (IA)³ adapter, or one that does not fit.
        """
        desk = self._ia3
        with desk.without_heads():
            adapter = fit(self, Adapter.load(model_id), strict=strict, source=f"in {model_id}")
        if adapter_name in desk.configs:
            desk.overwrite(adapter_name, adapter)
        else:
            desk.put(adapter_name, IA3Config.from_pretrained(model_id), adapter)
        desk.configs[adapter_name] = replace(desk.configs[adapter_name], inference_mode=not is_trainable)
        desk.train_only_active()

    def set_adapter(self, adapter_name: str, inference_mode: bool = False) -> None:
        """Let one adapter work, and be trained unless ``inference_mode``; all others rest, frozen.

        Raises:
            AdapterError: there is no such adapter, or the active one is merged.
        """
        self._ia3.switch(adapter_name, inference_mode)

    def delete_adapter(self, adapter_name: str) -> None:
        """Forget an adapter. When it was active, the first of the others takes its place.

        Raises:
            AdapterError: there is no such adapter, it is the last one, or it is merged.
        """
        desk = self._ia3
        desk.serving.parameter(adapter_name)
        others = [name for name in desk.configs if name != adapter_name]
        if not others:
            raise AdapterError(f"{adapter_name!r} is the last adapter; use unload() to get the base model.")
        if desk.active == adapter_name:
            self.set_adapter(others[0])
        desk.drop(adapter_name)

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        """Run the base model, bit for bit, inside a ``with`` block; a merge is restored when the block ends."""
        with self._ia3.serving.rows(BASE), self._ia3.without_heads():
            yield

    def merge_adapter(self, adapter_names: Sequence[str] | None = None, safe_merge: bool = False) -> None:
        """Put the active adapter into the weights; they come back exactly with :meth:`unmerge_adapter`.

        Args:
            adapter_names: None, or the active adapter alone.
            safe_merge: accepted for compatibility: NaN or infinite values are always rejected.

        Raises:
            AdapterError: another adapter is given, or the weights cannot be scaled (quantized, offloaded).
        """
        self._ia3.merge(adapter_names)

    def unmerge_adapter(self) -> None:
        """Take the merge back: the weights are what they were, bit for bit."""
        self._ia3.unmerge()

    def merge_and_unload(
        self, progressbar: bool = False, safe_merge: bool = False, adapter_names: Sequence[str] | None = None
    ) -> nn.Module:
        """Put the active adapter into the weights for good and return the plain model.

        Raises:
            AdapterError: another adapter is named, or the weights cannot be scaled.
        """
        self._ia3.keep_merge(adapter_names)
        return _close(self)

    def unload(self) -> nn.Module:
        """Take all adapters off and return the base model, bit for bit what it was."""
        self.unmerge_adapter()
        return _close(self)

    def get_nb_trainable_parameters(self) -> tuple[int, int]:
        """Return the number of trainable parameters and of all parameters."""
        counts = [(parameter.numel(), parameter.requires_grad) for parameter in self.parameters()]
        return sum(count for count, trained in counts if trained), sum(count for count, _trained in counts)

    def print_trainable_parameters(self) -> None:
        """Print how much of the model is trained."""
        trained, all_of_it = self.get_nb_trainable_parameters()
        share = 100 * trained / all_of_it
        print(f"trainable params: {trained:,d} || all params: {all_of_it:,d} || trainable%: {share:.4f}")

    def save_pretrained(
        self,
        save_directory: Path | str,
        safe_serialization: bool = True,
        selected_adapters: Sequence[str] | None = None,
        is_main_process: bool = True,
        state_dict: dict[str, Any] | None = None,
    ) -> None:
        """Write the adapters as PEFT lays them out: "default" into the folder, any other into one of its name.

        A folder called as Trainer calls its checkpoints also gets what Trainer resumes from.

        Args:
            save_directory: the folder.
            safe_serialization: must stay True; pickles are not written.
            selected_adapters: names; None means all.
            is_main_process: False writes nothing.
            state_dict: accepted for Trainer; the adapters' own vectors are saved.

        Raises:
            AdapterError: PEFT's files cannot say what the adapter does, or a pickle was asked for.
        """
        if not safe_serialization:
            raise AdapterError(
                "safe_serialization=False would write a pickle, which can run code when it is opened; "
                "safetensors is written instead."
            )
        for name in selected_adapters or self._ia3.configs:
            adapter = self.adapter(name)
            if is_main_process:
                adapter.save(Path(save_directory) / ("" if name == "default" else name))
        if is_main_process and re.fullmatch(r"checkpoint-\d+", Path(save_directory).name):
            self._ia3.save_for_trainer(Path(save_directory))

    def adapter(self, adapter_name: str | None = None) -> Adapter:
        """Return a copy of an adapter as data; of the active one when no name is given."""
        return self._ia3.adapter(self._ia3.active if adapter_name is None else adapter_name)

    def generate(self, *args: Any, adapter_names: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Generate as the model does; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        with self._rows(adapter_names):
            return super().generate(*args, **kwargs)  # type: ignore[misc]

    def __call__(self, *args: Any, adapter_names: Sequence[str] | None = None, **kwargs: Any) -> Any:
        """Run the model; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        with self._rows(adapter_names):
            return super().__call__(*args, **kwargs)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle and copy by the model's own class: the class with both has no module that it could be found in."""
        return _renewed, (self._ia3.plain,), self.__dict__

    def _rows(self, names: Sequence[str] | None) -> Any:
        return nullcontext() if names is None else self._ia3.rows(names)


def get_peft_model(model: Model, peft_config: IA3Config, adapter_name: str = "default") -> Model:
    """Put a fresh adapter on a model. **Changes the model's class and freezes its weights.**

    Raises:
        SelectionError: the config hits nothing in this model, or the model has adapters already.

    Example:
        >>> model = get_peft_model(model, IA3Config(task_type="CAUSAL_LM"))          # doctest: +SKIP
        >>> model.print_trainable_parameters()                                       # doctest: +SKIP
        trainable params: 57,600 || all params: 134,572,608 || trainable%: 0.0428
    """
    if isinstance(model, PeftModel):
        raise SelectionError("This model already has adapters; use add_adapter to add another.")
    adapter, heads = fresh(model, peft_config)
    _open(model, adapter_name).put(adapter_name, peft_config, adapter, heads)
    model.set_adapter(adapter_name, inference_mode=peft_config.inference_mode)  # type: ignore[operator]
    return model


def _open(model: nn.Module, name: str) -> AdapterRegistry:
    """Give a model its second class and return its place for adapters; freeze its weights."""
    if isinstance(model, PeftModel):
        raise SelectionError("This model already has adapters; use load_adapter to add another.")
    plain = type(model)
    thawed = tuple(parameter for parameter in model.parameters() if parameter.requires_grad)
    model.requires_grad_(False)
    desk = AdapterRegistry(model, plain, serve(model, {}), thawed, name)
    model.__class__ = _both(plain)
    model._ia3 = desk  # type: ignore[assignment]
    return desk


def _both(plain: type[nn.Module]) -> type[PeftModel]:
    """Return the class that is a model's own and PeftModel."""
    return type(f"Peft{plain.__name__}", (PeftModel, plain), {"__module__": plain.__module__})


def _renewed(plain: type[nn.Module]) -> PeftModel:
    """Return an object without state, for a pickle to fill."""
    both = _both(plain)
    return both.__new__(both)


def _close(model: PeftModel) -> nn.Module:
    """Take everything off again."""
    desk = model._ia3
    for name in desk.configs:
        delattr(model, parameter_name(name))
    desk.remove_heads()
    desk.serving.detach()
    for parameter in desk.thawed:
        parameter.requires_grad_(True)
    del model._ia3
    model.__class__ = desk.plain  # type: ignore[assignment]
    return model
