"""Whole folders as people drop them: what is read of them together, and what is named beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError, OneFileError
from ia3_studio.ui.upload_names import name_together
from tests.data.exports import put, put_all
from tests.data.shapes import asked, mood, rows, said


def texts(split: DataSplit) -> dict[str, str]:
    """Return the texts and their labels."""
    return {each.text: each.labels[0] for each in (*split.train, *split.held_out)}


def phrases(intent: str, count: int = 4) -> str:
    """Return what is said for an intent, in parts."""
    parts: list[dict[str, Any]] = [
        {"id": f"{intent}{n}", "data": [{"text": f"{intent} a "}, {"text": f"berth {n}", "alias": "berth"}],
         "isTemplate": n == count - 1}
        for n in range(count)
    ]  # fmt: skip
    return json.dumps(parts)


def test_what_is_said_for_intents_is_read_beside_the_settings_and_answers_of_an_agent(tmp_path: Path) -> None:
    answers = {"name": "book", "responses": [{"messages": [{"speech": said(1)}]}], "events": []}
    files = {
        "agent.json": json.dumps({"language": "en", "webhook": {"url": ""}}),
        "entities/berth_entries_en.json": json.dumps([{"value": "one", "synonyms": ["one", "first"]}] * 4),
        "intents/book.json": json.dumps(answers),
        "intents/book_usersays_en.json": phrases("book"),
        "intents/free the pier.json": json.dumps({**answers, "name": "free the pier"}),
        "intents/free the pier_usersays_pt-br.json": phrases("free the pier"),
    }
    split = load_data(put_all(tmp_path, files))
    assert texts(split)["book a berth 0"] == "book"
    assert texts(split)["free the pier a berth 2"] == "free the pier"
    notes = " ".join(split.notes)
    assert len(texts(split)) == 6 and "2 templates" in notes
    assert all(name in notes for name in ("agent.json", "berth_entries_en.json", "intents/book.json"))


def test_files_that_are_called_so_but_hold_other_rows_are_no_intents(tmp_path: Path) -> None:
    records = [{"prompt": asked(n), "answer": said(n)} for n in range(8)]
    for name in ("a_usersays_en.json", "b_usersays_en.json"):
        put(json.dumps([{**each, "answer": f"{name} {each['answer']}"} for each in records]), tmp_path, name)
    assert load_data(tmp_path).mapping.kind == "pairs"


@pytest.mark.parametrize("suffix", ["json", "yml"])
def test_texts_in_lists_of_messages_by_language_are_counted_as_not_used(suffix: str, tmp_path: Path) -> None:
    for language, word in (("en", "Berth"), ("de", "Liegeplatz")):
        messages = {f"key{n}": f"{word} {n} is free" for n in range(8)}
        put(
            json.dumps({**messages, "days": [{"name": f"{word} day"}, "x"], "per": 3}), tmp_path, f"{language}.{suffix}"
        )
    split = load_data(tmp_path)
    assert split.mapping.kind == "pairs" and [note for note in split.notes if "4 texts in lists" in note]


def test_several_uploads_are_called_after_the_largest_of_them(tmp_path: Path) -> None:
    files = {name: put("x" * size, tmp_path, name) for name, size in (("b.csv", 9), ("a.csv", 9), ("c.csv", 2))}
    assert name_together(files) == "a.csv and 2 more"
    assert name_together({"1/c.csv": files["c.csv"], "b.csv": files["b.csv"]}) == "b.csv and 1 more"


FILMS = {
    ("train", "pos"): "a bright film about pier {}", ("train", "neg"): "a dull film about pier {}",
    ("test", "pos"): "a bright book about pier {}", ("test", "neg"): "a dull book about pier {}",
}  # fmt: skip


@pytest.mark.parametrize("name", ["{0}/{1}.txt", "data/{1}_{0}.txt", "{0}.{1}.txt"])
def test_texts_of_classes_in_splits_keep_both_beside_a_vocabulary(name: str, tmp_path: Path) -> None:
    files = {name.format(*key): rows(text.format) for key, text in FILMS.items()}
    split = load_data(put_all(tmp_path, {**files, "vocab.txt": rows("word{}".format, 30)}))
    assert {each.labels for each in split.train} == {("pos",), ("neg",)} and len(split.train) == 24
    assert {"book" in each.text for each in split.held_out} == {True}
    assert [note for note in split.notes if "vocab.txt" in note]


def test_texts_in_splits_that_are_no_known_classes_are_not_sorted_by_their_names(tmp_path: Path) -> None:
    files = {f"{split}/{name}.txt": rows(f"{name} {split} {{}}".format) for split in ("train", "test")
             for name in ("chapters", "letters")}  # fmt: skip
    assert load_data(put_all(tmp_path, files)).mapping.kind == "text"


INTENTS = "".join(f"## intent:{name}\n{rows(f'- {name} at berth {{}}'.format, 5)}\n" for name in ("moor", "sail"))
STORIES = "## day\n* moor\n  - utter_moor\n* sail\n  - utter_sail\n"


def test_intents_of_a_bot_are_read_beside_its_stories_in_markdown_and_yaml(tmp_path: Path) -> None:
    split = load_data(put_all(tmp_path / "md", {"data/nlu.md": INTENTS, "data/stories.md": STORIES}))
    assert texts(split)["moor at berth 1"] == "moor" and len(texts(split)) == 10
    assert [note for note in split.notes if "stories.md" in note]
    examples = "".join(f"- intent: {name}\n  examples: |\n{rows(f'    - {name} at berth {{}}'.format, 5)}"
                       for name in ("moor", "sail"))  # fmt: skip
    files = {
        "data/nlu.yml": f'version: "3.1"\nnlu:\n{examples}',
        "data/stories.yml": "stories:\n- story: day\n  steps:\n  - intent: moor\n  - action: utter_moor\n",
        "domain.yml": "intents:\n- moor\n- sail\nresponses:\n  utter_moor:\n  - text: Aye.\n",
        "requirements.txt": "rasa==3.1\n",
    }
    split = load_data(put_all(tmp_path / "yml", files))
    assert texts(split)["sail at berth 4"] == "sail" and len(texts(split)) == 10
    assert all(name in " ".join(split.notes) for name in ("stories.yml", "domain.yml", "requirements.txt"))


def test_notes_that_say_intent_are_pages(tmp_path: Path) -> None:
    pages = {f"{name}.md": f"# {name}\n\nThe intent of the {name} is calm.\n\n- sail\n" for name in ("pier", "buoy")}
    assert load_data(put_all(tmp_path, pages)).mapping.kind == "text"


QUESTIONS = (
    "NUM:date When did ferry {} sail ?",
    "LOC:port Where was ferry {} built ?",
    "NUM:count How many on ferry {} ?",
)


def test_texts_named_by_splits_are_read_beside_the_numbers_of_a_run(tmp_path: Path) -> None:
    lines_of = {name: rows(lambda n, at=at: QUESTIONS[n % 3].format(n + at), 9)
                for at, name in ((0, "train.txt"), (20, "dev.txt"))}  # fmt: skip
    results = rows(lambda n: f"{n},0.{n + 40},0.{n + 30}", 10, "epoch,accuracy,f1")
    files = {**lines_of, "results/0.001.csv": results, "config.ini": "[main]\nlr = 0.1\n"}
    split = load_data(put_all(tmp_path, files))
    assert texts(split)["When did ferry 0 sail ?"] == "NUM:date" and len(texts(split)) == 18
    assert [note for note in split.notes if "0.001.csv" in note and "config.ini" in note]


def test_numbers_beside_texts_that_are_no_splits_are_still_the_table(tmp_path: Path) -> None:
    results = rows(lambda n: f"{n},0.{n + 40},0.{n + 30}", 10, "epoch,accuracy,f1")
    with pytest.raises(DataError, match="epoch, accuracy, f1"):
        load_data(put_all(tmp_path, {"run.csv": results, "one.txt": "A calm day.\n", "two.txt": "A storm.\n"}))


TABLE = "| Berth | Depth |\n| --- | --- |\n| 1 | 4 m |\n| 2 | 6 m |\n"


def test_pages_are_read_beside_an_example_of_settings_and_with_tables_in_them(tmp_path: Path) -> None:
    pages = {
        "docs/pier.md": f"# Pier\n\nThe pier lies north.\n\n{TABLE}",
        "docs/buoys.md": "# Buoys\n\nThey are lit at night.\n",
        "docs/rules/rule one.md": f"# Rule\n\nMoor slowly.\n\n{TABLE}",
        "requirements.txt": "mkdocs\n",
        "docs/harbor.example.json": json.dumps({"include": ["*.ts"], "rules": {"moor": "warn"}}),
    }
    split = load_data(put_all(tmp_path, pages))
    assert split.mapping.kind == "text" and len((*split.train, *split.held_out)) == 3
    assert [note for note in split.notes if "harbor.example.json" in note and "requirements.txt" in note]
    assert [note for note in split.notes if "pier.md" in note and "plain text" in note]


def test_programs_in_texts_are_no_classes_of_lines_but_snippets_in_lines_are(tmp_path: Path) -> None:
    program = "# sail\nimport boats\n\n" + rows(
        lambda n: f"def go{n}(far):\n    for each in far:\n        boats.sail(each)\n    return far\n", 3
    )
    split = load_data(put_all(tmp_path / "whole", {"lines.txt": program, "talks.txt": program.replace("go", "come")}))
    assert split.mapping.kind == "text" and len((*split.train, *split.held_out)) == 2
    snippets = {
        "python.txt": rows("def go{0}(far): return far[{0}]".format),
        "c.txt": rows("int go{0}(int far);".format),
    }
    assert load_data(put_all(tmp_path / "lines", snippets)).mapping.kind == "labels"


@pytest.mark.parametrize("sign", ["++$++", "+++$+++"])
def test_signs_of_pluses_and_a_dollar_stand_between_cells(sign: str, tmp_path: Path) -> None:
    text = rows(lambda n: f" {sign} ".join((str(n), mood(n), asked(n), said(n))))
    split = load_data(put(text, tmp_path, "test.txt"))
    assert split.mapping.kind in ("pairs", "labels") and sign not in str((split.train[0], split.mapping))


def test_tables_that_share_some_columns_can_be_chosen_from(tmp_path: Path) -> None:
    files = {
        "reviews.csv": rows(lambda n: f"{n},{asked(n)},{n % 5}", header="name,text,stars"),
        "users.csv": rows(lambda n: f"{n},{n}@pier.example,silver", header="name,email,tier"),
    }
    with pytest.raises(OneFileError, match=r"share the columns name.*choose one of the tables of") as error:
        load_data(put_all(tmp_path, files))
    assert len(error.value.files) == 2


@pytest.mark.parametrize("header", ["kata,ipa,count", "word,pronunciation,count", "grapheme,phonemes,count"])
def test_words_and_how_they_are_said_are_pairs(header: str, tmp_path: Path) -> None:
    text = rows(lambda n: f"tal{'aeiou'[n % 5]}n{n},t-a-l{n},{n % 2}", header=header)
    split = load_data(put(text, tmp_path, "words.csv"))
    first, second = header.split(",")[:2]
    assert str(split.mapping) == f"{first} → prompt, {second} → answer"


def test_words_with_their_meaning_beside_a_pronunciation_are_not_read_as_how_they_are_said(tmp_path: Path) -> None:
    text = rows(lambda n: f"tale{n},t-a-l{n},What is told of ferry {n} at night", header="word,ipa,definition")
    assert load_data(put(text, tmp_path, "words.csv")).mapping.answer != "ipa"


def test_a_list_of_accounts_is_beside_the_data(tmp_path: Path) -> None:
    files = {
        "reviews.csv": rows(lambda n: f"{n},{asked(n)},{mood(n)}", header="name,text,mood"),
        "users.csv": rows(lambda n: f"{n},Ann,{n}@pier.example,x{n}", header="id,name,email,password"),
    }
    split = load_data(put_all(tmp_path, files))
    assert str(split.mapping) == "text → text, mood → label" and [note for note in split.notes if "users.csv" in note]


def test_passwords_that_are_the_data_are_read(tmp_path: Path) -> None:
    text = rows(lambda n: f"pier{n}berth,{n % 3}", header="password,strength")
    files = {"train.csv": text, "test.csv": text.replace("pier", "buoy")}
    assert len(load_data(put_all(tmp_path, files)).held_out) == 12


def test_labels_that_are_names_of_files_of_any_kind_are_told_and_known_classes_are_not(tmp_path: Path) -> None:
    for first, second in (("harbors", "weather"), ("spam", "ham")):
        files = {f"{name}.txt": rows(f"What of {name} number {{}}?".format) for name in (first, second)}
        notes = load_data(put_all(tmp_path / first, files)).notes
        assert [first in note and "names of the files" in note for note in notes] == [True] * (first == "harbors")


def test_sentences_with_commas_are_lines_of_one_column_without_a_name(tmp_path: Path) -> None:
    riddles = rows(lambda n: f"{'Tell me, ' * (n % 3)}what has {n} masts, but no sail?")
    split = load_data(put(riddles, tmp_path, "riddles.csv"))
    assert split.mapping.kind == "text" and len((*split.train, *split.held_out)) == 12
    assert any(each.text == "what has 0 masts, but no sail?" for each in (*split.train, *split.held_out))


@pytest.mark.parametrize("between", ["?,", "?, "])
def test_sentences_behind_the_end_of_others_are_cells(between: str, tmp_path: Path) -> None:
    talk = rows(lambda n: f"{'Tell me, ' * (n % 3)}what has {n} masts{between}A boat, I think.")
    with pytest.raises(DataError, match="cells"):
        load_data(put(talk, tmp_path, "talk.csv"))


@pytest.mark.parametrize("name", ["target", "ferry_mood", "label"])
def test_what_only_the_rows_to_train_on_have_is_to_be_told(name: str, tmp_path: Path) -> None:
    files = {
        "train.csv": rows(lambda n: f"{n},{asked(n)},{mood(n)}", 30, f"id,text,{name}"),
        "test.csv": rows(lambda n: f"{n},{said(n)}", 30, "id,text"),
        "sample_submission.csv": rows(lambda n: f"{n},calm", 30, f"id,{name}"),
    }
    split = load_data(put_all(tmp_path, files))
    assert str(split.mapping) == f"text → text, {name} → label" and len((*split.train, *split.held_out)) == 30
    assert len(split.problems) == 30 and name in split.problems[0].reason
    assert [note for note in split.notes if "sample_submission.csv" in note]


def test_texts_of_both_splits_are_read_where_the_rows_to_train_on_only_have_an_address_more(tmp_path: Path) -> None:
    files = {
        "train.csv": rows(lambda n: f"{asked(n)},https://pier.example/{n}", 12, "text,url"),
        "test.csv": rows(said, 12, "text"),
    }
    split = load_data(put_all(tmp_path, files))
    assert split.mapping.kind == "text" and len((*split.train, *split.held_out)) == 24


@pytest.mark.parametrize("vocabulary", ["vocab.{}", "vocab.8000.{}", "stop-words.{}"])
def test_a_vocabulary_of_each_side_is_no_pair_of_parallel_texts(vocabulary: str, tmp_path: Path) -> None:
    files = {"train.en": rows("The ferry {} is late.".format), "train.fr": rows("Le ferry {} est en retard.".format)}
    lists = {vocabulary.format(side): "the\nferry\n" for side in ("en", "fr")}
    split = load_data(put_all(tmp_path, {**files, **lists}))
    assert len((*split.train, *split.held_out)) == 12 and any(vocabulary.format("en") in note for note in split.notes)


def test_a_dictionary_of_two_languages_is_read_where_it_is_alone(tmp_path: Path) -> None:
    files = {"dict.en": rows("pier{}".format), "dict.fr": rows("jetee{}".format)}
    assert load_data(put_all(tmp_path, files)).mapping.kind == "pairs"


def test_labels_in_a_file_of_their_own_are_those_of_the_texts_called_as_they_are(tmp_path: Path) -> None:
    vectors = rows(lambda n: f"w{n} 0.1 0.2 0.3", 20)
    files = {
        "train.txt": rows(said, 12), "train_labels.txt": rows(mood, 12),
        "test.txt": rows(lambda n: said(n + 20), 6), "test_labels.txt": rows(mood, 6), "glove.6B.50d.txt": vectors,
    }  # fmt: skip
    split = load_data(put_all(tmp_path, files))
    assert texts(split) == {said(n): mood(n) for n in range(12)} | {said(n + 20): mood(n) for n in range(6)}
    assert len(split.held_out) == 6 and "glove.6B.50d.txt" in " ".join(split.notes)


def test_a_list_of_the_names_of_labels_is_no_side_of_texts(tmp_path: Path) -> None:
    files = {"train.txt": rows(lambda n: f"{said(n)}\t{mood(n)}", 12), "train_labels.txt": "good\nbad\n"}
    split = load_data(put_all(tmp_path, files))
    assert len(texts(split)) == 12
