"""Instructions and conversations that are written down for training are read turn by turn, or the file says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.conversations import Message
from ia3_studio.errors import DataError
from tests.data.shapes import asked, lines, rows, said
from tests.data.talk_shapes import KEEPER, TALKS
from tests.data.test_public_files import examples, read

BY_NAME = {shape.name: shape for shape in TALKS}


def turns(name: str, folder: Path, place: int = 1) -> list[tuple[str, str]]:
    found = examples(load_data(BY_NAME[name].write(folder)))
    return [(turn.role, turn.content) for turn in found[place].messages]


@pytest.mark.parametrize("shape", TALKS, ids=lambda shape: shape.what)
def test_a_shape_is_read_as_its_row_says(shape, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    split = load_data(shape.write(tmp_path))
    assert (str(split.mapping), len(examples(split))) == (shape.mapping, shape.rows)


@pytest.mark.parametrize("name", ["chatml.jsonl", "inst.jsonl"])
def test_tokens_of_a_chat_template_are_no_words_of_a_turn(name: str, tmp_path: Path) -> None:
    assert turns(name, tmp_path) == [("system", KEEPER), ("user", asked(1)), ("assistant", said(1))]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<|start_header_id|>{}<|end_header_id|>\n\n", "<|eot_id|>"),
        ("<start_of_turn>{}\n", "<end_of_turn>\n"),
        ("<|{}|>\n", "</s>\n"),
        ("<｜{}｜>", ""),
    ],
)
def test_turns_of_other_templates_are_found_by_their_tokens(begin: str, end: str, tmp_path: Path) -> None:
    def text(n: int) -> str:
        return "".join(
            begin.format(role) + content + end for role, content in (("user", asked(n)), ("assistant", "No"))
        )

    found = examples(read(tmp_path, "a.jsonl", lines(lambda n: {"text": text(n)})))
    assert [turn.content for turn in found[0].messages] == [asked(0), "No"]


def test_answers_beside_prompts_in_tokens_end_without_them(tmp_path: Path) -> None:
    assert turns("pairs.jsonl", tmp_path) == [("user", asked(1)), ("assistant", said(1))]
    table = lines(lambda n: {"prompt": f"<|user|>\n{asked(n)}<|end|>\n<|assistant|>\n", "completion": "No.<|end|>"})
    assert examples(read(tmp_path, "a.jsonl", table))[0].messages[-1].content == "No."


def test_a_text_on_tokens_is_no_conversation(tmp_path: Path) -> None:
    table = lines(lambda n: {"text": f"The token <|im_end|> ends turn number {n} of a harbor."})
    assert str(read(tmp_path, "a.jsonl", table).mapping) == "text → plain text"


def test_what_stands_between_blank_lines_of_a_turn_stays_in_it(tmp_path: Path) -> None:
    assert turns("talks.txt", tmp_path)[3:] == [
        ("assistant", "Here it is:\n\n1. Ferry: 1\n2. Note: none\n\nIs that right?"),
        ("user", "Yes."),
    ]


def test_somebody_who_speaks_as_often_as_the_others_is_nobody_s_words(tmp_path: Path) -> None:
    talk = "User: Ahoy\nAssistant: Hello\nHarbor: Fog\nUser: Bye\nAssistant: Bye\nHarbor: Rain\n---\n"
    assert read(tmp_path, "a.txt", talk * 6).mapping.kind == "text"


def test_a_conversation_in_one_block_says_that_its_answers_stand_alone(tmp_path: Path) -> None:
    split = read(tmp_path, "a.txt", "".join(f"User: {asked(n)}\nBot: {said(n)}\n" for n in range(12)))
    assert len(examples(split)) == 12 and any("blank lines" in note for note in split.notes)


def test_questions_and_answers_in_one_block_stand_alone_without_a_word(tmp_path: Path) -> None:
    split = read(tmp_path, "a.txt", "".join(f"Q: {asked(n)}\nA: {said(n)}\n" for n in range(12)))
    assert len(examples(split)) == 12 and not split.notes


def test_a_bold_question_ends_with_its_last_word(tmp_path: Path) -> None:
    split = read(tmp_path, "a.txt", "".join(f"**Q{n}: {asked(n)}**\n\nA{n}: {said(n)}\n\n" for n in range(12)))
    assert examples(split)[0].messages[0].content == asked(0)


def test_what_stands_above_each_instruction_of_a_text_is_no_part_of_the_response_before_it(tmp_path: Path) -> None:
    above = "Below is an instruction. Write a response.\n\n"
    parts = (f"{above}### Instruction:\n{asked(n)}\n\n### Response:\n{said(n)}\n\n" for n in range(12))
    found = examples(read(tmp_path, "a.txt", "".join(parts)))
    assert [turn.content for turn in found[0].messages] == [asked(0), said(0)] and len(found) == 12


@pytest.mark.parametrize("rule", ["---\n", "\n"])
def test_talks_of_one_exchange_between_rules_or_below_headings(rule: str, tmp_path: Path) -> None:
    talks = (f"=== Talk {n} ===\nUser: {asked(n)}\nBot: {said(n)}\n{rule}" for n in range(12))
    found = examples(read(tmp_path, "a.txt", "".join(talks)))
    assert [turn.content for turn in found[0].messages] == [asked(0), said(0)] and len(found) == 12


def test_a_column_on_a_system_of_another_kind_is_no_system_prompt(tmp_path: Path) -> None:
    table = lines(lambda n: {"operating_system": "Windows ten at home", "question": asked(n), "answer": said(n)})
    assert not read(tmp_path, "a.jsonl", table).mapping.system


def test_talks_without_speakers_that_begin_with_an_offer_of_help_are_begun_by_the_assistant(tmp_path: Path) -> None:
    said_first = "Hello, how can I help you?"
    talks = [[said_first, asked(n), said(n), "Thanks."][: 3 + n % 2] for n in range(12)]
    split = read(tmp_path, "a.json", json.dumps(talks))
    assert [turn.role for turn in examples(split)[0].messages][:2] == ["assistant", "user"]


def test_texts_in_quotes_of_one_line_each_stay_as_they_are(tmp_path: Path) -> None:
    split = read(tmp_path, "a.txt", "".join(f'"{asked(n)}"\n' for n in range(12)))
    assert examples(split)[0].text.startswith('"')


def test_a_dialogue_system_that_speaks_first_is_the_assistant(tmp_path: Path) -> None:
    assert [role for role, _said in turns("system.csv", tmp_path)] == ["assistant", "user", "assistant"]


def test_a_text_that_tells_what_is_given_is_no_system_prompt(tmp_path: Path) -> None:
    table = lines(lambda n: {"note": "You are given a ferry.", "question": asked(n), "answer": said(n)})
    assert not read(tmp_path, "a.jsonl", table).mapping.system


def test_what_the_desk_does_is_not_said_in_its_conversations(tmp_path: Path) -> None:
    assert turns("chatwoot.json", tmp_path) == [("user", asked(1)), ("assistant", said(1))]


def test_numbered_classes_stay_classes(tmp_path: Path) -> None:
    text = json.dumps({f"class{n}": [f"{asked(n)} {m}" for m in range(3 + n)] for n in range(4)})
    assert str(read(tmp_path, "a.json", text).mapping) == "text → text, label → label"


def test_answers_that_are_all_voted_down_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rating"):
        read(tmp_path, "a.csv", rows(lambda n: f'"{asked(n)}","{said(n)}",down', 12, header="question,answer,rating"))


def test_answers_that_nobody_voted_on_are_listed(tmp_path: Path) -> None:
    table = lines(lambda n: {"question": asked(n), "answer": said(n), "rating": ("up", "down", "")[n % 3]}, 24)
    split = read(tmp_path, "a.jsonl", table)
    assert split.mapping.flag == "rating" and (len(examples(split)), len(split.problems)) == (16, 8)


def test_rows_of_nothing_in_a_list_are_listed(tmp_path: Path) -> None:
    text = "[" + ",".join(f'{{"prompt": "{asked(n)}", "answer": "{said(n)}"}}' for n in range(6)) + ",null,{}]"
    assert [problem.row for problem in read(tmp_path, "a.json", text).problems] == [7, 8]


def test_one_line_without_a_tab_is_a_damaged_row_of_a_table(tmp_path: Path) -> None:
    text = "".join(f"{asked(n)}\t{said(n)}\n" for n in range(12)) + "closed!\n"
    split = read(tmp_path, "a.txt", text)
    assert split.mapping.kind == "pairs" and len(examples(split)) == 12 and split.problems


def test_a_call_is_written_where_the_answer_is_an_object(tmp_path: Path) -> None:
    found = examples(load_data(BY_NAME["calls.jsonl"].write(tmp_path)))[1].messages
    assert isinstance(found[-1], Message) and '"leave"' in found[-1].content and found[-2].content == asked(1)
