"""What does a request ask for? The fields of OpenAI's interface, each checked, and named where it cannot be used."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.chat.settings import ChatSettings
from ia3_studio.data.conversations import Message
from ia3_studio.serving.api_errors import ApiError

MOST_STOPS = 4
LONGEST_STOP = 256
"""Characters."""
MOST_LOGPROBS = {"chat": 20, "text": 5}
MOST_PROMPTS = 32
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_IGNORED = {
    "user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier", "verbosity",
}  # fmt: skip
"""Fields that change nothing of an answer."""
_NOTHING: dict[str, Collection[Any]] = {
    "tools": ([],), "tool_choice": ("none", "auto"), "functions": ([],), "function_call": ("none", "auto"),
    "parallel_tool_calls": (True, False), "response_format": ({"type": "text"},), "logit_bias": ({},),
    "presence_penalty": (0,), "frequency_penalty": (0,), "modalities": (["text"],), "audio": (), "prediction": (),
    "store": (False,), "reasoning_effort": ("none",), "web_search_options": (), "echo": (False,), "suffix": ("",),
    "best_of": (1,),
}  # fmt: skip
"""Fields that are not supported, with the values at which they ask for nothing; null does for all."""
_COMMON = {
    "model", "stream", "stream_options", "stop", "seed", "logprobs", "n", "max_tokens", "temperature", "top_p",
    "top_k", "repetition_penalty",
}  # fmt: skip
_OWN = {"chat": {"messages", "max_completion_tokens", "top_logprobs"}, "text": {"prompt"}}

Prompt = str | tuple[int, ...] | tuple[Message, ...]


@dataclass(frozen=True)
class Asked:
    """One request for answers."""

    model: str
    prompts: tuple[Prompt, ...]
    """A conversation, or texts, or tokens."""
    settings: ChatSettings
    """Its max new tokens are the server's most where the request names none."""
    names_length: bool
    """Whether the request names its max tokens."""
    choices: int
    stream: bool
    include_usage: bool
    stop: tuple[str, ...]
    logprobs: int | None


def read_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request.

    Raises:
        ApiError: it is none.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"The body of the request is not valid JSON ({error}).", code="invalid_json") from error
    if not isinstance(found, dict):
        raise ApiError(400, f"The body of the request is a JSON {type(found).__name__}; send an object.")
    return found


def read_request(body: Mapping[str, Any], kind: str, *, most_tokens: int, most_choices: int) -> Asked:
    """Return what a request asks for.

    Args:
        body: the JSON object.
        kind: "chat" for conversations, "text" for prompts.
        most_tokens: of an answer.
        most_choices: of a request.

    Raises:
        ApiError: a field is unknown, not supported, of another type or out of its range; the error names it.
    """
    for name, value in body.items():
        _require_known(name, value, kind)
    given = _Fields(body)
    named = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    length = given.whole(named, 1, most_tokens)
    stream, options = given.boolean("stream"), given.object("stream_options")
    if options and not stream:
        raise _wrong("stream_options", "it is allowed only when stream is true")
    temperature = given.number("temperature", 0, 2)
    settings = ChatSettings(
        temperature=1.0 if temperature is None else temperature,
        top_p=1.0 if (top_p := given.number("top_p", 0, 1)) is None else max(top_p, 1e-6),
        max_new_tokens=length or most_tokens,
        seed=secrets.randbits(31) if (seed := given.whole("seed", -(2**63), 2**63 - 1)) is None else seed,
        top_k=given.whole("top_k", 0, 100_000) or 0,
        repetition_penalty=given.number("repetition_penalty", 1, 2) or 1.0,
    )
    return Asked(
        model=given.text("model"),
        prompts=(_messages(body.get("messages")),) if kind == "chat" else _prompts(body.get("prompt")),
        settings=settings,
        names_length=length is not None,
        choices=given.whole("n", 1, most_choices) or 1,
        stream=stream,
        include_usage=_Fields(options).boolean("include_usage"),
        stop=_stops(body.get("stop")),
        logprobs=_logprobs(given, kind),
    )


class _Fields:
    """The fields of a JSON object, with their types and ranges; a field that is missing or null is None."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    def number(self, name: str, least: float, most: float) -> float | None:
        value = self._body.get(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not least <= value <= most:
            raise _wrong(name, f"it is {_shown(value)}; use a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, name: str, least: int, most: int) -> int | None:
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _wrong(name, f"it is {_shown(value)}; use a whole number from {least} to {most}")
        return value

    def boolean(self, name: str) -> bool:
        value = self._body.get(name)
        if value is not None and not isinstance(value, bool):
            raise _wrong(name, f"it is {_shown(value)}; use true or false")
        return bool(value)

    def text(self, name: str) -> str:
        value = self._body.get(name)
        if not isinstance(value, str) or not value:
            raise _wrong(name, f"it is {_shown(value)}; use a text")
        return value

    def object(self, name: str) -> Mapping[str, Any]:
        value = self._body.get(name)
        if value is not None and not isinstance(value, dict):
            raise _wrong(name, f"it is {_shown(value)}; use an object")
        return value or {}


def _require_known(name: str, value: Any, kind: str) -> None:
    if name in _IGNORED or name in _COMMON or name in _OWN[kind] or value is None:
        return
    if name not in _NOTHING:
        raise ApiError(400, f"Unrecognized parameter {name[:80]!r}.", code="unknown_parameter", param=name[:80])
    if value not in _NOTHING[name]:
        raise ApiError(
            400,
            f"The parameter {name!r} is not supported here; leave it out.",
            code="unsupported_parameter",
            param=name,
        )


def _messages(given: Any) -> tuple[Message, ...]:
    if not isinstance(given, list) or not given:
        raise _wrong("messages", f"it is {_shown(given)}; use a list with at least one message")
    return tuple(_message(each, f"messages[{number}]") for number, each in enumerate(given))


def _message(given: Any, name: str) -> Message:
    if not isinstance(given, dict):
        raise _wrong(name, f"it is {_shown(given)}; use an object with role and content")
    role, content = given.get("role"), given.get("content")
    if not isinstance(role, str) or role not in _ROLES:
        raise _wrong(f"{name}.role", f"it is {_shown(role)}; use system, developer, user or assistant")
    for field in ("tool_calls", "function_call", "audio"):
        if given.get(field):
            raise _wrong(f"{name}.{field}", "it is not supported here; leave it out")
    if isinstance(content, list):
        content = "".join(_part(each, f"{name}.content[{number}]") for number, each in enumerate(content))
    if not isinstance(content, str):
        raise _wrong(f"{name}.content", f"it is {_shown(content)}; use a text, or a list of parts of type text")
    return Message(_ROLES[role], content)


def _part(given: Any, name: str) -> str:
    text = given.get("text") if isinstance(given, dict) and given.get("type") == "text" else None
    if not isinstance(text, str):
        raise _wrong(name, "this model reads text only; use parts of type text")
    return text


def _prompts(given: Any) -> tuple[Prompt, ...]:
    """Return the prompts: a text, tokens, or a list of either."""
    if isinstance(given, str):
        return (given,)
    if isinstance(given, list) and given:
        if _are_tokens(given):
            return (tuple(given),)
        if len(given) > MOST_PROMPTS:
            raise _wrong("prompt", f"it has {len(given)} prompts; use at most {MOST_PROMPTS}")
        if all(isinstance(each, str) for each in given):
            return tuple(given)
        if all(isinstance(each, list) and each and _are_tokens(each) for each in given):
            return tuple(tuple(each) for each in given)
    raise _wrong("prompt", f"it is {_shown(given)}; use a text, a list of texts, or a list of tokens")


def _are_tokens(given: Sequence[Any]) -> bool:
    return all(isinstance(each, int) and not isinstance(each, bool) and 0 <= each < 2**31 for each in given)


def _stops(given: Any) -> tuple[str, ...]:
    stops = [given] if isinstance(given, str) else given or []
    is_right = isinstance(stops, list) and all(
        isinstance(each, str) and 0 < len(each) <= LONGEST_STOP for each in stops
    )
    if not is_right or len(stops) > MOST_STOPS:
        raise _wrong("stop", f"use a text or up to {MOST_STOPS} texts of 1 to {LONGEST_STOP} characters")
    return tuple(stops)


def _logprobs(given: _Fields, kind: str) -> int | None:
    most = MOST_LOGPROBS[kind]
    if kind == "text":
        return given.whole("logprobs", 0, most)
    wanted, top = given.boolean("logprobs"), given.whole("top_logprobs", 0, most)
    if top and not wanted:
        raise _wrong("top_logprobs", "it is allowed only when logprobs is true")
    return (top or 0) if wanted else None


def _wrong(name: str, why: str) -> ApiError:
    return ApiError(400, f"The parameter {name} cannot be used: {why}.", code="invalid_value", param=name)


def _shown(value: Any) -> str:
    if value is None:
        return "missing"
    shown = json.dumps(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"
