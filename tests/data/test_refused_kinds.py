"""What cannot be read is named for what it is, with a way out; text of any ending is read as soon as one is chosen."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ALL_SHEETS, ParsingOptions
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError, OneFileError
from tests.data.shapes import asked, rows, said, workbook
from tests.training.test_images import paint

PNG = b"\x89PNG\r\n\x1a\n"
PAIRS = rows(lambda n: f'{asked(n)},"{said(n)}"', header="prompt,answer")
NOTES = rows(lambda n: f'{n},"{said(n)}",{n}', header="id,remark,size")


def packed(folder: Path, members: dict[str, str | bytes], name: str = "files.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return folder / name


@pytest.mark.parametrize(
    ("name", "data", "what", "way_out"),
    [
        ("paper.pdf", b"%PDF-1.4 \x00", "a PDF", "its text as .txt"),
        ("paper.csv", b"%PDF-1.4 \x00", "a PDF", "its text as .txt"),
        ("letter.doc", b"\xd0\xcf\x11\xe0" + bytes(600), "a document", "its text as .txt"),
        ("pier.png", PNG, "an image", "a folder of images for each class"),
        ("pier.heic", b"\0\0\0\x18ftypheic", "an image", "a folder of images for each class"),
        ("call.mp3", b"ID3\0", "a recording", "its transcript"),
        ("weights.gguf", b"GGUF\0", "a model", "Model tab"),
        ("pytorch_model.bin", bytes(90), "a model", "Model tab"),
        ("model.safetensors", bytes(90), "a model", "Model tab"),
        ("rows.7z", b"7z\xbc\xaf\x27\x1c", "a 7z archive", ".zip"),
        ("rows.db", b"SQLite format 3\0", "a database", "CSV"),
        ("setup.exe", b"MZ\0", "a program", "the data that it reads"),
    ],
)  # fmt: skip
def test_a_file_without_rows_is_named_and_a_way_out_given(
    name: str, data: bytes, what: str, way_out: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError) as refused:
        load_data(tmp_path / name)
    sentence = str(refused.value)
    assert sentence.startswith(name) and what in sentence and way_out in sentence and len(sentence) < 200


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"[Content_Types].xml": "<a/>", "word/document.xml": "<b/>"}, "a document"),
        ({"config.json": "{}", "model.safetensors": bytes(90), "tokenizer.json": "{}"}, "a model"),
        ({f"{n}.png": PNG for n in range(5)}, "5 images without a folder for each class"),
    ],
)  # fmt: skip
def test_an_archive_without_rows_is_named_for_what_it_holds(
    members: dict[str, str | bytes], what: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=what):
        load_data(packed(tmp_path, members))


def test_text_of_an_unknown_ending_is_read_once_a_shape_or_a_delimiter_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "keeper.log"
    path.write_text("".join(f"{said(n)}\n" for n in range(9)), encoding="utf-8")
    with pytest.raises(DataError, match="plain rows under Shape"):
        load_data(path)
    assert read_table(path, ParsingOptions(plain=True)).frame["text"].tolist() == [said(n) for n in range(9)]
    (tmp_path / "pairs.dat").write_text("prompt,answer\na,b\nc,d\n")
    chosen = ParsingOptions(delimiter=",")
    assert [*read_table(tmp_path / "pairs.dat", chosen).frame.columns] == ["prompt", "answer"]


def test_a_locked_archive_says_so(tmp_path: Path) -> None:
    path = packed(tmp_path, {"rows.csv": "prompt,answer\na,b\n"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flags of the file and of the directory that say "encrypted"
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="locked with a password") as refused:
        load_data(path)
    assert "ZipInfo" not in str(refused.value)


def test_images_of_one_folder_are_no_classes(tmp_path: Path) -> None:
    folder = paint(tmp_path / "painted", 4) / "day"
    (tmp_path / "one").mkdir()
    folder.rename(tmp_path / "one" / folder.name)
    with pytest.raises(DataError, match="one class"):
        load_data(tmp_path / "one")


def test_one_of_several_files_that_form_no_table_can_be_chosen(tmp_path: Path) -> None:
    path = packed(tmp_path, {"users.csv": NOTES, "faq.csv": PAIRS})
    with pytest.raises(OneFileError, match="Sheet or file") as refused:
        load_data(path)
    assert refused.value.files == ("faq.csv", "users.csv")
    table = read_table(path, ParsingOptions(sheet="faq.csv"))
    assert [*table.frame.columns] == ["prompt", "answer"] and table.sheets == refused.value.files


def test_all_sheets_or_files_of_other_columns_are_one_table_if_that_is_chosen(tmp_path: Path) -> None:
    cells = [["prompt", "answer"], ["a", "b"], ["c", "d"]]
    more = [["answer", "prompt", "note"], ["f", "e", "x"]]
    (tmp_path / "book.xlsx").write_bytes(workbook(First=cells, Second=more))
    files: dict[str, str | bytes] = {"1.csv": "prompt,answer\na,b\nc,d\n", "2.csv": "answer,prompt,note\nf,e,x\n"}
    for path in (tmp_path / "book.xlsx", packed(tmp_path, files)):
        frame = read_table(path, ParsingOptions(sheet=ALL_SHEETS)).frame
        assert frame[["prompt", "answer"]].to_numpy().tolist() == [["a", "b"], ["c", "d"], ["e", "f"]]
        assert frame.index.tolist() == [1, 2, 3]


def test_a_sheet_with_words_is_read_before_one_of_figures(tmp_path: Path) -> None:
    figures = [["day", "sum"], *([n, n * 3] for n in range(12))]
    pairs = [["prompt", "answer"], *([asked(n), said(n)] for n in range(12))]
    (tmp_path / "book.xlsx").write_bytes(workbook(Figures=figures, Pairs=pairs))
    assert load_data(tmp_path / "book.xlsx").mapping.prompt == "prompt"


def test_a_refused_sheet_names_the_others(tmp_path: Path) -> None:
    one = [["prompt", "answer"], ["a", "b"]]
    (tmp_path / "book.xlsx").write_bytes(workbook(One=one, Other=[["x", "y"], [1, 2]]))
    with pytest.raises(DataError, match=r"Other.*Sheet or file"):
        load_data(tmp_path / "book.xlsx")


@pytest.mark.parametrize("sign", [" ", ":", "::", "|||", "^", "\x01", "\x1f", "§"])
@pytest.mark.parametrize("ending", [".csv", ".txt"])
def test_any_sign_between_cells_can_be_chosen(sign: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"cells{ending}"
    path.write_text("".join(f"{one}{sign}{other}\n" for one, other in (("a", "b"), ("1x", "2x"), ("3x", "4x"))))
    found = read_table(path, ParsingOptions(delimiter=sign, header=1)).frame
    assert [*found.columns] == ["a", "b"] and found.to_numpy().tolist() == [["1x", "2x"], ["3x", "4x"]]
