"""Merging: the hooks' function in the weights, and back again bit for bit."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from torch import nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method import Adapter, Selection, Site, attach, discover
from ia3_studio.method.merging import merge
from tests.families import FAMILIES, batch_of, logits_of, tiny_model

TOLERANCE = {torch.float32: 2e-5, torch.bfloat16: 5e-2, torch.float16: 6e-3}


def adapter_of(model: Any, preset: str = "paper", seed: int = 5, zeros: int = 3) -> Adapter:
    """Return an adapter with random numbers, some of them exactly 0."""
    selection = discover(model).select(preset)
    generator = torch.Generator().manual_seed(seed)
    vector = 1 + 0.3 * torch.randn(selection.parameters, generator=generator)
    vector[:zeros] = 0
    return Adapter(selection, vector)


def on_both_sides(model: Any) -> Adapter:
    down = "model.layers.0.mlp.down_proj"
    selection = Selection((Site(down, "input", 48), Site(down, "output", 32)))
    return Adapter(selection, torch.linspace(-1, 2, 80))


def weights_of(model: Any) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_same_weights(model: Any, before: dict[str, torch.Tensor]) -> None:
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def hooked_logits(model: Any, adapter: Adapter, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    attachment = attach(model, adapter.selection)
    attachment.load(adapter)
    logits = logits_of(model, batch)
    attachment.detach()
    return logits


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "opt", "bert", "t5_gated"])
def test_merged_logits_equal_hooked_ones_and_undo_restores_every_bit(family: str, dtype: torch.dtype) -> None:
    model = tiny_model(family).to(dtype)
    adapter, batch = adapter_of(model, "all"), batch_of(model)
    before, base, hooked = weights_of(model), logits_of(model, batch), hooked_logits(model, adapter, batch_of(model))
    for _ in range(3):
        merged = merge(model, adapter)
        tolerance = TOLERANCE[dtype] * float(hooked.abs().max())
        torch.testing.assert_close(logits_of(model, batch), hooked, atol=tolerance, rtol=0)
        merged.undo()
    assert_same_weights(model, before)
    assert torch.equal(logits_of(model, batch), base)


def test_both_sides_of_one_module_are_merged() -> None:
    model = tiny_model("llama")
    adapter, batch = on_both_sides(model), batch_of(model)
    hooked = hooked_logits(model, adapter, batch)
    with merge(model, adapter):
        torch.testing.assert_close(logits_of(model, batch), hooked)


def test_the_bias_is_inside_the_scale_on_the_output_side_only() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    sites = Selection((Site("0", "output", 2), Site("1", "input", 2)))
    biases = [model[0].bias.detach().clone(), model[1].bias.detach().clone()]
    with merge(model, Adapter(sites, torch.tensor([2.0, 3.0, 4.0, 5.0]))):
        assert torch.equal(model[0].bias, biases[0] * torch.tensor([2.0, 3.0]))
        assert torch.equal(model[1].bias, biases[1])


def test_the_rows_of_a_fused_projection_outside_the_spans_stay_as_they_are() -> None:
    model = tiny_model("gpt2")
    adapter = adapter_of(model)
    before = model.transformer.h[0].attn.c_attn.weight.detach().clone()
    with merge(model, adapter):
        merged = model.transformer.h[0].attn.c_attn.weight
        assert torch.equal(merged[:, :32], before[:, :32])  # queries
        assert not torch.equal(merged[:, 32:], before[:, 32:])


def test_leaving_the_block_after_an_error_takes_the_merge_back() -> None:
    model = tiny_model("llama")
    before = weights_of(model)
    with pytest.raises(KeyError), merge(model, adapter_of(model)):
        raise KeyError
    assert_same_weights(model, before)


def test_a_head_tied_to_its_embedding_is_untied_and_tied_again(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = hf.LlamaConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=4, vocab_size=97, intermediate_size=48,
        tie_word_embeddings=True, max_position_embeddings=64,
    )  # fmt: skip
    model = hf.LlamaForCausalLM(config).eval().requires_grad_(False)
    adapter = Adapter(Selection((Site("lm_head", "output", 97),)), torch.linspace(-1, 2, 97))
    batch, before = batch_of(model), model.model.embed_tokens.weight.clone()
    hooked = hooked_logits(model, adapter, batch)

    merged = merge(model, adapter)
    assert merged.untied == ("lm_head",)
    assert torch.equal(model.model.embed_tokens.weight, before)
    torch.testing.assert_close(logits_of(model, batch), hooked)
    model.save_pretrained(tmp_path)
    again = hf.LlamaForCausalLM.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(logits_of(again, batch), hooked)

    merged.undo()
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert model.config.tie_word_embeddings and torch.equal(model.lm_head.weight, before)


def test_a_weight_shared_by_two_modules_is_scaled_in_the_selected_one_only() -> None:
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    before = model[0].weight.detach().clone()
    both = Adapter(Selection((Site("0", "output", 3), Site("1", "output", 3))), torch.tensor([2.0] * 3 + [3.0] * 3))
    with merge(model, both):
        assert torch.equal(model[0].weight, before * 2) and torch.equal(model[1].weight, before * 3)
    assert model[0].weight is model[1].weight and torch.equal(model[0].weight, before)


def test_one_module_under_two_names_is_refused() -> None:
    layer = nn.Linear(3, 3)
    model = nn.Sequential(layer, layer)
    twice = Adapter(Selection((Site("0", "output", 3), Site("1", "output", 3))), torch.full((6,), 2.0))
    with pytest.raises(AdapterError, match="0 and 1 are one module, scaled twice"):
        merge(model, twice)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.float8_e4m3fn], ids=str)
def test_a_quantized_module_is_refused_with_the_way_out(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Linear(3, 3))
    model[0].weight = nn.Parameter(torch.ones(3, 3).to(dtype), requires_grad=False)
    with pytest.raises(AdapterError, match=r"quantized .*load the base model without quantization"):
        merge(model, Adapter(Selection((Site("0", "output", 3),)), torch.full((3,), 2.0)))


def test_weights_that_are_not_in_memory_are_refused() -> None:
    model = nn.Sequential(nn.Linear(3, 3, device="meta"))
    with pytest.raises(AdapterError, match="not in memory"):
        merge(model, Adapter(Selection((Site("0", "output", 3),)), torch.ones(3)))


def test_a_scaled_weight_that_overflows_is_refused_and_nothing_is_changed() -> None:
    model = nn.Sequential(nn.Linear(3, 3, dtype=torch.float16), nn.Linear(3, 3, dtype=torch.float16))
    before = weights_of(model)
    sites = Selection((Site("0", "output", 3), Site("1", "output", 3)))
    with pytest.raises(AdapterError, match="too large for float16"):
        merge(model, Adapter(sites, torch.tensor([2.0] * 3 + [1e6] * 3)))
    assert_same_weights(model, before)


def test_an_adapter_of_another_model_is_refused() -> None:
    with pytest.raises(SelectionError, match="no module"):
        merge(tiny_model("llama"), adapter_of(tiny_model("opt")))


def attached_llama() -> tuple[Any, Any, dict[str, torch.Tensor]]:
    model = tiny_model("llama")
    adapter = adapter_of(model)
    attachment = attach(model, adapter.selection)
    attachment.load(adapter)
    return model, attachment, batch_of(model)


def test_an_attachment_rests_while_merged_and_scales_again_after() -> None:
    model, attachment, batch = attached_llama()
    hooked = logits_of(model, batch)
    merged = merge(model, attachment)
    torch.testing.assert_close(logits_of(model, batch), hooked)
    merged.undo()
    assert torch.equal(logits_of(model, batch), hooked)


def test_disabled_inside_merged_is_the_base_model_and_leaves_the_merged_one() -> None:
    base = logits_of(tiny_model("llama"), batch_of(None))
    model, attachment, batch = attached_llama()
    with merge(model, attachment) as merged:
        before = logits_of(model, batch)
        with attachment.disabled():
            assert torch.equal(logits_of(model, batch), base)
        with merged.paused(), attachment.disabled():
            assert torch.equal(logits_of(model, batch), base)
        assert merged.applied and torch.equal(logits_of(model, batch), before)


def test_strengths_inside_merged_are_those_of_the_hooks() -> None:
    model, attachment, batch = attached_llama()
    with attachment.strengths(0.5, 0):
        hooked = logits_of(model, batch)
    with merge(model, attachment), attachment.strengths(0.5, 0):
        assert torch.equal(logits_of(model, batch), hooked)


def test_detaching_undoes_the_merge() -> None:
    base = weights_of(tiny_model("llama"))
    model, attachment, _batch = attached_llama()
    merge(model, attachment)
    attachment.detach()
    assert_same_weights(model, base)


def test_what_would_make_a_merge_stale_is_refused() -> None:
    model, attachment, _batch = attached_llama()
    with merge(model, attachment):
        with pytest.raises(AdapterError, match="merged already"):
            merge(model, attachment)
        with pytest.raises(AdapterError, match="undo the merge, then load"):
            attachment.load(attachment.adapter())


def test_merges_are_undone_in_the_opposite_order() -> None:
    model = tiny_model("llama")
    before = weights_of(model)
    first, second = merge(model, adapter_of(model)), merge(model, adapter_of(model, seed=6))
    with pytest.raises(AdapterError, match="replaced after this merge"):
        first.undo()
    second.undo()
    first.undo()
    assert_same_weights(model, before)


def test_a_kept_merge_is_a_plain_model_without_hooks() -> None:
    model, attachment, batch = attached_llama()
    hooked = logits_of(model, batch)
    merge(model, attachment).keep()
    twin = tiny_model("llama")
    twin.load_state_dict(copy.deepcopy(model.state_dict()))
    torch.testing.assert_close(logits_of(twin, batch), hooked)
    assert torch.equal(logits_of(model, batch), logits_of(twin, batch))


def test_the_families_all_merge() -> None:
    for family in FAMILIES:
        model = tiny_model(family)
        with merge(model, adapter_of(model)) as merged:
            assert merged.applied and merged.untied == ()
