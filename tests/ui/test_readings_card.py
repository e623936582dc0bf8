"""Other ways to read data: what is shown is what is used, the fields follow it, and junk is refused by a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.data.load import DataChoice, look_at
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.other_readings import other_readings
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.errors import DataError
from ia3_studio.ui import parsing_form, readings_card, reread, text
from ia3_studio.ui.data_words import reading_words
from ia3_studio.ui.session import Studio


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    rows = [{"talk": [{"who": "Ann", "said": f"Ship {n} came in late"}, {"who": "Bo", "said": f"So it did, {n}"}],
             "topic": "ab"[n % 2], "about": f"The log of day {n}"} for n in range(12)]  # fmt: skip
    path = tmp_path / "notes.json"
    path.write_text(json.dumps(rows))
    return path


@pytest.mark.parametrize(
    "parsing",
    [None, ParsingOptions(";", "UTF-16", 2, "a sheet", "Ann", plain=True), ParsingOptions(rows="scenes[].lines"),
     ParsingOptions(header=0)],
)  # fmt: skip
def test_the_fields_say_how_a_file_is_read(parsing: ParsingOptions | None) -> None:
    assert parsing_form.chosen_parsing(*parsing_form.cells_of(parsing)) == parsing


def test_a_way_that_is_chosen_is_in_use_afterwards_and_the_fields_show_it(notes: Path, bench: Studio) -> None:
    table = look_at(notes)
    offered = other_readings(notes, table, None)
    inside = next(each for each in offered if each.parsing and each.parsing.rows == "[].talk")
    way = DataChoice("", inside.mapping, inside.parsing).to_text()
    (shown,) = reread.use_reading(bench, str(notes), 0.1, way)
    data, facts, *_rest = shown
    choice = DataChoice.from_text(data)
    assert (choice.source, choice.mapping, choice.parsing) == (str(notes), inside.mapping, inside.parsing)
    assert str(inside.mapping).split(" ")[0] in facts
    shape = shown[4 + parsing_form.FIELDS - 1]
    assert shape["value"] == "[].talk" and ("[].talk", "[].talk") in shape["choices"]
    assert len(shown) == 4 + parsing_form.OFFERED
    *_places, box, ways = reread.offer_readings(bench, str(notes), data, *parsing_form.cells_of(inside.parsing))
    again = [value for _label, value in ways["choices"]]
    assert box["visible"] and not box["open"] and again and way not in again


def test_what_is_refused_is_offered_open_and_a_starter_in_no_other_way(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([{"premise": f"Boat {n} sails.", "hypothesis": f"It {n} floats."} for n in range(9)]))
    cells = parsing_form.cells_of(None)
    _places, box, ways = reread.offer_readings(bench, str(path), "", *cells)
    assert box["open"] and len(ways["choices"]) > 1
    for given, data in ((str(path), "lighthouse"), ("", ""), (str(tmp_path / "gone.csv"), "")):
        _places, box, ways = reread.offer_readings(bench, given, data, *cells)
        assert not box["visible"] and not ways["choices"]


def test_a_refused_file_offers_its_ways_open_and_a_read_one_closed(notes: Path) -> None:
    offered = other_readings(notes, look_at(notes), None)
    assert readings_card.offered(offered, needed=True)[0]["open"]
    assert not readings_card.offered(offered, needed=False)[0]["open"]
    assert not readings_card.offered((), needed=True)[0]["visible"]


def test_the_words_of_a_way_show_its_columns_its_place_and_its_first_example(notes: Path) -> None:
    offered = other_readings(notes, look_at(notes), Mapping("labels", column="about", answer="topic", target="single"))
    inside = next(each for each in offered if each.parsing and each.parsing.rows == "[].talk")
    words = reading_words(inside)
    assert words.startswith("[].talk: ") and str(inside.mapping) in words and "Ship 0 came in late" in words


@pytest.mark.parametrize(
    "junk",
    [None, "", "{", "lighthouse", '{"source": "", "mapping": null, "parsing": null}',
     '{"source": "", "mapping": {"kind": "odd"}, "parsing": null}', "[" * 2_000],
)  # fmt: skip
def test_junk_is_no_way(junk: str | None, notes: Path, bench: Studio) -> None:
    with pytest.raises(DataError):
        list(reread.use_reading(bench, str(notes), 0.1, junk))


def test_without_data_a_file_is_asked_for(bench: Studio) -> None:
    (step,) = reread.use_reading(bench, "", 0.1, "x")
    assert text.CHOOSE_FILE in step[1]
