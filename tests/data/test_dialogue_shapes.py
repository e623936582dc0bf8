"""Conversations as fine-tuning tools and APIs write them are read turn by turn, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.errors import DataError
from tests.data.exports import read, turns

SAID = [("user", "Hi"), ("assistant", "Ahoy"), ("user", "And?"), ("assistant", "No")]
SYSTEM = ("system", "Be brief.")

FORMS: dict[str, dict[str, Any]] = {
    "xtuner": {"conversation": [{"input": "Hi", "output": "Ahoy"}, {"input": "And?", "output": "No"}]},
    "sides": {"conversation": [{"human": "Hi", "assistant": "Ahoy"}, {"human": "And?", "assistant": "No"}]},
    "Gemini": {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": [{"text": "A"}, {"text": "hoy"}]},
            {"role": "user", "parts": [{"text": "And?"}]}, {"role": "model", "parts": [{"text": "No"}]},
        ],
    },
    "axolotl segments": {
        "segments": [
            {"label": False, "text": "Hi"}, {"label": True, "text": "A"}, {"label": True, "text": "hoy"},
            {"label": False, "text": "And?"}, {"label": True, "text": "No"},
        ],
    },
    "UltraChat": {"id": "0", "data": ["Hi", "Ahoy", "And?", "No"]},
    "history of pairs": {"instruction": "And?", "history": [["Hi", "Ahoy"]], "response": "No"},
    "history of objects": {"prompt": "And?", "history": [{"user": "Hi", "assistant": "Ahoy"}], "output": "No"},
    "history of turns": {"input": "And?", "history": turns("Hi", "Ahoy"), "output": "No"},
    "history as JSON": {"prompt": "And?", "history": json.dumps([["Hi", "Ahoy"]]), "response": "No"},
    "turns in items": {"items": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ahoy"},
                                 {"from": "human", "value": "And?"}, {"from": "gpt", "value": "No"}]},
    "turns in chat": {"chat": turns("Hi", "Ahoy", "And?", "No"), "source": "x"},
    "turns in prompt": {"prompt": turns("Hi", "Ahoy", "And?", "No")},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_conversations_of_every_form_are_read_turn_by_turn(form: str, tmp_path: Path) -> None:
    found = read([FORMS[form]] * 2, tmp_path)
    assert found.said == [SAID, SAID] and not found.problems


@pytest.mark.parametrize(
    "record",
    [
        {"conversation": [{"system": "Be brief.", "input": "Hi", "output": "Ahoy"}, {"input": "And?", "output": "No"}]},
        {"systemInstruction": {"parts": [{"text": "Be brief."}]}, **FORMS["Gemini"]},
        {"system": "Be brief.", **FORMS["history of pairs"]},
    ],
)
def test_a_system_prompt_comes_first(record: dict[str, Any], tmp_path: Path) -> None:
    assert read([record], tmp_path).said == [[SYSTEM, *SAID]]


def test_an_empty_history_is_none_and_a_strange_one_is_listed(tmp_path: Path) -> None:
    rows = [{"instruction": "Hi", "history": history, "response": "Ahoy"} for history in ([], [["a", "b"]], None, 5)]
    found = read(rows, tmp_path)
    assert [len(said) for said in found.said] == [2, 4, 2] and "history is not a list" in found.listed[4]


def test_segments_with_the_marks_of_a_template_are_refused_by_name(tmp_path: Path) -> None:
    segments = [{"label": False, "text": "<s>[INST] Hi [/INST]"}, {"label": True, "text": "Ahoy</s>"}]
    with pytest.raises(DataError, match="axolotl's template-free format"):
        read([{"segments": segments}] * 2, tmp_path)


def test_a_turn_with_a_picture_is_listed(tmp_path: Path) -> None:
    pictured = {"contents": [{"role": "user", "parts": [{"inlineData": {}}]}, *FORMS["Gemini"]["contents"][1:]]}
    found = read([FORMS["Gemini"], pictured], tmp_path)
    assert len(found.said) == 1 and "images" in found.listed[2]


def test_questions_that_both_come_from_a_user_are_no_conversation(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no assistant answers"):
        read([{"turns": ["Write.", "Shorter."]}], tmp_path)
