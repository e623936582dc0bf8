"""Which blocks of a Markdown page ask and open to an answer? Those of MkDocs (??? question) and callouts (> [!faq])."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ia3_studio.data.asked_lines import asks
from ia3_studio.data.delimiters import lines_of

_OPENED = re.compile(r'(?:!!!|\?\?\?\+?)[ \t]{1,9}([\w-]{1,40}(?: [\w-]{1,40}){0,5})[ \t]{1,9}"(.{1,500})"[ \t]*')
"""The first line of a block of MkDocs: its kind, perhaps with how it is shown, and its title."""
_CALLED_OUT = re.compile(r"> ?\[!([\w-]{1,40})\][-+]?[ \t]{1,9}(\S.{0,500})")
"""The first line of a callout of Obsidian."""
_ASKING = frozenset(("question", "questions", "faq", "help", "q"))
"""Kinds of blocks whose titles are questions, however they end."""
_FEWEST, _MOST_OUTSIDE = 3, 0.5
"""Blocks that are questions, and the share of the text that may stand outside of them."""


class _Read(NamedTuple):
    rows: dict[str, list[Any]]
    outside: int
    """Lines that are in no question and in no answer."""


def opened_questions(text: str) -> dict[str, list[Any]] | None:
    """Return the titles of blocks that ask, and what is set in below each; None for a page that is mostly other text.

    Example:
        >>> block = '??? question "Is berth {0} free?"\\n    Berth {0} is.\\n\\n    Ask at noon.\\n\\n'
        >>> opened_questions("".join(map(block.format, range(3))))["answer"][0]
        'Berth 0 is.\\n\\nAsk at noon.'
    """
    found = _read(text)
    return found.rows if found else None


def outside_blocks_note(text: str) -> tuple[str, ...]:
    """Return a sentence on the lines outside of the blocks that ask; nothing if there are none."""
    found = _read(text)
    return (
        (f"Not used: {found.outside:,} lines outside of the questions and answers.",) if found and found.outside else ()
    )


def _read(text: str) -> _Read | None:
    if "!!!" not in text and "???" not in text and "[!" not in text:
        return None
    lines = lines_of(text)
    rows: dict[str, list[Any]] = {"prompt": [], "answer": []}
    used = [False] * len(lines)
    for place, end, title, said in _blocks(lines):
        if answer := "\n".join(said).strip():
            rows["prompt"].append(title)
            rows["answer"].append(answer)
            used[place:end] = [True] * (end - place)
    outside = [line for line, is_used in zip(lines, used, strict=True) if line.strip() and not is_used]
    if len(rows["prompt"]) < _FEWEST or sum(map(len, outside)) > _MOST_OUTSIDE * len(text):
        return None
    return _Read(rows, len(outside))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, int, str, list[str]]]:
    """Yield the blocks that ask: where each begins and ends, its title, and the lines in it as they would stand alone.

    What is inside a block that asks is a part of its answer.
    """
    place = 0
    while place < len(lines):
        bare = lines[place].strip()
        quoted = _CALLED_OUT.fullmatch(bare)
        head = quoted or _OPENED.fullmatch(bare)
        if not head or not (_ASKING & {*head[1].lower().split()} or asks(head[2])):
            place += 1
            continue
        end = _end_of_quotation(lines, place) if quoted else _end_of_block(lines, place)
        inside = lines[place + 1 : end]
        yield place, end, head[2].strip(), [_unquoted(line) for line in inside] if quoted else _set_back(inside)
        place = end


def _end_of_quotation(lines: Sequence[str], place: int) -> int:
    end = place + 1
    while end < len(lines) and lines[end].lstrip().startswith(">"):
        end += 1
    return end


def _end_of_block(lines: Sequence[str], place: int) -> int:
    """Return where a block ends whose lines are set in farther than the first one; empty lines may be among them."""
    depth = _depth(lines[place])
    end = at = place + 1
    while at < len(lines) and (not lines[at].strip() or _depth(lines[at]) > depth):
        at += 1
        end = at if lines[at - 1].strip() else end
    return end


def _depth(line: str) -> int:
    wide = line[:_WIDEST].expandtabs(4)
    return len(wide) - len(wide.lstrip())


_WIDEST = 200


def _set_back(lines: Sequence[str]) -> list[str]:
    """Return lines without the blanks that all of them begin with."""
    wide = [line.expandtabs(4).rstrip() if line[:1] == "\t" else line.rstrip() for line in lines]
    depth = min((len(line) - len(line.lstrip()) for line in wide if line), default=0)
    return [line[depth:] for line in wide]


def _unquoted(line: str) -> str:
    return line.lstrip().removeprefix(">").removeprefix(" ").rstrip()
