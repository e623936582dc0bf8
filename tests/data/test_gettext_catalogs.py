"""Gettext catalogs: pairs of a text and its translation; what is no pair is left out by name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError, OneFileError

HEADER = (
    'msgid ""\nmsgstr ""\n"Project-Id-Version: port\\n"\n"Language: de\\n"\n"Content-Type: text/plain; charset={}\\n"\n'
)
SECONDS = 8


def catalog(*entries: str, charset: str = "UTF-8") -> str:
    return "\n".join((HEADER.format(charset), *entries))


def entry(number: int) -> str:
    return f'#: port.c:{number}\nmsgid "Berth {number} is free"\nmsgstr "Platz {number} ist frei"\n'


PLAIN = tuple(entry(number) for number in range(6))


def read(folder: Path, text: str, name: str = "de.po", encoding: str = "utf-8") -> DataSplit:
    (folder / name).write_bytes(text.encode(encoding))
    return load_data(folder / name)


def pairs(split: DataSplit) -> list[tuple[str, ...]]:
    examples = sorted((*split.train, *split.held_out), key=lambda example: example.row)
    return [tuple(turn.content for turn in example.messages) for example in examples]


def test_entries_are_pairs_and_the_header_is_none(tmp_path: Path) -> None:
    split = read(tmp_path, catalog(*PLAIN))
    assert pairs(split) == [(f"Berth {n} is free", f"Platz {n} ist frei") for n in range(6)]
    assert "gettext catalog, translations into de, UTF-8" in split.description
    assert "Not used: the header entry and 6 lines of comments and references." in split.notes


def test_texts_of_several_lines_and_escapes_are_joined(tmp_path: Path) -> None:
    long = 'msgid ""\n"The \\"Ida\\"\\n"\n"is late." \nmsgstr ""\n"Die \\"Ida\\"\\n"\n"kommt sp\\303t\\t."\n'
    found = pairs(read(tmp_path, catalog(long.replace("\\303", "ä"), *PLAIN)))
    assert found[0] == ('The "Ida"\nis late.', 'Die "Ida"\nkommt spät\t.')


def test_the_singular_goes_with_the_first_form_and_the_plural_with_the_last(tmp_path: Path) -> None:
    forms = 'msgid "%d ship"\nmsgid_plural "%d ships"\nmsgstr[0] "%d a"\nmsgstr[1] "%d b"\nmsgstr[2] "%d c"\n'
    split = read(tmp_path, catalog(forms, *PLAIN))
    assert pairs(split)[:2] == [("%d ship", "%d a"), ("%d ships", "%d c")]
    assert "Not used: translations for numbers between the first and the last form (1)." in split.notes


def test_fuzzy_obsolete_and_untranslated_entries_are_left_out_and_counted(tmp_path: Path) -> None:
    others = (
        '#, fuzzy, c-format\nmsgid "Quay"\nmsgstr "Kai"\n',
        'msgid "Pier"\nmsgstr ""\n',
        '#, fuzzy\n#~ msgid "Old"\n#~ msgstr "Alt"\n',
    )
    split = read(tmp_path, catalog(*others, *PLAIN))
    assert len(pairs(split)) == 6
    assert "Not used: fuzzy entries, whose translations nobody has checked (1)." in split.notes
    assert "Not used: entries without a translation (1)." in split.notes
    assert "Not used: obsolete entries (1)." in split.notes


def test_a_context_is_part_of_the_prompt_where_it_decides_and_is_counted_where_it_does_not(tmp_path: Path) -> None:
    told = tuple(
        f'msgctxt "{where}"\nmsgid "Open"\nmsgstr "{word}"\n' for where, word in (("do", "Öffnen"), ("is", "Offen"))
    )
    found = pairs(read(tmp_path, catalog(*told, *PLAIN)))
    assert {answer for _prompt, answer in found[:2]} == {"Öffnen", "Offen"}
    assert "do" in found[0][0] and "is" in found[1][0] and found[2] == ("Berth 0 is free", "Platz 0 ist frei")
    split = read(tmp_path, catalog(told[0], *PLAIN))
    assert pairs(split)[0] == ("Open", "Öffnen")
    assert "Not used: contexts of entries, as none decides a translation (1)." in split.notes


def test_an_entry_without_a_closing_quote_is_a_damaged_row_with_its_line(tmp_path: Path) -> None:
    split = read(tmp_path, catalog('msgid "Pier\nmsgstr "Steg"\n', "what is this\n", *PLAIN * 4))
    assert len(pairs(split)) == 24
    reasons = [problem.reason for problem in split.problems]
    assert "line 7 cannot be read" in reasons[0] and "quote" in reasons[0] and "line 10" in reasons[1]


def test_a_template_is_refused_with_the_cause_and_read_as_texts_where_plain_rows_are_chosen(tmp_path: Path) -> None:
    text = catalog(*(f'msgid "Berth {n} is free"\nmsgstr ""\n' for n in range(6)))
    with pytest.raises(DataError, match=r"6 texts \(msgid\) have no msgstr"):
        read(tmp_path, text, "port.pot")
    split = load_data(tmp_path / "port.pot", parsing=ParsingOptions(plain=True))
    assert split.mapping.kind == "text" and len((*split.train, *split.held_out)) == 6


def test_the_header_names_the_encoding_of_bytes_that_are_no_utf_8(tmp_path: Path) -> None:
    one = 'msgid "Light"\nmsgstr "Światło żółte"\n'
    assert (
        pairs(read(tmp_path, catalog(one, *PLAIN, charset="ISO-8859-2"), encoding="iso8859_2"))[0][1] == "Światło żółte"
    )
    assert pairs(read(tmp_path, catalog(one, *PLAIN, charset="ASCII")))[0][1] == "Światło żółte"


@pytest.mark.parametrize(
    "text",
    [
        'msgid "' + '\\"' * 500_000,
        "msgid " + " " * 1_000_000,
        'msgid ""\n' * 200_000,
        '"' * 1_000_000,
        "#, fuzzy\n" * 99_999,
    ],
)
def test_a_hostile_catalog_is_read_or_refused_in_seconds(text: str, tmp_path: Path) -> None:
    began = time.process_time()
    with pytest.raises(DataError):
        read(tmp_path, text)
    assert time.process_time() - began < SECONDS


def test_catalogs_of_several_languages_are_offered_one_by_one(tmp_path: Path) -> None:
    for language in ("de", "sv"):
        text = catalog(*PLAIN).replace("Language: de", f"Language: {language}")
        (tmp_path / f"{language}.po").write_text(text)
    with pytest.raises(OneFileError, match="several languages \\(de, sv\\)") as raised:
        load_data(tmp_path)
    assert raised.value.files == ("de.po", "sv.po")
    assert len(pairs(load_data(tmp_path, parsing=ParsingOptions(sheet="sv.po")))) == 6
    assert len(pairs(load_data(tmp_path, parsing=ParsingOptions(sheet="*")))) == 12


def test_catalogs_beside_data_are_not_read_and_alone_they_are(tmp_path: Path) -> None:
    for name in ("one.po", "two.po"):
        (tmp_path / name).write_text(catalog(*PLAIN).replace("Berth", name))
    assert len(pairs(load_data(tmp_path))) == 12
    (tmp_path / "rows.csv").write_text("prompt,answer\n" + "".join(f"Is {n} free?,Row {n} is.\n" for n in range(9)))
    split = load_data(tmp_path)
    assert len(pairs(split)) == 9 and "Not read: one.po, two.po." in split.notes
