"""Queries and keys are turned as transformers turns them, in fewer passes, and only within a block."""

from __future__ import annotations

import pytest
import torch
import transformers as hf
from transformers.models.cohere import modeling_cohere
from transformers.models.llama import modeling_llama

from ia3_studio.training.rotary import NAME, FusedRotation


def tiny(config: str) -> hf.PreTrainedModel:
    torch.manual_seed(0)
    common = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "vocab_size": 64}
    made = getattr(hf, config)(num_attention_heads=4, num_key_value_heads=2, **common)
    return hf.AutoModelForCausalLM.from_config(made).eval()


def embeddings_gradient(model: hf.PreTrainedModel) -> tuple[torch.Tensor, torch.Tensor]:
    given = torch.randn(2, 7, 32, generator=torch.Generator().manual_seed(1)).requires_grad_()
    logits = model(inputs_embeds=given, use_cache=False).logits
    weights = torch.linspace(-1, 1, logits.numel()).view_as(logits)
    return logits.detach(), torch.autograd.grad((logits * weights).sum(), given)[0]


@pytest.mark.parametrize("config", ["LlamaConfig", "Qwen3Config", "Gemma2Config", "GPTNeoXConfig", "CohereConfig"])
def test_logits_and_gradients_are_those_of_transformers(config: str) -> None:
    model = tiny(config)
    expected = embeddings_gradient(model)
    with FusedRotation(model)():
        found = embeddings_gradient(model)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_a_rotation_of_another_kind_is_left_alone() -> None:
    original = modeling_cohere.apply_rotary_pos_emb
    with FusedRotation(tiny("CohereConfig"))():
        assert modeling_cohere.apply_rotary_pos_emb is original


def test_the_original_is_back_after_blocks_that_overlap() -> None:
    original = getattr(modeling_llama, NAME)
    model = tiny("LlamaConfig")
    first, second = FusedRotation(model)(), FusedRotation(model)()
    first.__enter__()
    third = FusedRotation(model)()  # made while the first is inside
    second.__enter__()
    third.__enter__()
    assert getattr(modeling_llama, NAME) is not original
    first.__exit__(None, None, None)
    third.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert getattr(modeling_llama, NAME) is original
