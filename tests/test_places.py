"""Places: the environment decides, and a Space's storage is used when it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio import settings as places


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
