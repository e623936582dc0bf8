"""How does a chat template take tools? Found by trying; what it does not take is written as plain text.

Templates read a call's arguments as an object or as JSON text, want an id or one of nine letters, and a content or none
beside a call. A template without a place for definitions has them in the system turn; one without a form for calls has
them as JSON in the assistant's turn, and their results as user turns.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from ia3_studio.data.conversations import Message, native_turn
from ia3_studio.data.rendering import Request, is_own, template_of, written
from ia3_studio.data.tool_calls import as_json
from ia3_studio.data.turns import REASONING_KEYS

ASKED, SAID, NAME, KEY, VALUE, RESULT = (
    "lanternquay",
    "anchorquay",
    "sextantquay",
    "harborquay",
    "compassquay",
    "voyagequay",
)
ABOUT = "buoyquay"
"""Words of the conversations that are tried."""
LONG_ID, SHORT_ID = "call_0123456789abcdef", "call01234"
_SHORT = re.compile(r"[a-zA-Z0-9]{9}")
_NO_DEFINITIONS = "the chat template has no place for tool definitions, so they are part of the system turn"
_NO_CALLS = "the chat template has no form for tool calls, so calls are JSON text and their results are user turns"


@dataclass(frozen=True)
class ToolForm:
    """How a chat template takes tools."""

    definitions: bool = False
    """Whether it writes the definitions of tools."""
    arguments: Literal["", "object", "text"] = ""
    """How it reads a call's arguments; empty if it does not write calls and their results."""
    blank: bool = False
    """Whether a turn of calls has an empty content rather than none."""
    ids: Literal["given", "needed", "short"] = "given"
    """Whether calls have the ids of the data, or need some, or need some of nine letters."""
    closing: str = ""
    """What it writes after an answer."""


def has_tools(messages: Sequence[Message]) -> bool:
    """Return whether turns are more than role and text for a template that knows tools."""
    return any(turn.native or turn.tools for turn in messages)


def plainly(messages: Sequence[Message]) -> tuple[list[Message], tuple[str, ...]]:
    """Return turns as text alone, and a note if that lacks what an answer's reasoning is."""
    keys = sorted({key for turn in messages if turn.native for key in native_turn(turn) or () if key in REASONING_KEYS})
    note = f"{', '.join(keys)} of an answer is omitted, as plain text has no place for it"
    return [replace(turn, native="", tools="") for turn in messages], (note,) if keys else ()


def natively(messages: Sequence[Message], form: ToolForm) -> tuple[list[Message], str, tuple[str, ...]]:
    """Return turns as a template takes them, the definitions that it takes apart, and notes.

    A turn's ``native`` is then what is given to the template beside role and content; a result has the role "tool".
    """
    defined = next((turn.tools for turn in messages if turn.tools), "")
    ids = _Ids(form.ids)
    turns = [made for turn in messages for made in _native(turn, form, ids)]
    notes = [_NO_DEFINITIONS] if defined and not form.definitions else []
    notes += [_NO_CALLS] if any(map(_is_called, messages)) and not form.arguments else []
    return turns, defined if form.definitions else "", tuple(notes)


def calls_tools(messages: Sequence[Message]) -> bool:
    """Return whether a conversation defines tools, calls them or has their results."""
    return any(turn.tools or _is_called(turn) for turn in messages)


def _is_called(turn: Message) -> bool:
    given = native_turn(turn) if turn.native else None
    return given is not None and ("tool_calls" in given or given["role"] == "tool")


def _native(turn: Message, form: ToolForm, ids: _Ids) -> list[Message]:
    if turn.tools:
        own = native_turn(turn) if form.definitions else {"role": turn.role, "content": turn.content}
        return [Message(turn.role, own["content"])] if own else []
    given = native_turn(turn) if turn.native else None
    if given is None:
        return [turn]
    if not form.arguments and _is_called(turn):
        thought = {key: given[key] for key in REASONING_KEYS if key in given}
        return [replace(turn, native=as_json(thought) if thought else "")]
    role, content = given.pop("role"), given.get("content")
    if content or not form.blank:
        given.pop("content", None)
    if content == "" or (content is None and form.blank):
        given["content"] = ""
    if "tool_calls" in given:
        given["tool_calls"] = [_call(call, form, ids.of_call(call.get("id"))) for call in given["tool_calls"]]
    elif role == "tool" and (number := ids.of_result(given.get("tool_call_id"))):
        given["tool_call_id"] = number
    return [Message(role, content or "", turn.trained, as_json(given))]


def _call(call: dict[str, Any], form: ToolForm, number: str | None) -> dict[str, Any]:
    function = call["function"]
    if form.arguments == "text" and not isinstance(function["arguments"], str):
        function = {**function, "arguments": as_json(function["arguments"])}
    return {**({"id": number} if number else {}), **call, **({"id": number} if number else {}), "function": function}


class _Ids:
    """The ids of a conversation's calls, in the form a template needs; results have those of their calls."""

    def __init__(self, need: Literal["given", "needed", "short"]) -> None:
        self._need = need
        self._calls = 0
        self._open: list[str] = []

    def of_call(self, given: Any) -> str | None:
        """Return the id of the next call."""
        self._calls += 1
        number = self._made(str(given) if given is not None else None, self._calls)
        if number:
            self._open.append(number)
        return number

    def of_result(self, given: Any) -> str | None:
        """Return the id of a result: its own, or the one of the first call without a result."""
        if given is None and self._need != "given" and self._open:
            return self._open.pop(0)
        number = self._made(str(given) if given is not None else None, 0)
        if number in self._open:
            self._open.remove(number)
        return number

    def _made(self, given: str | None, place: int) -> str | None:
        if self._need == "given" or (given is not None and (self._need == "needed" or _SHORT.fullmatch(given))):
            return given
        return hashlib.sha256((given or f"call {place}").encode()).hexdigest()[:9]


def tool_form_of(tokenizer: Any, defined: bool) -> ToolForm:
    """Return how a tokenizer's chat template takes tools.

    Args:
        tokenizer: the model's.
        defined: whether the conversation defines tools; some tokenizers have a template for these.

    Raises:
        ModelError: the template takes too long, or is invalid.
    """
    if is_own(tokenizer):  # code of transformers, which takes what transformers documents
        return ToolForm(definitions=True, arguments="object")
    special = json.dumps(tokenizer.special_tokens_map, sort_keys=True)
    found = _tried(template_of(tokenizer, defined), special, defined)
    return found if found.definitions or not defined else _tried(template_of(tokenizer, False), special, False)


@functools.lru_cache(maxsize=64)
def _tried(template: str, special: str, defined: bool) -> ToolForm:
    """Return how a template takes tools, by letting it write conversations of a few words."""
    parameters = {"type": "object", "properties": {KEY: {"type": "string", "description": ABOUT}}, "required": [KEY]}
    tool = {"type": "function", "function": {"name": NAME, "description": ABOUT, "parameters": parameters}}
    pair = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": SAID}]
    texts = written(template, [(pair, False, None), (pair, False, [tool])], json.loads(special))
    plain, tooled = (text if isinstance(text, str) else "" for text in texts)
    definitions = defined and all(word in tooled for word in (ASKED, SAID, NAME, KEY))
    closing = plain.rpartition(SAID)[2] if SAID in plain else ""
    form = ToolForm(definitions=definitions, closing=closing)
    return _with_calls(form, template, special, [tool] if definitions else None)


def _with_calls(form: ToolForm, template: str, special: str, tools: Any) -> ToolForm:
    """Return a form that says how the template takes calls: the first way of writing them that it writes whole."""
    ways: tuple[Literal["object", "text"], ...] = ("object", "text")
    tried = [replace(form, arguments=arguments, blank=blank) for arguments, blank in product(ways, (False, True))]
    asked = [(each, number) for each in tried for number in (None, LONG_ID, SHORT_ID)]
    requests: list[Request] = [(_called(each, number), False, tools) for each, number in asked]
    texts = written(template, requests, json.loads(special))
    works = {each: _is_whole(text) for each, text in zip(asked, texts, strict=True)}
    for each in tried:
        bare, long, short = (works[each, number] for number in (None, LONG_ID, SHORT_ID))
        if long or short:
            return replace(each, ids="short" if not long else "given" if bare else "needed")
    return form


def _called(form: ToolForm, number: str | None) -> list[dict[str, Any]]:
    arguments = {KEY: VALUE}
    call: dict[str, Any] = {"type": "function", "function": {"name": NAME, "arguments": arguments}}
    if form.arguments == "text":
        call["function"]["arguments"] = json.dumps(arguments)
    content = {"content": ""} if form.blank else {}
    return [
        {"role": "user", "content": ASKED},
        {"role": "assistant", **content, "tool_calls": [{"id": number, **call} if number else call]},
        {"role": "tool", "content": RESULT, "name": NAME, **({"tool_call_id": number} if number else {})},
        {"role": "assistant", "content": SAID},
    ]


def _is_whole(text: Any) -> bool:
    """Return whether a text has a call, its result and the words around, its arguments neither Python nor escaped."""
    if not isinstance(text, str) or f"'{KEY}': '{VALUE}'" in text or f'\\"{KEY}' in text:
        return False
    places = [text.find(word) for word in (ASKED, VALUE, RESULT, SAID)]
    return -1 not in places and places == sorted(places) and NAME in text and KEY in text
