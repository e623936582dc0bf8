"""The page of a run: one file that says what it came to, and gives the adapter back."""

from __future__ import annotations

import base64
import io
import json
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from ia3_studio.data.labels import Labels
from ia3_studio.errors import AdapterError, RunError
from ia3_studio.export.import_adapter import take_in
from ia3_studio.export.page_adapter import LINK_START, adapter_in_page
from ia3_studio.method import Adapter
from ia3_studio.model_card import card_of
from ia3_studio.runs import Run
from ia3_studio.runs.evaluation import read_evaluation
from ia3_studio.runs.folder import step_line
from ia3_studio.verdict_page import write_verdict
from tests.runs.test_evaluation import prepared


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that has learned, saved and been measured."""
    run, job = prepared(tmp_path_factory.mktemp("trained"), answers=4)
    with run.files.metrics.open("w") as file:
        for step in job.steps(lambda: False):
            file.write(step_line(step))
    run.files.keep_adapter(step.step, job.save)
    list(job.evaluate(run.folder))
    run.files.status.write_text(json.dumps({"phase": "ended", "message": "Finished", "result": "finished"}))
    return run


@pytest.fixture
def finished(trained: Run, tmp_path: Path) -> Run:
    """A copy of that run, to do with as one likes."""
    return Run(Path(shutil.copytree(trained.folder, tmp_path / "runs" / trained.folder.name)))


def test_the_page_says_what_was_measured(finished: Run, tmp_path: Path) -> None:
    page = write_verdict(finished, tmp_path / "new" / "verdict.html").read_text()
    found = read_evaluation(finished.folder)
    assert found
    loss = found.held_out.measures[0]
    for said in (found.verdict.sentence.split(" (")[0], f">{loss.base:.3f}</td><td dir='auto'>{loss.tuned:.3f}</td>",
                 "in 6 vectors", "Suggestions", "<polyline", "<rect"):  # fmt: skip
        assert said in page
    for change in (found.sample_generations or found.held_out).changes:
        assert f"row {change.row} ·" in page


def test_the_page_needs_nothing_from_anywhere_and_runs_nothing(finished: Run, tmp_path: Path) -> None:
    page = write_verdict(finished, tmp_path / "verdict.html").read_text()
    assert "default-src 'none'" in page and "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "https://" not in page
    assert str(tmp_path.parent) not in page  # no folder of somebody's machine, of the run's model neither


def test_the_page_gives_the_adapter_back(finished: Run, tmp_path: Path) -> None:
    page = write_verdict(finished, tmp_path / "verdict.html")
    folder = take_in([page], tmp_path / "library")
    before, after = Adapter.load(finished.adapter_folder() or ""), Adapter.load(folder)
    assert torch.equal(before.vector, after.vector) and before.selection == after.selection


def test_the_adapter_in_the_page_names_no_folder_of_somebodys_machine(finished: Run, tmp_path: Path) -> None:
    machine = str(tmp_path.parent)
    assert machine in Adapter.load(finished.adapter_folder() or "").selection.base_model
    packed = adapter_in_page(write_verdict(finished, tmp_path / "verdict.html"))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        told = b"".join(archive.read(name) for name in archive.namelist())
    assert machine.encode() not in told


def test_what_a_person_wrote_is_escaped(finished: Run, tmp_path: Path) -> None:
    finished.files.notes.write_text(json.dumps({"name": "<img src=x>", "note": "", "tags": []}))
    assert "<img" not in write_verdict(Run(finished.folder), tmp_path / "verdict.html").read_text()


def test_a_run_without_an_adapter_has_no_page(tmp_path: Path) -> None:
    run, _job = prepared(tmp_path)
    with pytest.raises(RunError, match="no adapter yet"):
        write_verdict(run, tmp_path / "verdict.html")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<html>hello</html>", "contains no adapter"),
        (f"{LINK_START}not base64!'", "is damaged"),
        (f"{LINK_START}{base64.b64encode(b'no zip').decode()}'", "cannot be unpacked"),
    ],
)
def test_a_page_that_is_none_is_refused_in_a_sentence(content: str, said: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(content)
    with pytest.raises(AdapterError, match=said):
        take_in([page], tmp_path / "library")
    assert not list((tmp_path / "library").glob("[0-9a-f]*"))


def test_a_page_beyond_any_size_is_not_read(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with page.open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(AdapterError, match="more than 128 MB"):
        adapter_in_page(page)


def test_the_card_of_a_classifier_names_its_labels(finished: Run) -> None:
    folder = finished.adapter_folder()
    assert folder
    facts = json.loads((folder / "studio.json").read_text())
    facts["metadata"]["labels"] = Labels("single", ("lamp", "tide")).to_json()
    (folder / "studio.json").write_text(json.dumps(facts))
    found = card_of(finished, folder)
    assert found.labels == ("lamp", "tide") and found.settings == finished.config.train
    assert found.held_out_after == finished.metrics()[0][-1].held_out


def test_the_card_tells_where_an_adapter_comes_from_and_draws_what_it_learned(finished: Run) -> None:
    folder = finished.adapter_folder()
    assert folder
    found = card_of(finished, folder)
    evaluation, split = read_evaluation(finished.folder), json.loads(finished.files.split.read_text())
    assert evaluation and found.verdict == evaluation.verdict.sentence
    assert found.data_fingerprint == split["data"] and len(found.data_fingerprint) == 64
    assert found.base_fingerprint == json.loads(finished.files.environment.read_text())["base_model"]
    assert found.rows == f"{split['training_rows']} training rows, {split['held_out']} held-out rows"
    curve, drawn = found.figures
    for figure in found.figures:
        assert ElementTree.fromstring(figure.svg).tag.endswith("svg")
    vectors = Adapter.load(folder).vectors()
    assert drawn.svg.count("<rect") == len(vectors)
    assert all(site.name in drawn.svg for site in vectors)
    assert curve.svg.count("<polyline") == 2
