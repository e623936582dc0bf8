"""Claims on tables and texts as people leave them in repositories: lists without quotes, tags in brackets, talks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.shapes import asked, mood, rows, said


def read(folder: Path, name: str, text: str) -> DataSplit:
    """Return a text as it is read from a file."""
    (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder / name)


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def turns(split: DataSplit) -> list[list[tuple[str, str]]]:
    return [[(turn.role, turn.content) for turn in each.messages] for each in examples(split)]


# lists at the end of a row


def test_entries_of_a_list_beyond_the_header_belong_to_the_last_column(tmp_path: Path) -> None:
    table = rows(
        lambda n: f'{asked(n)},"{said(n)}",pier,ferry {n},bell{",fog" * (n % 3)}', header="question,answer,tags"
    )
    split = read(tmp_path, "faq.csv", table)
    assert turns(split)[1] == [("user", asked(1)), ("assistant", said(1))]
    assert len(examples(split)) == 12
    assert "tags" in split.unused
    assert any("one list in tags" in note for note in split.notes)


def test_cells_beyond_the_header_that_may_be_pieces_of_a_text_are_refused(tmp_path: Path) -> None:
    table = rows(lambda n: f"Well, ferry {n} was late again,{mood(n)},{n}", header="text,mood,number")
    with pytest.raises(DataError, match="quote cells that contain a delimiter"):
        read(tmp_path, "reviews.csv", table)


def test_pieces_of_a_last_text_are_no_list(tmp_path: Path) -> None:
    """A sentence that goes on behind a comma is longer than an entry of a list, or ends with a period."""
    table = rows(lambda n: f'"Is it late, {n}?",It is, I am told by those on pier {n}.', header="question,answer")
    with pytest.raises(DataError, match="quote cells that contain a delimiter"):
        read(tmp_path, "faq.csv", table)


def test_a_cell_more_in_each_row_may_lack_a_name_and_is_no_list(tmp_path: Path) -> None:
    table = rows(lambda n: f'{asked(n)},"{said(n)}, aye",{n % 3},{1990 + n}', header="question,answer,pier")
    with pytest.raises(DataError, match="4 cells, the first row 3"):
        read(tmp_path, "faq.csv", table)


# words with tags


@pytest.mark.parametrize(
    ("said_so", "tags"),
    [("Fähre {n} heißt Möwe", ["O", "O", "O", "B-SHIP"]), ("渡船{n}到", ["B-SHIP", "E-SHIP", "O", "O"])],
)
@pytest.mark.parametrize("quote", ["'", '"'])
def test_tags_in_brackets_behind_a_text_are_those_of_its_words_or_characters(
    tmp_path: Path, said_so: str, tags: list[str], quote: str
) -> None:
    listed = ", ".join(f"{quote}{tag}{quote}" for tag in tags)
    found = examples(read(tmp_path, "train.txt", rows(lambda n: f"{said_so.format(n=n % 10)} [{listed}]", 8)))
    assert {each.labels for each in found} == {tuple(tags)}
    text = said_so.format(n=3)
    assert list(found[3].words) == (text.split() if " " in text else [*text])


def test_a_line_with_more_tags_than_words_is_listed(tmp_path: Path) -> None:
    lines = [f"Ferry {n} left ['B-SHIP', 'O', 'O']" for n in range(20)]
    split = read(tmp_path, "train.txt", "\n".join([*lines[:7], "Ferry left ['B-SHIP', 'O', 'O']", *lines[7:]]))
    assert [(problem.row, "2 words and 3 tags" in problem.reason) for problem in split.problems] == [(8, True)]
    assert len(examples(split)) == 20


def test_brackets_of_references_are_no_tags(tmp_path: Path) -> None:
    split = read(tmp_path, "notes.txt", rows(lambda n: f"Ferry {n} was late, as the keeper wrote [{n}]"))
    assert split.mapping.kind == "text"


def test_boxes_that_are_ticked_are_no_tags(tmp_path: Path) -> None:
    split = read(tmp_path, "list.txt", rows(lambda n: f"Rope{n} [O]"))
    assert split.mapping.kind == "text"


SENTENCE = "Ferry{n},B-SHIP\nleft,O\nOslo,B-LOC\nlate,O\n{stop},O"


@pytest.mark.parametrize("stop", [".", "?", "。", "።"])
@pytest.mark.parametrize("name", ["train.csv", "train.tsv"])
def test_marks_end_the_sentences_of_a_column_of_words_where_nothing_else_does(
    tmp_path: Path, stop: str, name: str
) -> None:
    words = rows(lambda n: SENTENCE.format(n=n, stop=stop), 20, header="word,tag")
    split = read(tmp_path, name, words.replace(",", "\t") if name.endswith("tsv") else words)
    assert [each.words for each in examples(split)] == [(f"Ferry{n}", "left", "Oslo", "late", stop) for n in range(20)]
    assert any("Nothing but the marks says where a sentence ends" in note for note in split.notes)


def test_a_column_of_words_beside_tags_is_known_by_these_whatever_it_is_called(tmp_path: Path) -> None:
    """Without marks, it is refused by its cause."""
    table = rows(lambda n: f"መርከብ{n},B-SHIP\nመጣ,O", 30, header="Labeled Data,ner_tags")
    with pytest.raises(DataError, match="nothing says where a sentence ends"):
        read(tmp_path, "train.csv", table)
    marked = rows(lambda n: SENTENCE.format(n=n, stop="።"), 20, header="Labeled Data,ner_tags")
    assert len(examples(read(tmp_path, "train.csv", marked))) == 20


# columns


def test_the_name_of_an_intent_is_its_label_rather_than_its_number(tmp_path: Path) -> None:
    intents = [(1, "greet", "ahoy"), (1, "greet", "hello"), (2, "moor", "a berth please"), (2, "moor", "may I moor"),
               (3, "fog", "is it foggy"), (3, "fog", "can I see the pier")]  # fmt: skip
    table = rows(lambda n: ",".join(map(str, intents[n])), 6, header="intent_id,intent_name,phrase")
    split = read(tmp_path, "intents.csv", table)
    assert [each.labels for each in examples(split)] == [(name,) for _number, name, _phrase in intents]
    assert split.unused == ("intent_id",)


def test_a_name_with_several_numbers_is_not_taken_for_theirs(tmp_path: Path) -> None:
    table = rows(lambda n: f"{n % 4},kind {n % 2},{asked(n)}", 24, header="intent_id,intent_name,text")
    assert {each.labels for each in examples(read(tmp_path, "intents.csv", table))} != {("0",), ("1",)}


@pytest.mark.parametrize("column", ["label", "category"])
def test_a_text_that_describes_each_label_is_not_what_is_sorted(tmp_path: Path, column: str) -> None:
    kinds = [
        ("MOOR", "a keeper asks for a berth"),
        ("FOG", "somebody wants to know how far one sees"),
        ("LATE", "it is late"),
    ]
    table = rows(lambda n: f"{n},{kinds[n % 3][0]},{kinds[n % 3][1]},{asked(n)}", 24,
                 header=f"id,{column},intent_description,example_question")  # fmt: skip
    split = read(tmp_path, "intents.csv", table)
    assert [(each.text, each.labels) for each in examples(split)][4] == (asked(4), ("FOG",))
    assert "intent_description" in split.unused


def test_a_text_that_comes_again_is_sorted_where_there_is_no_other(tmp_path: Path) -> None:
    asked_for = (("MOOR", "a berth for one night please"), ("FOG", "how far does one see today"))
    table = rows(lambda n: ",".join(asked_for[n % 2]), 24, header="label,text")
    split = read(tmp_path, "intents.csv", f"{table}MOOR,may I moor here\nFOG,is it foggy out there\n")
    assert (split.mapping.kind, split.mapping.column) == ("labels", "text")


def test_the_number_of_a_turn_is_no_label(tmp_path: Path) -> None:
    table = rows(lambda n: f'pier,{1 + n % 3},Keeper {n},"{said(n)}"', 18, header="map,turn,character,text")
    split = read(tmp_path, "lines.csv", table)
    assert split.mapping.kind == "text"
    assert "turn" in split.unused


def test_numbers_that_count_the_words_of_two_texts_say_nothing_more(tmp_path: Path) -> None:
    def row(n: int) -> str:
        here, there = "the ferry left" + " again" * (n % 4), f"die Fähre {n} fuhr ab" + " heute" * (n % 3)
        return f'"{here}","{there}",{len(here.split())},{len(there.split())}'

    split = read(tmp_path, "train.csv", rows(row))
    assert turns(split)[5] == [("user", "the ferry left again"), ("assistant", "die Fähre 5 fuhr ab heute heute")]
    assert split.unused == ("column 3", "column 4")


def test_a_label_beside_two_texts_without_blanks_counts_no_words(tmp_path: Path) -> None:
    table = "".join(f"第{n}号渡轮几点开？\t请问第{n}号渡轮何时出发？\t{n % 2}\n" for n in range(40))
    split = read(tmp_path, "pairs.tsv", table)
    assert split.mapping.kind == "labels" and split.mapping.answer == "column 3"


def test_numbers_that_count_nothing_leave_two_texts_undecided(tmp_path: Path) -> None:
    table = rows(lambda n: f'"the ferry {n} left late","die Fähre {n} fuhr ab",{n * 37 % 11},{n * 53 % 17}')
    with pytest.raises(DataError, match="not recognized"):
        read(tmp_path, "train.csv", table)


@pytest.mark.parametrize(
    ("header", "cells"),
    [("id,sentiment_ref,themes_ref", ("calm,price|crew", "cross,crew", "calm,price")),
     ("Timestamp,Temperature (C),Label", ("27.5,Ideal", "31.25,Not Ideal", "29.0,Ideal"))],
)  # fmt: skip
def test_labels_without_their_texts_are_refused_by_this_cause(tmp_path: Path, header: str, cells: list[str]) -> None:
    table = rows(lambda n: f"{n + 1},{cells[n % 3]}", 24, header=header)
    with pytest.raises(DataError, match="none holds texts, only labels, numbers, dates or ids"):
        read(tmp_path, "annotations.csv", table)


# questions and talks in text


@pytest.mark.parametrize(("name", "sign"), [("faq.md", "-"), ("faq.md", "*"), ("faq.txt", "1.")])
def test_an_item_may_ask_and_answer_in_one_line(tmp_path: Path, name: str, sign: str) -> None:
    text = "# Ferry\n\n" + "".join(f"## Pier {n}\n{sign} {asked(n)} {said(n)} Is that late? No.\n\n" for n in range(6))
    split = read(tmp_path, name, text)
    assert turns(split) == [[("user", asked(n)), ("assistant", f"{said(n)} Is that late? No.")] for n in range(6)]
    assert "Not used: 7 lines above the questions or titles between them." in split.notes


def test_items_below_headings_that_ask_stay_in_the_answer(tmp_path: Path) -> None:
    said_so = "- On foot? Take the stairs.\n- By car? Take the ramp."
    split = read(tmp_path, "faq.md", "".join(f"## {asked(n)}\n\n{said_so}\n\n" for n in range(6)))
    assert turns(split) == [[("user", asked(n)), ("assistant", said_so)] for n in range(6)]


@pytest.mark.parametrize("more", ["(2 points)", "Why do you think so?", "____"])
def test_items_that_ask_for_more_have_no_answers(tmp_path: Path, more: str) -> None:
    split = read(tmp_path, "exam.md", "".join(f"{n + 1}. {asked(n)} {more}\n" for n in range(8)))
    assert split.mapping.kind == "text"


def test_a_rule_of_number_signs_stands_between_conversations(tmp_path: Path) -> None:
    talks = [
        f"### {n}. Fog\nAssistant: Ahoy {n}.\nDriver: Where to?\nAssistant: Pier {n}.\nDriver: Aye.\n" for n in range(6)
    ]
    split = read(tmp_path, "talks.txt", "\n".join([*talks[:3], "#" * 40 + "\n", *talks[3:]]))
    assert turns(split)[3] == [
        ("assistant", "Ahoy 3."), ("user", "Where to?"), ("assistant", "Pier 3."), ("user", "Aye.")
    ]  # fmt: skip
    assert "Not used: 6 titles of conversations." in split.notes


@pytest.mark.parametrize(("end", "roles"), [(".", ("user", "assistant")), ("?", ("assistant", "user"))])
def test_who_speaks_in_all_conversations_is_one_side(tmp_path: Path, end: str, roles: tuple[str, str]) -> None:
    """Who asks there is interviewing, and the others answer."""
    others = ("Bo Lee", "Cy", "Dan")
    talks = [
        f"Talk:\n{others[n % 3]}: Late {n}\nAnn Lu: Which pier{end}\n{others[n % 3]}: Five\nAnn Lu: Then come{end}"
        for n in range(6)
    ]
    split = read(tmp_path, "talks.txt", "\n\n\n".join(talks))
    other, ann = roles
    assert turns(split)[1] == [(other, "Late 1"), (ann, f"Which pier{end}"), (other, "Five"), (ann, f"Then come{end}")]
    assert any(f"Ann Lu speaks in all conversations and is read as the {ann}" in note for note in split.notes)


def test_entries_with_a_field_in_common_are_no_conversations(tmp_path: Path) -> None:
    fields = ("Keeper", "Warden", "Pilot")
    text = "\n\n".join(f"Pier: Number {n}\n{fields[n % 3]}: Ada {n}" for n in range(9))
    assert read(tmp_path, "piers.txt", text).mapping.kind != "messages"


def test_words_with_several_meanings_are_no_conversations(tmp_path: Path) -> None:
    kinds = ("Noun", "Verb", "Adverb")
    text = "\n\n".join(
        f"Word: moor {n}\n{kinds[n % 3]}: to tie up {n}\n{kinds[n % 3]}: to anchor {n}" for n in range(9)
    )
    assert read(tmp_path, "words.txt", text).mapping.kind != "messages"


def test_which_of_the_same_two_answers_in_all_conversations_is_asked(tmp_path: Path) -> None:
    text = "\n\n".join(f"Ann: Late {n}\nBo: Which pier?\nAnn: Five {n}\nBo: Then come." for n in range(6))
    with pytest.raises(DataError, match=r"Ann \(12\), Bo \(12\)"):
        read(tmp_path, "talks.txt", text)


# plain texts


def test_headings_of_markdown_stay_with_the_paragraph_below(tmp_path: Path) -> None:
    text = "# Harbor\n\n" + "\n\n".join(
        f"## Pier {n}\n\nFerries leave pier {n} at dawn.\n\nNone at night." for n in range(4)
    )
    found = [each.text for each in examples(read(tmp_path, "harbor.md", text))]
    assert found[:3] == [
        "# Harbor\n\n## Pier 0\n\nFerries leave pier 0 at dawn.",
        "None at night.",
        "## Pier 1\n\nFerries leave pier 1 at dawn.",
    ]


def test_a_heading_between_two_rules_keeps_them(tmp_path: Path) -> None:
    parts = [f"=====\nPier {n}\n=====\nFerries leave pier {n} at dawn, and none at night." for n in range(5)]
    found = [each.text for each in examples(read(tmp_path, "harbor.txt", "\n\n".join(parts)))]
    assert found == parts


def test_the_kind_of_a_field_of_a_form_is_no_label_of_its_question(tmp_path: Path) -> None:
    kinds = ("text", "radio", "text", "radio", "checkbox", "radio", "radio", "text", "radio")
    offered: dict[str, object] = {"options": ["never", "twice a week", "daily"]}
    fields: list[dict[str, object]] = [
        {"question": f"{n}. How often are you at pier {n}?", "type": kind} | (offered if kind != "text" else {})
        for n, kind in enumerate(kinds)
    ]
    fields[-1] |= {"conditionalOn": {"question": fields[1]["question"], "value": "daily"}}
    with pytest.raises(DataError, match="options"):
        read(tmp_path, "form.json", json.dumps(fields))


def test_kinds_of_answers_that_are_no_fields_are_labels(tmp_path: Path) -> None:
    kinds = ("number", "date", "place")
    table = rows(
        lambda n: f'"What does the keeper write in the log of pier {n}?",{kinds[n % 3]}', 24, header="question,type"
    )
    assert read(tmp_path, "kinds.csv", table).mapping.answer == "type"


# two texts, or one


def test_a_question_beside_all_that_may_answer_it_is_no_label(tmp_path: Path) -> None:
    found = [
        f"{n % 4 == 0:d}\tWhere is the ferry number {n}\tWhich ferry goes to pier {n // 4} today" for n in range(24)
    ]
    split = read(tmp_path, "train.tsv", "\n".join(found))
    assert str(split.mapping) == "column 2 + column 3 → text, column 1 → label"
    assert (examples(split)[5].second, examples(split)[5].labels) == ("Which ferry goes to pier 1 today", ("0",))


def test_classes_of_several_words_beside_a_flag_stay_labels(tmp_path: Path) -> None:
    classes = ("service of the crew", "price of a ticket", "state of the piers")
    found = [f"{n % 2}\tThe ferry number {n} was late again\t{classes[n * n % 3]}" for n in range(24)]
    assert not read(tmp_path, "train.tsv", "\n".join(found)).mapping.context


def test_tags_of_the_words_of_a_text_are_no_second_text(tmp_path: Path) -> None:
    tags = ("DT NN VBD JJ .", "PRP VBP DT NN .", "NNP POS NN VBZ RB .")
    table = rows(lambda n: f"{n}\t{n * n % 3 == 1:d}\tThe ferry {n} was late .\t{tags[n % 3]}", 24,
                 header="id\tlabel\tsentence\tpos")  # fmt: skip
    split = read(tmp_path, "train.tsv", table)
    assert str(split.mapping) == "sentence → text, label → label" and "pos" in split.unused


def test_a_second_text_in_capitals_is_one(tmp_path: Path) -> None:
    table = rows(lambda n: f"{n % 2}\tThe ferry {n} was late .\tFERRY NUMBER {asked(n).upper()}", 24,
                 header="label\ttop\tbottom")  # fmt: skip
    assert read(tmp_path, "train.tsv", table).mapping.context == "bottom"


@pytest.mark.parametrize(
    ("key", "used"),
    [("menu-{}", False), ("pier.open.{}", False), ("term_{}", False), ("said at pier {}", True)],
)
def test_the_keys_of_messages_are_no_context(tmp_path: Path, key: str, used: bool) -> None:
    table = rows(lambda n: f"{key.format(n)},Pier {n},Kai {n}", 12, header="context,source,target")
    split = read(tmp_path, "glossary.csv", table)
    assert ("context" in split.unused) is not used and (split.mapping.context == "context") is used


def test_names_of_files_as_texts_are_named(tmp_path: Path) -> None:
    split = read(tmp_path, "train.txt", "\n".join(f"data/train/ferry{n}.png" for n in range(12)))
    assert any("names of files, such as data/train/ferry0.png" in note for note in split.notes)


def test_sentences_that_name_a_file_each_are_texts(tmp_path: Path) -> None:
    split = read(tmp_path, "train.txt", "\n".join(f"The crew wrote ferry{n}.png" for n in range(12)))
    assert not any("names of files" in note for note in split.notes)


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\u2003"])
def test_a_wide_blank_is_a_word_with_its_tag(tmp_path: Path, blank: str) -> None:
    sentences = [["第 O", f"{n} O", "条 O", f"{blank} O", "天 B-LOC", "津 I-LOC", "。 O"] for n in range(9)]
    split = read(tmp_path, "train.txt", "\n".join(word for sentence in sentences for word in sentence))
    assert examples(split)[1].words == tuple(word[0] for word in sentences[1])
    assert examples(split)[1].labels == tuple(word.split(" ")[-1] for word in sentences[1])


def test_keys_that_are_the_input_of_an_instruction_are_used(tmp_path: Path) -> None:
    table = rows(lambda n: f"Say what this is,pier-{n},The pier number {n}", 12, header="instruction,input,output")
    assert read(tmp_path, "train.csv", table).mapping.context == "input"
