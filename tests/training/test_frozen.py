"""Blocks below the lowest vector are computed once for each row: same losses, same vectors, less work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.method import Attachment, Selection, attach, discover
from ia3_studio.training import TrainConfig
from ia3_studio.training.activation_cache import ActivationCache
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.prefix_cache import prefix_cache_of
from ia3_studio.training.train import train
from tests.families import CAUSAL, SMALL, tiny_model
from tests.training.rows import rows_of

CONFIG = TrainConfig(epochs=3, batch_size=4, eval_steps=3, learning_rate=3e-2, backward_dtype="float32")


def upper(family: str) -> tuple[Any, Attachment]:
    """Return a model with vectors in its last block only."""
    model = tiny_model(family)
    paper = discover(model).select("paper")
    return model, attach(model, Selection(tuple(site for site in paper if ".1." in site.path)))


def passes(model: Any, family: str) -> list[int]:
    """Count the forward passes of the first block's feed-forward layer."""
    inside = [path for path, _module in model.named_modules() if ".0." in path]
    name = next(path for path in inside if "mlp" in path or "fc1" in path)
    seen = [0]

    def count(*_args: Any) -> None:
        seen[0] += 1

    model.get_submodule(name).register_forward_hook(count)
    return seen


@pytest.mark.parametrize("attention", ["sdpa", "eager"])  # rows run end to end, and padded
@pytest.mark.parametrize("family", CAUSAL)
def test_remembered_blocks_change_no_loss_and_no_vector_and_are_run_once_a_row(family: str, attention: str) -> None:
    rows, held_out = rows_of(12), rows_of(5, seed=9)
    found: dict[int, Any] = {}
    for room in (0, 64):
        model, attachment = upper(family)
        model.set_attn_implementation(attention)
        seen = passes(model, family)
        steps = list(train(model, attachment, rows, held_out, replace(CONFIG, cache_mb=room)))
        losses = [each for step in steps for each in (step.loss, step.held_out) if each is not None]
        found[room] = losses, attachment.parameter.detach().clone(), seen[0]
    assert found[64][0] == pytest.approx(found[0][0], rel=1e-5)
    torch.testing.assert_close(found[64][1], found[0][1], rtol=1e-4, atol=1e-5)
    assert found[64][2] < 0.6 * found[0][2]  # three epochs and four measurements, each row once, and the trial


def test_nothing_is_remembered_where_the_first_block_learns_or_a_head_does() -> None:
    model = tiny_model("llama")
    every_layer = attach(model, discover(model).select("paper"))
    assert prefix_cache_of(model, every_layer, 2**20) == (
        None,
        "vectors are in the lowest layer, or outside the layers",
    )
    model, attachment = upper("llama")
    assert prefix_cache_of(model, attachment, 0) == (None, "the cache size is 0")
    assert prefix_cache_of(model, attachment, 2**20)[0] is not None


def test_a_model_whose_upper_blocks_look_below_is_computed_as_ever() -> None:
    torch.manual_seed(0)
    config = hf.Gemma3nTextConfig(
        **SMALL, intermediate_size=48, num_key_value_heads=2, head_dim=8, num_kv_shared_layers=1, laurel_rank=4,
        hidden_size_per_layer_input=8, vocab_size_per_layer_input=97, altup_num_inputs=2, sliding_window=8,
        layer_types=["full_attention"] * 2, activation_sparsity_pattern=[0.0, 0.0], pad_token_id=0,
    )  # fmt: skip
    model = hf.Gemma3nForCausalLM(config).eval().requires_grad_(False)
    paper = discover(model).select("feed-forward")
    attachment = attach(model, Selection(tuple(site for site in paper if ".1." in site.path)))
    part, _why = prefix_cache_of(model, attachment, 2**20)
    assert part is not None
    loss = CausalLoss(model, cache=part)
    rows = rows_of(3)
    assert loss.group_loss(rows) == loss.group_loss(rows) == pytest.approx(CausalLoss(model).group_loss(rows), rel=1e-5)


def test_what_does_not_fit_into_memory_goes_to_disk_when_asked_and_is_forgotten_otherwise(tmp_path: Path) -> None:
    hidden = [torch.full((3, 4), float(number), dtype=torch.bfloat16) for number in range(4)]
    for folder, kept in ((None, 2), (tmp_path, 4)):
        store = ActivationCache(2 * hidden[0].numel() * 2, folder)
        for number, each in enumerate(hidden):
            store.put(number, each)
        assert len(store) == kept and store.bytes == 48
        for number in range(kept):
            assert torch.equal(store.get(number), hidden[number])  # type: ignore[arg-type]
        assert store.get(9) is None
    assert list(tmp_path.rglob("*.npy"))
    del store
    assert not list(tmp_path.iterdir())
