"""How do many adapters share one model, each row of a batch with its own?

The model's weights and its state_dict stay untouched. Which adapter a row uses is decided for each call, in the
thread that makes it. An adapter with its own head is served with it: each row uses its own head.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ia3_studio.errors import AdapterError
from ia3_studio.method.heads import Heads, by_rows
from ia3_studio.method.rows import RowAssignment, Vectors, mixes_rows
from ia3_studio.method.scaling import Hooks, device_of, hook_points

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter

BASE = "__base__"
"""The name by which a row asks for the base model, as in PEFT."""


class Serving(Hooks):
    """Named adapters on one model, of any sites and sides; the handle to choose among them.

    **The model's weights are never changed**, and a call that chooses nothing gets the base model until
    :meth:`switch` says otherwise.
    """

    def __init__(self, model: nn.Module, adapters: Mapping[str, Adapter]) -> None:
        super().__init__(model, self._assignment((None,), (1.0,)))
        self._head_hooks: dict[str, torch.utils.hooks.RemovableHandle] = {}
        self._adapters: dict[str, Adapter] = {}
        self._vectors: dict[str, Vectors] = {}
        self._parameters: dict[str, nn.Parameter] = {}
        self._recent: RowAssignment | None = None
        for name, adapter in adapters.items():
            self.add(name, adapter)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names that rows may use in addition to "__base__"."""
        return tuple(self._vectors)

    def add(self, name: str, adapter: Adapter) -> None:
        """Make an adapter available under a name.

        Raises:
            AdapterError: the name is already used, or the adapter has a head that the model does not have.
            SelectionError: a site does not exist in the model or has another size there.
        """
        if name == BASE or name in self._vectors:
            raise AdapterError(f"The name {name!r} is already used; choose another name for this adapter.")
        found, heads = hook_points(self.model, adapter.selection), self._own_heads(adapter)
        flat = nn.Parameter(adapter.vector.detach().clone().to(device_of(self.model)), requires_grad=False)
        self._adapters[name] = adapter
        self._parameters[name] = flat
        self._vectors[name] = Vectors(adapter.selection, found, flat)
        self._add_hooks(found)
        self.acquire(name, heads)

    def acquire(self, name: str, heads: Mapping[str, nn.Module]) -> None:
        """Send the rows of an adapter through these modules where the model's own stand, by path."""
        self._vectors[name].heads.update(heads)
        for path in heads:
            if path not in self._head_hooks:
                hook = partial(self._through_heads, path)
                module = self.model.get_submodule(path)
                self._head_hooks[path] = module.register_forward_hook(hook, with_kwargs=True)

    def remove(self, name: str) -> None:
        """Forget an adapter, and the hooks that only it needed; calls under way keep it until they end.

        Raises:
            AdapterError: there is no such name.
        """
        gone = self._find(name)
        if gone is None:
            raise AdapterError("The base model cannot be removed; call detach instead.")
        if self._default.uses(gone):
            self.switch(BASE)
        del self._vectors[name], self._parameters[name], self._adapters[name]
        needed = {key for vectors in self._vectors.values() for key in vectors.hook_points}
        for key in [key for key in self._hooks if key not in needed]:
            self._hooks.pop(key).remove()
        headed = {path for vectors in self._vectors.values() for path in vectors.heads}
        for path in [path for path in self._head_hooks if path not in headed]:
            self._head_hooks.pop(path).remove()

    def detach(self) -> None:
        """Remove the hooks, undo a merge; the model is the base model again, bit for bit."""
        for hook in self._head_hooks.values():
            hook.remove()
        self._head_hooks = {}
        super().detach()

    def parameter(self, name: str) -> nn.Parameter:
        """Return an adapter's flat parameter, shape (numbers,): frozen until its ``requires_grad`` is set.

        Raises:
            AdapterError: there is no such name.
        """
        if self._find(name) is None:
            raise AdapterError("The base model has no vectors; name an adapter.")
        return self._parameters[name]

    def adapter(self, name: str) -> Adapter:
        """Return a copy of an adapter as it is now, independent of the model.

        Raises:
            AdapterError: there is no such name.
        """
        vector = self.parameter(name).detach().float().cpu().clone()
        return replace(self._adapters[name], vector=vector)

    def switch(self, name: str, strength: float = 1.0) -> None:
        """Let calls that choose nothing use this adapter, or the base model.

        Raises:
            AdapterError: there is no such name.
        """
        self._default = self._assignment((self._find(name),), (float(strength),))

    @contextmanager
    def rows(self, *names: str, strengths: Sequence[float] | None = None) -> Iterator[None]:
        """Run row i of every batch with the adapter names[i], or the base model, inside a ``with`` block.

        One name serves the whole batch. Where generation expands its rows, each keeps its adapter. A backward pass
        that recomputes (gradient checkpointing) must be taken inside the block as well.

        Args:
            names: of adapters, or "__base__".
            strengths: one for each name; 1 where not given.

        Raises:
            AdapterError: there is no such name, or not one strength a name.

        Example:
            >>> with serving.rows("pirate", "__base__"):          # doctest: +SKIP
            ...     model.generate(**two_prompts)
        """
        if not names or (strengths is not None and len(strengths) != len(names)):
            raise AdapterError(f"Got {len(strengths or ())} strengths for {len(names)} names; give one per row.")
        found = tuple(self._find(name) for name in names)
        with self._assigned(self._at(found, tuple(map(float, strengths or [1.0] * len(names))))):
            yield

    @property
    def supports_per_row(self) -> bool:
        """Say whether the rows of one batch may have adapters of their own: experts see tokens without their rows."""
        return not any(mixes_rows(path) for vectors in self._vectors.values() for path, _side in vectors.hook_points)

    def _at(self, vectors: tuple[Vectors | None, ...], strengths: tuple[float, ...]) -> RowAssignment:
        """Return the assignment of the last call where it is the same: a chat makes one assignment for every token."""
        fresh, recent = self._assignment(vectors, strengths), self._recent
        if recent is None or not recent.equals(fresh):
            recent = self._recent = fresh
        return recent

    def _own_heads(self, adapter: Adapter) -> Mapping[str, nn.Module]:
        """Return copies of the model's modules that hold what an adapter learned whole, by path."""
        from ia3_studio.method.loading import heads_in

        heads = Heads(self.model, heads_in(self.model, adapter))
        lost = [name for name in adapter.heads if name not in heads.tensors()]
        if lost:
            raise AdapterError(
                f"The adapter contains {lost[0]}, which this model does not have; load the model it was trained on."
            )
        heads.load(adapter.heads)
        for parameter in heads.parameters():
            parameter.requires_grad = False
        return heads.modules

    def _through_heads(self, path: str, module: nn.Module, args: Any, kwargs: Any, result: Any) -> Any:
        return by_rows(self._active.assignment or self._default, path, module, args, kwargs, result)

    def _find(self, name: str) -> Vectors | None:
        if name == BASE:
            return None
        if name not in self._vectors:
            near = difflib.get_close_matches(name, self._vectors, n=3, cutoff=0.4) or list(self._vectors)[:5]
            raise AdapterError(f"Unknown adapter {name!r}; available: {', '.join([*near, BASE])}.")
        return self._vectors[name]

    @staticmethod
    def _assignment(vectors: tuple[Vectors | None, ...], strengths: tuple[float, ...]) -> RowAssignment:
        return RowAssignment(tuple(zip(vectors, strengths, strict=True)), "adapters")


def serve(model: nn.Module, adapters: Mapping[str, Adapter]) -> Serving:
    """Put named adapters on a model: it computes what it did before, until rows choose among them.

    Raises:
        AdapterError: a name is taken.
        SelectionError: an adapter was made for another model.
    """
    with torch.inference_mode(False):  # vectors may be trained later, wherever they were put
        return Serving(model, adapters)
