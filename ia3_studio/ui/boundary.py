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
from contextlib import closing, contextmanager
from typing import Any

import gradio as gr

from ia3_studio.errors import StudioError
from ia3_studio.settings import is_public
from ia3_studio.ui import text
from ia3_studio.ui.unnamed import is_kept, without_folders
from ia3_studio.ui.visitor import visiting

Handler = Callable[..., Any]
logger = logging.getLogger("ia3_studio.ui")


def guard(handler: Handler, *first: object) -> Handler:
    """Return the handler with its first arguments filled in and its errors turned into sentences.

    Gradio reads a handler's signature to hand over progress and event data, so the guarded one keeps the
    signature of what is left to fill in. Where strangers visit, it also takes the request, and the handler runs for
    the visitor who sent it.
    """
    bound = functools.partial(handler, *first)
    guarded = _guard_stream(bound) if inspect.isgeneratorfunction(handler) else _guard_call(bound)
    functools.update_wrapper(guarded, handler)
    signature = inspect.signature(bound)
    if not is_public():
        guarded.__signature__ = signature  # type: ignore[attr-defined]
        return guarded
    return _for_visitor(guarded, signature, inspect.isgeneratorfunction(handler))


def _for_visitor(guarded: Handler, signature: inspect.Signature, streams: bool) -> Handler:
    """Return a handler that first takes the request, by which it runs for the visitor who sent it."""

    def answer(visit: gr.Request, *values: Any) -> Any:
        with _refusing(), visiting(visit):
            return told(guarded(*values))

    def stream(visit: gr.Request, *values: Any) -> Iterator[Any]:
        with closing(guarded(*values)) as steps:
            while True:
                with _refusing(), visiting(visit):  # anew for each step: it may run in another thread
                    try:
                        step = next(steps)
                    except StopIteration:
                        return
                yield told(step)

    handler: Handler = stream if streams else answer
    request = inspect.Parameter("visit", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    handler.__signature__ = signature.replace(parameters=[request, *signature.parameters.values()])  # type: ignore[attr-defined]
    # Gradio gives up on all annotations where one names what only a type checker imports.
    special = {name: each for name, each in guarded.__annotations__.items() if str(each).startswith("gr.")}
    handler.__annotations__ = {"visit": gr.Request, **{name: _gradio(each) for name, each in special.items()}}
    handler.__name__ = guarded.__name__
    return handler


def _gradio(annotation: Any) -> Any:
    """Return what an annotation such as ``gr.Request`` or ``gr.OAuthToken | None`` names."""
    name, _bar, other = str(annotation).removeprefix("gr.").partition(" | ")
    found = getattr(gr, name, annotation)
    return found | None if other == "None" else found


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn what is raised before the handler into a sentence too."""
    try:
        yield
    except StudioError as error:
        raise as_toast(error) from error


def told(value: Any) -> Any:
    """Return what a handler gives to the page without folders of this machine.

    Sentences, logs and lists of facts lose them. A file that is offered, and a choice that stays on the server, is its
    path as a whole, or JSON, and stays.
    """
    if isinstance(value, str):
        return value if is_kept(value) else without_folders(value)
    if isinstance(value, dict):
        return {key: told(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(told, value))
    return value


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
        said = without_folders(str(error)) if is_public() else str(error)
        return gr.Error(text.escape(said), title=text.PROBLEM, print_exception=False)
    number = secrets.token_hex(3)
    logger.error("Unexpected error %s", number, exc_info=error)
    return gr.Error(text.unexpected(number), title=text.PROBLEM, print_exception=False)
