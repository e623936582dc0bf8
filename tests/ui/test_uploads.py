"""Visitors have limited space for uploads, and unused uploads are removed."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.errors import RunError
from ia3_studio.models import ModelMemory
from ia3_studio.runs import RunStore
from ia3_studio.runs.imported import IMPORTS
from ia3_studio.runs.user_store import Limits, UserStore
from ia3_studio.ui.data_source import take_pasted, take_upload
from ia3_studio.ui.kept_files import KEPT_DAYS, UPLOADS, expire_uploads, uploads_folder
from ia3_studio.ui.session import Studio
from ia3_studio.ui.uploads import DAY, UploadLedger, UploadLimits, UploadMiddleware
from ia3_studio.ui.visitor import COOKIE, visiting, visitor
from tests.ui.test_visitor import ANN, BEN, CONFIG

LIMITS = UploadLimits(visitor=1000, in_all=1500, free=0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def send(ledger: UploadLedger, key: str, size: bytes | None, path: str = "/gradio_api/upload") -> int:
    """Return the status with which an upload is answered; 200 where it comes in."""
    answers: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def keep(message: Any) -> None:
        answers.append(message)

    headers = [(b"cookie", f"{COOKIE}={key}".encode())] if key else []
    headers += [(b"content-length", size)] if size is not None else []
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(UploadMiddleware(app, ledger)(scope, None, keep))  # type: ignore[arg-type]
    return int(answers[0]["status"])


def test_an_upload_is_of_somebody_says_its_size_and_keeps_to_a_bound(tmp_path: Path) -> None:
    clock = Clock()
    ledger = UploadLedger(LIMITS, tmp_path / "not" / "yet", clock)
    ann, ben = "a" * 43, "b" * 43
    assert [send(ledger, key, b"10") for key in ("", "short")] == [403, 403]
    assert [send(ledger, ann, size) for size in (None, b"-1", b"x", b"9" * 40)] == [411] * 4
    assert [send(ledger, ann, b"600"), send(ledger, ann, b"600"), send(ledger, ann, b"400")] == [200, 413, 200]
    assert [send(ledger, ben, b"600"), send(ledger, ben, b"500")] == [413, 200]  # together
    assert send(ledger, "", None, "/gradio_api/info") == 200
    clock.now = DAY + 1
    assert send(ledger, ann, b"900", "/gradio_api/upload/") == 200


def test_the_last_of_a_disk_is_left_alone(tmp_path: Path) -> None:
    assert send(UploadLedger(replace(LIMITS, free=2**62), tmp_path), "a" * 43, b"10") == 413


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    kept = (tmp_path / UPLOADS, tmp_path / IMPORTS)
    store = UserStore(tmp_path / "runs", visitor, Limits(bytes=2000), kept=kept)
    return Studio(store, ModelMemory(), tmp_path, tmp_path / "scratch")


ROWS = "prompt\tanswer\n" + "".join(f"What is {n}?\tThe number {n}.\n" for n in range(40))


def test_uploads_and_pasted_rows_count_with_a_visitors_bytes(shared: Studio, tmp_path: Path) -> None:
    (tmp_path / "rows.tsv").write_text(ROWS)
    with visiting(ANN):
        given, *_rest = list(take_pasted(shared, ROWS, 0.1))[-1]
        used = list(take_upload(shared, [str(tmp_path / "rows.tsv")], 0.1))[-1][0]
        assert all(Path(each).is_relative_to(tmp_path / UPLOADS / visitor()) for each in (given, used))
        with pytest.raises(RunError, match="uploads"):
            list(take_upload(shared, [str(tmp_path / "rows.tsv")], 0.1))
        with pytest.raises(RunError, match="uploads"):
            shared.store.create(CONFIG, "click")
    with visiting(BEN):
        assert shared.store.create(CONFIG, "click").id


def test_an_upload_that_is_not_used_for_days_goes_and_one_in_use_stays(shared: Studio, tmp_path: Path) -> None:
    old = time.time() - (KEPT_DAYS + 1) * 86_400
    with visiting(ANN):
        mine = tmp_path / UPLOADS / visitor()
    paths = {name: mine / name / "rows.csv" for name in ("unused", "used")}
    for path in (*paths.values(), tmp_path / UPLOADS / ("0" * 16) / "owners.csv"):
        path.parent.mkdir(parents=True)
        path.write_text("a,b\n")
        for each in (path, path.parent):
            os.utime(each, (old, old))
    os.utime(paths["used"])
    expire_uploads(tmp_path)
    assert not paths["unused"].exists() and paths["used"].is_file()
    assert (tmp_path / UPLOADS / ("0" * 16) / "owners.csv").is_file()  # nobody's who visits


def test_what_the_owner_of_a_computer_uploaded_is_kept(tmp_path: Path) -> None:
    path = tmp_path / UPLOADS / ("a" * 32) / "rows.csv"
    path.parent.mkdir(parents=True)
    path.write_text("a,b\n")
    os.utime(path, (0, 0))
    os.utime(path.parent, (0, 0))
    expire_uploads(tmp_path)
    owners = Studio(RunStore(tmp_path / "runs"), ModelMemory(), tmp_path, tmp_path / "scratch")
    assert uploads_folder(owners) == tmp_path / UPLOADS and path.is_file()


def test_a_visitors_run_takes_only_data_that_came_in_through_the_page(shared: Studio, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    link = tmp_path / UPLOADS / "link.csv"
    link.parent.mkdir()
    link.symlink_to("/etc/passwd")
    said = set()
    with visiting(ANN):
        for data in ("/etc/passwd", "/no/such/file", str(link), "../../../etc/passwd", f"{tmp_path}/../other.csv", "~"):
            with pytest.raises(RunError) as refused:
                shared.store.create(replace(CONFIG, data=data), data)
            said.add(str(refused.value))
    assert len(said) == 1
