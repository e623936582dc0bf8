"""How do texts become conversations in which each line begins with its speaker, such as "patient: …"?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.chat_logs import Said, read_log
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed, role_of
from ia3_studio.data.shapes.template_marks import templated_turns, without_end
from ia3_studio.data.speaker_marks import ASSISTANTS, USERS
from ia3_studio.data.system_prompts import system_column
from ia3_studio.data.turns import CONTENT_KEYS, ROLE_KEYS

COLUMNS = (
    "utterances", "dialogue", "dialog", "conversation", "conversations", "turns", "messages", "transcript", "chat",
    "text", "lines", "content",
)  # fmt: skip
OTHERS = (
    "summary", "answer", "response", "output", "completion", "target", "label", "labels", "category", "intent",
    "sentiment", "topic", "class", "sectiontext",
)  # fmt: skip
"""Columns beside which the text is what is read, and no conversation to learn."""
MESSAGES = "messages"
_LINE = re.compile(r"\s*(?:\d{1,3}[.):]\s*)?\**([^\W\d_][\w .'-]{0,30}?)\**\s*[:：]\**\s*(.*)", re.DOTALL)
_MARK = re.compile(
    r"(?:\A|\s|(?<=\S))(?:#{2,3} ?(\w+):|\[\|(\w+)\|\]|<(\w+)>:?)"
    rf"|(?:\A|\s)\[({'|'.join(sorted(USERS | ASSISTANTS))})\]:?(?=\s)",
    re.IGNORECASE,
)
"""Marks before turns in one text, as of ### Human: … ### Assistant: …, [|Human|] … [|AI|] …, <human>: … <bot>: …,
<user> … <assistant> … or [USER] … [ASSISTANT] …"""
_FEWEST_TURNS = 2
_SPEAKER_KEYS = (
    *ROLE_KEYS, "agent", "participant", "sender_name", "author_name", "username", "name", "user", "speaker_id",
)  # fmt: skip

Lines = list[tuple[str, str]]


def _lines(value: Any) -> Lines:
    """Return who says what in a list of texts, each of which names its speaker; nothing for other values."""
    texts = listed(structure_of(value))
    if texts and isinstance(texts[0], dict):
        return _turns_of_speakers(texts)
    found = [_LINE.fullmatch(text) if isinstance(text, str) else None for text in texts]
    return [(each[1].strip(), each[2]) for each in found if each] if len(texts) >= _FEWEST_TURNS and all(found) else []


def _turns_of_speakers(turns: list[Any]) -> Lines:
    """Return who says what in a list of objects, where it is not roles that they name."""
    keys = {key for key, value in turns[0].items() if value is not None}
    speaker = next((key for key in _SPEAKER_KEYS if key in keys), "")
    text = next((key for key in CONTENT_KEYS if key in keys and key != speaker), "")
    if not (speaker and text) or len(turns) < _FEWEST_TURNS:
        return []
    found = [(turn.get(speaker), turn.get(text)) if isinstance(turn, dict) else (None, None) for turn in turns]
    known = all(isinstance(who, str | int) and is_text(said) for who, said in found)
    return [(str(who), str(said)) for who, said in found] if known else []


def _spoken_text(value: Any) -> Lines:
    """Return who says what in a text of lines that begin with a known role; other lines belong to the one before."""
    found: Lines = []
    for line in value.strip().splitlines() if isinstance(value, str) else ():
        named = _LINE.fullmatch(line)
        if named and role_of(named[1]):
            found.append((named[1].strip(), named[2]))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
        else:
            return []
    return [(who, without_end(said).strip()) for who, said in found] if len(found) >= _FEWEST_TURNS else []


def _marked_text(value: Any) -> Lines:
    """Return who says what in a text whose turns begin with marks of known roles; what precedes them is a system turn.

    Example:
        >>> _marked_text("### Human: Hi### Assistant: Ahoy")
        [('Human', 'Hi'), ('Assistant', 'Ahoy')]
    """
    if not isinstance(value, str):
        return []
    if turns := templated_turns(value):
        return [(turn["role"], turn["content"]) for turn in turns]
    marks = list(_MARK.finditer(value)) or _marks_in_line(value)
    names = _sides_of_headings([str(next(filter(None, mark.groups()))) for mark in marks])
    ends = [mark.start() for mark in marks[1:]] + [len(value)]
    if len(marks) < _FEWEST_TURNS or not all(map(role_of, names)):
        return []
    found: Lines = []
    for who, mark, end in zip(names, marks, ends, strict=True):
        said = without_end(value[mark.end() : end].strip()).strip()
        if found and found[-1][0] == who:  # an instruction and its input
            found[-1] = (who, "\n\n".join(filter(None, (found[-1][1], said))))
        else:
            found.append((who, said))
    before = value[: marks[0].start()].strip()
    return ([("system", before)] if before else []) + (found if found[-1][1] else found[:-1])


def _marks_in_line(text: str) -> list[re.Match[str]]:
    """Return the marks of a user and an assistant in one line that begins with the user's; nothing of other texts."""
    line = text.strip()
    if "\n" in line or not _BEGUN.match(line):
        return []
    marks = list(_IN_LINE.finditer(text))
    return marks if len({mark[1] for mark in marks}) == _FEWEST_TURNS else []


_IN_LINE = re.compile(r"(?:\A\s*|(?<=\s))(User|Human|Customer|Assistant|Bot|Chatbot|AI|Agent):(?=\s)")
_BEGUN = re.compile(r"(?:User|Human|Customer):\s")
"""Names before turns of a talk in one line; "Q:" may begin a line that is none."""


def _sides_of_headings(names: list[str]) -> list[str]:
    """Return the headings of an instruction and its response as roles; names that are not all headings as they are."""
    sides = [_HEADINGS.get(name.casefold(), "") for name in names]
    return sides if {"user", "assistant"} == {*sides} else names


_HEADINGS = {
    **dict.fromkeys(("instruction", "input", "context", "question"), "user"),
    **dict.fromkeys(("response", "output", "answer"), "assistant"),
}
"""Headings of the parts of a prompt and of its answer, as of Alpaca."""


def _marked_column(rows: Rows) -> str:
    """Return the column of texts with marks before their turns, where no other column says what is to be learned."""
    if rows.named([name for name in OTHERS if name != "topic"]):
        return ""
    both = {"user", "assistant"}
    texts = rows.named((*COLUMNS, "input", "prompt"))
    found = next((name for name in texts if rows.mostly(name, lambda cell: both <= _sides(_marked_text(cell)))), "")
    return found or next((name for name in rows.columns if rows.mostly(name, lambda cell: both <= _written(cell))), "")


def _written(cell: Any) -> set[str]:
    """Return who speaks in a text that a chat template wrote."""
    return {turn["role"] for turn in templated_turns(cell)} if isinstance(cell, str) else set()


def _sides(lines: Lines) -> set[str]:
    return {role_of(who) for who, _said in lines}


def _text_column(rows: Rows) -> str:
    """Return the column of transcripts of known roles, where no other column says what is to be learned."""
    if rows.named(OTHERS):
        return ""
    both = {"user", "assistant"}
    return next(
        (
            name for name in rows.named(COLUMNS)
            if rows.mostly(name, lambda cell: is_text(cell) and both <= _sides(_spoken_text(cell)))
        ),
        "",
    )  # fmt: skip


_CHOICES = ("choices", "options", "candidates", "question")
"""Columns beside which a conversation is what is asked about."""


def _list_column(rows: Rows) -> str:
    """Return the column of lists of texts with two speakers in all."""
    for name in () if rows.named(_CHOICES) else rows.named(COLUMNS):
        talks = [_lines(cell) for cell in rows.sample(name) if not _is_unwritten(cell)]
        speakers = {who.casefold() for talk in talks for who, _said in talk}
        if len(speakers) < 2 or not rows.mostly(name, lambda cell: bool(_lines(cell)) or _is_unwritten(cell)):
            continue
        known = all(map(role_of, speakers))
        is_list_of_objects = rows.any(
            name, lambda cell: any(isinstance(each, dict) for each in listed(structure_of(cell)))
        )
        named = {role_of(who) for who in speakers}
        is_half_known = len(speakers) == 2 and named in ({"", "user"}, {"", "assistant"})
        if (known and not is_list_of_objects) or (_are_few(speakers, talks) and (named == {""} or is_half_known)):
            return name
    return ""


def _is_unwritten(cell: Any) -> bool:
    """Say whether a cell is an empty list, as that of a scene nobody has written yet."""
    written = structure_of(cell)
    return isinstance(written, list) and not written


def _are_few(speakers: set[str], talks: list[Lines]) -> bool:
    """Say whether names are those of people who take turns: two in all, or each of them several times on average."""
    return len(speakers) == 2 or (all(talks) and 2 * len(speakers) <= sum(map(len, talks)))


def _column_of(rows: Rows) -> tuple[str, Callable[[Any], Lines]]:
    """Return the column of transcripts and what reads them; an empty name where there is none."""
    columns = ((_list_column, _lines), (_text_column, _spoken_text), (_marked_column, _marked_text))
    return next(((name, read) for find, read in columns if (name := find(rows))), ("", _lines))


def _read_spoken(rows: Rows) -> Recognized:
    column, lines_of = _column_of(rows)
    talks = {row: lines_of(record.get(column)) for row, record in rows.records()}
    talks, other = _with_other_side(talks)
    if not all(role_of(who) for talk in talks.values() for who, _said in talk):
        said = [Said(row, who, text, chat=str(row)) for row, talk in talks.items() for who, text in talk]
        return read_log(rows.name, "table of transcripts", said, rows.speaker, Counter(), pause=None)
    found = Collector()
    system = system_column([name for name in rows.columns if name != column], rows.sample)
    for row, record in rows.records():
        if not talks[row]:
            found.leave_out(row, f"its lines ({column}) do not begin with the name of a speaker")
            continue
        turns = [{"role": role_of(who), "content": text} for who, text in talks[row]]
        rest = {name: cell for name, cell in record.items() if name != column}
        if is_text(rest.get(system)):
            rest[system] = _SYSTEM.sub("", rest[system])
        found.use(row, {MESSAGES: turns, **rest})
    names = sorted({who.lower() for talk in talks.values() for who, _said in talk if role_of(who) == "assistant"})
    notes = (f"The lines of {', '.join(names)} in {column} are the answers.", *other)
    mapping = Mapping("messages", column=MESSAGES, system=system)
    return found.recognized("transcripts", mapping, notes)


def _with_other_side(talks: dict[int, Lines]) -> tuple[dict[int, Lines], tuple[str, ...]]:
    """Return talks of two speakers in all, of whom one has a known role, with the other role for the other, and a note.

    Other talks stay as they are.
    """
    speakers = {who for talk in talks.values() for who, _said in talk}
    roles = {who: role_of(who) for who in speakers}
    unknown = [who for who, role in roles.items() if not role]
    if len(speakers) != 2 or len(unknown) != 1 or {*roles.values()} not in ({"", "user"}, {"", "assistant"}):
        return talks, ()
    other = "assistant" if "user" in roles.values() else "user"
    known = next(who for who in speakers if who not in unknown)
    turned = {row: [(other if who in unknown else who, said) for who, said in talk] for row, talk in talks.items()}
    return turned, (f"{unknown[0]} is read as the {other}, as {known} is the other side of all conversations.",)


_SYSTEM = re.compile(r"\A\s*SYSTEM:\s*")
"""The speaker before a system prompt that stands in a column of its own."""

SHAPES = (Shape("transcripts", lambda rows: bool(_column_of(rows)[0]), _read_spoken),)
