"""Which questions are in a text of a quiz? Those of the formats that learning platforms import, and of trivia sets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.choice_letters import letter_of
from ia3_studio.data.delimiters import BLANK_LINES, with_line_feeds

_CHOICE = re.compile(r"\s*\(?([^\W\d_])[.)]\s+(\S.*)")
_ANSWER = re.compile(r"\s*\**(?:[^\W\d_]+\s+)?(?:answer|antwort|lösung|respuesta|réponse|risposta|resposta|key|antwoord"
                     r"|svar|odpowiedź|odpověď|cevap|ответ|відповідь|απάντηση|答案|正解|정답|الإجابة|תשובה)"
                     r"\**\s*[:：]\**\s*\(?([^\W\d_])\)?(?!\w).*", re.IGNORECASE)  # fmt: skip
_NUMBER = re.compile(r"^\s*(?:Q(?:uestion)?\s*)?\d{1,4}[.):]\s+", re.IGNORECASE)
_NAME_OF_GIFT = re.compile(r"(?:::(?:[^:]|:(?!:))*::)?\s*(?:\[\w+\])?")
"""What may stand in front of a question: its name and the markup of its text."""
_OFFERED = re.compile(r"(?<!\\)([=~])")
_WEIGHT = re.compile(r"%(-?[\d.]+)%")
_WHOLE = 100.0
"""Percent of the points that the right choice has."""
_FEWEST = 2
"""Questions from which on a text is a quiz."""

Questions = dict[str, list[Any]]


def quiz_questions(text: str) -> Questions | None:
    """Return the questions of a text with their choices and the right ones; None for other text.

    Example:
        >>> quiz_questions("Who?\\nA. Ann\\nB. Bo\\nANSWER: B\\n\\nWhen?\\nA) now\\nB) later\\nANSWER: A")
        {'question': ['Who?', 'When?'], 'choices': [['Ann', 'Bo'], ['now', 'later']], 'answer': ['Bo', 'now']}
    """
    text = with_line_feeds(text)
    blocks = BLANK_LINES.split(text.strip())
    return (
        _columns([_of_aiken(block) for block in blocks])
        or _columns([_of_letter_first(block) for block in blocks])
        or _columns([_of_signs(block) for block in _BEGINS.split(f"\n{text.strip()}")[1:]])
        or _columns([_of_gift(block) for block in map(_without_comments, blocks) if block])
    )


def _columns(found: Sequence[tuple[str, list[str], str] | None]) -> Questions | None:
    if len(found) < _FEWEST or None in found:
        return None
    known = [each for each in found if each]
    names = ("question", "choices", "answer")
    return {name: [each[place] for each in known] for place, name in enumerate(names)}


def _of_aiken(block: str) -> tuple[str, list[str], str] | None:
    """Return a question whose lines are its text, choices by letter, and the letter of the right one."""
    *lines, last = block.split("\n")
    offered = [(place, found) for place, line in enumerate(lines) if (found := _CHOICE.fullmatch(line))]
    right = _ANSWER.fullmatch(last)
    if not right or len(offered) < _FEWEST or offered[0][0] == 0 or offered[-1][0] != len(lines) - 1:
        return None
    choices = {letter_of(found[1]): found[2].strip() for _place, found in offered}
    answer = choices.get(letter_of(right[1]))
    question = _NUMBER.sub("", "\n".join(lines[: offered[0][0]])).strip()
    return (question, list(choices.values()), answer) if answer and question else None


def _of_letter_first(block: str) -> tuple[str, list[str], str] | None:
    """Return a question whose first line is the letter of the right choice, as LogiQA writes them."""
    letter, *lines = block.split("\n")
    offered = [(place, found) for place, line in enumerate(lines) if (found := _CLOSE_CHOICE.fullmatch(line))]
    if len(letter.strip()) != 1 or len(offered) < _FEWEST or offered[0][0] == 0 or offered[-1][0] != len(lines) - 1:
        return None
    choices = {letter_of(found[1]): found[2].strip() for _place, found in offered}
    question = "\n".join(lines[: offered[0][0]]).strip()
    answer = choices.get(letter_of(letter))
    return (question, list(choices.values()), answer) if answer and question else None


_CLOSE_CHOICE = re.compile(r"\s*\(?([^\W\d_])[.)]\s*(\S.*)")
"""A choice whose text may stand at its letter."""


def _of_signs(block: str) -> tuple[str, list[str], str] | None:
    """Return a question with the right answer behind "^" and the choices behind letters, as OpenTriviaQA has them."""
    question, right, rest = block.partition("\n^")
    answer, *lines = rest.strip("\n").split("\n")
    offered = [_LETTERED.fullmatch(line) for line in lines]
    choices = [found[1].strip() for found in offered if found]
    known = len(choices) == len(lines) >= _FEWEST and choices.count(answer.strip()) == 1
    return (question.strip(), choices, answer.strip()) if right and known and question.strip() else None


_BEGINS = re.compile(r"\n#Q\s")
"""Where a question begins in a text of signs; blank lines may be inside it."""
_LETTERED = re.compile(r"[A-H] (\S.*)")


def _without_comments(block: str) -> str:
    """Return a block of GIFT without comments and the lines that name categories."""
    lines = [line for line in block.split("\n") if not line.lstrip().startswith(("//", "$CATEGORY:"))]
    return "\n".join(lines).strip()


def _of_gift(block: str) -> tuple[str, list[str], str] | None:
    """Return a question of GIFT, whose choices stand in braces, the right one after "=" and the others after "~"."""
    before, _brace, rest = block.partition("{")
    offered, closed, after = rest.partition("}")
    if not closed or "}" in before or "{" in offered or any(part.endswith("\\") for part in (before, offered)):
        return None
    asked, after = _NAME_OF_GIFT.sub("", before, count=1).strip(), after.strip()
    if not asked:
        return None
    parts = _OFFERED.split(offered.strip())
    sides = [(mark, *_weighted(said)) for mark, said in zip(parts[1::2], parts[2::2], strict=False)]
    choices = [said for _mark, said, _weight in sides]
    right = [said for mark, said, weight in sides if mark == "=" or weight == _WHOLE]
    question = _plain(f"{asked} _____ {after}" if after else asked)
    return (question, choices, right[0]) if len(right) == 1 and len(choices) > 1 and all(choices) else None


def _weighted(said: str) -> tuple[str, float]:
    """Return a choice without its share of the points and what is said on it, and that share in percent."""
    weight = _WEIGHT.match(said.strip())
    text = _WEIGHT.sub("", said.strip(), count=1)
    return _plain(re.split(r"(?<!\\)#", text)[0]), float(weight[1]) if weight else 0.0


def _plain(text: str) -> str:
    return re.sub(r"\\([~=#{}:])", r"\1", text).strip()
