"""What people export for themselves is read as what it is: marked texts, transcripts, messages of programs, forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio import ParsingOptions, load_data
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError


def _written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def _examples(data: DataSplit) -> list[Example]:
    return sorted((*data.train, *data.held_out), key=lambda example: example.row)


def _text(number: int) -> str:
    return f"The ferry of pier {number} waits in the fog until the lamp is lit."


def test_texts_marked_in_books_are_texts_and_bookmarks_are_counted(tmp_path: Path) -> None:
    place = "- Your Highlight on page {0} | Location {0}-{0} | Added on Monday, January 5, 2026 10:00:00 AM"
    parts = [f"Ports (Ann Berg)\n{place.format(n)}\n\n{_text(n)}\n" for n in range(6)]
    parts.insert(3, "Ports (Ann Berg)\n- Your Bookmark on page 3 | Added on Monday, January 5, 2026\n\n\n")
    data = load_data(_written(tmp_path, "My Clippings.txt", "==========\n".join([*parts, ""])))
    assert [example.text for example in _examples(data)] == [_text(n) for n in range(6)]
    assert any("1 bookmark" in note for note in data.notes)


@pytest.mark.parametrize(
    ("head", "before", "behind"),
    [
        ("{who}  0:{n:02}  \n", "", "\nTranscribed by https://otter.ai\n"),
        ("{who} (00:{n:02}):\n", "", ""),
        (
            "[05-Jan-26 10:{n:02} AM] {who}\n",
            f"{'=' * 62}\nGuild: Harbor\nChannel: general\n{'=' * 62}\n\n",
            f"{'=' * 62}\nExported 8 message(s)\n{'=' * 62}\n",
        ),
    ],
)
def test_transcripts_whose_texts_stand_below_a_name_and_a_time_are_talks(
    tmp_path: Path, head: str, before: str, behind: str
) -> None:
    said = [f"{head.format(who=('Ann Berg', 'Ben Roe')[n % 2], n=n + 1)}{_text(n)}\n\n" for n in range(8)]
    path = _written(tmp_path, "talk.txt", f"{before}{''.join(said)}{behind}")
    with pytest.raises(DataError, match=r"\(4\), .* \(4\)"):
        load_data(path)
    examples = _examples(load_data(path, parsing=ParsingOptions(speaker="Ben Roe")))
    assert [turn.content for example in examples for turn in example.messages] == [_text(n) for n in range(8)]


@pytest.mark.parametrize(
    ("name", "line"),
    [("menu.properties", "menu.entry{0} = {1}"), ("Menu.strings", '"menu.entry{0}" = "{1}";')],
)
def test_messages_of_a_program_in_one_language_are_texts(tmp_path: Path, name: str, line: str) -> None:
    path = _written(tmp_path, name, "\n".join(line.format(n, _text(n)) for n in range(6)))
    assert [example.text for example in _examples(load_data(path))] == [_text(n) for n in range(6)]


def test_remarks_on_messages_are_no_messages(tmp_path: Path) -> None:
    document = {"@@locale": "en"}
    for n in range(6):
        document |= {f"entry{n}": _text(n), f"@entry{n}": {"description": f"Entry {n} of the menu"}}  # type: ignore[dict-item]
    data = load_data(_written(tmp_path, "app_en.arb", json.dumps(document)))
    assert [example.text for example in _examples(data)] == [_text(n) for n in range(6)]


def test_an_object_of_terms_is_pairs_and_one_of_keys_is_texts(tmp_path: Path) -> None:
    words = ("harbor", "pier", "crane", "tide", "quay", "gull", "fog")
    terms = {word: f"What is called {word} on every coast of the north." for word in words}
    examples = _examples(load_data(_written(tmp_path, "terms.json", json.dumps(terms))))
    assert [turn.content for turn in examples[0].messages] == ["harbor", terms["harbor"]]
    keyed = {f"menu.{word}": text for word, text in terms.items()}
    examples = _examples(load_data(_written(tmp_path, "menu.json", json.dumps(keyed))))
    assert [example.text for example in examples] == [*terms.values()]


def test_one_record_and_settings_are_no_terms(tmp_path: Path) -> None:
    record = {"title": "The harbor at night", "author": "Ann Berg of Turku", "summary": "A walk along all the piers",
              "text": _text(1), "date": "the first of May 2026", "source": "The news of the harbor"}  # fmt: skip
    settings = {name: str(n) for n, name in enumerate(("width", "height", "depth", "speed", "color", "weight"))}
    for document in (record, settings):
        with pytest.raises(DataError):
            load_data(_written(tmp_path, "record.json", json.dumps(document)))


def test_a_question_of_a_form_about_a_job_does_not_make_its_answers_turns(tmp_path: Path) -> None:
    rows = [f"{1000 + n},{('Teacher', 'Student')[n % 2]},{_text(n)}" for n in range(12)]
    data = load_data(
        _written(tmp_path, "form.csv", "\n".join(["Respondent ID,What is your role?,Any comments?", *rows]))
    )
    assert data.mapping.kind == "labels" and _examples(data)[0].text == _text(0)


def test_comments_in_columns_of_one_name_are_not_what_a_ticket_says(tmp_path: Path) -> None:
    rows = [f"X-{n},{('Bug', 'Task')[n % 2]},{_text(n)},Looked at it on day {n},," for n in range(12)]
    text = "\n".join(["Issue key,Issue Type,Description,Comment,Comment,Comment", *rows])
    assert _examples(load_data(_written(tmp_path, "tickets.csv", text)))[0].text == _text(0)


def test_folders_of_json_objects_are_their_labels(tmp_path: Path) -> None:
    for name in ("spam", "ham"):
        (tmp_path / name).mkdir()
        for n in range(5):
            _written(tmp_path / name, f"{n}.json", json.dumps({"subject": f"Berth {n}", "body": f"{name}: {_text(n)}"}))
    data = load_data(tmp_path)
    assert {(example.text.partition(":")[0], *example.labels) for example in _examples(data)} == {
        ("spam", "spam"), ("ham", "ham"),
    }  # fmt: skip
