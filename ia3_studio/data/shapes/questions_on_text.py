"""How are several questions on one text read, with their answers in another list? As a conversation on the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.choice_numbers import meant_by
from ia3_studio.data.column_names import says_last
from ia3_studio.data.column_words import ANSWERED, ASKED, ASKED_ABOUT_WORDS, CONTEXTS, RIGHT
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.right_choice import first_number
from ia3_studio.data.shapes.shape import MOST, Collector, Recognized, Rows, Shape, bare, is_text, listed

STORY_NAMES = ("story", "context", "passage", "text", "background", "paragraph", "contexttext", "passagetext")
STORIES = (*STORY_NAMES, "article", "body")
TEXTS = ("input_text", "text", "question", "answer", "texts")
"""Keys of a question or an answer that is an object."""
MESSAGES = "messages"


def _texts(cell: Any) -> list[str]:
    """Return the texts of a list of texts or of objects with one; nothing for anything else."""
    value = structure_of(cell)
    value = value.get("texts", value.get("input_text")) if isinstance(value, dict) else value
    found = [_text(each) for each in listed(value)]
    return [each for each in found if each] if all(found) else []


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in TEXTS if is_text(value.get(key))), "")
    return value if is_text(value) else ""


def _are_paired(rows: Rows) -> bool:
    asked, said = rows.find(["questions"]), rows.find(["answers"])
    if not (asked and said and rows.find(STORY_NAMES)):
        return False
    pairs = [(_texts(one), _texts(other)) for one, other in zip(rows.sample(asked), rows.sample(said), strict=False)]
    return (
        bool(pairs)
        and all(len(one) == len(other) > 0 for one, other in pairs)
        and any(len(one) > 1 for one, _ in pairs)
    )


def _read_pairs(rows: Rows) -> Recognized:
    asked, said, story = rows.find(["questions"]), rows.find(["answers"]), rows.find(STORY_NAMES)
    found = Collector()
    for row, record in rows.records():
        questions, answers = _texts(record.get(asked)), _texts(record.get(said))
        if not questions or len(questions) != len(answers):
            found.leave_out(row, f"it has {len(questions)} questions ({asked}) and {len(answers)} answers ({said})")
            continue
        opening = f"{record[story]}\n\n" if is_text(record.get(story)) else ""
        sides = zip(questions, answers, strict=True)
        turns = [turn for one, other in sides for turn in (("user", one), ("assistant", other))]
        messages = [{"role": role, "content": text} for role, text in turns]
        messages[0]["content"] = opening + messages[0]["content"]
        rest = {name: cell for name, cell in record.items() if name not in (asked, said, story)}
        found.use(row, {**rest, MESSAGES: messages})
    notes = (f"The {story} stands before the first of the questions on it.",)
    return found.recognized("questions on a text", Mapping("messages", column=MESSAGES), notes)


OPTIONS = ("options", "choices", "candidates", "answer_options")
_RIGHT = ("answers", "labels", "correct", "answer")


def _offered(cell: Any) -> list[list[str]]:
    """Return the choices of each of several questions; nothing for anything else."""
    lists = [listed(structure_of(each)) for each in listed(structure_of(cell))]
    return lists if lists and all(each and all(map(is_text, each)) for each in lists) else []


def _called(rows: Rows, words: frozenset[str]) -> str:
    """Return the only column of lists whose name ends with one of some words; empty if there are none or more."""
    found = [name for name in rows.structured if says_last(name, words)]
    return found[0] if len(found) == 1 else ""


def _exams(rows: Rows) -> tuple[str, str, str]:
    """Return the columns of questions, of their choices and of what is right; empty where there are none."""
    asked = rows.find(["questions"]) or _called(rows, ASKED)
    offered = rows.find([bare(name) for name in OPTIONS]) or _called(rows, words_for("options"))
    right = rows.find(_RIGHT) or _called(rows, RIGHT | ANSWERED)
    if not (asked and offered and right and rows.mostly(offered, lambda cell: bool(_offered(cell)))):
        return "", "", ""
    counts = [
        (len(_texts(one)), len(_offered(other)), len(listed(structure_of(third))))
        for one, other, third in zip(rows.sample(asked), rows.sample(offered), rows.sample(right), strict=False)
    ]
    fitting = sum(len(set(each)) == 1 for each in counts)
    return (asked, offered, right) if fitting >= MOST * len(counts) else ("", "", "")


def _read_exams(rows: Rows) -> Recognized:
    asked, offered, right = _exams(rows)
    texts = [name for name in rows.columns if rows.mostly(name, is_text)]
    called = [name for name in texts if says_last(name, CONTEXTS | ASKED_ABOUT_WORDS)]
    read = rows.find(("article", *STORY_NAMES)) or (called[0] if len(called) == 1 else "")
    found = Collector()
    for row, record in rows.records():
        questions, choices = _texts(record.get(asked)), _offered(record.get(offered))
        answers = listed(structure_of(record.get(right)))
        if not len(questions) == len(choices) == len(answers) > 0:
            found.leave_out(row, f"it has {len(questions)} questions, {len(choices)} lists of choices ({offered}) and"
                                 f" {len(answers)} answers ({right})")  # fmt: skip
            continue
        rest = {name: cell for name, cell in record.items() if name not in (asked, offered, right)}
        asked_of = list(zip(questions, choices, answers, strict=True))
        whole = [each for each in asked_of if _names_one(each[2], each[1])] or asked_of
        found.unused["questions whose answer is none of their choices"] += len(asked_of) - len(whole)
        for one, several, answer in whole:
            found.use(row, {**rest, "question": one, "options": several, "answer": answer})
    parts = (*filter(None, (read,)), "question", "options")
    told = [record["answer"] for _row, record in found.rows]
    numbers = meant_by(told, [record["options"] for _row, record in found.rows], first_number(told))
    mapping = Mapping("choices", answer="answer", parts=parts, asked=len(parts) - 1, **numbers._asdict())
    return found.recognized("questions with choices on a text", mapping)


def _names_one(answer: Any, choices: Sequence[str]) -> bool:
    """Say whether an answer can name one of the choices: by its text, its letter or its number."""
    said = "" if answer is None else str(answer).strip()
    letters = [chr(ord("a") + place) for place in range(len(choices))]
    is_number = said.isdecimal() and len(said) < _DIGITS and int(said) <= len(choices)
    return said in choices or said.lower().strip("().: ") in letters or is_number


_DIGITS = 4
"""More than any number of a choice has."""


def asked_objects(cell: Any) -> list[dict[str, Any]]:
    """Return the questions of a list of objects with a question each, as SQuAD and MRQA have them."""
    value = structure_of(cell)
    found = [value] if isinstance(value, dict) else listed(value)  # as XML has a single one
    are_objects = bool(found) and all(isinstance(each, dict) for each in found)
    keys = [key for key in found[0] if bare(key) in _ASKED] if are_objects else []
    key = next((key for key in keys if all(is_text(each.get(key)) for each in found)), "")
    rest = [{_full(name): value for name, value in each.items() if name != key} for each in found] if key else []
    return [
        {"question": each[key], **{name: _only_filled(value) for name, value in other.items()}}
        for each, other in zip(found, rest, strict=False)
    ]


def _full(name: str) -> str:
    """Return the key of an answer beside a question, in one letter as that may be, in full."""
    return "answer" if name.lower() == "a" else name


_ASKED = ("question", "q", "query", "questiontext", "querytext")


def _only_filled(value: Any) -> Any:
    """Return the only part that is filled of an object of alternatives, such as a number, a date or spans."""
    if not isinstance(value, dict):
        return value
    parts = {key: each for key, each in value.items() if _words_of(each)}
    is_alternative = len(parts) == 1 < len(value)
    return next(iter(map(_words_of, parts.values()))) if is_alternative else value


def _words_of(value: Any) -> str:
    """Return a text, the texts of a list, or those of an object, in one line."""
    if isinstance(value, dict):
        return " ".join(each for each in value.values() if is_text(each))
    return value if is_text(value) else ", ".join(each for each in listed(value) if is_text(each))


def paragraphs(rows: Rows) -> str:
    """Return the column of questions on a text; empty if there is none."""
    name = rows.find(("qas", "questions", "qa", "qapairs"))
    stories = rows.find(STORIES)
    return name if stories and rows.mostly(name, lambda cell: bool(asked_objects(cell))) else ""


def _read_paragraphs(rows: Rows) -> Recognized:
    name, found = paragraphs(rows), Collector()
    for row, record in rows.records():
        questions = asked_objects(record.get(name))
        if not questions:
            found.leave_out(row, f"{name} holds no questions")
        rest = {column: cell for column, cell in record.items() if column != name}
        for each in questions:
            found.use(row, {**rest, **each})
    return found.recognized("texts with questions on each")


SHAPES = (
    Shape("texts with questions on each", lambda rows: bool(paragraphs(rows)), _read_paragraphs),
    Shape("questions with choices on a text", lambda rows: bool(_exams(rows)[0]), _read_exams),
    Shape("questions on a text", _are_paired, _read_pairs),
)
