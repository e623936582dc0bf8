"""Notebooks run from top to bottom, in order, and hold what a run has shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.e2e.kernel import write_kernel_spec
from tests.e2e.nursery import nursery

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.starter
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))  # the runs it starts are its own
    notebook = read(path)
    switched = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and "QUICK = False" in cell.source:
            cell.source = cell.source.replace("QUICK = False", "QUICK = True")
            switched += 1
    assert switched == 1, "the notebook has no QUICK switch"
    kernel = None  # the notebook's own
    if sys.platform == "linux":
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
        kernel = write_kernel_spec(tmp_path / "jupyter", nursery())
    place = {"metadata": {"path": str(ROOT / "notebooks")}}
    NotebookClient(notebook, timeout=600, resources=place, **({"kernel_name": kernel} if kernel else {})).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_was_saved_executed_in_order_and_without_errors(path: Path) -> None:
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]


def test_there_is_a_notebook_to_start_with() -> None:
    assert [path.name for path in NOTEBOOKS][:1] == ["01_quickstart.ipynb"]
