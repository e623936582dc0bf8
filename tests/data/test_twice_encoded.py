"""Letters that were encoded twice before a file was saved are read as they are, and a note names them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.split import DataSplit


def lines(rows: Sequence[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read(folder: Path, text: str) -> DataSplit:
    (folder / "rows.jsonl").write_text(text, encoding="utf-8")
    return load_data(folder / "rows.jsonl")


@pytest.mark.parametrize("codec", ["cp1252", "latin-1"])
def test_letters_that_were_encoded_twice_are_named(tmp_path: Path, codec: str) -> None:
    rows = [{"text": f"El capitán llegó mañana {n}.", "label": ("bueno", "malo")[n % 2]} for n in range(8)]
    good = lines(rows)
    bad = good.encode().decode(codec)
    assert not any("encoded twice" in note for note in read(tmp_path, good).notes)
    data = read(tmp_path, bad)
    assert any("such as capitÃ¡n for capitán" in note for note in data.notes)
    assert any("capitÃ¡n" in example.text for example in data.train)


def test_capitals_before_a_quotation_mark_are_encoded_once(tmp_path: Path) -> None:
    rows = [{"text": f"“ATÉ AMANHÃ” dizia a placa {n}.", "label": ("bom", "mau")[n % 2]} for n in range(8)]
    assert not read(tmp_path, lines(rows)).notes
