"""What does a file say that is read as one text? A page what it shows, a mail its subject and its plain text."""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
import string
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from ia3_studio.data.front_matter import without_front_matter
from ia3_studio.data.member_paths import member_path

PAGES, MAILS = (".html", ".htm", ".xhtml"), (".eml",)
_HIDDEN = re.compile(r"<(script|style|head|noscript|svg|template)\b[^<>]*>", re.IGNORECASE)
_BREAKS = re.compile(r"</?(?:p|div|br|li|ul|ol|h[1-6]|tr|table|section|article|header|footer|pre|blockquote)\b[^<>]*>",
                     re.IGNORECASE)  # fmt: skip
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60}):[ \t]?(.*)")
_PARAMETER = re.compile(r"""\b(boundary|charset)\s?=\s?(?:"([^"]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_MOST_PARTS, _DEEPEST = 50, 4
"""Parts of a mail that are looked at, and mails inside each other."""


def whole_text(path: str, text: str) -> str:
    """Return what a file says, without the marks of its kind."""
    suffix = member_path(path).suffix.lower()
    if suffix in PAGES:
        return page_text(text)
    if suffix in MAILS:
        fields, said = mail_text(text)
        return "\n\n".join(filter(None, (fields.get("subject", ""), said)))
    return without_front_matter(path, text)[0].strip()


def page_text(text: str) -> str:
    """Return the text that a page of HTML shows, a line for each of its blocks."""
    shown = _TAG.sub("", _BREAKS.sub("\n", _without_hidden(text)))
    lines = (" ".join(line.split()) for line in html.unescape(shown).splitlines())
    return "\n".join(line for line in lines if line)


def _without_hidden(text: str) -> str:
    """Return a page without comments, and without what no reader sees of it, such as scripts."""
    kept: list[str] = []
    lower = text.translate(_SMALL)  # as long as the text, which some letters in small are not
    place, comment = 0, 0
    while place < len(text):
        comment = lower.find("<!--", place) if 0 <= comment < place or not place else comment
        hidden = _HIDDEN.search(text, place, comment if comment >= 0 else len(text))
        start = hidden.start() if hidden else comment
        if start < 0:
            break
        kept.append(text[place:start])
        mark = f"</{hidden[1].lower()}" if hidden else "-->"  # either ends with the next >
        end = lower.find(mark, start)
        if end < 0:  # it is never closed, so that all that follows is a part of it
            return "".join(kept)
        closed = lower.find(">", end + len(mark) - 1)
        place = closed + 1 if closed >= 0 else len(text)
    return "".join([*kept, text[place:]]) if place < len(text) else "".join(kept)


_SMALL = {ord(letter): letter.lower() for letter in string.ascii_uppercase}


def mail_text(text: str) -> tuple[dict[str, str], str]:
    """Return the fields of a mail by their names in small letters, and what it says, as plain text."""
    fields, body = _apart(text)
    shown = {name: _shown(value) for name, value in fields.items() if name in _SHOWN}
    return shown, _said(fields, body, 0)


_SHOWN = ("from", "to", "date", "subject", "message-id", "in-reply-to")


def _apart(text: str) -> tuple[dict[str, str], str]:
    """Return the fields above the first empty line, those that go over several lines in one, and what is below it."""
    head, _empty, body = text.replace("\r\n", "\n").lstrip("\n").partition("\n\n")
    fields: dict[str, list[str]] = {}
    name = ""
    for line in head.split("\n"):
        if line[:1] in (" ", "\t") and name:
            fields[name].append(line.strip())
        elif found := _FIELD.fullmatch(line):
            name = found[1].lower()
            fields[name] = [found[2].strip()]
    return {name: " ".join(lines) for name, lines in fields.items()}, body


def _shown(value: str) -> str:
    """Return a field whose words may be encoded, such as =?utf-8?q?caf=C3=A9?=."""
    if "=?" not in value or len(value) > _LONGEST_FIELD:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):  # it is kept as it is written
        return value


_LONGEST_FIELD = 2_000


def _said(fields: dict[str, str], body: str, depth: int) -> str:
    """Return the plain text of a mail or of a part of one; that of its page where it has no other."""
    kind = fields.get("content-type", "text/plain").lower()
    given = {found[1].lower(): found[2] or found[3] for found in _PARAMETER.finditer(fields.get("content-type", ""))}
    if kind.startswith("multipart/") and given.get("boundary") and depth < _DEEPEST:
        pieces = body.split(f"--{given['boundary']}", _MOST_PARTS)[1:]
        parts = [_apart(piece) for piece in pieces if not piece.startswith("--")]
        ordered = sorted(parts, key=lambda part: part[0].get("content-type", "text/plain").startswith("text/html"))
        return next((said for part in ordered if (said := _said(*part, depth + 1))), "")
    if not kind.startswith("text/") or "attachment" in fields.get("content-disposition", ""):
        return ""
    charset = given.get("charset", "").lower()
    encoding = fields.get("content-transfer-encoding", "").lower()
    said = _decoded(body, encoding, charset if _CHARSET.fullmatch(charset) else "utf-8")
    return page_text(said) if kind.startswith("text/html") else said.strip()


_CHARSET = re.compile(
    r"us-ascii|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|big5|gb2312|gbk|gb18030|euc-(?:jp|kr)|shift_jis|iso-2022-jp"
)
"""Encodings of mails that are known; any other is read as UTF-8, as some are slow to read."""


def _decoded(body: str, encoding: str, charset: str) -> str:
    try:
        if encoding == "quoted-printable":
            return quopri.decodestring(body.encode("utf-8", "surrogateescape")).decode(charset, "replace")
        if encoding == "base64":
            return base64.b64decode("".join(body.split()).encode("ascii", "ignore")).decode(charset, "replace")
    except (LookupError, UnicodeError, binascii.Error):  # it is kept as it is written
        return body
    return body
