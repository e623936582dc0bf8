"""The encoding of a file is detected, shown, and can be chosen; bytes that are no characters are damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args
from unicodedata import normalize

import pytest

from ia3_studio.data import large
from ia3_studio.data.byte_marks import text_with_marks, without_marks
from ia3_studio.data.chosen_encodings import CHOSEN_CODECS
from ia3_studio.data.decode import Encoding, decode, find_encoding
from ia3_studio.data.legacy_encodings import CODECS, SAMPLE_BYTES, words_outside_ascii
from ia3_studio.data.load import DataChoice, load_data
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.shifted_encodings import SHIFTED_CODECS
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.languages import SENTENCES

ENGLISH = "".join(f"Who keeps the key of shed {n}?,The man with the lamp keeps it.\n" for n in range(30))
ACCENTS = "\u0300\u0301\u0303\u0309\u0323"
WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def codec(encoding: str) -> str:
    known = {**{name: codecs[0] for name, codecs in CODECS.items()}, **SHIFTED_CODECS, **CHOSEN_CODECS}
    return known.get(encoding) or encoding.lower()  # type: ignore[call-overload]


def encoded(text: str, encoding: str) -> bytes:
    """Return bytes of a text; in windows-1258 most accents stand behind their letters."""
    if encoding == "windows-1258":
        parts = (normalize("NFD", letter) for letter in text)
        text = "".join(
            normalize("NFC", "".join(c for c in part if c not in ACCENTS)) + "".join(c for c in part if c in ACCENTS)
            for part in parts
        )
    return text.encode(codec(encoding))


def table_of(sentences: tuple[str, ...]) -> str:
    return "prompt,answer\n" + "".join(
        f'"{one}","{other}"\n' for one, other in zip(sentences, sentences[::-1], strict=True)
    )


@pytest.mark.parametrize("language", SENTENCES)
def test_a_short_table_is_read_in_its_encoding_for_certain(language: str, tmp_path: Path) -> None:
    encoding, sentences = SENTENCES[language]
    (tmp_path / "rows.csv").write_bytes(encoded(table_of(sentences), encoding))
    table = read_table(tmp_path / "rows.csv")
    assert table.frame["prompt"].tolist() == [*sentences]
    assert table.description.startswith(f"comma-separated, {encoding}, ") and not table.notes


@pytest.mark.parametrize("language", SENTENCES)
def test_three_rows_are_enough(language: str) -> None:
    encoding, sentences = SENTENCES[language]
    for start in range(0, len(sentences) - 2, 2):
        text = "\n".join(sentences[start : start + 3])
        assert decode("rows.txt", encoded(text, encoding)).text == text


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("windows-1252", ("déjà vu", "café crème")), ("windows-1252", ("Müller", "Größe")),
        ("windows-1252", ("señor", "jalapeño")), ("windows-1250", ("Wałęsa", "Łódź")),
        ("windows-1250", ("Dvořák", "Plzeň")), ("windows-1251", ("борщ", "спасибо")),
        ("windows-1253", ("φιλοσοφία", "λόγος")), ("GB18030", ("北京", "饺子")), ("Big5", ("臺灣", "謝謝")),
        ("Shift-JIS", ("寿司", "ありがとう")), ("EUC-KR", ("김치", "안녕")), ("windows-1258", ("bánh mì", "phở")),
        ("windows-1252", ("però", "sì")),
    ],
)  # fmt: skip
def test_two_words_in_an_english_file_are_read_as_written(encoding: str, words: tuple[str, str]) -> None:
    text = f"prompt,answer\n{ENGLISH}What does {words[0]} mean?,It is like {words[1]} at sea.\n{ENGLISH}"
    found = decode("rows.csv", encoded(text, encoding))
    assert found.text == text and found.encoding.encoding == encoding


@pytest.mark.parametrize("written", WIDE)
@pytest.mark.parametrize("language", ["German", "Russian", "Chinese (simplified)"])
def test_utf_16_and_32_are_known_with_and_without_a_byte_order_mark(written: str, language: str) -> None:
    text = table_of(SENTENCES[language][1])
    found = decode("rows.csv", text.encode(written))
    assert found.text == text and found.encoding.encoding == written[:6].upper() and found.encoding.certain


@pytest.mark.parametrize("encoding", get_args(Encoding))
def test_every_encoding_can_be_chosen(encoding: Encoding, tmp_path: Path) -> None:
    texts = (
        "naïve é", "żółć", "борщ", "λόγος", "שלום", "مرحبا", "ğış", "ėų", "港口", "こんにちは", "안녕", "สวัสดี",
        "bờ biển", "ĉirkaŭ", "ŷ", "São", "þú",
    )  # fmt: skip
    fitting = [text for text in texts if is_writable(text, encoding)]
    assert fitting
    (tmp_path / "rows.csv").write_bytes(encoded("a,b\n" + "".join(f"{text},1x\n" for text in fitting), encoding))
    table = read_table(tmp_path / "rows.csv", ParsingOptions(encoding=encoding))
    assert table.frame["a"].tolist() == fitting and encoding in table.description and not table.notes


def is_writable(text: str, encoding: str) -> bool:
    try:
        encoded(text, encoding)
        return True
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize(
    ("encoding", "language"),
    [("ISO-2022-JP", "Japanese"), ("ISO-2022-KR", "Korean"), ("HZ", "Chinese (simplified)")],
)
def test_old_mail_in_bytes_of_ascii_is_read_in_its_encoding(encoding: str, language: str, tmp_path: Path) -> None:
    sentences = SENTENCES[language][1]
    (tmp_path / "rows.csv").write_bytes(encoded(table_of(sentences), encoding))
    table = read_table(tmp_path / "rows.csv")
    assert table.frame["prompt"].tolist() == [*sentences] and encoding in table.description


def test_signs_of_ascii_alone_are_no_shift_to_another_script() -> None:
    for text in ("see Fig.~{1}, page~{2}\n", "~~{x}~}\n", "red \x1b[31mtext\x1b[0m\n"):
        assert decode("rows.txt", text.encode()).text == text


def test_a_guess_that_could_be_another_says_so_wherever_the_data_are_described(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("prompt,answer\nWho?,Mr Lakiæ\nWhere?,there\n".encode("windows-1252"))
    split = load_data(tmp_path / "rows.csv")
    assert "probably windows-12" in split.description
    assert any("choose another under Encoding" in note for note in split.notes)
    chosen = load_data(tmp_path / "rows.csv", parsing=ParsingOptions(encoding="windows-1250"))
    assert not chosen.notes and "Mr Lakić" in {
        example.messages[-1].content for example in (*chosen.train, *chosen.held_out)
    }


def test_a_text_that_fits_no_encoding_is_not_taken_for_a_language() -> None:
    text = "".join(f"That costs £{n}00, don’t wait, says Müller n°{n}.\n" for n in range(40))
    data = text.encode("utf-8").decode("mac_roman").encode("cp1252", "replace")  # read wrong once, and saved so
    found = find_encoding("rows.txt", data)
    assert found.encoding == "windows-1252" and not found.certain


def test_texts_that_belong_together_are_read_in_one_encoding(tmp_path: Path) -> None:
    for place, sentence in enumerate(SENTENCES["Russian"][1]):
        folder = tmp_path / "texts" / ("calm" if place % 2 else "storm")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{place}.txt").write_bytes(sentence.encode("cp1251"))
    (tmp_path / "texts" / "calm" / "word.txt").write_bytes("На".encode("cp1251"))  # by itself it could be anything
    assert "На" in read_table(tmp_path / "texts").frame["text"].tolist()


def test_a_guess_is_made_from_a_sample_of_a_large_text() -> None:
    words = "Здравствуйте, порт закрыт. ".encode("cp1251") * 100_000
    assert SAMPLE_BYTES / 2 < sum(map(len, words_outside_ascii(words))) < 2 * SAMPLE_BYTES
    far = b"nothing to see here\n" * 100_000 + "Où est le café ?".encode("cp1252")
    assert decode("rows.txt", far).text.endswith("Où est le café ?")


# Damaged bytes

ROWS = 30
FORMS: dict[str, Callable[[list[str]], str]] = {
    "rows.csv": lambda texts: "prompt,answer\n" + "".join(f"{text},yes {text}\n" for text in texts),
    "rows.tsv": lambda texts: "prompt\tanswer\n" + "".join(f"{text}\tyes {text}\n" for text in texts),
    "rows.txt": lambda texts: "".join(f"{text}\n" for text in texts),
    "rows.json": lambda texts: json.dumps(
        [{"prompt": text, "answer": "yes"} for text in texts], ensure_ascii=False, indent=0
    ),
    "rows.jsonl": lambda texts: "".join(
        json.dumps({"prompt": text, "answer": "yes"}, ensure_ascii=False) + "\n" for text in texts
    ),
}  # fmt: skip


def damaged(form: str, broken: tuple[int, ...] = (12,)) -> bytes:
    """Return a file of numbered texts, in some of which the first letter outside ASCII lacks its first byte."""
    texts = [f"été {n}" for n in range(1, ROWS + 1)]
    data = FORMS[form](texts).encode()
    for number in broken:
        data = data.replace(f"été {number}".encode(), f"été {number}".encode()[1:], 1)
    return data


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("is_large", [False, True])
def test_one_bad_byte_is_one_damaged_row_in_every_format(
    form: str, is_large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "LARGE_BYTES", 100 if is_large else 10**9)
    monkeypatch.setattr(large, "BLOCK_BYTES", 300)
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    (tmp_path / form).write_bytes(damaged(form))
    split = load_data(tmp_path / form)
    assert [problem.row for problem in split.problems] == [12]
    line = {"rows.csv": 13, "rows.tsv": 13, "rows.txt": 12, "rows.json": 47, "rows.jsonl": 12}[form]
    assert split.problems[0].reason.startswith(f"line {line} ") and "UTF-8" in split.problems[0].reason
    assert "\ufffd" in split.problems[0].text
    used = {example.row for example in (*split.train, *split.held_out)}
    assert used == set(range(1, ROWS + 1)) - {12}
    assert "été 13" in str([*split.train, *split.held_out])


@pytest.mark.parametrize("form", FORMS)
def test_many_bad_bytes_refuse_the_file(form: str, tmp_path: Path) -> None:
    (tmp_path / form).write_bytes(damaged(form, (3, 4, 5, 6, 7, 8)))
    with pytest.raises(DataError, match=r"cannot be read: .* not valid UTF-8; 5 more of 30 rows"):
        load_data(tmp_path / form)


def test_a_bad_byte_in_a_name_leaves_the_rows(tmp_path: Path) -> None:
    data = "question,réponse\n".encode().replace(b"\xc3", b"", 1) + "été ?,là\nici ?,déjà\n".encode()
    (tmp_path / "rows.csv").write_bytes(data)
    table = read_table(tmp_path / "rows.csv")
    assert [*table.frame.columns] == ["question", "r\ufffdponse"] and not table.problems and len(table.frame) == 2


def test_a_bad_byte_in_a_key_is_the_damage_of_its_row(tmp_path: Path) -> None:
    rows = [{"clé": f"é{n}", "answer": "là"} for n in range(20)]
    data = json.dumps(rows, ensure_ascii=False).encode().replace(b"cl\xc3\xa9", b"cl\xa9", 1)
    (tmp_path / "rows.json").write_bytes(data)
    table = read_table(tmp_path / "rows.json")
    assert [*table.frame.columns] == ["answer", "clé"] and [each.row for each in table.problems] == [1]


def test_a_bad_byte_of_another_encoding_is_the_damage_of_its_row(tmp_path: Path) -> None:
    text = table_of(SENTENCES["French"][1] * 3)
    (tmp_path / "rows.csv").write_bytes(text.encode("cp1252").replace("ç".encode("cp1252"), b"\x81", 1))
    table = read_table(tmp_path / "rows.csv")
    assert len(table.frame) == 23 and len(table.problems) == 1
    assert "windows-1252" in table.problems[0].reason


def test_text_that_holds_the_replacement_character_by_itself_is_whole(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("prompt,answer\nw\ufffdo,é\nb,c\n", encoding="utf-8")
    table = read_table(tmp_path / "rows.csv")
    assert table.frame["prompt"].tolist() == ["w\ufffdo", "b"] and not table.problems


def test_marks_carry_their_line_and_are_shown_as_u_fffd() -> None:
    text, has_marks = text_with_marks(b"a\nb\xff\xfe\n\xe9c", "utf-8")
    assert has_marks and without_marks(text) == "a\nb\ufffd\n\ufffdc"
    assert text_with_marks("é\n".encode(), "utf-8") == ("é\n", False)


# Large files


@pytest.fixture
def small_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE_BYTES", 1000)
    monkeypatch.setattr(large, "HEAD_BYTES", 2000)
    monkeypatch.setattr(large, "BLOCK_BYTES", 500)
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))


def lines_of(words: str, rows: int = 200) -> str:
    return "".join(json.dumps({"prompt": f"{n} {words if n > 100 else 'plain'}", "answer": f"{n}"},
                              ensure_ascii=False) + "\n" for n in range(1, rows + 1))  # fmt: skip


@pytest.mark.parametrize("written", [*WIDE, "utf-8", "utf-8-sig", "cp1251", "gb18030"])
def test_a_large_file_has_one_encoding_whatever_its_first_block_holds(
    written: str, tmp_path: Path, small_blocks: None
) -> None:
    words = "港口很安静，最近的灯塔在哪里？" if written == "gb18030" else "порт закрыт до утра"
    path = tmp_path / "rows.jsonl"
    path.write_bytes(lines_of(words).encode(written))
    assert large.is_large(path)
    split = load_data(path)
    asked = {example.row: example.messages[0].content for example in (*split.train, *split.held_out)}
    assert asked == {n: f"{n} {words if n > 100 else 'plain'}" for n in range(1, 201)}
    looked = DataChoice(str(path)).look()
    assert looked.share < 1 and looked.description.partition(", the first")[0] in split.description


def test_a_character_across_the_border_of_two_blocks_is_whole(tmp_path: Path, small_blocks: None) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": f"{n} {'é' * (n % 7)}", "answer": "ü" * n} for n in range(1, 120)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    split = load_data(path)
    assert len(split.train) + len(split.held_out) == len(rows) and not split.problems


def test_the_lines_of_damage_in_a_large_file_are_those_of_the_file(tmp_path: Path, small_blocks: None) -> None:
    path = tmp_path / "rows.jsonl"
    text = lines_of("été").encode().replace("150 été".encode(), "150 été".encode()[:5] + b"t\xc3", 1)
    path.write_bytes(text)
    split = load_data(path)
    assert [(each.row, each.reason.partition(" cannot")[0]) for each in split.problems] == [(150, "line 150")]


def test_a_few_damaged_bytes_that_are_no_letters_anywhere_are_one_damaged_row(tmp_path: Path) -> None:
    written = b"text,label\n" + b"".join(b"A letter on the ferry of day %d,%d\n" % (n, n % 2) for n in range(40))
    path = tmp_path / "letters.csv"
    path.write_bytes(written.replace(b"ferry of day 7,", b"fer\xff\xfery of day 7,"))
    found = read_table(path)
    assert "UTF-8" in found.description and len(found.frame) == 39 and len(found.problems) == 1
