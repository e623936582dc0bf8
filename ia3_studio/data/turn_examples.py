"""How does a row become turns: a prompt with its answers, or two answers to one prompt?"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ia3_studio.data.conversations import Message, messages_of, opened, texts_of
from ia3_studio.data.example import Example
from ia3_studio.data.listed_answers import written_list
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.passages import text_of_passages
from ia3_studio.data.paths import is_listed, structure_of, value_at
from ia3_studio.data.preferences import answered_turns, compared, flag_of, judged
from ia3_studio.data.problem import UnusableError, whole
from ia3_studio.data.row_texts import as_text, filled_text, one_text, said_text, text_of
from ia3_studio.data.shapes.shape import is_blank
from ia3_studio.data.shapes.template_marks import without_end
from ia3_studio.data.tool_calls import tool_definitions
from ia3_studio.data.turns import text_of_parts


def pair_examples(row: int, record: dict[Any, Any], mapping: Mapping) -> list[Example]:
    """Return a prompt with its answer; with each of them where there are several."""
    mapping = _of_row(record, mapping)
    prompt = _templated(record, mapping.template) if mapping.template else said_text(record, mapping.prompt, "prompt")
    context = _context(record, mapping.context)
    given = value_at(record, mapping.answer)
    given = text_of_parts(given) or given
    if mapping.lists == "lines":
        given = "\n".join(texts_of(structure_of(given))) or given
    elif mapping.lists == "several" and isinstance(given, str):
        given = written_list(given, mapping.answer)
    several = texts_of(given) if mapping.lists != "json" else []
    several = [answer for answer in several if answer.strip()] or several
    is_empty = mapping.lists != "json" and is_listed(given) and not len(given)
    answers: list[Any] = [None] if is_empty else several or [one_text(given)]
    question = f"{prompt}\n\n{context}" if context.strip() else prompt
    said = [without_end(filled_text({mapping.answer: answer}, mapping.answer, "answer")) for answer in answers]
    turns = ((Message("user", question), Message("assistant", answer)) for answer in said)
    return [Example(row, opened(each, *before_turns(record, mapping))) for each in turns]


def _context(record: dict[Any, Any], column: str) -> str:
    """Return the text of a context, its passages below their titles; empty where a mapping has none."""
    if not column:
        return ""
    passages = text_of_passages(value_at(record, column))
    return whole(passages, f"the context ({column})") or text_of(as_text(record, column), column, "context")


def preference_example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    """Return two answers to one prompt, or one with its label."""
    if not mapping.flag:
        chosen = _side(record, mapping, mapping.answer, "chosen answer")
        rejected = _side(record, mapping, mapping.rejected, "rejected answer")
        chosen, rejected = compared(chosen, rejected)
        return Example(row, chosen, rejected=rejected)
    desirable = flag_of(value_at(record, mapping.flag))
    if desirable is None:
        raise UnusableError(f"it is not marked as desirable or undesirable ({mapping.flag} is neither true nor false)")
    return Example(row, judged(_side(record, mapping, mapping.answer, "answer")), desirable=desirable)


def _side(record: dict[Any, Any], mapping: Mapping, column: str, part: str) -> tuple[Message, ...]:
    """Return the conversation that ends with one of the answers of a row."""
    prompt, context = (value_at(record, name) if name else None for name in (mapping.prompt, mapping.context))
    if mapping.prompt and is_blank(prompt):
        raise UnusableError(f"the prompt ({mapping.prompt}) is empty")
    turns = answered_turns(prompt, context, value_at(record, column), f"{part} ({column})")
    try:
        return messages_of(turns, *before_turns(record, mapping))
    except UnusableError as reason:
        raise UnusableError(f"the {part} ({column}) is not usable: {reason}") from reason


def before_turns(record: dict[Any, Any], mapping: Mapping) -> tuple[Any, str, str]:
    """Return the history, system prompt and tools of a row."""
    system = _system(record, mapping.system) if mapping.system else ""
    tools = tool_definitions(value_at(record, mapping.tools)) if mapping.tools else ""
    history = value_at(record, mapping.history) if mapping.history else None
    return history, system, whole(tools, f"the tools ({mapping.tools})")


def _system(record: dict[Any, Any], column: str) -> str:
    """Return a system prompt; the texts of a list of parts line by line."""
    parts = structure_of(value_at(record, column))
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    said = {column: "\n".join(map(str, texts))} if texts and len(texts) == len(parts) else record
    return text_of(said, column, "system prompt")


def _of_row(record: dict[Any, Any], mapping: Mapping) -> Mapping:
    """Return the mapping with the columns of which this row has any."""
    if not mapping.others:
        return mapping
    for prompt, answer in ((mapping.prompt, mapping.answer), *mapping.others):
        if any(value_at(record, column) not in (None, "") for column in (prompt, answer)):
            return replace(mapping, prompt=prompt, answer=answer) if prompt != mapping.prompt else mapping
    return mapping


def _templated(record: dict[Any, Any], template: str) -> str:
    """Return a template with its {columns} filled; braces around anything else stay as they are."""
    named = {f"{{{column}}}": str(column) for column in record}
    named |= {
        f"{{{column}.{key}}}": f"{column}.{key}"
        for column, cell in record.items() if isinstance(cell, dict)
        for key in cell
    }  # fmt: skip
    if not named:
        return template
    places = re.compile("|".join(re.escape(place) for place in sorted(named, key=len, reverse=True)))
    return places.sub(lambda found: said_text(record, named[found[0]], "column"), template)
