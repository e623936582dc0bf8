"""Which rows are in one object of JSON: by column, by key, by split, by sentence, or in one of its lists?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.class_names import namer_of
from ia3_studio.data.header import unique_names
from ia3_studio.data.split_names import SPLIT, SPLITS, split_of


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


def is_rows(value: Any) -> bool:
    """Say whether a value is a list of objects."""
    return isinstance(value, list) and any(isinstance(row, dict) for row in value)
