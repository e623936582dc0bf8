"""What do base and tuned classifier predict for a text, its words, a file of texts, or an image?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr

from ia3_studio.data.labels import Labeled, Labels, labeled_in, labels_in, length_in
from ia3_studio.errors import DataError, StudioError
from ia3_studio.tasks.classification import CLASSIFIER_HEADS, Prediction, classify_text, classify_texts
from ia3_studio.tasks.image_classification import classify_image
from ia3_studio.tasks.token_classification import TaggedWord, tag_text
from ia3_studio.ui import classify_words, text
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import heading, note, table
from ia3_studio.ui.session import Session, Studio, quiet

if TYPE_CHECKING:
    from ia3_studio.method import Attachment
    from ia3_studio.models.loaded import LoadedModel

Found = TypeVar("Found")
Acquire = Callable[[Callable[[float | None, str], None]], "AbstractContextManager[LoadedModel]"]
"""Lends a model, given what progress is reported to."""
MOST_ROWS = 5_000
"""Rows of a file that are classified at most."""
SHOWN_ROWS = 50
PORTION = 64
"""Rows between two reports of progress."""


@dataclass(frozen=True)
class ClassifyPanel:
    """What the tab around it fills and hides."""

    panel: gr.Column
    lead: gr.HTML
    texts: gr.Row
    images: gr.Row
    file: gr.Accordion

    @property
    def drawn(self) -> list[Any]:
        """Return what :func:`describe` fills."""
        return [self.panel, self.lead, self.texts, self.images, self.file]


def describe(adapter: Path | None) -> tuple[Any, ...]:
    """Return (panel, heading, text row, image row, file accordion), visible where the adapter is a classifier."""
    labels = labels_in(adapter) if adapter else None
    if labels is None or adapter is None:
        return gr.update(visible=False), *[gr.skip()] * 4
    of = labeled_in(adapter)
    return (
        gr.update(visible=True),
        heading(classify_words.TITLE, classify_words.lead(labels.kind, labels.names, of)),
        gr.update(visible=of != "images"),
        gr.update(visible=of == "images"),
        gr.update(visible=of == "texts"),
    )


def classify_one(studio: Studio, key: str, words: str) -> Iterator[tuple[str, str]]:
    """Classify one text, or its words; yield (note, both models' labels)."""
    yield from reported(lambda report: _classify_one(studio, key, words, report))


def classify_file(studio: Studio, key: str, file: str | None) -> Iterator[tuple[str, str, Any]]:
    """Classify the texts of a file; yield (note, results, file of results)."""
    for said, found in reported(lambda report: _classify_file(studio, key, file, report)):
        yield (
            said,
            (found[0] if isinstance(found, tuple) else found),
            (gr.update(value=found[1], visible=True) if isinstance(found, tuple) else gr.skip()),
        )


def classify_picture(studio: Studio, key: str, image: str | None) -> Iterator[tuple[str, str]]:
    """Classify one image; yield (note, both models' labels)."""
    yield from reported(lambda report: _classify_picture(studio, key, image, report))


def reported(work: Callable[[Callable[[str], None]], Any]) -> Iterator[tuple[str, Any]]:
    """Do some work in the background; yield (note, result), the result last."""
    try:
        with Job[str, Any](work) as job:
            for news in job:
                yield note(news), gr.skip()
            yield "", job.result()
    except StudioError as error:
        yield note(str(error), "bad"), gr.skip()


@contextmanager
def attached(
    studio: Studio, model: str, adapter: Path, acquire: Acquire, report: Callable[[str], None]
) -> Iterator[tuple[LoadedModel, Attachment]]:
    """Borrow a model with an adapter on it for the block, and leave the model as it was.

    Args:
        studio: whose memory lends it.
        model: its source.
        adapter: the folder of the adapter.
        acquire: lends the model, given what progress is reported to.
        report: called with what is being done.
    """
    from ia3_studio.method import load_adapter

    report(text.WAITING_FOR_MODEL if studio.memory.loaded else text.loading(model))
    with acquire(lambda _share, said: report(said)) as loaded, studio.memory.turn:  # the adapter stands on the model
        attachment = load_adapter(loaded.model, adapter)
        try:
            yield loaded, attachment
        finally:
            attachment.detach()


def side_by_side(found: Sequence[Found], draw: Callable[[str, Found], str]) -> str:
    """Return what the base model and the tuned one predict, as HTML."""
    return "".join(draw(name, each) for name, each in zip((text.BASE, text.TUNED), found, strict=True))


@dataclass(frozen=True)
class _Classifier:
    """The classifier of the selected run."""

    model: str
    adapter: Path
    labels: Labels
    of: Labeled
    max_length: int | None
    """Tokens of a text it was trained on at most, where that is known."""

    def attached(
        self, studio: Studio, report: Callable[[str], None]
    ) -> AbstractContextManager[tuple[LoadedModel, Attachment]]:
        """Borrow the model with its head and its adapter for a block."""
        names, kind = self.labels.names, self.labels.kind
        acquire = partial(studio.memory.acquire_classifier, self.model, names, kind, head=CLASSIFIER_HEADS[self.of])
        return attached(studio, self.model, self.adapter, acquire, report)


def _classifier(studio: Studio, key: str, *wanted: Labeled) -> _Classifier:
    """Return the classifier of the selected run.

    Raises:
        StudioError: it has none, or one of other inputs than are wanted.
    """
    shown = find(studio, key)
    labels = labels_in(shown.adapter) if shown and shown.adapter else None
    if shown is None or shown.adapter is None or labels is None:
        raise StudioError(classify_words.NO_CLASSIFIER)
    of = labeled_in(shown.adapter)
    if of not in wanted:
        raise StudioError(classify_words.not_for(wanted[0]))
    return _Classifier(shown.model, shown.adapter, labels, of, length_in(shown.adapter))


def _classify_one(studio: Studio, key: str, words: str, report: Callable[[str], None]) -> str:
    own = _classifier(studio, key, "texts", "words")
    if not words.strip():
        raise StudioError(classify_words.EMPTY)
    with own.attached(studio, report) as (loaded, attachment):
        if own.of == "words":
            tagged = tag_text(loaded, attachment, own.labels, words, max_length=own.max_length)
            return side_by_side(tagged, lambda name, each: entities(name, words, each, own.labels.names))
        found = classify_text(loaded, attachment, own.labels, words, max_length=own.max_length)
    return side_by_side(found, lambda name, guesses: bars(name, guesses, own.labels.kind))


def _classify_picture(studio: Studio, key: str, image: str | None, report: Callable[[str], None]) -> str:
    own = _classifier(studio, key, "images")
    if not image:
        raise StudioError(classify_words.NO_IMAGE)
    with own.attached(studio, report) as (loaded, attachment):
        found = classify_image(loaded, attachment, own.labels, Path(image))
    return side_by_side(found, lambda name, guesses: bars(name, guesses, own.labels.kind))


def _classify_file(studio: Studio, key: str, file: str | None, report: Callable[[str], None]) -> tuple[str, str]:
    own = _classifier(studio, key, "texts")
    texts, given = rows_of(file, own.labels)
    base: list[Any] = []
    tuned: list[Any] = []
    with own.attached(studio, report) as (loaded, attachment):
        for start in range(0, len(texts), PORTION):
            report(classify_words.sorting(start, len(texts)))
            part = texts[start : start + PORTION]
            found = classify_texts(loaded, attachment, own.labels, part, max_length=own.max_length)
            for rows, more in zip((base, tuned), found, strict=True):
                rows += more
    path = studio.desk(key) / "classified.csv"
    write_sorted(path, texts, given, base, tuned)
    return results(own.labels, texts, given, base, tuned), str(path)


def rows_of(file: str | None, labels: Labels) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the texts of a file, and the labels it gives them; empty ones where it has no column of labels.

    Raises:
        DataError: it cannot be read, holds no text, too many rows, or pairs of texts.
    """
    from ia3_studio.data.infer_columns import infer_columns
    from ia3_studio.data.table import read_table

    if not file:
        raise DataError(classify_words.NO_FILE)
    frame = (found := read_table(Path(file))).frame
    if len(frame) > MOST_ROWS:
        raise DataError(classify_words.too_many(len(frame), MOST_ROWS))
    try:
        mapping = infer_columns(found)
    except DataError:  # texts alone are nothing to train on, but can be sorted
        mapping = None
    if mapping is None or mapping.kind != "labels":
        column, answer = _wordiest(frame), ""
    elif mapping.context:
        raise DataError(classify_words.PAIRS)
    else:
        column, answer = mapping.column, mapping.answer if _are_labels(frame[mapping.answer], labels) else ""
    rows = [(str(words), _labels_in(cell)) for words, cell in zip(
        frame[column].fillna(""), frame[answer] if answer else [None] * len(frame), strict=True
    ) if str(words).strip()]  # fmt: skip
    if not rows:
        raise DataError(classify_words.NO_TEXTS)
    return [words for words, _given in rows], [given for _words, given in rows]


def results(
    labels: Labels,
    texts: Sequence[str],
    given: Sequence[tuple[str, ...]],
    base: Sequence[tuple[Prediction, ...]],
    tuned: Sequence[tuple[Prediction, ...]],
) -> str:
    """Return what became of a file: how many were right, which label was taken for which, and the first rows."""
    judged = [place for place, known in enumerate(given) if known]
    said = classify_words.sorted_rows(len(texts), len(judged))
    parts = [note(said, "good")]
    if judged and labels.kind == "number":
        errors = [[abs(rows[place][0].share - _number(given[place])) for place in judged] for rows in (base, tuned)]
        parts.append(note(classify_words.errors(*(sum(each) / len(each) for each in errors))))
    elif judged and labels.kind == "single":
        parts += _judged(labels, [given[place][0] for place in judged],
                         *([rows[place][0].label for place in judged] for rows in (base, tuned)))  # fmt: skip
    lines = [
        (words[:200], ", ".join(known) or "–", says(each, labels.kind), says(other, labels.kind))
        for words, known, each, other in list(zip(texts, given, base, tuned, strict=True))[:SHOWN_ROWS]
    ]
    return "".join([*parts, table(classify_words.COLUMNS, lines, classify_words.first_rows(len(lines), len(texts)))])


def write_sorted(
    path: Path,
    texts: Sequence[str],
    given: Sequence[tuple[str, ...]],
    base: Sequence[tuple[Prediction, ...]],
    tuned: Sequence[tuple[Prediction, ...]],
) -> None:
    """Write every row with both models' labels and probabilities as CSV."""
    from pandas import DataFrame

    from ia3_studio.data.export_rows import escape_formula

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = zip(texts, given, base, tuned, strict=True)
    DataFrame(
        [
            {
                "text": escape_formula(words),
                "label": escape_formula(", ".join(known)),
                "base": escape_formula(one[0].label),
                "base_value": one[0].share,
                "tuned": escape_formula(other[0].label),
                "tuned_value": other[0].share,
            }
            for words, known, one, other in rows
        ]
    ).to_csv(path, index=False)


def bars(name: str, guesses: Sequence[Prediction], kind: str, most: int = 5) -> str:
    """Return the likeliest labels of a text as bars with their probabilities, or the number it was given."""
    if kind == "number":
        said = f"<p><strong>{guesses[0].share:.3g}</strong></p>"
        return f"<section class='guesses'><h3>{text.escape(name)}</h3>{said}</section>"
    lines = "".join(
        f"<li><span dir='auto'>{text.escape(guess.label)}</span><meter min='0' max='1' value='{guess.share:.4f}'"
        f" aria-label='{text.escape(guess.label, quote=True)}'></meter><b>{guess.share:.1%}</b></li>"
        for guess in guesses[:most]
    )
    others = f"<p>{classify_words.others(len(guesses) - most)}</p>" if len(guesses) > most else ""
    return f"<section class='guesses'><h3>{text.escape(name)}</h3><ol>{lines}</ol>{others}</section>"


def entities(name: str, words: str, tagged: Sequence[TaggedWord], names: Sequence[str]) -> str:
    """Return a text with its labeled words marked; the words of one entity are one mark, which names the label."""
    kinds = list(dict.fromkeys(_entity(each) for each in names if each != classify_words.OUTSIDE))
    parts: list[str] = []
    cursor = 0
    for group in _grouped(tagged):
        first, last = group[0], group[-1]
        end = last.start + len(last.word)
        parts.append(text.escape(words[cursor : first.start]))
        label = _entity(first.prediction.label) if first.prediction else classify_words.WORD_BEYOND
        share = min((each.prediction.share for each in group if each.prediction), default=0.0)
        hue = round(360 * kinds.index(label) / len(kinds)) if label in kinds else 0
        said = f"<small>{text.escape(label)}{f' {share:.0%}' if first.prediction else ''}</small>"
        style = "beyond" if first.prediction is None else "entity"
        parts.append(f"<mark class='{style}' style='--hue:{hue}'>{text.escape(words[first.start : end])}{said}</mark>")
        cursor = end
    parts.append(text.escape(words[cursor:]))
    marked = f"<p class='entities' dir='auto'>{''.join(parts)}</p>"
    return f"<section class='guesses'><h3>{text.escape(name)}</h3>{marked}</section>"


def _grouped(tagged: Sequence[TaggedWord]) -> Iterator[list[TaggedWord]]:
    """Yield the words of each entity: words in a row of one label, where the second does not begin another (B-)."""
    group: list[TaggedWord] = []
    for each in tagged:
        label = each.prediction.label if each.prediction else None
        if label == classify_words.OUTSIDE:
            if group:
                yield group
            group = []
            continue
        known = group[-1].prediction.label if group and group[-1].prediction else None
        goes_on = bool(group) and (label is None) == (known is None) and not (label or "").startswith(("B-", "S-"))
        if group and not (goes_on and _entity(label or "") == _entity(known or "")):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _entity(label: str) -> str:
    """Return a label without the mark of its place in an entity (B-, I-, E-, S-)."""
    return label[2:] if label[:2] in ("B-", "I-", "E-", "S-", "L-", "U-") else label


def says(guesses: Sequence[Prediction], kind: str) -> str:
    """Return what a model says of a text in one cell."""
    if kind == "number":
        return f"{guesses[0].share:.3g}"
    chosen = [guess for guess in guesses if guess.share >= 0.5] if kind == "multi" else guesses[:1]
    return ", ".join(f"{guess.label} {guess.share:.0%}" for guess in chosen) or "–"


def build(studio: Studio, session: Session) -> ClassifyPanel:
    """Draw the panel, hidden until an adapter that sorts texts is shown."""
    with gr.Column(visible=False, elem_id="try-it") as panel:
        lead = gr.HTML(elem_id="try-lead")
        with gr.Row(elem_classes="prompt-row") as texts:
            words = gr.Textbox(label=classify_words.TEXT, lines=2, max_lines=8, scale=8, elem_id="try-text")
            sort = gr.Button(classify_words.SORT, variant="primary", scale=1, min_width=110, elem_id="try-sort")
        with gr.Row(elem_classes="prompt-row", visible=False) as images:
            image = gr.Image(label=classify_words.IMAGE, type="filepath", sources=["upload", "clipboard"], height=240,
                             scale=8, elem_id="try-image")  # fmt: skip
            see = gr.Button(classify_words.SORT, variant="primary", scale=1, min_width=110, elem_id="try-see")
        said = gr.HTML(elem_id="try-note")
        found = gr.HTML(elem_id="try-found")
        with gr.Accordion(classify_words.FILE_TITLE, open=False, elem_classes="accordion") as batch:
            with gr.Row(equal_height=False):
                file = gr.File(label=classify_words.FILE, file_count="single", height=120, elem_id="try-file")
                sort_all = gr.Button(classify_words.SORT_FILE, scale=0, min_width=160, elem_id="try-sort-file")
            file_said = gr.HTML(elem_id="try-file-note")
            outcome = gr.HTML(elem_id="try-results")
            csv = gr.DownloadButton(classify_words.CSV, size="md", visible=False, elem_id="try-csv")
    gr.on([sort.click, words.submit], guard(classify_one, studio), [session.current, words], [said, found], **quiet())
    see.click(guard(classify_picture, studio), [session.current, image], [said, found], **quiet())
    sort_all.click(guard(classify_file, studio), [session.current, file], [file_said, outcome, csv], **quiet())
    return ClassifyPanel(panel, lead, texts, images, batch)


def _judged(labels: Labels, given: list[str], base: list[str], tuned: list[str]) -> list[str]:
    """Return how many rows are right, and which labels are taken for which others most often."""
    from collections import Counter

    from ia3_studio.training.metrics import Accuracy

    right = [Accuracy(sum(a == b for a, b in zip(given, each, strict=True)), len(given)) for each in (base, tuned)]
    parts = [note(classify_words.right(str(right[0]), str(right[1])))]
    unknown = sorted(set(given) - set(labels.names))
    if unknown:
        parts.append(note(classify_words.unknown(unknown), "warn"))
    wrong = Counter((a, b) for a, b in zip(given, tuned, strict=True) if a != b)
    by_base = Counter((a, b) for a, b in zip(given, base, strict=True) if a != b)
    lines = [(a, b, by_base[a, b], count) for (a, b), count in wrong.most_common(_MOST_MISTAKES)]
    return [*parts, table(text.MISTAKE_COLUMNS, lines, text.mistakes(len(wrong), _MOST_MISTAKES)) if lines else ""]


def _are_labels(cells: Any, labels: Labels) -> bool:
    """Say whether a column holds what the adapter learned: a column of numbers beside texts may be anything."""
    given = [name for cell in cells for name in _labels_in(cell)]
    return labels.kind == "number" or 2 * sum(name in set(labels.names) for name in given) >= max(1, len(given))


def _wordiest(frame: Any) -> str:
    """Return the column with the longest texts."""
    lengths = {column: frame[column].fillna("").astype(str).str.len().mean() for column in frame.columns}
    if not lengths:
        raise DataError(classify_words.NO_TEXTS)
    return str(max(lengths, key=lambda column: lengths[column]))


def _labels_in(cell: Any) -> tuple[str, ...]:
    if cell is None or cell != cell:
        return ()
    several = not isinstance(cell, str) and hasattr(cell, "__iter__")
    return tuple(map(str, cell)) if several else (str(cell),) if str(cell).strip() else ()


def _number(given: tuple[str, ...]) -> float:
    try:
        return float(given[0])
    except ValueError as error:
        raise DataError(classify_words.no_number(given[0])) from error


_MOST_MISTAKES = 12
