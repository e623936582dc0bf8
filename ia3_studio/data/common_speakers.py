"""Which conversations are in a text in which one name speaks with somebody else in each paragraph, as in a chat log?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.speaker_lines import paragraphs_of, said_by, titles_note

_FEWEST, _MOSTLY = 4, 0.9
"""Conversations at least, and the share of them in which the same name speaks."""
_SPOKEN_BY_TWO = 0.75
"""Share of the paragraphs in which two speak; in others, only one does."""
_ASKING = 0.5
"""Share of the turns of a name that are questions, from which on it asks and others answer."""
_Turns = list[tuple[str, str]]


def conversations_of_one(text: str) -> dict[str, list[Any]] | None:
    """Return the conversations of a text, a paragraph each, in which one name speaks with several others.

    Who is in all of them is the assistant, or the user where most of what this one says are questions.

    Example:
        >>> talks = [f"Talk:\\nGuest{n}: Hi\\nAnn: Aye?\\nGuest{n}: Late.\\nAnn: Come in." for n in range(4)]
        >>> conversations_of_one("\\n\\n".join(talks))["messages"][0][1]
        {'role': 'assistant', 'content': 'Aye?'}
    """
    talks, _titles = _talks(text)
    who = _common(talks)
    if not who:
        return None
    role, other = _sides(talks, who)
    rows = [[{"role": role if name == who else other, "content": said} for name, said in talk] for talk in talks]
    return {"messages": rows}


def note_on_the_common(text: str) -> tuple[str, ...]:
    """Return the sentences on who is taken for the assistant, and on titles that are not read."""
    talks, titles = _talks(text)
    who = _common(talks)
    return (
        f"{who} speaks in all conversations and is read as the {_sides(talks, who)[0]}; to learn what the others say,"
        " call the speakers user and assistant in the file.",
        *titles_note(titles),
    )


def _talks(text: str) -> tuple[list[_Turns], int]:
    """Return who says what in each paragraph, and how many titles stand above; none where other lines have no name."""
    talks: list[_Turns] = []
    titles = 0
    for lines in paragraphs_of(text):
        turns = [said_by(line) for line in lines]
        if turns[0] is None or not turns[0][1]:  # a title
            turns, titles = turns[1:], titles + 1
        talk = [turn for turn in turns if turn and turn[1]]
        if not talk or len(talk) < len(turns):
            return [], 0
        talks.append(talk)
    return talks, titles


def _common(talks: Sequence[_Turns]) -> str:
    """Return who speaks in nearly all conversations, each time with one of several others; empty for none."""
    names = [Counter(who for who, _said in talk) for talk in talks]
    both = [each for each in names if len(each) == len(("one", "other"))]
    if len(both) < _FEWEST or len(both) < _SPOKEN_BY_TWO * len(names) or any(len(each) > 2 for each in names):
        return ""
    found = Counter(who for each in both for who in each)
    often = [who for who, times in found.items() if times >= _MOSTLY * len(both)]
    again = sum(map(_returns, talks))
    are_talks = 2 * again >= len(both)  # else they are entries with the same fields
    return often[0] if len(often) == 1 and len(found) > len(("one", "other")) and are_talks else ""


def _returns(talk: _Turns) -> bool:
    """Say whether somebody speaks again after somebody else."""
    changes = sum(one != other for (one, _said), (other, _heard) in pairwise(talk))
    return changes >= len({who for who, _said in talk})


def _sides(talks: Sequence[_Turns], who: str) -> tuple[str, str]:
    """Return the role of who speaks in all conversations, and that of the others."""
    turns = [said for talk in talks for name, said in talk if name == who]
    asking = sum(said.rstrip().endswith(("?", "？", "؟")) for said in turns)
    return ("user", "assistant") if asking > _ASKING * len(turns) else ("assistant", "user")
