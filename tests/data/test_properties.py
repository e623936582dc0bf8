"""No input crashes the readers, and every row of what they read is accounted for: read = used + listed."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from ia3_studio.data.examples import understood
from ia3_studio.data.export_rows import export_rows
from ia3_studio.data.findings import examine
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.load import DataSplit, load_data
from ia3_studio.data.pasted import write_pasted
from ia3_studio.data.table import KINDS, read_table
from ia3_studio.errors import DataError
from ia3_studio.ui.data_words import data_facts, finding_sentences

CALM = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
NAMES = st.sampled_from(["prompt", "answer", "text", "label", "messages", "split", "choices", "input", "x", ""])
SCALARS = st.none() | st.booleans() | st.integers(-9, 10**20) | st.floats(width=32) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
TURNS = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "system", "tool", "nobody"]), "content": VALUES}
    ),
    max_size=4,
)
MEMBERS = st.dictionaries(
    st.text("ab/.._\\é:", min_size=1, max_size=12).map(lambda name: name + ".csv" if len(name) % 2 else name),
    st.binary(max_size=60),
    max_size=5,
)
CELLS = TEXT.filter(lambda cell: "\r" not in cell)  # written without quotes, it may as well end a line
RECORDS = st.lists(
    st.dictionaries(NAMES, VALUES, max_size=4) | st.fixed_dictionaries({"messages": TURNS}), min_size=1, max_size=12
)


def read_or_refuse(path: Path) -> DataSplit | None:
    """Return what is in a file, or None when it is refused with a sentence; anything else is a fault."""
    try:
        split = load_data(path)
    except DataError as refused:
        assert str(refused).endswith((".", "…")) and len(str(refused)) < 1500, str(refused)
        return None
    assert_accounted(path, split)
    return split


def assert_accounted(path: Path, split: DataSplit) -> None:
    """Every row of the table is used or listed, never both; the page can say what was found."""
    table = read_table(path)
    used = {example.row for example in (*split.train, *split.held_out)}
    listed = {problem.row for problem in split.problems}
    assert not used & listed
    assert used | listed == {*table.frame.index.tolist(), *(problem.row for problem in table.problems)}
    assert split.train and split.held_out
    assert data_facts(split) and list(finding_sentences(examine(split))) is not None


@CALM
@given(data=st.binary(max_size=400), suffix=st.sampled_from(KINDS))
def test_any_bytes_under_any_name_are_read_or_refused(data: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    read_or_refuse(path)


@CALM
@example(text="¹", suffix=".tsv")  # a digit that is no number
@given(text=TEXT | st.text(max_size=300), suffix=st.sampled_from([".csv", ".tsv", ".txt", ".json", ".jsonl"]))
def test_any_text_under_any_name_is_read_or_refused(text: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    read_or_refuse(path)


@CALM
@given(records=RECORDS, as_lines=st.booleans())
def test_any_json_records_are_read_or_refused(records: list[dict[str, Any]], as_lines: bool, tmp_path: Path) -> None:
    path = tmp_path / ("any.jsonl" if as_lines else "any.json")
    path.write_text("\n".join(map(json.dumps, records)) if as_lines else json.dumps(records), encoding="utf-8")
    read_or_refuse(path)


@CALM
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=2, max_size=15),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@example(
    rows=[("", ""), ("", "\n\t")], delimiter="\t", quoting=csv.QUOTE_ALL, line_end="\n", encoding="utf-8"
)  # pieces of a cell that look like rows
def test_a_table_however_it_is_written_is_read_cell_by_cell(
    rows: list[tuple[str, str]], delimiter: str, quoting: Any, line_end: str, encoding: str, tmp_path: Path
) -> None:
    if delimiter == "\t" and quoting == csv.QUOTE_MINIMAL:  # its pieces may be rows in which quotes are inch signs
        assume(not any("\t" in cell and re.search(r"[\r\n]", cell) for row in rows for cell in row))
    lines = io.StringIO()
    csv.writer(lines, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(
        [("prompt", "answer"), *rows]
    )
    path = tmp_path / "any.csv"
    path.write_bytes(lines.getvalue().encode(encoding))
    split = read_or_refuse(path)
    if split is None or split.mapping.kind != "pairs":
        return
    said = {turn.content for example in (*split.train, *split.held_out) for turn in example.messages}
    written = {line_free(cell) for row in rows for cell in row}
    assert {line_free(cell) for cell in said} <= written


def line_free(cell: str) -> str:
    """Return a cell as it is compared: the space around it and the kind of its line ends are not kept."""
    return cell.replace("\r\n", "\n").replace("\r", "\n").strip()


@CALM
@given(members=MEMBERS)
@example(members={":\\": b"\0", "::::/.": b"\0"})
def test_any_archive_is_read_or_refused_and_nothing_is_unpacked(members: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "any.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    before = sorted(tmp_path.rglob("*"))
    read_or_refuse(path)
    assert sorted(tmp_path.rglob("*")) == before


@CALM
@given(data=st.binary(max_size=200), cut=st.integers(0, 60))
def test_any_damaged_gzip_is_read_or_refused(data: bytes, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "any.csv.gz"
    path.write_bytes(gzip.compress(b"prompt,answer\na,b\nc,d\n" + data)[: -cut or None])
    read_or_refuse(path)


@CALM
@given(text=st.text(min_size=1, max_size=200))
def test_anything_pasted_is_read_or_refused(text: str, tmp_path: Path) -> None:
    try:
        path = write_pasted(text, tmp_path)
    except DataError:
        return
    read_or_refuse(path)


@CALM
@given(records=RECORDS)
def test_what_is_taken_along_is_read_back(records: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    split = read_or_refuse(path)
    if split is None:
        return
    export_rows(split, tmp_path / "again.jsonl")
    again = load_data(tmp_path / "again.jsonl")
    assert [example.turns for example in again.train] == [example.turns for example in split.train]


@CALM
@given(records=RECORDS)
def test_understanding_a_table_never_fails_on_a_single_row(records: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    try:
        table = read_table(path)
        mapping = infer_columns(table)
    except DataError:
        return
    examples, problems = understood(table, mapping)
    listed = {problem.row for problem in problems}
    whole = set(table.frame.index) | {problem.row for problem in table.problems}
    assert {example.row for example in examples} | listed == whole


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "\ufeff", "{", "[[]]", '"', "a\tb\r\rc", "\x1a\x04", "NaN\n"])
def test_short_odd_texts_are_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    for suffix in (".csv", ".tsv", ".json", ".jsonl", ".txt"):
        path = tmp_path / f"odd{suffix}"
        path.write_text(text, encoding="utf-8")
        read_or_refuse(path)


_DEEP = {
    "annotations": '{"textContent": "hi N", "textSegmentAnnotations": [{"displayName": "x", "textSegment": DEEP}]}',
    "tools": '{"messages": [{"role": "user", "content": "hi N"}, {"role": "assistant", "content": "no"}],'
    ' "tools": [DEEP]}',
    "calls": '{"messages": [{"role": "user", "content": "hi N"}, {"role": "assistant", "tool_calls": [DEEP]}]}',
    "content": '{"messages": [{"role": "user", "content": "hi N"}, {"role": "assistant", "content": DEEP}]}',
    "answer": '{"prompt": "hi N", "answer": DEEP}',
    "choices": '{"question": "hi N", "choices": DEEP, "answer": 1}',
    "replies": '{"prompt": {"text": "hi N", "role": "prompter", "replies": DEEP}}',
    "entities": '{"text": "hi N", "entities": DEEP}',
}


@pytest.mark.parametrize("depth", [450, 900, 5000])
@pytest.mark.parametrize("shape", _DEEP)
def test_values_that_lie_deep_in_each_other_are_read_or_refused(shape: str, depth: int, tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    for opening, closing in (('{"a": ', "}"), ("[", "]"), ('[{"tools": ', "}]")):
        deep = f"{opening * depth}1{closing * depth}"
        lines = [_DEEP[shape].replace("DEEP", deep).replace("hi N", f"hi {n}") for n in range(6)]
        path.write_text("\n".join(lines), encoding="utf-8")
        read_or_refuse(path)


def test_cells_of_ten_thousands_of_brackets_take_seconds(tmp_path: Path) -> None:
    deep = "(" * 20_000 + "1" + ")" * 20_000
    path = tmp_path / "deep.csv"
    path.write_text("text,answer\n" + "\n".join(f"hi {n},{deep}" for n in range(60)), encoding="utf-8")
    began = time.process_time()
    read_or_refuse(path)
    assert time.process_time() - began < 20
