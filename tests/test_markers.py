"""A file is left out of a run only if none of its tests can have the markers asked for."""

from __future__ import annotations

import pytest

from tests.markers import may_match

PLAIN = "def test_a() -> None: ..."
SOME = "@pytest.mark.worker\ndef test_a() -> None: ..."
ALL = "pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures('x')]\n@pytest.mark.starter\ndef test_a() -> None: ..."


@pytest.mark.parametrize(
    ("asked", "matching"),
    [
        ("not starter and not e2e and not worker", (PLAIN, SOME)),
        ("(e2e or worker) and not starter", (SOME, ALL)),
        ("starter", (ALL,)),
        ("worker", (SOME,)),
        ("not worker", (PLAIN, SOME, ALL)),
        ("worker(x=1)", (PLAIN, SOME, ALL)),  # more than names and operators: nothing is left out
    ],
)
def test_a_file_is_left_out_only_if_none_of_its_tests_can_match(asked: str, matching: tuple[str, ...]) -> None:
    assert tuple(source for source in (PLAIN, SOME, ALL) if may_match(asked, source)) == matching
