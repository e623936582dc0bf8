"""What rows of everyday training files mean: choices that an answer names, lists that are one answer, mixed quizzes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from ia3_studio import ParsingOptions, load_data, ways_to_read
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError


def _jsonl(folder: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _text(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def _examples(data: DataSplit) -> list[Example]:
    return sorted((*data.train, *data.held_out), key=lambda example: example.row)


def _spoken(data: DataSplit) -> list[tuple[str, ...]]:
    return [tuple(turn.content for turn in example.messages) for example in _examples(data)]


@pytest.mark.parametrize("is_nested", [False, True])
def test_columns_that_the_answer_names_are_the_choices(tmp_path: Path, is_nested: bool) -> None:
    def side(text: str) -> object:
        return {"label": text} if is_nested else text

    rows = [
        {
            "text": f"Which light is brighter at pier {n}?",
            "left": side(f"the red lamp {n}"),
            "right": side(f"the green lamp {n}"),
            "answer": ("left", "right")[n % 2],
        }
        for n in range(6)
    ]
    first, second, *_rest = _examples(load_data(_jsonl(tmp_path, rows)))
    assert first.choices == ("the red lamp 0", "the green lamp 0") and first.labels == ("the red lamp 0",)
    assert second.labels == ("the green lamp 1",)


def test_columns_of_numbers_that_a_label_names_are_no_choices(tmp_path: Path) -> None:
    rows = [
        {"text": f"The ferry of pier {n} was late", "good": n / 10, "bad": 1 - n / 10, "label": ("good", "bad")[n % 2]}
        for n in range(10)
    ]
    assert str(load_data(_jsonl(tmp_path, rows)).mapping).startswith("text → text, label → label")


ACTIONS = ("moor_ship", "wait_here", "ask_office", "ring_bell", "light_lamp", "close_gate")


def test_a_prompt_is_asked_before_an_object_of_two_texts_is_a_pair(tmp_path: Path) -> None:
    rows = [
        {
            "prompt": f"You are the keeper of pier {n}. Decide what to do next with the ferry that has just arrived.",
            "action": {"action_type": ACTIONS[n], "content": f"Rope {n}"},
        }
        for n in range(6)
    ]
    spoken = _spoken(load_data(_jsonl(tmp_path, rows)))
    assert spoken[1][0].startswith("You are the keeper of pier 1.")
    assert json.loads(spoken[1][1]) == {"action_type": "wait_here", "content": "Rope 1"}


STEPS = ["Open the hatch", "Lower the rope slowly", "Call the harbor office", "Wait for the green light"]


def test_a_list_of_steps_is_one_answer_and_is_named(tmp_path: Path) -> None:
    rows = [
        {"instruction": f"How do I moor ship {n}?", "output": [*STEPS, f"Write {n} into the book"]} for n in range(6)
    ]
    path = _jsonl(tmp_path, rows)
    data = load_data(path)
    assert _spoken(data)[2] == ("How do I moor ship 2?", "\n".join([*STEPS, "Write 2 into the book"]))
    assert any("output" in note and "one answer" in note for note in data.notes)
    other = next(each for each in ways_to_read(path) if each.mapping.lists == "several")
    apart = load_data(path, mapping=other.mapping)
    assert "several answers" in str(other.mapping)
    assert len(_examples(apart)) == 30 and _spoken(apart)[0] == ("How do I moor ship 0?", STEPS[0])


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("outputs", STEPS),  # a name in the plural
        ("output", ["The ferry leaves at nine", "The ferry leaves at nine sharp", "At nine the ferry leaves"]),
        ("output", ["nine", "9", "at nine"]),  # short and alike
        ("output", ["At nine, from pier two"]),  # one
    ],
)
def test_other_lists_are_several_answers(tmp_path: Path, name: str, answers: list[str]) -> None:
    rows = [{"instruction": f"When does ferry {n} leave?", name: answers} for n in range(6)]
    data = load_data(_jsonl(tmp_path, rows))
    assert len(_examples(data)) == 6 * len(answers)
    assert any("several answers" in note for note in data.notes) == (len(answers) > 1)


def test_an_object_of_questions_may_have_a_list_among_its_answers(tmp_path: Path) -> None:
    answers: dict[str, object] = {f"where is pier {n}": f"Pier {n} is behind hall {n}." for n in range(6)}
    answers["where to park"] = ["Behind the main gate"]
    data = load_data(_text(tmp_path, "qa.json", json.dumps(answers)))
    assert _spoken(data)[-1] == ("where to park", "Behind the main gate")
    assert len(_examples(data)) == 7


def test_an_answer_is_the_whole_object_if_inner_objects_say_more_than_its_text(tmp_path: Path) -> None:
    def row(n: int, feedback: str) -> dict[str, object]:
        output = {
            "rebuttal": f"Boat {n} was early enough, I think",
            "feedback": {"weak": feedback},
            "marks": {"sum": n},
        }
        return {"instruction": "Answer the claim", "input": f"Boat {n} is always late", "output": output}

    more = load_data(_jsonl(tmp_path, (row(n, f"You gave no reason for claim {n}") for n in range(6))))
    assert more.mapping.answer == "output" and "You gave no reason for claim 0" in _spoken(more)[0][1]
    parts = load_data(_jsonl(tmp_path, (row(n, f"Boat {n} was early enough") for n in range(6))))
    assert parts.mapping.answer == "output.rebuttal"


def test_questions_of_other_kinds_do_not_hide_the_choices_of_a_quiz(tmp_path: Path) -> None:
    rows = [
        f"q{n},mcq,Which rope is used at pier {n}?,hemp{n}|steel{n}|nylon{n},{n % 3},Because of the weather {n}"
        for n in range(6)
    ]
    rows += [f"t{n},true_false,The ferry {n} has two decks,,{str(n % 2 == 0).lower()},See page {n}" for n in range(4)]
    rows += ["d0,match,Put in order,drag1:a|drag2:b;drop1:c|drop2:d,,See page 9"]
    data = load_data(_text(tmp_path, "quiz.csv", "\n".join(["id,type,question,options,correct_answer,why", *rows])))
    assert data.mapping.kind == "choices"
    assert [each.labels[0] for each in _examples(data)] == ["hemp0", "steel1", "nylon2", "hemp3", "steel4", "nylon5"]
    assert {problem.row for problem in data.problems} == {7, 8, 9, 10, 11}


@pytest.mark.parametrize(("oneself", "other"), [("YOU", "THEM"), ("Me", "Stranger")])
def test_in_a_talk_with_them_you_give_the_answers(tmp_path: Path, oneself: str, other: str) -> None:
    rows = [
        {"dialogue": [[other, f"Is berth {n} free?"], [oneself, f"Berth {n} is yours."], [other, "Thanks."]]}
        for n in range(4)
    ]
    data = load_data(_text(tmp_path, "talks.json", json.dumps(rows)))
    first = _examples(data)[0]
    assert [(turn.role, turn.content) for turn in first.messages[:2]] == [
        ("user", "Is berth 0 free?"),
        ("assistant", "Berth 0 is yours."),
    ]
    assert any(oneself in note for note in data.notes)


def test_what_a_prompt_asks_to_find_in_a_text_is_answered_by_the_list_of_it(tmp_path: Path) -> None:
    rows = [
        {
            "content": f"Ann of pier {n}, phone 55{n}",
            "result_list": [{"text": f"55{n}", "start": 16, "end": 19}] if n % 2 else [],
            "prompt": "phone",
        }
        for n in range(6)
    ]
    spoken = _spoken(load_data(_jsonl(tmp_path, rows)))
    assert spoken[0] == ("phone\n\nAnn of pier 0, phone 550", "[]")
    assert json.loads(spoken[1][1])[0]["text"] == "551"


def test_an_object_is_turned_into_the_object_of_what_is_true_and_not_into_what_a_system_said(tmp_path: Path) -> None:
    def heard(n: int) -> dict[str, object]:
        return {"text": f"moor at berth {n}", "intent": "moor"}

    rows = [
        {
            "sample_id": f"s-{n}",
            "task_types": ["asr", "nlu"],
            "input_data": {"text": f"moor at berth {n}"},
            "audio_info": {"ms": 800 + n},
            "reference": heard(n),
            "system_output": {**heard(n), "latency_ms": n},
        }
        for n in range(6)
    ]
    data = load_data(_jsonl(tmp_path, rows))
    assert str(data.mapping) == "input_data.text → prompt, reference → answer"
    assert {"system_output", "audio_info", "task_types"} <= {*data.unused}


@pytest.mark.parametrize(("length", "is_context"), [(1, False), (8, True)])
def test_notes_belong_to_a_question_only_where_they_are_long(tmp_path: Path, length: int, is_context: bool) -> None:
    rows = [
        {
            "query": f"When does ferry number {n} leave the pier?",
            "answer": f"At {n} o'clock.",
            "notes": f"A fact that was asked on day {n}. " * length,
        }
        for n in range(6)
    ]
    assert (load_data(_jsonl(tmp_path, rows)).mapping.context == "notes") == is_context


def test_a_line_of_a_dialogue_is_a_text_even_if_one_begins_in_brackets(tmp_path: Path) -> None:
    rows = [
        {
            "speaker": ("Ann", "Bo")[n % 2],
            "dialogue": f"{'[sighs] ' * (n == 3)}The ferry of pier {n} is late",
            "local_summary": f"Somebody waits for the ferry of pier {n}, again, and says what they feel about it",
            "emotion": ("sad", "glad")[n % 2],
        }
        for n in range(12)
    ]
    assert str(load_data(_jsonl(tmp_path, rows)).mapping) == "dialogue → text, emotion → label"


def test_requests_with_a_tool_and_its_arguments_are_tool_calls(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"prompt": f"free berth {n}?", "tool": "berths", "args": {"pier": n}, "is_refusal": False} for n in range(5)
    ]
    rows.append({"prompt": "Are you real?", "tool": None, "args": None, "is_refusal": True})
    data = load_data(_jsonl(tmp_path, rows))
    first = _examples(data)[0]
    assert first.messages[0].content == "free berth 0?" and first.messages[-1].role == "assistant"
    assert "berths" in first.messages[-1].content + first.messages[-1].native
    assert [problem.row for problem in data.problems] == [6]
    assert any("is_refusal" in note for note in (*data.notes, *data.unused))


@pytest.mark.parametrize(
    "called",
    [
        {"action": "berths", "action_input": {"pier": 3}},
        {"function": "berths", "arguments": '{"pier": 3}'},
        {"expected_tool": "berths", "expected_args": {"pier": 3}},
        {"tool_calls": [{"name": "berths", "arguments": {"pier": 3}}]},
        {"tool_calls": [{"type": "function", "function": {"name": "berths", "arguments": '{"pier": 3}'}}]},
    ],
)
def test_a_tool_and_its_arguments_have_several_names(tmp_path: Path, called: dict[str, object]) -> None:
    data = load_data(_jsonl(tmp_path, ({"query": f"Is berth {n} free?", **called} for n in range(6))))
    turn = _examples(data)[0].messages[-1]
    assert json.loads(turn.content or turn.native) == {"name": "berths", "arguments": {"pier": 3}}


def test_a_tool_next_to_an_answer_is_a_fact_of_the_row(tmp_path: Path) -> None:
    rows = [
        {"query": f"Is berth {n} free?", "tool": "berths", "args": {"pier": n}, "answer": f"Berth {n} is free."}
        for n in range(6)
    ]
    assert load_data(_jsonl(tmp_path, rows)).mapping.answer == "answer"


@pytest.mark.parametrize("is_included", [True, False])
def test_spans_by_type_and_text_end_where_their_text_does_and_texts_without_any_are_kept(
    tmp_path: Path, is_included: bool
) -> None:
    def row(n: int) -> dict[str, object]:
        end = 8 if is_included else 9
        return {"text": f"At Turku {n} ferries wait", "label": {"port": {"Turku": [[3, end - 1]]}} if n % 4 else {}}

    data = load_data(_jsonl(tmp_path, map(row, range(8))))
    first, second, *_rest = _examples(data)
    assert len(_examples(data)) == 8 and set(first.labels) == {"O"}
    assert [word for word, tag in zip(second.words, second.labels, strict=True) if tag != "O"] == ["Turku"]


def test_intents_by_name_are_read_where_one_has_no_phrases(tmp_path: Path) -> None:
    bot = {
        "greeting": {"patterns": ["hi", "hello", "good morning"], "responses": ["Ahoy!"]},
        "berth": {"patterns": ["is a berth free", "any berth left"], "responses": ["Berth five.", "None left."]},
        "unknown": {"patterns": [], "responses": ["I did not understand that."]},
    }
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "intents.json").write_text(json.dumps(bot))
    for source in (tmp_path / "bot" / "intents.json", tmp_path / "bot"):
        data = load_data(source)
        assert [(each.text, each.labels) for each in _examples(data)][:2] == [
            ("hi", ("greeting",)),
            ("hello", ("greeting",)),
        ]
        assert any("1 intent without patterns" in note for note in data.notes)
    del bot["berth"]
    (tmp_path / "bot" / "paths.json").write_text(json.dumps(bot | {"bye": {"patterns": ["bye"], "responses": ["Bye"]}}))
    texts = [each.text for each in _examples(load_data(tmp_path / "bot"))]
    assert {"is a berth free", "bye"} <= {*texts}


_WORDS = ["The", "ferry", "Aurora", "leaves", "Turku", "harbor"]


def _ferries(first: object, second: object) -> list[dict[str, object]]:
    """Return rows of words with two spans each."""
    return [{"tokens": [*_WORDS, str(n)], "entities": [first, second], "relations": []} for n in range(4)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"type": "ship", "start": 1, "end": 3}, {"type": "port", "start": 4, "end": 6}),
        ({"type": "ship", "start": 1, "end": 2}, {"type": "port", "start": 4, "end": 4}),
        ({"type": "ship", "pos": [1, 3]}, {"type": "port", "pos": [4, 6]}),
        ([1, 2, "ship"], [4, 5, "port"]),
    ],
    ids=["behind the last word", "at the last word", "a pair of places", "lists"],
)
def test_spans_that_count_words_are_tags_of_these_words(tmp_path: Path, first: object, second: object) -> None:
    data = load_data(_jsonl(tmp_path, _ferries(first, second)))
    example = _examples(data)[0]
    ends_early = isinstance(second, dict) and second.get("end") == 4
    assert example.words == (*_WORDS, "0")
    assert example.labels == ("O", "B-ship", "I-ship", "O", "B-port", "O" if ends_early else "I-port", "O")


def test_a_span_behind_the_last_word_is_left_out_with_its_row(tmp_path: Path) -> None:
    rows = _ferries({"type": "ship", "start": 1, "end": 3}, {"type": "port", "start": 4, "end": 6}) * 100
    rows.append({"tokens": ["Ahoy"], "entities": [{"type": "port", "start": 0, "end": 4}], "relations": []})
    data = load_data(_jsonl(tmp_path, rows))
    assert len(_examples(data)) == 400 and [problem.row for problem in data.problems] == [401]


@pytest.mark.parametrize("is_keyed", [False, True])
def test_turns_of_one_conversation_are_its_exchanges(tmp_path: Path, is_keyed: bool) -> None:
    turns = [
        {"user_id": "a1", "role": role, "content": f"{role} {n}", "created_at": 1787490436.5 + n}
        for n in range(5) for role in ("user", "assistant")
    ]  # fmt: skip
    document = {f"{n:032x}": turn for n, turn in enumerate(turns)} if is_keyed else turns
    data = load_data(_text(tmp_path, "conversations.json", json.dumps(document)))
    assert _spoken(data) == [(f"user {n}", f"assistant {n}") for n in range(5)]


def test_names_of_files_beside_a_question_are_not_its_context(tmp_path: Path) -> None:
    rows = [
        {
            "question": f"When does ferry {n} leave?",
            "reference": f"The ferry leaves at {n} sharp.",
            "documents": ["ferries.md"],
        }
        for n in range(6)
    ]
    assert _spoken(load_data(_jsonl(tmp_path, rows)))[0] == ("When does ferry 0 leave?", "The ferry leaves at 0 sharp.")
    for n, row in enumerate(rows):
        row["documents"] = [f"Ferry {n} leaves every hour.", "The harbor is closed at night."]
    assert "every hour" in _spoken(load_data(_jsonl(tmp_path, rows)))[0][0]


def test_an_empty_one_of_several_answers_is_passed_over(tmp_path: Path) -> None:
    rows = [{"query": f"When does ferry {n} leave?", "generation_gt": ["", f"It leaves at {n}."]} for n in range(6)]
    data = load_data(_jsonl(tmp_path, rows))
    assert _spoken(data)[0] == ("When does ferry 0 leave?", "It leaves at 0.") and not data.problems


def test_words_are_prompts_of_their_spelling_in_latin_letters(tmp_path: Path) -> None:
    words = [("いぬ", "inu"), ("ねこ", "neko"), ("でんしゃ", "densha"), ("きって", "kitte")]
    rows = [{"word": word, "difficulty": n % 3, "roma": roma} for n, (word, roma) in enumerate(words)]
    assert _spoken(load_data(_jsonl(tmp_path, rows))) == words


def test_an_object_of_results_is_the_answer_as_a_whole(tmp_path: Path) -> None:
    def row(n: int, **more: object) -> dict[str, object]:
        found = {"symptoms": ["pain"], "urgency": "Low", "next_steps": [f"Rest for {n} hours."], **more}
        return {"id": f"s{n}", "userQuery": f"I am in pain since {n} days", "result": found}

    said = _spoken(load_data(_jsonl(tmp_path, [row(n) for n in range(6)])))[0]
    assert json.loads(said[1]) == row(0)["result"]
    said = _spoken(load_data(_jsonl(tmp_path, [row(n, answer=f"Please rest for {n} hours.") for n in range(6)])))[0]
    assert said[1] == "Please rest for 0 hours."


def _menu(language: str) -> dict[str, object]:
    return {
        "menu": {"save": f"save in {language}", "open": {"file": f"open a file in {language}"}},
        "tips": [f"first tip in {language}", f"second tip in {language}"],
    }


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_texts_inside_objects_of_languages_are_translations(tmp_path: Path, is_wrapped: bool) -> None:
    document = {code: _menu(code) for code in ("en", "pt-BR", "fr")}
    path = _text(tmp_path, "texts.json", json.dumps({"translations": document} if is_wrapped else document))
    assert _spoken(load_data(path)) == [
        (f"{text} in en", f"{text} in pt-BR") for text in ("save", "open a file", "first tip", "second tip")
    ]
    assert any(str(way.mapping) == "en → prompt, fr → answer" for way in ways_to_read(path))


def test_objects_of_languages_that_hold_other_than_texts_are_no_translations(tmp_path: Path) -> None:
    def text(n: int) -> dict[str, object]:
        return {"question": f"Which berth is free at {n}?", "answer": f"Berth {n}", "hour": n}

    path = _text(tmp_path, "texts.json", json.dumps({"it": text(1), "hr": text(2), "no": text(3)}))
    assert _spoken(load_data(path))[0] == ("Which berth is free at 1?", "Berth 1")


def test_the_only_list_of_sentences_in_an_object_holds_the_rows(tmp_path: Path) -> None:
    tips = [f"Check the lamps before hour {n} of the night." for n in range(6)]
    for document in ({"version": 2, "tips": tips}, {"data": {"tips": tips}}):
        data = load_data(_text(tmp_path, "tips.json", json.dumps(document)))
        assert [example.text for example in _examples(data)] == tips
    with pytest.raises(DataError):
        load_data(_text(tmp_path, "tips.json", json.dumps({"name": "harbor", "keywords": ["lamp", "pier"] * 4})))


@pytest.mark.parametrize("nothing", [[""], []])
def test_a_list_without_a_context_leaves_the_question_alone(tmp_path: Path, nothing: list[str]) -> None:
    rows = [
        {
            "question": f"Is pier {n} open?",
            "contexts": [f"Pier {n} is open.", "It is day."],
            "answer": f"Yes, pier {n}.",
        }
        for n in range(6)
    ]
    data = load_data(_jsonl(tmp_path, [*rows, {**rows[0], "contexts": nothing}]))
    assert not data.problems and _spoken(data)[6] == ("Is pier 0 open?", "Yes, pier 0.")
    assert _spoken(data)[0][0] == "Is pier 0 open?\n\nPier 0 is open.\nIt is day."


@pytest.mark.parametrize("key", ["type", "direction"])
@pytest.mark.parametrize("ways", [("in", "out"), ("received", "sent")])
def test_messages_that_came_in_are_asked_and_those_that_went_out_are_answers(
    tmp_path: Path, key: str, ways: tuple[str, str]
) -> None:
    rows = [
        {
            "name": f"guest {guest}",
            "messages": [
                {key: way, "timestamp": 1390002512763 + n, "text": f"message {n} of guest {guest}"}
                for n, way in enumerate(ways * 2)
            ],
        }
        for guest in range(3)
    ]
    example = _examples(load_data(_jsonl(tmp_path, rows)))[0]
    assert [turn.role for turn in example.messages] == ["user", "assistant"] * 2


def test_files_beside_messages_are_no_label(tmp_path: Path) -> None:
    kinds = ("question", "update", "request")
    head = "message_id,content,message_type,attachment\n"
    for name in ("attachment", "sketch"):
        rows = [f"{n},The sketch of berth {n} is here,{kinds[n % 3]},{f'{n}.pdf' if n % 4 == 0 else 'None'}\n"
                for n in range(1, 30)]  # fmt: skip
        path = _text(tmp_path, "messages.csv", head.replace("attachment", name) + "".join(rows))
        assert str(load_data(path).mapping) == "content → text, message_type → label"


@pytest.mark.parametrize("is_plain", [False, True])
def test_a_text_of_one_long_line_is_read_in_parts_that_end_with_sentences(tmp_path: Path, is_plain: bool) -> None:
    text = " ".join(f"Ferry {n} left the harbor before the storm came." for n in range(200))
    data = load_data(_text(tmp_path, "log.txt", text), parsing=ParsingOptions(plain=is_plain))
    parts = [example.text for example in _examples(data)]
    assert " ".join(parts) == text and len(parts) > 4 and all(part.endswith(".") for part in parts)
    assert any("one line" in note for note in data.notes)
    whole = "".join(("港は嵐の前に閉まった。", "船は出た。") * 200)
    assert "".join(example.text for example in _examples(load_data(_text(tmp_path, "log.txt", whole)))) == whole
    endless = "a" * 20_000
    assert "".join(example.text for example in _examples(load_data(_text(tmp_path, "log.txt", endless + "b")))) == (
        endless + "b"
    )


def test_sentences_that_are_called_labels_are_answers_in_a_few_rows_as_well(tmp_path: Path) -> None:
    rows = [{"text": f"what is lamp {n} for?", "label": f"It shows berth {n} to ferries."} for n in range(4)]
    assert _spoken(load_data(_jsonl(tmp_path, rows)))[0] == ("what is lamp 0 for?", "It shows berth 0 to ferries.")
    rows = [{"text": f"what is lamp {n} for?", "label": f"berth {n}"} for n in range(4)]
    assert load_data(_jsonl(tmp_path, rows)).mapping.kind == "labels"


def test_the_body_below_a_subject_is_the_text(tmp_path: Path) -> None:
    rows = [
        {
            "id": f"T-{n}",
            "email": f"guest{n}@harbor.example",
            "subject": f"berth {n} is dark",
            "body": f"The lamp of berth {n} has been out since last night, please send somebody.",
        }
        for n in range(6)
    ]
    assert _examples(load_data(_jsonl(tmp_path, rows)))[0].text == rows[0]["body"]


def test_lists_of_numbers_by_their_question_are_no_texts(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        load_data(_text(tmp_path, "truth.json", json.dumps({"q1": ["1"], "q2": ["0", "3"], "q3": ["4"]})))


def test_of_two_things_told_in_parts_the_longest_parts_are_the_pair(tmp_path: Path) -> None:
    verdicts = ("same", "different", "unclear")
    rows = [
        {
            **{f"entry_{k}_source": ("biotools", "sourceforge", "galaxy")[(n + k) % 3] for k in (1, 2)},
            **{f"entry_{k}_description": f"Program {n} compresses files as entry {k} says it does." for k in (1, 2)},
            "human_decision": verdicts[n % 3],
            "human_rationale": f"The pages of program {n} say so.",
            "hard": n % 2 == 0,
        }
        for n in range(30)
    ]
    data = load_data(_jsonl(tmp_path, rows))
    example = _examples(data)[0]
    assert example.text == rows[0]["entry_1_description"] and example.second == rows[0]["entry_2_description"]
    assert example.labels == ("same",)


def _negated(n: int, word: str) -> dict[str, object]:
    text = f"Pier {n} was {word} any light."
    start = text.index(word)
    cue = {"id": f"CUE_{n}", "cue_label": word, "start": start, "end": start + len(word), "group": "preposition"}
    return {"id": n, "text": text, "cues": [cue], "scopes": ["any light"]}


def test_spans_in_a_column_of_any_name_are_tags_where_all_are_inside_their_texts(tmp_path: Path) -> None:
    rows = [_negated(n, "without") for n in range(6)]
    example = _examples(load_data(_jsonl(tmp_path, rows)))[0]
    assert example.words == ("Pier", "0", "was", "without", "any", "light", ".")
    assert example.labels == ("O", "O", "O", "B-preposition", "O", "O", "O")
    rows[3]["cues"] = [{"group": "preposition", "start": 4_000, "end": 4_007}]
    assert load_data(_jsonl(tmp_path, rows)).mapping.kind == "text"


def test_places_of_links_in_an_answer_are_no_tags(tmp_path: Path) -> None:
    rows = [
        {
            "text": f"Which berth is free at hour {n}?",
            "answer": f"Berth {n} is free.",
            "marks": [{"start": 6, "end": 11, "type": "place"}],
        }
        for n in range(6)
    ]
    assert load_data(_jsonl(tmp_path, rows)).mapping.kind == "pairs"


def _lines(count: int) -> list[str]:
    return [f"Ferry {n} leaves berth {n + 2} at noon." for n in range(count)]


def test_lists_of_texts_called_after_splits_are_no_labels(tmp_path: Path) -> None:
    texts = _lines(14)
    data = load_data(_text(tmp_path, "texts.json", json.dumps({"train": texts[:9], "test": texts[9:], "version": "2"})))
    assert [example.text for example in data.train] == texts[:9]
    assert [example.text for example in data.held_out] == texts[9:]
    assert data.mapping.kind == "text"


@pytest.mark.parametrize("key", ["{}", "doc_{}.txt", "s{}"])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_texts_under_numbers_are_texts(tmp_path: Path, key: str, is_wrapped: bool) -> None:
    texts = _lines(12)
    numbered = {key.format(n): text for n, text in enumerate(texts)}
    document = {"name": "Ferries", "sentences": numbered} if is_wrapped else numbered
    assert [each.text for each in _examples(load_data(_text(tmp_path, "texts.json", json.dumps(document))))] == texts


def test_names_of_numbered_classes_are_no_texts(tmp_path: Path) -> None:
    classes = {str(n): f"class {n}" for n in range(8)}
    with pytest.raises(DataError):
        load_data(_text(tmp_path, "classes.json", json.dumps(classes)))


@pytest.mark.parametrize(("column", "came", "went"), [("direction", "in", "out"), ("Type", "Received", "Sent")])
def test_messages_that_came_in_and_went_out_are_conversations_with_each_contact(
    tmp_path: Path, column: str, came: str, went: str
) -> None:
    rows = [f"Date,Contact,{column},Message"]
    for n in range(12):  # the contacts write in turn
        contact, day = "ABCD"[n % 4], 1 + n // 8
        rows.append(f"2026-01-{day:02} 10:{n:02}:00,{contact},{came},When does ferry {n} leave?")
        rows.append(f"2026-01-{day:02} 10:{n:02}:30,{contact},{went},Ferry {n} leaves at {n + 1}.")
    said = _spoken(load_data(_text(tmp_path, "messages.csv", "\n".join(rows))))
    first = ("When does ferry 0 leave?", "Ferry 0 leaves at 1.", "When does ferry 4 leave?", "Ferry 4 leaves at 5.")
    assert first in said
    assert ("When does ferry 8 leave?", "Ferry 8 leaves at 9.") in said  # the next day
    assert len(said) == 8


def test_a_delimiter_that_stands_several_times_is_one_delimiter(tmp_path: Path) -> None:
    moods = ("good", "bad", "calm")
    for name in ("moods.txt", "moods.csv"):
        lines = "\n".join(f"{moods[n % 3]} ||| {text}" for n, text in enumerate(_lines(20)))
        example = _examples(load_data(_text(tmp_path, name, lines)))[0]
        assert example.text == _lines(1)[0] and example.labels == ("good",), name


def test_commas_that_nobody_quoted_are_those_of_the_texts_after_labels_that_come_again(tmp_path: Path) -> None:
    said = [
        "a fog, a storm, and rain",
        "rain",
        ", what a day",
        "cold, wet and windy, as it always is",
        "no wind at all",
    ]
    for mood in ("positive", "negative"):
        lines = "\n".join(f"{mood},over the pier {n} {said[n % 5]}" for n in range(15))
        _text(tmp_path, f"{mood}Messages.csv", lines)
    _text(tmp_path, "testData.csv", "\n".join(f"positive,over berth {n} {said[n % 5]}" for n in range(6)))
    data = load_data(tmp_path)
    assert data.mapping.kind == "labels" and len(data.train) == 30 and len(data.held_out) == 6
    assert data.train[0].text == f"over the pier 0 {said[0]}"
    assert {example.labels for example in data.train} == {("positive",), ("negative",)}


def test_of_tables_with_and_without_a_label_those_with_it_are_read(tmp_path: Path) -> None:
    more = {"first": ["label"], "second": ["label", "pair"], "later": ["pair"]}
    for name, columns in more.items():
        pair = [f"Lamp of the {name} berth {{0}}", f"Light at the {name} berth {{0}}"]
        rows = [",".join([*(each.format(n) for each in pair), *(str(n % 2) for _ in columns)]) for n in range(9)]
        _text(tmp_path, f"{name}.csv", "\n".join([",".join(["left_title", "right_title", *columns]), *rows]))
    data = load_data(tmp_path)
    assert len(_examples(data)) == 18 and all(example.labels for example in _examples(data))
    assert any("later.csv" in note for note in data.notes)


def test_places_in_prompts_are_filled_in_with_the_cells_they_are_called_after(tmp_path: Path) -> None:
    rows = [
        {
            "template": "Where does {boat} lie at {hour}?",
            "boat": f"Boat {n}",
            "hour": f"{n} o'clock",
            "answer": f"At {n}",
        }
        for n in range(6)
    ]
    assert _spoken(load_data(_jsonl(tmp_path, rows)))[0] == ("Where does Boat 0 lie at 0 o'clock?", "At 0")


def _talk(one: str, other: str, number: int) -> str:
    said = (f"Is ferry {number} late?", "It is, by an hour.", f"Why is number {number} late?", "Fog on the sound.")
    return "\n".join(f"{(one, other)[place % 2]}: {text}" for place, text in enumerate(said))


def test_turns_of_two_names_in_lines_wait_for_the_speaker_who_is_learned(tmp_path: Path) -> None:
    path = _text(
        tmp_path,
        "talks.txt",
        "\n\n".join([_talk("Ann", "Ben", 0), *(f"{_talk('Ann', 'Ben', n)}\nAnn: Aye." for n in (1, 2, 3))]),
    )
    with pytest.raises(DataError) as refused:
        load_data(path)
    assert "Ann (11), Ben (8)" in str(refused.value)
    assert _spoken(load_data(path, parsing=ParsingOptions(speaker="Ben")))[0] == (
        "Is ferry 0 late?", "It is, by an hour.", "Why is number 0 late?", "Fog on the sound.",
    )  # fmt: skip
    data = load_data(path, parsing=ParsingOptions(plain=True))
    assert data.mapping.kind == "text"


def test_what_you_say_to_a_stranger_is_the_answer(tmp_path: Path) -> None:
    path = _text(tmp_path, "talks.txt", "\n\n".join(_talk("Stranger", "You", n) for n in range(4)))
    assert _spoken(load_data(path))[1][:2] == ("Is ferry 1 late?", "It is, by an hour.")


@pytest.mark.parametrize("name", ["keyPoints", "highlights", "action_items"])
def test_the_points_of_a_list_are_one_answer(tmp_path: Path, name: str) -> None:
    rows = [{"question": f"Why is berth {n} closed?", name: [f"The lamp {n} is out", "Repairs take a week"]}
            for n in range(6)]  # fmt: skip
    assert _spoken(load_data(_jsonl(tmp_path, rows)))[0][1] == "The lamp 0 is out\nRepairs take a week"
    others = [{"question": row["question"], "answers": row[name]} for row in rows]
    assert len(_examples(load_data(_jsonl(tmp_path, others)))) == 12


@pytest.mark.parametrize("is_counted_anew", [False, True])
def test_spans_of_words_in_a_document_of_sentences_are_its_tags(tmp_path: Path, is_counted_anew: bool) -> None:
    """DyGIE counts the words of the document; others those of each sentence."""
    rows = []
    for n in range(6):
        sentences = [["The", "keeper", "Ann", f"Berg{n}", "sleeps", "."], ["She", "works", "in", "Turku", "."]]
        place = 3 if is_counted_anew else 9
        rows.append({"doc_key": n, "sentences": sentences, "ner": [[[2, 3, "PER"]], [[place, place, "LOC"]]]})
    example = _examples(load_data(_jsonl(tmp_path, rows)))[0]
    assert example.words[:4] == ("The", "keeper", "Ann", "Berg0") and len(example.words) == 11
    assert example.labels == ("O", "O", "B-PER", "I-PER", "O", "O", "O", "O", "O", "B-LOC", "O")


def test_mentions_in_the_sentences_of_a_document_are_its_tags(tmp_path: Path) -> None:
    """As DocRED writes them; what relates the things is named as not used."""
    rows = [
        {
            "title": f"Keeper {n}",
            "sents": [["Ann", f"Berg{n}", "sleeps", "."], ["She", "works", "in", "Turku", "."]],
            "vertexSet": [
                [{"name": f"Ann Berg{n}", "pos": [0, 2], "sent_id": 0, "type": "PER"}],
                [{"name": "Turku", "pos": [3, 4], "sent_id": 1, "type": "LOC"}],
            ],
            "labels": [{"h": 0, "t": 1, "r": "P937", "evidence": [1]}],
        }
        for n in range(6)
    ]
    data = load_data(_jsonl(tmp_path, rows))
    assert _examples(data)[0].labels == ("B-PER", "I-PER", "O", "O", "O", "O", "O", "B-LOC", "O")
    assert any("labels (6)" in note for note in data.notes)


def test_lists_of_spans_in_files_beside_their_texts_are_tags(tmp_path: Path) -> None:
    for n in range(5):
        text = f"\n  Ann Berg{n} works in Turku."
        (tmp_path / f"keeper{n}.txt").write_text(text, encoding="utf-8")
        begins = (text.index("Ann"), text.index("Turku"))
        spans = [
            {"start": begins[0], "end": begins[0] + 9, "label": "PER"},
            {"start": begins[1], "end": begins[1] + 5, "label": "LOC"},
        ]
        (tmp_path / f"keeper{n}.json").write_text(json.dumps(spans), encoding="utf-8")
    assert _examples(load_data(tmp_path))[0].labels == ("B-PER", "I-PER", "O", "O", "B-LOC", "O")


@pytest.mark.parametrize(
    ("column", "context"),
    [
        ("context", [["Turku", ["It is a town.", " It has a port."]], ["Oslo", ["It is a city."]]]),
        ("context", {"title": ["Turku", "Oslo"],
                     "sentences": [["It is a town.", "It has a port."], ["It is a city."]]}),
        ("paragraphs", [{"idx": 0, "title": "Turku", "paragraph_text": "It is a town. It has a port."},
                        {"idx": 1, "title": "Oslo", "paragraph_text": "It is a city."}]),
        ("ctxs", [{"title": "Turku", "text": "It is a town. It has a port.", "score": 1.5},
                  {"title": "Oslo", "text": "It is a city.", "score": 0.5}]),
    ],
)  # fmt: skip
def test_passages_of_a_question_are_its_context_below_their_titles(
    tmp_path: Path, column: str, context: object
) -> None:
    rows = [{"question": f"What is near berth {n}?", "answer": f"Town {n}", column: context} for n in range(6)]
    asked = _spoken(load_data(_jsonl(tmp_path, rows)))[0][0]
    assert asked == "What is near berth 0?\n\nTurku\nIt is a town. It has a port.\n\nOslo\nIt is a city."


def test_answers_written_as_a_list_of_python_or_in_a_column_of_several_are_several(tmp_path: Path) -> None:
    for name, cell, count in (
        ("answer", "['Oslo 5', 'Turku 5']", 12),
        ("solutions", '["Oslo 5", "Turku 5"]', 12),
        ("extracted", '["Oslo 5", "Turku 5"]', 6),  # JSON that is to be learned
    ):
        rows = [{"question": f"Which towns lie near berth {n}?", name: cell} for n in range(6)]
        found = _spoken(load_data(_jsonl(tmp_path, rows)))
        assert len(found) == count and found[0][1] == ("Oslo 5" if count == 12 else cell)


def test_four_number_signs_stand_between_a_sentence_and_its_triples(tmp_path: Path) -> None:
    lines = "\n".join(f"The lamp {n} was bright .####[([1], [4], 'POS')]" for n in range(10))
    assert _spoken(load_data(_text(tmp_path, "train.txt", lines)))[0] == (
        "The lamp 0 was bright .", "[([1], [4], 'POS')]",
    )  # fmt: skip


def test_code_is_the_answer_to_its_docstring_and_not_to_itself(tmp_path: Path) -> None:
    rows = [
        {
            "func_name": f"light_{n}",
            "original_string": f'def light_{n}():\n    """Light lamp {n} of the pier."""\n    return lamp({n})',
            "code": f"def light_{n}():\n    return lamp({n})",
            "docstring": f"Light lamp {n} of the pier.",
        }
        for n in range(8)
    ]
    assert _spoken(load_data(_jsonl(tmp_path, rows)))[0] == (rows[0]["docstring"], rows[0]["code"])


def test_what_a_system_says_stands_before_what_is_said_to_it_in_tracked_turns(tmp_path: Path) -> None:
    rows = [
        {
            "dialogue_idx": n,
            "dialogue": [
                {"turn_idx": 0, "system_transcript": "", "transcript": f"A berth for boat {n}, please."},
                {"turn_idx": 1, "system_transcript": "For how long?", "transcript": f"For {n + 1} nights."},
            ],
        }
        for n in range(6)
    ]
    said = _spoken(load_data(_text(tmp_path, "woz.json", json.dumps(rows))))[0]
    assert said == ("A berth for boat 0, please.", "For how long?", "For 1 nights.")


@pytest.mark.parametrize(("one", "other"), [("Term", "Description"), ("English", "German"), ("INFO", "WARNING")])
def test_fields_languages_and_levels_before_a_colon_are_no_speakers(tmp_path: Path, one: str, other: str) -> None:
    parts = [
        f"{one}: harbor {n}\n{other}: where ships {n} moor" + f"\n{one}: or where {n} lies" * (n % 2) for n in range(8)
    ]
    assert load_data(_text(tmp_path, "lines.txt", "\n\n".join(parts))).mapping.kind != "messages"
