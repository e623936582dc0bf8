"""Tables as programs show them on a screen, copied or written into a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tests.data.schema_shapes import plain
from tests.data.shapes import Shape, asked, mood, said

FRAME = pd.DataFrame({"text": [plain(n) for n in range(12)], "label": [mood(n) for n in range(12)]})
PAIRS = [[asked(n), said(n)] for n in range(12)]


def shown(frame: pd.DataFrame, **options: Any) -> str:
    """Return a frame as pandas prints it."""
    settings = {"max_colwidth": None, "max_rows": None, "width": 10_000, **options}
    with pd.option_context(*(each for name, value in settings.items() for each in (f"display.{name}", value))):
        return repr(frame)


def drawn(rows: Sequence[Sequence[str]], header: Sequence[str] = ("text", "label")) -> str:
    """Return a table with bars and rules, as databases print it."""
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    rule = f"+{'+'.join('-' * (width + 2) for width in widths)}+\n"
    lines = [f"| {' | '.join(f'{cell:<{width}}' for cell, width in zip(row, widths, strict=True))} |\n"
             for row in (header, *rows)]  # fmt: skip
    return f"{rule}{lines[0]}{rule}{''.join(lines[1:])}{rule}"


def ruled(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Return columns below a line of dashes, as a database prints them without bars."""
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    cells = [header, ["-" * width for width in widths], *rows]
    return "".join("  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in cells)


BOX = str.maketrans({"|": "│", "-": "─", "+": "┼"})
PRINTED: tuple[Shape, ...] = (
    Shape("a table as pandas prints it", "frame.txt", shown(FRAME), "text → text, label → label", 12),
    Shape("columns below a line of dashes", "pairs.txt", ruled(PAIRS, ("question", "answer")),
          "question → prompt, answer → answer", 12),
    Shape("columns of a fixed width", "notes.fwf",
          f"{'text':<70}{'label'}\n" + "".join(f"{plain(n):<70}{mood(n)}\n" for n in range(12)),
          "text → text, label → label", 12),
    Shape("a table in a box", "box.txt", "┌" + drawn(FRAME.to_numpy().tolist()).translate(BOX)[1:],
          "text → text, label → label", 12),
    Shape("records one below the other, as databases print them", "records.txt",
          "".join(f"{'*' * 27} {n + 1}. row {'*' * 27}\n text: {plain(n)}\nlabel: {mood(n)}\n" for n in range(12)),
          "text → text, label → label", 12),
)  # fmt: skip
