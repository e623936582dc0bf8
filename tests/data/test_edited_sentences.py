"""Files of corrected sentences (M2): whose edits count, where they stand, and what a broken one is."""

from __future__ import annotations

import time

from ia3_studio.data.edited_sentences import read_edits

END = "|||REQUIRED|||-NONE-|||"


def corrected(text: str) -> list[str]:
    found = read_edits(text)
    assert found is not None
    return list(found.frame["corrected"])


def test_edits_at_one_place_keep_their_order_and_none_is_no_change() -> None:
    edits = f"A 1 2|||R:VERB|||is{END}0\nA 3 3|||M|||new{END}0\nA 3 3|||M|||long{END}0\n"
    nothing = f"A -1 -1|||noop|||-NONE-{END}0\n"
    assert corrected(f"S This are a pier .\n{edits}\nS Good .\n{nothing}") == ["This is a new long pier .", "Good ."]


def test_the_annotator_with_the_first_number_counts_whatever_it_is() -> None:
    edits = f"A 0 1|||R|||Two{END}2\nA 0 1|||R|||One{END}1\n"
    assert corrected(f"S Some boats .\n{edits}") == ["One boats ."]


def test_broken_edits_are_no_such_file_and_cost_no_time() -> None:
    began = time.process_time()
    for edit in ("A 0 1" + "|||x" * 40_000, f"A {'1' * 5_000} 1|||R|||x{END}0", "A 0 1|||R", "B 0 1"):
        assert read_edits(f"S a b\nA 0 1|||R|||x{END}0\n{edit}\n") is None
    assert time.process_time() - began < 5
