"""One table is one table, whatever it is written as: every row used or listed, every column used or named."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ia3_studio import load_data, read_table
from ia3_studio.data.column_use import unused_columns
from ia3_studio.data.paths import split_path
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError

Cell = str | int | float | None
Column = Callable[[random.Random, int], Cell]
SUBJECTS = ("The harbor", "Ferry 7", "Nobody", 'The "old" pier', "Жизнь", "港口", "It's a crane", "Größe; Gewicht")
VERBS = ("was late", "is calm, mostly", "left | came back", "n'a pas bougé", "costs 3,50", "is NA", 'said "no"')
ENDS = ("today", "in fog\nand rain", "again, as ever", "at 9:30", "— why?", "for 100 %")


def sentence(chance: random.Random, _row: int) -> Cell:
    return f"{chance.choice(SUBJECTS)} {chance.choice(VERBS)} {chance.choice(ENDS)} {chance.randint(0, 10**6)}"


def rarely_empty(chance: random.Random, row: int) -> Cell:
    return None if chance.random() < 0.1 else sentence(chance, row)


def word(chance: random.Random, _row: int) -> Cell:
    return chance.choice(("calm", "storm", "NA", "fog bank"))


def number(chance: random.Random, _row: int) -> Cell:
    return chance.randint(0, 2)


def measure(chance: random.Random, _row: int) -> Cell:
    return chance.randint(0, 500) + 0.5


def place(_chance: random.Random, row: int) -> Cell:
    return row + 1


def letter(chance: random.Random, _row: int) -> Cell:
    return chance.choice("ABC")


def constant(_chance: random.Random, _row: int) -> Cell:
    return "web"


def several(chance: random.Random, _row: int) -> Cell:
    return ";".join(sorted(chance.sample(("wind", "rain", "fog"), chance.randint(1, 2))))


ROLES: tuple[dict[str, Column], ...] = (
    {"prompt": sentence, "answer": rarely_empty},
    {"instruction": sentence, "input": rarely_empty, "output": sentence},
    {"Question": sentence, "Answer": number},
    {"text": sentence, "label": word},
    {"review": rarely_empty, "stars": number},
    {"premise": sentence, "hypothesis": sentence, "label": number},
    {"text": sentence, "score": measure},
    {"body": sentence, "tags": several},
    {"question": sentence, "A": sentence, "B": sentence, "C": sentence, "answer": letter},
    {"text": sentence},
    {"source_text": sentence, "target_text": sentence},
    {"ticket": sentence, "team": word},
)  # fmt: skip
EXTRAS: dict[str, Column] = {
    "id": place,
    "lang": constant,
    "note 2": rarely_empty,
    "url": lambda _c, row: f"https://x/{row}",
}


def table_of(seed: int) -> pd.DataFrame:
    """Return a table of random columns, in a random order, with random cells."""
    chance = random.Random(seed)
    columns = dict(ROLES[seed % len(ROLES)])
    columns |= {name: EXTRAS[name] for name in EXTRAS if chance.random() < 0.4}
    names = list(columns)
    chance.shuffle(names)
    rows = chance.randint(24, 60)
    return pd.DataFrame({name: [columns[name](chance, row) for row in range(rows)] for name in names}, dtype=object)


def separated(delimiter: str) -> Callable[[pd.DataFrame], bytes]:
    def write(frame: pd.DataFrame) -> bytes:
        buffer = io.StringIO()
        frame.to_csv(buffer, index=False, sep=delimiter, quoting=csv.QUOTE_MINIMAL)
        return buffer.getvalue().encode()

    return write


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.to_dict("records")


def workbook(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_excel(buffer, index=False)
    return buffer.getvalue()


def stored(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.infer_objects().to_parquet(buffer, index=False)
    return buffer.getvalue()


FORMATS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "rows.csv": separated(","),
    "rows.tsv": separated("\t"),
    "semicolons.csv": separated(";"),
    "rows.jsonl": lambda frame: "\n".join(map(json.dumps, records(frame))).encode(),
    "rows.json": lambda frame: json.dumps(records(frame)).encode(),
    "rows.xlsx": workbook,
    "rows.parquet": stored,
}


def read(path: Path) -> DataSplit | str:
    """Return what is in a file, or the sentence that refuses it without the file's name."""
    try:
        return load_data(path)
    except DataError as refused:
        return str(refused).replace(path.name, "")


def used_columns(split: DataSplit, columns: list[str]) -> set[str]:
    """Return the columns that a mapping speaks of."""
    mapping = split.mapping
    opening = (mapping.system, mapping.history, mapping.tools, mapping.split)
    others = (name for pair in mapping.others for name in pair)
    named = (mapping.prompt, mapping.answer, mapping.context, mapping.column, *opening, *mapping.parts, *others)
    paths = ((name, split_path(name, columns)) for name in named if name)
    return {name if name in columns or path is None else path[0] for name, path in paths}


@pytest.mark.parametrize("seed", range(2 * len(ROLES)))
def test_a_table_is_read_the_same_in_every_format(seed: int, tmp_path: Path) -> None:
    frame = table_of(seed)
    found: dict[str, Any] = {}
    for name, write in FORMATS.items():
        path = tmp_path / name
        path.write_bytes(write(frame))
        split = read(path)
        if isinstance(split, str):
            found[name] = split
            continue
        examples = sorted((*split.train, *split.held_out), key=lambda each: each.row)
        used, listed = {each.row for each in examples}, {each.row for each in split.problems}
        assert not used & listed and used | listed == set(range(1, len(frame) + 1)), name
        assert used_columns(split, list(frame.columns)) | set(split.unused) == set(frame.columns), name
        assert split.unused == unused_columns(read_table(path), split.mapping)
        told = [(each.row, each.turns, each.text, each.second, each.labels, each.choices) for each in examples]
        found[name] = (str(split.mapping), told, sorted(listed))
    first = found["rows.jsonl"]
    differing = [name for name, each in found.items() if each != first]
    assert not differing, (differing, first[0], found[differing[0]][0])
