"""What does the method itself cost beside PEFT? One run measures both on the same model and inputs.

    python benchmarks/method.py [--model SmolLM2-135M-Instruct] [--length 128] [--repeats 7]

Prints what autograd keeps for the backward pass (bytes, weights not counted), how long a training step takes with our
own names and with PEFT's (``ia3_studio.peft``), how long a choice of adapter takes, what eight adapters in one batch
cost beside one, and how long it takes to attach to 3,000 modules.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import peft
import torch
from torch import Tensor, nn

from ia3_studio import attach, discover, load_model
from ia3_studio import peft as named
from ia3_studio.method import Adapter, Selection, Site
from ia3_studio.method.serving import Serving, serve

NAMES = ["k_proj", "v_proj", "down_proj"]
ROWS = 8


def main() -> None:
    """Measure everything and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--length", type=int, default=128, help="tokens a row")
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    model = load_model(asked.model).model
    selection = discover(model).select("paper")
    tokens = torch.randint(0, 1000, (ROWS, asked.length), generator=torch.Generator().manual_seed(0))

    print(f"{asked.model}, {ROWS} rows of {asked.length} tokens, {torch.get_num_threads()} threads")
    for name, megabytes in memory(model, selection, tokens[:2]).items():
        print(f"{'kept for backward, 2 rows: ' + name:52}{megabytes:10.1f} MB")
    for name, seconds in steps(model, selection, tokens[:2], asked.repeats).items():
        print(f"{'training step, 2 rows: ' + name:52}{seconds:10.3f} s")
    for name, milliseconds in switching(model, selection, asked.repeats).items():
        print(f"{'switching adapters: ' + name:52}{milliseconds:10.3f} ms")
    one, eight = mixing(model, selection, tokens, asked.repeats)
    print(f"{'forward, one adapter in the batch':52}{one:10.3f} s")
    print(f"{'forward, eight adapters in the batch':52}{eight:10.3f} s  ({eight / one:.3f}x, limit 1.10)")
    for name, seconds in attaching(3000, asked.repeats).items():
        print(f"{'attach to 3,000 modules: ' + name:52}{seconds:10.3f} s")


def memory(model: Any, selection: Selection, tokens: Tensor) -> dict[str, float]:
    """Return the megabytes that a forward pass keeps, for each method on the same modules."""
    figures = {}
    attachment = attach(model, selection)
    figures["IA3 Studio"] = kept(model, tokens)
    attachment.detach()
    wrapped = named.get_peft_model(model, named.IA3Config(task_type="CAUSAL_LM"))
    figures["IA3 Studio, PEFT's names"] = kept(wrapped, tokens)
    wrapped.unload()
    for name, config in (
        ("LoRA rank 8 (PEFT)", peft.LoraConfig(r=8, target_modules=NAMES)),
        ("(IA)³ (PEFT)", peft.IA3Config(target_modules=NAMES, feedforward_modules=["down_proj"])),
    ):
        twin = peft.get_peft_model(model, config)
        figures[name] = kept(twin, tokens)
        twin.unload()
    return figures


def steps(model: Any, selection: Selection, tokens: Tensor, repeats: int) -> dict[str, float]:
    """Return the seconds of a forward and backward pass and an AdamW step, measured in turn, the fastest of each."""
    taken: dict[str, list[float]] = {}
    for _ in range(repeats):
        attachment = attach(model, selection)
        taken.setdefault("IA3 Studio", []).append(step(model, tokens))
        attachment.detach()
        wrapped = named.get_peft_model(model, named.IA3Config(task_type="CAUSAL_LM"))
        taken.setdefault("IA3 Studio, PEFT's names", []).append(step(wrapped, tokens))
        wrapped.unload()
        twin = peft.get_peft_model(model, peft.IA3Config(target_modules=NAMES, feedforward_modules=["down_proj"]))
        taken.setdefault("(IA)³ (PEFT)", []).append(step(twin, tokens))
        twin.unload()
    return {name: min(seconds) for name, seconds in taken.items()}


def step(model: nn.Module, tokens: Tensor) -> float:
    """Return the seconds of one training step, after one that is not counted."""
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=0.0)
    for _ in range(2):
        start = time.perf_counter()
        model(input_ids=tokens, labels=tokens, use_cache=False).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - start


def kept(model: nn.Module, tokens: Tensor) -> float:
    """Return what autograd keeps for the backward pass of a forward pass, in MB, each storage once."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in weights:
            storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        logits = model(input_ids=tokens, use_cache=False).logits
    assert logits.requires_grad  # keeps the graph, and with it every address, until here
    return sum(storages.values()) / 1e6


def switching(model: Any, selection: Selection, repeats: int) -> dict[str, float]:
    """Return the milliseconds of changing which adapter the next call uses."""
    serving = with_adapters(model, selection)
    ours = median(lambda: with_rows(serving, "1"), lambda: with_rows(serving, "0"), repeats)
    mixed = median(lambda: with_rows(serving, *serving.names), lambda: None, repeats)
    serving.detach()
    config = peft.IA3Config(target_modules=NAMES, feedforward_modules=["down_proj"])
    twin = peft.get_peft_model(model, config, adapter_name="0")
    twin.add_adapter("1", config)
    theirs = median(lambda: twin.set_adapter("1"), lambda: twin.set_adapter("0"), repeats)
    twin.unload()
    return {
        "IA3 Studio, one name": 1e3 * ours,
        "IA3 Studio, eight names for a batch": 1e3 * mixed,
        "PEFT": 1e3 * theirs,
    }


def with_adapters(model: Any, selection: Selection) -> Serving:
    """Put eight random adapters on a model, named by their numbers."""
    generator = torch.Generator().manual_seed(0)
    vectors = 1 + 0.1 * torch.randn(ROWS, selection.parameters, generator=generator)
    return serve(model, {str(number): Adapter(selection, vector) for number, vector in enumerate(vectors)})


def with_rows(serving: Serving, *names: str) -> None:
    """Choose names and make every scale, which the first hook of a call does."""
    with serving.rows(*names):
        choice = serving._active.assignment
        assert choice and choice.scale(next(iter(serving._hooks))) is not None


def mixing(model: Any, selection: Selection, tokens: Tensor, repeats: int) -> tuple[float, float]:
    """Return the median seconds of a forward pass with one adapter for all rows, and with one each, in turn."""
    serving = with_adapters(model, selection)
    seconds: dict[tuple[str, ...], list[float]] = {("0",): [], serving.names: []}
    with torch.inference_mode():
        model(input_ids=tokens, use_cache=False)
        for _ in range(repeats):
            for names, taken in seconds.items():
                start = time.perf_counter()
                with serving.rows(*names):
                    model(input_ids=tokens, use_cache=False)
                taken.append(time.perf_counter() - start)
    serving.detach()
    one, eight = (statistics.median(taken) for taken in seconds.values())
    return one, eight


def attaching(modules: int, repeats: int) -> dict[str, float]:
    """Return the median seconds of attaching to a model of many modules, all of them scaled."""
    layers = nn.ModuleList(
        nn.ModuleDict({"k_proj": nn.Linear(8, 8), "v_proj": nn.Linear(8, 8)}) for _ in range(modules // 2)
    )
    model = nn.ModuleDict({"layers": layers}).requires_grad_(False)
    paths = [path for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    selection = Selection(tuple(Site(path, "output", 8) for path in paths))
    held: list[Any] = []
    ours = median(lambda: held.append(attach(model, selection)), lambda: held.pop().detach(), repeats)
    config = peft.IA3Config(target_modules=["k_proj", "v_proj"], feedforward_modules=[])
    theirs = median(lambda: held.append(peft.PeftModel(model, config)), lambda: held.pop().unload(), repeats)
    return {"IA3 Studio": ours, "PEFT": theirs}


def median(action: Callable[[], Any], undo: Callable[[], Any], repeats: int) -> float:
    """Return the median seconds of an action that is undone after each time."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
        undo()
    return statistics.median(taken)


if __name__ == "__main__":
    main()
