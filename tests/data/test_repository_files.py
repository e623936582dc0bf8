"""Second texts, marked choices and codes are told from what they look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.errors import DataError
from tests.data.repository_shapes import REPOSITORY
from tests.data.shapes import asked, berths, mood, rows
from tests.data.test_public_files import examples, read

BY_NAME = {shape.what: shape for shape in REPOSITORY}


@pytest.mark.parametrize("what", ["answers that say whether they are right, in any language",
                                  "points for each choice (BIG-bench)"])  # fmt: skip
def test_the_choice_that_is_marked_is_the_right_one(what: str, tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME[what].write(tmp_path)))
    assert found[2].choices == tuple(berths(2)) and found[2].labels == (berths(2)[2],)


def test_a_question_with_two_right_choices_is_listed(tmp_path: Path) -> None:
    text = "".join(
        f'{{"input": "{asked(n)}", "target_scores": {{"north {n}": 1, "south {n}": {int(n == 5)}}}}}\n'
        for n in range(24)
    )
    split = read(tmp_path, "task.jsonl", text)
    assert [problem.row for problem in split.problems] == [6] and len(examples(split)) == 23


def test_words_of_a_choice_stand_behind_one_another(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["choices of several words each"].write(tmp_path)))
    assert found[1].choices[1] == "train, track 1" and found[1].labels == ("train, track 1",)


def test_why_a_text_has_its_label_is_no_second_text(tmp_path: Path) -> None:
    table = rows(
        lambda n: f"The crossing with ferry {n // 3} was rough.\t{mood(n)}\tIt says so in row {n}.",
        24,
        header="text\tlabel\texplanation",
    )
    assert str(read(tmp_path, "a.tsv", table).mapping) == "text → text, label → label"


def test_parts_of_a_text_are_no_second_text_of_their_relation(tmp_path: Path) -> None:
    table = rows(
        lambda n: f"{asked(n)}\t{n}\t{asked(n)[5:30]}\t{('cause', 'enable', 'prevent')[n % 3]}",
        24,
        header="text\tsubject\tobject\trelation",
    )
    assert str(read(tmp_path, "a.tsv", table).mapping) == "text → text, relation → label"


def test_a_product_that_is_always_the_same_is_not_what_a_sentiment_is_about(tmp_path: Path) -> None:
    table = rows(
        lambda n: (
            f"Air cooler of the north pier in black and white\t{('super', 'awful')[n % 2]}\t{asked(n)}\t{mood(n)}"
        ),
        24,
        header="product_name\tReview\tSummary\tSentiment",
    )
    assert "Summary → text, Sentiment" in str(read(tmp_path, "a.tsv", table).mapping)


def test_a_suggestion_of_a_user_is_the_label_rather_than_the_game(tmp_path: Path) -> None:
    table = rows(
        lambda n: f"{n + 1},{('Harbor 2', 'Ferry Tycoon', 'Pier')[n % 3]},{asked(n)},{n * 5 % 7 % 2}",
        24,
        header="review_id,title,user_review,user_suggestion",
    )
    assert str(read(tmp_path, "a.csv", table).mapping) == "user_review → text, user_suggestion → label"


def test_a_text_without_a_name_that_is_often_missing_is_not_needed(tmp_path: Path) -> None:
    table = rows(lambda n: f"{mood(n)}\t{asked(n)}\t{asked(n + 50) if n % 4 else ''}", 24)
    split = read(tmp_path, "a.tsv", table)
    assert len(examples(split)) == 24 and not split.problems


def test_codes_of_one_length_are_no_texts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not recognized"):
        read(tmp_path, "a.tsv", rows(lambda n: f"{(n + 7) * 7919 * 104729:08x}a{n % 10}c\t{n % 2}", 24))


def test_a_source_is_not_asked_with_a_question(tmp_path: Path) -> None:
    text = "".join(
        f'{{"question": "{asked(n)}", "choices": ["north", "south {n}"], "correctIndex": {n % 2}, '
        f'"source": {{"name": "Harbor office"}}}}\n'
        for n in range(12)
    )
    split = read(tmp_path, "quiz.jsonl", text)
    assert str(split.mapping) == "question → question, choices → choices, correctIndex → correct choice"


def test_turns_without_a_speaker_are_refused_by_name(tmp_path: Path) -> None:
    text = "".join(f'{{"id": {n}, "turns": [{{"content": "{asked(n)}"}}]}}\n' for n in range(12))
    with pytest.raises(DataError, match="does not say who speaks"):
        read(tmp_path, "prompts.jsonl", text)
