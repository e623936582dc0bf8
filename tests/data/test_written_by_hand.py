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
    "rows.toml": many(lambda n: f"[[rows]]\nquestion = {json.dumps(asked(n))}\nanswer = {json.dumps(said(n))}"),
    "program.txt": "data = [\n" + many(lambda n: f"    ({asked(n)!r}, {said(n)!r}),", "\n") + "]\n",
}


@pytest.mark.parametrize("name", BY_HAND)
def test_questions_and_answers_are_read_without_their_signs(name: str, tmp_path: Path) -> None:
    assert contents(read(tmp_path, name, BY_HAND[name])) == [[asked(n), said(n)] for n in range(12)]


LABELED = {
    "first.txt": many(lambda n: f"[{mood(n)}] {said(n)}", "\n"),
    "colon.txt": many(lambda n: f"<{mood(n)}>: {said(n)}", "\n"),
    "last.txt": many(lambda n: f"{said(n)} ({mood(n)})", "\n"),
    "hash.txt": many(lambda n: f"{said(n)} #{mood(n)}", "\n"),
}


@pytest.mark.parametrize("name", LABELED)
def test_classes_in_brackets_or_behind_a_hash_are_labels(name: str, tmp_path: Path) -> None:
    assert classes(read(tmp_path, name, LABELED[name])) == [(said(n), (mood(n),)) for n in range(12)]


@pytest.mark.parametrize(("name", "head"), [("a.txt", "[{}]"), ("a.ini", "[{}]"), ("b.txt", "== {} ==")])
def test_lines_below_the_name_of_a_class_have_it(name: str, head: str, tmp_path: Path) -> None:
    sections = (f"{head.format(kind)}\n" + many(said, "\n", 4) for kind in ("calm", "storm", "fog"))
    found = classes(read(tmp_path, name, "\n".join(sections)))
    assert found == [(said(n), (kind,)) for kind in ("calm", "storm", "fog") for n in range(4)]


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
