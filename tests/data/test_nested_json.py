"""JSON and YAML as people write them by hand is read as what it means: choices, turns, words, intents and questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import ParsingOptions, load_data
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError

BERTHS = ("north quay", "south quay", "old pier", "fuel dock")


def read(folder: Path, name: str, content: Any, parsing: ParsingOptions | None = None) -> DataSplit:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
    (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder / name, parsing=parsing or ParsingOptions())


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def turns(example: Example) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in example.messages]


def offered(right: int) -> list[dict[str, Any]]:
    return [
        {"berth_id": f"B-{place}", "description": name, "is_correct": place == right, "why": None}
        for place, name in enumerate(BERTHS)
    ]


def test_a_choice_that_is_an_object_is_its_only_text_whatever_its_key(tmp_path: Path) -> None:
    rows = [{"order": f"Moor the ferry {n} in the lee.", "candidates": offered(n % 4)} for n in range(8)]
    found = examples(read(tmp_path, "moor.json", rows))
    assert found[1].choices == BERTHS and found[1].labels == ("south quay",)


def test_choices_that_are_objects_without_a_text_are_listed_and_not_trained_as_code(tmp_path: Path) -> None:
    rows = [
        {"question": f"Which berth is free at {n}?", "options": [{"x": 1, "y": n}, {"x": 2, "y": n}], "answer": 0}
        for n in range(8)
    ]
    with pytest.raises(DataError, match="no key is the text"):
        read(tmp_path, "free.json", rows)


def test_an_answer_may_name_a_choice_by_the_value_beside_its_text(tmp_path: Path) -> None:
    options = [{"text": name, "value": name.replace(" ", "_")} for name in BERTHS]
    rows = [
        {"question": f"Where does ship {n} lie?", "options": options, "correct": [options[n % 4]["value"]]}
        for n in range(8)
    ]
    rows[5]["correct"] = ["north_quay", "old_pier"]
    split = read(tmp_path, "lie.json", rows)
    assert [each.labels for each in examples(split)][:2] == [("north quay",), ("south quay",)]
    assert [problem.row for problem in split.problems] == [6]


def test_choices_of_which_nothing_says_the_right_one_are_refused(tmp_path: Path) -> None:
    scored = {
        letter: {"text": name, "score": 5 * n} for n, (letter, name) in enumerate(zip("ABCD", BERTHS, strict=True))
    }
    rows = [{"id": f"Q-{n}", "text": f"Where is pump {n} kept?", "options": scored} for n in range(8)]
    with pytest.raises(DataError, match="options holds choices, and no column says which is right"):
        read(tmp_path, "risk.json", rows)
    fields = [
        {"question": f"How is the fog at {n}?", "type": ("radio", "checkbox")[n % 2], "options": ["thin", "dense"]}
        for n in range(8)
    ]
    with pytest.raises(DataError, match="no column says which is right"):
        read(tmp_path, "form.json", fields)


def test_a_question_with_a_class_is_sorted_also_where_it_has_choices(tmp_path: Path) -> None:
    rows = [
        {"question": f"How is the fog at {n}?", "category": ("sea", "land")[n % 2], "options": ["thin", "dense"]}
        for n in range(8)
    ]
    assert "category → label" in str(read(tmp_path, "sorted.json", rows).mapping)


def volume(name: str) -> dict[str, Any]:
    asked = [
        {"id": f"{name}{n}", "question": f"What does flag {name}{n} say?", "options": list(BERTHS), "answer": n % 4}
        for n in range(4)
    ]
    spoken = {"part": "B", "tasks": [{"id": name, "content": "Read the log aloud."}]}
    return {"volume": name, "topic": f"flags {name}", "parts": [{"part": "A", "questions": asked}, spoken]}


def test_questions_in_lists_inside_lists_are_the_rows_and_the_others_are_named(tmp_path: Path) -> None:
    split = read(tmp_path, "flags.json", {"version": "1", "volumes": [volume("red"), volume("blue")]})
    found = examples(split)
    assert len(found) == 8 and found[5].text == "What does flag blue1 say?" and found[5].labels == ("south quay",)
    assert "volumes[].parts[].tasks[].content" in " ".join(split.notes)


def test_an_article_with_its_questions_keeps_its_text(tmp_path: Path) -> None:
    rows = [
        {"article": f"The tide of day {n} turned the ferry back twice before noon.", "question": f"Why late {n}?",
         "options": list(BERTHS), "answer": "ABCD"[n % 4]} for n in range(8)
    ]  # fmt: skip
    assert examples(read(tmp_path, "race.json", {"data": rows}))[0].text.startswith("The tide of day 0")


@pytest.mark.parametrize("names", [("Cy", "Di"), ("Ann", "Bo")])
def test_pairs_of_a_name_and_a_text_are_turns_of_who_is_named(tmp_path: Path, names: tuple[str, str]) -> None:
    rows = [
        {"berths": [[1, n]], "dialogue": [[names[0], f"Take berth {n}."], [names[1], f"Berth {n} it is."]]}
        for n in range(8)
    ]
    with pytest.raises(DataError, match="choose the speaker"):
        read(tmp_path, "deal.json", rows)
    found = examples(read(tmp_path, "deal.json", rows, ParsingOptions(speaker=names[1])))
    assert turns(found[0]) == [("user", "Take berth 0."), ("assistant", "Berth 0 it is.")]


def test_pairs_of_a_known_role_and_a_text_are_a_conversation(tmp_path: Path) -> None:
    rows = [{"chat": [["user", f"Is berth {n} free?"], ["assistant", f"Berth {n} is taken."]]} for n in range(8)]
    found = examples(read(tmp_path, "roles.json", rows))
    assert turns(found[2]) == [("user", "Is berth 2 free?"), ("assistant", "Berth 2 is taken.")]


def test_pairs_of_a_prompt_and_an_answer_stay_exchanges(tmp_path: Path) -> None:
    rows = [
        {"conversation": [[f"Is berth {n} free?", "No."], [f"And berth {n + 1}, by the mill?", "Yes."]]}
        for n in range(8)
    ]
    found = examples(read(tmp_path, "exchanges.json", rows))
    assert turns(found[0])[:2] == [("user", "Is berth 0 free?"), ("assistant", "No.")]


def test_lists_of_words_are_texts_and_no_talk_of_two(tmp_path: Path) -> None:
    lists = [["the", "fo", "##gg", "##y", "quay", str(n), "lay", "still", "."] for n in range(8)]
    lists[1] += ["again"]
    assert examples(read(tmp_path, "words.json", lists))[0].text == "the foggy quay 0 lay still ."
    talks = [[f"Is berth {n} free?", "Yes.", *(["Thanks!"] if n % 2 else [])] for n in range(8)]
    assert turns(examples(read(tmp_path, "talks.json", talks))[0])[0] == ("user", "Is berth 0 free?")


def test_a_talk_in_one_line_is_read_by_the_names_in_it(tmp_path: Path) -> None:
    lines = [f"User: Is berth {n} free? Assistant: Berth {n} is taken until noon </s>" for n in range(8)]
    found = examples(read(tmp_path, "line.json", lines))
    assert turns(found[3]) == [("user", "Is berth 3 free?"), ("assistant", "Berth 3 is taken until noon")]
    prose = [f"User: a person who moors at berth {n}, with or without a pilot." for n in range(8)]
    assert examples(read(tmp_path, "prose.json", prose))[0].text.startswith("User: a person")


def test_a_role_may_stand_in_a_list(tmp_path: Path) -> None:
    lines = [
        json.dumps({"message": [{"role": ["user"], "content": f"Late {n}?"}, {"role": "assistant", "content": "No."}]})
        for n in range(8)
    ]
    assert turns(examples(read(tmp_path, "role.jsonl", "\n".join(lines)))[0])[0] == ("user", "Late 0?")


def test_an_array_without_commas_is_read_with_a_note(tmp_path: Path) -> None:
    rows = "\n".join(json.dumps({"prompt": f"Late {n}?", "completion": f"By {n} minutes."}) for n in range(8))
    split = read(tmp_path, "commas.json", f"[\n{rows}\n]")
    assert len(examples(split)) == 8 and any("Commas" in note for note in split.notes)
    with pytest.raises(DataError, match="not valid JSON"):
        read(tmp_path, "broken.json", f"[\n{rows}\n{{'prompt: 1}}\n]")


def test_an_input_that_is_an_object_asks_for_what_is_expected_of_it(tmp_path: Path) -> None:
    rows = [
        {"id": n, "input": {"wind": n, "signs": ["fog"], "radar": {"echo": ("none", "ship")[n % 2]}},
         "expected_decision": ("sail", "wait")[n % 2], "relevance": {"c1": n}} for n in range(8)
    ]  # fmt: skip
    split = read(tmp_path, "decide.json", rows)
    assert turns(examples(split)[1])[1] == ("assistant", "wait") and "relevance" in split.unused
    assert json.loads(turns(examples(split)[1])[0][1]) == rows[1]["input"]


def test_the_key_of_an_object_of_rows_is_no_right_choice(tmp_path: Path) -> None:
    rows = {
        f"scene_{n}": {"text": f"The keeper {n} nods.", "choices": [{"text": "Ask"}, {"text": f"Leave {n}"}]}
        for n in range(8)
    }
    with pytest.raises(DataError, match="no column says which is right"):
        read(tmp_path, "scenes.json", rows)


def test_entities_in_the_examples_of_rasas_yaml_are_words_and_named(tmp_path: Path) -> None:
    sail = "\n".join(f'    - sail to [{town}](town) at [nine]{{"entity": "time"}}' for town in ("Turku", "Oslo"))
    greet = "\n".join(f"    - {word}" for word in ("hello", "ahoy", "good day"))
    text = f'version: "3.1"\nnlu:\n- intent: sail\n  examples: |\n{sail}\n- intent: greet\n  examples: |\n{greet}\n'
    split = read(tmp_path, "nlu.yml", text)
    assert examples(split)[0].text == "sail to Turku at nine"
    assert any("entities marked" in note for note in split.notes)


def test_names_of_files_above_a_list_do_not_hide_that_the_list_is_what_is_read(tmp_path: Path) -> None:
    lessons = [
        {"title": f"At berth {n}", "stub": f"harbour-talk-at-berth-{n}", "img": f"harbour.at-berth-{n}.webp",
         "speech": [{"eng": f"Good morning {n}!", "pol": f"Dzień dobry {n}!"}, {"eng": "Cast off.", "pol": "Odcumuj."}]}
        for n in range(8)
    ]  # fmt: skip
    split = read(tmp_path, "lessons.json", lessons)
    assert turns(examples(split)[0]) == [("user", "Good morning 0!"), ("assistant", "Dzień dobry 0!")]


def test_codes_of_colors_are_no_classes(tmp_path: Path) -> None:
    rows = [
        {"site": f"https://quay{n}.example", "font": ("Arial, sans-serif", "Georgia, serif")[n % 2],
         "color": ("#0069D9", "#000000")[n % 2]} for n in range(8)
    ]  # fmt: skip
    with pytest.raises(DataError, match="not recognized"):
        read(tmp_path, "sites.json", rows)


@pytest.mark.parametrize("last", [0, 1])
def test_places_that_an_attribute_holds_as_a_text_are_labeled_spans(tmp_path: Path, last: int) -> None:
    def entity(text: str, word: str, kind: str) -> str:
        start = text.index(word)
        return f'<entity charOffset="{start}-{start + len(word) - last}" type="{kind}" text="{word}"/>'

    sentences = []
    for n in range(8):
        text = f"The ferry {n} met a pilot boat off Turku today."
        named = [entity(text, "pilot boat", "ship"), entity(text, "Turku", "port")][: n % 3]
        sentences.append(f'<sentence id="s{n}" text="{text}">{"".join(named)}</sentence>')
    xml = f'<dataset><document id="d">{"".join(sentences)}</document></dataset>'
    found = examples(read(tmp_path, "ferries.xml", xml))
    assert len(found) == 8 and {*found[0].labels} == {"O"}
    assert found[2].labels == ("O", "O", "O", "O", "O", "B-ship", "I-ship", "O", "B-port", "O", "O")


def test_pages_from_and_to_are_no_labeled_spans(tmp_path: Path) -> None:
    rows = [
        {"text": f"The tide of day {n} turned the ferry back twice.", "page_offset": f"{n}-{n + 7}",
         "page_type": ("log", "map")[n % 2]} for n in range(8)
    ]  # fmt: skip
    assert read(tmp_path, "pages.json", rows).mapping.kind != "tags"
