"""The set-up: five lines, only what changed, and one sentence for whatever stands in its way."""

from __future__ import annotations

import ast
import errno
import io
import os
import shutil
import subprocess
import sys
import time
import venv
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pip
import pytest

import studio_setup
from ia3_studio.background import in_background
from studio_setup import Lines, Place, SetupError, Stage, activity_in, is_set_up, set_up, wanted
from tests.http_standin import Answer, Stalled, Trickling, answering
from tests.models.standins import write_wheel

ROOT = Path(__file__).parents[1]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages, which is all that pip sees; a machine with an NVIDIA GPU and without uv."""
    folder = tmp_path / "shelf"
    for name, version in (("torch", "1.0"), ("lamp", "1.0"), ("lamp", "2.0"), ("oar", "1.0")):
        write_wheel(folder, {f"{name}.py": b""}, name, version)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "nvidia-smi" else None)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A repository with three requirements and a fresh environment, whose pip is that of the tests."""
    root = tmp_path / "repository"
    root.mkdir()
    (root / "requirements.txt").write_text("torch==1.0\nlamp==1.0\noar==1.0\n")
    venv.create(tmp_path / "venv", symlinks=os.name != "nt")
    made = Place(root, tmp_path / "venv")
    for part in Path(pip.__file__).parents[1].glob("pip*"):
        (made.packages[0] / part.name).symlink_to(part)
    return made


def installed(place: Place) -> set[str]:
    records = place.packages[0].glob("*.dist-info")
    return {each.name.removesuffix(".dist-info") for each in records if not each.name.startswith(("pip", "setuptools"))}


def test_the_app_itself_is_compiled_too_also_where_python_may_not_keep_what_it_compiles(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    package = place.root / "ia3_studio"
    package.mkdir()
    (package / "own.py").write_text("NUMBER = 1\n")
    assert studio_setup.start_compiling(place).wait() == 0
    assert list(package.glob("__pycache__/own.*.pyc"))


@pytest.mark.worker
def test_it_says_five_lines_with_their_seconds_and_a_second_time_nothing_is_to_do(
    place: Place, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(place)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" … ")[0] for line in said] == [
        "1/5 Environment", "2/5 torch", "3/5 Packages", "4/5 Starter model", "5/5 Compilation",
    ]  # fmt: skip
    assert all(line.endswith(" s") for line in said)
    assert "skipped" in said[3]  # there is no studio in this repository
    assert installed(place) == {"torch-1.0", "lamp-1.0", "oar-1.0"}
    assert is_set_up(place, "requirements.txt")


@pytest.mark.worker
def test_after_a_change_of_the_requirements_only_that_is_touched(
    place: Place, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(place)
    untouched = place.packages[0] / "oar-1.0.dist-info" / "RECORD"
    before = untouched.stat().st_mtime_ns
    (place.root / "requirements.txt").write_text("torch==1.0\nlamp==2.0\noar==1.0\n")
    assert not is_set_up(place, "requirements.txt")
    capsys.readouterr()
    set_up(place)
    said = capsys.readouterr().out
    assert "is there" in said.splitlines()[0] and "1.0 is there" in said.splitlines()[1]
    assert "1 package installed or updated" in said.splitlines()[2]
    assert installed(place) == {"torch-1.0", "lamp-2.0", "oar-1.0"}
    assert untouched.stat().st_mtime_ns == before


@pytest.mark.worker
@pytest.mark.parametrize("last", ["RECORD", "INSTALLER"])
def test_a_killed_set_up_goes_on_and_installs_again_what_was_cut_short(last: str, place: Place, shelf: Path) -> None:
    set_up(place, for_checks=True)
    place.mark("requirements.txt").unlink()
    (place.venv / studio_setup.WORKING).touch()  # what a killed set-up leaves
    record = place.packages[0] / "lamp-1.0.dist-info"
    (record / last).unlink()  # written last, by pip or uv
    (place.packages[0] / "lamp.py").unlink()
    set_up(place, for_checks=True)
    assert (record / last).is_file() and (place.packages[0] / "lamp.py").is_file()
    assert is_set_up(place, "requirements.txt")


@pytest.mark.worker
def test_the_installer_that_a_killed_set_up_left_running_is_waited_for(
    place: Place, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uv, begun, go = (tmp_path / name for name in ("bin/uv", "begun", "go"))
    uv.parent.mkdir()
    uv.write_text(f"#!/bin/sh\ntouch {begun}\nwhile [ ! -e {go} ]; do sleep 0.05; done\nexit 1\n")
    uv.chmod(0o755)
    program = (
        "import sys; from pathlib import Path; from studio_setup import *; set_up(Place(*map(Path, sys.argv[1:])))"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", program, str(place.root), str(place.venv)], stdout=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{uv.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    wait_until(begun.exists)
    killed.kill()
    killed.wait()
    again = in_background(lambda: set_up(place, for_checks=True))
    said = ""

    def is_waiting() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return "waiting for another set-up" in said

    wait_until(is_waiting)
    assert not again.done() and installed(place) == set()
    go.touch()
    again.result(timeout=60)
    assert installed(place) == {"torch-1.0", "lamp-1.0", "oar-1.0"} and is_set_up(place, "requirements.txt")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_set_up_that_was_killed_is_none(place: Place) -> None:
    place.mark("requirements.txt").write_text(wanted(place, "requirements.txt"))
    assert is_set_up(place, "requirements.txt")
    (place.venv / studio_setup.WORKING).touch()
    assert not is_set_up(place, "requirements.txt")


@pytest.mark.worker
def test_an_environment_without_a_working_python_is_made_again(place: Place, shelf: Path) -> None:
    place.python.unlink()
    place.python.symlink_to("/nowhere/python3")
    set_up(place, for_checks=True)
    assert installed(place) == {"torch-1.0", "lamp-1.0", "oar-1.0"}


@pytest.mark.worker
def test_a_package_that_is_nowhere_is_one_sentence_that_names_the_log(place: Place, shelf: Path) -> None:
    (place.root / "requirements.txt").write_text("torch==1.0\nlamp==3.0\n")
    with pytest.raises(
        SetupError, match=r"could not be installed: .*lamp==3\.0.* run the command again \(details: "
    ) as it:
        set_up(place, for_checks=True)
    assert str(place.log) in str(it.value) and "lamp==3.0" in place.log.read_text()
    assert not is_set_up(place, "requirements.txt")


LISTED = 200, {"Content-Type": "text/html"}, b'<a href="/torch-1.0-py3-none-any.whl">torch-1.0-py3-none-any.whl</a>'


@pytest.mark.worker
@pytest.mark.parametrize(
    ("listed", "file", "sentence"),
    [
        ((429, {}, b""), (404, {}, b""), r"the package index lists no versions; .* check the connection"),
        ((503, {}, b""), (404, {}, b""), r"the package index lists no versions; .* check the connection"),
        ((200, {}, Stalled(b"<a", 100)), (404, {}, b""), "check the connection"),
        (LISTED, (429, {}, b""), "asks for fewer requests; wait some minutes"),
        (LISTED, (500, {}, b""), "is out of order; wait some minutes"),
        (LISTED, (200, {}, Stalled(b"PK", 10_000)), "cannot be reached; check the connection"),
    ],
    ids=["429", "503", "stalls", "a file gets 429", "a file gets 500", "a file stalls"],
)
def test_an_index_in_trouble_is_one_sentence_and_the_next_set_up_goes_on(
    listed: Answer, file: Answer, sentence: str, place: Place, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    for name, value in {"CONFIG_FILE": os.devnull, "DEFAULT_TIMEOUT": "1", "RETRIES": "0", "CACHE_DIR": "off"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    begin = time.monotonic()
    with answering(lambda path, _span: listed if path.startswith("/simple") else file) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        with pytest.raises(SetupError, match=rf"^torch could not be installed: .*{sentence}") as it:
            set_up(place, for_checks=True)
    assert time.monotonic() - begin < 60 and "\n" not in str(it.value)
    assert installed(place) == set() and not is_set_up(place, "requirements.txt")
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    set_up(place, for_checks=True)
    assert installed(place) == {"torch-1.0", "lamp-1.0", "oar-1.0"}


@pytest.mark.worker
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell how much a program works")
def test_an_index_that_asks_to_wait_an_hour_is_given_up_and_one_that_trickles_is_not(
    place: Place, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    for name, value in {"CONFIG_FILE": os.devnull, "RETRIES": "3", "CACHE_DIR": "off"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setattr(studio_setup, "STANDSTILL_SECONDS", 6.0)
    wheel = write_wheel(
        shelf / "large", {"torch.py": b"", "weights.bin": os.urandom(12_000)}, "torch", "1.0"
    ).read_bytes()

    def asked_to_wait(path: str, _span: object) -> Answer:
        return LISTED if path.startswith("/simple") else (503, {"Retry-After": "3600"}, b"")

    def trickling(path: str, _span: object) -> Answer:
        return LISTED if path.startswith("/simple") else (200, {}, Trickling(wheel, seconds=12.0))

    begin = time.monotonic()
    with answering(asked_to_wait) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        with pytest.raises(SetupError, match=r"^torch could not be installed: .*mirror in PIP_INDEX_URL"):
            set_up(place, for_checks=True)
    assert time.monotonic() - begin < 60
    with answering(trickling) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        with pytest.raises(SetupError, match=r"^The packages could not be installed"):  # this index has torch alone
            set_up(place, for_checks=True)
    assert installed(place) == {"torch-1.0"}


@pytest.mark.worker
def test_a_proxy_that_leads_nowhere_is_named(place: Place, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    for name, value in {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "HTTPS_PROXY": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.invalid/simple")
    with pytest.raises(
        SetupError, match=r"torch could not be installed: .*check the connection and the proxy in HTTPS_PROXY"
    ):
        set_up(place, for_checks=True)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full; free some space"),
        ("WARNING: Retrying (Retry(total=1)) after 'NewConnectionError(...)'", "check the connection"),
        ("error: Failed to fetch: `https://pypi.org/simple/lamp/`\n  dns error", "check the connection"),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403'))", "check HTTPS_PROXY"),
        ("ERROR: HTTP error 429 while getting https://…: Too Many Requests", "fewer requests; wait some minutes"),
        ("ERROR: HTTP error 503 Server Error: Service Unavailable for url", "out of order; wait some minutes"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", "permissions"),
        ("  cause: HTTP status client error (429 Too Many Requests) for url (http://…)", "fewer requests"),
        ("  cause: HTTP status server error (500 Internal Server Error) for url (http://…)", "out of order"),
        ("error: Request failed\n  cause: error decoding response body\n  cause: operation timed out", "connection"),
        ("error: incomplete-download\n\n× Download failed after 6 attempts because not enough bytes", "connection"),
        ("ERROR: Could not find a version that satisfies lamp (from versions: none)", "lists no versions"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES; hash does not match", "a download is damaged"),
        ("ERROR: Something nobody has seen.", "Something nobody has seen; correct it"),
    ],
)  # fmt: skip
def test_what_the_log_of_pip_or_uv_says_is_explained_in_one_sentence(place: Place, said: str, sentence: str) -> None:
    place.log.write_text(said + "\n")
    told = studio_setup.explained("The packages could not be installed", place)
    assert sentence in told and "\n" not in told and str(place.log) in told


def test_a_full_disk_is_told_before_anything_is_installed(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage(10**10, 10**10, 10**8))
    with pytest.raises(SetupError, match=r"The disk is too full: the packages need 3 GB .* 0\.1 GB are free"):
        set_up(Place(ROOT, tmp_path / "new"))
    assert not (tmp_path / "new" / "bin").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, shelf: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match=r"cannot be written .*IA3_STUDIO_VENV"):
        set_up(Place(ROOT, tmp_path / "file" / "venv"))


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_the_module_for_environments_says_what_to_install(
    missing: str, tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SetupError, match=rf"no module {missing}.*apt install python3\.\d+-venv.*or install uv"):
        set_up(Place(ROOT, tmp_path / "new"))


@pytest.mark.worker
def test_where_uv_fails_pip_is_asked(
    place: Place, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\necho \"$@\" >> {tmp_path}/asked\necho 'error: no such index' >&2\nexit 1\n")
    uv.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(uv) if name == "uv" else name)
    set_up(place, for_checks=True)
    asked = (tmp_path / "asked").read_text()
    assert "pip install --python" in asked and "requirements.txt" in asked
    assert installed(place) == {"torch-1.0", "lamp-1.0", "oar-1.0"}


def test_what_is_fetched_is_shown_with_its_size() -> None:
    assert activity_in("Collecting a\n  Downloading a-1-py3-none-any.whl (35.2 MB)\n") == (
        "Downloading a-1-py3-none-any.whl (35.2 MB)"
    )
    assert activity_in("Downloading torch (190.0MiB)\n") == "Downloading torch (190.0MiB)"
    assert activity_in("Collecting a\n") == "looking for packages"


def test_a_terminal_shows_one_line_that_goes_on_and_a_file_only_whole_lines() -> None:
    class Terminal(io.StringIO):
        encoding = "ascii"  # type: ignore[assignment]

        def isatty(self) -> bool:
            return True

    for stream, rewritten in ((Terminal(), True), (io.StringIO(), False)):
        with Lines(stream, 1).stage("Packages") as stage:
            stage.show("Downloading a")
            stage.result = "3 packages"
        said = stream.getvalue()
        assert said.count("\n") == 1 and said.endswith("3 packages, 0 s\n")
        assert ("Downloading a, 0 s" in said) == rewritten == ("\r" in said)
    assert isinstance(stage, Stage)


OLD_PYTHON = """
import collections, platform, runpy, sys
sys.version_info = collections.namedtuple("v", "major minor micro")(3, 10, 12)
platform.python_version = lambda: "3.10.12"
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def test_an_old_python_gets_one_sentence_before_anything_newer_is_read() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OLD_PYTHON, str(ROOT / "studio.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("IA3 Studio needs Python 3.11 or newer, and this is 3.10.12; ")
    assert done.stderr.count("\n") == 1
    source = (ROOT / "studio.py").read_bytes().decode("ascii")  # Python 2.7 reads nothing else without being told
    tree = ast.parse(source, feature_version=(3, 6))
    unread_by_python_2 = (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.Starred, ast.ImportFrom)
    found = [each for each in ast.walk(tree) if isinstance(each, unread_by_python_2)]
    assert [each.module for each in found if isinstance(each, ast.ImportFrom)] == ["studio_commands"]
    assert len(found) == 1 and "__future__" not in source


@pytest.mark.worker
def test_variables_that_lead_an_installer_elsewhere_are_left_out_and_named_in_the_log(
    place: Place, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "pip.py").write_text("raise SystemExit('another pip')")
    misleading = {
        "PIP_TARGET": str(tmp_path / "target"), "PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1",
        "PYTHONPATH": str(tmp_path / "elsewhere"), "PYTHONHOME": str(tmp_path), "VIRTUAL_ENV": str(tmp_path),
    }  # fmt: skip
    for name, value in misleading.items():
        monkeypatch.setenv(name, value)
    set_up(place, for_checks=True)
    assert installed(place) == {"torch-1.0", "lamp-1.0", "oar-1.0"} and not (tmp_path / "target").exists()
    said = place.log.read_text().splitlines()[0]
    assert all(name in said for name in misleading) and str(tmp_path) not in said
    assert "PIP_FIND_LINKS" not in said and "PIP_NO_INDEX" not in said


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        *[(name, True) for name in (
            "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_PROXY", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_TRUSTED_HOST",
            "PIP_CACHE_DIR", "PIP_DEFAULT_TIMEOUT", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_INNER_PASSWORD",
            "UV_NATIVE_TLS", "UV_INSECURE_HOST", "UV_CACHE_DIR", "UV_HTTP_TIMEOUT", "HTTPS_PROXY", "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE", "PATH", "PYTHONUTF8",
        )],
        *[(name, False) for name in (
            "PIP_PREFIX", "PIP_ROOT", "PIP_NO_DEPS", "PIP_DRY_RUN", "PIP_PYTHON", "PIP_CONSTRAINT", "UV_PYTHON",
            "UV_SYSTEM_PYTHON", "UV_TARGET", "UV_PROJECT_ENVIRONMENT", "UV_CONSTRAINT", "CONDA_PREFIX",
        )],
    ],
)  # fmt: skip
def test_settings_of_index_proxy_and_certificates_stay(name: str, stays: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "as given")
    assert (studio_setup.environment().get(name) == "as given") == stays


@pytest.mark.worker
@pytest.mark.skipif(os.name == "nt", reason="the program is a script")
def test_an_installer_that_the_system_does_not_start_is_passed_over(
    place: Place, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_bytes(b"\x7fELF of another machine")
    uv.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(uv) if name == "uv" else name)
    set_up(place, for_checks=True)
    assert installed(place) == {"torch-1.0", "lamp-1.0", "oar-1.0"}
    assert f"ERROR: [Errno {errno.ENOEXEC}]" in place.log.read_text()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_mark_or_a_log_that_cannot_be_written_is_one_sentence(
    number: int, place: Place, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_given: object, **_options: object) -> int:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(SetupError) as refused:
        set_up(place)
    said = str(refused.value)
    assert said.endswith("run the command again.") and str(place.venv) in said and "\n" not in said
    assert ("disk is full" in said) == (number == errno.ENOSPC)


def test_on_windows_a_second_set_up_waits_for_the_first(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    class Msvcrt:
        """As Windows does: a region that is locked is refused, and free again when its file is closed."""

        LK_NBLCK = 2

        @staticmethod
        def locking(descriptor: int, _mode: int, count: int) -> None:
            assert (count, os.lseek(descriptor, 0, os.SEEK_CUR)) == (1, 0)
            if held:
                held.pop()  # the other one ends meanwhile
                raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)
    monkeypatch.setattr(studio_setup, "LOOK_SECONDS", 0.001)
    shown = io.StringIO()
    for others in (0, 1, 2):
        held.extend([1] * others)
        with Lines(shown, 1).stage("Environment") as stage, studio_setup._alone(place, stage):
            assert not held
    assert shown.getvalue().count("waiting for another set-up") == 2
