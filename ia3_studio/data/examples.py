"""What is a training example, and which columns of a table make one?"""

from __future__ import annotations

import json
import re
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
LABEL_NAMES = (
    "label", "labels", "category", "categories", "class", "intent", "sentiment", "topic", "topics", "tag", "emotion",
    "stars",
)  # fmt: skip
LABELLED_NAMES = (*TEXT_NAMES, "sentence", "review", "message", "utterance", "tweet", "comment", "title", "headline",
                  "query", "question")  # fmt: skip
"""Columns whose text a label can belong to."""
PAIR_NAMES = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("text1", "text2"),
    ("text_a", "text_b"), ("question1", "question2"), ("question", "sentence"), ("question", "passage"),
)  # fmt: skip
"""Columns of two texts that one label belongs to."""
CHOICE_NAMES = ("choices", "options", "endings", "answers")
_CHOICE = re.compile(r"(choice|option|ending|sol|alternative)_?([0-9]|[a-e])")
RIGHT_NAMES = ("label", "answer", "gold", "correct", "answer_index", "right", "answerkey")
ASKED_NAMES = ("premise", "context", "passage", "goal", "ctx", "sentence", *PROMPT_NAMES)
WORD_NAMES = ("tokens", "words")
TAG_NAMES = ("ner_tags", "tags", "pos_tags", "labels", "ner")
ROLES: dict[str, Role] = {
    "system": "system", "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant",
}  # fmt: skip

FORMS = (
    "a prompt and an answer column (such as prompt/answer, question/response, instruction/input/output), a messages or"
    " conversations column, a text and a label column, or a text column"
)


LabelKind = Literal["single", "multi", "number"]
_LABEL_WORDS: dict[LabelKind, str] = {"single": "label", "multi": "several labels", "number": "number"}


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
    second: str = ""
    """The other text of a pair that one label belongs to."""
    labels: tuple[str, ...] = ()
    """What the text is to be sorted into; a number as it is written."""
    words: tuple[str, ...] = ()
    """The words of a text whose words are labelled, one label each."""
    choices: tuple[str, ...] = ()
    """The possible answers to ``text``; the right one is the label."""

    @property
    def turns(self) -> tuple[Message, ...]:
        """Return the conversation to learn; a labelled text is a question whose answer is its label."""
        if self.messages or not self.labels:
            return self.messages
        parts = (self.text or " ".join(self.words), self.second, *(f"- {choice}" for choice in self.choices))
        question = "\n\n".join(parts[:2]).strip() if not self.choices else "\n".join(filter(None, parts))
        return (Message("user", question), Message("assistant", ", ".join(self.labels)))


@dataclass(frozen=True)
class Problem:
    """A row that was left out, and why."""

    row: int
    reason: str


@dataclass(frozen=True)
class Mapping:
    """Which columns play which part."""

    kind: Literal["pairs", "messages", "text", "labels", "tags", "choices", "pictures"]
    prompt: str = ""
    answer: str = ""
    context: str = ""
    """A second column appended to the prompt; empty when there is none."""
    column: str = ""
    """The column of messages, of text, or of words."""
    target: LabelKind = "single"
    """What a label is, where there are labels."""
    parts: tuple[str, ...] = ()
    """The columns that make a question, then those of its choices, where there are choices."""
    asked: int = 0
    """How many of ``parts`` make the question."""
    counted_from: int = 0
    """What the first choice is called where the answer is a number."""

    def __str__(self) -> str:
        if self.kind == "pictures":
            return "pictures → picture, folder → label"
        if self.kind == "choices":
            question, choices = " + ".join(self.parts[: self.asked]), ", ".join(self.parts[self.asked :])
            return f"{question} → question, {choices} → choices, {self.answer} → right choice"
        if self.kind in ("labels", "tags"):
            second = f" + {self.context}" if self.context else ""
            what = "one label a word" if self.kind == "tags" else _LABEL_WORDS[self.target]
            return f"{self.column}{second} → {'words' if self.kind == 'tags' else 'text'}, {self.answer} → {what}"
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
    if choices := choice_mapping(table):
        return choices
    if (words := _named(columns, WORD_NAMES)) and (tags := _named(columns, TAG_NAMES)):
        return Mapping("tags", column=words[0], answer=tags[0])
    contexts = _named(columns, CONTEXT_NAMES)
    prompts, answers = _named(columns, PROMPT_NAMES) or contexts[:1], _named(columns, ANSWER_NAMES)
    if prompts and answers:
        prompt, answer = _most_filled(table, prompts, answers)
        return Mapping("pairs", prompt, answer, next((name for name in contexts if name != prompt), ""))
    if labelled := _labelled(table, columns):
        return labelled
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


def _labelled(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are text and label, None where there is no such pair of columns."""
    labels = _named(columns, LABEL_NAMES)
    if not labels:
        return None
    kind = label_kind(table.frame[labels[0]].dropna().tolist())
    for names in PAIR_NAMES:
        pair = _named(columns, names)
        if len(pair) == 2:
            return Mapping("labels", column=pair[0], context=pair[1], answer=labels[0], target=kind)
    texts = _named(columns, LABELLED_NAMES)
    return Mapping("labels", column=texts[0], answer=labels[0], target=kind) if texts else None


def label_kind(cells: Sequence[Any]) -> LabelKind:
    """Return what the cells of a label column hold: one name, several, or a number with a fraction."""
    if any(isinstance(cell, Iterable) and not isinstance(cell, str) for cell in cells):
        return "multi"
    numbers = [cell for cell in cells if isinstance(cell, float)]
    return "number" if numbers and any(not number.is_integer() for number in numbers) else "single"


def _example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    if mapping.kind == "labels":
        second = _filled(record, mapping.context, "second text") if mapping.context else ""
        text = _filled(record, mapping.column, "text")
        return Example(row, text=text, second=second, labels=_labels(record, mapping))
    if mapping.kind == "tags":
        return _tagged(row, record, mapping)
    if mapping.kind == "choices":
        return _choosing(row, record, mapping)
    if mapping.kind == "text":
        return Example(row, text=_filled(record, mapping.column, "text"))
    if mapping.kind == "messages":
        return Example(row, _messages(record.get(mapping.column)))
    prompt = _filled(record, mapping.prompt, "prompt")
    context = _value(record, mapping.context, "context") if mapping.context else ""
    answer = _filled(record, mapping.answer, "answer")
    question = f"{prompt}\n\n{context}" if context else prompt
    return Example(row, (Message("user", question), Message("assistant", answer)))


def choice_mapping(table: Table) -> Mapping | None:
    """Return which columns are question, choices and right choice; None where the table has no choices."""
    columns = [str(column) for column in table.frame.columns]
    choices = _named(columns, CHOICE_NAMES)[:1] or [name for name in columns if _CHOICE.fullmatch(name.strip().lower())]
    answers = [name for name in _named(columns, RIGHT_NAMES) if name not in choices]
    asked = [name for name in _named(columns, ASKED_NAMES) if name not in (*choices, *answers)]
    if not (choices and answers and asked) or (len(choices) == 1 and not _named(choices, CHOICE_NAMES)):
        return None
    ordered = sorted(asked, key=columns.index)
    return Mapping("choices", answer=answers[0], parts=(*ordered, *choices), asked=len(ordered),
                   counted_from=_first_number(table.frame[answers[0]].dropna().tolist()))  # fmt: skip


def _first_number(cells: Sequence[Any]) -> int:
    """Return from what the right choices are counted: 1 where they are numbers and none is 0."""
    numbers = [int(text) for cell in cells if (text := _name(cell)).lstrip("-").isdigit()]
    return 1 if numbers and len(numbers) == len(cells) and min(numbers) >= 1 else 0


def _choosing(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    asked, offered = mapping.parts[: mapping.asked], mapping.parts[mapping.asked :]
    question = "\n".join(_filled(record, column, "question") for column in asked)
    value = record.get(offered[0])
    if len(offered) == 1:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise _Unusable(f"the choices ({offered[0]}) are no list")
        choices = tuple(_whole(str(each).strip(), "a choice") for each in value)
    else:
        choices = tuple(_filled(record, column, "choice") for column in offered)
    right = _right_choice(_name(record.get(mapping.answer)), choices, mapping)
    return Example(row, text=question, labels=(choices[right],), choices=choices)


def _right_choice(said: str, choices: Sequence[str], mapping: Mapping) -> int:
    """Return the place of the right choice, which is told by its number, its letter or its words."""
    letters = [chr(ord("a") + place) for place in range(len(choices))]
    if said in choices:
        return choices.index(said)
    if said.lower() in letters:
        return letters.index(said.lower())
    if said.lstrip("-").isdigit() and 0 <= int(said) - mapping.counted_from < len(choices):
        return int(said) - mapping.counted_from
    raise _Unusable(f"the right choice ({mapping.answer}) is {said!r}, which is none of the {len(choices)} choices")


def _labels(record: dict[Any, Any], mapping: Mapping) -> tuple[str, ...]:
    value = record.get(mapping.answer)
    if mapping.target == "multi":
        cells = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
        return tuple(sorted({_name(cell) for cell in cells if cell is not None}))
    if value is None or (isinstance(value, str) and not value.strip()):
        raise _Unusable(f"the label ({mapping.answer}) is empty")
    return (_whole(_name(value), f"the label ({mapping.answer})"),)


def _name(cell: Any) -> str:
    """Return a label as text; a column of whole numbers with gaps is read as fractions, 3.0 means 3."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _tagged(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    words, tags = (record.get(column) for column in (mapping.column, mapping.answer))
    if any(isinstance(value, str) or not isinstance(value, Iterable) for value in (words, tags)):
        raise _Unusable(f"{mapping.column} and {mapping.answer} are no lists")
    words, tags = tuple(map(str, words or ())), tuple(_name(tag) for tag in tags or ())
    if not words or len(words) != len(tags):
        raise _Unusable(f"there are {len(words)} words and {len(tags)} labels for them")
    return Example(row, labels=tags, words=words)


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
