"""The strings of the cards on the Scales tab: plots, comparison of adapters, ablation, channel inspector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.ui.text import escape

if TYPE_CHECKING:
    from ia3_studio.insight.max_activating import MaxActivation, TokenWeight

SHAPE = "Plot"
HISTOGRAM, SORTED, BY_ROLE, BY_LAYER = "Histogram", "Sorted curve", "By role", "By layer"
SHAPES = (HISTOGRAM, SORTED, BY_ROLE, BY_LAYER)
PICK = "Click a cell of the map to show its site."

COMPARE_TITLE = "Compare adapters"
COMPARE_WORDS = "Difference and cosine similarity of the learned changes of two adapters, for each site."
SECOND_ADAPTER = "Second adapter"
NO_SECOND_ADAPTER = "There is no second adapter of this model yet."
COMPARE_TABLE, COMPARE_CSV = "Table of all sites", "Download the comparison (CSV)"

ABLATION_TITLE = "Ablation"
ABLATION_WORDS = (
    "The held-out loss without each role and layer, with only that role or layer, and with only the largest deviations"
    " from 1. It runs in the background, once per adapter; two to four minutes for the demo."
)
ABLATION_START = "Run the ablation"
ABLATION_NO_RUN = "The ablation needs the adapter of a run: an imported adapter has no held-out rows."
ABLATION_LATER = "The ablation can be run when the run has ended."
ABLATION_READY = "The ablation has not been run yet."
ABLATION_TABLE, ABLATION_CSV = "Table of the ablation", "Download the ablation (CSV)"
KEEP, KEEP_INFO = "Largest deviations to keep (%)", "All other scales are set to 1"
SAVE_PRUNED = "Save the pruned adapter"
NOTHING_TO_PRUNE = "There is no adapter to prune; train one or select another run."

CHANNEL_TITLE = "Channel inspector"
CHANNEL_WORDS = (
    "The max-activating tokens of a channel in the base model; for feed-forward channels also the tokens that its"
    " output promotes or suppresses. These are correlations, not explanations."
)
CHANNEL_SITE, CHANNEL_NUMBER = "Site", "Channel"
CHANNEL_TEXTS, CHANNEL_TEXTS_INFO = "Texts", "One per line; empty: training rows of the run"
CHANNEL_INSPECT = "Inspect"
NO_TEXTS = "There are no texts to inspect; enter some, one per line."
READING = "Processed {done} of {of} texts"
MAX_ACTIVATING, PROMOTES, SUPPRESSES = "Max-activating tokens", "Promotes", "Suppresses"
BY_HEAD = "Sum of (scale − 1) per head"
HEAD_COLUMNS = ("Head", BY_HEAD)


def ablation_progress(share: float) -> str:
    """Return the progress of an ablation."""
    return f"Running the ablation: {share:.0%}. You can leave this page; it continues."


def saved_pruned(percent: float, parameters: int) -> str:
    """Return the note that the pruned adapter is selected."""
    return (
        f"The pruned adapter with the largest {percent:g} % of the deviations ({parameters:,} parameters) was saved and"
        " is selected on every tab."
    )


def channel_found(
    activations: Sequence[MaxActivation], logits: tuple[Sequence[TokenWeight], Sequence[TokenWeight]] | None
) -> str:
    """Return the tokens that a channel is associated with."""
    lines = "".join(
        f"<li><b>{each.activation:+.2f}</b> <span dir='auto'>{escape(each.before)}<mark>{escape(each.token)}</mark>"
        f"{escape(each.after)}</span></li>"
        for each in activations
    )
    parts = [f"<section class='max-activating'><h3>{MAX_ACTIVATING}</h3><ol>{lines}</ol></section>"]
    if logits:
        parts += [
            f"<section class='logit-lens'><h3>{title}</h3><p>{''.join(_chip(each) for each in tokens)}</p></section>"
            for title, tokens in zip((PROMOTES, SUPPRESSES), logits, strict=True)
        ]
    return "".join(parts)


def scale_of(site: str, channel: int, scale: float) -> str:
    """Return the scale of a channel as a sentence."""
    change = "amplified" if scale > 1 else "inhibited" if scale < 1 else "unchanged"
    return f"Channel {channel} of {site} is {change}: its scale is {scale:.4f}."


def _chip(found: TokenWeight) -> str:
    token = found.token.replace("\n", "⏎").strip() or "␣"
    return f"<span dir='auto' title='{found.weight:+.3f}'>{escape(token)}</span>"
