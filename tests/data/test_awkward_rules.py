"""Files that are damaged, put together, or called otherwise than they are, and what is read of them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from tests.data.shapes import asked, lines, mood, rows, said

PAIRS = rows(lambda n: f'{asked(n)},"{said(n)}"', header="prompt,answer")


def put(content: str | bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_file_behind_another_one_has_no_byte_order_mark_and_no_header_as_a_row(tmp_path: Path) -> None:
    split = load_data(put(f"\ufeff{PAIRS}\ufeff{PAIRS}", tmp_path, "both.csv"))
    assert len((*split.train, *split.held_out)) == 24
    assert [problem.row for problem in split.problems] == [13]
    records = lines(lambda n: {"prompt": asked(n), "answer": said(n)})
    assert len(read_table(put(f"\ufeff{records}\ufeff{records}", tmp_path, "both.jsonl")).frame) == 24


@pytest.mark.parametrize("mark", [", and then", "; then", ", 3 knots"])
def test_signs_in_the_sentences_of_a_single_column_are_no_delimiters(mark: str, tmp_path: Path) -> None:
    content = rows(lambda n: f"{asked(n)}{mark * (n % 3)} it is calm", header="sentence")
    table = read_table(put(content, tmp_path, "one.csv"))
    assert list(table.frame.columns) == ["sentence"] and len(table.frame) == 12


def test_a_title_above_names_of_columns_is_no_single_column(tmp_path: Path) -> None:
    content = "Harbor desk\n" + rows(lambda n: f"{asked(n)}, {mood(n)}", header="Question, Mood")
    assert list(read_table(put(content, tmp_path, "titled.csv")).frame.columns) == ["Question", "Mood"]


def test_rows_before_the_end_of_a_json_that_is_cut_off_are_read(tmp_path: Path) -> None:
    whole = json.dumps([{"prompt": asked(n), "answer": said(n)} for n in range(12)], indent=1)
    split = load_data(put(whole[:-40], tmp_path, "cut.json"))
    assert len((*split.train, *split.held_out)) == 11
    assert [problem.row for problem in split.problems] == [12] and "cut off" in split.problems[0].reason
    with pytest.raises(DataError, match="cut off"):
        load_data(put(json.dumps({"rows": [asked(1), asked(2)], "mood": "calm"})[:-9], tmp_path, "object.json"))


def test_a_table_that_is_called_json_is_read_as_a_table(tmp_path: Path) -> None:
    split = load_data(put(PAIRS, tmp_path, "pairs.json"))
    assert str(split.mapping) == "prompt → prompt, answer → answer"
    assert any("read as what it holds" in note for note in split.notes)


def weechat(levels: tuple[str, ...]) -> str:
    talk = rows(lambda n: f"2024-05-03 10:{n:02}:00\t{levels[n % 2]}\t{asked(n)}", 20)
    return f"2024-05-03 09:59:00\t-->\tann has joined\n{talk}"


def test_a_date_a_nick_and_a_text_between_tabs_are_a_chat(tmp_path: Path) -> None:
    path = put(weechat(("ann", "bo")), tmp_path, "irc.weechatlog")
    with pytest.raises(DataError, match="ann"):
        load_data(path)
    chat = load_data(path, parsing=ParsingOptions(speaker="bo"))
    assert chat.mapping.kind == "messages" and any("came, went" in note for note in chat.notes)


def test_the_level_of_a_message_of_a_program_is_no_speaker(tmp_path: Path) -> None:
    split = load_data(put(weechat(("INFO", "WARN")).split("\n", 1)[1], tmp_path, "program.tsv.txt"))
    assert split.mapping.kind == "labels"


def test_class_names_in_a_file_beside_the_rows_are_used(tmp_path: Path) -> None:
    kind = {"_type": "ClassLabel", "names": ["calm", "storm"]}
    put(json.dumps({"splits": ["train", "test"]}), tmp_path, "dataset_dict.json")
    for split in ("train", "test"):
        folder = tmp_path / split
        folder.mkdir()
        table, sink = pa.table({"text": [f"{split} {asked(n)}" for n in range(8)], "label": [0, 1] * 4}), io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        put(sink.getvalue(), folder, "data.arrow")
        put(json.dumps({"_data_files": [{"filename": "data.arrow"}]}), folder, "state.json")
        put(json.dumps({"features": {"text": {"_type": "Value"}, "label": kind}}), folder, "dataset_info.json")
    assert {label for each in load_data(tmp_path).train for label in each.labels} == {"calm", "storm"}


def test_points_inside_the_name_of_a_role_do_not_matter(tmp_path: Path) -> None:
    turns = [{"role": "Human", "content": asked(1)}, {"role": "A.I.", "content": said(1)}]
    assert load_data(put(lines(lambda _n: {"messages": turns}), tmp_path, "roles.jsonl")).mapping.kind == "messages"
