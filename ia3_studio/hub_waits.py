"""How long does huggingface_hub wait before it asks the Hub again?

It sleeps for as long as a refused request is told to, which may be an hour, in threads that also keep the program from
ending. Without that header it waits for 1, 2, 4 and then 8 seconds, five times in all.
"""

from __future__ import annotations

from typing import Any

_ASKS_TO_WAIT = ("Retry-After", "RateLimit")


def wait_for_seconds_only() -> None:
    """Let huggingface_hub overlook for how long the Hub asks it to wait, **for the process**."""
    from huggingface_hub.utils import get_session  # type: ignore[attr-defined]  # documented there

    hooks = get_session().event_hooks["response"]
    if _overlook not in hooks:
        hooks.append(_overlook)


def _overlook(response: Any) -> None:
    for name in _ASKS_TO_WAIT:
        response.headers.pop(name, None)
