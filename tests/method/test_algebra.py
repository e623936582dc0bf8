"""The algebra of adapters: exact at its ends, by the formula between, identity for what is missing."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter, Selection, Site, attach
from ia3_studio.method.algebra import add, at_strength, average, geometric, multiply, mute, mute_channels, subtract
from tests.families import batch_of, logits_of, tiny_model

K0 = Site("layers.0.k_proj", "output", 2, "key")
K1 = Site("layers.1.k_proj", "output", 2, "key")
DOWN0 = Site("layers.0.down_proj", "input", 2, "feed-forward")


def adapter(sites: tuple[Site, ...], *numbers: float) -> Adapter:
    return Adapter(Selection(sites, "some/model"), torch.tensor(numbers), {"task_type": "CAUSAL_LM"})


A = adapter((K0, K1, DOWN0), 0.5, 1.5, 2.0, 3.0, 0.1, 0.0)
B = adapter((K0,), 4.0, 1.0)


def test_strength_zero_is_ones_and_one_is_the_adapter_exactly() -> None:
    assert torch.equal(at_strength(A, 0).vector, torch.ones(6))
    assert torch.equal(at_strength(A, 1).vector, A.vector)
    assert torch.equal(at_strength(A, 2).vector, 1 + 2 * (A.vector - 1))


def test_strength_zero_is_the_base_model_bit_for_bit() -> None:
    model = tiny_model("llama")
    batch = batch_of(model)
    base = logits_of(model, batch)
    key = Selection((Site("model.layers.0.self_attn.k_proj", "output", 16),))
    attachment = attach(model, key)
    attachment.load(at_strength(Adapter(key, torch.linspace(-3, 3, 16)), 0))
    assert torch.equal(logits_of(model, batch), base)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"names": ["layers.1.k_proj"]}, [0.5, 1.5, 1, 1, 0.1, 0]),
        ({"layers": [0]}, [1, 1, 2, 3, 1, 1]),
        ({"roles": ["key"]}, [1, 1, 1, 1, 0.1, 0]),
        ({"layers": range(1), "roles": ["key"]}, [1, 1, 2, 3, 0.1, 0]),
    ],
)
def test_sites_that_meet_every_condition_are_muted(conditions: dict[str, object], expected: list[float]) -> None:
    before = A.vector.clone()
    muted = mute(A, **conditions)  # type: ignore[arg-type]
    assert muted.vector.tolist() == pytest.approx(expected)
    assert muted.selection == A.selection and torch.equal(A.vector, before)


def test_muting_nothing_is_refused() -> None:
    with pytest.raises(AdapterError, match=r"No site .* feed-forward of layer 0"):
        mute(A, layers=[7])
    with pytest.raises(AdapterError, match="give names, layers or roles"):
        mute(A)


def test_channels_of_a_fused_part_are_counted_as_the_activation_counts_them() -> None:
    part = Site("h.0.c_attn", "output", 2, "key", ((2, 4),), 6)
    fused = adapter((part,), 5.0, 6.0)
    assert mute_channels(fused, "h.0.c_attn[key]", [3]).vector.tolist() == [5, 1]
    with pytest.raises(AdapterError, match="does not scale channel 0; choose from 2 to 3"):
        mute_channels(fused, "h.0.c_attn[key]", [0])


def test_what_is_missing_counts_as_identity() -> None:
    assert average([A, B]).vector.tolist() == pytest.approx([2.25, 1.25, 1.5, 2, 0.55, 0.5])
    assert add([A, B], [2, -1]).vector.tolist() == pytest.approx([-3, 2, 3, 5, -0.8, -1])
    assert multiply([A, B]).vector.tolist() == pytest.approx([2, 1.5, 2, 3, 0.1, 0])
    assert subtract(B, A).vector.tolist() == pytest.approx([4.5, 0.5, 0, -1, 1.9, 2])


def test_the_geometric_mean_of_two() -> None:
    other = adapter((K0, K1), 1.0, 1.0, 4.0, 9.0)
    assert geometric([B, other]).vector.tolist() == pytest.approx([2, 1, 2, 3])
    assert geometric([B, other], [3, 1]).vector.tolist() == pytest.approx([4**0.75, 1, 4**0.25, 9**0.25])
    with pytest.raises(AdapterError, match="contains the scale 0, which has no geometric mean"):
        geometric([A, B])


def test_one_adapter_combined_with_nothing_is_itself_exactly() -> None:
    for result in (average([A]), add([A], [1]), multiply([A]), subtract(A, at_strength(A, 0)), average([A, A])):
        assert torch.equal(result.vector, A.vector)
        assert result.selection == A.selection and result.metadata == A.metadata
        assert result.selection.base_model == "some/model"


def test_parts_that_do_not_overlap_stay_parts() -> None:
    key = adapter((Site("c", "output", 2, "key", ((2, 4),), 6),), 2.0, 3.0)
    value = adapter((Site("c", "output", 2, "value", ((4, 6),), 6),), 4.0, 5.0)
    both = multiply([key, value])
    assert [site.spans for site in both.selection] == [((2, 4),), ((4, 6),)]
    assert both.vector.tolist() == [2, 3, 4, 5]


def test_a_part_and_the_whole_side_combine_to_the_whole_side() -> None:
    whole = adapter((Site("c", "output", 4),), 1.0, 2.0, 3.0, 4.0)
    part = adapter((Site("c", "output", 2, "key", ((2, 4),), 4),), 10.0, 10.0)
    both = multiply([part, whole])
    assert both.selection.sites == (Site("c", "output", 4),)
    assert both.vector.tolist() == [1, 2, 30, 40]


def test_two_sides_of_one_module_are_two_places() -> None:
    first, second = adapter((Site("c", "output", 1),), 2.0), adapter((Site("c", "input", 1),), 3.0)
    assert multiply([first, second]).vector.tolist() == [2, 3]


def test_adapters_of_different_models_are_refused() -> None:
    other = adapter((Site("layers.0.k_proj", "output", 3),), 1.0, 1.0, 1.0)
    with pytest.raises(AdapterError, match="2 and 3 channels in these adapters"):
        average([B, other])


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(AdapterError, match="2 adapters but 1 weights"):
        add([A, B], [1])
    with pytest.raises(AdapterError, match="add up to 0"):
        average([A, B], [1, -1])
    with pytest.raises(AdapterError, match="0 adapters"):
        multiply([])


@pytest.mark.parametrize("copied", [copy.deepcopy(A), pickle.loads(pickle.dumps(A))], ids=["deepcopy", "pickle"])
def test_an_adapter_survives_deepcopy_and_pickle(copied: Adapter) -> None:
    assert torch.equal(copied.vector, A.vector) and copied.vector.data_ptr() != A.vector.data_ptr()
    assert copied.selection == A.selection and copied.metadata == A.metadata
