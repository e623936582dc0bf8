"""How do a tool's values become JSON, and its errors a sentence that reaches an agent?"""

from __future__ import annotations

import functools
import inspect
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import gradio as gr

from ia3_studio.data.example import Example
from ia3_studio.models.catalog import ModelEntry
from ia3_studio.ui.handler_errors import told
from ia3_studio.ui.session import Studio

Tool = Callable[..., Any]
"""A studio and the values of an agent → what becomes JSON."""


class ToolError(gr.Error):
    """A sentence on what went wrong, which reaches an agent as it is."""

    def __str__(self) -> str:
        return str(self.message)


def endpoint(tool: Tool, studio: Studio) -> Tool:
    """Return a tool as Gradio calls it: with the arguments after the studio, and JSON or a sentence as the answer."""

    @functools.wraps(tool)
    def answer(*values: Any) -> str:
        try:
            return json.dumps(_finite(tool(studio, *values)), ensure_ascii=False)
        except Exception as error:  # the only boundary between the program and an agent
            raise ToolError(told(error), print_exception=False) from error

    hints = get_type_hints(tool)
    _studio, *parameters = inspect.signature(tool).parameters.values()
    typed = [each.replace(annotation=hints[each.name]) for each in parameters]
    answer.__signature__ = inspect.Signature(typed, return_annotation=str)  # type: ignore[attr-defined]
    answer.__annotations__ = {each.name: each.annotation for each in typed} | {"return": str}
    del answer.__wrapped__  # whose arguments are others
    return answer


def _finite(value: Any) -> Any:
    """Return a value as JSON can hold it: no infinity and no NaN, for which it has null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def model_entry(entry: ModelEntry) -> dict[str, Any]:
    """Return a model of the catalog with what an agent chooses by."""
    names = ("source", "group", "parameters", "size", "license", "ready", "gated", "unusable")
    return {name: getattr(entry, name) for name in names}


def example_row(example: Example) -> dict[str, Any]:
    """Return a row with what it has."""
    messages = [{"role": each.role, "content": each.content} for each in example.messages]
    rejected = [{"role": each.role, "content": each.content} for each in example.rejected]
    found = {
        "text": example.text, "second": example.second, "words": list(example.words), "labels": list(example.labels),
        "choices": list(example.choices), "messages": messages, "rejected": rejected, "desirable": example.desirable,
    }  # fmt: skip
    return {"row": example.row, **{name: value for name, value in found.items() if value not in ("", [], None)}}
