"""How are several files read together where a person says how? No more is asked of them than that they have such rows.

A way is called by its name here, which is what :attr:`ParsingOptions.rows` holds for an archive or a folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.decode import Encoding, decode_together
from ia3_studio.data.member_files import Readers, ReadOne, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parallel_files import SOURCE_WORDS, TARGET_WORDS
from ia3_studio.data.parsing import Found, numbered, shown_names
from ia3_studio.data.several import not_read
from ia3_studio.data.table_files import one_below_the_other
from ia3_studio.data.whole_texts import MAILS, PAGES, whole_text
from ia3_studio.errors import DataError

LINES = "lines of each file, its name as their label"
SIDES = "lines of two files side by side"
FILES = "one text per file"
FOLDERS = "one text per file, its folder as the label"
_ALL = "all {} files together"
"""How files of one ending are read as one table, whatever they are called."""
_TEXTS = (".txt", ".text", ".md", *PAGES, *MAILS)
_FEWEST = 2
MOST_FILES = 2_000
"""Files that are read together; of more, the first ones would say nothing of the others."""
Texts = Mapping[str, str]


def ways_of_folder(members: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the ways to read several files together, by what files there are; nothing for one file, or very many."""
    if not _FEWEST <= len(members) <= MOST_FILES:
        return ()
    texts = _texts_of(members)
    ways = [name for name, files_of in _WAYS.items() if files_of(texts)]
    endings = Counter(member_path(path).suffix.lower() for path in members if path not in texts)
    return (*ways, *(_ALL.format(ending) for ending, files in endings.items() if ending and files >= _FEWEST))


def read_in_way(
    name: str, members: Mapping[str, bytes], way: str, read: ReadOne, encoding: Encoding | None = None
) -> Found:
    """Read several files in a way that was chosen.

    Args:
        name: of the archive or folder.
        members: path → bytes.
        way: one of those that :func:`ways_of_folder` returns.
        read: reads one file.
        encoding: of texts; detected if it is None.

    Raises:
        DataError: the files cannot be read so.
    """
    ending = next((each for each in map(_ending, members) if each and way == _ALL.format(each)), "")
    if ending:
        files = {path: data for path, data in members.items() if _ending(path) == ending}
        found = one_below_the_other(files, Readers(read, lambda _paths: {}))
        return _named(found, members, [*files])
    texts = _texts_of(members)
    paths = _WAYS[way](texts) if way in _WAYS else ()
    if not paths:
        raise DataError(f"{name} cannot be read as {way!r}; choose another shape, or auto-detect.")
    decoded = decode_together({path: texts[path] for path in paths}, encoding)
    frame = numbered(_COLUMNS[way]({path: decoded[path].text for path in paths}))
    found = with_encoding_facts(paths[0], Found(frame, f"{way} ({shown_names(paths)})"), [*decoded.values()])
    return _named(found, members, paths)


def _named(found: Found, members: Mapping[str, bytes], used: Sequence[str]) -> Found:
    """Return a table with a note on the files that are not read."""
    return Found(found.frame, found.form, found.damaged, notes=(*found.notes, *not_read(members, used)))


def _ending(path: str) -> str:
    return member_path(path).suffix.lower()


def _texts_of(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files that are texts: those of the kind of which there are most, so that no README is among them."""
    found = {path: data for path, data in members.items() if _ending(path) in _TEXTS and data.strip()}
    usual = Counter(map(_ending, found)).most_common(1)
    return {path: data for path, data in found.items() if _ending(path) == usual[0][0]}


def _several(texts: Mapping[str, bytes]) -> Sequence[str]:
    return [*texts] if len(texts) >= _FEWEST else ()


def _many(texts: Mapping[str, bytes]) -> Sequence[str]:
    return [*texts] if len(texts) > _FEWEST else ()


def _with_lines(texts: Mapping[str, bytes]) -> Sequence[str]:
    """Return the files if one of them has several lines, so that each line may be a text."""
    return _several(texts) if any(data.strip().count(b"\n") for data in texts.values()) else ()


def _in_folders(texts: Mapping[str, bytes]) -> Sequence[str]:
    return _several(texts) if len({member_path(path).parent for path in texts}) >= _FEWEST else ()


def _as_long(texts: Mapping[str, bytes]) -> Sequence[str]:
    """Return the first two files with as many lines, what is read or asked first."""
    lines = {path: len(lines_in(data.decode("latin-1"))) for path, data in texts.items()}
    pairs = (pair for pair in combinations(texts, 2) if lines[pair[0]] == lines[pair[1]] >= _FEWEST)
    one, other = next(pairs, ("", ""))
    if not one:
        return ()
    asked, answered = (_says(one, SOURCE_WORDS) or _says(other, TARGET_WORDS)), _says(one, TARGET_WORDS)
    is_shorter = len(texts[one]) < len(texts[other])  # as labels are
    return (other, one) if not asked and (answered or is_shorter) else (one, other)


def _says(path: str, words: frozenset[str]) -> bool:
    stem = member_path(path).stem.lower().replace("-", "_").replace(".", "_")
    return not words.isdisjoint(stem.split("_"))


_WAYS: dict[str, Callable[[Mapping[str, bytes]], Sequence[str]]] = {
    SIDES: _as_long, LINES: _with_lines, FOLDERS: _in_folders, FILES: _many,
}  # fmt: skip
"""Which of several texts are read in each way; none where there are no such."""


def _lines_by_file(texts: Texts) -> dict[str, list[str]]:
    rows = [(line, member_path(path).stem) for path, text in texts.items() for line in lines_in(text) if line.strip()]
    return {"text": [line for line, _name in rows], "label": [name for _line, name in rows]}


def _side_by_side(texts: Texts) -> dict[str, list[str]]:
    first, second = map(lines_in, texts.values())
    are_labels = all(len(line.split()) <= 1 for line in second) and any(len(line.split()) > 1 for line in first)
    return dict(zip(("text", "label") if are_labels else ("source", "target"), (first, second), strict=True))


def _files_by_folder(texts: Texts) -> dict[str, list[str]]:
    labels = [member_path(path).parent.name for path in texts]
    return {"text": [whole_text(path, text) for path, text in texts.items()], "label": labels}


def _files(texts: Texts) -> dict[str, list[str]]:
    return {"text": [whole_text(path, text) for path, text in texts.items()]}


_COLUMNS: dict[str, Callable[[Texts], dict[str, list[str]]]] = {
    SIDES: _side_by_side, LINES: _lines_by_file, FOLDERS: _files_by_folder, FILES: _files,
}  # fmt: skip
"""What the texts become in each way."""
