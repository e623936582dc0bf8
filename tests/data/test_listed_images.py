"""Images whose classes a table beside them says, and images that are no data."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ia3_studio.data.listed_images import find_images
from ia3_studio.data.load import load_data
from ia3_studio.errors import DataError


def paint(folder: Path, count: int = 12) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB", (8, 8), (number * 9, 40, 80)).save(folder / f"{number}.png")
    return folder


def kind(number: int) -> str:
    return ("boat", "crane")[number % 2]


@pytest.mark.parametrize("ending", [".png", ""])
def test_a_table_beside_images_in_one_folder_says_their_classes(ending: str, tmp_path: Path) -> None:
    paint(tmp_path / "train")
    rows = "".join(f"{number}{ending},{kind(number)},{number * 3}\n" for number in range(10))
    (tmp_path / "labels.csv").write_text(f"file,kind,width\n{rows}99{ending},boat,7\n")
    split = load_data(tmp_path)
    assert str(split.mapping) == "images → image, kind of labels.csv → label"
    assert {(Path(each.text).stem, *each.labels) for each in (*split.train, *split.held_out)} == {
        (str(number), kind(number)) for number in range(10)
    }
    assert "Not used: 2 images without a class in kind of labels.csv." in split.notes
    assert [problem.reason for problem in split.problems] == [f"99{ending} is not a readable image (FileNotFoundError)"]


def test_a_table_for_each_split_says_the_classes_of_its_own_images(tmp_path: Path) -> None:
    for part, count in (("train", 12), ("test", 6)):
        paint(tmp_path / part, count)
        rows = "".join(f"{number}.png,{kind(number)}\n" for number in range(count))
        (tmp_path / part / "metadata.csv").write_text(f"file_name,label\n{rows}")
    split = load_data(tmp_path)
    assert (len(split.train), len(split.held_out)) == (12, 6)


def test_a_column_of_one_and_zeros_for_each_class_says_the_class(tmp_path: Path) -> None:
    paint(tmp_path / "images")
    rows = "".join(f"{number}.png,{int(number % 2 == 0)},{number % 2}\n" for number in range(12))
    (tmp_path / "classes.csv").write_text(f"image,boat,crane\n{rows}")
    split = load_data(tmp_path)
    assert {each.labels[0] for each in split.train} == {"boat", "crane"}


def test_images_in_one_folder_without_a_class_are_refused_and_their_captions_are_read(tmp_path: Path) -> None:
    paint(tmp_path / "images")
    with pytest.raises(DataError, match="a table with the name of the file and the class"):
        load_data(tmp_path)
    rows = "".join(f"{number}.png,A boat of {number} meters.\n" for number in range(12))
    (tmp_path / "captions.csv").write_text(f"image,caption\n{rows}")
    assert str(load_data(tmp_path).mapping) == "caption → plain text"


def test_a_few_images_among_texts_are_not_the_data(tmp_path: Path) -> None:
    paint(tmp_path / "attachments", 2)
    for number in range(5):
        (tmp_path / f"note{number}.md").write_text(f"# Note {number}\n\nThe fog was thick.\n")
    assert find_images(tmp_path) == [] and len(load_data(tmp_path).train) == 4


def test_a_table_cannot_name_an_image_outside_of_its_folder(tmp_path: Path) -> None:
    paint(tmp_path / "elsewhere", 1)
    paint(tmp_path / "data" / "images")
    rows = "".join(f"{number}.png,{kind(number)}\n" for number in range(12))
    (tmp_path / "data" / "labels.csv").write_text(f"image,label\n{rows}../../elsewhere/0.png,boat\n")
    sources = {Path(each.text).parent for each in load_data(tmp_path / "data").train}
    assert sources == {tmp_path / "data" / "images"}
