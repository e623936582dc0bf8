"""How long does a tuned starter take to leave, how large is it, and how exact?

    python benchmarks/exports.py

An adapter with random numbers on the paper's sites of SmolLM2-135M-Instruct is zipped, merged, and written as GGUF in
each format; each is read back and compared, which is part of the time. The base model is loaded anew for each, as on
the page.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    """Print a line for each way out."""
    import torch

    from ia3_studio.export.archive import zip_adapter
    from ia3_studio.export.gguf_file import write_gguf
    from ia3_studio.export.gguf_tensors import FORMATS
    from ia3_studio.export.merged import write_merged
    from ia3_studio.method import attach, discover
    from ia3_studio.model_card import card_of_adapter
    from ia3_studio.models import STARTER, load_model

    with tempfile.TemporaryDirectory() as work:
        folder, loaded = Path(work), load_model(STARTER)
        attachment = attach(loaded.model, discover(loaded.model, loaded.base_model).select("paper"))
        with torch.no_grad():
            attachment.parameter.add_(0.1 * torch.randn_like(attachment.parameter))
        attachment.adapter({"task_type": "CAUSAL_LM"}).save(folder / "adapter")
        weights = loaded.model.num_parameters()

        began = time.perf_counter()
        path = zip_adapter(folder / "adapter", folder / "adapter.zip", card_of_adapter(folder / "adapter", "benchmark"))
        tell("adapter zip with its card", began, path.stat().st_size)
        began = time.perf_counter()
        merged = write_merged(load_model(STARTER), folder / "adapter", folder / "merged")
        tell("merged, safetensors", began, merged.bytes, merged.largest_difference)
        for kind in FORMATS:
            began = time.perf_counter()
            made = write_gguf(load_model(STARTER), folder / "adapter", folder / f"{kind}.gguf", kind)
            seconds = tell(f"merged, GGUF {kind}", began, made.bytes, made.largest_difference, made.same_token)
            print(f"  {weights / seconds / 1e6:.1f} million weights a second")


def tell(name: str, began: float, size: int, difference: float | None = None, same: float = 1.0) -> float:
    """Print a line; return the seconds."""
    seconds = time.perf_counter() - began
    exact = f", largest difference of a logit {difference:.1e}, same next token {same:.0%}" if difference else ""
    print(f"{name}: {seconds:.1f} s, {size / 1e6:,.1f} MB{exact}", flush=True)
    return seconds


if __name__ == "__main__":
    main()
