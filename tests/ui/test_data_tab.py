"""What is said of a data file, and that a run will find it later."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data.findings import Findings, Reason
from ia3_studio.data.load import DataChoice, load_data, look_at
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from ia3_studio.runs import RunConfig
from ia3_studio.ui import text
from ia3_studio.ui.data_source import take_pasted, take_path, take_upload
from ia3_studio.ui.data_tab import choose_kind, export_processed, use_starter
from ia3_studio.ui.data_words import MODELS_FOR_KIND, finding_sentences, numbered, rows_of
from ia3_studio.ui.forms import updates_of
from ia3_studio.ui.hub_source import choose_configuration, look_up, take_hub
from ia3_studio.ui.kept_files import keep
from ia3_studio.ui.parsing_form import FIELDS, offered
from ia3_studio.ui.preview_card import draw
from ia3_studio.ui.reread import apply_choices, apply_parsing, use_unused
from ia3_studio.ui.rows_card import data_overview
from ia3_studio.ui.run_form import config_of
from ia3_studio.ui.session import Studio
from tests.data.hub_standin import DataHub, ask_there, serving
from tests.data.shapes import asked, mood, said, workbook
from tests.data.test_hub_rows import FILES, NAME
from tests.training.test_images import paint, zipped
from tests.ui.conftest import FORM, says


def test_the_starter_is_described_and_its_first_rows_are_shown() -> None:
    source, said, rows, faults = use_starter()
    assert source == "lighthouse" and faults == ""
    assert says(said, rows_of(200, 24))
    assert rows.count("<tr>") == 1 + 6


def test_an_upload_is_kept_by_its_content(tmp_path: Path) -> None:
    first = tmp_path / "a.csv"
    first.write_text("prompt,answer\n1,2\n")
    kept = keep(first, tmp_path / "uploads")
    assert kept.read_bytes() == first.read_bytes()
    assert keep(first, tmp_path / "uploads") == kept
    first.write_text("prompt,answer\n1,3\n")
    assert keep(first, tmp_path / "uploads") != kept
    assert len(list((tmp_path / "uploads").rglob("*.csv"))) == 2


def test_cells_are_escaped_and_bad_rows_are_numbered(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("prompt,answer\n<b>bold</b>,yes\nwhy,\nhow,so\n")
    *_shown, (_given, source, _facts, rows, faults, *_form) = take_upload(bench, [str(path)], 0.34)
    assert Path(source).is_relative_to(bench.home)
    assert "<b>" not in rows and faults.count("<li") == 1
    assert re.search(rf"\(answer\)[^<]* \({numbered([2])}\)", faults)


def test_a_bad_upload_leaves_no_data_in_use_and_is_not_kept(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("height,width\n1,2\n")
    steps = take_upload(bench, [str(path)], 0.1)
    given, source, said, rows, _faults, *_form = next(steps)
    assert given == str(path)  # the form can still be used to read it otherwise
    assert source == "" and rows == "" and "height, width" in said
    with pytest.raises(DataError, match="height, width"):
        next(steps)
    assert not (bench.home / "uploads").exists()


def test_many_reasons_and_rows_are_cut_short() -> None:
    reasons = tuple(Reason(f"the reason is {n}", tuple(range(1, 31))) for n in range(9))
    said = list(finding_sentences(Findings(reasons, (), (), (), (), ())))
    assert said[0].startswith("30 rows") and said[0].endswith(f"the reason is 0 ({numbered(range(1, 31))}).")
    assert len(said) == 7 and said[-1].startswith("90 more rows") and "the reason" not in said[-1]


def test_columns_that_were_guessed_wrong_can_be_chosen(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("height,width\n1,2\n3,4\n5,6\n")
    steps = take_upload(bench, [str(path)], 0.34)
    _given, _source, _said, _rows, _faults, kind, first, *_others = next(steps)
    assert kind == "" and ("height", "height") in first["choices"]
    fields = ("pairs", "", "", "width", "", [], "How wide is {height}?", "", "", "", "", "", "", "", "")
    *_shown, (data, said, rows, _faults, *_form) = apply_parsing(bench, str(path), 0.34, *fields)
    assert "How wide is {height}?" in said and ("How wide is 1?" in rows or "How wide is 3?" in rows)
    config = config_of(replace(FORM, data=data), "paper")
    assert config.mapping == DataChoice.from_text(data).mapping and config.data.endswith("odd.csv")
    assert RunConfig.from_json(config.to_json()) == config


def test_a_field_that_is_read_as_it_was_sent_may_be_changed_meanwhile(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("prompt,answer\na,b\nc,d\ne,f\n")
    fields = ("pairs", "answer", "", "answer", "", [], "", "", "", "", "", "", "", "", "")
    *_shown, (data, _said, _rows, _faults, *form) = apply_choices(bench, str(path), 0.34, *fields)
    assert DataChoice.from_text(data).mapping == Mapping("pairs", "answer", "answer")
    assert ("prompt", "prompt") in form[3]["choices"] and all("value" not in update for update in form[:FIELDS])
    *_shown, (_data, _said, _rows, _faults, kind, first, *_others) = apply_choices(
        bench, str(path), 0.34, "pairs", *[""] * 2, "answer", "", [], *[""] * 9
    )
    assert "value" not in kind and first["value"] == "prompt"


def test_a_choice_that_is_taken_back_leaves_no_columns_of_the_reading_before(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    cells = [["prompt", "answer"], *([asked(n), said(n)] for n in range(9))]
    path.write_bytes(workbook(FAQ=cells, Words=[["text", "label"], *([asked(n), mood(n)] for n in range(9))]))
    of_words = ("labels", "text", "", "label", "", [], "", "", "", "", "", "", "", "", "")
    *_shown, (data, *_rest) = apply_parsing(bench, str(path), 0.34, *of_words)
    assert DataChoice.from_text(data).load(0.34).mapping == Mapping("pairs", "prompt", "answer")


def test_a_column_that_is_needed_is_asked_for(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("height,width\n1,2\n3,4\n")
    steps = apply_parsing(
        bench, str(path), 0.34, "labels", "height", "", "", "", [], "", "", "", "", "", "", "", "", ""
    )
    shown = next(steps)[1]
    with pytest.raises(DataError, match="No target column is selected") as refused:
        next(steps)
    assert says(shown, str(refused.value))


def test_the_form_still_holds_after_a_look_at_a_starter(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("prompt,answer\na,b\nc,d\ne,f\n")
    fields = ("pairs", "answer", "", "prompt", "", [], "", "", "", "", "", "", "", "", "")
    *_shown, (_file, _paste, _hub, _shared, data, said, *_rest) = choose_kind(
        bench, text.OWN_DATA, str(path), 0.34, *fields
    )
    assert says(said, str(Mapping("pairs", "answer", "prompt")))
    assert DataChoice.from_text(data).mapping == Mapping("pairs", "answer", "prompt")


def test_a_zip_of_pictures_is_shown_by_class_and_a_start_finds_it(bench: Studio, tmp_path: Path) -> None:
    upload = zipped(paint(tmp_path / "pictures", 4), tmp_path / "day.zip")
    *_steps, (_given, source, said, rows, faults, *_form) = take_upload(bench, [str(upload)], 0.25)
    assert (
        says(said, rows_of(6, 2)) and says(said, MODELS_FOR_KIND["pictures"]) and says(said, str(Mapping("pictures")))
    )
    assert re.search(r"\b8 [^<]*\b2 folders", said)
    assert rows.count("<img") == 6 and rows.count("<figcaption dir='auto'>night") == 3 and "broken.png" in faults
    assert len(DataChoice.from_text(source).load(0.25).train) == 6
    assert text.PICTURE_SEEN in next(draw(bench, 1, *updates_of(replace(FORM, data=source, held_out=0.25))))[2]
    *_steps, (again, *_rest) = apply_parsing(bench, source, 0.25, *[""] * 15)
    assert again == source


def test_a_file_is_read_where_it_lies_and_a_folder_too(bench: Studio, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    for name in ("storm", "calm"):
        (folder / name).mkdir(parents=True)
        for number in range(3):
            (folder / name / f"{number}.txt").write_text(f"a {name} letter {number}")
    *_steps, (given, source, said, *_rest) = take_path(bench, f' "{folder}" ', 0.34)
    assert given == source == str(folder) and says(said, look_at(folder).description)
    assert "2 folders" in said
    assert not (bench.home / "uploads").exists()
    absent = take_path(bench, "/no/such/file.csv", 0.1)
    shown = next(absent)[2]
    with pytest.raises(DataError, match=r"/no/such/file\.csv") as refused:
        next(absent)
    assert says(shown, str(refused.value))


def test_a_space_opens_no_path_of_its_own(bench: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "somebody/space")
    with pytest.raises(DataError, match=re.escape(text.NO_PATHS_HERE)):
        next(take_path(bench, str(tmp_path), 0.1))


def test_pasted_rows_are_kept_and_read(bench: Studio) -> None:
    *_steps, (given, source, said, *_rest) = take_pasted(bench, "prompt\tanswer\n" + "a\tb\nc\td\ne\tf\n", 0.34)
    assert given == source and Path(source).is_relative_to(bench.home) and "tab-separated" in said
    nothing = take_pasted(bench, "  ", 0.34)
    assert next(nothing)[:2] == ("", "")
    with pytest.raises(DataError, match="Nothing was pasted"):
        next(nothing)


def test_rows_of_the_hub_are_looked_up_fetched_and_kept(
    bench: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(DataHub(NAME, FILES)) as address:
        ask_there(address, tmp_path / "cache", monkeypatch)
        *_asking, (said, found, configuration, splits, rows) = look_up(f"https://huggingface.co/datasets/{NAME}")
        assert says(said, text.hub_found(NAME, 2)) and found["visible"] and "a0 é" in rows
        assert configuration["choices"] == ["plain", "other"] and splits["value"] == ["train"]
        *_news, (note, given, source, said, *_rest) = take_hub(bench, 0.1, NAME, "plain", ["train", "test"], 50)
        assert choose_configuration(NAME, "other")[1]["choices"] == ["train"]
    assert given == source and says(said, rows_of(50, 5)) and says(note, text.hub_taken(NAME))
    assert len(DataChoice.from_text(source).load().train) == 50  # the hub is gone, the rows are not


def test_no_split_and_no_hub_are_said(bench: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert text.CHOOSE_SPLITS in next(take_hub(bench, 0.1, NAME, "plain", [], 50))[0]

    def refused(_hub_id: str) -> None:
        raise ConnectionError("Connection refused")

    monkeypatch.setattr("datasets.get_dataset_config_names", refused)
    asking = look_up(NAME)
    assert text.ASKING_HUB in next(asking)[0]
    shown = next(asking)[0]
    with pytest.raises(DataError, match="Connection refused") as unreached:
        next(asking)
    assert says(shown, str(unreached.value))


def test_rows_are_set_aside_by_a_column_of_any_name(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "folds.csv"
    path.write_text("prompt,answer,fold\n" + "".join(f"p {n},a {n},{'b' if n % 4 else 'a'}\n" for n in range(12)))
    *_steps, (source, said, *_rest) = apply_parsing(bench, str(path), 0.1, *[""] * 7, "fold", *[""] * 7)
    assert says(said, rows_of(9, 3)) and says(said, str(Mapping("pairs", "prompt", "answer", split="fold")))
    config = config_of(replace(FORM, data=source), "paper")
    again = RunConfig.from_json(config.to_json())
    assert again.mapping and again.mapping.split == "fold" and len(again.choice().load().held_out) == 3
    *_steps, (_source, said, *_rest) = apply_parsing(bench, str(path), 0.1, *[""] * 7, "fold", *[""] * 7)


def test_rows_can_be_taken_along_as_they_were_understood(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("question;reply\nwhy;so\nhow;\nwho;me\nwhen;now\n")
    bench.scratch.mkdir()
    rows, left_out = export_processed(bench, str(path), 0.34)
    assert (rows["label"], left_out["label"]) == (text.rows_file(3), text.left_out_file(1)) and left_out["visible"]
    again = DataChoice(rows["value"]).load()
    assert (len(again.train), len(again.held_out)) == (2, 1)
    assert "the answer (reply) is empty" in Path(left_out["value"]).read_text()
    assert not export_processed(bench, "lighthouse", 0.1)[1]["visible"]


def test_every_kind_of_row_can_be_said_and_is_filled_in_as_guessed(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b,c,d\n" + "".join(f"text {n},x;y{n % 2},2.5,{(n % 2 and 'b') or 'a'}\n" for n in range(9)))

    def read(kind: str, answer: str, choices: list[str], second: str = "") -> str:
        fields = (kind, "a", second, answer, "", choices, "", "", "", "", "", "", "", "", "")
        *_shown, (data, said, *_rest) = apply_parsing(bench, str(path), 0.34, *fields)
        assert DataChoice.from_text(data).load(0.34).train
        return said

    several = Mapping("labels", answer="b", column="a", target="multi")
    assert says(read("multi", "b", []), str(several))
    assert says(read("number", "c", []), str(replace(several, answer="c", target="number")))
    chosen = Mapping("choices", answer="d", parts=("a", "b", "c"), asked=1)
    assert says(read("choices", "d", ["b", "c"]), str(chosen))
    steps = apply_parsing(bench, str(path), 0.34, "choices", "a", "", "d", "", [], "", "", "", "", "", "", "", "", "")
    shown = next(steps)[1]
    with pytest.raises(DataError, match="for the choices") as refused:
        next(steps)
    assert says(shown, str(refused.value))
    kind, first, second, answer, _rejected, choices, *_rest = offered(read_table(path), chosen)
    assert (kind, first["value"], second["value"], answer["value"], choices["value"]) == (
        "choices",
        "a",
        "",
        "d",
        ["b", "c"],
    )


def test_another_sheet_of_a_workbook_can_be_chosen(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"note": ["x"]}).to_excel(book, sheet_name="Cover", index=False)
        pd.DataFrame({"prompt": list("abc"), "answer": list("def")}).to_excel(book, sheet_name="Rows", index=False)
    steps = take_upload(bench, [str(path)], 0.34)
    *_before, sheet, _speaker, _shape, _unused, _options = next(steps)
    assert sheet["visible"] and ("Rows", "Rows") in sheet["choices"]
    *_shown, (_data, said, *_rest) = apply_parsing(bench, str(path), 0.34, *[""] * 12, "Rows", "", "")
    assert "sheet Rows" in said and says(said, rows_of(2, 1))
    wrong = apply_parsing(bench, str(path), 0.34, *[""] * 12, "Nowhere", "", "")
    assert "; its sheets are Cover, Rows" in next(wrong)[1]


def test_the_form_shows_the_columns_of_a_new_reading_and_fills_in_what_a_task_needs(
    bench: Studio, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    remarks = "".join(f"A remark about the sea number {n},{'ab'[n % 2]}\n" for n in range(12))
    path.write_text("text,label\n" + remarks)
    fields = ("labels", "text", "", "label", "", [], "", "", "", "", "", "0", "", "", "")
    *_shown, (data, said, _rows, _faults, kind, first, *_form) = apply_parsing(bench, str(path), 0.2, *fields)
    assert kind == "labels" and first["value"] == "column 1" and ("text", "text") not in first["choices"]
    assert says(said, str(Mapping("labels", column="column 1", answer="column 2"))) and data
    alone = ("labels", "text", "", "", "", [], "", "", "", "", "", "", "", "", "")
    *_shown, (_data, said, *_rest) = apply_parsing(bench, str(path), 0.2, *alone)
    assert says(said, str(Mapping("labels", column="text", answer="label")))


def test_a_column_that_is_not_used_is_used_after_one_click(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = "".join(f"The title of note {n},A remark about the sea {n},{'ab'[n % 2]}\n" for n in range(12))
    path.write_text("title,text,label\n" + rows)
    *_steps, (_given, _data, said, _rows, _faults, *form) = take_upload(bench, [str(path)], 0.2)
    assert form[FIELDS]["visible"] and [value for _label, value in form[FIELDS]["choices"]] == ["context:title"]
    fields = ("labels", "text", "", "label", "", [], "", "", "", "", "", "", "", "", "")
    *_shown, (_data, said, *_rest) = use_unused(bench, str(path), 0.2, "context:title", *fields)
    assert says(said, str(Mapping("labels", column="text", context="title", answer="label")))


def test_several_files_are_read_as_one_table(bench: Studio, tmp_path: Path) -> None:
    for name in ("train", "test"):
        rows = "".join(f"{name} question {n},answer {n}\n" for n in range(6))
        (tmp_path / f"{name}.csv").write_text("prompt,answer\n" + rows)
    uploads = [str(tmp_path / "train.csv"), str(tmp_path / "test.csv")]
    *_steps, (_given, data, said, *_rest) = take_upload(bench, uploads, 0.2)
    assert says(said, rows_of(6, 6)) and len(DataChoice.from_text(data).load().held_out) == 6


def test_a_chat_log_is_learned_after_its_speaker_is_chosen(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat.txt"
    lines = (f"{n // 4 + 1:02d}/05/2024, 10:{n:02d} - {('Ada', 'Bert')[n % 2]}: remark number {n}\n" for n in range(20))
    path.write_text("".join(lines))
    steps = take_upload(bench, [str(path)], 0.2)
    *_before, speaker, _shape, _unused, _options = next(steps)
    assert speaker["visible"] and ("Bert", "Bert") in speaker["choices"]
    with pytest.raises(DataError, match="Ada"):
        next(steps)
    *_shown, (data, _said, *_rest) = apply_parsing(bench, str(path), 0.2, *[""] * 13, "Bert", "")
    assert DataChoice.from_text(data).parsing == ParsingOptions(speaker="Bert")


def test_what_of_an_export_is_not_used_is_shown_once(bench: Studio, tmp_path: Path) -> None:
    replies = [{"text": f"Answer {rank}", "role": "assistant", "rank": rank, "replies": []} for rank in range(3)]
    path = tmp_path / "trees.jsonl"
    path.write_text(
        "".join(
            json.dumps({"prompt": {"text": f"Question {n}", "role": "prompter", "replies": replies}}) + "\n"
            for n in range(4)
        )
    )
    *_shown, taken = take_upload(bench, [str(path)], 0.34)
    _given, source, said, _rows, faults, *_form = taken
    assert source and said.count("not ranked best (8)") == 1 and "not ranked best" not in faults


def test_a_chat_log_asks_for_a_speaker_and_offers_its_columns(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("".join(f"31.12.23, 22:1{n} - {'AB'[n % 2]}: line {n}\n" for n in range(8)))
    steps = take_upload(bench, [str(path)], 0.34)
    _given, source, said, _rows, _faults, *form = next(steps)
    assert source == "" and "choose the speaker" in said
    assert any("speaker" in str(field) and "text" in str(field) for field in form)
    with pytest.raises(DataError, match="2 speakers"):
        next(steps)


def test_rows_with_a_known_shape_are_read_as_they_stand_if_the_form_says_so(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "preferences.jsonl"
    rows = ({"question": f"Where is berth {n}?", "chosen": f"At {n}.", "rejected": "No."} for n in range(12))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    *_shown, (source, said, *_rest) = apply_parsing(
        bench, str(path), 0.2, "pairs", "question", "", "rejected", "", [], "", "", "", "", "", "", "", "", "plain"
    )
    assert DataChoice.from_text(source).parsing == ParsingOptions(plain=True)
    assert "rejected → answer" in said and "preference pairs" not in said


def test_a_text_that_preferences_leave_out_becomes_their_context_after_one_click(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "preferences.jsonl"
    rows = ({"ask": f"Berth {n}?", "chosen": f"At {n}.", "rejected": "No.", "about": f"Sea map {n}"} for n in range(12))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    *_steps, (_given, _data, _said, _rows, _faults, *form) = take_upload(bench, [str(path)], 0.2)
    assert [value for _label, value in form[FIELDS]["choices"]] == ["context:about"]
    fields = ("preferences", "ask", "", "chosen", "rejected", [], "", "", "", "", "", "", "", "", "")
    *_shown, (_data, said, *_rest) = use_unused(bench, str(path), 0.2, "context:about", *fields)
    assert says(said, str(Mapping("preferences", "ask", "chosen", "about", rejected="rejected")))


def test_preferences_are_shown_with_both_answers_and_stay_as_chosen(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "preferences.jsonl"
    rows = ({"q": f"Where is berth {n}?", "good": f"At {n}.", "bad": "No."} for n in range(12))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    fields = ("preferences", "q", "", "good", "bad", [], "", "", "", "", "", "", "", "", "")
    *_shown, (source, said, shown, _faults, *form) = apply_parsing(bench, str(path), 0.2, *fields)
    assert "good → chosen answer, bad → rejected answer" in said
    assert "Rejected" in shown and "At 0." in shown and "No." in shown
    assert form[0] == "preferences" and [field["value"] for field in form[1:5]] == ["q", "", "good", "bad"]
    assert form[4]["visible"]
    *_shown, (_source, said, *_form) = apply_parsing(bench, str(path), 0.2, fields[0], "q", "bad", *fields[3:])
    assert says(said, str(Mapping("preferences", "q", "good", "bad", rejected="bad")))
    *_shown, (again, *_rest) = apply_parsing(bench, str(path), 0.2, *fields)
    assert DataChoice.from_text(again) == DataChoice.from_text(source)
    labeled = tmp_path / "labeled.csv"
    labeled.write_text("prompt,completion,label\n" + "".join(f"ask {n},tell {n},{n % 2}\n" for n in range(12)))
    _facts, table, _findings = data_overview(load_data(labeled))
    assert "undesirable" in table and "desirable" in table


def test_findings_on_a_part_of_a_file_say_which_part(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("text,label\n" + "".join(f"Letter number {n} on the harbor,{'ab'[n % 2]}\n" for n in range(400)))
    split = load_data(path)
    _facts, _rows, findings = data_overview(replace(split, share=0.25))
    assert "25% of the file" in findings and "of the file" not in data_overview(split)[2]
