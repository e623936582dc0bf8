"""Models that give back no keys and values answer in the chat as they would read the text themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.chat import ChatSettings, Variant, reply
from ia3_studio.chat.decoding import NOTHING_KEPT
from ia3_studio.chat.prompts import fitting
from ia3_studio.data.conversations import Message
from ia3_studio.method import attach, discover, serve
from ia3_studio.models.kept_prefixes import KeptPrefixes
from ia3_studio.models.loaded import LoadedModel
from tests.method.test_scaling import randomized
from tests.tiny_chat import tiny_tokenizer

SHAPE = {"vocab_size": 97, "hidden_size": 32, "num_hidden_layers": 2}
MODELS: dict[str, Any] = {
    "mamba": hf.MambaConfig(**SHAPE, state_size=8, tie_word_embeddings=False),
    "rwkv": hf.RwkvConfig(**SHAPE, attention_hidden_size=32, intermediate_size=64),
    "openai-gpt": hf.OpenAIGPTConfig(vocab_size=97, n_embd=32, n_layer=2, n_head=4, tie_word_embeddings=False),
}
SETTINGS = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=6)
ASKED = [(Message("user", "hi"),), (Message("user", "hello there my good friend"),)]


def written_alone(loaded: LoadedModel, conversation: Any) -> str:
    """Return what the model writes if each token is the likeliest one after the whole text."""
    ids = list(fitting(loaded, conversation, SETTINGS.max_new_tokens).ids)
    held = len(ids)
    with torch.no_grad():
        for _token in range(SETTINGS.max_new_tokens):
            ids.append(int(loaded.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    return str(loaded.tokenizer.decode(ids[held:], skip_special_tokens=True))


@pytest.mark.parametrize("name", MODELS)
def test_base_and_tuned_answers_to_prompts_of_different_lengths_are_those_of_the_whole_text(name: str) -> None:
    torch.manual_seed(0)
    model = hf.AutoModelForCausalLM.from_config(MODELS[name]).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.mul_(6)  # as a trained model's: answers that depend on what was asked
    loaded = LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU, float32")
    base = written_alone(loaded, ASKED[0])
    attachment = attach(model, discover(model).select("all"))
    randomized(attachment)
    adapter, tuned = attachment.adapter(), written_alone(loaded, ASKED[1])
    attachment.detach()
    assert tuned != written_alone(loaded, ASKED[1])
    variants = [Variant(0, "tuned"), Variant(1, "tuned")]
    serving = serve(model, {"tuned": adapter})
    *_, answers = reply(loaded, serving, ASKED, variants, SETTINGS, kept=KeptPrefixes())
    assert [answer.text for answer in answers] == [base, tuned]
    assert all((NOTHING_KEPT in answer.notes) == (name == "openai-gpt") for answer in answers)


@pytest.mark.parametrize(("name", "is_recurrent"), [("mamba", True), ("rwkv", True), ("openai-gpt", False)])
def test_a_recurrent_model_reads_one_token_after_its_prompt_and_others_the_whole_text(
    name: str, is_recurrent: bool
) -> None:
    torch.manual_seed(0)
    model = hf.AutoModelForCausalLM.from_config(MODELS[name]).eval()
    loaded = LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU, float32")
    prompt = len(fitting(loaded, ASKED[1], SETTINGS.max_new_tokens).ids)
    seen: list[int] = []
    answers = iter(reply(loaded, None, ASKED[1:], [Variant(0)], SETTINGS))
    next(answers)
    model.register_forward_pre_hook(
        lambda _module, _args, given: seen.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    next(answers)
    next(answers)
    assert seen == ([1, 1] if is_recurrent else [prompt + 1, prompt + 2])
