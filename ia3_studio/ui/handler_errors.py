"""What does the page show when a handler fails?

One sentence, never a traceback. Every handler of an event is wrapped by :func:`guard`: errors that a user can act on
are shown as they are, any other one is logged under a short id that the page shows.
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
from ia3_studio.models.out_of_memory import is_out_of_memory
from ia3_studio.settings import is_public
from ia3_studio.ui import text
from ia3_studio.ui.hidden_paths import without_paths, without_paths_in
from ia3_studio.ui.visitor import visiting

Handler = Callable[..., Any]
logger = logging.getLogger("ia3_studio.ui")


def guard(handler: Handler, *first: object) -> Handler:
    """Return the handler with its first arguments bound and its errors converted to sentences.

    Gradio reads a handler's signature to pass requests and event data, so the guarded one has the signature of the
    remaining arguments. In public mode it also takes the request, and the handler runs for the visitor who sent it.
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
    """Return a handler that also takes the request, and runs for the visitor who sent it."""

    def answer(visit: gr.Request, *values: Any) -> Any:
        with _as_toasts(), visiting(visit):
            return without_paths_in(guarded(*values))

    def stream(visit: gr.Request, *values: Any) -> Iterator[Any]:
        with closing(guarded(*values)) as steps:
            while True:
                with _as_toasts(), visiting(visit):  # for each step, which may run in another thread
                    try:
                        step = next(steps)
                    except StopIteration:
                        return
                yield without_paths_in(step)

    handler: Handler = stream if streams else answer
    request = inspect.Parameter("visit", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    handler.__signature__ = signature.replace(parameters=[request, *signature.parameters.values()])  # type: ignore[attr-defined]
    # Gradio ignores all annotations if one has a name that only a type checker imports.
    special = {name: each for name, each in guarded.__annotations__.items() if str(each).startswith("gr.")}
    handler.__annotations__ = {"visit": gr.Request, **{name: _gradio(each) for name, each in special.items()}}
    handler.__name__ = guarded.__name__
    return handler


def _gradio(annotation: Any) -> Any:
    """Return the type for an annotation such as ``gr.Request`` or ``gr.OAuthToken | None``."""
    name, _bar, other = str(annotation).removeprefix("gr.").partition(" | ")
    found = getattr(gr, name, annotation)
    return found | None if other == "None" else found


@contextmanager
def _as_toasts() -> Iterator[None]:
    """Convert errors that are raised before the handler to sentences, too."""
    try:
        yield
    except StudioError as error:
        raise as_toast(error) from error


def _guard_call(handler: Handler) -> Handler:
    def guarded(*values: Any) -> Any:
        try:
            return handler(*values)
        except Exception as error:  # the only boundary between the program and the page
            raise as_toast(error) from error

    return guarded


def _guard_stream(handler: Handler) -> Handler:
    def guarded(*values: Any) -> Iterator[Any]:
        try:
            yield from handler(*values)
        except Exception as error:  # the only boundary between the program and the page
            raise as_toast(error) from error

    return guarded


def as_toast(error: Exception) -> gr.Error:
    """Return the toast for an error; one that only a developer can fix is logged."""
    if isinstance(error, gr.Error):
        return error
    sentence = text.escape(told(error)) if isinstance(error, StudioError) else told(error)
    return gr.Error(sentence, title=text.PROBLEM, print_exception=False)


def told(error: Exception) -> str:
    """Return the sentence on an error; one that only a developer can fix is logged."""
    if isinstance(error, StudioError):
        return without_paths(str(error)) if is_public() else str(error)
    if is_out_of_memory(error):
        logger.error("Out of memory", exc_info=error)
        return text.OUT_OF_MEMORY
    number = secrets.token_hex(3)
    logger.error("Unexpected error %s", number, exc_info=error)
    return text.unexpected(number)
