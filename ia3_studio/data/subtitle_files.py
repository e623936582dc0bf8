"""Do several files hold the subtitles of the same films in two languages? Joined by the times of their captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.language_files import language_of
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.subtitles import Caption, captions_in, seconds_of

_ENDINGS = (".srt", ".vtt", ".ass", ".ssa")
_FEWEST, _MOST_FILES = 5, 500
_MOSTLY = 0.5
"""Share of the captions of the longer file that are shown while one of the other is, and of both that this lasts."""


def films(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read subtitles whose names end with a language, two for each film, as pairs of captions shown at once."""
    paths = [path for path in content if member_path(path).suffix.lower() in _ENDINGS]
    by_film: dict[str, dict[str, str]] = {}
    for path in paths:
        language, film = language_of(path)
        by_film.setdefault(film, {})[language] = path
    languages = sorted({name for each in by_film.values() for name in each}, key=lambda name: (name[:2] != "en", name))
    if len(languages) != 2 or not all(languages) or len(paths) != 2 * len(by_film) or len(paths) > _MOST_FILES:
        return None
    texts = readers.texts(paths)
    columns: dict[str, list[str]] = {language: [] for language in languages}
    left = 0
    for each in by_film.values():
        sides = [captions_in(texts[each[language]].text)[0] for language in languages]
        pairs = _at_once(*sides)
        if len(pairs) < max(_FEWEST, _MOSTLY * max(map(len, sides))):
            return None
        left += sum(map(len, sides)) - 2 * len(pairs)
        for language, said in zip(languages, zip(*pairs, strict=True), strict=True):
            columns[language] += said
    notes = (f"Not used: {left:,} captions that are in one language only.",) if left else ()
    form = f"subtitles of {len(by_film)} films in two languages" if len(by_film) > 1 else "subtitles in two languages"
    return with_encoding_facts(paths[0], Found(numbered(columns), form, notes=notes), [*texts.values()]), paths


def _at_once(one: Sequence[Caption], other: Sequence[Caption]) -> list[tuple[str, str]]:
    """Return the texts of captions that are shown for most of their time together, each once."""
    found: list[tuple[str, str]] = []
    place = 0
    for caption in one:
        start, end = seconds_of(caption.start), seconds_of(caption.end)
        while place < len(other) and seconds_of(other[place].end) <= start:
            place += 1
        if place == len(other):
            break
        begin, stop = seconds_of(other[place].start), seconds_of(other[place].end)
        if min(end, stop) - max(start, begin) > _MOSTLY * max(end - start, stop - begin):
            found.append((caption.text, other[place].text))
            place += 1
    return found
