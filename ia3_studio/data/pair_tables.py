"""Does a table say which rows of two others belong together, by their ids, as queries and documents of a search do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import bare_name
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_TABLES, _MOST_TABLES, _TABLES_OF_TEXTS = 3, 12, 2
_NEARLY_ALL, _WORDS, _LOOKED_AT = 0.9, 3, 200
"""Share of pairs whose rows must be there; words of a text on average, and rows that are looked at for it."""


_FOUND = "passage"


@dataclass(frozen=True)
class _Texts:
    """Rows with texts, by their id."""

    path: str
    key: str
    rows: Mapping[str, Mapping[str, Any]]


def pair_tables(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read two tables of texts with an id, and tables of pairs of these ids, as a row for each pair."""
    if (
        not _FEWEST_TABLES <= len(tables) <= _MOST_TABLES
        or sum(not split_of(path) for path in tables) < _TABLES_OF_TEXTS
    ):
        return None
    try:
        found = {path: readers.table(member_path(path).name, data) for path, data in tables.items()}
    except DataError:  # one of them is something else: the sentence on all of them says more
        return None
    texts = [
        each
        for path, read in found.items()
        if not split_of(member_path(path).stem) and (each := _texts_of(path, read.frame))
    ]
    pairs = {path: found[path].frame for path in tables if path not in {each.path for each in texts}}
    links = {path: link for path, frame in pairs.items() if (link := _links(frame, texts))}
    linked = {tuple(each.path for each in link.values()) for link in links.values()}
    if len(texts) < _TABLES_OF_TEXTS or not links or len(linked) != 1:
        return None
    used = [*next(iter(linked)), *links]
    frame, left = _joined(links, pairs)
    notes = [note for path in used for note in found[path].notes]
    notes += [f"Not used: {left:,} pairs of which a row is missing."] if left else []
    notes += _unpaired(links, pairs)
    form = f"{', '.join(links)}: pairs of rows of {' and '.join(next(iter(linked)))}"
    return Found(frame, form, notes=tuple(notes)), used


def _texts_of(path: str, frame: pd.DataFrame) -> _Texts | None:
    """Return the rows of a table by their id; None if it has no id for each row, or no texts."""
    keys = [str(name) for name in frame.columns if bare_name(str(name)).endswith("id")]
    key = next((name for name in keys if frame[name].astype(str).is_unique), "")
    others = [name for name in frame.columns if str(name) != key]
    if not key or not any(_are_texts(frame[name].tolist()[:_LOOKED_AT]) for name in others):
        return None
    rows = frame[others].to_dict("records")
    return _Texts(path, key, dict(zip(frame[key].astype(str), rows, strict=True)))


def _are_texts(cells: Sequence[Any]) -> bool:
    words = [len(cell.split()) for cell in cells if isinstance(cell, str)]
    return 2 * len(words) > len(cells) and sum(words) >= _WORDS * len(words)


def _links(frame: pd.DataFrame, texts: Sequence[_Texts]) -> dict[str, _Texts]:
    """Return the two columns of a table that hold the ids of two tables of texts; nothing if it has no two."""
    found: dict[str, _Texts] = {}
    for column in frame.columns:
        if not bare_name(str(column)).endswith("id"):
            continue
        cells = frame[column].astype(str).tolist()
        named = next(
            (each for each in texts if sum(cell in each.rows for cell in cells) > _NEARLY_ALL * len(cells)), None
        )
        if named and named not in found.values():
            found[str(column)] = named
    return found if len(found) == _TABLES_OF_TEXTS else {}


def _joined(links: Mapping[str, Mapping[str, _Texts]], pairs: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, int]:
    """Return a row for each pair, and how many pairs have no rows."""
    rows: list[dict[str, Any]] = []
    left = 0
    splits = {path: split_of(str(member_path(path).with_suffix(""))) for path in links}
    by_split = all(splits.values()) and len({*splits.values()}) > 1
    for path, link in links.items():
        for pair in pairs[path].to_dict("records"):
            sides = [(each, each.rows.get(str(pair[column]))) for column, each in link.items()]
            if any(row is None for _each, row in sides):
                left += 1
                continue
            texts = {_called(each, name): cell for each, row in sides for name, cell in (row or {}).items()}
            said = {str(name): cell for name, cell in pair.items() if name not in link}
            rows.append({**texts, **said, **({SPLIT: splits[path]} if by_split else {})})
    columns = dict.fromkeys(name for row in rows for name in row)
    marks = {str(name) for path, link in links.items() for name in pairs[path].columns if name not in link}
    graded = any(len({str(row.get(name)) for row in rows}) > 1 for name in marks)
    called = {_FOUND: _FOUND if graded else "positive"}  # all pairs belong together where nothing else is said of them
    return numbered({called.get(name, name): [row.get(name) for row in rows] for name in columns}), left


def _called(texts: _Texts, column: Any) -> str:
    """Return the name of a column behind that of its table, of which "queries" and "docs" are a query and a doc."""
    stem = member_path(texts.path).stem
    ending = next((each for each in _SINGULAR if stem.endswith(each)), "")
    one = _ONE_OF.get(stem.lower(), stem.removesuffix(ending) + _SINGULAR.get(ending, ""))
    return one if str(column) == "text" else f"{one}_{column}"


_SINGULAR = {"ies": "y", "us": "us", "ss": "ss", "s": ""}
_ONE_OF = {"corpus": _FOUND, "collection": _FOUND}
"""What one text of a table is called that is called after all of them."""


def _unpaired(links: Mapping[str, Mapping[str, _Texts]], pairs: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return a note on the rows of each table of texts that are in no pair."""
    notes = []
    first = next(iter(links.values()))
    for place, texts in enumerate(first.values()):
        named = {
            str(cell) for path, link in links.items() for cell in pairs[path][[*link][place]].tolist()
        }  # fmt: skip
        without = len(texts.rows.keys() - named)
        notes += [f"Not used: {without:,} rows of {texts.path} in no pair."] if without else []
    return notes
