"""What does the page say of data: of what was found in them, and of what a run on them would take?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.findings import FEW_ROWS
from ia3_studio.ui.text import plural

if TYPE_CHECKING:
    from ia3_studio.data.findings import Findings
    from ia3_studio.data.split import DataSplit
    from ia3_studio.tasks.preview import RunPreview, ShownRow

MOST_ROWS = 8
"""Row numbers that a sentence names."""
MOST_REASONS = 6
MOST_LABELS = 12
LABELS_LEARNED = "an encoder such as MiniLM through a new head; a chat model answers with the label"
HEAD_LEARNED = {
    "words": "an encoder such as MiniLM, through a new head for words",
    "pictures": "a vision model such as ViT or ConvNeXt, through a new head",
}
BALANCE = "Rows to learn of each label"
BALANCE_COLUMNS = ("Label", "Rows")
WHY_SHOWN = {
    "asked": "The example asked for",
    "first": "The first",
    "random": "One at random",
    "longest": "The longest",
}


def data_facts(split: DataSplit) -> tuple[tuple[str, str], ...]:
    """Return what was found in the data."""
    return (
        ("Data", split.description),
        ("Columns", str(split.mapping)),
        ("Rows", f"{len(split.train):,} to learn, {len(split.held_out):,} only measured"),
        *((("Looked at", f"{share(split.share)} of the file; a run reads all of it"),) if split.share < 1 else ()),
        *_label_facts(split),
    )


def _label_facts(split: DataSplit) -> tuple[tuple[str, str], ...]:
    """Return how many labels there are, how many rows have each, and what a model learns of them."""
    from ia3_studio.data.labels import label_counts

    if split.mapping.kind not in ("labels", "tags", "pictures") or split.mapping.target == "number":
        return ()
    counts = label_counts(split.train)
    few, many = min(counts.values()), max(counts.values())
    rows = f"{few:,}" if few == many else f"{few:,} to {many:,}"
    what = {"tags": "words", "pictures": "pictures"}.get(split.mapping.kind, "rows")
    learned = LABELS_LEARNED if split.mapping.kind == "labels" else HEAD_LEARNED[what]
    return (("Labels", f"{len(counts):,}, with {rows} {what} each"), ("Learned by", learned))


def finding_sentences(found: Findings) -> Iterator[str]:
    """Yield a sentence for everything in the data that a person may want to mend."""
    for reason in found.left_out[:MOST_REASONS]:
        verb = "row is" if len(reason.rows) == 1 else "rows are"
        yield f"{len(reason.rows):,} {verb} left out: {reason.words} ({numbered(reason.rows)})."
    if more := sum(len(reason.rows) for reason in found.left_out[MOST_REASONS:]):
        yield f"{plural(more, 'more row')} left out for other reasons, which the file of rows left out lists."
    if found.copies:
        spare = [(row, rows[0]) for rows in found.copies for row in rows[1:]]
        yield f"Of the rows to learn, {len(spare):,} only say what another one says: {_beside(spare, 'as')}."
    if found.contradictions:
        groups = "; ".join(numbered(rows) for rows in found.contradictions[:3])
        more_groups = " …" if len(found.contradictions) > 3 else ""
        questions = plural(len(found.contradictions), "question")
        yield f"To {questions} there is more than one answer to learn: {groups}{more_groups}."
    if found.leaks:
        rows, pairs = plural(len(found.leaks), "held-out row"), _beside(found.leaks, "as")
        yield f"In {rows} the question is that of a row to learn, so that memory is measured: {pairs}."
    if found.nearly_empty:
        named = "; ".join(f"{label} ({numbered(rows)})" for label, rows in found.nearly_empty[:MOST_ROWS])
        more_labels = " …" if len(found.nearly_empty) > MOST_ROWS else ""
        labels = plural(len(found.nearly_empty), "label")
        few = f"fewer than {FEW_ROWS} rows"
        yield f"There are {few} to learn for {labels}, which is hardly enough: {named}{more_labels}."


def numbered(rows: Sequence[int]) -> str:
    """Return the numbers of rows, the first few of them."""
    first = ", ".join(f"{row:,}" for row in rows[:MOST_ROWS])
    more = f" and {len(rows) - MOST_ROWS:,} more" if len(rows) > MOST_ROWS else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {first}{more}"


def _beside(pairs: Sequence[tuple[int, int]], word: str) -> str:
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


def outlook_facts(found: RunPreview) -> tuple[tuple[str, str], ...]:
    """Return what a run would see and take."""
    lengths, expected = sorted(found.learned.lengths), found.forecast
    spread = f"{lengths[0]:,} to {lengths[-1]:,} tokens, half of the rows up to {lengths[len(lengths) // 2]:,}"
    counted = f"{len(lengths):,} of {found.learned.of:,} rows, spread evenly" if not found.learned.is_whole else ""
    facts = (
        ("Steps", f"{expected.steps:,}"),
        ("Tokens", f"{expected.tokens:,} in all, {_learned(found)} of them learned"),
        ("Lengths", f"{spread}; the limit is {found.learned.limit:,}"),
        ("Counted on", counted),
        ("Time", f"about {duration(expected.seconds)} on this computer, when it does nothing else"),
        ("Memory", f"about {expected.memory / 1e9:.1f} GB at its peak"),
    )
    return tuple((name, value) for name, value in facts if value)


def _learned(found: RunPreview) -> str:
    """Return the share of tokens that are learned; of a classifier none is."""
    return share(found.learned.learned / found.learned.tokens) if found.learned.learned else "none"


def share(part: float) -> str:
    """Return a share in per cent, a small one too.

    Example:
        >>> share(0.56), share(0.0021), share(1e-6)
        ('56%', '0.2%', 'under 0.1%')
    """
    return f"{part:.0%}" if part >= 0.1 else f"{part:.1%}" if part >= 0.001 else "under 0.1%"


def duration(seconds: float) -> str:
    """Return a time of which only the size is known.

    Example:
        >>> duration(47), duration(430), duration(9000)
        ('50 s', '7 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(round(seconds, -1), 10):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def outlook_sentences(found: RunPreview) -> Iterator[str]:
    """Yield a sentence for everything about the rows that the limit or the model's template takes away."""
    cut = [*found.learned.cut, *found.measured.cut]
    limit = found.learned.limit
    if found.shortened:
        yield found.shortened
    if cut:
        way_out = "let longer rows be left out on the Train tab, or shorten them"
        if not found.shortened:
            way_out = "raise Max length on the Train tab, or let longer rows be left out there"
        yield f"The limit of {limit:,} tokens cuts a part off {plural(len(cut), 'row')} ({numbered(cut)}); {way_out}."
    silent = [] if found.shown and found.shown[0].seen.labels else _silent(found)
    if silent:
        yield f"Nothing that could be learned is within the limit in {plural(len(silent), 'row')}: {numbered(silent)}."
    refused = [*found.learned.refused, *found.measured.refused]
    if refused:
        row, why = refused[0]
        yield f"This model cannot use {plural(len(refused), 'row')}; row {row:,}: {why}"
    if found.refused:
        yield found.refused
    noted: dict[str, list[int]] = {}
    for seen in (*found.learned.seen, *found.measured.seen):
        for note in seen.notes:
            noted.setdefault(note, []).append(seen.row)
    for note, rows in noted.items():
        yield f"{plural(len(rows), 'row')} ({numbered(rows)}): {note}."


def _silent(found: RunPreview) -> list[int]:
    return [seen.row for seen in found.learned.seen if not seen.learned]


def shown_title(shown: ShownRow) -> str:
    """Return the heading of an example as the model sees it."""
    seen = shown.seen
    tokens = f"{seen.tokens:,} tokens"
    fate = f"to be sorted into {', '.join(seen.labels)}" if seen.labels else f"{seen.learned:,} of them learned"
    cut = f", {seen.tokens - seen.kept:,} beyond the limit" if seen.is_cut else ""
    return f"{WHY_SHOWN[shown.why]}: row {seen.row:,}, {tokens}{cut}, {fate}"
