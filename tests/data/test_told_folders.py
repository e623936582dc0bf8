"""Several files are read together as a person says, also where nothing else says that they belong together."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ia3_studio.data.load import DataChoice, look_at, split_table
from ia3_studio.data.other_readings import ways_to_read
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.row_places import MOST_BYTES, places_in
from ia3_studio.data.split import DataSplit
from ia3_studio.data.told_folders import FILES, FOLDERS, LINES, SIDES
from ia3_studio.errors import DataError
from tests.data.shapes import asked, mood, said

ROWS = 12


def folder(path: Path, **files: str) -> Path:
    """Write texts, whose names have a bar for each slash and end with their suffix behind two underscores."""
    for name, text in files.items():
        place = path / name.replace("__", ".").replace("|", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return path


def told(path: Path, way: str) -> DataSplit:
    return split_table(path.name, look_at(path, ParsingOptions(rows=way)))


def rows_of(split: DataSplit) -> int:
    return len(split.train) + len(split.held_out)


def lines_of(line: object, rows: int = ROWS) -> str:
    assert callable(line)
    return "".join(f"{line(n)}\n" for n in range(rows))


def test_two_files_of_any_names_are_read_side_by_side(tmp_path: Path) -> None:
    path = folder(tmp_path / "north", harbor__txt=lines_of(asked), office__txt=lines_of(said), notes__csv="a,b\n1,2\n")
    assert SIDES in places_in(path)
    split = told(path, SIDES)
    assert str(split.mapping) == "source → prompt, target → answer" and rows_of(split) == ROWS
    assert any("notes.csv" in note for note in split.notes)


def test_a_file_of_single_words_holds_the_labels_of_the_other(tmp_path: Path) -> None:
    path = folder(tmp_path / "north", abend__txt=lines_of(mood), zeilen__txt=lines_of(said))
    split = told(path, SIDES)
    assert str(split.mapping) == "text → text, label → label" and rows_of(split) == ROWS


def test_lines_have_the_name_of_their_file_as_label(tmp_path: Path) -> None:
    path = folder(
        tmp_path / "kinds", quay__txt=lines_of(said), crane__txt=lines_of(asked, 7), table__csv="day,open\n1,2\n2,3\n"
    )
    split = told(path, LINES)
    assert str(split.mapping) == "text → text, label → label" and rows_of(split) == ROWS + 7
    assert {each.labels for each in split.train} == {("quay",), ("crane",)}


def test_whole_files_are_texts_with_or_without_their_folder(tmp_path: Path) -> None:
    files = {f"{mood(n)}|page{n}__txt": f"{said(n)}\n\n{asked(n)}\n" for n in range(ROWS)}
    path = folder(tmp_path / "pages", **files)
    plain, sorted_ = told(path, FILES), told(path, FOLDERS)
    assert plain.mapping.kind == "text" and rows_of(plain) == ROWS
    assert sorted_.mapping.kind == "labels" and {each.labels[0] for each in sorted_.train} == {"calm", "storm", "fog"}


def test_all_tables_of_a_folder_are_one(tmp_path: Path) -> None:
    path = folder(
        tmp_path / "years",
        one__csv="question,answer\n" + lines_of(lambda n: f"{asked(n)},{said(n)}".replace(", ", " ")),
        two__csv="question,answer,by\n" + lines_of(lambda n: f"{asked(n + 50)},at noon {n},Okke"),
    )
    way = next(each for each in places_in(path) if ".csv" in each)
    assert rows_of(told(path, way)) == 2 * ROWS


def test_ways_are_offered_kept_with_a_run_and_the_same_for_an_archive(tmp_path: Path) -> None:
    path = folder(
        tmp_path / "north", harbor__txt=lines_of(asked), office__txt=lines_of(said), quay__txt=lines_of(mood, 5)
    )
    packed = tmp_path / "north.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(path.iterdir()):
            archive.write(file, file.name)
    assert places_in(packed) == places_in(path)
    for source in (path, packed):
        offered = next(each for each in ways_to_read(source) if each.parsing and each.parsing.rows == SIDES)
        choice = DataChoice.from_text(DataChoice(str(source), offered.mapping, offered.parsing).to_text())
        split = choice.load(0.1, 0)
        assert rows_of(split) == ROWS and split.mapping.kind == "pairs"


@pytest.mark.parametrize("way", [FOLDERS, "all .csv files together", "anything"])
def test_a_way_that_the_files_do_not_have_is_refused_with_the_way_out(way: str, tmp_path: Path) -> None:
    path = folder(tmp_path / "north", harbor__txt=lines_of(asked), office__txt=lines_of(said))
    with pytest.raises(DataError, match="choose another shape"):
        look_at(path, ParsingOptions(rows=way))


def test_large_folders_and_single_files_have_no_ways(tmp_path: Path) -> None:
    assert places_in(folder(tmp_path / "one", harbor__txt=lines_of(asked))) == ()
    large = folder(tmp_path / "large", harbor__txt="x" * MOST_BYTES, office__txt="y\n" * 3)
    assert places_in(large) == ()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 no archive")
    assert places_in(broken) == ()
