"""A model under PEFT's names: rows with heads of their own, copies, checkpointing, offloading, half precision."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers as hf

from ia3_studio.errors import AdapterError
from ia3_studio.peft import IA3Config, PeftModel, get_peft_model
from tests.checkpointing import checkpoint_activations
from tests.families import SMALL, batch_of, logits_of, tiny_model

TOKENS = torch.randint(3, 97, (4, 7), generator=torch.Generator().manual_seed(1))


def drawn(model: Any, seed: int) -> None:
    """Give what is trained random numbers."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


def tuned(family: str = "llama") -> Any:
    model = get_peft_model(tiny_model(family), IA3Config(task_type="CAUSAL_LM"))
    drawn(model, 1)
    return model


def classifier() -> Any:
    """A classifier with two adapters, each with a head of its own, and one without."""
    torch.manual_seed(0)
    config = hf.BertConfig(**SMALL, intermediate_size=48, num_labels=3)
    model = get_peft_model(hf.BertForSequenceClassification(config).eval(), IA3Config(task_type="SEQ_CLS"), "first")
    drawn(model, 1)
    model.add_adapter("second", IA3Config(task_type="SEQ_CLS"))
    model.set_adapter("second")
    drawn(model, 2)
    model.add_adapter("plain", IA3Config())
    model.set_adapter("plain")
    drawn(model, 3)
    return model


@pytest.mark.parametrize("active", ["first", "second", "plain"])
def test_rows_with_different_heads_share_a_batch(active: str) -> None:
    model, names = classifier(), ["second", "__base__", "first", "plain"]
    model.set_adapter(active)
    before = logits_of(model, {"input_ids": TOKENS})
    with torch.no_grad():
        together = model(input_ids=TOKENS, adapter_names=names).logits
    assert torch.equal(logits_of(model, {"input_ids": TOKENS}), before)
    for number, name in enumerate(names):
        row = {"input_ids": TOKENS[number : number + 1]}
        if name == "__base__":
            with model.disable_adapter():
                alone = logits_of(model, row)
        else:
            model.set_adapter(name)
            alone = logits_of(model, row)
        torch.testing.assert_close(together[number : number + 1], alone)


COPIES: list[Callable[[Any], Any]] = [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]


@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])
def test_a_copy_computes_the_same_and_is_independent(copied: Callable[[Any], Any]) -> None:
    for model, batch in ((tuned(), batch_of(None)), (classifier(), {"input_ids": TOKENS})):
        expected, other = logits_of(model, batch), copied(model)
        assert isinstance(other, PeftModel) and type(other).__name__ == type(model).__name__
        assert torch.equal(logits_of(other, batch), expected)
        drawn(other, 9)
        assert not torch.equal(logits_of(other, batch), expected)
        assert torch.equal(logits_of(model, batch), expected)
        assert not isinstance(other.unload(), PeftModel)


@pytest.mark.parametrize("reentrant", [True, False])
def test_gradients_survive_gradient_checkpointing(reentrant: bool) -> None:
    gradients = []
    for checkpointing in (False, True):
        model = tuned()
        model.train()
        if checkpointing:
            checkpoint_activations(model, reentrant=reentrant)
            model.enable_input_require_grads()
        model(**batch_of(model)).loss.backward()
        gradients.append(next(each.grad for each in model.parameters() if each.requires_grad))
    torch.testing.assert_close(*gradients)


def test_a_model_offloaded_by_accelerate_computes_and_learns_the_same(tmp_path: Path) -> None:
    import accelerate

    plain, batch = tuned(), batch_of(None)
    plain(**batch).loss.backward()
    base = tiny_model("llama")
    devices = {"model.embed_tokens": "cpu", "model.layers.0": "disk", "model.layers.1": "cpu", "model.norm": "cpu",
               "model.rotary_emb": "cpu", "lm_head": "cpu"}  # fmt: skip
    model = get_peft_model(
        accelerate.dispatch_model(base, devices, main_device="cpu", offload_dir=str(tmp_path)),
        IA3Config(task_type="CAUSAL_LM"),
    )
    drawn(model, 1)
    assert any(parameter.is_meta for parameter in model.parameters())
    assert torch.equal(logits_of(model, batch), logits_of(plain, batch))
    model(**batch).loss.backward()
    assert torch.equal(*(next(p.grad for p in each.parameters() if p.requires_grad) for each in (model, plain)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_half_precision_base_keeps_its_format_and_learns_in_float32(dtype: torch.dtype) -> None:
    model = get_peft_model(tiny_model("llama").to(dtype), IA3Config(task_type="CAUSAL_LM"))
    output = model(**batch_of(model))
    output.loss.backward()
    learned = [each for each in model.parameters() if each.requires_grad]
    assert output.logits.dtype == dtype and {each.dtype for each in learned} == {torch.float32}
    gradients = torch.cat([each.grad.flatten() for each in learned if each.grad is not None])
    assert len(gradients) == 160 and bool(gradients.isfinite().all()) and bool(gradients.any())


def test_a_model_whose_linear_layers_are_a_class_of_its_own_is_tuned_where_peft_raises() -> None:
    torch.manual_seed(0)
    config = hf.IBertConfig(**SMALL, intermediate_size=48, num_labels=3)
    with pytest.raises(ValueError, match="is not supported"):
        peft.get_peft_model(
            hf.IBertForSequenceClassification(config), peft.IA3Config(target_modules=["key"], feedforward_modules=[])
        )
    model = get_peft_model(hf.IBertForSequenceClassification(config).eval(), IA3Config())
    base = logits_of(model, {"input_ids": TOKENS})
    drawn(model, 1)
    assert not torch.equal(logits_of(model, {"input_ids": TOKENS}), base)
    with pytest.raises(AdapterError, match="is a QuantLinear, which cannot be merged; keep the adapter attached"):
        model.merge_adapter()
    assert torch.equal(logits_of(model.unload(), {"input_ids": TOKENS}), base)
