"""The command fetch: download and convert a model now, so that it is there when it is needed."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from ia3_studio.cli.codes import DONE
from ia3_studio.models import STARTER, prepare
from ia3_studio.models.sources import parse_source
from ia3_studio.models.summary import summarize
from ia3_studio.runs import RunStore

SAY_SECONDS = 1.0
"""Seconds between two lines about the same download."""


def commands(parsers: Any) -> dict[str, Any]:
    """Add the command fetch; return its function."""
    parser = parsers.add_parser("fetch", help="download a model, so that it can be used offline")
    parser.add_argument("model", nargs="?", default=STARTER, help=f"a starter, a Hub id or a .gguf file ({STARTER})")
    return {"fetch": _fetch}


def _fetch(_store: RunStore, options: argparse.Namespace) -> int:
    folder = prepare(options.model, None if options.json else _say())
    if parse_source(options.model).kind == "starter":
        summarize(options.model)  # kept, so that the page opens without reading the model
    print(json.dumps({"model": options.model, "folder": str(folder)}) if options.json else folder, flush=True)
    return DONE


def _say() -> Any:
    """Return a callback that prints progress: each new activity, and a download once per second."""
    last, when = "", 0.0

    def say(_share: float | None, sentence: str) -> None:
        nonlocal last, when
        activity, now = sentence.partition(":")[0], time.monotonic()
        if sentence != last and (activity != last.partition(":")[0] or now - when >= SAY_SECONDS):
            print(sentence, flush=True)
            last, when = sentence, now

    return say
