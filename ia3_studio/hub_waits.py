"""How long does huggingface_hub wait before it asks the Hub again?

It sleeps for as long as a refused request is told to, which may be an hour, in threads that also keep the program from
ending. Without that header it waits for 1, 2, 4 and then 8 seconds, five times in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RETRY_AFTER = "Retry-After"
_ASKS_TO_WAIT = (RETRY_AFTER, "RateLimit")
_KEPT = "X-Overlooked-Retry-After"


def wait_for_seconds_only() -> None:
    """Let huggingface_hub overlook for how long the Hub asks it to wait, **for the process**."""
    from huggingface_hub.utils import get_session  # type: ignore[attr-defined]  # documented there

    hooks = get_session().event_hooks["response"]
    if _overlook not in hooks:
        hooks.append(_overlook)


def seconds_to_wait(headers: Mapping[str, str]) -> int | None:
    """Return for how many seconds the Hub asks not to be asked, overlooked or not; None if it does not say."""
    said = headers.get(RETRY_AFTER) or headers.get(_KEPT) or ""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None


def _overlook(response: Any) -> None:
    if said := response.headers.get(RETRY_AFTER):
        response.headers[_KEPT] = said
    for name in _ASKS_TO_WAIT:
        response.headers.pop(name, None)
