"""What can a model take? How many tokens in a row, and which of them, asked of the model and not of its tokenizer.

Learned positions are rows of a table: a token beyond the last one is an index error. Where a family keeps the first
rows for itself (RoBERTa starts after the padding token's index, OPT and BART at 2), fewer are usable than the config
says, so the tables themselves are counted. Rotary positions have no end; the length the model was trained for is taken
for one. Relative ones (T5, ALiBi) have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError

if TYPE_CHECKING:
    from torch import nn

_TABLE = re.compile(
    r"(char_|text_|embed_)?(wpe|pos(itions?)?_?(emb|embed|embeds|embedding|embeddings)(_layer)?|embed_positions"
    r"|positions_embed|pos_encoding)"
)
"""How the table of positions is called in transformers' models."""
_NO_TEXT = re.compile(r"(^|[._])(vision|visual|image|audio|speech|video|patch|pixel|qformer|vit)")
_LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_seq_length", "seq_length", "n_ctx")
_BOUNDED = ("mpt", "reformer")
"""Types without a table of positions that refuse rows beyond the length in their config all the same."""
_NAMED_TOKENS = 5
_LARGEST = 10**9
"""A length beyond this stands for none."""


@dataclass(frozen=True)
class ModelLimits:
    """The most that a model takes. None stands for no limit."""

    positions: int | None = None
    """Tokens of a row; of an encoder-decoder, those that the encoder reads."""
    written: int | None = None
    """Tokens that are written: of a causal model the same as ``positions``, of an encoder-decoder its decoder's."""
    vocabulary: int | None = None
    """Rows of the embedding: a token with this number or a higher one cannot be read."""
    is_hard: bool = False
    """Whether a longer row cannot be computed; else it only goes beyond what the model was trained for."""

    @property
    def row(self) -> int | None:
        """Return the most tokens that a row may have, whichever part of the model takes them."""
        return min((most for most in (self.positions, self.written) if most), default=None)

    def capped(self, length: int) -> int:
        """Return a length of rows, or the model's own where that is less and nothing beyond it can be computed."""
        return min(length, self.row or length) if self.is_hard else length

    def beyond(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Return the tokens that the embedding has no row for, each once."""
        return tuple(sorted({token for token in ids if token >= self.vocabulary})) if self.vocabulary else ()

    def require_known(self, ids: Iterable[int], tokenizer: Any) -> None:
        """Check that the embedding has a row for each token.

        Raises:
            ModelError: it has not; the message names the tokens.
        """
        if unknown := self.beyond(ids):
            raise ModelError(f"{self.unknown(unknown, tokenizer)}; {ADVICE}.")

    def unknown(self, tokens: tuple[int, ...], tokenizer: Any) -> str:
        """Return the error for tokens without a row in the embedding, as the beginning of a sentence."""
        named = ", ".join(f"{_name(tokenizer, token)} ({token})" for token in tokens[:_NAMED_TOKENS])
        more = f" and {len(tokens) - _NAMED_TOKENS} more" if len(tokens) > _NAMED_TOKENS else ""
        return (
            f"The tokenizer produces the tokens {named}{more}, but the model's embedding has "
            f"{self.vocabulary:,} rows, numbered from 0"
        )


ADVICE = "use the tokenizer that belongs to the model, or save the model again with resize_token_embeddings"


def limits_of(model: Any) -> ModelLimits:
    """Return the limits of a model; it may be on the meta device.

    Args:
        model: a transformers model, loaded or built without weights.
    """
    config = model.config
    if getattr(model, "main_input_name", "input_ids") in ("pixel_values", "input_values", "input_features"):
        return ModelLimits(written=_written_by(model) if config.is_encoder_decoder else None)
    tables = list(_tables(model))
    if not config.is_encoder_decoder:
        most = min((rows for _path, rows in tables), default=_trained_for(config))
        is_hard = bool(tables) or config.model_type in _BOUNDED
        return ModelLimits(most, most, _embedding_rows(model), is_hard and most is not None)
    own = [rows for path, rows in tables if "decoder" not in path]
    theirs = [rows for path, rows in tables if "decoder" in path]
    soft = _trained_for(config)
    written = min(theirs, default=min(own, default=soft) if own else soft)
    if written and getattr(config, "ngram", 0):  # ProphetNet looks up the positions of the tokens it foresees too
        written -= 1
    return ModelLimits(min(own, default=soft), written, _embedding_rows(model), bool(tables))


def _written_by(model: Any) -> int | None:
    return min((rows for path, rows in _tables(model) if "decoder" in path), default=None)


def _tables(model: nn.Module) -> Iterator[tuple[str, int]]:
    """Yield (path, usable rows) of every table of positions that texts are looked up in."""
    named = _named_length(model.config)
    for path, module in model.named_modules():
        if _NO_TEXT.search(path):
            continue
        if _TABLE.fullmatch(path.rpartition(".")[2]) and (rows := _rows(module)):
            # some tables have more rows than positions: those behind them are never looked up
            yield path, min(_usable(module, rows), named or rows)
        for name, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            whole = f"{path}.{name}"
            if _TABLE.fullmatch(name) and tensor.dim() in (2, 3) and not _NO_TEXT.search(whole):
                yield whole, int(tensor.shape[-2])


def _rows(table: Any) -> int | None:
    """Return the rows of a table that is looked up in; None of any other module."""
    weight: Any = getattr(table, "weight", None)
    return int(weight.shape[0]) if getattr(weight, "dim", int)() == 2 and not hasattr(table, "bias") else None


def _usable(table: Any, rows: int) -> int:
    """Return how many rows of a table tokens can have: some families keep the first ones for themselves."""
    offset, padding = getattr(table, "offset", None), getattr(table, "padding_idx", None)
    if isinstance(offset, int):
        return rows - offset
    return rows if padding is None else rows - padding - 1


def _named_length(config: Any) -> int | None:
    """Return the length that a config names; None where it names none."""
    text = config.get_text_config()
    lengths = (getattr(text, name, None) for name in _LENGTHS)
    return next((int(each) for each in lengths if isinstance(each, int) and 0 < each < _LARGEST), None)


def _trained_for(config: Any) -> int | None:
    """Return the length a config says its model was trained for, stretched as it says; None where it says none."""
    text, length = config.get_text_config(), _named_length(config)
    said = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None)
    if length is None or not isinstance(said, dict):
        return length
    factor, before = said.get("factor"), said.get("original_max_position_embeddings", length)
    if said.get("rope_type", "default") == "default" or not isinstance(factor, int | float) or not before:
        return length
    return max(length, int(before * factor))


def _embedding_rows(model: Any) -> int | None:
    """Return the rows of the table that tokens are looked up in; None where a model has no such table."""
    try:
        return _rows(model.get_input_embeddings())
    except (NotImplementedError, AttributeError):  # models of characters hash them into several tables
        return None


def _name(tokenizer: Any, token: int) -> str:
    """Return how a tokenizer writes a token."""
    return str(tokenizer.convert_ids_to_tokens(token))
