"""What need not be computed twice? The blocks below the lowest vector, whose outputs for a row never change.

They need no gradient, as they have no trained vectors. From the second time a row is used, these blocks are skipped and
the first block with a vector gets the cached hidden states. A trial on the model itself
decides whether that gives the same result; models whose upper blocks use more than that (keys shared between
layers, embeddings for each layer) are computed as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.activation_cache import ActivationCache

if TYPE_CHECKING:
    from ia3_studio.data.tokens import TokenRow
    from ia3_studio.training.bundles import RowBundle


PREFIX = "caching of the lower layers"


class PrefixCache:
    """The blocks below the lowest vector of a causal model, and their cached outputs."""

    def __init__(self, blocks: Sequence[nn.Module], first: nn.Module, store: ActivationCache) -> None:
        self._blocks = blocks
        self._first = first
        """The lowest block with a vector."""
        self.store = store
        self._wraps = False
        """Whether blocks return a tuple, the hidden states first."""

    @contextmanager
    def lower_layers(self, rows: Sequence[TokenRow], bundles: Sequence[RowBundle] | None) -> Iterator[None]:
        """Run the model on rows inside this block, without its lower layers if all rows are cached; else cache them.

        Args:
            rows: the rows of the one forward pass inside the block.
            bundles: the same rows where they are packed; None where they are padded.
        """
        if bundles is not None:
            rows = [row for bundle in bundles for row in bundle.rows]
        known = [self.store.get(row.input_ids) for row in rows]
        if all(hidden is not None for hidden in known):
            with self._skipped(_laid_out([each for each in known if each is not None], bundles)):
                yield
            return
        with self._seen() as seen:
            yield
        for row, hidden in zip(rows, _by_rows(seen[0], rows, bundles), strict=True):
            self.store.put(row.input_ids, hidden)

    @contextmanager
    def _seen(self) -> Iterator[list[Tensor]]:
        """Note what the first block with a vector is given."""
        seen: list[Tensor] = []

        def look(_block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            seen.append(_given(args, kwargs).detach())

        def note_kind(_block: nn.Module, _args: Any, result: Any) -> None:
            self._wraps = isinstance(result, tuple)

        with ExitStack() as stack:
            stack.callback(self._first.register_forward_pre_hook(look, with_kwargs=True).remove)
            stack.callback(self._blocks[0].register_forward_hook(note_kind).remove)
            yield seen

    @contextmanager
    def _skipped(self, hidden: Tensor) -> Iterator[None]:
        """Give hidden states to the first block with a vector, and let those below do nothing."""

        def give(_block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
            given = hidden.to(_given(args, kwargs).device)
            return ((given, *args[1:]), kwargs) if args else (args, {**kwargs, "hidden_states": given})

        with ExitStack() as stack:
            for block in self._blocks:
                stack.enter_context(_idle(block, self._wraps))
            stack.callback(self._first.register_forward_pre_hook(give, with_kwargs=True).remove)
            yield


def _given(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """Return the hidden states that a block is called with."""
    given: Tensor = args[0] if args else kwargs["hidden_states"]
    return given


@contextmanager
def _idle(block: nn.Module, wraps: bool) -> Iterator[None]:
    """Let a block hand on what it is given. **Changes the block inside the ``with`` block only.**"""

    def hand_on(*args: Any, **kwargs: Any) -> Any:
        hidden = _given(args, kwargs)
        return (hidden,) if wraps else hidden

    block.__dict__["forward"] = hand_on
    try:
        yield
    finally:
        del block.__dict__["forward"]


def prefix_cache_of(
    model: nn.Module, attachment: Attachment, room: int, folder: Path | None = None
) -> tuple[PrefixCache | None, str]:
    """Return the cache of the blocks below an attachment's lowest vector; None if there is none, and why.

    Args:
        room: bytes of memory for hidden states.
        folder: for what does not fit into memory.
    """
    if room <= 0:
        return None, "the cache size is 0"
    if isinstance(attachment, HeadedAttachment):  # a head may stand anywhere
        return None, "a new head is trained, which may use any layer"
    places = [_block_of(site.path) for site in attachment.selection]
    lists = {place[0] for place in places if place}
    lowest = min((place[1] for place in places if place), default=0)
    if len(lists) != 1 or not lowest or _outside(model, places, attachment):
        return None, "vectors are in the lowest layer, or outside the layers"
    blocks = list(model.get_submodule(lists.pop()).children())
    if any("forward" in vars(block) for block in blocks):
        return None, "accelerate offloads the weights of the layers"
    return PrefixCache(blocks[:lowest], blocks[lowest], ActivationCache(room, folder)), ""


def _outside(model: nn.Module, places: Sequence[Any], attachment: Attachment) -> bool:
    """Say whether a vector stands outside of the blocks, but for the model's own head, which is above them."""
    head = getattr(model, "get_output_embeddings", lambda: None)()
    stray = [site.path for site, place in zip(attachment.selection, places, strict=True) if place is None]
    return any(model.get_submodule(path) is not head for path in stray)


def _block_of(path: str) -> tuple[str, int] | None:
    """Return the path of the list of blocks that a module is in, and its block's place; None outside of blocks."""
    parts = path.split(".")
    place = next((number for number, part in enumerate(parts) if part.isdigit()), None)
    return None if place is None else (".".join(parts[:place]), int(parts[place]))


def _by_rows(hidden: Tensor, rows: Sequence[TokenRow], bundles: Sequence[RowBundle] | None) -> Iterator[Tensor]:
    """Yield each row's hidden states, (length, d)."""
    if bundles is None:
        yield from (hidden[number, : len(row.input_ids)] for number, row in enumerate(rows))
        return
    parts = iter(hidden[0].split([length for bundle in bundles for length in bundle.lengths]))
    for bundle in bundles:
        common = next(parts)
        yield from (torch.cat([common, next(parts)]) for _row in bundle.rows)


def _laid_out(known: Sequence[Tensor], bundles: Sequence[RowBundle] | None) -> Tensor:
    """Return rows' hidden states as the model has them: (1, tokens, d) end to end, or (rows, longest, d) padded."""
    if bundles is None:
        return nn.utils.rnn.pad_sequence(list(known), batch_first=True)
    rows, parts = iter(known), []
    for bundle in bundles:
        own = [next(rows) for _row in bundle.rows]
        parts += [own[0][: bundle.shared], *(hidden[bundle.shared :] for hidden in own)]
    return torch.cat(parts)[None]
