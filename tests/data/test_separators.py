"""Signs that are nothing but separators, and splits of tables in a folder of each language."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit

FEWEST = 12


def table(sign: str, begin: int = 0, index: bool = False) -> str:
    lines = [sign.join((*([""] if index else []), "id", "sample", "label"))]
    for n in range(begin, begin + FEWEST):
        cells = (f"{n}", f'"Berth {n}, on the left, is ""free"", they say"', ("calm", "rough")[n % 2])
        lines.append(sign.join((*([f"{n}"] if index else []), *cells)))
    return "\n".join(lines) + "\n"


def texts(split: DataSplit) -> list[str]:
    return sorted(each.text for each in (*split.train, *split.held_out))


@pytest.mark.parametrize("sign", ["␞", "␟", "\x1f", "\x01"])
@pytest.mark.parametrize("name", ["port.txt", "port.csv"])
def test_a_sign_that_only_separates_is_found_where_texts_have_commas(tmp_path: Path, sign: str, name: str) -> None:
    (tmp_path / name).write_text(table(sign))
    split = load_data(tmp_path / name)
    assert str(split.mapping) == "sample → text, label → label"
    assert 'Berth 3, on the left, is "free", they say' in texts(split)


def test_a_sign_that_stands_in_some_lines_separates_nothing(tmp_path: Path) -> None:
    (tmp_path / "port.csv").write_text(
        "text,label\n" + "".join(f"Berth ␞ {n},calm\nPier {n},rough\n" for n in range(9))
    )
    assert str(load_data(tmp_path / "port.csv").mapping) == "text → text, label → label"


def test_splits_in_a_folder_of_each_language_are_read_together_and_the_folders_named(tmp_path: Path) -> None:
    for place, language in enumerate(("da", "en", "ko")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "train.txt").write_text(table("␞", 100 * place, index=not place))
        (tmp_path / language / "test.txt").write_text(table("␞", 100 * place + 50, index=not place))
    split = load_data(tmp_path)
    assert str(split.mapping) == "sample → text, label → label"
    assert len(split.train) == len(split.held_out) == 3 * FEWEST
    assert "Rows of several folders are read together: da, en, ko." in split.notes


@pytest.mark.parametrize("beside", ["sample", "corpus", "input"])
def test_a_file_beside_one_that_is_called_by_a_split_is_no_class_of_its_lines(tmp_path: Path, beside: str) -> None:
    lines = [f"Berth {n} lies behind the pier." for n in range(8)]
    (tmp_path / f"{beside}.txt").write_text("\n".join(lines[:4]))
    (tmp_path / "train.txt").write_text("\n".join(lines))
    split = load_data(tmp_path)
    assert split.mapping.kind == "text"
    assert {"Berth 1 lies behind the pier.", "Berth 7 lies behind the pier."} <= {*"\n".join(texts(split)).split("\n")}
