"""Whatever stands in a model's files, opening it ends with the model or with a sentence, and soon."""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.errors import ModelError
from ia3_studio.models import load_model, load_skeleton
from tests.tiny_chat import save_tiny_chat

FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**9, 10**30, 1.5, -0.0, "", "x", "flash_attention_2", [], [None], [[]], {}, {"a": {}},
    ["<|im_end|>"] * 3, {"0": "a", "zero": 1},
)  # fmt: skip
A_FEW, MANY = 40, 250


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every field, a few of each long list or table."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())[:40]
    elif isinstance(value, list):
        inner = list(enumerate(value))[:5]
    return [place for key, each in inner for place in ((*above, key), *places(each, (*above, key)))]


def mutated(document: Any, chance: random.Random) -> str:
    """Return a document as JSON with one or two fields changed, dropped or added."""
    for _ in range(chance.choice((1, 1, 2))):
        found = places(document)
        if not found:
            break
        *above, key = chance.choice(found)
        holder = document
        for step in above:
            holder = holder[step]
        if chance.random() < 0.15 and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = chance.choice(STRANGE)
    return json.dumps(document)


@pytest.mark.parametrize("tries", [A_FEW, pytest.param(MANY, marks=pytest.mark.nightly)])
def test_changed_files_are_a_model_or_a_sentence(tries: int, tmp_path: Path) -> None:
    good = save_tiny_chat(tmp_path / "good")
    chance, ends = random.Random(17), {"model": 0, "sentence": 0}
    for number in range(tries):
        folder = tmp_path / f"bad{number}"
        shutil.copytree(good, folder)
        path = folder / chance.choice(FILES)
        path.write_text(mutated(json.loads(path.read_text()), chance))
        at = time.monotonic()
        for load in (load_skeleton, load_model):
            try:
                load(str(folder))
                ends["model"] += 1
            except ModelError:
                ends["sentence"] += 1
        assert time.monotonic() - at < 3, path.read_text()[:500]
        shutil.rmtree(folder)
    assert ends["model"] > 10 and ends["sentence"] > 10
