"""What a node tells of a run's folder is what the folder here becomes, and nothing else can be written with it."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from ia3_studio.errors import RunError
from ia3_studio.runs import mirror
from ia3_studio.runs.folder import RunFolder, WorkerStatus, write_json
from ia3_studio.runs.mirror import Change, apply_changes, changes_of, content_of


def files_of(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if mirror.KNOWN.fullmatch(name)}


@pytest.fixture
def there(tmp_path: Path) -> RunFolder:
    (tmp_path / "there").mkdir()
    return RunFolder(tmp_path / "there")


@pytest.fixture
def here(tmp_path: Path) -> RunFolder:
    (tmp_path / "here").mkdir()
    return RunFolder(tmp_path / "here")


def save(number: int, folder: Path) -> None:
    (folder / "adapter.txt").write_text(str(number))


def status(message: str = "Training", now: float = 100.0) -> dict[str, object]:
    return vars(WorkerStatus("training", message, heartbeat_at=now, started_at=now - 50))


def test_after_any_changes_the_folder_here_holds_what_the_folder_there_holds(there: RunFolder, here: RunFolder) -> None:
    chance, known = random.Random(0), {}
    for number in range(60):
        for _change in range(chance.randint(0, 4)):
            kind = chance.randrange(6)
            if kind == 0:
                with there.metrics.open("ab") as file:
                    file.write(b'{"step": %d}\n' % number)
            elif kind == 1:
                there.keep_adapter(
                    number, lambda folder, n=number: (folder / "adapter.txt").write_text(f"{n}") and None
                )  # type: ignore[misc]
            elif kind == 2:
                there.checkpoint.write_text(str(number))
            elif kind == 3:
                there.checkpoint.unlink(missing_ok=True)
            elif kind == 4:
                with there.log.open("ab") as file:
                    file.write(b"x" * chance.randint(0, 2000))
            else:
                write_json(there.status, status(f"{number}"))
        changes, known = changes_of(there.path, known)
        apply_changes(here.path, changes)
        assert files_of(here.path) == files_of(there.path)
    assert changes_of(there.path, known)[0] == []


def test_only_what_was_appended_is_told_again(there: RunFolder) -> None:
    there.metrics.write_bytes(b"one\n")
    _changes, known = changes_of(there.path, {})
    with there.metrics.open("ab") as file:
        file.write(b"two\n")
    assert changes_of(there.path, known)[0] == [Change("metrics.jsonl", b"two\n", 4)]


def test_a_reader_never_finds_a_checkpoint_ahead_of_the_metrics_or_a_status_ahead_of_either(
    there: RunFolder, here: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.metrics.write_text("1")
    there.checkpoint.write_text("1")
    write_json(there.status, status())
    there.keep_adapter(1, partial(save, 1))
    order = [change.path for change in changes_of(there.path, {})[0]]
    assert order[:2] == ["status.json", "checkpoint.safetensors"] and order[-1] == "metrics.jsonl"  # read in this order
    written: list[str] = []
    write = mirror._write
    monkeypatch.setattr(mirror, "_write", lambda path, change: written.append(path.name) or write(path, change))  # type: ignore[func-returns-value]
    status_written = mirror._write_status
    monkeypatch.setattr(mirror, "_write_status", lambda *given: written.append("status") or status_written(*given))  # type: ignore[func-returns-value]
    apply_changes(here.path, changes_of(there.path, {})[0])
    assert written == ["metrics.jsonl", "checkpoint.safetensors", "status"]


@pytest.mark.parametrize(
    "path",
    ["config.json", "stop", "worker.json", "data/rows.csv", "../other/status.json", "/etc/passwd", "adapters/../x",
     "adapters/step-00000001/../../config.json", "adapters/step-1/a.txt", ".start.lock", "status.json\n"],
)  # fmt: skip
def test_a_node_writes_no_file_that_is_not_its_own(here: RunFolder, path: str) -> None:
    with pytest.raises(RunError, match="not a file of a run"):
        apply_changes(here.path, [Change("metrics.jsonl", b"1"), Change(path, b"evil")])
    assert list(here.path.iterdir()) == []


def test_an_answer_without_end_is_refused(here: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "MOST_BYTES", 10)
    with pytest.raises(RunError, match="more than"):
        apply_changes(here.path, [Change("log.txt", b"x" * 11)])


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"phase": 1}', b"[" * 100_000])
def test_a_status_that_cannot_be_read_is_refused(here: RunFolder, content: bytes) -> None:
    with pytest.raises(RunError, match="status"):
        apply_changes(here.path, [Change("status.json", content)])


def test_the_times_of_a_node_are_told_by_the_clock_here(there: RunFolder, here: RunFolder) -> None:
    write_json(there.status, status(now=5000.0))
    apply_changes(here.path, changes_of(there.path, {})[0], ahead=3600.0)
    found = here.read_status()
    assert found is not None and (found.heartbeat_at, found.started_at) == (1400.0, 1350.0)


def test_a_node_gets_settings_data_and_checkpoint_and_no_status_but_that_of_a_run_that_goes_on(
    there: RunFolder,
) -> None:
    for path, words in (
        (there.config, "{}"),
        (there.data / "a.csv", "a"),
        (there.checkpoint, "1"),
        (there.lock, ""),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(words)
    write_json(there.status, vars(WorkerStatus("queued", "Queued on the cluster")))
    assert set(content_of(there.path)) == {"config.json", "data/a.csv", "checkpoint.safetensors"}
    write_json(there.status, vars(WorkerStatus("resuming", "Starting the worker")))
    assert "status.json" in content_of(there.path)
