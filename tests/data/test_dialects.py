"""What is read of files in the dialects of other programs, beside the roles of their columns, and what is named."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.measurements import number_of
from ia3_studio.data.opening_names import system_columns
from ia3_studio.data.table import read_table
from ia3_studio.data.tool_calls import tools_of
from ia3_studio.errors import DataError
from tests.data.dialect_shapes import DIALECTS
from tests.data.exports import read_file, written
from tests.data.shapes import asked, berths, lines, mood, rows, said

PLACES = {each.what: each for each in DIALECTS}


def test_calls_in_parts_of_gemini_are_turns_and_its_tools_are_defined(tmp_path: Path) -> None:
    split = load_data(PLACES["calls of tools in parts (Gemini)"].write(tmp_path))
    turns = min(split.train, key=lambda each: each.row).messages
    assert [turn.role for turn in turns] == ["system", "system", "user", "assistant", "user", "assistant"][
        -len(turns) :
    ]
    assert '"pier"' in turns[-3].content and [tool["function"]["name"] for tool in tools_of(turns[0].tools)] == [
        "ferry"
    ]


@pytest.mark.parametrize("part", [{"inlineData": {"data": "AA"}}, {"fileData": {"uri": "x"}}])
def test_parts_that_are_neither_text_nor_calls_are_listed(part: dict[str, object], tmp_path: Path) -> None:
    answer = {"role": "model", "parts": [{"text": "Aye."}]}
    talks = [{"contents": [{"role": "user", "parts": [{"text": asked(n)}]}, answer]} for n in range(11)]
    split = load_data(written([*talks, {"contents": [{"role": "user", "parts": [part]}, answer]}], tmp_path))
    assert [problem.row for problem in split.problems] == [12]


def test_definitions_of_tools_are_found_in_the_forms_of_three_apis() -> None:
    schema = {"type": "object", "properties": {"pier": {"type": "integer"}}}
    gemini = [{"functionDeclarations": [{"name": "ferry", "parameters": schema}]}]
    bedrock = {"tools": [{"toolSpec": {"name": "ferry", "inputSchema": {"json": schema}}}]}
    anthropic = [{"name": "ferry", "input_schema": schema}]
    for form in (gemini, bedrock, anthropic):
        assert tools_of(json.dumps(form))[0]["function"] == {"name": "ferry", "parameters": schema}


def test_calls_of_responses_that_follow_each_other_are_one_turn(tmp_path: Path) -> None:
    call = {"type": "function_call", "name": "ferry", "arguments": "{}"}
    items = [{**call, "call_id": "a"}, {**call, "call_id": "b"}]
    results = [{"type": "function_call_output", "call_id": each, "output": "9:15"} for each in "ab"]
    talks = [{"messages": [{"role": "user", "content": asked(n)}, *items, *results,
                           {"role": "assistant", "content": said(n)}]} for n in range(9)]  # fmt: skip
    turns = load_data(written(talks, tmp_path)).train[0].messages
    assert [turn.role for turn in turns] == ["user", "assistant", "user", "user", "assistant"]


def test_marks_at_the_end_of_turns_and_the_name_before_a_system_prompt_are_not_learned(tmp_path: Path) -> None:
    talk = "USER: {}\n\n\nASSISTANT: {} <|endoftext|>\n\n\nUSER: Thanks\n\n\nASSISTANT: Bye. <|endoftext|>\n\n\n"
    rows_ = [{"system": "SYSTEM: Be brief.", "chat": talk.format(asked(n), said(n))} for n in range(9)]
    turns = load_data(written(rows_, tmp_path)).train[0].messages
    assert turns[0].content == "Be brief." and not any("<|" in turn.content for turn in turns)


def test_the_accepted_answer_is_learned_and_the_others_are_named(tmp_path: Path) -> None:
    found = read_file(PLACES["questions with accepted answers (Stack Exchange)"].write(tmp_path))
    assert found.said[0] == [("user", asked(0)), ("assistant", said(0))]
    assert "other answers (12)" in found.notes


def test_names_in_brackets_begin_and_go_on(tmp_path: Path) -> None:
    found = read_file(PLACES["names in brackets (OntoNotes)"].write(tmp_path))
    assert found.examples[0].labels == ("B-SHIP", "I-SHIP", "O", "B-PORT")


def test_two_objects_in_a_line_are_two_rows_and_half_a_line_is_damaged(tmp_path: Path) -> None:
    each = [json.dumps({"prompt": asked(n), "answer": said(n)}) for n in range(12)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([*each[:4], each[4] + each[5], *each[6:11], each[11][:20]]))
    split = load_data(path)
    assert len((*split.train, *split.held_out)) == 11 and [problem.row for problem in split.problems] == [12]


def test_marks_of_footnotes_are_no_words_of_a_cell(tmp_path: Path) -> None:
    mark = '<sup class="reference"><a href="#n">&#91;1&#93;</a></sup><style>.a{}</style>'
    cells = "".join(f"<tr><td>{asked(n)}</td><td>{said(n)}{mark}</td><td>m<sup>2</sup></td></tr>" for n in range(9))
    path = tmp_path / "wiki.html"
    path.write_text(f"<table><tr><th>prompt<th>answer<th>unit</tr>{cells}</table>")
    table = read_table(path)
    assert table.frame["answer"].tolist() == [said(n) for n in range(9)] and set(table.frame["unit"]) == {"m2"}
    assert any("footnotes" in note for note in table.notes)


def test_a_script_that_is_a_program_is_refused_and_passed_over_beside_data(tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text("function page() { return 1; }")
    with pytest.raises(DataError, match="program"):
        load_data(tmp_path / "page.js")
    (tmp_path / "rows.csv").write_text(rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label"))
    split = load_data(tmp_path)
    assert len((*split.train, *split.held_out)) == 12 and "Not read: page.js." in split.notes


def test_two_copies_of_a_table_are_read_once(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    content = rows(lambda n: f'{asked(n)},"{said(n)}"', header="Question,Answer")
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("FAQ 1a2b.csv", "FAQ 1a2b_all.csv"):
            archive.writestr(name, content)
    split = load_data(path)
    assert len((*split.train, *split.held_out)) == 12 and "Not read: FAQ 1a2b_all.csv." in split.notes


def test_columns_of_answers_that_are_the_same_in_all_rows_are_no_preferences(tmp_path: Path) -> None:
    given = [{"response": "No.", "overall_score": 2.0}, {"response": "Aye.", "overall_score": 8.0}]
    records = [{"instruction": asked(n), "completions": given, "correct_answers": ["None"],
                "incorrect_answers": ["None"]} for n in range(12)]  # fmt: skip
    chosen = load_data(written(records, tmp_path)).train[0]
    assert chosen.messages[-1].content == "Aye." and chosen.rejected[-1].content == "No."


def test_categories_of_two_sides_are_one_label_each(tmp_path: Path) -> None:
    kinds = ("FOOD#PRICES", "FOOD#QUALITY", "SERVICE#GENERAL", "SHIP#GENERAL")
    path = tmp_path / "aspects.csv"
    path.write_text(rows(lambda n: f"{asked(n)},{kinds[n % 4]}", 24, header="text,label"))
    assert str(load_data(path).mapping) == "text → text, label → label"


def test_lines_of_kakaotalk_are_messages(tmp_path: Path) -> None:
    talk = [f"[민지] [오후 3:1{n}] {n}번 배는 언제 떠나요?\n[항구] [오후 3:1{n}] {n}시에 떠납니다.\n" for n in range(5)]
    days = (f"--------------- 2024년 5월 {n + 1}일 금요일 ---------------\n{each}" for n, each in enumerate(talk))
    path = tmp_path / "KakaoTalk.txt"
    path.write_text(f"항구 님과 카카오톡 대화\n저장한 날짜 : 2024-05-20\n\n{''.join(days)}", encoding="utf-8")
    assert set(read_table(path).speakers) == {"민지", "항구"}


def test_chats_with_characters_are_a_conversation_per_file(tmp_path: Path) -> None:
    for chat in range(3):
        said_ = [{"name": "Tom", "is_user": n % 2 > 0, "mes": berths(n + chat)[0]} for n in range(4)]
        (tmp_path / f"{chat}.jsonl").write_text(lines(lambda n, each=said_: each[n], 4))
        head = json.dumps({"user_name": "You", "character_name": "Tom", "chat_metadata": {}})
        (tmp_path / f"{chat}.jsonl").write_text(f"{head}\n{(tmp_path / f'{chat}.jsonl').read_text()}")
    split = load_data(tmp_path)
    assert len((*split.train, *split.held_out)) == 3


def test_cells_of_a_page_that_go_over_rows_and_columns_keep_the_others_in_their_columns(tmp_path: Path) -> None:
    cells = "".join(
        f"<tr>{f'<td rowspan=3>{mood(n // 3)}</td>' if n % 3 == 0 else ''}<td>{asked(n)}</td>"
        + ("<td colspan=2>both</td>" if n == 4 else f"<td>{n}</td><td>x</td>")
        for n in range(9)
    )
    path = tmp_path / "page.html"
    path.write_text(f"<table><tr><th>label<th>text<th>no<th>mark</tr>{cells}</table>")
    frame = read_table(path).frame
    assert frame["label"].tolist() == [mood(n // 3) for n in range(9)]
    assert frame["text"].tolist() == [asked(n) for n in range(9)] and frame["no"].tolist()[4:6] == ["both", "5"]


def test_the_longest_table_of_a_markdown_page_is_read(tmp_path: Path) -> None:
    about = "| Field | Meaning |\n|---|---|\n| prompt | asked |\n\nThe rows:\n\n"
    path = tmp_path / "page.md"
    path.write_text(f"{about}| prompt | answer |\n|---|---|\n" + rows(lambda n: f"| {asked(n)} | {said(n)} |"))
    assert str(load_data(path).mapping) == "prompt → prompt, answer → answer"


def test_lists_beside_folders_of_classes_and_texts_without_a_class_are_not_read(tmp_path: Path) -> None:
    for split, kind in ((split, kind) for split in ("train", "test") for kind in ("pos", "neg", "unsup")):
        (tmp_path / split / kind).mkdir(parents=True)
        for n in range(1 if kind == "unsup" else 6):
            (tmp_path / split / kind / f"{n}.txt").write_text(f"{asked(n)} {split} {kind}")
    (tmp_path / "train" / "urls.txt").write_text("https://example.org")
    split = load_data(tmp_path)
    assert {label for each in split.train for label in each.labels} == {"pos", "neg"}
    assert (len(split.train), len(split.held_out)) == (12, 12)
    assert any("train/urls.txt" in note for note in split.notes)


def test_files_without_an_ending_are_texts_of_the_classes_of_their_folders(tmp_path: Path) -> None:
    for kind in ("rec.boats", "sci.tides"):
        (tmp_path / kind).mkdir()
        for n in range(6):
            (tmp_path / kind / str(51060 + n)).write_text(f"{asked(n)} {kind}")
    split = load_data(tmp_path)
    assert {label for each in (*split.train, *split.held_out) for label in each.labels} == {"rec.boats", "sci.tides"}


def test_minus_signs_of_typography_are_those_of_numbers() -> None:
    assert [number_of(cell) for cell in ("\u22123,5 °C", "–2 °C", "–", "3–5")] == [-3.5, -2.0, None, None]


def test_the_first_of_words_with_phrases_is_a_row(tmp_path: Path) -> None:
    words = ("abaft", "bilge", "capstan", "dinghy", "fathom", "gunwale", "halyard", "keel", "leeward", "painter")
    lines_ = [f"{word}\tein Wort der See{' an Bord' * (n % 3)}" for n, word in enumerate(words)]
    path = tmp_path / "words.txt"
    path.write_text("\n".join(lines_))
    assert len(read_table(path).frame) == len(words)
    path.write_text("\n".join(["term\tmeaning in German", *lines_]))
    assert list(read_table(path).frame.columns) == ["term", "meaning in German"]


def test_turns_that_numpy_prints_and_json_that_was_written_twice_are_conversations(tmp_path: Path) -> None:
    turns = [[{"role": "user", "content": asked(n)}, {"role": "assistant", "content": said(n)}] for n in range(9)]
    printed = ["[" + "\n ".join(map(str, each)) + "]" for each in turns]
    for cells in (printed, [json.dumps(json.dumps(each)) for each in turns]):
        pd.DataFrame({"messages": cells}).to_csv(tmp_path / "talks.csv", index=False)
        found = read_file(tmp_path / "talks.csv")
        assert found.said[0] == [("user", asked(0)), ("assistant", said(0))] and len(found.said) == 9


def test_a_subject_that_is_the_same_for_all_questions_is_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "exam.csv"
    path.write_text(rows(lambda n: f"harbors,{asked(n)},{','.join(berths(n)[:3])},{'ABC'[n % 3]}"))
    assert str(load_data(path).mapping).startswith("column 2 → question, column 3")


def test_headings_of_instructions_and_responses_are_those_of_prompts_and_answers(tmp_path: Path) -> None:
    path = tmp_path / "alpaca.txt"
    path.write_text("\n\n".join(f"### Instruction:\n{asked(n)}\n\n### Response:\n{said(n)}" for n in range(9)))
    assert read_file(path).said[8] == [("user", asked(8)), ("assistant", said(8))]


def test_what_exports_of_annotations_say_besides_is_named(tmp_path: Path) -> None:
    result = {"type": "choices", "from_name": "mood", "value": {"choices": ["calm"]}}
    tasks = [{"id": n + 1, "inner_id": 0, "data": {"text": asked(n)}, "annotations": [{"result": [result]}]}
             for n in range(6)]  # fmt: skip
    answers = [{"text": asked(n), "options": [{"id": "A"}, {"id": "B"}], "accept": ["AB"[n % 2]], "answer": "accept",
                "_input_hash": n, "_task_hash": n} for n in range(6)]  # fmt: skip
    records = [{"id": str(n), "status": "completed", "fields": {"text": asked(n)}, "suggestions": {},
                "responses": {"mood": [{"value": mood(n), "user_id": "u"}]}} for n in range(6)]  # fmt: skip
    for document, names in (
        (tasks, ("id (6)", "inner_id (6)")),
        (answers, ("_task_hash (6)",)),
        (records, ("id (6)",)),
    ):
        notes = read_file(written(document, tmp_path)).notes
        assert all(name in notes for name in names)


def test_a_table_that_lists_the_texts_of_class_folders_is_not_read(tmp_path: Path) -> None:
    for n in range(12):
        path = tmp_path / mood(n) / f"mail_{n}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{asked(n)}\n\nRegards")
    (tmp_path / "labels.csv").write_text(rows(lambda n: f"mail_{n}.txt,{mood(n)}", header="file,label"))
    split = load_data(tmp_path)
    assert str(split.mapping) == "text → text, label → label" and "Not read: labels.csv." in split.notes


def test_numbers_of_the_better_answer_are_no_third_answer(tmp_path: Path) -> None:
    records = [{"Вопрос": asked(n), "Ответ 1": said(n), "Ответ 2": "Не знаю.", "Лучший ответ": "1"} for n in range(9)]
    split = load_data(written(records, tmp_path))
    assert str(split.mapping) == "Вопрос → prompt, chosen → chosen answer, rejected → rejected answer"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("System-Prompt", True), ("Systemnachricht", True), ("prompt systemowy", True), ("mensaje del sistema", True),
     ("システムプロンプト", True), ("systematic review", False), ("system type", False), ("operating_system", False)],
)  # fmt: skip
def test_system_prompts_are_known_by_their_names(name: str, is_one: bool) -> None:
    assert system_columns([name]) == [name] * is_one


def test_the_history_of_a_patient_is_no_history_of_turns(tmp_path: Path) -> None:
    records = [
        {"history": f"Seasick since day {n}, no fever.", "prompt": asked(n), "answer": said(n)} for n in range(9)
    ]
    split = load_data(written(records, tmp_path))
    assert split.mapping.history == "" and "history" in split.unused
