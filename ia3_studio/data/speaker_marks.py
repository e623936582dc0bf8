"""Which marks stand before what somebody asks or answers? "Q:", "**Answer 3.**", "[USER]", "### Human:"."""

from __future__ import annotations

import re

QUESTIONS = frozenset((
    "q", "que", "ques", "question", "frage", "pregunta", "問", "问", "質問", "问题", "問題", "질문", "вопрос",
    "domanda", "pergunta",
))  # fmt: skip
"""Words for a question, which needs no other one beside it."""
USERS = QUESTIONS | frozenset((
    "instruction", "input", "user", "human", "prompt", "customer", "patient", "client", "caller", "student", "query",
    "me", "vraag", "pytanie",
))  # fmt: skip
ANSWERS = frozenset((
    "a", "ans", "answer", "response", "reply", "output", "completion", "antwort", "respuesta", "réponse", "答", "回答",
    "答案", "답변", "ответ", "risposta", "resposta", "antwoord", "odpowiedź",
))  # fmt: skip
ASSISTANTS = ANSWERS | frozenset((
    "assistant", "ai", "bot", "agent", "chatbot", "gpt", "chatgpt", "system", "operator", "doctor", "support",
    "therapist", "teacher", "tutor",
))  # fmt: skip
"""Words for who answers, and for what that says."""


def _one_of(words: frozenset[str]) -> str:
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


_BEFORE = r"(?:[-*•>]\s+)?(?:\d{1,5}[.)]\s+)?(?:\*\*|#+\s*)?"
_SPEAKS = r"(?:\s(?:says|said|replies|replied|asks|asked|answers|answered))?"
_COLON = rf"(?:(?:\s?#?\d{{1,5}})?{_SPEAKS}(?:\*\*)?\s?[:：.](?!\d)|\s?\d{{1,5}}\)(?=\s))(?:\*\*)?"
SPEAKER = re.compile(
    rf"\s*{_BEFORE}(?:(?P<name>{_one_of(USERS | ASSISTANTS)}){_COLON}"
    rf"|[\[<](?P<bracketed>{_one_of(USERS | ASSISTANTS)})[\]>]\s?[:：]?)\s*(?P<said>.*)",
    re.IGNORECASE,
)
"""A line that begins with a mark, and what stands behind it."""
_INSIDE = re.compile(
    rf"(?<!\s)\s*(?:(?:(?<=\s)|#{{2,6}}\s*)(?:{_one_of(ASSISTANTS)})(?:\s?\d{{1,5}})?[:：]"
    rf"|[\[<](?:{_one_of(ASSISTANTS)})[\]>]\s?[:：]?)\s*",
    re.IGNORECASE,
)
"""A mark inside a line, before an answer."""


def role_at(line: str) -> tuple[str, str, str]:
    """Return (who speaks by the mark of a line: user or assistant, the word of the mark, what is said); ("", "", line).

    Example:
        >>> role_at("Q1) Late?"), role_at("[BOT]: No."), role_at("Fog.")
        (('user', 'q', 'Late?'), ('assistant', 'bot', 'No.'), ('', '', 'Fog.'))
    """
    found = SPEAKER.fullmatch(line)
    if found is None:
        return "", "", line
    word = (found["name"] or found["bracketed"]).lower()
    said = found["said"]
    if said.endswith("**") and said.count("**") % 2 and line.lstrip().startswith("**"):  # all of it is bold
        said = said.removesuffix("**")
    return ("user" if word in USERS else "assistant"), word, said


def answered_in(said: str) -> tuple[str, str] | None:
    """Return what is asked and what is answered in one line behind its mark; None without one mark of an answer.

    Example:
        >>> answered_in("Late? A: No."), answered_in("Late? No.")
        (('Late?', 'No.'), None)
    """
    found = list(_INSIDE.finditer(said))
    if len(found) != 1:
        return None
    asked, answer = said[: found[0].start()].strip(" \t|,;"), said[found[0].end() :].strip()
    return (asked, answer) if asked and answer else None
