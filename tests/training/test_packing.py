"""Rows end to end: what each computes is what it computes alone, or the model is not run so."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.data.tokens import TokenRow
from ia3_studio.training.batches import shared_tokens
from ia3_studio.training.packing import ATTENTION, packing_of
from tests.families import SMALL, tiny_model

ROWS = [[5, 17, 3, 80, 41, 9, 22, 7, 60], [5, 17, 11], [5, 17, 30, 31, 32, 33, 34, 35], [5, 17, 8, 9]]


def built(config: Any) -> Any:
    torch.manual_seed(0)
    return hf.AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)


def mistral(window: int | None) -> Any:
    return built(hf.MistralConfig(**SMALL, intermediate_size=48, num_key_value_heads=2, sliding_window=window))


def assert_equal_to_one_by_one(model: Any) -> None:
    packing, _path = packing_of(model)
    assert packing is not None
    with torch.no_grad():
        for shared in (0, 2):
            common, *own = packing.run([(ROWS, shared)]).logits[0].split([shared, *(len(row) - shared for row in ROWS)])
            for row, found in zip(ROWS, own, strict=True):
                expected = model(input_ids=torch.tensor([row])).logits[0]
                torch.testing.assert_close(torch.cat([common, found]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "opt"])
def test_rows_end_to_end_compute_what_each_computes_alone(family: str) -> None:
    assert_equal_to_one_by_one(tiny_model(family))


@pytest.mark.parametrize("window", [1, 3, None])
def test_a_sliding_window_is_kept_within_each_row(window: int | None) -> None:
    assert_equal_to_one_by_one(mistral(window))


def test_layers_with_and_without_a_window_take_turns() -> None:
    config = hf.Qwen2Config(
        **SMALL, intermediate_size=48, num_key_value_heads=2, use_sliding_window=True, sliding_window=3,
        layer_types=["sliding_attention", "full_attention"],
    )  # fmt: skip
    assert_equal_to_one_by_one(built(config))


@pytest.mark.parametrize(
    "config",
    [
        hf.Gemma2Config(**SMALL, intermediate_size=48, num_key_value_heads=2, head_dim=8, attn_implementation="eager"),
        hf.BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=97),
        hf.MambaConfig(vocab_size=97, hidden_size=32, num_hidden_layers=2, state_size=4),
        hf.RecurrentGemmaConfig(
            **SMALL, intermediate_size=48, num_key_value_heads=2, head_dim=8, lru_width=32, block_types=["recurrent"]
        ),
    ],
    ids=lambda config: config.model_type,
)
def test_a_model_that_looks_across_positions_in_another_way_is_padded(config: Any) -> None:
    packing, path = packing_of(built(config))
    assert packing is None and not path.is_on and path.reason


def test_the_model_has_its_own_attention_again_also_after_an_error() -> None:
    model = tiny_model("llama")
    batch = torch.tensor([[4, 5, 6, 7]])
    before = model(input_ids=batch).logits
    packing, _path = packing_of(model)
    assert packing is not None
    packing.run([(ROWS, 2)])
    with pytest.raises(IndexError):
        packing.run([([[5, 1000]], 0)])
    assert model.config._attn_implementation == "sdpa" != ATTENTION
    assert model(input_ids=batch).logits.equal(before)


def token_row(ids: str, trained_from: int) -> TokenRow:
    labels = [-100] * trained_from + [ord(letter) for letter in ids[trained_from:]]
    return TokenRow(tuple(map(ord, ids)), tuple(labels), 1, False)


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([("system one", 9), ("system two!", 9), ("system", 5)], 4),  # the last row is trained from its sixth token
        ([("system one", 9), ("system two!", 9)], 7),
        ([("all trained", 0), ("all trained too", 0)], 0),
        ([("alone", 3)], 0),
        ([("same", 3), ("same", 3)], 2),
        ([("one", 2), ("other", 2)], 1),
        ([("a", 1), ("a b", 1)], 0),
    ],
)
def test_rows_share_what_they_begin_with_up_to_where_they_learn(rows: list[tuple[str, int]], shared: int) -> None:
    assert shared_tokens([token_row(*row) for row in rows]) == shared
