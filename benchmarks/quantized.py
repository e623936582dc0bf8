"""Do vectors learn on bases that real quantizers made, and what does merging without quantization change?

    pip install bitsandbytes optimum-quanto torchao        (any of them; none is needed by the studio)
    python benchmarks/quantized.py [--source SmolLM2-135M-Instruct] [--kinds bnb8,bnb4,…]

Without a source a random Llama of two layers is measured, which takes seconds; nothing averages out in it.

For each kind: the gradient of the vectors beside the gradient on the numbers that the codes stand for, the dtype
of the activations, and the logits of quantized-with-hooks beside those of merged-without-quantization.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
import transformers as hf
from torch import Tensor, nn

from ia3_studio import attach, discover
from ia3_studio.method import Attachment, Selection
from ia3_studio.models import load_model, merge_into_unquantized, prepare
from tests.models.standins import write_tiny_gguf


def torchao(bits: int) -> Any:
    """Return torchao's integer weights of 8 or 4 bits."""
    from torchao.quantization import Int8WeightOnlyConfig, IntxWeightOnlyConfig

    return hf.TorchAoConfig(Int8WeightOnlyConfig() if bits == 8 else IntxWeightOnlyConfig(weight_dtype=torch.int4))


KINDS: dict[str, Callable[[], Any]] = {
    "bnb8": lambda: hf.BitsAndBytesConfig(load_in_8bit=True),
    "bnb4": lambda: hf.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4"),
    "quanto8": lambda: hf.QuantoConfig(weights="int8"),
    "quanto4": lambda: hf.QuantoConfig(weights="int4"),
    "torchao8": lambda: torchao(8),
    "torchao4": lambda: torchao(4),
}


def main() -> None:
    """Measure each kind and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="", help="a starter's name, a hub id, a folder or a GGUF file")
    parser.add_argument("--kinds", default=",".join(KINDS))
    asked = parser.parse_args()
    print(f"{'kind':10}{'gradient apart':>16}{'activations':>16}{'logits apart':>14}{'largest':>10}{'seconds':>9}")
    with TemporaryDirectory() as folder:
        source = asked.source or tiny_source(Path(folder))
        for kind in asked.kinds.split(","):
            started = time.perf_counter()
            print(f"{kind:10}{measure(source, KINDS[kind]())}{time.perf_counter() - started:9.1f}", flush=True)


def tiny_source(folder: Path) -> str:
    """Write a random model into a folder, where its conversion goes as well, and return its name."""
    os.environ["IA3_STUDIO_CACHE"] = str(folder / "cache")
    return str(write_tiny_gguf(folder / "tiny.gguf"))


def measure(source: str, config: Any) -> str:
    """Return one line of the table."""
    coded = hf.AutoModelForCausalLM.from_pretrained(
        prepare(source), quantization_config=config, dtype=torch.float32, device_map="cpu"
    )
    coded.requires_grad_(False).eval()
    selection = discover(coded).select("paper")
    plain = with_numbers_of(coded, load_model(source).model)  # before any hook scales what the layers answer
    on_codes, attachment, dtypes = gradient(coded, selection)
    on_numbers, *_ = gradient(plain, selection)
    apart = float((on_codes - on_numbers).norm() / on_numbers.norm())
    difference = merge_into_unquantized(attachment, source).difference
    kinds = ",".join(sorted(str(dtype).removeprefix("torch.") for dtype in dtypes))
    return f"{apart:16.2e}{kinds:>16}{difference.relative:14.2%}{difference.largest:10.3f}"


def gradient(model: Any, selection: Selection) -> tuple[Tensor, Attachment, set[torch.dtype]]:
    """Return the vectors' gradient of one backward pass, their attachment, the dtypes of the scaled activations."""
    attachment = attach(model, selection)
    scattered = 1 + 0.1 * torch.randn(selection.parameters, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        attachment.parameter.copy_(scattered)
    seen: set[torch.dtype] = set()
    for site in selection:
        model.get_submodule(site.path).register_forward_hook(lambda _module, _given, result: seen.add(result.dtype))
    tokens = torch.randint(int(model.config.vocab_size), (2, 16), generator=torch.Generator().manual_seed(1))
    model(input_ids=tokens, labels=tokens).loss.backward()
    assert attachment.parameter.grad is not None
    return attachment.parameter.grad, attachment, seen


@torch.no_grad()
def with_numbers_of(coded: Any, plain: Any) -> Any:
    """**Give a plain model the numbers that codes stand for**: what each layer answers to the unit vectors."""
    for path, module in plain.named_modules():
        other = coded.get_submodule(path)
        if isinstance(module, nn.Linear) and type(getattr(other, "weight", None)) is not nn.Parameter:
            answers = other(torch.eye(module.in_features))
            module.weight.copy_((answers if other.bias is None else answers - other.bias).T)
    return plain


if __name__ == "__main__":
    main()
