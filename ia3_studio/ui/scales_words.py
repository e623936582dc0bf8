"""What do the cards of the Scales tab say? Shapes, two adapters side by side, parts, channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.ui.text import escape

if TYPE_CHECKING:
    from ia3_studio.insight.max_activating import Excited, Spoken

SHAPE = "Show as"
HISTOGRAM, SORTED, BY_ROLE, BY_LAYER = "Histogram", "Sorted curve", "By role", "By layer"
SHAPES = (HISTOGRAM, SORTED, BY_ROLE, BY_LAYER)
PICK = "Click a cell of the map to see its numbers here."

BESIDE_TITLE = "Beside another adapter"
BESIDE_WORDS = "Did two runs learn the same? Difference and cosine of what moved, site by site."
BESIDE_OTHER = "Compare with"
BESIDE_NONE = "There is no second adapter of this model yet."
BESIDE_TABLE, BESIDE_CSV = "Every site as a table", "Download the comparison (CSV)"

PARTS_TITLE = "Which parts matter?"
PARTS_WORDS = (
    "The held-out loss without each role and layer, with nothing but it, and with only the largest numbers. It is"
    " measured in the background, once for each adapter; with the demo it takes two to four minutes."
)
PARTS_START = "Measure"
PARTS_NO_RUN = "Only the adapter of a run can be measured: an imported one brings no held-out rows."
PARTS_LATER = "The parts can be measured when the run has ended."
PARTS_READY = "Nothing has been measured yet."
PARTS_TABLE, PARTS_CSV = "All numbers as a table", "Download all numbers (CSV)"
KEEP, KEEP_INFO = "Keep the largest (%)", "All other numbers become 1"
SAVE_PRUNED = "Save the pruned adapter"

CHANNEL_TITLE = "What goes with a channel?"
CHANNEL_WORDS = (
    "Tokens at which the channel is loudest in the base model, and for feed-forward channels the words its output"
    " speaks for. This is correlation, not an explanation."
)
CHANNEL_SITE, CHANNEL_NUMBER = "Site", "Channel"
CHANNEL_TEXTS, CHANNEL_TEXTS_INFO = "Texts to read", "One a line; empty: rows that the run learned from"
CHANNEL_LOOK = "Look"
NO_TEXTS = "There is no text to read; write some, one a line."
READING = "Reading texts: {done} of {of}"
LOUDEST, SPOKEN_FOR, SPOKEN_AGAINST = "Loudest at", "Speaks for", "Speaks against"
BY_HEAD = "Sum of (scale − 1) by head"


def measuring(share: float) -> str:
    """Say how far the measuring of parts is."""
    return f"Measuring the parts: {share:.0%}. You may leave this page; it goes on."


def saved_pruned(percent: float, numbers: int) -> str:
    """Say that a pruned adapter is shown."""
    return f"The adapter with its largest {percent:g} % ({numbers:,} numbers) is saved and shown on every tab."


def channel_found(excited: Sequence[Excited], spoken: tuple[Sequence[Spoken], Sequence[Spoken]] | None) -> str:
    """Return what goes with a channel."""
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
    """Say what was learned for a channel."""
    how = "amplified" if scale > 1 else "inhibited" if scale < 1 else "left as it was"
    return f"Channel {channel} of {site} is {how}: its scale is {scale:.4f}."


def _chip(word: Spoken) -> str:
    shown = word.token.replace("\n", "⏎").strip() or "␣"
    return f"<span dir='auto' title='{word.weight:+.3f}'>{escape(shown)}</span>"
