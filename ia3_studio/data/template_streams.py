"""Which conversations are in a text that a chat template wrote from its first line to its last?"""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.delimiters import BLANK_LINES, with_line_feeds
from ia3_studio.data.shapes.template_marks import Turns, begins_turn, templated_turns

_FEWEST_TURNS = 4
_OPENING = re.compile(r"<\|endoftext\|>|<\|end_of_text\|>|(?=<s>|<bos>|<\|begin_of_text\|>|<｜begin▁of▁sentence｜>)")
"""Tokens that end a text, and the place before one that opens it."""


def templated_talks(text: str) -> dict[str, list[Any]] | None:
    """Return the conversations of a text whose turns the tokens of a chat template begin; None for other text.

    A conversation begins at a token that opens a text, behind a blank line, or at a system prompt. Where nothing parts
    them, each answer stands behind the turn before it alone.

    Example:
        >>> turn = "<|im_start|>user\\nLate?<|im_end|>\\n<|im_start|>assistant\\nNo.<|im_end|>\\n"
        >>> templated_talks(turn * 2)
        {'prompt': ['Late?', 'Late?'], 'answer': ['No.', 'No.']}
    """
    text = with_line_feeds(text).strip()
    if not begins_turn(text):
        return None
    parts = [templated_turns(part) for part in _parts(text)]
    talks = [talk for part in parts for talk in _at_system_prompts(part)]
    if not all(parts) or not all({"user", "assistant"} <= {turn["role"] for turn in talk} for talk in talks):
        return None
    if sum(map(len, parts)) < _FEWEST_TURNS:
        return None
    if len(talks) == 1 and (sides := _sides(talks[0])):
        return sides
    return {"messages": talks}


def templated_notes(text: str) -> tuple[str, ...]:
    """Return what is to be said of how conversations without anything between them are read."""
    talks = templated_talks(text)
    if not talks or "prompt" not in talks:
        return ()
    return (
        "Nothing parts conversations, so that each answer is learned after the message before it alone; put a blank "
        "line between conversations to learn them as a whole.",
    )


def _parts(text: str) -> list[str]:
    """Return the parts of a text between tokens that open one, or between blank lines before a turn."""
    opened = [part.strip() for part in _OPENING.split(text) if part.strip()]
    if len(opened) > 1:
        return opened
    parts: list[str] = []
    for block in BLANK_LINES.split(text):
        if begins_turn(block) or not parts:
            parts.append(block)
        else:
            parts[-1] = f"{parts[-1]}\n\n{block}"  # a blank line inside a turn
    return parts


def _at_system_prompts(turns: Turns) -> list[Turns]:
    talks: list[Turns] = []
    for turn in turns:
        if not talks or turn["role"] == "system":
            talks.append([])
        talks[-1].append(turn)
    return talks


def _sides(turns: Turns) -> dict[str, list[Any]] | None:
    """Return prompts and answers where they take turns; None where they do not, or there is a system prompt."""
    if [turn["role"] for turn in turns] != [("user", "assistant")[place % 2] for place in range(len(turns))]:
        return None
    said = [turn["content"] for turn in turns]
    return {"prompt": said[::2][: len(said) // 2], "answer": said[1::2]}
