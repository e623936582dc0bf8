"""Where does each answer stand in what a chat template wrote, and what did the template write otherwise than given?

An answer stands between two prefixes of the text: the conversation up to the point where the assistant is asked, and up
to the end of its turn. Some templates write a prefix otherwise than the whole (they drop earlier thoughts, or add a
token at the very end only); there the answers are found between the words that are the template's own, which the same
conversation shows with a mark in place of every turn's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ia3_studio.data.conversations import Message
from ia3_studio.errors import DataError

MARK = "\ue000{}\ue001"
"""Stands for a turn's words where only the template's own are wanted; of characters no text holds (private use)."""
MOST_BEGUN = 8
"""Answers up to which each one's prefixes are written; of more, the first and last ones' alone."""
Asked = tuple[Sequence[Message], bool]
"""Turns, and whether what stands before the assistant's answer is added."""


@dataclass(frozen=True)
class Stretch:
    """Where something stands in a text, in characters."""

    start: int
    said: int
    """Where the words end that were given; what follows up to ``stop`` is the template's."""
    stop: int
    shared: bool = False
    """Whether what follows the words may begin the next turn."""


@dataclass(frozen=True)
class Written:
    """A conversation as a chat template writes it."""

    messages: Sequence[Message]
    text: str
    turns: dict[int, Stretch] | None
    """Where each turn's words stand, by its place; None where the template's own words do not tell."""
    begun: dict[int, tuple[str | DataError, str | DataError]]
    """For an answer's place, the text before it and the text up to its turn's end."""


def to_write(messages: Sequence[Message]) -> list[Asked]:
    """Return what a template is to write of a conversation for its answers to be found in it."""
    marked = [Message(turn.role, MARK.format(place)) for place, turn in enumerate(messages)]
    begun = [each for place in _begun(messages) for each in ((messages[:place], True), (messages[: place + 1], False))]
    return [(messages, False), (marked, False), *begun]


def to_ask(messages: Sequence[Message]) -> list[Asked]:
    """Return what a template is to write of a conversation that the assistant is to answer."""
    return [(messages, True), ([Message(turn.role, MARK.format(at)) for at, turn in enumerate(messages)], True)]


def read_back(messages: Sequence[Message], texts: Sequence[str | DataError]) -> Written:
    """Return what a template made of a conversation.

    Args:
        messages: the conversation.
        texts: what it wrote of :func:`to_write` or :func:`to_ask`, in order.

    Raises:
        DataError: the template refuses the conversation.
    """
    whole, marked, *prefixes = texts
    if isinstance(whole, DataError):
        raise whole
    places = _begun(messages) if prefixes else []
    begun = dict(zip(places, zip(prefixes[0::2], prefixes[1::2], strict=True), strict=True))
    turns = None if isinstance(marked, DataError) else _turns(messages, whole, marked)
    return Written(messages, whole, turns, begun)


def _begun(messages: Sequence[Message]) -> list[int]:
    answers = _answers(messages)
    return answers if len(answers) <= MOST_BEGUN else [*answers[:2], *answers[-2:]]


def _answers(messages: Sequence[Message]) -> list[int]:
    return [place for place, turn in enumerate(messages) if turn.role == "assistant"]


def _turns(messages: Sequence[Message], text: str, marked: str) -> dict[int, Stretch] | None:
    """Return the span of each turn's text, and the end of the template text after it."""
    first, *rest = re.split(MARK.format(r"(\d+)"), marked)
    order, own = [int(number) for number in rest[0::2]], rest[1::2]
    if order != sorted(set(order)) or not text.startswith(first):
        return None
    found: dict[int, Stretch] = {}
    cursor = len(first)
    for number, words in zip(order, own, strict=True):
        said = _end_of_words(text, cursor, messages[number].content, words, number == order[-1])
        if said is None:
            return None
        found[number] = Stretch(cursor, said, said + len(words))
        cursor = said + len(words)
    return found if cursor == len(text) else None


def _end_of_words(text: str, start: int, given: str, behind: str, last: bool) -> int | None:
    """Return where a turn's words end: as they were given but for blanks around them, else where its end is found."""
    for words in (given, given.rstrip(), given.lstrip(), given.strip()):
        if text.startswith(words + behind, start) and (not last or start + len(words) + len(behind) == len(text)):
            return start + len(words)
    if last:
        return len(text) - len(behind) if text.endswith(behind) and len(text) - len(behind) >= start else None
    found = text.find(behind, start) if behind else -1
    return found if found >= start else None


def answers_in(written: Written) -> list[Stretch]:
    """Return where each answer stands, from where the assistant is asked to the end of its turn.

    Raises:
        DataError: the turns cannot be located, or the template omits an answer.
    """
    places = _answers(written.messages)
    found = {place: stretch for place in written.begun if (stretch := _between_prefixes(written, place)) is not None}
    if len(found) < len(places):
        found = _alike(written, places, found) or found
    return [found.get(place) or _between_own_words(written, place) for place in places]


def _between_prefixes(written: Written, place: int) -> Stretch | None:
    """Return where an answer stands between its prefixes; None where the template does not write the whole so."""
    before, after = written.begun[place]
    if isinstance(before, DataError) or isinstance(after, DataError):
        return None  # the template may refuse a beginning (an empty one, say) but not the whole
    if not (written.text.startswith(after) and after.startswith(before)):
        return None
    return Stretch(len(before), _said_until(written, place, len(before), len(after)), len(after))


def _between_own_words(written: Written, place: int) -> Stretch:
    if written.turns is None:
        raise DataError("The model's chat template rewrites the turns, so the answers cannot be located")
    if place not in written.turns:
        raise DataError(f"The model's chat template omits turn {place + 1} (assistant)")
    return replace(written.turns[place], shared=True)


def _said_until(written: Written, place: int, start: int, stop: int) -> int:
    """Return where the given words end in an answer's turn; where they are not found, where the turn does."""
    if written.turns is not None and place in written.turns and start <= written.turns[place].said <= stop:
        return written.turns[place].said
    given = written.messages[place].content.strip()
    at = written.text.find(given, start, stop)
    return stop if at < 0 else at + len(given)


def _alike(written: Written, places: list[int], known: dict[int, Stretch]) -> dict[int, Stretch] | None:
    """Return all answers of a long conversation, where those whose prefixes were written all stand alike."""
    turns = written.turns
    if turns is None or len(known) < len(written.begun) or any(place not in turns for place in places):
        return None
    leads = {written.text[each.start : turns[place].start] for place, each in known.items()}
    tails = {written.text[each.said : each.stop] for each in known.values()}
    if len(leads) != 1 or len(tails) != 1:
        return None
    (lead,), (tail,) = leads, tails
    found: dict[int, Stretch] = {}
    for place in places:
        start, said = turns[place].start, turns[place].said
        if not written.text.endswith(lead, 0, start) or not written.text.startswith(tail, said):
            return None
        found[place] = Stretch(start - len(lead), said, said + len(tail))
    return found


def changes(written: Written, answers: Sequence[Stretch], specials: Sequence[str]) -> list[str]:
    """Return what the template wrote otherwise than it was given, a note each.

    Blanks around a turn's words do not count, but those before an answer's: they may be code's.

    Args:
        written: the conversation.
        answers: where its answers are learned; none where it is asked for one.
        specials: texts of the tokenizer's special tokens, which a template may add anywhere.
    """
    turns = dict(_found(written, answers)) if written.turns is None else written.turns
    notes = []
    for place, turn in enumerate(written.messages):
        name = f"turn {place + 1} ({turn.role})"
        at = turns.get(place)
        seen = written.text[at.start : at.said] if at else ""
        if seen.rstrip() == turn.content.rstrip():
            continue
        if seen.strip() != turn.content.strip():
            notes.append(f"the chat template omits or rewrites part of {name}")
        elif turn.role == "assistant":
            notes.append(f"the chat template strips the whitespace before {name}")
    return notes + _added(written, turns, answers, specials)


def _found(written: Written, answers: Sequence[Stretch]) -> Iterator[tuple[int, Stretch]]:
    """Yield turns whose text is found: an answer's in its own span, a user's after the previous turn."""
    spans = dict(zip(_answers(written.messages), answers, strict=False))
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


def _added(
    written: Written, turns: dict[int, Stretch], answers: Sequence[Stretch], specials: Sequence[str]
) -> list[str]:
    """Return a note on template text that is trained as part of an answer."""
    notes: list[str] = []
    for place, span in zip(_answers(written.messages), answers, strict=False):
        if (at := turns.get(place)) is None:
            continue
        behind = written.text[at.said : span.stop]
        ends = [end for special in specials if (end := behind.find(special)) >= 0]
        own = written.text[span.start : at.start] + " "
        own += behind[: min(ends)] if ends else "" if span.shared else behind
        for special in specials:
            own = own.replace(special, " ")
        if own.strip():
            notes.append(
                f"the chat template adds {' '.join(own.split())!r} to an answer; it is trained as part of the answer"
            )
    return list(dict.fromkeys(notes))
