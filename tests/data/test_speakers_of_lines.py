"""Claims on texts whose lines name two speakers, on lists of objects that are rows, and on who speaks in tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import ParsingOptions, load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError

TALKS = (("Is berth five free?", "It is, keeper.", "Then I take it."), ("May I moor?", "You may.", "Thank you."))


def read(folder: Path, text: str, name: str = "talks.txt") -> DataSplit:
    """Return a text as it is read from a file."""
    (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder / name)


def read_json(folder: Path, document: Any) -> DataSplit:
    """Return a document as it is read from a file of JSON."""
    return read(folder, json.dumps(document, ensure_ascii=False), "talks.json")


@pytest.mark.parametrize(
    "form",
    ["Boatman: {0}\nAssistant: {1}\nBoatman: {2}\n", "(user): {0}\n(system): {1}\n(user): {2}\n",
     "[User] {0}\n[Bot] {1}\n[User] {2}\n"],
)  # fmt: skip
@pytest.mark.parametrize("parting", ["### {n}. At the pier\n{talk}\n", "Participant: {n}, talk: {n}\n{talk} ---\n"])
def test_two_speakers_of_whom_one_is_known_take_turns(tmp_path: Path, form: str, parting: str) -> None:
    """Headings, rules and brackets belong to nobody's words."""
    talks = [form.format(*each).strip("\n") for each in TALKS]
    text = "".join(parting.format(n=n, talk=f"{talk}\n" if "#" in parting else talk) for n, talk in enumerate(talks))
    data = read(tmp_path, text)
    found = sorted((*data.train, *data.held_out), key=lambda each: each.row)
    assert [turn.role for turn in found[0].messages] == ["user", "assistant", "user"]
    assert [turn.content for turn in found[0].messages] == list(TALKS[0])


def test_entries_of_two_fields_are_no_conversations(tmp_path: Path) -> None:
    """Paragraphs of two named lines each are not talks of these names."""
    data = read(tmp_path, "\n\n".join(f"Agent: {n} Mora\nPier: the {n}th one" for n in range(2, 8)))
    assert data.mapping.kind != "messages"


def test_who_of_two_strangers_answers_is_asked(tmp_path: Path) -> None:
    text = "\n\n".join(f"Ann: {a}\nBo: {b}\nAnn: {c}" for a, b, c in TALKS)
    with pytest.raises(DataError, match="choose the speaker"):
        read(tmp_path, text)


def test_tags_of_user_and_assistant_in_a_cell_are_turns(tmp_path: Path) -> None:
    """A reference beside the dialogue is not its answer."""
    rows = [{"dialogue": f"\n\n<user> {a} \n\n<assistant> {b} ", "reference": "A pier has five berths in all."}
            for a, b, _c in TALKS]  # fmt: skip
    found = read_json(tmp_path, rows).train[0].messages
    assert [(turn.role, turn.content) for turn in found] in [
        [("user", a), ("assistant", b)] for a, b, _c in TALKS
    ]  # fmt: skip


def test_more_than_two_names_in_turns_are_asked_for(tmp_path: Path) -> None:
    """The sentence says who speaks and where to choose."""
    names = (("Mia", "Ann"), ("Mia", "Bo"), ("Ann", "Bo"))
    rows = [{"turns": [{"speaker": pair[n % 2], "text": text} for n, text in enumerate(talk * 2)]}
            for pair, talk in zip(names, (*TALKS, TALKS[0]), strict=True)]  # fmt: skip
    with pytest.raises(DataError, match="choose the speaker"):
        read_json(tmp_path, rows)


def test_lists_of_objects_below_headings_are_rows(tmp_path: Path) -> None:
    """Not the headings are read, but what stands below them, in two languages here."""
    lessons = [
        {"title": f"Lesson {n}", "entries": [{"title": "At the pier", "lines": [
            {"eng": a, "deu": f"Ja, {n}: Das Boot darf hier liegen."}, {"eng": b, "deu": f"Nein, {n}: Es fährt weiter."}
        ]}]} for n, (a, b, _c) in enumerate(TALKS)
    ]  # fmt: skip
    data = read_json(tmp_path, lessons)
    assert str(data.mapping) == "eng → prompt, deu → answer"
    assert len(data.train) + len(data.held_out) == 4


def test_a_text_beside_a_list_of_objects_is_still_read(tmp_path: Path) -> None:
    """Objects are rows only where nothing else is to be learned."""
    rows = [{"text": f"The ferry number {n} was late and the pier was cold.", "parts": [{"a": "one", "b": "two"}]}
            for n in range(4)]  # fmt: skip
    assert str(read_json(tmp_path, rows).mapping) == "text → plain text"


def test_who_speaks_is_no_label_of_turns_in_rows(tmp_path: Path) -> None:
    """Among three texts of one line, none of which is called a text, nothing is guessed."""
    rows = [{"dialogue_id": n // 4, "line_index": n % 4, "speaker": "AB"[n % 2], "hanzi": f"船在第{n}号码头停靠吗？",
             "pinyin": f"chuán zài dì {n} hào mǎ tóu", "arabic": f"هل ترسو السفينة {n}؟"}
            for n in range(8)]  # fmt: skip
    with pytest.raises(DataError, match="not recognized"):
        read_json(tmp_path, rows)


def test_a_text_and_the_list_that_says_it_otherwise_are_prompt_and_answers(tmp_path: Path) -> None:
    """Each of the list is one answer."""
    rows = [{"question": f"{a} ({n})", "variants": [f"Tell me: {a}", f"Please, {a}"]}
            for n in range(3) for a, _b, _c in TALKS]  # fmt: skip
    data = read_json(tmp_path, rows)
    assert str(data.mapping) == "question → prompt, variants → answer"


def test_a_row_whose_words_stand_below_it_again_names_no_column(tmp_path: Path) -> None:
    """The first row of two columns of phrases is one of them."""
    pairs = [("Jam tu shku", "Po shkoj"), ("Jam tu shkue", "Po shkoj")]
    pairs += [(f"Nuk asht {n} marre", f"Nuk është {n} turp") for n in range(8)]
    data = read(tmp_path, "\n".join("\t".join(pair) for pair in pairs), "words.tsv")
    assert len(data.train) + len(data.held_out) == 10


def test_few_rows_of_repeated_codes_are_classes(tmp_path: Path) -> None:
    """A second column of single words that repeat is a label, whatever it is called."""
    text = "texto,grupo\n" + "".join(f"¿Hay un barco en el muelle {n}?,{('Barco', 'Muelle')[n % 2]}Libre\n"
                                     for n in range(7))  # fmt: skip
    assert str(read(tmp_path, text, "grupos.csv").mapping) == "texto → text, grupo → label"


def test_lines_that_two_unknown_names_begin_by_turns_are_one_conversation(tmp_path: Path) -> None:
    """Who answers in it is asked; nothing is guessed."""
    (tmp_path / "talk.txt").write_text("".join(f"Human {1 + n % 2}: I see ferry {n}.\n" for n in range(12)))
    with pytest.raises(DataError, match=r"Human 1 \(6\), Human 2 \(6\)"):
        load_data(tmp_path / "talk.txt")
    data = load_data(tmp_path / "talk.txt", parsing=ParsingOptions(speaker="Human 2"))
    assert len(data.train) + len(data.held_out) == 6


def test_a_column_of_titles_that_begin_as_a_system_prompt_is_none(tmp_path: Path) -> None:
    """Titles stand above what is asked; nobody is addressed by them."""
    rows = [{"id": n, "topicTitle": "You are late", "questionText": f"When does ferry {n} leave?",
             "answerText": f"At {n}."} for n in range(12)]  # fmt: skip
    assert "system" not in str(read_json(tmp_path, rows).mapping)


def test_the_subject_of_a_mail_is_no_part_of_what_is_asked(tmp_path: Path) -> None:
    """Only a title that asks, or under which the text may be missing, is."""
    rows = [{"subject": f"Berth number {n}", "body": f"May I moor at berth {n}?", "answer": f"At {n}, yes."}
            for n in range(12)]  # fmt: skip
    assert str(read_json(tmp_path, rows).mapping) == "body → prompt, answer → answer"


def test_each_document_that_a_token_ends_is_a_conversation_also_with_a_blank_line_inside(tmp_path: Path) -> None:
    blank = ("\n", "", "")
    talks = (f"Guest: Is berth {n} free?\n{blank[n % 3]}Harbor: Berth {n} is free.\n" for n in range(12))
    (tmp_path / "talks.txt").write_text("<|endoftext|>\n".join(talks))
    split = load_data(tmp_path / "talks.txt")
    examples = [*split.train, *split.held_out]
    assert len(examples) == 12 and {len(each.messages) for each in examples} == {2}
    assert not any("endoftext" in turn.content for each in examples for turn in each.messages)
