"""Claims on rules that read whole families: blocks of lines, numbered choices, sides of files, flags, code, prices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from tests.data.exports import written
from tests.data.shapes import asked, berths, mood, said


def text(content: str, folder: Path, name: str = "rows.txt") -> DataSplit:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return load_data(path)


def read(cells: dict[str, Any], folder: Path, rows: int = 24) -> DataSplit:
    return load_data(
        written([{name: cell(n) for name, cell in cells.items()} for n in range(rows)], folder, "rows.jsonl")
    )


def labels(split: DataSplit) -> set[str]:
    return {label for each in (*split.train, *split.held_out) for label in each.labels}


def test_paragraphs_of_a_text_its_label_and_a_remark_are_labeled_texts(tmp_path: Path) -> None:
    blocks = [f'{n}\t"{said(n)}"\n{("Part-Whole(e1,e2)", "Other")[n % 2]}\nComment:' for n in range(12)]
    split = text("\n\n".join(blocks), tmp_path)
    assert (str(split.mapping), labels(split)) == ("text → text, label → label", {"Part-Whole(e1,e2)", "Other"})
    assert {each.text for each in split.train} <= {said(n) for n in range(12)}


def test_paragraphs_of_named_fields_are_rows(tmp_path: Path) -> None:
    blocks = [f"Kommentar: {said(n)}\nStimmung: {mood(n)}" for n in range(12)]
    assert str(text("\n\n".join(blocks), tmp_path).mapping) == "Kommentar → text, Stimmung → label"


def test_verses_are_plain_text(tmp_path: Path) -> None:
    assert text("\n\n".join(f"{said(n)}\nAnd the bell rings, {n}." for n in range(12)), tmp_path).mapping.kind == "text"


@pytest.mark.parametrize("names", [("Opzione {}", "Risposta esatta"), ("Vastaus {}", "Ratkaisu"), ("wybór{}", "klucz")])
def test_numbered_columns_one_of_which_another_column_repeats_are_choices(
    names: tuple[str, str], tmp_path: Path
) -> None:
    choices = {names[0].format(place + 1): lambda n, place=place: f"{berths(n)[place]} {n}" for place in range(3)}
    split = read({"q": asked, **choices, names[1]: lambda n: f"{berths(n)[n % 3]} {n}"}, tmp_path)
    assert split.mapping.kind == "choices" and split.mapping.parts == ("q", *choices)


def test_letters_next_to_lists_of_choices_name_the_right_one_whatever_they_are_called(tmp_path: Path) -> None:
    cells = {
        "problem": lambda n: {"text": asked(n), "choices": berths(n)},
        "solution": lambda n: {"pick": "ABC"[n % 3]},
    }
    assert read(cells, tmp_path).mapping.kind == "choices"


def test_files_called_trainset_and_devset_are_splits(tmp_path: Path) -> None:
    for name, first in (("trainset", 0), ("devset", 20)):
        written([{"q": asked(first + n), "a": said(first + n)} for n in range(5)], tmp_path, f"{name}.json")
    assert len(load_data(tmp_path).held_out) == 5


def test_files_that_are_called_source_and_target_of_two_languages_are_parallel(tmp_path: Path) -> None:
    (tmp_path / "tgt.pl").write_text("".join(f"Statek {n}.\n" for n in range(8)), encoding="utf-8")
    (tmp_path / "src.de").write_text("".join(f"Schiff {n}.\n" for n in range(8)), encoding="utf-8")
    split = load_data(tmp_path)
    assert str(split.mapping) == "source → prompt, target → answer"
    assert split.train[0].messages[0].content.startswith("Schiff")


def test_a_flag_inside_a_name_comes_before_the_title_of_a_person(tmp_path: Path) -> None:
    cells = {
        "essay": said,
        "teacher_prefix": lambda n: ("Mr", "Ms")[n % 2],
        "project_is_approved": lambda n: n // 2 % 2,
    }
    assert read(cells, tmp_path).mapping.answer == "project_is_approved"


def test_scores_come_before_who_gave_them(tmp_path: Path) -> None:
    cells = {"essay": said, "grammar": lambda n: n % 5 + 1, "rater": lambda n: f"r{n % 3}"}
    assert read(cells, tmp_path, 40).mapping.answer == "grammar"


def test_an_answer_called_data_is_no_prompt(tmp_path: Path) -> None:
    split = read({"input_text": asked, "output_data": lambda n: {"class": mood(n), "why": said(n)}}, tmp_path)
    assert split.mapping.prompt == "input_text" or split.mapping.column == "input_text"


def test_code_in_two_languages_answers_the_text_next_to_it(tmp_path: Path) -> None:
    split = read({"nl": asked, "code": lambda n: {"python": f"print({n})", "r": f"cat({n})"}}, tmp_path)
    assert (str(split.mapping), split.unused) == ("nl → prompt, code.python → answer", ("code.r",))


def test_exchanges_of_named_speakers_are_one_conversation_and_questions_are_not(tmp_path: Path) -> None:
    talk = read({"log": lambda n: [{"user": asked(n), "bot": said(n)}, {"user": "And?", "bot": said(n)}]}, tmp_path)
    assert len(talk.train[0].messages) == 4
    assert len(read({"log": lambda n: [{"question": asked(n), "answer": said(n)}]}, tmp_path).train[0].messages) == 2


def test_a_column_of_true_and_false_that_is_called_a_speaker_says_who_speaks(tmp_path: Path) -> None:
    cells = {"ticket": lambda n: n // 4, "visitor": lambda n: n % 2 == 0, "txt": said}
    assert [turn.role for turn in read(cells, tmp_path).train[0].messages] == ["user", "assistant"] * 2


def test_times_in_any_order_are_measured_and_those_that_count_on_are_not(tmp_path: Path) -> None:
    assert read({"clip": said, "time": lambda n: n * 37 % 41 + 2}, tmp_path, 40).mapping.target == "number"
    assert read({"clip": said, "time": lambda n: n * 37}, tmp_path, 40).mapping.kind == "text"


def test_a_price_without_cents_is_a_number(tmp_path: Path) -> None:
    split = read({"listing": said, "rent": lambda n: f"CHF {n + 1}'300.–"}, tmp_path, 40)
    assert split.mapping.target == "number" and "300" not in {label[-4:] for label in labels(split) if len(label) < 4}
    assert max(float(label) for label in labels(split)) == 40_300


def test_words_with_a_sign_before_their_tag_are_sentences_between_empty_lines(tmp_path: Path) -> None:
    blocks = "\n\n".join(f"Ferry/B-SHIP\n{n}/I-SHIP\nleaves/O" for n in range(8))
    split = text(blocks, tmp_path)
    assert len((*split.train, *split.held_out)) == 8 and all(len(each.words) == 3 for each in split.train)


def test_an_answer_in_a_list_of_one_object_of_places_is_read_from_the_text(tmp_path: Path) -> None:
    cells = {"query": asked, "article": lambda n: f"Ferry {n} leaves.", "answers": lambda n: [{"start": 0, "end": 5}]}
    assert {each.messages[-1].content for each in read(cells, tmp_path).train} == {"Ferry"}


def test_a_list_of_translations_is_several_answers(tmp_path: Path) -> None:
    split = read({"source": asked, "translations": lambda n: [said(n), f"Oui, {n}."]}, tmp_path)
    assert (str(split.mapping), len((*split.train, *split.held_out))) == ("source → prompt, translations → answer", 48)
