"""Files that say something of others: of each text, of pairs of texts, or of none of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.table import read_table
from ia3_studio.data.whole_texts import mail_text, page_text
from tests.data.exports import put_all

TEXTS = [f"The fog at berth {n} was thick that day." for n in range(12)]


def mood(number: int) -> str:
    return ("calm", "cross")[number % 2]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_json_object_beside_each_text_says_its_columns_also_where_two_of_them_are_the_same(tmp_path: Path) -> None:
    facts = {f"{n}.json": json.dumps({"mood": mood(n), "by": "Kim"}) for n in range(12)}
    split = load_data(put_all(tmp_path, {f"{n}.txt": TEXTS[n] for n in range(12)} | facts))
    assert str(split.mapping) == "text → text, mood → label"
    assert len(split.train) + len(split.held_out) == 12


def test_tables_name_texts_by_their_paths_in_several_folders_and_one_table_a_split(tmp_path: Path) -> None:
    texts = {f"letters/{n % 3}/{n // 3}.txt": TEXTS[n] for n in range(12)}
    named = [f"letters/{n % 3}/{n // 3}.txt,{mood(n // 3)}" for n in range(12)]
    tables = {"train.csv": named[:8], "test.csv": named[8:]}
    put_all(tmp_path, texts | {name: "path,tone\n" + "\n".join(rows) + "\n" for name, rows in tables.items()})
    split = load_data(tmp_path)
    assert (str(split.mapping), len(split.train), len(split.held_out)) == ("text → text, tone → label", 8, 4)


def test_a_list_that_only_repeats_the_folders_of_texts_is_not_read_in_their_place(tmp_path: Path) -> None:
    texts = {f"{mood(n)}/{n}.txt": TEXTS[n] for n in range(12)}
    listed = "path,class\n" + "".join(f"{path},{path.split('/')[0]}\n" for path in texts)
    table = read_table(put_all(tmp_path, texts | {"index.csv": listed}))
    assert set(table.frame["label"]) == {"calm", "cross"} and table.notes == ("Not read: index.csv.",)


@pytest.mark.parametrize("graded", [False, True])
def test_pairs_of_ids_link_the_texts_of_two_tables_and_those_in_no_pair_are_named(graded: bool, tmp_path: Path) -> None:
    grade = {n: n % 2 if graded else 1 for n in range(10)}
    pairs = {
        f"qrels/{part}.tsv": "query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\td{n}\t{grade[n]}\n" for n in numbers)
        for part, numbers in (("train", range(7)), ("test", range(7, 10)))
    }
    asked = lines([{"_id": f"q{n}", "text": f"What was the weather at berth {n}?"} for n in range(10)])
    found = lines([{"_id": f"d{n}", "title": f"Day {n}", "text": TEXTS[n]} for n in range(12)])
    split = load_data(put_all(tmp_path, {"queries.jsonl": asked, "corpus.jsonl": found} | pairs))
    expected = "query + passage → text, score → label" if graded else "query → prompt, positive → answer"
    assert (str(split.mapping), len(split.train), len(split.held_out)) == (expected, 7, 3)
    assert "Not used: 2 rows of corpus.jsonl in no pair." in split.notes


@pytest.mark.parametrize("ending", [".md", ".html", ".eml"])
def test_numbered_notes_pages_and_mails_in_folders_have_these_as_classes(ending: str, tmp_path: Path) -> None:
    about = {".md": "{}", ".html": "<html><head><title>x</title></head><p>{}</p></html>", ".eml": "Subject: Fog\n\n{}"}
    files = {f"{mood(n)}/{n}{ending}": about[ending].format(TEXTS[n]) for n in range(12)}
    frame = read_table(put_all(tmp_path, files)).frame
    assert sorted(frame["label"]) == ["calm"] * 6 + ["cross"] * 6
    assert {text.removeprefix("Fog\n\n") for text in frame["text"]} == {*TEXTS}


def test_notes_in_folders_that_have_no_numbers_are_plain_texts(tmp_path: Path) -> None:
    names = ["fog", "tides", "crew", "lamp", "rope", "crane"]
    files = {f"{mood(n)}/{name}.md": TEXTS[n] for n, name in enumerate(names)}
    assert str(load_data(put_all(tmp_path, files)).mapping) == "text → plain text"


def test_the_source_code_of_a_program_is_a_text_per_file_unless_there_are_rows_beside_it(tmp_path: Path) -> None:
    code = {f"src/{name}.py": f"def {name}():\n    return 1\n" for name in ("fog", "tide", "crew")}
    put_all(tmp_path, code | {"README.md": "# Harbor", "requirements.txt": "numpy\n"})
    table = read_table(tmp_path)
    assert len(table.frame) == 3 and table.notes == ("Not read: README.md, requirements.txt.",)
    put_all(tmp_path, {"data.csv": "prompt,answer\n" + "".join(f"Berth {n}?,{text}\n" for n, text in enumerate(TEXTS))})
    assert str(load_data(tmp_path).mapping) == "prompt → prompt, answer → answer"


def test_a_file_that_is_much_larger_than_the_others_is_read_and_these_are_named(tmp_path: Path) -> None:
    rows = [{"prompt": f"Berth {n}?", "answer": text} for n, text in enumerate(TEXTS)]
    put_all(tmp_path, {"talks.json": json.dumps(rows), "ontology.json": '{"place": ["harbor"]}', "ids.txt": "7\n9\n"})
    split = load_data(tmp_path)
    assert str(split.mapping) == "prompt → prompt, answer → answer"
    assert "Not read: ids.txt, ontology.json." in split.notes


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Content-Type: text/plain\n\nIt is foggy.\n", "It is foggy."),
        ("Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=iso-8859-1\n\nCaf=E9=\n!\n",
         "Café!"),
        ("Content-Transfer-Encoding: base64\n\nSXQgaXMgZm9nZ3ku\n", "It is foggy."),
        ('Content-Type: multipart/alternative; boundary="x"\n\n--x\nContent-Type: text/html\n\n<p>No</p>\n'
         "--x\nContent-Type: text/plain\n\nIt is foggy.\n--x--\n", "It is foggy."),
        ("Content-Type: text/html\n\n<style>p {}</style><p>It is<br>foggy.", "It is\nfoggy."),
    ],
)  # fmt: skip
def test_a_mail_says_what_its_plain_part_says_whatever_it_is_written_in(body: str, said: str) -> None:
    fields, text = mail_text(f"Subject: =?utf-8?q?Caf=C3=A9?=\nFrom: Kim <kim@example.org>\n{body}")
    assert (fields["subject"], text) == ("Café", said)


@pytest.mark.parametrize("part", ["<!--", "<script>", "<p", "<", "<!-- <script> -->", "İ<b>"])
def test_a_page_of_one_mark_again_and_again_is_read_at_once(part: str) -> None:
    assert len(page_text(part * 200_000)) <= 400_000


def test_a_table_of_places_in_texts_beside_it_gives_a_tag_to_each_word(tmp_path: Path) -> None:
    rows = "".join(f"{n}.txt,4,7,WEATHER\n" for n in range(11)) + "gone.txt,1,2,WEATHER\n"
    put_all(tmp_path, {f"{n}.txt": TEXTS[n] for n in range(12)} | {"spans.csv": f"file,start,end,label\n{rows}"})
    split = load_data(tmp_path)
    assert str(split.mapping) == "tokens → words, tags → one label per word"
    assert {dict(zip(each.words, each.labels, strict=True))["fog"] for each in split.train} <= {"B-WEATHER", "O"}
    assert "Not used: 1 rows of spans.csv whose text is missing." in split.notes


def test_chosen_and_rejected_answers_in_two_tables_are_preferences_by_their_prompts(tmp_path: Path) -> None:
    sides = {
        name: lines([{"id": n, "prompt": f"Berth {n}?", "response": f"{name} {TEXTS[n]}"} for n in numbers])
        for name, numbers in (("chosen", range(12)), ("rejected", range(11, 0, -1)))
    }
    split = load_data(put_all(tmp_path, {f"{name}.jsonl": text for name, text in sides.items()}))
    assert str(split.mapping) == "prompt → prompt, chosen → chosen answer, rejected → rejected answer"
    assert len(split.train) + len(split.held_out) == 11
    assert "Not used: 1 rows of which only one answer is there." in split.notes


def test_the_turns_of_one_conversation_in_each_file_are_a_row(tmp_path: Path) -> None:
    talks = [[{"role": "user", "content": f"Fog {n}?"}, {"role": "assistant", "content": text}]
             for n, text in enumerate(TEXTS[:5])]  # fmt: skip
    split = load_data(put_all(tmp_path, {f"talk{n}.json": json.dumps(turns) for n, turns in enumerate(talks)}))
    assert len(split.train) + len(split.held_out) == 5 and split.mapping.kind == "messages"


def test_mails_of_a_mailbox_are_a_row_each(tmp_path: Path) -> None:
    mail = (
        "From kim@example.org Mon Jan 01 10:00:00 2024\nSubject: Fog {}\n\nFrom here it is thick.\n>From noon on.\n\n"
    )
    frame = read_table(put_all(tmp_path, {"all.mbox": "".join(mail.format(n) for n in range(5))}) / "all.mbox").frame
    assert frame["text"].tolist()[1] == "Fog 1\n\nFrom here it is thick.\nFrom noon on." and len(frame) == 5


def test_numbers_in_a_text_of_numbers_and_names_have_these_names(tmp_path: Path) -> None:
    files = {"train_text.txt": "\n".join(TEXTS), "train_labels.txt": "\n".join(str(n % 2) for n in range(12))}
    table = read_table(put_all(tmp_path, files | {"mapping.txt": "0\tcalm\tx\n1\tcross\ty\n"}))
    assert set(table.frame["label"]) == {"calm", "cross"}


def test_an_object_of_labels_by_the_names_of_texts_labels_them(tmp_path: Path) -> None:
    labels = json.dumps({f"{n}": mood(n) for n in range(12)})
    split = load_data(put_all(tmp_path, {f"texts/{n}.txt": TEXTS[n] for n in range(12)} | {"labels.json": labels}))
    assert str(split.mapping) == "text → text, label → label"
    assert {each.labels[0] for each in split.train} == {"calm", "cross"}
