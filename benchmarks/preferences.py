"""How fast and how lean is preference tuning compared with TRL's DPOTrainer and PEFT (IA)³? One run measures both.

    python benchmarks/preferences.py [--steps 6] [--epochs 2] [--no-checkpointing] [--micro-batch-tokens 1024]
        [--data FILE] [--model FOLDER]

Same model, pairs, batches, sites, schedule and loss (DPO, beta 0.1); each side in a process of its own, in turn.
Without --data the pairs are the starter's. Prints tokens per second (all steps, each answer with its prompt counted,
padding not), peak memory of the process, and the largest difference between the two losses of a step. Peak memory is
the most that the system has given each process (resource.getrusage), libraries and loaded weights included. DPOTrainer
has its defaults but for float32, activation checkpointing included unless --no-checkpointing is given. Its reference is
the model without its adapter, computed at every step. In the first epoch our steps compute the reference as well; in
later ones it is known. Tokens per forward pass are those of our preset for preferences unless they are given.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.training import Figures, _watch, compare, run_side

BATCH_SIZE = 8
LEARNING_RATE = 3e-3
LONGEST = 512
BETA = 0.1
SIDES = ("ours", "peer")


def main() -> None:
    """Run both sides and print the comparison, or one side for the process that was started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6, help="optimizer steps of each epoch")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--data", default="beacon")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--backward", default="auto", help="number format of our backward products")
    parser.add_argument("--no-checkpointing", action="store_true", help="let TRL keep all activations, as we do")
    parser.add_argument("--micro-batch-tokens", type=int, default=0, help="tokens per forward pass of ours")
    parser.add_argument("--side", choices=SIDES)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(asdict(measure(options.side, options))))
        return
    compare(*(run_side(side, sys.argv[1:], __file__) for side in SIDES), "TRL+PEFT")


def measure(side: str, options: argparse.Namespace) -> Figures:
    """Train a few steps on one side and return its figures."""
    from ia3_studio import load_data, load_model, tokenize_pairs
    from ia3_studio.training.batches import batches

    loaded = load_model(options.model)
    count = options.steps * BATCH_SIZE
    found = load_data(options.data).train
    examples = (list(found) * (count // len(found) + 1))[:count]
    rows = list(tokenize_pairs(examples, loaded.tokenizer, LONGEST).rows)
    dealt = [row for epoch in range(options.epochs) for batch in batches(count, BATCH_SIZE, 0, epoch) for row in batch]
    if side == "ours":
        seconds, losses = train_ours(loaded, rows, options)
    else:
        seconds, losses = train_peer(loaded, [examples[place] for place in dealt], not options.no_checkpointing)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tokens = options.epochs * sum(len(side.input_ids) for row in rows for side in row.sides)
    return Figures(tokens / seconds, peak, losses)


def train_ours(loaded: Any, rows: list[Any], options: argparse.Namespace) -> tuple[float, list[float]]:
    """Return the seconds of all steps and the loss of each, of our own loop."""
    from ia3_studio import TrainConfig, attach, discover, train
    from ia3_studio.training.presets import preset

    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    config = TrainConfig(
        epochs=options.epochs, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE, beta=BETA,
        backward_dtype=options.backward,
        micro_batch_tokens=options.micro_batch_tokens or preset("preferences").config.micro_batch_tokens,
    )  # fmt: skip
    steps = list(train(loaded.model, attachment, rows, [], config))
    return steps[-1].seconds - steps[0].seconds, [step.loss or 0.0 for step in steps[1:]]


def train_peer(loaded: Any, examples: list[Any], checkpointing: bool) -> tuple[float, list[float]]:
    """Return the same of PEFT under DPOTrainer; the examples are in the order of the batches."""
    import datasets
    import peft
    import torch
    import transformers as hf
    import trl

    from ia3_studio import TrainConfig
    from ia3_studio.training.schedule import learning_rate

    class InOrder(trl.DPOTrainer):  # type: ignore[misc]
        """A trainer that takes the rows as they come: they are in random order already."""

        def _get_train_sampler(self, *_args: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

    def turns(messages: Any) -> list[dict[str, str]]:
        return [{"role": turn.role, "content": turn.content} for turn in messages]

    pairs = [
        {
            "prompt": turns(each.messages[:-1]),
            "chosen": turns(each.messages[-1:]),
            "rejected": turns(each.rejected[-1:]),
        }
        for each in examples
    ]
    model = peft.get_peft_model(loaded.model, peft.IA3Config(task_type="CAUSAL_LM"))
    watch = _watch(hf.TrainerCallback)
    config, total = TrainConfig(learning_rate=1.0), len(pairs) // BATCH_SIZE
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], LEARNING_RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: learning_rate(done + 1, total, config) if done < total else 0.0
    )
    on_cpu = loaded.model.device.type == "cpu"
    InOrder(
        model=model,
        args=trl.DPOConfig(
            output_dir=tempfile.mkdtemp(), per_device_train_batch_size=BATCH_SIZE, num_train_epochs=1, logging_steps=1,
            report_to=[], save_strategy="no", disable_tqdm=True, use_cpu=on_cpu, bf16=not on_cpu, seed=0,
            max_length=LONGEST, beta=BETA, gradient_checkpointing=checkpointing,
        ),
        train_dataset=datasets.Dataset.from_list(pairs),
        processing_class=loaded.tokenizer,
        optimizers=(optimizer, schedule),
        callbacks=[watch],
    ).train()  # fmt: skip
    return watch.seconds, watch.losses


if __name__ == "__main__":
    main()
