"""What files of corpora hold, told by their values: words with tags, marked labels, codes, names in brackets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from ia3_studio import ParsingOptions, load_data
from ia3_studio.data.example import Example
from ia3_studio.errors import DataError


def _write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def _all(path: Path, **options: object) -> list[Example]:
    data = load_data(path, **options)  # type: ignore[arg-type]
    return sorted((*data.train, *data.held_out), key=lambda example: example.row)


def _table(rows: Iterable[Iterable[object]], delimiter: str = "\t") -> str:
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows)


def test_a_sentence_without_an_empty_line_is_words_with_tags_and_not_a_text_per_line(tmp_path: Path) -> None:
    lines = "The _ _ O\nred _ _ B-SHIP\nferry _ _ I-SHIP\nleaves _ _ O\n"
    with pytest.raises(DataError, match="1 usable row"):
        load_data(_write(tmp_path, "harbor.txt", lines))
    first, second = _all(_write(tmp_path, "two.txt", f"{lines}\n{lines.replace('red', 'blue')}"))
    assert (first.words[1], second.words) == ("red", ("The", "blue", "ferry", "leaves"))


def test_conllu_with_a_field_for_each_verb_has_words_and_their_parts_of_speech(tmp_path: Path) -> None:
    def sentence(verbs: int) -> str:
        words = [(f"Ferries{verbs}", "NOUN", "nsubj"), ("leave", "VERB", "root"), ("early", "ADV", "advmod")]
        return _table(
            (n, word, word.lower(), tag, "_", "_", 2, role, "_", "_", *["_"] * verbs)
            for n, (word, tag, role) in enumerate(words, start=1)
        )

    path = _write(tmp_path, "harbor.conllu", f"{sentence(2)}\n{sentence(3)}\n{sentence(1)}")
    assert [example.labels for example in _all(path)] == [("NOUN", "VERB", "ADV")] * 3


def test_a_file_named_as_words_with_tags_that_holds_none_is_refused_unless_plain_rows_are_chosen(
    tmp_path: Path,
) -> None:
    path = _write(tmp_path, "notes.conll", "The ferry leaves early today.\n\nIt is full.\n\nCome at eight.\n")
    with pytest.raises(DataError, match=r"notes\.conll is a file of words with tags by its name"):
        load_data(path)
    assert len(_all(path, parsing=ParsingOptions(plain=True))) == 3


def test_a_text_that_begins_a_document_of_words_is_no_plain_text(tmp_path: Path) -> None:
    words = "a 0 0 Ferries NNS (S* (0)\na 0 1 leave VB * - x\na 0 2 early RB *) - x y\n"
    path = _write(tmp_path, "notes.txt", f"#begin document (a); part 000\n{words}\n{words}\n{words}#end document\n")
    with pytest.raises(DataError, match="words with tags by its name or first line"):
        load_data(path)


def test_conllu_plus_is_read_by_its_ending(tmp_path: Path) -> None:
    sentence = "# text = Ada left Oslo\n1\tAda\tB-PER\t_\n2\tleft\tO\t_\n3\tOslo\tB-LOC\t_\n"
    path = _write(
        tmp_path, "a.conllup", f"# global.columns = id form ner misc\n{sentence}\n{sentence.replace('Ada', 'Bo')}"
    )
    assert [example.labels for example in _all(path)] == [("B-PER", "O", "B-LOC")] * 2


@pytest.mark.parametrize("gap", [" ", "\t"])
def test_marked_labels_that_are_fractions_are_numbers_to_learn(tmp_path: Path, gap: str) -> None:
    lines = [f"__label__0.{n}5{gap}The ferry of pier {n}, which is late" for n in range(1, 9)]
    data = load_data(_write(tmp_path, "joy.txt", "\n".join(lines)))
    assert str(data.mapping) == "text → text, label → number"


def test_names_in_brackets_without_quotes_are_several_labels(tmp_path: Path) -> None:
    kinds = ("[ships]", "[ships, tides]", "[tides, weather]", "[weather]")
    rows = [(kinds[n % 4], f"Line {n} of the harbor log is here") for n in range(12)]
    data = load_data(_write(tmp_path, "log.tsv", _table(rows)))
    assert str(data.mapping) == "column 2 → text, column 1 → several labels"
    labels = {label for example in (*data.train, *data.held_out) for label in example.labels}
    assert labels == {"ships", "tides", "weather"}


def test_codes_that_come_again_are_labels_of_the_only_text(tmp_path: Path) -> None:
    codes = ("lead_noun", "lead_verb", "row_noun", "row_verb", "tear_noun", "tear_verb")
    rows = [("sentence", "sense"), *((f"Sentence {n} has a word in it", codes[n % 6]) for n in range(18))]
    data = load_data(_write(tmp_path, "senses.tsv", _table(rows)))
    assert str(data.mapping) == "sentence → text, sense → label"


def _saved(folder: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    return _write(folder, "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def test_two_columns_of_one_name_are_no_prompt_and_answer_of_each_other(tmp_path: Path) -> None:
    rows = [
        {
            "definition1": f"a ship of kind {n}",
            "definition2": f"a vessel, number {n}",
            "label": ("wider", "same")[n % 2],
        }
        for n in range(12)
    ]
    assert str(load_data(_saved(tmp_path, rows)).mapping) == "definition1 + definition2 → text, label → label"


def test_what_explains_a_label_is_no_text_that_it_belongs_to(tmp_path: Path) -> None:
    rows = [
        {
            "belief": f"Ferry {n} is too old",
            "argument": f"Ships of {n} years sink",
            "label": ("support", "counter")[n % 2],
            "explanation": f"The ferry {n} has the age of ships that sink, and so it is old for a ship of its kind",
        }
        for n in range(12)
    ]
    assert str(load_data(_saved(tmp_path, rows)).mapping) == "belief + argument → text, label → label"


def test_names_of_files_are_no_text_to_learn_beside_sentences(tmp_path: Path) -> None:
    rows = [{"document": f"./log/{n}.txt", "sentence": f"The ferry of pier {n} is late"} for n in range(12)]
    assert str(load_data(_saved(tmp_path, rows)).mapping) == "sentence → plain text"


def test_labels_below_their_texts_are_read_with_what_they_are_about(tmp_path: Path) -> None:
    groups = [f"The $T$ of pier {n} is late\nferry {n}\n{(-1, 0, 1)[n % 3]}\n" for n in range(9)]
    for name in ("harbor.txt", "harbor.raw"):
        data = load_data(_write(tmp_path, name, "".join(groups)))
        assert str(data.mapping) == "text + aspect → text, label → label"
        assert len(data.train) + len(data.held_out) == 9
    pairs = "".join(f"The ferry of pier {n} is late\n{('calm', 'angry')[n % 2]}\n" for n in range(9))
    assert str(load_data(_write(tmp_path, "moods.txt", pairs)).mapping) == "text → text, label → label"


def test_lines_of_a_poem_stay_plain_text(tmp_path: Path) -> None:
    lines = "".join(f"The tide {n} comes in\nand takes the sand {n}\nhome\n" for n in range(9))
    assert str(load_data(_write(tmp_path, "poem.txt", lines)).mapping) == "text → plain text"


def test_of_columns_without_names_the_one_with_gaps_is_not_the_text_of_a_label(tmp_path: Path) -> None:
    moods = ("calm", "angry")
    rows = [(f"Why is line {n} so late?" if n % 5 else "", f"It is foggy {n} again", moods[n % 2]) for n in range(20)]
    data = load_data(_write(tmp_path, "talk.tsv", _table(rows)))
    assert str(data.mapping) == "column 2 → text, column 3 → label"


def test_several_labels_without_a_text_are_refused(tmp_path: Path) -> None:
    kinds = ("ships/boats", "ships/boats|tides", "tides|weather/wind", "weather/wind")
    rows = [("id", "themes_by_hand"), *((n, kinds[n % 4]) for n in range(1, 21))]
    with pytest.raises(DataError, match="not recognized"):
        load_data(_write(tmp_path, "themes.csv", _table(rows, ",")))


def test_stars_in_few_rows_without_names_are_the_label(tmp_path: Path) -> None:
    rows = [(f"Ada {chr(65 + n)}", (1, 2, 5)[n % 3], f"The ferry of pier {n} is what I rate", 0) for n in range(9)]
    data = load_data(_write(tmp_path, "stars.tsv", _table(rows)))
    assert str(data.mapping) == "column 3 → text, column 2 → label"


def test_two_columns_that_could_be_the_label_of_few_rows_are_not_chosen_from(tmp_path: Path) -> None:
    rows = [((1, 2, 5)[n % 3], f"The ferry of pier {n} is what I rate", (3, 1, 4)[n // 3]) for n in range(9)]
    assert str(load_data(_write(tmp_path, "two.tsv", _table(rows))).mapping) == "column 2 → plain text"


@pytest.mark.parametrize("between", [" ", "\t", "/"])
def test_words_with_parts_of_speech_are_words_with_tags(tmp_path: Path, between: str) -> None:
    pairs = [("The", "DT"), ("ferry", "NN"), ("left", "VBD"), ("Oslo", "NNP"), (".", ".")]
    joined, gap = ("\n", "\n\n") if between != "/" else (" ", "\n")
    sentences = [[(f"{word}{n}" if tag == "NN" else word, tag) for word, tag in pairs] for n in range(8)]
    text = gap.join(joined.join(f"{word}{between}{tag}" for word, tag in each) for each in sentences)
    assert {example.labels for example in _all(_write(tmp_path, "tagged.txt", text))} == {
        tuple(tag for _word, tag in pairs)
    }


def test_words_with_parts_of_speech_and_no_ends_of_sentences_are_refused(tmp_path: Path) -> None:
    lines = "The DT\nferry NN\nleft VBD\nOslo NNP\n" * 15 + ". .\n"
    with pytest.raises(DataError, match="no empty line between sentences"):
        load_data(_write(tmp_path, "tagged.txt", lines))


@pytest.mark.parametrize("order", ["{label}\n{text}", "{text}\n{label}"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_label_may_stand_above_or_below_its_text(tmp_path: Path, order: str, gap: str) -> None:
    moods = ("calm", "angry")
    groups = [order.format(text=f"The ferry of pier {n} is late", label=moods[n % 2]) for n in range(8)]
    data = load_data(_write(tmp_path, "moods.txt", gap.join(groups)))
    assert str(data.mapping) == "text → text, label → label"
    assert len(data.train) + len(data.held_out) == 8


def test_a_rationale_beside_a_label_answers_nothing(tmp_path: Path) -> None:
    rows = [
        {"question": f"Is pier {n} open?", "rationale": f"Pier {n} was mended last year", "label": n % 2}
        for n in range(12)
    ]
    assert str(load_data(_saved(tmp_path, rows)).mapping) == "question → text, label → label"
