"""The package: built from its own sources, installed as a wheel, it starts the app and trains."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import tomllib
import urllib.error
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ia3_studio import __version__
from tests.e2e.studio_app import free_port
from tests.tiny_chat import save_tiny_chat

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCES = ("ia3_studio", "pyproject.toml", "README.md", "LICENSE")


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if "==" in line]
    return {each.name: str(each.specifier).removeprefix("==") for each in found}


def test_the_ranges_of_the_package_hold_every_pin_of_the_lock_and_nothing_else() -> None:
    ranges = {each.name: each.specifier for each in map(Requirement, PROJECT["dependencies"])}
    assert ranges.keys() == pins().keys()
    assert [name for name, pin in pins().items() if pin not in ranges[name]] == []
    assert [name for name, allowed in ranges.items() if not any(each.operator == ">=" for each in allowed)] == []


def test_the_version_is_the_same_in_both_places() -> None:
    assert PROJECT["version"] == __version__


def build(kind: str, folder: Path, into: Path) -> Path:
    """Build a wheel or an sdist of a source folder, with the setuptools that torch brings."""
    program = f"import sys; from setuptools import build_meta; print(build_meta.build_{kind}(sys.argv[1]))"
    command = [sys.executable, "-W", "ignore", "-c", program, str(into)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return into / done.stdout.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from an sdist, as a package index would have both."""
    work = tmp_path_factory.mktemp("build")
    sources = work / "sources"
    sources.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources)
    sdist = build("sdist", sources, work)
    with tarfile.open(sdist) as archive:
        archive.extractall(work, filter="data")
    return build("wheel", work / sdist.name.removesuffix(".tar.gz"), work)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, which sees the packages of this one."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=os.name != "nt")
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    install = [sys.executable, "-m", "pip", "--python", str(folder), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True)
    return folder / "bin"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No path to this repository, and a home of its own."""
    left = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "GRADIO_SERVER_NAME")}
    return {**left, "IA3_STUDIO_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}


@pytest.mark.worker
def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("ia3_studio/")}
    own = [path for path in (ROOT / "ia3_studio").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    wanted = {path.relative_to(ROOT).as_posix() for path in own if path.suffix != ".pyi"}  # Gradio writes those
    assert held == wanted and {".css", ".js", ".jsonl"} <= {Path(name).suffix for name in held}


@pytest.mark.worker
def test_the_installed_command_trains(installed: Path, environment: dict[str, str], tmp_path: Path) -> None:
    model, data = save_tiny_chat(tmp_path / "tiny"), tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps({"prompt": f"{n} oars?", "response": f"{n}, yes."}) + "\n" for n in range(12)))
    command = [installed / "ia3-studio", "--json", "train", "--model", model, "--data", data]
    limits = ["--set", "max_steps=3", "--set", "max_length=64"]
    done = subprocess.run(
        [*command, *limits], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (lines[-1]["state"], lines[-1]["step"]) == ("finished", 3)
    assert list(Path(lines[0]["folder"]).rglob("adapter_model.safetensors"))
    found = subprocess.run(
        [installed / "python", "-c", "import ia3_studio; print(ia3_studio.__file__)"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(found.stdout.strip()).is_relative_to(installed.parent)


@pytest.mark.worker
def test_the_installed_command_starts_the_app_without_arguments(
    installed: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    app = subprocess.Popen(
        [installed / "ia3-studio"], cwd=tmp_path, env={**environment, "GRADIO_SERVER_PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert "IA3 Studio" in page_at(f"http://127.0.0.1:{port}", app)
    finally:
        app.terminate()
        app.wait(60)


def page_at(address: str, app: subprocess.Popen[bytes]) -> str:
    """Return the page of an app as soon as it answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(address) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError:
            assert app.poll() is None, "the app has ended"
            time.sleep(0.2)
    raise AssertionError("the app does not answer")
