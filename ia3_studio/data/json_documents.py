"""Which rows are in one JSON document? Itself, its splits, its columns, or the list of rows that it wraps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.deeper_objects import deeper_objects
from ia3_studio.data.grouped_lists import clearly_grouped, grouped_lists
from ia3_studio.data.header import unique_names
from ia3_studio.data.json_languages import by_language
from ia3_studio.data.json_objects import (
    articles,
    by_column,
    by_group,
    by_key,
    by_sentence,
    defined_task,
    is_plain_list,
    is_rows,
    page_of_rows,
    split_oriented,
    splits,
)
from ia3_studio.data.json_texts import by_label, by_number, by_text, keyed_texts, numbered_texts, without_remarks
from ia3_studio.data.listed_rows import rows_in_lists
from ia3_studio.data.nested_questions import nested_questions
from ia3_studio.data.rows_beside_entries import rows_beside_entries
from ia3_studio.data.shapes.documents import rows_of_document
from ia3_studio.data.whose_turns import says_whose
from ia3_studio.data.word_lists import are_words, joined_words
from ia3_studio.data.word_tags import is_tag
from ia3_studio.errors import DataError

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
_PARTS = {"messages", "prompt", "history", "context", "chosen", "rejected", "completion"}
"""Keys of conversations that are parts of one row."""
_WAY_OUT = "give an array of objects, or one object per line, or choose where its rows are under Shape"
_DEEPEST = 4
"""Objects inside each other in which a list of rows is searched."""
_FEWEST_TEXTS = 4
"""Sentences of a list that are rows where nothing else in a document is."""


def rows_of_json(name: str, document: Any) -> tuple[Sequence[Any], str]:
    """Return the rows of a document: itself, the lists of its splits, columns, or the only list of rows it wraps."""
    if known := rows_of_document(document):
        return known
    if isinstance(document, list):
        known = articles({"data": document})
        if not known and _inner_questions(document) is None and (asked := nested_questions(document)):
            return asked, "questions of a JSON array"
        return known or _rows_of_list(document)
    if not isinstance(document, dict):
        raise DataError(f"{name} contains no list of rows; {_WAY_OUT}.")
    document = without_remarks(document)
    if (
        len(document) > 1
        and all(_is_conversation(each) or says_whose(each) for each in document.values())
        and not _PARTS & document.keys()
    ):
        return [{"key": key, "messages": each} for key, each in document.items()], "JSON object of conversations"
    if any(_is_conversation(value) for value in document.values()):
        return [document], "JSON object, one conversation"
    if (asked := nested_questions(document)) and not articles(document):
        return asked, "questions of a JSON object"
    for form_of in (
        articles,
        lambda article: articles({"data": [article]}),
        defined_task,
        by_language,
        page_of_rows,
        split_oriented,
        splits,
        clearly_grouped,
        by_column,
        by_key,
        by_label,
        by_number,
        numbered_texts,
        by_sentence,
        by_text,
        keyed_texts,
        rows_beside_entries,
    ):
        if found := form_of(document):
            return found
    wrapped = _wrapped(document, _DEEPEST)
    inner = [each for each in document.values() if isinstance(each, dict)]
    if wrapped is None and (found := by_key(inner[0]) if len(inner) == 1 else by_group(document)):
        return found
    has_lists = any(map(is_rows, document.values()))
    deeper = None if has_lists else deeper_objects(document)
    if deeper and (wrapped is None or any(wrapped[1] is each for row in deeper[0] for each in row.values())):
        return deeper
    is_told = wrapped is not None and has_lists and wrapped[0].lower() in _ROWS
    if not is_told and (grouped := grouped_lists(document, wrapped[1] if wrapped else None)):
        return grouped
    if wrapped is None and (wrapped := _wrapped_texts(document, _DEEPEST)) is None:
        raise DataError(f"{name} contains no list of rows; {_WAY_OUT}.")
    key, rows = wrapped
    records, form = _rows_of_list(rows)
    return records, f"{form} {key!r} in an object"


def _rows_of_list(rows: list[Any]) -> tuple[Sequence[Any], str]:
    if len(rows) == 1 and isinstance(rows[0], list) and rows[0] and all(isinstance(row, list) for row in rows[0]):
        return _rows_of_list(rows[0])
    if rows and all(isinstance(row, str) for row in rows):
        return [{"text": row} for row in rows], "JSON array of texts"
    if len(rows) > 1 and all(is_plain_list(row) for row in rows) and len({len(row) for row in rows}) == 1:
        from ia3_studio.data.header import begin_with_names

        named = begin_with_names(rows)
        names = unique_names(rows[0] if named else [""] * len(rows[0]))
        return [dict(zip(names, row, strict=True)) for row in rows[named:]], "JSON array of lists"
    if len(rows) > 1 and all(_is_talk(row) for row in rows):
        if are_words(rows):
            return [{"text": joined_words(row)} for row in rows], "JSON array of lists of words, joined by blanks"
        return [{"dialog": row} for row in rows], "JSON array of lists of texts"
    if found := rows_in_lists(rows):
        return found
    if all(isinstance(row, dict) for row in rows) and (keyed := _under_numbers(rows)):
        return keyed, "JSON array of objects under their numbers"
    if rows and all(map(_is_tagged, rows)):
        pairs = [list(zip(*row, strict=True)) for row in rows]
        return [{"tokens": list(words), "tags": list(tags)} for words, tags in pairs], "JSON array of words with tags"
    if rows and all(isinstance(row, dict) and defined_task(row) for row in rows):
        tasks = [found for row in rows if (found := defined_task(row))]
        return [each for instances, _form in tasks for each in instances], "instances of tasks (Natural Instructions)"
    if (inner := _inner_questions(rows)) is not None:
        return inner, "JSON array, a row per question"
    return rows, "JSON array"


def _under_numbers(rows: list[Any]) -> list[dict[str, Any]]:
    """Return the objects of rows that hold one each under a number of its own, with what stands beside it.

    Return none where it is not so, or a row and its object have a key in common.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        keys = [key for key, each in row.items() if key.isdecimal() and isinstance(each, dict)] if row else []
        if len(keys) != 1 or keys[0] in found or (row.keys() - {keys[0]}) & row[keys[0]].keys():
            return []
        beside = {key: each for key, each in row.items() if key != keys[0]}
        found[keys[0]] = {"key": keys[0], **beside, **row[keys[0]]}
    return list(found.values()) if len(found) > 1 else []


def _inner_questions(rows: list[Any]) -> list[Any] | None:
    """Return the questions with choices that stand in a list inside each row, with what else the row says of them."""
    keys = [key for key in rows[0] if key.lower() in _QUESTIONS] if rows and isinstance(rows[0], dict) else []
    if len(keys) != 1:
        return None
    key = keys[0]
    short = all(isinstance(row, dict) and is_rows(row.get(key)) and _says_little(row, key) for row in rows)
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


def _wrapped(document: Mapping[str, Any], deepest: int) -> tuple[str, list[Any]] | None:
    """Return the only list of objects inside an object, and its key; None where there is none, or several."""
    lists = {key: rows for key, rows in document.items() if is_rows(rows)}
    known = [key for key in lists if key.lower() in _ROWS]
    if len(lists) > 1 and len(known) != 1 and (told := _with_most_words(lists)):
        known = [told]
    if len(lists) == 1 or len(known) == 1:
        key = known[0] if len(known) == 1 else next(iter(lists))
        return key, lists[key]
    if lists or not deepest:
        return None
    inner = [_wrapped(each, deepest - 1) for each in document.values() if isinstance(each, dict)]
    found = [each for each in inner if each]
    return found[0] if len(found) == 1 else None


def _wrapped_texts(document: Mapping[str, Any], deepest: int) -> tuple[str, list[Any]] | None:
    """Return the only list inside an object, and its key, where it holds sentences; None for any other object.

    Numbered texts are such a list.
    """
    lists = {key: each for key, each in document.items() if isinstance(each, list) and each}
    inner = [each for each in document.values() if isinstance(each, dict) and each]
    if not lists and len(inner) == 1 and deepest:
        if found := numbered_texts(inner[0]):
            return next(key for key, each in document.items() if each is inner[0]), [*found[0]]
        return _wrapped_texts(inner[0], deepest - 1)
    if len(lists) != 1 or inner:
        return None
    ((key, texts),) = lists.items()
    said = [each for each in texts if isinstance(each, str) and len(each.split()) >= _WORDS_OF_A_SENTENCE]
    are_texts = all(isinstance(each, str) for each in texts) and 2 * len(said) > len(texts) >= _FEWEST_TEXTS
    return (key, texts) if are_texts else None


def _with_most_words(lists: Mapping[str, list[Any]]) -> str:
    """Return the key of the list in whose objects nearly all sentences of several lists stand; empty if none is so.

    Without any sentence, it is the list of nearly all objects.
    """
    words = {key: sum(map(_words_in, rows)) for key, rows in lists.items()}
    most = max(words, key=lambda key: words[key])
    if any(words.values()):
        return most if words[most] > _NEARLY_ALL * sum(words.values()) else ""
    longest = max(lists, key=lambda key: len(lists[key]))
    return longest if len(lists[longest]) > _MOST_BY_FAR * sum(map(len, lists.values())) else ""


_NEARLY_ALL, _MOST_BY_FAR, _WORDS_OF_A_SENTENCE = 0.8, 0.9, 5


def _words_in(row: Any) -> int:
    """Return how many words are in the sentences of an object."""
    counts = [len(each.split()) for each in row.values() if isinstance(each, str)] if isinstance(row, dict) else []
    return sum(count for count in counts if count >= _WORDS_OF_A_SENTENCE)


def _is_conversation(value: Any) -> bool:
    """Say whether a list holds the turns of one conversation rather than rows."""
    dialects = ({"role", "content"}, {"from", "value"}, {"versions", "currentlySelected"})
    return is_rows(value) and all(
        isinstance(turn, dict) and any(each <= set(turn) for each in dialects) for turn in value
    )
