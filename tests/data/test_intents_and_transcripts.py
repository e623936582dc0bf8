"""Claims on intents by their names, on transcripts of meetings, and on words before the colon of each line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.shapes.line_logs import logged_lines
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, mood, said

INTENTS = {
    name: {"examples": [f"{name} the {thing}" for thing in ("quay", "pier", "crane")], "responses": [f"Done: {name}."]}
    for name in ("open", "close", "paint", "leave")
}


def put(text: str, folder: Path, name: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def written_as(ending: str) -> str:
    """Return intents by their names in JSON, TOML or YAML."""
    if ending == "json":
        return json.dumps(INTENTS)
    if ending == "toml":
        cells = (
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(texts)}\n" for key, texts in each.items())
            for name, each in INTENTS.items()
        )
        return "\n".join(cells)
    lines = []
    for name, each in INTENTS.items():
        lines.append(f"{name}:")
        for key, texts in each.items():
            lines += [f"  {key}:", *(f"    - '{text}'" for text in texts)]
    return "\n".join(lines)


@pytest.mark.parametrize("ending", ["json", "toml", "yaml"])
def test_an_object_of_intents_by_their_names_is_a_text_for_each_phrase(ending: str, tmp_path: Path) -> None:
    split = load_data(put(written_as(ending), tmp_path, f"map.{ending}"))
    assert str(split.mapping) == "text → text, label → label" and len(split.train) + len(split.held_out) == 12
    assert {each.labels[0] for each in split.train} <= {*INTENTS} and "Not used: responses." in split.notes


def test_an_object_of_words_with_definitions_and_examples_is_none_of_intents(tmp_path: Path) -> None:
    words = {f"w{n}": {"definition": plain(n), "examples": [said(n), said(n + 40)]} for n in range(12)}
    assert load_data(put(json.dumps(words), tmp_path, "words.json")).mapping.kind != "labels"


HEADS = ("{who}  {minute}:{second:02d}", "{who}\t0:{minute:02d}:{second:02d}", "{who} ({minute:02d}:{second:02d}):")


def transcript(head: str, names: tuple[str, ...] = ("Speaker 1", "Speaker 2"), first: int = 0) -> str:
    parts = []
    for n in range(16):
        minute, second = divmod(first + 41 * n, 60)
        parts.append(f"{head.format(who=names[n % len(names)], minute=minute, second=second)}\n{said(n)}\n")
    return "\n".join(parts)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("names", [("Speaker 1", "Speaker 2"), ("Ann Lee", "Bo", "Cy O'Neil")])
def test_a_transcript_with_the_time_behind_each_speaker_is_a_chat(
    head: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    path = put(transcript(head, names), tmp_path, "meeting.txt")
    with pytest.raises(DataError, match="choose the speaker whose messages are the answers"):
        load_data(path)
    table = read_table(path, ParsingOptions(speaker=names[1]))
    assert {*table.speakers} == {*names}
    turns = table.frame["messages"].iloc[0]
    assert turns[1] == {"role": "assistant", "content": said(1)}


@pytest.mark.parametrize(
    "text",
    [
        transcript(HEADS[0], ("Ferry 4", "Bus 12"), first=3_000),  # a timetable, which begins during the day
        "\n".join(f"Ferry  {9 - n % 3}:{n:02d}\nfrom pier {n}" for n in range(12)),
        "\n\n".join(f"{asked(n)} (at 12:30)\n{said(n)}" for n in range(12)),
        "\n".join(f"Score  {n}:{n * 7 % 60:02d}" for n in range(20)),
    ],
)
def test_times_behind_other_lines_make_no_chat(text: str) -> None:
    assert logged_lines(text) is None


def captions(line: object) -> str:
    made = (f"00:{n:02d}:00.000 --> 00:{n:02d}:05.000\n{line(n)}\n" for n in range(12))  # type: ignore[operator]
    return "WEBVTT\n\n" + "\n".join(made)


def test_captions_that_begin_with_names_have_speakers(tmp_path: Path) -> None:
    path = put(captions(lambda n: f"{('Ann Lee', 'Bo')[n % 2]}: {said(n)}"), tmp_path, "meeting.vtt")
    assert read_table(path).speakers == ("Ann Lee", "Bo")
    film = put(captions(lambda n: f"Note: {said(n)}" if n == 3 else said(n)), tmp_path, "film.vtt")
    assert read_table(film).frame["text"].tolist()[3] == f"Note: {said(3)}"


def test_words_before_the_colon_of_each_line_are_labels_with_a_note(tmp_path: Path) -> None:
    names = ("Ann", "Ann", "Ann", "Bo", "Bo", "Cy", "Cy", "Cy", "Bo")
    split = load_data(put("\n".join(f"{names[n % 9]}: {said(n)}" for n in range(45)), tmp_path, "chat.txt"))
    assert split.mapping.kind == "labels" and any("names of people who speak" in note for note in split.notes)
    tagged = load_data(put("\n".join(f"[{mood(n // 3)}] {said(n)}" for n in range(45)), tmp_path, "tagged.txt"))
    assert tagged.mapping.kind == "labels" and not any("who speak" in note for note in tagged.notes)


def test_answers_in_several_languages_are_read_in_one(tmp_path: Path) -> None:
    def record(n: int) -> dict[str, object]:
        answers = {key: [{"type": "entity", "text": text}] for key, text in (("de", f"Kai {n}"), ("en", f"pier {n}"))}
        return {"query": asked(n), "answers": answers, "queries": {"en": asked(n), "de": f"Wo ist Nummer {n}?"}}

    path = put("\n".join(json.dumps(record(n)) for n in range(16)), tmp_path, "mkqa.jsonl")
    split = load_data(path)
    assert str(split.mapping) == "query → prompt, answers.en[0].text → answer"
    assert any("answers" in name or "queries" in name for name in split.unused)
