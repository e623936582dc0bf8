"""The quick step says what the model says, and stands aside for models of another shape."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.chat import ChatSettings, Variant, reply
from ia3_studio.data.conversations import Message
from ia3_studio.method import Adapter, Selection, attach, discover, serve
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models import fast_inference, few_rows
from ia3_studio.models.fast_decode import FastDecodeStep
from ia3_studio.models.fast_decode_trial import fast_decode_step
from ia3_studio.models.fast_inference import disable_fast_inference, enable_fast_inference, step_of
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.preallocated_kv_cache import cache_argument, cache_of, preallocate
from ia3_studio.models.row_costs import RowCosts
from ia3_studio.training.trainable_parameters import TrainableParameters
from tests.families import tiny_model
from tests.tiny_chat import tiny_tokenizer

SHAPE: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 97,
    "intermediate_size": 48, "max_position_embeddings": 128,
}  # fmt: skip


def built(config: Any) -> Any:
    torch.manual_seed(0)
    model = hf.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "proj" in name or "c_" in name or "dense" in name or "query_key_value" in name:
                weight.mul_(8)  # as a trained model's: attention that differs from its mean, activations that bend
    return model


WITHOUT_GROUPS = {name: value for name, value in SHAPE.items() if name != "num_key_value_heads"}
WINDOWS = ["sliding_attention", "full_attention"]
SERVED: dict[str, Any] = {
    "llama": hf.LlamaConfig(**SHAPE),
    "llama with biases, tied": hf.LlamaConfig(**SHAPE, attention_bias=True, tie_word_embeddings=True),
    "mistral": hf.MistralConfig(**SHAPE, sliding_window=None),
    "mistral with a window": hf.MistralConfig(**SHAPE, sliding_window=4),
    "qwen2": hf.Qwen2Config(**SHAPE),
    "qwen3": hf.Qwen3Config(**SHAPE, head_dim=8),
    "smollm3": hf.SmolLM3Config(**SHAPE, pad_token_id=0, no_rope_layers=[1, 0]),
    "gemma": hf.GemmaConfig(**SHAPE, head_dim=8),
    "gemma3": hf.Gemma3TextConfig(**SHAPE, head_dim=8, sliding_window=4, layer_types=WINDOWS),
    "phi": hf.PhiConfig(**SHAPE, qk_layernorm=True),
    "phi3": hf.Phi3Config(**SHAPE, pad_token_id=0),
    "stablelm": hf.StableLmConfig(**SHAPE),
    "starcoder2": hf.Starcoder2Config(**SHAPE, sliding_window=None),
    "gpt2": hf.GPT2Config(vocab_size=97, n_layer=2, n_embd=32, n_head=4),
    "gpt_neox": hf.GPTNeoXConfig(**WITHOUT_GROUPS),
    "gpt_neox, one part after the other": hf.GPTNeoXConfig(**WITHOUT_GROUPS, use_parallel_residual=False),
}


@pytest.mark.parametrize("name", SERVED)
@pytest.mark.parametrize("speedup", [0.5, 2.0], ids=["torch's products", "other products"])
def test_the_families_that_people_chat_with_take_it_and_write_the_same_logits_token_after_token(
    name: str, speedup: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: speedup)
    model, peer = built(SERVED[name]), built(SERVED[name])
    path = enable_fast_inference(model)[2]
    step = step_of(model)
    assert step is not None and path.is_on and not path.reason
    ids = torch.arange(1, 13).view(2, 6) * 29 % 97
    mask = torch.tensor([[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]])
    with torch.no_grad():
        ours = preallocate(cache_of(_read(model, ids, mask, None)))
        theirs = cache_of(_read(peer, ids, mask, None))
        for token in range(7):
            ids = torch.tensor([[token + 3], [token * 5]])
            mask = torch.cat([mask, torch.ones(2, 1, dtype=mask.dtype)], dim=1)
            assert step.serves({}, ours)
            found = step(ids, (mask.cumsum(1) - 1)[:, -1:], ours, mask, {})
            result = _read(peer, ids, mask, theirs)
            torch.testing.assert_close(found, result.logits[:, -1], rtol=1e-4, atol=1e-4)
            theirs = cache_of(result)
        if step.takes_several(ours):
            ids, mask = (
                torch.tensor([[5, 8, 13], [21, 34, 55]]),
                torch.cat([mask, torch.ones(2, 3, dtype=mask.dtype)], dim=1),
            )
            found = step.several(ids, (mask.cumsum(1) - 1)[:, -3:], ours, mask, {})
            torch.testing.assert_close(found, _read(peer, ids, mask, theirs).logits, rtol=1e-4, atol=1e-4)
        assert step.takes_several(ours) == ("window" not in name and name != "gemma3")


def _read(model: Any, ids: torch.Tensor, mask: torch.Tensor, cache: Any) -> Any:
    positions = (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    extra = {cache_argument(model): cache}
    return model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, **extra)


OTHER_PARTS = "the model's parts are put together in another way than those known here"
OTHER_LOGITS = "it gives different logits than the model"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (hf.Gemma2Config(**SHAPE, head_dim=8), "the model limits large numbers (final_logit_softcapping)"),
        (hf.OlmoConfig(**SHAPE, clip_qkv=0.5), "the model limits large numbers (clip_qkv)"),
        (hf.GraniteConfig(**SHAPE, residual_multiplier=0.5, attention_multiplier=0.3), OTHER_LOGITS),
        (hf.CohereConfig(**SHAPE), OTHER_LOGITS),  # turns neighbors, not halves
        (hf.MixtralConfig(**SHAPE, num_local_experts=2), OTHER_PARTS),
        (hf.BloomConfig(vocab_size=97, hidden_size=32, n_layer=2, n_head=4), OTHER_PARTS),
    ],
    ids=lambda value: getattr(value, "model_type", None),
)
def test_models_of_another_shape_go_their_own_way_and_the_log_says_why(
    config: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    step, path = fast_decode_step(built(config))
    assert step is None and (path.is_on, path.reason) == (False, reason)
    assert "Traceback" not in capsys.readouterr().err  # another shape is expected


def test_queries_that_are_scaled_at_far_positions_alone_are_noticed() -> None:
    model = built(hf.LlamaConfig(**SHAPE))
    attention = model.model.layers[0].self_attn
    original = attention.forward

    def forward(hidden_states: torch.Tensor, *given: Any, **named: Any) -> Any:
        cos, sin = named["position_embeddings"]
        is_far = float(cos[..., 0].min()) < -0.5 and named["position_ids"].max() > 100
        return original(hidden_states, *given, **named | {"position_embeddings": (cos * (1 + is_far), sin)})

    attention.forward = forward
    assert fast_decode_step(model)[1].reason == OTHER_LOGITS


def test_a_weight_that_was_written_to_or_replaced_is_left_to_the_models_own_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 0.5)
    model = built(hf.GemmaConfig(**SHAPE, head_dim=8))
    enable_fast_inference(model)
    step = step_of(model)
    cache = preallocate(cache_of(model(input_ids=torch.tensor([[1, 2]]), use_cache=True)))
    assert step is not None and step.serves({}, cache)
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight.mul_(2)
    assert not step.serves({}, cache)
    again = fast_decode_step(model)[0]
    assert again is not None
    norm = model.model.layers[0].input_layernorm
    norm.weight = torch.nn.Parameter(norm.weight + 1)
    assert not again.serves({}, cache)


def test_a_trial_that_fails_is_logged_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_given: Any) -> Any:
        raise IndexError("no such position")

    monkeypatch.setattr(FastDecodeStep, "several", fail)
    step, path = fast_decode_step(built(hf.LlamaConfig(**SHAPE)))
    assert step is None and (path.is_on, path.reason) == (False, "the trial failed with IndexError, shown above")
    logged = capsys.readouterr().err
    assert "Traceback" in logged and "IndexError: no such position" in logged


def variants_of(model: Any) -> tuple[dict[str, Adapter], list[Variant]]:
    tree = discover(model)
    chosen: dict[str, Selection] = {"paper": tree.select("paper"), "all": tree.select("all")}
    adapters = {}
    for number, (name, selection) in enumerate(chosen.items()):
        attachment = attach(model, selection)
        with torch.no_grad():
            attachment.parameter.uniform_(0, 2, generator=torch.Generator().manual_seed(number))
        adapters[name] = attachment.adapter()
        attachment.detach()
    return adapters, [Variant(0.0, ""), Variant(1.0, "paper"), Variant(0.5, "all"), Variant(2.0, "paper")]


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox"])
@pytest.mark.parametrize("speedup", [0.5, 2.0], ids=["torch's products", "other products"])
@pytest.mark.parametrize("most", [4, 32], ids=["token by token", "with guesses"])
def test_four_voices_of_different_lengths_say_the_same_with_it_and_without(
    family: str, speedup: float, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: speedup)
    monkeypatch.setattr(fast_inference, "timed_rows", lambda stacks: RowCosts({1: 1.0, most: 1.0}))
    model = tiny_model(family)
    loaded = LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU")  # type: ignore[arg-type]
    adapters, variants = variants_of(model)
    asked = [(Message("user", words),) for words in ("Hi", "Where is the lamp?", "Tell me more of it", "Hi")]
    settings = ChatSettings(temperature=0, max_new_tokens=14)
    serving = serve(model, adapters)
    slow = list(reply(loaded, serving, asked, variants, settings))[-1]
    enable_fast_inference(model)
    taken: list[int] = []
    original = FastDecodeStep.several
    monkeypatch.setattr(FastDecodeStep, "several", lambda *given: taken.append(1) or original(*given))
    fast = list(reply(loaded, serving, asked, variants, settings))[-1]
    assert len(taken) == 13 if most == 4 else 0 < len(taken) <= 13  # every token but the first
    assert [answer.text for answer in fast] == [answer.text for answer in slow]
    for one, other in zip(fast, slow, strict=True):
        assert [token.probability for token in one.tokens] == pytest.approx(
            [t.probability for t in other.tokens], abs=1e-5
        )
    disable_fast_inference(model)
    assert step_of(model) is None


def test_scales_elsewhere_are_left_to_the_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    model = tiny_model("llama")
    tree = discover(model)
    head = [site for site in tree.sites if site.path == "lm_head"]
    enable_fast_inference(model)
    attachment = attach(model, Selection(tuple(head), "tiny"))
    with torch.no_grad():
        attachment.parameter.uniform_(-3, 3)
    step = step_of(model)
    result = model(input_ids=torch.tensor([[1, 2]]), use_cache=True)
    assert step is not None and not step.serves(attachment.scales(), preallocate(cache_of(result)))


def test_an_adapter_with_a_head_of_its_own_says_the_same_with_it_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    model = tiny_model("llama")
    attachment = HeadedAttachment(model, discover(model).select("paper"), ("lm_head",))
    with torch.no_grad():
        for parameter in TrainableParameters(attachment).parameters:
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    adapter = attachment.adapter()
    attachment.detach()
    loaded = LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU")  # type: ignore[arg-type]
    asked, settings = [(Message("user", "Hi"),)] * 2, ChatSettings(temperature=0, max_new_tokens=14)
    serving = serve(model, {"own head": adapter})
    variants = [Variant(1.0, "own head"), Variant(0.0, "")]
    slow = list(reply(loaded, serving, asked, variants, settings))[-1]
    enable_fast_inference(model)
    fast = list(reply(loaded, serving, asked, variants, settings))[-1]
    assert [answer.text for answer in fast] == [answer.text for answer in slow]
    assert fast[0].text != fast[1].text
