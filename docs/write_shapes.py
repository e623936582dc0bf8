"""Write the table of the shapes of data that are read into docs/data.md, from the examples that the tests read.

python docs/write_shapes.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data.md"
BEGIN, END = "<!-- shapes: written by docs/write_shapes.py -->\n", "<!-- end of shapes -->\n"


def table() -> str:
    """Return the table in Markdown: what a file holds, its ending, and what its columns are read as."""
    sys.path.insert(0, str(ROOT))
    from tests.data.every_shape import EVERY_SHAPE

    rows = (f"| {each.what} | {_ending(each.name)} | {each.mapping.replace('|', ' ')} |\n" for each in EVERY_SHAPE)
    return "| data | example | read as |\n|---|---|---|\n" + "".join(rows)


def _ending(name: str) -> str:
    suffix = Path(name).suffix
    return f"`{suffix}`" if suffix else "folder"


def page() -> str:
    """Return the page with the table of today."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _old, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
