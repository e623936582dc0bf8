"""Places: the environment decides, and a Space's storage is used when it is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ia3_studio import settings as places
from ia3_studio.cli import DONE, main
from ia3_studio.models.hub import largest_public_bytes


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IA3_STUDIO_HOME", "IA3_STUDIO_CACHE", "SPACE_ID", "SYSTEM"):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_names_the_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    assert places.home() == tmp_path / "home"
    assert places.runs_folder() == tmp_path / "home" / "runs"
    assert places.cache_folder() == tmp_path / "cache"


def test_without_an_environment_the_folders_are_the_users_own() -> None:
    assert places.home().is_absolute() and "ia3-studio" in str(places.home())
    assert not places.on_space()


@pytest.mark.parametrize("writable", [True, False])
def test_a_space_uses_its_storage_only_when_it_can_write_there(
    writable: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPACE_ID", "somebody/studio")
    monkeypatch.setattr(places, "SPACE_DISK", tmp_path if writable else tmp_path / "absent")
    assert places.on_space()
    assert (places.home() == tmp_path / "ia3-studio") is writable


@pytest.mark.parametrize(
    ("name", "unfit", "fit"),
    [
        ("IA3_STUDIO_CHAT_WEIGHTS", "fp16", "int8"),
        ("IA3_STUDIO_CHAT_WEIGHTS", "INT8", "exact"),
        ("IA3_STUDIO_READY_WORKER", "no", "0"),
        ("IA3_STUDIO_PUBLIC", "true", "1"),
        ("IA3_STUDIO_RUNS_AT_ONCE", "two", "2"),
        ("IA3_STUDIO_RUNS_AT_ONCE", "17", "16"),
        ("IA3_STUDIO_RUNS_AT_ONCE", "0", ""),
        ("IA3_STUDIO_LARGEST_MODEL_GB", "3 GB", "0.5"),
        ("IA3_STUDIO_LARGEST_MODEL_GB", "nan", "30"),
        ("IA3_STUDIO_LARGEST_MODEL_GB", "-1", "1e1"),
        ("IA3_STUDIO_COLLECTIVE_SECONDS", "2 min", "120"),
        ("IA3_STUDIO_COLLECTIVE_SECONDS", "0", "1"),
        ("IA3_STUDIO_HOSTS", "https://studio.example", "studio.example, [::1]:80,"),
    ],
)
def test_a_value_that_is_of_no_use_is_said_in_one_sentence(
    name: str, unfit: str, fit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, unfit)
    (sentence,) = (each for each in places.doubtful_variables() if each.startswith(name))
    assert unfit in sentence and "; use " in sentence and sentence.count(". ") == 0
    monkeypatch.setenv(name, fit)
    assert not [each for each in places.doubtful_variables() if each.startswith(name)]


def test_a_variable_that_nobody_reads_is_said_and_every_documented_one_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IA3_STUDIO_CHAT_WEIGHT", "int8")
    (sentence,) = (each for each in places.doubtful_variables() if each.startswith("IA3_STUDIO_CHAT_WEIGHT "))
    page = (Path(__file__).parents[1] / "docs" / "installation.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(IA3_STUDIO_\w+)`", page, re.MULTILINE))
    assert len(documented) > 8 and all(name in sentence for name in documented)
    assert documented <= {f"IA3_STUDIO_{name}" for name in places._VARIABLES}


def test_every_variable_that_the_code_reads_is_known_and_documented_unless_processes_alone_tell_each_other() -> None:
    root = Path(__file__).parents[1]
    files = [*(root / "ia3_studio").rglob("*.py"), root / "studio.py", root / "studio_commands.py", root / "app.py"]
    read = {name for path in files for name in re.findall(r"IA3_STUDIO_([A-Z]\w+)", path.read_text(encoding="utf-8"))}
    page = (root / "docs" / "installation.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `IA3_STUDIO_(\w+)`", page, re.MULTILINE))
    assert read == set(places._VARIABLES)
    assert documented == read - set(places._BETWEEN)


def test_a_download_limit_that_is_no_number_leaves_the_limit_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IA3_STUDIO_LARGEST_MODEL_GB", raising=False)
    most = largest_public_bytes()
    monkeypatch.setenv("IA3_STUDIO_LARGEST_MODEL_GB", "much")
    assert largest_public_bytes() == most


@pytest.mark.parametrize("command", [["runs"], ["--json", "runs"]])
def test_every_command_says_it_where_errors_are_said(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "yes")
    assert main(command) == DONE
    said = capsys.readouterr()
    assert said.err.count("IA3_STUDIO_PUBLIC") == 1 and "IA3_STUDIO_PUBLIC" not in said.out
