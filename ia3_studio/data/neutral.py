"""On which text is forgetting measured? Plain English that ships with the project and that no run learns."""

from __future__ import annotations

import json
from importlib.resources import files

from ia3_studio.data.example import Example

FILE = "neutral.jsonl"
"""Written for this project and under its license: short paragraphs on many subjects, sums and code among them."""


def neutral_texts() -> tuple[Example, ...]:
    """Return the paragraphs as plain text to be measured, never to be trained on."""
    lines = files("ia3_studio.data").joinpath("starters", FILE).read_text(encoding="utf-8").splitlines()
    return tuple(Example(row, text=json.loads(line)["text"]) for row, line in enumerate(lines, start=1))
