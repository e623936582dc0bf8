"""Any list of a document can be its rows, with what stands beside it; and all its texts can be."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.document_rows import ALL_TEXTS, WHOLE, places_of_rows, rows_at

PLAY: dict[str, Any] = {
    "title": "The ferry",
    "acts": [
        {"id": 1, "scenes": {"pier": {"id": 7, "lines": ["Ship ahoy!", "Who is there?"]},
                             "deck": {"id": 8, "lines": ["It is the wind.", "So it is."]}}},
        {"id": 2, "scenes": {"quay": {"id": 9, "lines": ["Home again.", "At last we are."]},
                             "inn": {"id": 10, "lines": ["A toast!", "To the crew."]}}},
    ],
}  # fmt: skip


def test_the_innermost_list_has_the_values_around_it_and_keys_name_what_they_hold() -> None:
    assert "acts[].scenes[].lines" in places_of_rows(PLAY)
    rows = rows_at(PLAY, "acts[].scenes[].lines")
    assert rows and len(rows) == 8
    assert rows[2] == {"title": "The ferry", "id": 1, "key": "deck", "scenes id": 8, "text": "It is the wind."}


def test_a_name_of_the_row_goes_before_one_around_it_which_is_kept() -> None:
    rows = rows_at(PLAY, "acts[].scenes")
    assert rows and rows[3]["id"] == 10 and rows[3]["outer id"] == 2


def test_the_document_itself_is_a_place_where_it_is_a_list() -> None:
    rows = [{"ask": "Late?", "tell": "No."}, {"ask": "Soon?", "tell": "Yes."}]
    assert places_of_rows(rows)[0] == WHOLE and rows_at(rows, WHOLE) == rows


def test_turns_stay_together() -> None:
    talks = {"talks": [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]] * 2}
    assert rows_at(talks, "talks") == [{"messages": talks["talks"][0]}] * 2


def test_all_texts_are_rows_in_their_order_with_their_keys() -> None:
    rows = rows_at({"a": "one", "b": {"c": ["two", 3, "four"]}, "d": "five"}, ALL_TEXTS)
    assert rows == [{"key": "a", "text": "one"}, {"key": "b.c", "text": "two"}, {"key": "b.c", "text": "four"},
                    {"key": "d", "text": "five"}]  # fmt: skip


def test_an_unknown_place_holds_nothing() -> None:
    assert rows_at(PLAY, "acts[].songs") is None
