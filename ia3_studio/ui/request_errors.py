"""What becomes of requests that no page sends? An answer with a sentence, and one line in the log.

Gradio refuses much before a handler is reached: numbers of events that do not exist, values of a wrong type, half a
JSON document. It answers with 500 and writes a traceback for each, by which anybody fills the log.
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

from ia3_studio.ui import text
from ia3_studio.ui.visitor import App, Message, Receive, Send

LINES_A_MINUTE = 20
LONGEST_TEXT = 20_000_000
"""Characters of a text where its field names no bound: of rows that are pasted."""
UNPROCESSABLE = 422

logger = logging.getLogger("ia3_studio.ui")


class Told:
    """Writes a line for each refusal, up to some a minute; how many more there were is told with the next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._since = clock()
        self._count = 0

    def tell(self, where: str, error: BaseException) -> None:
        """Log where what was sent was refused, and why, in one line."""
        if self._may_tell():
            why = " ".join(f"{type(error).__name__}: {error}".split())
            logger.warning("Refused %s (%s)", where[:100].encode("unicode_escape").decode(), why[:200])

    def _may_tell(self) -> bool:
        with self._lock:
            now, left_out = self._clock(), self._count - LINES_A_MINUTE
            if now - self._since >= 60:
                self._since, self._count = now, 0
                if left_out > 0:
                    logger.warning("%d more requests were refused", left_out)
            self._count += 1
            return self._count <= LINES_A_MINUTE


def refuse_junk(demo: gr.Blocks, told: Told) -> None:
    """Let an app refuse values that do not fit its components with a sentence, not a traceback."""

    def sentence(step: Callable[..., Awaitable[Any]], *, as_sent: bool) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(step)
        async def checked(event: Any, values: Any, *others: Any, **options: Any) -> Any:
            try:
                if as_sent:  # the components have made nothing of them yet
                    _require_fit(event, values)
                    _require_short(event, values)
                _drop_odd_data([*others, *options.values()])
                return await step(event, values, *others, **options)
            except gr.Error as error:
                if error.print_exception:  # a component's own
                    told.tell(f"values for {getattr(event, 'name', 'an event')}", error)
                    error.print_exception = False
                raise
            except Exception as error:  # whatever a component makes of what a program sent
                told.tell(f"values for {getattr(event, 'name', 'an event')}", error)
                raise gr.Error(text.NOT_FROM_THE_PAGE, title=text.PROBLEM, print_exception=False) from error

        return checked

    demo.preprocess_data = sentence(demo.preprocess_data, as_sent=True)  # type: ignore[assignment, method-assign]
    demo.call_function = sentence(demo.call_function, as_sent=False)  # type: ignore[assignment, method-assign]


def _drop_odd_data(values: Sequence[Any]) -> None:
    """Forget what is said of an event in another form than ours: fields send their text there, programs send junk."""
    for value in values:
        if isinstance(value, gr.EventData) and not isinstance(value._data, dict):
            value._data = {}


def _require_fit(event: Any, values: Any) -> None:
    """Refuse a value of another type than its component sends; of a choice, Gradio itself refuses what is none."""
    for block, value in zip(getattr(event, "inputs", ()), values, strict=False):
        if not _fits(block, value):
            raise TypeError(f"{type(block).__name__} does not send values of type {type(value).__name__}")


def _fits(block: Any, value: Any) -> bool:
    """Say whether a component sends values of this type; as its own description of its interface says."""
    if value is None or isinstance(block, gr.State | gr.Radio):
        return True
    kind = block.api_info().get("type")
    if kind in ("number", "integer"):
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "array" and isinstance(block, gr.Dropdown | gr.CheckboxGroup):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, _TYPES.get(kind, object))


_TYPES: dict[str, type] = {"string": str, "boolean": bool, "array": list, "object": dict}


def _require_short(event: Any, values: Any) -> None:
    """Refuse a text that is longer than its field takes: the browser alone keeps to that."""
    for block, value in zip(getattr(event, "inputs", ()), values, strict=False):
        most = getattr(block, "max_length", None) or LONGEST_TEXT
        if isinstance(value, str) and len(value) > most:
            raise gr.Error(text.too_long(most), title=text.PROBLEM, print_exception=False)


class Refusing:
    """Answers a request that makes the app behind it fail; the outermost of what a request passes."""

    def __init__(self, app: App, told: Told) -> None:
        self._app = app
        self._told = told

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; answer with 422 where Gradio would with 500."""
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
        except Exception as error:  # a handler's own errors have been turned into sentences: this one is Gradio's
            self._told.tell(f"{scope.get('method')} {scope.get('path')}", error)
            if not started:
                await answer(send, UNPROCESSABLE, text.NOT_FROM_THE_PAGE)


async def answer(send: Send, status: int, sentence: str) -> None:
    """Answer a request with a sentence."""
    said = sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})
