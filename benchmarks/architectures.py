"""For which model types of transformers does discovery give the right sites, and is every vector live?

For each class of the causal, sequence-to-sequence, sequence and token classification, image classification and
vision-language mappings a tiny random model is built, discovered on the meta device and on the CPU, and every vector
of the paper's preset is asked for its gradient in one forward and backward pass. PEFT, where it is installed, tries its
own defaults beside it. Each class runs in a process of its own, with a time limit. A model type counts by the first of
its classes, in the order of the mappings.

    python benchmarks/architectures.py [--types llama,bert] [--workers 2] [--seconds 120] [--out docs/architectures.tsv]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from tiny_architectures import LARGEST, build, model_class_of, tiny_configs
from torch import Tensor, nn
from transformers.models.auto import configuration_auto, modeling_auto

from ia3_studio.method.inputs import example_inputs
from ia3_studio.method.layer_tree import LayerTree
from ia3_studio.method.merging import merge
from ia3_studio.method.scaling import attach
from ia3_studio.method.sites import Selection, Site, in_block
from ia3_studio.method.tree import discover

MAPPINGS = {
    "causal_lm": "CAUSAL_LM",
    "seq2seq_lm": "SEQ_TO_SEQ_CAUSAL_LM",
    "seq_cls": "SEQUENCE_CLASSIFICATION",
    "image_cls": "IMAGE_CLASSIFICATION",
    "token_cls": "TOKEN_CLASSIFICATION",
    "vision_language": "IMAGE_TEXT_TO_TEXT",
}
COUNTED = ("causal_lm", "seq2seq_lm", "seq_cls", "image_cls")
"""The mappings whose model types the totals count, each by its first class; the other rows are counted by task."""
TOKENS = 64
"""Of the pass that asks for gradients: enough that each of a few experts is visited."""
FLOAT_TOLERANCE = 1e-4
"""How far merged outputs may be from hooked ones, as a part of the largest: what float32 loses in a few layers."""
KEPT = ("key", "value", "feed-forward")


@dataclass
class Row:
    """One model type."""

    model_type: str
    model_class: str
    tasks: str
    built: str = "no"
    attention: str = "-"
    """"yes", or "none" where positions are mixed by convolution, pooling or a Fourier transform: no keys, no values."""
    key: int = 0
    value: int = 0
    feed_forward: int = 0
    numbers: int = 0
    """Numbers the paper's preset trains in the tiny model."""
    live: str = "0/0"
    merged: str = "-"
    """Whether merged weights equal the hooks and undoing gives the base back: yes, why not, or "-" for not measured."""
    same_on_meta: str = "no"
    peft_default: str = "-"
    why: str = ""
    """What is missing and why; empty when all is well."""

    @property
    def key_of_row(self) -> tuple[str, str]:
        """Return what tells a row from the others."""
        return self.model_type, self.model_class

    @property
    def is_live(self) -> bool:
        """Say whether the preset has vectors and every one learns."""
        learned, _slash, placed = self.live.partition("/")
        return self.built == "yes" and learned == placed != "0"

    @property
    def is_whole(self) -> bool:
        """Say whether the sites that the architecture has are all there, and live."""
        return self.is_live and bool(self.feed_forward and ((self.key and self.value) or self.attention == "none"))


def rows_of(mappings: list[str]) -> list[Row]:
    """Return a row for each class that mappings of transformers name first for a model type."""
    rows: dict[tuple[str, str], Row] = {}
    for task in mappings:
        names = getattr(modeling_auto, f"MODEL_FOR_{MAPPINGS[task]}_MAPPING_NAMES")
        for model_type, classes in names.items():
            first = classes if isinstance(classes, str) else classes[0]
            row = rows.setdefault((model_type, first), Row(model_type, first, ""))
            row.tasks = ",".join(filter(None, (row.tasks, task)))
    return in_order(rows.values())


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows by model type, and by the order of the mappings within one."""
    tasks = list(MAPPINGS)
    return sorted(rows, key=lambda row: (row.model_type, tasks.index(row.tasks.partition(",")[0]), row.model_class))


def first_of_each(rows: Iterable[Row]) -> list[Row]:
    """Return the row by which each counted model type counts."""
    found: dict[str, Row] = {}
    for row in in_order(rows):
        if row.tasks.partition(",")[0] in COUNTED:
            found.setdefault(row.model_type, row)
    return list(found.values())


def measure(row: Row) -> Row:
    """Fill a row: build, discover, one forward and backward, PEFT's default."""
    model_class = model_class_of(row.model_class)
    model, meta, reason = tiny_model(model_class, row.model_type)
    if model is None:
        row.why = f"not built: {reason}"
        return row
    row.built = "yes"
    tree = discover(model)
    row.same_on_meta = "yes" if discover(meta).nodes == tree.nodes else "no"
    counts = Counter(site.role for node in tree.nodes if node.live for site in node.sites if in_block(site.path))
    row.key, row.value, row.feed_forward = (counts[role] for role in KEPT)
    row.attention = "yes" if tree.attends else "none"
    note = "" if row.attention == "none" and row.feed_forward else tree.note
    row.why = "; ".join(filter(None, (fill_live(row, model, tree), note, "" if row.same_on_meta == "yes" else
                                      "meta gives another tree")))  # fmt: skip
    row.peft_default = peft_default(model_class, meta)
    return row


def tiny_model(model_class: type[Any], model_type: str) -> tuple[nn.Module | None, nn.Module, str]:
    """Return the smallest model that builds and runs, on the CPU and on the meta device, or the reason why not."""
    reason = "its default config fails"
    candidate: tuple[nn.Module, nn.Module] | None = None
    for config in tiny_configs(model_class, full_config(model_class, model_type)):
        try:
            meta = build(model_class, config, "meta")
            size = sum(parameter.numel() for parameter in meta.parameters())
            if size > LARGEST:
                reason = f"{size:,} weights at two layers"
                continue
            model = build(model_class, config, "cpu")
            candidate = candidate or (model, meta)
            with torch.no_grad():
                model(**random_inputs(model))
            return model, meta, ""
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}"
    if candidate:
        return (*candidate, reason)
    return None, nn.Module(), reason


def full_config(model_class: type[Any], model_type: str) -> Any:
    """Return the default config of a model type."""
    own = configuration_auto.CONFIG_MAPPING[model_type]
    if model_class.config_class not in (own, None):
        own = model_class.config_class  # the text part of a model of several kinds of input
    try:
        return own()
    except Exception:
        return model_class.config_class()


def random_inputs(model: nn.Module, tokens: int = TOKENS) -> dict[str, Any]:
    """Return the example inputs with random tokens and pictures in place of constant ones."""
    generator = torch.Generator().manual_seed(0)
    inputs = example_inputs(model, tokens)
    for name, tensor in inputs.items():
        if isinstance(tensor, bool):
            continue
        if tensor.is_floating_point():
            inputs[name] = torch.randn(tensor.shape, generator=generator)
        elif name.endswith("input_ids"):
            vocabulary = getattr(getattr(model, "config", None), "vocab_size", None) or 90
            drawn = torch.randint(3, min(90, int(vocabulary)), tensor.shape, generator=generator)
            drawn[:, -1] = tensor[:, -1] if getattr(model.config, "is_encoder_decoder", False) else drawn[:, -1]
            inputs[name] = drawn  # the token that ends a text stays in its place
    return inputs


def fill_live(row: Row, model: nn.Module, tree: LayerTree) -> str:
    """Count the preset's vectors that one backward pass reaches; return what is wrong with the others."""
    try:
        selection = tree.select("paper")
    except Exception as error:
        return "" if tree.note else str(error)[:200]
    row.numbers = selection.parameters
    try:
        dead = dead_sites(model, selection)
    except Exception as error:
        return f"forward or backward failed ({type(error).__name__}: {str(error).strip().partition(chr(10))[0][:160]})"
    row.merged = merged(model, selection)
    row.live = f"{len(selection) - len(dead)}/{len(selection)}"
    return f"dead: {', '.join(site.name for site in dead[:4])}" if dead else ""


def dead_sites(model: nn.Module, selection: Selection) -> list[Site]:
    """Return the sites whose vector gets no finite, non-zero gradient."""
    attachment = attach(model, selection)
    try:
        first_output(model(**random_inputs(model))).float().pow(2).sum().backward()
        gradient = attachment.parameter.grad
        if gradient is None:
            return list(selection)
        parts = gradient.split([site.size for site in selection])
        return [s for s, part in zip(selection, parts, strict=True) if not (part.isfinite().all() and part.any())]
    finally:
        attachment.detach()


def merged(model: nn.Module, selection: Selection) -> str:
    """Return "yes" when random vectors give the same merged as hooked and undoing is exact, else a short reason."""
    generator = torch.Generator().manual_seed(0)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    inputs = random_inputs(model)
    attachment = attach(model, selection)
    try:
        with torch.no_grad():
            attachment.parameter.copy_(0.75 + 0.5 * torch.rand(attachment.parameter.shape, generator=generator))
            hooked = _seeded_output(model, inputs)
            with merge(model, attachment):
                apart = (_seeded_output(model, inputs) - hooked).abs().max() / hooked.abs().max().clamp_min(1e-12)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:160]}"
    finally:
        attachment.detach()
    after = model.state_dict()
    if any(not torch.equal(_bits(tensor), _bits(after[name])) for name, tensor in before.items()):
        return "undoing changes weights"
    return "yes" if bool(apart <= FLOAT_TOLERANCE) else f"outputs apart by {float(apart):.1e} of the largest"


def _bits(tensor: Tensor) -> Tensor:
    return tensor.detach().contiguous().view(-1).view(torch.uint8)


def _seeded_output(model: nn.Module, inputs: dict[str, Any]) -> Tensor:
    torch.manual_seed(0)  # some models draw numbers in evaluation too
    return first_output(model(**inputs)).float()


def first_output(output: Any) -> Tensor:
    """Return the logits of a model's output, or its first floating tensor."""
    logits = getattr(output, "logits", None)
    if isinstance(logits, Tensor):
        return logits
    values = output.values() if hasattr(output, "values") else output
    return next(value for value in values if isinstance(value, Tensor) and value.is_floating_point())


def peft_default(model_class: type[Any], meta: nn.Module) -> str:
    """Return which modules PEFT scales with no arguments, or "-" when it has no default."""
    try:
        import peft
    except ImportError:
        return "peft is not installed"
    try:
        tuned = peft.get_peft_model(meta, peft.IA3Config())
    except Exception:
        return "-"
    ends = sorted({".".join(name.split(".")[-3:-1]) for name, _ in tuned.named_parameters() if "ia3_l" in name})
    return " ".join(ends) or "-"


def _child(row: Row, pipe: Connection) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    try:
        measure(row)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        row.why = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]} ({where.name})"
    pipe.send(row)


def run(rows: list[Row], workers: int, seconds: float) -> list[Row]:
    """Measure every row in a process of its own, some at a time."""
    context = multiprocessing.get_context("fork")
    peft_default(model_class_of("LlamaForCausalLM"), nn.Module())  # load once what every child needs
    waiting, running, done = list(reversed(rows)), {}, []
    while waiting or running:
        while waiting and len(running) < workers:
            row = waiting.pop()
            mine, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_child, args=(row, theirs), daemon=True)
            process.start()
            theirs.close()
            running[mine] = (row, process, time.monotonic())
        ready = wait(list(running), timeout=0.5)
        for pipe, (row, process, started) in list(running.items()):
            if pipe in ready:
                try:
                    row = pipe.recv()
                except EOFError:
                    row.why = f"the process ended ({process.exitcode})"
            elif time.monotonic() - started > seconds:
                process.kill()
                row.why = f"not finished after {seconds:.0f} s"
            else:
                continue
            process.join()
            del running[pipe]
            done.append(row)
            took = time.monotonic() - started
            print(f"{len(done):3} {row.model_type:28} {row.live:>8} {took:4.0f} s  {row.why}", flush=True)
    return in_order(done)


def totals(rows: list[Row]) -> str:
    """Return the totals over model types, and for each task those over classes, as Markdown."""
    types = first_of_each(rows)
    built = [row for row in types if row.built == "yes"]
    whole = [row for row in built if row.is_whole]
    sentences = (
        f"{len(types)} model types, {len(built)} built.",
        f"{len(whole)} with every site the architecture has, each vector live: "
        f"{sum(row.attention == 'yes' for row in whole)} with keys, values and feed-forward, "
        f"{sum(row.attention == 'none' for row in whole)} without attention, with feed-forward sites only.",
        f"{sum(row.is_live for row in built)} with every vector of the paper's preset live.",
        f"{sum(row.merged == 'yes' for row in built)} of {sum(row.merged != '-' for row in built)} measured give "
        "the same merged as hooked, undone exactly.",
        f"{sum(row.same_on_meta == 'yes' for row in built)} with the same tree on the meta device.",
        f"{sum(row.peft_default not in ('-', '') for row in built)} for which PEFT has a default.",
    )
    table = ["| task | classes | built | complete and live | merged equal |", "|---|---|---|---|---|"]
    for task in MAPPINGS:
        mine = [row for row in rows if task in row.tasks.split(",")]
        made = [row for row in mine if row.built == "yes"]
        merged_ones = f"{sum(row.merged == 'yes' for row in made)} of {sum(row.merged != '-' for row in made)}"
        table.append(f"| {task} | {len(mine)} | {len(made)} | {sum(row.is_whole for row in made)} | {merged_ones} |")
    return "\n".join((*(f"- {sentence}" for sentence in sentences), "", *table))


def write(rows: list[Row], path: Path) -> None:
    """Write the table."""
    names = [field.name for field in fields(Row)]
    lines = ["\t".join(names)]
    lines += ["\t".join(str(value).replace("\t", " ") for value in asdict(row).values()) for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: Path) -> dict[tuple[str, str], Row]:
    """Return the rows of a table by model type and class."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    names = header.split("\t")
    rows = {}
    for line in lines:
        values = dict(zip(names, line.split("\t"), strict=True))
        counts = {name: int(values.pop(name)) for name in ("key", "value", "feed_forward", "numbers")}
        row = Row(**values, **counts)
        rows[row.key_of_row] = row
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--types", default="", help="only these; with --out, the rows of a table to renew")
    options.add_argument("--mappings", default=",".join(MAPPINGS))
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    rows = rows_of(asked.mappings.split(","))
    if asked.types:
        rows = [row for row in rows if row.model_type in asked.types.split(",")]
    done = run(rows, asked.workers, asked.seconds)
    if asked.types and asked.out and asked.out.exists():  # renew these rows, keep the others
        done = in_order((read(asked.out) | {row.key_of_row: row for row in done}).values())
    print(totals(done))
    if asked.out:
        write(done, asked.out)


if __name__ == "__main__":
    main()
