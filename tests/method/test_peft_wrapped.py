"""Adapters that PEFT wrote around new tokens, or from within a wrapper, are read as what they are."""

from __future__ import annotations

from pathlib import Path

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file

from ia3_studio.errors import AdapterError
from ia3_studio.method import load_adapter
from tests.families import tiny_model

IDS = torch.tensor([[5, 6, 97, 98]])


def trained(folder: Path) -> torch.Tensor:
    """Let PEFT save an adapter with two new tokens; return its logits."""
    model = tiny_model("llama")
    model.resize_token_embeddings(99, mean_resizing=False)
    config = peft.IA3Config(
        task_type="CAUSAL_LM", target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"],
        modules_to_save=["embed_tokens", "lm_head"],
    )  # fmt: skip
    tuned = peft.get_peft_model(model, config)
    with torch.no_grad():
        generator = torch.Generator().manual_seed(0)
        for each in tuned.parameters():
            if each.requires_grad:
                each.add_(torch.randn(each.shape, generator=generator) * 0.1)
    tuned.eval()
    tuned.save_pretrained(folder)
    with torch.no_grad():
        return tuned(input_ids=IDS).logits  # type: ignore[no-any-return]


def resized() -> torch.nn.Module:
    model = tiny_model("llama")
    model.resize_token_embeddings(99, mean_resizing=False)
    return model  # type: ignore[no-any-return]


def test_an_adapter_with_new_tokens_computes_what_peft_computes(tmp_path: Path) -> None:
    wanted, model = trained(tmp_path), resized()
    load_adapter(model, tmp_path)
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=IDS).logits, wanted)


@pytest.mark.parametrize(
    "wrapped",
    [
        "base_model.model._orig_mod.{}",
        "_orig_mod.base_model.model.{}",
        "module.base_model.model.{}",
        "_fsdp_wrapped_module.base_model.model.{}",
        "base_model.model._fsdp_wrapped_module.{}",
    ],
)
def test_names_from_within_a_wrapper_are_read_plainly(wrapped: str, tmp_path: Path) -> None:
    wanted, model = trained(tmp_path), resized()
    file = tmp_path / "adapter_model.safetensors"
    tensors = {wrapped.format(key.removeprefix("base_model.model.")): each for key, each in load_file(file).items()}
    save_file(tensors, file)
    load_adapter(model, tmp_path)
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=IDS).logits, wanted)


def test_one_tensor_in_two_forms_that_differ_is_refused(tmp_path: Path) -> None:
    trained(tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    tensors = load_file(file)
    key = next(key for key in tensors if key.endswith("k_proj.ia3_l"))
    save_file({**tensors, f"_orig_mod.{key}": tensors[key] + 1}, file)
    with pytest.raises(AdapterError, match="twice"):
        load_adapter(resized(), tmp_path)
