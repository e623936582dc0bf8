"""What the README says is so: its commands exist, its program runs, its front matter fits a Space."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_front_matter_starts_this_app_with_the_pinned_gradio() -> None:
    said = yaml.safe_load(README.split("---")[1])
    pins = dict(
        line.replace("[oauth]", "").split("==")
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line
    )
    assert said["sdk"] == "gradio" and said["sdk_version"] == pins["gradio"]
    assert (ROOT / said["app_file"]).is_file()
    assert said["python_version"] == "3.11"  # the oldest that works: pyproject.toml
    assert len(said["short_description"]) <= 60  # the hub's limit


def test_every_file_it_links_to_or_names_as_a_command_is_there() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    commands = re.findall(r"python3? ([\w/.]+\.py)", README)
    assert linked and commands
    assert [path for path in (*linked, *commands) if not (ROOT / path).exists()] == []


def test_every_test_that_the_page_on_peft_rests_on_is_there() -> None:
    ours, _theirs = (ROOT / "docs" / "peft.md").read_text(encoding="utf-8").split("\n## PEFT's own tests")
    named = re.findall(r"`(test_\w+)`", ours)
    there = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "method").glob("test_*.py"))
    assert len(named) > 18
    assert [name for name in named if f"def {name}(" not in there] == []


HEADER = "| benchmark | result | command |"
BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def rows_of(page: str) -> list[list[str]]:
    table = page.split(HEADER)[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def test_every_benchmark_has_one_command_that_repeats_it() -> None:
    command = [sys.executable, "benchmarks/refresh.py", "--list"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = rows_of(BENCHMARKS)
    assert set(listed) == {row[2].strip("`") for row in rows if row[2] != "same"} and len(listed) >= 12
    assert [row for row in rows if row[2] != "same" and not row[2].startswith("`python benchmarks/")] == []


def test_its_table_is_short_and_its_figures_are_those_of_the_benchmarks() -> None:
    rows, figures = rows_of(README), [row[1] for row in rows_of(BENCHMARKS)]
    assert 5 <= len(rows) <= 10
    assert [row for row in rows if not any(figure.startswith(row[1]) for figure in figures)] == []
    commands = {row[2] for row in rows_of(BENCHMARKS)}
    assert [row for row in rows if row[2] not in commands] == []


def test_every_test_that_the_page_on_security_rests_on_is_there() -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    there = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 30
    assert [name for name in named if f"def {name}(" not in there] == []


def test_the_totals_it_and_its_page_quote_are_those_of_the_table_of_architectures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import architectures

    totals = architectures.totals(list(architectures.read(ROOT / "docs" / "architectures.tsv").values()))
    assert totals and totals in (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
    whole, built, without, merged = (
        re.findall(pattern, totals)[0]
        for pattern in (r"(\d+) with every site", r"(\d+) built", r"(\d+) without attention", r"(\d+ of \d+) measured")
    )
    assert f"| {whole} of {built} built ({without} without attention); {merged} |" in BENCHMARKS


@pytest.mark.starter
def test_its_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    program = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    shorter = {
        "TrainConfig(learning_rate=3e-2, epochs=1)": "TrainConfig(max_steps=1, batch_size=2)",
        "(data.train, data.held_out)": "(data.train[:2], data.held_out[:2])",
    }
    for whole, part in shorter.items():
        assert program.count(whole) == 1
        program = program.replace(whole, part)
    exec(program, {})
    assert (tmp_path / "keeper" / "adapter_model.safetensors").is_file()
