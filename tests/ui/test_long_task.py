"""Work in a thread, read by an iterator."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ia3_studio.ui.long_task import Job


def test_news_come_in_order_and_the_result_at_the_end() -> None:
    def work(report: Callable[[int], None]) -> str:
        for number in range(5):
            report(number)
        return "done"

    with Job(work) as job:
        assert list(job) == [0, 1, 2, 3, 4]
        assert job.result() == "done"


def test_an_error_of_the_work_is_raised_by_its_result() -> None:
    def work(report: Callable[[int], None]) -> None:
        report(1)
        raise ValueError("odd")

    with Job(work) as job:
        assert list(job) == [1]
        with pytest.raises(ValueError, match="odd"):
            job.result()


def test_leaving_stops_the_work_and_releases_what_it_held() -> None:
    lock = threading.RLock()
    ended = threading.Event()

    def work(report: Callable[[int], None]) -> None:
        try:
            with lock:
                while True:
                    report(1)
        finally:
            ended.set()

    with Job(work) as job:
        next(iter(job))
    assert ended.wait(5)
    assert lock.acquire(timeout=5)


def test_all_of_the_work_runs_in_one_thread() -> None:
    seen = set()

    def work(report: Callable[[int], None]) -> None:
        for number in range(3):
            seen.add(threading.get_ident())
            report(number)

    with Job(work) as job:
        for _ in job:
            pass
    assert len(seen) == 1 and threading.get_ident() not in seen


def test_work_that_is_watched_slowly_is_not_held_up_and_its_last_news_is_read() -> None:
    done = threading.Event()

    def work(report: Callable[[int], None]) -> int:
        for number in range(100):
            report(number)
        done.set()
        return 7

    with Job[int, int](work, only_latest=True) as job:
        assert done.wait(10)  # nothing was read so far
        assert list(job)[-1] == 99
        assert job.result() == 7
