"""Rows of YAML, XML and subtitles: every value stays what is written, and nothing is expanded."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.load import load_data
from ia3_studio.data.table import Table, read_table
from ia3_studio.errors import DataError


def read(name: str, text: str, folder: Path) -> Table:
    (folder / name).write_text(text, encoding="utf-8")
    return read_table(folder / name)


def test_values_of_yaml_stay_as_they_are_written(tmp_path: Path) -> None:
    table = read("rows.yaml", "- {text: no, label: 1.10}\n- {text: null, label: 2024-01-02}\n", tmp_path)
    assert table.frame.to_dict("records") == [
        {"text": "no", "label": "1.10"}, {"text": "null", "label": "2024-01-02"}
    ]  # fmt: skip


def test_yaml_objects_of_python_are_text_and_build_nothing(tmp_path: Path) -> None:
    table = read("rows.yml", "- {text: !!python/name:os.system x}\n- {text: ferry}\n", tmp_path)
    assert table.frame["text"].tolist() == ["x", "ferry"]


def test_yaml_of_too_many_characters_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ia3_studio.data.yaml_rows.MOST_CHARACTERS", 10)
    with pytest.raises(DataError, match="save the rows as JSON lines"):
        read("rows.yaml", "- text: one\n- text: two\n", tmp_path)


def test_attributes_children_and_marked_words_of_xml_are_columns(tmp_path: Path) -> None:
    rows = "".join(
        f'<row id="{n}"><text>The <b>ferry</b> {n} leaves</text><tag>a</tag><tag>b{n}</tag></row>' for n in "12"
    )
    table = read("rows.xml", f"<rows><about>x</about>{rows}</rows>", tmp_path)
    assert table.frame.to_dict("records")[0] == {"id": "1", "text": "The ferry 1 leaves", "tag": ["a", "b1"]}


def test_the_outermost_elements_that_repeat_are_the_rows(tmp_path: Path) -> None:
    item = "<item><title>x</title><links><link><a>1</a><b>2</b></link><link><a>1</a><b>2</b></link></links></item>"
    table = read("rows.xml", f"<rss><channel>{item * 3}</channel></rss>", tmp_path)
    assert len(table.frame) == 3 and list(table.frame.columns) == ["title", "links"]


def test_native_codes_of_a_translation_memory_are_left_out(tmp_path: Path) -> None:
    unit = '<tu><tuv xml:lang="en"><seg>Open <bpt i="1">&lt;b&gt;</bpt><hi>now</hi></seg></tuv></tu>'
    table = read("memory.tmx", f"<tmx><body>{unit * 2}</body></tmx>", tmp_path)
    assert table.frame["en"].tolist() == ["Open now"] * 2


def test_captions_are_read_with_their_times_and_without_styles(tmp_path: Path) -> None:
    text = "WEBVTT\n\nNOTE made by hand\n\n00:01.000 --> 00:02.000 align:start\n<v Ann>Ahoy\n\n"
    text += "00:03.000 --> 00:04.000\nBye\n"
    table = read("film.vtt", text, tmp_path)
    assert table.frame.to_dict("list") == {
        "text": ["Ahoy", "Bye"], "start": ["00:01.000", "00:03.000"], "end": ["00:02.000", "00:04.000"]
    }  # fmt: skip
    assert table.notes == ("Not used: 2 blocks without a caption, such as a header or notes.",)


def test_rows_around_others_are_named_beside_them(tmp_path: Path) -> None:
    places = ("0", "1", "2")
    pages = "".join(
        f'<page n="{n}">{"".join(f"<p id={at!r}>Ferry {n} left pier {at}</p>" for at in places)}</page>' for n in "12"
    )
    table = read("pages.xml", f"<book>{pages}</book>", tmp_path)
    assert len(table.frame) == 6 and table.frame["page n"].tolist() == ["1"] * 3 + ["2"] * 3


def test_words_of_a_sentence_are_one_text(tmp_path: Path) -> None:
    said = "".join(f"<s id='{n}'><w>The</w><w>ferry</w><w>{n}</w></s>" for n in range(3))
    assert read("said.xml", f"<text>{said}</text>", tmp_path).frame["text"].tolist()[0] == "The ferry 0"


def test_rows_without_an_element_around_them_are_read(tmp_path: Path) -> None:
    documents = "".join(f"<DOC>\n<DOCNO> {n} </DOCNO>\n<TEXT>\nFerry {n} left\n</TEXT>\n</DOC>\n" for n in range(3))
    assert read("docs.xml", documents, tmp_path).frame["TEXT"].tolist()[0] == "Ferry 0 left"


def test_a_file_of_addresses_is_refused_as_it_has_no_texts(tmp_path: Path) -> None:
    urls = "".join(f"<url><loc>https://pier.org/{n}</loc><priority>0.{n}</priority></url>" for n in range(1, 9))
    with pytest.raises(DataError, match="none holds texts"):
        infer_columns(read("sitemap.xml", f"<urlset>{urls}</urlset>", tmp_path))


def test_messages_by_key_are_found_in_every_kind_of_file_and_in_folders(tmp_path: Path) -> None:
    kinds = {
        "i18n/{}/app.json": '{{"m{}": "{}"}}', "app_{}.properties": "m{} = {}\n",
        "{}.lproj/app.strings": '"m{}" = "{}";\n',
        "config/{}.yml": "  m{}: {}\n", "app.{}.resx": '<data name="m{}"><value>{}</value></data>',
    }  # fmt: skip
    for place, (path, form) in enumerate(kinds.items()):
        for language in ("en", "de"):
            file = tmp_path / str(place) / path.format(language)
            file.parent.mkdir(parents=True, exist_ok=True)
            lines = [form.format(n, f"{language} text {n}") for n in range(6)]
            if path.endswith("json"):
                text = "{" + ",".join(line[1:-1] for line in lines) + "}"
            else:
                text = f"{language}:\n" * path.endswith("yml") + "".join(lines)
            file.write_text(f"<root>{text}</root>" if path.endswith("resx") else text)
        table = read_table(tmp_path / str(place))
        assert table.frame[["en", "de"]].iloc[0].tolist() == ["en text 0", "de text 0"], path


def test_choices_of_which_an_attribute_says_that_they_are_right_are_a_question_each(tmp_path: Path) -> None:
    rows = "".join(
        f'<question seconds="9"><text>How many berths has pier {n}?</text><variants><variant>{n}</variant>'
        f'<variant right="true">{n + 1}</variant><variant>{n + 2}</variant></variants></question>'
        for n in range(9)
    )
    two = ('<question seconds="9"><text>Which are ships?</text><variants><variant right="true">A brig</variant>'
           '<variant right="true">A bark</variant><variant>A mole</variant></variants></question>')  # fmt: skip
    path = tmp_path / "quiz.xml"
    path.write_text(f"<questions>{rows}{two}</questions>")
    split = load_data(path)
    examples = sorted((*split.train, *split.held_out), key=lambda each: each.row)
    assert (examples[2].choices, examples[2].labels) == (("2", "3", "4"), ("3",))
    assert len(examples) == 9 and [problem.row for problem in split.problems] == [10]
