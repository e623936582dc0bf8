"""What corpora of labels and tags write besides words and classes is told from them, and nothing is left out unsaid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.errors import DataError
from tests.data.label_shapes import tagged
from tests.data.schema_shapes import plain
from tests.data.shapes import lines, mood, rows
from tests.data.test_public_files import read


def test_a_number_sign_with_a_tag_is_a_word_and_no_comment(tmp_path: Path) -> None:
    text = "".join(f"# number {n}\n# O\n{tagged(n)}\n" for n in range(12))
    assert all(each.words[0] == "#" for each in read(tmp_path, "a.conll", text).train)


def test_tags_that_never_name_anything_leave_their_place_to_the_others(tmp_path: Path) -> None:
    text = "\n".join("".join(f"{line}\tO\n" for line in tagged(n).splitlines()) for n in range(12))
    assert any("B-SHIP" in each.labels for each in read(tmp_path, "a.conll", text).train)


def test_spans_inside_longer_ones_are_counted_and_the_text_is_used(tmp_path: Path) -> None:
    def row(n: int) -> dict[str, object]:
        return {"text": f"Ferry Ada {n} left.", "spans": [[0, 9, "SHIP"], [6, 9, "NAME"]]}

    split = read(tmp_path, "a.jsonl", lines(row))
    assert not split.problems and any("12 spans" in note for note in split.notes)
    assert split.train[0].labels[:2] == ("B-SHIP", "I-SHIP")


def test_spans_that_cross_are_listed(tmp_path: Path) -> None:
    spans = [[0, 9, "SHIP"], [6, 14, "NAME"]]
    text = lines(lambda n: {"text": f"Ferry Ada Olga{n} left.", "spans": spans if n == 3 else spans[:1]})
    assert [problem.row for problem in read(tmp_path, "a.jsonl", text).problems] == [4]


def test_counts_of_people_beside_few_flags_are_refused_by_name(tmp_path: Path) -> None:
    table = rows(
        lambda n: f"{plain(n)},{n % 2},{3 * (n % 4 == 1) + (n % 7 == 2)},{n % 5 == 0:d}", 24, "text,rude,sad,odd"
    )
    with pytest.raises(DataError, match="sad"):
        read(tmp_path, "a.csv", table)


def test_the_split_of_a_row_is_no_label(tmp_path: Path) -> None:
    table = rows(lambda n: f"{n % 2}\t{plain(n)}\t{('train', 'dev', 'test')[n % 3]}", 24)
    assert str(read(tmp_path, "a.tsv", table).mapping) == "column 2 → text, column 1 → label"


def test_a_part_that_is_not_in_its_text_is_no_second_text(tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)},{('Turku', 'Lisbon')[n % 2]},{mood(n)}", 24, "sentence,entity,label")
    assert str(read(tmp_path, "a.csv", table).mapping) == "sentence → text, label → label"


def test_a_judged_part_that_names_nothing_is_listed_and_a_text_without_one_is_counted(tmp_path: Path) -> None:
    def row(n: int) -> dict[str, object]:
        part = {"target": "NULL" if n == 2 else "ferry", "polarity": mood(n), "from": 4}
        return {"text": plain(n), "opinions": [] if n == 1 else [part]}

    split = read(tmp_path, "a.jsonl", lines(row, 24))
    assert str(split.mapping) == "text + target → text, polarity → label"
    assert [problem.row for problem in split.problems] == [3] and any("1 texts" in note for note in split.notes)


def test_words_behind_a_text_that_are_not_its_own_are_no_tags_of_it(tmp_path: Path) -> None:
    split = read(tmp_path, "a.txt", rows(lambda n: f"{plain(n)}####Other=O words=B-SHIP"))
    assert split.mapping.kind != "tags"


@pytest.mark.parametrize("line", ["<USER>Ahoy {0}</USER> <BOT>Aye {0}</BOT> now", "<p>The ferry {0}</p> left"])
def test_marks_of_speakers_and_of_pages_are_no_entities(line: str, tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", rows(line.format)).mapping.kind != "tags"


def test_points_of_few_graded_texts_are_numbers(tmp_path: Path) -> None:
    table = rows(lambda n: f"{100 - n - n % 4}\tPier {n} Post\t{plain(n)}", 21, "grade\tpublication\ttext")
    assert str(read(tmp_path, "a.tsv", table).mapping) == "text → text, grade → number"


def test_an_intent_that_few_texts_of_wit_have_is_named_and_slots_are_learned(tmp_path: Path) -> None:
    def row(n: int) -> dict[str, object]:
        text = f"Ferry {n} to Turku"
        whole = {"entity": "intent", "value": '"book"', "start": 0, "end": len(text)}
        port = {"entity": "port", "value": '"turku"', "start": len(text) - 5, "end": len(text)}
        return {"text": text, "entities": [whole, port] if n == 1 else [port]}

    split = read(tmp_path, "a.json", json.dumps({"data": [row(n) for n in range(12)]}))
    assert split.mapping.kind == "tags" and not split.problems and any("intent" in name for name in split.unused)


def test_the_part_of_speech_is_the_tag_where_an_analysis_stands_behind_it(tmp_path: Path) -> None:
    sentence = "ships{} Noun Noun,A3pl,Nom\nsail Verb Verb,Pos,Aor\nhome Adv Adv\n. Punc Punc\n\n"
    split = read(tmp_path, "parts.txt", "".join(sentence.format(n) for n in range(12)))
    assert split.train[0].words[1:] == ("sail", "home", ".")
    assert split.train[0].labels == ("Noun", "Verb", "Adv", "Punc")
    prose = "it is late\nit was so\nit may be\n\nso it is\nas it was\nas it goes\n"
    assert read(tmp_path, "prose.txt", prose).mapping.kind == "text"
