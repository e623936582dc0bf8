"""Which columns of a table play which part? Told by their names, and where these say nothing by what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Record
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from ia3_studio.data.choice_columns import choice_mapping, first_number, named
from ia3_studio.data.column_profile import (
    Profile,
    cells_of,
    is_label_name,
    is_measured,
    profile,
    structures_of,
)
from ia3_studio.data.examples import LabelKind, Mapping
from ia3_studio.data.json_rows import SPLIT
from ia3_studio.data.paths import is_listed, paths_in, split_path, structure_of, value_at
from ia3_studio.data.reading import shown_names
from ia3_studio.data.table import Table
from ia3_studio.data.turns import CONTENT_KEYS, ROLE_KEYS
from ia3_studio.errors import DataError

PROMPT_NAMES = (
    "prompt", "question", "instruction", "query", "user", "source", "problem", "questions", "prompts", "human", "asked",
)  # fmt: skip
CONTEXT_NAMES = ("input", "context", "passage", "inputs")
ANSWER_NAMES = (
    "answer", "response", "output", "completion", "reply", "assistant", "target", "solution", "answers", "responses",
    "outputs", "completions", "summary", "highlights", "bot",
)  # fmt: skip
READ_NAMES = ("article", "document", "dialogue", "dialog", "text", "content", "body")
"""Columns of a text that is read where another column is an answer, such as a summary."""
MESSAGE_NAMES = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns", "chat")
SYSTEM_NAMES = ("system", "system_prompt", "system_message")
HISTORY_NAMES = ("history", "chat_history")
TOOL_NAMES = ("tools", "functions")
TEXT_NAMES = ("text", "content", "document")
LABEL_NAMES = (
    "label", "labels", "category", "categories", "class", "intent", "sentiment", "topic", "topics", "tag", "emotion",
    "stars",
)  # fmt: skip
LABEL_WORDS = frozenset(
    (*LABEL_NAMES, "rating", "score", "polarity", "stance", "genre", "type", "toxic", "toxicity", "spam", "is", "has",
     "duplicate", "relevance", "severity", "priority", "status", "grade", "similarity", "feeling", "mood", "target")
)  # fmt: skip
"""Words in the name of a column that make it the label, of several that could be one."""
LABELED_NAMES = (*TEXT_NAMES, "sentence", "review", "message", "utterance", "tweet", "comment", "title", "headline",
                  "query", "question", "body", "description")  # fmt: skip
"""Columns whose text a label can belong to."""
PAIR_NAMES = (
    ("premise", "hypothesis"), ("question", "sentence"), ("question", "passage"), ("query", "passage"),
    ("query", "document"), ("claim", "evidence"), ("sentence", "hypothesis"), ("context", "response"),
)  # fmt: skip
"""Columns of two texts that one label belongs to, besides those of one name with two numbers or letters."""
_TWIN = re.compile(r"(?P<stem>.*?)[\s_-]*(?P<place>1|2|a|b|one|two|left|right)", re.IGNORECASE)
_TWINS = (("1", "2"), ("a", "b"), ("one", "two"), ("left", "right"))
FEWEST_OTHERS = 0.02
"""Share of the rows that must fill other columns for these to be a prompt and an answer of their own."""
MOSTLY = 0.5
"""Share of the rows that a column must fill to play a part."""
WORD_NAMES = ("tokens", "words", "word", "token")
TAG_NAMES = ("ner_tags", "tags", "pos_tags", "labels", "ner", "bio_tags", "tag", "upos", "pos")
_INSIDE = ("text", "value", "content", "answer", "output", "response")
"""Keys of an answer that is an object."""
_FEWEST_FLAGS = 2
_SEVERAL = re.compile(r"\s*[;|]\s*")
Kind = Literal["pairs", "messages", "text", "labels", "multi", "number", "choices", "tags"]
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
    columns = [str(column) for column in table.frame.columns if str(column) != SPLIT]
    found = _inferred(table, columns)
    return _with_opening(table, found) if found.kind in ("pairs", "messages") else found


def _with_opening(table: Table, mapping: Mapping) -> Mapping:
    """Return a mapping with the columns of the system prompt, the history and the tools of a conversation."""
    free = unused_columns(table, mapping)
    system = [name for name in named(free, SYSTEM_NAMES) if profile(table.frame, name).length]
    history = [name for name in named(free, HISTORY_NAMES) if _are_turns(table, name)]
    tools = named(free, TOOL_NAMES)
    first = [(names or [""])[0] for names in (system, history, tools)]
    return replace(mapping, system=first[0], history=first[1], tools=first[2])


def _are_turns(table: Table, name: str) -> bool:
    """Say whether a column holds lists or JSON text of lists; an empty text is a list without turns."""
    values = [cell for cell in structures_of(table.frame, name) if not isinstance(cell, str) or cell.strip()]
    return all(map(is_listed, values))


def _inferred(table: Table, columns: Sequence[str]) -> Mapping:
    if conversation := _conversation(table, columns):
        return conversation
    _refuse_preferences(columns)
    for inferred in (_nested, _choices, _tags, _named_pairs, _labeled, _flags):
        if found := inferred(table, columns):
            return found
    if len(columns) == 1 and _is_plain(table, columns[0]):
        return Mapping("text", column=columns[0])
    if contents := _label_by_contents(table, columns):
        return contents
    if text := named(columns, TEXT_NAMES):
        return Mapping("text", column=text[0])
    if pair := _two_texts(table, columns):
        return pair
    if texts := named(columns, MESSAGE_NAMES):  # of text: each row says what is wrong with it
        return Mapping("messages", column=texts[0])
    if {column.lower() for column in columns} in ({"role", "content"}, {"from", "value"}):
        raise DataError(
            "The rows are the turns of one conversation; use one row per conversation, with a messages list."
        )
    raise DataError(f"The columns {shown_names(columns)} are not recognized; rename them to {FORMS}.")


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
        return _tags(table, columns)
    if kind == "pairs":
        found = _named_pairs(table, columns)
        ordered = [name for name in columns if name in texts[:2]]
        pair = found or (Mapping("pairs", ordered[0], ordered[1]) if len(ordered) == 2 else None)
        return _with_opening(table, pair) if pair else None
    labeled = _labeled(table, columns) or _label_by_contents(table, columns)
    others = [name for name in columns if name != texts[0]] if texts else []
    return labeled or (Mapping("labels", column=texts[0], answer=others[0]) if others else None)


@dataclass(frozen=True)
class Proposal:
    """A part that a column could play."""

    column: str
    part: Literal["context", "label", "answer"]


def proposals(table: Table, mapping: Mapping) -> tuple[Proposal, ...]:
    """Return which part each column that is not used could play: a text as context or answer, a label as target."""
    found: list[Proposal] = []
    for name in unused_columns(table, mapping):
        each = profile(table.frame, name)
        if each.is_identifier or mapping.kind not in ("pairs", "labels", "text"):
            continue
        if each.is_label:
            found.append(Proposal(name, "label"))
        elif each.is_text and mapping.kind == "text":
            found.append(Proposal(name, "answer"))
        elif each.is_text and not mapping.context:
            found.append(Proposal(name, "context"))
    return tuple(found)


def _flat(mapping: Mapping) -> Iterator[str]:
    """Yield the names of columns and paths that a mapping uses."""
    prompt = "" if mapping.template else mapping.prompt
    pairs = (name for pair in mapping.others for name in pair)
    named_by = (prompt, mapping.answer, mapping.context, mapping.column)
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
) -> Mapping:
    """Return the mapping of chosen columns; system prompt, history and tools are found by their names.

    Args:
        kind: what the rows are; "multi" and "number" are texts with several labels or with a number.
        first: the column of the prompt, the text, the words, the question or the conversation.
        answer: the column of the answer, the label or the right choice.
        second: a column that follows the prompt or the question, or the other text of a pair; empty for none.
        template: a prompt with named columns, in place of ``first``.
        choices: the column of lists of choices, or a column for each choice; for several labels, a column for each.

    Raises:
        DataError: a column that the kind needs is not chosen.
    """
    if not first and not (kind == "pairs" and template):
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
    if kind == "tags":
        return Mapping(kind, column=first, answer=answer)
    if kind == "choices":
        return _chosen_choices(table, first, second, answer, choices)
    target: LabelKind = "multi" if kind == "multi" else "number" if kind == "number" else "single"
    return Mapping("labels", column=first, context=second, answer=answer, target=target)


def _chosen_choices(table: Table, first: str, second: str, answer: str, choices: Sequence[str]) -> Mapping:
    if not choices:
        raise DataError("No columns are selected for the choices; select one list column, or one column per choice.")
    asked = tuple(filter(None, (first, second)))
    return Mapping(
        "choices", answer=answer, parts=(*asked, *choices), asked=len(asked),
        counted_from=first_number(cells_of(table.frame, answer)),
    )  # fmt: skip


def label_kind(cells: Sequence[Any]) -> LabelKind:
    """Return what the cells of a label column hold: one name, several, or a measurement."""
    if any(is_listed(structure_of(cell)) for cell in cells):
        return "multi"
    if is_measured(cells):
        return "number"
    return "multi" if _are_joined(cells) else "single"


def _are_joined(cells: Sequence[Any]) -> bool:
    """Say whether cells are several labels each, such as "joy;love": their parts are fewer than they are."""
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    joined = [cell for cell in texts if _SEVERAL.search(cell.strip(" ;|"))]
    parts = {part for cell in texts for part in _SEVERAL.split(cell.strip()) if part}
    return 5 * len(joined) >= len(texts) > 0 and len(parts) < len(set(texts)) and max(map(len, parts)) <= 40


def _conversation(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which column holds conversations: one so named, or one of turns or message trees."""
    found = [name for name in named(columns, MESSAGE_NAMES) if not _are_texts(table, name)] or [
        name for name in columns if _holds_turns(structures_of(table.frame, name, 5))
    ]
    if not found:
        return None
    cells = structures_of(table.frame, found[0])
    if cells and all(isinstance(cell, list) and all(isinstance(turn, str) for turn in cell) for cell in cells):
        raise DataError(
            f"The turns in the column {found[0]} have no assistant answers; give each turn a role and a "
            "content, including assistant turns."
        )
    return Mapping("messages", column=found[0])


def _are_texts(table: Table, name: str) -> bool:
    """Say whether a column holds plain texts, whatever its name says."""
    values = structures_of(table.frame, name)
    return bool(values) and all(isinstance(value, str) and not value.lstrip().startswith("[") for value in values)


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


def _refuse_preferences(columns: Sequence[str]) -> None:
    if len(named(columns, ("chosen", "rejected"))) == 2:
        raise DataError(
            "The columns chosen and rejected contain preference pairs, which are for methods such as DPO; to "
            "train on the chosen answers, select 'chosen' as the target column, or rename it 'answer'."
        )


def _nested(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return a mapping of rows whose list of objects holds the answers, such as an instruction and its instances."""
    prompts = named(columns, PROMPT_NAMES)
    for name in columns:
        cells = structures_of(table.frame, name)
        inner = cells[0][0] if cells and isinstance(cells[0], list) and cells[0] else None
        fields = list(inner) if isinstance(inner, dict) else []
        answers, contexts = named(fields, ANSWER_NAMES), named(fields, CONTEXT_NAMES)
        asked = named(fields, PROMPT_NAMES) or [each for each in prompts if each != name]
        if answers and asked:
            return Mapping("pairs", asked[0], answers[0], contexts[0] if contexts else "", nested=name)
    return None


def _choices(table: Table, _columns: Sequence[str]) -> Mapping | None:
    return choice_mapping(table.frame)


def _tags(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are the words of a text and their tags, in lists of the same length."""
    words = [name for name in named(columns, WORD_NAMES) if _are_lists(table, name)]
    tags = [name for name in named(columns, TAG_NAMES) if _are_lists(table, name)]
    return Mapping("tags", column=words[0], answer=tags[0]) if words and tags else None


def _are_lists(table: Table, name: str) -> bool:
    values = structures_of(table.frame, name)
    return bool(values) and sum(map(is_listed, values)) > MOSTLY * len(values)


def _named_pairs(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are prompt and answer by their names, or by the two keys of a column of objects."""
    contexts = [name for name in named(columns, CONTEXT_NAMES) if _is_plain(table, name)]
    asked = [path for name in named(columns, PROMPT_NAMES) if (path := _text_path(table, name))]
    prompts = asked or contexts[:1]
    if not prompts and (replies := named(columns, ANSWER_NAMES)):
        beside = [profile(table.frame, name) for name in columns if name not in replies]
        texts = [each.name for each in beside if each.is_text]
        prompts = [name for name in named(columns, READ_NAMES) if _is_plain(table, name)][:1]
        prompts = prompts or (texts if len(texts) == 1 else [])
    answers = [path for name in named(columns, ANSWER_NAMES) if (path := _answer_path(table, name))]
    answers = [name for name in answers if name not in prompts]
    if not prompts or not answers:
        return _two_keys(table, columns)
    (prompt, answer), *others = _pairs_by_rows(table, prompts, answers)
    context = next((name for name in contexts if name not in (prompt, answer)), "")
    return Mapping("pairs", prompt, answer, context, others=tuple(others))


def _is_plain(table: Table, name: str) -> bool:
    """Say whether most cells of a column are values, not objects."""
    values = structures_of(table.frame, name)
    return sum(isinstance(value, Record) for value in values) <= MOSTLY * len(values)


def _text_path(table: Table, name: str) -> str:
    """Return the column, or the path of the text inside its objects; nothing where there is none."""
    if _is_plain(table, name):
        return name
    inner = [path for path in paths_in(table.frame[[name]]) if path.rpartition(".")[2] in ("stem", *_INSIDE)]
    return next(iter(sorted(inner, key=len)), "")


def _answer_path(table: Table, name: str) -> str:
    """Return the column of an answer, or the path of its text inside objects: the first of several."""
    values = structures_of(table.frame, name)
    if not values:
        return name
    objects = [value for value in values if isinstance(value, Record)]
    lists = [value for value in values if is_listed(value)]
    if 2 * len(objects) > len(values):
        for key in _INSIDE:
            inner = [value[key] for value in objects if value.get(key) is not None]
            if inner and 2 * len(inner) > len(objects):
                return f"{name}.{key}" + ("[0]" if all(is_listed(each) for each in inner) else "")
        return name  # an object is the answer
    first = lists[0][0] if lists and len(lists[0]) else None
    if isinstance(first, Record):
        return next((f"{name}[0].{key}" for key in _INSIDE if key in first), name)
    return name


def _two_keys(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return the two texts of a column of objects with two keys, such as translation: {"en": …, "de": …}."""
    for name in columns:
        values = structures_of(table.frame, name)
        if not values or not all(isinstance(value, Record) and len(value) == 2 for value in values):
            continue
        keys = list(values[0])
        if all(list(value) == keys and all(isinstance(each, str) for each in value.values()) for value in values):
            first, second = (f"{name}.{key}" for key in keys)
            return Mapping("pairs", first, second)
    return None


def _labeled(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are text and label by their names; None where there is no such pair of columns."""
    labels = [name for name in named(columns, LABEL_NAMES) if _is_plain(table, name)]
    if not labels:
        return None
    kind = label_kind(cells_of(table.frame, labels[0]))
    if pair := _pair_of_texts(columns):
        return Mapping("labels", column=pair[0], context=pair[1], answer=labels[0], target=kind)
    texts = [name for name in named(columns, LABELED_NAMES) if name not in labels and _is_plain(table, name)]
    return Mapping("labels", column=texts[0], answer=labels[0], target=kind) if texts else None


def _pair_of_texts(columns: Sequence[str]) -> tuple[str, str] | None:
    """Return two columns of texts that belong together by their names."""
    for names in PAIR_NAMES:
        pair = named(columns, names)
        if len(pair) == 2:
            return pair[0], pair[1]
    stems: dict[str, dict[str, str]] = {}
    for column in columns:
        found = _TWIN.fullmatch(column.strip())
        if found and len(found["stem"]) > 2 and not found["stem"].lower().rstrip("_- ").endswith("id"):
            stems.setdefault(found["stem"].lower(), {})[found["place"].lower()] = column
    for places in stems.values():
        for one, other in _TWINS:
            if len(places) == 2 and one in places and other in places and "id" not in places[one].lower().split("_"):
                return places[one], places[other]
    return None


def _flags(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return a text and several columns of 0 and 1, each of which says whether the text has that label."""
    texts = named(columns, LABELED_NAMES)
    others = [name for name in columns if name not in texts]
    flags = [name for name in others if {str(cell).strip().lower() for cell in cells_of(table.frame, name)} in _YES_NO]
    profiles = {name: profile(table.frame, name) for name in others if name not in flags}
    texts = texts or [name for name, each in profiles.items() if each.is_text]
    labels = [name for name, each in profiles.items() if each.is_label and not each.is_identifier and name not in texts]
    if len(flags) <= _FEWEST_FLAGS or labels or not texts:
        return None
    return Mapping("labels", column=texts[0], target="multi", parts=tuple(flags))


_YES_NO = ({"0", "1"}, {"0.0", "1.0"}, {"true", "false"})


def _label_by_contents(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return text and label by contents: a label has few different short values, the text is the longest column."""
    profiles = {name: profile(table.frame, name) for name in columns}
    filled = {name: each for name, each in profiles.items() if each.filled > MOSTLY}
    labels = _label_columns(table, filled)
    if not labels:
        return None
    label, *others = labels
    pair = _pair_of_texts([name for name, each in filled.items() if each.is_text])
    kind = label_kind(cells_of(table.frame, label))
    if pair:
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    texts = [each for name, each in filled.items() if each.is_text and name not in (label, *others)]
    known = named([each.name for each in texts], LABELED_NAMES)
    if not texts:
        return None
    text = known[0] if known else max(texts, key=lambda each: each.length).name
    return Mapping("labels", column=text, answer=label, target=kind)


def _label_columns(table: Table, filled: Record[str, Profile]) -> list[str]:
    """Return the columns that can be a label, the likeliest first."""
    by_name = named(list(filled), LABEL_NAMES)
    said = [name for name, each in filled.items() if is_label_name(name, LABEL_WORDS) and not each.is_text]
    said = [name for name in said if filled[name].is_label or is_measured(cells_of(table.frame, name))]
    alike = [name for name, each in filled.items() if each.is_label and not each.is_identifier]
    words = [name for name in alike if not filled[name].is_number]
    return list(dict.fromkeys((*by_name, *said, *words, *alike)))


def _two_texts(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return prompt and answer where exactly two columns hold texts and no other column holds anything but facts."""
    profiles = [profile(table.frame, name) for name in columns]
    filled = [each for each in profiles if each.filled > MOSTLY and not each.is_identifier]
    texts = [each.name for each in filled if each.length >= SHORTEST_PAIR]
    return Mapping("pairs", texts[0], texts[1]) if len(texts) == 2 == len(filled) else None


SHORTEST_PAIR = 8
"""Mean characters of the texts of two columns that are a prompt and its answer."""


def _pairs_by_rows(table: Table, prompts: Sequence[str], answers: Sequence[str]) -> list[tuple[str, str]]:
    """Return the prompt and the answer column that most rows fill, the first of them where several do.

    Behind it stand pairs of other columns, in a file joined of several, each for rows that fill none before it.
    """
    import pandas as pd

    records = table.frame.astype(object).where(table.frame.notna(), None).to_dict("records")
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


def _is_filled(record: Record[Any, Any], name: str) -> bool:
    value = value_at(record, name)
    return value is not None and (not isinstance(value, str) or bool(value.strip()))
