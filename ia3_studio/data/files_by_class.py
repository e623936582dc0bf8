"""Are several files texts of one class each?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from ia3_studio.data.code_texts import is_code
from ia3_studio.data.column_profile import LONGEST_LABEL
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.front_matter import front_matter_note, without_front_matter
from ia3_studio.data.line_labels import labeled_lines
from ia3_studio.data.member_files import Readers, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.object_files import are_objects
from ia3_studio.data.parsing import Found, numbered, shown_names
from ia3_studio.data.plain_texts import table_delimiter, with_tabs
from ia3_studio.data.split_names import SPLIT, split_of
from ia3_studio.data.whole_texts import MAILS, PAGES, whole_text

CLASSES = tuple(map(frozenset, (
    ("fake", "true", "real"), ("pos", "neg", "positive", "negative", "neutral"), ("spam", "ham"), ("good", "bad"),
    ("human", "ai", "machine", "gpt", "generated"), ("toxic", "nontoxic", "clean"), ("hate", "normal", "offensive"),
    ("yes", "no"), ("depression", "suicidewatch"),
)))  # fmt: skip
"""Names of files that are the classes of their rows."""


def by_class(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read one folder of texts for each class, a row a file; or one text for each class, a row a line."""
    if by_ending := _by_ending(content, readers):
        return by_ending
    if are_objects(content):
        return None
    paths = [member_path(path) for path in content if member_path(path).suffix.lower() == ".txt"]
    paths = paths or [path for path in map(PurePosixPath, content) if not path.suffix or _HASH.fullmatch(path.suffix)]
    paths = paths or _of_one_kind(content)
    above = {folder for path in paths for folder in path.parent.parents}
    held = Counter(path.parent for path in paths)
    sorted_ = [path for path in paths if path.parent.name and not split_of(path.parent.name)]
    # One or two texts next to the folders of classes are of none.
    sorted_ = [path for path in sorted_ if path.parent not in above or held[path.parent] >= _EACH]
    if len(sorted_) >= _MOSTLY * len(paths) and len({path.parent.name for path in sorted_}) > 1:
        paths = sorted_  # without lists of what lies in the folders
    folders = {path.parent.name for path in paths}
    if len(paths) < 2 or (len(paths) < len(content) - 1 and len(folders) < 2):
        return None
    used = [str(path) for path in paths]
    if all(split_of(path.stem) for path in paths) and _are_tables(used, readers):
        return None  # splits of tables in folders, such as one of each language
    if len(folders) > 1 and paths == sorted_:
        paths = [path for path in paths if not path.parent.name.lower().startswith(_WITHOUT_CLASS)]
        used, folders = [str(path) for path in paths], {path.parent.name for path in paths}
        texts = readers.texts(used)
        columns = {
            "text": [whole_text(path, texts[path].text) for path in used],
            "label": [path.parent.name for path in paths],
        }
        splits = [split_of(str(path.parent.parent)) for path in paths]
        if all(splits) and len(set(splits)) > 1:
            columns[SPLIT] = splits
        heads = (name for path in used for name in without_front_matter(path, texts[path].text)[1])
        form = f"one text per row, from {len(folders)} folders"
        found = Found(numbered(columns), form, notes=front_matter_note(heads))
        return with_encoding_facts(used[0], found, [*texts.values()]), used
    splits = [split_of(path.stem) for path in paths]
    if len({*splits} - {""}) > 1 or (any(splits) and not all(splits)):
        return None  # the others are of no split, such as a list of tags, or a sample of the rows
    names = _class_names(paths)
    if len(folders) == 1 and len(paths) == len(content) and names:
        texts = readers.texts(used)
        whole = [texts[path].text for path in used]
        if _are_numbered(paths) or _are_documents(whole) or all(map(is_code, whole)):
            frame = numbered({"text": [texts[path].text.strip() for path in used]})
            return with_encoding_facts(used[0], Found(frame, "one text per file"), [*texts.values()]), used
        if columns := columns_by_file({path.stem: lines_in(texts[str(path)].text) for path in paths}):
            form = f"lines of {len(paths)} files side by side"
            return with_encoding_facts(used[0], Found(numbered(columns), form), [*texts.values()]), used
        lines = [lines_in(texts[path].text) for path in used]
        if all(labeled_lines(texts[path].text) for path in used) or any(map(_are_cells, lines)) or _have_header(lines):
            return None  # a label in each line says more than the name of its file, and so do cells
        rows = [(line, names[str(path)]) for path in paths for line in lines_in(texts[str(path)].text)]
        frame = numbered({"text": [row[0] for row in rows], "label": [row[1] for row in rows]})
        found = Found(frame, f"one line per row, from {len(paths)} files", notes=_note_on_names(names.values()))
        return with_encoding_facts(used[0], found, [*texts.values()]), used
    return None


def _are_tables(paths: Sequence[str], readers: Readers) -> bool:
    return all(table_delimiter(each.text) for each in readers.texts(paths).values())


def _note_on_names(names: Collection[str]) -> tuple[str, ...]:
    """Return a sentence on labels that are names of files of any kind; nothing for known classes, such as spam."""
    if any({*map(str.lower, names)} <= known for known in CLASSES):
        return ()
    return (
        f"Labels are the names of the files ({shown_names([*dict.fromkeys(names)])}), as nothing else says the class "
        "of a line; choose plain text under Parsing options if they are none.",
    )


def _of_one_kind(content: Mapping[str, bytes]) -> list[PurePosixPath]:
    """Return notes, pages or mails in folders of classes: most have numbers for names, as documents do not.

    Folders of a mailbox are no classes.
    """
    paths = [member_path(path) for path in content]
    for kind in ((".md",), PAGES, MAILS):
        found = [path for path in paths if path.suffix.lower() in kind]
        folders: dict[str, list[bool]] = {}
        for path in found:
            folders.setdefault(path.parent.name, []).append(any(map(str.isdigit, path.stem)))
        are_classes = all(len(each) >= _EACH and sum(each) >= _MOSTLY * len(each) for each in folders.values())
        if len(found) >= _MOSTLY * len(paths) and are_classes:
            is_mailbox = kind == MAILS and any(folder.lower() in _MAILBOX for folder in folders)
            return [] if len(folders) < 2 or is_mailbox else found
    return []


_MAILBOX = frozenset(("inbox", "sent", "sent items", "drafts", "archive", "trash", "deleted items", "outbox"))
_HASH = re.compile(r"\.[0-9a-f]{16,}")
"""The end of a name that is a hash, as of mails."""


def are_sorted(paths: Iterable[str]) -> bool:
    """Say whether nearly all files are texts in folders of classes, beside which a table only lists them."""
    files = [member_path(path) for path in paths]
    texts = [path for path in files if path.suffix.lower() == ".txt" and path.parent.name]
    texts = [path for path in texts if not split_of(path.parent.name)]
    folders = {path.parent.name for path in texts}
    return len(folders) > 1 and len(texts) >= max(_MOSTLY * len(files), _EACH * len(folders))


_EACH = 3
"""Texts of a class on average at least, in folders with a table."""
_MOSTLY = 0.8
"""Share of texts that lie in folders of classes, beside which other texts only list them."""
_WITHOUT_CLASS = ("unsup", "unlabel")
"""How folders begin that hold texts of which nobody has said the class."""


def columns_by_file(lines: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the lines of files by their names, if one has texts and the others a label for each of its lines."""
    if len({len(each) for each in lines.values()}) != 1:
        return {}
    labels = [name for name, each in lines.items() if _are_labels(each)]
    return {name: [*each] for name, each in lines.items()} if 0 < len(labels) == len(lines) - 1 else {}


def _are_labels(lines: Sequence[str]) -> bool:
    return len(set(lines)) <= max(2, len(lines) // 4) and max(map(len, lines), default=0) <= LONGEST_LABEL


def _are_cells(lines: Sequence[str]) -> bool:
    """Say whether lines are rows of a table: each has as many tabs or bars, one or more, or signs such as " ::: "."""
    signs = [sign for sign in "\t|" if sign in lines[0]] if len(lines) > 1 else []
    alike = any(len({line.count(sign) for line in lines}) == 1 for sign in signs)
    return alike or bool(with_tabs("\n".join(lines[:_LOOKED_AT]))[1])


_LOOKED_AT = 100
"""Lines that show whether a text holds cells."""


def _have_header(texts: Sequence[Sequence[str]]) -> bool:
    """Say whether several texts begin with the same line, of several names between signs: they are tables."""
    first = {lines[0] for lines in texts if lines}
    return len(texts) > 1 and len(first) == 1 and re.search(r"\w[,;|]\s?\w", next(iter(first))) is not None


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


def _by_ending(content: Mapping[str, bytes], readers: Readers) -> tuple[Found, Sequence[str]] | None:
    """Read texts whose endings are their classes, such as rt-polarity.pos and rt-polarity.neg, a row a line."""
    endings = {path: member_path(path).suffix[1:].lower() for path in content}
    names = set(endings.values())
    if len(names) != len(endings) or len(names) < 2 or not any(names <= classes for classes in CLASSES):
        return None
    texts = readers.texts([*endings])
    rows = [(line, label) for path, label in endings.items() for line in lines_in(texts[path].text)]
    frame = numbered({"text": [row[0] for row in rows], "label": [row[1] for row in rows]})
    found = Found(frame, f"one line per row, from {len(endings)} files")
    return with_encoding_facts(next(iter(endings)), found, [*texts.values()]), [*endings]


def _are_numbered(paths: Sequence[PurePosixPath]) -> bool:
    """Say whether the names of files differ in a number, as those of documents do; classes have names."""
    stems = {re.sub(r"\d+", "", path.stem) for path in paths}
    return len(stems) == 1 and len(paths) > 2


def _are_documents(texts: Sequence[str]) -> bool:
    """Say whether most of several texts have blank lines, as documents have; lists of phrases have none."""
    return 2 * sum(bool(re.search(r"\n[^\S\n]*\n", text.strip())) for text in texts) > len(texts) > 2
