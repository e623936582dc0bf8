"""How much memory does writing a merged model take, loaded whole and tensor by tensor?

    python benchmarks/merging.py [--layers 16] [--width 1024] [--gguf f16]

Merges an adapter with random numbers into a random Llama-like model, in files of bfloat16, in three processes: loaded
whole; tensor by tensor with the comparison of outputs, which loads one model at a time; and without it, as for a model
that memory does not hold. Prints the peak of each, from before the model is read, and its time; the files must be
equal, byte for byte. With --gguf, the same for a GGUF file of a format. Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.export.test_gguf_file import byte_tokenizer

WAYS = ("whole", "by tensor, compared", "by tensor")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--gguf", choices=("f16", "q8_0", "f32"), help="write a GGUF file of this format")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.home, options.way, options.gguf)))
        return
    with tempfile.TemporaryDirectory() as home:
        weights = make_model(Path(home), options.width, options.layers)
        print(f"{weights / 1e6:.0f} million weights, {2 * weights / 1e9:.2f} GB of files", flush=True)
        found = {way: in_a_process(Path(home), way, options.gguf) for way in WAYS}
    most = found["whole"]["peak"]
    for way, each in found.items():
        print(f"{way}: peak {each['peak'] / 1e9:.2f} GB ({each['peak'] / most:.2f}×), {each['seconds']:.1f} s")
    print("equal files" if len({each["digest"] for each in found.values()}) == 1 else "DIFFERENT FILES")


def make_model(home: Path, width: int, layers: int) -> int:
    """Write the model in files of 200 MB, a small one and an adapter; return the number of its weights."""
    import torch
    import transformers as hf

    from ia3_studio.method import attach, discover

    for name, depth in (("model", layers), ("small", 1)):
        config = hf.LlamaConfig(
            vocab_size=4000, hidden_size=width, intermediate_size=3 * width, num_hidden_layers=depth,
            num_attention_heads=16, bos_token_id=1, eos_token_id=2,
        )  # fmt: skip
        model = hf.LlamaForCausalLM(config).bfloat16()
        model.save_pretrained(home / name, max_shard_size="200MB")
        byte_tokenizer().save_pretrained(home / name)
        attachment = attach(model, discover(model, name).select("paper"))
        with torch.no_grad():
            attachment.parameter.uniform_(0.5, 1.5)
        attachment.adapter().save(home / f"{name}-adapter")
        attachment.detach()
    return sum(each.numel() for each in hf.LlamaForCausalLM.from_pretrained(home / "model").parameters())


def in_a_process(home: Path, way: str, kind: str | None) -> dict[str, float | str]:
    """Measure one way in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--home", str(home), *(["--gguf", kind] if kind else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float | str] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measure(home: Path, way: str, kind: str | None) -> dict[str, float | str]:
    """Write the merged model; return peak, seconds and a digest of the files."""
    export(home, "small", way, kind, home / f"small {way}")
    Path("/proc/self/clear_refs").write_text("5")
    before, began = memory("VmRSS"), time.perf_counter()
    export(home, "model", way, kind, home / way)
    seconds, peak = time.perf_counter() - began, memory("VmHWM") - before
    digest = hashlib.sha256()
    for name, data in sorted(tensors_of(home / way)):
        digest.update(name.encode() + data)
    return {"peak": peak, "seconds": seconds, "digest": digest.hexdigest()}


def export(home: Path, name: str, way: str, kind: str | None, folder: Path) -> None:
    """Write one merged model in one way."""
    from ia3_studio.export import by_file, gguf_file
    from ia3_studio.export.merged import write_merged
    from ia3_studio.models import load_model

    source, adapter = str(home / name), home / f"{name}-adapter"
    target = folder / "model.gguf" if kind else folder
    if way == "whole":
        if kind:
            gguf_file.write_gguf(load_model(source), adapter, target, kind)  # type: ignore[arg-type]
        else:
            write_merged(load_model(source), adapter, target)
        return
    if way == "by tensor":
        by_file.short_of_memory = gguf_file.short_of_memory = lambda _planned: "it is not wanted here"
    if kind:
        made = gguf_file.export_gguf(lambda plan: load_model(source, plan=plan), adapter, target, kind)  # type: ignore[arg-type]
        assert not made.whole, made.whole
    else:
        found = by_file.export_merged(lambda plan: load_model(source, plan=plan), adapter, target)
        assert not found.whole, found.whole


def tensors_of(folder: Path) -> list[tuple[str, bytes]]:
    """Return the bytes of each tensor in a folder, by name."""
    from ia3_studio.models.stored import stored_tensors

    for path in folder.glob("*.gguf"):
        with path.open("rb") as file:
            return [(path.name, hashlib.file_digest(file, "sha256").digest())]
    found = []
    for name, tensor in stored_tensors(folder).items():
        with tensor.path.open("rb") as file:
            file.seek(tensor.begin)
            found.append((name, hashlib.sha256(file.read(tensor.bytes)).digest()))
    return found


def memory(name: str) -> int:
    """Return a number of bytes that Linux counts for this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
