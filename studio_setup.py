"""How does the virtual environment come to hold what the app needs? Five lines, and the details in a log file.

Needs nothing but Python: it runs before anything is installed. Every stage looks at what is there before it works, so a
set-up that was killed goes on where it was, and a set-up after `git pull` touches only what changed.
"""

from __future__ import annotations

import errno
import hashlib
import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
SELDOM_USED = (
    r"/tests?/|/transformers/models/|/plotly/graph_objs/|/torch/testing/|/pygments/lexers/|/sympy/physics/"
    r"|/(debugpy|mypy|mypyc|setuptools|wcwidth)/"
)
"""Modules that are compiled when they are first imported, if ever: half of all."""
LOG = "setup.log"
WORKING = ".setting-up"
"""There while a set-up is at work; left behind by a killed one."""
LOCK = ".setting-up.lock"
"""Held by a set-up and by the programs that it starts, of which one may outlive it."""
STARTER = "SmolLM2-135M-Instruct"
NEEDED_GB = 3.0
"""Free disk space for the packages on a machine without an NVIDIA GPU."""
LOOK_SECONDS = 0.2
STANDSTILL_SECONDS = 180.0
"""Time without a sign of work after which an installer is stopped: it obeys an index that tells it to wait an hour."""
STANDSTILL = "nothing has happened"
"""What the log then says."""
SIGNS_IN_STANDSTILL = 30
"""How often signs of work are looked for in that time: looking reads a file of every process of the machine."""
NOT_STARTED = 127
"""What counts as the exit code of a program that the system does not start, as in a shell."""
IMPATIENT = {"PIP_RETRIES": "1", "PIP_DEFAULT_TIMEOUT": "10", "UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "10"}
"""Variables of pip and uv: how often and for how many seconds an index is asked."""
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
MISLEADING = re.compile(
    r"PYTHON(PATH|HOME|USERBASE|EXECUTABLE)|__PYVENV_LAUNCHER__|VIRTUAL_ENV|CONDA_PREFIX|PIP_.*|UV_.*"
)
"""Variables that may lead an installer to other packages or into another folder, unless they are :data:`WISHES`."""
WISHES = re.compile(
    r"(PIP|UV)_(.*INDEX.*|FIND_LINKS|NO_CACHE(_DIR)?|CACHE_DIR|KEYRING_PROVIDER|CONFIG_FILE|.*TIMEOUT|.*RETRIES)"
    r"|PIP_(PROXY|(CLIENT_)?CERT|TRUSTED_HOST|PREFER_BINARY)"
    r"|UV_(.*INSECURE_HOST|NATIVE_TLS|SYSTEM_CERTS|OFFLINE|CONCURRENT_.*|LINK_MODE|HTTP_.*|.*PROXY)"
)
"""Which index is asked, how it is reached and trusted, and what is kept of it: the user's own settings, which stay."""
TAIL = 4_000
"""Bytes at the end of the log in which the activity is looked for."""


class SetupError(Exception):
    """The set-up cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """Where the set-up works."""

    root: Path
    """The folder of the repository."""
    venv: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def log(self) -> Path:
        """The file of details."""
        return self.venv / LOG

    @property
    def packages(self) -> list[Path]:
        """The folders of installed packages."""
        return [*self.venv.glob("lib/python*/site-packages"), *self.venv.glob("Lib/site-packages")]

    def mark(self, requirements: str) -> Path:
        """Return the file that tells which requirements are installed."""
        return self.venv / f".installed-{requirements}"


def wanted(place: Place, requirements: str) -> str:
    """Return a text that changes with the requirements."""
    names = ("requirements.txt",) if requirements == "requirements.txt" else ("requirements.txt", requirements)
    return hashlib.sha256(b"".join((place.root / name).read_bytes() for name in names)).hexdigest()


def is_set_up(place: Place, requirements: str) -> bool:
    """Tell whether exactly these requirements are installed, by a set-up that ended."""
    mark = place.mark(requirements)
    try:
        return (
            mark.read_text() == wanted(place, requirements)
            and place.python.is_file()
            and not (place.venv / WORKING).exists()
        )
    except OSError:
        return False


def set_up(place: Place, requirements: str = "requirements.txt", *, for_checks: bool = False) -> None:
    """**Create the environment and install the requirements**, saying so in five lines.

    Args:
        place: where.
        requirements: the name of a requirements file.
        for_checks: leave out the starter model and the compilation of all modules, which the checks see to.

    Raises:
        SetupError: something is missing; the message is one sentence.
    """
    lines = Lines(sys.stdout, 3 if for_checks else 5)
    try:
        with ExitStack() as held:
            with lines.stage("Environment") as stage:
                _require_folder(place)
                held.enter_context(_alone(place, stage))
                stage.result = _environment(place)
            _install(place, requirements, lines, for_checks=for_checks)
    except OSError as error:  # of the log or a mark
        raise SetupError(_unwritten(error, place)) from error


def _unwritten(error: OSError, place: Place) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full: {error.filename or place.venv} could not be written; free some space and run the "
            "command again."
        )
    return (
        f"{error.filename or place.venv} cannot be read or written ({error.strerror or error}); correct it and run the "
        "command again."
    )


def _install(place: Place, requirements: str, lines: Lines, *, for_checks: bool) -> None:
    with lines.stage("torch") as stage:
        stage.result = _torch(place, stage)
    with _compiling(place), lines.stage("Packages") as stage:  # pip works on one core
        stage.result = _packages(place, requirements, stage)
    if not for_checks:
        with _compiling(place) as compiling:  # the model comes through the network
            with lines.stage("Starter model") as stage:
                stage.result = _starter(place, stage)
            with lines.stage("Compilation") as stage:
                compiling.wait()
                stage.result = "modules compiled"
    place.mark(requirements).write_text(wanted(place, requirements))
    (place.venv / WORKING).unlink(missing_ok=True)


class Stage:
    """One line while its work goes on."""

    def __init__(self, lines: Lines, title: str) -> None:
        self._lines, self._title, self._began = lines, title, time.monotonic()
        self.result = ""

    def show(self, activity: str) -> None:
        """Say what is being done, on a terminal that can take a line back."""
        if self._lines.live:
            self._lines.write(f"\r\x1b[K{self._head} … {activity[:60]}, {self._seconds}")

    def wait_for(self, what: str) -> None:
        """Say in the line, on a terminal or not, what has to end first."""
        self._lines.write(f"waiting for {what} … ")

    def begin(self) -> None:
        """Begin the line."""
        self._lines.write(f"{self._head} … ")

    def end(self) -> None:
        """Write the line with its result and its time."""
        start = f"\r\x1b[K{self._head} … " if self._lines.live else ""
        self._lines.write(f"{start}{self.result}, {self._seconds}\n")

    @property
    def _head(self) -> str:
        return f"{self._lines.number}/{self._lines.count} {self._title}"

    @property
    def _seconds(self) -> str:
        return f"{time.monotonic() - self._began:.0f} s"


class Lines:
    """The lines of a set-up, one per stage."""

    def __init__(self, stream: TextIO, count: int) -> None:
        self._stream, self.count, self.number = stream, count, 0
        self.live = stream.isatty()

    def write(self, text: str) -> None:
        """Write at once, in what letters the terminal has."""
        known = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(known, "replace").decode(known))
        self._stream.flush()

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        """Write one line around the work of the block."""
        self.number += 1
        stage = Stage(self, title)
        stage.begin()
        try:
            yield stage
        except BaseException:
            self.write("\n")
            raise
        stage.end()


def _require_folder(place: Place) -> None:
    """**Create the folder of the environment**, and see that it can be written."""
    try:
        place.venv.mkdir(parents=True, exist_ok=True)
        (place.venv / LOCK).touch()
        place.log.touch()
    except OSError as error:
        raise SetupError(
            f"{place.venv} cannot be written ({error.strerror}); change its permissions, or set IA3_STUDIO_VENV to "
            "another folder."
        ) from error


@contextmanager
def _alone(place: Place, stage: Stage) -> Iterator[None]:
    """Wait until no other set-up works in this folder, nor an installer that a killed one left running.

    Every program started meanwhile inherits the open file, and with it the lock: close_fds=False. On Windows no program
    inherits a lock, so that an installer which was left running is not waited for.
    """
    with (place.venv / LOCK).open("a", encoding="utf-8") as file:
        os.set_inheritable(file.fileno(), True)
        lock = _posix_lock if _has_flock() else _windows_lock
        if not lock(file, wait=False):
            stage.wait_for("another set-up, or the installer of one that was stopped")
            lock(file, wait=True)
        yield


def _has_flock() -> bool:
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return False
    return True


def _posix_lock(file: TextIO, *, wait: bool) -> bool:
    """Lock a file until it is closed by everybody; return whether it is locked."""
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _windows_lock(file: TextIO, *, wait: bool) -> bool:
    """Lock the first byte of a file until this process closes it; return whether it is locked."""
    msvcrt: Any = importlib.import_module("msvcrt")
    while True:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:  # its own way to wait gives up after ten seconds
            if not wait:
                return False
            time.sleep(LOOK_SECONDS)
        else:
            return True


def _environment(place: Place) -> str:
    """**Create the virtual environment**, unless a whole one is there; return what to say."""
    said = f"{place.venv.name} with Python {platform.python_version()}"
    killed = (place.venv / WORKING).exists()
    (place.venv / WORKING).touch()
    _begin_log(place)
    if killed:
        remove_half_installed(place)
    if place.python.is_file() and _succeeds([str(place.python), "-m", "pip", "--version"], place):
        return f"{said} is there"
    _require_space(place)
    shutil.rmtree(place.python.parent, ignore_errors=True)  # links to a Python that is gone
    uv = shutil.which("uv")
    if uv:  # with pip (--seed), which fetches starter models
        command = [uv, "venv", "--seed", "--allow-existing", "--python", sys.executable, str(place.venv)]
        if _succeeds(command, place):
            return f"{said} created with uv"
    _require_ensurepip()
    if not _succeeds([sys.executable, "-m", "venv", str(place.venv)], place):
        raise SetupError(explained("The virtual environment could not be created", place))
    return f"{said} created"


def _begin_log(place: Place) -> None:
    """**Begin a new log** with the variables that no program of the set-up gets."""
    dropped = sorted(os.environ.keys() - environment().keys())
    said = f"Ignored, as they may lead to other packages or folders: {', '.join(dropped)}\n" if dropped else ""
    place.log.write_text(said, encoding="utf-8")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the programs of a set-up: this one without what misleads them."""
    kept = {name: value for name, value in os.environ.items() if not _misleads(name.upper())}
    return {**kept, **more}


def _misleads(name: str) -> bool:
    return bool(MISLEADING.fullmatch(name)) and not WISHES.fullmatch(name)


def _require_ensurepip() -> None:
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"This Python has no module {error.name}, which creates the virtual environment; install it (Debian and "
            f"Ubuntu: apt install python{version}-venv), or install uv."
        ) from error


def _require_space(place: Place) -> None:
    free = shutil.disk_usage(place.venv).free / 1e9
    if free < NEEDED_GB:
        raise SetupError(
            f"The disk is too full: the packages need {NEEDED_GB:g} GB in {place.venv}, and {free:.1f} GB are free; "
            "free some space, or set IA3_STUDIO_VENV to a folder on another disk."
        )


def remove_half_installed(place: Place) -> None:
    """**Remove the record of every package whose installation was cut short**, so that it is installed again.

    pip writes RECORD last; uv copies it with the package, and writes INSTALLER last.
    """
    for record in [found for folder in place.packages for found in folder.glob("*.dist-info")]:
        if not all((record / name).is_file() for name in ("RECORD", "INSTALLER")):
            shutil.rmtree(record, ignore_errors=True)


def _torch(place: Place, stage: Stage) -> str:
    """**Install torch**: its CPU build where no NVIDIA GPU is, which saves gigabytes; else PyPI's."""
    lines = (place.root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pin = next(line for line in lines if line.startswith("torch=="))
    version = pin.split("==")[1]
    if any(next(folder.glob(f"torch-{version}[.+]*dist-info"), None) for folder in place.packages):
        return f"{version} is there"
    has_cpu_build = platform.system() == "Linux" and not shutil.which("nvidia-smi")
    if has_cpu_build and _installs(place, stage, [pin, "--index-url", CPU_TORCH_INDEX], impatient=True):
        return f"{version}, CPU build, installed"
    if not _installs(place, stage, [pin]):
        raise SetupError(explained("torch could not be installed", place))
    return f"{version} installed"


def _packages(place: Place, requirements: str, stage: Stage) -> str:
    """**Install the requirements** that are not there yet; return what to say."""
    began = place.log.stat().st_size
    if not _installs(place, stage, ["--requirement", str(place.root / requirements)]):
        raise SetupError(explained("The packages could not be installed", place))
    changed = _changed(_log_after(place, began))
    return f"{changed} installed or updated" if changed else "nothing to change"


def _installs(place: Place, stage: Stage, arguments: Sequence[str], *, impatient: bool = False) -> bool:
    """Install with uv, else with pip, which knows other mirrors; return whether it worked.

    Args:
        place: where.
        stage: shows what is going on.
        arguments: what to install, and from where.
        impatient: give an index up soon, as there is another one.
    """
    uv = shutil.which("uv")
    ways = [[uv, "pip", "install", "--python", str(place.python)]] if uv else []
    ways.append([str(place.python), "-m", "pip", "--disable-pip-version-check", "install", "--no-compile"])
    patience = IMPATIENT if impatient else {}
    return any(_watch([*way, *arguments], place, stage, patience) == 0 for way in ways)


def _starter(place: Place, stage: Stage) -> str:
    """**Fetch and convert the starter model**; return what to say, also where it cannot be had now."""
    began = place.log.stat().st_size
    if _watch([str(place.python), "-m", "ia3_studio", "fetch", STARTER], place, stage) == 0:
        return f"{STARTER} is ready"
    said = [line for line in _log_after(place, began).splitlines() if line.strip()]
    return f"skipped, and tried again by the first run ({said[-1].rstrip('.') if said else 'no reason given'})"


def start_compiling(place: Place) -> subprocess.Popen[bytes]:
    """Start to compile what is installed and the app itself, on all cores: half the time that pip would take on one.

    Python compiles by itself what it imports, but not everywhere: many containers forbid it by a variable.
    """
    program = (
        "import compileall, re, sys, sysconfig;"
        "[compileall.compile_dir(folder, rx=re.compile(r'%s'), quiet=2, workers=0)"
        " for folder in (sysconfig.get_path('purelib'), sys.argv[1])]"
    )
    # A file that no version of Python compiles, as some packages hold, is no matter: nothing imports it.
    command = [str(place.python), "-W", "ignore", "-c", program % SELDOM_USED, str(place.root / "ia3_studio")]
    return subprocess.Popen(command, close_fds=False, env=environment())


@contextmanager
def _compiling(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """Compile in the background what is installed so far, until the end of the block at the latest if it fails."""
    process = start_compiling(place)
    try:
        yield process
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()


def _succeeds(command: Sequence[str], place: Place) -> bool:
    with place.log.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False, close_fds=False,
                env=environment(),
            )  # fmt: skip
            return done.returncode == 0
        except OSError as error:  # a program of another machine, or a link to nothing
            log.write(f"{error}\n")
            return False


def _watch(command: Sequence[str], place: Place, stage: Stage, variables: Mapping[str, str] | None = None) -> int:
    """Run a command with its output in the log, showing its last activity; return its exit code.

    One that shows no sign of work for too long is stopped, which the log says.
    """
    with place.log.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=place.root, close_fds=False,
                env=environment(**(variables or {})),
            )  # fmt: skip
        except OSError as error:  # a program of another machine, or a link to nothing
            log.write(f"ERROR: {error}\n")
            return NOT_STARTED
        seen, since = _signs_of_work(process.pid, place), time.monotonic()
        looked = since
        try:
            while process.poll() is None:
                stage.show(activity_in(_tail(place)))
                time.sleep(LOOK_SECONDS)
                if time.monotonic() - looked < STANDSTILL_SECONDS / SIGNS_IN_STANDSTILL:
                    continue
                looked = time.monotonic()
                if (now := _signs_of_work(process.pid, place)) != seen:
                    seen, since = now, time.monotonic()
                elif now and time.monotonic() - since > STANDSTILL_SECONDS:
                    log.write(f"ERROR: stopped, as {STANDSTILL} for {STANDSTILL_SECONDS:.0f} s\n")
                    break
        finally:
            process.kill()
            process.wait()
    return process.returncode


def _signs_of_work(pid: int, place: Place) -> tuple[int, int] | None:
    """Return what grows while a program works: its log, and the processor time of it and the programs that it started.

    Whatever arrives through the network takes processor time. None where the system does not tell (Windows, macOS).
    """
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        number = int(stat.parent.name)
        parents[number], ticks[number] = int(fields[1]), sum(map(int, fields[11:15]))
    if pid not in ticks:
        return None
    ours = {pid}
    while more := {number for number, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return place.log.stat().st_size, sum(ticks[number] for number in ours)


def _tail(place: Place) -> str:
    return _log_after(place, max(0, place.log.stat().st_size - TAIL))


def _log_after(place: Place, offset: int) -> str:
    with place.log.open("rb") as file:
        file.seek(offset)
        return file.read().decode("utf-8", "replace")


_FETCHING = re.compile(r"^\s*(?:Downloading|Using cached|Building|Converting|Looking for|Installing)\b.*", re.MULTILINE)


def activity_in(log: str) -> str:
    """Return the last thing that a log tells of: what is downloaded, with its size, or installed."""
    found = _FETCHING.findall(log)
    return found[-1].strip() if found else "looking for packages"


def _changed(log: str) -> str:
    """Return how many packages a log tells of as installed: "5 packages"; empty if none."""
    names = re.findall(r"^Successfully installed (.+)$", log, re.MULTILINE)
    count = sum(len(line.split()) for line in names) + len(re.findall(r"^ \+ \S+==", log, re.MULTILINE))
    return f"{count} package{'s' if count != 1 else ''}" if count else ""


def explained(what: str, place: Place) -> str:
    """Return one sentence on why a stage failed, from the log, which it names."""
    log = _log_after(place, max(0, place.log.stat().st_size - 20_000))
    reason = next((said for pattern, said in _REASONS if re.search(pattern, log, re.IGNORECASE)), None)
    proxies = [name for name in PROXIES if os.environ.get(name)]
    if reason and reason.endswith("check the connection") and proxies:
        reason += f" and the proxy in {proxies[0]}"
    if reason is None:
        errors = re.findall(r"^\s*(?:ERROR|error|×)[: ]\s*(.+)$", log, re.MULTILINE)
        reason = f"{errors[-1][:200].rstrip('. ')}; correct it" if errors else "its last lines say why; correct it"
    return f"{what}: {reason} and run the command again (details: {place.log})."


_REASONS = (
    (
        STANDSTILL,
        "the package index has kept it waiting for minutes; try later, or name a mirror in PIP_INDEX_URL or "
        "UV_INDEX_URL",
    ),
    (r"No space left on device|os error 28|Disk quota exceeded", "the disk is full; free some space"),
    (
        r"ProxyError|Cannot connect to proxy|tunnel error|Tunnel connection failed|proxy authentication",
        "the proxy did not let the download through; check HTTPS_PROXY and HTTP_PROXY",
    ),
    (r"\b429\b.*error|Too Many Requests", "the package index asks for fewer requests; wait some minutes"),
    (r"\b50[0234]\b.*(error|unavailable|gateway)", "the package index is out of order; wait some minutes"),
    (
        r"Retrying \(|NewConnectionError|name resolution|dns error|error sending request|Network is unreachable"
        r"|Connection refused|timed out|client error \(Connect\)|incomplete-download|Connection interrupted"
        r"|error decoding response body",
        "the package index cannot be reached; check the connection",
    ),
    (
        r"\(from versions: none\)",  # pip says no more, whatever the index answered instead of a list
        "the package index lists no versions; wait some minutes, check its address, and check the connection",
    ),
    (r"Permission denied|Read-only file system", "a file cannot be written; change the permissions of the folder"),
    (r"hash(es)? (do|does) not match|HashMismatch", "a download is damaged; use another network or package index"),
)
"""What a log holds, and the cause and remedy it means; the first that is found counts."""
