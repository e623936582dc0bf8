"""Attention of one row with its own gradient is that of plain attention, for every sharing of heads and prefix."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as hf
from torch import Tensor

from ia3_studio.training import packing, row_attention
from ia3_studio.training.row_attention import CHUNK, LONGEST, attend_row, fits


def heads(queries: int, keys: int, groups: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(queries + keys)
    shapes = ((1, 2 * groups, queries, 4), (1, 2, keys, 4), (1, 2, keys, 3))
    query, key, value = (torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes)
    return query, key, value


def plain(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
    """Return masked attention as a formula, (1, queries, heads, channels)."""
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    scores = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    later = torch.ones(query.shape[2], key.shape[2]).triu(key.shape[2] - query.shape[2] + 1).bool()
    return (scores.masked_fill(later, float("-inf")).softmax(-1) @ value).transpose(1, 2)


@pytest.mark.parametrize("scaling", [None, 0.3])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize(
    ("queries", "keys"), [(1, 1), (5, 5), (CHUNK + 7, CHUNK + 7), (3, 9), (CHUNK + 1, 2 * CHUNK + 5)]
)
def test_values_and_gradients_are_those_of_plain_attention(
    queries: int, keys: int, groups: int, scaling: float | None
) -> None:
    given = heads(queries, keys, groups)
    ours, theirs = attend_row(*given, scaling), plain(*given, scaling)
    torch.testing.assert_close(ours, theirs)
    back = torch.randn_like(ours)
    for one, other in zip(
        torch.autograd.grad(ours, given, back), torch.autograd.grad(theirs, given, back), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_it_is_used_where_a_gradient_is_needed_in_float32_and_nothing_else_is_asked_for() -> None:
    given = heads(4, 4, 1, torch.float32)
    options: dict[str, Any] = {
        "scaling": 0.5,
        "dropout": 0.0,
        "output_attentions": False,
        "position_ids": torch.arange(4),
    }
    assert fits(*given, options)
    assert not fits(*given, options | {"dropout": 0.1})
    assert not fits(*given, options | {"softcap": 30.0})
    assert not fits(*(each.detach() for each in given), options)
    assert not fits(*heads(4, 4, 1, torch.bfloat16), options)
    assert not fits(*heads(4, LONGEST + 1, 1, torch.float32), options)
    with torch.no_grad():
        assert not fits(*given, options)


@pytest.mark.parametrize("window", [None, 4])
def test_packed_rows_have_the_gradients_that_they_have_with_the_attention_of_the_model(
    window: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    config = hf.MistralConfig(
        vocab_size=40, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=4, sliding_window=window, max_position_embeddings=64,
        attn_implementation="sdpa",
    )  # fmt: skip
    model = hf.MistralForCausalLM(config)
    packed, path = packing.packing_of(model)
    assert packed, path.reason
    calls: list[int] = []

    def counted(query: Tensor, *rest: Any) -> Tensor:
        calls.append(query.shape[2])
        return attend_row(query, *rest)

    def gradients() -> list[Tensor]:
        model.zero_grad()
        bundles = [([(1, 2, 3, 4, 5, 6, 7), (1, 2, 3, 9), (1, 2, 3, 8, 7, 6)], 3), ([(5, 6, 7)], 0)]
        packed.run(bundles).logits.logsumexp(-1).square().mean().backward()
        return [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]

    monkeypatch.setattr(packing, "attend_row", counted)
    ours = gradients()
    assert calls  # even a window leaves the shorter rows whole
    monkeypatch.setattr(packing, "fits", lambda *_given: False)
    for one, other in zip(ours, gradients(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


def test_no_query_sees_a_later_key() -> None:
    query, key, value = heads(9, 9, 1)
    first = attend_row(query, key, value, None)
    with torch.no_grad():
        key[:, :, 6:] += 100.0
        value[:, :, 6:] -= 100.0
    torch.testing.assert_close(attend_row(query, key, value, None)[:, :6], first[:, :6])
    assert row_attention.CHUNK > 1
