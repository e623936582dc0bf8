"""How are sample generations made? Greedily, base and tuned model in one batch over one copy of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ia3_studio.data.answer_end import ends_of
from ia3_studio.data.conversations import up_to_trained
from ia3_studio.data.tokens import prompt_ids
from ia3_studio.errors import DataError, ModelError
from ia3_studio.method.scaling import Attachment
from ia3_studio.models.limits import limits_of

if TYPE_CHECKING:
    from ia3_studio.data.example import Example


@dataclass(frozen=True)
class Prompt:
    """A prompt as tokens, and the reference answer."""

    ids: tuple[int, ...]
    reference: str
    row: int
    """Number of its data row, starting at 1."""


def prompts_of(model: Any, tokenizer: Any, examples: Sequence[Example], max_new_tokens: int) -> list[Prompt]:
    """Return each example's prompt, up to where the last answer begins, and that answer.

    Raises:
        ModelError: a prompt contains a token without a row in the model's embedding.
        DataError: an example does not end with an answer, or its prompt leaves no room for one.
    """
    limits, apart = limits_of(model), _reads_apart(model)
    room = limits.positions
    prompts = []
    for example in examples:
        turns = up_to_trained(example.turns)
        if len(turns) < 2 or turns[-1].role != "assistant":
            raise DataError(
                f"Row {example.row} does not end with an answer to a prompt, so there is no reference answer."
            )
        ids = prompt_ids(turns[:-1], tokenizer)
        limits.require_known(ids, tokenizer)
        if room and len(ids) + (0 if apart else max_new_tokens) > room:
            raise DataError(
                f"The prompt of row {example.row} has {len(ids)} tokens and the answer up to "
                f"{max_new_tokens}, but the model has {room} positions; lower the max new tokens or skip the "
                "row."
            )
        prompts.append(Prompt(ids, turns[-1].content, example.row))
    return prompts


def answerable(model: Any, tokenizer: Any, examples: Sequence[Example], max_new_tokens: int) -> list[Example]:
    """Return the examples that end with an answer to a prompt that leaves room for one."""
    found = []
    for example in examples:
        with suppress(
            DataError, ModelError
        ):  # of many rows, those that cannot be asked are left out by the caller's wish
            prompts_of(model, tokenizer, [example], max_new_tokens)
            found.append(example)
    return found


def answer_both(
    model: Any, tokenizer: Any, attachment: Attachment, prompts: Sequence[Sequence[int]], max_new_tokens: int
) -> list[tuple[str, str]]:
    """Return each prompt's greedy answer by the base model and by the tuned one.

    Where vectors cannot differ per row (experts), the two models answer one after the other.
    """
    ids, mask = _padded(model, prompts)
    count = len(prompts)
    together, apart = [(*[0.0] * count, *[1.0] * count)], [(0.0,), (1.0,)]
    texts: list[str] = []
    for strengths in together if attachment.supports_per_row else apart:
        times = 2 if attachment.supports_per_row else 1
        with attachment.strengths(*strengths):
            tokens = _generate(model, tokenizer, ids.repeat(times, 1), mask.repeat(times, 1), max_new_tokens)
        texts += [str(text).rstrip() for text in tokenizer.batch_decode(tokens, skip_special_tokens=True)]
    return list(zip(texts[:count], texts[count:], strict=True))


@torch.no_grad()
def _generate(model: Any, tokenizer: Any, ids: Tensor, mask: Tensor, max_new_tokens: int) -> Tensor:
    """Return the answers' tokens, (rows, longest)."""
    ends = ends_of(model, tokenizer)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (ends or [0])[0]
    found = model.generate(
        input_ids=ids, attention_mask=mask, max_new_tokens=_room(model, max_new_tokens), do_sample=False, num_beams=1,
        pad_token_id=pad, eos_token_id=ends or None,
    )  # fmt: skip
    return found if _reads_apart(model) else found[:, ids.shape[1] :]  # type: ignore[no-any-return]


def _room(model: Any, asked: int) -> int:
    """Return the maximum new tokens of a model: an encoder-decoder's text starts with its start token."""
    most = limits_of(model).written if _reads_apart(model) else None
    return min(asked, most - 1) if most else asked


def _padded(model: Any, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return ids and mask, (prompts, longest): padded on the left, where a causal model's answer does not follow."""
    longest = max(len(prompt) for prompt in prompts)
    right = _reads_apart(model)
    rows = []
    for prompt in prompts:
        padding, real = [0] * (longest - len(prompt)), [1] * len(prompt)
        rows.append(([*prompt, *padding], [*real, *padding]) if right else ([*padding, *prompt], [*padding, *real]))
    ids, mask = zip(*rows, strict=True)
    return torch.tensor(ids, device=model.device), torch.tensor(mask, device=model.device)


def _reads_apart(model: Any) -> bool:
    """Return whether an encoder reads the prompt, so that the output contains only the answer."""
    return bool(getattr(model.config, "is_encoder_decoder", False))
