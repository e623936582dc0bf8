"""Merging every kind of layer that can carry a vector: convolutions in groups, experts kept as tensors, odd classes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import transformers as hf
from torch import Tensor, nn

from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter, Selection, Site, attach, discover
from ia3_studio.method.layers import widths
from ia3_studio.method.merging import merge
from ia3_studio.method.peft.targets import all_linear
from tests.families import SMALL, batch_of, logits_of

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 4e-2, torch.float16: 4e-3}

LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(6, 4), (2, 6)),
    "conv1d": (nn.Conv1d(6, 4, 3, padding=1), (2, 6, 9)),
    "conv1d in groups": (nn.Conv1d(6, 4, 3, groups=2), (2, 6, 9)),
    "conv1d depthwise": (nn.Conv1d(6, 12, 3, groups=6), (2, 6, 9)),
    "conv2d strided": (nn.Conv2d(6, 4, 3, stride=2, padding=1, padding_mode="reflect"), (2, 6, 7, 8)),
    "conv2d in groups": (nn.Conv2d(6, 9, (1, 3), groups=3, bias=False), (2, 6, 4, 5)),
    "conv3d in groups": (nn.Conv3d(4, 6, 2, groups=2), (2, 4, 3, 3, 3)),
    "transposed 1d": (nn.ConvTranspose1d(6, 4, 3), (2, 6, 5)),
    "transposed 2d in groups": (nn.ConvTranspose2d(6, 4, 3, stride=2, groups=2), (2, 6, 4, 4)),
    "transposed 3d in groups": (nn.ConvTranspose3d(4, 6, 2, groups=2, bias=False), (2, 4, 3, 3, 3)),
    "columns": (hf.pytorch_utils.Conv1D(4, 6), (2, 5, 6)),
}


def both_sides(layer: nn.Module, shape: tuple[int, ...], dtype: torch.dtype) -> tuple[nn.Module, Tensor, Adapter]:
    """Return a model of this layer alone, an activation for it and vectors for both sides, some of them 0."""
    model = nn.Sequential(copy.deepcopy(layer)).to(dtype).requires_grad_(False)
    given = torch.randn(shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    inputs, outputs = widths(layer) or (0, 0)
    sites = Selection((Site("0", "input", inputs), Site("0", "output", outputs)))
    vector = torch.linspace(-1.2, 2.2, inputs + outputs)
    vector[::5] = 0
    return model, given, Adapter(sites, vector)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("kind", LAYERS)
def test_a_merged_layer_computes_what_its_hooks_did_and_comes_back_bit_for_bit(kind: str, dtype: torch.dtype) -> None:
    model, given, adapter = both_sides(*LAYERS[kind], dtype)
    before, base = {name: t.clone() for name, t in model.state_dict().items()}, model(given)
    attachment = attach(model, adapter.selection)
    attachment.load(adapter)
    with torch.no_grad():
        hooked = model(given)
        for _ in range(3):
            with merge(model, attachment):
                merged = model(given)
                torch.testing.assert_close(merged, hooked, atol=TOLERANCE[dtype] * float(hooked.abs().max()), rtol=0)
                assert merged.dtype == dtype and not torch.equal(merged, base)
    attachment.detach()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(model(given), base)


FEW: dict[str, Any] = {**SMALL, "intermediate_size": 48, "num_key_value_heads": 2, "num_local_experts": 4}
EXPERTS: dict[str, Any] = {
    "mixtral": lambda: (hf.MixtralForCausalLM, hf.MixtralConfig(**FEW)),
    "gpt_oss": lambda: (hf.GptOssForCausalLM, hf.GptOssConfig(**FEW, head_dim=8, num_experts_per_tok=2)),
    "llama4": lambda: (
        hf.Llama4ForCausalLM,
        hf.Llama4TextConfig(**FEW, head_dim=8, intermediate_size_mlp=40, interleave_moe_layer_step=1),
    ),
}


def tiny_experts(kind: str) -> Any:
    model_class, config = EXPERTS[kind]()
    torch.manual_seed(0)
    model = model_class(config).eval().requires_grad_(False)
    for parameter in model.parameters():  # llama4 leaves its experts unset
        torch.nn.init.normal_(parameter, std=0.1)
    return model


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("kind", EXPERTS)
def test_merged_experts_compute_what_hooks_did_in_either_orientation(kind: str, dtype: torch.dtype) -> None:
    model = tiny_experts(kind).to(dtype)
    selection = discover(model).select("feed-forward")
    vector = 1 + 0.5 * torch.randn(selection.parameters, generator=torch.Generator().manual_seed(3))
    vector[:4] = 0
    attachment, batch = attach(model, selection), batch_of(model)
    base, before = logits_of(model, batch), {name: t.clone() for name, t in model.state_dict().items()}
    attachment.load(Adapter(selection, vector))
    hooked = logits_of(model, batch)
    with merge(model, attachment):
        experts = [name for name, tensor in model.state_dict().items() if name.endswith("experts.down_proj")]
        assert len(experts) == 2
        assert not any(torch.equal(model.state_dict()[name], before[name]) for name in experts)
        tolerance = 5 * TOLERANCE[dtype] * float(hooked.abs().max())
        torch.testing.assert_close(logits_of(model, batch), hooked, atol=tolerance, rtol=0)
    attachment.detach()
    assert float((hooked - base).abs().max()) > 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(logits_of(model, batch), base)


def test_the_input_of_an_activation_function_cannot_be_merged() -> None:
    model = tiny_experts("mixtral")
    path = discover(model).select("feed-forward").sites[0].path
    with pytest.raises(AdapterError, match="cannot be merged into weights"):
        merge(model, Adapter(Selection((Site(path, "input", 48),)), torch.full((48,), 2.0)))


class Standardised(nn.Conv2d):
    """Normalizes its weights before it uses them, as BiT does."""

    def forward(self, given: Tensor) -> Tensor:
        flat = self.weight.flatten(1)
        weight = (flat - flat.mean(1, keepdim=True)) / flat.std(1, keepdim=True)
        return self._conv_forward(given, weight.view_as(self.weight), self.bias)


class Doubling(nn.Linear):
    """Computes in its own way, and yet in proportion to its weights."""

    def forward(self, given: Tensor) -> Tensor:
        return 2 * super().forward(given)


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_layer_that_normalizes_its_weights_is_refused_and_left_as_it_was(side: Any) -> None:
    model = nn.Sequential(Standardised(4, 4, 3))
    before = model[0].weight
    with pytest.raises(AdapterError, match="0 is a Standardised, which changes its weights before it uses them"):
        merge(model, Adapter(Selection((Site("0", side, 4),)), torch.tensor([2.0, 1.0, 0.5, 3.0])))
    assert model[0].weight is before


def test_a_layer_of_its_own_kind_that_keeps_proportions_is_merged() -> None:
    model, given = nn.Sequential(Doubling(4, 3)), torch.randn(2, 4)
    before = model(given)
    with merge(model, Adapter(Selection((Site("0", "output", 3),)), torch.tensor([2.0, 0.0, -1.0]))):
        torch.testing.assert_close(model(given), before * torch.tensor([2.0, 0.0, -1.0]))


def test_a_weight_that_its_parent_reads_is_merged_and_a_module_without_one_is_refused() -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).eval().requires_grad_(False)
    given, scale = torch.randn(1, 3, 8), torch.linspace(-1, 2, 8)
    attention = model.self_attn
    before = attention(given, given, given)[0]
    with merge(model, Adapter(Selection((Site("self_attn.out_proj", "output", 8),)), scale)):
        torch.testing.assert_close(attention(given, given, given)[0], before * scale)
    computed = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)))
    with pytest.raises(AdapterError, match="computed from other weights"):
        merge(computed, Adapter(Selection((Site("0", "output", 3),)), torch.ones(3)))


def test_a_model_of_pictures_without_an_embedding_is_merged() -> None:
    torch.manual_seed(0)
    config = hf.ConvNextV2Config(hidden_sizes=[8, 8], depths=[1, 1], num_stages=2, image_size=32, patch_size=4)
    model = hf.ConvNextV2ForImageClassification(config).eval().requires_grad_(False)
    selection = discover(model).select("feed-forward")
    attachment = attach(model, selection)
    attachment.load(Adapter(selection, torch.linspace(-1, 2, selection.parameters)))
    pictures = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        hooked = model(pictures).logits
        with merge(model, attachment):
            torch.testing.assert_close(model(pictures).logits, hooked)


def test_transposed_convolutions_are_no_targets_of_peft() -> None:
    model = nn.Sequential(nn.ConvTranspose2d(4, 4, 3), nn.Linear(4, 4))
    assert all_linear(model) == ("1",)
