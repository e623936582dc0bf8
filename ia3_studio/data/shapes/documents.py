"""Which rows are in a JSON document that a tool wrote in a form of its own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.shapes.nlu_documents import nlu_rows
from ia3_studio.data.shapes.shape import finite, listed
from ia3_studio.errors import DataError

TEXT, CHAT = "text", "chat"


def rows_of_document(document: Any) -> tuple[Sequence[Any], str] | None:
    """Return the rows of a tool's document and its form; None if it is none that is known.

    Raises:
        DataError: it is known and cannot be used.
    """
    if isinstance(document, list):
        return _annotated_texts(document) or nlu_rows(document)
    if not isinstance(document, dict):
        return None
    if {"images", "annotations", "categories"} <= document.keys():
        raise DataError(
            "This is a COCO file: boxes in images, which are not trained here; give one folder of images per class for "
            "image classification."
        )
    if isinstance(document.get("mapping"), dict) or isinstance(document.get("chat_messages"), list):
        return [document], "JSON object, one conversation"
    for read in (_skype, _telegram, _messenger, nlu_rows, _botpress, _annotated, _lists_of_texts):
        if found := read(document):
            return found
    return None


def _annotated_texts(document: Sequence[Any]) -> tuple[Sequence[Any], str] | None:
    """Return texts with their annotations, as spaCy takes them: pairs of a text and an object."""
    is_one = [_is_annotated(item) for item in document]
    if not is_one or sum(is_one) * 2 < len(is_one):
        return None
    rows = [{TEXT: item[0], **item[1]} if known else item for item, known in zip(document, is_one, strict=True)]
    return [row if isinstance(row, dict) else {} for row in rows], "JSON array of texts with annotations"


def _is_annotated(item: Any) -> bool:
    pair = listed(item)
    return len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], dict)


def _annotated(document: dict[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the texts of an editor for spaCy, which stand beside the list of the classes."""
    return _annotated_texts(listed(document.get("annotations"))) if "classes" in document else None


def _skype(document: dict[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the messages of all conversations of an account, each from its first."""
    chats = [chat for chat in listed(document.get("conversations")) if isinstance(chat, dict)]
    if not any(isinstance(chat.get("MessageList"), list) for chat in chats):
        return None
    rows = [
        {**message, CHAT: str(chat.get("displayName") or chat.get("id"))}
        for chat in chats
        for message in reversed(listed(chat.get("MessageList")))
        if isinstance(message, dict)
    ]
    return rows, f"JSON object, messages of {len(chats):,} chats"


def _telegram(document: dict[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the messages of all chats of an account."""
    chats = document.get("chats")
    found = [chat for chat in listed(chats.get("list")) if isinstance(chat, dict)] if isinstance(chats, dict) else []
    if not any(isinstance(chat.get("messages"), list) for chat in found):
        return None
    rows = [
        {**message, CHAT: str(chat.get("name") or chat.get("id"))} if isinstance(message, dict) else message
        for chat in found
        for message in listed(chat.get("messages"))
    ]
    return rows, f"JSON object, messages of {len(found):,} chats"


def _messenger(document: dict[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the messages of a thread as Messenger and Instagram export it, the first one first."""
    messages = listed(document.get("messages"))
    if "participants" not in document or not any(isinstance(each, dict) and "sender_name" in each for each in messages):
        return None
    times = [finite(each.get("timestamp_ms")) if isinstance(each, dict) else None for each in messages]
    known = [time for time in times if time is not None]
    return messages[::-1] if known == sorted(known, reverse=True) else messages, "JSON object with messages"


def _lists_of_texts(document: dict[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return conversations that are lists of texts, as ChatterBot's files have them."""
    talks = listed(document.get("conversations"))
    known = talks and all(len(listed(talk)) > 1 and all(isinstance(t, str) for t in listed(talk)) for talk in talks)
    return ([{"data": talk} for talk in talks], "JSON object with lists of texts") if known else None


def _botpress(document: dict[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return each wording of the questions of Botpress with the answers, in each of its languages."""
    rows: list[dict[str, Any]] = []
    for item in listed(document.get("qnas")):
        held = item.get("data", item) if isinstance(item, dict) else {}
        asked, said = held.get("questions"), held.get("answers")
        if not (isinstance(asked, dict) and isinstance(said, dict)):
            return None
        for language in asked if held.get("enabled", True) else ():
            answers = listed(said.get(language))
            rows += [{"question": text, "answers": answers, "language": language} for text in listed(asked[language])]
    return (rows, "questions and answers of Botpress") if rows else None
