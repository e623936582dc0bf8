"""Which rows are in one JSON document? Itself, its splits, its columns, or the list of rows that it wraps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.conll import is_tag
from ia3_studio.data.header import unique_names
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.listed_rows import rows_in_lists
from ia3_studio.data.shapes.documents import rows_of_document
from ia3_studio.errors import DataError

SPLIT = "split"
"""The column that says which part of the data a row belongs to."""
SPLITS = frozenset(
    (
        "train",
        "training",
        "test",
        "testing",
        "holdout",
        "validation",
        "valid",
        "val",
        "dev",
        "eval",
        "evaluation",
        "testa",
        "testb",
    )
)
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
    words = [word.removesuffix("set") or word for word in re.findall(r"[A-Za-z]+", name.lower())]
    return next((word for word in reversed(words) if word in SPLITS), "")


def rows_of_json(name: str, document: Any) -> tuple[Sequence[Any], str]:
    """Return the rows of a document: itself, the lists of its splits, columns, or the only list of rows it wraps."""
    if known := rows_of_document(document):
        return known
    if isinstance(document, list):
        return _articles({"data": document}) or _rows_of_list(document)
    if not isinstance(document, dict):
        raise DataError(f"{name} contains no list of rows; give an array of objects, or one object per line.")
    if any(_is_conversation(value) for value in document.values()):
        return [document], "JSON object, one conversation"
    for form_of in (
        _articles,
        lambda article: _articles({"data": [article]}),
        _defined_task,
        _by_language,
        _page_of_rows,
        _split_oriented,
        _splits,
        _by_column,
        _by_key,
        _by_label,
        _by_sentence,
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
    if len(rows) == 1 and isinstance(rows[0], list) and rows[0] and all(isinstance(row, list) for row in rows[0]):
        return _rows_of_list(rows[0])
    if rows and all(isinstance(row, str) for row in rows):
        return [{"text": row} for row in rows], "JSON array of texts"
    if len(rows) > 1 and all(_is_plain_list(row) for row in rows) and len({len(row) for row in rows}) == 1:
        from ia3_studio.data.header import find_header

        named = find_header(rows[:60]) == 0
        names = unique_names(rows[0] if named else [""] * len(rows[0]))
        return [dict(zip(names, row, strict=True)) for row in rows[named:]], "JSON array of lists"
    if len(rows) > 1 and all(_is_talk(row) for row in rows):
        return [{"dialog": row} for row in rows], "JSON array of lists of texts"
    if found := rows_in_lists(rows):
        return found
    if rows and all(map(_is_tagged, rows)):
        pairs = [list(zip(*row, strict=True)) for row in rows]
        return [{"tokens": list(words), "tags": list(tags)} for words, tags in pairs], "JSON array of words with tags"
    if rows and all(isinstance(row, dict) and _defined_task(row) for row in rows):
        tasks = [found for row in rows if (found := _defined_task(row))]
        return [each for instances, _form in tasks for each in instances], "instances of tasks (Natural Instructions)"
    if (inner := _inner_questions(rows)) is not None:
        return inner, "JSON array, a row per question"
    return rows, "JSON array"


def _inner_questions(rows: list[Any]) -> list[Any] | None:
    """Return the questions with choices that stand in a list inside each row, with what else the row says of them."""
    keys = [key for key in rows[0] if key.lower() in _QUESTIONS] if rows and isinstance(rows[0], dict) else []
    if len(keys) != 1:
        return None
    key = keys[0]
    short = all(isinstance(row, dict) and _is_rows(row.get(key)) and _says_little(row, key) for row in rows)
    if not short or not all(_has_list_of_texts(each) for row in rows for each in row[key]):
        return None
    return [{**{name: cell for name, cell in row.items() if name != key}, **each} for row in rows for each in row[key]]


_QUESTIONS = ("questions", "quiz", "items")
_LONGEST_TITLE = 80


def _says_little(row: Mapping[str, Any], key: str) -> bool:
    """Say whether the other values of a row are no more than names and numbers."""
    return all(
        not isinstance(cell, list | dict) and len(str(cell)) <= _LONGEST_TITLE
        for name, cell in row.items()
        if name != key
    )


def _has_list_of_texts(value: Any) -> bool:
    cells = value.values() if isinstance(value, dict) else ()
    return any(
        isinstance(cell, list) and len(cell) > 1 and all(isinstance(each, str) for each in cell) for cell in cells
    )


def _is_talk(row: Any) -> bool:
    return isinstance(row, list) and len(row) > 1 and all(isinstance(text, str) and text.strip() for text in row)


def _is_tagged(row: Any) -> bool:
    """Say whether a row is a sentence of pairs of a word and its tag."""
    pairs = row if isinstance(row, list) else []
    return bool(pairs) and all(
        isinstance(pair, list) and len(pair) == len(("word", "tag")) and isinstance(pair[0], str) and is_tag(pair[1])
        for pair in pairs
    )


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
    about = {key: value for key, value in document.items() if isinstance(value, str) and key != "Definition"}
    rows = [{"instruction": text, **about, **each} if isinstance(each, dict) else each for each in instances or ()]
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


def _by_sentence(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the words and tags of an object of sentences: {"Berth five": [{"word": "Berth", "label": "O"}, …]}."""
    lists = list(document.values())
    if len(lists) < 2 or not all(isinstance(each, list) and each and _is_rows(each) for each in lists):
        return None
    word, tag = (_key_in(lists[0][0], names) for names in (("word", "token", "text"), ("label", "tag", "ner")))
    fits = (
        word and tag and all(isinstance(each, dict) and {word, tag} <= each.keys() for rows in lists for each in rows)
    )
    if not fits:
        return None
    return [
        {"tokens": [str(each[word]) for each in rows], "tags": [str(each[tag]) for each in rows]} for rows in lists
    ], "JSON object of sentences"


def _key_in(value: Any, names: Sequence[str]) -> str:
    return next((name for name in names if isinstance(value, dict) and name in value), "")


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
