"""In what environment was a run trained? Versions, machine, and a fingerprint of its base model."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ia3_studio.old_names import ENVIRONMENT
from ia3_studio.runs.folder import read_json

LIBRARIES = ("torch", "transformers", "accelerate", "datasets", "safetensors", "tokenizers", "numpy")
SAMPLE_BYTES = 2**20
"""Bytes read at both ends of a file: its header with all names and shapes, and its last weights."""


def describe_environment(model: Path, device_reason: str) -> dict[str, Any]:
    """Return what is needed to reproduce a run in addition to its settings and data.

    Args:
        model: the folder its base model was loaded from.
        device_reason: the device, and why it was chosen.
    """
    from ia3_studio import __version__

    return {
        "studio_version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "libraries": library_versions(),
        "device": device_reason,
        "base_model": model_fingerprint(model),
    }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that results depend on."""
    return {name: found for name in LIBRARIES if (found := _version(name))}


def read_environment(path: Path) -> dict[str, Any]:
    """Return what :func:`describe_environment` found for a run; empty if its file does not exist or is damaged."""
    return ENVIRONMENT.replaced(read_json(path) or {})


def model_fingerprint(folder: Path) -> str:
    """Return a SHA-256 of a model's config and tokenizer files, and of both ends of its weights.

    Another model, other weights of the same shapes or another tokenizer give another fingerprint; hashing gigabytes of
    weights would take longer than the first steps.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (".json", ".txt", ".model", ".jinja", ".safetensors"):
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            for piece in _pieces(path):
                digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield file.read(SAMPLE_BYTES)
        file.seek(max(path.stat().st_size - SAMPLE_BYTES, 0))
        yield file.read(SAMPLE_BYTES)


def differences(recorded: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return a sentence for each difference to the recorded environment that may change results."""
    said = []
    if recorded.get("base_model") != now["base_model"]:
        said.append("The base model differs from the one of the original run.")
    then, today = recorded.get("libraries", {}), now["libraries"]
    changed = [f"{name} {then[name]} → {today.get(name, 'absent')}" for name in then if then[name] != today.get(name)]
    if changed:
        said.append(f"Versions differ: {', '.join(changed)}.")
    if recorded.get("device") != now["device"]:
        said.append(f"The original run used another device: {recorded.get('device')}")
    return said


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
