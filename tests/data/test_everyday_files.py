"""Files that many people have: lists of words, tickets with canned replies, flags of facts, numbers of classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.load import DataSplit, load_data
from tests.data.exports import put
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, berths, lines, mood, rows, said

WORDS = (
    "das Haus",
    "der Baum",
    "die Brücke",
    "gehen",
    "schnell",
    "das Meer",
    "der Hafen",
    "leise",
    "der Anker",
    "Brot",
)
MEANT = ("house", "tree", "bridge", "to go", "fast", "sea", "port", "quiet", "anchor", "bread")


def examples_of(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


@pytest.mark.parametrize("sign", [" - ", " – ", ": "])
def test_a_list_of_words_and_their_shorter_translations_is_prompts_and_answers(sign: str, tmp_path: Path) -> None:
    text = "".join(f"{word}{sign}{meant}\n" for word, meant in zip(WORDS, MEANT, strict=True))
    found = examples_of(load_data(put(text, tmp_path, "words.txt")))
    assert [[turn.content for turn in each.messages] for each in found][:2] == [
        ["das Haus", "house"],
        ["der Baum", "tree"],
    ]


@pytest.mark.parametrize("amount", ["200 g", "3", "7:15"])
def test_a_list_of_things_and_their_amounts_stays_a_text(amount: str, tmp_path: Path) -> None:
    text = "".join(f"{word} von dort - {amount}\n" for word in WORDS)
    assert load_data(put(text, tmp_path, "list.txt")).mapping.kind == "text"


def test_replies_that_come_again_are_answers_where_they_are_sentences(tmp_path: Path) -> None:
    replies = [f"Your parcel left our warehouse in Turku, dear customer, and arrives by ferry {n}." for n in range(4)]
    tickets = rows(lambda n: f'{mood(n)},{plain(n)},"{replies[n % 4]}",high,{mood(n)}', 40,
                   "subject,body,answer,priority,tag_1")  # fmt: skip
    split = load_data(put(tickets, tmp_path, "tickets.csv"))
    assert str(split.mapping) == "body → prompt, answer → answer" and "tag_1" in split.unused


def test_a_short_answer_that_comes_again_stays_the_label_of_its_text(tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)},{mood(n)}", 40, "body,answer")
    assert str(load_data(put(table, tmp_path, "a.csv")).mapping) == "body → text, answer → label"


def test_a_verdict_apart_from_flags_of_facts_is_the_label(tmp_path: Path) -> None:
    posts = rows(lambda n: f"{n},{n % 2},{n // 2 % 2},{n // 3 % 2},{plain(n)},full,{int(n % 5 == 0)}", 40,
                 "job_id,telecommuting,has_logo,has_questions,description,hours,fraudulent")  # fmt: skip
    split = load_data(put(posts, tmp_path, "posts.csv"))
    assert str(split.mapping) == "description → text, fraudulent → label"
    assert {"telecommuting", "has_logo", "has_questions"} <= {*split.unused}


@pytest.mark.parametrize("names", ["text,toxic,rude,threat", "text,toxic,rude,note,threat"])
def test_flags_of_several_verdicts_are_several_labels(names: str, tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)},{n % 2},{n // 2 % 2},{'x,' * ('note' in names)}{int(n % 5 == 0)}", 40, names)
    assert load_data(put(table, tmp_path, "flags.csv")).mapping.parts == ("toxic", "rude", "threat")


def test_numbers_of_several_classes_in_a_cell_get_the_names_of_a_list(tmp_path: Path) -> None:
    cells = ("0", "1,3", "2", "3", "0,4", "4", "1")
    for name in ("train", "dev"):
        (tmp_path / f"{name}.tsv").write_text(rows(lambda n: f"{plain(n)}\t{cells[n % 7]}\t{n:07x}", 28))
    (tmp_path / "emotions.txt").write_text("joy\nfear\nanger\nhope\npride\n")
    split = load_data(tmp_path)
    assert split.mapping.target == "multi" and any("emotions.txt" in note for note in split.notes)
    assert {("joy", "pride"), ("fear", "hope"), ("fear",)} <= {each.labels for each in split.train}


def test_measurements_beside_a_list_that_their_parts_exceed_stay_numbers(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text(rows(lambda n: f"{said(n)} {asked(n)}\t{n % 9},{n % 7}", 40))
    (tmp_path / "classes.txt").write_text("joy\nfear\nanger\n")
    assert load_data(tmp_path).mapping.target == "number"


@pytest.mark.parametrize(
    "talk",
    ["[USER] {}\n[ASSISTANT] {}", "[User]: {} [Bot]: {}", "[human] {}\n[ai] {}"],
)
def test_turns_behind_names_in_brackets_inside_a_cell_are_a_conversation(talk: str, tmp_path: Path) -> None:
    split = load_data(put(lines(lambda n: {"conversation": talk.format(asked(n), said(n))}), tmp_path, "t.jsonl"))
    turns = [(turn.role, turn.content) for turn in examples_of(split)[0].messages]
    assert turns == [("user", asked(0)), ("assistant", said(0))]


def test_brackets_in_prose_are_no_turns(tmp_path: Path) -> None:
    text = lines(lambda n: {"text": f"{plain(n)} [1] The pilot [system] of berth {n} [note] was late."})
    assert load_data(put(text, tmp_path, "t.jsonl")).mapping.kind == "text"


@pytest.mark.parametrize("sign", ["$", "#", "&", "%"])
def test_any_sign_between_the_names_of_columns_is_a_delimiter(sign: str, tmp_path: Path) -> None:
    table = rows(lambda n: sign.join((f"u{n}", f"{n % 5 + 1}", plain(n))), 40, sign.join(("user", "stars", "comment")))
    split = load_data(put(table, tmp_path, "reviews.csv"))
    assert str(split.mapping) == "comment → text, stars → label" and len((*split.train, *split.held_out)) == 40


def test_a_sign_that_lines_have_in_their_prose_is_no_delimiter(tmp_path: Path) -> None:
    table = rows(lambda n: f"Berth {n} costs ${n + 1}, as it did", 12, "remark")
    assert examples_of(load_data(put(table, tmp_path, "prices.csv")))[0].text.startswith("Berth")


@pytest.mark.parametrize(
    ("asks", "answer", "right"),
    [
        ("Otázka", "Odpověď", "IndexSprávnéOdpovědi"),
        ("Pregunta", "Respuesta ", "Correcta"),
        ("Frage", "Antwort", "Index"),
    ],
)
def test_answers_by_number_beside_the_number_of_the_right_one_are_choices(
    asks: str, answer: str, right: str, tmp_path: Path
) -> None:
    header = ";".join((asks, *(f"{answer}{place}" for place in range(1, 5)), right))
    quiz = rows(lambda n: ";".join((asked(n), *berths(n), str(n * 7 % 4 + 1))), 24, header)
    found = examples_of(load_data(put(quiz, tmp_path, "quiz.csv")))
    assert found[1].choices == tuple(berths(1)) and found[1].labels == (berths(1)[3],)


def test_several_answers_of_people_in_another_language_are_no_choices(tmp_path: Path) -> None:
    table = rows(lambda n: f"{asked(n)};{said(n)};{plain(n)}", 24, "Frage;Antwort1;Antwort2")
    assert load_data(put(table, tmp_path, "answers.csv")).mapping.kind == "pairs"


def test_a_reply_to_a_complaint_is_its_answer_whatever_else_is_judged(tmp_path: Path) -> None:
    table = rows(lambda n: f'{mood(n)};"{plain(n)}";"{said(n)} Lamentamos o atraso, senhora.";{mood(n // 2)}', 24,
                 "Assunto;Reclamação;Resposta da empresa;Situação")  # fmt: skip
    split = load_data(put(table, tmp_path, "queixas.csv"))
    assert str(split.mapping) == "Reclamação → prompt, Resposta da empresa → answer"
    assert {"Assunto", "Situação"} <= {*split.unused}


def test_from_which_age_on_a_film_may_be_seen_is_a_fact_of_it(tmp_path: Path) -> None:
    films = rows(lambda n: f"{('Movie', 'Show')[n % 2]},Film {n},{('PG-13', 'TV-MA', 'R', 'NR')[n % 4]},{plain(n)}", 40,
                 "type,title,rating,description")  # fmt: skip
    assert str(load_data(put(films, tmp_path, "films.csv")).mapping) == "description → text, type → label"


def test_short_texts_between_rules_are_a_text_each(tmp_path: Path) -> None:
    poems = "\n\n***\n\n".join(f"Poem {n}\n\nThe lamp goes round,\nno bell sounds {n}." for n in range(8))
    assert [each.text.count("\n") for each in examples_of(load_data(put(poems, tmp_path, "poems.txt")))] == [3] * 8


def test_rules_between_the_parts_of_a_story_are_left_out_with_a_note(tmp_path: Path) -> None:
    parts = [
        "\n\n".join(f"{plain(n)} {plain(n + 1)} {plain(n + 2)}" for n in range(part, part + 30)) for part in range(4)
    ]
    split = load_data(put("\n\n* * *\n\n".join(parts), tmp_path, "story.txt"))
    assert len((*split.train, *split.held_out)) == 120 and any("3 rules" in note for note in split.notes)


def test_a_rule_below_a_line_makes_it_a_heading(tmp_path: Path) -> None:
    text = "\n\n".join(f"Pier {n}\n======\n{plain(n)}" for n in range(8))
    assert not any(each.text.startswith(plain(0)[:8]) for each in examples_of(load_data(put(text, tmp_path, "a.txt"))))


@pytest.mark.parametrize(
    "line", ["**{}**: {}", "- **{}:** {}", "* __{}__ – {}", "1. **{}** {}", "- `{}`: {}", "**`{}`** — {}"]
)
def test_terms_in_bold_are_prompts_and_what_they_mean_the_answers(line: str, tmp_path: Path) -> None:
    text = "# Glossary\n\nFrom the course.\n\n" + "\n\n".join(line.format(f"Knot {n}", said(n)) for n in range(12))
    split = load_data(put(text, tmp_path, "glossary.md"))
    turns = [[turn.content for turn in each.messages] for each in examples_of(split)]
    assert turns[:2] == [[f"Knot {n}", said(n)] for n in range(2)] and any("2 lines" in note for note in split.notes)


def test_a_term_may_be_called_as_a_role_is_where_nobody_speaks(tmp_path: Path) -> None:
    terms = [*(f"Knot {n}" for n in range(12)), "Agent", "User"]
    text = "\n\n".join(f"**{term}** — {said(n)}" for n, term in enumerate(terms))
    turns = [[turn.content for turn in each.messages] for each in examples_of(load_data(put(text, tmp_path, "g.md")))]
    assert turns[-1] == ["User", said(13)] and len(turns) == 14


def test_bold_words_in_a_page_of_prose_are_no_terms(tmp_path: Path) -> None:
    text = "\n\n".join(f"- **Fast {n}**: {said(n)}\n\n{plain(n)}\n\n{plain(n + 1)}" for n in range(12))
    assert load_data(put(text, tmp_path, "readme.md")).mapping.kind == "text"


def test_texts_and_two_files_of_labels_in_folders_of_splits_are_columns(tmp_path: Path) -> None:
    for part, count in (("train", 40), ("test", 12)):
        (tmp_path / part).mkdir()
        (tmp_path / part / "sents.txt").write_text(rows(plain, count))
        (tmp_path / part / "sentiments.txt").write_text(rows(lambda n: str(n % 3), count))
        (tmp_path / part / "topics.txt").write_text(rows(lambda n: str(n % 4), count))
    split = load_data(tmp_path)
    assert str(split.mapping) == "sents → text, sentiments → label" and "topics" in split.unused
    assert (len(split.train), len(split.held_out)) == (40, 12)


@pytest.mark.parametrize("above", ["# Exam", "My notes of May", "# Exam\n\nAll of it is asked.\n\n## Part 1"])
@pytest.mark.parametrize("pair", ["**Q:** {}\n\n**A:** {}", "Q: {}\nA: {}"])
def test_what_stands_above_questions_and_answers_is_left_out_with_a_note(above: str, pair: str, tmp_path: Path) -> None:
    pairs = [pair.format(asked(n), said(n)) for n in range(12)]
    text = "\n\n".join((above, *pairs[:6], "## Fog", *pairs[6:]))
    split = load_data(put(text, tmp_path, "exam.md"))
    assert [[turn.content for turn in each.messages] for each in examples_of(split)] == [
        [asked(n), said(n)] for n in range(12)
    ]
    assert any("titles above or between" in note for note in split.notes)


def test_a_question_in_a_report_makes_it_no_exchange(tmp_path: Path) -> None:
    text = "# Report\n\nQ: why late?\n\n" + "\n\n".join(plain(n) for n in range(12))
    assert load_data(put(text, tmp_path, "report.md")).mapping.kind == "text"


@pytest.mark.parametrize("first", ["192.168.0.{}", "12:{}"])
def test_addresses_and_times_before_a_dash_ask_nothing(first: str, tmp_path: Path) -> None:
    text = rows(lambda n: f"{first.format(n + 10)} - ferry {n} left the north pier, as it does", 24)
    assert load_data(put(text, tmp_path, "log.txt")).mapping.kind == "text"


@pytest.mark.parametrize(
    ("asks", "answers"), [("Interviewer", "Dr. Hansen"), ("Entrevistadora", "Marta"), ("Journalist", "Interviewee")]
)
def test_who_is_interviewed_answers(asks: str, answers: str, tmp_path: Path) -> None:
    talks = ["\n".join(f"{asks}: {asked(n)}\n{answers}: {said(n)}" for n in (talk, talk + 1)) for talk in range(12)]
    found = examples_of(load_data(put("\n\n".join(talks), tmp_path, "interviews.txt")))
    assert len(found) == 12 and [turn.role for turn in found[0].messages] == ["user", "assistant"] * 2
    assert found[0].messages[1].content == said(0)
