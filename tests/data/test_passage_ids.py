"""Columns called contexts that hold the ids of passages."""

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data

_ASKED = "Is berth {n} of the long pier free on day {n}?,Berth {n} is free from noon until the ferry comes."


def _table(path: Path, name: str, cell: str) -> Path:
    rows = (f"{n},{_ASKED},{cell}".replace("{n}", str(n)) for n in range(20))
    path.write_text(f"id,question,answer,{name}\n" + "\n".join(rows))
    return path


@pytest.mark.parametrize("name", ["relevant_passages", "contexts", "context", "documents", "Kontext"])
@pytest.mark.parametrize("cell", ["\"['{n}-2.4', 'q{n}-supp']\"", "['pier-{n}']", "doc_{n}"])
def test_ids_of_passages_are_no_part_of_a_question(name: str, cell: str, tmp_path: Path) -> None:
    data = load_data(_table(tmp_path / "qa.csv", name, cell))
    assert str(data.mapping) == "question → prompt, answer → answer" and name in data.unused


@pytest.mark.parametrize(
    "cell", ["['Berth {n} of the pier is lit.']", "Berth {n} of the pier is lit and free after noon."]
)
def test_passages_are_a_part_of_it(cell: str, tmp_path: Path) -> None:
    data = load_data(_table(tmp_path / "qa.csv", "contexts", cell))
    assert str(data.mapping) == "question + contexts → prompt, answer → answer"


def test_codes_that_are_worked_on_are_a_part_of_the_instruction(tmp_path: Path) -> None:
    rows = (f"Turn the call sign of tug {n} around.,tug{n}x,x{n}gut" for n in range(20))
    path = tmp_path / "orders.csv"
    path.write_text("instruction,input,output\n" + "\n".join(rows))
    assert str(load_data(path).mapping) == "instruction + input → prompt, output → answer"
