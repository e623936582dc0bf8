"""Prompts beside the kind of each, which nobody answers."""

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data

_KINDS = [
    f"{first} {second}"
    for first in ("storm", "fog", "tide", "pier")
    for second in ("watch", "call", "lamp", "log", "bell")
]


def _table(path: Path, name: str) -> Path:
    rows = (
        f'P{n:02},{kind},"I wait on berth {n} and nobody tells me what to do next."' for n, kind in enumerate(_KINDS)
    )
    path.write_text(f"id,{name},prompt\n" + "\n".join(rows))
    return path


@pytest.mark.parametrize("name", ["category", "task_type", "topic", "Kategorie"])
def test_a_prompt_is_not_written_for_its_kind(name: str, tmp_path: Path) -> None:
    data = load_data(_table(tmp_path / "prompts.csv", name))
    assert str(data.mapping) == "prompt → plain text"
    assert {"id", name} <= set(data.unused)


def test_a_prompt_is_still_written_for_a_role(tmp_path: Path) -> None:
    data = load_data(_table(tmp_path / "prompts.csv", "act"))
    assert str(data.mapping) == "act → prompt, prompt → answer"


def test_kinds_that_come_again_are_labels_of_the_prompts(tmp_path: Path) -> None:
    path = tmp_path / "prompts.csv"
    asked = (f"Tell the crew of berth {n} in two sentences what to do when the tide turns." for n in range(30))
    path.write_text(
        "id,category,prompt\n"
        + "\n".join(f'{n},{["ebb", "fog", "pier"][n % 3]},"{text}"' for n, text in enumerate(asked))
    )
    assert str(load_data(path).mapping) == "prompt → text, category → label"
