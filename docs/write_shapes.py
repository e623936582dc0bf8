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
    from tests.data.export_shapes import EXPORTS
    from tests.data.format_shapes import FORMATS
    from tests.data.label_shapes import CORPORA
    from tests.data.public_shapes import PUBLIC
    from tests.data.repository_shapes import REPOSITORY
    from tests.data.schema_shapes import SCHEMAS
    from tests.data.shapes import SHAPES
    from tests.data.sibling_shapes import SIBLINGS
    from tests.data.structure_shapes import STRUCTURES
    from tests.data.table_shapes import TABLES

    rows = (
        f"| {each.what} | {_ending(each.name)} | {each.mapping.replace('|', ' ')} |\n"
        for each in (
            *SHAPES,
            *TABLES,
            *EXPORTS,
            *SIBLINGS,
            *STRUCTURES,
            *FORMATS,
            *PUBLIC,
            *REPOSITORY,
            *SCHEMAS,
            *CORPORA,
        )
    )
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
