"""What do the lines above a Markdown page say to the program that shows it? Its front matter, which nobody reads."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import shown_names

_ENDINGS = (".md", ".mdx", ".markdown")
_BEGIN = re.compile(r"\ufeff?\s{0,20}?(---|\+\+\+)[ \t]*\r?\n")
_LONGEST, _MOST_LINES = 20_000, 300
"""Characters and lines at the beginning of a page in which its front matter ends."""
_KEY = re.compile(r"""["']?([^\W\d][\w.@ -]{0,60})["']?[ \t]{0,9}(?::(?:[ \t].*)?|=[ \t].*)""")
_BELOW = re.compile(r"[ \t]+\S.*|- .*|#.*|\[.*|[\]}],?|")
"""A line that goes on with a value: set in, an item, a comment, a table of TOML, or empty."""


def without_front_matter(name: str, text: str) -> tuple[str, tuple[str, ...]]:
    """Return a Markdown page without its front matter, its lines in their places, and the names in that.

    Any other text stays as it is: one that is nothing else, and records between rules, whose names come again.

    Example:
        >>> without_front_matter("pier.md", "---\\ntitle: Pier\\n---\\nIt is long.")
        ('\\n\\n\\nIt is long.', ('title',))
    """
    begin = _BEGIN.match(text) if member_path(name).suffix.lower() in _ENDINGS else None
    if not begin:
        return text, ()
    place = begin.end()
    names: list[str] = []
    for _line in range(_MOST_LINES):
        end = text.find("\n", place, _LONGEST)
        line = text[place : end if end >= 0 else _LONGEST].rstrip()
        if line in (begin[1], "...") and (end >= 0 or place + len(line) >= len(text.rstrip())):
            rest = text[end:] if end >= 0 else ""
            is_page = bool(names and rest.strip()) and not any(f"\n{name}:" in rest[:_LONGEST] for name in names)
            return ("\n" * text.count("\n", 0, end) + rest, tuple(names)) if is_page else (text, ())
        if found := _KEY.fullmatch(line):
            if found[1].strip() in names:
                return text, ()  # two who speak by turns
            names.append(found[1].strip())
        elif not _BELOW.fullmatch(line):
            return text, ()  # a rule above a text
        if end < 0:
            return text, ()
        place = end + 1
    return text, ()


def front_matter_note(names: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence on the names in front matter; nothing if there are none."""
    different = [*dict.fromkeys(names)]
    return (f"Not used: the front matter ({shown_names(different)}).",) if different else ()
