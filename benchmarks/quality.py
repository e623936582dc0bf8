"""What does (IA)³ learn beside LoRA, a new head alone, and full fine-tuning, each at its own best rate?

    python benchmarks/quality.py [--task classes|voice] [--seconds 60] [--steps 50] [--seeds 2] [--data F] [--out F]

classes: MiniLM sorts letters into twenty classes; every method trains for the same number of seconds. The table gives
the accuracy on held-out letters with its 95 % interval, and how far sentences of other subjects moved.
voice: the starter chat model learns the lighthouse keeper's voice; every method takes the same number of steps. The
table gives the held-out loss and, as forgetting, the rise of the loss on neutral text.

One loop trains all methods: same rows, same batches, same padded forward passes, AdamW, 6 % warm-up, linear decay, clip
1. Only what is trained differs, and its rate: the best of the method's three by the held-out figure of the first seed.
Each run has a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

METHODS = ("ia3", "lora", "head", "full")
RATES = {
    "classes": {"ia3": (1e-2, 3e-2, 6e-2), "lora": (3e-3, 1e-2, 2e-2), "head": (1e-2, 3e-2, 1e-1),
                "full": (5e-5, 2e-4, 5e-4)},
    "voice": {"ia3": (3e-3, 1e-2, 3e-2), "lora": (1e-3, 3e-3, 1e-2), "head": (1e-4, 3e-4, 1e-3),
              "full": (3e-5, 1e-4, 3e-4)},
}  # fmt: skip
"""Tried for each method; the middle one is near the best in earlier runs, so that no end of a list wins by chance."""
BATCH = {"classes": 32, "voice": 8}
WARMUP = 0.06
LORA_RANK = 8


@dataclass(frozen=True)
class Result:
    """One run of one method."""

    rate: float
    figure: float
    """Held-out accuracy (classes) or loss in nats per token (voice)."""
    rows: int
    """Held-out rows that the figure was taken on."""
    moved: float
    """How far what was not trained moved: 1 − cosine of sentences (classes), nats per token (voice)."""
    trained: int
    file_kb: float
    seconds: float
    steps: int
    peak_mb: float


def main() -> None:
    """Run every method at every rate and print the table, or one run for the process that was started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=tuple(RATES), default="classes")
    parser.add_argument("--seconds", type=float, default=60.0, help="of training, for each run of classes")
    parser.add_argument("--steps", type=int, default=50, help="of training, for each run of voice")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--data", help="a file of rows with text and label, instead of the harbour letters")
    parser.add_argument("--out", type=Path, help="where the table is written too")
    parser.add_argument("--run", nargs=3, metavar=("METHOD", "RATE", "SEED"))
    options = parser.parse_args()
    if options.run:
        method, rate, seed = options.run[0], float(options.run[1]), int(options.run[2])
        print(json.dumps(asdict(TASKS[options.task](options, method, rate, seed))))
        return
    table = "\n".join(lines(options, {method: best_of(options, method) for method in METHODS}))
    print(table)
    if options.out:
        options.out.write_text(table + "\n", encoding="utf-8")


def best_of(options: argparse.Namespace, method: str) -> list[Result]:
    """Return the runs of all seeds at the rate that was best with the first."""
    sign = 1 if options.task == "classes" else -1
    first = [run(options, method, rate, 0) for rate in RATES[options.task][method]]
    best = max(first, key=lambda result: sign * result.figure)
    return [best, *(run(options, method, best.rate, seed) for seed in range(1, options.seeds))]


def run(options: argparse.Namespace, method: str, rate: float, seed: int) -> Result:
    """Run one method in its own process."""
    chosen = ["--task", options.task, "--seconds", str(options.seconds), "--steps", str(options.steps)]
    data = ["--data", options.data] if options.data else []
    command = [sys.executable, __file__, *chosen, *data, "--run", method, str(rate), str(seed)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result = Result(**json.loads(done.stdout.splitlines()[-1]))
    print(f"{method:6} rate {rate:<8g} seed {seed}: {result.figure:.4f}, moved {result.moved:.4f}", file=sys.stderr)
    return result


def lines(options: argparse.Namespace, results: dict[str, list[Result]]) -> Iterator[str]:
    """Yield the table in Markdown: means over seeds."""
    classes = options.task == "classes"
    figure = "held-out accuracy" if classes else "held-out loss"
    moved = "other sentences moved (1 − cos)" if classes else "loss on neutral text"
    yield f"| method | rate | {figure} | trained numbers | file, kB | seconds | steps | peak MB | {moved} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for method, runs in results.items():
        mean = statistics.mean(each.figure for each in runs)
        shown = accuracy(mean, sum(each.rows for each in runs)) if classes else f"{mean:.3f}"
        spread = f" ({', '.join(f'{each.figure:.3f}' for each in runs)})" if len(runs) > 1 else ""
        first, steps = runs[0], round(statistics.mean(each.steps for each in runs))
        drift = statistics.mean(each.moved for each in runs)
        seconds, peak = statistics.mean(each.seconds for each in runs), max(each.peak_mb for each in runs)
        yield (
            f"| {NAMES[method]} | {first.rate:g} | {shown}{spread} | {first.trained:,} | {first.file_kb:,.0f} |"
            f" {seconds:.0f} | {steps} | {peak:,.0f} | {drift:+.3f} |"
        )


NAMES = {"ia3": "(IA)³", "lora": f"LoRA, rank {LORA_RANK}", "head": "head alone", "full": "all weights"}


def accuracy(share: float, rows: int) -> str:
    """Return an accuracy with Wilson's 95 % interval over all held-out answers."""
    from ia3_studio.training.intervals import wilson

    low, high = wilson(round(share * rows), rows)
    return f"{share:.1%} [{low:.1%}, {high:.1%}]"


def learn_classes(options: argparse.Namespace, method: str, rate: float, seed: int) -> Result:
    """Train MiniLM with a new head for so many seconds; return the accuracy."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    from ia3_studio.models import TEXT_STARTER, prepare

    torch.manual_seed(seed)
    train, held_out = labeled(options.data)
    names = sorted({label for _text, label in train})
    folder = prepare(TEXT_STARTER)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(names)).eval()
    before = sentences(model.base_model, tokenizer)
    parameters, save = trained_part(model, method, ["classifier"])

    def batch_loss(rows: Sequence[tuple[str, str]]) -> Any:
        batch = tokenizer([text for text, _label in rows], padding=True, truncation=True, return_tensors="pt")
        wanted = torch.tensor([names.index(label) for _text, label in rows])
        return torch.nn.functional.cross_entropy(model(**batch).logits, wanted)

    def share_done(began: float, _step: int) -> float:
        return (time.perf_counter() - began) / options.seconds

    seconds, steps = fit(train, batch_loss, parameters, rate, BATCH["classes"], seed, share_done)
    right = 0
    with torch.no_grad():
        for start in range(0, len(held_out), 64):
            rows = held_out[start : start + 64]
            batch = tokenizer([text for text, _label in rows], padding=True, truncation=True, return_tensors="pt")
            found = model(**batch).logits.argmax(-1).tolist()
            right += sum(names[place] == label for place, (_text, label) in zip(found, rows, strict=True))
    moved = float(1 - torch.cosine_similarity(before, sentences(model.base_model, tokenizer)).mean())
    return finished(rate, right / len(held_out), len(held_out), moved, parameters, save, seconds, steps)


def learn_voice(options: argparse.Namespace, method: str, rate: float, seed: int) -> Result:
    """Train the starter chat model for so many steps; return the held-out loss."""
    import torch

    from ia3_studio import load_data, load_model, tokenize
    from ia3_studio.data.examples import Example

    torch.manual_seed(seed)
    loaded = load_model("SmolLM2-135M-Instruct")
    split = load_data("lighthouse")
    train, held_out = (tokenize(part, loaded.tokenizer, 512).rows for part in (split.train, split.held_out))
    neutral = tokenize([Example(row, text=text) for row, text in enumerate(neutral_texts(), 1)], loaded.tokenizer, 512)
    before = language_loss(loaded.model, neutral.rows)
    model = loaded.model
    parameters, save = trained_part(model, method, ["lm_head"])

    def batch_loss(rows: Sequence[Any]) -> Any:
        return padded_loss(model, rows)

    def share_done(_began: float, step: int) -> float:
        return step / options.steps

    seconds, steps = fit(train, batch_loss, parameters, rate, BATCH["voice"], seed, share_done)
    loss, moved = language_loss(model, held_out), language_loss(model, neutral.rows) - before
    return finished(rate, loss, len(held_out), moved, parameters, save, seconds, steps)


TASKS: dict[str, Callable[[argparse.Namespace, str, float, int], Result]] = {
    "classes": learn_classes,
    "voice": learn_voice,
}


def trained_part(model: Any, method: str, head: list[str]) -> tuple[list[Any], Callable[[Path], None]]:
    """Prepare a model for a method; return what it trains and how that is saved."""
    from safetensors.torch import save_file

    classifies = head == ["classifier"]
    if method == "ia3":
        from ia3_studio.method import attach, discover
        from ia3_studio.method.heads import HeadedAttachment
        from ia3_studio.training.trainable_parameters import TrainableParameters

        model.requires_grad_(False)
        selection = discover(model).select("paper")
        attachment = HeadedAttachment(model, selection, head) if classifies else attach(model, selection)
        return list(TrainableParameters(attachment).parameters), lambda folder: attachment.adapter().save(folder)
    if method == "lora":
        import peft

        task = "SEQ_CLS" if classifies else "CAUSAL_LM"
        target = ["query", "value"] if classifies else ["q_proj", "v_proj"]
        asked = peft.LoraConfig(task_type=task, r=LORA_RANK, lora_alpha=2 * LORA_RANK, target_modules=target)
        tuned = peft.get_peft_model(model, asked)
        return [each for each in tuned.parameters() if each.requires_grad], tuned.save_pretrained
    model.requires_grad_(method == "full")
    if method == "head":
        import torch

        (name,) = head
        part = getattr(model, name)
        part.weight = torch.nn.Parameter(part.weight.detach().clone())  # the starter's is tied to its embeddings
        part.requires_grad_()
    named = {name: each for name, each in model.named_parameters() if each.requires_grad}
    return list(named.values()), lambda folder: save_file(
        {name: each.detach().clone() for name, each in named.items()}, folder / "weights.safetensors"
    )


def fit(
    rows: Sequence[Any],
    batch_loss: Callable[[Sequence[Any]], Any],
    parameters: Sequence[Any],
    rate: float,
    batch_size: int,
    seed: int,
    share_done: Callable[[float, int], float],
) -> tuple[float, int]:
    """Train until the share done is 1; return the seconds and the steps."""
    import torch

    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
    began, step = time.perf_counter(), 0
    for batch in endless_batches(rows, batch_size, seed):
        done = share_done(began, step)
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (done + 1e-3) / WARMUP, (1 - done) / (1 - WARMUP))
        loss = batch_loss(batch)
        if not math.isfinite(loss.item()):
            break
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
    return time.perf_counter() - began, step


def endless_batches(rows: Sequence[Any], size: int, seed: int) -> Iterator[list[Any]]:
    """Yield batches of rows in random order, epoch after epoch."""
    draw = random.Random(seed)
    while True:
        order = draw.sample(list(rows), len(rows))
        yield from (order[start : start + size] for start in range(0, len(order), size))


def labeled(data: str | None) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (text, label) of the rows to learn, and of those held out."""
    from importlib.resources import files

    from ia3_studio.data.table import read_table

    if data:
        rows = list(read_table(data).frame[["text", "label"]].astype(str).itertuples(index=False, name=None))
        random.Random(0).shuffle(rows)
        cut = len(rows) // 5
        return rows[cut:], rows[:cut]
    own = [files("ia3_studio.data").joinpath("starters", f"harbour{part}.jsonl") for part in ("", ".held_out")]
    train, held_out = (
        [(row["text"], row["label"]) for row in map(json.loads, part.read_text("utf-8").splitlines())] for part in own
    )
    return train, held_out


def neutral_texts() -> list[str]:
    """Return the project's neutral paragraphs."""
    from ia3_studio.data.neutral import neutral_texts

    return [example.text for example in neutral_texts()]


def sentences(encoder: Any, tokenizer: Any) -> Any:
    """Return the encoder's mean-pooled meaning of the neutral paragraphs, (paragraphs, channels)."""
    import torch

    batch = tokenizer(neutral_texts(), padding=True, truncation=True, max_length=128, return_tensors="pt")
    with torch.no_grad():
        hidden = encoder(**batch)[0]  # (paragraphs, tokens, channels)
    mask = batch["attention_mask"][:, :, None]
    return (hidden * mask).sum(1) / mask.sum(1)


def padded_loss(model: Any, rows: Sequence[Any]) -> Any:
    """Return the mean loss over the label tokens of a padded batch."""
    import torch

    from ia3_studio.training.batches import pad

    ids, labels = pad(rows, torch.device("cpu"))
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())


def language_loss(model: Any, rows: Sequence[Any]) -> float:
    """Return the mean loss over all label tokens of rows."""
    import torch

    from ia3_studio.training.batches import label_count

    summed = 0.0
    with torch.no_grad():
        for start in range(0, len(rows), 8):
            group = rows[start : start + 8]
            summed += padded_loss(model, group).item() * label_count(group)
    return summed / label_count(rows)


def finished(
    rate: float, figure: float, rows: int, moved: float, parameters: Sequence[Any],
    save: Callable[[Path], None], seconds: float, steps: int,
) -> Result:  # fmt: skip
    """Return a run's result, its file's size and this process's peak memory included."""
    with tempfile.TemporaryDirectory() as place:
        save(Path(place))
        size = sum(path.stat().st_size for path in Path(place).glob("*.safetensors")) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    trained = sum(parameter.numel() for parameter in parameters)
    return Result(rate, figure, rows, moved, trained, size, seconds, steps, peak)


if __name__ == "__main__":
    main()
