"""The strings of the Chat tab; those of the page are in :mod:`.text`."""

from __future__ import annotations

from collections.abc import Sequence

from ia3_studio.chat import Answer, Token
from ia3_studio.ui.text import escape, plural

TITLE = "Chat"
WORDS = (
    "One prompt, up to four responses from one copy of the weights: the base model, and adapters at any strength. All"
    " responses use the same seed, so differences come from the adapters."
)
RESPONSE_COUNT = "Number of responses"
RESPONSE = "Response"
BASE_MODEL = "Base model"
NO_ADAPTER_YET = "Selected adapter (none yet)"
MERGED_ADAPTER = "Merged adapter (below)"
EMPTY_RESPONSE = "The response appears here"
STRENGTH, STRENGTH_INFO = "Strength", "0 = base, 1 = tuned"
ADAPTER_GONE = "The adapter of this response no longer exists or has not finished; choose another one."
ACTIVE_SITES = "Active sites"
ACTIVE_SITES_TITLE = "Active sites: deselected sites stay as in the base model"
ACTIVE_SITES_EMPTY = "The layers appear here when there is an adapter."
MERGE_TITLE = "Merged adapter"
MERGE_WORDS = (
    "A weighted sum of two adapters: 1 + w₁·(l₁ − 1) + w₂·(l₂ − 1). Choose “Merged adapter (below)” above a response to"
    " use it."
)
SECOND_ADAPTER, SECOND_ADAPTER_INFO = "Second adapter", "A run or an imported adapter of the same model"
FIRST_WEIGHT, SECOND_WEIGHT = "Weight of the selected adapter", "Weight of the second adapter"
TOKENS_TITLE = "Token probabilities"
TOKENS_EMPTY = "The tokens of the last responses appear here with their probabilities."
TOKENS_WORDS = "Hover over a token to see its most likely alternatives; the JSON file below has all values."
TOKENS_KEY = ("under 10 %", "10 to 50 %", "50 to 90 %", "90 % or more")
PRESET = "Preset"
TOP_K_INFO = "0 = off"
PENALTY, PENALTY_INFO = "Repetition penalty", "1 = off"
WEIGHTS = "Weights"
WEIGHTS_INFO = "Applies to the next message; int8 affects float32 models on a CPU only"
EXACT_WEIGHTS, ROUNDED_WEIGHTS = "exact", "float16 (as set by IA3_STUDIO_CHAT_WEIGHTS)"
INT8_WEIGHTS = "int8: faster, less exact"
PREPARING_INT8 = "Preparing int8 weights …"
DOCUMENT_TITLE = "Conversation"
SAVE_MARKDOWN, SAVE_JSON = "Download the conversation (Markdown)", "Download with token probabilities (JSON)"


def selected_adapter(name: str) -> str:
    """Return the selected adapter as a choice."""
    return f"{name} (selected)"


def merged_adapter(first: str, weight: float, second: str, other: float) -> str:
    """Return the name of a merged adapter."""
    return f"{weight:g} × {first} + {other:g} × {second}"


def speed(answer: Answer) -> str:
    """Return length, latency and speed of a response; nothing before its first token."""
    if not answer.tokens:
        return ""
    length = f"{plural(len(answer.tokens), 'token')} · first after {answer.time_to_first_token:.2f} s"
    rate = f" · {answer.tokens_per_second:.1f} tokens/s" if answer.tokens_per_second else ""
    cut = {"length": " · reached max new tokens", "context": " · the context window is full"}.get(answer.ended, "")
    dropped = (
        f" · {plural(answer.dropped_messages, 'earlier message')} dropped to fit the context"
        if answer.dropped_messages
        else ""
    )
    notes = "".join(f" · {note.rstrip('.')}" for note in answer.notes)
    return f"{length}{rate}{cut}{dropped}{notes}"


def shares(run: str, cores: int, threads: int) -> str:
    """Return the note that a run trains while the chat responds."""
    return f"“{run}” is training on this machine: responses use {threads} of its {cores} cores, and both are slower."


def shares_with(others: int) -> str:
    """Return the note that other conversations use the same copy of the model."""
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
    alternatives = ", ".join(f"{_visible(text)} {probability:.1%}" for text, probability in token.alternatives)
    title = escape(f"{_visible(token.text)} {token.probability:.1%}; most likely: {alternatives}", quote=True)
    lines = "<br>" if "\n" in token.text else ""
    grade = sum(token.probability >= bound for bound in _GRADES)
    return f"<span class='sure-{grade}' title='{title}'>{escape(_visible(token.text))}</span>{lines}"


def _visible(text: str) -> str:
    return text.replace("\n", "⏎").replace(" ", "·") if not text.strip() else text.replace("\n", "⏎")


def count_out_of_range(count: object, most: int) -> str:
    """Return the error for a number of responses that is not offered."""
    return f"{count} responses were requested; choose 1 to {most}."


def weight_out_of_range(weight: float, most: float) -> str:
    """Return the error for a weight of a merged adapter."""
    return f"The weight is {weight}; use a number from {-most:g} to {most:g}."


def strength_out_of_range(strength: float, most: float) -> str:
    """Return the error for a strength."""
    return f"The strength is {strength}; use a number from 0 to {most:g}."


_GRADES = (0.1, 0.5, 0.9)
