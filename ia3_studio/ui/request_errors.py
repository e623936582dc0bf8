"""What happens to requests that the page does not send? They get a response with a sentence, and one line in the log.

Gradio refuses some of them before it calls a handler: unknown events, values of a wrong type, incomplete JSON. It
responds with 500 and logs a traceback for each, so that anybody could fill the log.
"""

from __future__ import annotations

import functools
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from threading import Lock
from typing import Any

import gradio as gr

from ia3_studio.asgi import App, Message, Receive, Send, respond
from ia3_studio.ui import text

LINES_PER_MINUTE = 20
LONGEST_TEXT = 20_000_000
"""Characters of a text whose field has no limit: pasted rows."""
UNPROCESSABLE = 422

logger = logging.getLogger("ia3_studio.ui")


class RefusalLog:
    """Logs refused requests, up to ``LINES_PER_MINUTE``, and how many more there were."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._since = clock()
        self._count = 0

    def add(self, what: str, error: BaseException) -> None:
        """Log in one line what was refused, and why."""
        if self._has_room():
            why = " ".join(f"{type(error).__name__}: {error}".split())
            logger.warning("Refused %s (%s)", what[:100].encode("unicode_escape").decode(), why[:200])

    def _has_room(self) -> bool:
        with self._lock:
            now, omitted = self._clock(), self._count - LINES_PER_MINUTE
            if now - self._since >= 60:
                self._since, self._count = now, 0
                if omitted > 0:
                    logger.warning("%d more requests were refused", omitted)
            self._count += 1
            return self._count <= LINES_PER_MINUTE


def refuse_invalid_values(demo: gr.Blocks, log: RefusalLog) -> None:
    """Let an app refuse values that do not fit its components with a sentence; **the app is changed**."""

    def checking(step: Callable[..., Awaitable[Any]], *, as_sent: bool) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(step)
        async def checked(event: Any, values: Any, *others: Any, **options: Any) -> Any:
            try:
                if as_sent:  # the components have not processed them yet
                    _require_types(event, values)
                    _require_lengths(event, values)
                _drop_invalid_event_data([*others, *options.values()])
                return await step(event, values, *others, **options)
            except gr.Error as error:
                if error.print_exception:  # raised by a component
                    log.add(f"values for {getattr(event, 'name', 'an event')}", error)
                    error.print_exception = False
                raise
            except Exception as error:  # any error of a component on a value that a program sent
                log.add(f"values for {getattr(event, 'name', 'an event')}", error)
                raise gr.Error(text.INVALID_REQUEST, title=text.PROBLEM, print_exception=False) from error

        return checked

    demo.preprocess_data = checking(demo.preprocess_data, as_sent=True)  # type: ignore[assignment, method-assign]
    demo.call_function = checking(demo.call_function, as_sent=False)  # type: ignore[assignment, method-assign]


def _drop_invalid_event_data(values: Sequence[Any]) -> None:
    """Drop event data that are not a dict: textboxes send their text there, programs send anything."""
    for value in values:
        if isinstance(value, gr.EventData) and not isinstance(value._data, dict):
            value._data = {}


def _require_types(event: Any, values: Any) -> None:
    """Refuse a value of another type than its component sends; Gradio itself refuses values that are not choices."""
    for block, value in zip(getattr(event, "inputs", ()), values, strict=False):
        if not _fits(block, value):
            raise TypeError(f"{type(block).__name__} does not send values of type {type(value).__name__}")


def _fits(block: Any, value: Any) -> bool:
    """Return whether a component sends values of this type, according to its API description."""
    if value is None or isinstance(block, gr.State | gr.Radio):
        return True
    kind = block.api_info().get("type")
    if kind in ("number", "integer"):
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "array" and isinstance(block, gr.Dropdown | gr.CheckboxGroup):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, _TYPES.get(kind, object))


_TYPES: dict[str, type] = {"string": str, "boolean": bool, "array": list, "object": dict}


def _require_lengths(event: Any, values: Any) -> None:
    """Refuse a text that is longer than its field allows: only the browser enforces that."""
    for block, value in zip(getattr(event, "inputs", ()), values, strict=False):
        most = getattr(block, "max_length", None) or LONGEST_TEXT
        if isinstance(value, str) and len(value) > most:
            raise gr.Error(text.too_long(most), title=text.PROBLEM, print_exception=False)


class FailureMiddleware:
    """Responds to a request on which the app fails; the outermost middleware."""

    def __init__(self, app: App, log: RefusalLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; respond with 422 instead of Gradio's 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def as_refusal(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if message["status"] == 500:
                    message = {**message, "status": UNPROCESSABLE}
            await send(message)

        try:
            await self._app(scope, receive, as_refusal)
        except Exception as error:  # errors of handlers are sentences already: this is one of Gradio
            self._log.add(f"{scope.get('method')} {scope.get('path')}", error)
            if not started:
                await respond(send, UNPROCESSABLE, text.INVALID_REQUEST)
