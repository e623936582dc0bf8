"""Models of every kind say the same whoever else asks: those that cannot share passes answer one after the other."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.chat import ChatSettings
from ia3_studio.method import attach
from ia3_studio.models.fast_inference import enable_fast_inference
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.serving import batching as module
from ia3_studio.serving.batching import Batching
from ia3_studio.serving.generation import Delta, ServedAdapter
from ia3_studio.serving.next_token import NEAR
from tests.serving.test_batching import Told, adapter_for
from tests.tiny_chat import tiny_tokenizer

WINDOW = 8
SIZE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 97}
GROUPED: dict[str, Any] = SIZE | {"num_key_value_heads": 2, "intermediate_size": 48, "max_position_embeddings": 256}
OLD: dict[str, Any] = {"vocab_size": 97, "n_layer": 2, "n_embd": 32, "n_head": 4, "n_positions": 128}
MIXED = ["sliding_attention", "full_attention"]

SHARING: dict[str, Any] = {
    "mistral": lambda: hf.MistralConfig(**GROUPED, sliding_window=WINDOW),
    "qwen2 with windows": lambda: hf.Qwen2Config(
        **GROUPED, use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1
    ),
    "gemma 2": lambda: hf.Gemma2Config(**GROUPED, head_dim=8, sliding_window=WINDOW),
    "gemma 3": lambda: hf.Gemma3TextConfig(**GROUPED, head_dim=8, sliding_window=WINDOW, layer_types=MIXED),
    "gpt neo": lambda: hf.GPTNeoConfig(
        hidden_size=32, num_layers=2, num_heads=4, vocab_size=97, max_position_embeddings=128,
        attention_types=[[["global", "local"], 1]], window_size=WINDOW,
    ),
    "gpt2": lambda: hf.GPT2Config(**OLD),
    "opt": lambda: hf.OPTConfig(**SIZE, ffn_dim=48, word_embed_proj_dim=32, max_position_embeddings=128),
    "bloom": lambda: hf.BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=97),
    "mpt": lambda: hf.MptConfig(d_model=32, n_heads=4, n_layers=2, vocab_size=97, max_seq_len=128),
    "falcon with alibi": lambda: hf.FalconConfig(**SIZE, alibi=True, new_decoder_architecture=False),
}  # fmt: skip
"""Models whose rows share passes."""
SEPARATE: dict[str, Any] = {
    "mamba": lambda: hf.MambaConfig(hidden_size=32, num_hidden_layers=2, vocab_size=97, state_size=4),
    "rwkv": lambda: hf.RwkvConfig(hidden_size=32, num_hidden_layers=2, vocab_size=97, attention_hidden_size=32),
    "recurrent gemma": lambda: hf.RecurrentGemmaConfig(
        **SIZE | {"num_hidden_layers": 3}, intermediate_size=96, lru_width=32, attention_window_size=WINDOW, head_dim=8
    ),
    "zamba 2": lambda: hf.Zamba2Config(
        **GROUPED | {"num_hidden_layers": 4, "num_key_value_heads": 4}, hybrid_layer_ids=[1, 3], num_mem_blocks=1,
        mamba_d_state=8, mamba_ngroups=1, n_mamba_heads=8, mamba_headdim=8,
        layers_block_type=["mamba", "hybrid", "mamba", "hybrid"],
    ),
    "lfm2": lambda: hf.Lfm2Config(**GROUPED, layer_types=["conv", "full_attention"], block_multiple_of=16),
    "mixtral": lambda: hf.MixtralConfig(**GROUPED, num_local_experts=4),
    "gpt oss": lambda: hf.GptOssConfig(
        **GROUPED, head_dim=8, sliding_window=WINDOW, num_local_experts=4, layer_types=MIXED
    ),
    "gpt without a cache": lambda: hf.OpenAIGPTConfig(**OLD),
    "roberta, whose positions begin at 2": lambda: hf.RobertaConfig(
        **SIZE, intermediate_size=48, is_decoder=True, max_position_embeddings=130
    ),
    "prophetnet, which reads no two tokens on": lambda: hf.ProphetNetConfig(
        vocab_size=97, hidden_size=32, decoder_ffn_dim=48, num_decoder_layers=2, num_decoder_attention_heads=4,
        is_decoder=True, is_encoder_decoder=False, add_cross_attention=False,
    ),
}  # fmt: skip
"""Models whose rows are computed one after the other."""
LENGTHS = (3, 20, 9, 13, 2)
"""Tokens of the prompts, some longer than a window."""
WRITTEN = (16, 4, 12, 6, 8)
"""Tokens of the answers: short ones end while long ones go on."""


@pytest.mark.parametrize(
    ("kind", "is_fast"), [*((kind, False) for kind in [*SHARING, *SEPARATE]), *((kind, True) for kind in SHARING)]
)
def test_answers_of_several_adapters_that_come_and_go_are_those_of_the_model_alone(
    kind: str, is_fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 7)  # of a prompt, so that it is read between tokens of others
    loaded = _loaded((SHARING | SEPARATE)[kind]())
    if is_fast:
        enable_fast_inference(loaded.model)
    told = _told(loaded)
    batching = Batching(loaded, 3)
    batching._ends = frozenset()
    assert bool(batching.note) == (kind in SEPARATE)
    _answer(batching, told)
    for each in told:
        assert _tokens(each) == _alone(loaded, each)
    batching.close()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", ["gpt2", "mistral"])
def test_an_answer_in_half_precision_does_not_depend_on_who_else_asks(kind: str, dtype: torch.dtype) -> None:
    loaded = _loaded(SHARING[kind](), dtype)
    together = _told(loaded)
    batching = Batching(loaded, 8)
    batching._ends = frozenset()
    assert str(dtype).removeprefix("torch.") in batching.note
    _answer(batching, together)
    for one, other in zip(together, _told(loaded), strict=True):
        _answer(batching, [other])
        assert _tokens(one) == _tokens(other)
    batching.close()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_shares_passes_where_rounding_may_decide(dtype: torch.dtype) -> None:
    loaded = _loaded(SHARING["mistral"](), dtype)
    told = _told(loaded)
    batching = Batching(loaded, 8, rounds=True)
    batching._ends = frozenset()
    assert not batching.note
    _answer(batching, told)
    assert [len(_tokens(each)) for each in told] == list(WRITTEN)
    batching.close()


def test_what_sharing_a_pass_changes_is_a_small_part_of_what_counts_as_equal() -> None:
    loaded = _loaded(SHARING["mistral"]())
    batching, changed = Batching(loaded, 8), list[float]()
    step = batching._batch.step

    def compared(ids: Any, scaling: Any) -> Any:
        found = step(ids, scaling)
        for row, scores in zip(batching._rows, found, strict=True):
            with batching._scaling([row]):
                alone, _cache = batching._batch.read(torch.tensor([row.text_ids]), 0, None)
            top = int(alone.argmax())
            difference = scores - alone
            changed.append(float((difference - difference[top]).abs().max() / max(1.0, float(alone[top].abs()))))
        return found

    batching._batch.step = compared  # type: ignore[method-assign]
    _answer(batching, _told(loaded))
    assert len(changed) > 30
    assert max(changed) < NEAR / 5
    batching.close()


def _loaded(config: Any, dtype: torch.dtype = torch.float32) -> LoadedModel:
    torch.manual_seed(0)
    model = hf.AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
    with torch.no_grad():  # gates and biases that begin at 0 would hide what a trained model lets through
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return LoadedModel(model.to(dtype), tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU, float32")


def _told(loaded: LoadedModel) -> list[Told]:
    generator = torch.Generator().manual_seed(3)
    adapters = [None, *(ServedAdapter(name, adapter_for(loaded, seed)) for seed, name in enumerate("ab", 1))]
    return [
        Told(
            torch.randint(3, 90, (length,), generator=generator).tolist(),
            ChatSettings(temperature=0, top_p=1, max_new_tokens=written),
            adapter=adapters[number % 3], logprobs=0,
        )
        for number, (length, written) in enumerate(zip(LENGTHS, WRITTEN, strict=True))
    ]  # fmt: skip


def _answer(batching: Batching, told: list[Told]) -> None:
    """Ask for two answers at once, and for one more every other token."""
    late = deque(each.generation for each in told)
    waiting = deque([late.popleft() for _two in told[:2]])
    rounds = 0
    while batching.advance(waiting) or waiting or late:
        rounds += 1
        if late and rounds % 2 == 0:
            waiting.append(late.popleft())


def _tokens(told: Told) -> list[int]:
    return [token.id for event in told.events if isinstance(event, Delta) for token in event.tokens]


@torch.no_grad()
def _alone(loaded: LoadedModel, told: Told) -> list[int]:
    """Return the greedy answer of whole passes over the text, one for each token, with the adapter attached."""
    generation = told.generation
    ids, handle = list(generation.prompt), None
    if generation.adapter is not None:
        handle = attach(loaded.model, generation.adapter.adapter.selection)
        handle.load(generation.adapter.adapter)
    for _token in range(generation.settings.max_new_tokens):
        logits = loaded.model(input_ids=torch.tensor([ids]), use_cache=False).logits  # type: ignore[operator]
        ids.append(int(logits[0, -1].argmax()))
    if handle is not None:
        handle.detach()
    return ids[len(generation.prompt) :]
