"""How fast is a GPU used? Training compared with PEFT (IA)³ under transformers.Trainer, the chat, every GPU test.

    python benchmarks/gpu.py [--steps 20] [--miniature] [--without-tests]

Self-contained: a Llama of 1.2 billion random weights in the number format that the studio takes on this card, rows of
random tokens whose lengths are those of instruction data, the same rows, batches, sites, schedule and loss on both
sides, each in a process of its own. Prints tokens per second (padding not counted), peak memory, the share of the
card's measured peak that the products of a step reach, the largest difference between the two losses of a step, and
new tokens per second of the chat for one answer and for eight at a time. Then the tests marked ``gpu`` run.
--miniature runs the same on a CPU with a tiny model: it shows that the script works, not how fast a GPU is.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from training import BATCH_SIZE, tokens_in, train_ours, train_peer

SIDES = ("ours", "peer", "chat")


@dataclass(frozen=True)
class Size:
    """What is measured: the shape of the model, the rows and the answers."""

    shape: dict[str, int]
    longest: int
    """Tokens of the longest row."""
    new_tokens: int
    peak_width: int
    """Rows and columns of the matrices whose product tells the card's peak."""


BILLION = Size(
    {
        "vocab_size": 128_256,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "max_position_embeddings": 4096,
    },
    longest=1024,
    new_tokens=128,
    peak_width=8192,
)
MINIATURE = Size(
    {
        "vocab_size": 200,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
    },
    longest=48,
    new_tokens=8,
    peak_width=128,
)


@dataclass(frozen=True)
class Measured:
    """What one process measured."""

    device: str
    """Where the model ran and why, in a sentence."""
    seconds: float = 0.0
    tokens: int = 0
    memory_mb: float = 0.0
    work: float = 0.0
    """Floating-point operations of the products that a step cannot do without, of all steps."""
    peak: float = 0.0
    """Floating-point operations per second of one large product."""
    losses: list[float] = field(default_factory=list)
    chat: dict[str, float] = field(default_factory=dict)
    """New tokens per second, by who answers how many prompts at a time."""


def main() -> int:
    """Run all parts and print the table, or one part for the process that was started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--miniature", action="store_true", help="a tiny model, also without a GPU")
    parser.add_argument("--without-tests", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(asdict(measure(options.side, MINIATURE if options.miniature else BILLION, options.steps))))
        return 0
    if not options.miniature and not has_gpu():
        print("No GPU was found; --miniature runs the same with a tiny model on the CPU.", file=sys.stderr)
        return 2
    report({side: run_side(side, sys.argv[1:]) for side in SIDES})
    if options.without_tests or options.miniature:
        return 0
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "tests"]
    return subprocess.run(command, cwd=Path(__file__).resolve().parent.parent).returncode


def has_gpu() -> bool:
    """Say whether torch sees a GPU."""
    import torch

    return torch.cuda.is_available()


def run_side(side: str, arguments: Sequence[str]) -> Measured:
    """Run one part in its own process; return what it measured."""
    command = [sys.executable, __file__, *arguments, "--side", side]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def report(sides: dict[str, Measured]) -> None:
    """Print the table."""
    ours, peer = sides["ours"], sides["peer"]
    peak = max(ours.peak, peer.peak)
    print(ours.device)
    print(f"{'':28}{'IA3 Studio':>12}{'PEFT+Trainer':>14}{'ratio':>8}")
    rows: tuple[tuple[str, Callable[[Measured], float]], ...] = (
        ("tokens per second", lambda side: side.tokens / side.seconds),
        ("peak memory, MB", lambda side: side.memory_mb),
        ("share of measured peak, %", lambda side: 100 * side.work / side.seconds / peak),
    )
    for name, value in rows:
        mine, theirs = value(ours), value(peer)
        print(f"{name:28}{mine:12.4g}{theirs:14.4g}{mine / theirs:8.3f}")
    gaps = [abs(mine - theirs) for mine, theirs in zip(ours.losses, peer.losses, strict=True)]
    print(f"largest difference of a step's loss: {max(gaps):.1e} nats over {len(gaps)} steps")
    print(f"measured peak: {peak / 1e12:.3g} TFLOP/s in one product")
    for who, speed in sides["chat"].chat.items():
        print(f"chat, {who}: {speed:.4g} new tokens per second")


def measure(side: str, size: Size, steps: int) -> Measured:
    """Measure one side."""
    loaded = random_model(size)
    if side == "chat":
        return Measured(loaded.device_reason, chat=chat_speeds(loaded, size))
    rows = random_rows(size, steps * BATCH_SIZE)
    trained(side, random_model(size), rows[: 2 * BATCH_SIZE])  # what is compiled or allocated once is not measured
    seconds, losses, memory = trained(side, loaded, rows)
    return Measured(
        loaded.device_reason,
        seconds,
        tokens_in(rows),
        memory,
        sum(needed_work(size, row) for row in rows),
        peak_of(loaded.model, size.peak_width),
        losses,
    )


def random_model(size: Size) -> Any:
    """Return a model of random weights where the studio would load it, in the format it would take."""
    import torch
    import transformers as hf

    from ia3_studio.models.device import choose_device
    from ia3_studio.models.loaded import LoadedModel

    device = choose_device()
    torch.manual_seed(0)
    with torch.device(device.name):
        config = hf.LlamaConfig(**size.shape, tie_word_embeddings=True, eos_token_id=None, pad_token_id=0)
        model = hf.AutoModelForCausalLM.from_config(config, dtype=device.dtype, attn_implementation="sdpa")
    model.eval().requires_grad_(False)
    return LoadedModel(model, tokenizer_of(size.shape["vocab_size"]), "causal-lm", "random", "random", device.reason)


def tokenizer_of(count: int) -> Any:
    """Return a tokenizer whose words are numbers."""
    import transformers as hf
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({str(number): number for number in range(count)}, unk_token="0"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    return hf.PreTrainedTokenizerFast(tokenizer_object=words, pad_token="0", unk_token="0")


def random_rows(size: Size, count: int) -> list[Any]:
    """Return rows of random tokens, short ones more often than long ones; the second half of each is the answer."""
    from ia3_studio.data.tokens import IGNORED, TokenRow

    draw, rows = random.Random(0), []
    for number in range(count):
        length = max(8, int(size.longest * 2 ** -draw.uniform(0, 4)))
        ids = tuple(draw.randrange(1, size.shape["vocab_size"]) for _ in range(length))
        rows.append(TokenRow(ids, (*[IGNORED] * (length // 2), *ids[length // 2 :]), number + 1, False))
    return rows


def trained(side: str, loaded: Any, rows: list[Any]) -> tuple[float, list[float], float]:
    """Train on rows in their order; return the seconds and the losses of all steps, and the peak memory in MB."""
    import torch

    on_gpu = loaded.model.device.type == "cuda"
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    if side == "ours":
        seconds, losses = train_ours(loaded, rows, "auto")
    else:
        seconds, losses = train_peer(loaded, rows, "auto")
    if on_gpu:
        return seconds, losses, torch.cuda.max_memory_allocated() / 2**20
    return seconds, losses, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def needed_work(size: Size, row: Any) -> float:
    """Return the operations of the products that training on a row takes: each forward, and backward to its input.

    Attention's six products are halved, because a token sees only those before it; the head runs where tokens are
    trained.
    """
    from ia3_studio.data.tokens import IGNORED

    shape, tokens = size.shape, len(row.input_ids)
    width, inner, layers = shape["hidden_size"], shape["intermediate_size"], shape["num_hidden_layers"]
    narrow = width * shape["num_key_value_heads"] // shape["num_attention_heads"]
    weights = 2 * width * width + 2 * width * narrow + 3 * width * inner
    labels = sum(label != IGNORED for label in row.labels[1:])
    return float(layers * (4 * weights * tokens + 6 * width * tokens**2) + 4 * width * shape["vocab_size"] * labels)


def peak_of(model: Any, width: int) -> float:
    """Return the operations per second of one large product in the model's format, the best of ten."""
    import torch

    left = torch.randn(width, width, device=model.device, dtype=torch.float32).to(model.dtype)
    best = float("inf")
    for _try in range(10):
        wait_for(model.device)
        began = time.perf_counter()
        left @ left
        wait_for(model.device)
        best = min(best, time.perf_counter() - began)
    return 2 * width**3 / best


def wait_for(device: Any) -> None:
    """Wait until a device has done what it was given."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize()


def chat_speeds(loaded: Any, size: Size) -> dict[str, float]:
    """Return the new tokens per second of our chat and of ``generate``, for one prompt and for eight."""
    import torch

    from ia3_studio.chat import ChatSettings, reply
    from ia3_studio.data.conversations import Message
    from ia3_studio.data.tokens import prompt_ids
    from ia3_studio.method import attach, discover
    from ia3_studio.models.fast_inference import enable_fast_inference

    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    enable_fast_inference(loaded.model)
    prompt = (Message("user", " ".join(str(number % 90 + 1) for number in range(size.longest // 4))),)
    ids = torch.tensor([prompt_ids(prompt, loaded.tokenizer)], device=loaded.model.device)
    settings = ChatSettings(temperature=0, max_new_tokens=size.new_tokens)

    def ours(count: int) -> int:
        *_, last = reply(loaded, attachment, [prompt] * count, [1.0] * count, settings)
        return sum(len(answer.tokens) for answer in last)

    def generate(count: int) -> int:
        found = loaded.model.generate(
            ids.expand(count, -1), max_new_tokens=size.new_tokens, min_new_tokens=size.new_tokens, do_sample=False
        )
        return int(found[:, ids.shape[1] :].numel())

    speeds: dict[str, float] = {}
    for count in (1, 8):
        for name, answer in (("IA3 Studio", ours), ("generate", generate)):
            answer(count)
            wait_for(loaded.model.device)
            began = time.perf_counter()
            made = answer(count)
            wait_for(loaded.model.device)
            speeds[f"{name}, {count} at a time"] = made / (time.perf_counter() - began)
    return speeds


if __name__ == "__main__":
    raise SystemExit(main())
