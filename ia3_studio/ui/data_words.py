"""The strings about data: findings in the rows, and the estimate of a run on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.findings import FEW_ROWS
from ia3_studio.ui.text import plural

if TYPE_CHECKING:
    from ia3_studio.data.findings import Findings
    from ia3_studio.data.split import DataSplit
    from ia3_studio.tasks.preview import Outlook, ShownRow

MOST_ROWS = 8
"""Row numbers that a sentence names."""
MOST_REASONS = 6
MOST_LABELS = 12
LABELS_LEARNED = "an encoder such as MiniLM with a new classification head; a chat model generates the label"
HEAD_LEARNED = {
    "words": "an encoder such as MiniLM with a new token classification head",
    "images": "a vision model such as ViT or ConvNeXt with a new classification head",
}
BALANCE = "Training rows per label"
BALANCE_COLUMNS = ("Label", "Rows")
WHY_SHOWN = {
    "asked": "Selected row",
    "first": "First row",
    "random": "Random row",
    "longest": "Longest row",
}


def data_facts(split: DataSplit) -> tuple[tuple[str, str], ...]:
    """Return source, columns, rows and labels of the data."""
    return (
        ("Data", split.description),
        ("Columns", str(split.mapping)),
        ("Rows", row_counts(len(split.train), len(split.held_out))),
        *(
            (("Read so far", f"{share(split.share)} of the file; a run reads the whole file"),)
            if split.share < 1
            else ()
        ),
        *_label_facts(split),
    )


def row_counts(training: int, held_out: int) -> str:
    """Return "36 training rows, 4 held-out rows"."""
    return f"{plural(training, 'training row')}, {plural(held_out, 'held-out row')}"


def skipped(count: int, reason: str, rows: Sequence[int]) -> str:
    """Return the sentence for rows that are skipped for one reason."""
    return f"{plural(count, 'skipped row')}: {reason} ({numbered(rows)})."


def skipped_for_others(count: int) -> str:
    """Return the sentence for skipped rows whose reasons are not listed."""
    return f"{plural(count, 'more skipped row')} for other reasons, listed in the file of skipped rows."


def labels_with_few(labels: int) -> str:
    """Return the beginning of the sentence for labels with few training rows."""
    return f"{plural(labels, 'label')} with fewer than {FEW_ROWS} training rows"


def truncated(rows: int, limit: int) -> str:
    """Return the beginning of the sentence for rows longer than Max length."""
    return f"{plural(rows, 'row')} truncated to Max length ({limit:,} tokens)"


def _label_facts(split: DataSplit) -> tuple[tuple[str, str], ...]:
    """Return the number of labels, the rows per label, and the models that can learn them."""
    from ia3_studio.data.labels import label_counts

    if split.mapping.kind not in ("labels", "tags", "pictures") or split.mapping.target == "number":
        return ()
    counts = label_counts(split.train)
    few, many = min(counts.values()), max(counts.values())
    rows = f"{few:,}" if few == many else f"{few:,} to {many:,}"
    what = {"tags": "words", "pictures": "images"}.get(split.mapping.kind, "rows")
    learned = LABELS_LEARNED if split.mapping.kind == "labels" else HEAD_LEARNED[what]
    return (("Labels", f"{len(counts):,}, {rows} {what} per label"), ("Models", learned))


def finding_sentences(found: Findings) -> Iterator[str]:
    """Yield a sentence for each problem in the data that the user may want to fix."""
    for reason in found.left_out[:MOST_REASONS]:
        yield skipped(len(reason.rows), reason.words, reason.rows)
    if more := sum(len(reason.rows) for reason in found.left_out[MOST_REASONS:]):
        yield skipped_for_others(more)
    if found.copies:
        spare = [(row, rows[0]) for rows in found.copies for row in rows[1:]]
        yield f"{plural(len(spare), 'duplicate training row')}: {_pairs(spare, 'same as')}."
    if found.contradictions:
        groups = "; ".join(numbered(rows) for rows in found.contradictions[:3])
        more_groups = " …" if len(found.contradictions) > 3 else ""
        questions = plural(len(found.contradictions), "question")
        yield f"{questions} with contradictory answers in the training rows: {groups}{more_groups}."
    if found.leaks:
        rows, pairs = plural(len(found.leaks), "held-out row"), _pairs(found.leaks, "same as")
        yield f"{rows} with the prompt of a training row, so their score measures memorization (leak): {pairs}."
    if found.nearly_empty:
        named = "; ".join(f"{label} ({numbered(rows)})" for label, rows in found.nearly_empty[:MOST_ROWS])
        more_labels = " …" if len(found.nearly_empty) > MOST_ROWS else ""
        yield f"{labels_with_few(len(found.nearly_empty))}, which is rarely enough to learn: {named}{more_labels}."


def numbered(rows: Sequence[int]) -> str:
    """Return the first few row numbers: "rows 1, 2 and 3 more"."""
    first = ", ".join(f"{row:,}" for row in rows[:MOST_ROWS])
    more = f" and {len(rows) - MOST_ROWS:,} more" if len(rows) > MOST_ROWS else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {first}{more}"


def _pairs(pairs: Sequence[tuple[int, int]], word: str) -> str:
    first = ", ".join(f"{row:,} ({word} {other:,})" for row, other in pairs[:MOST_ROWS])
    return f"rows {first}" + (f" and {len(pairs) - MOST_ROWS:,} more" if len(pairs) > MOST_ROWS else "")


def balance_rows(balance: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    """Return the most frequent labels with their rows, and the others together."""
    rows = [(label, f"{count:,}") for label, count in balance[:MOST_LABELS]]
    rest = balance[MOST_LABELS:]
    if rest:
        few, many = rest[-1][1], rest[0][1]
        each = f"{few:,}" if few == many else f"{few:,} to {many:,}"
        rows.append((f"{len(rest):,} more", f"{each} each"))
    return rows


def outlook_facts(found: Outlook) -> tuple[tuple[str, str], ...]:
    """Return steps, tokens, lengths, time and memory of a run."""
    lengths, expected = sorted(found.learned.lengths), found.forecast
    spread = f"{lengths[0]:,} to {lengths[-1]:,} tokens, median {lengths[len(lengths) // 2]:,}"
    counted = f"{len(lengths):,} of {found.learned.of:,} rows, evenly sampled" if not found.learned.is_whole else ""
    facts = (
        ("Steps", f"{expected.steps:,}"),
        ("Tokens", f"{expected.tokens:,} in total, {_learned(found)} of them trained"),
        ("Lengths", f"{spread}; Max length is {found.learned.limit:,}"),
        ("Sample", counted),
        ("Time", f"about {duration(expected.seconds)} on this computer without other load"),
        ("Memory", f"about {expected.memory / 1e9:.1f} GB peak"),
    )
    return tuple((name, value) for name, value in facts if value)


def _learned(found: Outlook) -> str:
    """Return the share of tokens that are trained; "none" for a classifier."""
    return share(found.learned.learned / found.learned.tokens) if found.learned.learned else "none"


def share(part: float) -> str:
    """Return a share in percent, also for small shares.

    Example:
        >>> share(0.56), share(0.0021), share(1e-6)
        ('56%', '0.2%', 'below 0.1%')
    """
    return f"{part:.0%}" if part >= 0.1 else f"{part:.1%}" if part >= 0.001 else "below 0.1%"


def duration(seconds: float) -> str:
    """Return an estimated time, rounded.

    Example:
        >>> duration(47), duration(430), duration(9000)
        ('50 s', '7 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(round(seconds, -1), 10):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def outlook_sentences(found: Outlook) -> Iterator[str]:
    """Yield a sentence for each problem of the rows with Max length or the chat template of the model."""
    cut = [*found.learned.cut, *found.measured.cut]
    limit = found.learned.limit
    if found.shortened:
        yield found.shortened
    if cut:
        way_out = "skip long rows on the Train tab, or shorten them"
        if not found.shortened:
            way_out = "increase Max length or skip long rows on the Train tab"
        yield f"{truncated(len(cut), limit)}: {numbered(cut)}; {way_out}."
    silent = [] if found.shown and found.shown[0].seen.labels else _silent(found)
    if silent:
        yield f"{plural(len(silent), 'row')} without a trained token within Max length: {numbered(silent)}."
    refused = [*found.learned.refused, *found.measured.refused]
    if refused:
        row, why = refused[0]
        yield f"{plural(len(refused), 'row')} not usable with this model; row {row:,}: {why}"
    if found.refused:
        yield found.refused
    noted: dict[str, list[int]] = {}
    for seen in (*found.learned.seen, *found.measured.seen):
        for note in seen.notes:
            noted.setdefault(note, []).append(seen.row)
    for note, rows in noted.items():
        yield f"{plural(len(rows), 'row')} ({numbered(rows)}): {note}."


def _silent(found: Outlook) -> list[int]:
    return [seen.row for seen in found.learned.seen if not seen.learned]


def example_of(why: str, row: int) -> str:
    """Return the beginning of the heading of an example: "Longest row (12)"."""
    return f"{WHY_SHOWN[why]} ({row:,})"


def shown_title(shown: ShownRow) -> str:
    """Return the heading of an example of the token preview."""
    seen = shown.seen
    tokens = f"{seen.tokens:,} tokens"
    fate = f"label {', '.join(seen.labels)}" if seen.labels else f"{seen.learned:,} of them trained"
    cut = f", {seen.tokens - seen.kept:,} beyond Max length" if seen.is_cut else ""
    return f"{example_of(shown.why, seen.row)}: {tokens}{cut}, {fate}"
