"""Questions in the headings of a FAQ: numbers before them, topics among them, tables in their answers."""

from pathlib import Path

from ia3_studio.data.example import Example
from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit


def _read(path: Path, text: str) -> DataSplit:
    path.write_text(text, encoding="utf-8")
    return load_data(path)


def _pairs(data: DataSplit) -> list[tuple[str, str]]:
    examples: list[Example] = sorted([*data.train, *data.held_out], key=lambda each: each.row)
    return [(each.messages[0].content, each.messages[1].content) for each in examples]


def test_numbers_before_all_questions_are_left_out(tmp_path: Path) -> None:
    asked = [f"**{n}. Is berth {n} free?**\nBerth {n} is free from noon." for n in range(1, 8)]
    assert _pairs(_read(tmp_path / "FAQ.md", "# FAQ\n\n" + "\n\n".join(asked)))[2] == (
        "Is berth 3 free?",
        "Berth 3 is free from noon.",
    )


def test_years_before_questions_are_part_of_them(tmp_path: Path) -> None:
    asked = [f"## {year} or later: is berth {year} free?\n\nFrom noon." for year in (3, 2, 9, 4)]
    assert _pairs(_read(tmp_path / "FAQ.md", "\n\n".join(asked)))[0][0] == "3 or later: is berth 3 free?"


def test_a_heading_among_questions_is_asked_as_well_and_titles_of_sections_are_not(tmp_path: Path) -> None:
    text = (
        "# FAQ\n\n### About this page\n\nWritten by the harbour master.\n\n## Berths\n\n"
        "### Is there a berth?\n\nYes.\n\n### Is it lit?\n\nUntil ten.\n\n## Trouble\n\n"
        "### The lamp is dark\n\nCall the pier.\n\n### Who repairs it?\n\nThe electrician.\n\n### Licence\n\nFree.\n"
    )
    data = _read(tmp_path / "FAQ.md", text)
    assert _pairs(data) == [
        ("Is there a berth?", "Yes."),
        ("Is it lit?", "Until ten."),
        ("The lamp is dark", "Call the pier."),
        ("Who repairs it?", "The electrician."),
    ]
    assert any("lines above the questions" in note for note in data.notes)


def test_a_table_in_an_answer_is_a_part_of_it(tmp_path: Path) -> None:
    text = "\n\n".join(
        [
            *(f"## Is berth {n} free?\n\nBerth {n} is free from noon.\n\nAsk at the pier." for n in range(6)),
            "## What do the signs mean?\n\n| Sign | Meaning |\n|---|---|\n| N | no |\n| C | yes |",
        ]
    )
    data = _read(tmp_path / "FAQ.md", text)
    assert _pairs(data)[-1] == ("What do the signs mean?", "| Sign | Meaning |\n|---|---|\n| N | no |\n| C | yes |")
    assert len(_pairs(data)) == 7


def test_a_long_table_below_a_few_questions_is_read_itself(tmp_path: Path) -> None:
    rows = "\n".join(f"| Is berth {n} free? | Berth {n} is free from noon. |" for n in range(20))
    text = f"## Who?\n\nAnn.\n\n## Where?\n\nHere.\n\n## What else?\n\n| Question | Answer |\n|---|---|\n{rows}"
    assert _pairs(_read(tmp_path / "FAQ.md", text))[0] == ("Is berth 0 free?", "Berth 0 is free from noon.")


def test_a_place_to_which_links_lead_is_no_part_of_an_answer(tmp_path: Path) -> None:
    asked = "".join(
        f'<a name="faq{n}"></a>\n**({n}) Is berth {n} free?**\n\nBerth {n} is free.\n\n' for n in range(1, 7)
    )
    data = _read(tmp_path / "FAQ.md", f"Port\n====\n\n{asked}")
    assert _pairs(data)[0] == ("Is berth 1 free?", "Berth 1 is free.")
    assert all("<a" not in said for _asked, said in _pairs(data))
