"""What is a training example, and which columns of a table make one?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from ia3_studio.data.table import Table, shown_names
from ia3_studio.errors import DataError

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
    if messages := _named(columns, MESSAGE_NAMES):
        return Mapping("messages", column=messages[0])
    contexts = _named(columns, CONTEXT_NAMES)
    prompts, answers = _named(columns, PROMPT_NAMES) or contexts[:1], _named(columns, ANSWER_NAMES)
    if prompts and answers:
        prompt, answer = _most_filled(table, prompts, answers)
        return Mapping("pairs", prompt, answer, next((name for name in contexts if name != prompt), ""))
    if text := _named(columns, TEXT_NAMES) or (columns if len(columns) == 1 else []):
        return Mapping("text", column=text[0])
    if {column.lower() for column in columns} in ({"role", "content"}, {"from", "value"}):
        raise DataError(
            "The rows are the turns of one conversation; put each conversation in a row of its own, as a messages list."
        )
    raise DataError(f"The columns {shown_names(columns)} are not understood; name them as {FORMS}.")


def read_examples(table: Table, mapping: Mapping) -> tuple[list[Example], list[Problem]]:
    """Turn a table's rows into examples; every row that cannot be used is listed with its reason.

    Raises:
        DataError: no row can be used.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    frame = table.frame.astype(object)
    records = frame.where(frame.notna(), None).to_dict("records")
    for number, record in enumerate(records, start=1):
        try:
            examples.append(_example(number, record, mapping))
        except _Unusable as reason:
            problems.append(Problem(number, str(reason)))
    if not examples:
        raise DataError(f"No row can be used; row {problems[0].row}: {problems[0].reason}.")
    return examples, problems


class _Unusable(Exception):
    """This row cannot be used."""


def _example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    if mapping.kind == "text":
        return Example(row, text=_filled(record, mapping.column, "text"))
    if mapping.kind == "messages":
        return Example(row, _messages(record.get(mapping.column)))
    prompt = _filled(record, mapping.prompt, "prompt")
    context = _value(record, mapping.context, "context") if mapping.context else ""
    answer = _filled(record, mapping.answer, "answer")
    question = f"{prompt}\n\n{context}" if context else prompt
    return Example(row, (Message("user", question), Message("assistant", answer)))


def _messages(value: Any) -> tuple[Message, ...]:
    turns = _listed(value)
    messages = tuple(_message(turn) for turn in turns)
    if not any(message.role == "assistant" for message in messages):
        raise _Unusable("the conversation has no assistant turn")
    spoken = (message for message in messages if message.role != "system")
    empty = next((message.role for message in spoken if not message.content.strip()), None)
    if empty:
        raise _Unusable(f"the conversation has an empty {empty} turn")
    return messages


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
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
    return Message(ROLES[role.lower()], _whole(content, f"the content of the {role} turn"))


def _filled(record: dict[Any, Any], column: str, part: str) -> str:
    value = _value(record, column, part)
    if not value:
        raise _Unusable(f"the {part} ({column}) is empty")
    return value


def _value(record: dict[Any, Any], column: str, part: str) -> str:
    """Return a cell as text without the space around it; an absent value is empty."""
    value = record.get(column)
    if not isinstance(value, str) and isinstance(value, Iterable):
        raise _Unusable(f"the {part} ({column}) holds several values, not one text")
    return "" if value is None else _whole(str(value).strip(), f"the {part} ({column})")


def _whole(text: str, part: str) -> str:
    """Return a text that can be written as UTF-8; JSON may hold half of a character, such as "\\ud83d"."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Unusable(f"{part} holds half of a character ({error.object[error.start]!r})") from error
    return text


def _named(columns: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return the columns that have one of the names, whatever their case, in the order of the names."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return [by_name[name] for name in names if name in by_name]


def _most_filled(table: Table, prompts: Sequence[str], answers: Sequence[str]) -> tuple[str, str]:
    """Return the prompt and the answer column that most rows fill; the first of them where several do."""
    frame = table.frame[[*prompts, *answers]]
    filled = frame.notna() & frame.map(lambda cell: not isinstance(cell, str) or bool(cell.strip()))
    return max(product(prompts, answers), key=lambda pair: int((filled[pair[0]] & filled[pair[1]]).sum()))
