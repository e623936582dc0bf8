"""How do a system prompt, a history, a prompt and an answer in columns of their own become one conversation?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.opening_names import history_columns
from ia3_studio.data.paths import structure_of
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.shape import Rows, is_blank, is_text, is_turn, listed, role_of
from ia3_studio.data.shapes.template_marks import templated_turns, without_end
from ia3_studio.data.system_prompts import system_column
from ia3_studio.data.tool_calls import as_json
from ia3_studio.data.turn_blocks import kind_of_block, turns_in_lists, turns_of_items

PROMPT_NAMES = (
    "prompt", "question", "instruction", "query", "input", "problem", "userinput", "userprompt", "userquery",
)  # fmt: skip
CONTEXT_NAMES = ("input", "context")
SIDES = (
    ("user", "assistant"), ("human", "assistant"), ("human", "gpt"), ("human", "bot"), ("user", "bot"),
    ("input", "output"), ("prompt", "response"), ("prompt", "completion"), ("question", "answer"), ("q", "a"),
    ("instruction", "output"), ("instruction", "response"), ("query", "response"), ("query", "answer"),
)  # fmt: skip
"""Keys of an exchange: what is asked, and the answer."""
_TRANSCRIPT = re.compile(r"(?:^|\n\n)(Human|Assistant):[^\S\n]?")
_OF_LINES = re.compile(r"(?:^|\n)(Human|Assistant):[^\S\n]?")
"""Marks of turns, which are paragraphs, or lines in a text without paragraphs."""
_ROLES = {"Human": "user", "Assistant": "assistant"}

_TEXT_KEYS = ("full_text", "text", "content", "question", "prompt", "instruction", "body")
"""Keys of the text of a prompt that is an object."""
_SYSTEM_KEYS = ("system", "systemInstruction", "system_instruction", "instructions")
"""Fields of a request in which its system prompt may stand."""
Turns = list[dict[str, Any]]


@dataclass(frozen=True)
class Opening:
    """The columns that precede an answer; empty where there are none."""

    system: str = ""
    history: str = ""
    prompt: str = ""
    context: str = ""

    @classmethod
    def of(cls, rows: Rows, *answers: str) -> Opening:
        """Return the columns of a table that precede one of its answers."""
        prompt = next((name for name in rows.named(PROMPT_NAMES) if name not in answers), "")
        context = next((name for name in rows.named(CONTEXT_NAMES) if name not in (prompt, *answers)), "")
        history = next(iter(history_columns(rows.columns)), "")
        if not prompt and rows.mostly(history, lambda cell: is_text(cell) and not listed(structure_of(cell))):
            prompt, history = history, ""  # what was said before is all that is asked
        elif rows.mostly(history, lambda cell: is_text(cell) and not (turns_in(cell) or listed(structure_of(cell)))):
            history = ""  # as that of a patient
        others = [name for name in rows.columns if name not in (history, prompt, context, *answers)]
        return cls(system_column(others, rows.sample), history, prompt, context)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns whose cells become turns."""
        return tuple(filter(None, (self.system, self.history, self.prompt, self.context)))

    def turns(self, record: dict[str, Any]) -> Turns:
        """Return the turns of a row that precede its answer.

        Raises:
            UnusableError: its history is no list of exchanges, or its prompt is empty.
        """
        system = record.get(self.system)
        opening: Turns = [] if is_blank(system) else [{"role": "system", "content": system}]
        history = [] if is_blank(record.get(self.history)) else turns_of_history(record[self.history])
        return opening + history + (self._prompt(record) if self.prompt else [])

    def _prompt(self, record: dict[str, Any]) -> Turns:
        value = record.get(self.prompt)
        turns = turns_in(value)
        if turns:
            is_begun = role_of(turns[-1]["role"]) == "assistant" and is_blank(turns[-1]["content"])
            return turns[:-1] if is_begun else turns
        context = record.get(self.context)
        inner = structure_of(value)
        if isinstance(inner, dict):  # a question with its id and source
            value = next((inner[key] for key in _TEXT_KEYS if is_text(inner.get(key))), value)
        if not is_text(value) or not (is_blank(context) or isinstance(context, str)):
            raise UnusableError(f"the prompt ({self.prompt}) is empty or not text")
        return [{"role": "user", "content": value if is_blank(context) else f"{value}\n\n{context}"}]


def turns_in(value: Any) -> Turns:
    """Return the turns that a cell holds: a list, one turn, an object with messages, a transcript, JSON of these."""
    value = turns_in_lists(structure_of(value))
    if isinstance(value, str):
        return turns_of_transcript(value) or templated_turns(value)
    if isinstance(value, dict):
        value = [value] if is_turn(_bare_turn(value)) else _turns_of_object(value)
    held = listed(value)
    held = held[0] if len(held) == 1 and isinstance(held[0], list) else held  # a list of one conversation
    turns = list(map(_bare_turn, turns_of_items(held)))
    return [_spelled(turn) for turn in turns] if turns and all(map(is_turn, turns)) else []


def _bare_turn(turn: Any) -> Any:
    """Return a turn as traces have it, inside an object or with its keys as message.role and so on, as a turn."""
    if not isinstance(turn, dict):
        return turn
    if set(turn) == {"message"}:
        return turn["message"]
    if isinstance(turn.get("kwargs"), dict) and listed(turn.get("id")):  # of LangChain, as an object is made again
        return {"role": turn["id"][-1], "content": turn["kwargs"].get("content")}
    if {*turn} == {"role", "parts"}:  # of Gemini
        return turn_of_parts(turn)
    if is_text(turn.get("text")) and "role" in turn and not {"content", "value"} & turn.keys():
        return {**{key: each for key, each in turn.items() if key != "text"}, "content": turn["text"]}
    return {str(key).removeprefix("message."): each for key, each in turn.items()} if "message.role" in turn else turn


def _turns_of_object(value: dict[str, Any]) -> Any:
    """Return the turns of a request or a response of an API: its messages, or the first of several answers."""
    if body := next((value[name] for name in _BODIES if isinstance(value.get(name), dict)), None):
        return turns_in(body)
    if "messages" in value:
        return _system_of(value) + turns_in(value["messages"])
    if "contents" in value:
        return _system_of(value) + [turn_of_parts(turn) for turn in listed(value["contents"])]
    if listed(value.get("output")):  # of which some are calls of tools and thoughts
        return [turn for turn in listed(value["output"]) if isinstance(turn, dict) and turn.get("type") == "message"]
    if is_text(value.get("input")) or listed(value.get("input")):
        asked = value["input"]
        return _system_of(value) + ([{"role": "user", "content": asked}] if is_text(asked) else turns_in(asked))
    first = next((each[0] for name in _ANSWERS if (each := listed(value.get(name)))), value)
    first = first[0] if isinstance(first, list) and first else first
    inner = first if isinstance(first, dict) else value
    if isinstance(inner.get("message"), dict):
        return [inner["message"]]
    content = inner.get("content")
    return [turn_of_parts(content)] if isinstance(content, dict) and "parts" in content else None


_BODIES = ("body", "inputBodyJson", "outputBodyJson", "output")
"""Keys of an object that holds what was sent or answered."""
_ANSWERS = ("choices", "candidates", "generations")
"""Keys of several answers, the first of which counts."""


def _system_of(value: dict[str, Any]) -> Turns:
    """Return the system turn of a request that has its system prompt in a field of its own, in a list."""
    said = next((value[name] for name in _SYSTEM_KEYS if name in value), None)
    if isinstance(said, dict) or (said and listed(said)):
        said = turn_of_parts(said if isinstance(said, dict) else {"parts": said}).get("content")
    return [{"role": "system", "content": said}] if is_text(said) else []


def turns_of_parts(turn: Any) -> Turns:
    """Return the turns that a turn with parts is: one, or several where it says what its tools returned as well."""
    parts = listed(turn.get("parts")) if isinstance(turn, dict) else []
    if not parts or not all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in parts):
        return [turn_of_parts(turn)]
    found: Turns = []
    said: Turns = []
    for part in parts:
        if part["type"] in _MARKS:
            continue
        if "toolCallId" not in part:
            said.append(part)
            continue
        call = {"id": part["toolCallId"], "name": part["type"].removeprefix("tool-"), "input": part.get("input")}
        found.append({"role": turn["role"], "content": [*said, {"type": "tool_use", **call}]})
        found.append({"role": "tool", "tool_call_id": part["toolCallId"], "content": part.get("output", "")})
        said = []
    return [*found, *([{"role": turn["role"], "content": said}] if said else [])]


_MARKS = ("step-start", "reasoning", "source-url", "source-document")
"""Parts of a message of a user interface that are not learned."""


def turn_of_parts(turn: Any) -> Any:
    """Return a turn of Gemini's API with its parts as its content: as text, or as blocks where some are calls.

    A turn with other parts, such as images, is returned as it is.
    """
    parts = listed(turn.get("parts")) if isinstance(turn, dict) else []
    parts = [{"text": part} if isinstance(part, str) else part for part in parts]
    if not parts or not all(isinstance(part, dict) for part in parts):
        return turn
    kinds = {kind_of_block(part) or ("text" if isinstance(part.get("text"), str) else "other") for part in parts}
    if "other" in kinds:
        return turn
    content = "".join(part["text"] for part in parts) if kinds == {"text"} else parts
    return {"role": turn.get("role", "user"), "content": content}


def _spelled(turn: dict[str, Any]) -> dict[str, Any]:
    """Return a turn with its role and its content under these names."""
    others = {key: value for key, value in turn.items() if key not in ("from", "value")}
    return {**others, "role": turn.get("role", turn.get("from")), "content": turn.get("content", turn.get("value"))}


def turns_of_transcript(text: str) -> Turns:
    """Return the turns of a text whose paragraphs begin with "Human:" and "Assistant:"; none of any other text.

    In a text without paragraphs, its lines do.

    Example:
        >>> turns_of_transcript("\\n\\nHuman: Hi\\n\\nAssistant: Ahoy")
        [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ahoy'}]
    """
    before, *parts = (_TRANSCRIPT if "\n\n" in text else _OF_LINES).split(text)
    if before.strip() or len(parts) < 4 or parts[0] != "Human":
        return []
    return [
        {"role": _ROLES[side], "content": said.strip("\n")} for side, said in zip(parts[::2], parts[1::2], strict=True)
    ]


def turns_of_history(value: Any) -> Turns:
    """Return the turns of earlier exchanges: pairs of texts, objects with both sides, or turns.

    Raises:
        UnusableError: it is none of these.
    """
    if turns := turns_in(value):
        return turns
    exchanges = listed(structure_of(value))
    if exchanges and all(map(is_text, exchanges)):
        return _by_turns(exchanges)
    found: Turns = []
    for exchange in exchanges:
        sides = sides_of(exchange) if isinstance(exchange, dict) else ()
        asked, answer = (exchange[name] for name in sides) if sides else _pair(exchange)
        found += [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    if not found:
        raise UnusableError("the history is not a list of earlier prompts and answers")
    return found


def _by_turns(texts: list[str]) -> Turns:
    """Return texts as those of two speakers by turns, the last of which is an answer."""
    roles = ("user", "assistant") if len(texts) % 2 == 0 else ("assistant", "user")
    return [{"role": roles[place % 2], "content": text} for place, text in enumerate(texts)]


def sides_of(exchange: dict[str, Any]) -> tuple[str, str] | tuple[()]:
    """Return the keys of an object that hold a prompt and its answer."""
    return next((pair for pair in SIDES if all(isinstance(exchange.get(name), str) for name in pair)), ())


def is_exchanges(value: Any) -> bool:
    """Say whether a value is a list of objects with a prompt and its answer."""
    each = listed(value)
    return bool(each) and all(isinstance(item, dict) and sides_of(item) for item in each)


def is_exchanges_of_speakers(value: Any) -> bool:
    """Say whether a value is a list of exchanges whose keys are speakers, rather than a question and its answer."""
    sides = [sides_of(each) if isinstance(each, dict) else () for each in listed(structure_of(value))]
    return bool(sides) and all(each and {*each} <= _SPEAKERS for each in sides)


def is_quiz(value: Any) -> bool:
    """Say whether a value is a list of questions, each with its answer, which stand for themselves."""
    each = listed(structure_of(value))
    return bool(each) and all(isinstance(item, dict) and sides_of(item) in _QUESTIONED for item in each)


_QUESTIONED = (("question", "answer"), ("q", "a"))
_SPEAKERS = frozenset(("user", "human", "assistant", "gpt", "bot"))


def _pair(exchange: Any) -> list[Any]:
    sides = listed(exchange)
    if len(sides) != 2 or not all(isinstance(side, str) for side in sides):
        raise UnusableError("the history is not a list of earlier prompts and answers")
    return sides


def with_answer(opening: Turns, answer: Any) -> Turns:
    """Return a conversation that ends with an answer, which may hold the turns before it as well.

    Raises:
        UnusableError: there is no answer.
    """
    turns = turns_in(answer)
    first = role_of(turns[0]["role"]) if turns else ""
    if first == "user":
        return [turn for turn in opening[:1] if role_of(turn["role"]) == "system"] + turns
    if turns:
        return turns if first == "system" else opening + turns
    if is_blank(answer):
        raise UnusableError("the answer is empty")
    return [*opening, {"role": "assistant", "content": without_end(answer) if is_text(answer) else as_json(answer)}]
