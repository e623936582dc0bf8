"""Which rows does a decoded text hold? Of a table, of JSON, of Markdown, or of any of the forms of plain text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import PurePosixPath

from ia3_studio.data.admonitions import opened_questions, outside_blocks_note
from ia3_studio.data.aligned_columns import Aligned, aligned_columns
from ia3_studio.data.asked_lines import answers_hold_tables, outside_questions_note, questions_in_headings
from ia3_studio.data.bare_sentences import is_single_column
from ia3_studio.data.book_licenses import without_license
from ia3_studio.data.bracketed_words import read_bracketed_words
from ia3_studio.data.conll import SUFFIXES as CONLL
from ia3_studio.data.conll import read_conll, read_conll_table
from ia3_studio.data.cut_cells import require_whole_cells
from ia3_studio.data.delimited import NUMBERS, read_delimited
from ia3_studio.data.delimiters import (
    BLANK_LINES,
    NO_DELIMITER,
    delimiter_name,
    is_tabbed,
    is_table,
    repeated_sign,
    with_line_feeds,
)
from ia3_studio.data.edited_sentences import read_edits
from ia3_studio.data.entity_tables import read_entity_table
from ia3_studio.data.front_matter import front_matter_note, without_front_matter
from ia3_studio.data.glossaries import glossary, glossary_note
from ia3_studio.data.headed_turns import talk_in_headings, talk_notes
from ia3_studio.data.header import unique_names
from ia3_studio.data.intent_lists import intents_below_headings
from ia3_studio.data.json_rows import (
    JSON_LINES,
    is_json_document,
    is_json_lines,
    is_json_stream,
    is_list_lines,
    read_json,
)
from ia3_studio.data.line_labels import marked_labels
from ia3_studio.data.literal_documents import program_data, python_document, toml_document
from ia3_studio.data.marked_classes import classes_above
from ia3_studio.data.markup_tables import is_markdown_table, read_markdown
from ia3_studio.data.named_files import note_on_names_of_files
from ia3_studio.data.ontonotes import BEGIN_OF_DOCUMENT, read_ontonotes
from ia3_studio.data.parsing import Found, ParsingOptions, numbered, shown_names
from ia3_studio.data.plain_texts import (
    below_headings,
    cards,
    documents_between,
    is_rule,
    table_delimiter,
    texts_between_rules,
    with_tabs,
    without_ids,
    without_settings,
    without_stamps,
)
from ia3_studio.data.pubtator import read_pubtator
from ia3_studio.data.script_data import language_of, largest, plain_document, script_data
from ia3_studio.data.sgml_rows import read_sgml, sgml_rows
from ia3_studio.data.shapes.headed_messages import headed_messages
from ia3_studio.data.shapes.line_logs import logged_lines, notices_note
from ia3_studio.data.shapes.whatsapp import whatsapp_messages
from ia3_studio.data.single_texts import parts_of, single_note
from ia3_studio.data.speaker_lines import documents_as_paragraphs
from ia3_studio.data.tagged_texts import read_listed_tags, read_tagged_texts
from ia3_studio.data.talk_texts import candidates_note, talks_in_text
from ia3_studio.data.template_streams import templated_notes, templated_talks
from ia3_studio.data.text_forms import LAST_FORMS, OPENED, TEXT_FORMS, in_form
from ia3_studio.data.webanno import read_webanno
from ia3_studio.errors import DataError

PLAIN_FORM = "plain text by"
"""How the form of paragraphs and lines begins."""


def found_in_cells(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found:
    """Read a table whose cells are separated by a character, or by the several ones that are chosen."""
    if len(parsing.delimiter or "") > 1:
        return _between_signs(name, text, encoding, parsing)
    if parsing.delimiter is None and (words := read_webanno(name, text) or read_entity_table(name, text)):
        return replace(words, form=f"{words.form}, {encoding}")
    if parsing.delimiter is None and is_json_lines(text):
        return found_in_json(f"{name}.jsonl", text, encoding, parsing)
    if parsing.delimiter is None and (words := read_conll_table(name, text)):
        return replace(words, form=f"{words.form}, {encoding}")
    tabbed = name.lower().endswith(".tsv") and parsing.delimiter is None
    if parsing.delimiter is None and name.lower().endswith(".tsv") and (words := read_conll(name, text)):
        return replace(words, form=f"{words.form}, {encoding}")
    if parsing.delimiter is None and (sign := repeated_sign(text)):
        return _between_signs(name, text, encoding, replace(parsing, delimiter=sign))
    given = "\t" if tabbed else parsing.delimiter or (NO_DELIMITER if is_single_column(text) else None)
    found = read_delimited(name, text, given, parsing.header)
    form = "one column" if given == NO_DELIMITER else f"{delimiter_name(found.delimiter)}-separated"
    form = f"{form}, {encoding}"
    if found.header != 1:
        form += f", header in row {found.header}" if found.header else ", no header"
    return Found(found.frame, form, found.damaged, notes=found.notes)


def _between_signs(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found:
    """Read a table whose cells are separated by several characters, and by blanks around these."""
    sign = parsing.delimiter or ""
    text = re.sub(rf"[ ]?{re.escape(sign)}[ ]?", _UNIT, text.replace(_UNIT, " "))
    found = found_in_cells(name, text, encoding, replace(parsing, delimiter=_UNIT))
    return replace(found, form=found.form.replace(delimiter_name(_UNIT), sign, 1))


_UNIT = "\x1f"


def found_in_json(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found:
    """Read one JSON document, or objects one after the other; a table that is only called JSON as what it is."""
    try:
        frame, form, damaged, notes = read_json(name, text, PurePosixPath(name).suffix.lower() in JSON_LINES)
    except DataError:
        if text.lstrip()[:1] in ("{", "[", "") or not is_table(text):
            raise
        found = found_in_cells(name, text, encoding, parsing)
        return replace(found, notes=(*found.notes, f"{name} is read as what it holds: a table in text."))
    return Found(frame, f"{form}, {encoding}", damaged, notes=notes)


def found_in_script(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found:
    """Read the JSON that a JavaScript file assigns to a name, or else the lists that a program writes.

    Several lists are read as those of one JSON document, or, where these form no rows together, the longest one. A
    program without data is text where plain rows or a delimiter are chosen.

    Raises:
        DataError: the file is a program without data.
    """
    if document := plain_document(text):
        return found_in_json(f"{name}.json", document, encoding, parsing)
    try:
        data = script_data(name, text)
    except DataError:
        if not (parsing.plain or parsing.delimiter):
            raise
        return found_in_text(name, text, encoding, parsing)
    left: tuple[str, ...] = ()
    try:
        frame, form, damaged, notes = read_json(name, json.dumps(data.document), named_lines=False)
    except DataError:
        if len(data.values) == 1:
            raise
        told = largest(data.values)
        frame, form, damaged, notes = read_json(name, json.dumps(data.values[told]), named_lines=False)
        left = (f"Not used outside these rows: {shown_names([each for each in data.values if each != told])}.",)
    language = language_of(PurePosixPath(name).suffix.lower())
    return Found(frame, f"{form.replace('JSON', language)}, {encoding}", damaged, notes=(*notes, *left, *data.notes))


def found_in_program(name: str, text: str, encoding: str, _parsing: ParsingOptions) -> Found:
    """Read the data in a Python program.

    Raises:
        DataError: it has no list or object of them.
    """
    document = program_data(text)
    if not document:
        raise DataError(f"{name} is a program without a list of rows; give the data that it reads.")
    frame, form, damaged, notes = read_json(name, document, named_lines=False)
    return Found(frame, f"{form.replace('JSON', 'Python text')}, {encoding}", damaged, notes=notes)


def found_in_toml(name: str, text: str, encoding: str, _parsing: ParsingOptions) -> Found:
    """Read the tables of a TOML document as JSON has them."""
    frame, form, damaged, notes = read_json(name, toml_document(name, text), named_lines=False)
    return Found(frame, f"{form.replace('JSON', 'TOML')}, {encoding}", damaged, notes=notes)


def found_in_text(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found:
    """Return messages of a chat, words with tags, cells of a table, or a row a paragraph.

    Where there is one paragraph, each of its lines is a row.
    """
    if parsing.delimiter is None and (words := read_webanno(name, text)):
        return replace(words, form=f"{words.form}, {encoding}")
    if parsing.delimiter is None and (words := read_ontonotes(name, text)):
        return replace(words, form=f"{words.form}, {encoding}")
    if parsing.delimiter is None and not parsing.plain and (read := read_pubtator(text) or read_edits(text)):
        return replace(read, form=f"{read.form}, {encoding}")
    is_conll = PurePosixPath(name).suffix.lower() in CONLL or text.startswith(BEGIN_OF_DOCUMENT)
    if parsing.delimiter is None and (words := read_entity_table(name, text) or read_tagged_texts(text)):
        return replace(words, form=f"{words.form}, {encoding}")
    if not (parsing.delimiter or parsing.plain) and (words := read_listed_tags(text) or read_bracketed_words(text)):
        return replace(words, form=f"{words.form}, {encoding}")
    if parsing.delimiter is None and (words := read_conll(name, text, is_named_so=is_conll)):
        return replace(words, form=f"{words.form}, {encoding}")
    if not (parsing.delimiter or parsing.plain) and (messages := whatsapp_messages(text)):
        return Found(numbered(messages), f"plain text, {encoding}")
    if not (parsing.delimiter or parsing.plain) and (messages := logged_lines(text) or headed_messages(text)):
        return Found(numbered(messages), f"chat in lines, {encoding}", notes=notices_note(text))
    if parsing.delimiter is None and (is_json_lines(text) or is_list_lines(text)):
        frame, form, damaged, notes = read_json(name, text, named_lines=True)
        return Found(frame, f"{form}, {encoding}", damaged, notes=notes)
    if not (parsing.delimiter or parsing.plain) and (talks := templated_talks(text)):
        return Found(numbered(talks), f"conversations of a chat template, {encoding}", notes=templated_notes(text))
    if not (parsing.delimiter or parsing.plain) and (talks := talks_in_text(text)):
        return Found(numbered(talks), f"conversations in lines, {encoding}", notes=tuple(candidates_note(text)))
    if not (parsing.delimiter or parsing.plain) and (rows := marked_labels(text)):
        return Found(numbered(rows), f"a text with its labels per line, {encoding}")
    if not (parsing.delimiter or parsing.plain) and (bare := without_ids(text)) is not None:
        found = found_in_cells(name, bare[0], encoding, replace(parsing, delimiter="\t"))
        return replace(found, notes=(*found.notes, f"Not used: {bare[1]:,} lines of ids between the rows."))
    if parsing.delimiter or is_tabbed(without_settings(text)):
        if not parsing.delimiter and (sides := cards(text)):
            return Found(numbered(sides), f"cards of Anki, {encoding}")
        text = text if parsing.delimiter else without_settings(text)
        return found_in_cells(name, text, encoding, replace(parsing, delimiter=parsing.delimiter or "\t"))
    if is_markdown_table(text) and (parsing.plain or not answers_hold_tables(text)):
        found = read_markdown(name, text, plain=parsing.plain)
        return replace(found, form=f"{found.form}, {encoding}")
    if not (parsing.delimiter or parsing.plain) and sgml_rows(text):
        found = read_sgml(name, text)
        return replace(found, form=f"{found.form}, {encoding}")
    if not parsing.plain and (aligned := aligned_columns(text)):
        return _found_aligned(name, aligned, encoding)
    if not parsing.plain and (found_rows := _structured_text(name, text, encoding, parsing)):
        return found_rows
    if is_conll and not parsing.plain:
        raise DataError(
            f"{name} is a file of words with tags by its name or first line, but its lines are not one word and as "
            "many fields each; fix the lines, or choose plain rows under Shape."
        )
    text, outside = without_license(with_line_feeds(text).strip(), parsing.plain)
    if documents := documents_between(text):
        return Found(numbered({"text": documents}), f"{PLAIN_FORM} marked document, {encoding}", notes=outside)
    if not parsing.plain and (texts := texts_between_rules(text)):
        return Found(numbered({"text": texts}), f"{PLAIN_FORM} part between rules, {encoding}", notes=outside)
    blocks, unit = BLANK_LINES.split(text), "paragraph"
    if len(blocks) == 1:
        blocks, unit = text.split("\n"), "line"
    if len(blocks) == 1 and len(parts := parts_of(text)) > 1:
        blocks, unit = parts, "part"
        outside += (single_note(text, len(parts)),)
    if parsing.plain:
        return Found(numbered({"text": blocks}), f"{PLAIN_FORM} {unit}, {encoding}", notes=outside)
    kept = [block for block in blocks if not is_rule(block)] or blocks
    notes = outside
    notes += (f"Not used: {len(blocks) - len(kept):,} rules between texts.",) if len(kept) < len(blocks) else ()
    notes += note_on_names_of_files(kept)
    if unit == "paragraph" and len(parts := below_headings(kept)) > 1:
        kept = parts
    return Found(numbered({"text": kept}), f"{PLAIN_FORM} {unit}, {encoding}", notes=notes)


def _found_aligned(name: str, aligned: Aligned, encoding: str) -> Found:
    """Return the rows of columns that stand below each other.

    Raises:
        DataError: their cells were cut off where they were printed.
    """
    require_whole_cells(name, aligned.rows)
    names = [NUMBERS if not name and place == 0 else name for place, name in enumerate(aligned.header)]
    header = unique_names(names or [""] * len(aligned.rows[0]))
    columns = {name: [row[at] for row in aligned.rows] for at, name in enumerate(header)}
    notes = (f"Not used: {aligned.outside:,} lines outside the table.",) if aligned.outside else ()
    form = f"columns with blanks between them, {encoding}{'' if aligned.header else ', no header'}"
    return Found(numbered(columns), form, notes=notes)


def _structured_text(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found | None:
    """Return the rows of text that is more than paragraphs: JSON, labels before texts, questions and answers, cells."""
    if is_json_document(text) or is_json_stream(text):
        frame, form, damaged, notes = read_json(name, text, named_lines=False)
        return Found(frame, f"{form}, {encoding}", damaged, notes=notes)
    if document := python_document(text):
        frame, form, damaged, notes = read_json(name, document, named_lines=False)
        return Found(frame, f"{form.replace('JSON', 'Python text')}, {encoding}", damaged, notes=notes)
    plain, stamps = without_stamps(documents_as_paragraphs(text))
    if found := in_form(TEXT_FORMS, plain, stamps, encoding):
        return found
    if delimiter := table_delimiter(text):
        return found_in_cells(name, text, encoding, replace(parsing, delimiter=delimiter))
    tabbed, sign = with_tabs(text)
    if sign:
        found = found_in_cells(name, tabbed, encoding, replace(parsing, delimiter="\t"))
        return replace(found, form=found.form.replace("tab-separated", f"{sign}-separated", 1))
    return in_form(LAST_FORMS, plain, stamps, encoding)


def found_in_markdown(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found:
    """Read the turns of a talk in Markdown, the tables of a page, its questions in headings, or its text.

    What stands above a page for the program that shows it is no part of it, but may say that it is a glossary.
    """
    page, names = without_front_matter(name, text)
    found = _found_in_page(name, page, text, encoding, parsing)
    return replace(found, notes=(*found.notes, *front_matter_note(names)))


def _found_in_page(name: str, text: str, whole: str, encoding: str, parsing: ParsingOptions) -> Found:
    if not (parsing.plain or parsing.delimiter) and (talk := talk_in_headings(text)):
        return Found(numbered(talk), f"a talk below the names of speakers, {encoding}", notes=talk_notes(text))
    if not (parsing.plain or parsing.delimiter) and (rows := opened_questions(text)):
        return Found(numbered(rows), f"{OPENED}, {encoding}", notes=outside_blocks_note(text))
    if not is_markdown_table(text) or (not parsing.plain and answers_hold_tables(text)):
        if not parsing.plain and (rows := intents_below_headings(text)):
            return Found(numbered(rows), f"texts below the names of their intents, {encoding}")
        if not parsing.plain and (rows := questions_in_headings(text)):
            form = f"questions in headings, {encoding}"
            return Found(numbered(rows), form, notes=outside_questions_note(text))
        if not parsing.plain and (rows := glossary(whole)):
            return Found(numbered(rows), f"terms and what they mean, {encoding}", notes=glossary_note(whole))
        if not parsing.plain and (rows := classes_above(text)):
            return Found(numbered(rows), f"texts below the names of their labels, {encoding}")
        return found_in_text(name, text, encoding, parsing)
    found = read_markdown(name, text, plain=parsing.plain)
    return replace(found, form=f"{found.form}, {encoding}")
