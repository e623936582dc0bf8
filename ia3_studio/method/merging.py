"""How is an adapter merged into the weights, with an exact undo?

    output side    W' = diag(l) W,  b' = l ⊙ b
    input side     W' = W diag(l)

:mod:`ia3_studio.method.factors` says what that is for each kind of module.

Merging never writes into a weight: a module gets new ones and the originals are kept, so undoing is a
swap and not a division, bit for bit however often, also with zeros and in bfloat16. A weight that other modules share
(an embedding tied to its head) stays theirs; only the scaled module gets its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ia3_studio.errors import AdapterError
from ia3_studio.method.factors import Factor, computes_in_its_own_way, factors_of, sample_for
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.product import rescale
from ia3_studio.method.rows import Key, Vectors
from ia3_studio.method.scaling import Attachment, hook_points
from ia3_studio.method.weight_swaps import Swap, free_gathered, swaps_of

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter


class Merged:
    """A model with a merged adapter; the handle to undo the merge, temporarily or permanently.

    Also a context manager: leaving the ``with`` block takes the merge back.
    """

    def __init__(self, model: nn.Module, swaps: list[Swap], attachment: Attachment | None) -> None:
        self.model = model
        self.applied = False
        """Whether the adapter is currently merged."""
        self._swaps = swaps
        self._attachment = attachment
        self._tied = tied_configs(model, swaps)
        self.untied = tuple(dict.fromkeys(swap.path for swap in swaps if swap.original in _shared(model)))
        """Modules that shared a weight with others and have their own while merged."""
        self._apply()
        if attachment:
            attachment.suspend_hooks(self)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Run the base model, bit for bit, inside a ``with`` block; leaving it restores the merged weights."""
        if not self.applied:
            yield
            return
        self._take_back()
        try:
            yield
        finally:
            if self._swaps:  # else it was undone inside the block
                self._apply()

    def undo(self) -> None:
        """Put the original weights back, bit for bit, and let an attachment's hooks scale again.

        Raises:
            AdapterError: something else replaced the merged weights since; undo that first.
        """
        if self.applied:
            self._take_back()
        self._swaps = []
        if self._attachment:
            self._attachment.suspend_hooks(None)

    def keep(self) -> None:
        """Make the merge final: forget the originals, free their memory and detach the attachment.

        A new head that the attachment trained becomes the model's own.
        """
        if not self.applied:
            self._apply()
        self._swaps = []
        if self._attachment:
            self._attachment.suspend_hooks(None)
            if isinstance(self._attachment, HeadedAttachment):
                self._attachment.heads.keep()
            self._attachment.detach()

    def __enter__(self) -> Merged:
        """Return the handle itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Take the merge back."""
        self.undo()

    def _apply(self) -> None:
        for swap in self._swaps:
            swap.put(swap.scaled)
        for config in self._tied:
            config.tie_word_embeddings = False  # else a saved model ties the scaled head again when loaded
        self.applied = True

    def _take_back(self) -> None:
        strange = next((swap for swap in self._swaps if not swap.is_put(swap.scaled)), None)
        if strange:
            raise AdapterError(
                f"The {strange.name} of {strange.path} was replaced after this merge, by another merge or by moving the"
                " model; undo that first."
            )
        for swap in self._swaps:
            swap.put(swap.original)
        for config in self._tied:
            config.tie_word_embeddings = True
        self.applied = False


def merge(model: nn.Module, what: Adapter | Attachment) -> Merged:
    """Merge an adapter, or the vectors of an attachment, into the model's weights.

    **Replaces the scaled modules' weights and biases** until :meth:`Merged.undo`; the originals stay in memory. An
    attachment's hooks rest meanwhile, and its ``strengths`` and ``disabled`` work as before.

    Raises:
        SelectionError: a site does not exist in the model or has another size there.
        AdapterError: a module's weights cannot be scaled (quantized, offloaded, or computed elsewhere), or the
            attachment is merged already.

    Example:
        >>> with merge(model, adapter):          # doctest: +SKIP
        ...     model(batch)
    """
    attachment = what if isinstance(what, Attachment) else None
    if attachment and attachment.is_merged:
        raise AdapterError("This attachment is merged already; undo that merge before merging again.")
    adapter = what.adapter() if isinstance(what, Attachment) else what
    if attachment is None and adapter.heads:
        raise AdapterError("This adapter includes its own head; attach it with load_adapter and merge that.")
    scales = scales_of(model, adapter)
    free_gathered(model)
    swaps = swaps_of(all_factors(model, scales))
    for path in dict.fromkeys(path for path, _side in scales):
        require_same_function(path, model.get_submodule(path), swaps, scales)
    return Merged(model, swaps, attachment)


def scales_of(model: nn.Module, adapter: Adapter) -> dict[Key, Tensor]:
    """Return what an adapter scales in a model, each scale of shape (channels,).

    Raises:
        SelectionError: a site does not exist in the model or has another size there.
        AdapterError: a module is scaled under two names.
    """
    scales = Vectors(adapter.selection, hook_points(model, adapter.selection), adapter.vector).scales()
    _require_one_name(model, dict.fromkeys(path for path, _side in scales))
    return scales


def all_factors(model: nn.Module, scales: Mapping[Key, Tensor]) -> list[Factor]:
    """Return what scaling means for the weights of a model, in the order in which it is multiplied.

    Raises:
        AdapterError: a module keeps no weight that the scale could go into.
    """
    return [factor for (path, side), scale in scales.items() for factor in factors_of(model, path, side, scale)]


def _require_one_name(model: nn.Module, paths: Iterable[str]) -> None:
    first: dict[nn.Module, str] = {}
    for path in paths:
        other = first.setdefault(model.get_submodule(path), path)
        if other != path:
            raise AdapterError(f"{other} and {path} are one module, scaled twice by this adapter; keep one of them.")


def require_same_function(path: str, module: nn.Module, swaps: list[Swap], scales: dict[Key, Tensor]) -> None:
    """Try a module whose class computes in its own way: it may normalize the weights that were just scaled.

    Raises:
        AdapterError: it does not compute with scaled weights what it computes under hooks.
    """
    if not computes_in_its_own_way(module):
        return
    mine = [swap for swap in swaps if swap.module is module]
    try:
        hooked, merged = _both_answers(module, mine, scales.get((path, "input")), scales.get((path, "output")))
        precision = max(1e-4, 8 * torch.finfo(hooked.dtype).eps)
        is_same = bool((hooked - merged).abs().max() <= precision * hooked.abs().max())
    except (RuntimeError, ValueError, TypeError, IndexError):  # it takes no plain activation
        is_same = False
    if not is_same:
        raise AdapterError(
            f"{path} is a {type(module).__name__}, which changes its weights before it uses them, so they cannot be"
            " scaled; keep the adapter attached."
        )


@torch.no_grad()
def _both_answers(
    module: nn.Module, swaps: list[Swap], inputs: Tensor | None, outputs: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Return a module's outputs for random inputs, with hooks and merged."""
    given = sample_for(module, swaps[0].original)
    first = given if inputs is None else rescale(given.movedim(1, -1), inputs).movedim(-1, 1)
    hooked = module.forward(first)
    hooked = hooked if outputs is None else rescale(hooked.movedim(1, -1), outputs).movedim(-1, 1)
    try:
        for swap in swaps:
            swap.put(swap.scaled)
        return hooked, module.forward(given)
    finally:
        for swap in swaps:
            swap.put(swap.original)


def _shared(model: nn.Module) -> set[Tensor]:
    """Return the parameters that more than one module holds."""
    seen: set[Tensor] = set()
    shared: set[Tensor] = set()
    for module in model.modules():
        for parameter in module._parameters.values():
            if parameter is not None:
                (shared if parameter in seen else seen).add(parameter)
    return shared


def tied_configs(model: nn.Module, swaps: list[Swap]) -> list[Any]:
    """Return the configs that would tie a scaled head to its embedding again."""
    ask: Any = getattr(model, "get_input_embeddings", None)
    try:
        tied = getattr(ask(), "weight", None) if ask else None
    except NotImplementedError:  # transformers' answer for models of pictures without an embedding
        tied = None
    if tied is None or not any(swap.original is tied for swap in swaps):
        return []
    config = getattr(model, "config", None)
    both = (config, getattr(config, "text_config", None))
    return [part for part in both if getattr(part, "tie_word_embeddings", False)]
