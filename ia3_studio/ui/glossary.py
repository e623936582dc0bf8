"""What do the words of the page mean? Explanations that open at a word, by mouse, touch and keyboard.

Each explanation is one element of the page, a native popover; the word is a button that opens it, and Escape closes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

TERMS: Mapping[str, str] = {
    "adapter": "The trained vectors of scales and what is needed to load them. The base model's weights are not part of"
    " it and do not change.",
    "channel": "One component of a layer's activation, for example one of the 576 values that a projection computes for"
    " each token. (IA)³ trains one scale for it.",
    "conversation": "A list of turns, each with a role such as user or assistant. The assistant's turns are trained.",
    "held-out": "Rows that are not trained on. The loss on them shows whether the model learned more than its training"
    " rows.",
    "hyperparameter": "A setting of the training, such as the learning rate or the number of epochs.",
    "interval": "A 95 % confidence interval: if it excludes 0, the difference is unlikely to be chance.",
    "nats": "Unit of the loss: the mean negative natural logarithm of the probability that the model gives to each"
    " correct token. 0 is certainty; a random guess among 49,152 tokens has 10.8.",
    "neutral text": "General English paragraphs that have nothing to do with your data. A higher loss on them means"
    " that the model forgot something.",
    "perplexity": "e to the power of the loss: the number of equally likely tokens that the model hesitates between.",
    "preset": "A selection of modules, or a group of settings, that has a name.",
    "role": "What a module's output is used for: attention key, attention value, or intermediate activation of the"
    " feed-forward network. It is detected by tracing the data flow.",
    "run": "One training job with its settings, curves, evaluation and adapter. It continues when this page is closed.",
    "scale": "A trained factor that multiplies one channel. It starts at 1, which changes nothing.",
    "strength": "How much of the adapter is applied: 0 is the base model, 1 the tuned model, 1.5 extrapolates.",
    "target module": "A layer of the model whose output or input is multiplied by a trained vector.",
    "token": "A piece of text, often a word or a part of one, that the model reads as one unit.",
    "verdict": "Whether training helped: the difference to the base model on held-out rows with its interval, and"
    " whether the model forgot anything.",
}
"""A word, and what it means; the plural is recognized."""

_WORD = re.compile(rf"\b({'|'.join(map(re.escape, sorted(TERMS, key=len, reverse=True)))})(s?)\b", re.IGNORECASE)


def linked(words: str) -> str:
    """Return our own words as HTML; each word of the glossary explains itself where it first occurs."""
    known: set[str] = set()

    def button(match: re.Match[str]) -> str:
        term = match[1].lower()
        if term in known:
            return match[0]
        known.add(term)
        return f"<button type='button' class='term' popovertarget='{_id(term)}'>{match[0]}</button>"

    return _WORD.sub(button, escape(words, quote=False))


def explanations() -> str:
    """Return the explanations, each hidden until its word is clicked."""
    return "".join(
        f"<div popover class='term-words' id='{_id(term)}' role='note'>"
        f"<b>{escape(term)}</b><p>{escape(words)}</p></div>"
        for term, words in TERMS.items()
    )


def _id(term: str) -> str:
    return f"term-{term.replace(' ', '-')}"
