"""Which rows are in JSON? One object per line, objects one after the other, or one document that holds rows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from ia3_studio.data.delimited import LINE_END, lines_of
from ia3_studio.data.header import unique_names
from ia3_studio.data.pair_columns import LANGUAGES
from ia3_studio.data.paths import python_literal
from ia3_studio.data.problem import Damage, clause, require_few
from ia3_studio.data.shapes.documents import rows_of_document
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SPLIT = "split"
"""The column that says which part of the data a row belongs to."""
SPLITS = frozenset(("train", "training", "test", "validation", "valid", "val", "dev", "eval", "evaluation"))
_FILLED = re.compile(r"\S")
_FIRST_LINES = 4
_MOST_NAMES = 10_000
_FEWEST_TEXTS = 5
"""Keys of an object that are read as texts."""
_ROWS = (
    "instances",
    "utterances",
    "examples",
    "rows",
    "records",
    "data",
    "common_examples",
    "conversations",
    "tickets",
)
"""Keys of lists that are the rows of a document which has other lists as well."""
_LONGEST_CODE = len("zh-hans")
_DEEPEST = 4
"""Objects inside each other in which a list of rows is searched."""


def split_of(name: str) -> str:
    """Return the split that a file, folder or sheet is named by, such as "train" in "data/train-00000"; else nothing.

    The last word that names one counts: "test" in "training/test.csv".
    """
    words = re.findall(r"[A-Za-z]+", name.lower())
    return next((word for word in reversed(words) if word in SPLITS), "")


def read_json(name: str, text: str, named_lines: bool) -> tuple[pd.DataFrame, str, tuple[Damage, ...]]:
    """Read JSON text; return (rows, its form, damaged rows). The index counts the rows from 1.

    Args:
        named_lines: whether the file's name promises one object a line; the text itself decides where it can.

    Raises:
        DataError: it is damaged, or holds no rows.
    """
    if _is_lines(text, named_lines):
        frame, damaged = read_json_lines(name, text)
        return frame, _lines_form(text), damaged
    stream = _stream(text)
    if stream is not None:
        return _frame(name, list(enumerate(stream, start=1))), "JSON objects one after the other", ()
    records, form = _records(name, _parse(name, text))
    return _frame(name, list(enumerate(records, start=1))), form, ()


def read_json_lines(
    name: str, text: str, *, first_row: int = 1, first_line: int = 1, is_part: bool = False
) -> tuple[pd.DataFrame, tuple[Damage, ...]]:
    """Read one object a line; return (rows, damaged rows), numbered from ``first_row`` and ``first_line`` on.

    A comma after an object, and an object that is written as a Python literal, are read.

    Raises:
        DataError: more rows are damaged than may be skipped; of a part of a file, the caller counts them.
    """
    rows, damaged = _lines(text, first_row, first_line)
    if not is_part:
        require_few(name, damaged, len(rows))
    return _frame(name, rows), tuple(damaged)


def is_json_lines(text: str) -> bool:
    """Say whether the first two lines of a text are JSON objects."""
    lines = [line for line in _first_lines(text) if line.strip()][:2]
    begun = len(lines) == 2 and all(line.lstrip().startswith("{") for line in lines)
    return begun and all(isinstance(_line_value(line), dict) for line in lines)


def _first_lines(text: str) -> list[str]:
    """Return the first lines of a text, which may be long, without a copy of the others."""
    begin = _FILLED.search(text)
    start = begin.start() if begin else len(text)
    ends = islice(LINE_END.finditer(text, start), _FIRST_LINES)
    lines: list[str] = []
    for end in ends:
        lines.append(text[start : end.start()])
        start = end.end()
    return lines if len(lines) == _FIRST_LINES else [*lines, text[start:]]


def is_json_document(text: str) -> bool:
    """Say whether a text is one JSON array or object."""
    begun = text.lstrip()[:1]
    if begun not in ("[", "{") or text.rstrip()[-1:] != {"[": "]", "{": "}"}[begun]:
        return False
    try:
        return isinstance(json.loads(text), list | dict)
    except (ValueError, RecursionError):
        return False


def _is_lines(text: str, named_so: bool) -> bool:
    first, *rest = LINE_END.split(text.strip(), maxsplit=1)
    if first.strip() in ("{", "[", "[{"):
        return False
    if not rest:
        return named_so and not first.startswith("[") and (_line_value(first) is not None or _stream(first) is None)
    if named_so:
        return not first.startswith("[") or _line_value(first) is not None
    return isinstance(_line_value(first), dict)


def _lines_form(text: str) -> str:
    first = _first_lines(text)[0].strip()
    if first.endswith(","):
        return "JSON Lines with a comma after each object"
    return "Python literals, one per line" if first.startswith("{'") else "JSON Lines"


def _line_value(line: str) -> Any:
    """Return the value of one line; None where it is none."""
    bare = line.strip().removesuffix(",")
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return python_literal(bare) if bare.startswith(("{'", '{"')) else None


def _lines(text: str, first_row: int, first_line: int) -> tuple[list[tuple[int, Any]], list[Damage]]:
    rows: list[tuple[int, Any]] = []
    damaged: list[Damage] = []
    for line, written in enumerate(lines_of(text), start=first_line):
        if not written.strip():
            continue
        number = first_row + len(rows) + len(damaged)
        try:
            rows.append((number, _object(written)))
        except (ValueError, RecursionError) as error:
            damaged.append(Damage(number, line, _reason(error), written.strip()))
    return rows, damaged


def _object(written: str) -> dict[str, Any]:
    try:
        value = json.loads(written)
    except ValueError:
        value = _line_value(written)
        if value is None:
            raise
    if isinstance(value, list) and value and not any(isinstance(each, dict) for each in value):
        return dict(zip(unique_names([""] * len(value)), value, strict=True))
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not valid JSON (column {error.colno}: {error.msg})"
    return clause(error)


def _stream(text: str) -> list[dict[str, Any]] | None:
    """Return objects that stand one after the other, over several lines each, as jq prints them; None for other text.

    Commas between them are passed over.
    """
    decoder = json.JSONDecoder()
    found: list[dict[str, Any]] = []
    place, end = 0, len(text)
    while place < end:
        while place < end and (text[place].isspace() or (found and text[place] == ",")):
            place += 1
        if place == end:
            break
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        found.append(value)
    return found if len(found) > 1 else None


def _parse(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{name}, line {error.lineno}"
        raise DataError(f"{where} is not valid JSON (column {error.colno}: {error.msg}); fix that line.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; thousands of nested brackets
        raise DataError(f"{name} cannot be read as JSON ({clause(error)}).") from error


def _records(name: str, document: Any) -> tuple[Sequence[Any], str]:
    """Return the rows of a document: itself, the lists of its splits, columns, or the only list of rows it wraps."""
    if known := rows_of_document(document):
        return known
    if isinstance(document, list):
        return _rows_of_list(document)
    if not isinstance(document, dict):
        raise DataError(f"{name} contains no list of rows; give an array of objects, or one object per line.")
    if any(_is_conversation(value) for value in document.values()):
        return [document], "JSON object, one conversation"
    for form_of in (
        _articles,
        _defined_task,
        _by_language,
        _page_of_rows,
        _split_oriented,
        _splits,
        _by_column,
        _by_key,
        _by_label,
        _by_text,
    ):
        if found := form_of(document):
            return found
    wrapped = _wrapped(document, _DEEPEST)
    inner = [each for each in document.values() if isinstance(each, dict)]
    if wrapped is None and len(inner) == 1 and (found := _by_key(inner[0])):
        return found
    if wrapped is None:
        raise DataError(f"{name} contains no list of rows; give an array of objects, or one object per line.")
    key, rows = wrapped
    records, form = _rows_of_list(rows)
    return records, f"{form} {key!r} in an object"


def _rows_of_list(rows: list[Any]) -> tuple[Sequence[Any], str]:
    if rows and all(isinstance(row, str) for row in rows):
        return [{"text": row} for row in rows], "JSON array of texts"
    if len(rows) > 1 and all(_is_plain_list(row) for row in rows) and len({len(row) for row in rows}) == 1:
        from ia3_studio.data.header import find_header

        named = find_header(rows[:60]) == 0
        names = unique_names(rows[0] if named else [""] * len(rows[0]))
        return [dict(zip(names, row, strict=True)) for row in rows[named:]], "JSON array of lists"
    return rows, "JSON array"


def _is_plain_list(row: Any) -> bool:
    return isinstance(row, list) and len(row) > 1 and not any(isinstance(cell, list | dict) for cell in row)


def _articles(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each question of SQuAD's own files: articles, paragraphs, questions."""
    articles = document.get("data")
    if not isinstance(articles, list) or not all(isinstance(each, dict) and "paragraphs" in each for each in articles):
        return None
    rows: list[dict[str, Any]] = []
    for article in articles:
        for paragraph in article["paragraphs"] if isinstance(article["paragraphs"], list) else ():
            questions = paragraph.get("qas") if isinstance(paragraph, dict) else None
            for asked in questions if isinstance(questions, list) else ():
                if isinstance(asked, dict):
                    rows.append({"context": paragraph.get("context"), **asked})
    return (rows, "SQuAD articles, one row per question") if rows else None


def _defined_task(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the instances of a task of Natural Instructions, each with the definition of the task."""
    definition, instances = document.get("Definition"), document.get("Instances")
    if not definition or not _is_rows(instances):
        return None
    text = definition if isinstance(definition, str) else "\n".join(map(str, definition))
    rows = [{"instruction": text, **each} if isinstance(each, dict) else each for each in instances or ()]
    return rows, "instances of a task (Natural Instructions)"


def _by_language(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each key of two objects of texts, one for each language, as interfaces are translated."""
    if len(document) != 2 or not all(key.lower()[:2] in LANGUAGES and len(key) <= _LONGEST_CODE for key in document):
        return None
    texts = list(document.values())
    if not all(isinstance(each, dict) and each and all(isinstance(t, str) for t in each.values()) for each in texts):
        return None
    keys = dict.fromkeys(key for each in texts for key in each)
    rows = [{language: each.get(key) for language, each in document.items()} for key in keys]
    return rows, "JSON object of languages"


def _page_of_rows(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of an answer of the Hub's server of data sets: {"rows": [{"row": {…}}]}."""
    rows = document.get("rows")
    inner = [each.get("row") if isinstance(each, dict) else None for each in rows] if isinstance(rows, list) else []
    return (inner, "JSON rows of a data set server") if inner and all(isinstance(row, dict) for row in inner) else None


def _split_oriented(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return rows that stand apart from the names of their columns: {"columns": […], "data": [[…]]}."""
    names, rows = document.get("columns"), document.get("data", document.get("rows"))
    if not isinstance(names, list) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    columns = unique_names([each.get("name", "") if isinstance(each, dict) else each for each in names])
    if not rows or any(len(row) != len(columns) for row in rows):
        return None
    return [dict(zip(columns, row, strict=True)) for row in rows], "JSON with columns and data apart"


def _splits(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    lists = {key: rows for key, rows in document.items() if _is_rows(rows)}
    pairs = {key: rows for key, rows in document.items() if isinstance(rows, list) and all(map(_is_plain_list, rows))}
    if len(pairs) > 1 and pairs.keys() == document.keys() and all(map(split_of, pairs)):
        named = [{**dict(zip(unique_names([""] * len(row)), row, strict=True)), SPLIT: split_of(key)}
                 for key, each in pairs.items() for row in each]  # fmt: skip
        return named, f"JSON object of the splits {', '.join(pairs)}"
    if len(lists) < 2 or not all(key.lower() in SPLITS for key in lists):
        return None
    rows = [{**row, SPLIT: key} if isinstance(row, dict) else row for key, each in lists.items() for row in each]
    return rows, f"JSON object of the splits {', '.join(lists)}"


def _by_column(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of an object of columns: lists of the same length, or objects with the same keys."""
    values = list(document.values())
    if len(values) < 2:
        return None
    lengths = {len(each) if isinstance(each, list) else 0 for each in values}
    if len(lengths) == 1 and max(lengths) > 1 and not all(_is_rows(each) for each in values):
        return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)], "JSON object of columns"
    first = values[0]
    if (
        isinstance(first, dict) and len(first) > 1 and all(key.isdigit() for key in first)
        and all(isinstance(each, dict) and each.keys() == first.keys() for each in values)
    ):  # fmt: skip
        return [{name: document[name][key] for name in document} for key in first], "JSON object of columns"
    return None


def _by_key(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the values of an object of rows, such as {"q1": {…}, "q2": {…}}: objects that share most of their keys."""
    values = list(document.values())
    if len(values) < 2 or not all(isinstance(each, dict) and each for each in values):
        return None
    shared = set.intersection(*(set(each) for each in values))
    if not shared or 2 * len(shared) < max(len(each) for each in values):
        return None
    few = len(values) <= len(("train", "validation", "test")) or any(key.lower() in SPLITS for key in document)
    if few and any(_is_rows(inner) for each in values for inner in each.values()):
        return None
    return [
        {"key": key, **each} if "key" not in each else each for key, each in document.items()
    ], "JSON object of rows"


def _by_label(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the texts of an object of lists of texts, one list for each label."""
    lists = list(document.values())
    if len(lists) < 2 or not all(isinstance(each, list) and len(each) > 1 for each in lists):
        return None
    if len({len(each) for each in lists}) == 1 or not all(isinstance(text, str) for each in lists for text in each):
        return None
    return [{"text": text, "label": key} for key, each in document.items() for text in each], "JSON object of labels"


def _by_text(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each key of an object whose keys are texts: {"Is berth 5 free?": "Yes, keeper."}."""
    if len(document) < _FEWEST_TEXTS or not all(isinstance(each, str | int | float) for each in document.values()):
        return None
    if 2 * sum(" " in key.strip() for key in document) < len(document):
        return None
    are_answers = 2 * len(set(document.values())) > len(document)
    names = ("prompt", "answer") if are_answers else ("text", "label")
    return [dict(zip(names, each, strict=True)) for each in document.items()], "JSON object of texts"


def _wrapped(document: Mapping[str, Any], deepest: int) -> tuple[str, list[Any]] | None:
    """Return the only list of objects inside an object, and its key; None where there is none, or several."""
    lists = {key: rows for key, rows in document.items() if _is_rows(rows)}
    known = [key for key in lists if key.lower() in _ROWS]
    if len(lists) == 1 or len(known) == 1:
        key = known[0] if len(known) == 1 else next(iter(lists))
        return key, lists[key]
    if lists or not deepest:
        return None
    inner = [_wrapped(each, deepest - 1) for each in document.values() if isinstance(each, dict)]
    found = [each for each in inner if each]
    return found[0] if len(found) == 1 else None


def _is_conversation(value: Any) -> bool:
    """Say whether a list holds the turns of one conversation rather than rows."""
    dialects = ({"role", "content"}, {"from", "value"})
    return _is_rows(value) and all(
        isinstance(turn, dict) and any(each <= set(turn) for each in dialects) for turn in value
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(row, dict) for row in value)


def _frame(name: str, rows: Sequence[tuple[int, Any]]) -> pd.DataFrame:
    import pandas as pd

    wrong = next((number for number, record in rows if not isinstance(record, dict)), None)
    if wrong:
        raise DataError(f"{name}, row {wrong} is not a JSON object; give one object per row.")
    if len({field for _number, record in rows for field in record}) > _MOST_NAMES:
        raise DataError(f"{name} has more than {_MOST_NAMES:,} different fields; give rows with the same fields.")
    try:
        # An inferred type would turn 5 into 5.0 beside a gap.
        return pd.DataFrame([record for _number, record in rows], index=[number for number, _ in rows], dtype=object)
    except UnicodeEncodeError as error:
        raise DataError(f"{name} has a field name with an incomplete character; rename it.") from error
