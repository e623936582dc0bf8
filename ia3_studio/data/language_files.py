"""Do several files hold the same texts, each in one language, as programs keep their messages?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.xml_rows import parsed_xml
from ia3_studio.data.xml_values import bare_tag
from ia3_studio.data.yaml_rows import parsed_yaml
from ia3_studio.errors import DataError

_LANGUAGE = re.compile(r"(?:^|.*[._-])([a-z]{2}(?:[-_]r?[A-Za-z]{2,4})?)(?:\.lproj)?")
"""Names of files and folders that are languages, or end with one: en, pt-BR, messages_de, values-de, de.lproj."""
_MOST_LANGUAGES, _FEWEST_KEYS, _MOST_FILES = 40, 5, 500


def by_language(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files of texts by the same keys, one for each language, as a column for each language.

    One language may have no name, as the first one of a program has none: it is the source of the other.
    """
    suffix = next(
        (each for each in (*_DOCUMENTS, *_KINDS) if sum(path.lower().endswith(each) for path in content) > 1), ""
    )
    paths = [path for path in content if suffix and path.lower().endswith(suffix)]
    if not 2 <= len(paths) <= _MOST_FILES:
        return None
    sides = {path: language_of(path) for path in paths}
    languages = dict.fromkeys(language for language, _rest in sides.values())
    unnamed = "" in languages
    if not 2 <= len(languages) <= (2 if unnamed else _MOST_LANGUAGES):
        return None
    texts = readers.texts(paths)
    found: dict[str, dict[str, str]] = {language: {} for language in languages}
    alone = len({rest for _language, rest in sides.values()}) == 1
    listed = 0
    try:
        for path, (language, rest) in sides.items():
            if suffix in _DOCUMENTS:
                document = _DOCUMENTS[suffix](texts[path].text)
                said, listed = _flat(document), listed + _texts_in_lists(document)
            else:
                said = _KINDS[suffix](texts[path].text)
            found[language] |= {key if alone else f"{rest}:{key}": text for key, text in said.items()}
    except (ValueError, RecursionError, DataError):  # told of the file when it is read as a table
        return None
    ordered = sorted(found, key=lambda name: (bool(name), name.lower()[:2] != "en"))
    shared = [key for key in found[ordered[0]] if all(key in each for each in found.values())]
    if len(shared) < _FEWEST_KEYS or 2 * len(shared) < max(map(len, found.values())):
        return None
    names = (
        dict(zip(ordered, ("source", "target"), strict=True)) if unnamed else dict(zip(ordered, ordered, strict=True))
    )
    columns = {"key": shared, **{names[each]: [found[each][key] for key in shared] for each in ordered}}
    others = sum(len(each) for each in found.values()) - len(shared) * len(names)
    notes = tuple(
        f"Not used: {count:,} texts {why}."
        for count, why in ((others, "that are not in all languages"), (listed, "in lists, which have no keys"))
        if count
    )
    form = f"texts by key in {len(languages)} languages"
    return with_encoding_facts(paths[0], Found(numbered(columns), form, notes=notes), [*texts.values()]), paths


def read_messages(name: str, text: str) -> Found:
    """Read the texts of a program in one language, each with its key.

    Raises:
        DataError: it has none.
    """
    texts = _KINDS[PurePosixPath(name).suffix.lower()](text)
    if not texts:
        raise DataError(f"{name} has no texts with keys; give a file with a key and its text per line or element.")
    return Found(numbered({"key": [*texts], "text": [*texts.values()]}), "texts by key")


def language_of(path: str) -> tuple[str, str]:
    """Return the language of a file, of its own name or of a folder that it is in, and the rest of its path."""
    parts = [*PurePosixPath(path).parts[:-1], PurePosixPath(path).stem]
    for place in reversed(range(len(parts))):
        if found := _LANGUAGE.fullmatch(parts[place]):
            rest = parts[place][: found.start(1)].rstrip("._-") if found.start(1) else ""
            return found[1], "/".join([*parts[:place], rest, *parts[place + 1 :]])
    return "", "/".join(parts)


def _flat(value: object, above: str = "") -> dict[str, str]:
    """Return the texts of nested objects by their keys, which a dot joins; other values are none."""
    if isinstance(value, str):
        return {above: value}
    inner = value.items() if isinstance(value, dict) else ()
    return {
        path: text
        for key, each in inner
        if not str(key).startswith("@")
        for path, text in _flat(each, f"{above}.{key}" if above else str(key)).items()
    }


def _texts_in_lists(value: object, in_list: bool = False) -> int:
    """Return how many texts of nested objects are in lists, by whose places they may not belong together."""
    if isinstance(value, str):
        return in_list and bool(value.strip())
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(_texts_in_lists(each, in_list or isinstance(value, list)) for each in inner)


def _of_yaml(text: str) -> object:
    """Return what is below the name of a language, which is the only key of a document, or what has none above it."""
    document = parsed_yaml(text)
    return next(iter(document.values())) if isinstance(document, dict) and len(document) == 1 else document


def _of_xml(text: str) -> dict[str, str]:
    """Return the texts of elements with a name, of Android and of .NET."""
    found: dict[str, str] = {}
    for element in parsed_xml("", text):
        inner = next((child for child in element if bare_tag(child.tag) == "value"), element)
        if (name := element.get("name")) and len(element) <= (inner is not element) + 1:
            found[name] = "".join(inner.itertext()).strip()
    return found


_PROPERTY = re.compile(r"\s{0,99}([^\s#!=:][^=:\n]{0,200}?)\s{0,9}[=:]\s{0,9}(.*)")
_STRING = re.compile(r'(?<!\\)"((?:[^"\\]|\\.)*+)"\s*+=\s*+"((?:[^"\\]|\\.)*+)"\s*+;')
"""A key and its text; a quote behind a backslash begins none, so that a run of these is looked at once."""
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def _of_properties(text: str) -> dict[str, str]:
    found = [each for line in text.splitlines() if (each := _PROPERTY.fullmatch(line))]
    return {each[1]: _ESCAPE.sub(lambda code: chr(int(code[1], 16)), each[2]) for each in found}


def _of_strings(text: str) -> dict[str, str]:
    return {each[1]: each[2].replace('\\"', '"').replace("\\n", "\n") for each in _STRING.finditer(text)}


_KINDS: dict[str, Callable[[str], dict[str, str]]] = {
    ".xml": _of_xml,
    ".resx": _of_xml,
    ".properties": _of_properties,
    ".strings": _of_strings,
}
"""Endings of files of messages, and how their texts are found by their keys."""
MESSAGES = (".resx", ".properties", ".strings")
"""Those that hold nothing else."""
_DOCUMENTS: dict[str, Callable[[str], object]] = {
    ".json": json.loads, ".arb": json.loads, ".yml": _of_yaml, ".yaml": _of_yaml,
}  # fmt: skip
"""Endings of files of messages in nested objects, and how these are read."""
