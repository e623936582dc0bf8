"""How is one turn of a conversation written? Its role, words, calls and marks, in the dialects of data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

from ia3_studio.data.opened_turns import opened
from ia3_studio.data.paths import structure_of
from ia3_studio.data.problem import UnusableError, whole
from ia3_studio.data.tool_calls import Call, as_json, call_in_text, calls_in
from ia3_studio.data.turn_blocks import turns_in_blocks, turns_in_lists, turns_of_items
from ia3_studio.data.turn_names import with_english_keys
from ia3_studio.data.turn_roles import ROLES, Role, is_empty, known_role, role_key, turn_key

ROLE_KEYS = (
    "role", "from", "speaker", "author_role", "author_type", "sender_role", "sender_type", "author", "sender",
)  # fmt: skip
SIDE_KEYS = {
    "is_human": ("user", "assistant"), "is_user": ("user", "assistant"), "from_user": ("user", "assistant"),
    "is_bot": ("assistant", "user"), "is_assistant": ("assistant", "user"), "is_ai": ("assistant", "user"),
    "inbound": ("user", "assistant"), "incoming": ("user", "assistant"), "is_customer": ("user", "assistant"),
    "from_customer": ("user", "assistant"), "outbound": ("assistant", "user"), "outgoing": ("assistant", "user"),
    "is_agent": ("assistant", "user"), "from_agent": ("assistant", "user"), "is_staff": ("assistant", "user"),
    "from_bot": ("assistant", "user"), "from_assistant": ("assistant", "user"), "from_ai": ("assistant", "user"),
    "is_chatbot": ("assistant", "user"), "is_model": ("assistant", "user"), "from_human": ("user", "assistant"),
    "is_created_by_user": ("user", "assistant"), "iscreatedbyuser": ("user", "assistant"),
    "is_mine": ("assistant", "user"), "is_own": ("assistant", "user"), "is_self": ("assistant", "user"),
    "is_from_user": ("user", "assistant"), "is_from_bot": ("assistant", "user"), "is_client": ("user", "assistant"),
}  # fmt: skip
"""Keys of a turn that say by true or false who speaks: the role if true, and if false."""
DIRECTION_KEYS = ("direction", "type")
DIRECTIONS = {
    "in": "user", "incoming": "user", "inbound": "user", "received": "user",
    "out": "assistant", "outgoing": "assistant", "outbound": "assistant", "sent": "assistant",
}  # fmt: skip
"""Where a message went, as seen by the one who exported it, and its role."""
CONTENT_KEYS = ("content", "value", "text", "message", "utterance", "body_text", "body", "msg", "mes", "system_prompt")
PAIR_KEYS: dict[str, Role] = {
    **ROLES, "instruction": "user", "input": "user", "prompt": "user", "question": "user", "query": "user",
    "output": "assistant", "response": "assistant", "answer": "assistant", "completion": "assistant",
}  # fmt: skip
"""Keys of an object that is an exchange, such as {"user": …, "assistant": …}."""
REASONING_KEYS = ("reasoning_content", "thinking", "reasoning")
"""What a turn thinks before it answers, as chat templates of transformers read it."""
TRAINED_KEYS = ("weight", "train", "training", "trainable", "loss")
"""Keys of an assistant's turn that say, by 0 or 1, whether it is trained."""
TEXT_PARTS = ("text", "input_text", "output_text")
OTHER_PARTS = (
    "image", "image_url", "input_image", "audio", "audio_url", "input_audio", "video", "video_url", "file",
    "input_file", "document", "tool_use", "tool_result", "refusal",
)  # fmt: skip
_OWN_MARKS = "<tool_response>"
"""A result that begins so is written for one template; it stays text, or that template would mark it twice."""


@dataclass(frozen=True)
class Turn:
    """One turn as it is in the data."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str | None
    """Its words; None where there are none, as in a turn of tool calls."""
    calls: Sequence[Call] = ()
    extra: dict[str, str] = field(default_factory=dict)
    """What chat templates may read besides: the id and name of a result, the reasoning of an answer."""
    trained: bool = True
    unused: tuple[str, ...] = ()
    """Its keys that are not read."""


def turns_of(value: Any) -> list[Turn]:
    """Return the turns of a conversation: a list of turns or of exchanges, a message tree, or JSON text of these.

    Raises:
        UnusableError: it is none of them, or a turn cannot be read.
    """
    turns = [read_turn(turn) for turn in _listed(value)]
    return (
        [replace(turn, role="assistant") if turn.role == "system" else turn for turn in turns]
        if _is_of_a_system(turns)
        else turns
    )


def _is_of_a_system(turns: Sequence[Turn]) -> bool:
    """Say whether the answers of a conversation are those of a "system", as in data sets of dialogue systems.

    Users and the system take turns there, the system answers, and nobody else speaks.
    """
    roles = [turn.role for turn in turns]
    follow = set(pairwise(roles))
    return ("user", "system") in follow and follow <= {("user", "system"), ("system", "user")}


def unused_keys(conversations: Iterable[Any]) -> tuple[tuple[str, int], ...]:
    """Return the keys of turns that are not read, such as "timestamp", and how many turns have each.

    Args:
        conversations: cells of a column of conversations; those that cannot be read are passed over.
    """
    counted: Counter[str] = Counter()
    for value in conversations:
        try:
            read = [turn for turn in turns_of(value) if turn.calls or turn.text is not None]
            counted.update(key for turn in read for key in turn.unused)
        except UnusableError:  # listed as a row that cannot be used
            continue
    return tuple(counted.most_common())


def read_turn(turn: Any) -> Turn:
    """Return a turn as it is in the data.

    Raises:
        UnusableError: it has no known role, or its content is not text.
    """
    if not isinstance(turn, dict):
        raise UnusableError("a turn of the conversation is not an object with a role and a content")
    if plain := _plain_turn(turn):
        return plain
    turn = opened(with_english_keys(turn), CONTENT_KEYS, ROLE_KEYS)
    fields = {turn_key(key): value for key, value in turn.items() if value is not None}
    role_key = next((key for key in ROLE_KEYS if key in fields), "role")
    content_key = next((key for key in CONTENT_KEYS if key in fields and key != role_key), "content")
    said = fields.get(role_key)
    nameless = said is None or (isinstance(said, dict) and "role" not in said and bool(_side(fields)))
    named, role = _role(_side(fields) or fields.get("type", "") if nameless else said)
    text = _text(fields.get(content_key), named)
    text = text if text is None else whole(text, f"the content of the {named} turn")
    if len(fields) == 2 and role in ("system", "user", "assistant") and role_key in fields and content_key in fields:
        return Turn(role, text)
    read = _read(role, text, fields)
    used = {role_key, content_key, *read.unused, *(() if role_key in fields else (*SIDE_KEYS, *DIRECTION_KEYS))}
    left = (str(key) for key, value in turn.items() if not is_empty(value) and turn_key(key) not in used)
    return Turn(read.role, read.text, read.calls, read.extra, read.trained, tuple(left))


def _plain_turn(turn: dict[str, Any]) -> Turn | None:
    """Return a turn that has nothing but a role and a text, as nearly all have; None for any other."""
    if len(turn) != 2:
        return None
    said, text = (turn.get("role"), turn.get("content")) if "role" in turn else (turn.get("from"), turn.get("value"))
    role = ROLES.get(role_key(said)) if isinstance(said, str) else None
    if role not in ("system", "user", "assistant") or not isinstance(text, str):
        return None
    return Turn(role, whole(text, f"the content of the {said} turn"))


def is_known_turn(turn: Any) -> bool:
    """Say whether a turn has a role that is known."""
    try:
        return bool(read_turn(turn).role)
    except UnusableError:  # the rows with such turns are not conversations
        return False


def _side(fields: dict[str, Any]) -> str:
    """Return the role of a turn that says whether a person speaks, by true or false or by where it went; else none."""
    for key, (yes, no) in SIDE_KEYS.items():
        if isinstance(fields.get(key), bool):
            return yes if fields[key] else no
    return next((DIRECTIONS[went] for key in DIRECTION_KEYS if (went := _lower(fields.get(key))) in DIRECTIONS), "")


def _lower(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _role(written: Any) -> tuple[str, Role]:
    """Return a role as it is written and as it is known."""
    if isinstance(written, dict):  # an author with a role
        written = written.get("role", "")
    if isinstance(written, list) and len(written) == 1:
        written = written[0]
    named = str(written).strip()
    known = known_role(named)
    if not named:
        raise UnusableError("a turn does not say who speaks (role)")
    if known is None:
        raise UnusableError(f"the role {named!r} is unknown; use system, user, assistant or tool")
    return named, known


def _read(role: Role, text: str | None, fields: dict[str, Any]) -> Turn:
    """Return a turn whose ``unused`` are, for now, the keys that it reads."""
    if role in ("system", "user"):
        return Turn(role, text)
    if role == "tool":
        if (text or "").lstrip().startswith(_OWN_MARKS):
            return Turn("user", text, unused=("tool_call_id", "name"))
        extra: dict[str, str] = {key: str(fields[key]) for key in ("tool_call_id", "name") if key in fields}
        return Turn("tool", text or "", extra=extra, unused=tuple(extra))
    flags = {key: flag for key in TRAINED_KEYS if (flag := _flag(fields.get(key))) is not None}
    thought = {key: fields[key] for key in REASONING_KEYS if isinstance(fields.get(key), str) and fields[key].strip()}
    calls = call_in_text(text or "") if role == "call" else calls_in(fields)
    words = None if role == "call" and calls else text
    read = (*flags, *thought, *(("tool_calls", "tool_call", "function_call") if calls else ()))
    return Turn("assistant", words, calls, thought, all(flags.values()), read)


def _flag(value: Any) -> bool | None:
    """Return a mark that is 0 or 1, true or false; None for anything else, such as a measured loss."""
    if isinstance(value, str):
        return {"0": False, "false": False, "1": True, "true": True}.get(value.strip().lower())
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


def _text(value: Any, role: str) -> str | None:
    """Return a turn's content as text: parts joined line by line, any other object as JSON."""
    if value is None or isinstance(value, str):
        return value
    parts = [value] if isinstance(value, dict) or not isinstance(value, Iterable) else list(value)
    if all(map(_is_part, parts)):
        return "\n".join(_part(part, role) for part in parts)
    return as_json(value)


def text_of_parts(value: Any) -> str:
    """Return the text of a list of parts, as APIs take it, line by line; empty for any other value.

    Example:
        >>> text_of_parts([{"type": "text", "text": "Ahoy"}]), text_of_parts(["Ahoy"])
        ('Ahoy', '')
    """
    parts = list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else []
    are_texts = all(isinstance(part, dict) and part.get("type") in TEXT_PARTS for part in parts)
    texts = [part.get("text") for part in parts] if are_texts else []
    return "\n".join(map(str, texts)) if all(isinstance(text, str) for text in texts) else ""


def _is_part(part: Any) -> bool:
    if isinstance(part, str):
        return True
    kind = part.get("type", "text" if set(part) == {"text"} else None) if isinstance(part, dict) else None
    return kind in (*TEXT_PARTS, *OTHER_PARTS)


def _part(part: Any, role: str) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type", "text")
    text = part.get("text")
    text = text.get("value") if isinstance(text, dict) else text
    if kind not in TEXT_PARTS or not isinstance(text, str):
        article = "an" if kind[0] in "aeiou" else "a"
        raise UnusableError(f"the content of the {role} turn has {article} {kind} part, which is not text")
    return text


def _listed(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        held = structure_of(value)
        if isinstance(held, str):
            raise UnusableError("the conversation is text, not a list of turns")
        value = held
    value = turns_in_lists(value)
    if isinstance(value, dict) and "replies" in value:
        yield from _branch(value)
        return
    if not isinstance(value, Iterable) or isinstance(value, str | dict):
        raise UnusableError("the conversation is not a list of turns")
    for item in turns_of_items(_without_nulls(value)):
        is_plain = not isinstance(item, dict) or isinstance(item.get("content"), str)
        for turn in (item,) if is_plain else turns_in_blocks(item):
            yield from _exchange(turn)


def _without_nulls(value: Any) -> list[Any]:
    """Return turns; those of an Arrow table without absent fields, as there every turn has the fields of all."""
    return _filled(value.tolist()) if hasattr(value, "tolist") else list(value)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each) for key, each in value.items() if each is not None}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_filled(each) for each in value] if isinstance(value, list) else value


def _exchange(item: Any) -> Iterator[Any]:
    """Yield the turns of an exchange: [question, answer], or an object whose keys are roles; a turn as it is."""
    if isinstance(item, dict):
        names = PAIR_KEYS | (TRANSCRIPTS if item.keys() >= TRANSCRIPTS.keys() else {})
        roles = {key: role for key in item if (role := names.get(role_key(key)))}
        whole_pair = {"user", "assistant"} <= set(roles.values()) or (roles and len(roles) == len(item))
        if whole_pair and not {turn_key(key) for key in item} & {*ROLE_KEYS}:
            said = [{"role": roles[key], "content": item[key]} for key in roles if not is_empty(item[key])]
            rest = {key: value for key, value in item.items() if key not in roles}
            yield from (*said[:-1], {**rest, **said[-1]}) if said else ()
            return
    elif isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2:
        yield from ({"role": role, "content": said} for role, said in zip(("user", "assistant"), item, strict=True))
        return
    yield item


TRANSCRIPTS: dict[str, Role] = {"system_transcript": "assistant", "transcript": "user"}
"""Keys of what a system says, and what is said to it, in turns whose state is tracked (WOZ)."""


def _branch(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one conversation of a message tree: at each turn the reply that was ranked best, or else the first."""
    turns: list[dict[str, Any]] = []
    turn: Any = tree
    while isinstance(turn, dict):
        turns.append({"role": turn.get("role", ""), "content": turn.get("text", turn.get("content", ""))})
        replies = [reply for reply in turn.get("replies") or () if isinstance(reply, dict) and not reply.get("deleted")]
        turn = min(replies, key=lambda reply: (reply.get("rank") is None, reply.get("rank") or 0), default=None)
    return turns if turns[-1]["role"] in ("assistant", "bot") else turns[:-1]
