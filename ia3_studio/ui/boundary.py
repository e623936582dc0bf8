"""What does a visitor see when a handler fails?

One sentence, never a traceback. Every handler passes through :func:`guard` on its way to an event: errors a
user can act on arrive as they were written, anything else is logged under a short id that the page names.
"""

from __future__ import annotations

import functools
import inspect
import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from ia3_studio.errors import StudioError
from ia3_studio.ui import text

Handler = Callable[..., Any]

logger = logging.getLogger("ia3_studio.ui")


def guard(handler: Handler, *first: object) -> Handler:
    """Return the handler with its first arguments filled in and its errors turned into sentences.

    Gradio reads a handler's signature to hand over progress and event data, so the guarded one keeps the
    signature of what is left to fill in.
    """
    bound = functools.partial(handler, *first)
    guarded = _guard_stream(bound) if inspect.isgeneratorfunction(handler) else _guard_call(bound)
    functools.update_wrapper(guarded, handler)
    guarded.__signature__ = inspect.signature(bound)  # type: ignore[attr-defined]
    return guarded


def _guard_call(handler: Handler) -> Handler:
    def guarded(*values: Any) -> Any:
        try:
            return handler(*values)
        except Exception as error:  # the one boundary between the program and the page
            raise as_toast(error) from error

    return guarded


def _guard_stream(handler: Handler) -> Handler:
    def guarded(*values: Any) -> Iterator[Any]:
        try:
            yield from handler(*values)
        except Exception as error:  # the one boundary between the program and the page
            raise as_toast(error) from error

    return guarded


def as_toast(error: Exception) -> gr.Error:
    """Return the message a visitor sees for this error; log what only a developer can mend."""
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, StudioError):
        return gr.Error(text.escape(str(error)), title=text.PROBLEM, print_exception=False)
    number = secrets.token_hex(3)
    logger.error("Unexpected error %s", number, exc_info=error)
    return gr.Error(text.unexpected(number), title=text.PROBLEM, print_exception=False)
