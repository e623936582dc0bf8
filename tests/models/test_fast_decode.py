"""The quick step says what the model says, and stands aside for models of another shape."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.chat import ChatSettings, Variant, reply
from ia3_studio.data.conversations import Message
from ia3_studio.method import Adapter, Selection, attach, discover, serve
from ia3_studio.models import few_rows
from ia3_studio.models.fast_decode import FastDecodeStep, fast_decode_step
from ia3_studio.models.fast_linear import disable_fast_linear, enable_fast_linear, step_of
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.preallocated_kv_cache import cache_of, preallocate
from tests.families import tiny_model
from tests.tiny_chat import tiny_tokenizer

SHAPE: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 97,
    "intermediate_size": 48, "max_position_embeddings": 128,
}  # fmt: skip


def built(config: Any) -> Any:
    torch.manual_seed(0)
    return hf.AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize(
    "config",
    [
        hf.LlamaConfig(**SHAPE),
        hf.LlamaConfig(**SHAPE, attention_bias=True, tie_word_embeddings=True),
        hf.MistralConfig(**SHAPE, sliding_window=None),
        hf.Qwen2Config(**SHAPE),
    ],
    ids=["llama", "llama with biases, tied", "mistral", "qwen2"],
)
def test_models_of_llamas_shape_take_it(config: Any) -> None:
    step, path = fast_decode_step(built(config))
    assert step is not None and path.is_on and not path.reason


OTHER_LAYERS, OTHER_NORM = "the model's layers are not Llama's", "the model's normalization is not Llama's"
OTHER_LOGITS = "it gives different logits than the model"
SHORT_CACHE = "the model's cache of keys and values does not keep all tokens"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (hf.GemmaConfig(**SHAPE, head_dim=8), OTHER_NORM),  # its norms add 1 to their weights
        (hf.Qwen3Config(**SHAPE, head_dim=8), OTHER_LOGITS),  # queries and keys have norms of their own
        (hf.GraniteConfig(**SHAPE, residual_multiplier=0.5, attention_multiplier=0.3), OTHER_LOGITS),
        (hf.MistralConfig(**SHAPE, sliding_window=4), SHORT_CACHE),  # forgets what is far
        (hf.GPT2Config(vocab_size=97, n_layer=2, n_embd=32, n_head=4), OTHER_LAYERS),
    ],
    ids=lambda value: getattr(value, "model_type", None),
)
def test_models_of_another_shape_go_their_own_way_and_the_log_says_why(
    config: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    step, path = fast_decode_step(built(config))
    assert step is None and (path.is_on, path.reason) == (False, reason)
    assert "Traceback" not in capsys.readouterr().err  # another shape is expected


def test_a_trial_that_fails_is_logged_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_given: Any) -> Any:
        raise IndexError("no such position")

    monkeypatch.setattr(FastDecodeStep, "__call__", fail)
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


def test_four_voices_of_different_lengths_say_the_same_with_it_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    model = tiny_model("llama")
    loaded = LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU")  # type: ignore[arg-type]
    adapters, variants = variants_of(model)
    asked = [(Message("user", words),) for words in ("Hi", "Where is the lamp?", "Tell me more of it", "Hi")]
    settings = ChatSettings(temperature=0, max_new_tokens=14)
    serving = serve(model, adapters)
    slow = list(reply(loaded, serving, asked, variants, settings))[-1]
    enable_fast_linear(model)
    taken: list[int] = []
    original = FastDecodeStep.__call__
    monkeypatch.setattr(FastDecodeStep, "__call__", lambda *given: taken.append(1) or original(*given))
    fast = list(reply(loaded, serving, asked, variants, settings))[-1]
    assert len(taken) == 13  # every token but the first
    assert [answer.text for answer in fast] == [answer.text for answer in slow]
    for one, other in zip(fast, slow, strict=True):
        assert [token.probability for token in one.tokens] == pytest.approx(
            [t.probability for t in other.tokens], abs=1e-5
        )
    disable_fast_linear(model)
    assert step_of(model) is None


def test_scales_elsewhere_are_left_to_the_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    model = tiny_model("llama")
    tree = discover(model)
    head = [site for site in tree.sites if site.path == "lm_head"]
    enable_fast_linear(model)
    attachment = attach(model, Selection(tuple(head), "tiny"))
    with torch.no_grad():
        attachment.parameter.uniform_(-3, 3)
    step = step_of(model)
    result = model(input_ids=torch.tensor([[1, 2]]), use_cache=True)
    assert step is not None and not step.serves(attachment.scales(), preallocate(cache_of(result)))
