"""Which prompts and answers are in a text? Behind marks such as "Q:" and "A:", or below headings that ask."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.delimiters import BLANK_LINES, lines_of, with_line_feeds
from ia3_studio.data.shapes.template_marks import without_end
from ia3_studio.data.speaker_marks import ANSWERS, QUESTIONS, answered_in, role_at


def exchanges(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text whose paragraphs hold "Q: …" and "A: …" or the like; None otherwise.

    A paragraph with several of them is a conversation.
    """
    text = with_line_feeds(text)
    plain = without_rules(text)
    return _in_paragraphs(plain) or (_in_paragraphs(text) if plain != text else None)


def _in_paragraphs(text: str) -> dict[str, list[Any]] | None:
    blocks = BLANK_LINES.split(text.strip())
    above = list(map(_asked_above, blocks))
    if len(blocks) > 1 and not any(len(_turns(block)) > 1 for block in blocks[:2]):  # a paragraph for each turn
        blocks = ["\n".join(pair) for pair in zip(blocks[::2], blocks[1::2], strict=False)]
    talks = [_turns(block) for block in blocks]
    talks = above if all(above) else talks
    if len(talks) < 2 or not all(_alternates(talk) for talk in talks) or _has_third(talks):
        return None
    if all(len(talk) == 2 for talk in talks):
        return {"prompt": [talk[0][1] for talk in talks], "answer": [talk[1][1] for talk in talks]}
    return {"messages": [[{"role": role, "content": said} for role, said in talk] for talk in talks]}


def headed_exchanges(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text with a title above them, or with headings of Markdown between them.

    Example:
        >>> headed_exchanges("# Exam\\n\\nQ: Late?\\nA: No.\\n\\n## Fog\\n\\nQ: Thick?\\nA: Yes.")["answer"]
        ['No.', 'Yes.']
    """
    kept, left = _without_headings(text)
    return _in_paragraphs("\n\n".join(kept)) if left else None


def headings_note(text: str) -> tuple[str, ...]:
    """Return the sentence on the paragraphs above the first exchange and the headings between exchanges."""
    return (f"Not used: {_without_headings(text)[1]:,} titles above or between the questions.",)


def _without_headings(text: str) -> tuple[list[str], int]:
    """Return the paragraphs of a text without the few above the first mark and without headings, and how many went."""
    text, titles = _without_titles(without_rules(with_line_feeds(text)))
    blocks = BLANK_LINES.split(text.strip())
    begins = (place for place, block in enumerate(blocks) if role_at(block.partition("\n")[0])[0] == "user")
    first = next(begins, len(blocks))
    if first > _MOST_ABOVE:
        return blocks, 0
    kept = [block for block in blocks[first:] if not _HEADING.fullmatch(block)]
    return kept, len(blocks) - len(kept) + titles


def _without_titles(text: str) -> tuple[str, int]:
    """Return a text without the titles between its questions, and how many went.

    A title is a short line without an end, right above a question, or a paragraph further left than all questions that
    are set in. Questions that are set in, or items of a list, are paragraphs then: several below one title are no
    conversation.
    """
    lines = text.split("\n")
    if not any(role_at(line)[0] == "user" for line in lines[:_FIRST_LINES]):  # so that prose takes no longer
        return text, 0
    found = [role_at(line) for line in lines]
    items = [bool(_ITEM.match(line)) for line in lines]
    asked = [role == "user" and (items[at] or word in QUESTIONS) for at, (role, word, _said) in enumerate(found)]
    depth = min((_depth(line) for line, is_asked in zip(lines, asked, strict=True) if is_asked), default=0)
    further_left = [bool(line.strip()) and _depth(line) < depth for line in lines]
    titles = [is_left and not (at and lines[at - 1].strip()) for at, is_left in enumerate(further_left)]
    for at in range(1, len(lines)):
        titles[at] = further_left[at] and (titles[at] or titles[at - 1])
    if titles != further_left:  # an answer goes on further left
        return text, 0
    below = ""
    for at in reversed(range(len(lines))):
        if line := lines[at].strip():
            is_above = below == "question" and not found[at][0] and not (at and lines[at - 1].strip())
            titles[at] = titles[at] or (is_above and _is_short(line))
            below = "question" if asked[at] else "other"
    if sum(titles) > sum(asked) + _MOST_ABOVE:
        return text, 0
    kept = [
        ("\n" if asked[at] and (items[at] or depth) else "") + line[depth:]
        for at, line in enumerate(lines)
        if not titles[at]
    ]
    return "\n".join(line.rstrip() for line in kept), sum(titles)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_short(line: str) -> bool:
    return len(line.split()) <= _WORDS_OF_A_TITLE and line[-1] not in ".?!？؟。！"


_ITEM = re.compile(r"\s{0,40}[-*+•]\s")
_WORDS_OF_A_TITLE, _FIRST_LINES = 8, 200
"""Words of a title at most, and the lines in which the first question must stand."""
_HEADING = re.compile(r"#{1,6} [^\n]+(?:\n#{1,6} [^\n]+)*")
_MOST_ABOVE = 3
"""Paragraphs above the first exchange."""


def _has_third(talks: Sequence[Sequence[tuple[str, str]]]) -> bool:
    """Say whether somebody else speaks in lines of the turns, in each conversation."""
    lines = (line for talk in talks for _role, said in talk for line in said.split("\n")[1:])
    names = Counter(found[1] for line in lines if (found := _NAME.match(line)))
    return any(count >= len(talks) for count in names.values())


_NAME = re.compile(r"([^\W\d_]\w{1,20}):\s+\S")


def questions_in_lines(text: str) -> dict[str, list[Any]] | None:
    """Return the questions and answers of a text without blank lines, each behind a mark; None for other text."""
    return _in_lines(text, are_questions=True)


def one_conversation(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text without blank lines in which two speakers take turns, or None."""
    return _in_lines(text, are_questions=False)


def _in_lines(text: str, *, are_questions: bool) -> dict[str, list[Any]] | None:
    block = with_line_feeds(text).strip()
    _role, word, _said = role_at(block.partition("\n")[0])
    if not word or (word in QUESTIONS) is not are_questions or _has_parts(block):
        return None
    talk = _turns(block)
    if len(talk) < _FEWEST_TURNS or not _alternates(talk):
        return None
    sides = [said for _role, said in talk]
    return {"prompt": sides[::2], "answer": sides[1::2]}


def exchanges_in_lines(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text each of whose lines holds both behind marks; None for other text.

    Example:
        >>> exchanges_in_lines("USER: Late? ASSISTANT: No.</s>\\n" * 5)["answer"][0]
        'No.'
    """
    lines = [line for line in lines_of(text) if line.strip()]
    if len(lines) < _FEWEST_LINES or role_at(lines[0])[0] != "user":
        return None
    sides: list[tuple[str, str]] = []
    for role, _word, said in map(role_at, lines):
        found = answered_in(said) if role == "user" else None
        if found is None:
            return None
        sides.append(found)
    return {"prompt": [asked for asked, _said in sides], "answer": [without_end(said) for _asked, said in sides]}


_FEWEST_LINES = 5


def without_rules(text: str) -> str:
    """Return a text with blank lines in place of lines that part it: rules, and marks of an end."""
    return "\n".join("" if _RULE.fullmatch(line.strip()) else line for line in text.split("\n"))


def _has_parts(text: str) -> bool:
    return BLANK_LINES.search(text) is not None or any(_RULE.fullmatch(line.strip()) for line in text.split("\n"))


_RULE = re.compile(r"([-=*_#~+])\1{2,}|[<\[]/?(?:END|SEP|EOS|STOP|BREAK|NEXT)[>\]]|%%+", re.IGNORECASE)
"""A line that stands between conversations."""
_FEWEST_TURNS = 4


def _turns(block: str) -> list[tuple[str, str]]:
    """Return who says what in a paragraph; nothing if its first line names no speaker."""
    turns: list[tuple[str, str]] = []
    for line in block.split("\n"):
        role, _word, said = role_at(line)
        if role:
            turns.append((role, said))
        elif not turns:
            return []
        else:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line}".strip("\n"))
    return turns


def _asked_above(block: str) -> list[tuple[str, str]]:
    """Return the question that stands above a line with a mark for its answer, and the answer; nothing without one.

    A question behind a mark of its own is one of :func:`_turns`.
    """
    lines = block.split("\n")
    if role_at(lines[0])[0]:
        return []
    place = next((at for at, line in enumerate(lines) if role_at(line)[0]), 0)
    if role_at(lines[place])[1] not in ANSWERS:
        return []
    asked = re.sub(r"^\s*(?:Q?\d{1,5}[.):]|[-*•])\s+", "", "\n".join(lines[:place])).strip()
    return [("user", asked), *_turns("\n".join(lines[place:]))] if place and asked else []


def _alternates(turns: Sequence[tuple[str, str]]) -> bool:
    """Say whether prompts and answers take turns, and none is empty."""
    roles = [role for role, _said in turns]
    whole = len(turns) > 1 and len(turns) % 2 == 0 and all(said.strip() for _role, said in turns)
    return whole and all(role == ("user", "assistant")[place % 2] for place, role in enumerate(roles))
