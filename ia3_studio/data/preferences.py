"""How do answers become preferences? Two conversations with a common prompt, or one whose last answer has a label.

The prompt is what both conversations begin with; only what follows it is compared and trained. A pair that cannot be
compared is refused with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.conversations import Message
from ia3_studio.data.folding import folded
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.paths import structure_of
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.dialogue import Opening, Turns, turns_in, with_answer
from ia3_studio.data.shapes.shape import is_blank, is_text, is_turn, listed
from ia3_studio.data.shapes.template_marks import without_end

VOTES = (
    ("good", "bad"), ("like", "dislike"), ("liked", "disliked"), ("up", "down"), ("thumbs up", "thumbs down"),
    ("thumbs_up", "thumbs_down"), ("thumb_up", "thumb_down"), ("thumbsup", "thumbsdown"), ("upvote", "downvote"),
    ("helpful", "unhelpful"), ("helpful", "not helpful"), ("useful", "useless"), ("useful", "not useful"),
    ("desirable", "undesirable"), ("accept", "reject"), ("accepted", "rejected"), ("👍", "👎"),
    ("gut", "schlecht"), ("hilfreich", "nicht hilfreich"), ("bon", "mauvais"), ("utile", "inutile"),
    ("utile", "pas utile"), ("bueno", "malo"), ("útil", "inútil"), ("buono", "cattivo"), ("utile", "non utile"),
    ("bom", "ruim"), ("útil", "não útil"), ("goed", "slecht"), ("nuttig", "niet nuttig"), ("dobra", "zła"),
    ("buona", "cattiva"), ("buena", "mala"), ("bonne", "mauvaise"), ("boa", "ruim"), ("bien", "mal"), ("bene", "male"),
    ("gute antwort", "schlechte antwort"), ("brauchbar", "unbrauchbar"), ("dobry", "zły"), ("хороший", "плохой"),
    ("хорошо", "плохо"), ("полезно", "бесполезно"), ("полезно", "не полезно"), ("赞", "踩"),
    ("好评", "差评"), ("满意", "不满意"), ("点赞", "点踩"),
    ("만족", "불만족"), ("좋음", "나쁨"), ("役に立った", "役に立たなかった"), ("高評価", "低評価"), ("好", "不好"),
    ("有用", "没用"), ("有帮助", "没有帮助"), ("満足", "不満"), ("良い", "悪い"), ("좋아요", "싫어요"), ("iyi", "kötü"),
    ("daumen hoch", "daumen runter"), ("pouce en haut", "pouce en bas"), ("pouce haut", "pouce bas"),
    ("pulgar arriba", "pulgar abajo"), ("pollice su", "pollice giù"), ("polegar para cima", "polegar para baixo"),
    ("duim omhoog", "duim omlaag"), ("tumme upp", "tumme ner"), ("kciuk w górę", "kciuk w dół"),
    ("палец вверх", "палец вниз"), ("лайк", "дизлайк"), ("gefällt mir", "gefällt mir nicht"),
    ("me gusta", "no me gusta"), ("j'aime", "je n'aime pas"), ("mi piace", "non mi piace"),
)  # fmt: skip
"""Words that say of an answer whether it is good, whatever their column is called."""
_YES = words_for("yes") | {"1", "1.0", "positive", "chosen", "✅", "+1"} | {folded(yes) for yes, _no in VOTES}
_NO = words_for("no") | {"0", "0.0", "negative", "❌", "-1", "-1.0"} | {folded(no) for _yes, no in VOTES}
_SKIN = dict.fromkeys(range(0x1F3FB, 0x1F400))
"""Colors of the hand in 👍."""


def flag_of(cell: Any) -> bool | None:
    """Return a label of an answer as true (desirable) or false (undesirable); None for any other value.

    Example:
        >>> flag_of("True"), flag_of(0), flag_of("👎"), flag_of("maybe")
        (True, False, False, None)
    """
    said = folded(str(cell).strip()).casefold().translate(_SKIN)
    return True if said in _YES else False if said in _NO else None


def holds_turns(cell: Any) -> bool:
    """Say whether a cell is a conversation or a turn, and not an answer that happens to be JSON."""
    held = structure_of(cell)
    is_object = isinstance(cell, str) and isinstance(held, dict)
    return bool(turns_in(cell)) and not (is_object and not is_turn(held) and "messages" not in held)


def answered_turns(prompt: Any, context: Any, answer: Any, part: str) -> Turns:
    """Return the turns of a prompt and its answer, either of which may be text or turns.

    Args:
        prompt: None where the answer holds the whole conversation.
        context: text to be appended to the prompt.
        answer: a text, one turn, or turns, with or without those of the prompt.
        part: what the answer is called, for errors.

    Raises:
        UnusableError: the answer or the prompt is empty, or no conversation.
    """
    if is_blank(answer):
        raise UnusableError(f"the {part} is empty")
    before = Opening(prompt="prompt", context="context").turns({"prompt": prompt, "context": context}) if prompt else []
    if holds_turns(answer):
        return with_answer(before, answer)
    answer = only_text(answer)
    if not is_text(answer):
        raise UnusableError(f"the {part} is neither text nor turns")
    if not before:
        raise UnusableError(f"the {part} has no prompt: it is text, not a conversation")
    return [*before, {"role": "assistant", "content": without_end(answer)}]


def only_text(cell: Any) -> Any:
    """Return the text of a list of one text; any other value as it is."""
    inner = cell if isinstance(cell, str) else listed(cell)
    return inner[0] if isinstance(inner, list) and len(inner) == 1 and is_text(inner[0]) else cell


def compared(chosen: Sequence[Message], rejected: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """Return two conversations of which only what follows their common beginning is trained.

    Raises:
        UnusableError: their answers are equal, or their prompts differ.
    """
    shared = _common(chosen, rejected)
    rests = chosen[shared:], rejected[shared:]
    if not any(rests):
        raise UnusableError("the chosen and the rejected answer are equal")
    if not all(rest and rest[0].role == "assistant" for rest in rests):
        raise UnusableError("the prompts of the chosen and the rejected answer differ")
    prompt = _only_read(chosen[:shared])
    if not any(turn.role == "user" for turn in prompt):
        raise UnusableError("the chosen and the rejected answer have no prompt")
    return (*prompt, *rests[0]), (*prompt, *rests[1])


def judged(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return a conversation up to its last answer, the only one that is trained."""
    last = max(place for place, turn in enumerate(messages) if turn.role == "assistant")
    return (*_only_read(messages[:last]), replace(messages[last], trained=True))


def _only_read(messages: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(replace(turn, trained=False) if turn.role == "assistant" else turn for turn in messages)


def _common(one: Sequence[Message], other: Sequence[Message]) -> int:
    """Return with how many turns both conversations begin."""
    pairs = zip(one, other, strict=False)
    shorter = min(len(one), len(other))
    return next((place for place, (left, right) in enumerate(pairs) if _said(left) != _said(right)), shorter)


def _said(turn: Message) -> tuple[str, str, str]:
    return turn.role, turn.content.strip(), turn.native
