"""Which conversations are in a text? Instructions below headings, turns with marks at their ends, counted lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ia3_studio.data.delimiters import lines_of, with_line_feeds
from ia3_studio.data.shapes.template_marks import without_end

END_OF_TURN = re.compile(r"__eou__|<eou>|\[eou\]|__eot__|<eot>|__EOU__|__EOT__")
"""Marks at the end of what somebody says."""
_COUNTED = re.compile(r"(\d{1,4}) (\S.*)")
_FEWEST = 2
"""Conversations from which on a text is one of them."""


def talks_in_text(text: str) -> dict[str, list[Any]] | None:
    """Return the conversations of a text whose lines are dialogues with marks, or counted turns; None for other text.

    Example:
        >>> talks_in_text("Hi ! __eou__ Ahoy . __eou__\\nWho ? __eou__ Ann . __eou__")["messages"][1][1]
        {'role': 'assistant', 'content': 'Ann .'}
    """
    lines = [line for line in lines_of(text) if line.strip()]
    talks = _below_headings(text) or _marked(lines) or _counted(lines)
    return {"messages": talks} if talks and len(talks) >= _FEWEST else None


def _below_headings(text: str) -> list[list[dict[str, str]]]:
    """Return the instructions and responses below headings, as Alpaca writes them; none of any other text."""
    before, *parts = _INSTRUCTION.split(with_line_feeds(text))
    found = [_RESPONSE.split(part) for part in parts]
    if len(parts) < _FEWEST or len(before) > _LONGEST_PREAMBLE or not all(len(sides) == 2 for sides in found):
        return []
    sides = [
        (_INPUT.sub("\n\n", asked, count=1).strip(), without_end(said.strip().removesuffix(before.strip())).strip())
        for asked, said in found
    ]
    talks = [[{"role": "user", "content": asked}, {"role": "assistant", "content": said}] for asked, said in sides]
    return talks if all(all(pair) for pair in sides) else []


_INSTRUCTION = re.compile(
    r"(?:^|\n)#{2,3} ?(?:(?:Instruction|Question):|(?:Prompt|User|Human|You)(?::|(?=\s*\n)))[^\S\n]*", re.IGNORECASE
)
_INPUT = re.compile(r"(?<!\n)\n+#{2,3} ?(?:Input|Context):[^\S\n]*\n*", re.IGNORECASE)
_RESPONSE = re.compile(
    r"\n#{2,3} ?(?:(?:Output|Answer):|(?:Response|Assistant|ChatGPT|Claude|AI)(?::|(?=\s*\n)))[^\S\n]*", re.IGNORECASE
)
_LONGEST_PREAMBLE = 300


def _marked(lines: Sequence[str]) -> list[list[dict[str, str]]]:
    """Return a conversation for each line, its turns two speakers' by turns; none if a line has no mark."""
    if not all(END_OF_TURN.search(line) for line in lines) or any("\t" in line for line in lines):
        return []
    found = [[said for part in END_OF_TURN.split(line) if (said := part.strip())] for line in lines]
    roles = ("user", "assistant")
    return [[{"role": roles[place % 2], "content": said} for place, said in enumerate(talk)] for talk in found]


def _counted(lines: Sequence[str]) -> list[list[dict[str, str]]]:
    """Return the conversations of lines that are counted from 1 in each, as ParlAI and bAbI write them.

    A line with a tab holds what is said and the answer to it; a line without one, such as a fact about a speaker or a
    sentence of a story, belongs to what is said next.
    """
    if not all(map(_COUNTED.fullmatch, lines)) or not any("\t" in line for line in lines):
        return []
    found = [_COUNTED.fullmatch(line) for line in lines]
    numbers = [int(each[1]) for each in found if each]
    counted = all(number in (1, before + 1) for before, number in zip([0, *numbers], numbers, strict=False))
    if not counted or numbers.count(1) < _FEWEST:
        return []
    return [turns for turns in map(_turns, _groups([each[2] for each in found if each], numbers)) if turns]


def _groups(said: Sequence[str], numbers: Sequence[int]) -> Iterator[list[str]]:
    begun: list[str] = []
    for text, number in zip(said, numbers, strict=True):
        if number == 1 and begun:
            yield begun
            begun = []
        begun.append(text)
    yield begun


def _turns(lines: Sequence[str]) -> list[dict[str, str]]:
    persona = [found[1] for line in lines if (found := _PERSONA.fullmatch(line))]
    turns: list[dict[str, str]] = [{"role": "system", "content": "\n".join(persona)}] if persona else []
    before: list[str] = []
    for line in (line for line in lines if not _PERSONA.fullmatch(line)):
        asked, tab, rest = line.partition("\t")
        answer = rest.split("\t")[0].strip()
        before.append(asked.strip())
        if tab and answer:
            content = "\n".join(filter(None, before))
            turns += [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
            before = []
    return turns


_PERSONA = re.compile(r"your persona: ?(\S.*)")
"""A line that says who the assistant is, as PersonaChat has them."""


def candidates_note(text: str) -> list[str]:
    """Return the note on answers that stand beside the given one as candidates; nothing where there are none."""
    held = sum(bool(_COUNTED.fullmatch(line)) and line.count("\t") > 1 for line in lines_of(text))
    return [f"Not used: candidates for the answers of {held:,} lines."] if held else []
