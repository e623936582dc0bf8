"""Selections say what they mean: every role, layer and pattern hits something or raises."""

from __future__ import annotations

import pytest

from ia3_studio.errors import SelectionError
from ia3_studio.method.layer_tree import LayerTree
from ia3_studio.method.tree import discover
from tests.families import tiny_model


@pytest.fixture(scope="module")
def llama() -> LayerTree:
    return discover(tiny_model("llama"), "tiny/model")


def paths(selection: object) -> list[str]:
    return [site.name.removeprefix("model.layers.") for site in selection]  # type: ignore[attr-defined]


def test_roles_and_layers_cross(llama: LayerTree) -> None:
    chosen = llama.choose(roles={"key", "value"}, layers=range(1, 2))
    assert paths(chosen) == ["1.self_attn.k_proj", "1.self_attn.v_proj"]
    assert chosen.base_model == "tiny/model"


def test_the_text_form_says_the_same(llama: LayerTree) -> None:
    assert llama.choose("key,value@1-1") == llama.choose(roles={"key", "value"}, layers=[1])
    assert llama.choose("key@0; down_proj@1-") == llama.choose("model.layers.0.self_attn.k_proj;1.mlp.down_proj")


def test_presets_and_expressions_are_words_of_the_text(llama: LayerTree) -> None:
    assert llama.choose("paper") == llama.select("paper")
    assert paths(llama.choose("/k_proj|v_proj/@0")) == ["0.self_attn.k_proj", "0.self_attn.v_proj"]
    assert llama.choose("feed-forward,attention") == llama.select("paper")


def test_layers_alone_mean_every_site_of_the_blocks(llama: LayerTree) -> None:
    assert len(llama.choose(layers=[0])) == 7
    assert llama.choose() == llama.select("all")


def test_a_fused_projection_is_chosen_by_role() -> None:
    tree = discover(tiny_model("gpt2"))
    assert paths(tree.choose("value@0")) == ["transformer.h.0.attn.c_attn[value]"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("key@1-9", r"Layer 2, 3, 4, 5, 6, 7… does not exist in this model; it has the layers 0 to 1"),
        ("keys", r"'keys' is not a role, preset or module of this model; similar names: key"),
        ("value,k_prj", r"'k_prj' is not a role.*k_proj"),
        ("mlp.k_proj", r"similar names: .*mlp\.up_proj"),
        ("_proj", r"'_proj' is not a role"),
        ("key@3-1", r"'3-1' is not a range of layers"),
        ("key@", r"is not a valid selection"),
        ("lm_head@0", r"The layers 0 contain none"),
        ("/nothing.here/", r"matches no module"),
    ],
)
def test_what_hits_nothing_raises_and_names_what_would(llama: LayerTree, text: str, sentence: str) -> None:
    with pytest.raises(SelectionError, match=sentence):
        llama.choose(text)


def test_a_role_that_the_model_lacks_names_those_it_has(llama: LayerTree) -> None:
    tree = LayerTree(tuple(node for node in llama.nodes if node.role != "query"))
    with pytest.raises(SelectionError, match=r"role 'query'; available roles: feed-forward, key"):
        tree.choose(roles={"query", "key"})


def test_roles_and_patterns_that_exclude_each_other_are_refused(llama: LayerTree) -> None:
    with pytest.raises(SelectionError, match="matches both the patterns and the roles"):
        llama.choose(roles={"key"}, patterns=["v_proj"])
    with pytest.raises(SelectionError, match="not both"):
        llama.choose("key", layers=[1])
