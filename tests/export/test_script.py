"""A run as a script and as a notebook: both make it again from nothing but their own text."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from ia3_studio.export.script import notebook, script
from ia3_studio.method import Adapter
from ia3_studio.runs import RunConfig
from tests.runs.test_evaluation import prepared


def test_a_script_holds_the_settings_whatever_they_are_called(tmp_path: Path) -> None:
    run, _job = prepared(tmp_path)
    config = RunConfig(
        'A "quoted" \\ """name"""', run.config.model, run.config.data, "key,value@0-", run.config.train, 0.3
    )
    text = script(config.to_json(), config.name, "1.0")
    tree = ast.parse(text)
    names: dict[str, Any] = {"__name__": "not main"}
    exec(compile(tree, "run.py", "exec"), names)
    assert names["CONFIG"] == config


def test_a_notebook_holds_the_settings_whatever_they_are_called(tmp_path: Path) -> None:
    run, _job = prepared(tmp_path)
    config = RunConfig(f"it's {chr(39) * 3} and {chr(34) * 3} and {chr(92)}", run.config.model, run.config.data)
    cells = json.loads(notebook(config.to_json(), config.name, "1.0"))["cells"]
    names: dict[str, Any] = {}
    exec("".join(cells[2]["source"]), names)
    assert names["config"] == config


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_notebook_trains_the_run_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, job = prepared(tmp_path)
    steps = list(job.steps(lambda: False))
    monkeypatch.chdir(tmp_path)
    document = nbformat.reads(notebook(run.config.to_json(), run.name, "1.0"), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(document)  # type: ignore[no-untyped-call]
    names: dict[str, Any] = {}
    for cell in document.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    assert names["step"].held_out == steps[-1].held_out  # the same losses as the run's own
    assert Adapter.load(tmp_path / "adapter").selection == Adapter.load(_saved(job, tmp_path)).selection
    assert "Gain" in capsys.readouterr().out


def _saved(job: Any, folder: Path) -> Path:
    job.save(folder / "saved")
    return folder / "saved"
