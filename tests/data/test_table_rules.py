"""Rules of reading tables, beyond which columns play which part: what becomes of cells, rows, and what is said."""

from __future__ import annotations

import bz2
import io
import json
import lzma
from datetime import datetime
from pathlib import Path

import datasets
import openpyxl
import pytest

from ia3_studio import load_data, read_table
from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.split import DataSplit
from ia3_studio.data.table import ParsingOptions
from ia3_studio.errors import DataError
from tests.data.shapes import asked, lines, mood, rows, said, workbook
from tests.data.table_shapes import merged_workbook


def read(folder: Path, name: str, content: str | bytes) -> DataSplit:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_data(path)


def labels(split: DataSplit) -> set[str]:
    return {label for each in (*split.train, *split.held_out) for label in each.labels}


def answers(split: DataSplit) -> list[str]:
    examples = sorted((*split.train, *split.held_out), key=lambda each: each.row)
    return [each.messages[-1].content for each in examples]


def test_labels_are_the_same_whether_classes_are_written_as_whole_or_as_fractions(tmp_path: Path) -> None:
    split = read(tmp_path, "a.csv", rows(lambda n: f"{asked(n)},{n % 2}.0", header="text,label"))
    assert labels(split) == {"0", "1"} and split.mapping.target == "single"


def test_percentages_and_prices_are_measured_without_their_units(tmp_path: Path) -> None:
    split = read(tmp_path, "a.csv", rows(lambda n: f"{asked(n)},{n}.5 %", header="text,score"))
    assert labels(split) == {f"{n}.5" for n in range(12)}


def test_an_exam_may_leave_its_last_choices_empty(tmp_path: Path) -> None:
    record = "{},left,right,{},B"
    text = rows(lambda n: record.format(asked(n), "" if n % 2 else "none"), header="question,A,B,C,answer")
    split = read(tmp_path, "a.csv", text)
    assert {len(each.choices) for each in (*split.train, *split.held_out)} == {2, 3} and not split.problems


def test_names_of_rows_as_r_writes_them_are_no_cells_too_many(tmp_path: Path) -> None:
    text = '"text","label"\n' + rows(lambda n: f'"letter{n}","{asked(n)}","{mood(n)}"')
    assert str(read(tmp_path, "a.csv", text).mapping) == "text → text, label → label"


def test_a_row_with_a_cell_too_many_is_not_taken_for_a_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it has 3 cells, the first row 2"):
        read(tmp_path, "a.csv", "prompt,answer\n" + rows(lambda n: f"{asked(n)},yes,no"))


def test_nul_bytes_in_a_text_are_removed_and_told(tmp_path: Path) -> None:
    text = rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label").replace("north", "nor\0th", 1)
    split = read(tmp_path, "a.csv", text)
    assert len(split.train) + len(split.held_out) == 12 and "1 NUL byte is removed from the text." in split.notes


@pytest.mark.parametrize("name", ["a.csv.bz2", "a.csv.xz"])
def test_files_packed_by_other_tools_are_read(name: str, tmp_path: Path) -> None:
    packed = {"a.csv.bz2": bz2.compress, "a.csv.xz": lzma.compress}[name]
    split = read(tmp_path, name, packed(rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label").encode()))
    assert len(split.train) + len(split.held_out) == 12


def test_a_packed_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    for name in ("a.csv.bz2", "a.csv.xz", "a.csv.zst"):
        with pytest.raises(DataError, match="cannot be unpacked"):
            read(tmp_path, name, b"not packed at all")


@pytest.mark.parametrize(("name", "content"), [("a.xlsx", b"PK\x03\x04 cut"), ("b.xlsx", b"\0\1\2\3")])
def test_a_broken_workbook_is_spoken_of_as_a_workbook(name: str, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a workbook"):
        read(tmp_path, name, content)


def test_a_locked_workbook_is_told_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="locked with a password"):
        read(tmp_path, "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_dates_of_a_workbook_are_written_as_dates(tmp_path: Path) -> None:
    cells = [["question", "answer"], *([asked(n), datetime(2026, 5, n + 1)] for n in range(12))]
    assert answers(read(tmp_path, "a.xlsx", workbook(Dates=cells)))[0] == "2026-05-01"


def test_hidden_sheets_are_named_and_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(merged_workbook())
    table = read_table(path)
    assert any("hidden sheet Sheet" in note for note in table.notes)
    assert list(read_table(path, ParsingOptions(sheet="Sheet")).frame.columns) == ["key", "value"]


def test_formulas_that_were_never_computed_are_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["text", "label"])
    for n in range(12):
        sheet.append([asked(n), f'=IF({n}>5,"calm","storm")'])
    buffer = io.BytesIO()
    book.save(buffer)
    split = read(tmp_path, "a.xlsx", buffer.getvalue())
    assert any(note.startswith("12 formulas have no saved value") for note in split.notes)
    assert split.unused == ("label",)


def test_class_names_of_words_are_read_from_parquet(tmp_path: Path) -> None:
    features = datasets.Features(
        {"tokens": datasets.Sequence(datasets.Value("string")),
         "ner_tags": datasets.Sequence(datasets.ClassLabel(names=["O", "B-LOC"]))}
    )  # fmt: skip
    words = {"tokens": [["Ferry", str(n)] for n in range(12)], "ner_tags": [[0, 1]] * 12}
    buffer = io.BytesIO()
    datasets.Dataset.from_dict(words, features).to_parquet(buffer)
    assert labels(read(tmp_path, "a.parquet", buffer.getvalue())) == {"O", "B-LOC"}


def test_words_without_ends_of_sentences_are_refused_by_their_cause(tmp_path: Path) -> None:
    words = rows(lambda n: f"Ferry{n},B-ORG\nleaves,O", 60, header="word,tag")
    with pytest.raises(DataError, match="nothing says where a sentence ends"):
        read(tmp_path, "a.csv", words)
    with pytest.raises(DataError, match="no empty line between sentences"):
        read(tmp_path, "a.tsv", words.replace(",", "\t"))


def test_empty_rows_end_sentences_where_no_column_does(tmp_path: Path) -> None:
    split = read(tmp_path, "a.csv", rows(lambda n: f"Ferry{n},B-ORG\nleaves,O\n,", header="word,tag"))
    assert {len(each.words) for each in (*split.train, *split.held_out)} == {2}
    assert len(split.train) + len(split.held_out) == 12


def test_a_sentence_with_a_missing_tag_is_listed(tmp_path: Path) -> None:
    text = rows(lambda n: f"{n},Ferry{n},{'' if n == 3 else 'B-ORG'}\n{n},leaves,O", header="sentence_id,word,tag")
    split = read(tmp_path, "a.csv", text)
    assert [(each.row, "no tag" in each.reason) for each in split.problems] == [(7, True)]


def test_a_dialogue_system_is_the_assistant_where_only_users_and_the_system_speak(tmp_path: Path) -> None:
    def turns(n: int) -> dict[str, object]:
        return {"turns": [{"speaker": "USER", "utterance": asked(n)}, {"speaker": "SYSTEM", "utterance": said(n)}]}

    assert answers(read(tmp_path, "a.jsonl", lines(turns)))[0] == said(0)


def test_conversations_written_as_python_are_read(tmp_path: Path) -> None:
    def cell(n: int) -> str:
        return repr([{"from": "human", "value": asked(n)}, {"from": "gpt", "value": said(n)}]).replace('"', '""')

    split = read(tmp_path, "a.csv", rows(lambda n: f'{n},"{cell(n)}"', header="id,conversations"))
    assert answers(split)[0] == said(0)


def test_columns_that_are_empty_play_no_part(tmp_path: Path) -> None:
    text = rows(lambda n: f',"{asked(n)}",,"{said(n)}",', header="a,prompt,b,answer,c")
    assert str(read(tmp_path, "a.csv", text).mapping) == "prompt → prompt, answer → answer"


def test_prose_with_commas_and_semicolons_stays_prose(tmp_path: Path) -> None:
    text = "\n".join(f"The ferry {n} left, late; nobody waited{',' * (n % 3)} at the pier." for n in range(20))
    assert str(read(tmp_path, "a.txt", text).mapping) == "text → plain text"


def test_a_text_read_plain_is_paragraphs_whatever_stands_in_them(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(rows(lambda n: f"Q: {asked(n)}\nA: {said(n)}\n"))
    assert str(load_data(path, parsing=ParsingOptions(plain=True)).mapping) == "text → plain text"


def test_labels_without_a_single_text_are_not_trained_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "empty_texts.csv"
    path.write_text("text,label\n" + ",calm\n,rough\n" * 6)
    with pytest.raises(DataError, match=r"text \(text\) is empty"):
        load_data(path)


VOCABULARY = (
    ("perro", "dog"), ("gato", "cat"), ("barco", "ship"), ("faro", "lighthouse"), ("mar", "sea"), ("puerto", "harbor"),
    ("remo", "oar"), ("ola", "wave"), ("pez", "fish"), ("red", "net"), ("ancla", "anchor"), ("muelle", "pier"),
)  # fmt: skip


def test_the_first_line_of_two_columns_of_sentences_is_no_header(tmp_path: Path) -> None:
    sentences = ("Der {} liegt dort drüben im Korb.", "Ein {} fährt?", "Das ist ein {}")
    cards = [f"{one}\t{sentences[n % 3].format(other)}\n" for n, (one, other) in enumerate(VOCABULARY)]
    found = read(tmp_path, "cards.txt", "".join(cards))
    assert len(found.train) + len(found.held_out) == 12


def test_a_first_row_that_could_be_data_is_told(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    path.write_text("".join(f"The {one} lies here\tLe {other} est là\n" for one, other in VOCABULARY))
    path.write_text("perro\tdog\n" + "".join(f"un gato muy grande {n}\ta very big cat {n}\n" for n in range(12)))
    assert not read_table(path).notes


def test_the_first_word_of_a_list_is_a_word_and_said_unless_it_is_known_as_a_name(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    words = [one for one, _other in VOCABULARY]
    for header, count in (("", 12), ("palabra", 12), ("noun", 12)):
        path.write_text("\n".join(filter(None, (header, *words))) + "\n")
        found = read_table(path)
        assert len(found.frame) == count and [*found.frame.columns] == [header or "column 1"]
        assert any("perro" in note for note in found.notes) == (not header)
    path.write_text("".join(f"{one},{other}\n" for one, other in VOCABULARY))
    found = read_table(path)
    assert len(found.frame) == 12 and any("perro, dog" in note for note in found.notes)


def test_texts_by_language_are_parallel_only_where_they_have_as_many_lines(tmp_path: Path) -> None:
    for folder, count, columns in (("same", 12, ["source", "target"]), ("other", 9, ["text", "label"])):
        (tmp_path / folder).mkdir()
        for name, say, most in (("en", asked, 12), ("de", said, count)):
            (tmp_path / folder / f"{name}.txt").write_text("".join(f"{say(n)}\n" for n in range(most)))
        assert [*read_table(tmp_path / folder).frame.columns] == columns


def test_numbered_words_have_their_comments_left_aside_and_a_number_sign_may_be_a_word(tmp_path: Path) -> None:
    path = tmp_path / "words.tsv"
    sentence = "#\thttp://x.example [2009]\n1\tAnn\tB-PER\tO\n2\t#\tO\tO\n3\tsails\tO\tO\n\n"
    path.write_text(sentence * 6)
    found = read_table(path)
    assert found.frame["tokens"].tolist() == [["Ann", "#", "sails"]] * 6
    assert found.frame["tags"].tolist() == [["B-PER", "O", "O"]] * 6


def test_marked_turns_of_one_text_are_a_conversation_and_what_precedes_them_its_system_turn(tmp_path: Path) -> None:
    texts = (
        "### Human: Is it late?### Assistant: Aye, {}.",
        "A talk.\n[|Human|] Is it late?\n[|AI|] Aye, {}.\n[|Human|]",
        "<human>: Is it late?\n<bot>: Aye, {}.",
    )
    for text in texts:
        split = read(tmp_path, "talks.jsonl", lines(lambda n, text=text: {"text": text.format(n)}))
        roles = [turn.role for turn in split.train[0].messages]
        assert roles[-2:] == ["user", "assistant"] and (roles[0] == "system") == text.startswith("A talk")
        assert all(said.startswith("Aye, ") and said.endswith(".") for said in answers(split))


def test_names_of_files_are_no_classes_where_they_are_parts_or_rows_have_another_label(tmp_path: Path) -> None:
    for folder, names, cells in (
        ("months", ("jan", "feb"), lambda n: f"The ferry of day {n} was late"),
        ("parts", ("part_a", "part_b"), lambda n: f"The ferry of day {n} was late"),
        ("rated", ("oslo", "cork"), lambda n: f"The ferry of day {n} was late,{n % 3}"),
    ):
        (tmp_path / folder).mkdir()
        for name in names:
            header = "text,rating\n" if folder == "rated" else "text\n"
            (tmp_path / folder / f"{name}.csv").write_text(header + "".join(f"{cells(n)}\n" for n in range(12)))
        assert load_data(tmp_path / folder).mapping.answer == ("rating" if folder == "rated" else "")


def test_words_that_only_end_like_one_for_a_label_are_none() -> None:
    assert not says("instance_id", LABELED) and says("Hauptkategorie", LABELED)


def test_files_without_an_ending_that_are_prose_or_no_text_are_refused(tmp_path: Path) -> None:
    for content in (b"Terms of use.\n\nBe kind.\n", b"\x00\x01\x02" * 50):
        (tmp_path / "LICENSE").write_bytes(content)
        with pytest.raises(DataError, match="not supported"):
            load_data(tmp_path / "LICENSE")


def test_a_system_prompt_without_text_does_not_stop_a_request_from_being_read(tmp_path: Path) -> None:
    rows = [
        {
            "request": {"system": {"role": "system"}, "messages": [{"role": "user", "content": f"Hi {n}"}]},
            "response": "Ahoy",
        }
        for n in range(4)
    ]
    found = read(tmp_path, "log.json", json.dumps(rows))
    assert {turn.role for example in found.train for turn in example.messages} == {"user", "assistant"}


def test_a_story_is_no_answer_to_the_question_on_it(tmp_path: Path) -> None:
    rows_of = "".join(f"{asked(n)},s{n},{said(n).replace(',', '')} And on.\n" for n in range(12))
    (tmp_path / "news.csv").write_text(f"question,story_id,story_text\n{rows_of}")
    with pytest.raises(DataError, match="not recognized"):
        load_data(tmp_path / "news.csv")
