"""How is an adapter pushed to the Hugging Face Hub? In one commit, to a repository that is private by default.

A token is only an argument: it is passed to the Hub client for one call, and is in no file,
log or message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ExportError
from ia3_studio.export.archive import package
from ia3_studio.export.card import CardFacts
from ia3_studio.hub_waits import seconds_to_wait
from ia3_studio.models.progress import ProgressCallback

if TYPE_CHECKING:
    from huggingface_hub import HfApi

REPOSITORY = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/)?[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
TOKENS = "https://huggingface.co/settings/tokens"
MODEL_FILES = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "*.md", "*.gguf")
"""What is taken from a model's folder."""


@dataclass(frozen=True)
class Pushed:
    """A pushed repository."""

    repository: str
    """Its name, such as ``you/adapter``."""
    address: str
    """Of its page."""
    is_private: bool
    files: int
    bytes: int


def push_adapter(
    folder: Path,
    facts: CardFacts,
    repository: str,
    token: str,
    *,
    private: bool = True,
    say: ProgressCallback = lambda _share, _said: None,
) -> Pushed:
    """Push an adapter with its card and images to the Hub; pushing again adds a commit.

    For a base model in a local folder only the folder's name is uploaded.

    Args:
        folder: of the adapter.
        facts: what its card says.
        repository: ``you/name``, or ``name`` for one of your own; it is made where it is missing.
        token: Hub token with write access.
        private: whether only you may see it.
        say: called with the share done, where known, and what is being done.

    Raises:
        ExportError: the Hub rejects the push, limits the rate or is unreachable; or the repository should be private
            and is public.
        AdapterError: the folder lacks a file.
    """
    named = f"{facts.name}: {facts.steps:,} steps" if facts.steps else facts.name

    def contents(name: str) -> Mapping[str, bytes]:
        return package(folder, replace(facts, address=name), for_others=True)

    return _push(repository, token, private, contents, f"IA3 Studio: {named}", say)


def push_folder(
    folder: Path,
    repository: str,
    token: str,
    *,
    private: bool = True,
    say: ProgressCallback = lambda _share, _said: None,
) -> Pushed:
    """Push a merged model to the Hub. Files uploaded by an interrupted push are not sent again.

    Args:
        folder: as :func:`~ia3_studio.export.merged.write_merged` wrote it.
        repository, token, private, say: as for :func:`push_adapter`.

    Raises:
        ExportError: as for :func:`push_adapter`, or the folder holds no model.
    """
    paths = sorted({path for pattern in MODEL_FILES for path in folder.glob(pattern) if path.is_file()})
    if not any(path.suffix in (".safetensors", ".gguf") for path in paths):
        raise ExportError(f"{folder} contains no model; export the merged model first and give its folder.")
    contents = {path.name: path for path in paths}
    return _push(repository, token, private, lambda _name: contents, "IA3 Studio: merged model", say)


def _push(
    repository: str,
    token: str,
    private: bool,
    contents: Callable[[str], Mapping[str, bytes | Path]],
    message: str,
    say: ProgressCallback,
) -> Pushed:
    from huggingface_hub import CommitOperationAdd, HfApi

    asked = repository.strip()
    _require(asked, token)
    api = HfApi(token=token.strip())
    with _explained(asked):
        say(None, f"Creating {asked} on the Hub")
        name = asked if "/" in asked else f"{api.whoami()['name']}/{asked}"
        is_private = _repository(api, name, private)
        files = contents(name)
        size = sum(len(each) if isinstance(each, bytes) else each.stat().st_size for each in files.values())
        say(None, f"Uploading {len(files)} files, {size / 1e6:,.1f} MB")
        added = [CommitOperationAdd(path_in_repo=path, path_or_fileobj=content) for path, content in files.items()]
        api.create_commit(name, added, commit_message=message)
    say(1.0, "Done")
    return Pushed(name, f"{api.endpoint}/{name}", is_private, len(files), size)


def _require(repository: str, token: str) -> None:
    if not REPOSITORY.fullmatch(repository):
        raise ExportError(
            f"'{repository[:120]}' is not a valid repository id; use username/name with letters, digits, . _ and -."
        )
    if not token.strip():
        raise ExportError(f"The Hub needs a token with write access; create one at {TOKENS} and enter it here.")
    if not token.strip().isascii() or len(token.split()) != 1:
        raise ExportError("The token contains spaces or characters that tokens never have; copy it again.")


def _repository(api: HfApi, name: str, private: bool) -> bool:
    """Make the repository where it is missing; return whether it is private.

    Raises:
        ExportError: it should be private and is there already for everybody to see.
    """
    api.create_repo(name, private=private, exist_ok=True)
    is_private = bool(api.model_info(name).private)
    if private and not is_private:
        raise ExportError(
            f"'{name}' already exists and is public; choose another name, or select a public repository. "
            "Nothing was uploaded."
        )
    return is_private


@contextmanager
def _explained(repository: str) -> Iterator[None]:
    """Convert Hub errors to messages. The original error is dropped, as it contains headers and addresses."""
    import httpx2
    from huggingface_hub import errors

    try:
        with _no_warnings():
            yield
    except errors.HfHubHTTPError as error:
        raise ExportError(_answered(repository, error)) from None
    except errors.OfflineModeIsEnabled:
        raise ExportError(
            "HF_HUB_OFFLINE is set, so the Hub cannot be used; unset it and restart, or download the zip "
            "and upload it yourself."
        ) from None
    except (OSError, httpx2.HTTPError, ValueError, RuntimeError) as error:
        if isinstance(error.__cause__, errors.HfHubHTTPError):  # of an upload: wrapped by the client
            raise ExportError(_answered(repository, error.__cause__)) from None
        raise ExportError(
            f"The connection to the Hub failed while '{repository}' was pushed ({type(error).__name__}); push "
            "again: uploaded files are not sent twice."
        ) from None


@contextmanager
def _no_warnings() -> Iterator[None]:
    """Keep the client quiet: it logs every address it tries again."""
    import logging as levels

    from huggingface_hub.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(levels.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _answered(repository: str, error: Any) -> str:
    """Return the message for an error response of the Hub."""
    status = error.response.status_code
    said = " ".join(str(error.server_message or "").split())[:200]
    if status == 401:
        return (
            f"The Hub rejected this token: it is invalid, expired or revoked. Create one with write access at {TOKENS}."
        )
    if status == 403:
        return (
            f"This token has no write access to '{repository}'{_quoted(said)}; create one with write access "
            f"at {TOKENS}."
        )
    if status == 404:
        return (
            f"The Hub has no namespace for '{repository}' that this token can access; check the name before the slash."
        )
    if status == 429:
        return f"The Hub's rate limit is reached; wait {_wait(error.response.headers)} and push again."
    if status in (400, 409, 413, 422):
        return f"The Hub rejected '{repository}'{_quoted(said)}; fix the reported problem and push again."
    return f"The Hub returned status {status} when '{repository}' was pushed; try again in a minute."


def _quoted(said: str) -> str:
    return f" ({said})" if said else ""


def _wait(headers: Mapping[str, str]) -> str:
    seconds = seconds_to_wait(headers)
    return "a few minutes" if seconds is None else f"{seconds:,} seconds"
