"""The words of the cards on the Scales tab: plots, comparison of adapters, ablation, channel inspector."""

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

BESIDE_TITLE = "Compare adapters"
BESIDE_WORDS = "Difference and cosine similarity of the learned changes of two adapters, for each site."
BESIDE_OTHER = "Second adapter"
BESIDE_NONE = "There is no second adapter of this model yet."
BESIDE_TABLE, BESIDE_CSV = "Table of all sites", "Download the comparison (CSV)"

PARTS_TITLE = "Ablation"
PARTS_WORDS = (
    "The held-out loss without each role and layer, with only that role or layer, and with only the largest deviations"
    " from 1. It runs in the background, once per adapter; two to four minutes for the demo."
)
PARTS_START = "Run the ablation"
PARTS_NO_RUN = "The ablation needs the adapter of a run: an imported adapter has no held-out rows."
PARTS_LATER = "The ablation can be run when the run has ended."
PARTS_READY = "The ablation has not been run yet."
PARTS_TABLE, PARTS_CSV = "Table of the ablation", "Download the ablation (CSV)"
KEEP, KEEP_INFO = "Largest deviations to keep (%)", "All other scales are set to 1"
SAVE_PRUNED = "Save the pruned adapter"
PRUNE_EMPTY = "There is no adapter to prune; train one or select another run."

CHANNEL_TITLE = "Channel inspector"
CHANNEL_WORDS = (
    "The max-activating tokens of a channel in the base model; for feed-forward channels also the tokens that its"
    " output promotes or suppresses. These are correlations, not explanations."
)
CHANNEL_SITE, CHANNEL_NUMBER = "Site", "Channel"
CHANNEL_TEXTS, CHANNEL_TEXTS_INFO = "Texts", "One per line; empty: training rows of the run"
CHANNEL_LOOK = "Inspect"
NO_TEXTS = "There are no texts to inspect; enter some, one per line."
READING = "Processed {done} of {of} texts"
LOUDEST, SPOKEN_FOR, SPOKEN_AGAINST = "Max-activating tokens", "Promotes", "Suppresses"
BY_HEAD = "Sum of (scale − 1) per head"
HEAD_COLUMNS = ("Head", BY_HEAD)


def measuring(share: float) -> str:
    """Return the progress of an ablation."""
    return f"Running the ablation: {share:.0%}. You can leave this page; it continues."


def saved_pruned(percent: float, numbers: int) -> str:
    """Return the note that the pruned adapter is selected."""
    return (
        f"The pruned adapter with the largest {percent:g} % of the deviations ({numbers:,} parameters) was saved and is"
        " selected on every tab."
    )


def channel_found(
    excited: Sequence[MaxActivation], spoken: tuple[Sequence[TokenWeight], Sequence[TokenWeight]] | None
) -> str:
    """Return the tokens that a channel is associated with."""
    lines = "".join(
        f"<li><b>{each.activation:+.2f}</b> <span dir='auto'>{escape(each.before)}<mark>{escape(each.token)}</mark>"
        f"{escape(each.after)}</span></li>"
        for each in excited
    )
    parts = [f"<section class='loudest'><h3>{LOUDEST}</h3><ol>{lines}</ol></section>"]
    if spoken:
        parts += [
            f"<section class='spoken'><h3>{title}</h3><p>{''.join(_chip(each) for each in words)}</p></section>"
            for title, words in zip((SPOKEN_FOR, SPOKEN_AGAINST), spoken, strict=True)
        ]
    return "".join(parts)


def scale_of(site: str, channel: int, scale: float) -> str:
    """Return the scale of a channel as a sentence."""
    how = "amplified" if scale > 1 else "inhibited" if scale < 1 else "unchanged"
    return f"Channel {channel} of {site} is {how}: its scale is {scale:.4f}."


def _chip(word: TokenWeight) -> str:
    shown = word.token.replace("\n", "⏎").strip() or "␣"
    return f"<span dir='auto' title='{word.weight:+.3f}'>{escape(shown)}</span>"
