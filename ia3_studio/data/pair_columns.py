"""Which columns are a prompt and its answer by their names, also where rows were joined of several files?"""

from __future__ import annotations

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from ia3_studio.data.asked_data import data_context, given_objects, given_records
from ia3_studio.data.checked_answers import without_checks
from ia3_studio.data.column_names import bare_name, name_words, named, says
from ia3_studio.data.column_profile import LONGEST_LABEL, cells_of, is_plain, profile, structures_of
from ia3_studio.data.column_words import READ
from ia3_studio.data.defined_terms import defined_terms
from ia3_studio.data.keyed_translations import keyed_translation
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.label_signs import is_rated
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.mirrored_pairs import changed, mirrored, two_keys
from ia3_studio.data.opposed_names import twin_place
from ia3_studio.data.pair_cells import (
    answer_path,
    are_keys,
    asked_path,
    bases,
    contains,
    context_inside,
    has_numbers,
    is_asked,
    is_copy,
    text_of_context,
    text_path,
)
from ia3_studio.data.pair_names import CONTEXT_NAMES, ORDERED_NAMES, TITLES
from ia3_studio.data.pair_sides import answer_columns, of_sizes, prompt_columns, read_columns
from ia3_studio.data.passage_ids import of_passage_ids
from ia3_studio.data.paths import value_at
from ia3_studio.data.prompt_libraries import prompt_library
from ia3_studio.data.pronunciations import pronounced
from ia3_studio.data.question_contexts import long_context
from ia3_studio.data.text_pairs import paired_texts
from ia3_studio.data.titled_prompts import with_title
from ia3_studio.data.told_apart import says_why
from ia3_studio.data.word_pairs import EXPECTED, asked_columns, by_words

if TYPE_CHECKING:
    import pandas as pd

_LABELS = ("label", "gold_label", "class")
"""Columns beside which an explanation tells why a text has its label, and answers nothing."""
_ORDERS = frozenset(map(bare_name, ORDERED_NAMES))
"""Prompts of data for training an assistant, which answers true or false as it does anything else."""
_VERDICTS = {"true", "false"}
"""Answers to questions that ask whether something is so, which are labels of the question and its text."""
FEWEST_OTHERS = 0.02
"""Share of the rows that must fill other columns for these to be a prompt and an answer of their own."""


def named_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are prompt and answer by their names, or by the two keys of a column of objects."""
    keys = {name for name in named(columns, ("context",)) if are_keys(frame, name)}  # of messages that are translated
    keys.update(of_passage_ids(frame, columns))
    columns = [name for name in columns if name not in keys]
    if named(columns, ("gold_label",)) and paired_texts(frame, columns):
        return None  # what else is asked is how the two texts came about
    named_so = without_checks(frame, columns, answer_columns(frame, columns))
    named_so = [name for name in named_so if any(map(_is_filled_cell, cells_of(frame, name)))] or named_so
    if any(profile(frame, name).is_label for name in named(columns, _LABELS)):
        named_so = [name for name in named_so if not says_why(name)]
    answers = [path for name in named_so if (path := answer_path(frame, name))]
    if len(named(columns, ("anchor", "target"))) == 2 and is_rated(frame, columns):
        answers = [name for name in answers if bare_name(name) != "target"]  # of two texts that are compared
    if {*map(bare_name, answers)} <= {"summary", "description"} and (pair := changed(frame, columns)):
        return pair
    answers = answers or _standing_in_context(frame, columns)
    contexts = [
        name for name in named(columns, CONTEXT_NAMES)
        if is_plain(frame, name) and not has_numbers(frame, name) and not _names_a_file(frame, name)
    ]  # fmt: skip
    given = [name for name in columns if name in answers or not says(name, EXPECTED)]
    asked = [path for name in prompt_columns(frame, given) if (path := text_path(frame, name))]
    asked = asked or (given_objects(frame, given) if answers else [])
    asked = asked or (asked_columns(frame, [name for name in given if name not in bases(answers)]) if answers else [])
    if asked and answers and not any(_is_filled_somewhere(frame, name) for name in asked):
        asked = [name for name in contexts if profile(frame, name).is_text][:1] or asked
    prompts = asked or [name for name in contexts if is_asked(frame, name)][:1]
    if not prompts and any(name in columns for name in answers):
        prompts = [path for name in named(columns, CONTEXT_NAMES) if (path := asked_path(frame, name))][:1]
    if not prompts and answers:
        answers = [name for name in answers if profile(frame, name).filled > MOSTLY or not is_plain(frame, name)] or (
            [] if is_rated(frame, columns) else answers
        )
    if not prompts and any(says(name, READ) and profile(frame, name).is_text for name in columns):
        found = {name: profile(frame, name) for name in answers}
        answers = [name for name, each in found.items() if not each.is_label or each.length > LONGEST_LABEL]
    if not prompts and answers:
        free = [name for name in given if name not in bases(answers)]
        free = [name for name in free if not is_copy(frame, name, answers[0]) and name not in of_sizes(frame, columns)]
        free = [name for name in free if not (twin_place(answers[0], name) or twin_place(name, answers[0]))]
        free = [name for name in free if bare_name(answers[0]) != f"{bare_name(name)}text"]  # the same as an object
        prompts = defined_terms(frame, free, answers[0]) or asked_columns(frame, free) or read_columns(frame, free)
    answers = [name for name in answers if name not in prompts]
    if answers and len(prompts) > 1:
        prompts = [name for name in prompts if not contains(frame, name, answers[0])] or prompts
    if not answers and len(queries := _asked_in_words(frame, columns)) == 2:
        prompts, answers = queries[:1], queries[1:]  # a query of a database
    if not prompts or not answers:
        told = mirrored(frame, columns) or (None if prompts else two_keys(frame, columns)) or by_words(frame, columns)
        told = told or pronounced(frame, columns)
        told = (
            _with_context(frame, columns, told) or prompt_library(frame, columns) or keyed_translation(frame, columns)
        )
        return _inside(frame, told) if told and {told.prompt, told.answer} <= {*columns} else told
    (prompt, answer), *others = _pairs_by_rows(frame, prompts, answers)
    free = [name for name in columns if name not in (prompt, answer)]
    contexts = [name for name in contexts if bare_name(name) != "context" or profile(frame, name).filled > 0]
    contexts = [name for name in contexts if not contains(frame, name, prompt)]
    context = next((name for name in contexts if name in free), "") or long_context(frame, columns, prompt, answer)
    context = context or _context_of(frame, free, prompt) or data_context(frame, free) or context_inside(frame, prompt)
    context = context or next(iter(given_records(frame, free)), "")
    context = context or text_of_context(
        frame, named([name for name in free if not prompt.startswith(f"{name}.")], CONTEXT_NAMES)
    )
    prompt, context = with_title(frame, free, prompt, context)
    if (
        not others
        and prompt in columns
        and bare_name(prompt) not in _ORDERS
        and {str(cell).strip().lower() for cell in cells_of(frame, answer)} == _VERDICTS
    ):
        return Mapping("labels", column=prompt, context=context if context in columns else "", answer=answer)
    if template := _filled_in(frame, prompt):
        return Mapping("pairs", answer=answer, template=template)
    return Mapping("pairs", prompt, answer, context, others=tuple(others))


def _standing_in_context(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the only text beside a question and its context that stands in the context, so that it is the answer."""
    asked, contexts = named(columns, ("question", "query")), named(columns, CONTEXT_NAMES)
    if not asked or not contexts:
        return []
    texts = [each for name in columns if name not in (*asked, *contexts) and (each := profile(frame, name)).is_text]
    held = [each.name for each in texts if not each.is_label and contains(frame, contexts[0], each.name)]
    return held if len(held) == 1 and bare_name(held[0]) not in TITLES else []


def _with_context(frame: pd.DataFrame, columns: Sequence[str], told: Mapping | None) -> Mapping | None:
    """Return a mapping that was told by words, with the column of texts that its question is about."""
    if told is None or told.context or not {told.prompt, told.answer} <= {*columns}:
        return told
    context = long_context(frame, columns, told.prompt, told.answer)
    prompt, context = with_title(
        frame, [name for name in columns if name not in (told.prompt, told.answer)], told.prompt, context
    )
    return replace(told, prompt=prompt, context=context)


def _context_of(frame: pd.DataFrame, columns: Sequence[str], prompt: str) -> str:
    """Return the column of text called the context of what the prompt is called after, as sql_context of sql_prompt."""
    about = name_words(prompt)[:-1]
    called = [name for name in columns if about and name_words(name) == [*about, "context"]]
    return next((name for name in called if is_plain(frame, name) and not profile(frame, name).is_label), "")


def _inside(frame: pd.DataFrame, told: Mapping) -> Mapping:
    """Return a mapping to the texts inside the objects of its columns, where there is one in each."""
    prompt = _only_text(frame, told.prompt) or text_path(frame, told.prompt) or told.prompt
    return replace(told, prompt=prompt, answer=_only_text(frame, told.answer) or answer_path(frame, told.answer))


def _only_text(frame: pd.DataFrame, name: str) -> str:
    """Return the path of the text in a column of objects that hold nothing else; empty for any other column."""
    values = structures_of(frame, name)
    keys = {str(key) for value in values if isinstance(value, Record) for key in value}
    are_objects = bool(values) and all(isinstance(value, Record) for value in values) and len(keys) == 1
    inner = [each for value in values for each in value.values()] if are_objects else []
    return f"{name}.{keys.pop()}" if inner and all(isinstance(each, str) for each in inner) else ""


def _filled_in(frame: pd.DataFrame, prompt: str) -> str:
    """Return the one instruction of all rows as a template, where it names keys of the objects beside it in braces."""
    texts = {cell for cell in cells_of(frame, prompt) if isinstance(cell, str)}
    template = next(iter(texts), "")
    if len(texts) != 1 or not _PLACE.search(template):
        return ""
    keys = {
        str(key): f"{name}.{key}"
        for name in map(str, frame.columns)
        for value in structures_of(frame, name)[:1] if isinstance(value, Record)
        for key in value
    }  # fmt: skip
    if not set(_PLACE.findall(template)) <= keys.keys():
        return ""
    return _PLACE.sub(lambda found: f"{{{keys[found[1]]}}}", template)


_PLACE = re.compile(r"\{(\w+)\}")


def _names_a_file(frame: pd.DataFrame, name: str) -> bool:
    each = profile(frame, name)
    return each.is_identifier and each.length > 0


def _asked_in_words(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return what is asked in words and the query that asks it of a database."""
    asked = [name for name in named(columns, ("question", "prompt", "instruction", "utterance", "nl"))[:1] if name]
    return [*asked, *(name for name in named(columns, ("query",)) if profile(frame, name).is_text)]


def _pairs_by_rows(frame: pd.DataFrame, prompts: Sequence[str], answers: Sequence[str]) -> list[tuple[str, str]]:
    """Return the prompt and the answer column that most rows fill, the first of them where several do.

    Behind it stand pairs of other columns, in a file joined of several, each for rows that fill none before it.
    """
    import pandas as pd

    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    filled = pd.DataFrame({name: [_is_filled(record, name) for record in records] for name in (*prompts, *answers)})
    found: list[tuple[str, str]] = []
    open_rows = filled[prompts[0]] | True
    while True:
        free = [(p, a) for p, a in product(prompts, answers) if not any({p, a} & {*pair} for pair in found)]
        both = {pair: filled[pair[0]] & filled[pair[1]] & open_rows for pair in free}
        best = max(free, key=lambda pair: int(both[pair].sum()), default=None)
        if not best or (found and int(both[best].sum()) <= FEWEST_OTHERS * len(filled)):
            return found
        found.append(best)
        open_rows &= ~(filled[best[0]] | filled[best[1]])


def _is_filled_somewhere(frame: pd.DataFrame, path: str) -> bool:
    """Say whether a cell holds anything; the instruction of data whose prompts are all inputs may have none."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return any(_is_filled(record, path) for record in records)


def _is_filled_cell(value: Any) -> bool:
    return not (isinstance(value, str | list | dict) and not value)


def _is_filled(record: Record[Any, Any], name: str) -> bool:
    value = value_at(record, name)
    return value is not None and (not isinstance(value, str) or bool(value.strip()))
