"""Which words and names are in a file of OntoNotes, as the CoNLL tasks of 2011 and 2012 have them?

The fourth field of a line is the word, the eleventh says in brackets which names begin and end: "(PERSON*", "*)".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ia3_studio.data.conll import read_conll
from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found

BEGIN_OF_DOCUMENT, _END_OF_DOCUMENT = "#begin document", "#end document"
_WORD, _NAME, _FEWEST_FIELDS = 3, 10, 12
_BRACKETS = re.compile(r"(?:\(([^()*]+))?\*?(\)?)")


def read_ontonotes(name: str, text: str) -> Found | None:
    """Read the words of each sentence and the names that they are part of; None where the text is no such file.

    Raises:
        DataError: more than a tenth of the sentences is damaged.
    """
    if not text.startswith(BEGIN_OF_DOCUMENT):
        return None
    lines = list(_tagged(lines_of(text)))
    if not any(lines) or all(line.endswith("\tO") for line in lines if line):
        return None
    found = read_conll(name, "\n".join(lines), is_named_so=True)
    note = f"The word is field {_WORD + 1} and its tag, of the names in brackets, field {_NAME + 1}."
    return replace(found, form="words of OntoNotes", notes=(*found.notes, note)) if found else None


def _tagged(lines: list[str]) -> Iterator[str]:
    """Yield a line of a word and its tag for each word, and an empty one after each sentence."""
    inside = ""
    for line in lines:
        fields = line.split()
        found = _BRACKETS.fullmatch(fields[_NAME]) if len(fields) >= _FEWEST_FIELDS else None
        if line.startswith((BEGIN_OF_DOCUMENT, _END_OF_DOCUMENT)) or not fields:
            inside = ""
            yield ""
        elif found is None:
            yield line  # another number of fields than the words have: its sentence is listed
        else:
            kind, ends = found.groups()
            yield f"{fields[_WORD]}\t{f'B-{kind}' if kind else f'I-{inside}' if inside else 'O'}"
            inside = "" if ends else kind or inside
