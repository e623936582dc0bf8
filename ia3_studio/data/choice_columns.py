"""Which columns are a question, its choices, and the right one? By their names, or as an exam without a header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Record
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_profile import UNNAMED, Profile, cells_of, profile, structures_of
from ia3_studio.data.column_words import RIGHT, WRONG, name_words, says, says_last
from ia3_studio.data.examples import Mapping, label_name
from ia3_studio.data.lettered import lettered
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.paths import is_listed, structure_of, value_at

if TYPE_CHECKING:
    import pandas as pd

LIST_NAMES = (
    "choices",
    "choice",
    "options",
    "endings",
    "answers",
    "candidates",
    "alternatives",
    "question.choices",
    "answer_choices",
    "answer_options",
    "multiple_choice_targets",
    "mc1_targets",
)
"""Columns of all choices of a question."""
_STEMS = frozenset(
    ("choice", "option", "ending", "sol", "solution", "alternative", "answer", "ans", "op", "opt", "distractor",
     "candidate", "hypothesis", "randomfifthsentencequiz", "")
)  # fmt: skip
_CHOICE = re.compile(r"(?P<stem>.*?)[\s_.(-]*(?P<place>[0-9]|[a-h])\)?")
RIGHT_NAMES = (
    "label", "answer", "gold", "correct", "answer_index", "answer_idx", "right", "answerkey", "correct_option",
    "correct_answer", "correct_choice", "correct_index", "cop", "gold_label", "target", "answerrightending", "key",
    "correct_answers", "correct_answer_id", "correct_id", "correct_option_index", "correct_answer_index", "answer_id",
    "right_answer", "right_option", "gold_index", "gold_idx", "ans", "multiple_choice_scores", "ra",
)  # fmt: skip
ASKED_NAMES = ("premise", "context", "passage", "article", "support", "goal", "ctx", "sentence", "dialogue")
_QUESTION_NAMES = ("prompt", "question", "question_stem", "stem", "question.stem", "instruction", "query", "problem",
                   "source", "user", "q", "question_text", "statement", "qtext", "question_content")  # fmt: skip
_READ_NAMES = ("text", "paragraph", "story", "document", "background", "body")
_PASSAGES = frozenset(("passage", "context", "article", "paragraph", "story", "background"))
_NUMBERED = re.compile(r"[\s_-]*\d{1,2}$")
_TEXT_WORDS = frozenset(("text", "content", "value", "body", "html", "label"))
"""Words that may stand after the number or letter of a choice."""
_INNER_ANSWERS = ("answerKey", "answer", "label", "labels", "correct", "is_correct", "isCorrect", "right", "is_right",
                  "is_answer", "isAnswer")  # fmt: skip
_WORDS_AROUND_PLACE = 3
"""Words of a name whose number or letter stands before its last word."""
_MOST_CHOICES, _LOOKED_AT = 8, 20
_FEWEST_NUMBERED = 3
"""Choices of an exam without names, from which on a number can name the right one."""
_LETTERS = "abcdefgh"


def choice_mapping(frame: pd.DataFrame) -> Mapping | None:
    """Return which columns are question, choices and right choice; None where the table has no choices."""
    columns = [str(column) for column in frame.columns]
    choices = _list_column(frame, columns) or _family(columns) or _wrong_answers(columns) or _wrong_list(frame, columns)
    choices = choices or _family_by_contents(frame, columns)
    if not choices:
        return _exam(frame, columns)
    bases = {name.partition(".")[0] for name in choices}
    answers = [name for name in _right_columns(columns) if name not in choices] or _inner_answer(frame, bases)
    answers = answers or _repeats_one(frame, [name for name in columns if name not in (*choices, *bases)], choices)
    answers.sort(key=lambda name: not _may_name_one(frame, name, choices))
    names = (*ASKED_NAMES, *_QUESTION_NAMES)
    asked = [name for name in named(columns, names) if name not in (*choices, *answers[:1]) and name not in bases]
    asked = [name for name in asked if not (bare_name(name) in ("source", "user") and len(asked) > 1)]
    asked = asked or _longest(
        frame, [name for name in columns if name not in (*choices, *answers) and name not in bases]
    )
    inner = [f"{base}.stem" for base in bases if base not in choices and cells_of(frame, f"{base}.stem")]
    if not answers or not (asked or inner):
        return None
    asked += _read_before(frame, columns, asked)
    ordered = sorted(asked, key=columns.index) + inner
    if _is_distractors(choices) or choices == _wrong_list(frame, columns):
        choices = [*choices, answers[0]]  # the right one is not among them
    return Mapping("choices", answer=answers[0], parts=(*ordered, *choices), asked=len(ordered),
                   counted_from=first_number(cells_of(frame, answers[0])))  # fmt: skip


def choices_without_answer(columns: Sequence[str]) -> list[str]:
    """Return columns of at least three choices by letters beside a question, where no column says which is right."""
    lettered = (each for each in _families(columns, _STEMS.__contains__) if len(each) >= _FEWEST_NUMBERED)
    choices = next((each for each in lettered if not any(name.strip()[-1:].isdigit() for name in each)), [])
    others = [name for name in columns if name not in choices]
    asked = named(others, (*ASKED_NAMES, *_QUESTION_NAMES))
    return choices if choices and asked and not _right_columns(others) else []


def _repeats_one(frame: pd.DataFrame, columns: Sequence[str], choices: Sequence[str]) -> list[str]:
    """Return the column whose cells are the text of one of the choices of their rows, in a list."""
    if not columns:
        return []
    records = frame.head(_LOOKED_AT).astype(object).to_dict("records")
    offered = [_offered(record, choices) for record in records]
    return [
        name for name in columns
        if records and all(isinstance(record[name], str) and record[name].strip() in texts
                           for record, texts in zip(records, offered, strict=True))
    ][:1]  # fmt: skip


def _offered(record: Record[Any, Any], choices: Sequence[str]) -> set[str]:
    values = [structure_of(value_at(record, name)) for name in choices]
    each = [text for value in values for text in (value if is_listed(value) else [value])]
    return {text.strip() for text in each if isinstance(text, str) and text.strip()}


def _may_name_one(frame: pd.DataFrame, answer: str, choices: Sequence[str]) -> bool:
    """Say whether a cell at the beginning of a column names a choice: by a letter, a number, a list, or its text."""
    if _is_distractors(choices):
        return True
    records = frame.head(_LOOKED_AT).astype(object).to_dict("records")
    for record in records:
        said = value_at(record, answer)
        text = label_name(said).strip().strip("().:")
        if is_listed(said) or len(text) <= 1 or text.isdigit():
            return True
        if any(text in str(value_at(record, name)) or text.lower() == name.lower() for name in choices):
            return True
    return not records


def _read_before(frame: pd.DataFrame, columns: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Return the text that a question is about, where it is the only column that is asked and a longer text stands."""
    if len(asked) != 1 or asked[0] not in named(columns, ("question", "query")):
        return []
    length = profile(frame, asked[0]).length
    passages = [name for name in columns if name not in asked and set(name_words(name)[-1:]) & _PASSAGES]
    texts = (profile(frame, name) for name in (*named(columns, _READ_NAMES), *passages))
    return [each.name for each in texts if each.is_text and not each.is_label and each.length > length][:1]


def _longest(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the column of the longest texts, in a list; an empty list where there are no texts."""
    texts = [each for name in columns if (each := profile(frame, name)).is_text and not each.is_label]
    if not texts:
        return []
    longest = max(texts, key=lambda each: each.length).name
    stem = _NUMBERED.sub("", longest)
    return [
        each.name
        for each in texts
        if each.name == longest or (stem != longest and _NUMBERED.sub("", each.name) == stem)
    ]


def first_number(cells: Sequence[Any]) -> int:
    """Return the number of the first choice: 1 if answers are numbers and none is 0."""
    numbers = [number for cell in cells if (number := whole_number(label_name(cell))) is not None]
    return 1 if numbers and len(numbers) == len(cells) and min(numbers) >= 1 else 0


def named(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the columns that have one of the names, whatever their case and punctuation, in the order of the names."""
    by_name = {bare_name(column): column for column in reversed(columns)}
    found = (by_name.get(bare_name(name)) for name in names)
    return list(dict.fromkeys(name for name in found if name is not None))


def bare_name(name: str) -> str:
    """Return a column's name in lower case, without spaces and punctuation; a name of nothing else as it is.

    Example:
        >>> bare_name("Correct answer(s)"), bare_name("correct_answers")
        ('correctanswers', 'correctanswers')
    """
    return re.sub(r"[\W_]+", "", name.casefold()) or name.strip().casefold()


def _list_column(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the column whose cells hold all choices of a question, as a list, an object of lists, or by letter."""
    for name in [*named(columns, LIST_NAMES), *(each for each in columns if says_last(each, _OFFERED))] or [
        f"{each}.choices" for each in named(columns, ("question",))
    ]:
        values = structures_of(frame, name)
        if values and sum(map(_holds_choices, values)) > len(values) / 2:
            return [name]
    return _list_by_numbers(frame, columns)


def _list_by_numbers(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the only column of lists of a few texts, of which a column called right names one by its number."""
    lists = [name for name in columns if _are_all(structures_of(frame, name), _is_short_list)]
    right = [name for name in named(columns, RIGHT_NAMES) if name not in lists]
    if len(lists) != 1 or not right or not named(columns, ("question", *_QUESTION_NAMES)):
        return []
    numbers = [whole_number(label_name(cell)) for cell in cells_of(frame, right[0])]
    counts = [len(value) for value in structures_of(frame, lists[0])]
    fits = bool(numbers) and all(number is not None and 0 <= number <= max(counts) for number in numbers)
    return lists if fits and len(set(numbers)) > 1 else []


def _are_all(values: Sequence[Any], holds: Callable[[Any], bool]) -> bool:
    return bool(values) and all(map(holds, values))


def _is_short_list(value: Any) -> bool:
    return is_listed(value) and 2 <= len(value) <= _MOST_CHOICES and all(isinstance(each, str) for each in value)


def _holds_choices(value: Any) -> bool:
    if isinstance(value, Record):
        lists = [each for each in value.values() if is_listed(each)]
        letters = [str(key).strip().lower() for key in value]
        return (len(lists) > 1 and bool({"text", "choices"} & value.keys())) or (
            letters == list(_LETTERS[: len(letters)]) and len(letters) > 1
        )
    if isinstance(value, str):
        return bool(lettered(value))
    return (
        is_listed(value)
        and len(value) > 1
        and all(isinstance(each, str | Record) or _is_list_of_some(each) for each in value)
    )


_OFFERED = frozenset(("options", "choices", "alternatives", "选项", "選択肢"))
"""Words that end the name of a column of choices, such as question_options."""


def _right_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns that may name the right choice, those of usual names first."""
    called = (name for name in columns if says(name, RIGHT) or name_words(name)[-2:] == ["question", "answer"])
    return list(dict.fromkeys((*named(columns, RIGHT_NAMES), *called)))


def _family_by_contents(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return columns of texts of any name with a running number, if another column names one of them in each row."""
    for choices in _families(columns, lambda _stem: True):
        right = [name for name in _right_columns(columns) if name not in choices]
        texts = all(profile(frame, name).length > 0 and not profile(frame, name).is_label for name in choices)
        if len(choices) > 2 and texts and any(_names_each(frame, name, choices) for name in right):
            return choices
    return []


def _names_each(frame: pd.DataFrame, answer: str, choices: Sequence[str]) -> bool:
    """Say whether a column has hardly more values than there are choices, and the numbers of all or most of them."""
    cells = cells_of(frame, answer)
    numbers = {label_name(cell).strip().lower() for cell in cells}
    first = first_number(cells)
    places = {str(first + place) for place in range(len(choices))} | set(_LETTERS[: len(choices)])
    return numbers <= places and 2 * len(numbers) > len(choices)


def _family(columns: Sequence[str]) -> list[str]:
    """Return columns of a name each with a running number or letter, such as option_a to option_d, or A to D."""
    return next(_families(columns, _STEMS.__contains__), [])


def _families(columns: Sequence[str], is_stem: Callable[[str], bool]) -> Iterator[list[str]]:
    """Yield the columns of each such name, in the order of their numbers or letters."""
    families: dict[tuple[str, str], dict[str, str]] = {}
    for column in columns:
        name, _, rest = column.strip().lower().partition(" - ")  # "Answer 1 - max 75 characters"
        found = _CHOICE.fullmatch(name)
        stem = re.sub(r"[\s_-]+$", "", found["stem"]) if found else ""
        place = found["place"] if found else ""
        if not found and (inner := _numbered_inside(column)):
            stem, place, rest = inner
        if place and is_stem(stem) and (stem or place in _LETTERS):
            families.setdefault((stem, rest), {})[place] = column
    for places in families.values():
        ordered = sorted(places)
        starts = ordered[0] in "01a" and all(ord(b) - ord(a) == 1 for a, b in pairwise(ordered))
        if starts and len(ordered) > 1:
            yield [places[place] for place in ordered]


def _numbered_inside(column: str) -> tuple[str, str, str] | None:
    """Return the parts of a name with a number or letter before a word for any text, as in AnswerAText."""
    words = name_words(column)
    if len(words) < _WORDS_AROUND_PLACE:
        return None
    *words, place, last = words
    is_place = len(place) == 1 and (place.isdecimal() or place in _LETTERS)
    return ("".join(words), place, last) if is_place and last in _TEXT_WORDS else None


def _is_distractors(choices: Sequence[str]) -> bool:
    """Say whether columns are wrong answers only, so that the right one stands in a column of its own."""
    return len(choices) > 1 and all(map(_is_wrong, choices))


def _wrong_answers(columns: Sequence[str]) -> list[str]:
    """Return the columns of wrong answers by their numbers, those of the shortest name; none without a right one."""
    found = [each for each in _families(columns, lambda stem: says(stem, WRONG)) if len(each) > 1]
    right = [name for name in _right_columns(columns) if not says(name, WRONG)]
    return min(found, key=lambda each: len(each[0]), default=[]) if right else []


def _wrong_list(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the only column of lists of wrong answers, in a list; none without the text of the right one."""
    lists = [name for name in columns if _is_wrong(name) and _are_all(structures_of(frame, name), _is_list_of_some)]
    if len(lists) != 1:
        return []
    right = [name for name in _right_columns(columns) if not _is_wrong(name) and profile(frame, name).length]
    return lists if right else []


def _is_wrong(name: str) -> bool:
    return "distractor" in name.lower() or says(name, WRONG)


def _is_list_of_some(value: Any) -> bool:
    return is_listed(value) and all(isinstance(each, str | int | float) for each in value)


def _inner_answer(frame: pd.DataFrame, bases: set[str]) -> list[str]:
    """Return the path of the right choice inside the column of the choices."""
    inner = (f"{base}.{name}" for base in sorted(bases) for name in _INNER_ANSWERS)
    return [path for path in inner if _is_answer(frame, path)][:1]


def _is_answer(frame: pd.DataFrame, path: str) -> bool:
    values = structures_of(frame, path)
    flags = all(is_listed(value) and sum(each in (1, True) for each in value) == 1 for value in values)
    return bool(values) and (flags or not any(is_listed(value) or isinstance(value, Record) for value in values))


_FEWEST_OF_EXAM = 5
"""Columns of an exam, beside which one more may say what its questions are about."""


def _exam(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the mapping of an exam without names: a question, choices, and a letter or number of one of them."""
    if not 4 <= len(columns) <= _MOST_CHOICES + 3:
        return None
    profiles = [profile(frame, name) for name in columns]
    kept = [each for each in profiles if not (each.is_identifier and each.is_number)]
    if len(kept) > _WIDEST_ANSWERED and kept[-1].is_label and _are_letters(frame, kept[-2].name, len(kept) - 3):
        kept = kept[:-1]  # what kind of question it is
    while len(kept) > _FEWEST_OF_EXAM and kept[0].is_label and not kept[0].is_number:  # what a question is about
        kept = kept[1:]
    question, *choices, answer = (each.name for each in kept)
    right = [label_name(cell).lower() for cell in cells_of(frame, answer)]
    is_named = set(right) <= set(_LETTERS[: len(choices)]) or _numbers_choices(right, kept[1:-1])
    if len(choices) < 2 or not right or not is_named or not kept[0].is_text:
        return None
    if any(each.filled < 0.9 for each in kept) or len(set(right)) < 2:
        return None
    first = first_number(cells_of(frame, answer))
    return Mapping("choices", answer=answer, parts=(question, *choices), asked=1, counted_from=first)


def _are_letters(frame: pd.DataFrame, name: str, choices: int) -> bool:
    said = {label_name(cell).lower() for cell in cells_of(frame, name)}
    return len(said) > 1 and said <= set(_LETTERS[:choices])


_WIDEST_ANSWERED = 5
"""Columns of a question, two choices, an answer and a kind."""


def _numbers_choices(right: Sequence[str], choices: Sequence[Profile]) -> bool:
    """Say whether numbers are those of all of at least three choices, which are texts of hardly any two the same."""
    counts = {*map(str, range(len(choices)))}, {str(place + 1) for place in range(len(choices))}
    varied = all(
        UNNAMED.fullmatch(each.name) and each.length > 0 and not each.is_label and not each.is_number
        for each in choices
    )
    return len(choices) >= _FEWEST_NUMBERED and varied and set(right) in counts
