"""The Hub is asked while a name is typed: rarely, shortly, and by nobody's token but one's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from huggingface_hub.utils import get_session  # type: ignore[attr-defined]  # documented there

from ia3_studio import hub_search
from ia3_studio.background import in_background
from ia3_studio.hub_search import HubSearch, asked_for
from ia3_studio.hub_waits import wait_for_seconds_only
from tests.http_standin import Stalled
from tests.hub_listing import MODELS, Listing, ask_here


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listing]:
    there = Listing()
    with there.serving() as address:
        ask_here(address, monkeypatch)
        yield there
        there.go.set()


@pytest.mark.parametrize(
    "typed", ["", "sm", "  s ", "/home/me/model", "~/model", "a\\b\\c", "../../etc", "x" * 300, "añb"]
)
def test_the_hub_is_not_asked_for_what_names_nothing_there(typed: str, listing: Listing) -> None:
    assert HubSearch().find("models", typed).found == ()
    assert listing.asked == []


def test_three_letters_or_the_address_of_a_page_are_asked_for(listing: Listing) -> None:
    found = HubSearch().find("models", " smo ")
    assert [each["id"] for each in found.found] == [each["id"] for each in MODELS] and not found.trouble
    assert asked_for("https://huggingface.co/datasets/org/name/") == "org/name"
    assert listing.asked == ["smo"]


def test_an_answer_is_kept_for_minutes_and_then_asked_for_again(listing: Listing) -> None:
    now = [0.0]
    search = HubSearch(clock=lambda: now[0])
    for at in (0.0, 10.0, 299.0, 301.0):
        now[0] = at
        assert len(search.find("models", "Llama").found) == len(MODELS)
    assert search.find("datasets", "llama").found
    assert listing.asked == ["Llama", "Llama", "llama"]


@pytest.mark.parametrize("status", [429, 500, 503, 401, 302])
def test_a_hub_in_trouble_says_its_status_and_is_left_alone_for_a_while(status: int, listing: Listing) -> None:
    now = [0.0]
    search, listing.status = HubSearch(clock=lambda: now[0]), status
    assert str(status) in search.find("models", "llama").trouble
    assert str(status) in search.find("models", "another").trouble
    assert listing.asked == ["llama"]
    listing.status, now[0] = 200, hub_search.REST + 1
    assert search.find("models", "llama").found


@pytest.mark.parametrize("after_a_download", [False, True])
def test_the_hub_is_left_alone_for_as_long_as_it_asks_for_within_bounds(
    after_a_download: bool, listing: Listing
) -> None:
    hooks = get_session().event_hooks["response"]
    before = list(hooks)
    if after_a_download:
        wait_for_seconds_only()
    else:
        hooks.clear()
    try:
        _rests_as_asked(listing)
    finally:
        hooks[:] = before


def _rests_as_asked(listing: Listing) -> None:
    now = [0.0]
    search, listing.status, listing.headers = HubSearch(clock=lambda: now[0]), 429, {"Retry-After": "60"}
    search.find("models", "llama")
    now[0] = 59.0
    assert search.find("models", "llama").trouble and len(listing.asked) == 1
    listing.headers, now[0] = {"Retry-After": "999999999"}, 61.0
    search.find("models", "llama")
    now[0] = 61.0 + hub_search.LONGEST_REST + 1
    search.find("models", "llama")
    assert len(listing.asked) == 3


def test_a_hub_that_does_not_answer_is_given_up(listing: Listing) -> None:
    listing.go.clear()
    begin = time.monotonic()
    assert "did not answer" in HubSearch().find("models", "llama", patience=0.3).trouble
    assert time.monotonic() - begin < 2


def test_a_hub_that_stops_in_the_middle_of_an_answer_is_given_up(listing: Listing) -> None:
    listing.body = Stalled(b"[", 1000)
    begin = time.monotonic()
    assert "did not answer" in HubSearch().find("models", "llama", patience=0.3).trouble
    assert time.monotonic() - begin < 2


def test_only_so_many_requests_wait_at_the_same_time(listing: Listing) -> None:
    search = HubSearch()
    listing.go.clear()
    waiting = [
        in_background(lambda number=number: search.find("models", f"llama {number}", patience=20))  # type: ignore[misc]
        for number in range(hub_search.AT_ONCE)
    ]
    wait_until(lambda: len(listing.asked) == hub_search.AT_ONCE)
    assert "slow" in search.find("models", "one too many").trouble
    listing.go.set()
    assert all(each.result(timeout=10).found for each in waiting)
    assert len(listing.asked) == hub_search.AT_ONCE


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'"x"', b"[" * 100_000, b'[1, null, {}, {"id": 3}]'])
def test_an_answer_of_another_form_is_no_list(body: bytes, listing: Listing) -> None:
    listing.body = body
    found = HubSearch().find("models", "llama")
    assert found.found == () and (found.trouble or body.startswith(b"[1"))


def test_an_answer_without_end_is_not_read_to_its_end(listing: Listing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_search, "MOST_BYTES", 1000)
    listing.body = b"[" + b" " * 10_000 + b"]"
    assert "longer" in HubSearch().find("models", "llama").trouble


def test_offline_nothing_is_asked_and_the_setting_is_named(listing: Listing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in HubSearch().find("models", "llama").trouble
    assert listing.asked == []


def test_without_a_connection_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_here("http://127.0.0.1:9", monkeypatch)
    assert "cannot be reached" in HubSearch().find("models", "llama").trouble


def test_the_owners_token_is_sent_on_ones_own_computer_and_never_for_a_visitor(
    listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    HubSearch().find("models", "llama")
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    HubSearch().find("models", "llama")
    mine, theirs = ({name.lower(): value for name, value in each.items()} for each in listing.heard)
    assert mine["authorization"] == "Bearer hf_secret"
    assert "authorization" not in theirs and "hf_secret" not in str(theirs)
