"""Which tools does a conversation define, and which does it call? As JSON, in the form that chat templates take.

Templates of transformers take definitions as ``{"type": "function", "function": {…}}``, and calls whose arguments are
an object. OpenAI's data have the arguments as JSON text, the older ``function_call`` and ``functions`` have no wrapper,
and ShareGPT's ``function_call`` turns hold a call as their text: all of them become the one form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ia3_studio.data.problem import UnusableError

Call = dict[str, Any]
"""``{"type": "function", "function": {"name": …, "arguments": …}}``, often with an ``id``."""
_CALL_KEYS = {"name", "arguments", "parameters", "id", "type", "function"}


def as_json(value: Any) -> str:
    """Return a value as JSON text, its letters as they are; arrays become lists."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def tool_definitions(value: Any) -> str:
    """Return the definitions of tools, as they are in the data; empty where there are none.

    Raises:
        UnusableError: they lie too deep inside each other.
    """
    try:
        written = value if isinstance(value, str) else as_json(json.loads(as_json(value), object_hook=_without_nulls))
    except RecursionError as error:
        raise UnusableError("the definitions of its tools lie too deep inside each other") from error
    return "" if written.strip() in ("", "[]", "{}", "null") else written.strip()


def tools_of(definitions: str) -> list[dict[str, Any]]:
    """Return definitions as a chat template takes them; none where the text is not JSON of named functions."""
    try:
        found = _definitions(json.loads(definitions))
    except (ValueError, RecursionError):
        return []
    tools = [_tool(each) for each in found]
    return [tool for tool in tools if tool] if all(tools) else []


_LISTS = ("functionDeclarations", "function_declarations", "tools")
"""Keys of an object of definitions, as Gemini's and Bedrock's APIs take them."""


def _definitions(value: Any) -> list[Any]:
    """Return the definitions in a list, an object of them, or a list of such objects."""
    several = value if isinstance(value, list) else [value]
    inner = [next((each[key] for key in _LISTS if isinstance(each, dict) and key in each), None) for each in several]
    return [
        each for one, listed in zip(several, inner, strict=True)
        for each in (_definitions(listed) if isinstance(listed, list) else [one])
    ]  # fmt: skip


def _tool(value: Any) -> dict[str, Any]:
    inner = value.get("function", value.get("toolSpec", value)) if isinstance(value, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        return {}
    if "function" in value:
        return value  # type: ignore[no-any-return]
    names = {"input_schema": "parameters", "inputSchema": "parameters"}  # as Anthropic's and Bedrock's APIs call them
    function = {names.get(key, key): each for key, each in inner.items() if each is not None}
    schema = function.get("parameters")
    if isinstance(schema, dict) and isinstance(schema.get("json"), dict):
        function["parameters"] = schema["json"]
    return {"type": "function", "function": function}


def _without_nulls(found: dict[str, Any]) -> dict[str, Any]:
    """Return an object without absent fields: in Parquet every definition has the fields of all others."""
    return {key: each for key, each in found.items() if each is not None}


def calls_in(fields: dict[str, Any]) -> list[Call]:
    """Return the calls of a turn's ``tool_calls``, ``tool_call`` or ``function_call``.

    Raises:
        UnusableError: a call has no name.
    """
    found = fields.get("tool_calls", fields.get("tool_call"))
    if isinstance(found, str):
        found = _parsed(found, "the tool calls") if found.strip() else None
    several = [found] if isinstance(found, dict) else list(found) if found is not None else []
    if not several and fields.get("function_call"):
        one = fields["function_call"]
        several = [_parsed(one, "the function call") if isinstance(one, str) else one]
    return [_call(each) for each in several]


def call_in_text(text: str) -> list[Call]:
    """Return the calls that a text is the JSON of; none for any other text."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    several = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) and {"name", "function"} & set(each) and set(each) <= _CALL_KEYS
               for each in several):  # fmt: skip
        return []
    try:
        return [_call(each) for each in several]
    except UnusableError:
        return []


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnusableError(f"{what} of the assistant turn are not valid JSON") from error


def _call(raw: Any) -> Call:
    wrapped = isinstance(raw, dict) and isinstance(raw.get("function"), dict)
    inner = raw["function"] if wrapped else raw
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise UnusableError("a tool call of the assistant turn has no function name")
    given = inner.get("arguments", inner.get("parameters", inner.get("args")))
    function = {"name": name, "arguments": _arguments(given)}
    outer = {key: value for key, value in raw.items() if value is not None and (wrapped or key == "id")}
    return json.loads(as_json({**outer, "type": "function", "function": function}))  # type: ignore[no-any-return]


def _arguments(value: Any) -> Any:
    """Return arguments as an object; as the text they are where that is not one."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, dict) else value


def calls_text(calls: Sequence[Call]) -> str:
    """Return calls as plain text: one line of JSON with name and arguments for each."""
    return "\n".join(as_json(call["function"]) for call in calls)


def missing_of_call(call: Call, text: str) -> str:
    """Return the first word of a call that a text lacks: its name, or a key or value of its arguments."""
    return next((word for word in words_of_call(call) if not holds(text, word)), "")


def words_of_call(call: Call) -> list[str]:
    """Return the name of a call, and the keys and values of its arguments."""
    return [call["function"]["name"], *_words(call["function"]["arguments"])]


def missing_of_tool(tool: dict[str, Any], text: str) -> str:
    """Return the first name of a definition that a text lacks: the function's or a parameter's."""
    function = tool["function"]
    parameters = function.get("parameters")
    properties = parameters.get("properties") if isinstance(parameters, dict) else None
    names = [function["name"], *(properties if isinstance(properties, dict) else ())]
    return next((name for name in names if not holds(text, name)), "")


def holds(text: str, word: str) -> bool:
    """Return whether a text holds a word, as it is or within JSON."""
    return any(each in text for each in spellings(word))


def spellings(word: str) -> tuple[str, ...]:
    """Return how a word may be written without the blanks around it: as it is, or within JSON."""
    bare = word.strip()
    return bare, json.dumps(bare, ensure_ascii=False)[1:-1], json.dumps(bare)[1:-1]


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from _words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield json.dumps(value)


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return JSON data with every text of it, keys included, changed."""
    if isinstance(value, dict):
        return {change(key): mapped(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [mapped(each, change) for each in value]
    return change(value) if isinstance(value, str) else value
