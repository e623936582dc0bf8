"""In which other ways does a run leave? As the whole model, as a script, a notebook, a file of settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.errors import AdapterError, StudioError
from ia3_studio.export.archive import file_name
from ia3_studio.settings import is_public
from ia3_studio.ui import export_words as words
from ia3_studio.ui import text
from ia3_studio.ui.current_run import CurrentRun, find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import Session, Studio, quiet

EXPORTS = "exports"
"""The folder of merged models below the studio's home, where no other is given."""
WEIGHTS_A_SECOND = 2.5e6
"""How fast a model is loaded, merged, written, read back and compared on two cores: benchmarks/exports.py."""


@dataclass(frozen=True)
class WaysOut:
    """What the tab around it fills."""

    drawn: list[Any]
    """What :func:`offer` fills."""


def offer(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (card, script, notebook, settings, command, merged part, its folder, its sizes) of what is shown."""
    shown = find(studio, key)
    nothing = gr.update(visible=False)
    if shown is None or shown.adapter is None:
        return nothing, *(gr.skip() for _ in range(7))
    files = _scripts(studio, shown)
    has_run = shown.run is not None
    return (
        gr.update(visible=True),
        *(gr.update(value=str(path) if path else None, visible=has_run) for path in files),
        gr.update(value=words.COMMAND.format(file=files[2].name if files[2] else ""), visible=has_run),
        gr.update(visible=not is_public()),  # a merged model of each visitor would fill the disk of a Space
        str(studio.home / EXPORTS / f"{file_name(shown.name)}-merged"),
        "" if is_public() else _sizes(studio, shown),
    )


def _sizes(studio: Studio, shown: CurrentRun) -> str:
    """Say how large the merged model becomes; nothing where its base model cannot be read any more."""
    from ia3_studio.export.gguf_file import BYTES_EACH
    from ia3_studio.export.merged import bytes_each

    try:
        weights = studio.shelf.read(shown.model).tree.parameters
        whole = bytes_each(shown.model)
    except StudioError:
        return ""
    each = {"safetensors": whole} | {kind: BYTES_EACH[kind] for kind in ("f16", "q8_0")}
    return note(words.sizes(weights, each, weights / WEIGHTS_A_SECOND))


def _scripts(studio: Studio, shown: CurrentRun) -> tuple[Path | None, Path | None, Path | None]:
    """Write script, notebook and settings of a run; return their paths."""
    if shown.run is None:
        return None, None, None
    from ia3_studio import __version__
    from ia3_studio.export.script import notebook, script

    # Where strangers visit, no path of this machine leaves it.
    data = Path(shown.run.data_source).name if is_public() else shown.run.data_source
    settings = replace(shown.run.config, data=data).to_json()
    folder, name = studio.desk(shown.key), file_name(shown.name)
    paths = tuple(folder / f"{name}.{ending}" for ending in ("py", "ipynb", "json"))
    contents = (script(settings, shown.name, __version__), notebook(settings, shown.name, __version__), settings)
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content, encoding="utf-8")
    return paths  # type: ignore[return-value]


def write_whole(studio: Studio, key: str, folder: str, texts: str, form: str = "safetensors") -> Iterator[str]:
    """Write the merged model into a folder, as safetensors or as one GGUF file; yield notes."""
    try:
        with Job[str, str](lambda report: _merged(studio, key, folder, texts, form, report)) as job:
            for news in job:
                yield note(news)
            yield note(job.result(), "good")
    except StudioError as error:
        yield note(str(error), "bad")


def _merged(studio: Studio, key: str, folder: str, texts: str, form: str, report: Callable[[str], None]) -> str:
    from ia3_studio.export.gguf_file import FORMATS, write_gguf
    from ia3_studio.export.merged import write_merged

    if is_public():
        raise AdapterError(words.NOT_HERE)
    shown = find(studio, key)
    if shown is None or shown.adapter is None:
        raise AdapterError(text.EXPORT_EMPTY)
    if not folder.strip():
        raise AdapterError(words.NO_FOLDER)

    def say(_share: float | None, sentence: str) -> None:
        report(sentence)

    loaded = _load(shown, say)
    compared = [line for line in (texts or "").splitlines() if line.strip()]
    target = Path(folder.strip()).expanduser()
    if form in FORMATS:
        path = target / f"{file_name(shown.name)}-{form}.gguf"
        made = write_gguf(loaded, shown.adapter, path, form, compared, say)
        return words.rounded(str(made.path), made.bytes, made.largest_difference, made.same_token, made.texts)
    found = write_merged(loaded, shown.adapter, target, compared, say)
    return words.written(str(found.folder), found.bytes, found.largest_difference, found.texts, found.format)


def _load(shown: CurrentRun, say: Callable[[float | None, str], None]) -> Any:
    """Load a copy of its own: the one that answers in the chat stays as it is."""
    from ia3_studio.models.load import load_model
    from ia3_studio.worker.prepared import load_for

    return load_for(shown.run, say) if shown.run else load_model(shown.model, progress=say)


def build(studio: Studio, session: Session) -> WaysOut:
    """Draw the card and wire its own events."""
    with gr.Column(visible=False, elem_classes="card", elem_id="ways-out") as card:
        gr.HTML(heading(words.TITLE, words.WORDS))
        with gr.Row():
            script = gr.DownloadButton(words.SCRIPT, size="md", elem_id="take-script")
            notebook = gr.DownloadButton(words.NOTEBOOK, size="md", elem_id="take-notebook")
            settings = gr.DownloadButton(words.SETTINGS, size="md", elem_id="take-settings")
        command = gr.Code(language="shell", lines=1, max_lines=3, label=words.COMMAND_LABEL, interactive=False,
                          wrap_lines=True, elem_id="as-command")  # fmt: skip
        with gr.Column() as merged:
            gr.HTML(heading(words.MERGED_TITLE, words.MERGED_WORDS))
            sizes = gr.HTML(elem_id="merged-sizes")
            form = gr.Radio([(said, name) for name, said in words.FORMATS.items()], value="safetensors",
                            label=words.MERGED_FORMAT, elem_id="merged-format")  # fmt: skip
            folder = gr.Textbox(label=words.MERGED_FOLDER, max_lines=1, max_length=1000, elem_id="merged-folder")
            texts = gr.Textbox(label=words.MERGED_TEXTS, info=words.MERGED_TEXTS_INFO, lines=2, max_lines=6,
                               max_length=20_000, elem_id="merged-texts")  # fmt: skip
            write = gr.Button(words.MERGE, elem_id="merge")
            said = gr.HTML(elem_id="merged-note")
    write.click(guard(write_whole, studio), [session.current, folder, texts, form], said, **quiet(concurrency_limit=1))
    return WaysOut([card, script, notebook, settings, command, merged, folder, sizes])
