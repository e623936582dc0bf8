"""Very long runs of blanks and signs are looked at once: a cell of a stranger's file costs no minutes."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ia3_studio.data.cut_json import objects_without_commas
from ia3_studio.data.load import load_data
from ia3_studio.errors import DataError

BLANKS = " " * 20_000
SECONDS = 30.0
"""Of processor time. What looks at each blank from each blank takes minutes for these files."""

FILES = {
    "labels.csv": "text,label\n" + "".join(f"some text number {n},a{BLANKS}b{n % 3}\n" for n in range(60)),
    "texts.csv": "text,label\n" + "".join(f"some{BLANKS}text number {n},b{n % 3}\n" for n in range(60)),
    "pairs.jsonl": "".join(
        json.dumps({"prompt": f"ask{BLANKS}{n}", "answer": f"tell{BLANKS}{n}"}) + "\n" for n in range(60)
    ),
    "lines.txt": "".join(f"{BLANKS[:9_000]}x{n}\n" for n in range(200)),
    "rules.csv": "text,label\n" + "".join(f"some{'-' * 20_000}text {n},b{n % 3}\n" for n in range(60)),
    "cards.txt": "berth :: pier\n" + "\n" * 300_000 + "\n\n".join(f"berth {n} is free" for n in range(59)),
    "stamps.txt": "".join(f"12:0{n % 10} Is berth {n}{BLANKS}free?\n" for n in range(60)),
    "speakers.txt": "".join(f"User:{BLANKS}hi {n}\nBot:{BLANKS}x\n" for n in range(60)),
}
"""A file of each kind in which something is very long."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_very_long_runs_is_read_in_seconds(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    began = time.process_time()
    split = load_data(tmp_path / name)
    assert time.process_time() - began < SECONDS
    assert len(split.train) + len(split.held_out) in (60, 120, 200)


def test_xml_of_very_many_fields_is_refused_in_seconds(tmp_path: Path) -> None:
    fields = "".join(f"<t{n} a='x'>w</t{n}>" for n in range(12_000))
    (tmp_path / "rows.xml").write_text(f"<r><p>{fields}</p><p>{fields}</p></r>", encoding="utf-8")
    began = time.process_time()
    with pytest.raises(DataError, match="different fields"):
        load_data(tmp_path / "rows.xml")
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    ("ending", "texts"),
    [
        (".strings", '"key{0}" = "a text {0}";\n' + '\\"' * 60_000),
        (".story", "Fog {0} came in." + "\n" * 40_000 + "end\n@highlight\n\nFog {0}\n"),
    ],
    ids=["quotes behind backslashes", "blank lines"],
)
def test_files_with_very_long_runs_are_read_together_in_seconds(ending: str, texts: str, tmp_path: Path) -> None:
    for number, name in enumerate(("en", "de", "fr", "it", "es", "pt")):
        (tmp_path / f"{name}{ending}").write_text(texts.format(number), encoding="utf-8")
    began = time.process_time()
    with suppress(DataError):  # a refusal has to be as quick
        load_data(tmp_path)
    assert time.process_time() - began < SECONDS


RUNS = {
    "opened.jsonl": "".join(json.dumps({"text": f"{n}{'[INST]' * 20_000}"}) + "\n" for n in range(9)),
    "blanks.jsonl": "".join(
        json.dumps({"text": f"[INST]ask {n}[/INST]tell{BLANKS}{n}{BLANKS}x"}) + "\n" for n in range(9)
    ),
    "headings.md": "".join(f"# {'#' * 20_000}{n}?\n\nsome text\n\n" for n in range(9)),
    "program.js": f"{'a' * 20_000}{BLANKS}x",
    "choices.csv": "question,options,answer\n"
    + "".join(f"Which is {n}?,one{BLANKS}and|two|three,two\n" for n in range(60)),
}
"""Files with long runs of signs, which are read or refused."""


@pytest.mark.parametrize("name", RUNS)
def test_a_file_with_very_long_runs_of_signs_is_read_or_refused_in_seconds(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(RUNS[name], encoding="utf-8")
    began = time.process_time()
    with suppress(DataError):
        load_data(tmp_path / name)
    assert time.process_time() - began < SECONDS


def test_a_long_array_without_commas_is_read_in_seconds() -> None:
    text = "[" + '{"a":1}\n' * 400_000 + "]"
    began = time.process_time()
    assert len(objects_without_commas(text)) == 400_000
    assert time.process_time() - began < SECONDS


def test_many_columns_of_two_values_each_are_not_compared_with_each_other(tmp_path: Path) -> None:
    names = ",".join(f"c{column}" for column in range(1_700))
    cells = (",".join("ab"[(row // 3 + column) % 2] for column in range(1_700)) for row in range(120))
    lines = (f"Berth {row} of the long pier is free,{each}\n" for row, each in enumerate(cells))
    (tmp_path / "flags.csv").write_text(f"text,{names}\n" + "".join(lines))
    began = time.process_time()
    load_data(tmp_path / "flags.csv")
    assert time.process_time() - began < SECONDS
