"""Which columns of a table play which part? Told by their names, and where these say nothing by what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Literal

from ia3_studio.data.examples import LabelKind, Mapping, label_name
from ia3_studio.data.json_rows import SPLIT
from ia3_studio.data.table import Table, shown_names
from ia3_studio.errors import DataError

PROMPT_NAMES = ("prompt", "question", "instruction", "query", "user", "source", "problem")
CONTEXT_NAMES = ("input", "context")
ANSWER_NAMES = ("answer", "response", "output", "completion", "reply", "assistant", "target", "solution")
MESSAGE_NAMES = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns")
TEXT_NAMES = ("text", "content", "document")
LABEL_NAMES = (
    "label", "labels", "category", "categories", "class", "intent", "sentiment", "topic", "topics", "tag", "emotion",
    "stars",
)  # fmt: skip
LABELLED_NAMES = (*TEXT_NAMES, "sentence", "review", "message", "utterance", "tweet", "comment", "title", "headline",
                  "query", "question")  # fmt: skip
"""Columns whose text a label can belong to."""
PAIR_NAMES = (
    ("premise", "hypothesis"), ("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("text1", "text2"),
    ("text_a", "text_b"), ("question1", "question2"), ("question", "sentence"), ("question", "passage"),
)  # fmt: skip
"""Columns of two texts that one label belongs to."""
CHOICE_NAMES = ("choices", "options", "endings", "answers")
_CHOICE = re.compile(r"(choice|option|ending|sol|alternative)_?([0-9]|[a-e])")
RIGHT_NAMES = ("label", "answer", "gold", "correct", "answer_index", "right", "answerkey")
ASKED_NAMES = ("premise", "context", "passage", "goal", "ctx", "sentence", *PROMPT_NAMES)
FEWEST_OTHERS = 0.02
"""Share of the rows that must fill other columns for these to be a prompt and an answer of their own."""
MOSTLY = 0.5
"""Share of the rows that a column must fill to play a part."""
SHORTEST_TEXT, LONGEST_LABEL, MOST_CLASSES = 8, 40, 200
"""Mean characters of a text, most characters of a label, most different labels, where only contents can tell."""
WORD_NAMES = ("tokens", "words")
TAG_NAMES = ("ner_tags", "tags", "pos_tags", "labels", "ner")
Kind = Literal["pairs", "messages", "text", "labels", "multi", "number", "choices", "tags"]
"""The tasks that the user can choose if auto-detection is wrong."""
FORMS = (
    "a prompt and an answer column (such as prompt/answer, question/response, instruction/input/output), a messages or"
    " conversations column, a text and a label column, or a text column"
)


def infer_columns(table: Table) -> Mapping:
    """Detect the prompt, answer, conversation or text columns by their names.

    Raises:
        DataError: no column fits; the message lists the columns and what is understood.
    """
    if table.undecided:
        raise DataError(table.undecided)
    if table.mapping:
        return table.mapping
    columns = [str(column) for column in table.frame.columns if str(column) != SPLIT]
    if conversation := _conversation(table, columns):
        return conversation
    _refuse_preferences(columns)
    if nested := _nested(table, columns):
        return nested
    if choices := choice_mapping(table):
        return choices
    if (words := _named(columns, WORD_NAMES)) and (tags := _named(columns, TAG_NAMES)):
        return Mapping("tags", column=words[0], answer=tags[0])
    contexts = _named(columns, CONTEXT_NAMES)
    prompts, answers = _named(columns, PROMPT_NAMES) or contexts[:1], _named(columns, ANSWER_NAMES)
    if prompts and answers:
        (prompt, answer), *others = _pairs_by_rows(table, prompts, answers)
        context = next((name for name in contexts if name != prompt), "")
        return Mapping("pairs", prompt, answer, context, others=tuple(others))
    if labelled := _labelled(table, columns):
        return labelled
    if text := _named(columns, TEXT_NAMES) or (columns if len(columns) == 1 else []):
        return Mapping("text", column=text[0])
    if contents := _by_contents(table, columns):
        return contents
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
    prompt = "" if mapping.template else mapping.prompt
    others = {name for pair in mapping.others for name in pair}
    flat = others | {prompt, mapping.answer, mapping.context, mapping.column, mapping.tools, *mapping.parts}
    asked = ({mapping.nested} if mapping.nested else flat) | {mapping.split}
    missing = sorted(asked - {""} - {str(column) for column in table.frame.columns})
    if missing:
        raise DataError(f"Column {missing[0]!r} not found; the columns are {shown_names(table.frame.columns)}.")


def mapping_of(
    table: Table,
    kind: Kind,
    first: str = "",
    answer: str = "",
    second: str = "",
    template: str = "",
    choices: Sequence[str] = (),
) -> Mapping:
    """Return the mapping of chosen columns.

    Args:
        kind: what the rows are; "multi" and "number" are texts with several labels or with a number.
        first: the column of the prompt, the text, the words, the question or the conversation.
        answer: the column of the answer, the label or the right choice.
        second: a column that follows the prompt or the question, or the other text of a pair; empty for none.
        template: a prompt with named columns, in place of ``first``.
        choices: the column of lists of choices, or a column for each choice.

    Raises:
        DataError: a column that the kind needs is not chosen.
    """
    if not first and not (kind == "pairs" and template):
        raise DataError("No input column is selected; select one.")
    if kind in ("messages", "text"):
        return Mapping(kind, column=first)
    if not answer:
        raise DataError("No target column is selected; select one.")
    if kind == "pairs":
        return Mapping(kind, first, answer, second, template=template)
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
    cells = _cells(table, answer) if answer in table.frame.columns else []
    return Mapping(
        "choices", answer=answer, parts=(*asked, *choices), asked=len(asked), counted_from=_first_number(cells)
    )


def _conversation(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which column holds conversations: one so named, or one of message trees."""
    found = _named(columns, MESSAGE_NAMES) or [
        name for name in columns if any(isinstance(cell, dict) and "replies" in cell for cell in _cells(table, name))
    ]
    if not found:
        return None
    cells = _cells(table, found[0])
    if cells and all(isinstance(cell, list) and all(isinstance(turn, str) for turn in cell) for cell in cells):
        raise DataError(
            f"The turns in the column {found[0]} have no assistant answers; give each turn a role and a "
            "content, including assistant turns."
        )
    return Mapping("messages", column=found[0], tools=(_named(columns, ("tools", "functions")) or [""])[0])


def _refuse_preferences(columns: Sequence[str]) -> None:
    if len(_named(columns, ("chosen", "rejected"))) == 2:
        raise DataError(
            "The columns chosen and rejected contain preference pairs, which are for methods such as DPO; to "
            "train on the chosen answers, select 'chosen' as the target column, or rename it 'answer'."
        )


def _nested(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return a mapping of rows whose list of objects holds the answers, such as an instruction and its instances."""
    prompts = _named(columns, PROMPT_NAMES)
    for name in columns:
        cells = _cells(table, name)
        inner = cells[0][0] if cells and isinstance(cells[0], list) and cells[0] else None
        fields = list(inner) if isinstance(inner, dict) else []
        answers, contexts = _named(fields, ANSWER_NAMES), _named(fields, CONTEXT_NAMES)
        asked = prompts or _named(fields, PROMPT_NAMES)
        if answers and asked:
            return Mapping("pairs", asked[0], answers[0], contexts[0] if contexts else "", nested=name)
    return None


def _by_contents(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Detect text and label, or two texts, by the column contents; None if undecided.

    A label is a column of few different short values; of the others the longest is the text.
    """
    filled = [name for name in columns if _share_filled(table, name) > MOSTLY]
    lengths = {name: _length(table, name) for name in filled}
    texts = [name for name in filled if lengths[name] >= SHORTEST_TEXT]
    labels = _named(filled, LABEL_NAMES) or [name for name in filled if _is_label(table, name)]
    labels = [name for name in labels if name not in texts or name in _named(filled, LABEL_NAMES)]
    others = [name for name in texts if name not in labels[:1]]
    if len(labels) == 1 and others:
        text = max(others, key=lengths.__getitem__)
        return Mapping("labels", column=text, answer=labels[0], target=label_kind(_cells(table, labels[0])))
    return Mapping("pairs", filled[0], filled[1]) if len(filled) == 2 == len(texts) else None


def _is_label(table: Table, name: str) -> bool:
    cells = _cells(table, name)
    if any(not isinstance(cell, str | int | float) or len(str(cell)) > LONGEST_LABEL for cell in cells):
        return False
    different = len({str(cell) for cell in cells})
    return 2 <= different <= max(2, min(MOST_CLASSES, len(cells) // 4))


def _share_filled(table: Table, name: str) -> float:
    return sum(bool(str(cell).strip()) for cell in _cells(table, name)) / max(1, len(table.frame))


def _length(table: Table, name: str) -> float:
    """Return the mean length of a column's texts in characters; 0 where it holds anything else."""
    cells = _cells(table, name)
    texts = [cell for cell in cells if isinstance(cell, str) and not cell.replace(".", "").isdigit()]
    return sum(map(len, texts)) / len(texts) if texts and len(texts) > MOSTLY * len(cells) else 0.0


def _cells(table: Table, name: str) -> list[Any]:
    """Return the cells of a column that are not absent."""
    cells = table.frame[name]
    return cells[cells.notna()].tolist()  # type: ignore[no-any-return]


def _labelled(table: Table, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are text and label, None where there is no such pair of columns."""
    labels = _named(columns, LABEL_NAMES)
    if not labels:
        return None
    kind = label_kind(_cells(table, labels[0]))
    for names in PAIR_NAMES:
        pair = _named(columns, names)
        if len(pair) == 2:
            return Mapping("labels", column=pair[0], context=pair[1], answer=labels[0], target=kind)
    texts = _named(columns, LABELLED_NAMES)
    return Mapping("labels", column=texts[0], answer=labels[0], target=kind) if texts else None


def label_kind(cells: Sequence[Any]) -> LabelKind:
    """Return what the cells of a label column hold: one name, several, or a number with a fraction."""
    if any(isinstance(cell, Iterable) and not isinstance(cell, str) for cell in cells):
        return "multi"
    numbers = [cell for cell in cells if isinstance(cell, float)]
    return "number" if numbers and any(not number.is_integer() for number in numbers) else "single"


def choice_mapping(table: Table) -> Mapping | None:
    """Return which columns are question, choices and right choice; None where the table has no choices."""
    columns = [str(column) for column in table.frame.columns]
    choices = _named(columns, CHOICE_NAMES)[:1] or [name for name in columns if _CHOICE.fullmatch(name.strip().lower())]
    answers = [name for name in _named(columns, RIGHT_NAMES) if name not in choices]
    asked = [name for name in _named(columns, ASKED_NAMES) if name not in (*choices, *answers)]
    if not (choices and answers and asked) or (len(choices) == 1 and not _named(choices, CHOICE_NAMES)):
        return None
    ordered = sorted(asked, key=columns.index)
    return Mapping("choices", answer=answers[0], parts=(*ordered, *choices), asked=len(ordered),
                   counted_from=_first_number(_cells(table, answers[0])))  # fmt: skip


def _first_number(cells: Sequence[Any]) -> int:
    """Return the number of the first choice: 1 if answers are numbers and none is 0."""
    numbers = [int(text) for cell in cells if (text := label_name(cell)).lstrip("-").isdigit()]
    return 1 if numbers and len(numbers) == len(cells) and min(numbers) >= 1 else 0


def _named(columns: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return the columns that have one of the names, whatever their case, in the order of the names."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return [by_name[name] for name in names if name in by_name]


def _pairs_by_rows(table: Table, prompts: Sequence[str], answers: Sequence[str]) -> list[tuple[str, str]]:
    """Return the prompt and the answer column that most rows fill, the first of them where several do.

    Behind it stand pairs of other columns, in a file joined of several, each for rows that fill none before it.
    """
    frame = table.frame[[*prompts, *answers]]
    filled = frame.notna() & frame.map(lambda cell: not isinstance(cell, str) or bool(cell.strip()))
    found: list[tuple[str, str]] = []
    open_rows = filled[prompts[0]] | True
    while True:
        free = [(p, a) for p, a in product(prompts, answers) if not any({p, a} & {*pair} for pair in found)]
        both = {pair: filled[pair[0]] & filled[pair[1]] & open_rows for pair in free}
        best = max(free, key=lambda pair: int(both[pair].sum()), default=None)
        if not best or (found and int(both[best].sum()) <= FEWEST_OTHERS * len(frame)):
            return found
        found.append(best)
        open_rows &= ~(filled[best[0]] | filled[best[1]])
