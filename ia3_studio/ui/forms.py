"""How do the values of a form's widgets become a typed dataclass, and which widget belongs to which field?

Gradio passes values by position. A form is a frozen dataclass with a default for each field; the order of its fields is
the order of the values, and its widgets are drawn by field name, so that a setting is one field and one widget. A field
whose default is a tuple has one widget per element. Every handler is a public endpoint: values are checked against the
types of the fields before any code uses them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, fields
from typing import Any, TypeVar, get_args, get_type_hints

import gradio as gr

from ia3_studio.errors import StudioError
from ia3_studio.typed import FieldError, require_types
from ia3_studio.ui import text

Form = TypeVar("Form")
Widget = TypeVar("Widget", bound=gr.components.Component)
Widgets = Mapping[str, gr.components.Component | Sequence[gr.components.Component]]
"""The widgets of a form by field name; several for a field that is a tuple."""


def labeled(label: str) -> Mapping[str, Any]:
    """Return the metadata of a form's field: what names it on the page and in errors."""
    return {"label": label}


def read_form(kind: type[Form], given: Sequence[object]) -> Form:
    """Return the values of a form's widgets, in the order of :func:`in_order`, as the dataclass.

    A text or choice that the browser does not send has its default.

    Raises:
        StudioError: a number is missing, or a value does not have the type of its field.
    """
    rest, hints = iter(given), get_type_hints(kind)
    form = kind(**{each.name: _take(each, hints[each.name], rest) for each in fields(kind)})  # type: ignore[arg-type]
    try:
        require_types(form)
    except FieldError as error:
        label = next(_label(each) for each in fields(kind) if each.name == error.name.partition(".")[0])  # type: ignore[arg-type]
        raise StudioError(f"{label}{str(error).removeprefix(error.name)}.") from error
    return form


def _take(declared: Field[Any], hint: Any, rest: Iterator[object]) -> object:
    default: Any = declared.default
    if isinstance(default, tuple):
        return tuple(_or_default(declared, get_args(hint)[0], next(rest), each) for each in default)
    return _or_default(declared, hint, next(rest), default)


def _or_default(declared: Field[Any], hint: Any, given: object, default: object) -> object:
    if given is not None or type(None) in get_args(hint):
        return given
    if hint in (int, float):
        raise StudioError(text.empty_field(_label(declared)))
    return default


def _label(declared: Field[Any]) -> str:
    label: str = declared.metadata["label"]
    return label


def in_order(kind: type, widgets: Widgets) -> list[gr.components.Component]:
    """Return the widgets of a form in the order of its fields.

    Raises:
        TypeError: a field has no widget, or a widget has no field.
    """
    names = [each.name for each in fields(kind)]
    if unmatched := set(names) ^ set(widgets):
        raise TypeError(
            f"{kind.__name__}: field without widget, or widget without field: {', '.join(sorted(unmatched))}"
        )
    return [each for name in names for each in _listed(widgets[name])]


def updates_of(form: Any, **instead: Any) -> tuple[Any, ...]:
    """Return what a handler returns to fill the widgets of :func:`in_order`: the form's values, or those given here."""
    found: list[Any] = []
    for each in fields(form):
        given = instead.get(each.name, getattr(form, each.name))
        found += given if isinstance(each.default, tuple) else [given]
    return tuple(found)


def _listed(drawn: gr.components.Component | Sequence[gr.components.Component]) -> Iterable[gr.components.Component]:
    return [drawn] if isinstance(drawn, gr.components.Component) else drawn


class Drawn(dict[str, Any]):
    """Widgets of a form by field name, each with the label and default that its field declares."""

    def __init__(self, kind: type) -> None:
        """Prepare to draw widgets for the fields of ``kind``."""
        super().__init__()
        self._fields = {each.name: each for each in fields(kind)}
        self._hints = get_type_hints(kind)

    def draw(self, name: str, widget: type[Widget], **options: Any) -> Widget:
        """Draw the widget of a field; its element id is the field's name unless ``options`` say otherwise."""
        declared = self._fields[name]
        if widget is gr.Number and int in (self._hints[name], *get_args(self._hints[name])):
            options = {"precision": 0} | options
        options = {"value": declared.default, "label": _label(declared), "elem_id": name.replace("_", "-")} | options
        self[name] = drawn = widget(**options)
        return drawn

    def draw_next(self, name: str, widget: type[Widget], **options: Any) -> Widget:
        """Draw the next widget of a field that is a tuple; its label has its number."""
        declared, several = self._fields[name], self.setdefault(name, [])
        label = f"{_label(declared)} {len(several) + 1}"
        drawn = widget(**{"value": declared.default[len(several)], "label": label} | options)  # type: ignore[index]
        several.append(drawn)
        return drawn
