"""Which texts and translations are in a gettext catalog (.po)? A row for each entry, and for each of its forms."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ia3_studio.data.chosen_encodings import CHOSEN_CODECS
from ia3_studio.data.decode import Encoding
from ia3_studio.data.delimiters import with_line_feeds
from ia3_studio.data.legacy_encodings import CODECS
from ia3_studio.data.parsing import Found, ParsingOptions, numbered
from ia3_studio.data.problem import Damage, require_few
from ia3_studio.data.shapes.shape import frame_of
from ia3_studio.errors import DataError

SUFFIXES = (".po", ".pot")
_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d{1,3})\])?\s*+(?=\")")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"\s*+')
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))")
_SIGNS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_LANGUAGE = re.compile(r"^Language:[ \t]*+([A-Za-z][\w@.-]{1,30})", re.MULTILINE)
_LANGUAGE_LINE = re.compile(rb'^"Language:[ \t]*+([A-Za-z][A-Za-z0-9@._-]{1,30}+)(?:\\n)?"', re.MULTILINE)
_CHARSET = re.compile(rb"charset=([A-Za-z0-9_-]{2,30})", re.IGNORECASE)
_HEADER_BYTES = 8_000
_NO_QUOTE = "a text in it has no closing quote, or a quote inside without a backslash"
_NO_LINE = "it is neither a comment nor a keyword with a text in quotes"


@dataclass
class _Entry:
    """One entry while its lines are read."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    """Keyword (``msgid``, ``msgstr[1]``) → the parts of its text."""
    is_fuzzy: bool = False
    last: str = ""
    """The keyword that a text in the next line belongs to."""
    fault: tuple[int, str, str] | None = None
    """Line, reason and text of the first line that cannot be read."""

    def text(self, keyword: str) -> str:
        return "".join(self.texts.get(keyword, ()))

    @property
    def translations(self) -> list[str]:
        """Return the forms of the translation by their numbers."""
        forms = [keyword for keyword in self.texts if keyword.startswith("msgstr")]
        return [self.text(keyword) for keyword in sorted(forms, key=lambda each: int(each[7:-1] or 0))]


def read_catalog(name: str, text: str, encoding: str, parsing: ParsingOptions) -> Found:
    """Read the entries of a catalog: the text of the program (source) and its translation (target).

    The singular of an entry with forms of number goes with the first form of the translation, the plural with the last.
    A column ``context`` tells entries of the same text apart, where their translations differ.

    Raises:
        DataError: it has no entries, no translation of them, or many that are damaged.
    """
    entries, left = _entries(with_line_feeds(text))
    header = next((each for each in entries if _is_header(each)), None)
    kept = [each for each in entries if not _is_header(each) or each.fault]
    if not kept:
        raise DataError(f"{name} is a gettext catalog without entries; give one with texts and their translations.")
    damaged: list[Damage] = []
    rows: list[tuple[int, dict[str, Any]]] = []
    with_context = _contexts_decide(kept)
    number = 0
    for entry in kept:
        if entry.fault:
            number += 1
            damaged.append(Damage(number, *entry.fault))
            continue
        if entry.is_fuzzy:
            left["fuzzy entries, whose translations nobody has checked"] += 1
            continue
        pairs = [pair for pair in _pairs(entry, left) if all(each.strip() for each in pair)]
        left["entries without a translation"] += not pairs
        if pairs and entry.text("msgctxt") and not with_context:
            left["contexts of entries, as none decides a translation"] += 1
        for source, target in pairs:
            number += 1
            context = {"context": entry.text("msgctxt")} if with_context else {}
            rows.append((number, {**context, "source": source, "target": target}))
    if not rows:
        return _untranslated(name, encoding, kept, damaged, parsing)
    require_few(name, damaged, len(rows))
    language = _LANGUAGE.search(header.text("msgstr[0]")) if header else None
    form = f"gettext catalog{f', translations into {language[1]}' if language else ''}, {encoding}"
    return Found(frame_of(rows), form, tuple(damaged), notes=tuple(_notes(left, has_header=header is not None)))


def languages_of(catalogs: Iterable[bytes]) -> list[str]:
    """Return the languages into which catalogs translate, by their headers, each once and in order."""
    found = (_LANGUAGE_LINE.search(data[:_HEADER_BYTES]) for data in catalogs)
    return sorted({each[1].decode() for each in found if each})


def declared_encoding(data: bytes, named: re.Pattern[bytes] = _CHARSET) -> Encoding | None:
    """Return the encoding that the header of a catalog names, where the bytes are no UTF-8 and are valid in it.

    Args:
        named: finds the name in the first bytes; that of a catalog unless another kind of file is given.
    """
    found = named.search(data[:_HEADER_BYTES])
    try:
        data.decode("utf-8")
        return None
    except UnicodeDecodeError:
        pass
    try:
        codec = codecs.lookup(found[1].decode()).name if found else ""
        data.decode(codec or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return None
    known: dict[Encoding, str] = {**{name: each[0] for name, each in CODECS.items()}, **_CHOSEN}
    same = {codec, *((_WIDER[codec],) if codec in _WIDER else ())}
    return next((name for name, each in known.items() if codecs.lookup(each).name in same), None)


_CHOSEN: Mapping[Encoding, str] = CHOSEN_CODECS  # type: ignore[assignment]
_WIDER = {"iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950",
          "shift_jis": "cp932", "euc_kr": "cp949"}  # fmt: skip
"""Encodings with the same letters and more."""


def _entries(text: str) -> tuple[list[_Entry], Counter[str]]:
    """Return the entries of a catalog, and what else is in it, counted by what it is."""
    entries: list[_Entry] = []
    left: Counter[str] = Counter()
    entry = _Entry()

    def closed() -> _Entry:
        if entry.texts or entry.fault:
            entries.append(entry)
        return _Entry()

    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if line.startswith("#"):
            entry = closed() if entry.texts or line.startswith("#~") else entry
            left[_OBSOLETE] += line.startswith(("#~ msgid ", "#~msgid "))
            left[_REMARKS] += not line.startswith(("#,", "#~"))
            entry.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
        elif line.startswith('"') and entry.last:
            _add(entry, number, line, line)
        elif keyword := _KEYWORD.match(line):
            has_answer = any(each.startswith("msgstr") for each in entry.texts)
            is_next = has_answer or (entry.fault and not entry.texts)
            if (keyword[1] in ("msgctxt", "msgid") and is_next) or keyword[1] in entry.texts:
                entry = closed()
            entry.last = f"msgstr[{keyword[2] or 0}]" if keyword[1] == "msgstr" else keyword[1]
            _add(entry, number, line, line[keyword.end() :])
        elif line:
            entry.fault = entry.fault or (number, _NO_LINE, line)
        elif entry.translations or entry.fault:
            entry = closed()
    closed()
    return entries, left


_OBSOLETE = "obsolete entries"
_REMARKS = "lines of comments and references"


def _add(entry: _Entry, number: int, line: str, rest: str) -> None:
    """Add the texts in quotes of a line to an entry; note the line where it cannot be read."""
    parts = entry.texts.setdefault(entry.last, [])
    place = 0
    while found := _QUOTED.match(rest, place):
        parts.append(_ESCAPE.sub(_sign, found[1]))
        place = found.end()
    if place < len(rest):
        entry.fault = entry.fault or (number, _NO_QUOTE, line)


def _sign(found: re.Match[str]) -> str:
    if found[3]:
        return _SIGNS.get(found[3], found[3])
    return chr(int(found[1], 8) if found[1] else int(found[2], 16))


def _is_header(entry: _Entry) -> bool:
    return not entry.text("msgid") and "msgctxt" not in entry.texts


def _pairs(entry: _Entry, left: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yield each text of an entry with its translation; count the forms of number between them."""
    forms = entry.translations
    if forms:
        yield entry.text("msgid"), forms[0]
    if forms and "msgid_plural" in entry.texts:
        yield entry.text("msgid_plural"), forms[-1]
        left["translations for numbers between the first and the last form"] += sum(map(bool, forms[1:-1]))


def _contexts_decide(entries: list[_Entry]) -> bool:
    """Say whether a text has several translations, each in a context of its own."""
    known: dict[str, str] = {}
    for entry in entries:
        target = entry.text("msgstr[0]")
        if target and not entry.is_fuzzy and known.setdefault(entry.text("msgid"), target) != target:
            return any("msgctxt" in each.texts for each in entries)
    return False


def _untranslated(
    name: str, encoding: str, entries: list[_Entry], damaged: list[Damage], parsing: ParsingOptions
) -> Found:
    """Return the texts of a catalog that translates none of them, where plain rows are chosen.

    Raises:
        DataError: they are not chosen.
    """
    texts = [entry.text("msgid") for entry in entries if not entry.fault]
    if parsing.plain and texts:
        return Found(numbered({"text": texts}), f"texts of a gettext template, {encoding}")
    require_few(name, damaged, len(texts))
    fuzzy = sum(entry.is_fuzzy for entry in entries)
    why = f"; {fuzzy:,} of them are fuzzy, which are left out" if fuzzy else ""
    raise DataError(
        f"{name} is a gettext catalog without translations: {len(texts):,} texts (msgid) have no msgstr{why}. Give the "
        "catalog of a language (.po), or choose plain rows under Shape to train on the texts alone."
    )


def _notes(left: Counter[str], *, has_header: bool) -> Iterator[str]:
    remarks = left.pop(_REMARKS, 0)
    for what, count in left.items():
        if count:
            yield f"Not used: {what} ({count:,})."
    also = (("the header entry",) if has_header else ()) + ((f"{remarks:,} {_REMARKS}",) if remarks else ())
    if also:
        yield f"Not used: {' and '.join(also)}."
