"""The words of the Data tab: what was found in the data, and what a run on them needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.findings import FEW_ROWS
from ia3_studio.data.parsing import shown_names
from ia3_studio.ui.text import plural

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.findings import Findings
    from ia3_studio.data.other_readings import Reading
    from ia3_studio.data.split import DataSplit
    from ia3_studio.tasks.preview import RunPreview, ShownRow

MOST_ROWS = 8
"""Row numbers named in a sentence."""
MOST_REASONS = 6
MOST_LABELS = 12
NO_HEADER = "no header row"
_EXAMPLE = 60
"""Characters of an example that are shown of a way to read data."""
MODELS_FOR_LABELS = "encoders such as MiniLM, with a new classification head; chat models, which generate the label"
MODELS_FOR_KIND = {
    "tags": "encoders such as MiniLM, with a new token classification head",
    "pictures": "vision models such as ViT or ConvNeXt, with a new classification head",
}
LABELED = {"tags": "words", "pictures": "images"}
BALANCE = "Training rows per label"
BALANCE_COLUMNS = ("Label", "Rows")
STEPS = "Steps"
TRUNCATES = "Max length ({limit:,} tokens) truncates"
BEYOND = "beyond Max length"
WHY_SHOWN = {
    "asked": "Chosen example",
    "first": "First example",
    "random": "Random example",
    "longest": "Longest example",
}


def data_facts(split: DataSplit) -> tuple[tuple[str, str], ...]:
    """Return name and value of what was found in the data."""
    return (
        ("Data", split.description),
        ("Columns", str(split.mapping)),
        *((("Not used", shown_names(split.unused)),) if split.unused else ()),
        ("Rows", rows_of(len(split.train), len(split.held_out))),
        *((("Preview", f"{share(split.share)} of the file; a run reads the whole file"),) if split.share < 1 else ()),
        *_label_facts(split),
        *(("Note", note) for note in split.notes),
    )


def rows_of(train: int, held_out: int) -> str:
    """Return how many rows are used for training and for evaluation."""
    return f"{plural(train, 'training row')}, {plural(held_out, 'held-out row')}"


def _label_facts(split: DataSplit) -> tuple[tuple[str, str], ...]:
    """Return how many labels there are, how many rows each has, and which models can learn them."""
    from ia3_studio.data.labels import label_counts

    if split.mapping.kind not in ("labels", "tags", "pictures") or split.mapping.target == "number":
        return ()
    counts = label_counts(split.train)
    models = MODELS_FOR_LABELS if split.mapping.kind == "labels" else MODELS_FOR_KIND[split.mapping.kind]
    return (("Labels", labels_of(split.mapping.kind, list(counts.values()))), ("Models", models))


def labels_of(kind: str, counts: Sequence[int]) -> str:
    """Return how many labels there are, and how many rows, words or images each has."""
    few, many = min(counts), max(counts)
    each = f"{few:,}" if few == many else f"{few:,} to {many:,}"
    of_what = LABELED.get(kind, "rows")
    return f"{len(counts):,}, {each} {of_what.removesuffix('s') if many == 1 else of_what} each"


def reading_words(reading: Reading) -> str:
    """Return what another way to read data is, and its first example: "text → text, topic → label: “Late?” → fees"."""
    found = reading.parsing
    place = (found.rows or found.sheet or found.speaker or (NO_HEADER if found.header == 0 else "")) if found else ""
    return f"{f'{place}: ' if place else ''}{reading.mapping}: {_shown_example(reading.example)}"


def _shown_example(example: Example) -> str:
    """Return what is asked first and what follows, or the only text."""
    if not (example.messages or example.labels):
        return _quoted(example.text)
    turns = example.turns
    begin = next((place for place, turn in enumerate(turns) if turn.role == "user"), 0)
    return " → ".join(_quoted(turn.content) for turn in turns[begin : begin + 2])


def _quoted(words: str) -> str:
    short = " ".join(words[: 2 * _EXAMPLE].split())
    return f"“{short if len(short) <= _EXAMPLE else f'{short[:_EXAMPLE]}…'}”"


def finding_sentences(found: Findings) -> Iterator[str]:
    """Yield a sentence for each problem in the data that may need a fix."""
    for reason in found.left_out[:MOST_REASONS]:
        yield f"{_are(len(reason.rows), 'row')} skipped: {reason.words} ({numbered(reason.rows)})."
    if more := sum(len(reason.rows) for reason in found.left_out[MOST_REASONS:]):
        yield f"{_are(more, 'more row')} skipped for other reasons; the file of skipped rows lists them."
    if found.copies:
        spare = [(row, rows[0]) for rows in found.copies for row in rows[1:]]
        yield f"Duplicates: {_are(len(spare), 'training row')} the same as another one: {_pairs(spare)}."
    if found.contradictions:
        groups = "; ".join(numbered(rows) for rows in found.contradictions[:3])
        more_groups = " …" if len(found.contradictions) > 3 else ""
        prompts = _have(len(found.contradictions), "prompt")
        yield f"Contradictions: {prompts} different answers in the training rows: {groups}{more_groups}."
    if found.leaks:
        rows = _have(len(found.leaks), "held-out row")
        yield f"Leaks: {rows} the prompt of a training row, so memorization is measured: {_pairs(found.leaks)}."
    if found.nearly_empty:
        named = "; ".join(f"{label} ({numbered(rows)})" for label, rows in found.nearly_empty[:MOST_ROWS])
        more_labels = " …" if len(found.nearly_empty) > MOST_ROWS else ""
        labels = _have(len(found.nearly_empty), "label")
        yield f"Rare labels: {labels} fewer than {FEW_ROWS} training rows: {named}{more_labels}."


def checked_part(split: DataSplit) -> Iterator[str]:
    """Yield what was checked for duplicates, leaks and the like, where that is not the whole file."""
    if split.share < 1:
        rows = plural(len(split.train) + len(split.held_out), "row")
        yield (
            f"{rows}, {share(split.share)} of the file, are checked for duplicates, leaks, contradictions and rare "
            "labels; those of the other rows are not shown here."
        )


def _are(count: int, thing: str) -> str:
    return f"{plural(count, thing)} {'is' if count == 1 else 'are'}"


def _have(count: int, thing: str) -> str:
    return f"{plural(count, thing)} {'has' if count == 1 else 'have'}"


def numbered(rows: Sequence[int]) -> str:
    """Return the numbers of rows, the first few of them."""
    first = ", ".join(f"{row:,}" for row in rows[:MOST_ROWS])
    more = f" and {len(rows) - MOST_ROWS:,} more" if len(rows) > MOST_ROWS else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {first}{more}"


def _pairs(pairs: Sequence[tuple[int, int]]) -> str:
    """Return the numbers of rows, each with the row it equals."""
    first = ", ".join(f"{row:,} (as {other:,})" for row, other in pairs[:MOST_ROWS])
    more = f" and {len(pairs) - MOST_ROWS:,} more" if len(pairs) > MOST_ROWS else ""
    return f"{'row' if len(pairs) == 1 else 'rows'} {first}{more}"


def balance_rows(balance: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    """Return the most frequent labels with their rows, and the others together."""
    rows = [(label, f"{count:,}") for label, count in balance[:MOST_LABELS]]
    rest = balance[MOST_LABELS:]
    if rest:
        few, many = rest[-1][1], rest[0][1]
        each = f"{few:,}" if few == many else f"{few:,} to {many:,}"
        rows.append((f"{len(rest):,} more", f"{each} each"))
    return rows


def preview_facts(found: RunPreview) -> tuple[tuple[str, str], ...]:
    """Return name and value of what a run processes and needs."""
    lengths, expected = sorted(found.training.lengths), found.forecast
    spread = f"{lengths[0]:,} to {lengths[-1]:,} tokens, median {lengths[len(lengths) // 2]:,}"
    counted = f"{len(lengths):,} of {found.training.of:,} rows, evenly spaced" if not found.training.is_whole else ""
    facts = (
        (STEPS, f"{expected.steps:,}"),
        ("Tokens", f"{expected.tokens:,} in total, {_trained_share(found)} of them trained"),
        ("Length", f"{spread}; Max length is {found.training.limit:,}"),
        ("Sample", counted),
        ("Time", f"about {duration(expected.seconds)} on this computer if nothing else runs"),
        ("Memory", f"about {expected.memory / 1e9:.1f} GB at peak"),
    )
    return tuple((name, value) for name, value in facts if value)


def _trained_share(found: RunPreview) -> str:
    """Return the share of tokens that are trained; none for a classifier."""
    return share(found.training.trained / found.training.tokens) if found.training.trained else "none"


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


def preview_warnings(found: RunPreview) -> Iterator[str]:
    """Yield a sentence for everything that Max length or the model's template takes away from the rows."""
    cut = [*found.training.truncated, *found.held_out.truncated]
    if found.shortened:
        yield found.shortened
    if cut:
        yield truncated(cut, found.training.limit, can_raise=not found.shortened)
    silent = [] if found.shown and found.shown[0].seen.labels else _silent(found)
    if silent:
        yield f"{_have(len(silent), 'row')} no trained token within Max length: {numbered(silent)}."
    refused = [*found.training.refused, *found.held_out.refused]
    if refused:
        row, why = refused[0]
        yield f"This model cannot use {plural(len(refused), 'row')}; row {row:,}: {why}"
    if found.refused:
        yield found.refused
    noted: dict[str, list[int]] = {}
    for seen in (*found.training.seen, *found.held_out.seen):
        for note in seen.notes:
            noted.setdefault(note, []).append(seen.row)
    for note, rows in noted.items():
        yield f"{plural(len(rows), 'row')} ({numbered(rows)}): {note}."


def truncated(rows: Sequence[int], limit: int, *, can_raise: bool) -> str:
    """Return the warning that rows exceed Max length, and what to do."""
    way_out = "raise Max length or skip long rows" if can_raise else "skip long rows"
    or_shorten = "" if can_raise else ", or shorten them"
    cut = f"{TRUNCATES.format(limit=limit)} {plural(len(rows), 'row')} ({numbered(rows)})"
    return f"{cut}; {way_out} on the Train tab{or_shorten}."


def _silent(found: RunPreview) -> list[int]:
    return [seen.row for seen in found.training.seen if not seen.trained]


def shown_title(shown: ShownRow) -> str:
    """Return the heading of an example in the token preview."""
    seen = shown.seen
    fate = f"labels: {', '.join(seen.labels)}" if seen.labels else f"{seen.trained:,} trained"
    cut = f", {seen.tokens - seen.kept:,} {BEYOND}" if seen.is_truncated else ""
    return f"{WHY_SHOWN[shown.why]}: row {seen.row:,}, {plural(seen.tokens, 'token')}{cut}, {fate}"
