"""Which table do several files form together? Splits, parts with the same columns, parallel texts, texts by class."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ia3_studio.data.arrow_files import read_saved
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.decode import Decoded, Encoding, decode_together
from ia3_studio.data.delimited import lines_of
from ia3_studio.data.json_documents import SPLIT, SPLITS, split_of
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.markup_tables import is_markdown_table
from ia3_studio.data.parsing import Found, numbered, shown_names
from ia3_studio.data.plain_texts import questions_in_headings
from ia3_studio.data.scripts import words_of
from ia3_studio.errors import DataError

ReadOne = Callable[[str, bytes], Found]
"""Reads one file by its name and bytes."""


@dataclass(frozen=True)
class _Readers:
    table: ReadOne
    texts: Callable[[Sequence[str]], Mapping[str, Decoded]]
    """Decodes the files of some paths."""


SOURCE_WORDS = frozenset((
    "src", "source", "in", "input", "inputs", "article", "document", "doc", "question", "questions", "prompt",
    "prompts", "orig", "original", "complex", "nl", "text", "texts", "sentences", "tweets", "noisy", "erroneous",
    "uncorrected", "before", "draft",
))  # fmt: skip
TARGET_WORDS = frozenset((
    "tgt", "trg", "target", "out", "output", "outputs", "ref", "refs", "reference", "references", "summary",
    "answer", "answers", "simple", "cm", "code", "label", "labels", "corrected", "fixed", "after", "translation",
    "translated", "revised", "rewritten", "response", "responses", "gold",
))  # fmt: skip
"""Names of the two sides of parallel texts, where they are not languages."""
CLASSES = tuple(map(frozenset, (
    ("fake", "true", "real"), ("pos", "neg", "positive", "negative", "neutral"), ("spam", "ham"), ("good", "bad"),
    ("human", "ai", "machine", "gpt", "generated"), ("toxic", "nontoxic", "clean"), ("hate", "normal", "offensive"),
    ("yes", "no"), ("depression", "suicidewatch"),
)))  # fmt: skip
"""Names of files that are the classes of their rows."""
_ABOUT = re.compile(
    r"(readme|license|licence|copying|citation|changelog|dataset_infos?|task|metadata|schema)(\.\w+)*", re.I
)
"""Files that describe data."""
_PROSE = (".txt", ".text", ".md", ".html", ".htm")
"""Endings of files that say something about tables where both are given."""
_MOST_JOINED = 2_000


def read_members(
    name: str, members: Mapping[str, bytes], suffixes: frozenset[str], read: ReadOne, encoding: Encoding | None = None
) -> Found:
    """Read the files of an archive or a folder as one table.

    Args:
        name: of the archive or folder.
        members: path → bytes.
        suffixes: of the files that ``read`` can read.
        read: reads one of them.
        encoding: of texts that are read together; detected if it is None.

    Raises:
        DataError: they form no table, or one of them cannot be read.
    """
    if not members:
        raise DataError(f"{name} contains no files; give a table, or files that form one together.")
    if found := read_saved(name, members):
        return found
    content = {path: data for path, data in members.items() if not _ABOUT.fullmatch(PurePosixPath(path).name)}
    tables = {path: data for path, data in content.items() if PurePosixPath(path).suffix.lower() in suffixes}
    tables = tables or {path: data for path, data in content.items() if _says_nothing(PurePosixPath(path).suffix)}
    structured = {path: data for path, data in tables.items() if PurePosixPath(path).suffix.lower() not in _PROSE}
    if structured and not _side_pairs(tables):
        tables = structured
    if len(tables) == 1 and not _are_two_sides([path for path in content if path not in tables]):
        ((path, data),) = tables.items()
        found = read(PurePosixPath(path).name, data)
        apart = _labels_apart(path, len(found.frame) + len(found.damaged), content, encoding)
        if apart and not found.damaged and "label" not in map(str.lower, map(str, found.frame.columns)):
            labels, beside = apart
            form = f"{path} and {beside} in {name}, {found.form}, a label per line in {beside}"
            frame = found.frame.assign(label=labels)
            return replace(found, frame=frame, form=form, notes=(*found.notes, *not_read(members, [path, beside])))
        return replace(found, form=f"{path} in {name}, {found.form}", notes=(*found.notes, *not_read(members, [path])))
    readers = _Readers(read, lambda paths: decode_together({path: content[path] for path in paths}, encoding))
    for form_of in (_parallel, _parallel_folders, _by_class, _by_split, _by_language, _objects, _documents, _alike):
        together = form_of(content, tables, readers)
        if together is not None:
            found, used = together
            return replace(found, notes=(*found.notes, *not_read(members, used)))
    raise DataError(
        f"{name} contains {len(members):,} files ({shown_names(list(members))}) that do not form a table; "
        "give one table, files with the same columns, files named train and test, two parallel texts, or one text "
        "file or folder per class."
    )


def _labels_apart(
    path: str, rows: int, content: Mapping[str, bytes], encoding: Encoding | None
) -> tuple[list[str], str] | None:
    """Return the labels of a table's rows that stand in a text of their own, a line each, and its path.

    Its name is that of the table with a word such as "labels".
    """
    for beside in content:
        file = PurePosixPath(beside)
        words = re.findall(r"[a-z]+", file.stem.lower())
        same = file.stem.lower().startswith(PurePosixPath(path).stem.lower())
        if beside == path or not same or not {"label", "labels", "answers"} & set(words):
            continue
        lines = _lines(decode_together({beside: content[beside]}, encoding)[beside].text)
        if len(lines) == rows > 1 and all(map(str.strip, lines)):
            return [line.strip() for line in lines], beside
    return None


def _says_nothing(suffix: str) -> bool:
    """Say whether the ending of a name says no kind of file: there is none, or it is a split, as in eng.train."""
    return not suffix or suffix[1:].lower() in SPLITS


def not_read(members: Mapping[str, bytes], used: Sequence[str]) -> list[str]:
    """Return a sentence on the files that are not read; nothing if there are none."""
    others = [path for path in members if path not in set(used)]
    return [f"Not read: {shown_names(others)}."] if others else []


def _parallel(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read pairs of texts, such as all.en and all.de or src.txt and tgt.txt, whose lines belong together."""
    sides: dict[str, dict[str, str]] = {}
    for path in content:
        found = _side_of(path, path in tables)
        if found:
            sides.setdefault(found[0], {})[found[1]] = path
    pairs = {stem: each for stem, each in sides.items() if len(each) == 2}
    names = {frozenset(each) for each in pairs.values()}
    if any(each <= classes for each in names for classes in CLASSES):
        return None
    if len(names) != 1 or any(len(each) > 2 for each in sides.values()):
        return None
    first, second = _ordered(*next(iter(pairs.values())))
    columns: dict[str, list[str]] = {"source": [], "target": []}
    splits: list[str] = []
    used = [path for each in pairs.values() for path in each.values()]
    texts = readers.texts(used)
    for stem, each in pairs.items():
        one, other = (_lines(texts[each[side]].text) for side in (first, second))
        if (
            len(one) != len(other)
            and all(PurePosixPath(path).suffix == ".txt" for path in each.values())
            and ({first, second} <= LANGUAGES)
        ):
            return None  # texts by language, as for telling languages apart
        if {first, second} <= _ALSO_WORDS and _are_of_one_language(one, other):
            return None  # departments such as it and hr
        if len(one) != len(other):
            raise DataError(
                f"{each[first]} has {len(one):,} lines and {each[second]} {len(other):,}; parallel texts must have "
                "the same number of lines."
            )
        columns["source"] += one
        columns["target"] += other
        splits += [split_of(stem)] * len(one)
    named = ("text", "label") if second in ("label", "labels") else ("source", "target")
    frame = numbered(dict(zip(named, columns.values(), strict=True)))
    if all(splits) and len(set(splits)) > 1:
        frame[SPLIT] = splits
    form = f"parallel lines, {first} → {named[0]} and {second} → {named[1]}"
    return with_encoding_facts(first, Found(frame, form), [*texts.values()]), used


_ALSO_WORDS = frozenset(
    ("am", "as", "be", "he", "hi", "hr", "id", "is", "it", "ml", "ms", "my", "no", "or", "pa", "pl", "ps", "so")
)
"""Codes of languages that are words or short names of other things as well, such as departments."""


def _are_of_one_language(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether two texts share most of their frequent words, which those in two languages do not."""
    words = (filter(str.isalpha, words_of(" ".join(lines[:_COMPARED]))) for lines in (one, other))
    first, second = ({word for word, _count in Counter(each).most_common(_FREQUENT)} for each in words)
    return min(len(first), len(second)) > 0 and _MOST_SHARED * min(len(first), len(second)) < len(first & second)


_COMPARED, _FREQUENT, _MOST_SHARED = 500, 30, 0.35
"""Lines of two texts that are compared, their frequent words, and the share of these that two languages may share."""


def _parallel_folders(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read texts of the same name in two folders, one of which is called after what is made of those in the other."""
    paths = [path for path in tables if PurePosixPath(path).suffix.lower() in (".txt", ".text")]
    parts = [PurePosixPath(path).parts for path in paths]
    for place in range(min(map(len, parts), default=1) - 1):
        sides: dict[str, dict[tuple[str, ...], str]] = {}
        for path, each in zip(paths, parts, strict=True):
            sides.setdefault(each[place], {})[(*each[:place], *each[place + 1 :])] = path
        made = [name for name in sides if _TARGETS.intersection(re.findall(r"[a-z]+", name.lower()))]
        if len(sides) != 2 or len(made) != 1 or len({frozenset(each) for each in sides.values()}) != 1:
            continue
        ((source, read),) = ((name, each) for name, each in sides.items() if name not in made)
        used = [path for each in sides.values() for path in each.values()]
        texts = readers.texts(used)
        columns = {
            "source": [texts[path].text.strip() for path in read.values()],
            "target": [texts[sides[made[0]][name]].text.strip() for name in read],
        }
        form = f"texts of the same names, {source} → source and {made[0]} → target"
        return with_encoding_facts(used[0], Found(numbered(columns), form), [*texts.values()]), used
    return None


_TARGETS = TARGET_WORDS | {"summaries", "abstract", "abstracts", "targets", "translation", "translations", "simplified"}


def _are_two_sides(paths: Sequence[str]) -> bool:
    """Say whether two files that are no tables may be parallel texts."""
    sides = [found[0] for path in paths if (found := _side_of(path, False))]
    return len(paths) == 2 == len(sides) and len(set(sides)) == 1


def _side_pairs(paths: Iterable[str]) -> bool:
    """Say whether texts of some paths are two sides that belong together."""
    sides = [found[0] for path in paths if (found := _side_of(path, True))]
    return len(sides) > len(set(sides))


def _side_of(path: str, is_table: bool) -> tuple[str, str] | None:
    """Return (what two parallel texts have in common, which side this is); None for another file.

    The side is the file's ending, or where that is .txt the last or the first word of its name, if it names a
    side or a language.
    """
    file = PurePosixPath(path)
    if split_of(file.suffix):  # eng.train and eng.testa
        return None
    if not is_table:
        return (str(file.with_suffix("")), file.suffix[1:].lower()) if file.suffix else None
    if file.suffix.lower() != ".txt":
        return None
    words = re.split(r"[^A-Za-z]+", file.stem)
    first, side = words[0].lower(), words[-1].lower()
    if side in SOURCE_WORDS | TARGET_WORDS | LANGUAGES:
        return str(file.parent / file.stem[: len(file.stem) - len(side)].rstrip("._- ")), side
    if first in SOURCE_WORDS | TARGET_WORDS:
        return str(file.parent / file.stem[len(first) :].lstrip("._- ")), first
    return None


def _ordered(one: str, other: str) -> tuple[str, str]:
    """Return which side is read and which is answered; the first one where the names do not say it."""
    backwards = one in TARGET_WORDS or other in SOURCE_WORDS
    return (other, one) if backwards and not (one in SOURCE_WORDS or other in TARGET_WORDS) else (one, other)


def _by_class(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read one folder of texts for each class, a row a file; or one text for each class, a row a line."""
    if by_ending := _by_ending(content, readers):
        return by_ending
    paths = [PurePosixPath(path) for path in content if PurePosixPath(path).suffix.lower() == ".txt"]
    folders = {path.parent.name for path in paths}
    if len(paths) < 2 or (len(paths) < len(content) - 1 and len(folders) < 2):
        return None
    used = [str(path) for path in paths]
    if len(folders) > 1 and all(path.parent.name and not split_of(path.parent.name) for path in paths):
        texts = readers.texts(used)
        columns = {"text": [texts[path].text.strip() for path in used], "label": [path.parent.name for path in paths]}
        splits = [split_of(str(path.parent.parent)) for path in paths]
        if all(splits) and len(set(splits)) > 1:
            columns[SPLIT] = splits
        found = Found(numbered(columns), f"one text per row, from {len(folders)} folders")
        return with_encoding_facts(used[0], found, [*texts.values()]), used
    names = _class_names(paths)
    if len(folders) == 1 and len(paths) == len(content) and names:
        texts = readers.texts(used)
        if _are_numbered(paths) or _are_documents([texts[path].text for path in used]):
            frame = numbered({"text": [texts[path].text.strip() for path in used]})
            return with_encoding_facts(used[0], Found(frame, "one text per file"), [*texts.values()]), used
        rows = [(line, names[str(path)]) for path in paths for line in _lines(texts[str(path)].text)]
        frame = numbered({"text": [row[0] for row in rows], "label": [row[1] for row in rows]})
        found = Found(frame, f"one line per row, from {len(paths)} files")
        return with_encoding_facts(used[0], found, [*texts.values()]), used
    return None


def _class_names(paths: Sequence[PurePosixPath]) -> dict[str, str]:
    """Return the class that each text is called after; none of texts that are called after splits.

    Where all are of one split, as train_billing and train_shipping are, it is the rest of their names.
    """
    if not all(split_of(path.stem) for path in paths):
        return {str(path): path.stem for path in paths}
    rest = {
        str(path): "".join(word for word in re.split(r"[\W_]+", path.stem) if word.lower() != split_of(path.stem))
        for path in paths
    }
    are_words = all(name.isalpha() for name in rest.values()) and len(set(rest.values())) == len(rest)
    return rest if are_words and len({split_of(path.stem) for path in paths}) == 1 else {}


def _by_ending(content: Mapping[str, bytes], readers: _Readers) -> tuple[Found, Sequence[str]] | None:
    """Read texts whose endings are their classes, such as rt-polarity.pos and rt-polarity.neg, a row a line."""
    endings = {path: PurePosixPath(path).suffix[1:].lower() for path in content}
    names = set(endings.values())
    if len(names) != len(endings) or len(names) < 2 or not any(names <= classes for classes in CLASSES):
        return None
    texts = readers.texts([*endings])
    rows = [(line, label) for path, label in endings.items() for line in _lines(texts[path].text)]
    frame = numbered({"text": [row[0] for row in rows], "label": [row[1] for row in rows]})
    found = Found(frame, f"one line per row, from {len(endings)} files")
    return with_encoding_facts(next(iter(endings)), found, [*texts.values()]), [*endings]


def _documents(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read Markdown files that hold no table and no questions as one text each."""
    paths = [path for path in tables if PurePosixPath(path).suffix.lower() == ".md"]
    texts = readers.texts(paths) if len(paths) > 1 and len(paths) == len(tables) else {}
    if not texts or any(is_markdown_table(each.text) or questions_in_headings(each.text) for each in texts.values()):
        return None
    frame = numbered({"text": [texts[path].text.strip() for path in paths]})
    return with_encoding_facts(paths[0], Found(frame, "one text per file"), [*texts.values()]), paths


def _are_numbered(paths: Sequence[PurePosixPath]) -> bool:
    """Say whether the names of files differ in a number, as those of documents do; classes have names."""
    stems = {re.sub(r"\d+", "", path.stem) for path in paths}
    return len(stems) == 1 and len(paths) > 2


def _are_documents(texts: Sequence[str]) -> bool:
    """Say whether most of several texts have blank lines, as documents have; lists of phrases have none."""
    return 2 * sum(bool(re.search(r"\n[^\S\n]*\n", text.strip())) for text in texts) > len(texts) > 2


def _by_language(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read JSON files of texts by the same keys, one for each language, as a column for each language."""
    paths = [path for path in content if PurePosixPath(path).suffix.lower() == ".json"]
    names = [PurePosixPath(path).stem for path in paths]
    if not 2 <= len(paths) <= _MOST_LANGUAGES or not all(map(_LANGUAGE.fullmatch, names)):
        return None
    texts = readers.texts(paths)
    try:
        found = {name: _flat(json.loads(texts[path].text)) for name, path in zip(names, paths, strict=True)}
    except (ValueError, RecursionError):  # told of the file when it is read as a table
        return None
    shared = [key for key in found[names[0]] if all(key in each for each in found.values())]
    if len(shared) < _FEWEST_KEYS or 2 * len(shared) < max(map(len, found.values())):
        return None
    ordered = sorted(names, key=lambda name: name.lower()[:2] != "en")
    columns = {"key": shared, **{name: [found[name][key] for key in shared] for name in ordered}}
    others = sum(len(each) for each in found.values()) - len(shared) * len(names)
    notes = (f"Not used: {others:,} texts that are not in all languages.",) if others else ()
    form = f"texts by key in {len(paths)} languages"
    return with_encoding_facts(paths[0], Found(numbered(columns), form, notes=notes), [*texts.values()]), paths


_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")
"""Names of files that are languages, such as en and pt-BR."""
_MOST_LANGUAGES, _FEWEST_KEYS = 40, 5


def _flat(value: object, above: str = "") -> dict[str, str]:
    """Return the texts of nested objects by their keys, which a dot joins; other values are none."""
    if isinstance(value, str):
        return {above: value}
    inner = value.items() if isinstance(value, dict) else ()
    return {
        path: text for key, each in inner for path, text in _flat(each, f"{above}.{key}" if above else str(key)).items()
    }


def _objects(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read JSON files of one object each, which have the same keys, a row a file."""
    paths = [path for path in content if PurePosixPath(path).suffix.lower() == ".json"]
    if len(paths) < 2:
        return None
    texts = readers.texts(paths)
    try:
        rows = [json.loads(texts[path].text) for path in paths]
    except (ValueError, RecursionError):  # told of the file when it is read as a table
        return None
    if not all(isinstance(row, dict) and row for row in rows) or any(map(_holds_rows, rows)):
        return None
    shared = set.intersection(*(set(row) for row in rows))
    if 2 * len(shared) < max(map(len, rows)):
        return None
    frame = numbered({key: [row.get(key) for row in rows] for key in dict.fromkeys(key for row in rows for key in row)})
    return with_encoding_facts(paths[0], Found(frame, "one JSON object per file"), [*texts.values()]), paths


def _holds_rows(document: Mapping[str, object]) -> bool:
    """Say whether an object is a table of its own: its values are lists of objects, or objects, but for turns."""
    inner = [value for value in document.values() if isinstance(value, list | dict) and value]
    return len(inner) == len(document) and not any(isinstance(value, list) and _are_turns(value) for value in inner)


def _are_turns(value: Sequence[object]) -> bool:
    return all(isinstance(turn, dict) and {"role", "from"} & turn.keys() for turn in value)


def _by_split(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files named by their split as one table with a column for it."""
    files = {path: PurePosixPath(path) for path in tables}
    named = {path: split_of(str(file.with_suffix(""))) or split_of(file.suffix) for path, file in files.items()}
    used = [path for path, split in named.items() if split]
    if len({named[path] for path in used}) < 2:
        return None
    found = {path: readers.table(PurePosixPath(path).name, tables[path]) for path in used}
    frames = {path: each.frame.assign(**{SPLIT: named[path]}) for path, each in found.items()}
    called = [files[path].name if split_of(files[path].suffix) else files[path].stem for path in used]
    form = f"the files {shown_names(called)}"
    return _together(found, frames, form), used


def _alike(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: _Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files with the same columns, such as one for each year, one after the other."""
    if not 2 <= len(tables) <= _MOST_JOINED:
        return None
    try:
        found = {path: readers.table(PurePosixPath(path).name, data) for path, data in tables.items()}
    except DataError:  # one of them is something else: the sentence on all of them says more
        return None
    names = {path: frozenset(map(str, each.frame.columns)) for path, each in found.items()}
    shared = frozenset.intersection(*names.values())
    if not _are_alike(names, shared):
        return None
    more = [
        f"{PurePosixPath(path).name} ({shown_names(sorted(each - shared))})"
        for path, each in names.items()
        if each - shared
    ]
    notes = (f"Not all of the files have all columns: {'; '.join(more)}.",) if more else ()
    found = {path: replace(each, notes=(*each.notes, *notes)) for path, each in found.items()}
    used = list(tables)
    classes = _classes(used)
    if classes and not any(
        {"label", "class"} & {*map(str.lower, map(str, each.frame.columns))} for each in found.values()
    ):
        frames = {path: each.frame.assign(label=classes[path]) for path, each in found.items()}
        return _together(found, frames, f"{len(used)} files, one for each class ({', '.join(classes.values())})"), used
    form = f"{len(used)} files with the same columns ({shown_names([PurePosixPath(path).name for path in used])})"
    frames = {path: each.frame for path, each in found.items()}
    if origins := _origins(found):
        frames = {path: frame.assign(**{ORIGIN: origins[path]}) for path, frame in frames.items()}
        form += f", their names in the column {ORIGIN}"
    return _together(found, frames, form), used


def _are_alike(names: Mapping[str, frozenset[str]], shared: frozenset[str]) -> bool:
    """Say whether files have the same columns, or some of them a few more, as exports of later years have."""
    every = frozenset.union(*names.values())
    return shared == every or (shared in names.values() and len(shared) > 1 and 2 * len(shared) >= len(every))


def _origins(found: Mapping[str, Found]) -> dict[str, str]:
    """Return the names of files where they may be classes: a few words each, no numbers, months or parts.

    A column of that name stands already in files that say for each row where it is from.
    """
    names = {path: PurePosixPath(path).stem.strip("_- ") for path in found}
    words = [set(re.findall(r"[^\W\d_]+", name.lower())) for name in names.values()]
    own = [each - set.intersection(*words) for each in words]
    numbered = any(re.search(r"\d", name) for name in names.values())
    if numbered or len(names) > _MOST_ORIGINS or any(not each or each & _PARTS for each in own):
        return {}
    short = any(min(map(len, each)) < _SHORTEST_NAME for each in own)
    few = any(len(each.frame) < _FEWEST_OF_A_CLASS for each in found.values())
    taken = any(ORIGIN in map(str.lower, map(str, each.frame.columns)) for each in found.values())
    return {} if short or few or taken else names


ORIGIN = "origin"
"""The column of the name of the file that a row is from."""
_MOST_ORIGINS, _FEWEST_OF_A_CLASS, _SHORTEST_NAME = 30, 4, 3
_PARTS = frozenset(
    ("part", "chunk", "batch", "split", "shard", "file", "data", "dataset", "export", "new", "old", "copy",
     "final", "more", "extra", "raw", "clean", "all", "first", "second", "third", "update", "updated", "backup",
     "rest", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
     "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
     "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "train", "test", "dev", "val",
     "valid", "validation", "eval", "spring", "summer", "autumn", "fall", "winter")
)  # fmt: skip
"""Words in names of files that are parts of one table rather than classes."""


def _classes(paths: Sequence[str]) -> dict[str, str]:
    """Return the class that the name of each file is, as Fake.csv and True.csv; nothing for other names."""
    names = {path: PurePosixPath(path).stem for path in paths}
    words = {re.split(r"[^A-Za-z]+", name.lower().strip("_- "))[-1] for name in names.values()}
    is_known = len(words) == len(paths) and any(words <= kinds for kinds in CLASSES)
    return names if is_known else {}


def _together(found: Mapping[str, Found], frames: Mapping[str, object], form: str) -> Found:
    """Return tables one below the other, their rows and damaged rows counted through."""
    import pandas as pd

    parts, damaged, before = [], [], 0
    for path, each in found.items():
        frame: pd.DataFrame = frames[path]
        parts.append(frame.set_axis([before + int(number) for number in frame.index], axis=0))
        damaged += [replace(row, row=before + row.row) for row in each.damaged]
        before += len(frame) + len(each.damaged)
    notes = dict.fromkeys(note for each in found.values() for note in each.notes)
    return Found(pd.concat(parts), form, tuple(damaged), notes=tuple(notes))


def _lines(text: str) -> list[str]:
    return lines_of(text.rstrip("\r\n"))
