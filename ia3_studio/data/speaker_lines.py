"""Which conversations are in a text whose lines begin with one of two speakers, such as "(user): …" or "Driver: …"?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.delimiters import lines_of, with_line_feeds
from ia3_studio.data.header_words import WORDS_OF_NAMES
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.plain_texts import documents_between
from ia3_studio.data.shapes.line_logs import LEVELS
from ia3_studio.data.turn_roles import ONESELF, known_role

_NAME = r"([^\W\d_][\w .'-]{0,30}?)"
_SAID = re.compile(rf"\s*(?:[-*•]\s+)?\**(?:[(\[<]\s*{_NAME}\s*[)\]>]\**\s*[:：]?|{_NAME}\**\s*[:：])\**\s*(.*)")
"""A line that names its speaker, who may stand in brackets, and what is said."""
_BEHIND_NAME = re.compile(r"[:：)\]>]")
_SIGNS, _SHORTEST_RULE = "-=*_", 3
"""What a rule is made of that ends a conversation, and how many of them."""
_DEEPEST_HEADING = 6
"""Signs "#" of a heading at most: a line of more is a rule."""
_HEADED = re.compile(r"\s*(?:-{2,}|={2,}|\*{2,}|_{2,})\s*\w.*")
"""A line that begins with a rule and goes on, which is a heading."""
_FEWEST = 2
"""Conversations from which on a text is one of them, and turns of each."""
_SIDES = ("system", "user", "assistant")


def conversations_of_two(text: str) -> dict[str, list[Any]] | None:
    """Return the conversations of a text in which two speakers take turns, one of them by a known role.

    A conversation ends with a rule, or else with a blank line, and what stands above its first turn is its heading.
    Turns that are empty are left out. Where speakers of both roles are known, other lines belong to what was said.

    Example:
        >>> conversations_of_two("## One\\nBot: Ahoy\\nKeeper: Hi\\nBot: Ann?\\n\\n## Two\\nBot: Who?\\nKeeper: Bo")[
        ...     "messages"
        ... ][1]
        [{'role': 'assistant', 'content': 'Who?'}, {'role': 'user', 'content': 'Bo'}]
    """
    return _conversations(list(_ruled_blocks(text))) or _conversations(list(paragraphs_of(text)))


def note_on_titles(text: str) -> tuple[str, ...]:
    """Return the sentence on the lines above the first turns of conversations, which are not read.

    Example:
        >>> note_on_titles("## One\\nBot: Ahoy\\nKeeper: Hi\\nBot: Ann?\\n\\nBot: Who?\\nKeeper: Bo")
        ('Not used: 1 title of a conversation.',)
    """
    blocks = next((each for each in (list(_ruled_blocks(text)), list(paragraphs_of(text))) if _conversations(each)), [])
    roles = _roles(_speakers(blocks))
    named = [_SAID.fullmatch(block[0]) for block in blocks]
    titles = sum(not found or _name(found) not in roles for found in named)
    return titles_note(titles)


def titles_note(count: int) -> tuple[str, ...]:
    """Return the sentence on so many lines above conversations that are not read; nothing for none."""
    what = "1 title of a conversation" if count == 1 else f"{count:,} titles of conversations"
    return (f"Not used: {what}.",) if count else ()


def turns_of_two(text: str) -> dict[str, list[Any]] | None:
    """Return the turns of a text whose lines two names begin by turns, neither of which is a known role.

    Paragraphs of several such lines, and parts that a rule ends, are conversations; else there is one. A line without
    a name belongs to what was said before it, or is a heading above the first turn.

    Example:
        >>> turns_of_two("Ann: Aye?\nBo: No.\nAnn: When?\nBo: Never.")["speaker"]
        ['Ann', 'Bo', 'Ann', 'Bo']
    """
    blocks = list(paragraphs_of(text))
    if all(len(block) == 1 for block in blocks):
        blocks = [[line for block in blocks for line in block]]
    named = [said_by(line) if _BEHIND_NAME.search(line) else None for block in blocks for line in block]
    speakers = [found[0].casefold() for found in named if found]
    changed = sum(one != other for one, other in pairwise(speakers))
    if (
        len({*speakers}) != len(("one", "other"))
        or any(map(known_role, {*speakers}))
        or {*speakers} & _NO_SPEAKERS
        or len(speakers) < max(_FEWEST_LINES, _MOSTLY * len(named))
        or changed < _MOSTLY * len(speakers) / 2
    ):
        return None
    turns: list[tuple[str, str, str]] = []
    for number, block in enumerate(blocks, start=1):
        begun = len(turns)
        for line in block:
            found = said_by(line) if _BEHIND_NAME.search(line) else None
            if found:
                turns.append((str(number), *found))
            elif len(turns) > begun:
                turns[-1] = (*turns[-1][:2], f"{turns[-1][2]}\n{line}")
    return dict(zip(("conversation", "speaker", "text"), map(list, zip(*turns, strict=True)), strict=True))


def talks_of_two(text: str) -> dict[str, list[Any]] | None:
    """Return the turns of a text as :func:`turns_of_two` does, where the two names cannot be those of fields.

    One is "you", or the talks differ in length and some end with the name that they begin with.
    """
    found = turns_of_two(text)
    if found is None or {who.casefold() for who in found["speaker"]} & ONESELF:
        return found
    lengths = Counter(found["conversation"]).values()
    return found if len({*lengths}) > 1 and any(length % 2 for length in lengths) else None


_SHORT_NAME = 3
_NO_SPEAKERS = WORDS_OF_NAMES | {each for each in LANGUAGES if len(each) != _SHORT_NAME} | LEVELS
"""What stands before a colon and is no speaker: a field, a language, or the level of a message of a program. Codes of
languages with three letters are names of people as well, such as ben."""
_FEWEST_LINES, _MOSTLY = 4, 0.8
"""Lines with a name at least, and the share of lines that have one."""


def _said_in(line: str) -> re.Match[str] | None:
    """Return the speaker of a line and what is said; None for a line without a sign behind a name."""
    return _SAID.fullmatch(line) if _BEHIND_NAME.search(line) else None


def _conversations(blocks: Sequence[Sequence[str]]) -> dict[str, list[Any]] | None:
    roles = _roles(_speakers(blocks))
    talks = [_said(block, tuple(roles)) for block in blocks] if roles else []
    if len(talks) < _FEWEST or any(len({who for who, _text in talk}) < _FEWEST for talk in talks):
        return None
    are_fields = any(known_role(who) is None for who in roles)
    if are_fields and all(len(talk) == _FEWEST for talk in talks):  # entries of two fields each
        return None
    return {"messages": [[{"role": roles[who], "content": said} for who, said in talk if said] for talk in talks]}


def _ruled_blocks(text: str) -> Iterator[list[str]]:
    """Yield the lines of each part of a text that a rule ends, with the blank ones inside."""
    for block in re.split(r"\n[^\S\n]*(?:-{3,}|={3,}|\*{3,}|_{3,})[^\S\n]*(?=\n|\Z)", with_line_feeds(text)):
        if block.strip():
            yield block.strip("\n").split("\n")


def paragraphs_of(text: str) -> Iterator[list[str]]:
    """Yield the lines of each part of a text that a blank line or a rule ends."""
    block: list[str] = []
    for line in lines_of(text):
        kept = _before_rule(line.strip())
        ends = kept is not None or not line.strip()
        if kept if kept is not None else line.strip():
            block.append(line if kept is None else kept)
        if ends and block:
            yield block
            block = []
    if block:
        yield block


def _before_rule(line: str) -> str | None:
    """Return what a line holds in front of the rule at its end; None if it has none, or is a heading behind a rule."""
    if len(line) > _DEEPEST_HEADING and not line.strip("#"):
        return ""
    bare = line.rstrip(line[-1]) if line and line[-1] in _SIGNS else line
    is_ruled = len(line) - len(bare) >= _SHORTEST_RULE and not _HEADED.fullmatch(line)
    return bare.strip() if is_ruled else None


def _speakers(blocks: Sequence[Sequence[str]]) -> Counter[str]:
    """Return how often who speaks below the first lines, which may be headings, or in all if that is only one."""
    named = [list(map(_said_in, block)) for block in blocks]
    below = Counter(_name(found) for block in named for found in block[1:] if found)
    return below if len(below) > 1 else Counter(_name(found) for block in named for found in block if found)


def said_by(line: str) -> tuple[str, str] | None:
    """Return the name that a line begins with and what is said; None for a line without one."""
    found = _SAID.fullmatch(line)
    return ((found[1] or found[2]).strip(), found[3].strip()) if found else None


def _name(found: re.Match[str]) -> str:
    return (found[1] or found[2]).strip().casefold()


def _said(lines: Sequence[str], speakers: Sequence[str]) -> list[tuple[str, str]]:
    """Return who says what in lines; nothing where more than one line stands above the first turn."""
    found: list[tuple[str, str]] = []
    for place, line in enumerate(lines):
        named = _said_in(line)
        if named and _name(named) in speakers:
            found.append((_name(named), named[3].strip()))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
        elif place:
            return []
    return [(who, said.strip()) for who, said in found]


def _roles(speakers: Counter[str]) -> dict[str, str]:
    """Return the roles of the speakers that are known, or of two of which one is; a "system" answers beside a user.

    Nothing where somebody else speaks as often as one of those that are known.
    """
    known = {who: role for who in speakers if (role := known_role(who)) in _SIDES}
    if {"user", "assistant"} <= {*known.values()}:
        rarest = min(speakers[who] for who, role in known.items() if role != "system")
        others = [who for who, times in speakers.items() if who not in known and times >= rarest]
        return {} if others else {who: str(role) for who, role in known.items()}
    if len(speakers) != len(("one", "other")) or not known or len({*known.values()}) < len(known):
        return {}
    sides = {who: "assistant" if role == "system" else role for who, role in known.items()}
    other = {"user": "assistant", "assistant": "user"}
    return {who: str(sides.get(who) or other[str(next(iter(sides.values())))]) for who in sorted(speakers)}


def documents_as_paragraphs(text: str) -> str:
    """Return a text whose documents are conversations, each ended by a token, with a paragraph for each of them.

    Blank lines inside one part no conversations then. Any other text is returned as it is.

    Example:
        >>> documents_as_paragraphs("A: Late?\\n\\nB: No.\\n<|endoftext|>\\nA: Fog?\\nB: Yes.\\n<|endoftext|>")
        'A: Late?\\nB: No.\\n\\nA: Fog?\\nB: Yes.'
    """
    documents = documents_between(text)
    begins = {found[1] if (found := _BEGINS.match(each)) else "" for each in documents}
    if len(documents) < _FEWEST_DOCUMENTS or "" in begins or len(begins) > _SPEAKERS:
        return text
    return "\n\n".join("\n".join(filter(str.strip, each.split("\n"))) for each in documents)


_BEGINS = re.compile(r"([^\W\d_][\w .'-]{0,30}):\s")
_FEWEST_DOCUMENTS, _SPEAKERS = 2, 2
