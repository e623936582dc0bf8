"""How does a chat log between people become conversations? One speaker, whom the user chooses, gives the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.mapping import Mapping as Roles
from ia3_studio.data.shapes.shape import Recognized, frame_of
from ia3_studio.data.turn_roles import ONESELF
from ia3_studio.errors import DataError

PAUSE = 4 * 3600
"""Seconds without a message after which a new conversation begins."""
MOST_NAMED = 12
"""Speakers that a sentence names."""
SPEAKER, TEXT, TIME, CHAT = "speaker", "text", "time", "chat"


@dataclass(frozen=True)
class Said:
    """One message of a chat log."""

    row: int
    speaker: str
    text: str
    time: float | None = None
    """When it was written, in seconds since any fixed moment."""
    chat: str = ""
    """The channel it belongs to; empty if the log is one chat."""
    thread: str = ""
    """The thread of the channel, which is one conversation whatever the pauses in it; empty for none."""


def read_log(
    name: str,
    form: str,
    messages: Sequence[Said],
    speaker: str | None,
    unused: Counter[str],
    *,
    pause: float | None = PAUSE,
) -> Recognized:
    """Return the conversations of a log; without a speaker its messages, one per row, and what has to be chosen.

    Args:
        name: the file's name, for sentences.
        form: what it is: "WhatsApp chat".
        messages: in the order in which they were written, within each chat.
        speaker: whose messages are the answers.
        unused: what else is in the log, and how often.
        pause: seconds without a message after which a new conversation begins; None if each chat is one.

    Raises:
        DataError: nobody of that name writes in it.
    """
    counts = Counter(message.speaker for message in messages)
    speakers = tuple(who for who, _messages in counts.most_common())
    speaker = _answerer(speakers) if speaker is None else speaker
    if speaker is None:
        sentence = _choose(name, form, counts)
        return Recognized(_as_messages(messages), form, unused=unused, speakers=speakers, undecided=sentence)
    learned = _matched(name, form, speaker, speakers)
    several = len(speakers) > 2
    parts = _parts(messages, pause)
    apart = _exchanges(parts[0], learned) if len(parts) == 1 else parts
    rows = [
        (part[0].row, {"messages": _turns(part, learned, several), **({CHAT: part[0].chat} if part[0].chat else {})})
        for part in apart
    ]
    notes = [_how(learned, several, pause)]
    notes += [f"{name} is one conversation, so each exchange is one of its own."] if len(apart) > len(parts) else []
    mapping = Roles("messages", column="messages")
    return Recognized(frame_of(rows), form, (), tuple(notes), unused, mapping, speakers)


def unlike(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names of speakers by their ids; those of one name get their ids as well."""
    counts = Counter(names.values())
    return {key: name if counts[name] == 1 else f"{name} ({key})" for key, name in names.items()}


def _as_messages(messages: Sequence[Said]) -> Any:
    fields = [TIME] * any(message.time is not None for message in messages)
    fields += [CHAT] * any(message.chat for message in messages)
    return frame_of(
        [
            (each.row, {SPEAKER: each.speaker, TEXT: each.text, **{name: getattr(each, name) for name in fields}})
            for each in messages
        ]
    )


def _choose(name: str, form: str, counts: Counter[str]) -> str:
    """Return what the user has to choose, and between whom."""
    if not counts:
        return f"{name} is a {form} without messages of people; give one with messages of two speakers."
    named = ", ".join(f"{who} ({messages:,})" for who, messages in counts.most_common(MOST_NAMED))
    more = f" and {len(counts) - MOST_NAMED:,} more" if len(counts) > MOST_NAMED else ""
    if len(counts) == 1:
        return (
            f"{name} is a {form} in which only one speaker writes ({named} messages), so there is nothing to answer; "
            "choose plain text with the column 'text', or give a chat of two speakers."
        )
    return (
        f"{name} is a {form} of {len(counts):,} speakers, with so many messages: {named}{more}; choose the speaker "
        "whose messages are the answers (Speaker under Parsing options, or ParsingOptions(speaker=...)), or plain text "
        "with the column 'text'."
    )


def _matched(name: str, form: str, wanted: str, speakers: Sequence[str]) -> str:
    """Return the speaker with a name, whatever its case."""
    if wanted in speakers:
        return wanted
    near = [who for who in speakers if who.strip().casefold() == wanted.strip().casefold()]
    if len(near) == 1:
        return near[0]
    first = ", ".join(speakers[:MOST_NAMED])
    more = f" and {len(speakers) - MOST_NAMED:,} more" if len(speakers) > MOST_NAMED else ""
    raise DataError(f"Speaker {wanted!r} not found in {name}, a {form}; its speakers are {first}{more}.")


def _how(learned: str, several: bool, pause: float | None) -> str:
    begins = f", and a new conversation begins after a pause of {pause / 3600:.0f} hours" if pause else ""
    named = "; names precede the messages of the others" if several else ""
    return f"The messages of {learned} are the answers; consecutive ones are one turn{begins}{named}."


def _parts(messages: Sequence[Said], pause: float | None) -> list[list[Said]]:
    """Return the messages of each conversation, in the order of their first ones."""
    parts: list[list[Said]] = []
    open_part: dict[tuple[str, str], list[Said]] = {}
    for message in messages:
        where = (message.chat, message.thread)
        part = open_part.get(where)
        if part is None or _is_apart(part[-1], message, pause):
            part = open_part[where] = []
            parts.append(part)
        part.append(message)
    return parts


def _exchanges(messages: Sequence[Said], learned: str) -> list[list[Said]]:
    """Return the exchanges of a conversation: each begins where somebody asks after an answer."""
    found: list[list[Said]] = []
    for place, message in enumerate(messages):
        if not found or (message.speaker != learned and messages[place - 1].speaker == learned):
            found.append([])
        found[-1].append(message)
    whole = [part for part in found if part[0].speaker != learned and part[-1].speaker == learned]
    return found if len(whole) >= FEWEST_EXCHANGES else [list(messages)]


FEWEST_EXCHANGES = 4
"""Exchanges of the only conversation of a log from which on each is one of its own."""


def _answerer(speakers: Sequence[str]) -> str | None:
    """Return who answers where the speakers are called "Q" and "A", or "you" and "them"; None for other names."""
    names = {who.strip().rstrip(":.").casefold(): who for who in speakers}
    if names.keys() == {"q", "a"}:
        return names["a"]
    oneself, others = names.keys() & ONESELF, names.keys() & _OTHERS
    return names[next(iter(oneself))] if len(oneself) == len(others) == 1 and len(names) == _TWO else None


_OTHERS = frozenset(("them", "they", "other", "partner", "stranger"))
"""What a log calls the one that talks with the person whose it is."""
_TWO = 2


def _is_apart(last: Said, message: Said, pause: float | None) -> bool:
    if pause is None or message.thread or last.time is None or message.time is None:
        return False
    return message.time - last.time > pause


def _turns(messages: Sequence[Said], learned: str, several: bool) -> list[dict[str, str]]:
    """Return the turns of a conversation; consecutive messages of one side are one turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.speaker == learned else "user"
        text = f"{message.speaker}: {message.text}" if several and role == "user" else message.text
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"].append(text)
        else:
            turns.append({"role": role, "content": [text]})
    return [{"role": turn["role"], "content": "\n".join(turn["content"])} for turn in turns]
