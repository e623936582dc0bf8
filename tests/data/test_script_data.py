"""Lists of rows in JavaScript and TypeScript: literals are read, nothing is run, the rest is left out by name."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.row_places import places_in
from ia3_studio.data.script_data import script_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.shapes import asked, said

SECONDS = 8


def many(row: Callable[[int], str], between: str = ",\n", count: int = 12) -> str:
    return between.join(map(row, range(count)))


def pair(n: int) -> str:
    return f"{{ question: '{asked(n)}', answer: '{said(n)}' }}"


ROWS = many(pair)


def read(folder: Path, name: str, text: str, parsing: ParsingOptions | None = None) -> DataSplit:
    (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder / name, parsing=parsing)


def pairs(split: DataSplit) -> list[tuple[str, ...]]:
    examples = sorted((*split.train, *split.held_out), key=lambda example: example.row)
    return [tuple(turn.content for turn in example.messages) for example in examples]


WRITTEN = {
    "const.js": f"// cards\nexport const cards = [\n{ROWS},\n];\n",
    "default.mjs": f"import x from 'x';\nexport default [{ROWS}]\n",
    "module.cjs": f"'use strict';\nmodule.exports = {{ cards: [{ROWS}] }};\n",
    "window.js": f"window.CARDS = window.CARDS || 1;\nwindow.CARDS2 = [{ROWS}];\n",
    "frozen.js": f"const CARDS = Object.freeze([{ROWS}]);\nmodule.exports = CARDS;\n",
    "as const.ts": f"export const cards = [{ROWS}] as const;\nexport type Card = (typeof cards)[number];\n",
    "satisfies.ts": f"const cards = [{ROWS}] satisfies Card[];\nexport default cards;\n",
    "typed.ts": f"interface Card {{ question: string; answer: string }}\nexport const cards: Card[] = [{ROWS}];\n",
    "generic.ts": f"export const cards: ReadonlyArray<{{ question: string; answer: string }}> = [{ROWS}];\n",
    "returned.ts": f"export const cards: Array<() => void> | Card[] = [{ROWS}];\n",
    "page.tsx": f"import React from 'react';\nconst CARDS = [{ROWS}];\n\nexport function Page() {{\n"
    "  return <p>Don't ask {CARDS.length} `times`</p>;\n}\n",
    "inside.js": f"(function () {{\n  var cards = [{ROWS}];\n  show(cards);\n}})();\n",
    "second.js": f"const limit = {{ most: 3 }}, cards = [{ROWS}];\n",
    "comments.js": f"const cards = [ /* all, of them ] */\n{many(pair, ', // it is so, ] ' + chr(10))}\n]",
    "values.js": "const cards = ["
    + many(lambda n: f"{{question: {json.dumps(asked(n))}, n: {n}, low: -1.5e3, hex: 0xFF, big: 1_000n, on: true,"
                     f"none: null, not: undefined, 'answer': '{said(n)[:3]}' +\n `{said(n)[3:]}`}}")
    + "]",
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_lists_are_read_as_people_write_them(name: str, tmp_path: Path) -> None:
    assert pairs(read(tmp_path, name, WRITTEN[name])) == [(asked(n), said(n)) for n in range(12)]


def test_escapes_and_templates_are_the_texts_that_they_stand_for() -> None:
    text = r"""const t = [{a: 'it\'s\n', b: "\u00e9\x41\u{1F600}\ud83d\ude00", c: `two
lines \` and \${x}`, d: 'one \
line'}, {a: ""}]"""
    first = script_data("a.js", text).document[0]
    assert first == {"a": "it's\n", "b": "éA😀😀", "c": "two\nlines ` and ${x}", "d": "one line"}


def test_what_the_program_computes_is_left_out_and_counted(tmp_path: Path) -> None:
    row = lambda n: (  # noqa: E731
        f"{{ question: '{asked(n)}', answer: '{said(n)}', icon: <Icon name=\"x, y\" />, run() {{ return [1, 2]; }},"
        f" made: new Date(2024, {n}), link: `/${{base}}/{{`, pattern: /[',\\/]/g, get, [key]: 1, ...rest }}"
    )
    split = read(tmp_path, "a.tsx", f"export const cards = [{many(row)}, ...more, OTHER];\n")
    assert pairs(split) == [(asked(n), said(n)) for n in range(12)]
    note = next(note for note in split.notes if note.startswith("Left out, as the program computes it:"))
    for left in ("icon", "run", "made", "link", "pattern", "get", "…"):
        assert f"cards[].{left} (" in note, left
    assert "cards[] (2)" in note and "cards[].… (24)" in note


def test_numbers_of_any_length_and_base_are_read_or_left_out() -> None:
    text = f"const a = [{{b: 0b101, c: -.5, d: {'9' * 9_000}, e: 0x{'f' * 9_000}, f: 0b9, g: 1e9_9}}, {{b: 1}}]"
    data = script_data("a.js", text)
    assert data.document == [{"b": 5, "c": -0.5}, {"b": 1}] and len(data.left) == 4


def test_a_list_that_is_changed_by_the_program_is_not_its_data() -> None:
    text = f"const a = [{ROWS}].map((each) => each.question);\nconst b = [{ROWS}]\n  .slice(3);\n"
    with pytest.raises(DataError, match="program without a list of rows"):
        script_data("a.js", text)


def test_lists_that_are_not_used_are_named_and_offered_as_other_places(tmp_path: Path) -> None:
    tides = many(lambda n: f"{{ place: 'Pier {n}', note: '{said(n + 40)} And more of it.' }}", count=3)
    text = f"export const cards = [{ROWS}];\nexport const tides = [{tides}];\nconst HELP = 'Ask the keeper.';\n"
    split = read(tmp_path, "a.ts", text)
    assert pairs(split) == [(asked(n), said(n)) for n in range(12)]
    assert any("tides" in note for note in split.notes) and any("HELP" in note for note in split.notes)
    assert {"cards", "tides"} <= {*places_in(tmp_path / "a.ts")}
    other = read(tmp_path, "a.ts", text, ParsingOptions(rows="tides"))
    assert len((*other.train, *other.held_out)) == 3


PROGRAMS = {
    "page.js": "function page() { return 1; }",
    "config.ts": "export const config = { port: 80, host: 'localhost', on: true };\n",
    "names.js": "const NAMES = ['one', 'two', 'three'];\nNAMES.forEach(show);\n",
    "empty.tsx": "export default function Page() {\n  return <p>Nothing's here</p>;\n}\n",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_without_data_is_refused_as_such(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a program without a list of rows"):
        read(tmp_path, name, PROGRAMS[name])


def test_a_program_is_text_where_plain_rows_are_chosen(tmp_path: Path) -> None:
    text = many(lambda n: f"show({n}, '{said(n)}');", "\n\n")
    assert read(tmp_path, "a.ts", text, ParsingOptions(plain=True)).mapping.kind == "text"


def test_a_list_without_an_end_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="begins in line 2 of the program has no end"):
        read(tmp_path, "a.js", f"// cards\nconst cards = [{ROWS},\n")


def test_programs_in_a_folder_are_passed_over_beside_data_and_read_where_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "cards.ts").write_text(f"export const cards = [{ROWS}];")
    (tmp_path / "one" / "README.md").write_text("Cards of the harbor.")
    alone = load_data(tmp_path / "one")
    assert pairs(alone) == [(asked(n), said(n)) for n in range(12)] and any("README.md" in each for each in alone.notes)
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as packed:
        packed.write(tmp_path / "one" / "cards.ts", "cards.ts")
    assert len(pairs(load_data(tmp_path / "one.zip"))) == 12
    (tmp_path / "one" / "rows.csv").write_text("prompt,answer\n" + many(lambda n: f"{asked(n)},Row {n}", "\n"))
    beside = load_data(tmp_path / "one")
    assert pairs(beside)[0] == (asked(0), "Row 0") and any("cards.ts" in note for note in beside.notes)


def test_scripts_that_are_mostly_data_are_read_together_and_programs_as_texts(tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_text(f"export const cards = [{ROWS}];")
    others = ROWS.replace("question: '", "question: 'So: ")
    (tmp_path / "b.ts").write_text(f"export const others = [{others}];")
    assert len(pairs(load_data(tmp_path))) == 24
    (tmp_path / "b.ts").write_text("export function show() {\n  return cards[0];\n}\n" * 9)
    split = load_data(tmp_path)
    assert split.mapping.kind == "text" and len((*split.train, *split.held_out)) == 2


def test_translations_of_qt_that_end_as_typescript_does_are_xml(tmp_path: Path) -> None:
    message = "<message><source>Berth {0}</source><translation>Platz {0}</translation></message>"
    inner = "".join(message.format(n) for n in range(9))
    text = f'<?xml version="1.0"?><!DOCTYPE TS><TS language="de"><context><name>P</name>{inner}</context></TS>'
    assert pairs(read(tmp_path, "port_de.ts", text))[0] == ("Berth 0", "Platz 0")


HOSTILE = {
    "brackets": "const a = " + "[" * 100_000,
    "closed brackets": "const a = " + "[" * 100_000 + "]" * 100_000,
    "objects": "const a = " + "{a:" * 100_000,
    "parentheses": "const a = " + "([" * 100_000,
    "calls": "const a = [" + "f(" * 300_000,
    "frozen": "const a = " + "Object.freeze([" * 100_000,
    "no end of a text": "const a = ['" + "x" * 1_000_000,
    "escaped quotes": "const a = [f, " + "\\'" * 500_000,
    "quotes": "const a = [" + "'" * 1_000_001,
    "blanks": "const a = [1," + " " * 1_000_000 + "x",
    "blank lines": "const a" + "\n " * 500_000 + "= x",
    "comments": "const a = [" + "/*" * 500_000,
    "slashes": "const a = [" + "=/[" * 300_000,
    "templates": "const a = [" + "`${" * 300_000,
    "declarations": "const a = [\n" * 100_000,
    "types": "const a: " * 100_000,
    "long types": ("const a: " + "<" * 1_500 + "\n") * 600,
    "pluses": "const a = ['b'" + " + 'b'" * 200_000 + "]",
    "long keys": "const a = {" + "k" * 500_000 + ": {" + "b: c, " * 200_000 + "}}",
    "dots": "a." * 500_000 + " = [",
    "words": "word\n" * 200_000,
    "assertions": "const a = [" + "1 as {," * 150_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_programs_are_refused_in_seconds(name: str, tmp_path: Path) -> None:
    began = time.process_time()
    with pytest.raises(DataError):
        read(tmp_path, "a.ts", HOSTILE[name])
    assert time.process_time() - began < SECONDS, name


def test_of_lists_that_make_no_rows_together_the_one_with_most_text_is_read_and_the_other_named(tmp_path: Path) -> None:
    pairs = ",".join(f"['When does ferry {n} leave?', 'At {n} in the morning.']" for n in range(8))
    words = ",".join(f"'word{n}'" for n in range(12))
    (tmp_path / "pairs.js").write_text(f"const words = [{words}];\nconst pairs = [{pairs}];\n")
    split = load_data(tmp_path / "pairs.js")
    assert split.mapping.kind == "pairs" and len(split.train) + len(split.held_out) == 8
    assert any("words" in note for note in split.notes)
