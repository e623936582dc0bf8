"""Where is a file of an adapter: in a folder, or in a repository on the Hub?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def fetched(place: Path | str, name: str, *, subfolder: str | None = None, **hub: Any) -> Path | None:
    """Return a file of an adapter, downloaded where it is on the Hub; None where there is no such file."""
    folder = Path(place) / subfolder if subfolder else Path(place)
    if (folder / name).is_file():
        return folder / name
    if Path(place).exists():
        return None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(str(place), name, subfolder=subfolder, **hub))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError):  # no such repository, or it cannot be reached
        return None


def infer_device() -> str:
    """Return the device that a program uses when it names none."""
    import torch

    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found.type if found else "cpu"


def hub_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are for downloading from the Hub."""
    from huggingface_hub import hf_hub_download

    known = set(inspect.signature(hf_hub_download).parameters) - {"repo_id", "filename", "subfolder"}
    found = {key: value for key, value in given.items() if key in known and value is not None}
    if given.get("use_auth_token") is not None:
        found.setdefault("token", given["use_auth_token"])
    return found
