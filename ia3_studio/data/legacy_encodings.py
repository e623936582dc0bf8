"""In which encoding are bytes written that are not Unicode? In the one whose text looks most like a language."""

from __future__ import annotations

import codecs
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import regex

from ia3_studio.data import letters
from ia3_studio.data.letters import Language

LegacyEncoding = Literal[
    "GB18030", "Big5", "Shift-JIS", "EUC-JP", "EUC-KR", "windows-1250", "windows-1251", "windows-1252", "windows-1253",
    "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258", "windows-874", "KOI8-R",
    "ISO-8859-2", "Mac Roman", "IBM850", "IBM866",
]  # fmt: skip
"""Encodings of one script or region, by the names that browsers and editors use."""


@dataclass(frozen=True)
class _Candidate:
    """An encoding, the languages written in it, and how often it is met."""

    codec: str
    languages: Sequence[Language]
    prior: float
    """The logarithm of how often it is met, against the most frequent ones."""
    everyday: tuple[int, int, int] | None = None
    """First and last lead byte, and first trail byte, of the characters of everyday use where there are thousands."""


_CANDIDATES: dict[LegacyEncoding, _Candidate] = {
    "windows-1252": _Candidate("cp1252", letters.WESTERN, 0),
    "windows-1250": _Candidate("cp1250", letters.CENTRAL, -1),
    "windows-1251": _Candidate("cp1251", letters.CYRILLIC, 0),
    "windows-1253": _Candidate("cp1253", letters.GREEK, -1),
    "windows-1254": _Candidate("cp1254", letters.TURKISH, -2),
    "windows-1255": _Candidate("cp1255", letters.HEBREW, -2),
    "windows-1256": _Candidate("cp1256", letters.ARABIC, -2),
    "windows-1257": _Candidate("cp1257", letters.BALTIC, -3),
    "windows-1258": _Candidate("cp1258", letters.VIETNAMESE, -2),
    "windows-874": _Candidate("cp874", letters.THAI, -2),
    "KOI8-R": _Candidate("koi8_u", letters.CYRILLIC, -2),  # KOI8-U, which has letters in place of lines of boxes
    "ISO-8859-2": _Candidate("iso8859_2", letters.CENTRAL, -3),
    "Mac Roman": _Candidate("mac_roman", letters.WESTERN, -6),
    "IBM850": _Candidate("cp850", letters.WESTERN, -6),
    "IBM866": _Candidate("cp866", letters.CYRILLIC[:1], -6),
    "GB18030": _Candidate("gb18030", letters.SIMPLIFIED, 0, (0xB0, 0xD7, 0xA1)),
    "Big5": _Candidate("cp950", letters.TRADITIONAL, 0, (0xA4, 0xC6, 0x40)),
    "Shift-JIS": _Candidate("cp932", letters.JAPANESE, 0, (0x82, 0x98, 0x40)),
    "EUC-KR": _Candidate("cp949", letters.KOREAN, 0, (0xB0, 0xC8, 0xA1)),
    "EUC-JP": _Candidate("euc_jp", letters.JAPANESE, -2, (0xA4, 0xCF, 0xA1)),
}
CODECS: dict[LegacyEncoding, tuple[str, ...]] = {
    **{name: (candidate.codec,) for name, candidate in _CANDIDATES.items()},
    "Big5": ("cp950", "big5hkscs"),
}
"""The codecs of each encoding; a later one has more characters."""
LATIN = frozenset(name for name, candidate in _CANDIDATES.items() if candidate.languages[0].words)
"""Encodings of Latin script, in which two letters outside ASCII that are valid UTF-8 as well hardly ever meet."""

SURE = 5.0
"""From this difference of log-likelihoods to the next reading on, a guess is certain."""
SAMPLE_BYTES = 8_000
"""Bytes of words outside ASCII that a guess is made from."""
_FEWEST_BYTES, _WORST_FIT = 30, -7.3
"""From so many bytes outside ASCII on, a lower log-likelihood per byte says that the text is no language in any
encoding: a text that was once read in a wrong one and saved so."""
_PLACES = 32
"""Places of a file that they are taken from."""
_LONGEST_WORD, _LONGEST_SEARCH = 400, 4_000
_HIGH, _BREAK = regex.compile(rb"[\x80-\xff]"), regex.compile(rb"[\x00-\x2f]")
_ASCII_WORD = regex.compile(rb"[a-z]+")
_LATIN_SHARE = 0.05
"""Share of accented letters among the letters of a text in Latin script."""
_PUNCTUATION, _SYMBOL, _EVERYDAY, _RARE = map(math.log, (2e-3, 3e-5, 1e-4, 1e-6))
_ASCII = math.log(1 / 30)
_WORD_GAIN, _MOST_WORDS, _AROUND = 0.3, 12, 80
"""What a frequent word of a language around such words speaks for it, how many of them count, and within how far."""
_USUAL = frozenset("’“”‘„–—…€«»°©®™·\u00a0£§•‹›，。！？、：；（）「」《》　～")
_UPPER_CASE = 2.3

_EAST_ASIAN = r"\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}"
_SCRIPTS = r"\p{Cyrillic}\p{Greek}\p{Hebrew}\p{Arabic}\p{Thai}"
_SINGLE = "àéèóåøáíäöæőôòìÀÉÈÓÅØÁÍÖвискуояаэіїйеВИСКУОЯАЭІЙЕοηώήαΟΗوا"
"""Letters that are words by themselves."""
_ODDITIES = tuple(
    (regex.compile(pattern, regex.VERSION1), cost)
    for pattern, cost in (
        (r"\ufffd", 20.0),
        (r"[\u0080-\u009f\p{Co}\p{Cn}]", 15.0),
        (rf"(?=[A-Za-z][{_SCRIPTS}]|[{_SCRIPTS}][A-Za-z])", 9.0),
        (r"(?=\p{Ll}\p{Lu})(?=[^\x00-\x7f]|.[^\x00-\x7f])", 5.0),
        (r"(?=\p{Lu}\p{Lu}\p{Ll})(?=[^\x00-\x7f]|.[^\x00-\x7f])", 3.0),
        (r"(?=[\p{L}&&[^\x00-\x7f]]\d|\d[\p{L}&&[^\x00-\x7f]])(?=.?[\p{Latin}\p{Cyrillic}\p{Greek}])", 3.0),
        (r"(?<=\p{L})(?!(?<=l)·l)[\p{S}\p{P}\p{N}&&[^\x00-\x7f’]](?=\p{L})(?!\p{Han})", 4.0),
        # Western letters where the words of their languages do not have them: è before a vowel, ã but in "ão", …
        (
            r"è(?=[aeiou])|ã(?![oe]|s?(?!\p{L}))|õ(?!e)|(?<=\p{L})þ|ñ(?![aeiouáéíóú])|ì(?=\p{L})|ù(?=\p{L})|œ(?!u)"
            r"|ń(?=[aeiou])|(?<=i)æ",
            3.5,
        ),
        (r"(?<![aeiouyăâêôơưAEIOUYĂÂÊÔƠƯ])[\u0300\u0301\u0303\u0309\u0323]", 9.0),
        (r"(?=[\p{Latin}&&[^\x00-\x7f]]{2})", 1.0),
        (rf"(?<!\p{{L}})[[\p{{Latin}}{_SCRIPTS}]&&[^\x00-\x7f{_SINGLE}]](?!\p{{L}})", 4.0),
        (r"(?<=\p{L})[\p{Sc}&&[^\x00-\x7f]](?=\d)", 4.0),
        (r"(?=\p{Hangul}\p{Han}|\p{Han}\p{Hangul})", 3.0),
        (rf"(?=[a-z][{_EAST_ASIAN}][a-z])", 5.0),
        (rf"(?=[{_EAST_ASIAN}][a-z]{{2}})", 2.0),
        (r"(?<=[a-z])\u00a0(?=[a-z])", 2.0),
        (r"(?<![\p{L}\p{N}])[¿¡](?=\p{Lu})", -4.0),
    )
)
"""What is rare in a text that is read in its own encoding, and how many nats it costs."""


@dataclass(frozen=True)
class Guess:
    """An encoding, and how far the next best one that gives another text is behind."""

    encoding: LegacyEncoding
    margin: float

    @property
    def certain(self) -> bool:
        """Return whether no other encoding is nearly as likely."""
        return self.margin >= SURE


def guess_encoding(data: bytes) -> Guess:
    """Return the most likely encoding of bytes that are not valid UTF-8."""
    spans = list(_spans_outside_ascii(data))
    words = list(dict.fromkeys(data[start:end] for start, end in spans))  # repeated words say nothing new
    around = dict.fromkeys(data[max(start - _AROUND, 0) : end + _AROUND] for start, end in spans)
    found = Counter(_ASCII_WORD.findall(b" ".join(around).lower()))
    ranked: list[tuple[float, LegacyEncoding, str]] = []
    for name, candidate in _CANDIDATES.items():
        text = text_of_words(words, candidate.codec)
        ranked.append((candidate.prior + _likelihood(text, candidate, found), name, text))
    ranked.sort(key=lambda each: -each[0])
    best, encoding, text = ranked[0]
    letters = b" ".join(words)
    high = len(_HIGH.findall(letters))
    if high >= _FEWEST_BYTES and best - (len(letters) - high) * _ASCII < _WORST_FIT * high:
        return Guess("windows-1252", 0)
    others = (likelihood for likelihood, _name, other in ranked[1:] if other != text)
    return Guess(encoding, best - next(others, -math.inf))


def words_outside_ascii(data: bytes) -> Iterator[bytes]:
    """Yield words that contain bytes outside ASCII, from places all over a file."""
    return (data[start:end] for start, end in _spans_outside_ascii(data))


def _spans_outside_ascii(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of words that contain bytes outside ASCII.

    A byte below 0x30 is no part of a character in any of the encodings, so a word begins and ends there.
    """
    place = taken = 0
    for part in range(1, _PLACES + 1):
        enough = part * SAMPLE_BYTES / _PLACES
        while taken < enough and (high := _HIGH.search(data, place)):
            start = max(high.start() - _LONGEST_WORD, 0)
            breaks = [each.end() for each in _BREAK.finditer(data, start, high.start())]
            start = breaks[-1] if breaks else high.start() if start else 0
            end = _BREAK.search(data, high.start(), start + _LONGEST_WORD)
            place = end.start() if end else min(start + _LONGEST_WORD, len(data))
            yield start, place
            taken += place - start
            if not end and not (end := _BREAK.search(data, place, place + _LONGEST_SEARCH)):
                break
            place = end.end()
        place = max(place, part * len(data) // _PLACES)
        sync = _BREAK.search(data, place, place + _LONGEST_SEARCH) if place else None
        place = sync.end() if sync else place


def text_of_words(words: Iterable[bytes], codec: str, errors: str = "replace") -> str:
    """Return words as text, without a character that is cut off at the end of a long word."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    texts = []
    for word in words:
        decoder.reset()
        texts.append(decoder.decode(word, final=len(word) < _LONGEST_WORD))
    return " ".join(texts)


def _likelihood(text: str, candidate: _Candidate, found: Counter[bytes]) -> float:
    """Return the log-likelihood of a text in the language that fits it best."""
    oddities = sum(cost * sum(1 for _each in pattern.finditer(text)) for pattern, cost in _ODDITIES)
    upper = sum(not letter.isascii() and letter.isupper() for letter in text)
    counts = Counter(text.lower())
    plain = sum(count for letter, count in counts.items() if letter.isascii()) * _ASCII
    foreign = {letter: count for letter, count in counts.items() if not letter.isascii() and letter != "\ufffd"}
    rest = {letter: _unlisted(letter, candidate) for letter in foreign}

    def fit(language: Language) -> float:
        shares = _logarithms(language)
        usual = min(sum(found[word.encode()] for word in language.words.split()), _MOST_WORDS)
        return usual * _WORD_GAIN + sum(shares.get(each, rest[each]) * count for each, count in foreign.items())

    return plain - oddities - upper * _UPPER_CASE + max(map(fit, candidate.languages))


@cache
def _logarithms(language: Language) -> dict[str, float]:
    scale = _LATIN_SHARE if language.words else 1
    return {letter: math.log(share * scale) for letter, share in language.shares.items()}


def _unlisted(letter: str, candidate: _Candidate) -> float:
    """Return the log-likelihood of a character that is none of the frequent letters of a language."""
    if letter in _USUAL:
        return _PUNCTUATION
    if not letter.isalpha():
        return _SYMBOL
    try:
        written = letter.encode(candidate.codec)
    except UnicodeEncodeError:  # the lower case of a letter may be none of the encoding
        return _RARE
    if candidate.everyday and len(written) == 2:
        first, last, trail = candidate.everyday
        return _EVERYDAY if first <= written[0] <= last and written[1] >= trail else _RARE
    return _RARE
