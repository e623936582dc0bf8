"""Files that are damaged, put together, or called otherwise than they are, and what is read of them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from ia3_studio.data.load import load_data
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from tests.data.exports import put
from tests.data.shapes import asked, lines, mood, rows, said

PAIRS = rows(lambda n: f'{asked(n)},"{said(n)}"', header="prompt,answer")


def test_a_file_behind_another_one_has_no_byte_order_mark_and_no_header_as_a_row(tmp_path: Path) -> None:
    split = load_data(put(f"\ufeff{PAIRS}\ufeff{PAIRS}", tmp_path, "both.csv"))
    assert len((*split.train, *split.held_out)) == 24
    assert [problem.row for problem in split.problems] == [13]
    records = lines(lambda n: {"prompt": asked(n), "answer": said(n)})
    assert len(read_table(put(f"\ufeff{records}\ufeff{records}", tmp_path, "both.jsonl")).frame) == 24


@pytest.mark.parametrize("mark", [", and then", "; then", ", 3 knots"])
def test_signs_in_the_sentences_of_a_single_column_are_no_delimiters(mark: str, tmp_path: Path) -> None:
    content = rows(lambda n: f"{asked(n)}{mark * (n % 3)} it is calm", header="sentence")
    table = read_table(put(content, tmp_path, "one.csv"))
    assert list(table.frame.columns) == ["sentence"] and len(table.frame) == 12


def test_signs_of_sentences_are_no_delimiters_where_cells_stand_without_blanks(tmp_path: Path) -> None:
    content = rows(lambda n: f'"{asked(n)}","Aye; {said(n)}"' + ",log" * (n % 2), header="prompt,answer,source")
    assert list(read_table(put(content, tmp_path, "ragged.csv")).frame.columns) == ["prompt", "answer", "source"]


def test_a_title_above_names_of_columns_is_no_single_column(tmp_path: Path) -> None:
    content = "Harbor desk\n" + rows(lambda n: f"{asked(n)}, {mood(n)}", header="Question, Mood")
    assert list(read_table(put(content, tmp_path, "titled.csv")).frame.columns) == ["Question", "Mood"]


def test_rows_before_the_end_of_a_json_that_is_cut_off_are_read(tmp_path: Path) -> None:
    whole = json.dumps([{"prompt": asked(n), "answer": said(n)} for n in range(12)], indent=1)
    split = load_data(put(whole[:-40], tmp_path, "cut.json"))
    assert len((*split.train, *split.held_out)) == 11
    assert [problem.row for problem in split.problems] == [12] and "cut off" in split.problems[0].reason
    with pytest.raises(DataError, match="cut off"):
        load_data(put(json.dumps({"rows": [asked(1), asked(2)], "mood": "calm"})[:-9], tmp_path, "object.json"))


def test_a_table_that_is_called_json_is_read_as_a_table(tmp_path: Path) -> None:
    split = load_data(put(PAIRS, tmp_path, "pairs.json"))
    assert str(split.mapping) == "prompt → prompt, answer → answer"
    assert any("read as what it holds" in note for note in split.notes)


def weechat(levels: tuple[str, ...]) -> str:
    talk = rows(lambda n: f"2024-05-03 10:{n:02}:00\t{levels[n % 2]}\t{asked(n)}", 20)
    return f"2024-05-03 09:59:00\t-->\tann has joined\n{talk}"


def test_a_date_a_nick_and_a_text_between_tabs_are_a_chat(tmp_path: Path) -> None:
    path = put(weechat(("ann", "bo")), tmp_path, "irc.weechatlog")
    with pytest.raises(DataError, match="ann"):
        load_data(path)
    chat = load_data(path, parsing=ParsingOptions(speaker="bo"))
    assert chat.mapping.kind == "messages" and any("came, went" in note for note in chat.notes)


def test_the_level_of_a_message_of_a_program_is_no_speaker(tmp_path: Path) -> None:
    split = load_data(put(weechat(("INFO", "WARN")).split("\n", 1)[1], tmp_path, "program.tsv.txt"))
    assert split.mapping.kind == "labels"


def test_class_names_in_a_file_beside_the_rows_are_used(tmp_path: Path) -> None:
    kind = {"_type": "ClassLabel", "names": ["calm", "storm"]}
    put(json.dumps({"splits": ["train", "test"]}), tmp_path, "dataset_dict.json")
    for split in ("train", "test"):
        folder = tmp_path / split
        folder.mkdir()
        table, sink = pa.table({"text": [f"{split} {asked(n)}" for n in range(8)], "label": [0, 1] * 4}), io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        put(sink.getvalue(), folder, "data.arrow")
        put(json.dumps({"_data_files": [{"filename": "data.arrow"}]}), folder, "state.json")
        put(json.dumps({"features": {"text": {"_type": "Value"}, "label": kind}}), folder, "dataset_info.json")
    assert {label for each in load_data(tmp_path).train for label in each.labels} == {"calm", "storm"}


def test_points_inside_the_name_of_a_role_do_not_matter(tmp_path: Path) -> None:
    def turns(n: int) -> list[dict[str, str]]:
        return [{"role": "Human", "content": asked(n)}, {"role": "A.I.", "content": said(n)}]

    split = load_data(put(lines(lambda n: {"messages": turns(n)}), tmp_path, "roles.jsonl"))
    assert split.mapping.kind == "messages" and not split.problems


def talk(head: str, *names: str) -> str:
    turns = [(names[n % 2], f"{asked(n)}\n\n| pier | time |\n|---|---|\n| {n} | 6 |") for n in range(8)]
    return "# Ferries\n\n" + "\n\n---\n\n".join(f"{head.format(name)}\n\n{text}" for name, text in turns)


@pytest.mark.parametrize("head", ["**{}**", "## {}", "_**{}**_", "**{}:**", "#### {} said:", "{} said:"])
@pytest.mark.parametrize("names", [("User", "Assistant"), ("You", "ChatGPT"), ("User", "Cursor")])
def test_a_talk_in_markdown_is_read_by_the_names_above_its_turns(
    head: str, names: tuple[str, str], tmp_path: Path
) -> None:
    path = put(talk(head, *names), tmp_path, "talk.md")
    split = load_data(path)
    assert str(split.mapping) == "prompt → prompt, answer → answer"
    assert len((*split.train, *split.held_out)) == 4
    assert any("one conversation" in note for note in split.notes) and any("above the first" in n for n in split.notes)
    assert not any("no answer" in note for note in split.notes)
    put(f"{talk(head, *names)}\n\n{head.format(names[0])}\n\nThanks!", tmp_path, "talk.md")
    assert any("no answer" in note for note in load_data(path).notes)
    put(talk(head, *names).replace("ferry", "barge"), tmp_path, "other.md")
    assert load_data(tmp_path).mapping.kind == "messages"


def test_headings_of_a_page_are_no_speakers(tmp_path: Path) -> None:
    names = ("User", "Install", "User guide", "Build") * 2
    page = "\n\n".join(f"## {name}\n\n{said(n)}" for n, name in enumerate(names))
    assert load_data(put(page, tmp_path, "page.md")).mapping.kind == "text"


@pytest.mark.parametrize("value", [("TRUE", "FALSE"), ("ENTAILMENT", "UNKNOWN")])
def test_a_value_in_words_beside_two_texts_is_their_label(value: tuple[str, str], tmp_path: Path) -> None:
    pairs = "".join(
        f'<pair id="{n}" value="{value[n % 2]}"><t>Ferry {n} left. {said(n)}</t><h>{said(n)}</h></pair>\n'
        for n in range(24)
    )
    split = load_data(put(f"<corpus>\n{pairs}</corpus>", tmp_path, "pairs.xml"))
    assert str(split.mapping) == "t + h → text, value → label"


def test_facts_without_names_ask_for_their_object(tmp_path: Path) -> None:
    relations = ("moored_at", "sailsTo", "owns")
    content = rows(lambda n: f"ship {n}\t{relations[n % 3]}\tpier {n % 5}")
    assert (
        str(load_data(put(content, tmp_path, "facts.tsv")).mapping) == "column 1 + column 2 → prompt, column 3 → answer"
    )
    content = rows(lambda n: f"ship {n}\t{relations[n % 3]}\t{said(n)}")
    assert load_data(put(content, tmp_path, "said.tsv")).mapping.kind == "labels"


@pytest.mark.parametrize("form", ["Converse", "InvokeModel", "LangChain"])
def test_what_was_sent_to_a_model_and_what_it_answered_is_a_conversation(form: str, tmp_path: Path) -> None:
    def record(n: int) -> dict[str, object]:
        sent = {"messages": [{"role": "user", "content": [{"text": asked(n)}]}]}
        answer = {"role": "assistant", "content": [{"text": said(n)}]}
        if form == "LangChain":
            made = [{"lc": 1, "id": ["langchain", name], "kwargs": {"content": text}}
                    for name, text in (("HumanMessage", asked(n)), ("AIMessage", said(n)))]  # fmt: skip
            return {"inputs": {"messages": [made[:1]]}, "outputs": {"generations": [[{"message": made[1]}]]}}
        body = {"output": {"message": answer}} if form == "Converse" else answer
        return {"modelId": "m", "input": {"inputBodyJson": sent}, "output": {"outputBodyJson": body}}

    split = load_data(put(lines(record), tmp_path, "log.jsonl"))
    assert {tuple(turn.content for turn in each.messages) for each in split.train} <= {
        (asked(n), said(n)) for n in range(12)
    }


def test_texts_as_bytes_some_of_which_are_damaged_are_named(tmp_path: Path) -> None:
    texts = [f"{asked(n)} Où ?".encode("latin-1" if n == 4 else "utf-8") for n in range(12)]
    moods = [mood(n) for n in range(12)]
    parquet.write_table(pa.table({"text": pa.array(texts, pa.binary()), "mood": moods}), tmp_path / "a.parquet")
    split = load_data(tmp_path / "a.parquet")
    assert [problem.row for problem in split.problems] == [5] and any("not valid UTF-8" in n for n in split.notes)
    latin = [text.decode("utf-8", "ignore").encode("latin-1") for text in texts]
    parquet.write_table(pa.table({"text": pa.array(latin, pa.binary()), "mood": moods}), tmp_path / "b.parquet")
    assert all("Où" in each.text for each in load_data(tmp_path / "b.parquet").train if each.row != 5)


def test_a_date_and_a_time_in_columns_of_their_own_are_the_time_of_a_message(tmp_path: Path) -> None:
    content = rows(
        lambda n: f"0{n // 8 + 1}.05.2024;{9 + n % 8 // 4 * 6}:0{n % 4};{('Ann', 'Bo')[n % 2]};{asked(n)}",
        24,
        "Datum;Uhrzeit;Absender;Nachricht",
    )
    path = put(content, tmp_path, "verlauf.csv")
    with pytest.raises(DataError, match="Ann"):
        load_data(path)
    chat = load_data(path, parsing=ParsingOptions(speaker="Bo"))
    assert len((*chat.train, *chat.held_out)) == 6  # two conversations a day


def test_a_talk_of_an_assistant_whose_first_message_has_a_parent_of_zeros_is_one(tmp_path: Path) -> None:
    talks = [
        {"messageId": f"{n}{side}", "parentMessageId": f"{n}q" if side == "a" else "00000000-0000-0000",
         "sender": sender, "isCreatedByUser": side == "q", "text": text}
        for n in range(8)
        for side, sender, text in (("q", "User", asked(n)), ("a", "GPT-4", said(n)))
    ]  # fmt: skip
    split = load_data(put(json.dumps({"title": "t", "messages": talks}), tmp_path, "talks.json"))
    assert split.mapping.kind == "messages" and len((*split.train, *split.held_out)) == 8


def test_answers_each_in_an_object_of_its_own_are_a_conversation(tmp_path: Path) -> None:
    def talk_of(n: int) -> dict[str, object]:
        said_by = (("human", asked(n)), ("ASSISTANT", said(n)))
        return {"conversation": {"title": "t"},
                "responses": [{"response": {"sender": who, "message": text}} for who, text in said_by]}  # fmt: skip

    split = load_data(put(json.dumps({"conversations": list(map(talk_of, range(8)))}), tmp_path, "export.json"))
    assert split.mapping.kind == "messages" and any("conversation (8)" in note for note in split.notes)


def test_a_file_for_each_intent_labels_the_texts_in_its_lists(tmp_path: Path) -> None:
    for name, first in (("book", 0), ("cancel", 20)):
        texts = [{"id": n, "data": [{"text": asked(first + n), "userDefined": False}]} for n in range(8)]
        put(json.dumps(texts), tmp_path, f"{name}_usersays_en.json")
    assert str(load_data(tmp_path).mapping).endswith("text → text, intent → label")


def test_the_turns_of_one_talk_with_versions_are_no_rows(tmp_path: Path) -> None:
    turns = [
        {"versions": [{"role": ("user", "assistant")[n % 2], "content": [{"type": "text", "text": asked(n)}]}],
         "currentlySelected": 0}
        for n in range(8)
    ]  # fmt: skip
    with pytest.raises(DataError, match="1 usable row"):
        load_data(put(json.dumps({"name": "t", "messages": turns}), tmp_path, "talk.json"))


def test_a_column_called_a_verdict_is_named_beside_a_label_that_the_text_tells(tmp_path: Path) -> None:
    content = rows(
        lambda n: f"Ferry {n} is {('late', 'gone', 'near')[n % 3]} today,{'xyz'[(n * 7 + n // 3) % 3]},{n % 3 > 0}",
        60,
        "text,ferry_sentiment,is_public",
    )
    split = load_data(put(content, tmp_path, "posts.csv"))
    assert split.mapping.answer == "ferry_sentiment" or "ferry_sentiment" in split.mapping.near


def test_few_values_of_a_column_called_a_verdict_are_labels_in_few_rows(tmp_path: Path) -> None:
    content = rows(lambda n: f"{asked(n)},{mood(n)}", 8, "text,ferry_sentiment")
    assert load_data(put(content, tmp_path, "posts.csv")).mapping.answer == "ferry_sentiment"


def test_where_a_row_is_from_is_not_asked_in_few_rows(tmp_path: Path) -> None:
    content = rows(lambda n: f'{("web", "app", "mail")[n % 3]},{asked(n)},"{said(n)}"', 8, "source,input,output")
    assert str(load_data(put(content, tmp_path, "few.csv")).mapping) == "input → prompt, output → answer"


def test_the_numbers_of_questions_are_no_answers(tmp_path: Path) -> None:
    split = load_data(put(rows(lambda n: f"{n},{asked(n)}", header="id,text"), tmp_path, "asked.csv"))
    assert str(split.mapping) == "text → plain text"


@pytest.mark.parametrize("names", [
    "Вопрос;Вариант 1;Вариант 2;Вариант 3;Правильный ответ", "问题;选项1;选项2;选项3;正确答案",
    "pregunta;opción 1;opción 2;opción 3;respuesta correcta", "soru;şık a;şık b;şık c;doğru cevap",
])  # fmt: skip
def test_choices_that_come_again_are_choices_by_their_names(names: str, tmp_path: Path) -> None:
    content = rows(lambda n: f"{asked(n)};{n % 4};{n % 4 + 1};{n % 4 + 2};{n % 3 + 1}", 30, names)
    assert load_data(put(content, tmp_path, "exam.csv")).mapping.kind == "choices"


@pytest.mark.parametrize("names", ["日期,发送者,消息", "dato,avsender,melding", "Tarih,Gönderen,Mesaj"])
@pytest.mark.parametrize("count", [5, 30])
def test_who_sent_a_message_is_asked_in_any_language_and_in_few_rows(names: str, count: int, tmp_path: Path) -> None:
    content = rows(lambda n: f"2024-05-0{n % 5 + 1} 10:{n:02},{('Ann', 'Bo')[n % 2]},{asked(n)}", count, names)
    with pytest.raises(DataError, match="speaker"):
        load_data(put(content, tmp_path, "chat.csv"))


@pytest.mark.parametrize("count", [5, 30])
def test_how_two_texts_are_related_is_their_label_in_few_rows(count: int, tmp_path: Path) -> None:
    words = ("ENTAILMENT", "CONTRADICTION", "UNKNOWN")
    content = rows(lambda n: f'"{said(n)}","{said(n + 1)}",{words[n % 3]}', count, "t,h,value")
    assert str(load_data(put(content, tmp_path, "few.csv")).mapping) == "t + h → text, value → label"


def test_ids_between_rows_are_named_as_not_used(tmp_path: Path) -> None:
    kinds = ("METHODS", "RESULTS")
    text = "".join(f"###{n}\n" * (n % 4 == 0) + f"{kinds[n % 2]}\t{said(n)}\n" + "\n" * (n % 4 == 3) for n in range(24))
    split = load_data(put(text, tmp_path, "dev.txt"))
    assert split.mapping.kind == "labels" and len((*split.train, *split.held_out)) == 24
    assert any("6 lines of ids" in note for note in split.notes)
