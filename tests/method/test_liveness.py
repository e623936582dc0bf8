"""No vector is trained in vain: the probe names those that nothing reaches."""

from __future__ import annotations

import pytest
import torch
import transformers as hf
from torch import nn

from ia3_studio.errors import SelectionError
from ia3_studio.method import attach, discover
from ia3_studio.method.liveness import dead_sites, require_live
from ia3_studio.method.sites import Selection, Site
from tests.families import FAMILIES, batch_of, tiny_model

pytestmark = pytest.mark.usefixtures("watched_anew")


class Bypassed(nn.Module):
    """MultiheadAttention reads its output projection's weight itself; one layer is multiplied by zero."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.silenced = nn.Linear(8, 8), nn.Linear(8, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        return self.attention(x, x, x)[0] + 0 * self.silenced(x)  # type: ignore[no-any-return]


SITES = Selection(tuple(Site(path, "output", 8) for path in ("first", "silenced", "attention.out_proj")))


def test_modules_that_are_bypassed_or_silenced_are_named_with_the_reason() -> None:
    model = Bypassed().train()
    dead = dead_sites(model, SITES, {"x": torch.randn(2, 3, 8)})
    assert {entry.site.path: entry.reason for entry in dead} == {
        "silenced": "its gradient is zero",
        "attention.out_proj": "no forward pass calls the module",
    }


def test_the_probe_leaves_no_trace() -> None:
    model = Bypassed().train()
    keys, state = list(model.state_dict()), torch.random.get_rng_state()
    dead_sites(model, SITES, {"x": torch.ones(2, 3, 8)})
    assert list(model.state_dict()) == keys and all(module.training for module in model.modules())
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("family", FAMILIES)
def test_every_vector_of_the_presets_lives(family: str) -> None:
    model = tiny_model(family)
    attachment = attach(model, discover(model).select("all"))
    assert dead_sites(model, attachment, batch_of(model)) == ()
    assert attachment.parameter.grad is None


def test_a_job_is_refused_before_it_trains_dead_vectors() -> None:
    with pytest.raises(SelectionError, match=r"never be trained: silenced \(its gradient is zero\)"):
        require_live(Bypassed(), SITES, {"x": torch.randn(1, 3, 8)})
    require_live(Bypassed(), Selection(SITES.sites[:1]), {"x": torch.randn(1, 3, 8)})


def test_a_selection_that_nothing_reaches_is_named_whole() -> None:
    model = Bypassed().requires_grad_(False)
    (dead,) = dead_sites(model, Selection(SITES.sites[2:]), {"x": torch.randn(1, 3, 8)})
    assert dead.reason == "no forward pass calls the module"


def test_an_expert_that_a_short_row_is_not_sent_to_is_let_pass() -> None:
    config = hf.SwitchTransformersConfig(
        vocab_size=97,
        d_model=32,
        d_ff=48,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        d_kv=8,
        num_experts=8,
        num_sparse_encoder_layers=1,
        num_sparse_decoder_layers=1,
        router_dtype="float32",
    )
    model = hf.SwitchTransformersForConditionalGeneration(config).eval()
    ids, chosen = torch.tensor([[5, 6]]), discover(model).select("feed-forward")
    assert {entry.reason for entry in dead_sites(model, chosen, {"input_ids": ids, "decoder_input_ids": ids})} == {
        "no forward pass calls the module"
    }
    require_live(model, chosen, {"input_ids": ids, "decoder_input_ids": ids})
