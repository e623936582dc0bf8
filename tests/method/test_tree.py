"""Discovery: the right keys, values and feed-forward sites, told by data flow alone."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
import torch
import transformers as hf
from torch import nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.layer_tree import LayerTree
from ia3_studio.method.sites import Selection, in_block, layer_of
from ia3_studio.method.tree import discover
from tests.families import FAMILIES, SMALL, tiny_model

pytestmark = pytest.mark.usefixtures("watched_anew")

PAPER = {  # (path end, side, role, size) of one block, and how many blocks have it
    "llama": {("k_proj", "output", "key", 16): 2, ("v_proj", "output", "value", 16): 2,
              ("down_proj", "input", "feed-forward", 48): 2},
    "gpt2": {("c_attn", "output", "key", 32): 2, ("c_attn", "output", "value", 32): 2,
             ("c_proj", "input", "feed-forward", 128): 2},
    "gpt_neox": {("query_key_value", "output", "key", 32): 2, ("query_key_value", "output", "value", 32): 2,
                 ("dense_4h_to_h", "input", "feed-forward", 48): 2},
    "opt": {("k_proj", "output", "key", 32): 2, ("v_proj", "output", "value", 32): 2,
            ("fc2", "input", "feed-forward", 48): 2},
    "bert": {("key", "output", "key", 32): 2, ("value", "output", "value", 32): 2,
             ("dense", "input", "feed-forward", 48): 2},
    "roberta": {("key", "output", "key", 32): 2, ("value", "output", "value", 32): 2,
                ("dense", "input", "feed-forward", 48): 2},
    "t5": {("k", "output", "key", 32): 6, ("v", "output", "value", 32): 6, ("wo", "input", "feed-forward", 48): 4},
    "t5_gated": {("k", "output", "key", 32): 6, ("v", "output", "value", 32): 6,
                 ("wo", "input", "feed-forward", 48): 4},
}  # fmt: skip


@cache
def tree_of(family: str) -> LayerTree:
    return discover(tiny_model(family))


def seen(selection: Selection) -> Counter[tuple[str, str, str, int]]:
    return Counter((site.path.rpartition(".")[2], site.side, site.role, site.size) for site in selection)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_paper_preset_finds_keys_values_and_feed_forward(family: str) -> None:
    assert seen(tree_of(family).select("paper")) == PAPER[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_meta_device_gives_the_same_tree(family: str) -> None:
    auto, config = FAMILIES[family]()
    with torch.device("meta"):
        skeleton = auto.from_config(config)  # type: ignore[attr-defined]
    assert discover(skeleton).nodes == tree_of(family).nodes


def test_neox_interleaves_query_key_and_value_head_by_head() -> None:
    sites = tree_of("gpt_neox").match("query_key_value[key]")
    assert sites[0].spans == ((8, 16), (32, 40), (56, 64), (80, 88))
    assert sites[0].width == 96


def test_gpt2_stacks_query_key_and_value() -> None:
    key, value = tree_of("gpt2").match("h.0.attn.c_attn[key]", "h.0.attn.c_attn[value]")
    assert (key.spans, value.spans) == (((32, 64),), ((64, 96),))


def test_bert_leaves_the_attention_output_and_the_heads_alone() -> None:
    selection = tree_of("bert").select("paper")
    assert not [site for site in selection if "attention.output" in site.path or "cls" in site.path]
    found = [(site.path, site.side) for site in selection if site.role == "feed-forward"]
    assert found == [(f"bert.encoder.layer.{layer}.output.dense", "input") for layer in (0, 1)]


def test_no_preset_picks_the_language_model_head() -> None:
    assert not [site for site in tree_of("llama").select("all") if "lm_head" in site.path]


def test_nodes_come_in_pre_order_with_their_parents_before_them() -> None:
    nodes = tree_of("t5").nodes
    assert nodes[0].parent == -1
    assert all(0 <= node.parent < number for number, node in enumerate(nodes) if number)
    assert all(node.path.startswith(nodes[node.parent].path) for node in nodes[1:])


def test_discovery_leaves_the_model_as_it_was() -> None:
    model = tiny_model("llama").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    discover(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training and not any(module._forward_hooks for module in model.modules())


def test_experts_kept_as_tensors_are_scaled_at_their_activation() -> None:
    config = hf.MixtralConfig(**SMALL, intermediate_size=48, num_key_value_heads=2, num_local_experts=2)
    with torch.device("meta"):
        tree = discover(hf.AutoModelForCausalLM.from_config(config))
    assert {site.role for site in tree.select("paper")} == {"key", "value", "feed-forward"}
    assert seen(tree.select("feed-forward")) == {("act_fn", "output", "feed-forward", 48): 2}
    assert not tree.note


class Renamed(nn.Module):
    """One block whose names say nothing, or the wrong thing."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(97, 16)
        self.blocks = nn.ModuleList([Block(), Block()])

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(input_ids)
        for block in self.blocks:
            x = block(x)
        return x


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value, self.a, self.b, self.key = (nn.Linear(16, 16) for _ in range(4))
        self.up, self.gate, self.down = nn.Linear(24, 16), nn.Linear(16, 24), nn.Linear(16, 24)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = (self.value(x) @ self.a(x).transpose(1, 2)) / 4
        x = x + self.key(scores.softmax(-1) @ self.b(x))
        return x + self.up(nn.functional.silu(self.gate(x)) * self.down(x))


def test_roles_follow_the_data_and_not_the_names() -> None:
    roles = {node.path: node.role for node in discover(Renamed()).nodes if node.sites}
    first = {path.removeprefix("blocks.0."): role for path, role in roles.items() if path.startswith("blocks.0")}
    assert first == {
        "value": "query", "a": "key", "b": "value", "key": "output",
        "up": "feed-forward", "gate": "other", "down": "other",
    }  # fmt: skip


def tree() -> LayerTree:
    return tree_of("llama")


def test_a_pattern_matches_on_dotted_boundaries_only() -> None:
    assert [site.path for site in tree().match("k_proj")] == [f"model.layers.{n}.self_attn.k_proj" for n in (0, 1)]
    with pytest.raises(SelectionError, match="matches no module"):
        tree().match("_proj")


def test_a_typo_names_the_nearest_modules() -> None:
    with pytest.raises(SelectionError, match=r"similar names: .*k_proj"):
        tree().match("k_prj")


def test_an_expression_selects_a_range_of_layers() -> None:
    assert {site.path for site in tree().match("/layers.1.*v_proj/")} == {"model.layers.1.self_attn.v_proj"}


def test_a_broken_expression_is_explained() -> None:
    with pytest.raises(SelectionError, match="not a valid expression"):
        tree().match("/([/")


def test_an_unknown_preset_names_the_ones_there_are() -> None:
    with pytest.raises(SelectionError, match="paper, attention"):
        tree().select("papr")


def test_a_model_without_linear_layers_is_refused() -> None:
    with pytest.raises(SelectionError, match="no linear layer"):
        discover(nn.Sequential(nn.LayerNorm(4)))


def test_a_forward_that_cannot_be_watched_still_gives_a_tree_and_says_why() -> None:
    class Picky(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4)])

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return self.layers[0](pictures)

    picky = discover(Picky())
    assert [site.path for site in picky.sites] == ["layers.0"]
    with pytest.raises(SelectionError, match="forward pass over 3 tokens failed"):
        picky.select("paper")


@pytest.mark.parametrize("part", ["²", "9" * 5000])
def test_what_is_no_number_of_a_block_is_taken_for_none(part: str) -> None:
    assert layer_of(f"model.{part}.proj") is None and not in_block(f"model.{part}.proj")
