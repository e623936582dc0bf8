"""How unlikely does a model find each token of a possible answer?

A causal model reads the question in front of every choice. An encoder-decoder reads it once in its encoder; what it
made of it is repeated for each choice that its decoder reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.errors import TrainingError
from ia3_studio.training.loss import CausalLoss


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
    """A model that can say how likely a choice is."""

    @property
    def device(self) -> torch.device:
        """Return where the model computes."""

    def nll(self, pairs: Sequence[Pair], width: int) -> Tensor:
        """Return −log p of each choice token, (pairs, width) in nats, 0 behind a choice's end."""


def choice_model(model: Any) -> ChoiceModel:
    """Return how a model reads questions and choices.

    Raises:
        TrainingError: the model is neither a causal language model nor an encoder-decoder with a language-model head.
    """
    if getattr(model.config, "is_encoder_decoder", False):
        return EncoderDecoderChoices(model)
    return CausalChoices(model)


class CausalChoices:
    """Choices behind their questions in a causal language model.

    Raises:
        TrainingError: the model has no language-model head, or its tokens see the ones to their right.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.head: nn.Module = CausalLoss(model).head

    @property
    def device(self) -> torch.device:
        """Return where the model computes."""
        return self.model.device  # type: ignore[no-any-return]

    def nll(self, pairs: Sequence[Pair], width: int) -> Tensor:
        """Return −log p of each choice token, (pairs, width) in nats, 0 behind a choice's end."""
        ids, _ = padded([pair.row.prompt + pair.tokens for pair in pairs], self.device)
        chosen = torch.zeros(ids.shape, dtype=torch.bool)
        for number, pair in enumerate(pairs):
            chosen[number, len(pair.row.prompt) : pair.length] = True
        chosen = chosen[:, 1:].to(self.device)  # the token before predicts it

        def take(_head: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return (args[0][:, :-1][chosen][None],)  # logits at choice tokens only

        # Prepended: a site on the head itself must scale what the hook hands on.
        handle = self.head.register_forward_pre_hook(take, prepend=True)
        try:
            logits = self.model(input_ids=ids, use_cache=False).logits[0]  # (choice tokens, vocabulary)
        finally:
            handle.remove()
        return _spread(_nll(logits, ids[:, 1:][chosen]), pairs, width)


class EncoderDecoderChoices:
    """Questions in the encoder, choices in the decoder.

    Raises:
        TrainingError: the model has no language-model head, or does not say with which token its decoder begins.
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

    @property
    def device(self) -> torch.device:
        """Return where the model computes."""
        return self.model.device  # type: ignore[no-any-return]

    def nll(self, pairs: Sequence[Pair], width: int) -> Tensor:
        """Return −log p of each choice token, (pairs, width) in nats, 0 behind a choice's end."""
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


def groups(pairs: Sequence[Pair], budget: int) -> Iterator[list[Pair]]:
    """Yield the pairs in their order, in groups of at most ``budget`` padded tokens (a longer pair stands alone)."""
    group: list[Pair] = []
    longest = 0
    for pair in pairs:
        longest = max(longest, pair.length)
        if group and longest * (len(group) + 1) > budget:
            yield group
            group, longest = [], pair.length
        group.append(pair)
    if group:
        yield group


def _nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Return −log p of each target in float32 or better, (targets,)."""
    wide = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return F.cross_entropy(wide, targets, reduction="none")


def _spread(flat: Tensor, pairs: Sequence[Pair], width: int) -> Tensor:
    """Return the flat values pair by pair, (pairs, width), zeros behind."""
    mask = choice_mask(pairs, width, flat.device)
    return torch.zeros(mask.shape, dtype=flat.dtype, device=flat.device).masked_scatter(mask, flat)
