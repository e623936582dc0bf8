"""Which known shape do the rows of a file have? Each is tried in turn; the first that fits reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from ia3_studio.data.shapes import (
    accepted_answers,
    alternating_turns,
    answer_places,
    answers_in_object,
    argilla,
    assistant_exports,
    batch_results,
    bioc,
    called_tools,
    candidate_turns,
    chosen_of_list,
    compared_answers,
    desk_messages,
    dialogue_shapes,
    display_names,
    edited_texts,
    filled_prompts,
    gemini_activity,
    ground_truth,
    helpdesk,
    intents,
    joined_labels,
    judged_answers,
    judged_parts,
    keyed_turns,
    label_studio,
    label_studio_pairs,
    labelbox,
    labeled_spans,
    listed_languages,
    log_tables,
    marked_choices,
    marked_rows,
    message_trees,
    messengers,
    nameless_turns,
    numbered_labels,
    numbered_texts,
    parallel_spans,
    preferences,
    prompted_turns,
    questions_on_text,
    quizzes,
    rated_answers,
    relations,
    replaced_answers,
    reward_steps,
    right_and_wrong,
    scored_objects,
    segments,
    side_by_side,
    spans_of_words,
    spoken,
    triplets,
    turn_columns,
    turn_halves,
    turn_rows,
    versioned_turns,
    votes,
    word_objects,
    word_rows,
    written_offsets,
)
from ia3_studio.data.shapes.idle_columns import with_idle_columns, with_idle_keys
from ia3_studio.data.shapes.rows_in_lists import shape_of_lists
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape
from ia3_studio.data.shapes.speaker_pairs import shape_of_pairs
from ia3_studio.data.shapes.wrapped import wrapped_shape
from ia3_studio.errors import DataError

SHAPES: tuple[Shape, ...] = (
    *side_by_side.SHAPES,
    *gemini_activity.SHAPES,
    *candidate_turns.SHAPES,
    *relations.SHAPES,
    *assistant_exports.SHAPES,
    *versioned_turns.SHAPES,
    *batch_results.SHAPES,
    *message_trees.SHAPES,
    *accepted_answers.SHAPES,
    *messengers.SHAPES,
    *helpdesk.SHAPES,
    *desk_messages.SHAPES,
    *ground_truth.SHAPES,
    *labelbox.SHAPES,
    *display_names.SHAPES,
    *edited_texts.SHAPES,
    *bioc.SHAPES,
    *quizzes.SHAPES,
    *label_studio_pairs.SHAPES,
    *label_studio.SHAPES,
    *argilla.SHAPES,
    *judged_parts.SHAPES,
    *labeled_spans.SHAPES,
    *joined_labels.SHAPES,
    *numbered_labels.SHAPES,
    *parallel_spans.SHAPES,
    *spans_of_words.SHAPES,
    *written_offsets.SHAPES,
    *answer_places.SHAPES,
    *votes.SHAPES,
    *word_objects.SHAPES,
    *segments.SHAPES,
    *preferences.SHAPES,
    *replaced_answers.SHAPES,
    *judged_answers.SHAPES,
    *filled_prompts.SHAPES,
    *called_tools.SHAPES,
    *prompted_turns.SHAPES,
    *answers_in_object.SHAPES,
    *scored_objects.SHAPES,
    *compared_answers.SHAPES,
    *chosen_of_list.SHAPES,
    *rated_answers.SHAPES,
    *reward_steps.SHAPES,
    *triplets.SHAPES,
    *dialogue_shapes.SHAPES,
    *listed_languages.SHAPES,
    *intents.NAMED,
    *keyed_turns.SHAPES,
    *spoken.SHAPES,
    *nameless_turns.SHAPES,
    *turn_columns.SHAPES,
    *turn_halves.SHAPES,
    *turn_rows.SHAPES,
    *marked_rows.SHAPES,
    *log_tables.SHAPES,
    *alternating_turns.SHAPES,
    *word_rows.SHAPES,
    *intents.SHAPES,
    *right_and_wrong.SHAPES,
    *questions_on_text.SHAPES,
    *marked_choices.SHAPES,
    *numbered_texts.SHAPES,
)
"""In the order in which they are tried: those with keys of one tool before those with common names."""


_OF_TOOLS = frozenset(
    shape.name
    for module in (
        assistant_exports, versioned_turns, batch_results, messengers, helpdesk, desk_messages, labelbox, display_names,
        bioc, quizzes, label_studio_pairs, label_studio, argilla,
    )
    for shape in module.SHAPES
) | {"Prodigy export"}  # fmt: skip
"""Shapes that a program writes: what it notes of each object is known, and nobody asks for it."""


def shape_of(rows: Rows) -> Shape | None:
    """Return the shape of rows; None for a plain table."""
    if not len(rows.frame):
        return None
    return (
        shape_of_pairs(rows, shape_of)
        or next((shape for shape in SHAPES if shape.fits(rows)), None)
        or wrapped_shape(rows, shape_of)
        or shape_of_lists(rows, shape_of)
    )


def shape_by_row(rows: Rows) -> Shape | None:
    """Return the shape of rows of a file that is read in parts; None for a plain table.

    Raises:
        DataError: rows of the shape belong together, which parts would separate, or a speaker was chosen.
    """
    shape = shape_of(rows)
    if rows.speaker is not None:
        raise DataError(f"{rows.name} is read in parts, so its speakers cannot be chosen; give a smaller file.")
    if shape and not shape.by_row:
        raise DataError(
            f"{rows.name} has the shape of: {shape.name}. Its rows belong together, but a file of this size is read in "
            "parts; give a smaller part of it, or write one row per conversation with a messages list."
        )
    return shape


def recognize(rows: Rows) -> Recognized | None:
    """Return what rows of a known shape are read as; None for a plain table.

    Raises:
        DataError: the shape is known but cannot be used, or a speaker was chosen for rows that have none.
    """
    shape = shape_of(rows)
    found = with_idle_columns(shape, rows, shape.read(rows)) if shape else None
    if shape and found and shape.name not in _OF_TOOLS:
        found = with_idle_keys(shape, rows, found)
    if rows.speaker is not None and not (found and found.speakers):
        raise DataError(f"{rows.name} does not have the shape of a chat log: no speaker can be chosen; clear Speaker.")
    if found and found.frame.empty and found.problems:
        first = found.problems[0]
        raise DataError(f"No usable row in {rows.name} ({found.form}); row {first.row}: {first.reason}.")
    return found


def unused_sentences(unused: Mapping[str, int]) -> list[str]:
    """Return what is not used with its numbers, as one sentence; nothing if all is used.

    Example:
        >>> unused_sentences({"reactions": 3, "deleted messages": 1})
        ['Not used: reactions (3), deleted messages (1).']
    """
    named = ", ".join(f"{what} ({count:,})" for what, count in Counter(unused).most_common() if count)
    return [f"Not used: {named}."] if named else []
