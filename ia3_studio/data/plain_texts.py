"""Which rows are in a text that is more than paragraphs? Labels before texts, questions and answers, or cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.delimiters import DELIMITERS, LINE_END, RARE_DELIMITERS, guess_delimiter
from ia3_studio.data.header import find_header

_WORDS_OF_A_LABEL = 3
FEWEST_LINES = 5
"""Lines from which on a text can be one of labels or cells."""
_SETTING = re.compile(r"#[\w ]+:.*")
"""A line by which Anki says how an export is to be read."""
_USERS = (
    "q",
    "question",
    "user",
    "human",
    "prompt",
    "customer",
    "patient",
    "client",
    "caller",
    "student",
    "frage",
    "pregunta",
    "問",
    "问",
    "query",
    "me",
)
_ASSISTANTS = (
    "a", "answer", "assistant", "ai", "bot", "response", "agent", "antwort", "respuesta", "réponse", "答", "chatbot",
    "gpt", "chatgpt", "system", "operator", "doctor", "support", "therapist", "teacher", "tutor",
)  # fmt: skip
_QUESTIONS = ("q", "question", "frage", "pregunta", "問", "问")
_SPEAKER = re.compile(
    rf"\s*(?:\*\*|#+\s*)?({'|'.join(sorted((*_USERS, *_ASSISTANTS), key=len, reverse=True))})(?:\s?\d{{1,5}})?"
    r"(?:\*\*)?\s?[:：.](?:\*\*)?\s*(.*)",
    re.IGNORECASE,
)
_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def without_settings(text: str) -> str:
    """Return a text without the lines at its beginning that say how it is to be read, such as "#separator:tab"."""
    lines = LINE_END.split(text)
    first = next((place for place, line in enumerate(lines) if not _SETTING.fullmatch(line)), 0)
    return "\n".join(lines[first:]) if first else text


_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\r?\n(.*?)\r?\n[ \t]*```\s*", re.DOTALL)


def without_fence(text: str) -> str:
    """Return what stands between the marks of a block of code, where a text is nothing else, its lines in their places.

    Example:
        >>> without_fence("```json\\n[1]\\n```")
        '\\n[1]\\n'
    """
    if not text[:_FENCE_WITHIN].lstrip("\ufeff").lstrip().startswith("```") or text.count("```") != 2:
        return text
    found = _FENCE.fullmatch(text.lstrip("\ufeff"))
    return f"\n{found[1]}\n" if found else text


_FENCE_WITHIN = 1_000
"""Characters at the beginning in which a mark of a block of code is looked for."""


def cards(text: str) -> dict[str, list[Any]] | None:
    """Return the fields of an export of Anki that has more than two of them; None for any other text.

    The settings at its beginning say which of them are no sides of a card, such as tags.
    """
    settings = {found[1]: found[2] for line in LINE_END.split(text) if (found := _ANKI.fullmatch(line))}
    lines = [line.split("\t") for line in LINE_END.split(without_settings(text)) if line.strip()]
    width = len(lines[0]) if lines else 0
    if not settings or width < 3 or any(len(cells) > width for cells in lines) or '"' in text:
        return None
    places = {
        int(place): name
        for name, place in settings.items()
        if name != "columns" and place.isdecimal() and len(place) < _DIGITS
    }
    free = [place for place in range(1, width + 1) if place not in places]
    names = {**places, **dict(zip(free, ("front", "back"), strict=False))}
    return {
        names.get(place, f"field {place}"): [cells[place - 1] if place <= len(cells) else "" for cells in lines]
        for place in range(1, width + 1)
    }


_ANKI = re.compile(r"#(separator|html|columns|guid|notetype|deck|tags)(?: column)?:(.*)")
"""Settings of an export of Anki."""
_DIGITS = 5
"""More than any number of a column has."""


def without_ids(text: str) -> str:
    """Return lines of two cells each without the lines between them that are ids such as ###1234, or blank."""
    lines = LINE_END.split(text)
    rows = [line for line in lines if line.strip() and not _ID.fullmatch(line)]
    if len(rows) == len(lines) or not any(map(_ID.fullmatch, lines)) or {line.count("\t") for line in rows} != {1}:
        return text
    return "\n".join(rows)


_ID = re.compile(r"#{1,3}\s?\d+\s*")


def marked_sides(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text each of whose lines has a mark before both; None for other text.

    Example:
        >>> marked_sides("IN: jump twice OUT: JUMP JUMP\\n" * 5)["answer"][0]
        'JUMP JUMP'
    """
    lines = [line.strip() for line in LINE_END.split(text) if line.strip()]
    found = [_TWO_MARKS.fullmatch(line) for line in lines[:1]]
    if len(lines) < FEWEST_LINES or not found[0]:
        return None
    first, second = found[0][1], found[0][3]
    sides = [_TWO_MARKS.fullmatch(line) for line in lines]
    if (first, second) not in _SIDES or not all(each and (each[1], each[3]) == (first, second) for each in sides):
        return None
    return {"prompt": [each[2] for each in sides if each], "answer": [each[4] for each in sides if each]}


_SIDES = (("IN", "OUT"), ("INPUT", "OUTPUT"), ("SRC", "TGT"), ("SOURCE", "TARGET"), ("Q", "A"), ("X", "Y"))
_TWO_MARKS = re.compile(r"([A-Z]{1,12}):\s+(\S.*?)\s+([A-Z]{1,12}):\s+(\S.*)")


def exchanges(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text whose paragraphs hold "Q: …" and "A: …" or the like; None otherwise.

    A paragraph with several of them is a conversation.
    """
    blocks = _BLANK_LINES.split(LINE_END.sub("\n", text).strip())
    if len(blocks) > 1 and not any(len(_turns(block)) > 1 for block in blocks[:2]):  # a paragraph for each turn
        blocks = ["\n".join(pair) for pair in zip(blocks[::2], blocks[1::2], strict=False)]
    talks = [_turns(block) for block in blocks]
    if len(talks) < 2 or not all(_alternates(talk) for talk in talks):
        return None
    if all(len(talk) == 2 for talk in talks):
        return {"prompt": [talk[0][1] for talk in talks], "answer": [talk[1][1] for talk in talks]}
    return {"messages": [[{"role": role, "content": said} for role, said in talk] for talk in talks]}


def one_conversation(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text without blank lines in which both take turns; None otherwise."""
    block = LINE_END.sub("\n", text).strip()
    talk = _turns(block) if _SPEAKER.match(block) and not _PARTS.search(block) else []
    if len(talk) < _FEWEST_TURNS or not _alternates(talk):
        return None
    sides = [said for _role, said in talk]
    return {"prompt": sides[::2], "answer": sides[1::2]}


_PARTS = re.compile(rf"{_BLANK_LINES.pattern}|\n[^\S\n]*(?:-{{3,}}|={{3,}}|\*{{3,}}|_{{3,}})[^\S\n]*\n")
"""What stands between conversations: blank lines, or a rule."""
_FEWEST_TURNS = 4


def questions_in_headings(text: str) -> dict[str, list[Any]] | None:
    """Return the headings of one level that are questions, and what stands below each; None for other Markdown."""
    lines = LINE_END.split(text)
    levels = Counter(len(found[1]) for line in lines if (found := _HEADING.fullmatch(line)) and _asks(found[2]))
    level, count = levels.most_common(1)[0] if levels else (0, 0)
    rows: dict[str, list[Any]] = {"prompt": [], "answer": []}
    is_open = False
    for line in lines:
        found = _HEADING.fullmatch(line)
        if found and len(found[1]) <= level:
            is_open = len(found[1]) == level and _asks(found[2])
            if is_open:
                rows["prompt"].append(found[2].strip())
                rows["answer"].append("")
        elif is_open:
            rows["answer"][-1] = f"{rows['answer'][-1]}\n{line}".strip("\n")
    return rows if count >= _FEWEST_QUESTIONS else None


_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_FEWEST_QUESTIONS = 3


def _asks(heading: str) -> bool:
    return heading.rstrip().endswith(("?", "？", "؟"))


def _turns(block: str) -> list[tuple[str, str]]:
    """Return who says what in a paragraph; nothing if its first line names no speaker."""
    turns: list[tuple[str, str]] = []
    for line in block.split("\n"):
        found = _SPEAKER.fullmatch(line)
        if found:
            turns.append(("user" if found[1].lower() in _USERS else "assistant", found[2]))
        elif not turns:
            return []
        else:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line}".strip("\n"))
    return turns


def _alternates(turns: Sequence[tuple[str, str]]) -> bool:
    """Say whether prompts and answers take turns, and none is empty."""
    roles = [role for role, _said in turns]
    whole = len(turns) > 1 and len(turns) % 2 == 0 and all(said.strip() for _role, said in turns)
    return whole and all(role == ("user", "assistant")[place % 2] for place, role in enumerate(roles))


def with_tabs(text: str) -> tuple[str, str]:
    """Return a text whose lines are cells between signs such as " ::: " with tabs for them, and the sign; or as it is.

    Nearly all lines have the same number of the sign, and none has a tab.
    """
    lines = [line for line in LINE_END.split(text) if line.strip()]
    if len(lines) < FEWEST_LINES or "\t" in text:
        return text, ""
    for sign, count in Counter(_SIGNS.findall(lines[0])).items():
        alike = sum(line.count(sign) == count for line in lines)
        if alike >= _MOSTLY_ALIKE * len(lines):
            return re.sub(rf"[ ]?{re.escape(sign)}[ ]?", "\t", text), sign
    return text, ""


_SIGNS = re.compile(
    r"(?<![^\s\w])(?:::+|\|\|+|@@+|##+|\$\$+|~~+|;;+|\+\+\+\$\+\+\+|<sep>|\[SEP\]|<tab>|\\t|=>|->)(?![^\s\w])"
)
"""Signs of more than one letter between the cells of a line."""
_MOSTLY_ALIKE = 0.98


def table_delimiter(text: str) -> str:
    """Return the delimiter of a text that is a table; empty if it is prose.

    Every line has the same number of cells, none of them empty, and either the first line names the columns or one
    column holds labels.
    """
    lines = [line for line in LINE_END.split(text) if line.strip()][:100]
    if len(lines) < FEWEST_LINES:
        return ""
    import csv

    if _are_quoted_words(lines):
        return " "
    delimiter = guess_delimiter("\n".join(lines))
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
    except csv.Error:
        return ""
    usual, count = Counter(map(len, rows)).most_common(1)[0]
    if (
        delimiter not in (*DELIMITERS, *RARE_DELIMITERS)
        or usual < 2
        or count < 0.95 * len(rows)
        or len(rows[0]) != usual
    ):
        return ""
    named = find_header(rows) == 0 and all(0 < len(cell) <= 40 and len(cell.split()) <= 4 for cell in rows[0])
    quoted = all(line.lstrip().startswith('"') for line in lines[1:])
    if delimiter == ",":
        return delimiter if named and (quoted or _are_different(rows[0])) and count == len(rows) else ""
    bare = not any("<|" in line for line in lines)  # marks of chat templates
    return delimiter if bare and (named or _has_labels(rows)) else ""


def _are_quoted_words(lines: Sequence[str]) -> bool:
    """Say whether lines are cells with blanks between them, texts in quotes, as R writes tables."""
    return all(_QUOTED_ROW.fullmatch(line) for line in lines) and any(line.count('"') > 2 for line in lines)


_QUOTED_ROW = re.compile(r'(?:"[^"]*"|[-+.\d]+|NA|TRUE|FALSE)(?: (?:"[^"]*"|[-+.\deE]+|NA|TRUE|FALSE))+')


def _are_different(names: Sequence[str]) -> bool:
    """Say whether cells can be names of columns: words without sentence marks, all different."""
    return len(set(names)) == len(names) and all(re.fullmatch(r"[\w .#/()-]+", name.strip()) for name in names)


def _has_labels(rows: Sequence[Sequence[str]]) -> bool:
    columns = [[row[place] for row in rows if len(row) == len(rows[0])] for place in (0, len(rows[0]) - 1)]
    few = [
        2 <= len(set(cells)) <= max(2, len(cells) // 3)
        and all(len(cell.split()) <= _WORDS_OF_A_LABEL for cell in cells)
        for cells in columns
    ]
    return any(few) and all(cell.strip() for cells in columns for cell in cells)
