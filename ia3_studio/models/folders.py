"""Does a folder hold a model that can be loaded, and is there room for one?"""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

from ia3_studio.errors import ModelError
from ia3_studio.models.progress import megabytes

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"


def shortcoming(folder: Path) -> str:
    """Say what a folder lacks to be loaded as a model; an empty text if nothing.

    Only names are looked at: a damaged file shows when it is read.
    """
    if not folder.is_dir():
        return "the folder does not exist"
    if not (folder / "config.json").is_file():
        return _instead_of_config(folder)
    if (folder / WEIGHTS).is_file():
        return ""
    return _missing_shards(folder) if (folder / INDEX).is_file() else _instead_of_weights(folder)


def weight_files(folder: Path) -> list[Path]:
    """List the safetensors files that transformers reads from a model folder without shortcoming."""
    single = folder / WEIGHTS
    return [single] if single.is_file() else [folder / name for name in sorted(_shards(folder))]


def _shards(folder: Path) -> set[str]:
    return set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())


def _instead_of_config(folder: Path) -> str:
    if any((folder / name).is_file() for name in ("adapter_config.json", "ia3_adapter.json")):
        return "it contains an adapter, not a model; load the adapter's base model and import the adapter there"
    if ggufs := sorted(folder.glob("*.gguf")):
        return f"it contains a GGUF file but no config.json; give the path of the file: {ggufs[0]}"
    return "it contains no config.json, so it is not a model saved with save_pretrained"


def _instead_of_weights(folder: Path) -> str:
    if any(path.suffix in (".bin", ".pt", ".pth") for path in folder.iterdir()):
        return (
            "its weights are pickle files (.bin, .pt), which can run code when opened; "
            "save it again with model.save_pretrained(folder)"
        )
    if others := sorted(path.name for path in folder.glob("*.safetensors")):
        return f"its weights must be named {WEIGHTS}, but only {others[0]} was found"
    return f"it contains config.json but no weights ({WEIGHTS})"


def _missing_shards(folder: Path) -> str:
    try:
        shards = _shards(folder)
    except (ValueError, KeyError, AttributeError, OSError):
        return f"{INDEX} cannot be read"
    missing = sorted(shard for shard in shards if not (folder / shard).is_file())
    return f"{len(missing)} of {len(shards)} weight files are missing, the first is {missing[0]}" if missing else ""


def require_model(folder: Path) -> None:
    """Check that a folder the user named can be loaded as a model.

    Raises:
        ModelError: something is missing; the message says what.
    """
    if lack := shortcoming(folder):
        raise ModelError(
            f"No model can be loaded from '{folder}': {lack}. A model folder contains config.json, "
            "model.safetensors and a tokenizer."
        )


def require_space(folder: Path, needed: int, what: str) -> None:
    """Check for free disk space before a long download rather than at its end.

    Args:
        folder: where the files will go; it need not exist yet.
        needed: bytes.
        what: the thing to be stored, as named in the message.

    Raises:
        ModelError: the disk is too full.
    """
    place = folder
    while not place.exists():
        place = place.parent
    if (free := shutil.disk_usage(place).free) < needed:
        raise ModelError(
            f"The disk is too full for {what}: {megabytes(needed)} are needed in {place}, {megabytes(free)} "
            "are free. Free some space, or set the environment variable IA3_STUDIO_CACHE or HF_HOME to "
            "another folder."
        )


def writing_failed(place: Path, error: OSError) -> ModelError:
    """Return the sentence for a file that could not be written."""
    if error.errno == errno.ENOSPC:
        return ModelError(
            f"The disk became full while writing to {place}. Free some space and try again; partial files are removed."
        )
    return ModelError(
        f"{place} cannot be written ({error.strerror or error}). Change its permissions, or set the "
        "environment variable IA3_STUDIO_CACHE to another folder."
    )
