"""Words with tags in many fields: empty ones are no tags, and fields that only some sentences have lose no sentence."""

from __future__ import annotations

from pathlib import Path

from ia3_studio.data.example import Example
from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from tests.data.exports import put

WORDS = (("Gulls", "NOUN", "A0"), ("follow", "VERB", "_"), ("the", "DET", "A1"), ("ferry", "NOUN", "A1"))


def read(folder: Path, sentences: list[list[str]], name: str = "words.conll") -> DataSplit:
    text = "\n\n".join("\n".join(lines).replace("ferry", f"ferry{n}") for n, lines in enumerate(sentences))
    return load_data(put(f"{text}\n", folder, name))


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def universal(part: str, behind: str) -> list[str]:
    """Return a sentence of CoNLL-U with its parts of speech in one of two fields."""
    return [
        "\t".join((str(n), word, word.lower(), tag if part == "u" else "_", f"q{tag[:1]}" if part == "x" else "_", "_",
                   str(n - 1), "dep", "_", behind))
        for n, (word, tag, _role) in enumerate(WORDS, start=1)
    ]  # fmt: skip


def with_predicates(count: int, *, has_parts: bool = False) -> list[str]:
    """Return a sentence of CoNLL-2009 with a number of predicates, each with a field for its arguments."""
    lines = []
    for n, (word, tag, role) in enumerate(WORDS, start=1):
        parts = [tag if has_parts else "_"] * 2
        predicate = ["Y", f"{word}.01"] if n <= count else ["_", "_"]
        roles = [role if at == 0 else "AM" for at in range(count)]
        lines.append("\t".join((str(n), word, "_", "_", *parts, *["_"] * 6, *predicate, *roles)))
    return lines


def test_an_empty_field_is_no_tag_and_the_next_that_says_something_is_taken(tmp_path: Path) -> None:
    split = read(tmp_path, [universal("x", "_") for _n in range(8)], "words.conllu")
    assert examples(split)[0].labels == ("qN", "qV", "qD", "qN")
    said = " ".join(split.notes)
    assert "its tag field 5 of 10" in said and "fields 4, 6, 9, 10" in said and "Not used: the fields 3, 7, 8" in said


def test_the_usual_field_is_kept_where_it_says_something(tmp_path: Path) -> None:
    split = read(tmp_path, [universal("u", "x=y") for _n in range(8)], "words.conllu")
    assert examples(split)[0].labels == ("NOUN", "VERB", "DET", "NOUN")
    assert "its tag field 4 of 10" in " ".join(split.notes)


def test_a_last_field_without_tags_gives_way_to_one_before(tmp_path: Path) -> None:
    tagged = [f"{word} {'B-ANIMAL' if n == 0 else 'O'} _" for n, (word, _tag, _role) in enumerate(WORDS)]
    assert examples(read(tmp_path, [tagged] * 8))[0].labels == ("B-ANIMAL", "O", "O", "O")


def test_sentences_with_any_number_of_predicates_are_all_read(tmp_path: Path) -> None:
    split = read(tmp_path, [with_predicates(n % 4) for n in range(12)])
    found = examples(split)
    assert len(found) == 12 and not split.problems
    assert found[0].labels == ("_",) * 4 and found[3].labels == ("A0", "_", "A1", "A1")
    assert "Not used: what stands behind field 15, the arguments of further predicates." in split.notes


def test_parts_of_speech_are_the_tags_where_they_stand_beside_arguments(tmp_path: Path) -> None:
    split = read(tmp_path, [with_predicates(n % 4, has_parts=True) for n in range(12)])
    assert len(examples(split)) == 12 and examples(split)[1].labels == ("NOUN", "VERB", "DET", "NOUN")


def test_sentences_of_other_widths_without_numbers_of_words_are_read_too(tmp_path: Path) -> None:
    sentences = [
        [" ".join((word, tag, "B-X" if tag == "NOUN" else "O", *["*"] * (n % 3))) for word, tag, _role in WORDS]
        for n in range(12)
    ]
    split = read(tmp_path, sentences)
    assert len(examples(split)) == 12 and examples(split)[2].labels == ("B-X", "O", "O", "B-X")
    assert "Not used: what stands behind field 3, one for each predicate or verb." in split.notes


def test_a_few_sentences_of_another_width_are_still_damaged(tmp_path: Path) -> None:
    sentences = [[f"{word} {tag} O x" for word, tag, _role in WORDS] for _n in range(20)]
    sentences[7] = [f"{word} {tag} O" for word, tag, _role in WORDS]
    split = read(tmp_path, sentences)
    assert [problem.row for problem in split.problems] == [8]
