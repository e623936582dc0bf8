"""Bots in AIML: plain patterns with what plain templates say; what only the bot knows is left out by name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError

SECONDS = 8


def category(pattern: str, template: str, more: str = "") -> str:
    return f"<category><pattern>{pattern}</pattern>{more}<template>{template}</template></category>"


PLAIN = "".join(category(f"WHERE IS BERTH {n}", f"Behind pier {n}, on the left.") for n in range(6))


def read(folder: Path, inner: str, name: str = "bot.aiml", begin: str = "", encoding: str = "utf-8") -> DataSplit:
    (folder / name).write_bytes(f"{begin}<aiml>{PLAIN}{inner}</aiml>".encode(encoding))
    return load_data(folder / name)


def answers(split: DataSplit, prompt: str) -> list[str]:
    examples = (*split.train, *split.held_out)
    return sorted(each.messages[-1].content for each in examples if each.messages[0].content == prompt)


@pytest.mark.parametrize("name", ["bot.aiml", "bot.xml"])
def test_each_text_of_a_random_list_is_an_answer_of_its_own(tmp_path: Path, name: str) -> None:
    split = read(tmp_path, category("HELLO", "<random><li>Ahoy.</li>\n<li>Good tide.</li></random>"), name)
    assert answers(split, "HELLO") == ["Ahoy.", "Good tide."]
    assert answers(split, "WHERE IS BERTH 2") == ["Behind pier 2, on the left."]


def test_text_around_a_random_list_is_part_of_each_answer_and_breaks_end_lines(tmp_path: Path) -> None:
    inner = "<think><set name='x'>1</set></think>Ahoy,<br/>\n <random><li>Ann</li><li>Ben</li></random>."
    assert answers(read(tmp_path, category("HELLO", inner)), "HELLO") == ["Ahoy,\nAnn.", "Ahoy,\nBen."]


def test_a_reference_has_the_answers_of_the_pattern_that_it_names(tmp_path: Path) -> None:
    inner = category("HI", "<srai>hello!</srai>") + category("HELLO", "Ahoy.") + category("YO", "<srai>NOBODY</srai>")
    loop = category("A", "<srai>B</srai>") + category("B", "<srai>A</srai>")
    split = read(tmp_path, inner + loop)
    assert answers(split, "HI") == ["Ahoy."] and not answers(split, "YO") and not answers(split, "A")
    assert any("<srai>: 3" in note for note in split.notes)
    assert any("refer to another one (<srai>) have its answers (1)" in note for note in split.notes)


def test_what_only_the_bot_knows_is_left_out_and_counted_by_its_kind(tmp_path: Path) -> None:
    inner = (
        category("HELLO *", "Ahoy.") + category("_ TIDE", "High.") + category("MY <bot name='master'/>", "Yes.")
        + category("NAME", "I am <bot name='name'/>.") + category("", "Nothing.") + category("EMPTY", "")
        + category("MOOD", "<random><li>Calm.</li><li>Like <get name='mood'/>.</li></random>")
    )  # fmt: skip
    split = read(tmp_path, inner)
    told = " ".join(split.notes)
    for reason in ("patterns with *: 1", "patterns with _: 1", "patterns with <bot>: 1", "<bot>: 1", "no pattern: 1",
                   "no answer: 1", "<get>: 1"):  # fmt: skip
        assert reason in told
    assert answers(split, "MOOD") == ["Calm."]
    assert len({each.messages[0].content for each in (*split.train, *split.held_out)}) == 7


def test_what_was_said_before_is_part_of_the_prompt_only_where_it_decides(tmp_path: Path) -> None:
    before = "<that>IS IT LATE</that>"
    split = read(tmp_path, category("YES", "Then go.", before) + category("YES", "Fine."))
    prompts = sorted(each.messages[0].content for each in (*split.train, *split.held_out))
    assert [each for each in prompts if "YES" in each] == ["YES", "YES\n\nIS IT LATE"]
    split = read(tmp_path, category("YES", "Then go.", before))
    assert answers(split, "YES") == ["Then go."]
    assert any("Not used: <that> and <topic>" in note for note in split.notes)


def test_the_encoding_of_the_declaration_is_kept(tmp_path: Path) -> None:
    begin = '<?xml version="1.0" encoding="ISO-8859-15"?>\n'
    split = read(tmp_path, category("PRIX", "Une entrée : 5 €."), begin=begin, encoding="iso8859-15")
    assert answers(split, "PRIX") == ["Une entrée : 5 €."]


def test_a_bot_without_a_plain_category_is_refused_with_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "bot.aiml").write_text(f"<aiml>{category('*', 'Ahoy.') * 3}</aiml>")
    with pytest.raises(DataError, match=r"no category of AIML .*patterns with \*: 3"):
        load_data(tmp_path / "bot.aiml")


def test_lists_that_multiply_each_other_and_long_references_are_bounded(tmp_path: Path) -> None:
    lists = "<random>" + "<li>a</li><li>b</li>" * 20 + "</random>"
    deep = "Tide" + "<br/>" * 20_000
    chain = "".join(category(f"STEP A{n}", f"<srai>STEP A{n + 1}</srai>") for n in range(3_000))
    wide = category("WIDE", "<random>" + "".join(f"<li>{n}</li>" for n in range(4_000)) + "</random>")
    wide += "".join(category(f"TO WIDE {n}", "<srai>WIDE</srai>") for n in range(4_000))
    begun = time.monotonic()
    split = read(tmp_path, category("MANY", lists * 30) + category("DEEP", deep) + chain)
    assert time.monotonic() - begun < SECONDS
    assert any("more combinations of <random>" in note for note in split.notes)
    from ia3_studio.data.aiml import read_aiml
    from ia3_studio.data.xml_rows import parsed_xml

    found = read_aiml("bot.aiml", parsed_xml("bot.aiml", f"<aiml>{wide}</aiml>"))
    assert len(found.frame) < 1_000 and time.monotonic() - begun < SECONDS
