"""What goes with a channel: activations and output rows are the model's own."""

from __future__ import annotations

import pytest
import torch

from ia3_studio.errors import AdapterError
from ia3_studio.insight.max_activating import head_sums, heads_of, logit_lens, max_activating_tokens
from ia3_studio.method import Site, discover
from ia3_studio.training.evaluation import finish
from tests.families import tiny_model
from tests.tiny_chat import tiny_tokenizer

TEXTS = ["the lamp is lit", "a fox", "what is the sea"]


def site_of(model: torch.nn.Module, end: str) -> Site:
    return next(site for site in discover(model).sites if site.path.endswith(end))


@pytest.mark.parametrize("end", ["0.mlp.down_proj", "1.self_attn.v_proj"])
def test_the_loudest_tokens_are_those_of_the_largest_activations(end: str) -> None:
    model, tokenizer = tiny_model("llama"), tiny_tokenizer()
    site, channel = site_of(model, end), 3
    found = finish(max_activating_tokens(model, tokenizer, site, channel, TEXTS, count=20))
    kept: list[torch.Tensor] = []
    module = model.get_submodule(site.path)
    hook = module.register_forward_hook(
        lambda _module, args, result: kept.append((args[0] if site.side == "input" else result)[0, :, channel])
    )
    with torch.no_grad():
        for text in TEXTS:
            model(input_ids=tokenizer(text, return_tensors="pt")["input_ids"])
    hook.remove()
    assert abs(found[0].activation) == pytest.approx(float(max(values.abs().max() for values in kept)))
    loudest = kept[found[0].text]
    place = int(loudest.abs().argmax())
    letters = [tokenizer.decode([token]) for token in tokenizer(TEXTS[found[0].text])["input_ids"]]
    assert found[0].token == letters[place]
    assert [abs(each.activation) for each in found] == sorted((abs(each.activation) for each in found), reverse=True)
    assert not module._forward_hooks and not module._forward_pre_hooks


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_channel_speaks_for_the_words_of_its_output_row(family: str) -> None:
    model, tokenizer = tiny_model(family), tiny_tokenizer()
    site = next(site for site in discover(model).sites if site.role == "feed-forward" and site.side == "input")
    promoted, demoted = logit_lens(model, tokenizer, site, 5, count=4)
    weight = model.get_submodule(site.path).weight
    row = weight[5] if family == "gpt2" else weight[:, 5]  # type: ignore[index]
    logits = model.get_output_embeddings().weight @ row  # type: ignore[operator]
    assert promoted[0].weight == pytest.approx(float(logits.max()))
    assert demoted[0].weight == pytest.approx(float(logits.min()))
    assert promoted[0].token == tokenizer.decode([int(logits.argmax())])


def test_a_site_that_leads_elsewhere_speaks_for_nothing() -> None:
    model = tiny_model("llama")
    with pytest.raises(AdapterError, match="no output row"):
        logit_lens(model, tiny_tokenizer(), site_of(model, "0.self_attn.k_proj"), 0)


def test_a_channel_that_is_not_there_is_named_with_those_that_are() -> None:
    model = tiny_model("llama")
    with pytest.raises(AdapterError, match="choose one from 0 to 47"):
        finish(max_activating_tokens(model, tiny_tokenizer(), site_of(model, "0.mlp.down_proj"), 999, TEXTS))


def test_heads_are_summed_apart() -> None:
    assert head_sums(torch.tensor([1.0, 1.5, 0.5, 0.5]), 2) == (0.5, -1.0)
    assert heads_of(tiny_model("llama").config) == tiny_model("llama").config.num_key_value_heads
    with pytest.raises(AdapterError, match="cannot be divided"):
        head_sums(torch.ones(5), 2)
