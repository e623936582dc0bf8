"""The command completes its commands, their options and the ids of runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ia3_studio.cli import DONE, main
from ia3_studio.cli.completion import SHELLS

needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    (tmp_path / "runs" / "20261128-120000-abcdef").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def script(home: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", "bash"]) == DONE
    return capsys.readouterr().out


def completed(script: str, *words: str) -> list[str]:
    """Return what bash offers for the last word."""
    listed = " ".join(f"'{word}'" for word in words)
    program = f'{script}\nCOMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _ia3_studio; echo "${{COMPREPLY[@]}}"'
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True).stdout.split()


@needs_bash
def test_commands_and_their_options_are_completed(script: str) -> None:
    assert completed(script, "ia3-studio", "tr") == ["train"]
    assert {"serve", "fetch", "doctor", "completion"} <= set(completed(script, "ia3-studio", ""))
    assert completed(script, "ia3-studio", "train", "--se") == ["--selection", "--set"]
    assert completed(script, "ia3-studio", "serve", "--a") == ["--auth"]


@needs_bash
def test_the_ids_of_runs_are_completed_where_a_run_is_asked_for(script: str) -> None:
    assert completed(script, "ia3-studio", "watch", "2026") == ["20261128-120000-abcdef"]
    assert completed(script, "ia3-studio", "serve", "2026") == []


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_is_one_that_its_shell_can_read(shell: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == DONE
    said = capsys.readouterr().out
    assert "evaluate" in said and "ia3-studio" in said
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=said, text=True, check=True)
