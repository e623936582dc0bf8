"""PEFT's way of finding modules, told the same as PEFT does it, and names that it resolves to exactly our sites."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

import peft
import pytest
import torch
from peft.utils import constants
from torch import nn

from ia3_studio.errors import SelectionError
from ia3_studio.method import Selection, Site, discover
from ia3_studio.method.peft.targets import _DEFAULTS, Targets, anchored_targets, defaults_of, name_targets, resolve
from tests.families import FAMILIES, tiny_model


def sides(selection: Any) -> dict[str, str]:
    return {site.path: site.side for site in selection}


def sides_in_peft(model: nn.Module, **config: Any) -> dict[str, str]:
    """Return what PEFT itself wraps, and on which side."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the flag for Conv1D is set with a warning
        wrapped = peft.get_peft_model(model, peft.IA3Config(**config))
    layers = {name: module for name, module in wrapped.base_model.model.named_modules() if hasattr(module, "ia3_l")}
    return {name: "input" if module.is_feedforward else "output" for name, module in layers.items()}


def test_the_table_of_defaults_is_pefts() -> None:
    targets = constants.TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING
    inputs = constants.TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING
    for model_type, names in targets.items():
        ours = defaults_of(model_type)
        assert ours is not None and set(ours.target_modules or ()) == set(names), model_type
        assert set(ours.feedforward_modules or ()) == set(inputs[model_type]), model_type
    assert len(_DEFAULTS.replace("\n", " · ").split(" · ")) - 2 == len(targets)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_peft_preset_is_what_peft_picks(family: str) -> None:
    assert sides(discover(tiny_model(family)).select("peft")) == sides_in_peft(tiny_model(family))


def test_the_peft_preset_says_so_where_peft_has_none() -> None:
    with pytest.raises(SelectionError, match="PEFT has no default for this type of model; the preset 'paper'"):
        discover(nn.Sequential(nn.Linear(4, 4))).select("peft")


class Odd(nn.Module):
    """Names that PEFT's matcher treats in ways one does not expect."""

    def __init__(self) -> None:
        super().__init__()
        self.fc2, self.xfc2, self.k = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.inner = nn.ModuleDict({"fc2": nn.Linear(4, 4), "k": nn.Linear(4, 4)})
        self.head = nn.Sequential(OrderedDict(k=nn.Linear(4, 4)))


QUIRKS: dict[str, dict[str, Any]] = {
    "an ending without a dotted boundary": {"target_modules": ["fc2", "xfc2"], "feedforward_modules": ["fc2"]},
    "an expression must match whole": {"target_modules": r".*k|fc.", "feedforward_modules": r"inner\..*"},
    "every linear layer": {"target_modules": "All-Linear", "feedforward_modules": []},
    "exclusion comes first": {"target_modules": ["k", "fc2"], "exclude_modules": ["inner.k"],
                              "feedforward_modules": []},
    "excluded by expression": {"target_modules": ["k"], "exclude_modules": r"inner.*", "feedforward_modules": []},
    "under a saved module": {"target_modules": ["k"], "modules_to_save": ["head"], "feedforward_modules": []},
}  # fmt: skip


@pytest.mark.parametrize("quirk", QUIRKS)
def test_targets_resolve_as_in_peft(quirk: str) -> None:
    config = {key: tuple(value) if isinstance(value, list) else value for key, value in QUIRKS[quirk].items()}
    assert sides(resolve(Targets(**config), Odd())) == sides_in_peft(Odd(), **QUIRKS[quirk])


@pytest.mark.parametrize("family", ["llama", "bert", "gpt2"])
def test_all_linear_leaves_out_the_output_layer_as_peft_does(family: str) -> None:
    ours = resolve(Targets("all-linear", ()), tiny_model(family))
    assert sides(ours) == sides_in_peft(tiny_model(family), target_modules="all-linear", feedforward_modules=[])


def random_selection(model: nn.Module, seed: int) -> Selection:
    """Return a third of the linear layers, each on either side."""
    linear = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    draw = torch.Generator().manual_seed(seed)
    chosen = torch.rand(len(linear), generator=draw) < 0.3
    inputs = torch.rand(len(linear), generator=draw) < 0.5
    picked = [(*pair, bool(fed)) for pair, keep, fed in zip(linear, chosen, inputs, strict=True) if keep]
    return Selection(
        tuple(
            Site(name, "input" if fed else "output", module.in_features if fed else module.out_features)
            for name, module, fed in picked
        )
    )


@pytest.mark.parametrize("seed", range(4))
def test_any_selection_gets_names_that_peft_resolves_to_it(seed: int) -> None:
    model = tiny_model("t5")
    selection = random_selection(model, seed)
    named = name_targets(selection, model)
    entries = {"target_modules": named.target_modules, "feedforward_modules": named.feedforward_modules}
    config = {key: list(value) if isinstance(value, tuple) else value for key, value in entries.items()}
    assert sides_in_peft(tiny_model("t5"), **config) == sides(selection)


def test_names_are_short_where_they_can_be_and_full_where_they_must() -> None:
    model = tiny_model("bert")
    named = name_targets(discover(model).select("paper"), model)
    outputs = tuple(f"bert.encoder.layer.{layer}.output.dense" for layer in (0, 1))
    assert named.target_modules == (*outputs, "key", "value")
    assert named.feedforward_modules == outputs


def test_names_avoid_a_neighbor_that_ends_alike() -> None:
    selection = Selection((Site("fc2", "input", 4), Site("xfc2", "output", 4)))
    named = name_targets(selection, Odd())
    assert named == anchored_targets(selection)
    assert sides_in_peft(Odd(), target_modules=named.target_modules, feedforward_modules="fc2") == sides(selection)


def test_a_module_that_peft_cannot_scale_is_named() -> None:
    model = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4))
    with pytest.raises(SelectionError, match="also match 0, a LayerNorm"):
        resolve(Targets(("0", "1"), ()), model)
    with pytest.raises(SelectionError, match="match no module"):
        resolve(Targets(("absent",), ()), model)
    with pytest.raises(SelectionError, match="no default sites for the model type ''"):
        resolve(Targets(None, None), model)
