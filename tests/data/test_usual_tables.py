"""Tables that people train classifiers on: without names, with unquoted commas, with bytes, with flags of facts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError


def _table(folder: Path, name: str, rows: Iterable[Iterable[object]], delimiter: str = ",") -> Path:
    path = folder / name
    path.write_text("".join(delimiter.join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path


def _examples(data: DataSplit) -> list[Example]:
    return sorted((*data.train, *data.held_out), key=lambda example: example.row)


def test_of_columns_without_names_the_one_of_verdicts_is_the_label(tmp_path: Path) -> None:
    verdicts = ("false", "half-true", "mostly-true", "pants-fire", "barely-true", "true")
    rows = [
        (f"{n}.json", verdicts[n % 6], f"The council sold pier {n} to the railway last year", f"port,money{n}",
         f"speaker {n % 9}", ("north", "south")[n // 3 % 2], n % 4, n % 3, n % 2, f"an interview on day {n}")
        for n in range(18)
    ]  # fmt: skip
    data = load_data(_table(tmp_path, "train.tsv", rows, "\t"))
    assert str(data.mapping) == "column 3 → text, column 2 → label"
    assert len(_examples(data)) == 18 and "column 6" in data.unused


@pytest.mark.parametrize("is_first", [True, False])
def test_without_names_grades_are_the_label_and_not_how_often_something_was_liked(
    tmp_path: Path, is_first: bool
) -> None:
    def row(n: int) -> tuple[object, ...]:
        numbers = ((5, 1, 3, 4, 2)[n % 5], (0, 0, 7, 0, 1)[n // 3 % 5])
        return (f"The crossing number {n} was what one would expect", *(numbers if is_first else numbers[::-1]))

    data = load_data(_table(tmp_path, "reviews.csv", map(row, range(20))))
    assert data.mapping.answer == ("column 2" if is_first else "column 3")
    assert {each.labels[0] for each in _examples(data)} <= {"1", "2", "3", "4", "5"}


def test_a_verdict_among_facts_is_the_label_and_not_one_of_several(tmp_path: Path) -> None:
    names = ("id", "user_edited", "caption", "created_at", "approved", "has_logo")
    rows = [
        (f"a{n}", n % 3 == 0, f"Come and see the new ferry number {n} at the pier", f"2024-05-{n + 1:02}", n % 2 == 0,
         n % 5 == 0)
        for n in range(20)
    ]  # fmt: skip
    data = load_data(_table(tmp_path, "posts.csv", [names, *rows]))
    assert str(data.mapping) == "caption → text, approved → label"
    assert {"has_logo", "user_edited"} <= {*data.unused}


def test_commas_nobody_quoted_belong_to_the_text_before_a_label_without_names_as_well(tmp_path: Path) -> None:
    rows = [
        (f"the ferry {n} is late, again, as ever" if n % 4 == 0 else f"what a fine morning at pier {n}",
         ("Negative", "Positive")[n % 3 != 0])
        for n in range(12)
    ]  # fmt: skip
    data = load_data(_table(tmp_path, "tweets.csv", rows))
    first = _examples(data)[0]
    assert (first.text, first.labels) == ("the ferry 0 is late, again, as ever", ("Negative",))
    assert len(_examples(data)) == 12 and any("3 rows" in note for note in data.notes)


def test_bytes_as_python_writes_them_are_read_as_their_text_and_named(tmp_path: Path) -> None:
    rows = [(f"b'caf\\xc3\\xa9 number {n}\\nat pier {n}'", ("ham", "spam")[n % 2]) for n in range(8)]
    data = load_data(_table(tmp_path, "mails.csv", [("text", "label"), *rows]))
    assert _examples(data)[3].text == "café number 3\nat pier 3"
    assert any("bytes" in note and "text" in note for note in data.notes)


def test_a_column_of_which_some_cells_only_look_like_bytes_stays_as_it_is(tmp_path: Path) -> None:
    rows = [(f"b'is the note of bell {n}'" if n else "all of it is music", ("low", "high")[n % 2]) for n in range(8)]
    data = load_data(_table(tmp_path, "notes.csv", [("text", "label"), *rows]))
    assert _examples(data)[3].text == "b'is the note of bell 3'"


def test_the_program_that_a_post_was_sent_with_is_no_prompt(tmp_path: Path) -> None:
    programs = [f'<a href="http://harbor.example/{n % 2}" rel="nofollow">Radio {n % 2}</a>' for n in range(6)]
    rows = [(7000 + n, f'"{each.replace(chr(34), chr(34) * 2)}"', f"The tide of day {n} was the highest of the year")
            for n, each in enumerate(programs)]  # fmt: skip
    data = load_data(_table(tmp_path, "tweets.csv", [("tweet_id", "source", "text"), *rows]))
    assert str(data.mapping) == "text → plain text" and "source" in data.unused


def test_quotes_without_names_of_columns_lose_neither_their_first_row_nor_to_links(tmp_path: Path) -> None:
    who = ("Ann Pilot", "Bo Keeper", "Cy Mate", "Di Stoker", "Ed Cook")
    rows = [
        (f"Whoever has waited for ferry {n} knows what a long night at the pier is like", who[n % 5],
         f"/author/{who[n % 5].replace(' ', '-')}")
        for n in range(7)
    ]  # fmt: skip
    data = load_data(_table(tmp_path, "quotes.csv", rows))
    assert len(_examples(data)) == 7 and "column 3" in data.unused


def test_a_table_of_categories_and_numbers_has_no_text_to_learn_from(tmp_path: Path) -> None:
    issues = (
        "Login Issue",
        "Refund Delay",
        "Payment Failed",
        "Lost Card",
        "Loan Query",
        "Wrong Charge",
        "Slow Transfer",
    )
    moods = ("Negative", "Neutral", "Positive")
    names = ("ticket_id", "channel", "product", "issue_type", "sentiment", "priority", "status", "hours")
    rows = [
        (f"T{n}", ("Chat", "Phone")[n % 2], ("Cards", "Loans")[n // 2 % 2], issues[n % 7], moods[n % 3],
         ("Low", "High")[n // 3 % 2], "Resolved", 10.5 + n)
        for n in range(12)
    ]  # fmt: skip
    with pytest.raises(DataError, match="not recognized"):
        load_data(_table(tmp_path, "tickets.csv", [names, *rows]))


def test_a_label_in_numbers_has_the_intents_next_to_it_as_names_in_few_rows_as_well(tmp_path: Path) -> None:
    intents = ("ask_berth", "greet", "report_fault", "pay_bill", "say_bye")
    rows = [(f"what about berth {n}", intents[n % 5], ("en", "de")[n % 2], n % 5) for n in range(8)]
    data = load_data(_table(tmp_path, "train.csv", [("text", "intent", "language", "label"), *rows]))
    assert str(data.mapping) == "text → text, intent → label"


def test_lines_in_quotes_as_a_whole_are_read_as_the_cells_in_them(tmp_path: Path) -> None:
    lines = [
        '"text,tags"',
        *(f'"The ferry of pier {n} is late,ferry; pier; {("fog", "ice")[n % 2]}"' for n in range(8)),
    ]
    (tmp_path / "summaries.csv").write_text("\n".join(lines) + "\n")
    data = load_data(tmp_path / "summaries.csv")
    assert _examples(data)[0].text == "The ferry of pier 0 is late"
    assert any("whole lines" in note for note in data.notes)


def test_one_column_of_quoted_texts_with_commas_stays_one_column(tmp_path: Path) -> None:
    lines = ['"text"', *(f'"The ferry{", late," * (n % 3)} left pier {n}, at last"' for n in range(8))]
    (tmp_path / "texts.csv").write_text("\n".join(lines) + "\n")
    assert _examples(load_data(tmp_path / "texts.csv"))[0].text == "The ferry left pier 0, at last"


def test_what_no_test_row_has_is_the_label_of_a_prompt_and_its_answer(tmp_path: Path) -> None:
    for name, names, count in (
        ("train", ("ID", "prompt", "answer", "AI"), 12),
        ("test", ("ID", "prompt", "answer"), 5),
    ):
        rows = [
            (n, f"What does bell {n} of the harbor mean?", f"It means that ferry {n} has left.", n % 2)[: len(names)]
            for n in range(count)
        ]
        _table(tmp_path, f"{name}.csv", [names, *rows])
    data = load_data(tmp_path)
    assert str(data.mapping) == "prompt + answer → text, AI → label"
    assert len(_examples(data)) == 12 and len(data.problems) == 5


@pytest.mark.parametrize("are_labels", [True, False])
def test_lines_of_two_files_called_x_and_y_are_labeled_texts_only_if_y_holds_labels(
    tmp_path: Path, are_labels: bool
) -> None:
    said = [f"the mechanic asked about motor {n} and the owner said that it was cold" for n in range(8)]
    made = [("cold", "hot")[n % 2] if are_labels else f"have motor {n} looked at by somebody soon" for n in range(8)]
    (tmp_path / "train_set.seg_x.txt").write_text("\n".join(said) + "\n")
    (tmp_path / "train_set.seg_y.txt").write_text("\n".join(made) + "\n")
    assert load_data(tmp_path).mapping.kind == ("labels" if are_labels else "pairs")
