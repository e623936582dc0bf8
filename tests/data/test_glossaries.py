"""Pages that are called glossaries."""

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit

_TERMS = (
    "Hawser", "Slack water", "Fender", "Bollard", "Ebb tide", "Cleat", "Buoy line", "Mole head",
    "Pier lamp", "Gale flag",
)  # fmt: skip
_SAID = [f"What the crew of tug {n} lights or ties before the ferry comes in." for n in range(len(_TERMS))]
_LINES = (
    "### {}\n\n{}", "#### {n}. {}\n{}", "## `{}` {{#a}}\n\n{}\n\n---", "**{}**\n\n{}", "{}\n: {}", "**{}**\n: {}",
    "- {}: {}", "{} — {}", "- *{}*: {}", "- **{}**\n  {}", "- [{}](#x): {}", "<a id='x'></a>\n**{}** — {}",
    "- `{}` - {}",
)  # fmt: skip


def _page(path: Path, title: str, line: str) -> DataSplit:
    entries = (line.format(term, said, n=n + 1) for n, (term, said) in enumerate(zip(_TERMS, _SAID, strict=True)))
    path.write_text(f"{title}\n\nWords of the harbour.\n\n## A\n\n" + "\n\n".join(entries), encoding="utf-8")
    return load_data(path)


def _pairs(data: DataSplit) -> list[list[str]]:
    examples = sorted([*data.train, *data.held_out], key=lambda each: each.row)
    return [[turn.content for turn in each.messages] for each in examples]


@pytest.mark.parametrize("line", _LINES)
def test_each_term_is_a_prompt_and_what_it_means_the_answer(line: str, tmp_path: Path) -> None:
    data = _page(tmp_path / "glossary.md", "# Glossary", line)
    assert _pairs(data) == [list(each) for each in zip(_TERMS, _SAID, strict=True)]
    assert any("lines above the terms" in note for note in data.notes)


@pytest.mark.parametrize("title", ["# Harbour – Glossar", "---\ntitle: Glosario\n---", "# Глоссарий", "## 用語集"])
def test_a_page_is_called_so_in_other_languages_too(title: str, tmp_path: Path) -> None:
    assert _pairs(_page(tmp_path / "terms.md", title, "### {}\n\n{}"))[0] == ["Hawser", _SAID[0]]


@pytest.mark.parametrize("title", ["# Harbour guide", "# Guide\n\n## Glossary"])
def test_the_sections_of_another_page_are_no_terms(title: str, tmp_path: Path) -> None:
    assert _page(tmp_path / "guide.md", title, "### {}\n\n{}").mapping.kind == "text"


def test_lists_and_code_below_a_term_are_a_part_of_what_it_means(tmp_path: Path) -> None:
    data = _page(tmp_path / "glossary.md", "# Glossary", "### {}\n\n{}\n\n- rope: thick\n- lamp: lit\n\nSee `pier`.")
    assert _pairs(data)[1] == ["Slack water", f"{_SAID[1]}\n\n- rope: thick\n- lamp: lit\n\nSee `pier`."]
