"""In which forms are rows written in text that is no table? In pairs of lines, below headings, beside labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ia3_studio.data.admonitions import opened_questions, outside_blocks_note
from ia3_studio.data.asked_lines import (
    flashcards,
    outside_questions_note,
    questions_in_first_lines,
    questions_in_headings,
)
from ia3_studio.data.block_rows import rows_in_blocks
from ia3_studio.data.bold_terms import bold_terms, terms_note
from ia3_studio.data.clippings import clippings, clippings_note
from ia3_studio.data.common_speakers import conversations_of_one, note_on_the_common
from ia3_studio.data.delimiters import with_line_feeds
from ia3_studio.data.drawn_tables import vertical_records
from ia3_studio.data.exchange_texts import (
    exchanges,
    exchanges_in_lines,
    headed_exchanges,
    headings_note,
    one_conversation,
    questions_in_lines,
    without_rules,
)
from ia3_studio.data.glossaries import glossary
from ia3_studio.data.headed_turns import talk_in_headings, talk_notes
from ia3_studio.data.intent_lists import intents_below_headings
from ia3_studio.data.language_blocks import language_blocks, language_blocks_note
from ia3_studio.data.line_labels import labeled_lines, labeled_trees, labels_below
from ia3_studio.data.line_sides import two_sides
from ia3_studio.data.marked_classes import classes_above, classes_in_lines, names_note
from ia3_studio.data.marked_entities import marked_entities
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.plain_texts import marked_sides
from ia3_studio.data.quiz_texts import quiz_questions
from ia3_studio.data.quoted_texts import quoted_texts
from ia3_studio.data.shared_marks import classes_first, marks_note, sides_by_marks, sides_in_lines
from ia3_studio.data.speaker_lines import conversations_of_two, note_on_titles, talks_of_two, turns_of_two
from ia3_studio.data.tagged_records import tagged_records
from ia3_studio.data.told_forms import TOLD_FORMS

OPENED = "questions that open to their answers"
_TURNS = "turns of two speakers in lines"
TEXT_FORMS: tuple[tuple[Callable[[str], Any], str], ...] = (
    (clippings, "texts marked in books"),
    (tagged_records, "elements one after the other"),
    (vertical_records, "records one below the other"),
    (quoted_texts, "a text in quotes each"),
    (marked_entities, "entities marked in lines"),
    (quiz_questions, "questions of a quiz"),
    (labels_below, "a label below each text"),
    (labeled_trees, "a tree with its label per line"),
    (labeled_lines, "a text with its label per line"),
    (classes_above, "texts below the names of their labels"),
    (opened_questions, OPENED),
    (flashcards, "both sides of cards"),
    (exchanges_in_lines, "prompts and answers in lines"),
    (marked_sides, "two sides per line"),
    (talk_in_headings, "a talk below the names of speakers"),
    (bold_terms, "terms in bold and what they mean"),
    (questions_in_lines, "questions and answers in lines"),
    (one_conversation, "prompts and answers in lines"),
    (exchanges, "prompts and answers in paragraphs"),
    (rows_in_blocks, "paragraphs built alike"),
    (conversations_of_two, "conversations in paragraphs"),
    (conversations_of_one, "conversations in paragraphs"),
)
"""How rows are found in text that is no table, in the order in which it is tried, and what that form is called."""
LAST_FORMS: tuple[tuple[Callable[[str], Any], str], ...] = (
    (talks_of_two, _TURNS),
    (headed_exchanges, "prompts and answers in paragraphs"),
    (classes_in_lines, "a text with its label per line"),
    (sides_by_marks, "two marks by turns"),
    (sides_in_lines, "two sides per line"),
    (classes_first, "a text with its label per line"),
    (questions_in_headings, "questions above their answers"),
    (questions_in_first_lines, "questions above their answers"),
    (two_sides, "two sides per line"),
    (language_blocks, "lines in two languages, one below the other"),
    (turns_of_two, _TURNS),
)
"""Those of text that is not separated by a sign as a table is, either."""


_WITHOUT_RULES = (sides_by_marks, sides_in_lines, classes_first)
"""Ways to read a text without the lines that part it."""
_NOTES: dict[Callable[[str], Any], Callable[[str], tuple[str, ...]]] = {
    clippings: clippings_note,
    opened_questions: outside_blocks_note,
    one_conversation: lambda _text: (
        "Each answer is learned after the line before it alone. If the lines are one conversation, put blank lines "
        "between its parts: the turns of a part stay together.",
    ),
    talk_in_headings: talk_notes,
    bold_terms: terms_note,
    headed_exchanges: headings_note,
    questions_in_headings: outside_questions_note,
    conversations_of_two: note_on_titles,
    conversations_of_one: note_on_the_common,
    sides_by_marks: lambda text: marks_note(without_rules(text)),
    classes_in_lines: names_note,
    language_blocks: language_blocks_note,
}
"""What is to be said of a form, by how it is read."""


_ALL_FORMS = (
    *TEXT_FORMS, *LAST_FORMS, (glossary, "terms and what they mean"),
    (intents_below_headings, "texts below the names of their intents"), *TOLD_FORMS,
)  # fmt: skip


def forms_of(text: str) -> tuple[str, ...]:
    """Return the forms in which a text could be read, those that tell most first; lines are the last."""
    text = with_line_feeds(text)
    return tuple(dict.fromkeys(form for read, form in _ALL_FORMS if read(_for(read, text))))


def in_chosen_form(text: str, form: str, encoding: str) -> Found | None:
    """Return the rows of text in a form that was chosen; None where it is not known, or the text has no such rows."""
    chosen = tuple((read, name) for read, name in _ALL_FORMS if name == form)
    return in_form(chosen, with_line_feeds(text), 0, encoding)


def _for(read: Callable[[str], Any], text: str) -> str:
    return without_rules(text) if read in _WITHOUT_RULES else text


def in_form(forms: tuple[tuple[Callable[[str], Any], str], ...], text: str, stamps: int, encoding: str) -> Found | None:
    """Return the rows of text in the first form that fits; None if none does."""
    for read, form in forms:
        if rows := read(_for(read, text)):
            notes = _NOTES[read](text) if read in _NOTES else ()
            notes += (f"Not used: the times at the beginning of {stamps:,} lines.",) if stamps else ()
            return Found(numbered(rows), f"{form}, {encoding}", notes=notes)
    return None
