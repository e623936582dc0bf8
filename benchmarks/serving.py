"""How fast does one server answer for eight adapters at a time? ``python benchmarks/serving.py``

In one run, over HTTP on this computer: eight requests for eight adapters, one after the other and at the same time; the
first token of a request that comes late; and transformers' own server (``transformers serve``) with one merged model.
``--llama-cpp PYTHON`` adds the server of llama-cpp-python with the same merged model, in float16 as our GGUF export
writes it, from another environment: ``pip install "llama-cpp-python[server]"`` compiles for a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import torch

from ia3_studio.export.gguf_file import write_gguf
from ia3_studio.method import Adapter, discover
from ia3_studio.method.merging import merge
from ia3_studio.models import STARTER, load_model
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.serving.server import bound

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = (
    "How do I make tea?", "Why is the sky blue?", "Name three birds.", "What is a harbor?", "How do I tie a knot?",
    "What is rust?", "Where do rivers end?", "How do I sleep well?",
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """Figures of one server."""

    server: str
    alone: float
    """Tokens per second, one request after the other."""
    together: float
    """Tokens per second of all requests together, sent at the same time."""
    late_first_token: float
    """Seconds until the first token of a request that comes while the others are answered."""


def main() -> None:
    """Print one line of JSON per server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=64, help="of each answer")
    parser.add_argument("--requests", type=int, default=8)
    parser.add_argument("--without-peer", action="store_true", help="do not start transformers serve")
    parser.add_argument("--llama-cpp", metavar="PYTHON", help="of an environment with llama-cpp-python[server]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asdict(_ours(Path(folder), options.requests, options.tokens))), flush=True)
        if not options.without_peer:
            print(json.dumps(asdict(_peer(Path(folder), options.requests, options.tokens))), flush=True)
        if options.llama_cpp:
            found = _llama_cpp(options.llama_cpp, Path(folder), options.requests, options.tokens)
            print(json.dumps(asdict(found)), flush=True)


def _ours(folder: Path, requests: int, tokens: int) -> Result:
    """Measure our server, a process of its own as the peer's, with an adapter of a run for each request."""
    model, home = load_model(STARTER).model, folder / "home"
    os.environ["IA3_STUDIO_HOME"] = str(home)
    store = RunStore()
    for number in range(requests):
        run = store.create(RunConfig(name=f"adapter-{number}", model=STARTER, data="lighthouse"), str(number))
        run.files.keep_adapter(1, _adapter(model, number).save)
    given = ["-m", "ia3_studio", "serve-api", "--model", STARTER, "--rows", str(requests + 1)]
    with _server([sys.executable, *given], folder / "ours.log") as url:
        return _measured("ia3-studio serve-api", url, lambda n: f"adapter-{n}", requests, tokens)


def _adapter(model: Any, seed: int) -> Adapter:
    """Return an adapter of small random deviations: what they are does not change how long a pass takes."""
    selection = discover(model).select("paper")
    generator = torch.Generator().manual_seed(seed)
    vector = 1 + 0.02 * torch.randn(selection.parameters, generator=generator)
    return Adapter(selection, vector, {"base_model": STARTER})


def _peer(folder: Path, requests: int, tokens: int) -> Result:
    """Measure transformers' server with a model whose weights hold one adapter."""
    loaded = load_model(STARTER)
    merge(loaded.model, _adapter(loaded.model, 0)).keep()
    merged = folder / "merged"
    loaded.model.save_pretrained(merged)
    loaded.tokenizer.save_pretrained(merged)
    program = shutil.which("transformers", path=str(Path(sys.executable).parent)) or "transformers"
    command = [program, "serve", "--host", "127.0.0.1", "--device", "cpu"]
    with _server(command, folder / "peer.log") as url:
        return _measured("transformers serve, one merged model", url, lambda _n: str(merged), requests, tokens)


def _llama_cpp(python: str, folder: Path, requests: int, tokens: int) -> Result:
    """Measure llama-cpp-python's server with a GGUF file of a model whose weights hold one adapter."""
    loaded, adapter, file = load_model(STARTER), folder / "adapter", folder / "merged.gguf"
    _adapter(loaded.model, 0).save(adapter)
    write_gguf(loaded, adapter, file)
    command = [python, "-m", "llama_cpp.server", "--host", "127.0.0.1", "--model", str(file)]
    command += ["--n_threads", str(os.cpu_count() or 1)]
    with _server(command, folder / "llama.log") as url:
        return _measured("llama-cpp-python, one merged model", url, lambda _n: "merged", requests, tokens)


@contextmanager
def _server(command: list[str], log: Path) -> Iterator[str]:
    """Run a server on a free port inside the block; give its address."""
    port = _free_port()
    with log.open("w") as file:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=file, stderr=file, cwd=ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _measured(server: str, url: str, model: Callable[[int], str], requests: int, tokens: int) -> Result:
    _ask(url, model(0), 0, tokens)  # warm
    began = time.perf_counter()
    alone = sum(_ask(url, model(number), number, tokens)[0] for number in range(requests))
    one_by_one = time.perf_counter() - began
    with ThreadPoolExecutor(requests) as pool:
        began = time.perf_counter()
        together = sum(count for count, _first in pool.map(lambda n: _ask(url, model(n), n, tokens), range(requests)))
        at_once = time.perf_counter() - began
    return Result(
        server, round(alone / one_by_one, 1), round(together / at_once, 1), _late(url, model, requests, tokens)
    )


def _late(url: str, model: Callable[[int], str], requests: int, tokens: int) -> float:
    """Return the seconds until the first token of a request that comes while the others are answered."""
    threads = [
        threading.Thread(target=_ask, args=(url, model(number), number, 4 * tokens)) for number in range(requests)
    ]
    for each in threads:
        each.start()
    time.sleep(tokens / 8)
    _count, first = _ask(url, model(0), 3, 4)
    for each in threads:
        each.join()
    return round(first, 2)


def _ask(url: str, model: str, number: int, tokens: int) -> tuple[int, float]:
    """Return how many tokens came, and the seconds until the first one."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": QUESTIONS[number % len(QUESTIONS)]}],
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
    }
    count, first, began = 0, 0.0, time.perf_counter()
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=600) as response:
        for line in response.iter_lines():
            if line.startswith("data: {") and _has_text(json.loads(line[6:])):
                count += 1
                first = first or time.perf_counter() - began
    return count, first


def _has_text(chunk: dict[str, Any]) -> bool:
    return any(choice.get("delta", {}).get("content") for choice in chunk.get("choices", ()))


def _free_port() -> int:
    with bound("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"{url}/health", timeout=2)
            return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise SystemExit(f"The server did not start:\n{log.read_text()[-2000:]}")


if __name__ == "__main__":
    main()
