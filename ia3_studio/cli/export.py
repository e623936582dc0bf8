"""The commands export and push."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.cli.codes import DONE
from ia3_studio.cli.runs import named
from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunStore

if TYPE_CHECKING:
    from ia3_studio.export.gguf_file import GgufExport
    from ia3_studio.export.gguf_tensors import Format
    from ia3_studio.export.merged import MergedExport


def commands(parsers: Any) -> dict[str, Any]:
    """Add the commands export and push; return their functions."""
    export = parsers.add_parser("export", help="export the adapter, a page, a script or the merged model of a run")
    export.add_argument("run")
    export.add_argument(
        "--to",
        type=Path,
        required=True,
        help="target: adapter.zip, page.html, run.py, run.ipynb, model.gguf, or a folder",
    )
    export.add_argument(
        "--merged", action="store_true", help="export the model with the adapter merged into its weights"
    )
    export.add_argument(
        "--format", choices=("f16", "q8_0", "f32"), default="f16", help="number format of a .gguf file (default: f16)"
    )
    push = parsers.add_parser("push", help="push a run's adapter or a merged model to the Hub")
    push.add_argument("run")
    push.add_argument("--to", required=True, help="repository id: name or organization/name")
    push.add_argument("--public", action="store_true", help="create a public repository (default: private)")
    push.add_argument("--folder", type=Path, help="push the merged model in this folder instead of the adapter")
    return {"export": _export, "push": _push}


def _export(store: RunStore, options: argparse.Namespace) -> int:
    run, target = named(store, options.run), options.to.expanduser()
    if target.suffix.lower() == ".gguf":
        said = _gguf(run, target, options.format)
    else:
        said = _merged(run, target) if options.merged else _WAYS.get(target.suffix.lower(), _folder)(run, target)
    print(json.dumps({"run": run.id, "written": str(target), **said}) if options.json else f"{target}  {said}")
    return DONE


def _zip(run: Run, target: Path) -> dict[str, Any]:
    from ia3_studio.export.archive import zip_adapter
    from ia3_studio.model_card import card_of

    folder = _adapter_of(run)
    zip_adapter(folder, target, card_of(run, folder))
    return {"bytes": target.stat().st_size}


def _page(run: Run, target: Path) -> dict[str, Any]:
    from ia3_studio.verdict_page import write_verdict

    return {"bytes": write_verdict(run, target).stat().st_size}


def _script(run: Run, target: Path) -> dict[str, Any]:
    from ia3_studio import __version__
    from ia3_studio.export import script

    write = script.notebook if target.suffix.lower() == ".ipynb" else script.script
    settings = replace(run.config, data=run.data_source).to_json()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(write(settings, run.name, __version__), encoding="utf-8")
    return {"bytes": target.stat().st_size}


def _folder(run: Run, target: Path) -> dict[str, Any]:
    from ia3_studio.method import Adapter

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"{target} is not empty; give a new or empty folder.")
    adapter = Adapter.load(_adapter_of(run))
    if adapter.why_not_peft:
        adapter.save_native(target)
    else:
        adapter.save(target)
    return {"trainable_parameters": adapter.selection.parameters}


def _merged(run: Run, target: Path) -> dict[str, Any]:
    from ia3_studio.export.by_file import export_merged
    from ia3_studio.worker.prepared import load_for

    folder = _adapter_of(run)
    found = export_merged(lambda plan: load_for(run, _say, plan), folder, target, say=_say)
    said = {"bytes": found.bytes, "format": found.format, "largest_difference": found.largest_difference}
    return said | _notes(found)


def _notes(found: MergedExport | GgufExport) -> dict[str, str]:
    notes = {"not_compared": found.uncompared, "loaded_whole": found.whole}
    return {name: why for name, why in notes.items() if why}


def _gguf(run: Run, target: Path, kind: Format) -> dict[str, Any]:
    from ia3_studio.export.gguf_file import export_gguf
    from ia3_studio.worker.prepared import load_for

    folder = _adapter_of(run)
    found = export_gguf(lambda plan: load_for(run, _say, plan), folder, target, kind, say=_say)
    same = {"largest_difference": found.largest_difference, "same_token": found.same_token}
    return {"bytes": found.bytes, **same} | _notes(found)


def _push(store: RunStore, options: argparse.Namespace) -> int:
    """Push with the token of HF_TOKEN or of `hf auth login`; as an option, other users could read it."""
    from huggingface_hub import get_token

    from ia3_studio.export.push import push_adapter, push_folder
    from ia3_studio.model_card import card_of

    run, token, private = named(store, options.run), get_token() or "", not options.public

    if options.folder:
        found = push_folder(options.folder.expanduser(), options.to, token, private=private, say=_say)
    else:
        folder = _adapter_of(run)
        found = push_adapter(folder, card_of(run, folder), options.to, token, private=private, say=_say)
    print(json.dumps({"run": run.id, **asdict(found)}) if options.json else found.address)
    return DONE


def _say(_share: float | None, sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _adapter_of(run: Run) -> Path:
    folder = run.adapter_folder()
    if folder is None:
        raise RunError("This run has no adapter yet; wait for its first held-out loss.")
    return folder


_WAYS = {".zip": _zip, ".html": _page, ".py": _script, ".ipynb": _script}
