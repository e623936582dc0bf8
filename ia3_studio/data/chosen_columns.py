"""The mapping of a task that the user chooses: its likeliest columns, or the columns that were chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ia3_studio.data.choice_columns import choice_mapping
from ia3_studio.data.choice_numbers import choice_numbers
from ia3_studio.data.column_names import named
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.conversation_columns import MESSAGE_NAMES, with_opening
from ia3_studio.data.flag_columns import flags
from ia3_studio.data.infer_columns import inferred_as, with_decimal_mark
from ia3_studio.data.inner_columns import with_inner_columns
from ia3_studio.data.label_columns import by_contents, labeled
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.mapping import LabelKind, Mapping
from ia3_studio.data.measurements import number_of
from ia3_studio.data.pair_columns import named_pairs
from ia3_studio.data.pair_names import PROMPT_NAMES
from ia3_studio.data.preferences import flag_of
from ia3_studio.data.split_names import SPLIT
from ia3_studio.data.table import Table
from ia3_studio.data.tag_columns import tagged_words
from ia3_studio.data.text_columns import TEXT_NAMES
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["pairs", "messages", "text", "labels", "multi", "number", "choices", "tags", "preferences"]
"""The tasks that the user can choose if auto-detection is wrong."""


def columns_for(table: Table, kind: Kind) -> Mapping | None:
    """Return the likeliest columns for rows of a kind that was chosen; None where the table has none for it.

    They are those that are detected as such rows, else those that hold what the kind needs. Where the columns have
    none, values inside their objects may.
    """
    return inferred_as(table, lambda mapping: task_of(mapping) == kind) or likely_columns(table, kind)


def likely_columns(table: Table, kind: Kind) -> Mapping | None:
    """Return columns that hold what rows of a kind need, where none are detected as such rows; None without any."""
    return _likeliest(table, kind) or _likeliest_inside(table, kind)


def task_of(mapping: Mapping) -> str:
    """Return what the form calls the rows of a mapping; "pictures" are not called anything."""
    return mapping.target if mapping.kind == "labels" and mapping.target != "single" else mapping.kind


def _likeliest_inside(table: Table, kind: Kind) -> Mapping | None:
    def infer(frame: pd.DataFrame) -> Mapping:
        found = _likeliest(replace(table, frame=frame), kind)
        if found is None:
            raise DataError("Nothing is there.")  # to be looked for further inside
        return found

    return with_inner_columns(table.frame, [str(name) for name in table.frame.columns], infer)


def _likeliest(table: Table, kind: Kind) -> Mapping | None:
    columns = [str(column) for column in table.frame.columns if str(column) != SPLIT]
    profiles = [profile(table.frame, name) for name in columns]
    texts = [
        each.name for each in sorted(profiles, key=lambda each: -each.length) if each.length and not each.is_identifier
    ]
    if kind == "messages":
        return with_opening(table, Mapping("messages", column=(named(columns, MESSAGE_NAMES) or columns)[0]))
    if kind == "text":
        return Mapping("text", column=(named(columns, TEXT_NAMES) or texts or columns)[0])
    if kind == "choices":
        return choice_mapping(table.frame)
    if kind == "tags":
        return tagged_words(table.frame, columns)
    if kind == "preferences":
        return _likely_preferences(table, columns)
    if kind == "pairs":
        found = named_pairs(table.frame, columns)
        ordered = [name for name in columns if name in texts[:2]]
        pair = found or (Mapping("pairs", ordered[0], ordered[1]) if len(ordered) == 2 else None)
        return with_opening(table, pair) if pair else None
    return _likely_labels(table, columns, (texts or [""])[0], kind)


def _likely_labels(table: Table, columns: Sequence[str], text: str, kind: Kind) -> Mapping | None:
    """Return a text and its label, labels or number; None where no other column could be that."""
    target: LabelKind = "multi" if kind == "multi" else "number" if kind == "number" else "single"
    if kind == "multi" and (marked := _likely_flags(table, columns)):
        return marked
    found = labeled(table.frame, columns) or by_contents(table.frame, columns)
    if found and not found.parts and (kind != "number" or _holds_numbers(table, found.answer)):
        return with_decimal_mark(table, replace(found, target=target))
    others = [profile(table.frame, name) for name in columns if name != text]
    if kind == "number":
        others = [each for each in others if each.is_number]
    others.sort(key=lambda each: (each.is_identifier, not each.is_label))
    chosen = Mapping("labels", column=text, answer=others[0].name, target=target) if text and others else None
    return with_decimal_mark(table, chosen) if chosen else None


def _holds_numbers(table: Table, name: str) -> bool:
    return any(number_of(cell) is not None for cell in cells_of(table.frame, name)[:_LOOKED_AT])


_LOOKED_AT = 100


def _likely_flags(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return a text and its columns of 0 and 1; None where there are none, or some are counts."""
    try:
        return flags(table.frame, columns)
    except DataError:  # columns are chosen instead
        return None


def _likely_preferences(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return prompt, answer and rejected answers or labels where names tell them; None where they do not."""
    from ia3_studio.data.shapes.preferences import answer_pair
    from ia3_studio.data.shapes.shape import Rows

    pair = answer_pair(Rows("", table.frame))
    asked = [name for name in named(columns, PROMPT_NAMES) if name not in pair]
    found = (
        Mapping("preferences", (asked or [""])[0], pair[0], rejected=pair[1]) if pair else _likely_votes(table, columns)
    )
    return with_opening(table, found) if found else None


def _likely_votes(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return prompt, answer and the only column that judges the answers; None where there is none."""
    pair = named_pairs(table.frame, columns)
    judging = [name for name in columns if _judges(table, name)]
    if pair is None or len(judging) != 1 or judging[0] in (pair.prompt, pair.answer):
        return None
    return Mapping("preferences", pair.prompt, pair.answer, flag=judging[0])


def _judges(table: Table, name: str) -> bool:
    """Say whether nearly all cells of a column mark an answer as desirable or not."""
    cells = [cell for cell in cells_of(table.frame, name) if cell is not None]
    return bool(cells) and sum(flag_of(cell) is not None for cell in cells) > MOSTLY * len(cells)


def mapping_of(
    table: Table,
    kind: Kind,
    first: str = "",
    answer: str = "",
    second: str = "",
    template: str = "",
    choices: Sequence[str] = (),
    rejected: str = "",
) -> Mapping:
    """Return the mapping of chosen columns; system prompt, history and tools are found by their names.

    Args:
        kind: what the rows are; "multi" and "number" are texts with several labels or with a number.
        first: the column of the prompt, the text, the words, the question or the conversation.
        answer: the column of the answer, the label or the right choice.
        second: a column that follows the prompt or the question, or the other text of a pair; empty for none.
        template: a prompt with named columns, in place of ``first``.
        choices: the column of lists of choices, or a column for each choice; for several labels, a column for each.
        rejected: of preferences, the column of the rejected answers, or that of the labels of single answers.

    Raises:
        DataError: a column that the kind needs is not chosen.
    """
    if not first and not (kind == "pairs" and template) and kind != "preferences":
        raise DataError("No input column is selected; select one.")
    if kind in ("messages", "text"):
        chosen = Mapping(kind, column=first)
        return with_opening(table, chosen) if kind == "messages" else chosen
    if kind == "multi" and choices and (not answer or answer in choices or _holds_all(answer, choices)):
        return Mapping("labels", column=first, context=second, target="multi", parts=tuple(choices))
    if not answer:
        raise DataError("No target column is selected; select one.")
    if kind == "pairs":
        return with_opening(table, Mapping(kind, first, answer, second, template=template))
    if kind == "preferences":
        return _chosen_preferences(table, first, answer, second, rejected)
    if kind == "tags":
        return Mapping(kind, column=first, answer=answer)
    if kind == "choices":
        return _chosen_choices(table, first, second, answer, choices)
    target: LabelKind = "multi" if kind == "multi" else "number" if kind == "number" else "single"
    return with_decimal_mark(table, Mapping("labels", column=first, context=second, answer=answer, target=target))


def _holds_all(column: str, paths: Sequence[str]) -> bool:
    """Say whether paths lead into a column of objects."""
    return all(path.startswith((f"{column}.", f"{column}[")) for path in paths)


def _chosen_preferences(table: Table, prompt: str, answer: str, context: str, rejected: str) -> Mapping:
    """Return the mapping of an answer and a column of rejected answers, or of labels."""
    if not rejected:
        raise DataError(
            "No column of rejected answers or of labels is selected; select one as the rejected column, or choose "
            "another task."
        )
    beaten, flag = ("", rejected) if _judges(table, rejected) else (rejected, "")
    return with_opening(table, Mapping("preferences", prompt, answer, context, rejected=beaten, flag=flag))


def _chosen_choices(table: Table, first: str, second: str, answer: str, choices: Sequence[str]) -> Mapping:
    if not choices:
        raise DataError("No columns are selected for the choices; select one list column, or one column per choice.")
    asked = tuple(filter(None, (first, second)))
    numbers = choice_numbers(table.frame, answer, choices)._asdict()
    return Mapping("choices", answer=answer, parts=(*asked, *choices), asked=len(asked), **numbers)
