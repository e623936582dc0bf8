"""Which words and tags are in a file of one word per line? CoNLL, IOB and CoNLL-U, with spaces or tabs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ia3_studio.data.conll_fields import UNIVERSAL, fixed_fields, telling_field, with_width
from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.problem import Damage, require_few
from ia3_studio.data.word_lines import one_word_per_line, without_marks
from ia3_studio.data.word_tags import STOPPED, TAG, are_parts, is_tag, sentence_ends
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".conll", ".conllu", ".conllup", ".iob", ".iob2", ".bio")
_BEGINS = re.compile(r"B[-_].+")
"""A tag that says by itself what a file is, so that no empty line need do so."""
_SAMPLE_LINES = 2_000
_LONGEST_HEAD = 3
"""Digits of the number of the word that another depends on."""
_MOST_TAGS, _MOST_PLAIN = 200, 100
_PLAIN = re.compile(r"[A-Za-z][\w/.-]*")
"""A tag that does not say whether a span begins."""
_TAG_NAMES = ("tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "pos", "entity")
"""What the last field of a line is called where the first line names the fields."""
_LONGEST_SENTENCE = 50
"""Words of the only sentence of a file from which on the ends of sentences are missing."""
_DOCUMENT = "-DOCSTART-"
_WORDLESS = re.compile(r"[ \t]{1,9}(?:O|[BIES]-\S+)[ \t\r]{0,9}")
"""A tag without its word: the break of a line, or a blank, was taken for a word and written as such."""
_NO_WORD = "# \t#"
"""What stands for a line without a word: a comment, so that the lines behind it keep their numbers."""
_MOSTLY = 0.95


def read_conll(name: str, text: str, *, is_named_so: bool = False) -> Found | None:
    """Read sentences of one word per line, between empty lines; None where the text is none.

    The word is the first field and the tag the last one; in CoNLL-U they are the second and the fourth.

    Args:
        is_named_so: whether the file's name says that it is one, so that any tags are believed.

    Raises:
        DataError: more than a tenth of the sentences is damaged.
    """
    apart = one_word_per_line(whole := lines_of(text))
    is_named_so, lines = is_named_so or apart is not whole, without_marks(apart)
    if all(line.endswith("\t") for line in lines[:_SAMPLE_LINES] if line.strip()):
        lines = [line.removesuffix("\t") for line in lines]
    is_numbered = _counts_words(lines)
    if is_numbered:  # what begins with "#" is a comment, as the number of a word is none
        lines = ["# " + line[1:].strip() if line.startswith("#") else line for line in lines]
    lines = [_NO_WORD if _WORDLESS.fullmatch(line) else line for line in lines]
    lines, frames = _with_fixed_fields(lines, is_numbered, is_named_so)
    fields = _sample(lines)
    if fields and _tags_stand_first(fields):
        lines = [_turned(line) if _is_word(line) else line for line in lines]
        fields = _sample(lines)
    if not fields or not _is_conll(fields, lines, is_named_so):
        return None
    separator = "\t" if all("\t" in line for line in lines[:_SAMPLE_LINES] if _is_word(line)) else None
    width = len(fields[0])
    word, tag = (1, 3) if width == UNIVERSAL and fields[0][0].isdigit() else (0, width - 1)
    if is_numbered and width != UNIVERSAL:
        word, tag = (
            1,
            next((at for at in range(2, width) if all(is_tag(row[at : at + 1][0]) for row in _full(fields))), tag),
        )
    if (part := _parts_of_speech(fields)) and not is_tag(_full(fields)[0][tag]):
        tag = part
    if len({row[tag] for row in _full(fields)}) == 1:  # as of inner names, of which a text may have none
        others = [at for at in range(word + 1, width - 1) if _says_tags(fields, at)]
        tag = max(others, key=lambda at: sum(row[at] != "O" for row in _full(fields)), default=tag)
    tag, told = telling_field(_full(fields), word, tag)
    words: list[list[str]] = []
    tags: list[list[str]] = []
    numbers: list[int] = []
    damaged: list[Damage] = []
    for number, (line, sentence) in enumerate(_sentences(_without_names(lines)), start=1):
        rows = [_cut(each, separator) for each in sentence]
        rows = [row for row in rows if word != 1 or row[0].isdigit()]  # CoNLL-U: joined and empty words are extra
        if any(len(row) != width for row in rows):
            reason = f"a word has another number of fields than the {width} of the first"
            damaged.append(Damage(number, line, reason, "\n".join(sentence)))
            continue
        numbers.append(number)
        words.append([row[word] for row in rows])
        tags.append([row[tag] for row in rows])
    require_few(name, damaged, len(words))
    if len(words) == 1 and len(words[0]) > _LONGEST_SENTENCE:
        if width > len(("word", "tag")) and _without_names(lines) is not lines:  # a table, with a column of sentences
            return None
        if ends := sentence_ends(words[0]):
            parts = list(pairwise([0, *ends]))
            cells = {"tokens": words, "tags": tags}
            cells = {which: [each[0][begin:end] for begin, end in parts] for which, each in cells.items()}
            notes = (*_notes(lines, width, word, tag), *frames, *told, STOPPED)
            return Found(numbered(cells), f"one word per line, {width} fields", tuple(damaged), notes=notes)
        raise DataError(
            f"{name} has {len(words[0]):,} words with tags, and no empty line between sentences; add one after each."
        )
    frame: pd.DataFrame = numbered({"tokens": words, "tags": tags}).set_axis(numbers, axis=0)
    return Found(
        frame,
        f"one word per line, {width} fields",
        tuple(damaged),
        notes=(*_notes(lines, width, word, tag), *frames, *told),
    )


def read_conll_table(name: str, text: str) -> Found | None:
    """Read sentences as :func:`read_conll`, of a table of words and tags; an empty word stands between sentences."""
    lines = lines_of(text)
    beginning = lines[:_SAMPLE_LINES]
    delimiter = next((mark for mark in (",", ";") if mark in beginning[0]), "")
    if not delimiter or "\t" in text:
        return None
    gaps = sum(not line.strip() or _is_gap(_cells(line, delimiter)) for line in beginning[1:-1])
    if not gaps or len(beginning) / gaps > _LONGEST_SENTENCE:
        return None
    rows = [_cells(line, delimiter) for line in lines]
    tabbed = ["" if _is_gap(row) else "\t".join(row) for row in rows]
    return read_conll(name, "\n".join(tabbed))


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _is_gap(row: Sequence[str]) -> bool:
    """Say whether a row has no word, and no tag but "O"."""
    return not any(cell.strip() for cell in row[:-1]) and (not row or row[-1].strip() in ("", "O"))


def _tags_stand_first(fields: Sequence[Sequence[str]]) -> bool:
    """Say whether lines are a tag and its word, as those of MIT's corpora are."""
    pairs = [row for row in fields if len(row) == len(("tag", "word"))]
    tags, words = ([row[place] for row in pairs] for place in (0, 1))
    first = sum(map(is_tag, tags)) > _MOSTLY * len(fields) and "O" in tags and len(set(tags)) <= _MOST_TAGS
    return first and sum(map(is_tag, words)) < len(words) / 2


def _turned(line: str) -> str:
    tag, _, word = line.strip().partition("\t" if "\t" in line else " ")
    return f"{word.strip()}\t{tag}"


def _says_tags(fields: Sequence[Sequence[str]], place: int) -> bool:
    """Say whether a field of the words holds tags, "O" and others."""
    tags = {row[place] for row in _full(fields)}
    return len(tags) > 1 and "O" in tags and all(map(is_tag, tags))


def _without_names(lines: Sequence[str]) -> Sequence[str]:
    """Return lines without the first, where it names the fields of the others."""
    place = next((at for at, line in enumerate(lines) if _is_word(line)), 0)
    named = bool(lines[place].strip()) and lines[place].split()[-1].lower() in _TAG_NAMES
    return ["" if at == place else line for at, line in enumerate(lines)] if named else lines


def _full(fields: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the lines that have as many fields as the first."""
    return [row for row in fields if len(row) == len(fields[0])]


def _counts_words(lines: Sequence[str]) -> bool:
    """Say whether the words of each of the first sentences are numbered from 1 on, as those of GermEval are."""
    last, begun = 0, 0
    for line in lines[:_SAMPLE_LINES]:
        if not line.strip():
            last = 0
        elif not line.startswith("#"):
            if line.split()[0] != str(last + 1):
                return False
            begun += last == 0
            last += 1
    return begun > 1


def _notes(lines: Sequence[str], width: int, word: int, tag: int) -> tuple[str, ...]:
    notes = [f"The word is field {word + 1} and its tag field {tag + 1} of {width}."] if width > 2 else []
    documents = sum(line.startswith(_DOCUMENT) for line in lines)
    wordless = sum(line == _NO_WORD for line in lines)
    comments = sum(map(_is_comment, lines)) - wordless
    skipped = [f"{documents:,} {_DOCUMENT} lines"] if documents else []
    skipped += [f"{comments:,} comment lines"] if comments else []
    skipped += [f"{wordless:,} lines with a tag and no word"] if wordless else []
    return (*notes, *([f"Not used: {' and '.join(skipped)}."] if skipped else ()))


def _with_fixed_fields(lines: list[str], is_numbered: bool, is_named_so: bool) -> tuple[list[str], tuple[str, ...]]:
    """Return lines of as many fields in each sentence, where some have more for their predicates, and a note on these.

    Fields between blanks are only those of a file that is named so.
    """
    begin = [line for line in lines[:_SAMPLE_LINES] if _is_word(line)]
    separator = "\t" if begin and all("\t" in line for line in begin) else None
    if not begin or not (separator or is_named_so):
        return lines, ()
    sentences = [[_cut(row, separator) for row in rows] for _line, rows in _sentences(lines[:_SAMPLE_LINES])]
    width, notes = fixed_fields(sentences, is_numbered=is_numbered)
    if not width:
        return lines, ()
    return ["\t".join(with_width(_cut(line, separator), width)) if _is_word(line) else line for line in lines], notes


def _is_word(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(_DOCUMENT) and not _is_comment(line)


def _is_comment(line: str) -> bool:
    """Say whether a line begins with one "#" or more and a blank, and is no such sign with its tag."""
    return bool(_COMMENT.match(line)) and not _SIGN.fullmatch(line.rstrip())


_COMMENT = re.compile(r"#+ ")
_SIGN = re.compile(r"#+(?: \S+){0,2} (?:O|[BI]-\S+)")
"""A sign as a word, whose last field is its tag."""


def _sample(lines: Sequence[str]) -> list[list[str]]:
    """Return the fields of the first words."""
    words = [line for line in lines[:_SAMPLE_LINES] if _is_word(line)]
    tabbed = bool(words) and all("\t" in line for line in words)
    return [_cut(line, "\t" if tabbed else None) for line in words]


def _cut(line: str, separator: str | None) -> list[str]:
    """Return the fields of a line; a blank that is no space of the keyboard, as the wide one of Chinese, is a word."""
    if separator or line.isascii():
        return line.split(separator)
    fields = [field for field in line.strip(" \t\r").replace("\t", " ").split(" ") if field]
    return fields if len(fields) > 1 else line.split()


def _is_conll(fields: Sequence[Sequence[str]], lines: Sequence[str], is_named_so: bool) -> bool:
    """Say whether the first lines are words with tags: as many fields each, the last of which is a tag of few."""
    width = len(fields[0])
    same = sum(len(row) == width for row in fields)
    if width < 2 or same < 0.9 * len(fields):
        return False
    if is_named_so:
        return True
    tags = [row[-1] for row in fields if len(row) == width]
    blank = any(not line.strip() for line in lines[:_SAMPLE_LINES]) or (
        "O" in tags and any(map(_BEGINS.fullmatch, tags)) and all(map(TAG.fullmatch, tags))
    )
    is_universal = width == UNIVERSAL and all(
        row[0].isdigit() and (row[6] == "_" or (row[6].isdigit() and len(row[6]) <= _LONGEST_HEAD))
        for row in fields[:3]
    )
    fitting = sum(bool(TAG.fullmatch(tag)) for tag in tags)
    kinds = set(tags)
    plain = 3 * tags.count("O") >= len(tags) and 2 <= len(kinds) <= _MOST_PLAIN and all(map(_PLAIN.fullmatch, kinds))
    pairs = width == len(("word", "tag")) and not any(" " in row[0] for row in fields)
    if blank and _parts_of_speech(fields):
        return True
    if (blank and plain and width == len(("word", "tag"))) or (pairs and _runs(fields, lines) and are_parts(tags)):
        return True
    return blank and (is_universal or (len(set(tags)) <= _MOST_TAGS and fitting > 0.95 * len(tags) and "O" in tags))


def _parts_of_speech(fields: Sequence[Sequence[str]]) -> int:
    """Return which field behind the word names its part of speech, where analyses follow that are no tags; else 0."""
    rows = _full(fields)
    if len(rows[0]) <= len(("word", "part")):
        return 0
    return next((at for at in range(1, len(rows[0]) - 1) if _name_parts([row[at] for row in rows])), 0)


def _name_parts(cells: Sequence[str]) -> bool:
    """Say whether most cells are names of parts of speech, of which there are a few; "in" is a word."""
    kinds = set(cells)
    known = {kind for kind in kinds if kind.lower() in _PARTS and (len(kind) > _SHORTEST_PART or kind.isupper())}
    fits = len(known) >= _FEWEST_PARTS and len(kinds) <= _MOST_PLAIN
    return fits and 2 * sum(cell in known for cell in cells) > len(cells)


_SHORTEST_PART, _FEWEST_PARTS = 2, 3
_PARTS = frozenset((
    "noun", "verb", "adj", "adv", "pron", "det", "conj", "punc", "punct", "num", "adp", "aux", "cconj", "sconj", "part",
    "propn", "intj", "prep", "postp", "nn", "nns", "nnp", "vb", "vbd", "vbz", "vbp", "vbn", "vbg", "jj", "rb", "in",
    "dt", "prp", "cc", "nr", "vv", "ad", "pu", "ns", "sub",
))  # fmt: skip
"""Names of parts of speech, in tag sets that are used."""


def _runs(fields: Sequence[Sequence[str]], lines: Sequence[str]) -> bool:
    """Say whether words are those of sentences, as those of a lexicon are not: with ends, and some again and again."""
    words = [row[0] for row in fields]
    ends = any(not line.strip() for line in lines[: len(words)]) or "." in words
    return ends and len(set(words)) < len(words)


def _sentences(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of each sentence, with the number of the first."""
    begun = 0
    sentence: list[str] = []
    for number, line in enumerate((*lines, ""), start=1):
        if _is_word(line):
            begun = begun if sentence else number
            sentence.append(line)
        elif not line.strip() and sentence:
            yield begun, sentence
            sentence = []
