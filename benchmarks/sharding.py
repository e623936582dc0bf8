"""How much memory does a process need whose weights are shared with others, and what does that cost in time?

    python benchmarks/sharding.py [--processes 1 2] [--layers 16] [--width 1024] [--steps 4]

Trains a random Llama-like model, in files of bfloat16 and in memory in float32, on rows of 64 tokens: once with all
weights in one process, and sharded over several. Prints for each the bytes of weights that a process keeps, how far its
memory grows at most from before the model is loaded, and the median time of a step. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch import multiprocessing

from ia3_studio.data.tokens import TokenRow
from ia3_studio.models.device import choose_device
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.sharding import local_bytes
from ia3_studio.models.sharding_plan import WHOLE, ShardingPlan
from ia3_studio.models.weights import open_model
from ia3_studio.tasks.task import attach_selection
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.processes import launched
from ia3_studio.training.train import train
from ia3_studio.worker.planning import GIVES_BACK

VOCABULARY = 4000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=4)
    options = parser.parse_args()
    os.environ.setdefault(*GIVES_BACK)
    with tempfile.TemporaryDirectory() as home:
        make_models(Path(home), options.width, options.layers)
        for count in options.processes:
            where = Path(home) / str(count)
            where.mkdir()
            multiprocessing.start_processes(measure, (where, count, options.steps), nprocs=count, start_method="spawn")
            show(where, count)


def make_models(home: Path, width: int, layers: int) -> None:
    """Write the model, and a small one that is loaded before memory is measured."""
    import transformers as hf

    for name, depth in (("model", layers), ("small", 1)):
        config = hf.LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=width, intermediate_size=3 * width, num_hidden_layers=depth,
            num_attention_heads=16, bos_token_id=1, eos_token_id=2,
        )  # fmt: skip
        hf.LlamaForCausalLM(config).bfloat16().save_pretrained(home / name)


def measure(rank: int, where: Path, count: int, steps: int) -> None:
    """Train in one process, and write what was measured."""
    torch.set_num_threads(1)
    plan = WHOLE
    if count > 1:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}
        store = torch.distributed.FileStore(str(where / "store"), count)
        torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=count)
        plan = ShardingPlan("sharded", "", count)
    open_model(where.parent / "small", choose_device(), None, plan)
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    model = open_model(where.parent / "model", choose_device(), None, plan)
    kept = local_bytes(model)
    attachment = attach_selection(LoadedModel(model, None, "causal-lm", "", "", ""), "paper")
    config = TrainConfig(max_steps=steps, batch_size=4, micro_batch_tokens=256, backward_dtype="float32", cache_mb=0)
    times, began = [], time.perf_counter()
    for _step in train(model, attachment, rows(), [], config):
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
    found = {"kept": kept, "peak": memory("VmHWM") - before, "step": median(times[1:])}
    (where / f"{launched().rank}.json").write_text(json.dumps(found))


def rows() -> list[TokenRow]:
    """Return rows of 64 random tokens, all trained."""
    draw = torch.Generator().manual_seed(0)
    ids = [tuple(torch.randint(3, VOCABULARY, (64,), generator=draw).tolist()) for _row in range(8)]
    return [TokenRow(each, each, number + 1, False) for number, each in enumerate(ids)]


def memory(name: str) -> int:
    """Return a number of bytes that Linux counts for this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def show(where: Path, count: int) -> None:
    """Print what the processes have measured."""
    found = [json.loads((where / f"{rank}.json").read_text()) for rank in range(count)]
    kept, peak = (", ".join(f"{each[name] / 1e9:.2f}" for each in found) for name in ("kept", "peak"))
    print(f"{count} processes: weights {kept} GB, peak {peak} GB, {found[0]['step']:.2f} s per step", flush=True)


if __name__ == "__main__":
    main()
