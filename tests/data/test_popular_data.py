"""The data sets that are downloaded most are read as they are distributed, and what nobody labeled is listed."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.errors import DataError
from tests.data.popular_shapes import page
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, berths, lines, rows
from tests.data.test_public_files import read


def packed(folder: Path, files: dict[str, str], name: str = "data.tar.gz", link: str = "") -> Path:
    """Write a tar archive of texts."""
    with tarfile.open(folder / name, "w:gz" if name.endswith("gz") else "w") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
        if link:
            member = tarfile.TarInfo("link.txt")
            member.type, member.linkname = tarfile.SYMTYPE, link
            archive.addfile(member)
    return folder / name


@pytest.mark.parametrize("name", ["data.tar.gz", "data.tgz", "data.tar"])
def test_a_tar_archive_is_read_as_a_folder_is(tmp_path: Path, name: str) -> None:
    texts = {f"./data/{mood}/{n}.txt": plain(n) for mood in ("pos", "neg") for n in range(6)}
    split = load_data(packed(tmp_path, texts, name))
    assert {each.labels for each in (*split.train, *split.held_out)} == {("pos",), ("neg",)}


def test_links_in_a_tar_archive_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("A secret of the machine.", encoding="utf-8")
    split = load_data(packed(tmp_path, {"data.jsonl": lines(lambda n: {"text": plain(n)})}, link=str(secret)))
    assert len((*split.train, *split.held_out)) == 12 and not any("secret" in each.text for each in split.train)


def test_a_damaged_tar_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.tar").write_bytes(b"no archive at all, whatever its name says" * 20)
    with pytest.raises(DataError, match="unpacked"):
        load_data(tmp_path / "data.tar")


def test_texts_beside_the_folders_of_classes_are_of_no_class(tmp_path: Path) -> None:
    texts = {f"set/{part}/{mood}/{n}.txt": plain(n) for part in ("train", "test") for mood in ("pos", "neg")
             for n in range(6)}  # fmt: skip
    split = load_data(packed(tmp_path, {**texts, "set/weights.txt": "0.1\n0.2\n"}))
    assert {each.labels for each in (*split.train, *split.held_out)} == {("pos",), ("neg",)}


def test_a_class_that_has_others_inside_it_keeps_its_texts(tmp_path: Path) -> None:
    folders = ("news/sport", "news/sport/ferries", "news/weather")
    split = load_data(packed(tmp_path, {f"{folder}/{n}.txt": plain(n) for folder in folders for n in range(6)}))
    assert {each.labels[0] for each in (*split.train, *split.held_out)} == {"sport", "ferries", "weather"}


def test_a_class_that_the_server_gives_as_unknown_is_listed(tmp_path: Path) -> None:
    feature = {"name": "label", "type": {"names": ["calm", "storm"], "_type": "ClassLabel"}}
    page_rows = [page(n) for n in range(12)] + [{"row": {"text": plain(20), "label": -1}}]
    split = read(tmp_path, "page.json", json.dumps({"features": [feature], "rows": page_rows}))
    assert [each.row for each in split.problems] == [13]
    assert {each.labels[0] for each in (*split.train, *split.held_out)} == {"calm", "storm"}


@pytest.mark.parametrize("unknown", ["-", "nan"])
def test_a_sign_for_no_label_among_words_is_no_label(tmp_path: Path, unknown: str) -> None:
    def row(n: int) -> str:
        return f"{plain(n)}\t{unknown if n == 3 else ('neutral', 'entailment')[n % 2]}"

    split = read(tmp_path, "a.tsv", rows(row, 24, "text\tlabel"))
    assert [each.row for each in split.problems] == [4]


def test_minus_is_a_label_beside_plus(tmp_path: Path) -> None:
    split = read(tmp_path, "a.tsv", rows(lambda n: f"{plain(n)}\t{'+-'[n % 2]}", 24, "text\tlabel"))
    assert {each.labels[0] for each in (*split.train, *split.held_out)} == {"+", "-"}


def test_a_question_that_has_nothing_to_be_asked_about_is_used(tmp_path: Path) -> None:
    def row(n: int) -> dict[str, str]:
        wrong = dict(zip(("distractor1", "distractor2", "distractor3", "correct_answer"), berths(n), strict=True))
        return {"question": asked(n), **wrong, "support": plain(n) * 2 if n % 3 else ""}

    split = read(tmp_path, "a.jsonl", lines(row))
    assert len((*split.train, *split.held_out)) == 12 and not split.problems


def test_flags_are_no_names_of_the_classes_beside_them(tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)},{n % 2},{n % 2 == 1}", 24, "text,label,is_kept")
    assert str(read(tmp_path, "a.csv", table).mapping) == "text → text, label → label"


def test_labels_beside_a_table_that_has_them_are_not_taken_again(tmp_path: Path) -> None:
    def table(n: int) -> dict[str, str]:
        return {"sentence": f"{asked(n)} _", "option1": "Ada", "option2": "Olga", "answer": str(1 + n % 2)}

    for split in ("train", "dev"):
        (tmp_path / f"{split}.jsonl").write_text(lines(table), encoding="utf-8")
        (tmp_path / f"{split}-labels.lst").write_text(rows(lambda n: str(1 + n % 2)), encoding="utf-8")
    assert str(load_data(tmp_path).mapping).endswith("option1, option2 → choices, answer → correct choice")
