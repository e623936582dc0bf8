"""Discovery beyond the plain transformer: every kind of layer gets the right sites, and every vector can learn.

The table of all model types comes from ``benchmarks/architectures.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from torch import Tensor, nn

from ia3_studio.method.experts import down_tensor
from ia3_studio.method.inputs import example_inputs
from ia3_studio.method.layer_tree import LayerTree
from ia3_studio.method.scaling import attach
from ia3_studio.method.sites import Selection
from ia3_studio.method.tree import discover
from tests.families import SMALL

pytestmark = pytest.mark.usefixtures("watched_anew")

TEXT: dict[str, Any] = {**SMALL, "intermediate_size": 48}
MLA: dict[str, Any] = {**TEXT, "q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4,
                       "v_head_dim": 6, "pad_token_id": 0}  # fmt: skip

KINDS: dict[str, Callable[[], nn.Module]] = {
    "falcon": lambda: hf.FalconForCausalLM(hf.FalconConfig(**SMALL, ffn_hidden_size=48)),
    "phi3": lambda: hf.Phi3ForCausalLM(hf.Phi3Config(**TEXT, num_key_value_heads=2, pad_token_id=0)),
    "latent": lambda: hf.MiniCPM3ForCausalLM(hf.MiniCPM3Config(**MLA)),
    "experts": lambda: hf.MixtralForCausalLM(
        hf.MixtralConfig(**TEXT, num_key_value_heads=2, num_local_experts=2)
    ),
    "transposed experts": lambda: hf.GptOssForCausalLM(
        hf.GptOssConfig(**TEXT, num_key_value_heads=2, head_dim=8, num_local_experts=2, num_experts_per_tok=1,
                        pad_token_id=0)
    ),
    "Fourier": lambda: hf.FNetForSequenceClassification(
        hf.FNetConfig(vocab_size=97, hidden_size=32, num_hidden_layers=2, intermediate_size=48)
    ),
    "state space": lambda: hf.MambaForCausalLM(
        hf.MambaConfig(hidden_size=16, num_hidden_layers=2, state_size=4, vocab_size=97)
    ),
    "convolutions": lambda: hf.ResNetForImageClassification(
        hf.ResNetConfig(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1])
    ),
    "pictures": lambda: hf.ViTForImageClassification(hf.ViTConfig(**{**TEXT, "image_size": 16, "patch_size": 8})),
    "text and pictures": lambda: hf.LlavaForConditionalGeneration(
        hf.LlavaConfig(text_config=hf.LlamaConfig(**TEXT),
                       vision_config=hf.CLIPVisionConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                                                         num_attention_heads=4, image_size=16, patch_size=8))
    ),
}  # fmt: skip
"""One tiny model of each kind of layer."""


def made(kind: str) -> nn.Module:
    torch.manual_seed(0)
    return KINDS[kind]().eval().requires_grad_(False)


def logits_of(model: nn.Module) -> Tensor:
    torch.manual_seed(1)
    inputs = {
        name: torch.randn_like(value) if isinstance(value, Tensor) and value.is_floating_point() else value
        for name, value in example_inputs(model, tokens=8).items()
    }
    if "input_ids" in inputs:
        inputs["input_ids"] = torch.randint(3, 90, inputs["input_ids"].shape)
    return model(**inputs).logits  # type: ignore[no-any-return]


def dead(model: nn.Module, selection: Selection) -> list[str]:
    attachment = attach(model, selection)
    logits_of(model).pow(2).sum().backward()
    assert attachment.parameter.grad is not None
    parts = attachment.parameter.grad.split([site.size for site in selection])
    names = [s.name for s, part in zip(selection, parts, strict=True) if not (part.isfinite().all() and part.any())]
    attachment.detach()
    return names


def first_block(tree: LayerTree) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return the spans of the paper's sites of the first block, by the last part of their names."""
    return {s.name.rpartition(".")[2]: s.spans for s in tree.select("paper") if ".0." in s.path}


@pytest.mark.parametrize("kind", KINDS)
def test_every_vector_of_the_paper_preset_can_learn(kind: str) -> None:
    model = made(kind)
    assert dead(model, discover(model).select("paper")) == []


@pytest.mark.parametrize("kind", ["falcon", "latent", "experts", "state space"])
def test_detaching_gives_the_model_back_bit_for_bit(kind: str) -> None:
    model = made(kind)
    before = logits_of(model)
    attachment = attach(model, discover(model).select("paper"))
    with torch.no_grad():
        attachment.parameter.mul_(0.5)
    assert not torch.equal(logits_of(model), before)
    attachment.detach()
    assert torch.equal(logits_of(model), before)


def test_multi_query_attention_shows_one_key_and_one_value_head() -> None:
    spans = first_block(discover(made("falcon")))
    assert (spans["query_key_value[key]"], spans["query_key_value[value]"]) == (((32, 40),), ((40, 48),))


def test_grouped_projections_show_fewer_keys_than_queries() -> None:
    spans = first_block(discover(made("phi3")))
    assert (spans["qkv_proj[key]"], spans["qkv_proj[value]"]) == (((32, 48),), ((48, 64),))


def test_latent_attention_shows_keys_and_values_head_by_head_and_the_shared_rotated_key() -> None:
    spans = first_block(discover(made("latent")))
    assert spans["kv_b_proj[key]"] == ((0, 4), (10, 14), (20, 24), (30, 34))
    assert spans["kv_b_proj[value]"] == ((4, 10), (14, 20), (24, 30), (34, 40))
    assert spans["kv_a_proj_with_mqa[key]"] == ((8, 12),)


def test_state_space_layers_take_x_as_value_and_b_as_key() -> None:
    spans = first_block(discover(made("state space")))
    assert spans == {"in_proj[value]": ((0, 32),), "x_proj[key]": ((1, 5),), "out_proj": ()}


@pytest.mark.parametrize("kind", ["experts", "transposed experts"])
@pytest.mark.parametrize("dispatch", ["eager", "batched_mm", "grouped_mm"])
def test_an_expert_vector_is_a_scale_of_the_down_tensors_in_axis(kind: str, dispatch: str) -> None:
    model = made(kind)
    model.set_experts_implementation(dispatch)  # type: ignore[operator]
    selection = Selection(tuple(s for s in discover(model).select("feed-forward")))
    attachment = attach(model, selection)
    torch.manual_seed(2)
    with torch.no_grad():
        attachment.parameter.uniform_(0.5, 1.5)
    tuned, vectors = logits_of(model), {site: v.clone() for site, v in attachment.vectors().items()}
    attachment.detach()
    assert len(vectors) == 2
    for site, vector in vectors.items():
        down, axis = down_of(model, site.path)
        shape = [1, -1, 1] if axis == 1 else [1, 1, -1]
        down.mul_(vector.view(shape))
    torch.testing.assert_close(logits_of(model), tuned, atol=1e-5, rtol=1e-4)


def down_of(model: nn.Module, path: str) -> tuple[Tensor, int]:
    found = down_tensor(model.get_submodule(path)) or down_tensor(model.get_submodule(path.rpartition(".")[0]))
    assert found is not None
    return found


def test_a_convolution_is_scaled_channel_by_channel() -> None:
    model = made("convolutions")
    site = next(s for s in discover(model).select("feed-forward"))
    attachment = attach(model, Selection((site,)))
    torch.manual_seed(2)
    with torch.no_grad():
        attachment.parameter.uniform_(0.5, 1.5)
    tuned, vector = logits_of(model), attachment.parameter.detach().clone()
    attachment.detach()
    convolution = model.get_submodule(site.path)
    assert isinstance(convolution, nn.Conv2d)
    convolution.weight.mul_(vector.view(1, -1, 1, 1))
    torch.testing.assert_close(logits_of(model), tuned, atol=1e-5, rtol=1e-4)


def test_text_alone_does_not_reach_the_eyes_so_presets_leave_them_out() -> None:
    tree = discover(made("text and pictures"))
    assert {site.role for site in tree.select("paper")} == {"key", "value", "feed-forward"}
    assert not [site for site in tree.select("all") if "vision" in site.path]
    assert [site for site in tree.sites if "vision" in site.path]


def test_no_preset_takes_what_only_chooses() -> None:
    class Sparse(nn.Module):
        """A block whose second projection ranks channels and computes nothing."""

        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList([nn.ModuleDict({n: nn.Linear(8, 8) for n in ("work", "rank")})])
            self.embed = nn.Embedding(97, 8)

        def forward(self, input_ids: Tensor) -> Tensor:
            x = self.embed(input_ids)
            chosen = self.blocks[0]["rank"](x).topk(4).indices
            return self.blocks[0]["work"](x).gather(-1, chosen)

    assert [site.path for site in discover(Sparse()).select("all")] == ["blocks.0.work"]


def test_a_decoder_of_codes_with_a_head_each_gets_a_row_for_every_codebook() -> None:
    config = hf.MusicgenDecoderConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=48, vocab_size=97, num_codebooks=2
    )
    torch.manual_seed(0)
    model = hf.MusicgenForCausalLM(config).eval().requires_grad_(False)
    assert len(example_inputs(model)["input_ids"]) == 2
    tree = discover(model)
    assert tree.note == ""
    assert {site.role for site in tree.select("paper")} == {"key", "value", "feed-forward"}


ROWS = {"llama": "LlamaForCausalLM", "t5": "T5ForConditionalGeneration", "bert": "BertForTokenClassification",
        "resnet": "ResNetForImageClassification", "mixtral": "MixtralForCausalLM"}  # fmt: skip


@pytest.mark.parametrize("model_type", ROWS)
def test_the_table_of_architectures_holds_what_is_found_today(model_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import architectures

    row = architectures.read(root / "docs" / "architectures.tsv")[model_type, ROWS[model_type]]
    fresh = architectures.measure(architectures.Row(row.model_type, row.model_class, row.tasks))
    assert fresh == row
    assert row.is_whole
