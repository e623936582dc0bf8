"""Which columns of a table play which part? Told by their names, and where these say nothing by what they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.asked_data import decided_objects, expected_values, extracted, true_objects
from ia3_studio.data.choice_columns import choice_mapping, choices_without_answer
from ia3_studio.data.column_names import named
from ia3_studio.data.column_profile import cells_of, is_plain, kept_profiles, profile, structures_of
from ia3_studio.data.column_words import is_about_text
from ia3_studio.data.computed_results import computed
from ia3_studio.data.content_pairs import (
    asked_by_contents,
    counted_texts,
    in_two_scripts,
    pairs_of_files,
    rewritten,
    two_bodies,
    two_texts,
)
from ia3_studio.data.conversation_columns import MESSAGE_NAMES, conversation_column, with_opening
from ia3_studio.data.entailed_pairs import entailed_pairs, flagged_pairs
from ia3_studio.data.flag_columns import flags_of_object, flags_of_texts, with_all_flags
from ia3_studio.data.graded_answers import graded_answers, judged_claims
from ia3_studio.data.inner_columns import with_inner_columns
from ia3_studio.data.joined_prompts import with_bare_prompt
from ia3_studio.data.judged_pairs import judged_pairs
from ia3_studio.data.label_columns import by_contents, few_labeled, labeled, rated_texts
from ia3_studio.data.label_names import LABEL_NAMES
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.marked_pairs import marked_answers
from ia3_studio.data.measurements import decimal_mark
from ia3_studio.data.mirrored_pairs import code_languages, languages
from ia3_studio.data.nested_pairs import nested_pairs
from ia3_studio.data.number_texts import is_of_numbers
from ia3_studio.data.pair_columns import named_pairs
from ia3_studio.data.pair_names import ANSWER_NAMES, CONTEXT_NAMES, PROMPT_NAMES
from ia3_studio.data.paths import is_listed
from ia3_studio.data.read_texts import LABELED_NAMES
from ia3_studio.data.sampled import thinned
from ia3_studio.data.shapes.shape import is_blank
from ia3_studio.data.sparse_columns import without_sparse
from ia3_studio.data.split_names import SPLIT
from ia3_studio.data.structured_pairs import beside_structures, recipes
from ia3_studio.data.table import Table
from ia3_studio.data.tag_columns import tagged_words
from ia3_studio.data.text_columns import (
    coded_texts,
    labeled_words,
    longest_text,
    named_text,
    only_column,
    only_words,
    told_language,
    two_in_lists,
)
from ia3_studio.data.trained_rows import columns_to_tell, telling_rows
from ia3_studio.data.triples import triples
from ia3_studio.data.unrecognized import refuse_undecided, unrecognized
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def infer_columns(table: Table) -> Mapping:
    """Detect which columns are prompt, answer, conversation, text, label or choices, by names and contents.

    Raises:
        DataError: no column fits; the message lists the columns and what is understood.
    """
    if table.undecided:
        raise DataError(table.undecided)
    if table.mapping:
        return table.mapping
    with kept_profiles():
        told = telling_rows(table)
        found = _told(_without_empty_rows(told))
        return _with_label_to_tell(table, told.frame, found) if found.kind == "pairs" else found


def _with_label_to_tell(table: Table, frame: pd.DataFrame, found: Mapping) -> Mapping:
    """Return a prompt and its answer as a pair of texts, where a label of them is the only thing that no test row has.

    So a competition asks who wrote an answer. Other pairs stay as they are.
    """
    pair, to_tell = (found.prompt, found.answer), columns_to_tell(thinned(table))
    if len(to_tell) != 1 or found.context or not {*pair} <= {*map(str, frame.columns)}:
        return found
    label = to_tell[0]
    if label in pair or not profile(frame, label).is_label:
        return found
    return Mapping("labels", column=found.prompt, context=found.answer, answer=label)


def _without_empty_rows(table: Table) -> Table:
    """Return a table without the rows that have nothing in any cell: they say nothing of what its columns hold."""
    frame = table.frame
    empty = list(range(len(frame)))
    for place in range(frame.shape[1]):
        cells = frame.iloc[:, place]
        empty = [row for row in empty if is_blank(cells.iat[row])]
    if not empty or len(empty) == len(frame):
        return table
    return replace(table, frame=frame.drop(index=frame.index[empty]))


def _told(table: Table) -> Mapping:
    columns = _filled_columns(table)
    try:
        found = _inferred(table, columns)
    except DataError:
        inner = _inner(table, columns)
        if inner is None or (inner.kind == "text" and _other_texts(table, columns, inner.column)):
            raise
        if inner.kind != "choices" and _is_of_choices(table, columns, inner):
            raise
        found = inner
    if found.kind == "text":
        inner = _inner(table, columns)
        found = inner if inner and inner.kind != "text" else found
    elif found.kind == "pairs" and not found.nested and not is_plain(table.frame, found.answer):
        inner = _inner(table, columns)  # an answer that is an object may name one of the choices in another
        found = inner if inner and inner.kind == "choices" else found
    with suppress(DataError):  # without the sparse columns nothing may be left
        found = without_sparse(table.frame, columns, found, lambda filled: _inferred(table, filled))
    return _completed(table, with_all_flags(table.frame, found))


def _completed(table: Table, found: Mapping) -> Mapping:
    """Return a mapping with the columns of system prompts, history and tools, or the decimal mark of its numbers."""
    spoken = found.kind in ("pairs", "messages", "preferences")
    found = with_bare_prompt(table.frame, found)
    return with_opening(table, found) if spoken else with_decimal_mark(table, found)


def inferred_as(table: Table, fits: Callable[[Mapping], bool]) -> Mapping | None:
    """Return the first of all mappings that columns could have, in the order in which they are tried, which fits."""
    with kept_profiles():
        return next(filter(fits, _all_inferred(table)), None)


def all_inferred(table: Table) -> tuple[Mapping, ...]:
    """Return all mappings that columns could have, in the order in which they are tried: first the detected one."""
    with kept_profiles():
        return tuple(_all_inferred(table))


def _all_inferred(table: Table) -> Iterator[Mapping]:
    """Yield the mappings; a way that refuses the columns is passed over, as what they are may be known."""
    if table.mapping:
        yield table.mapping
    looked_at = telling_rows(table)
    columns = _filled_columns(looked_at)
    if not table.mapping and not table.undecided:
        with suppress(DataError):
            yield _told(looked_at)
    for inferred in _ways(looked_at):
        with suppress(DataError):
            if found := inferred(looked_at.frame, columns):
                yield _completed(looked_at, found)


def _other_texts(table: Table, columns: Sequence[str], inner: str) -> bool:
    """Say whether a text in an object is a title, or other columns hold texts or lists that could be meant as well."""
    if is_about_text(inner.rpartition(".")[2]):
        return True
    plain = [name for name in columns if is_plain(table.frame, name)]
    texts = [name for name in plain if profile(table.frame, name).is_text and not is_about_text(name)]
    lists = [name for name in plain if any(map(is_listed, structures_of(table.frame, name)))]
    return bool(texts or lists) or len(columns) - len(plain) > 1


def with_decimal_mark(table: Table, found: Mapping) -> Mapping:
    """Return a mapping to numbers with the decimal mark of their column."""
    if found.target != "number":
        return found
    return replace(found, decimal=decimal_mark(cells_of(table.frame, found.answer)))


def _inner(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return what values inside objects are."""
    return with_inner_columns(
        table.frame, columns, lambda frame: _inferred(replace(table, frame=frame), frame.columns.tolist())
    )


def _is_of_choices(table: Table, columns: Sequence[str], inner: Mapping) -> bool:
    """Say whether values inside choices of which none is right play a part: each choice is as good as the others."""
    paths = (inner.column, inner.answer, inner.prompt, *inner.parts)
    offered = choices_without_answer(table.frame, columns)
    return any(path.startswith(f"{name}.") for name in offered for path in paths)


def _filled_columns(table: Table) -> list[str]:
    """Return the columns that hold anything, and prompts, answers, contexts and the texts of labels, which may not."""
    columns = [str(column) for column in table.frame.columns if str(column) != SPLIT]
    kept = named(columns, (*CONTEXT_NAMES, *PROMPT_NAMES, *ANSWER_NAMES))
    filled = [name for name in columns if not all(map(_is_blank, cells_of(table.frame, name)))]
    if len(filled) == 1 and named(filled, LABEL_NAMES):
        kept += named(columns, LABELED_NAMES)
    return [name for name in columns if name in kept or name in filled] if filled else columns


def _is_blank(cell: Any) -> bool:
    return isinstance(cell, str) and not cell.strip()


def _ways(table: Table) -> Iterator[Callable[[pd.DataFrame, Sequence[str]], Mapping | None]]:
    """Yield the ways to find the columns that play a part, in the order in which they are tried."""
    yield _chosen_and_rejected
    yield lambda _frame, columns: conversation_column(table, columns)
    yield from _IN_ORDER


def _inferred(table: Table, columns: Sequence[str]) -> Mapping:
    for inferred in _ways(table):
        if (found := inferred(table.frame, columns)) and not is_of_numbers(table.frame, found):
            return found
    if texts := named(columns, MESSAGE_NAMES):  # of text: each row says what is wrong with it
        return Mapping("messages", column=texts[0])
    raise unrecognized(table.frame, columns)


def _choices(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    return choice_mapping(frame[list(columns)])


def _chosen_and_rejected(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two answers of preference pairs that are called so, and their prompt."""
    pair = [named(columns, (name,)) for name in ("chosen", "rejected")]
    if not all(pair):
        return None
    asked = [name for name in named(columns, PROMPT_NAMES) if profile(frame, name).length]
    return Mapping("preferences", (asked or [""])[0], pair[0][0], rejected=pair[1][0])


_IN_ORDER = (
    flags_of_object, nested_pairs, triples, _choices, tagged_words, judged_claims, marked_answers, graded_answers,
    rated_texts, recipes, extracted, true_objects,
    refuse_undecided, judged_pairs, named_pairs, computed, decided_objects, labeled, flags_of_texts, beside_structures,
    two_in_lists, only_column, languages, code_languages, rewritten, in_two_scripts, counted_texts, asked_by_contents,
    entailed_pairs, two_bodies, flagged_pairs, expected_values, pairs_of_files, by_contents, few_labeled, told_language,
    named_text, coded_texts, two_texts, longest_text, labeled_words, only_words,
)  # fmt: skip
"""Ways to find the columns that play a part, in the order in which they are tried."""
