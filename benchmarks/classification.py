"""How fast and how lean is sorting texts beside PEFT (IA)³ under transformers.Trainer? One run measures both.

    python benchmarks/classification.py [--steps 12] [--batch 16]

A random BERT of the base size (12 layers, 768 channels), texts of 8 to 128 tokens as in any inbox, the same rows,
sites, head, rates and loss; each side in a process of its own, in turn. Trainer pads each batch of random rows to its
longest; here rows of similar length share a batch. Prints rows per second, peak memory, and the difference of the loss
between the two over the same first batch.
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
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

SIDES = ("ours", "peer")
CLASSES = 20
RATE = 1e-2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--backward", default="auto")
    parser.add_argument("--side", choices=SIDES)
    options = parser.parse_args()
    if options.side:
        print(json.dumps({"ours": train_ours, "peer": train_peer}[options.side](options)))
        return
    ours, peer = (run_side(side) for side in SIDES)
    print(f"{'':24}{'IA3 Studio':>12}{'PEFT+Trainer':>14}{'ratio':>8}")
    for name, field in (("rows per second", "speed"), ("peak memory, MB", "peak")):
        print(f"{name:24}{ours[field]:12.4g}{peer[field]:14.4g}{ours[field] / peer[field]:8.3f}")
    print(f"difference of the loss of one batch: {abs(ours['loss'] - peer['loss']):.1e}")


def run_side(side: str) -> dict[str, float]:
    command = [sys.executable, __file__, *sys.argv[1:], "--side", side]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def bert() -> Any:
    """Return a random BERT of the base size, frozen, with a head."""
    import torch
    import transformers as hf

    torch.manual_seed(0)
    config = hf.BertConfig(num_labels=CLASSES, problem_type="single_label_classification")
    return hf.BertForSequenceClassification(config).eval().requires_grad_(False)


def texts(options: argparse.Namespace) -> list[tuple[list[int], int]]:
    """Return (tokens, label) of rows: most short, some long."""
    draw = random.Random(0)
    lengths = [min(128, max(8, int(draw.lognormvariate(3.2, 0.7)))) for _ in range(options.steps * options.batch)]
    return [([draw.randint(1000, 30000) for _ in range(length)], draw.randrange(CLASSES)) for length in lengths]


def train_ours(options: argparse.Namespace) -> dict[str, float]:
    from ia3_studio import TrainConfig, discover, train
    from ia3_studio.data.labels import LabelRow
    from ia3_studio.method.heads import HeadedAttachment
    from ia3_studio.training.class_loss import ClassLoss

    model = bert()
    rows = [LabelRow(tuple(ids), (), (float(label),), place) for place, (ids, label) in enumerate(texts(options))]
    loss = ClassLoss(model).group_loss(rows[: options.batch]) / options.batch
    attachment = HeadedAttachment(model, discover(model).select("paper"), ["classifier"])
    config = TrainConfig(epochs=1, batch_size=options.batch, learning_rate=RATE, backward_dtype=options.backward)
    steps = list(train(model, attachment, rows, [], config))
    return {"speed": len(rows) / (steps[-1].seconds - steps[0].seconds), "peak": peak(), "loss": loss}


def train_peer(options: argparse.Namespace) -> dict[str, float]:
    import peft
    import torch
    import transformers as hf

    base = bert()
    asked = peft.IA3Config(task_type="SEQ_CLS", target_modules=r".*(key|value|layer\.\d+\.output\.dense)",
                           feedforward_modules=r".*layer\.\d+\.output\.dense")  # fmt: skip
    model = peft.get_peft_model(base, asked)
    features = [{"input_ids": ids, "labels": label} for ids, label in texts(options)]
    collate = hf.DataCollatorWithPadding(_tokenizer())
    with torch.no_grad():
        loss = float(model(**collate(features[: options.batch])).loss)
    marks: list[float] = []

    class Watch(hf.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_args: Any, **_kwargs: Any) -> None:
            marks.append(time.perf_counter())

        def on_train_begin(self, *_args: Any, **_kwargs: Any) -> None:
            marks.append(time.perf_counter())

    hf.Trainer(
        model=model,
        args=hf.TrainingArguments(
            output_dir=tempfile.mkdtemp(), per_device_train_batch_size=options.batch, num_train_epochs=1, report_to=[],
            save_strategy="no", disable_tqdm=True, use_cpu=True, seed=0, learning_rate=RATE, weight_decay=0.0,
        ),
        train_dataset=features,
        data_collator=collate,
        callbacks=[Watch()],
    ).train()  # fmt: skip
    return {"speed": len(features) / (marks[-1] - marks[0]), "peak": peak(), "loss": loss}


def _tokenizer() -> Any:
    """Return a tokenizer that only pads: the rows are tokens already."""
    import transformers as hf
    from tokenizers import Tokenizer, models

    inner = Tokenizer(models.WordLevel({"[PAD]": 0}, unk_token="[PAD]"))
    return hf.PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="[PAD]")


def peak() -> float:
    """Return this process's peak memory in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
