"""Which other columns hold conversations? Those of fine-tuning tools and APIs, and prompts with a history."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import ANSWERED, ASKED
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.opening_names import system_columns
from ia3_studio.data.paths import structure_of
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.dialogue import (
    Opening,
    Turns,
    is_exchanges,
    is_exchanges_of_speakers,
    is_quiz,
    turn_of_parts,
    turns_of_history,
    turns_of_parts,
    with_answer,
)
from ia3_studio.data.shapes.questions_on_text import paragraphs
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_blank, is_text, listed
from ia3_studio.data.tool_columns import tools_column
from ia3_studio.data.turn_roles import role_key
from ia3_studio.data.turns import PAIR_KEYS
from ia3_studio.errors import DataError

EXCHANGES = (
    "messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat", "chats", "dialogs", "dialogues",
    "thread", "items", "prompt", "input", "history", "text", "data", "qa", "rounds",
)  # fmt: skip
"""Columns that may hold lists of prompts with their answers."""
_QUIZZES = ("items", "qa", "data")
"""Columns of lists that are no conversations where they hold questions and their answers."""
TALKS = ("conversations", "conversation", "dialog", "dialogue", "utterances", "log")
"""Columns that may hold the texts of two speakers by turns; what is called turns may be one speaker's."""
BESIDE_TALKS = ("summary", "label", "labels", "text", "question", "instruction")
ANSWERS = ("output", "response", "answer", "completion", "reply", "assistant", "target")
MESSAGES = "messages"
_MARKERS = re.compile(r"<\|?[\w/ ]+\|?>|\[/?INST\]|<<SYS>>|^###|(?:USER|ASSISTANT|Human|Assistant):\s", re.MULTILINE)


def column_of(rows: Rows, names: tuple[str, ...], holds: Callable[[Any], bool]) -> str:
    """Return the first column of some names whose values mostly fulfill a condition; empty if there is none."""
    return next((name for name in rows.named(names) if rows.mostly(name, lambda cell: holds(structure_of(cell)))), "")


def read_cells(
    rows: Rows,
    column: str,
    form: str,
    turns: Callable[[dict[str, Any], Any], Turns],
    others: Sequence[str] = (),
) -> Recognized:
    """Return rows with the turns that are made of one column, and of others, in a column of messages."""
    found = Collector()
    for row, record in rows.records():
        try:
            rest = {name: cell for name, cell in record.items() if name != column and name not in others}
            found.use(row, {MESSAGES: turns(record, structure_of(record.get(column))), **rest})
        except UnusableError as reason:
            found.leave_out(row, str(reason))
    tools = tools_column(rows.columns, rows.sample)
    return found.recognized(form, Mapping("messages", column=MESSAGES, tools=tools))


def _exchanges_column(rows: Rows) -> str:
    if paragraphs(rows):  # each question is asked on the text beside it, not after those before it
        return ""
    said = (name for name in rows.structured if rows.mostly(name, is_exchanges_of_speakers))
    names = tuple(name for name in EXCHANGES if name not in _QUIZZES or not rows.mostly(name, is_quiz))
    return column_of(rows, names, is_exchanges) or next(said, "")


def _read_exchanges(rows: Rows) -> Recognized:
    column, before = _exchanges_column(rows), next(iter(system_columns(rows.columns)), "")

    def turns(record: dict[str, Any], value: Any) -> Turns:
        first = next(iter(listed(value)), None)
        own = first.get("system") if isinstance(first, dict) else None
        system = [text for text in (record.get(before), own) if is_text(text)][:1]
        return [*({"role": "system", "content": text} for text in system), *turns_of_history(value)]

    return read_cells(rows, column, f"lists of exchanges in {column}", turns, (before,))


def _is_contents(value: Any) -> bool:
    """Say whether a value is a list of turns made of parts, as Gemini's API takes them."""
    turns = listed(value)
    return bool(turns) and all(isinstance(turn, dict) and "parts" in turn for turn in turns)


def _contents_column(rows: Rows) -> str:
    return column_of(rows, ("contents", "messages", "conversation", "conversations", "turns"), _is_contents)


def _read_contents(rows: Rows) -> Recognized:
    column = _contents_column(rows)

    def turns(record: dict[str, Any], value: Any) -> Turns:
        system = structure_of(record.get(rows.find(("systeminstruction",))))
        opening = [{**turn_of_parts(system), "role": "system"}] if isinstance(system, dict) else []
        found = opening + [each for turn in listed(value) for each in turns_of_parts(turn)]
        if any("content" not in turn for turn in found):
            raise UnusableError("a turn has parts that are neither text nor calls of tools, such as images")
        return found

    return read_cells(rows, column, "Gemini tuning data", turns, rows.named(("systeminstruction",)))


def _is_segments(value: Any) -> bool:
    """Say whether a value is a list of texts that are trained on or not, as axolotl's template-free format has it."""
    each = listed(value)
    return bool(each) and all(isinstance(item, dict) and {"text", "label"} <= item.keys() for item in each)


def _segments_column(rows: Rows) -> str:
    return column_of(rows, ("segments",), _is_segments)


def _read_segments(rows: Rows) -> Recognized:
    """Read texts without a label as what is asked, those with one as the answers.

    Raises:
        DataError: the texts hold the marks of a chat template.
    """
    column = _segments_column(rows)

    def turns(_record: dict[str, Any], value: Any) -> Turns:
        found: Turns = []
        for segment in listed(value):
            text, role = segment.get("text"), "assistant" if segment.get("label") else "user"
            if not isinstance(text, str):
                raise UnusableError(f"a text of {column} is not text")
            if _MARKERS.search(text):
                raise DataError(
                    f"{column} is axolotl's template-free format, and its texts contain the marks of a chat template "
                    f"({text.strip()[:40]!r}), which would be added a second time; give messages with role and content."
                )
            if found and found[-1]["role"] == role:
                found[-1]["content"] += text
            else:
                found.append({"role": role, "content": text})
        return found

    return read_cells(rows, column, "template-free segments (axolotl)", turns)


def _after_history(rows: Rows) -> tuple[str, Opening]:
    """Return the column of answers and those before it; what is asked and answered may be said by a word of a name."""
    texts = [name for name in rows.columns if rows.mostly(name, is_text)]
    answer = rows.find(ANSWERS) or next((name for name in texts if says(name, ANSWERED) or name in ("a", "A")), "")
    opening = Opening.of(rows, answer)
    if opening.prompt or not opening.history:
        return answer, opening
    asked = (
        name for name in texts if name not in (answer, opening.history) and (says(name, ASKED) or name in ("q", "Q"))
    )
    return answer, replace(opening, prompt=next(asked, ""))


def _answer_with_history(rows: Rows) -> str:
    """Return the column of answers that follow a prompt and a history; empty if there is none."""
    answer, opening = _after_history(rows)
    past = rows.sample(opening.history) if opening.history else []
    return answer if opening.prompt and any(not is_blank(cell) and listed(structure_of(cell)) for cell in past) else ""


def _read_history(rows: Rows) -> Recognized:
    answer, opening = _after_history(rows)

    def turns(record: dict[str, Any], _history: Any) -> Turns:
        return with_answer(opening.turns(record), record.get(answer))

    used = (*opening.columns, answer)
    return read_cells(rows, opening.history, f"prompts with a history ({opening.history})", turns, used)


_TURN = re.compile(r"(?:turn|round|t)?[_ ]?(\d{1,4})", re.IGNORECASE)
_MOSS_MARKS = re.compile(r"^\s*<\|[\w ]+\|>:\s?|(?<!\s)\s*<eo\w>\s*$")


def _is_numbered(value: Any) -> bool:
    """Say whether a value is an object of turns by their numbers, such as {"turn_1": {"Human": …, "MOSS": …}}."""
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(_TURN.fullmatch(str(key)) and isinstance(turn, dict) for key, turn in value.items())
    )


def _numbered_column(rows: Rows) -> str:
    return column_of(rows, EXCHANGES, _is_numbered)


def _read_numbered(rows: Rows) -> Recognized:
    column = _numbered_column(rows)
    system = rows.find(("metainstruction", "system", "systemprompt"))

    def turns(record: dict[str, Any], value: Any) -> Turns:
        if not _is_numbered(value):
            raise UnusableError("the conversation is not an object of numbered turns")
        in_order = sorted(value.items(), key=lambda item: int(_TURN.sub(r"\1", str(item[0]))))
        opening = [{"role": "system", "content": record[system]}] if is_text(record.get(system)) else []
        return opening + [turn for _key, each in in_order for turn in _sides(each)]

    read = read_cells(rows, column, f"turns by number in {column}", turns, [system] if system else ())
    others = (
        key
        for _row, record in rows.records()
        if _is_numbered(turns_by_number := structure_of(record.get(column)))
        for each in turns_by_number.values()
        for key in each
        if PAIR_KEYS.get(role_key(key)) not in ("user", "assistant")
    )
    read.unused.update(others)
    return read


def _sides(turn: dict[str, Any]) -> Turns:
    """Return what is asked and answered in a numbered turn, without the marks that MOSS's template sets.

    Raises:
        UnusableError: it does not have one of each.
    """
    roles = {key: PAIR_KEYS.get(role_key(key)) for key in turn}
    said = [
        {"role": side, "content": turn[key]} for side in ("user", "assistant") for key in turn if roles[key] == side
    ]
    if [each["role"] for each in said] != ["user", "assistant"] or not all(is_text(each["content"]) for each in said):
        raise UnusableError(f"a turn has the keys {', '.join(map(str, turn))} instead of one user and one assistant")
    return [{**each, "content": _MOSS_MARKS.sub("", each["content"])} for each in said]


SHAPES = (
    Shape("prompts with a history", lambda rows: bool(_answer_with_history(rows)), _read_history),
    Shape("lists of exchanges", lambda rows: bool(_exchanges_column(rows)), _read_exchanges),
    Shape("turns by number", lambda rows: bool(_numbered_column(rows)), _read_numbered),
    Shape("Gemini tuning data", lambda rows: bool(_contents_column(rows)), _read_contents),
    Shape("template-free segments", lambda rows: bool(_segments_column(rows)), _read_segments),
)
