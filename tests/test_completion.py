"""The command completes its commands, their options and the ids of runs."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import time
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


def typed(shell: str, script: str, keys: str, awaited: str, folder: Path) -> str:
    """Return what an interactive shell that has read a script shows after some keys, until what is awaited."""
    (folder / "completion").write_text(script)
    (folder / "empty").mkdir(exist_ok=True)
    plain = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
    variables = {**os.environ, "TERM": "dumb", "HOME": str(folder), "ZDOTDIR": str(folder)}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder / "empty")
        os.execvpe(plain[0], plain, variables)
    try:
        os.write(terminal, f"source {folder}/completion && echo re''ady\n".encode())
        shown = shown_until(terminal, "ready")
        os.write(terminal, keys.encode())
        return shown + shown_until(terminal, awaited)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def shown_until(terminal: int, awaited: str) -> str:
    shown, deadline = "", time.monotonic() + 30
    while awaited not in shown:
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace")
    return shown


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("keys", "awaited"),
    [
        ("ia3-studio tr\t", "ia3-studio train"),
        ("ia3-studio --js\t", "ia3-studio --json"),
        ("ia3-studio --json eval\t", "ia3-studio --json evaluate"),
        ("ia3-studio train --sel\t", "train --selection"),
        ("ia3-studio watch 2026\t", "watch 20261128-120000-abcdef"),
        ("ia3-studio --json watch 2026\t", "watch 20261128-120000-abcdef"),
    ],
)
def test_the_tab_key_completes_in_a_plain_shell(
    shell: str, keys: str, awaited: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    assert main(["completion", shell]) == DONE
    assert awaited in typed(shell, capsys.readouterr().out, keys, awaited, tmp_path)


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish")
def test_fish_completes_commands_options_and_runs(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "fish"]) == DONE
    (tmp_path / "completion").write_text(capsys.readouterr().out)

    def offered(line: str) -> set[str]:
        program = f"source {tmp_path}/completion; complete -C '{line}'"
        command = ["fish", "--no-config", "-c", program]
        return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    assert offered("ia3-studio tr") == {"train"}
    assert "--json" in offered("ia3-studio --")
    assert {"--selection", "--set"} <= offered("ia3-studio train --se")
    assert "20261128-120000-abcdef" in offered("ia3-studio watch 2026")
    assert "20261128-120000-abcdef" not in offered("ia3-studio serve 2026")
