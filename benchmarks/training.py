"""How fast and how lean is training beside PEFT (IA)³ under transformers.Trainer? One run measures both.

    python benchmarks/training.py [--steps 10] [--data FILE] [--documents 2] [--model FOLDER] [--backward float32]

Same model, rows, batches, sites, schedule and loss; each side in a process of its own, in turn. Without --data the
rows are conversations of one to eight turns made of the starter's, so that long and short ones meet in a batch as in
any instruction data; with --documents, questions about so many long texts in each batch. Prints tokens per second (all
steps, padding not counted), peak memory of the process, the largest difference between the two losses of a step, and
what the matrix products alone would allow on this machine, once in the number formats of our own step and once all in
float32.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

BATCH_SIZE = 8
LEARNING_RATE = 1e-2
LONGEST = 512
SIDES = ("ours", "peer", "products", "float32 products")


@dataclass(frozen=True)
class Figures:
    """What one side measured."""

    tokens_per_second: float
    peak_mb: float
    losses: list[float]


def main() -> None:
    """Run all sides and print the comparison, or one side for the process that was started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--data")
    parser.add_argument("--documents", type=int, default=0, help="long texts that the questions of a batch are about")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--backward", default="auto", help="number format of our backward products")
    parser.add_argument("--side", choices=SIDES)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(asdict(measure(options.side, options))))
        return
    report({side: run_side(side, sys.argv[1:]) for side in SIDES})


def run_side(side: str, arguments: list[str], program: str = __file__) -> Figures:
    """Run one side of a benchmark in its own process; return its figures."""
    command = [sys.executable, program, *arguments, "--side", side]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


def report(figures: dict[str, Figures]) -> None:
    """Print both sides, their ratio, and what the matrix products alone take."""
    ours, peer, products, plain = (figures[side] for side in SIDES)
    compare(ours, peer, "PEFT+Trainer")
    for what, alone in (("in our number formats", products), ("all in float32", plain)):
        share = ours.tokens_per_second / alone.tokens_per_second
        print(f"matrix products alone, {what}: {alone.tokens_per_second:.4g} tokens/s; IA3 Studio reaches {share:.0%}")


def compare(ours: Figures, peer: Figures, peer_name: str) -> None:
    """Print both sides and their ratio."""
    print(f"{'':24}{'IA3 Studio':>12}{peer_name:>14}{'ratio':>8}")
    for name, field in (("tokens per second", "tokens_per_second"), ("peak memory, MB", "peak_mb")):
        mine, theirs = getattr(ours, field), getattr(peer, field)
        print(f"{name:24}{mine:12.4g}{theirs:14.4g}{mine / theirs:8.3f}")
    gaps = [abs(mine - theirs) for mine, theirs in zip(ours.losses, peer.losses, strict=True)]
    print(f"largest difference of a step's loss: {max(gaps):.1e} nats over {len(gaps)} steps")


def measure(side: str, options: argparse.Namespace) -> Figures:
    """Train a few steps on one side and return its figures."""
    from ia3_studio import load_model

    loaded = load_model(options.model)
    rows = rows_of(options.data, loaded.tokenizer, options.steps * BATCH_SIZE, options.documents)
    run: Callable[[Any, list[Any], str], tuple[float, list[float]]]
    run = {"ours": train_ours, "peer": train_peer}.get(side, multiply)
    seconds, losses = run(loaded, rows, "float32" if side == "float32 products" else options.backward)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Figures(tokens_in(rows) / seconds, peak, losses)


def rows_of(data: str | None, tokenizer: Any, count: int, documents: int = 0) -> list[Any]:
    """Return as many rows as are trained on, in the order of the batches."""
    from ia3_studio import load_data, tokenize
    from ia3_studio.training.batches import batches

    examples = load_data(data or "lighthouse").train
    if documents:
        return list(tokenize(questions(examples, count, documents), tokenizer, LONGEST).rows)
    rows = list(tokenize(examples if data else conversations(examples, count), tokenizer, LONGEST).rows)
    rows = (rows * (count // len(rows) + 1))[:count]
    return [rows[row] for batch in batches(count, BATCH_SIZE, 0, 0) for row in batch]


def conversations(examples: Sequence[Any], count: int) -> list[Any]:
    """Join pairs to conversations of one to eight turns, short ones more often than long ones."""
    from ia3_studio.data.example import Example

    draw = random.Random(0)
    turns = [draw.choices((1, 2, 4, 8), (8, 4, 2, 1))[0] for _ in range(count)]
    return [
        Example(row + 1, sum((pair.messages for pair in draw.sample(list(examples), number)), ()))
        for row, number in enumerate(turns)
    ]


def questions(examples: Sequence[Any], count: int, documents: int) -> list[Any]:
    """Return questions whose system messages are long texts, so many different ones in each batch."""
    from ia3_studio.data.conversations import Message
    from ia3_studio.data.example import Example

    answers = [message.content for pair in examples for message in pair.messages if message.role == "assistant"]
    texts = [" ".join(answers[start : start + 8]) for start in range(0, len(answers) - 8, 8)]
    return [
        Example(
            row + 1,
            (Message("system", texts[(row // BATCH_SIZE * documents + row % documents) % len(texts)]), *pair.messages),
        )
        for row, pair in zip(range(count), cycle(examples), strict=False)
    ]


def train_ours(loaded: Any, rows: list[Any], backward: Any) -> tuple[float, list[float]]:
    """Return the seconds of all steps and the loss of each, of our own loop."""
    from ia3_studio import TrainConfig, attach, discover, train

    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    config = TrainConfig(epochs=1, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE, backward_dtype=backward)
    steps = list(train(loaded.model, attachment, in_dealt_order(rows), [], config))
    return steps[-1].seconds - steps[0].seconds, [step.loss or 0.0 for step in steps[1:]]


def in_dealt_order(rows: list[Any]) -> list[Any]:
    """Return the rows so that the batches dealt from them are those of the peer."""
    from ia3_studio.training.batches import batches

    order = [row for batch in batches(len(rows), BATCH_SIZE, 0, 0) for row in batch]
    given = dict(zip(order, rows, strict=True))
    return [given[place] for place in range(len(rows))]


def train_peer(loaded: Any, rows: list[Any], _backward: str) -> tuple[float, list[float]]:
    """Return the same of PEFT under Trainer, with its usual collator."""
    import peft
    import torch
    import transformers as hf

    from ia3_studio import TrainConfig
    from ia3_studio.training.schedule import learning_rate

    class InOrder(hf.Trainer):  # type: ignore[misc]
        """A Trainer that takes the rows as they come: they are in random order already."""

        def _get_train_sampler(self, *_args: Any) -> Any:
            return torch.utils.data.SequentialSampler(features)

    model = peft.get_peft_model(loaded.model, peft.IA3Config(task_type="CAUSAL_LM"))
    features = [{"input_ids": list(row.input_ids), "labels": list(row.labels)} for row in rows]
    watch = _watch(hf.TrainerCallback)
    config, total = TrainConfig(learning_rate=1.0), len(rows) // BATCH_SIZE
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], LEARNING_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: learning_rate(done + 1, total, config) if done < total else 0.0
    )
    InOrder(
        model=model,
        args=hf.TrainingArguments(
            output_dir=tempfile.mkdtemp(), per_device_train_batch_size=BATCH_SIZE, num_train_epochs=1, logging_steps=1,
            report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=loaded.model.device.type == "cpu", seed=0,
        ),
        train_dataset=features,
        data_collator=hf.DataCollatorForSeq2Seq(loaded.tokenizer, label_pad_token_id=-100),
        optimizers=(optimizer, schedule),
        callbacks=[watch],
    ).train()  # fmt: skip
    return watch.seconds, watch.losses


def _watch(base: Any) -> Any:
    class Watch(base):  # type: ignore[misc]
        """Note the seconds of all optimizer steps, and their losses."""

        def __init__(self) -> None:
            self.seconds = 0.0
            self.losses: list[float] = []

        def on_step_begin(self, *_args: Any, **_kwargs: Any) -> None:
            self._began = time.perf_counter()

        def on_step_end(self, *_args: Any, **_kwargs: Any) -> None:
            self.seconds += time.perf_counter() - self._began

        def on_log(self, *_args: Any, logs: dict[str, float], **_kwargs: Any) -> None:
            if "loss" in logs:
                self.losses.append(logs["loss"])

    return Watch()


def multiply(loaded: Any, rows: list[Any], backward: Any) -> tuple[float, list[float]]:
    """Return the seconds of the products a step cannot do without, at our shapes and in our number formats.

    Every projection once forward and once for the gradient of its input, the head likewise at label positions, and
    attention's six products of each row, halved because a token sees only those before it.
    """
    import torch

    from ia3_studio.training.batches import label_count
    from ia3_studio.training.bundles import bundle_batches, bundled
    from ia3_studio.training.config import TrainConfig
    from ia3_studio.training.loss import HEAD_ROWS
    from ia3_studio.training.precision import backward_format

    rounded = backward_format(backward, loaded.model.device) == "bfloat16"
    model, head = loaded.model, loaded.model.get_output_embeddings()
    lines = [module for module in model.modules() if isinstance(module, torch.nn.Linear) and module is not head]
    seconds = 0.0
    for batch in (rows[start : start + BATCH_SIZE] for start in range(0, len(rows), BATCH_SIZE)):
        for group in bundle_batches(batch, TrainConfig().micro_batch_tokens):
            tokens = sum(sum(bundle.lengths) for bundle in bundled(group))
            seconds += sum(_both_ways(line.weight, tokens, rounded) for line in lines)
            seconds += sum(_attending(model.config, len(row.input_ids)) for row in group)
            labels = label_count(group)
            for done in range(0, labels, HEAD_ROWS):
                seconds += _both_ways(head.weight, min(HEAD_ROWS, labels - done), rounded)
    return seconds, []


def _both_ways(weight: Any, tokens: int, rounded: bool) -> float:
    """Return the seconds of x Wᵀ and g W for so many tokens; what they are made of is not timed."""
    import torch

    weight = weight.detach()
    given, gradient = torch.randn(tokens, weight.shape[1]), torch.randn(tokens, weight.shape[0])
    back = weight.bfloat16() if rounded else weight
    gradient = gradient.to(back.dtype)
    began = time.perf_counter()
    given @ weight.T
    gradient @ back
    return time.perf_counter() - began


def _attending(config: Any, length: int) -> float:
    """Return the seconds of the products of scores and values of one row, in all layers, forward and backward."""
    import torch

    shape = (config.num_attention_heads, length, config.hidden_size // config.num_attention_heads)
    q, k, v, gradient = (torch.randn(shape) for _ in range(4))
    weights = torch.randn(shape[0], length, length)
    began = time.perf_counter()
    for left, right in (
        (q, k.mT),
        (weights, v),
        (gradient, v.mT),
        (weights.mT, gradient),
        (weights, k),
        (weights.mT, q),
    ):
        torch.bmm(left, right)
    return (time.perf_counter() - began) * config.num_hidden_layers / 2


def tokens_in(rows: Sequence[Any]) -> int:
    """Return how many tokens the rows hold, without padding."""
    return sum(len(row.input_ids) for row in rows)


if __name__ == "__main__":
    main()
