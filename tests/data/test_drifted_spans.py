"""Spans whose offsets were counted in another copy of their text stand where their texts are."""

from pathlib import Path

from ia3_studio.data.load import load_data
from ia3_studio.data.shapes.drifted_spans import aligned_spans

LINES = [f"Gull {n} flew over the pier." for n in range(8)]
TEXT = "\n".join(LINES) + "\n"


def spans(width: int) -> list[dict[str, object]]:
    """Return the span of each line's pier, counted with so many signs for a line end."""
    starts = [n * (len(LINES[0]) + width) + LINES[0].index("pier") for n in range(len(LINES))]
    return [{"start": start, "end": start + 4, "label": "Place", "text": "pier"} for start in starts]


def test_brats_offsets_that_count_two_signs_for_a_line_end_are_moved(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    rows = [f"T{n}\t{each['label']} {each['start']} {each['end']}\tpier" for n, each in enumerate(spans(2))]
    (tmp_path / "a.ann").write_text("\n".join([*rows, "R1\tNear Arg1:T1 Arg2:T2"]) + "\n")
    split = load_data(tmp_path)
    assert not split.problems and len(split.train) + len(split.held_out) == len(LINES)
    assert all("B-Place" in each.labels for each in split.train)
    assert any("7 spans were moved" in note for note in split.notes) and any("R1" in note for note in split.notes)


def test_offsets_that_fit_are_kept_and_others_follow_the_drift() -> None:
    assert aligned_spans(TEXT, spans(1)) == (spans(1), 0)
    assert aligned_spans(TEXT, spans(4)) == (spans(1), 7)


def test_a_text_that_is_nowhere_near_stays_where_it_is() -> None:
    lost = {"start": 3, "end": 8, "label": "Place", "text": "Turku"}
    found, moved = aligned_spans(TEXT, [*spans(2)[1:], lost])
    assert lost in found and moved == 7
