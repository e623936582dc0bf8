"""Is a text the source code of a program, whose lines are no rows?"""

from __future__ import annotations

import re

from ia3_studio.data.delimiters import lines_of

_LINE = re.compile(
    r"\s*+(?:(?:def|class|import|from|return|elif|except|function|public|private|static|const|let|var|package|using|func)\b"
    r"|(?:for|if|while|else|try|with|switch)\b.{0,300}[:{]\s*$|#include\b|[\w.\[\]\"']{1,80}\s?[-+*/]?=\s?\S|[\w.]{1,80}\(|[{}\])]+[;,]?$"
    r"|.{0,300}[;{]$)"
)
"""A line as programs have them: a statement, an assignment, a call, or the end of a block."""
_LOOKED_AT, _FEWEST_LINES = 300, 5
_MOSTLY, _INDENTED = 0.5, 0.2


def is_code(text: str) -> bool:
    """Say whether most lines of a text are those of a program, and some are set in, as snippets in a line each are not.

    Example:
        >>> is_code("import sail\\n\\ndef go(n):\\n    for each in n:\\n        sail.to(each)\\n    return n")
        True
        >>> is_code("def go(n): return n\\n" * 9)
        False
    """
    lines = [line[:400] for line in lines_of(text[: _LOOKED_AT * 100])[:_LOOKED_AT] if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith(("#", "//", "/*", "*")) or "#include" in line]
    if len(lines) < _FEWEST_LINES:
        return False
    set_in = sum(line[0] in " \t" for line in lines)
    return set_in >= _INDENTED * len(lines) and sum(map(bool, map(_LINE.match, lines))) >= _MOSTLY * len(lines)
