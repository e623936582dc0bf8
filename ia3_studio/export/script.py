"""How is a run reproduced without the app? As a settings file, a command, a script, or a notebook."""

from __future__ import annotations

import json
from typing import Any

from ia3_studio.export.archive import file_name

_SCRIPT = '''"""{name}: re-run of an (IA)³ run of IA3 Studio {version}.

    pip install -e path/to/ia3-studio
    python {file}
"""

from pathlib import Path

from ia3_studio import RunConfig
from ia3_studio.runs import RunStore
from ia3_studio.worker import start
from ia3_studio.runs.evaluation import read_evaluation

CONFIG = RunConfig.from_json(r"""
{settings}
""")

if __name__ == "__main__":
    import time

    run = RunStore(Path("runs")).create(CONFIG, CONFIG.name)
    start(run)
    while (status := run.status()).active:
        print(status.message, flush=True)
        time.sleep(5)
    print(status.message)
    found = read_evaluation(run.folder)
    print(found.verdict.sentence if found else run.log_tail())
    print("adapter:", run.adapter_folder())
'''
_STEPS = (
    ("The settings of the run. Edit them as needed.", "{config}"),
    (
        "Load the data, split off the held-out rows, and load the model.",
        "from ia3_studio.models.load import head_of_source\n"
        "from ia3_studio.tasks.task import attach_selection, task_for\n\n"
        "split = config.choice().load(config.held_out, config.train.seed)\n"
        "task = task_for(split, head_of_source(config.model), config)\n"
        "loaded = task.load(lambda share, said: None)\nrows, held_out = task.rows(loaded)\n"
        "print(split.description)",
    ),
    (
        "Attach the vectors.",
        "attachment = attach_selection(loaded, config.selection)\n"
        'print(f"{attachment.selection.parameters:,} trainable parameters in {len(attachment.selection)} vectors")',
    ),
    (
        "Training.",
        "from ia3_studio import train\n\nfor step in train(loaded.model, attachment, rows, held_out, config.train):\n"
        "    if step.held_out is not None:\n        print(step.step, step.loss, step.held_out)",
    ),
    (
        "Evaluate: did the adapter help?",
        "from ia3_studio import finish\n\nfound = finish(task.evaluate(loaded, attachment, held_out))\n"
        "print(found.verdict.sentence)",
    ),
    (
        "Save the adapter in PEFT's format.",
        'attachment.adapter({"task_type": task.task_type, **task.facts()}).save("adapter")',
    ),
)


def script(settings: str, name: str, version: str) -> str:
    """Return a Python script that makes the run of some settings (``RunConfig.to_json``)."""
    said = " ".join(name.replace('"""', "").replace("\\", "").split())
    # JSON never holds three quotes in a row: those inside its texts have a backslash each.
    return _SCRIPT.format(name=said, version=version, file=f"{file_name(name)}.py", settings=settings)


def notebook(settings: str, name: str, version: str) -> str:
    """Return a notebook, as JSON text, that makes the run of some settings step by step."""
    config = f'from ia3_studio import RunConfig\n\nconfig = RunConfig.from_json(r"""\n{settings}\n""")'
    cells: list[dict[str, Any]] = [
        _cell("markdown", f"# {name}\n\nAn (IA)³ run of IA3 Studio {version}, step by step.")
    ]
    for words, code in _STEPS:
        cells += [_cell("markdown", words), _cell("code", config if code == "{config}" else code)]
    document = {
        "cells": [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells)],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
