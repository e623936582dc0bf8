"""Which names do the numbers of classes have, by what `datasets` records of their columns?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def namer_of(feature: Any) -> Callable[[Any], Any] | None:
    """Return what gives class names in place of numbers to the values of a feature; None where it has no classes.

    A feature is classes, a list of another one, or an object with a feature for each key.
    """
    if isinstance(feature, list) and len(feature) == 1:
        return namer_of(feature[0])
    if not isinstance(feature, dict):
        return None
    if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
        return _namer([str(each) for each in feature["names"]])
    if feature.get("_type") in ("Sequence", "List", "LargeList"):
        return namer_of(feature["feature"])
    inner = {key: name_of for key, each in feature.items() if key != "_type" and (name_of := namer_of(each))}
    return _namer_inside(inner) if inner and "_type" not in feature else None


def _namer_inside(inner: Mapping[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: inner[key](each) if key in inner else each for key, each in value.items()}
        if value is not None and hasattr(value, "__iter__") and not isinstance(value, str):
            return [named(each) for each in value]
        return value

    return named


def _namer(names: Sequence[str]) -> Callable[[Any], Any]:
    def name_of(value: Any) -> Any:
        if hasattr(value, "__iter__") and not isinstance(value, str):
            return [name_of(each) for each in value]
        if value is None or value != value:  # NaN differs from itself
            return None
        if isinstance(value, str) or not float(value).is_integer():
            return value
        # -1 is how `datasets` writes that a class is not known.
        return names[int(value)] if 0 <= int(value) < len(names) else None

    return name_of
