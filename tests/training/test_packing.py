"""Rows end to end: what each computes is what it computes alone, or the model is not run so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import transformers as hf
from hypothesis import example, given
from hypothesis import strategies as st

from ia3_studio.data.tokens import TokenRow
from ia3_studio.method import Selection, attach, discover
from ia3_studio.method.sites import layer_of
from ia3_studio.training.bundles import bundle_batches, bundled
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.packing import ATTENTION, packing_of
from ia3_studio.training.prefix_cache import prefix_cache_of
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
    (bundle, *others) = bundled([token_row(*row) for row in rows])
    assert bundle.shared == shared
    assert len(others) == (0 if shared else len(rows) - 1)


def prompts_and_answers() -> list[TokenRow]:
    """Return rows of three prompts, mixed: one with four answers, one with three, one with one."""
    rows = [token_row(f"{prompt}{answer}", len(prompt)) for prompt, answers in {
        "a long document about ships: ": ("one", "two", "three", "four"), "another about harbours: ": ("x", "yy", "z"),
        "a third: ": ("alone",),
    }.items() for answer in answers]  # fmt: skip
    return [TokenRow(row.input_ids, row.labels, number, False) for number, row in enumerate(rows)][::-1]


def test_every_prompt_that_occurs_more_than_once_is_shared_by_its_answers() -> None:
    rows = prompts_and_answers()
    found = bundled(rows)
    assert sorted(row.row for bundle in found for row in bundle.rows) == list(range(8))
    assert sorted((len(bundle.rows), bundle.shared) for bundle in found) == [(1, 0), (3, 23), (4, 28)]
    assert bundled([row for bundle in found for row in bundle.rows]) == found


@given(
    st.lists(st.tuples(st.text("ab", min_size=1, max_size=6), st.integers(0, 5)), min_size=1, max_size=12),
    st.integers(1, 40),
)
@example([("ab", 2), ("aaaaaa", 0), ("aaaaaa", 2)], 13)  # the same tokens, trained from different places
def test_bundles_and_batches_hold_every_row_once_and_share_no_trained_token(
    texts: list[tuple[str, int]], budget: int
) -> None:
    rows = [replace(token_row(text, min(start, len(text))), row=number) for number, (text, start) in enumerate(texts)]
    found = bundled(rows)
    assert sorted(row.row for bundle in found for row in bundle.rows) == list(range(len(rows)))
    for bundle in found:
        begin = bundle.rows[0].input_ids[: bundle.shared]
        for row in bundle.rows:
            assert row.input_ids[: bundle.shared] == begin
            assert all(label == -100 for label in row.labels[: bundle.shared + 1]) or not bundle.shared
    assert sum(sum(bundle.lengths) for bundle in found) <= sum(len(row.input_ids) for row in rows)
    batches = list(bundle_batches(rows, budget))
    assert sorted(row.row for batch in batches for row in batch) == list(range(len(rows)))
    for batch in batches:
        assert len(batch) == 1 or sum(sum(bundle.lengths) for bundle in bundled(batch)) <= budget


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "opt"])
@pytest.mark.parametrize("cached", [False, True], ids=["computed", "lower layers cached"])
def test_shared_prompts_change_neither_losses_nor_gradients(family: str, cached: bool) -> None:
    rows = [replace(row, input_ids=tuple(token % 90 for token in row.input_ids),
                    labels=tuple(label if label < 0 else label % 90 for label in row.labels))
            for row in prompts_and_answers()]  # fmt: skip
    model = tiny_model(family)
    sites = discover(model).select("paper")
    if cached:
        sites = Selection(tuple(site for site in sites if layer_of(site.path) == 1), sites.base_model)
    attachment = attach(model, sites)
    cache, _why = prefix_cache_of(model, attachment, 10**8) if cached else (None, "")
    loss = CausalLoss(model, cache=cache)
    assert loss.packing is not None and (cache is not None) == cached
    found: list[tuple[list[float], torch.Tensor]] = []
    for groups in ([rows], [[row] for row in rows], [rows]):  # the third with cached lower layers
        attachment.parameter.grad = None
        summed = sum(loss.group_backward(group, loss.count(rows)) for group in groups)
        assert attachment.parameter.grad is not None
        alone = [value for group in groups for value in loss.row_losses(group)]
        assert sum(alone) == pytest.approx(summed, rel=1e-5)
        found.append((alone, attachment.parameter.grad))
    for losses, gradient in found[1:]:
        assert losses == pytest.approx(found[0][0], rel=1e-5)
        torch.testing.assert_close(gradient, found[0][1], rtol=1e-4, atol=1e-7)


def test_a_window_is_kept_where_a_long_prompt_is_shared() -> None:
    model = mistral(3)
    packing, _path = packing_of(model)
    assert packing is not None
    common = [5, 17, 30, 31, 32, 33]
    rows = [[*common, 3], [*common, 80, 41], [*common, 7, 60, 9]]
    with torch.no_grad():
        shared, *own = packing.run([(rows, 6)]).logits[0].split([6, 1, 2, 3])
        for row, found in zip(rows, own, strict=True):
            expected = model(input_ids=torch.tensor([row])).logits[0]
            torch.testing.assert_close(torch.cat([shared, found]), expected, rtol=1e-5, atol=1e-5)
