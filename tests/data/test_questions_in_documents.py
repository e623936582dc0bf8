"""Questions of documents keep their answers alone: folded away, below titles, or bold above a mark."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.test_public_files import examples, read
from tests.data.test_tables_of_repositories import turns

ASKED = ("Is the ferry late?", "Which pier is full?", "Can I bring a dog?", "Where do I pay?")
SAID = ("No, it is on time.", "The north one.", "Yes, on a lead.", "At the gate.")
PAIRS = [[("user", asked), ("assistant", said)] for asked, said in zip(ASKED, SAID, strict=True)]


def all_turns(tmp_path: Path, name: str, text: str) -> tuple[list[list[tuple[str, str]]], str]:
    """Return the turns of all rows of a text, and its notes in one."""
    split = read(tmp_path, name, text)
    return turns(split), " ".join(split.notes)


@pytest.mark.parametrize("name", ["faq.md", "faq.txt"])
@pytest.mark.parametrize(
    "shown", ["<summary><strong>{}</strong></summary>", "<summary>{}</summary>", "<summary>\n  <b>{}</b>\n</summary>"]
)
def test_what_is_shown_of_a_folded_text_is_the_question_of_the_rest(tmp_path: Path, name: str, shown: str) -> None:
    folded = "\n\n".join(
        f"<details open>\n\n{shown.format(asked)}\n\n{said}\n\n</details>"
        for asked, said in zip(ASKED, SAID, strict=True)
    )
    found, notes = all_turns(tmp_path, name, f"# Questions\n\n{folded}\n")
    assert found == PAIRS and "Not used: 1 lines" in notes


def test_folded_texts_that_ask_nothing_are_plain_text(tmp_path: Path) -> None:
    folded = [f"<details>\n<summary>Log {n}</summary>\n\nThe pier was full.\n</details>" for n in range(3)]
    text = "\n\n".join(("The crew writes here.", folded[0], "It rained.", *folded[1:], "Nobody came.", "So it ended."))
    assert read(tmp_path, "log.md", text).mapping.kind == "text"


@pytest.mark.parametrize("name", ["faq.md", "faq.txt"])
@pytest.mark.parametrize("rule", ["---", "***", "_ _ _"])
def test_a_mark_and_a_rule_are_no_part_of_an_answer(tmp_path: Path, name: str, rule: str) -> None:
    parts = [
        f"## Part {n}\n\n**Q: {asked}**\nA: {said}\n\n{rule}"
        for n, (asked, said) in enumerate(zip(ASKED, SAID, strict=True))
    ]
    text = "# Harbor\n\n# Written for the crew.\n# It is short.\n\n---\n\n" + "\n\n".join(parts)
    found, notes = all_turns(tmp_path, name, text)
    assert found == PAIRS and "Not used: " in notes


def test_answers_that_begin_with_an_initial_keep_it(tmp_path: Path) -> None:
    said = ("A. Lind did.", "The crew did.", "Nobody did.", "The pilot did.")
    text = "\n\n".join(f"## {asked}\n\n{answer}" for asked, answer in zip(ASKED, said, strict=True))
    found, _notes = all_turns(tmp_path, "faq.md", text)
    assert [talk[1][1] for talk in found] == [*said]


def test_blank_lines_between_the_paragraphs_of_an_answer_stay(tmp_path: Path) -> None:
    text = "\n\n".join(f"## {asked}\n\n{said}\n\n- by day\n- by night\n\nAsk the crew." for asked, said in
                       zip(ASKED, SAID, strict=True))  # fmt: skip
    found, _notes = all_turns(tmp_path, "faq.md", text)
    assert found[1][1][1] == "The north one.\n\n- by day\n- by night\n\nAsk the crew."


def outline(titles: int, above: str = "Questions") -> str:
    """Return two questions below each title, set in as items."""
    item = "   - **Q:** {}  \n     **A:** {}  "
    pairs = [item.format(asked, said) for asked, said in zip(ASKED, SAID, strict=True)]
    parts = [f"{n}. Part {n}\n" + "\n".join(pairs[(2 * n) % 4 : (2 * n) % 4 + 2]) for n in range(titles)]
    return f"{above}\n\n" + "\n\n".join(parts) + "\n\nStill lost? Ask the crew.\n"


def test_questions_set_in_below_titles_are_pairs_without_these(tmp_path: Path) -> None:
    found, notes = all_turns(tmp_path, "faq.txt", outline(2))
    assert found == PAIRS and "Not used: 4 titles" in notes


def test_prose_around_a_few_questions_that_are_set_in_stays(tmp_path: Path) -> None:
    prose = "\n\n".join(f"The ferry left pier {n} at dawn, and nobody saw it come back." for n in range(9))
    split = read(tmp_path, "log.txt", outline(1, prose))
    assert split.mapping.kind == "text" and examples(split)[0].text.startswith("The ferry left pier 0")


@pytest.mark.parametrize(
    "pair", ["- **Q:** {}\n  **A:** {}", "\tQ: {}\n\tA: {}", "  * Frage: {}\n    Antwort: {}", "Q. {}\nA. {}\n"]
)
@pytest.mark.parametrize("title", ["## Part {}", "[Part {}]", "{}. Part", "Part {}:"])
def test_titles_right_above_questions_are_no_part_of_them(tmp_path: Path, pair: str, title: str) -> None:
    pairs = [pair.format(asked, said) for asked, said in zip(ASKED, SAID, strict=True)]
    text = "\n\n".join(f"{title.format(n)}\n" + "\n".join(pairs[2 * n : 2 * n + 2]) for n in range(2))
    found, notes = all_turns(tmp_path, "faq.txt", f"Questions\n\n{text}\n")
    assert [turn for talk in found for turn in talk] == [turn for talk in PAIRS for turn in talk]
    assert "Not used: 3 titles" in notes


def test_an_answer_that_goes_on_further_left_is_not_cut(tmp_path: Path) -> None:
    pairs = [f"  Q: {asked}\n  A: {said}\nIt may change." for asked, said in zip(ASKED, SAID, strict=True)]
    split = read(tmp_path, "faq.txt", "Questions\n\n" + "\n\n".join(pairs))
    assert "It may change." in str(examples(split)[1])


def test_a_sentence_above_a_question_is_no_title(tmp_path: Path) -> None:
    pairs = [f"Q: {asked}\nA: {said}\n\nThis may change." for asked, said in zip(ASKED, SAID, strict=True)]
    split = read(tmp_path, "faq.txt", "\n\n".join(pairs))
    assert "This may change." in " ".join(map(str, examples(split)))
