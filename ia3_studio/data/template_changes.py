"""What did a chat template write otherwise than it was given: words it left out, strips, or adds to an answer?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from ia3_studio.data.conversations import Message, calls_of
from ia3_studio.data.tool_calls import holds, missing_of_call, missing_of_tool, tools_of
from ia3_studio.data.turns import REASONING_KEYS
from ia3_studio.data.written import Stretch, Written, answer_places
from ia3_studio.errors import DataError


def require_tools(written: Written, answers: Sequence[Stretch]) -> None:
    """Refuse a text that lacks a call in its answer, a result, or a definition of the conversation.

    Raises:
        DataError: it says what is missing.
    """
    stretches = dict(zip(answer_places(written.messages), answers, strict=False))
    for place, turn in enumerate(written.messages):
        stretch = stretches.get(place)
        inside = written.text[stretch.start : stretch.stop] if stretch else written.text
        missing = next(filter(None, (missing_of_call(call, inside) for call in calls_of(turn))), "")
        if missing:
            raise DataError(f"The model's chat template omits {missing!r} of the tool call in turn {place + 1}")
        if turn.role == "tool" and not holds(written.text, turn.content):
            raise DataError(f"The model's chat template omits or rewrites turn {place + 1} (tool)")
    for tool in tools_of(written.messages[0].tools) if written.messages[0].tools else ():
        if missing := missing_of_tool(tool, written.text):
            raise DataError(f"The model's chat template omits {missing!r} of the tool definitions")


def changes(written: Written, answers: Sequence[Stretch]) -> list[str]:
    """Return what the template wrote otherwise than it was given, a note each.

    Blanks around a turn's words do not count, but those before an answer's: they may be code's. A tool's result may be
    written as a JSON text.

    Args:
        written: the conversation.
        answers: where its answers are learned; none where it is asked for one.
    """
    turns = dict(_found(written, answers)) if written.turns is None else written.turns
    spans = dict(zip(answer_places(written.messages), answers, strict=False))
    notes = []
    for place, turn in enumerate(written.messages):
        name = f"turn {place + 1} ({turn.role})"
        at = turns.get(place)
        if not holds(written.text, _reasoning(turn)):
            notes.append(f"the chat template omits the reasoning of {name}")
        if turn.role == "tool" and holds(written.text, turn.content):
            continue
        seen = written.text[at.start : at.said] if at else ""
        if (span := spans.get(place)) and at and not span.start <= at.start <= at.said <= span.said:
            notes.append(f"the chat template writes the text of {name} apart from its tool calls; it is not trained")
        if seen.rstrip() == turn.content.rstrip():
            continue
        if seen.strip() != turn.content.strip():
            notes.append(f"the chat template omits or rewrites part of {name}")
        elif turn.role == "assistant":
            notes.append(f"the chat template strips the whitespace before {name}")
    return notes + _added(written, turns, answers)


def _reasoning(turn: Message) -> str:
    native = json.loads(turn.native) if turn.native else {}
    return next((native[key] for key in REASONING_KEYS if key in native), "")


def _found(written: Written, answers: Sequence[Stretch]) -> Iterator[tuple[int, Stretch]]:
    """Yield turns whose text is found: an answer's in its own span, a user's after the previous turn."""
    spans = dict(zip(answer_places(written.messages), answers, strict=False))
    cursor = 0
    for place, turn in enumerate(written.messages):
        given, span = turn.content.strip(), spans.get(place)
        start, stop = (span.start, span.stop) if span else (0 if turn.role == "system" else cursor, len(written.text))
        at = written.text.find(given, start, stop)
        if at >= 0:
            blanks = turn.content[: len(turn.content) - len(turn.content.lstrip())]
            begins = at - len(blanks) if written.text.endswith(blanks, start, at) else at
            yield place, Stretch(begins, at + len(given), at + len(given))
        if turn.role != "system":
            cursor = span.stop if span else max(cursor, at + len(given))


def _added(written: Written, turns: dict[int, Stretch], answers: Sequence[Stretch]) -> list[str]:
    """Return a note on template text that is trained as part of an answer, but for what tool calls are written in."""
    notes: list[str] = []
    for place, span in zip(answer_places(written.messages), answers, strict=False):
        turn = written.messages[place]
        if (at := turns.get(place)) is None or calls_of(turn) or _reasoning(turn):
            continue
        behind = written.text[at.said : span.stop]
        ends = [end for special in written.specials if (end := behind.find(special)) >= 0]
        own = written.text[span.start : at.start] + " "
        own += behind[: min(ends)] if ends else "" if span.shared else behind
        for special in written.specials:
            own = own.replace(special, " ")
        if own.strip():
            notes.append(
                f"the chat template adds {' '.join(own.split())!r} to an answer; it is trained as part of the answer"
            )
    return list(dict.fromkeys(notes))
