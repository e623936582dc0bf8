"""Several files that belong together in other ways than as splits or parts."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ia3_studio.data.archives import folder_members
from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, mood, rows, said

LABELED = "text → text, label → label"


def read(files: Mapping[str, str], folder: Path) -> DataSplit:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder)


def count(split: DataSplit) -> int:
    return len((*split.train, *split.held_out))


def test_a_table_that_lists_texts_gives_each_its_label(tmp_path: Path) -> None:
    texts = {f"texts/{n:02}.txt": plain(n) for n in range(12)}
    for number, name in enumerate(("{:02}.txt", "{:02}", "texts/{:02}.txt")):
        table = rows(lambda n, name=name: f"{name.format(n)},{mood(n)}", header="file,label")
        split = read({**texts, "labels.csv": table}, tmp_path / str(number))
        assert (str(split.mapping), count(split)) == (LABELED, 12)
        first = next(example for example in (*split.train, *split.held_out) if example.row == 2)
        assert (first.text, first.labels) == (plain(1), (mood(1),))


def test_columns_of_one_split_in_two_files_stand_side_by_side(tmp_path: Path) -> None:
    files = {
        f"{side}_{split}.csv": rows(text, size, header)
        for split, size in (("train", 20), ("test", 6))
        for side, text, header in (("X", lambda n: f"{plain(n)},{n}", "text,n"), ("y", mood, "label"))
    }
    split = read(files, tmp_path)
    assert (str(split.mapping), len(split.train), len(split.held_out)) == (LABELED, 20, 6)


def test_files_are_named_by_split_in_other_languages(tmp_path: Path) -> None:
    names = {"fr": ("entraînement", "test"), "es": ("entrenamiento", "prueba"), "zh": ("训练集", "测试集")}
    for language, (train, test) in names.items():
        table = {name: rows(lambda n: f'"{plain(n)}",{mood(n)}', size, "text,label")
                 for name, size in ((f"{train}.csv", 20), (f"{test}.csv", 6))}  # fmt: skip
        split = read(table, tmp_path / language)
        assert (len(split.train), len(split.held_out)) == (20, 6)


def test_archives_in_an_archive_are_read_as_folders(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as outer:
        for year in ("2023", "2024"):
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w") as inner:
                inner.writestr("tickets.csv", rows(lambda n: f"{plain(n)},{mood(n)}", header="text,label"))
            outer.writestr(f"{year}.zip", held.getvalue())
    assert count(load_data(path)) == 24


def test_stories_end_with_their_highlights(tmp_path: Path) -> None:
    story = "{}\n\n{}\n\n@highlight\n\nBerth {} is free\n\n@highlight\n\nNobody waits\n"
    split = read({f"{n}.story": story.format(asked(n), said(n), n) for n in range(8)}, tmp_path)
    assert (str(split.mapping), count(split)) == ("article → prompt, highlights → answer", 8)
    assert split.train[0].messages[1].content.endswith("Nobody waits")


def test_mails_whose_names_end_with_a_hash_are_texts(tmp_path: Path) -> None:
    mails = {f"{kind}/{n:04}.{n:032x}": plain(n) for kind in ("ham", "spam") for n in range(8)}
    assert (str((split := read(mails, tmp_path)).mapping), count(split)) == (LABELED, 16)


def test_many_small_files_take_no_more_memory_than_they_hold(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.txt").write_text("fog " * 50)
    tracemalloc.start()
    try:
        held = folder_members(tmp_path)
        assert len(held) == 6 and tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_two_languages_are_pairs_and_the_third_file_of_their_name_is_named(tmp_path: Path) -> None:
    texts = {"en": "The ship {} is late.", "la": "Navis {} sera est.", "src": "Book {}"}
    files = {f"valid.{side}": "".join(f"{text.format(n)}\n" for n in range(9)) for side, text in texts.items()}
    split = read(files, tmp_path)
    assert {message.role: message.content for message in split.train[0].messages}["user"].startswith("The ship")
    assert any("valid.src" in note for note in split.notes)


def test_pages_that_were_saved_as_data_are_named_as_such(tmp_path: Path) -> None:
    page = "<!DOCTYPE html>\n<html><head><title>corpus</title></head><body><p>Sign in</p></body></html>\n"
    with pytest.raises(DataError, match=r"HTML page.*download"):
        read({"food.yml": page, "health.yml": page}, tmp_path)


def test_words_and_tags_in_folders_by_split_are_read_with_a_list_of_labels_between_them(tmp_path: Path) -> None:
    words = "".join(f"set an alarm for {n} now\n" for n in range(9))
    tags = "NoLabel NoLabel B-noun NoLabel B-time NoLabel\n" * 9
    files = {"train/seq.in": words, "train/seq.out": tags, "dev/seq.in": words.replace("now", "then"),
             "dev/seq.out": tags, "slot_label.txt": "PAD\nUNK\nNoLabel\nB-noun\nB-time\n"}  # fmt: skip
    split = read(files, tmp_path)
    assert split.mapping.kind == "tags" and len(split.train) == len(split.held_out) == 9
    assert split.train[0].labels[2] == "B-noun" and any("slot_label.txt" in note for note in split.notes)


def test_lines_from_one_and_to_another_are_pairs_and_their_tags_are_named(tmp_path: Path) -> None:
    asked = "".join(f"is pier {n} free\n" for n in range(9))
    told = "".join(f"pier {n} is free\n" for n in range(9))
    split = read({"train.from": asked, "train.to": told, "train.tag": "1\n" * 9}, tmp_path)
    assert [turn.content for turn in split.train[0].messages] == ["is pier 0 free", "pier 0 is free"]
    assert any("train.tag" in note for note in split.notes)


def test_intents_in_markdown_that_are_called_as_questions_are_labels_beside_stories(tmp_path: Path) -> None:
    asked = "".join(
        f"## intent:Is {what} late?\n- {what} late\n- when comes the {what}\n\n" for what in ("ship", "boat")
    )
    split = read({"nlu.md": asked, "stories.md": "## one\n* Is ship late?\n  - utter_late\n"}, tmp_path)
    assert split.mapping.kind == "labels" and count(split) == 4


def test_examples_of_rasa_that_are_objects_are_read(tmp_path: Path) -> None:
    rows = "".join(f"    - text: my name is [Ann {n}](name)\n" for n in range(4))
    (tmp_path / "nlu.yml").write_text(
        f"nlu:\n- intent: tell\n  examples:\n{rows}- intent: greet\n  examples: |\n    - hi\n    - ho\n"
    )
    split = load_data(tmp_path / "nlu.yml")
    texts = {example.text for example in (*split.train, *split.held_out)}
    assert "my name is Ann 3" in texts and len(texts) == 6
