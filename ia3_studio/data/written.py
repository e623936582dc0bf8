"""Where does each answer stand in what a chat template wrote?

An answer stands between two prefixes of the text: the conversation up to the point where the assistant is asked, and up
to the end of its turn. Some templates write a prefix otherwise than the whole (they drop earlier thoughts, or add a
token at the very end only); there the answers are found between the words that are the template's own, which the same
conversation shows with a mark in place of every turn's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from ia3_studio.data.conversations import Message, calls_of
from ia3_studio.data.tool_calls import spellings, words_of_call
from ia3_studio.errors import DataError

MARK = "\ue000{}\ue001"
"""Stands for a turn's words where only the template's own are wanted; of characters no text holds (private use)."""
MOST_BEGUN, MOST_BEGUN_CALLS = 8, 32
"""Answers up to which each one's prefixes are written; of more, the first and last ones' alone. More where there are
tool calls, as where these stand is told by prefixes first."""
LONGEST_BEGUN = 200_000
"""Characters of a conversation up to which that many prefixes are written."""
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
    leads: dict[int, str] = field(default_factory=dict)
    """For a turn of calls alone, what stands between the words of the turn before it and its own, if it had any."""
    closing: str = ""
    """What the template writes after an answer, up to its first special token."""
    specials: Sequence[str] = ()
    """Texts of the tokenizer's special tokens, which a template may add anywhere."""


def to_write(messages: Sequence[Message]) -> list[Asked]:
    """Return what a template is to write of a conversation for its answers to be found in it."""
    begun = [each for place in _begun(messages) for each in ((messages[:place], True), (messages[: place + 1], False))]
    return [(messages, False), (_marked(messages), False), *_with_leads(messages), *begun]


def to_ask(messages: Sequence[Message]) -> list[Asked]:
    """Return what a template is to write of a conversation that the assistant is to answer."""
    return [(messages, True), (_marked(messages), True)]


def _marked(messages: Sequence[Message]) -> list[Message]:
    """Return a conversation with a mark for the words of each turn; a turn of calls alone has none, and stays."""
    return [
        turn if _is_calls_alone(turn) else replace(turn, content=MARK.format(place))
        for place, turn in enumerate(messages)
    ]


def _with_leads(messages: Sequence[Message]) -> list[Asked]:
    """Return a conversation with a mark in each turn, where there are turns of calls alone."""
    every = [replace(turn, content=MARK.format(place)) for place, turn in enumerate(messages)]
    return [(every, False)] if any(map(_is_calls_alone, messages)) else []


def _is_calls_alone(turn: Message) -> bool:
    return not turn.content and bool(calls_of(turn))


def read_back(
    messages: Sequence[Message], texts: Sequence[str | DataError], specials: Sequence[str], closing: str = ""
) -> Written:
    """Return what a template made of a conversation.

    Args:
        messages: the conversation.
        texts: what it wrote of :func:`to_write` or :func:`to_ask`, in order.
        specials: texts of the tokenizer's special tokens.
        closing: what it writes after an answer; needed where there are tool calls.

    Raises:
        DataError: the template refuses the conversation.
    """
    whole, marked, *prefixes = texts
    if isinstance(whole, DataError):
        raise whole
    leads: dict[int, str] = {}
    if prefixes and _with_leads(messages):
        every, *prefixes = prefixes
        leads = {} if isinstance(every, DataError) else _leads(every)
    places = _begun(messages) if prefixes else []
    begun = dict(zip(places, zip(prefixes[0::2], prefixes[1::2], strict=True), strict=True))
    turns = None if isinstance(marked, DataError) else _turns(messages, whole, marked)
    first = min((closing.find(special) + len(special) for special in specials if special in closing), default=None)
    return Written(messages, whole, turns, begun, leads, closing[:first].rstrip(), specials)


def _leads(marked: str) -> dict[int, str]:
    """Return what a text has before the mark of each turn, after that of the turn before it."""
    _first, *rest = re.split(MARK.format(r"(\d+)"), marked)
    places, own = [int(number) for number in rest[0::2]], rest[1::2]
    return {
        place: between for before, place, between in zip(places, places[1:], own, strict=False) if place == before + 1
    }


def _begun(messages: Sequence[Message]) -> list[int]:
    answers = answer_places(messages)
    if any(calls_of(turn) for turn in messages) and sum(len(turn.content) for turn in messages) <= LONGEST_BEGUN:
        edge = MOST_BEGUN_CALLS // 2
        return answers if len(answers) <= MOST_BEGUN_CALLS else [*answers[:edge], *answers[-edge:]]
    return answers if len(answers) <= MOST_BEGUN else [*answers[:2], *answers[-2:]]


def answer_places(messages: Sequence[Message]) -> list[int]:
    """Return the places of the answers that are trained."""
    return [place for place, turn in enumerate(messages) if turn.role == "assistant" and turn.trained]


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
    places = answer_places(written.messages)
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
    called = bool(calls_of(written.messages[place]))
    if called and (found := _after_neighbor(written, place)):
        return found
    if written.turns is None:
        raise DataError("The model's chat template rewrites the turns, so the answers cannot be located")
    if place not in written.turns:
        raise DataError(f"The model's chat template omits turn {place + 1} (assistant)")
    own = written.turns[place]
    before = written.begun.get(place, ("", ""))[0]
    begins = isinstance(before, str) and len(before) <= own.start and bool(before) and written.text.startswith(before)
    start = len(before) if begins and isinstance(before, str) else own.start
    said = _end_of_calls(written, place, own.said, own.stop) if called else own.said
    return Stretch(start, said, own.stop, shared=True)


def _after_neighbor(written: Written, place: int) -> Stretch | None:
    """Return where a turn of calls stands: after the words of the turn before it and what the template puts between."""
    turns = written.turns or {}
    earlier = turns.get(place - 1)
    if earlier is None:
        return None
    lead = next((each for each in _lead(written, place) if each and written.text.startswith(each, earlier.said)), None)
    if lead is None:
        return None
    start = earlier.said + len(lead)
    later = min((each.start for at, each in turns.items() if at > place), default=len(written.text))
    return Stretch(start, _end_of_calls(written, place, start, later), later, shared=True)


def _lead(written: Written, place: int) -> Iterator[str]:
    """Yield what may stand before a turn of calls, after the words of the turn before it.

    That is what stands there where the assistant is asked to answer, or where the turn has words of its own, or of the
    former what the text shares, up to a line or a special token: the assistant may be asked to think first.
    """
    begun = written.begun.get(place, ("", ""))[0]
    asked = "" if isinstance(begun, DataError) else _after_words(begun, written.messages[place - 1].content)
    yield asked
    yield written.leads.get(place, "")
    pairs = zip(asked, written.text[(written.turns or {})[place - 1].said :], strict=False)
    shared = "".join(one for one, _other in takewhile(lambda pair: pair[0] == pair[1], pairs))
    edges = (shared.rfind(edge) + len(edge) for edge in ("\n", *written.specials) if edge in shared)
    yield shared[: max(edges, default=0)]


def _after_words(text: str, words: str) -> str:
    """Return what follows the last place of words in a text, as they are or within JSON; nothing if they are absent."""
    ends = [text.rfind(each) + len(each) for each in spellings(words) if each and each in text]
    return text[max(ends) :] if ends else ""


def _end_of_calls(written: Written, place: int, start: int, stop: int, *, exact: bool = False) -> int:
    """Return where the calls of a turn end: where the template closes it as an answer, or else by a special token.

    Args:
        written: the conversation.
        place: of the turn.
        start: where its calls begin, or before.
        stop: where they are over.
        exact: whether the turn ends there, so that the last closing is its own.
    """
    begin = start
    for word in words_of_call(calls_of(written.messages[place])[-1]):
        begin = max(begin, written.text.find(word, begin, stop))
    find = written.text.rfind if exact else written.text.find
    at = find(written.closing, begin, stop) if written.closing else -1
    if at >= 0:
        return at
    ends = (written.text.find(special, begin, stop) for special in written.specials)
    return min((end for end in ends if end >= 0), default=stop)


def _said_until(written: Written, place: int, start: int, stop: int) -> int:
    """Return where the given words end in an answer's turn; where they are not found, where the turn does."""
    if calls_of(written.messages[place]):
        return _end_of_calls(written, place, start, stop, exact=True)
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
    if any(calls_of(written.messages[place]) for place in places):
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
