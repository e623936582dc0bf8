"""What do base and tuned classifier predict for a text, its words, a file of texts, or an image?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.data.labels import Labeled, Labels, labeled_in, labels_in, length_in
from ia3_studio.errors import StudioError
from ia3_studio.tasks.classification import CLASSIFIER_HEADS, classify_text, classify_texts
from ia3_studio.tasks.image_classification import classify_image
from ia3_studio.tasks.token_classification import tag_text
from ia3_studio.ui import classify_words as words
from ia3_studio.ui import text
from ia3_studio.ui.classify_file import results_html, rows_of, write_classified
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import with_notes
from ia3_studio.ui.markup import heading
from ia3_studio.ui.predictions import bars, entities, side_by_side
from ia3_studio.ui.session import Session, Studio, quiet

if TYPE_CHECKING:
    from ia3_studio.method import Attachment
    from ia3_studio.models.loaded import LoadedModel

Acquire = Callable[[Callable[[float | None, str], None]], "AbstractContextManager[LoadedModel]"]
"""Borrows a model; is given what progress is reported to."""
ROWS_PER_REPORT = 64


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
        heading(words.TITLE, words.lead(labels.kind, labels.names, of)),
        gr.update(visible=of != "images"),
        gr.update(visible=of == "images"),
        gr.update(visible=of == "texts"),
    )


def classify_one(studio: Studio, key: str, given: str) -> Iterator[tuple[str, str]]:
    """Classify one text, or its words; yield (note, predictions of both models)."""
    yield from with_notes(lambda report: _classify_one(studio, key, given, report))


def classify_file(studio: Studio, key: str, file: str | None) -> Iterator[tuple[str, str, Any]]:
    """Classify the texts of a file; yield (note, results, download button)."""
    for status, found in with_notes(lambda report: _classify_file(studio, key, file, report)):
        if isinstance(found, tuple):
            results, path = found
            yield status, results, gr.update(value=path, visible=True)
        else:
            yield status, found, gr.skip()


def classify_one_image(studio: Studio, key: str, image: str | None) -> Iterator[tuple[str, str]]:
    """Classify one image; yield (note, predictions of both models)."""
    yield from with_notes(lambda report: _classify_image(studio, key, image, report))


@contextmanager
def attached(
    studio: Studio, model: str, adapter: Path, acquire: Acquire, report: Callable[[str], None]
) -> Iterator[tuple[LoadedModel, Attachment]]:
    """Borrow a model with an attached adapter for the block; the adapter is detached at its end.

    Args:
        studio: its memory has the model.
        model: the source of the model.
        adapter: the folder of the adapter.
        acquire: borrows the model; is given what progress is reported to.
        report: is called with what is being done.
    """
    from ia3_studio.method import load_adapter

    report(text.WAITING_FOR_MODEL if studio.memory.loaded else text.loading(model))
    with acquire(lambda _share, sentence: report(sentence)) as loaded, studio.memory.turn:
        attachment = load_adapter(loaded.model, adapter)
        try:
            yield loaded, attachment
        finally:
            attachment.detach()


@dataclass(frozen=True)
class _Classifier:
    """The classifier of the selected run."""

    model: str
    adapter: Path
    labels: Labels
    of: Labeled
    max_length: int | None
    """Max length in training, in tokens, if it is known."""

    def attached(
        self, studio: Studio, report: Callable[[str], None]
    ) -> AbstractContextManager[tuple[LoadedModel, Attachment]]:
        """Borrow the model with its head and its adapter for the block."""
        names, kind = self.labels.names, self.labels.kind
        acquire = partial(studio.memory.acquire_classifier, self.model, names, kind, head=CLASSIFIER_HEADS[self.of])
        return attached(studio, self.model, self.adapter, acquire, report)


def _classifier(studio: Studio, key: str, *wanted: Labeled) -> _Classifier:
    """Return the classifier of the selected run.

    Raises:
        StudioError: it is not a classifier, or one of other inputs.
    """
    current = find(studio, key)
    labels = labels_in(current.adapter) if current and current.adapter else None
    if current is None or current.adapter is None or labels is None:
        raise StudioError(words.NO_CLASSIFIER)
    of = labeled_in(current.adapter)
    if of not in wanted:
        raise StudioError(words.wrong_input(wanted[0]))
    return _Classifier(current.model, current.adapter, labels, of, length_in(current.adapter))


def _classify_one(studio: Studio, key: str, given: str, report: Callable[[str], None]) -> str:
    classifier = _classifier(studio, key, "texts", "words")
    if not given.strip():
        raise StudioError(words.EMPTY)
    with classifier.attached(studio, report) as (loaded, attachment):
        if classifier.of == "words":
            tagged = tag_text(loaded, attachment, classifier.labels, given, max_length=classifier.max_length)
            return side_by_side(tagged, lambda name, each: entities(name, given, each, classifier.labels.names))
        found = classify_text(loaded, attachment, classifier.labels, given, max_length=classifier.max_length)
    return side_by_side(found, lambda name, guesses: bars(name, guesses, classifier.labels.kind))


def _classify_image(studio: Studio, key: str, image: str | None, report: Callable[[str], None]) -> str:
    classifier = _classifier(studio, key, "images")
    if not image:
        raise StudioError(words.NO_IMAGE)
    with classifier.attached(studio, report) as (loaded, attachment):
        found = classify_image(loaded, attachment, classifier.labels, Path(image))
    return side_by_side(found, lambda name, guesses: bars(name, guesses, classifier.labels.kind))


def _classify_file(studio: Studio, key: str, file: str | None, report: Callable[[str], None]) -> tuple[str, str]:
    classifier = _classifier(studio, key, "texts")
    texts, known = rows_of(file, classifier.labels)
    base: list[Any] = []
    tuned: list[Any] = []
    with classifier.attached(studio, report) as (loaded, attachment):
        for start in range(0, len(texts), ROWS_PER_REPORT):
            report(words.classifying(start, len(texts)))
            part = texts[start : start + ROWS_PER_REPORT]
            found = classify_texts(loaded, attachment, classifier.labels, part, max_length=classifier.max_length)
            for rows, more in zip((base, tuned), found, strict=True):
                rows += more
    path = studio.download_folder(key) / "classified.csv"
    write_classified(path, texts, known, base, tuned)
    return results_html(classifier.labels, texts, known, base, tuned), str(path)


def build(studio: Studio, session: Session) -> ClassifyPanel:
    """Draw the panel, hidden until a classifier is selected, and wire its own events."""
    with gr.Column(visible=False, elem_id="classify") as panel:
        lead = gr.HTML(elem_id="classify-lead")
        with gr.Row(elem_classes="prompt-row") as texts:
            given = gr.Textbox(label=words.TEXT, lines=2, max_lines=8, scale=8, elem_id="classify-text")
            classify = gr.Button(words.CLASSIFY, variant="primary", scale=1, min_width=110, elem_id="classify-one")
        with gr.Row(elem_classes="prompt-row", visible=False) as images:
            image = gr.Image(label=words.IMAGE, type="filepath", sources=["upload", "clipboard"], height=240, scale=8,
                             elem_id="classify-image")  # fmt: skip
            classify_image_button = gr.Button(words.CLASSIFY, variant="primary", scale=1, min_width=110,
                                              elem_id="classify-one-image")  # fmt: skip
        status = gr.HTML(elem_id="classify-note")
        predictions = gr.HTML(elem_id="predictions")
        with gr.Accordion(words.FILE_TITLE, open=False, elem_classes="accordion") as batch:
            with gr.Row(equal_height=False):
                file = gr.File(label=words.FILE, file_count="single", height=120, elem_id="classify-file")
                classify_rows = gr.Button(words.CLASSIFY_FILE, scale=0, min_width=160, elem_id="classify-rows")
            file_status = gr.HTML(elem_id="classify-file-note")
            results = gr.HTML(elem_id="classify-results")
            csv = gr.DownloadButton(words.CSV, size="md", visible=False, elem_id="classify-csv")
    one = [status, predictions]
    gr.on([classify.click, given.submit], guard(classify_one, studio), [session.current, given], one, **quiet())
    classify_image_button.click(guard(classify_one_image, studio), [session.current, image], one, **quiet())
    classify_rows.click(guard(classify_file, studio), [session.current, file], [file_status, results, csv], **quiet())
    return ClassifyPanel(panel, lead, texts, images, batch)
