"""Which columns of a table play which part? Told by their names, and where these say nothing by what they hold."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from ia3_studio.data.choice_columns import bare_name, choice_mapping, choices_without_answer, first_number, named
from ia3_studio.data.column_profile import (
    UNNAMED,
    Profile,
    cells_of,
    is_list_of_texts,
    is_plain,
    kept_profiles,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import ANSWERED, RESULT, name_words, says, twin_place
from ia3_studio.data.conll import is_tag
from ia3_studio.data.content_pairs import asked_by_contents, in_two_scripts, rewritten, two_bodies, two_texts
from ia3_studio.data.examples import LabelKind, Mapping, tags_in
from ia3_studio.data.inner_columns import with_inner_columns
from ia3_studio.data.json_documents import SPLIT
from ia3_studio.data.label_columns import (
    LABELED_NAMES,
    by_contents,
    flags,
    labeled,
    marked_answers,
    rated_texts,
)
from ia3_studio.data.label_names import LABEL_NAMES, MOSTLY
from ia3_studio.data.measurements import decimal_mark
from ia3_studio.data.mirrored_pairs import languages
from ia3_studio.data.nested_pairs import nested_pairs
from ia3_studio.data.pair_columns import named_pairs
from ia3_studio.data.pair_names import ANSWER_NAMES, CONTEXT_NAMES, PROMPT_NAMES
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.paths import is_listed, split_path, structure_of
from ia3_studio.data.preferences import flag_of
from ia3_studio.data.structured_pairs import beside_structures, recipes
from ia3_studio.data.table import Table
from ia3_studio.data.turns import CONTENT_KEYS, ROLE_KEYS, is_known_turn, unused_keys
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MESSAGE_NAMES = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat")
SYSTEM_NAMES = ("system", "system_prompt", "system_message")
HISTORY_NAMES = ("history", "chat_history")
TOOL_NAMES = ("tools", "functions")
TEXT_NAMES = ("text", "content", "document")
WORD_NAMES = ("tokens", "words", "word", "token")
TAG_NAMES = ("ner_tags", "tags", "pos_tags", "labels", "ner", "bio_tags", "tag", "upos", "pos")
MOST_PROFILED = 4_000
"""Rows by which columns are told apart."""
Kind = Literal["pairs", "messages", "text", "labels", "multi", "number", "choices", "tags", "preferences"]
"""The tasks that the user can choose if auto-detection is wrong."""
FORMS = (
    "a prompt and an answer column (such as prompt/answer, question/response, instruction/input/output), a messages or"
    " conversations column, a text and a label column, or a text column"
)


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
        return _told(_thinned(table))


def _told(table: Table) -> Mapping:
    columns = _filled_columns(table)
    try:
        found = _inferred(table, columns)
    except DataError:
        inner = _inner(table, columns)
        if inner is None:
            raise
        found = inner
    if found.kind == "text":
        found = _inner(table, columns) or found
    return (
        _with_opening(table, found)
        if found.kind in ("pairs", "messages", "preferences")
        else _with_decimal_mark(table, found)
    )


def _with_decimal_mark(table: Table, found: Mapping) -> Mapping:
    """Return a mapping to numbers with the decimal mark of their column."""
    if found.target != "number":
        return found
    return replace(found, decimal=decimal_mark(cells_of(table.frame, found.answer)))


def _thinned(table: Table) -> Table:
    """Return a table with so many rows as are needed to tell what its columns hold, always the same ones."""
    rows = len(table.frame)
    if rows <= MOST_PROFILED:
        return table
    places = sorted(random.Random(0).sample(range(rows), MOST_PROFILED))
    return replace(table, frame=table.frame.iloc[places])


def _inner(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return what values inside objects are, if they are more than plain text."""
    found = with_inner_columns(
        table.frame, columns, lambda frame: _inferred(replace(table, frame=frame), frame.columns.tolist())
    )
    return None if found is None or found.kind == "text" else found


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


def _with_opening(table: Table, mapping: Mapping) -> Mapping:
    """Return a mapping with the columns of the system prompt, the history and the tools of a conversation."""
    free = unused_columns(table, mapping)
    system = [
        name for name in named(free, SYSTEM_NAMES) if profile(table.frame, name).length or _are_parts(table, name)
    ]
    history = [name for name in named(free, HISTORY_NAMES) if _are_turns(table, name)]
    tools = named(free, TOOL_NAMES)
    first = [(names or [""])[0] for names in (system, history, tools)]
    return replace(mapping, system=first[0], history=first[1], tools=first[2])


def _are_parts(table: Table, name: str) -> bool:
    """Say whether a column holds texts in lists of parts, as APIs take a system prompt."""
    values = structures_of(table.frame, name)
    return bool(values) and all(is_listed(value) and all(map(_is_part, value)) for value in values)


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("text"), str)


def _are_turns(table: Table, name: str) -> bool:
    """Say whether a column holds lists or JSON text of lists; an empty text is a list without turns."""
    values = [cell for cell in structures_of(table.frame, name) if not isinstance(cell, str) or cell.strip()]
    return all(map(is_listed, values))


def _inferred(table: Table, columns: Sequence[str]) -> Mapping:
    if preferences := _chosen_and_rejected(table.frame, columns):
        return preferences
    if conversation := _conversation(table, columns):
        return conversation
    for inferred in _IN_ORDER:
        if found := inferred(table.frame, columns):
            return found
    if texts := named(columns, MESSAGE_NAMES):  # of text: each row says what is wrong with it
        return Mapping("messages", column=texts[0])
    if {column.lower() for column in columns} in ({"role", "content"}, {"from", "value"}):
        raise DataError(
            "The rows are the turns of one conversation; use one row per conversation, with a messages list."
        )
    raise DataError(f"The columns {shown_names(columns)} are not recognized; rename them to {FORMS}.")


def _only_column(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    one = len(columns) == 1 and is_plain(frame, columns[0])
    return Mapping("text", column=columns[0]) if one else None


def _two_in_lists(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two texts of the only column, where each of its cells is a list of two, as of embedding data."""
    cells = structures_of(frame, columns[0]) if len(columns) == 1 else []
    pairs = bool(cells) and all(is_list_of_texts(cell) and len(cell) == 2 for cell in cells)
    if not pairs or named(columns, (*TEXT_NAMES, *MESSAGE_NAMES)):
        return None
    return Mapping("pairs", f"{columns[0]}[0]", f"{columns[0]}[1]")


def _named_text(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    text = [name for name in named(columns, TEXT_NAMES) if profile(frame, name).length]
    return Mapping("text", column=text[0]) if text else None


def _longest_text(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only column of texts, titles and authors aside."""
    texts = [each for name in columns if (each := profile(frame, name)).is_text]
    texts = [each for each in texts if len(columns) == 1 or not each.is_label]
    filled = [each for each in texts if each.filled > MOSTLY and each.different > 1]
    bodies = [each for each in filled if not _is_about_text(each.name)]
    if len(bodies) > 1:
        *others, longest = sorted(bodies, key=lambda each: each.length)
        far = longest.length >= max(_LONG_BODY, _FAR_LONGER * others[-1].length)
        bodies = [longest] if far and all(UNNAMED.fullmatch(each.name) for each in bodies) else bodies
    return Mapping("text", column=bodies[0].name) if len(bodies) == 1 else None


def _labeled_words(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a column of words, such as names, and the only other one, which has few values."""
    held = [each for name in columns if not (each := profile(frame, name)).is_identifier]
    words = [each for each in held if each.length and not each.is_label and each.different > _HARDLY_ALIKE * len(frame)]
    labels = [each for each in held if each.is_label and each.filled > MOSTLY]
    one = len(held) == 2 and len(words) == len(labels) == 1
    return Mapping("labels", column=words[0].name, answer=labels[0].name) if one else None


_HARDLY_ALIKE = 0.9
"""Share of the rows of a column of words that differ."""


def _only_words(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only column that does not identify rows, where it holds words."""
    held = [each for name in columns if not (each := profile(frame, name)).is_identifier]
    held = [] if named(columns, MESSAGE_NAMES) else held  # turns that each row says what is wrong with
    one = len(held) == 1 and held[0].length > 0 and not held[0].is_label and is_plain(frame, held[0].name)
    return Mapping("text", column=held[0].name) if one else None


_LONG_BODY, _FAR_LONGER = 100, 4
"""Mean characters of the only text of a table without names, and times that it is longer than any other."""


def _is_about_text(name: str) -> bool:
    return bare_name(name) in _ABOUT_TEXTS or bool({"title", "headline"}.intersection(name_words(name)))


_ABOUT_TEXTS = frozenset(
    ("title", "headline", "author", "authors", "creator", "poet", "name", "username", "user", "artist")
)


def _choices(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    return choice_mapping(frame[list(columns)])


def require_columns(table: Table, mapping: Mapping) -> None:
    """Refuse a mapping with columns that the table does not have; those of nested objects are looked for row by row.

    Raises:
        DataError: it names the first column that is missing.
    """
    columns = {str(column) for column in table.frame.columns}
    asked = ({mapping.nested} if mapping.nested else set(_flat(mapping))) | {mapping.split}
    missing = sorted(name for name in asked - {""} - columns if split_path(name, columns) is None)
    if missing:
        raise DataError(f"Column {missing[0]!r} not found; the columns are {shown_names(table.frame.columns)}.")


def unused_columns(table: Table, mapping: Mapping) -> tuple[str, ...]:
    """Return the columns that play no part in a mapping, in the order of the table."""
    columns = [str(column) for column in table.frame.columns]
    inner = {mapping.nested} if mapping.nested else set()
    used = {mapping.split or SPLIT} | inner
    for name in _flat(mapping):
        path = split_path(name, columns)
        used.add(name if name in columns or path is None else path[0])
    used |= {name for name in columns if f"{{{name}}}" in mapping.template}
    return tuple(name for name in columns if name not in used)


def unused_names(table: Table, mapping: Mapping) -> tuple[str, ...]:
    """Return the columns that play no part, and the keys of turns that are not read, such as "messages[].timestamp".

    Keys are looked for in as many rows as columns are told apart by.
    """
    columns = unused_columns(table, mapping)
    if mapping.kind != "messages":
        return columns
    turns = unused_keys(cells_of(_thinned(table).frame, mapping.column))
    return (*columns, *(f"{mapping.column}[].{key}" for key, _count in turns))


def columns_for(table: Table, kind: Kind) -> Mapping | None:
    """Return the likeliest columns for rows of a kind that was chosen; None where the table has none for it."""
    columns = [str(column) for column in table.frame.columns if str(column) != SPLIT]
    profiles = [profile(table.frame, name) for name in columns]
    texts = [
        each.name for each in sorted(profiles, key=lambda each: -each.length) if each.length and not each.is_identifier
    ]
    if kind == "messages":
        return _with_opening(table, Mapping("messages", column=(named(columns, MESSAGE_NAMES) or columns)[0]))
    if kind == "text":
        return Mapping("text", column=(named(columns, TEXT_NAMES) or texts or columns)[0])
    if kind == "choices":
        return choice_mapping(table.frame)
    if kind == "tags":
        return _tags(table.frame, columns)
    if kind == "preferences":
        return _likely_preferences(table, columns)
    if kind == "pairs":
        found = named_pairs(table.frame, columns)
        ordered = [name for name in columns if name in texts[:2]]
        pair = found or (Mapping("pairs", ordered[0], ordered[1]) if len(ordered) == 2 else None)
        return _with_opening(table, pair) if pair else None
    found = labeled(table.frame, columns) or by_contents(table.frame, columns)
    others = [name for name in columns if name != texts[0]] if texts else []
    return found or (Mapping("labels", column=texts[0], answer=others[0]) if others else None)


def _likely_preferences(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return prompt, answer and rejected answers or labels where names tell them; None where they do not."""
    from ia3_studio.data.shapes.preferences import answer_pair
    from ia3_studio.data.shapes.shape import Rows

    pair = answer_pair(Rows("", table.frame))
    asked = [name for name in named(columns, PROMPT_NAMES) if name not in pair]
    found = Mapping("preferences", (asked or [""])[0], pair[0], rejected=pair[1]) if pair else None
    return _with_opening(table, found) if found else None


@dataclass(frozen=True)
class Proposal:
    """A part that a column could play."""

    column: str
    part: Literal["context", "label", "answer"]


def proposals(table: Table, mapping: Mapping) -> tuple[Proposal, ...]:
    """Return which part each column that is not used could play: a text as context or answer, a label as target.

    Of a text with a label, another text may be the answer; of a pair, a column that is called an answer. Preferences
    have both answers already.
    """
    found: list[Proposal] = []
    for name in unused_columns(table, mapping):
        each = profile(table.frame, name)
        if each.is_identifier or mapping.kind not in ("pairs", "labels", "text", "preferences"):
            continue
        if each.is_label and mapping.kind != "preferences":
            found.append(Proposal(name, "label"))
        elif each.is_text:
            if mapping.kind != "text" and not mapping.context:
                found.append(Proposal(name, "context"))
            if mapping.kind == "text" or _may_answer(each, mapping):
                found.append(Proposal(name, "answer"))
    return tuple(found)


def _may_answer(each: Profile, mapping: Mapping) -> bool:
    """Say whether a text that is not used could be the answer in place of a label, or of another answer."""
    if mapping.kind == "pairs":
        return says(each.name, ANSWERED) or says(each.name, RESULT)
    return mapping.kind == "labels" and each.filled > MOSTLY and bare_name(each.name) not in _ABOUT_TEXTS


def _flat(mapping: Mapping) -> Iterator[str]:
    """Yield the names of columns and paths that a mapping uses."""
    prompt = "" if mapping.template else mapping.prompt
    pairs = (name for pair in mapping.others for name in pair)
    named_by = (prompt, mapping.answer, mapping.context, mapping.column, mapping.rejected, mapping.flag)
    opening = (mapping.tools, mapping.system, mapping.history)
    yield from (name for name in (*named_by, *opening, *mapping.parts, *pairs) if name)


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
        return _with_opening(table, chosen) if kind == "messages" else chosen
    if kind == "multi" and choices and not answer:
        return Mapping("labels", column=first, context=second, target="multi", parts=tuple(choices))
    if not answer:
        raise DataError("No target column is selected; select one.")
    if kind == "pairs":
        return _with_opening(table, Mapping(kind, first, answer, second, template=template))
    if kind == "preferences":
        return _chosen_preferences(table, first, answer, second, rejected)
    if kind == "tags":
        return Mapping(kind, column=first, answer=answer)
    if kind == "choices":
        return _chosen_choices(table, first, second, answer, choices)
    target: LabelKind = "multi" if kind == "multi" else "number" if kind == "number" else "single"
    return _with_decimal_mark(table, Mapping("labels", column=first, context=second, answer=answer, target=target))


def _chosen_preferences(table: Table, prompt: str, answer: str, context: str, rejected: str) -> Mapping:
    """Return the mapping of an answer and a column of rejected answers, or of labels."""
    if not rejected:
        raise DataError(
            "No column of rejected answers or of labels is selected; select one as the rejected column, or choose "
            "another task."
        )
    cells = [cell for cell in cells_of(table.frame, rejected) if cell is not None]
    judges = bool(cells) and sum(flag_of(cell) is not None for cell in cells) > MOSTLY * len(cells)
    beaten, flag = ("", rejected) if judges else (rejected, "")
    return _with_opening(table, Mapping("preferences", prompt, answer, context, rejected=beaten, flag=flag))


def _chosen_choices(table: Table, first: str, second: str, answer: str, choices: Sequence[str]) -> Mapping:
    if not choices:
        raise DataError("No columns are selected for the choices; select one list column, or one column per choice.")
    asked = tuple(filter(None, (first, second)))
    return Mapping(
        "choices", answer=answer, parts=(*asked, *choices), asked=len(asked),
        counted_from=first_number(cells_of(table.frame, answer)),
    )  # fmt: skip


def _conversation(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which column holds conversations: one so named, or one of turns or message trees."""
    held = [path for name in named(columns, MESSAGE_NAMES) if (path := _inner_messages(table, name))]
    found = [name for name in named(columns, MESSAGE_NAMES) if not _are_texts(table, name)] or [
        name for name in columns if _holds_known_turns(structures_of(table.frame, name, 5))
    ]
    if held:
        return Mapping("messages", column=held[0])
    if not found:
        return None
    cells = structures_of(table.frame, found[0])
    if cells and all(isinstance(cell, list) and all(isinstance(turn, str) for turn in cell) for cell in cells):
        raise DataError(
            f"The turns in the column {found[0]} have no assistant answers; give each turn a role and a "
            "content, including assistant turns."
        )
    return Mapping("messages", column=found[0])


def _inner_messages(table: Table, name: str) -> str:
    """Return the path of the turns inside objects, such as conversation.messages; empty where there are none."""
    values = structures_of(table.frame, name, 5)
    if not values or not all(isinstance(value, dict) for value in values):
        return ""
    keys = [key for key in MESSAGE_NAMES if all(_holds_turns([structure_of(value.get(key))]) for value in values)]
    return f"{name}.{keys[0]}" if keys else ""


def _are_texts(table: Table, name: str) -> bool:
    """Say whether a column holds plain texts or numbers, whatever its name says."""
    values = structures_of(table.frame, name)
    return bool(values) and all(
        isinstance(value, int | float) or (isinstance(value, str) and not value.lstrip().startswith("["))
        for value in values
    )


def _holds_turns(values: Sequence[Any]) -> bool:
    if not values:
        return False
    roles, contents = {*ROLE_KEYS}, {*CONTENT_KEYS, "tool_calls", "function_call"}
    return all(
        (isinstance(value, dict) and "replies" in value)
        or (
            isinstance(value, list) and len(value) > 0
            and all(isinstance(turn, dict) and roles & turn.keys() and contents & turn.keys() for turn in value)
        )
        for value in values
    )  # fmt: skip


def _holds_known_turns(values: Sequence[Any]) -> bool:
    """Say whether values are turns whose roles are known, as those of a column of any name have to be."""
    turns = [turn for value in values if isinstance(value, list) for turn in value]
    return _holds_turns(values) and (not turns or any(is_known_turn(turn) for turn in turns))


def _chosen_and_rejected(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two answers of preference pairs that are called so, and their prompt."""
    pair = [named(columns, (name,)) for name in ("chosen", "rejected")]
    if not all(pair):
        return None
    asked = [name for name in named(columns, PROMPT_NAMES) if profile(frame, name).length]
    return Mapping("preferences", (asked or [""])[0], pair[0][0], rejected=pair[1][0])


def _refuse_undecided(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Refuse two answers to one prompt, called by letters, of which nothing says which is better.

    Raises:
        DataError: it names them; of answers with numbers, the first is as good as the others.
    """
    named_so = [name for name in columns if says(name, ANSWERED)]
    if not any(twin_place(*pair) == ("a", "b") for pair in combinations(named_so, 2)):
        named_so = []  # their cells, of which there may be many, need not be looked at
    held = {name: profile(frame, name) for name in named_so}
    answers = [name for name, each in held.items() if each.is_text or (each.length > 0 and not each.is_label)]
    pairs = [pair for pair in combinations(answers, 2) if twin_place(*pair) == ("a", "b")]
    if len(pairs) == 1 and len(answers) == 2 and named(columns, PROMPT_NAMES):
        one, other = pairs[0]
        raise DataError(
            f"The columns {one} and {other} are two answers to one prompt, and no column says which is better; select"
            " one of them as the target column."
        )
    if choices := choices_without_answer(columns):
        raise DataError(
            f"The columns {shown_names(choices)} are choices, and no column says which is right; add a column of the "
            "right choice, or select the columns of a prompt and an answer."
        )
    return None


def _tags(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are the words of a text and their tags: lists of the same length, or texts of such lists."""
    words = [name for name in named(columns, WORD_NAMES) if _are_lists(frame, name)]
    tags = [name for name in named(columns, TAG_NAMES) if _are_lists(frame, name)]
    if words and tags:
        return Mapping("tags", column=words[0], answer=tags[0])
    written = [name for name in columns if _are_written_tags(frame, name)]
    for tag in written[:1]:
        counts = [len(tags_in(cell)) for cell in cells_of(frame, tag)]
        for name in columns:
            cells = cells_of(frame, name)
            fits = len(cells) == len(counts) and all(isinstance(cell, str) for cell in cells) and name != tag
            if fits and sum(map(_same_length, cells, counts)) > 0.9 * len(cells):
                return Mapping("tags", column=name, answer=tag)
    return None


def _same_length(cell: str, count: int) -> bool:
    return len(cell.split()) == count


def _are_written_tags(frame: pd.DataFrame, name: str) -> bool:
    """Say whether the cells of a column are tags side by side, such as "B-PER O O"."""
    cells = [cell for cell in cells_of(frame, name)[:_LOOKED_AT] if not (isinstance(cell, str) and not cell.strip())]
    found = [tags_in(cell) if isinstance(cell, str) else [] for cell in cells]
    return bool(found) and all(len(tags) > 0 and all(map(is_tag, tags)) for tags in found) and any(map(_many, found))


def _many(tags: Sequence[str]) -> bool:
    return len(tags) > 1 and "O" in tags


_LOOKED_AT = 50


def _are_lists(frame: pd.DataFrame, name: str) -> bool:
    values = structures_of(frame, name)
    return bool(values) and sum(map(is_listed, values)) > MOSTLY * len(values)


_IN_ORDER = (
    nested_pairs, _choices, _tags, marked_answers, rated_texts, recipes,
    _refuse_undecided, named_pairs, labeled, flags, beside_structures,
    _two_in_lists, _only_column, languages, rewritten, in_two_scripts, asked_by_contents, two_bodies, by_contents,
    _named_text, two_texts,
    _longest_text, _labeled_words, _only_words,
)  # fmt: skip
"""Ways to find the columns that play a part, in the order in which they are tried."""
