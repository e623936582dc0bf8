"""The command serve-api: OpenAI's HTTP interface to a base model and all its adapters."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from ia3_studio.cli.codes import DONE
from ia3_studio.errors import ModelError, RunError
from ia3_studio.runs import RunStore
from ia3_studio.runs.imported import IMPORTS
from ia3_studio.settings import home, rounds_chat_weights

if TYPE_CHECKING:
    from ia3_studio.models.loaded import LoadedModel


def commands(parsers: Any) -> dict[str, Any]:
    """Add the command serve-api; return its function."""
    parser = parsers.add_parser("serve-api", help="serve a base model and its adapters to other programs")
    parser.add_argument("--model", help="base model (default: that of the newest run with an adapter, or the starter)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 is any free one (default: 8000)")
    parser.add_argument("--rows", type=int, default=8, help="answers that are computed at a time (default: 8)")
    parser.add_argument("--queue", type=int, default=64, help="requests that may wait (default: 64)")
    parser.add_argument("--max-tokens", type=int, default=2048, help="max new tokens of an answer (default: 2048)")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds that a request may take (default: 600)")
    parser.add_argument(
        "--allow-rounding", action="store_true",
        help="let requests to a float16 or bfloat16 model share passes, so that an answer may depend on who else asks",
    )  # fmt: skip
    return {"serve-api": _serve}


def _serve(store: RunStore, options: argparse.Namespace) -> int:
    from ia3_studio.host_check import is_loopback
    from ia3_studio.models.sources import parse_source
    from ia3_studio.serving.endpoint import endpoint
    from ia3_studio.serving.model_names import ModelNames
    from ia3_studio.serving.prompts import Reader
    from ia3_studio.serving.scheduler import Scheduler
    from ia3_studio.serving.server import KEY, bound, server, take_key

    limits, key = _limits(options), take_key()
    if not key and not is_loopback(options.host):
        raise RunError(f"Others could use the endpoint at {options.host}; set {KEY} to a key that clients must send.")
    source = parse_source(options.model or _newest_model(store)).value
    with bound(options.host, options.port) as listener:
        with ThreadPoolExecutor(1) as passing:
            # OpenMP keeps a pool for each thread that has computed; with more threads than cores, the products of the
            # thread that answers took half as long again. This one's pool ends with it.
            loaded = passing.submit(_load, source, rounds=limits.rounds).result()
        logging.basicConfig(format="%(message)s")
        logging.getLogger("ia3_studio").setLevel(logging.INFO)
        scheduler = Scheduler(lambda: nullcontext(loaded), limits)
        names = ModelNames(source, store, home() / IMPORTS)
        app = endpoint(scheduler, names, Reader.of(loaded), key, is_loopback=is_loopback(options.host))
        host = f"[{options.host}]" if ":" in options.host else options.host
        print(
            f"Serving {source} and {len(names.listed()) - 1} adapters at http://{host}:{listener.getsockname()[1]}/v1"
        )
        sys.stdout.flush()
        try:
            server(app).run(sockets=[listener])
        finally:
            scheduler.close()
    return DONE


def _load(source: str, *, rounds: bool) -> LoadedModel:
    """Return a model that is ready to answer; print which fast paths it takes, and whether requests share passes."""
    from ia3_studio.models import load_model
    from ia3_studio.models.fast_inference import enable_fast_inference
    from ia3_studio.models.fast_paths import lines
    from ia3_studio.serving.row_trial import cannot_share

    loaded = load_model(source)
    if loaded.head != "causal-lm":
        raise ModelError(
            f"{source} is not a decoder-only text-generation model, so it cannot be served; choose another --model."
        )
    for line in lines(enable_fast_inference(loaded.model, rounds=rounds_chat_weights())):
        print(line, file=sys.stderr)
    if reason := cannot_share(loaded.model, rounds=rounds):
        print(f"requests are answered one after the other: {reason}", file=sys.stderr)
    return loaded


def _limits(options: argparse.Namespace) -> Any:
    from ia3_studio.chat.settings import MOST_TOKENS
    from ia3_studio.serving.scheduler import Limits

    for name, value, most in (
        ("rows", options.rows, 256),
        ("queue", options.queue, 100_000),
        ("max-tokens", options.max_tokens, MOST_TOKENS),
        ("timeout", options.timeout, 86_400),
    ):
        if not 1 <= value <= most:
            raise RunError(f"--{name} is {value}; use a number from 1 to {most:,}.")
    if not 0 <= options.port < 65_536:
        raise RunError(f"--port is {options.port}; use a number from 0 to 65535.")
    return Limits(
        options.rows, options.queue, options.max_tokens, seconds=options.timeout, threads=os.cpu_count() or 1,
        rounds=options.allow_rounding,
    )  # fmt: skip


def _newest_model(store: RunStore) -> str:
    """Return the base model of the newest run with an adapter, or the starter."""
    from ia3_studio.models import STARTER

    for run in store.newest(100):
        try:
            if run.adapter_folder() is not None:
                return run.config.model
        except RunError:  # damaged
            continue
    return STARTER
