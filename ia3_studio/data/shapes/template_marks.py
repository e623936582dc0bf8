"""Which turns are in a text that a chat template wrote? Told by the tokens that begin and end turns in it."""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.turn_roles import known_role

Turns = list[dict[str, Any]]
_BEGIN = re.compile(
    r"<\|im_start\|>[^\S\n]*(\w+)[^\S\n]*\n?"
    r"|<\|start_header_id\|>\s*(\w+)\s*<\|end_header_id\|>\s*"
    r"|<\|start_of_role\|>\s*(\w+)\s*<\|end_of_role\|>"
    r"|<start_of_turn>[^\S\n]*(\w+)[^\S\n]*\n?"
    r"|<extra_id_[01]>(System|User|Assistant)[^\S\n]*\n"
    r"|<[|｜](system|user|human|assistant|model|bot|tool|System|User|Human|Assistant|Bot)[|｜]>\s*"
)
"""Tokens that begin a turn with its role: of ChatML, Llama 3, Granite, Gemma, NeMo, and Zephyr, Phi or DeepSeek."""
_ENDS = (
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end_of_text|>", "<|end|>", "<|endoftext|>", "</s>",
    "<eos>", "<｜end▁of▁sentence｜>",
)  # fmt: skip
"""Tokens by which templates end a turn."""
_NEXT_TURN = "<extra_id_1>"
"""The token that begins the next turn, which is an end where nothing follows, not even a blank."""
_OPENING = re.compile(r"(?<!\s)\s*(?:<s>|<bos>|<\|begin_of_text\|>|<｜begin▁of▁sentence｜>)\s*")
_INSTRUCTED = re.compile(r"\[INST\](.*?)\[/INST\](.*?)(?=\[INST\]|\Z)", re.DOTALL)
"""An exchange of Llama 2 and Mistral."""
_SYSTEM = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)
_FIRST_TOKEN = re.compile(r"[<\[]")


def templated_turns(text: str) -> Turns:
    """Return the turns of a text that a chat template wrote, without its tokens; none of any other text.

    Example:
        >>> templated_turns("<s>[INST] Hi [/INST] Ahoy </s>")
        [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ahoy'}]
    """
    if not _FIRST_TOKEN.search(text):
        return []
    turns = _between_roles(text) or _instructed(text)
    return turns if any(turn["role"] == "user" for turn in turns) else []


def begins_turn(text: str) -> bool:
    """Say whether a text begins with a token that begins a turn, perhaps behind one that opens a text."""
    begun = _OPENING.sub("", text[:_LOOKED_AT]).lstrip()
    return begun.startswith("[INST]") or _BEGIN.match(begun) is not None


_LOOKED_AT = 200


def without_end(text: str) -> str:
    """Return a text without the tokens at its end by which a chat template ends a turn.

    Example:
        >>> without_end("Ahoy<|im_end|>")
        'Ahoy'
    """
    while True:
        bare = text.rstrip()
        end = _NEXT_TURN if text.endswith(_NEXT_TURN) else next(filter(bare.endswith, _ENDS), "")
        if not end:
            return text
        text = bare.removesuffix(end).rstrip()


def _between_roles(text: str) -> Turns:
    begun = list(_BEGIN.finditer(text))
    if not begun or _OPENING.sub("", text[: begun[0].start()]).strip():
        return []
    turns: Turns = []
    ends = [found.start() for found in begun[1:]] + [len(text)]
    for found, end in zip(begun, ends, strict=True):
        role = known_role(str(next(filter(None, found.groups()))))
        if role is None:
            return []
        turns.append({"role": role, "content": without_end(text[found.end() : end]).strip()})
    turns = turns if turns[-1]["content"] else turns[:-1]
    return [turn for turn in turns if turn["content"] or turn["role"] != "system"]


def _instructed(text: str) -> Turns:
    closed = text.rfind("[/INST]")
    opened = text.find("[INST]", closed) if closed >= 0 else 0  # none is closed behind it, so none is looked for
    found = list(_INSTRUCTED.finditer(text[: opened if opened >= 0 else None]))
    if not found or _OPENING.sub("", text[: found[0].start()]).strip():
        return []
    turns: Turns = []
    for each in found:
        asked = each[1]
        if system := _SYSTEM.match(asked):
            turns.append({"role": "system", "content": system[1].strip()})
            asked = asked[system.end() :]
        answer = without_end(_OPENING.sub("", each[2])).strip()
        turns.append({"role": "user", "content": asked.strip()})
        turns += [{"role": "assistant", "content": answer}] if answer else []
    return turns
