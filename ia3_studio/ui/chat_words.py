"""The strings of the chat tab: responses, settings and token probabilities; shared strings are in :mod:`.text`."""

from __future__ import annotations

from collections.abc import Sequence

from ia3_studio.chat import Answer, Token
from ia3_studio.ui.text import escape, plural

TITLE = "Compare responses"
WORDS = (
    "One prompt, up to four responses from one copy of the weights: the base model and adapters at any strength. All"
    " responses use the same seed, so they differ only by the adapter."
)
PANE_COUNT = "Number of responses"
WHO = "Response {number}"
BASE_VOICE = "Base model"
SHOWN_SOON = "Selected adapter (none yet)"
MIX_VOICE = "Merged adapter (below)"
EMPTY_PANE = "The response appears here"
STRENGTH, STRENGTH_INFO = "Strength", "0 = base model, 1 = adapter as trained"
NO_VOICE = "The adapter of this response does not exist or is not finished; choose another one."
MUTE_TITLE = "Active sites: deselected sites stay as in the base model"
MUTE_EMPTY = "The layer tree appears here when there is an adapter."
MIX_TITLE = "Merge two adapters"
MIX_WORDS = (
    "The deviations of both adapters from 1 are added with their weights: 1 + w₁·(l₁ − 1) + w₂·(l₂ − 1). Choose"
    " “Merged adapter” above a response to use it."
)
MIX_OTHER, MIX_OTHER_INFO = "Second adapter", "A run or an imported adapter of the same model"
MIX_OWN_WEIGHT, MIX_OTHER_WEIGHT = "Weight of the selected adapter", "Weight of the second adapter"
TOKENS_TITLE = "Token probabilities"
TOKENS_EMPTY = "The last responses appear here, each token with its probability."
TOKENS_WORDS = "Hover over a token to see the most likely alternatives; the JSON file below contains all probabilities."
TOKENS_KEY = ("below 10%", "below 50%", "below 90%", "90% or more")
PRESET = "Preset"
TOP_K, TOP_K_INFO = "Top-k", "Samples from the k most likely tokens; 0 = all tokens"
PENALTY, PENALTY_INFO = "Repetition penalty", "1 = no penalty"
TEMPERATURE, TOP_P, SEED = "Temperature", "Top-p", "Seed"
SAVE_MARKDOWN, SAVE_JSON = "Download the conversation (Markdown)", "Download with token probabilities (JSON)"
FILE_MODEL, FILE_SAMPLING = "Model", "Sampling"
DOCUMENT_TITLE = "Conversation"


def shown_voice(name: str) -> str:
    """Return the label of the adapter that the tabs show."""
    return f"{name} (selected)"


def mixed_voice(first: str, weight: float, second: str, other: float) -> str:
    """Return the label of a merged adapter."""
    return f"{weight:g} × {first} + {other:g} × {second}"


def speed(answer: Answer) -> str:
    """Return the length and speed of a response; empty before its first token."""
    if not answer.tokens:
        return ""
    count = len(answer.tokens)
    said = f"{plural(count, 'token')} · first token after {answer.first_after:.2f} s"
    rate = f" · {answer.tokens_per_second:.1f} tokens/s" if answer.tokens_per_second else ""
    cut = {"length": " · reached Max new tokens", "context": " · reached the context length of the model"}.get(
        answer.ended, ""
    )
    lost = f" · {plural(answer.left_out, 'earlier message')} dropped to fit the context" if answer.left_out else ""
    told = "".join(f" · {note.rstrip('.')}" for note in answer.notes)
    return f"{said}{rate}{cut}{lost}{told}"


def shares(run: str, cores: int, threads: int) -> str:
    """Say which cores a response shares with a run."""
    return f"“{run}” is training on this machine: responses use {threads} of {cores} cores, so both are slower."


def shares_with(others: int) -> str:
    """Say how many other conversations use the same copy of the model."""
    verb = "uses" if others == 1 else "use"
    return f"{plural(others, 'other conversation')} {verb} the same copy of the model; responses take turns."


def tokens(label: str, answer: Answer) -> str:
    """Return the tokens of a response, shaded by probability, each with its alternatives."""
    spans = "".join(_token(token) for token in answer.tokens)
    name = f"<h3 dir='auto'>{escape(label)}</h3>"
    return f"<section class='tokens-of'>{name}<p class='tokens' dir='auto'>{spans}</p></section>"


def token_view(labels: Sequence[str], answers: Sequence[Answer]) -> str:
    """Return the tokens of all responses, or a placeholder."""
    if not any(answer.tokens for answer in answers):
        return f"<p class='note plain'>{TOKENS_EMPTY}</p>"
    key = "".join(f"<span class='sure-{grade}'>{escape(name)}</span>" for grade, name in enumerate(TOKENS_KEY))
    panes = "".join(tokens(label, answer) for label, answer in zip(labels, answers, strict=True))
    return (
        f"<p class='note plain'>{TOKENS_WORDS}</p><p class='tokens-key'>{key}</p><div class='tokens-all'>{panes}</div>"
    )


def _token(token: Token) -> str:
    rivals = ", ".join(f"{_visible(text)} {probability:.1%}" for text, probability in token.rivals)
    said = escape(f"{_visible(token.text)} {token.probability:.1%}; most likely: {rivals}", quote=True)
    lines = "<br>" if "\n" in token.text else ""
    grade = sum(token.probability >= bound for bound in _GRADES)
    return f"<span class='sure-{grade}' title='{said}'>{escape(_visible(token.text))}</span>{lines}"


def _visible(text: str) -> str:
    return text.replace("\n", "⏎").replace(" ", "·") if not text.strip() else text.replace("\n", "⏎")


def panes_out_of_range(count: object, most: int) -> str:
    """Say that a number of responses is not possible."""
    return f"The number of responses is {count}; choose 1 to {most}."


def weight_out_of_range(weight: float, most: float) -> str:
    """Say that a weight of a merged adapter is not possible."""
    return f"The weight is {weight}; use a number from {-most:g} to {most:g}."


def strength_out_of_range(strength: float, most: float) -> str:
    """Say that a strength is not possible."""
    return f"The strength is {strength}; use a number from 0 to {most:g}."


_GRADES = (0.1, 0.5, 0.9)
