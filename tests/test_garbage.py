"""A process that starts is not searched for garbage, and what it has made by then never is."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from ia3_studio.garbage import no_collection


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_inside_and_what_came_is_out_of_sight_afterwards() -> None:
    with no_collection():
        assert not gc.isenabled()
        made = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    assert gc.isenabled() and gc.get_freeze_count() > len(made)
    assert not any(each is made for each in gc.get_objects())


def test_it_stays_off_where_it_was_off_and_comes_back_after_an_error() -> None:
    with pytest.raises(ValueError), no_collection():
        raise ValueError
    assert gc.isenabled()
    gc.disable()
    with no_collection():
        pass
    assert not gc.isenabled()
