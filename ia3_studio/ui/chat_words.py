"""What does the chat say? The words of its panes, knobs and figures; the studio's other words are in :mod:`.text`."""

from __future__ import annotations

from collections.abc import Sequence

from ia3_studio.chat import Answer, Token
from ia3_studio.ui.text import escape

TITLE = "Before and after"
WORDS = (
    "One prompt, up to four answers from one copy of the weights: the model as it came, adapters, any strength. All"
    " draw with the same seed, so what differs is what was learned."
)
PANE_COUNT = "Answers side by side"
WHO = "Answer {number}"
BASE_VOICE = "Base model"
SHOWN_SOON = "The adapter shown (none yet)"
MIX_VOICE = "A mixture (below)"
EMPTY_PANE = "Ask something: the answer appears here"
STRENGTH, STRENGTH_INFO = "Strength", "0 base, 1 tuned, exactly"
NO_VOICE = "The adapter that should answer is gone or not finished; choose another for this pane."
MUTE_TITLE = "Mute parts: untick what should stay as in the base model"
MUTE_EMPTY = "The layers appear here once there is an adapter."
MIX_TITLE = "Mix two adapters"
MIX_WORDS = (
    "What both learned is added up, each with its weight: 1 + w₁·(l₁ − 1) + w₂·(l₂ − 1). Choose “A mixture” above a"
    " pane to hear it."
)
MIX_OTHER, MIX_OTHER_INFO = "With", "A run or an imported adapter of the same model"
MIX_OWN_WEIGHT, MIX_OTHER_WEIGHT = "Weight of the one shown", "Weight of the other"
TOKENS_TITLE = "Token by token: how sure was each answer?"
TOKENS_EMPTY = "The last answers appear here, each token with its probability."
TOKENS_WORDS = "Point at a token to see what else could have stood there; the JSON file below holds all the numbers."
TOKENS_KEY = ("under 10 %", "under 50 %", "under 90 %", "surer")
PRESET = "Way of drawing"
TOP_K_INFO = "0: among all"
PENALTY, PENALTY_INFO = "Repetition penalty", "1: none"
SAVE_MARKDOWN, SAVE_JSON = "Save the conversation (Markdown)", "Save it with all numbers (JSON)"


def shown_voice(name: str) -> str:
    """Return how the adapter that the tabs show is offered."""
    return f"{name} (shown)"


def mixed_voice(first: str, weight: float, second: str, other: float) -> str:
    """Return how a mixture is called."""
    return f"{weight:g} × {first} + {other:g} × {second}"


def speed(answer: Answer) -> str:
    """Return how long an answer took, for below its pane; nothing before it has begun."""
    if not answer.tokens:
        return ""
    count = len(answer.tokens)
    said = f"{count} token{'s' if count > 1 else ''} · first after {answer.first_after:.2f} s"
    rate = f" · {answer.tokens_per_second:.1f} tokens/s" if answer.tokens_per_second else ""
    cut = {"length": " · reached the length you allow", "context": " · the model's context is full"}.get(
        answer.ended, ""
    )
    lost = f" · {answer.left_out} earlier messages no longer fitted" if answer.left_out else ""
    told = "".join(f" · {note.rstrip('.')}" for note in answer.notes)
    return f"{said}{rate}{cut}{lost}{told}"


def shares(run: str, cores: int, threads: int) -> str:
    """Say what an answer shares with a run."""
    return f"“{run}” is training on this machine: answers take {threads} of its {cores} cores, so both go on, slower."


def shares_with(others: int) -> str:
    """Say how many other conversations use the same copy of the model."""
    return f"{others} other conversation{'s' if others > 1 else ''} use the same copy of the model; you take turns."


def tokens(label: str, answer: Answer) -> str:
    """Return an answer's tokens, shaded by probability, each with its rivals."""
    spans = "".join(_token(token) for token in answer.tokens)
    name = f"<h3 dir='auto'>{escape(label)}</h3>"
    return f"<section class='tokens-of'>{name}<p class='tokens' dir='auto'>{spans}</p></section>"


def token_view(labels: Sequence[str], answers: Sequence[Answer]) -> str:
    """Return the tokens of all panes, or what will stand there."""
    if not any(answer.tokens for answer in answers):
        return f"<p class='note plain'>{TOKENS_EMPTY}</p>"
    key = "".join(f"<span class='sure-{grade}'>{escape(name)}</span>" for grade, name in enumerate(TOKENS_KEY))
    panes = "".join(tokens(label, answer) for label, answer in zip(labels, answers, strict=True))
    return (
        f"<p class='note plain'>{TOKENS_WORDS}</p><p class='tokens-key'>{key}</p><div class='tokens-all'>{panes}</div>"
    )


def _token(token: Token) -> str:
    rivals = ", ".join(f"{_visible(text)} {probability:.1%}" for text, probability in token.rivals)
    said = escape(f"{_visible(token.text)} {token.probability:.1%}; likeliest: {rivals}", quote=True)
    lines = "<br>" if "\n" in token.text else ""
    grade = sum(token.probability >= bound for bound in _GRADES)
    return f"<span class='sure-{grade}' title='{said}'>{escape(_visible(token.text))}</span>{lines}"


def _visible(text: str) -> str:
    return text.replace("\n", "⏎").replace(" ", "·") if not text.strip() else text.replace("\n", "⏎")


_GRADES = (0.1, 0.5, 0.9)
