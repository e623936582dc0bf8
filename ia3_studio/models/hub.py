"""What is stored on the Hugging Face Hub under an id, and is it cached?

This module never handles tokens: huggingface_hub reads HF_TOKEN or its own login, and neither for a visitor.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ia3_studio.background import in_background
from ia3_studio.errors import ModelError
from ia3_studio.folder_size import bytes_in
from ia3_studio.hub_waits import wait_for_seconds_only
from ia3_studio.models.folders import require_space, shortcoming
from ia3_studio.models.no_progress_bars import quiet_hub
from ia3_studio.models.progress import Growth, ProgressCallback, StandstillError, megabytes, watched
from ia3_studio.models.sources import STARTER, nearest_starter
from ia3_studio.settings import is_public, positive_number, reading_token

WEIGHTS = re.compile(r"model(-\d+-of-\d+)?\.safetensors", re.ASCII)
COMPANIONS = re.compile(r"[\w.-]+\.(json|txt|model|jinja)", re.ASCII)
LARGEST_PUBLIC_GB = 3.0
"""Download limit in public mode: with 16 GB of memory a model of 1.5 billion parameters can be trained."""
LARGEST_ENV = "IA3_STUDIO_LARGEST_MODEL_GB"
"""The environment variable that says it otherwise."""
PATIENCE = 15.0
"""Timeout in seconds for requests to the Hub."""


@dataclass(frozen=True)
class HubModel:
    """A model on the Hub that can be downloaded."""

    hub_id: str
    files: Mapping[str, int]
    """The files that are needed, with their sizes in bytes."""

    @property
    def size(self) -> int:
        """Return the bytes to download."""
        return sum(self.files.values())


def is_needed(name: str) -> bool:
    """Tell whether a file of a Hub repository is needed: weights, config or tokenizer at its top level."""
    return bool(WEIGHTS.fullmatch(name) or COMPANIONS.fullmatch(name))


def look_up(hub_id: str, patience: float = PATIENCE) -> HubModel:
    """Look up a model on the Hub without downloading it.

    Args:
        hub_id: ``org/name``, or ``name`` for the oldest ones.
        patience: seconds to wait for the answer; name resolution, which knows no timeout, included.

    Raises:
        ModelError: the Hub is unreachable or disabled, or has no such model with safetensors.
    """
    import httpx2
    from huggingface_hub import HfApi

    asked = in_background(
        lambda: HfApi(token=reading_token()).model_info(hub_id, files_metadata=True, timeout=patience)
    )
    try:
        info = asked.result(timeout=patience)
    except (OSError, httpx2.HTTPError) as error:
        raise hub_problem(hub_id, error) from error
    sizes = {each.rfilename: each.size or 0 for each in info.siblings or []}
    if not any(WEIGHTS.fullmatch(name) for name in sizes) or "config.json" not in sizes:
        raise ModelError(_unloadable(hub_id, list(sizes)))
    return HubModel(hub_id, {name: size for name, size in sizes.items() if is_needed(name)})


def _unloadable(hub_id: str, names: list[str]) -> str:
    if "adapter_config.json" in names:
        return f"'{hub_id}' is an adapter, not a model. Load its base model and import the adapter there."
    if any(name.lower().endswith(".gguf") for name in names):
        return f"'{hub_id}' contains only GGUF files. Download one of them and give the path of that file."
    if "config.json" not in names:
        return f"'{hub_id}' contains no config.json, so it is not a transformers model. Check the id."
    return (
        f"'{hub_id}' contains no safetensors weights, and the studio loads no other format from the Hub: "
        "pickle files can run code. Look for a converted copy of the model."
    )


def cached_copy(hub_id: str) -> Path | None:
    """Return the folder of a model downloaded earlier, complete, by this or another program; no network."""
    from huggingface_hub import get_cached_repo_tree, try_to_load_from_cache
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    config = try_to_load_from_cache(hub_id, "config.json")
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    try:
        expected = [file.path for file in get_cached_repo_tree(hub_id) if is_needed(file.path)]
    except CachedRepoTreeNotFoundError:  # fetched file by file, by another program
        expected = []
    whole = not shortcoming(folder) and all((folder / name).is_file() for name in expected)
    return folder if whole else None


def download(model: HubModel, progress: ProgressCallback) -> Path:
    """Download a model into the cache that all Hugging Face programs share, and return its folder.

    Raises:
        ModelError: the disk is too full, the license was not accepted, or the connection broke.
    """
    import httpx2
    from huggingface_hub import constants, snapshot_download

    _require_small_enough(model)
    store = Path(constants.HF_HUB_CACHE)
    place = store / f"models--{model.hub_id.replace('/', '--')}"
    before = bytes_in(place)
    require_space(store, model.size - before, f"the download of '{model.hub_id}'")

    growth = Growth()

    def look() -> None:
        held = bytes_in(place)
        growth.require(held)
        came = min(held, model.size)
        share = came / model.size if model.size else None
        progress(share, f"Downloading {model.hub_id}: {megabytes(came)} of {megabytes(model.size)}")

    wait_for_seconds_only()
    try:
        with quiet_hub():
            folder = watched(
                lambda: snapshot_download(model.hub_id, allow_patterns=list(model.files), token=reading_token()), look
            )
    except (OSError, httpx2.HTTPError) as error:
        raise hub_problem(model.hub_id, error) from error
    return Path(folder)


def _require_small_enough(model: HubModel) -> None:
    """Reject models too large for a public machine, before anything is downloaded."""
    largest = largest_public_bytes()
    if is_public() and model.size > largest:
        raise ModelError(
            f"'{model.hub_id}' has {model.size / 1e9:.1f} GB and this shared studio loads models of at most "
            f"{largest / 1e9:g} GB. Use a smaller one, or run IA3 Studio on your own machine."
        )


def largest_public_bytes() -> float:
    """Return the most bytes that a model may have in public mode."""
    return (positive_number(LARGEST_ENV) or LARGEST_PUBLIC_GB) * 1e9


def download_config(hub_id: str) -> Path:
    """Download nothing but config.json and return the folder that holds it.

    Raises:
        ModelError: the Hub is unreachable, or has no such model.
    """
    import httpx2
    from huggingface_hub import hf_hub_download

    look_up(hub_id)
    wait_for_seconds_only()
    try:
        with quiet_hub():
            asked = in_background(lambda: hf_hub_download(hub_id, "config.json", token=reading_token()))
            return Path(asked.result(timeout=PATIENCE)).parent
    except (OSError, httpx2.HTTPError) as error:
        raise hub_problem(hub_id, error) from error


def hub_problem(hub_id: str, error: BaseException) -> ModelError:
    """Return the error message for a model that could not be loaded from the Hub."""
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None:
        return hub_problem(hub_id, error.__cause__)  # what broke, rather than that nothing was cached
    if isinstance(error, errors.OfflineModeIsEnabled):
        return ModelError(
            f"'{hub_id}' is not on this machine, and HF_HUB_OFFLINE is set. Unset it, or give a folder, a "
            f".gguf file or the starter '{STARTER}'."
        )
    if isinstance(error, errors.GatedRepoError):
        return ModelError(
            f"'{hub_id}' is gated. Accept its license at https://huggingface.co/{hub_id}, then set the "
            "environment variable HF_TOKEN to a token of that account and start again."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        near = nearest_starter(hub_id)
        hint = f" Did you mean '{near}'?" if near else ""
        return ModelError(
            f"Unknown model '{hub_id}': the Hub has no model of that name, or it is private.{hint} Check the "
            "spelling; for a private one set the environment variable HF_TOKEN."
        )
    if isinstance(error, errors.HfHubHTTPError):
        return ModelError(
            f"The Hub returned status {error.response.status_code} for '{hub_id}'. Try again in a minute, or "
            f"give a folder, a .gguf file or the starter '{STARTER}'."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ModelError(f"The disk became full while downloading '{hub_id}'. Free some space and try again.")
    return ModelError(
        f"The Hub could not be reached for '{hub_id}' ({_in_short(error)}). Check the connection, or give a "
        f"folder, a .gguf file or the starter '{STARTER}'."
    )


def _in_short(error: BaseException) -> str:
    import httpx2

    if isinstance(error, StandstillError):
        return str(error)
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return "request timed out"
    return (str(error).splitlines() or [""])[0][:160] or type(error).__name__
