"""What state does a model with PEFT's API have? Its named adapters: which is active, trained, merged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from ia3_studio.errors import AdapterError
from ia3_studio.method.adapter import Adapter
from ia3_studio.method.heads import Heads
from ia3_studio.method.loading import heads_in
from ia3_studio.method.merging import Merged, merge
from ia3_studio.method.peft.config import IA3Config, heads_of, selection_of
from ia3_studio.method.peft.targets import name_of, name_targets
from ia3_studio.method.serving import Serving


@dataclass
class AdapterRegistry:
    """The named adapters of one model, each with its config and heads."""

    model: nn.Module
    plain: type[nn.Module]
    """The model's own class."""
    serving: Serving
    thawed: tuple[nn.Parameter, ...]
    """Parameters that were trainable before they were frozen."""
    active: str
    configs: dict[str, IA3Config] = field(default_factory=dict)
    heads: dict[str, Heads] = field(default_factory=dict)
    merged: Merged | None = None

    def put(self, name: str, config: IA3Config, adapter: Adapter, heads: tuple[str, ...] | None = None) -> None:
        """Lay an adapter down under a name. **Registers its vector on the model.**"""
        with self.without_heads():
            self.serving.add(name, replace(adapter, heads={}))  # heads stand in the model here, one adapter's at a time
            paths = heads_in(self.model, adapter) if heads is None else heads
            if paths:
                self.heads[name] = Heads(self.model, paths)
                self.heads[name].load(adapter.heads)
                self.serving.acquire(name, self.heads[name].modules)
        self.configs[name] = replace(config)
        self.model.register_parameter(parameter_name(name), self.serving.parameter(name))

    def overwrite(self, name: str, adapter: Adapter) -> None:
        """Replace the vectors of a named adapter. **Overwrites the current ones.**

        Raises:
            AdapterError: it has other sites, or is merged.
        """
        if self.serving.adapter(name).selection != adapter.selection:
            raise AdapterError(f"The name {name!r} is used by an adapter with other sites; choose another name.")
        if name == self.active:
            self.require_unmerged("load")
        with torch.no_grad():
            self.serving.parameter(name).copy_(adapter.vector)
        if name in self.heads:
            self.heads[name].load(adapter.heads)

    def switch(self, name: str, inference_mode: bool) -> None:
        """Let one adapter work, with its heads in the model's place.

        Raises:
            AdapterError: there is no such adapter, or the active one is merged.
        """
        self.require_unmerged("switch")
        self.serving.switch(name)
        self.remove_heads()
        if name in self.heads:
            self.heads[name].install()
        self.active = name
        self.configs[name] = replace(self.configs[name], inference_mode=inference_mode)
        self.train_only_active()

    def drop(self, name: str) -> None:
        """Forget an adapter that is not active."""
        self.serving.remove(name)
        delattr(self.model, parameter_name(name))
        del self.configs[name]
        self.heads.pop(name, None)

    def train_only_active(self) -> None:
        """Let the active adapter be trained, unless its config says no, and nothing else."""
        for name, config in self.configs.items():
            trained = name == self.active and not config.inference_mode
            self.serving.parameter(name).requires_grad_(trained)
            if name in self.heads:
                for parameter in self.heads[name].parameters():
                    parameter.requires_grad_(trained)

    def merge(self, names: Sequence[str] | None) -> None:
        """Merge the active adapter into the weights.

        Raises:
            AdapterError: another adapter is given, it is already merged, or the weights cannot be scaled.
        """
        if names is not None and list(names) != [self.active]:
            raise AdapterError(
                f"Only the active adapter {self.active!r} can be merged, not {list(names)}; call set_adapter first."
            )
        self.require_unmerged("merge")
        self.merged = merge(self.model, self.serving.adapter(self.active))
        self.serving.suspend_hooks(self.merged)

    def unmerge(self) -> None:
        """Take the merge back, bit for bit."""
        if self.merged is None:
            return
        self.serving.suspend_hooks(None)
        self.merged.undo()
        self.merged = None

    def keep_merge(self, names: Sequence[str] | None) -> None:
        """Put the active adapter into the weights for good, with its heads.

        Raises:
            AdapterError: as :meth:`merge`.
        """
        if self.merged is None:
            self.merge(names)
        assert self.merged is not None
        self.serving.suspend_hooks(None)
        self.merged.keep()
        if self.active in self.heads:
            self.heads[self.active].keep()

    def adapter(self, name: str) -> Adapter:
        """Return a copy of a named adapter, with names that PEFT finds its sites by."""
        found = self.serving.adapter(name)
        heads = self.heads.get(name)
        base = self.configs[name].base_model_name_or_path or name_of(self.model)
        return replace(
            found,
            selection=replace(found.selection, base_model=base),
            targets=name_targets(found.selection, self.model, heads.paths if heads else ()),
            heads=heads.tensors() if heads else {},
        )

    def save_for_trainer(self, folder: Path) -> None:
        """Write what is being trained under the names it has in the model.

        Trainer reads PEFT's files only into PEFT's own class; into any other model it loads this one, by name.
        """
        trained = {
            name: parameter.detach().cpu().contiguous()
            for name, parameter in self.model.named_parameters()
            if parameter.requires_grad
        }
        save_file(trained, folder / "model.safetensors", metadata={"format": "pt"})

    def remove_heads(self) -> None:
        """Put the model's own modules back where the active adapter's stand."""
        heads = self.heads.get(self.active)
        if heads:
            heads.remove()

    @contextmanager
    def without_heads(self) -> Iterator[None]:
        """Show the model's own modules inside a ``with`` block."""
        heads = self.heads.get(self.active)
        with heads.paused() if heads else nullcontext():
            yield

    @contextmanager
    def rows(self, names: Sequence[str]) -> Iterator[None]:
        """Run each row with its adapter and head inside a ``with`` block, which stands for the whole model.

        **The model's own heads stand in its place meanwhile**: calls of other threads would meet them.
        """
        heads = self.without_heads() if self.heads else nullcontext()
        with heads, self.serving.rows(*names):
            yield

    def require_unmerged(self, verb: str) -> None:
        """Refuse what would make a merge stale.

        Raises:
            AdapterError: the active adapter is merged.
        """
        if self.merged is not None:
            raise AdapterError(
                f"The adapter {self.active!r} is merged into the weights; call unmerge_adapter() first, then {verb}."
            )

    def require_free(self, name: str) -> None:
        """Refuse a name that is taken, or that registers like one that is.

        Raises:
            AdapterError: it is taken.
        """
        if name in self.configs or parameter_name(name) in self.model._parameters:
            raise AdapterError(f"An adapter named {name!r} already exists; choose another name or delete it first.")


def fresh(model: nn.Module, config: IA3Config) -> tuple[Adapter, tuple[str, ...]]:
    """Return an untrained adapter as a config wants it, and the paths of the modules to train whole.

    Raises:
        SelectionError: the config hits nothing in this model.
    """
    selection = selection_of(config, model)
    numbers = torch.ones(selection.parameters) if config.init_ia3_weights else torch.randn(selection.parameters)
    metadata = {"task_type": str(config.task_type)} if config.task_type else {}
    return Adapter(selection, numbers, metadata), heads_of(config, model)


def parameter_name(adapter_name: str) -> str:
    """Return the name under which a vector is registered.

    The ending keeps Trainer's weight decay away, which pulls towards 0 where (IA)³'s identity is 1: transformers
    exempts what is called a norm.
    """
    return f"ia3_{re.sub(r'[^0-9A-Za-z]', '_', adapter_name)}_norm"
