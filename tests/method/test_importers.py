"""Vectors of T-Few and of the adapters library compute here what they computed there."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ia3_studio.errors import AdapterError
from ia3_studio.method.importers import read_adapters_library, read_tfew
from ia3_studio.method.loading import attach_adapter
from tests.families import batch_of, logits_of, tiny_model


def tfew_vectors(model: Any) -> dict[str, Tensor]:
    """Return random vectors where T-Few's configs/ia3.json puts them."""
    torch.manual_seed(3)
    ends = ("SelfAttention.k", "SelfAttention.v", "EncDecAttention.k", "EncDecAttention.v", "DenseReluDense.wi_1")
    layers = [(name, module) for name, module in model.named_modules() if name.endswith(ends)]
    return {f"{name}.multi_lora_b": torch.rand(module.out_features, 1) for name, module in layers}


def scaled_by_hand(model: Any, vectors: dict[str, Tensor]) -> Any:
    """Multiply weights and biases by vectors of the shape (out, 1)."""
    for path, vector in vectors.items():
        module = model.get_submodule(path)
        with torch.no_grad():
            module.weight.mul_(vector)
            if module.bias is not None:
                module.bias.mul_(vector[:, 0])
    return model


def test_vectors_of_t_few_compute_the_same(tmp_path: Path) -> None:
    model = tiny_model("t5_gated")
    vectors = tfew_vectors(model)
    torch.save(vectors, tmp_path / "finish.pt")
    by_hand = scaled_by_hand(tiny_model("t5_gated"), {key[: -len(".multi_lora_b")]: v for key, v in vectors.items()})
    adapter = read_tfew(tmp_path / "finish.pt", "bigscience/T0_3B")
    attach_adapter(model, adapter)
    assert torch.allclose(logits_of(model, batch_of(model)), logits_of(by_hand, batch_of(model)), atol=1e-5)
    assert {site.role for site in adapter.selection} == {"key", "value", "feed-forward"}
    assert adapter.selection.base_model == "bigscience/T0_3B"


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("/nonexistent/touched"),)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"encoder.k.lora_b": torch.ones(4, 1)}, r"is not an .IA.³ vector of T-Few"),
        ({"encoder.k.multi_lora_b": torch.ones(4, 2)}, r"the scaling rank 1"),
        ({"encoder.k.multi_lora_b": torch.full((4, 1), torch.inf)}, "NaN or infinite"),
        ({}, "contains no vectors"),
        ([1], "not a dictionary of named tensors"),
        (Hostile(), "cannot be read as plain tensors"),
    ],
)
def test_other_files_are_refused_without_running_them(tmp_path: Path, content: object, sentence: str) -> None:
    if isinstance(content, Hostile):
        (tmp_path / "file.pt").write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, tmp_path / "file.pt")
    with pytest.raises(AdapterError, match=sentence):
        read_tfew(tmp_path / "file.pt")


CONFIG = {"architecture": "lora", "composition_mode": "scale", "r": 1, "alpha": 1, "attn_matrices": ["k", "v"]}


def adapters_folder(folder: Path, vectors: dict[str, Tensor], **config: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps({"config": {**CONFIG, **config}, "name": "mine"}))
    save_file({f"{path}.loras.mine.lora_B": vector for path, vector in vectors.items()}, folder / "adapter.safetensors")
    return folder


def test_keys_and_values_of_the_adapters_library_compute_the_same(tmp_path: Path) -> None:
    torch.manual_seed(4)
    paths = [f"bert.encoder.layer.{n}.attention.self.{name}" for n in (0, 1) for name in ("key", "value")]
    vectors = {path: torch.rand(32, 1) for path in paths}
    by_hand = scaled_by_hand(tiny_model("bert"), {path: 2 * vector for path, vector in vectors.items()})
    model = tiny_model("bert")
    attach_adapter(model, read_adapters_library(adapters_folder(tmp_path / "saved", vectors, alpha=2), model))
    assert torch.allclose(logits_of(model, batch_of(model)), logits_of(by_hand, batch_of(model)), atol=1e-5)


def test_a_fused_projection_takes_keys_and_values_and_leaves_queries_alone(tmp_path: Path) -> None:
    model = tiny_model("gpt2")
    folder = adapters_folder(tmp_path / "saved", {"transformer.h.0.attn.c_attn": torch.arange(64.0)[:, None]})
    adapter = read_adapters_library(folder, model)
    key, value = adapter.selection
    assert (key.role, key.spans, value.role, value.spans) == ("key", ((32, 64),), "value", ((64, 96),))
    assert adapter.vectors()[value].tolist() == list(range(32, 64))


def test_its_feed_forward_vector_is_another_function_and_refused(tmp_path: Path) -> None:
    model = tiny_model("bert")
    layer = "bert.encoder.layer.0"
    vectors = {f"{layer}.attention.self.key": torch.ones(32, 1), f"{layer}.intermediate.dense": torch.ones(48, 1)}
    folder = adapters_folder(tmp_path / "saved", vectors)
    with pytest.raises(AdapterError, match=r"intermediate\.dense is scaled before its activation function"):
        read_adapters_library(folder, model)
    adapter = read_adapters_library(folder, model, only_attention=True)
    assert [site.path for site in adapter.selection] == [f"{layer}.attention.self.key"]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [({"composition_mode": "add"}, "another method"), ({"use_gating": True}, "gates its vectors by the input")],
)
def test_other_methods_of_the_adapters_library_are_refused(tmp_path: Path, config: Any, sentence: str) -> None:
    folder = adapters_folder(tmp_path / "saved", {"a": torch.ones(2, 1)}, **config)
    with pytest.raises(AdapterError, match=sentence):
        read_adapters_library(folder, tiny_model("bert"))
