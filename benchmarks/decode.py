"""How fast does a model take one more token in one loop, and how fast through transformers' own code?

    python benchmarks/decode.py [--tokens 24] [--rounds 3] [--family FAMILY …]

Models of the sizes that people run on a CPU, with random weights: only the time is measured, and that both choose the
same tokens. Each has read 200 tokens. The two ways take turns, so that what else the machine does hits both; the
medians over all tokens are printed, and how long the products of the weights take alone, below which neither comes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import transformers as hf

from ia3_studio.models.fast_inference import disable_fast_inference, enable_fast_inference, step_of
from ia3_studio.models.fast_linear import plain_layers
from ia3_studio.models.preallocated_kv_cache import cache_argument, cache_of, preallocate

READ = 200
SMALL: dict[str, Any] = {"max_position_embeddings": 2048}
FAMILIES: dict[str, Callable[[], Any]] = {
    "llama": lambda: hf.LlamaConfig(
        hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536,
        vocab_size=49152, tie_word_embeddings=True, **SMALL,
    ),
    "qwen2": lambda: hf.Qwen2Config(
        hidden_size=896, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2, intermediate_size=4864,
        vocab_size=151936, tie_word_embeddings=True, **SMALL,
    ),
    "gemma3": lambda: hf.Gemma3TextConfig(
        hidden_size=640, num_hidden_layers=18, num_attention_heads=4, num_key_value_heads=1, head_dim=256,
        intermediate_size=2048, vocab_size=262144, sliding_window=512, **SMALL,
    ),
    "gpt2": lambda: hf.GPT2Config(n_positions=2048),
    "gpt_neox": lambda: hf.GPTNeoXConfig(
        hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, vocab_size=50304,
        rotary_pct=0.25, **SMALL,
    ),
    "phi": lambda: hf.PhiConfig(
        hidden_size=1024, num_hidden_layers=20, num_attention_heads=16, intermediate_size=4096, vocab_size=51200,
        **SMALL,
    ),
}  # fmt: skip
"""SmolLM2-135M, Qwen2.5-0.5B, Gemma-3-270M, GPT-2, Pythia-160M and CodeGen-350M-mono's size in Phi's shape."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--family", nargs="*", choices=FAMILIES, default=list(FAMILIES))
    given = parser.parse_args()
    print(f"{torch.get_num_threads()} threads; milliseconds a token, medians of {given.rounds * given.tokens}")
    print(
        f"{'family':10}{'parameters':>12}{'transformers':>14}{'one loop':>10}{'ratio':>7}{'products':>10}  same tokens"
    )
    for family in given.family:
        torch.manual_seed(0)
        model = hf.AutoModelForCausalLM.from_config(FAMILIES[family]()).eval()
        compare(family, model, given.rounds, given.tokens)


@torch.inference_mode()
def compare(family: str, model: Any, rounds: int, tokens: int) -> None:
    """Print one family's times."""
    layers = [layer for layer in plain_layers(model) if layer is not model.get_output_embeddings()]
    enable_fast_inference(model)
    step = step_of(model)
    disable_fast_inference(model)
    if step is None:
        raise SystemExit(f"{family} has no fast step")
    seconds: dict[str, list[float]] = {"transformers": [], "one loop": [], "products": []}
    chosen: dict[str, list[int]] = {}
    for _round in range(rounds):
        chosen["transformers"] = answer(model, tokens, seconds["transformers"], None)
        chosen["one loop"] = answer(model, tokens, seconds["one loop"], step)
        seconds["products"] += [products(model, layers) for _token in range(tokens)]
    theirs, ours, least = (statistics.median(each) * 1e3 for each in seconds.values())
    count = sum(weight.numel() for weight in model.parameters())
    same = chosen["transformers"] == chosen["one loop"]
    print(f"{family:10}{count / 1e6:>10.0f} M{theirs:>14.1f}{ours:>10.1f}{theirs / ours:>7.2f}{least:>10.1f}  {same}")


def answer(model: Any, tokens: int, seconds: list[float], step: Any) -> list[int]:
    """Return the likeliest tokens after a text, and add how long each took."""
    ids = torch.arange(READ)[None] * 37 % 1000
    result = model(input_ids=ids, use_cache=True, logits_to_keep=1)
    cache = preallocate(cache_of(result)) if step else cache_of(result)
    chosen = [int(result.logits[0, -1].argmax())]
    for number in range(tokens):
        began = time.perf_counter()
        one, position = torch.tensor([[chosen[-1]]]), torch.tensor([[READ + number]])
        if step:
            logits = step(one, position, cache, None, {})
        else:
            extra = {cache_argument(model): cache}
            logits = model(input_ids=one, position_ids=position, use_cache=True, **extra).logits[:, -1]
        chosen.append(int(logits.argmax()))
        seconds.append(time.perf_counter() - began)
    return chosen


def products(model: Any, layers: list[Any]) -> float:
    """Return how long the products of one token with all weights take, nothing between them."""
    rows = {size: torch.ones(1, 1, size) for layer in layers for size in layer.weight.shape}
    began = time.perf_counter()
    for layer in layers:
        layer.forward(rows[layer.in_features if hasattr(layer, "in_features") else layer.weight.shape[0]])
    head = model.get_output_embeddings()
    head.forward(torch.ones(1, 1, head.in_features))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
