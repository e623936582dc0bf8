"""Which columns play which part, after what a person chose in the form? What they left open is guessed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from ia3_studio.data.chosen_columns import Kind, columns_for, mapping_of, task_of
from ia3_studio.data.column_profile import profile
from ia3_studio.data.fitting_task import fitting_task
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.table import Table
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from ia3_studio.data.mapping import Mapping


def chosen_mapping(
    table: Table,
    kind: str,
    first: str,
    second: str,
    answer: str,
    rejected: str,
    choices: Sequence[str] | None,
    template: str,
    split: str,
) -> Mapping | None:
    """Return which columns play which part, but for the system prompt; None where all of that is guessed.

    Raises:
        DataError: a column that is needed is not chosen.
    """
    if not kind and not (kind := _kind_chosen(table, first or template or "", answer or "", choices or ())):
        return replace(infer_columns(table), split=split) if split else None
    if not (first or second or answer or rejected or choices or template) and (
        found := columns_for(table, cast(Kind, kind))
    ):
        return replace(found, split=split or "")
    task = fitting_task(table, cast(Kind, kind), answer or "", choices or (), (second, template))
    kind, answer = task, "" if task == "multi" != kind else answer
    if kind == "preferences":
        asked, good, bad = _completed_preferences(table, first or "", answer or "", rejected or "")
        chosen = mapping_of(table, "preferences", asked, good, second or "", rejected=bad)
        return replace(chosen, split=split or "")
    columns = _completed(
        table, cast(Kind, kind), first or "", answer or "", second or "", template or "", choices or ()
    )
    return replace(mapping_of(table, cast(Kind, kind), *columns), split=split or "")


def of_new_task(table: Table, columns: Sequence[Any]) -> Sequence[Any]:
    """Return the fields on columns after another task was chosen: empty, for its likeliest columns to be found.

    What was chosen stays where the table has no such columns.
    """
    kind, *_columns, split, system = columns
    if kind and columns_for(table, kind) is None:
        return columns
    return (kind, "", "", "", "", [], "", split, system)


def exchanged(table: Table, before: Mapping | None, columns: Sequence[Any]) -> Sequence[Any]:
    """Return the fields on columns after one was chosen that another field had: that one gets what it replaces.

    Args:
        table: the rows.
        before: the mapping in use; None if it was guessed.
        columns: the fields as they are now.
    """
    kind, *places, choices, template, split, system = columns
    if len(set(filter(None, places))) == len(list(filter(None, places))):
        return columns
    before = before or infer_columns(table)
    first, second, answer, _choices = columns_of(before) if kind_of(before) else ("", "", "", ())
    used = (first, second, answer, (before.rejected or before.flag) if before.kind == "preferences" else "")
    changed = [place for place, name in enumerate(places) if (name or "") != used[place]]
    if len(changed) != 1 or places[changed[0]] not in used:
        return columns
    taken = used.index(places[changed[0]])
    return (kind, *(used[changed[0]] if place == taken else name for place, name in enumerate(places)), choices,
            template, split, system)  # fmt: skip


def with_system(table: Table, chosen: Mapping | None, system: str) -> Mapping | None:
    """Return the chosen parts with a column of system prompts, which only rows of conversations have.

    A column that plays another part stays there.
    """
    if not system:
        return chosen
    found = chosen or infer_columns(table)
    taken = system in (found.prompt, found.context, found.answer, found.rejected, found.column)
    spoken = found.kind in ("pairs", "messages", "preferences") and not taken
    return replace(found, system=system) if spoken and system != found.system else chosen


def _kind_chosen(table: Table, first: str, answer: str, choices: Sequence[str]) -> Kind | Literal[""]:
    """Return what the chosen columns are where nothing can be guessed, or the form cannot say it; else nothing.

    Columns that stay from a guess say nothing: choosing auto-detect again asks for a new one.
    """
    if not (first or answer or choices):
        return ""
    with suppress(DataError):  # its sentence asked for the choice of columns
        if kind_of(infer_columns(table)):
            return ""
    if choices:
        return "choices"
    is_label = answer in table.frame.columns and profile(table.frame, answer).is_label
    return "labels" if is_label else "pairs"


def _completed(
    table: Table, kind: Kind, first: str, answer: str, second: str, template: str, choices: Sequence[str]
) -> tuple[str, str, str, str, Sequence[str]]:
    """Return the chosen columns, and the likeliest ones for those that the task needs and that are not chosen."""
    needs_answer = kind not in ("messages", "text") and not answer and not (kind == "multi" and choices)
    needs_choices = kind == "choices" and not choices
    if (first or template) and not needs_answer and not needs_choices:
        return first, answer, second, template, choices
    likeliest = columns_for(table, kind)
    if likeliest is None:
        return first, answer, second, template, choices
    first_found, second_found, answer_found, choices_found = columns_of(likeliest)
    second = second or (second_found if not first and second_found != answer else "")
    return (
        first or (first_found if not template else ""), answer or (answer_found if needs_answer else ""), second,
        template, choices or choices_found,
    )  # fmt: skip


def _completed_preferences(table: Table, first: str, answer: str, rejected: str) -> tuple[str, str, str]:
    """Return (input, chosen, rejected) column of preferences, the likeliest ones if the answers are not chosen."""
    likeliest = columns_for(table, "preferences") if not (answer and rejected) else None
    if likeliest is None:
        return first, answer, rejected
    first = "" if first in (likeliest.answer, likeliest.rejected or likeliest.flag) else first
    return first or likeliest.prompt, likeliest.answer, likeliest.rejected or likeliest.flag


def chosen_unused(choice: str | None, fields: Sequence[Any]) -> tuple[Any, ...]:
    """Return the fields after one of the columns that are not used was given a part; unchanged for another choice."""
    part, _, name = (choice or "").partition(":")
    kind, first, second, answer, *rest = fields
    kinds = {"context": kind, "label": "labels", "several": "multi", "number": "number", "answer": "pairs"}
    if not name or part not in kinds:
        return tuple(fields)
    if part == "context":
        return (kind, first, name, answer, *rest)
    return (kinds[part], first, second, name, *rest)


def kind_of(mapping: Mapping) -> str:
    """Return what the form calls rows of a mapping; nothing where the form cannot say it."""
    if mapping.nested or mapping.others or mapping.lists or mapping.kind == "pictures":
        return ""
    return task_of(mapping)


def columns_of(mapping: Mapping) -> tuple[str, str, str, tuple[str, ...]]:
    """Return first, second and answer column, and those of choices."""
    if mapping.kind == "choices":
        first, *rest = mapping.parts[: mapping.asked]
        return first, rest[0] if rest else "", mapping.answer, mapping.parts[mapping.asked :]
    return mapping.prompt or mapping.column, mapping.context, mapping.answer, mapping.parts
