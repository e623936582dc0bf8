"""What is a training example, and which columns of a table make one?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from ia3_studio.data.table import Table

Role = Literal["system", "user", "assistant"]

PROMPT_NAMES = ("prompt", "question", "instruction", "query", "user", "source", "problem")
CONTEXT_NAMES = ("input", "context")
ANSWER_NAMES = ("answer", "response", "output", "completion", "reply", "assistant", "target", "solution")
MESSAGE_NAMES = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns")
TEXT_NAMES = ("text", "content", "document")
ROLES: dict[str, Role] = {
    "system": "system", "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant",
}  # fmt: skip

FORMS = (
    "a prompt and an answer column (such as prompt/answer, question/response, instruction/input/output), a messages or"
    " conversations column, or a text column"
)


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; the role is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True)
class Example:
    """One thing to learn: a conversation, or plain text when there are no messages."""

    row: int
    """The data row it comes from, counted from 1."""
    messages: tuple[Message, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Problem:
    """A row that was left out, and why."""

    row: int
    reason: str


@dataclass(frozen=True)
class Mapping:
    """Which columns play which part."""

    kind: Literal["pairs", "messages", "text"]
    prompt: str = ""
    answer: str = ""
    context: str = ""
    """A second column appended to the prompt; empty when there is none."""
    column: str = ""
    """The column of messages, or of text."""

    def __str__(self) -> str:
        if self.kind == "pairs":
            context = f" + {self.context}" if self.context else ""
            return f"{self.prompt}{context} → prompt, {self.answer} → answer"
        return f"{self.column} → {'conversation' if self.kind == 'messages' else 'plain text'}"


def guess_mapping(table: Table) -> Mapping:
    """Return which columns are prompt, answer, conversation or text, told by their names.

    Raises:
        DataError: no column fits; the message lists the columns and what is understood.
    """
    columns = [str(column) for column in table.frame.columns]
    messages = _first(columns, MESSAGE_NAMES)
    if messages:
        return Mapping("messages", column=messages)
    answer = _first(columns, ANSWER_NAMES)
    context = _first(columns, CONTEXT_NAMES)
    prompt = _first(columns, PROMPT_NAMES) or context
    if prompt and answer:
        return Mapping("pairs", prompt, answer, context if context != prompt else "")
    text = _first(columns, TEXT_NAMES) or (columns[0] if len(columns) == 1 else "")
    if text:
        return Mapping("text", column=text)
    raise DataError(f"The columns {', '.join(columns)} are not understood; name them as {FORMS}.")


def read_examples(table: Table, mapping: Mapping) -> tuple[list[Example], list[Problem]]:
    """Turn a table's rows into examples; every row that cannot be used is listed with its reason.

    Raises:
        DataError: no row can be used.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    for number, record in enumerate(table.frame.to_dict("records"), start=1):
        try:
            examples.append(_example(number, record, mapping))
        except _Unusable as reason:
            problems.append(Problem(number, str(reason)))
    if not examples:
        first = problems[0] if problems else Problem(1, "the table is empty")
        raise DataError(f"No row can be used; row {first.row}: {first.reason}.")
    return examples, problems


class _Unusable(Exception):
    """This row cannot be used."""


def _example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    if mapping.kind == "text":
        return Example(row, text=_filled(record, mapping.column, "text"))
    if mapping.kind == "messages":
        return Example(row, _messages(record.get(mapping.column)))
    prompt = _filled(record, mapping.prompt, "prompt")
    context = _value(record, mapping.context) if mapping.context else ""
    answer = _filled(record, mapping.answer, "answer")
    question = f"{prompt}\n\n{context}" if context else prompt
    return Example(row, (Message("user", question), Message("assistant", answer)))


def _messages(value: Any) -> tuple[Message, ...]:
    turns = _listed(value)
    messages = tuple(_message(turn) for turn in turns)
    if not any(message.role == "assistant" for message in messages):
        raise _Unusable("the conversation has no assistant turn")
    empty = next((message.role for message in messages if not message.content.strip()), None)
    if empty:
        raise _Unusable(f"the conversation has an empty {empty} turn")
    return messages


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise _Unusable("the conversation is text, not a list of turns") from error
    if not isinstance(value, Iterable) or isinstance(value, dict):
        raise _Unusable("the conversation is no list of turns")
    return list(value)


def _message(turn: Any) -> Message:
    if not isinstance(turn, dict):
        raise _Unusable("a turn of the conversation is not an object with a role and a content")
    role = str(turn.get("role", turn.get("from", "")))
    content = turn.get("content", turn.get("value", ""))
    if role.lower() not in ROLES:
        raise _Unusable(f"the role {role!r} is unknown; use system, user or assistant")
    if not isinstance(content, str):
        raise _Unusable(f"the content of the {role} turn is not text")
    return Message(ROLES[role.lower()], content)


def _filled(record: dict[Any, Any], column: str, part: str) -> str:
    value = _value(record, column)
    if not value:
        raise _Unusable(f"the {part} ({column}) is empty")
    return value


def _value(record: dict[Any, Any], column: str) -> str:
    """Return a cell as text; an absent value (None, NaN) is empty."""
    value = record.get(column)
    return "" if value is None or value != value else str(value).strip()


def _first(columns: Sequence[str], names: Iterable[str]) -> str:
    """Return the column that has the first of the names, whatever its case."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), "")
