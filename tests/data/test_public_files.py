"""What files of public repositories look like is read as it is meant, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.column_names import name_words
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.public_shapes import PUBLIC
from tests.data.shapes import asked, lines, mood, rows, said
from tests.data.table_shapes import plain

BY_NAME = {shape.what: shape for shape in PUBLIC}


def read(folder: Path, name: str, content: str) -> DataSplit:
    (folder / name).write_text(content, encoding="utf-8")
    return load_data(folder / name)


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def test_a_list_of_wrong_answers_and_the_right_one_are_the_choices(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["a right answer and a list of wrong ones"].write(tmp_path)))
    assert found[0].choices == ("berth 1", "berth 2", "berth 3", "berth 0") and found[0].labels == ("berth 0",)


def test_choices_in_one_text_are_named_by_their_letters(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["choices in one text, a line for each letter"].write(tmp_path)))
    assert found[1].choices == ("berth 1", "berth 2", "berth 3", "berth 4") and found[1].labels == ("berth 2",)


def test_what_is_said_of_a_speaker_is_the_system_prompt(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["counted lines with a tab before each answer (ParlAI)"].write(tmp_path)))
    said_in_turn = [(turn.role, turn.content) for turn in found[0].messages]
    assert said_in_turn == [
        ("system", "i sail ."), ("user", asked(0)), ("assistant", said(0)), ("user", "really ?"),
        ("assistant", "yes ."),
    ]  # fmt: skip


def test_numbered_items_of_a_list_are_no_conversations(tmp_path: Path) -> None:
    split = read(tmp_path, "list.txt", rows(lambda n: f"{n % 3 + 1} {asked(n)}", 12))
    assert "conversation" not in str(split.mapping)


def test_entities_in_the_texts_of_an_intent_are_read_as_words(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["intents as headings (Rasa)"].write(tmp_path)))
    assert found[0].text == "fog in Turku 0" and found[0].labels == ("fog",)


def test_the_last_character_of_a_span_is_inside_where_its_text_says_so(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["spans whose ends are inside (Dataturks)"].write(tmp_path)))
    assert found[0].words[:2] == ("Ferry", "0") and found[0].labels[:2] == ("B-ship", "O")


def test_a_mark_between_sentences_is_no_word(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["words between marks of sentences"].write(tmp_path)))
    assert found[3].words == ("Ferry", "leaves", "at", "3")


def test_a_quote_that_is_never_closed_damages_its_line_and_no_other(tmp_path: Path) -> None:
    text = rows(lambda n: f"{asked(n)},{mood(n)}", 12, header="text,label")
    split = read(tmp_path, "a.csv", text + '"the last ferry,calm\n')
    assert len(examples(split)) == 12
    assert [(each.row, "unclosed quote" in each.reason) for each in split.problems] == [(13, True)]


def test_rows_behind_a_quote_that_is_never_closed_are_read(tmp_path: Path) -> None:
    lines_of_file = rows(lambda n: f"{asked(n)},{mood(n)}", 24, header="text,label").splitlines()
    lines_of_file[5] = '"' + lines_of_file[5]
    split = read(tmp_path, "a.csv", "\n".join(lines_of_file))
    assert len(examples(split)) == 23 and [each.row for each in split.problems] == [5]


def test_many_quotes_that_are_never_closed_refuse_a_file_and_name_a_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1 has an unclosed quote"):
        read(tmp_path, "a.csv", f'"text,label\n{rows(lambda n: f"{asked(n)},{mood(n)}")}')


def test_a_table_of_measurements_and_one_label_has_no_text(tmp_path: Path) -> None:
    record = [{"species": ("Iris setosa", "Iris virginica")[n % 2], "width": n / 7, "length": n / 3} for n in range(16)]
    with pytest.raises(DataError, match="not recognized"):
        read(tmp_path, "iris.jsonl", lines(record.__getitem__, 16))


def test_names_of_people_in_twos_are_no_pair_of_texts_beside_a_long_text(tmp_path: Path) -> None:
    text = rows(
        lambda n: f"Ann Meyer{n},Bo Kahn{n},{plain(n)} {plain(n + 1)} {plain(n + 2)},{n / 7:.1f}", 24,
        header="Star1,Star2,Overview,IMDB_Rating",
    )  # fmt: skip
    assert str(read(tmp_path, "a.csv", text).mapping) == "Overview → text, IMDB_Rating → number"


def test_ratings_up_to_a_hundred_are_numbers_and_ratings_up_to_ten_are_classes(tmp_path: Path) -> None:
    hundred = rows(lambda n: f"{asked(n)},{80 + n % 17}", 48, header="review,review_scores_rating")
    ten = rows(lambda n: f"{asked(n)},{1 + n % 10}", 48, header="review,rating")
    assert str(read(tmp_path, "a.csv", hundred).mapping).endswith("number")
    assert str(read(tmp_path, "b.csv", ten).mapping).endswith("label")


def test_tags_of_a_story_are_its_labels_and_not_its_prompt(tmp_path: Path) -> None:
    tags = ("cult, horror", "gothic", "horror, murder, cult", "murder")
    text = rows(lambda n: f'Berth {n},"{said(n)} {said(n + 1)}","{tags[n % 4]}"', 24, header="title,plot_synopsis,tags")
    assert str(read(tmp_path, "a.csv", text).mapping) == "plot_synopsis → text, tags → several labels"


def test_a_score_of_two_texts_is_their_label_though_one_is_called_a_target(tmp_path: Path) -> None:
    text = rows(lambda n: f"{asked(n)},{plain(n)},{n % 5 / 4}", 24, header="anchor,target,score")
    assert str(read(tmp_path, "a.csv", text).mapping) == "anchor + target → text, score → number"


def test_an_intent_in_numbers_is_behind_another_judgment(tmp_path: Path) -> None:
    text = rows(lambda n: f"{asked(n)},{n % 5},{n % 3}", 24, header="text,intent,toxicity")
    assert str(read(tmp_path, "a.csv", text).mapping) == "text → text, toxicity → label"


def test_shortened_names_in_capitals_are_two_words() -> None:
    assert name_words("COMPDESC") == ["comp", "description"] and name_words("MAKETXT") == ["make", "text"]
    assert name_words("sQuestion") == ["question"] and name_words("iPhone") == ["phone"]


def test_of_three_languages_the_two_that_fill_all_rows_are_read(tmp_path: Path) -> None:
    text = rows(lambda n: f"{asked(n)},{plain(n)},{'' if n % 4 else plain(n + 1)}", 24, header="wolof,arabic,french")
    assert str(read(tmp_path, "a.csv", text).mapping) == "wolof → prompt, arabic → answer"


def test_a_value_that_comes_again_and_again_is_no_name_of_its_column(tmp_path: Path) -> None:
    tags = ["ADV", "REL", "NLOC", "VAUX", "POSS", "N", "V", "COP", "FOR", "NUM", "ADV", "ADJ", "ABBR", "PUNC", "CONJ"]
    words = [f"nge{chr(97 + n % 26)}{chr(97 + n // 26)}lo" for n in range(90)]
    split = read(tmp_path, "a.tsv", rows(lambda n: f"{words[n]}\t{tags[n % 15]}", 90))
    assert str(split.mapping) == "column 1 → text, column 2 → label" and len(examples(split)) == 90


def test_parallel_texts_in_two_languages_stay_pairs(tmp_path: Path) -> None:
    english, german = rows(asked), rows(lambda n: f"Wann fährt die Fähre mit der Nummer {n} am Nordpier ab?")
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "train_en.txt").write_text(english, encoding="utf-8")
    (tmp_path / "t" / "train_de.txt").write_text(german, encoding="utf-8")
    assert str(load_data(tmp_path / "t").mapping) == "source → prompt, target → answer"


def test_lists_of_right_and_of_wrong_answers_are_no_preferences(tmp_path: Path) -> None:
    table = rows(
        lambda n: f"{asked(n)}\t{said(n)}\t{said(n)[:-1]}; By night {n}\t{said(n + 1)[:-1]}; Never {n}",
        24,
        header="Question\tBest Answer\tCorrect Answers\tIncorrect Answers",
    )
    split = read(tmp_path, "a.tsv", table)
    assert str(split.mapping) == "Question → prompt, Best Answer → answer"
