"""How is an untrusted document validated and converted to a dataclass, with an error that names the field?"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Annotated, Any, TypeVar, cast, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

T = TypeVar("T")
_LARGEST = 2**63
"""What no count or size of ours comes near; arithmetic of larger ones with fractions fails."""
_SHOWN = 60
"""Characters of a value that an error quotes."""


class FieldError(ValueError):
    """A field of a document has an invalid value; the message is the end of a sentence."""

    def __init__(self, name: str, value: Any, reason: str) -> None:
        super().__init__(f"{name} is {_quoted(value)}: {reason}")
        self.name = name


def typed(kind: type[T], document: Mapping[str, Any], within: str = "") -> T:
    """Convert a document to a dataclass; numbers may be strings, unknown names are ignored.

    Args:
        kind: the dataclass; its annotations tell what each field may be.
        document: one value per field, as parsed from JSON, YAML or a command line.
        within: where the document stands in another, for the sentence: "mapping".

    Raises:
        FieldError: a value does not fit its field, or a field without a default is missing.

    Example:
        >>> typed(Point, {"x": "1e-2"}) == Point(x=0.01)  # doctest: +SKIP
        True
    """
    try:
        read = _model(cast("Any", kind)).model_validate(dict(document))
    except ValidationError as error:
        raise _first_problem(error, within) from error
    return kind(**{field.name: getattr(read, field.name) for field in fields(kind)})  # type: ignore[arg-type]


def typed_or_none(kind: type[T], document: Mapping[str, Any] | None) -> T | None:
    """Return what :func:`typed` does, or None where there is no document or it does not fit."""
    try:
        return typed(kind, document) if document is not None else None
    except ValueError:  # what the dataclass itself refuses is one as well
        return None


def require_types(value: Any) -> None:
    """Check that every field of a dataclass matches its annotation; strings are not converted to numbers.

    Raises:
        FieldError: one does not.
    """
    try:
        _model(cast("Any", type(value))).model_validate(
            {each.name: getattr(value, each.name) for each in fields(value)}, strict=True
        )
    except ValidationError as error:
        raise _first_problem(error) from error


@cache
def _model(kind: type[Any]) -> type[BaseModel]:
    hints = get_type_hints(kind)
    described: dict[str, Any] = {}
    for field in fields(kind):
        default = field.default if field.default is not MISSING else ...
        if field.default_factory is not MISSING:
            default = Field(default_factory=field.default_factory)
        described[field.name] = (_guarded(hints[field.name]), default)
    config = ConfigDict(allow_inf_nan=False, extra="ignore", protected_namespaces=(), coerce_numbers_to_str=True)
    return create_model(kind.__name__, __config__=config, **described)


def _guarded(hint: Any) -> Any:
    """Return the type of a number so that it takes no yes or no, which Python counts as 1 and 0."""
    is_number = hint in (int, float) or set(getattr(hint, "__args__", ())) & {int, float}
    return Annotated[hint, BeforeValidator(_plain_number)] if is_number else hint


def _plain_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("it must be a number")
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise ValueError("it is too large")
    return value


def _first_problem(error: ValidationError, within: str = "") -> FieldError:
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(map(str, ((within,) if within else ()) + first["loc"])) or "the document"
    reason = str(first["msg"]).removeprefix("Value error, ").replace("Input should be", "it must be")
    if first["type"] == "missing":
        return FieldError(name, None, "it is required")
    return FieldError(name, first["input"], f"{reason[0].lower()}{reason[1:]}")


def _quoted(value: Any) -> str:
    text = reprlib.repr(value)  # bounded: a few lines of YAML can stand for a list of a billion entries
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
