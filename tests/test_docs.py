"""The snippets of the pages run in their order, and say what they are said to say."""

from __future__ import annotations

import inspect
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.method import Adapter
from ia3_studio.runs import RunStore
from ia3_studio.runs.folder import step_line
from tests.runs.test_evaluation import prepared
from tests.runs.test_history import ended
from tests.tiny_chat import tiny_tokenizer

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "data.md").read_text(encoding="utf-8")


def test_the_page_on_data_runs_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"tokenizer": tiny_tokenizer()}
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    promised = [said for snippet in snippets for said in re.findall(r"^print\(.*\)\s+# (.+)$", snippet, re.MULTILINE)]
    for snippet in snippets:
        exec(snippet, names)
    printed = capsys.readouterr().out
    assert len(promised) >= 9 and len(snippets) >= 6
    assert [said for said in promised if said.rstrip("…") not in printed] == []
    assert "trained   'Yes, keeper.<|im_end|>'" in printed or "trained   'No, keeper.<|im_end|>'" in printed


def written_api() -> Any:
    spec = spec_from_file_location("write_api", DOCS / "write_api.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_api_is_what_the_docstrings_say_now() -> None:
    assert (DOCS / "api.md").read_text(encoding="utf-8") == written_api().page(), "python docs/write_api.py"


def test_the_table_of_shapes_is_what_the_tests_read_now() -> None:
    spec = spec_from_file_location("write_shapes", DOCS / "write_shapes.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "data.md").read_text(encoding="utf-8") == module.page(), "python docs/write_shapes.py"


def test_every_public_name_says_what_it_is_with_types() -> None:
    found = dict(written_api().names())
    assert len(found) > 100
    for name, thing in found.items():
        if inspect.isfunction(thing) or inspect.isclass(thing):
            assert (thing.__doc__ or "").strip(), name
        if inspect.isfunction(thing):
            typed = [each for each in inspect.signature(thing).parameters.values() if each.annotation is each.empty]
            assert not typed and inspect.signature(thing).return_annotation is not inspect.Signature.empty, name


def test_the_page_on_runs_compares_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    made = [ended(RunStore(), name=name) for name in ("one", "two")]
    names: dict[str, Any] = {}
    (snippet,) = re.findall(r"```python\n(.*?)```", (DOCS / "runs.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(snippet, names)
    assert {run.id for run in names["best"]} == {run.id for run in made}


def test_the_page_on_insight_runs_on_two_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for name, seed in (("run", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        run, job = prepared(tmp_path / name, seed=seed)
        with run.files.metrics.open("w") as file:
            for step in job.steps(lambda: False):
                file.write(step_line(step))
                if step.step and step.held_out is not None:
                    run.files.keep_adapter(step.step, job.save)
        list(job.evaluate(run.folder))
        run.files.status.write_text('{"phase": "ended", "message": "Finished", "result": "finished"}')
        names[name] = run
    snippets = re.findall(r"```python\n(.*?)```", (DOCS / "insight.md").read_text(encoding="utf-8"), re.DOTALL)
    for snippet in snippets:
        exec(snippet, names)
    printed = capsys.readouterr().out
    assert len(snippets) == 7
    for said in (
        "of the scales changed",
        "half of the deviation lies in",
        "cosine similarity of",
        "held-out rows from",
    ):
        assert said in printed
    assert (tmp_path / "verdict.html").is_file() and Adapter.load(tmp_path / "pruned").vector.numel() > 0
