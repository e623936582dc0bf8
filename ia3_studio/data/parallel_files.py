"""Do several files hold the two sides of parallel texts? By their names, in a folder or in two."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.files_by_class import CLASSES
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.line_languages import are_of_one_language
from ia3_studio.data.member_files import Readers, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.sgml_rows import segments_in
from ia3_studio.data.split_names import SPLIT, split_of
from ia3_studio.data.texts_beside_labels import with_texts_beside_labels
from ia3_studio.errors import DataError

SOURCE_WORDS = frozenset((
    "src", "source", "in", "input", "inputs", "article", "document", "doc", "question", "questions", "prompt",
    "prompts", "orig", "original", "complex", "nl", "text", "texts", "sentences", "tweets", "noisy", "erroneous",
    "uncorrected", "before", "draft", "buggy", "broken", "dirty", "informal", "ungrammatical", "wrong",
    "incorrect", "errors", "messages", "from",
    "articles", "documents", "instruction", "instructions", "x",
))  # fmt: skip
TARGET_WORDS = frozenset((
    "tgt", "trg", "target", "out", "output", "outputs", "ref", "refs", "reference", "references", "summary",
    "answer", "answers", "simple", "cm", "code", "label", "labels", "corrected", "fixed", "after", "translation",
    "translated", "revised", "rewritten", "response", "responses", "gold", "clean", "cleaned", "formal", "summaries",
    "highlights", "abstract", "abstracts", "headline", "headlines", "translations", "corrections", "correct", "replies",
    "simplified", "paraphrases", "title", "titles", "headlines", "abs", "completion", "completions",
    "y", "to",
))  # fmt: skip
"""Names of the two sides of parallel texts, where they are not languages."""


def parallel(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read pairs of texts, such as all.en and all.de or src.txt and tgt.txt, whose lines belong together."""
    sides = with_texts_beside_labels(_sides(content, lambda path: _side_of(path, path in tables)), content)
    pairs = {stem: each for stem, each in sides.items() if len(each) == 2}
    pairs = {stem: each for stem, each in pairs.items() if not _LISTS.search(member_path(stem).name)} or pairs
    if not pairs:  # src.de and tgt.pl
        sides = _sides(content, _side_by_name)
        pairs = {stem: each for stem, each in sides.items() if len(each) == 2}
    names = {frozenset(each) for each in pairs.values()}
    notes = sum(path.lower().endswith(".md") for each in pairs.values() for path in each.values())
    if notes and len(pairs) < _FEWEST_NOTES:  # two notes of any kind
        return None
    if any(each <= classes for each in names for classes in CLASSES):
        return None
    if len(names) != 1 or any(len(each) > 2 for each in sides.values()):
        return None
    first, second = _ordered(*next(iter(pairs.values())))
    columns: dict[str, list[str]] = {"source": [], "target": []}
    splits: list[str] = []
    used = [path for each in pairs.values() for path in each.values()]
    texts = readers.texts(used)
    whole = _are_whole({stem: [lines_in(texts[path].text) for path in each.values()] for stem, each in pairs.items()})
    for stem, each in pairs.items():
        one, other = (_lines_of(each[side], texts[each[side]].text) for side in (first, second))
        if (
            len(one) != len(other)
            and all(member_path(path).suffix == ".txt" for path in each.values())
            and ({first, second} <= LANGUAGES or {first, second} & _ALSO_CLASSES)
        ):
            return None  # texts by language, as for telling languages apart, or by class
        if {first, second} <= _ALSO_WORDS and are_of_one_language(one, other):
            return None  # departments such as it and hr
        if len(one) != len(other) and not whole:
            raise DataError(
                f"{each[first]} has {len(one):,} lines and {each[second]} {len(other):,}; parallel texts must have "
                "the same number of lines."
            )
        columns["source"] += ["\n".join(one)] if whole else one
        columns["target"] += ["\n".join(other)] if whole else other
        splits += [split_of(stem)] * (1 if whole else len(one))
    are_labels = second in ("label", "labels", "y") and _are_names(columns["target"])
    named = ("text", "label") if are_labels else ("source", "target")
    frame = numbered(dict(zip(named, columns.values(), strict=True)))
    if all(splits) and len(set(splits)) > 1:
        frame[SPLIT] = splits
    form = f"parallel {'texts' if whole else 'lines'}, {first} → {named[0]} and {second} → {named[1]}"
    return with_encoding_facts(first, Found(frame, form), [*texts.values()]), used


def _are_names(lines: Sequence[str]) -> bool:
    """Say whether lines are labels: short, or most of them alike."""
    return sum(len(line.split()) for line in lines) <= _LABEL_WORDS * len(lines) or 2 * len({*lines}) <= len(lines)


_LABEL_WORDS = 3
"""Words of a label on average."""
_LISTS = re.compile(r"(?:^|[\W_])(?:vocab(?:s|ulary)?|dict|bpe|codes|merges|stop[\W_]?words)(?:[\W_\d]|$)", re.I)
"""Names of lists of words beside parallel texts, which are no sentences of these."""
_SEGMENTED = (".sgm", ".sgml")
"""Endings of texts whose lines are elements, as those of shared tasks in translation."""


def _lines_of(path: str, text: str) -> list[str]:
    """Return the lines of a text; of one in SGML, its segments."""
    return segments_in(text) if member_path(path).suffix.lower() in _SEGMENTED else lines_in(text)


def _sides(paths: Iterable[str], side_of: Callable[[str], tuple[str, str] | None]) -> dict[str, dict[str, str]]:
    """Return the files by what they have in common, and by which side each is."""
    sides: dict[str, dict[str, str]] = {}
    for path in paths:
        if found := side_of(path):
            sides.setdefault(found[0], {})[found[1]] = path
    return {stem: _of_two_sides(each) for stem, each in sides.items()}


def _of_two_sides(files: dict[str, str]) -> dict[str, str]:
    """Return the two files called source and target, or by two languages, where a third one stands beside them.

    That is as train.id, with the numbers of the texts, or train.src, with the names of the books that they are from.
    """
    for words in (SOURCE_WORDS | TARGET_WORDS, LANGUAGES | _RARER):
        kept = {side: path for side, path in files.items() if side in words}
        if len(files) > len(kept) == len(("source", "target")):
            return kept
    return files


_RARER = frozenset(("la", "sa", "eu", "cy", "ga", "gl", "lo", "ne", "si", "yo", "rw", "ti", "am", "ky", "tg", "mn"))
"""Codes of languages that are words or abbreviations elsewhere, and tell little without another one beside them."""


def _side_by_name(path: str) -> tuple[str, str] | None:
    """Return the side of a file that is called after it alone and ends with a language; None for another file."""
    file = member_path(path)
    is_side = file.stem.lower() in SOURCE_WORDS | TARGET_WORDS and file.suffix[1:].lower() in LANGUAGES
    return (str(file.parent), file.stem.lower()) if is_side else None


_FEWEST_NOTES = 3
"""Pairs of notes at least that are two sides of something."""


def _are_whole(pairs: Mapping[str, Sequence[Sequence[str]]]) -> bool:
    """Say whether each of several pairs of texts is a row: most have not as many lines, or only a number tells them
    apart, such as 001.prompt.txt and 001.response.txt, and some have not, or have empty lines as documents do.
    """
    uneven = sum(len({*map(len, each)}) > 1 for each in pairs.values())
    is_numbered = len({re.sub(r"\d+", "", stem) for stem in pairs}) == 1
    has_blocks = any("" in lines for each in pairs.values() for lines in each)
    return len(pairs) > 2 and (uneven > len(pairs) / 2 or (is_numbered and (uneven > 0 or has_blocks)))


_ALSO_CLASSES = frozenset(("formal", "informal", "clean", "dirty", "correct", "broken"))
"""Words for a side that may be classes as well, which have no need of as many lines."""
_ALSO_WORDS = frozenset(
    ("am", "as", "be", "he", "hi", "hr", "id", "is", "it", "ml", "ms", "my", "no", "or", "pa", "pl", "ps", "so")
)
"""Codes of languages that are words or short names of other things as well, such as departments."""


def are_two_sides(paths: Sequence[str]) -> bool:
    """Say whether files that are no tables may be parallel texts: two, or two of each split in a folder of its own."""
    stems = Counter(found[0] for path in paths if (found := _side_of(path, False)))
    if len(stems) > 1 and not all(split_of(PurePosixPath(stem).parent.name) for stem in stems):
        return False
    return sum(stems.values()) == len(paths) and set(stems.values()) == {len(("source", "target"))}


def side_pairs(paths: Iterable[str]) -> bool:
    """Say whether texts of some paths are two sides that belong together."""
    sides = [found[0] for path in paths if (found := _side_of(path, True))]
    return len(sides) > len(set(sides))


def _side_of(path: str, is_table: bool) -> tuple[str, str] | None:
    """Return (what two parallel texts have in common, which side this is); None for another file.

    The side is the file's ending, or where that is .txt the last or the first word of its name, if it names a
    side or a language.
    """
    file = member_path(path)
    if split_of(file.suffix):  # eng.train and eng.testa, but eng_Latn.dev and deu_Latn.dev
        code = _LANGUAGE_AND_SCRIPT.fullmatch(file.stem)
        return (str(file.with_name(file.suffix[1:])), file.stem) if code else None
    if not is_table:
        return _side_by_ending(file) if file.suffix else None
    if file.suffix.lower() in _SEGMENTED:  # newstest2014-src.en.sgm
        inner = member_path(str(file.with_suffix("")))
        found = _side_by_ending(inner) if inner.suffix else None
        return found if found and found[1] in SOURCE_WORDS | TARGET_WORDS | LANGUAGES else None
    if file.suffix.lower() not in (".txt", ".md"):  # train.text beside train.summary
        return _side_by_ending(file) if file.suffix[1:].lower() in SOURCE_WORDS | TARGET_WORDS else None
    words = re.split(r"[^A-Za-z]+", file.stem)
    first, side = words[0].lower(), words[-1].lower()
    if side in SOURCE_WORDS | TARGET_WORDS | LANGUAGES:
        stem = file.stem[: len(file.stem) - len(side)].rstrip("._- ")
        is_twice = {stem.lower(), side} <= SOURCE_WORDS | TARGET_WORDS  # formal_reference and informal_source
        return str(file.parent / ("" if is_twice else stem)), side
    if first in SOURCE_WORDS | TARGET_WORDS:
        return str(file.parent / file.stem[len(first) :].lstrip("._- ")), first
    return None


_LANGUAGE_AND_SCRIPT = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")


def _side_by_ending(file: PurePosixPath) -> tuple[str, str]:
    """Return the side that a file's ending names, or that a word before it does, as in newstest-src.en."""
    ending = file.suffix[1:].lower()
    before = member_path(file.stem).suffix[1:].lower()
    if before in _SIDES and ending not in LANGUAGES:  # train.src.cleaned
        return str(file.with_suffix("").with_suffix("")), before
    words = re.split(r"[^A-Za-z]+", file.stem)
    said = next((word for word in (words[-1], words[0]) if word.lower() in SOURCE_WORDS | TARGET_WORDS), "")
    if ending not in LANGUAGES or not said or len(words) == 1:
        return str(file.with_suffix("")), ending
    return str(file.parent / "".join(file.stem.rsplit(said, 1))).strip("._- "), said.lower()


_SIDES = frozenset(("src", "source", "tgt", "trg", "target"))


def _ordered(one: str, other: str) -> tuple[str, str]:
    """Return which side is read and which is answered; the first one where the names do not say it."""
    backwards = one in TARGET_WORDS or other in SOURCE_WORDS
    return (other, one) if backwards and not (one in SOURCE_WORDS or other in TARGET_WORDS) else (one, other)
