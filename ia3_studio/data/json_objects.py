"""Which rows are in one object of JSON: by column, by key, by label, by split, or in one of its lists?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.class_names import namer_of
from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.header import unique_names
from ia3_studio.data.header_words import KNOWN_NAMES
from ia3_studio.data.split_names import SPLIT, SPLITS, split_of

_FEWEST_TEXTS = 5
"""Keys of an object that are read as texts."""


def is_plain_list(row: Any) -> bool:
    """Say whether a row is a list of single values."""
    return isinstance(row, list) and len(row) > 1 and not any(isinstance(cell, list | dict) for cell in row)


def articles(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
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
                    rows.append({"context": paragraph.get("context") or _texts_of(paragraph), **asked})
    return (rows, "SQuAD articles, one row per question") if rows else None


def _texts_of(paragraph: Mapping[str, Any]) -> str | None:
    """Return the texts of a paragraph that has no context by that name, such as its background and a situation."""
    texts = [each for each in paragraph.values() if isinstance(each, str) and len(each.split()) > _WORDS_OF_A_NAME]
    return "\n\n".join(texts) or None


_WORDS_OF_A_NAME = 5


def defined_task(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the instances of a task of Natural Instructions, each with the definition of the task."""
    definition, instances = document.get("Definition"), document.get("Instances")
    if not definition or not is_rows(instances):
        return None
    text = definition if isinstance(definition, str) else "\n".join(map(str, definition))
    about = {key: value for key, value in document.items() if isinstance(value, str) and key != "Definition"}
    rows = [{"instruction": text, **about, **each} if isinstance(each, dict) else each for each in instances or ()]
    return rows, "instances of a task (Natural Instructions)"


def page_of_rows(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of an answer of the Hub's server of data sets: {"rows": [{"row": {…}}]}."""
    rows = document.get("rows")
    inner = [each.get("row") if isinstance(each, dict) else None for each in rows] if isinstance(rows, list) else []
    if not inner or not all(isinstance(row, dict) for row in inner):
        return None
    features = document.get("features")
    kinds = [each for each in features if isinstance(each, dict)] if isinstance(features, list) else []
    named = {str(each.get("name")): name_of for each in kinds if (name_of := namer_of(each.get("type")))}
    return [
        {key: named[key](cell) if key in named else cell for key, cell in row.items()}
        for row in inner if isinstance(row, dict)
    ], "JSON rows of a data set server"  # fmt: skip


def split_oriented(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return rows that stand apart from the names of their columns: {"columns": […], "data": [[…]]}."""
    names, rows = document.get("columns"), document.get("data", document.get("rows"))
    if not isinstance(names, list) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    columns = unique_names([each.get("name", "") if isinstance(each, dict) else each for each in names])
    if not rows or any(len(row) != len(columns) for row in rows):
        return None
    return [dict(zip(columns, row, strict=True)) for row in rows], "JSON with columns and data apart"


def splits(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of an object of splits, each with the split it is of: objects, lists of values, or texts."""
    lists = {key: rows for key, rows in document.items() if is_rows(rows)}
    others = {key: rows for key, rows in document.items() if isinstance(rows, list) and rows and not is_rows(rows)}
    pairs = {key: rows for key, rows in others.items() if all(map(is_plain_list, rows))}
    if len(pairs) > 1 and pairs.keys() == document.keys() and all(map(split_of, pairs)):
        named = [{**dict(zip(unique_names([""] * len(row)), row, strict=True)), SPLIT: split_of(key)}
                 for key, each in pairs.items() for row in each]  # fmt: skip
        return named, _form_of_splits(pairs)
    texts = {key: rows for key, rows in others.items() if split_of(key) and all(isinstance(row, str) for row in rows)}
    if len(texts) > 1 and texts.keys() == others.keys() and not lists:
        return [{"text": row, SPLIT: split_of(key)} for key, each in texts.items() for row in each], _form_of_splits(
            texts
        )
    if len(lists) < 2 or not all(key.lower() in SPLITS for key in lists):
        return None
    rows = [{**row, SPLIT: key} if isinstance(row, dict) else row for key, each in lists.items() for row in each]
    return rows, _form_of_splits(lists)


def _form_of_splits(lists: Mapping[str, Any]) -> str:
    return f"JSON object of the splits {', '.join(lists)}"


def by_column(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of an object of columns: lists of the same length, or objects with the same keys."""
    values = list(document.values())
    if len(values) < 2:
        return None
    lengths = {len(each) if isinstance(each, list) else 0 for each in values}
    if len(lengths) == 1 and max(lengths) > 1 and not all(is_rows(each) for each in values):
        return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)], "JSON object of columns"
    first = values[0]
    if (
        isinstance(first, dict) and len(first) > 1 and all(key.isdigit() for key in first)
        and all(isinstance(each, dict) and each.keys() == first.keys() for each in values)
    ):  # fmt: skip
        return [{name: document[name][key] for name in document} for key in first], "JSON object of columns"
    return None


def by_key(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the values of an object of rows, such as {"q1": {…}, "q2": {…}}: objects that share most of their keys."""
    values = list(document.values())
    if len(values) < 2 or not all(isinstance(each, dict) and each for each in values):
        return None
    shared = set.intersection(*(set(each) for each in values))
    if not shared or 2 * len(shared) < max(len(each) for each in values):
        return None
    few = len(values) <= len(("train", "validation", "test")) or any(key.lower() in SPLITS for key in document)
    if few and any(is_rows(inner) and not _are_turns(inner) for each in values for inner in each.values()):
        return None
    return [
        {"key": key, **each} if "key" not in each else each for key, each in document.items()
    ], "JSON object of rows"


def by_group(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of an object of lists of rows that share most of their keys, such as {"2023": [{…}]}."""
    lists = list(document.values())
    if len(lists) < 2 or not all(isinstance(each, list) and each for each in lists):
        return None
    rows = [row for each in lists for row in each]
    if not all(isinstance(row, dict) and row for row in rows):
        return None
    shared = set.intersection(*(set(row) for row in rows))
    if len(shared) < 2 or 2 * len(shared) < max(map(len, rows)):
        return None
    named = [{"key": key, **row} for key, each in document.items() for row in each]
    return named, f"JSON object of the lists {', '.join(list(document)[:_NAMED])}"


_NAMED = 6
"""Lists of an object that are named."""


def _are_turns(rows: Any) -> bool:
    """Say whether rows are the turns of a conversation."""
    return all(isinstance(row, dict) and any(pair <= row.keys() for pair in _TURNS) for row in rows)


_TURNS = ({"role", "content"}, {"from", "value"}, {"sender", "text"}, {"speaker", "text"})


def by_label(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the texts of an object of lists of texts, one for each label; no labels are poem1, poem2 and so on."""
    lists = list(document.values())
    if _are_counted(document):
        return None
    if len(lists) < 2 or not all(isinstance(each, list) and len(each) > 1 for each in lists):
        return None
    if len({len(each) for each in lists}) == 1 or not all(isinstance(text, str) for each in lists for text in each):
        return None
    return [{"text": text, "label": key} for key, each in document.items() for text in each], "JSON object of labels"


def by_number(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each list of texts under keys that count what the lists are: {"poem1": […], "poem2": […]}."""
    lists = list(document.values())
    if not _are_counted(document) or not all(isinstance(each, list) and each for each in lists):
        return None
    texts = [text for each in lists for text in each]
    if not all(isinstance(text, str) for text in texts) or not any(map(_LETTER.search, texts)):
        return None
    stem = _COUNTED_KEY.fullmatch(next(iter(document)))
    name = stem[1].strip(" _-").casefold() if stem else "text"
    return [{name: each} for each in lists], "JSON object of counted lists"


_LETTER = re.compile(r"[^\W\d_]")
_COUNTED_KEY = re.compile(r"([^\W\d_]+[ _-]?)(\d+)")
_NOT_COUNTED = frozenset(
    ("class", "label", "cluster", "topic", "category", "group", "intent", "tag", "type", "set", "level")
)
"""Words before a number that are names of classes."""


def _are_counted(document: Mapping[str, Any]) -> bool:
    """Say whether the keys of an object are one word with numbers that follow each other."""
    found = [_COUNTED_KEY.fullmatch(key) for key in document]
    stems = {each[1].strip(" _-").casefold() for each in found if each}
    if len(found) < _FEWEST_COUNTED or not all(found) or len(stems) > 1 or stems & _NOT_COUNTED:
        return False
    numbers = [int(each[2]) for each in found if each]
    return all(0 < later - before <= _GAP for before, later in pairwise(numbers))


_FEWEST_COUNTED, _GAP = 3, 3


def numbered_texts(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the texts of an object under keys that count them: {"1": "Berth 5 is free.", "2": …}, doc_1.txt."""
    texts = list(document.values())
    if len(texts) < _FEWEST_TEXTS or not all(isinstance(text, str) for text in texts):
        return None
    kinds = {_NUMBER.sub("0", key) for key in document}
    if len(kinds) > 1 or not all(_NUMBER.search(kind) and len(kind.split()) <= _WORDS_OF_A_COUNT for kind in kinds):
        return None
    if 2 * sum(len(text.split()) > _WORDS_OF_A_CLASS for text in texts) < len(texts):  # the names of numbered classes
        return None
    return [{"key": key, "text": text} for key, text in document.items()], "JSON object of numbered texts"


_NUMBER = re.compile(r"\d+")
_WORDS_OF_A_CLASS, _WORDS_OF_A_COUNT = 3, 2


def by_sentence(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the words and tags of an object of sentences: {"Berth five": [{"word": "Berth", "label": "O"}, …]}."""
    lists = list(document.values())
    if len(lists) < 2 or not all(isinstance(each, list) and each and is_rows(each) for each in lists):
        return None
    word, tag = (_key_in(lists[0][0], names) for names in (("word", "token", "text"), ("label", "tag", "ner")))
    cells = [each for rows in lists for each in rows]
    if not (word and tag and all(isinstance(each, dict) and {word, tag} <= each.keys() for each in cells)):
        return None
    if any(" " in str(each[word]).strip() for each in cells):  # texts with labels
        return None
    return [
        {"tokens": [str(each[word]) for each in rows], "tags": [str(each[tag]) for each in rows]} for rows in lists
    ], "JSON object of sentences"


def _key_in(value: Any, names: Sequence[str]) -> str:
    return next((name for name in names if isinstance(value, dict) and name in value), "")


def by_text(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each key of an object whose keys are texts: {"Is berth 5 free?": "Yes, keeper."}.

    A few of the values may be lists of texts.
    """
    plain = [each for each in document.values() if isinstance(each, str | int | float)]
    listed = [each for each in document.values() if is_list_of_texts(each)]
    if len(document) < _FEWEST_TEXTS or len(plain) + len(listed) < len(document) or 2 * len(plain) < len(document):
        return None
    if 2 * sum(" " in key.strip() for key in document) < len(document):
        return None
    are_answers = bool(listed) or 2 * len({*plain}) > len(document)
    names = ("prompt", "answer") if are_answers else ("text", "label")
    return [dict(zip(names, each, strict=True)) for each in document.items()], "JSON object of texts"


def keyed_texts(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each key of an object of texts: a term and what it means, or the key and text of a message.

    An object whose keys are names of columns is one row, and short values are settings.
    """
    texts = [each for each in document.values() if isinstance(each, str) and each.strip()]
    are_columns = sum(key.casefold() in KNOWN_NAMES for key in document) > _MOST_COLUMNS
    if len(document) < _FEWEST_KEYED or len(texts) < len(document) or are_columns:
        return None
    if sum(len(text.split()) for text in texts) < _WORDS_OF_A_CLASS * len(texts):
        return None
    are_terms = all(map(_TERM.fullmatch, document))
    names = ("prompt", "answer") if are_terms else ("key", "text")
    form = "JSON object of terms" if are_terms else "JSON object of texts by key"
    return [dict(zip(names, each, strict=True)) for each in document.items()], form


_TERM = re.compile(r"[^\W\d_]+(?:(?: |-|')[^\W\d_]+)*")
_FEWEST_KEYED, _MOST_COLUMNS = 6, 1


def without_remarks(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object of texts without the remarks on them, under their keys behind an @ (ARB)."""
    keys = {key for key in document if key.startswith("@@") or (key.startswith("@") and key[1:] in document)}
    return {key: each for key, each in document.items() if key not in keys}


def is_rows(value: Any) -> bool:
    """Say whether a value is a list of objects."""
    return isinstance(value, list) and any(isinstance(row, dict) for row in value)
