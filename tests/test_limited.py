"""What a stranger wrote is computed within limits: it ends in time and in its memory, and others go on."""

from __future__ import annotations

import time

import pytest

from ia3_studio.limited import FailedError, Limited, LimitError


def twice(value: int) -> int:
    return 2 * value


def endless() -> None:
    while True:
        pass


def one_long_step() -> int:
    return len(str(7**10**8))  # no other thread of the interpreter runs meanwhile


def much_memory() -> int:
    return len("a" * 10**10)


def test_a_function_gives_its_result_again_and_again() -> None:
    limited = Limited(f"{__name__}:twice")
    assert [limited(number) for number in (1, 2, 3)] == [2, 4, 6]


@pytest.mark.parametrize("name", ["endless", "one_long_step"])
def test_what_does_not_end_is_ended(name: str) -> None:
    limited, begun = Limited(f"{__name__}:{name}", seconds=0.5), time.perf_counter()
    with pytest.raises(LimitError, match=r"0\.5 seconds"):
        limited()
    assert time.perf_counter() - begun < 30


def test_what_fills_the_memory_is_ended() -> None:
    with pytest.raises(LimitError, match="memory"):
        Limited(f"{__name__}:much_memory", megabytes=64)()


def test_an_error_is_handed_over_and_the_next_call_works() -> None:
    limited = Limited(f"{__name__}:twice")
    with pytest.raises(FailedError, match="NoneType"):
        limited(None)
    assert limited(4) == 8
