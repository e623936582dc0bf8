"""The strings of the Scales tab: plots, adapter comparison, ablation, channel inspector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.ui.text import REPLAY, escape, plural

if TYPE_CHECKING:
    from ia3_studio.insight.meaning import Excited, Spoken

SHAPE = "Plot"
HISTOGRAM, SORTED, BY_ROLE, BY_LAYER = "Histogram", "Sorted curve", "By role", "By layer"
SHAPES = (HISTOGRAM, SORTED, BY_ROLE, BY_LAYER)
PICK = "Click a cell of the heatmap to see its scales here."

BESIDE_TITLE = "Compare adapters"
BESIDE_WORDS = "Difference and cosine similarity of the deviations from 1, per site."
BESIDE_OTHER = "Second adapter"
BESIDE_NONE = "There is no second adapter of this model yet; train or import one."
BESIDE_TABLE, BESIDE_CSV = "Table of all sites", "Download the comparison (CSV)"

PARTS_TITLE = "Ablation"
PARTS_WORDS = (
    "The held-out loss without each role and layer, with only that role or layer, and with only the largest scales. It"
    " runs in the background, once per adapter; the demo takes two to four minutes."
)
PARTS_START = "Run the ablation"
PARTS_NO_RUN = "The ablation needs the adapter of a run: an imported adapter has no held-out rows."
PARTS_LATER = "The ablation is available when the run has ended."
MEASURING = "Running the ablation"
PARTS_READY = "The ablation has not been run yet."
PARTS_TABLE, PARTS_CSV = "Table of the results", "Download the results (CSV)"
KEEP, KEEP_INFO = "Scales to keep (%)", "Share of the scales furthest from 1 to keep; all others are set to 1"
SAVE_PRUNED = "Save the pruned adapter"
PRUNE_EMPTY = "There is no adapter to prune; train one or select another run."

CHANNEL_TITLE = "Channel inspector"
CHANNEL_WORDS = (
    "Tokens with the largest activation of the channel in the base model, and for feed-forward channels the tokens its"
    " output promotes or suppresses. This is correlation, not an explanation."
)
CHANNEL_SITE, CHANNEL_NUMBER = "Site", "Channel"
CHANNEL_TEXTS, CHANNEL_TEXTS_INFO = "Texts", "One per line; empty = training rows of the run"
CHANNEL_LOOK = "Inspect"
NO_TEXTS = "There are no texts to inspect; enter some, one per line."
READING = "Processing texts: {done} of {of}"
LOUDEST, SPOKEN_FOR, SPOKEN_AGAINST = "Max-activating tokens", "Promotes", "Suppresses"
HEAD, BY_HEAD = "Head", "Sum of (scale − 1) per head"


def replayed(step: int, place: int, count: int) -> str:
    """Name the snapshot of a run that is plotted, counted from 1."""
    return f"{REPLAY}: step {step:,}, snapshot {place:,} of {count:,}"


def measuring(share: float) -> str:
    """Return the progress of the ablation."""
    return f"{MEASURING}: {share:.0%}. You can leave this page; the ablation continues."


def saved_pruned(percent: float, numbers: int) -> str:
    """Say that a pruned adapter was saved and selected."""
    return f"The pruned adapter ({percent:g}% of the scales, {plural(numbers, 'parameter')}) was saved and selected."


def channel_found(excited: Sequence[Excited], spoken: tuple[Sequence[Spoken], Sequence[Spoken]] | None) -> str:
    """Return max-activating, promoted and suppressed tokens of a channel."""
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
    """Return the scale of a channel."""
    how = "amplified" if scale > 1 else "inhibited" if scale < 1 else "unchanged"
    return f"Channel {channel} of {site} is {how}: its scale is {scale:.4f}."


def _chip(word: Spoken) -> str:
    shown = word.token.replace("\n", "⏎").strip() or "␣"
    return f"<span dir='auto' title='{word.weight:+.3f}'>{escape(shown)}</span>"
