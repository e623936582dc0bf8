"""How many bytes does the folder of a run take? Real runs on models with as many vectors as those of known sizes.

    python benchmarks/run_folder.py [--models SmolLM2-135M Llama-3.1-8B] [--rows 200 2000] [--steps 50]

A model of each size has the layers and the widths that vectors are attached to, on a hidden size of 16, so that it
trains in seconds: its adapter, snapshots and checkpoint have the size of the real one's. A run takes the steps that are
asked for, evaluates every ten of them, as is the default, and is evaluated at its end. Prints the bytes by what they
are, and at most of the whole folder, which has a checkpoint until the run has ended.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ia3_studio.folder_size import bytes_in
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker.launch import start_worker
from tests.tiny_chat import tiny_tokenizer

HIDDEN = 16
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Shape:
    """What decides how many vectors a model has, and how long they are."""

    name: str
    layers: int
    keys: int
    """Channels of the keys, and of the values."""
    inner: int
    """Channels of the feed-forward activations."""


SHAPES = (
    Shape("SmolLM2-135M", 30, 192, 1536),
    Shape("Llama-3.2-1B", 16, 512, 8192),
    Shape("Llama-3.1-8B", 32, 1024, 14336),
    Shape("Llama-3.1-70B", 80, 1024, 28672),
)
"""The last three as in the configs of those models."""
MODELS = ("SmolLM2-135M", "Llama-3.1-8B")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--models", nargs="+", choices=[shape.name for shape in SHAPES], default=MODELS)
    options = parser.parse_args()
    columns = ("vectors' MB", "each snapshot", "all", "data", "steps, log", "other", "ended", "at most")
    print(f"{'as':>14}{'rows':>8}" + "".join(f"{name:>15}" for name in columns) + "  (MB)")
    for shape in (each for each in SHAPES if each.name in options.models):
        for rows in options.rows:
            with tempfile.TemporaryDirectory() as home:
                print(measured(shape, rows, options.steps, Path(home)), flush=True)


def measured(shape: Shape, rows: int, steps: int, home: Path) -> str:
    """Train a run of this shape; return the sizes of its folder as a line."""
    save_model(shape, home / "model")
    data = home / "rows.jsonl"
    given = ({"prompt": f"What is {number}? {'Say it. ' * 12}", "answer": "A number. " * 12} for number in range(rows))
    data.write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    train = TrainConfig(max_steps=steps, epochs=steps, batch_size=2)
    run = RunStore(home / "runs").create(RunConfig("Measured", str(home / "model"), str(data), "paper", train), "one")
    largest = grown(run)
    status = run.status()
    if status.state != "finished":
        raise SystemExit(f"{status.message}\n{run.log_tail()}")
    files = run.files
    snapshots = sorted(files.adapters.glob("step-*"))
    data_files = bytes_in(files.data) + sum(os.path.getsize(each) for each in (files.split,) if each.exists())
    parts = {
        "vectors": os.path.getsize(next(snapshots[-1].glob("*.safetensors"))),
        "snapshot": bytes_in(snapshots[-1]),
        "all": bytes_in(files.adapters),
        "data": data_files,
        "told": sum(os.path.getsize(each) for each in (files.metrics, files.log) if each.exists()),
    }
    ended = bytes_in(run.folder)
    parts["other"] = ended - parts["all"] - parts["data"] - parts["told"]
    sizes = (*parts.values(), ended, max(largest, ended))
    return f"{shape.name:>14}{rows:>8,}" + "".join(f"{size / 1e6:>15.3f}" for size in sizes)


def grown(run: Run) -> int:
    """Let a worker execute a run; return the bytes of its folder at most."""
    start_worker(run.files)
    largest = 0
    while run.status().active:
        largest = max(largest, bytes_in(run.folder))
        time.sleep(LOOK_SECONDS)
    return largest


def save_model(shape: Shape, folder: Path) -> None:
    """Write a random model of a shape, with a tokenizer."""
    import torch
    import transformers as hf

    tokenizer = tiny_tokenizer()
    config = hf.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=HIDDEN, intermediate_size=shape.inner, num_hidden_layers=shape.layers,
        num_attention_heads=1, num_key_value_heads=1, head_dim=shape.keys, max_position_embeddings=4096,
        bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    torch.manual_seed(0)
    hf.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main()
