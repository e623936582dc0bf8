"""Files of research releases: what is joined, what is told apart, and what is named as not used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import load_data
from ia3_studio.data.choice_columns import choice_mapping
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from tests.data.release_shapes import RELEASES, caption, segments, styled, told
from tests.data.shapes import asked, lines, mood, rows, said
from tests.data.test_public_files import examples, read

BY_NAME = {shape.what: shape for shape in RELEASES}


def _pairs(path: Path) -> list[tuple[str, str]]:
    return [(each.messages[0].content, each.messages[1].content) for each in examples(load_data(path))]


def test_a_sentence_over_two_lines_of_a_caption_is_one_text(tmp_path: Path) -> None:
    text = "".join(caption(n, asked(n).replace(" leave", "\nleave")) for n in range(16))
    assert str(read(tmp_path, "film.srt", text).mapping) == "text → plain text"


def test_lines_of_two_speakers_of_one_language_are_one_text(tmp_path: Path) -> None:
    text = "".join(
        caption(n, f"- {asked(n)}\n- When does the ferry to berth {n} leave, and from where?") for n in range(16)
    )
    assert str(read(tmp_path, "film.srt", text).mapping) == "text → plain text"


def test_captions_in_one_of_two_languages_are_counted(tmp_path: Path) -> None:
    text = "".join(caption(n, f"{asked(n)}\n{told(n)}" if n != 4 else "[music]") for n in range(16))
    split = read(tmp_path, "film.vtt", f"WEBVTT\n\n{text}")
    assert len(examples(split)) == 15 and any("1 captions" in note for note in split.notes)


def test_captions_of_two_styles_at_once_are_two_languages(tmp_path: Path) -> None:
    both = styled(*map(asked, range(12))) + styled(*map(told, range(12))).partition("Text\n")[2].replace(
        "Default", "De"
    )
    (tmp_path / "film.ass").write_text(both, encoding="utf-8")
    assert _pairs(tmp_path / "film.ass") == [(asked(n), told(n)) for n in range(12)]


def test_marks_of_styles_are_no_text(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["subtitles with styles (ASS)"].write(tmp_path)))
    assert [each.text for each in found] == [asked(n) for n in range(12)]


def test_two_films_are_read_one_after_the_other(tmp_path: Path) -> None:
    for number in (1, 2):
        text = "".join(caption(n, f"{asked(n)} In film {number}.") for n in range(12))
        (tmp_path / f"film{number}.srt").write_text(text)
    assert len(examples(load_data(tmp_path))) == 24


def test_texts_by_number_are_one_text_and_told_so(tmp_path: Path) -> None:
    split = load_data(BY_NAME["texts in columns by number, with a label"].write(tmp_path))
    assert examples(split)[3].text == f"{asked(3)}\n{said(3)}\n{told(3)}"
    assert any("Top1 to Top3" in note for note in split.notes)


def test_plain_rows_leave_texts_by_number_apart(tmp_path: Path) -> None:
    path = BY_NAME["texts in columns by number, with a label"].write(tmp_path)
    assert "Top1" in str(load_data(path, parsing=ParsingOptions(plain=True)).mapping)


@pytest.mark.parametrize(
    "header", ["question answer1 answer2 answer3", "Q1 Q2 Q3 note", "id caption1 caption2 caption3"]
)
def test_answers_questions_and_captions_by_number_stay_columns(header: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    cells = rows(lambda n: "\t".join((asked(n), said(n), told(n), said(n + 30))), 24, header=header.replace(" ", "\t"))
    path.write_text(cells)
    assert list(read_table(path).frame.columns) == header.split()


def test_texts_by_number_with_a_rating_each_stay_apart(tmp_path: Path) -> None:
    table = rows(
        lambda n: ",".join(f"{asked(n + k)},{(n + k) % 5}" for k in range(3)), 24,
        header="review1,rating1,review2,rating2,review3,rating3",
    )  # fmt: skip
    assert not any("are one text" in note for note in read(tmp_path, "a.csv", table).notes)


def test_every_answer_to_a_question_has_its_label(tmp_path: Path) -> None:
    shape = BY_NAME["questions on a text, of each of which several answers may be right (MultiRC)"]
    first = examples(load_data(shape.write(tmp_path)))[:3]
    assert [each.labels for each in first] == [("1",), ("0",), ("1",)] and first[1].second == f"{asked(0)}\n{said(1)}"


def test_numbers_that_count_questions_name_no_right_choice(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        counted = (0, 1, 2, 0, 1)[row % 5]
        return {"question": asked(row), "options": [said(row), said(row + 1), told(row)], "idx": counted}

    path = tmp_path / "quiz.jsonl"
    path.write_text(lines(record, 12))
    assert choice_mapping(read_table(path).frame) is None


def test_the_source_of_a_shared_task_is_the_prompt_whatever_comes_first(tmp_path: Path) -> None:
    (tmp_path / "news-ref.en.sgm").write_text(segments("ref", "en", [asked(n) for n in range(12)]))
    (tmp_path / "news-src.de.sgm").write_text(segments("src", "de", [told(n) for n in range(12)]))
    assert _pairs(tmp_path) == [(told(n), asked(n)) for n in range(12)]


def test_documents_of_xml_with_their_translation_are_pairs_of_segments(tmp_path: Path) -> None:
    def side(name: str, language: str, texts: list[str]) -> str:
        return f"<{name} lang='{language}'><p>" + "".join(f"<seg>{each}</seg>" for each in texts) + f"</p></{name}>"

    sides = side("src", "en", [asked(1), asked(2)]) + side("ref", "de", [told(1), told(2)])
    documents = f"<doc id='a'>{sides}</doc>" * 6
    split = read(tmp_path, "wmt.xml", f"<dataset><collection>{documents}</collection></dataset>")
    assert str(split.mapping) == "en → prompt, de → answer" and len(examples(split)) == 12


def test_texts_joined_by_ids_keep_their_splits(tmp_path: Path) -> None:
    split = load_data(BY_NAME["queries and passages that are joined by ids (BEIR)"].write(tmp_path))
    assert len(split.train) == 8 and len(split.held_out) == 4
    assert split.train[0].messages[0].content.partition("\n")[0] == asked(split.train[0].row - 5)


def test_the_lines_of_a_conversation_stand_in_the_order_of_its_ids(tmp_path: Path) -> None:
    path = BY_NAME["lines, and the ids of those of a conversation (Cornell)"].write(tmp_path)
    assert _pairs(path)[3] == (asked(6), said(7))


def test_keys_of_spans_that_say_something_are_named_once_and_places_are_not(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        span = {"id": f"s{row}", "start": 0, "end": 5, "label": "SHIP", "text": "Ferry", "confidence": 0.5 + row / 50,
                "reviewer": ("Ada", "Bo")[row % 2], "source": "web"}  # fmt: skip
        return {"text": f"Ferry {row} leaves at noon.", "entities": [span]}

    path = tmp_path / "spans.jsonl"
    path.write_text(lines(record))
    (note,) = [note for note in load_data(path).notes if note.startswith("Not used")]
    assert note.count("entities[].") == 2 and "confidence" in note and "reviewer" in note


def test_times_that_put_turns_in_order_are_used(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        return {
            "answers": [{"text": said(row + n), "rank": n, "pay": row * n + 1} for n in range(3)],
            "prompt": asked(row),
        }

    path = tmp_path / "ranked.jsonl"
    path.write_text(lines(record))
    named = " ".join(load_data(path).notes) + " ".join(load_data(path).unused)
    assert "pay" in named and "rank" not in named.replace("ranks", "")


def test_what_stands_around_rows_of_xml_is_named_with_its_path(tmp_path: Path) -> None:
    inner = "".join(f"<doc><text>{asked(n)}</text><label>{mood(n)}</label></doc>" for n in range(24))
    text = f"<all v='1'><head tool='x'><title>Ferries</title></head><body place='pier'>{inner}</body></all>"
    (note,) = [note for note in read(tmp_path, "a.xml", text).notes if note.startswith("Not used")]
    assert "head.title" in note and "body.place" in note and "tool" not in note


def test_notes_on_units_of_a_translation_memory_are_named(tmp_path: Path) -> None:
    unit = "<tu><note>by Ada</note><tuv xml:lang='en'><seg>{}</seg></tuv><tuv xml:lang='de'><seg>{}</seg></tuv></tu>"
    inner = "".join(unit.format(asked(n), told(n)) for n in range(12))
    split = read(tmp_path, "a.tmx", f"<tmx version='1.4'><header srclang='en'/><body>{inner}</body></tmx>")
    assert any("tu.note" in note for note in split.notes) and len(examples(split)) == 12


def test_lines_of_a_poem_are_one_text_although_it_has_a_title(tmp_path: Path) -> None:
    poems = "".join(
        f"<poem title='Ferry {n}'>{''.join(f'<line>{asked(n + k)}</line>' for k in range(4))}</poem>" for n in range(12)
    )
    assert len(examples(read(tmp_path, "a.xml", f"<all>{poems}</all>"))) == 12


def test_a_score_on_one_scale_stays_a_label(tmp_path: Path) -> None:
    table = rows(lambda n: f"{('3/5', '4/5', '1/5')[n * 5 % 7 % 3]},{asked(n)}", 24, header="review_score,review")
    assert "review_score → label" in str(read(tmp_path, "a.csv", table).mapping)


def test_the_list_with_the_sentences_is_the_rows_and_the_others_are_named(tmp_path: Path) -> None:
    shape = BY_NAME["captions of pictures in a document of several lists (COCO)"]
    (note,) = load_data(shape.write(tmp_path)).notes
    assert "images[].file_name" in note and "licenses[].name" in note


def test_who_speaks_behind_a_number_is_known(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        turns = (("0_Wizard", said(row)), ("1_Apprentice", asked(row)))
        return {"dialog": [{"speaker": who, "text": text} for who, text in turns[::-1]], "chosen_topic": f"Ferry {row}"}

    path = tmp_path / "wizard.json"
    path.write_text(json.dumps([record(row) for row in range(12)]))
    assert _pairs(path)[2] == (asked(2), said(2))


def test_edits_stand_in_the_places_of_their_text_and_others_are_listed(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        edits = [[4, 11, "ferry"], [14, 14, " very"], [19, 20 if row != 5 else 900, None]]
        return {"text": f"The ferries is late. No {row}", "edits": edits}

    path = tmp_path / "essays.jsonl"
    path.write_text(lines(record))
    split = load_data(path)
    assert [problem.row for problem in split.problems] == [6]
    assert examples(split)[2].messages[1].content == "The ferry is very late No 2"


def test_texts_that_were_joined_to_a_context_are_not_named_as_left(tmp_path: Path) -> None:
    shape = BY_NAME["articles with a background and a situation in place of a context (ROPES)"]
    split = load_data(shape.write(tmp_path))
    assert not split.notes and "Fog lies on pier 0" in repr(examples(split))


def test_captions_of_two_files_are_joined_by_their_times_also_if_these_differ_a_little(tmp_path: Path) -> None:
    (tmp_path / "film.en.srt").write_text("".join(caption(n, asked(n)) for n in range(12)))
    later = "".join(caption(n, told(n)) for n in range(12) if n != 3).replace(",000 -->", ",150 -->")
    (tmp_path / "film.de.srt").write_text(later)
    assert _pairs(tmp_path) == [(asked(n), told(n)) for n in range(12) if n != 3]


def test_numbered_answers_of_which_another_column_names_the_best_are_no_text(tmp_path: Path) -> None:
    table = rows(lambda n: f"{asked(n)}\t{said(n)}\t{told(n)}\t{said(n + 9)}\tsys{n % 3 + 1}", 24,
                 header="id\tsys1\tsys2\tsys3\tpick")  # fmt: skip
    path = tmp_path / "a.tsv"
    path.write_text(table)
    assert "sys2" in read_table(path).frame.columns


def test_lines_between_bars_are_cells_whatever_their_files_are_called(tmp_path: Path) -> None:
    (tmp_path / "dictionary.txt").write_text(rows(lambda n: f"{asked(n)}|{n}", 24))
    (tmp_path / "notes.txt").write_text(rows(lambda n: f"{n}|0.{n}|north", 24))
    try:
        assert "dictionary" not in str(load_data(tmp_path).train[0].labels)
    except DataError as error:
        assert "dictionary.txt" in str(error)
