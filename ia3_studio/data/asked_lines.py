"""Which lines of a text ask, and what stands below each? Headings, bold lines and items of a list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.delimiters import lines_of, with_line_feeds
from ia3_studio.data.faq_headings import among_questions, without_numbers
from ia3_studio.data.speaker_marks import ANSWERS, role_at

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*:?|__([^_]+)__:?")
_BOLD_FIRST = re.compile(r"\*\*([^*]+[?？؟])\*\*:?\s+([^*\s].*)")
_ITEM = re.compile(r"(?:[-*+•]|\(?\d{1,5}[.):])\s+(\S.*)")
_ASKED_FIRST = re.compile(r"((?:[^?？؟.!:]|[.:](?=\S)){2,200}[?？؟])\s+([^\s?(\[_].*)")
"""An item that begins with a question, of one sentence, and goes on with its answer: no points, and no gap to fill."""
_BOLD_LEVEL, _ITEM_LEVEL = 7, 8
"""Levels of a line that is bold and of an item of a list, below those of headings."""
_FEWEST_QUESTIONS = 3
_MOSTLY = 0.8
"""Share of the bold lines or items that are questions where they stand for headings."""


def with_headings(text: str) -> str:
    """Return a text with its headings as Markdown has them: those above a rule, and those of AsciiDoc and Org.

    Example:
        >>> with_headings("Late?\\n-----\\n\\n== Full?\\n\\n* Cold?")
        '## Late?\\n\\n## Full?\\n\\n* Cold?'
    """
    text = _SETEXT.sub(lambda found: f"{'#' if found[2] == '=' else '##'} {found[1]}", with_line_feeds(text))
    if "<summary" in text:  # what is shown of a text that is folded away stands above it
        text = _SUMMARY.sub(lambda found: f"\n**{' '.join(_TAG.sub('', found[1]).split())}**\n", _FOLDS.sub("", text))
    for sign in ("=", "*"):
        marks = re.compile(rf"^({re.escape(sign)}{{1,6}})(?= \S)", re.MULTILINE)
        levels = {len(found) for found in marks.findall(text)}
        if len(levels) > 1 or (sign == "=" and levels):
            text = marks.sub(lambda found: "#" * len(found[1]), text)
    return text


_SETEXT = re.compile(r"^(\S[^\n]{0,300})\n([=~^-])\2{2,300}[^\S\n]*$", re.MULTILINE)

_SUMMARY = re.compile(r"<summary\b[^<>]{0,100}>((?:[^<]|<(?!/?summary)){1,500})</summary>")
_FOLDS, _TAG = re.compile(r"</?details\b[^<>]{0,100}>"), re.compile(r"</?\w{1,10}>|\*\*")


def questions_in_headings(text: str) -> dict[str, list[Any]] | None:
    """Return the headings of one level that are questions, and what stands below each; None for other Markdown.

    A bold line or an item of a list that asks is a heading as well.

    Example:
        >>> questions_in_headings("**Late?**\\n\\nNo.\\n\\n**Full?**\\n\\nYes.\\n\\n**Cold?**\\n\\nVery.")["answer"]
        ['No.', 'Yes.', 'Very.']
    """
    return _asked(text)[0]


def answers_hold_tables(text: str) -> bool:
    """Say whether the tables of a text stand in the answers to questions in headings, which have more lines."""
    rows = _asked(text)[0] or {"answer": []}
    said = [line for answer in rows["answer"] for line in str(answer).split("\n")]
    in_tables, in_all = (sum(line.lstrip().startswith("|") for line in lines) for lines in (said, lines_of(text)))
    return 0 < in_tables == in_all and 2 * in_tables < len(said)


def outside_questions_note(text: str) -> tuple[str, ...]:
    """Return the sentence on the titles and texts that belong to none of the questions in headings."""
    outside = _asked(text)[1]
    return (f"Not used: {outside:,} lines above the questions or titles between them.",) if outside else ()


def _asked(text: str) -> tuple[dict[str, list[Any]] | None, int]:
    """Return the questions in headings, or else in items that go on with the answer, and how many lines are left."""
    lines = [line for line in lines_of(with_headings(text)) if not _ANCHOR.fullmatch(line)]
    if sum(map(asks, lines)) >= _FEWEST_QUESTIONS or any("?**" in line or "?*" in line for line in lines):
        rows, outside = _below(lines, [_heading(line) for line in lines])
        if rows:
            return rows, outside
    items = [_item_with_answer(line) for line in lines]
    if sum(map(bool, items)) < _FEWEST_QUESTIONS:
        return None, 0
    return _below(lines, [item or _heading(line) for item, line in zip(items, lines, strict=True)])


_ANCHOR = re.compile(r"[ \t]{0,9}<a[ \t]{1,9}(?:name|id)=[^<>]{1,200}>[ \t]{0,9}</a>[ \t]{0,9}")
"""A line to which links lead."""


def _below(
    lines: Sequence[str], heads: Sequence[tuple[int, str, str] | None]
) -> tuple[dict[str, list[Any]] | None, int]:
    """Return the headings of one level that ask with what stands below each, and how many other lines there are."""
    found = Counter(head[0] for head in heads if head)
    asking = Counter(head[0] for head in heads if head and asks(head[1]))
    levels = [
        level for level, _count in asking.most_common()
        if level < _BOLD_LEVEL or asking[level] >= _MOSTLY * found[level]
    ]  # fmt: skip
    level = levels[0] if levels else 0
    rows: dict[str, list[Any]] = {"prompt": [], "answer": []}
    below: list[list[str]] = []
    is_open, outside = False, 0
    among = among_questions(heads, lines, level, asks) if level <= _BOLD_LEVEL else set()
    for place, (line, head) in enumerate(zip(lines, heads, strict=True)):
        if head and head[0] <= level:
            is_open = place in among or (head[0] == level and asks(head[1]))
            if is_open:
                rows["prompt"].append(role_at(head[1])[2])
                below.append([head[2]])
        elif is_open:
            below[-1].append(line)
        outside += not is_open and bool(line.strip())
    rows["prompt"] = without_numbers(rows["prompt"])
    rows["answer"] = _without_marks([_plain("\n".join(_without_rule(said))) for said in below])
    answered = sum(map(bool, rows["answer"]))
    are_asked = len(rows["prompt"]) >= _FEWEST_QUESTIONS and answered >= _MOSTLY * len(rows["prompt"])
    return (rows, outside) if are_asked else (None, 0)


def _without_rule(lines: Sequence[str]) -> Sequence[str]:
    """Return the lines of an answer without a rule at their end, which parts it from what follows."""
    last = next((at for at in reversed(range(len(lines))) if lines[at].strip()), 0)
    return lines[:last] if last and _RULE.fullmatch(lines[last].strip()) else lines


def _without_marks(answers: Sequence[str]) -> list[str]:
    """Return answers without a mark such as "A:" before each, where nearly all have one."""
    sides = [answer.partition("\n") for answer in answers]
    marked = [role_at(first) for first, _end, _rest in sides]
    if sum(word in ANSWERS for _role, word, _said in marked) < _MOSTLY * len(answers):
        return [*answers]
    bare = [f"{said}{end}{rest}" for (_role, _word, said), (_first, end, rest) in zip(marked, sides, strict=True)]
    return [
        said if word in ANSWERS else answer
        for answer, said, (_role, word, _said) in zip(answers, bare, marked, strict=True)
    ]


_RULE = re.compile(r"([-*_])(?: ?\1){2,80}")


def questions_in_first_lines(text: str) -> dict[str, list[Any]] | None:
    """Return the first lines of paragraphs, nearly all of which ask, and what stands below each; None for other text.

    Both may be items of a list, or the question a quotation that stands above the paragraph of its answer.

    Example:
        >>> questions_in_first_lines("Late?\\nNo.\\n\\nFull?\\nYes.\\n\\nCold?\\nVery.")["answer"]
        ['No.', 'Yes.', 'Very.']
    """
    plain = "\n".join(line.rstrip() for line in lines_of(text)).strip()
    blocks = _WIDE.split(plain) if len(_WIDE.findall(plain)) >= _FEWEST_QUESTIONS - 1 else _BLANK_LINES.split(plain)
    if len(blocks) == 1 and (lines := plain.split("\n")) and not any(line[:1].isspace() for line in lines[::2]):
        are_below = len(lines) > 1 and all(line[:1].isspace() for line in lines[1::2])
        blocks = ["\n".join(pair) for pair in zip(lines[::2], lines[1::2], strict=False)] if are_below else blocks
    if len(blocks) > 1 and all(block.startswith("> ") for block in blocks[::2]):
        blocks = ["\n".join(pair) for pair in zip(blocks[::2], blocks[1::2], strict=False)]
    sides = [block.partition("\n") for block in blocks]
    rows = [(_bare(asked), _plain(_bare(said))) for asked, _end, said in sides]
    asking = sum(asks(asked) for asked, _said in rows)
    if len(rows) < _FEWEST_QUESTIONS or asking < _MOSTLY * len(rows) or not all(map(all, rows)):
        return None
    return {"prompt": [asked for asked, _said in rows], "answer": [said for _asked, said in rows]}


def _bare(line: str) -> str:
    found = _ITEM.fullmatch(line.removeprefix("> "))
    return _unbold(found[1]) if found else line.removeprefix("> ").strip()


def flashcards(text: str) -> dict[str, list[Any]] | None:
    """Return both sides of the flashcards of a text: with "::" between them, or a line of "?"; None for other text.

    Titles and tags may stand between them.

    Example:
        >>> flashcards("#cards\\n\\nbow::front\\nstern::back\\nport::left")["front"]
        ['bow', 'stern', 'port']
    """
    if "::" not in text and not _ALONE.search(text):
        return None
    lines = [line.strip() for line in lines_of(text)]
    filled = [line for line in lines if line and not line.startswith("#") and line != "---"]
    sides = [(front.strip(), back.strip()) for front, _sign, back in (line.partition("::") for line in filled)]
    if len(sides) >= _FEWEST_QUESTIONS and all(map(all, sides)) and all(line.count("::") == 1 for line in filled):
        return {"front": [front for front, _back in sides], "back": [back for _front, back in sides]}
    blocks = [block.split("\n?\n") for block in _BLANK_LINES.split("\n".join(lines).strip()) if block[:1] != "#"]
    if len(blocks) >= _FEWEST_QUESTIONS and all(len(block) == 2 and all(block) for block in blocks):
        return {"front": [block[0] for block in blocks], "back": [block[1] for block in blocks]}
    return None


_WIDE = re.compile(r"\n{3,}")
_ALONE, _BLANK_LINES = re.compile(r"\n[^\S\n]*\?[^\S\n]*\n"), re.compile(r"\n\n+")


def _heading(line: str) -> tuple[int, str, str] | None:
    """Return the level and the text of a heading, without signs at its end, and what follows it; None for another line.

    Behind a bold question, its answer may stand in the same line.
    """
    if found := _HEADING.fullmatch(line):
        return len(found[1]), found[2].rstrip("#").strip(), ""
    if found := _BOLD.fullmatch(line.strip()):
        return _BOLD_LEVEL, (found[1] or found[2]).strip(), ""
    item = _ITEM.fullmatch(line.rstrip())
    if found := _BOLD_FIRST.fullmatch(item[1] if item else line.strip()):
        return _BOLD_LEVEL, found[1].strip(), found[2].strip()
    return (_ITEM_LEVEL, _unbold(item[1]), "") if item else None


def _item_with_answer(line: str) -> tuple[int, str, str] | None:
    """Return the level of an item, the question that it begins with and the answer behind this; None for others."""
    item = _ITEM.fullmatch(line.rstrip())
    found = _ASKED_FIRST.fullmatch(item[1]) if item and not role_at(item[1])[0] else None
    return (_ITEM_LEVEL, found[1].strip(), found[2].strip()) if found and not asks(found[2]) else None


def _unbold(text: str) -> str:
    found = _BOLD.fullmatch(text)
    return (found[1] or found[2]).strip() if found else text.strip()


def _plain(answer: str) -> str:
    """Return an answer without the sign of an item, where it is the only one, and without what it is set in by."""
    lines = answer.split("\n")
    depth = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    lines = [line[depth:].rstrip() for line in lines]
    if len([line for line in lines if line]) == 1 and (found := _ITEM.fullmatch("".join(lines))):
        return found[1]
    return "\n".join(lines).strip()


def asks(heading: str) -> bool:
    """Say whether a line ends with a question mark."""
    return heading.rstrip().endswith(("?", "？", "؟"))
