"""A file that cannot be read among others: it is named, with the reason, and the others are read."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.exports import put_all

ROWS = "text,mood\n" + "".join(f"The fog at berth {n} was thick.,{('calm', 'cross')[n % 2]}\n" for n in range(12))
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [("2023.csv", POINTER), ("2023.csv", b"PK\x03\x04" + bytes(900)),
     ("2023.csv.gz", gzip.compress(ROWS.encode())[:60]),
     ("2023.zip", b"PK\x03\x04" + bytes(900))],
    ids=["pointer", "workbook", "packed", "archive"],  # bytes that hold the time would be other ones for each worker
)  # fmt: skip
def test_a_damaged_part_is_named_and_the_others_are_read(name: str, content: bytes | str, tmp_path: Path) -> None:
    table = read_table(put_all(tmp_path, {"2021.csv": ROWS, "2022.csv": ROWS.replace("fog", "mist"), name: content}))
    assert len(table.frame) == 24
    assert [note for note in table.notes if note.startswith(f"Not read: {name} (")]


def test_a_damaged_test_file_is_named_and_a_damaged_training_file_is_an_error(tmp_path: Path) -> None:
    put_all(tmp_path, {"train.csv": ROWS, "valid.csv": ROWS, "test.csv": POINTER})
    split = load_data(tmp_path)
    assert (len(split.train), len(split.held_out)) == (12, 12)
    assert any(note.startswith("Not read: test.csv (") for note in split.notes)
    put_all(tmp_path, {"train.csv": POINTER})
    with pytest.raises(DataError, match=r"train\.csv .* Git LFS"):
        load_data(tmp_path)


def test_files_that_all_are_damaged_are_an_error(tmp_path: Path) -> None:
    put_all(tmp_path, {f"{n}.csv.gz": b"\x1f\x8b" + bytes(20) for n in range(3)})
    with pytest.raises(DataError, match="cannot be unpacked"):
        load_data(tmp_path)


def test_an_archive_of_tables_inside_of_another_is_unpacked_once(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        for name in ("train.csv", "test.csv"):
            info = tarfile.TarInfo(f"data/{name}")
            info.size = len(ROWS)
            archive.addfile(info, io.BytesIO(ROWS.encode()))
    with zipfile.ZipFile(tmp_path / "release.zip", "w") as outer:
        outer.writestr("release/data.tar.gz", inner.getvalue())
    split = load_data(tmp_path / "release.zip")
    assert (len(split.train), len(split.held_out)) == (12, 12)


def test_a_part_without_a_header_has_the_columns_of_the_others_and_a_text_of_their_header_is_a_part(
    tmp_path: Path,
) -> None:
    bare = ROWS.partition("\n")[2]
    table = read_table(put_all(tmp_path, {"1.csv": ROWS, "2.csv": bare, "3.txt": ROWS.replace(",", ";")}))
    assert [*table.frame.columns] == ["text", "mood"] and len(table.frame) == 36
    assert "2.csv has no header; its columns have the names of those of 1.csv." in table.notes


def test_settings_of_a_site_beside_its_documents_are_not_read(tmp_path: Path) -> None:
    put_all(tmp_path, {f"docs/{name}.md": f"# {name}\n\nIt is foggy.\n" for name in ("fog", "tide", "crew")})
    put_all(tmp_path, {"mkdocs.yml": "site_name: Harbor\n", "package.json": '{"name": "harbor"}'})
    assert str(load_data(tmp_path).mapping) == "text → plain text"


def test_images_in_a_tar_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "images.tar", "w") as archive:
        for number in range(4):
            archive.addfile(tarfile.TarInfo(f"boat/{number}.png"))
    with pytest.raises(DataError, match="pack them as a zip"):
        load_data(tmp_path / "images.tar")
