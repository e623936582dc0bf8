"""Which turns are in a talk that a chat assistant exported as Markdown? Each stands below or behind its speaker's name.

The name is bold or a heading: "**User**", "## ChatGPT said:", "**You:** …".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ia3_studio.data.delimiters import lines_of, with_line_feeds
from ia3_studio.data.turn_roles import ONESELF, known_role

_NAME = r"([^\W\d_][\w .-]{0,30}?)(?: said| asked| wrote)?"
_HEADS = (
    re.compile(rf"#{{1,6}}\s+\W{{0,4}}{_NAME}(?:\s+\([^)]*\))?\s?:?\s*()"),
    re.compile(rf"_?(?:\*\*|__)\W{{0,4}}{_NAME}(?:\s+\([^)]*\))?(?::(?:\*\*|__)_?|(?:\*\*|__)_?\s?:)\s*(.*)"),
    re.compile(rf"_?(?:\*\*|__)\W{{0,4}}{_NAME}(?:\s+\([^)]*\))?(?:\*\*|__)_?()"),
    re.compile(r"([^\W\d_][\w .-]{0,30}?) said:()"),
)
"""Lines with which a turn begins: who speaks, and what is said if that stands behind the name."""
_HEAD = re.compile(r"^[^\S\n]*+[#*_]| said:[^\S\n]*$", re.MULTILINE)
_SIGNS = ("#", "*", "_")
_FENCE, _RULE = re.compile(r"\s*(?:```|~~~)"), re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,})\s*")
_FEWEST_TURNS = 4
ONE_TALK = (
    "The file is one conversation: each answer is learned after the message before it alone. Give a folder or a zip of "
    "several such files to learn whole conversations."
)


def headed_turns(text: str) -> tuple[list[dict[str, str]], int]:
    """Return the turns of a talk in Markdown, and how many lines stand above them; none of any other text.

    Example:
        >>> headed_turns("**You:** Hi\\n\\n**Keeper:**\\nAhoy\\n\\n**You:** Late?\\n\\n**Keeper:** Aye.")[0][1]
        {'role': 'assistant', 'content': 'Ahoy'}
    """
    found = list(_turns(text)) if _HEAD.search(with_line_feeds(text)) else []
    roles = _roles(Counter(name for name, _said in found))
    above = 0
    turns: list[dict[str, str]] = []
    for name, said in found:
        if role := roles.get(name):
            turns.append({"role": role, "content": said})
        else:
            above += said.count("\n") + 1
    turns = [{**turn, "content": _without_rules(turn["content"])} for turn in turns]
    takes_turns = [turn["role"] for turn in turns] == [("user", "assistant")[place % 2] for place in range(len(turns))]
    is_talk = len(turns) >= _FEWEST_TURNS and takes_turns and all(turn["content"] for turn in turns)
    return (turns, above) if is_talk else ([], 0)


def talk_in_headings(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a talk in Markdown; None for other text."""
    sides = [turn["content"] for turn in headed_turns(text)[0]]
    answers = sides[1::2]
    return {"prompt": sides[::2][: len(answers)], "answer": answers} if sides else None


def talk_notes(text: str) -> tuple[str, ...]:
    """Return what is to be said of how a talk in Markdown is read."""
    turns, above = headed_turns(text)
    unused = [f"{above:,} lines above the first message"] if above else []
    unused += ["the last message, which has no answer"] if len(turns) % 2 else []
    return (*([f"Not used: {', '.join(unused)}."] if unused else []), ONE_TALK)


def _turns(text: str) -> Iterator[tuple[str, str]]:
    """Yield each name and the text up to the next one; what stands above the first has none."""
    name, said, is_code, known = "", list[str](), False, _names(text)
    for line, who, rest in _lines(text):
        is_code ^= _FENCE.match(line) is not None
        if who in known and not is_code:
            if name or "".join(said).strip():
                yield name, "\n".join(said).strip()
            name, said = who, [rest] if rest else []
        else:
            said.append(line)
    if name or "".join(said).strip():
        yield name, "\n".join(said).strip()


def _names(text: str) -> set[str]:
    """Return the names that begin turns: a known role, and another or the only name as frequent."""
    counts = Counter(who for _line, who, _rest in _lines(text) if who)
    return {*_roles(counts)}


def _roles(counts: Counter[str]) -> dict[str, str]:
    users = [who for who in counts if who in ONESELF or known_role(who) == "user"]
    answers = [who for who in counts if known_role(who) == "assistant"]
    if len(users) != 1 or len(answers) > 1:
        return {}
    times = counts[users[0]]
    if not answers:
        answers = [who for who in counts if who and who not in users and abs(counts[who] - times) <= 1 < times]
    is_clear = len(answers) == 1 and abs(counts[answers[0]] - times) <= 1
    return {users[0]: "user", answers[0]: "assistant"} if is_clear else {}


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each line with the name at its beginning, in small letters, and what stands behind that."""
    for line in lines_of(text):
        bare = line.strip()
        may_begin = bare.startswith(_SIGNS) or bare.endswith(" said:")
        found = next(filter(None, (head.fullmatch(bare) for head in _HEADS)), None) if may_begin else None
        yield (line, found[1].strip().casefold(), found[2]) if found else (line, "", "")


def _without_rules(said: str) -> str:
    lines = said.split("\n")
    while lines and (not lines[-1].strip() or _RULE.fullmatch(lines[-1])):
        lines.pop()
    return "\n".join(lines).strip()
