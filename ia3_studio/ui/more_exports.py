"""How else can a run be exported? As a script, a notebook, a settings file, or a merged model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.errors import AdapterError, StudioError
from ia3_studio.export.archive import file_name
from ia3_studio.models.sharding_plan import WHOLE, ShardingPlan
from ia3_studio.settings import is_public
from ia3_studio.ui import export_words as words
from ia3_studio.ui import text
from ia3_studio.ui.current_run import CurrentRun, find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import Session, Studio, quiet

EXPORTS = "exports"
"""The default folder of merged models, below the studio's home."""
WEIGHTS_A_SECOND = 2.5e6
"""Weights that are loaded, merged, written, reloaded and compared per second on two cores: benchmarks/exports.py."""


@dataclass(frozen=True)
class MoreExports:
    """What the tab around it fills."""

    drawn: list[Any]
    """What :func:`offer` fills."""


def offer(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (card, script, notebook, settings, command, merged model, its folder, its sizes) of the selected run."""
    current = find(studio, key)
    if current is None or current.adapter is None:
        return gr.update(visible=False), *(gr.skip() for _ in range(7))
    files = _scripts(studio, current)
    has_run = current.run is not None
    return (
        gr.update(visible=True),
        *(gr.update(value=str(path) if path else None, visible=has_run) for path in files),
        gr.update(value=words.COMMAND.format(file=files[2].name if files[2] else ""), visible=has_run),
        gr.update(visible=not is_public()),  # merged models of visitors would fill the disk of a Space
        str(studio.home / EXPORTS / f"{file_name(current.name)}-merged"),
        "" if is_public() else _sizes(studio, current),
    )


def _sizes(studio: Studio, current: CurrentRun) -> str:
    """Return the sizes of the merged model; empty if its base model cannot be read."""
    from ia3_studio.export.gguf_tensors import BYTES_EACH
    from ia3_studio.export.merged import bytes_each

    try:
        weights = studio.layers.get(current.model).tree.parameters
        whole = bytes_each(current.model)
    except StudioError:
        return ""
    each = {"safetensors": whole} | {kind: BYTES_EACH[kind] for kind in ("f16", "q8_0")}
    return note(words.sizes(weights, each, weights / WEIGHTS_A_SECOND))


def _scripts(studio: Studio, current: CurrentRun) -> tuple[Path | None, Path | None, Path | None]:
    """Write script, notebook and settings of a run; return their paths."""
    if current.run is None:
        return None, None, None
    from ia3_studio import __version__
    from ia3_studio.export.script import notebook, script

    # In public mode, no path of this machine is shown.
    data = Path(current.run.data_source).name if is_public() else current.run.data_source
    settings = replace(current.run.config, data=data).to_json()
    folder, name = studio.download_folder(current.key), file_name(current.name)
    paths = tuple(folder / f"{name}.{ending}" for ending in ("py", "ipynb", "json"))
    contents = (script(settings, current.name, __version__), notebook(settings, current.name, __version__), settings)
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content, encoding="utf-8")
    return paths  # type: ignore[return-value]


def write_merged_model(studio: Studio, key: str, folder: str, texts: str, form: str = "safetensors") -> Iterator[str]:
    """Write the merged model to a folder, as safetensors or as one GGUF file; yield notes."""
    try:
        with Job[str, str](lambda report: _merged(studio, key, folder, texts, form, report)) as job:
            for update in job:
                yield note(update)
            yield note(job.result(), "good")
    except StudioError as error:
        yield note(str(error), "bad")


def _merged(studio: Studio, key: str, folder: str, texts: str, form: str, report: Callable[[str], None]) -> str:
    from ia3_studio.export.by_file import export_merged
    from ia3_studio.export.gguf_file import export_gguf
    from ia3_studio.export.gguf_tensors import FORMATS

    if is_public():
        raise AdapterError(words.NOT_IN_A_SPACE)
    current = find(studio, key)
    if current is None or current.adapter is None:
        raise AdapterError(text.EXPORT_EMPTY)
    if not folder.strip():
        raise AdapterError(words.NO_FOLDER)

    def say(_share: float | None, sentence: str) -> None:
        report(sentence)

    compared = [line for line in (texts or "").splitlines() if line.strip()]
    target = Path(folder.strip()).expanduser()
    if form in FORMATS:
        path = target / f"{file_name(current.name)}-{form}.gguf"
        return words.rounded(
            export_gguf(lambda plan: _load(current, say, plan), current.adapter, path, form, compared, say)
        )
    found = export_merged(lambda plan: _load(current, say, plan), current.adapter, target, compared, say)
    return words.written(found)


def _load(current: CurrentRun, say: Callable[[float | None, str], None], plan: ShardingPlan = WHOLE) -> Any:
    """Load another copy of the model, so that the one of the chat does not change."""
    from ia3_studio.models.load import load_model
    from ia3_studio.worker.prepared import load_for

    return load_for(current.run, say, plan) if current.run else load_model(current.model, progress=say, plan=plan)


def build(studio: Studio, session: Session) -> MoreExports:
    """Draw the card and wire its own events."""
    with gr.Column(visible=False, elem_classes="card", elem_id="more-exports") as card:
        gr.HTML(heading(words.TITLE, words.WORDS))
        with gr.Row():
            script = gr.DownloadButton(words.SCRIPT, size="md", elem_id="export-script")
            notebook = gr.DownloadButton(words.NOTEBOOK, size="md", elem_id="export-notebook")
            settings = gr.DownloadButton(words.SETTINGS, size="md", elem_id="export-settings")
        command = gr.Code(language="shell", lines=1, max_lines=3, label=words.COMMAND_LABEL, interactive=False,
                          wrap_lines=True, visible=False, elem_id="export-command")  # fmt: skip
        with gr.Column() as merged:
            gr.HTML(heading(words.MERGED_TITLE, words.MERGED_WORDS))
            sizes = gr.HTML(elem_id="merged-sizes")
            form = gr.Radio([(label, name) for name, label in words.FORMATS.items()], value="safetensors",
                            label=words.MERGED_FORMAT, elem_id="merged-format")  # fmt: skip
            folder = gr.Textbox(label=words.MERGED_FOLDER, max_lines=1, max_length=1000, elem_id="merged-folder")
            texts = gr.Textbox(label=words.MERGED_TEXTS, info=words.MERGED_TEXTS_INFO, lines=2, max_lines=6,
                               max_length=20_000, elem_id="merged-texts")  # fmt: skip
            write = gr.Button(words.MERGE, elem_id="merge")
            status = gr.HTML(elem_id="merged-note")
    write.click(
        guard(write_merged_model, studio), [session.current, folder, texts, form], status, **quiet(concurrency_limit=1)
    )
    return MoreExports([card, script, notebook, settings, command, merged, folder, sizes])
