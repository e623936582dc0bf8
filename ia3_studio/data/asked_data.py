"""Which column of data is asked, or is a question or an instruction about? An object, or a table."""

from __future__ import annotations

from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import bare_name, name_words, named, says, says_last
from ia3_studio.data.column_profile import LONGEST_LABEL, cells_of, is_list_of_texts, is_plain, profile, structures_of
from ia3_studio.data.column_words import ASKED, READ
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_cells import asked_path
from ia3_studio.data.paths import is_listed

if TYPE_CHECKING:
    import pandas as pd

_GIVEN = ("input", "inputs")
_TABLES = frozenset(("table", "tables"))
_ABOUT = frozenset(("table", "tables", "schema", "tableschema", "databaseschema", "dbschema", "createtable", "ddl"))
_LONGEST_NAME = 60


def given_objects(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns called input that hold objects of several texts, which are asked together."""
    held = [name for name in named(columns, _GIVEN) if not is_plain(frame, name)]
    held = [name for name in held if not asked_path(frame, name)]
    return [name for name in held if all(map(_holds_several_texts, structures_of(frame, name)))]


def given_records(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns called input that hold objects, which an instruction next to them is about."""
    held = {name: structures_of(frame, name) for name in named(columns, _GIVEN)}
    return [name for name, values in held.items() if values and all(isinstance(each, Record) for each in values)]


def decided_objects(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return an object called input and the only value that is expected of it, such as a decision."""
    given = [name for name in named(columns, _GIVEN) if is_structured(frame, name)]
    expected = [name for name in columns if name_words(name)[:1] == ["expected"] and is_plain(frame, name)]
    if len(given) != 1 or len(expected) != 1 or asked_path(frame, given[0]):
        return None
    return Mapping("pairs", given[0], expected[0])


def true_objects(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only object that something is to be made of, and the one of what is true: input_data and reference.

    Next to them stand no texts, but numbers, labels, and objects of what else is known or what a model has said.
    """
    objects = [name for name in columns if _are_objects(frame, name)]
    true = [name for name in objects if bare_name(name) in _TRUE]
    others = [name for name in objects if name not in true and not says_last(name, ASIDE) and not says(name, _MADE)]
    texts = [each for name in columns if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    if len(true) != 1 or len(others) != 1 or any(2 * each.different > len(frame) for each in texts):
        return None
    keys = {str(key) for value in structures_of(frame, others[0]) for key in value}
    alone = f"{others[0]}.{next(iter(keys))}" if len(keys) == 1 else ""
    is_text = bool(alone) and all(isinstance(each, str) for each in cells_of(frame, alone))
    return Mapping("pairs", alone if is_text else others[0], true[0])


def _are_objects(frame: pd.DataFrame, name: str) -> bool:
    values = structures_of(frame, name)
    return bool(values) and all(isinstance(each, Record) for each in values)


_TRUE = frozenset(("groundtruth", "reference", "gold", "truth", "expected", "target", "expectedoutput", "goldstandard"))
"""Objects of what is to be said."""
ASIDE = frozenset(("metadata", "meta", "info", "config", "params", "parameters", "settings", "scores", "stats"))
_MADE = frozenset(("system", "predicted", "prediction", "predictions", "generated", "model"))
"""Words for objects of what else is known of a row, and of what a model made of it."""


def extracted(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return what is to be found in a text, the text as its context, and the list of what is there, as for UIE."""
    asked, texts = named(columns, ("prompt", "instruction")), named(columns, ("content", "text", "sentence"))
    results = [name for name in named(columns, _RESULTS) if all(map(is_listed, structures_of(frame, name)))]
    results = [name for name in results if structures_of(frame, name)]
    if len(asked) != 1 or len(texts) != 1 or len(results) != 1:
        return None
    return Mapping("pairs", asked[0], results[0], texts[0], lists="json")


_RESULTS = ("result_list", "results", "extractions")


def expected_values(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only text that is asked or read, and the first short value that is expected of it, as its label.

    So tests of a model say what it should choose: an input with an expected tool, a description with its solver.
    """
    called = [name for name in columns if len(name_words(name)) > 1 and name_words(name)[0] in _EXPECTED]
    expected = [name for name in called if is_plain(frame, name)]
    texts = [each for name in columns if name not in expected and (each := profile(frame, name)).is_text]
    texts = [each for each in texts if each.filled > MOSTLY and each.different > 1 and not each.is_label]
    asked = [each.name for each in texts if says(each.name, ASKED | READ) or bare_name(each.name) in _GIVEN]
    short = (each for name in expected if 0 < (each := profile(frame, name)).length <= LONGEST_LABEL)
    label = next((each for each in short if 1 < each.different < len(frame) and each.filled > MOSTLY), None)
    if len(asked) != 1 or label is None:
        return None
    return Mapping("labels", column=asked[0], answer=label.name)


_EXPECTED = frozenset(("expected", "expect", "desired"))
"""First words of what a test expects."""


def data_context(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """Return the column of data that a question is about, such as a table; empty if there is none."""
    tables = [name for name in columns if says_last(name, _TABLES) and is_structured(frame, name)]
    found = [name for name in columns if bare_name(name) in _ABOUT or name in tables]
    return next((name for name in found if cells_of(frame, name) and not _are_only_named(frame, name)), "")


def is_structured(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most cells of a column are objects or lists."""
    values = structures_of(frame, name)
    held = [value for value in values if isinstance(value, Record) or is_listed(value)]
    return len(held) > MOSTLY * len(values) > 0


def _holds_several_texts(value: Any) -> bool:
    return isinstance(value, Record) and sum(isinstance(each, str) for each in value.values()) > 1


def _are_only_named(frame: pd.DataFrame, name: str) -> bool:
    """Say whether cells are lists of the names of tables, which say nothing of what those hold."""
    values = structures_of(frame, name)
    return bool(values) and all(is_list_of_texts(value) and all(map(_is_name, value)) for value in values)


def _is_name(text: str) -> bool:
    """Say whether a text is the name of a table rather than what it holds."""
    return len(text.split()) == 1 and len(text) < _LONGEST_NAME
