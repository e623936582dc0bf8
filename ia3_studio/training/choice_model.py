"""How unlikely does a model find each token of a possible answer?

A causal model reads a question once followed by its choices, each of which attends to the question and not to the
others; where a model cannot do that, the question stands in front of every choice. An encoder-decoder reads it once in
its encoder; what it made of it is repeated for each choice that its decoder reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.errors import TrainingError
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.causal_probe import before
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.packing import Bundle


@dataclass(frozen=True)
class Pair:
    """A question with one of its choices: what a model reads in one go."""

    row: ChoiceRow
    place: int
    """The choice's place among the question's choices."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """Return the choice's tokens."""
        return self.row.choices[self.place]

    @property
    def length(self) -> int:
        """Return the tokens of question and choice."""
        return len(self.row.prompt) + len(self.tokens)


class ChoiceModel(Protocol):
    """A model that scores choices."""

    @property
    def fast_paths(self) -> Sequence[FastPath]:
        """Return the fast paths that were tested, and why one is off."""

    @property
    def device(self) -> torch.device:
        """Return where the model computes."""

    def tokens(self, pairs: Sequence[Pair]) -> int:
        """Return how many tokens a forward pass over the pairs reads, padding included."""

    def nll(self, pairs: Sequence[Pair], width: int) -> Tensor:
        """Return −log p of each choice token, (pairs, width) in nats, 0 after a choice's end."""


def choice_model(model: Any) -> ChoiceModel:
    """Return how a model reads questions and choices.

    Raises:
        TrainingError: the model is neither a causal language model nor an encoder-decoder with a language-model head.
    """
    if getattr(model.config, "is_encoder_decoder", False):
        return EncoderDecoderChoices(model)
    return CausalChoices(model)


class CausalChoices:
    """Questions followed by choices in a causal language model.

    Raises:
        TrainingError: the model has no language-model head, or its tokens attend to later ones.
    """

    def __init__(self, model: Any) -> None:
        known = CausalLoss(model)
        self.model = model
        self.head: nn.Module = known.head
        self._packing = known.packing
        self._last_layer = known.last_layer
        self.fast_paths: Sequence[FastPath] = (known.fast_paths[0], known.last_layer.path)
        """Whether questions and choices are packed, and the last layer is computed at choice tokens only."""

    @property
    def device(self) -> torch.device:
        """Return where the model computes."""
        return self.model.device  # type: ignore[no-any-return]

    def tokens(self, pairs: Sequence[Pair]) -> int:
        """Return how many tokens a forward pass over the pairs reads, padding included."""
        if self._packing is None:
            return padded_tokens(pairs)
        return sum(len(each[0].row.prompt) + sum(len(pair.tokens) for pair in each) for each in by_question(pairs))

    def nll(self, pairs: Sequence[Pair], width: int) -> Tensor:
        """Return −log p of each choice token, (pairs, width) in nats, 0 after a choice's end."""
        read = self._padded_logits if self._packing is None else self._packed_logits
        targets = torch.tensor([token for pair in pairs for token in pair.tokens], device=self.device)
        return _spread(_nll(read(pairs), targets), pairs, width)

    def _packed_logits(self, pairs: Sequence[Pair]) -> Tensor:
        """Return the logits of all choice tokens, (choice tokens, vocabulary), of questions that are read once."""
        assert self._packing is not None
        bundles: list[Bundle] = []
        predictors: list[int] = []
        end = 0
        for each in by_question(pairs):
            prompt = each[0].row.prompt
            bundles.append(([prompt + pair.tokens for pair in each], len(prompt)))
            end += len(prompt)
            last = end - 1  # the question's last token predicts the first of every choice
            for pair in each:
                predictors += [last, *range(end, end + len(pair.tokens) - 1)]
                end += len(pair.tokens)
        chosen = torch.tensor(predictors, device=self.device)
        needed = torch.zeros((1, end), dtype=torch.bool, device=self.device)
        needed[0, chosen] = True
        with (
            before(self.head, lambda _head, args: (args[0][:, chosen.to(args[0].device)],)),  # logits at choice tokens
            self._last_layer.only(needed),
        ):
            return self._packing.run(bundles).logits[0]  # type: ignore[no-any-return]

    def _padded_logits(self, pairs: Sequence[Pair]) -> Tensor:
        """Return the logits of all choice tokens, (choice tokens, vocabulary), each after its own question."""
        ids, _ = padded([pair.row.prompt + pair.tokens for pair in pairs], self.device)
        chosen = torch.zeros(ids.shape, dtype=torch.bool)
        for number, pair in enumerate(pairs):
            chosen[number, len(pair.row.prompt) - 1 : pair.length - 1] = True  # the token before predicts it
        chosen = chosen.to(self.device)
        with (
            before(self.head, lambda _head, args: (args[0][chosen.to(args[0].device)][None],)),  # as above
            self._last_layer.only(chosen),
        ):
            return self.model(input_ids=ids, use_cache=False).logits[0]  # type: ignore[no-any-return]


class EncoderDecoderChoices:
    """Questions in the encoder, choices in the decoder.

    Raises:
        TrainingError: the model has no language-model head, or has no decoder start token.
    """

    def __init__(self, model: Any) -> None:
        begin = getattr(model.config, "decoder_start_token_id", None)
        if model.get_output_embeddings() is None or begin is None:
            raise TrainingError(
                f"{type(model).__name__} has no language-model head or no decoder start token, so it cannot rank"
                " choices; load it as a text-to-text model."
            )
        self.model = model
        self.begin = int(begin)
        self.fast_paths: Sequence[FastPath] = ()

    @property
    def device(self) -> torch.device:
        """Return where the model computes."""
        return self.model.device  # type: ignore[no-any-return]

    def tokens(self, pairs: Sequence[Pair]) -> int:
        """Return how many tokens a forward pass over the pairs reads, padding included."""
        return padded_tokens(pairs)

    def nll(self, pairs: Sequence[Pair], width: int) -> Tensor:
        """Return −log p of each choice token, (pairs, width) in nats, 0 after a choice's end."""
        prompts = list(dict.fromkeys(pair.row.prompt for pair in pairs))
        ids, mask = padded(prompts, self.device)
        encoded = self.model.get_encoder()(input_ids=ids, attention_mask=mask.long())[0]  # (prompts, longest, d)
        which = torch.tensor([prompts.index(pair.row.prompt) for pair in pairs], device=self.device)
        targets, real = padded([pair.tokens for pair in pairs], self.device)
        begin = torch.full_like(targets[:, :1], self.begin)
        logits = self.model(
            encoder_outputs=(encoded[which],),
            attention_mask=mask[which].long(),
            decoder_input_ids=torch.cat([begin, targets[:, :-1]], dim=1),  # a causal decoder needs no mask
            use_cache=False,
        ).logits  # (pairs, longest choice, vocabulary)
        return _spread(_nll(logits[real], targets[real]), pairs, width)


def padded(sequences: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return token ids, (sequences, longest), padded with 0 on the right, and where they are real."""
    longest = max(len(sequence) for sequence in sequences)
    ids = torch.zeros((len(sequences), longest), dtype=torch.long)
    real = torch.zeros((len(sequences), longest), dtype=torch.bool)
    for number, sequence in enumerate(sequences):
        ids[number, : len(sequence)] = torch.tensor(sequence)
        real[number, : len(sequence)] = True
    return ids.to(device), real.to(device)


def choice_mask(pairs: Sequence[Pair], width: int, device: torch.device) -> Tensor:
    """Return where choice tokens are, (pairs, width)."""
    lengths = torch.tensor([len(pair.tokens) for pair in pairs])
    return (torch.arange(width)[None] < lengths[:, None]).to(device)


def padded_tokens(pairs: Sequence[Pair]) -> int:
    """Return how many tokens the pairs take one by one, padded to the longest."""
    return len(pairs) * max(pair.length for pair in pairs)


def by_question(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Return the pairs of each question; those of one stand together."""
    return [list(each) for _row, each in groupby(pairs, key=lambda pair: id(pair.row))]


def groups(model: ChoiceModel, pairs: Sequence[Pair], budget: int) -> Iterator[list[Pair]]:
    """Yield the pairs in their order, in groups of at most ``budget`` tokens (a longer pair stands alone)."""
    group: list[Pair] = []
    for pair in pairs:
        if group and model.tokens([*group, pair]) > budget:
            yield group
            group = []
        group.append(pair)
    if group:
        yield group


def _nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Return −log p of each target in float32 or better, (targets,)."""
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.cross_entropy(wide, targets, reduction="none")


def _spread(flat: Tensor, pairs: Sequence[Pair], width: int) -> Tensor:
    """Return the flat values per pair, (pairs, width), padded with zeros."""
    mask = choice_mask(pairs, width, flat.device)
    return torch.zeros(mask.shape, dtype=flat.dtype, device=flat.device).masked_scatter(mask, flat)
