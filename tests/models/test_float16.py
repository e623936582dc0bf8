"""Loading on a GPU without bfloat16, which a CPU plays here: float16, or float32 where that is too narrow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import transformers as hf
from safetensors.torch import load_file, save_file

from ia3_studio.models import device, load_model
from ia3_studio.models.classifier import load_classifier
from ia3_studio.models.device import Device
from tests.families import SMALL
from tests.tiny_chat import save_tiny_chat


@pytest.fixture
def turing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the CPU be taken for a GPU without bfloat16."""
    found = device._on_gpu("Tesla T4", False)
    assert found.dtype is torch.float16
    played = Device("cpu", found.dtype, found.reason)
    for user in ("load", "classifier"):
        monkeypatch.setattr(f"ia3_studio.models.{user}.choose_device", lambda: played)


@pytest.mark.usefixtures("turing")
@pytest.mark.parametrize("family", ["llama", "t5"])
def test_a_language_model_takes_half_the_memory_where_it_fits_float16(tmp_path: Path, family: str) -> None:
    loaded = load_model(str(save_tiny_chat(tmp_path / "model", family=family)))
    assert loaded.model.dtype is torch.float16
    assert "float16" in loaded.device_reason


@pytest.mark.usefixtures("turing")
def test_a_model_of_images_is_tried_with_an_image(tmp_path: Path) -> None:
    config = hf.ViTConfig(**(SMALL | {"vocab_size": None}), intermediate_size=48, image_size=32, patch_size=16)
    hf.ViTModel(config).save_pretrained(tmp_path)
    assert load_model(str(tmp_path)).model.dtype is torch.float16


@pytest.mark.usefixtures("turing")
def test_a_model_whose_activations_are_too_large_for_float16_is_loaded_in_float32(tmp_path: Path) -> None:
    folder = save_tiny_chat(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.0.mlp.up_proj.weight"] *= 1e4
    weights["model.layers.0.mlp.gate_proj.weight"] *= 1e4
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    loaded = load_model(str(folder))
    assert loaded.model.dtype is torch.float32
    assert "Tesla T4" in loaded.device_reason and "float32" in loaded.device_reason


@pytest.mark.usefixtures("turing")
def test_a_classifier_is_loaded_in_float32_because_its_head_is_trained_in_full(tmp_path: Path) -> None:
    folder = save_tiny_chat(tmp_path / "model")
    assert json.loads((folder / "config.json").read_text())["model_type"] == "llama"
    loaded = load_classifier(str(folder), ["no", "yes"])
    assert loaded.model.dtype is torch.float32
    assert "float32" in loaded.device_reason
