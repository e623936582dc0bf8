"""What does the Hugging Face Hub list for a few letters? Asked while a name is typed, so that no answer takes long.

``HfApi.list_models`` repeats a request that fails up to five times, with seconds between them: too long for a list
under a field. Its address is therefore asked once, with the session, the headers and the offline mode of
huggingface_hub. On a public app the request is anonymous: the owner's token lists nothing for a visitor.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ia3_studio.background import in_background
from ia3_studio.hub_waits import seconds_to_wait
from ia3_studio.settings import reading_token

Kind = Literal["models", "datasets"]
Document = Mapping[str, Any]
"""What the Hub says about one repository; anybody may have written it."""

SHORTEST = 3
"""Letters from which on the Hub is asked."""
LONGEST = 96
"""Characters of an id at most."""
PATIENCE = 4.0
"""Seconds for an answer."""
ASKED_FOR = 20
"""Repositories of an answer: more than are shown, because some cannot be used."""
MOST_BYTES = 8_000_000
"""Of an answer: 20 repositories with their chat templates have some hundred thousand."""
AT_ONCE = 4
"""Requests at the same time, of all visitors together."""
REST = 10.0
"""Seconds without requests after one that failed."""
LONGEST_REST = 120.0
"""The same where the Hub says for how long."""
KEPT_SECONDS = 300.0
KEPT_ANSWERS = 256
_LARGEST = 10**14
"""Beyond which no number is believed."""

_QUERY = re.compile(r"[A-Za-z0-9][\w./ -]*", re.ASCII)
_ADDRESS = re.compile(r"(https?://)?(www\.)?(huggingface\.co|hf\.co)/(datasets/)?")
_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "models": ("downloads", "gated", "safetensors", "gguf", "config", "tags", "library_name", "pipeline_tag"),
    "datasets": ("downloads", "gated", "mainSize", "usedStorage", "tags"),
}


def count_of(value: Any) -> int | None:
    """Return a number of bytes, parameters or downloads as the Hub gives it; None where it is not one to believe."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LARGEST else None


def tags_of(document: Document) -> list[str]:
    """Return the tags of a repository."""
    listed = document.get("tags")
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def tagged(tags: Iterable[str], prefix: str) -> str:
    """Return what follows a prefix such as "license:" in the first tag that has it; empty if none has."""
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), "")[:40]


@dataclass(frozen=True)
class HubAnswer:
    """What the Hub lists for a query, most downloaded first."""

    found: tuple[Document, ...] = ()
    trouble: str = ""
    """Why it lists nothing, as the beginning of a sentence; empty if it answered."""


class _TroubleError(Exception):
    """The Hub did not list anything; the message is the beginning of a sentence."""

    def __init__(self, said: str, rest: float = REST) -> None:
        super().__init__(said)
        self.rest = rest


def asked_for(text: str) -> str:
    """Return what to ask the Hub for a typed text; empty if it is too short, a path, or nothing that an id contains.

    Example:
        >>> asked_for("https://huggingface.co/org/name"), asked_for("sm"), asked_for("/home/me/model")
        ('org/name', '', '')
    """
    query = _ADDRESS.sub("", text.strip()[: 2 * LONGEST], count=1).strip().rstrip("/")
    return query if SHORTEST <= len(query) <= LONGEST and _QUERY.fullmatch(query) else ""


@dataclass
class HubSearch:
    """Asks the Hub within bounds: few requests at once, answers kept for minutes, a pause after trouble."""

    clock: Callable[[], float] = time.monotonic
    _answers: OrderedDict[tuple[Kind, str], tuple[float, HubAnswer]] = field(default_factory=OrderedDict)
    _access: threading.Lock = field(default_factory=threading.Lock)
    _requests: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(AT_ONCE))
    _rests_until: float = 0.0
    _trouble: str = ""

    def find(self, kind: Kind, text: str, patience: float = PATIENCE) -> HubAnswer:
        """Return what the Hub lists for a typed text; trouble is part of the answer, never raised.

        Args:
            kind: of the repositories.
            text: as it was typed; the Hub is not asked for less than three letters.
            patience: seconds to wait.
        """
        query = asked_for(text)
        if not query:
            return HubAnswer()
        key = (kind, query.lower())
        if known := self._known(key):
            return known
        try:
            answer = HubAnswer(tuple(self._ask(kind, query, patience)))
        except _TroubleError as trouble:
            with self._access:
                self._trouble, self._rests_until = str(trouble), self.clock() + trouble.rest
            return HubAnswer(trouble=str(trouble))
        with self._access:
            self._answers[key] = (self.clock(), answer)
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return answer

    def _known(self, key: tuple[Kind, str]) -> HubAnswer | None:
        with self._access:
            at, answer = self._answers.get(key, (0.0, None))
            if answer and self.clock() - at < KEPT_SECONDS:
                self._answers.move_to_end(key)
                return answer
            return HubAnswer(trouble=self._trouble) if self.clock() < self._rests_until else None

    def _ask(self, kind: Kind, query: str, patience: float) -> list[Document]:
        """Return the Hub's list; name resolution, which knows no timeout, is waited for no longer than the rest."""
        if not self._requests.acquire(blocking=False):
            raise _TroubleError(_cannot("is slow to answer"), rest=1.0)

        def ask() -> list[Document]:
            try:
                return _requested(kind, query, patience)
            finally:
                self._requests.release()

        try:
            return in_background(ask).result(timeout=patience)
        except TimeoutError as error:
            raise _TroubleError(_cannot(f"did not answer within {patience:.0f} s")) from error


def _requested(kind: Kind, query: str, patience: float) -> list[Document]:
    """Ask the Hub once.

    Raises:
        _TroubleError: it did not list anything.
    """
    import httpx2
    from huggingface_hub import constants
    from huggingface_hub.errors import OfflineModeIsEnabled
    from huggingface_hub.utils import build_hf_headers, get_session  # type: ignore[attr-defined]  # documented there

    asked = {"search": query, "sort": "downloads", "limit": str(ASKED_FOR), "expand": list(_FIELDS[kind])}
    headers = build_hf_headers(token=reading_token())
    address, ends = f"{constants.ENDPOINT}/api/{kind}", time.monotonic() + patience
    try:
        with get_session().stream("GET", address, params=asked, headers=headers, timeout=patience) as answer:
            if answer.status_code != 200:
                raise _refused(answer.status_code, seconds_to_wait(answer.headers))
            return _documents(b"".join(_bounded(answer.iter_bytes(), ends)))
    except OfflineModeIsEnabled as error:
        raise _TroubleError(_cannot("is not asked, because HF_HUB_OFFLINE is set"), rest=0.0) from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise _TroubleError(_cannot(f"did not answer within {patience:.0f} s")) from error
    except (OSError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _TroubleError(_cannot("cannot be reached")) from error


def _bounded(pieces: Any, ends: float) -> Any:
    """Yield the pieces of an answer, which may be long or come slowly."""
    came = 0
    for piece in pieces:
        came += len(piece)
        if came > MOST_BYTES:
            raise _TroubleError(_cannot("sent a longer answer than is read"))
        if time.monotonic() > ends:
            raise TimeoutError
        yield piece


def _documents(body: bytes) -> list[Document]:
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _TroubleError(_cannot("sent an answer that is not a list")) from error
    if not isinstance(listed, list):
        raise _TroubleError(_cannot("sent an answer that is not a list"))
    return [each for each in listed[:ASKED_FOR] if isinstance(each, dict) and isinstance(each.get("id"), str)]


def _refused(status: int, seconds: int | None) -> _TroubleError:
    said = {429: "gets too many requests (status 429)"}.get(status, f"returned status {status}")
    return _TroubleError(_cannot(said), min(REST if seconds is None else seconds, LONGEST_REST))


def _cannot(what: str) -> str:
    return f"The Hugging Face Hub {what}"
