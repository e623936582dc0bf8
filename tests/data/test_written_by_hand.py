"""Texts in which people write questions and answers, or texts and their classes, by hand: read to the letter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.shapes import asked, mood, said


def read(folder: Path, name: str, text: str) -> DataSplit:
    (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder / name)


def contents(split: DataSplit) -> list[list[str]]:
    examples = sorted((*split.train, *split.held_out), key=lambda each: each.row)
    return [[turn.content for turn in each.messages] for each in examples]


def classes(split: DataSplit) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.text, each.labels) for each in sorted((*split.train, *split.held_out), key=lambda each: each.row)]


def many(one: Callable[[int], str], between: str = "\n\n", count: int = 12) -> str:
    return between.join(map(one, range(count))) + "\n"


BY_HAND = {
    "paragraphs.txt": many(lambda n: f"Q: {asked(n)}\nA: {said(n)}"),
    "capitals.txt": many(lambda n: f"QUESTION: {asked(n)}\nANSWER: {said(n)}\n==="),
    "bold.txt": many(lambda n: f"**Q:** {asked(n)}\n**A:** {said(n)}"),
    "rules.txt": many(lambda n: f"- Question: {asked(n)}\n- Answer: {said(n)}", "\n---\n"),
    "ends.txt": many(lambda n: f"USER: {asked(n)}\nAI: {said(n)}", "\n<END>\n"),
    "numbered.txt": many(lambda n: f"{n + 1}. {asked(n)}\n   {said(n)}"),
    "instructions.txt": many(lambda n: f"### Instruction:\n{asked(n)}\n\n### Response:\n{said(n)}</s>", "\n\n"),
    "chatml.txt": many(
        lambda n: f"<|im_start|>user\n{asked(n)}<|im_end|>\n<|im_start|>assistant\n{said(n)}<|im_end|>", "\n"
    ),
    "inst.txt": many(lambda n: f"<s>[INST] {asked(n)} [/INST] {said(n)} </s>", "\n"),
    "elements.txt": many(lambda n: f"<question>{asked(n)}</question>\n<answer>{said(n)}</answer>", "\n"),
    "bold.md": "# FAQ\n\n" + many(lambda n: f"**{asked(n)}**\n\n{said(n)}"),
    "items.md": "# Cards\n\n" + many(lambda n: f"- {asked(n)}\n    - {said(n)}", "\n"),
    "cards.md": many(lambda n: f"{asked(n)}\n?\n{said(n)}"),
    "colons.md": "#cards\n\n" + many(lambda n: f"{asked(n)}::{said(n)}", "\n"),
    "headings.html": "<html><body><h1>FAQ</h1>"
    + many(lambda n: f"<h3>{asked(n)}</h3><p>{said(n)}</p>")
    + "</body></html>",
    "terms.html": "<html><body><dl>" + many(lambda n: f"<dt>{asked(n)}</dt><dd>{said(n)}</dd>") + "</dl></body></html>",
    "details.html": "<html><body>"
    + many(lambda n: f"<details><summary>{asked(n)}</summary>{said(n)}</details>")
    + "</body></html>",
    "engines.html": '<html><head><script type="application/ld+json">'
    + json.dumps(
        {
            "@type": "FAQPage",
            "mainEntity": [
                {"@type": "Question", "name": asked(n), "acceptedAnswer": {"@type": "Answer", "text": said(n)}}
                for n in range(12)
            ],
        }
    )
    + "</script></head><body></body></html>",
    "numbers.txt": many(lambda n: f"Q{n + 1}) {asked(n)}\nAns: {said(n)}"),
    "phrases.txt": many(lambda n: f"User says: {asked(n)}\nBot replies: {said(n)}"),
    "brackets.txt": many(lambda n: f"[USER]: {asked(n)}\n[ASSISTANT]: {said(n)}"),
    "bracket lines.txt": many(lambda n: f"[USER] {asked(n)} [ASSISTANT] {said(n)}", "\n"),
    "guanaco.txt": many(lambda n: f"### Human: {asked(n)}### Assistant: {said(n)}", "\n"),
    "vicuna.txt": many(lambda n: f"USER: {asked(n)} ASSISTANT: {said(n)}</s>", "\n"),
    "one line.txt": many(lambda n: f"{n + 1}. Q: {asked(n)} A: {said(n)}", "\n"),
    "alone.txt": many(lambda n: f"Input:\n{asked(n)}\nOutput:\n{said(n)}", "\n---\n"),
    "two lines.txt": many(lambda n: f"{asked(n)}\n{said(n)}"),
    "two items.txt": many(lambda n: f"- {asked(n)}\n- {said(n)}"),
    "quoted.md": many(lambda n: f"> {asked(n)}\n\n{said(n)}"),
    "same line.md": many(lambda n: f"{n + 1}. **{asked(n)}** {said(n)}", "\n"),
    "marked headings.md": "# FAQ\n\n" + many(lambda n: f"### Q: {asked(n)}\n\n{said(n)}"),
    "tilde.txt": many(lambda n: f"{asked(n)}~{said(n)}", "\n"),
    "hashes.txt": many(lambda n: f"{asked(n)}###{said(n)}", "\n"),
    "dashes.txt": many(lambda n: f"{asked(n)} - {said(n)}", "\n"),
    "stamped.txt": many(lambda n: f"[00:{n:02}:05] Customer: {asked(n)}\n[00:{n:02}:15] Agent: {said(n)}", "\n"),
    "bold.html": "<html><body>" + many(lambda n: f"<p><b>{asked(n)}</b></p><p>{said(n)}</p>") + "</body>",
    "strong.html": "<html><body>" + many(lambda n: f"<p><strong>{asked(n)}</strong><br>{said(n)}</p>") + "</body>",
    "chinese.txt": many(lambda n: f"问：{asked(n)}\n答：{said(n)}"),
    "japanese.txt": many(lambda n: f"Q．{asked(n)}\nA．{said(n)}"),
    "spanish.txt": many(lambda n: f"P: {asked(n)}\nR: {said(n)}"),
    "russian.txt": many(lambda n: f"В: {asked(n)}\nО: {said(n)}", "\n"),
    "with times.txt": many(lambda n: f"User (10:{n:02}): {asked(n)}\nBot (10:{n:02}): {said(n)}"),
    "dashed.txt": many(lambda n: f"Student - {asked(n)}\nTeacher - {said(n)}"),
    "words alone.txt": many(lambda n: f"QUESTION\n{asked(n)}\nANSWER\n{said(n)}"),
    "hashed.txt": many(lambda n: f"#Q {asked(n)}\n#A {said(n)}"),
    "at.txt": many(lambda n: f"@user {asked(n)}\n@bot {said(n)}", "\n"),
    "pipe.txt": many(lambda n: f"q: {asked(n)} | a: {said(n)}", "\n"),
    "greater.txt": many(lambda n: f"{asked(n)} >>> {said(n)}", "\n"),
    "arrow.txt": many(lambda n: f"{asked(n)} → {said(n)}", "\n"),
    "semicolons.txt": many(lambda n: f"{asked(n)};{said(n)}", "\n"),
    "blanks.txt": many(lambda n: f"{asked(n)}    {said(n)}", "\n"),
    "quoted.txt": many(lambda n: f'"{asked(n)}","{said(n)}"', "\n"),
    "indented.txt": many(lambda n: f"{asked(n)}\n    {said(n)}", "\n"),
    "wide.txt": many(lambda n: f"{asked(n)}\n\n{said(n)}", "\n\n\n"),
    "numbered arrows.txt": many(lambda n: f"({n + 1}) {asked(n)}\n→ {said(n)}"),
    "one item.md": many(lambda n: f"- **Q:** {asked(n)} **A:** {said(n)}", "\n"),
    "headings.md": many(lambda n: f"## Question {n + 1}\n{asked(n)}\n### Answer\n{said(n)}"),
    "underlined.rst": "FAQ\n===\n\n" + many(lambda n: f"{asked(n)}\n{'-' * len(asked(n))}\n\n{said(n)}"),
    "document.adoc": "= FAQ\n\n" + many(lambda n: f"== {asked(n)}\n\n{said(n)}"),
    "paper.tex": many(lambda n: f"\\question {asked(n)}\n\\answer {said(n)}"),
    "classes.html": "<html><body>" + many(lambda n: f'<div class="q">{asked(n)}</div><div>{said(n)}</div>') + "</body>",
    "names.js": "data = [" + many(lambda n: f"{{q: {json.dumps(asked(n))}, a: {json.dumps(said(n))}}},", "\n") + "]",
    "called.js": "load([" + many(lambda n: json.dumps({"question": asked(n), "answer": said(n)}), ",") + "]);",
    "train.py": '"""Data of a bot."""\nimport json\n\nTRAIN = [\n'
    + many(lambda n: f"    {{'question': {asked(n)!r}, 'answer': {said(n)!r}}},  # {n}", "\n")
    + "]\nprint(len(TRAIN))\n",
    "rows.toml": many(lambda n: f"[[rows]]\nquestion = {json.dumps(asked(n))}\nanswer = {json.dumps(said(n))}"),
    "program.txt": "data = [\n" + many(lambda n: f"    ({asked(n)!r}, {said(n)!r}),", "\n") + "]\n",
}


@pytest.mark.parametrize("name", BY_HAND)
def test_questions_and_answers_are_read_without_their_signs(name: str, tmp_path: Path) -> None:
    assert contents(read(tmp_path, name, BY_HAND[name])) == [[asked(n), said(n)] for n in range(12)]


def test_marks_of_any_name_that_are_taken_away_are_named(tmp_path: Path) -> None:
    split = read(tmp_path, "a.txt", BY_HAND["with times.txt"])
    assert any("User (10:00):" in note and "Bot (10:00):" in note for note in split.notes)


def kind(row: int) -> str:
    """Return a class; classes do not take turns, as speakers do."""
    return mood(row * 7 // 3)


LABELED = {
    "first.txt": many(lambda n: f"[{kind(n)}] {said(n)}", "\n"),
    "colon.txt": many(lambda n: f"<{kind(n)}>: {said(n)}", "\n"),
    "last.txt": many(lambda n: f"{said(n)} ({kind(n)})", "\n"),
    "hash.txt": many(lambda n: f"{said(n)} #{kind(n)}", "\n"),
    "word.txt": many(lambda n: f"{kind(n)}: {said(n)}", "\n"),
    "dash.txt": many(lambda n: f"{kind(n)} - {said(n)}", "\n"),
    "comma.txt": many(lambda n: f'{kind(n)},"{said(n)}"', "\n"),
    "tags.txt": many(lambda n: f"<{kind(n)}>{said(n)}</{kind(n)}>", "\n"),
    "end.txt": many(lambda n: f"{said(n)}: {kind(n)}", "\n"),
    "slashes.txt": many(lambda n: f"{said(n)} // {kind(n)}", "\n"),
    "fields.txt": many(lambda n: f"label={kind(n)} text={said(n)}", "\n"),
    "fields in lines.txt": many(lambda n: f"Review: {said(n)} Mood: {kind(n)}", "\n"),
    "shots.txt": many(lambda n: f'Tweet: "{said(n)}"\nMood: {kind(n)}\n###', "\n"),
    "hash first.txt": many(lambda n: f"#{kind(n)} {said(n)}", "\n"),
    "capitals.txt": many(lambda n: f"{kind(n).upper()} {said(n)}", "\n"),
}


@pytest.mark.parametrize("name", LABELED)
def test_classes_in_brackets_or_behind_a_hash_are_labels(name: str, tmp_path: Path) -> None:
    found = classes(read(tmp_path, name, LABELED[name]))
    is_loud = name == "capitals.txt"
    assert found == [(said(n), (kind(n).upper() if is_loud else kind(n),)) for n in range(12)]


@pytest.mark.parametrize(
    ("name", "head", "sign"),
    [
        ("a.txt", "[{}]", ""),
        ("a.ini", "[{}]", ""),
        ("b.txt", "== {} ==", ""),
        ("a.md", "# {}", "- "),
        ("c.txt", "{}:", "  - "),
        ("d.txt", "{}:", ""),
    ],
)
def test_lines_below_the_name_of_a_class_have_it(name: str, head: str, sign: str, tmp_path: Path) -> None:
    sections = (
        f"{head.format(kind)}\n" + many(lambda n: f"{sign}{said(n)}", "\n", 7) for kind in ("calm", "storm", "fog")
    )
    found = classes(read(tmp_path, name, "\n".join(sections)))
    assert found == [(said(n), (kind,)) for kind in ("calm", "storm", "fog") for n in range(7)]


PROSE = {
    "settings.txt": many(lambda n: f"server.option{n} = {n * 3}", "\n", 30),
    "settings with colons.txt": many(lambda n: f"key_{n}: value {n}", "\n", 30),
    "a recipe.txt": "Ingredients:\n- eggs\n- flour\n- milk\n\nInstructions:\n- Mix all.\n- Wait.\n- Bake it.\n",
    "a play.txt": many(lambda n: f"{('HAMLET', 'OPHELIA', 'KING')[n % 3]}: {said(n)}", "\n", 30),
    "years.txt": many(lambda n: f"{said(n)} ({1900 + n})", "\n", 30),
    "notes.md": "# Ideas\n"
    + many(lambda n: f"- {said(n)}", "\n", 6)
    + "\n# Plans\n"
    + many(lambda n: f"- {asked(n)}", "\n", 6),
    "berths.txt": many(lambda n: f"{said(n)} Berth {n % 8 + 1}", "\n", 40),
    "questions.txt": many(asked, "\n", 30),
    "paragraphs.txt": many(lambda n: f"{said(n)}\n{said(n + 50)}", count=20),
    "numbers.py": "LIMITS = ['one', 'two']\n",
}


@pytest.mark.parametrize("name", PROSE)
def test_texts_of_another_kind_are_neither_answers_nor_classes(name: str, tmp_path: Path) -> None:
    try:
        kind = read(tmp_path, name, PROSE[name]).mapping.kind
    except DataError:
        kind = "text"
    assert kind == "text"


def test_settings_of_a_program_are_no_classes(tmp_path: Path) -> None:
    settings = "\n".join(f"[part {letter}]\n" + many(lambda n: f"key{n} = {n}", "\n", 5) for letter in "abc")
    assert read(tmp_path, "a.txt", settings).mapping.kind != "labels"


def test_remarks_in_brackets_that_do_not_come_again_are_part_of_their_texts(tmp_path: Path) -> None:
    text = many(lambda n: f"{said(n)} (seen by {n} guests on deck {n * 7})", "\n")
    assert read(tmp_path, "a.txt", text).mapping.kind == "text"


def test_conversations_of_a_template_begin_at_their_system_prompts(tmp_path: Path) -> None:
    def talk(n: int) -> str:
        turns = (
            ("system", f"Keeper {n}."),
            ("user", asked(n)),
            ("assistant", said(n)),
            ("user", "So?"),
            ("assistant", "Yes."),
        )
        return "\n".join(f"<|im_start|>{role}\n{content}<|im_end|>" for role, content in turns)

    found = contents(read(tmp_path, "a.txt", many(talk, "\n")))
    assert found == [[f"Keeper {n}.", asked(n), said(n), "So?", "Yes."] for n in range(12)]


def test_blank_lines_inside_a_turn_of_a_template_stay_there(tmp_path: Path) -> None:
    text = many(lambda n: f"<|user|>\n{asked(n)}\n\nPlease.<|end|>\n<|assistant|>\n{said(n)}<|end|>")
    assert contents(read(tmp_path, "a.txt", text))[3] == [f"{asked(3)}\n\nPlease.", said(3)]


def test_pages_and_texts_of_signs_alone_are_read_in_seconds(tmp_path: Path) -> None:
    hostile = {
        "a.html": "<html><body>" + "<b>a</b>" * 150_000,
        "b.html": "<html><body>" + "<dt>a<dd>b" * 60_000,
        "c.txt": "<a>" * 200_000,
        "d.txt": "".join(f"<a{n}></a{n}>" for n in range(60_000)),
        "e.txt": "[[" * 200_000,
        "f.md": "**?" * 200_000,
        "g.md": "::" * 300_000,
        "h.txt": "data = " + "[" * 100_000 + "]" * 100_000,
        "i.toml": "a = " + "[" * 50_000 + "]" * 50_000,
        "j.txt": "<|im_start|>user\n" * 60_000,
        "k.txt": ("(" * 60 + "\n") * 20_000,
        "l.html": '<html><script type="application/ld+json">' + "[" * 100_000,
    }
    for name, text in hostile.items():
        begun = time.process_time()
        with suppress(DataError):
            read(tmp_path, name, text)
        assert time.process_time() - begun < 20, name
