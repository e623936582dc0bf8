"""Which modules are fully trained in addition to the vectors? A new task head, separate from the base model's.

A classifier on a pretrained body starts at random: scaling it teaches nothing, it has to be trained. PEFT lists such
modules in ``modules_to_save``. Here an adapter owns a copy, which stands in the model's place while the adapter is at
work; the base model's own module comes back unchanged.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method.adapter import Adapter
from ia3_studio.method.peft.targets import name_targets
from ia3_studio.method.rows import RowAssignment
from ia3_studio.method.scaling import Attachment
from ia3_studio.method.sites import Selection


class Heads:
    """Own copies of some modules, for one adapter."""

    def __init__(self, model: nn.Module, paths: Iterable[str]) -> None:
        self._model = model
        self._originals = {path: _module(model, path) for path in paths}
        self._copies = {path: without_hooks(module) for path, module in self._originals.items()}
        self.installed = False

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of the modules."""
        return tuple(self._copies)

    @property
    def modules(self) -> Mapping[str, nn.Module]:
        """Return the copies by path."""
        return self._copies

    def tensors(self) -> dict[str, Tensor]:
        """Return copies of the trained tensors, on the CPU, by their names in the model."""
        return {
            f"{path}.{name}": tensor.detach().cpu().clone()
            for path, module in self._copies.items()
            for name, tensor in module.state_dict().items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Load trained tensors. **Overwrites the current ones.** Names of other modules are ignored.

        Raises:
            AdapterError: a tensor has another shape here.
        """
        for path, module in self._copies.items():
            own = module.state_dict()
            for name, tensor in own.items():
                given = tensors.get(f"{path}.{name}")
                if given is None:
                    continue
                if given.shape != tensor.shape:
                    raise AdapterError(
                        f"{path}.{name} is {tuple(tensor.shape)} in this model and {tuple(given.shape)} in the adapter;"
                        " load the model with the number of labels it was trained for."
                    )
                with torch.no_grad():
                    tensor.copy_(given)

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield what is trained."""
        for module in self._copies.values():
            yield from module.parameters()

    def install(self) -> None:
        """Put the copies in the model's place."""
        self._place(self._copies)
        self.installed = True

    def remove(self) -> None:
        """Put the base model's own modules back."""
        if self.installed:
            self._place(self._originals)
        self.installed = False

    def keep(self) -> None:
        """Make the copies the model's own for good; :meth:`remove` then has nothing to put back."""
        self.install()
        self.installed = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Work with the base model's own modules inside a ``with`` block."""
        before = self.installed
        self.remove()
        try:
            yield
        finally:
            if before:
                self.install()

    def _place(self, modules: Mapping[str, nn.Module]) -> None:
        for path, module in modules.items():
            above, _dot, name = path.rpartition(".")
            standing = self._model.get_submodule(path)
            where = next((tensor.device for tensor in standing.parameters()), None)
            setattr(self._model.get_submodule(above), name, module if where is None else module.to(where))
            module.train(standing.training)


class HeadedAttachment(Attachment):
    """Vectors together with heads of their own; detaching puts the base model's heads back too."""

    def __init__(self, model: nn.Module, selection: Selection, heads: Iterable[str]) -> None:
        super().__init__(model, selection)
        self.heads = Heads(model, heads)
        self.heads.install()

    def adapter(self, metadata: Mapping[str, str] | None = None) -> Adapter:
        """Return a copy of what has been learned, heads included, independent of the model."""
        targets = name_targets(self.selection, self.model, self.heads.paths)
        return replace(super().adapter(metadata), heads=self.heads.tensors(), targets=targets)

    def load(self, adapter: Adapter) -> None:
        """Load an adapter's vectors and heads. **Overwrites the trained values.**"""
        super().load(adapter)
        self.heads.load(adapter.heads)

    @property
    def supports_per_row(self) -> bool:
        """Say that rows with and without the heads cannot share a batch."""
        return False

    @contextmanager
    def strengths(self, *strengths: float) -> Iterator[None]:
        """Run at one strength; a head is the base model's at strength 0 and the adapter's at any other.

        Raises:
            SelectionError: rows of one batch would need different heads.
        """
        off = {strength == 0 for strength in strengths}
        if len(off) > 1:
            raise SelectionError("Rows with and without a new head cannot share a batch; run them in separate batches.")
        with super().strengths(*strengths):
            if off == {True}:
                with self.heads.paused():
                    yield
            else:
                yield

    def detach(self) -> None:
        """Remove hooks, parameter and heads; the model is the base model again, bit for bit."""
        self.heads.remove()
        super().detach()


def head_paths(model: nn.Module, names: Iterable[str]) -> tuple[str, ...]:
    """Return the paths of the outermost modules whose path is a name or ends with "." + name."""
    wanted = tuple(names)
    found = [
        path
        for path, _module_ in model.named_modules()
        if any(path == name or path.endswith(f".{name}") for name in wanted)
    ]
    return tuple(path for path in found if not any(path.startswith(f"{other}.") for other in found))


def heads_holding(model: nn.Module, tensors: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the paths of the modules that PEFT's names mean and that hold these tensors.

    PEFT looks at the bare end of a path, so "classifier" also means "pre_classifier".
    """
    keys, wanted = tuple(tensors), tuple(names)
    found = [
        path
        for path, _module_ in model.named_modules()
        if path and path.endswith(wanted) and any(key.startswith(f"{path}.") for key in keys)
    ]
    return tuple(path for path in found if not any(path.startswith(f"{other}.") for other in found))


def by_rows(assignment: RowAssignment, path: str, module: nn.Module, args: Any, kwargs: Any, result: Any) -> Any:
    """Return a module's result, with the rows that have a module of their own replaced by what that returns.

    Raises:
        SelectionError: the rows of the result cannot be separated.
    """
    owners = assignment.heads(path)
    for head in {id(head): head for head in owners if head}.values():
        head.train(module.training)
        if len(set(owners)) == 1:
            return head(*args, **kwargs)
        if not isinstance(result, Tensor):
            raise SelectionError(
                f"{path} returns more than one tensor; run rows with different heads in separate batches."
            )
        batch, each = len(result), assignment.repeats(len(result))
        rows = [row for row in range(batch) if owners[row // each] is head]
        chosen = torch.tensor(rows, device=result.device)
        own = head(*(rows_of(value, chosen, batch) for value in args),
                   **{name: rows_of(value, chosen, batch) for name, value in kwargs.items()})  # fmt: skip
        result = result.index_copy(0, chosen, own)
    return result


def rows_of(value: Any, chosen: Tensor, batch: int) -> Any:
    """Return some rows of what has the batch as its first axis, anything else as it is."""
    is_batch = isinstance(value, Tensor) and value.dim() > 0 and len(value) == batch
    return value.index_select(0, chosen) if is_batch else value


def without_hooks(module: nn.Module) -> nn.Module:
    """Return a copy without hooks, which belong to the module that stands in the model."""
    hooks = (dicts for part in module.modules() for dicts in (part._forward_hooks, part._forward_pre_hooks))
    return copy.deepcopy(module, {id(known): OrderedDict() for known in hooks})


def _module(model: nn.Module, path: str) -> nn.Module:
    try:
        return model.get_submodule(path)
    except AttributeError as error:
        raise SelectionError(f"The model has no module {path!r} to fully train; use one of its modules.") from error
