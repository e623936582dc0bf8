"""Which images are in a folder or a zip, and what is their class? One folder per class."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.data.archives import MAX_MEMBERS, folder_files, zip_files
from ia3_studio.data.example import Example
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.problem import Problem
from ia3_studio.data.split_names import SPLITS
from ia3_studio.errors import DataError
from ia3_studio.zipped import open_zip

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"))
MOST_IMAGE_BYTES = 64 * 2**20
"""Largest image of an archive that is unpacked."""
_INSIDE = "::"
"""Stands between an archive and the name of an image in it."""


@dataclass(frozen=True)
class ImageFile:
    """One file that may be an image."""

    name: str
    """Its path within the folder or archive."""
    size: int
    """Bytes, unpacked."""
    source: str
    """What :func:`open_image` opens: a path, or an archive and the name in it."""
    said: str | None = None
    """The class that a table beside the images says; empty if it does not name this one, None if there is none."""
    said_by: str = ""
    """The column and the table that say it."""

    @property
    def label(self) -> str:
        """Return its class: that of a table, else the name of its folder."""
        return member_path(self.name).parent.name if self.said is None else self.said

    @property
    def split(self) -> str:
        """Return the split its folders name, such as "train"; empty where they name none."""
        folders = member_path(self.name).parts[: -2 if self.said is None else -1]
        return next((part.lower() for part in folders if part.lower() in SPLITS), "")


def images_in(path: Path) -> list[ImageFile]:
    """Return the images in a folder or a zip, by name; empty if there are none, or they were sent in chats.

    Raises:
        DataError: there are more than can be read.
    """
    if path.suffix.lower() == ".zip" and path.is_file():
        found = _zipped(path)
    else:
        found = _in_folder(path) if path.is_dir() else []
    if found and _has_chats(path):
        return []
    if len(found) > MAX_MEMBERS:
        raise DataError(f"{path.name} contains {len(found):,} images; use at most {MAX_MEMBERS:,}.")
    return sorted(found, key=lambda picture: picture.name)


_CHATS = frozenset(
    ("conversations.json", "result.json", "_chat.txt", "messages.html", "channels.json", "message_1.json")
)
"""Files of exports of chats, in which images were sent as well."""


def _has_chats(path: Path) -> bool:
    return any(member_path(name).name.lower() in _CHATS for name in files_beside(path))


def files_beside(path: Path) -> dict[str, int]:
    """Return the files of a folder or a zip that are no images, with their sizes."""
    if path.is_dir():
        files = {name: file.stat().st_size for name, file in folder_files(path)}
    else:
        with path.open("rb") as file, open_zip(file) as archive:
            files = {info.filename: info.file_size for info in zip_files(archive)}
    return {name: size for name, size in files.items() if not _is_picture(name)}


def read_beside(path: Path, name: str, most: int) -> bytes:
    """Return a file that :func:`files_beside` names, up to a number of bytes."""
    if path.is_dir():
        with (path / name).open("rb") as file:
            return file.read(most)
    with path.open("rb") as file, open_zip(file) as archive, archive.open(name) as member:
        return member.read(most)


def image_examples(pictures: Sequence[ImageFile]) -> tuple[list[Example], list[Problem]]:
    """Return images labeled by their folder, and the files that are not images; rows count the files from 1.

    Raises:
        DataError: none of the files is an image.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    for number, picture in enumerate(pictures, start=1):
        reason = damage(picture)
        if reason:
            problems.append(Problem(number, f"{picture.name} {reason}"))
        else:
            examples.append(Example(number, text=picture.source, labels=(picture.label,)))
    if not examples:
        raise DataError(f"None of the {len(pictures):,} images can be read; {problems[0].reason}.")
    return examples, problems


def images_fingerprint(pictures: Sequence[ImageFile]) -> str:
    """Return the SHA-256 of the names and sizes of images, and of the classes that a table says."""
    facts = (f"{each.name}:{each.size}{'' if each.said is None else f':{each.said}'}\n" for each in pictures)
    return hashlib.sha256("".join(facts).encode()).hexdigest()


def open_image(source: str, edge: int | None = None) -> Image:
    """Return an image that :attr:`ImageFile.source` names, in red, green and blue.

    Args:
        edge: required size in pixels; large JPEGs are decoded at reduced size.

    Raises:
        OSError: the file is not an image, or no longer exists.
    """
    from PIL import Image

    with Image.open(_file_of(source)) as picture:
        if edge:
            picture.draft("RGB", (edge, edge))
        return picture.convert("RGB")


def thumbnail(source: str, edge: int = 96) -> bytes:
    """Return a small JPEG of an image.

    Raises:
        OSError: the file is not an image, or no longer exists.
    """
    small = open_image(source, edge)
    small.thumbnail((edge, edge))
    written = io.BytesIO()
    small.save(written, "JPEG", quality=80)
    return written.getvalue()


def _file_of(source: str) -> str | io.BytesIO:
    archive, inside, name = source.rpartition(_INSIDE)
    if not inside:
        return source
    with zipfile.ZipFile(archive) as packed, packed.open(name) as member:
        return io.BytesIO(member.read(MOST_IMAGE_BYTES))


def _in_folder(folder: Path) -> list[ImageFile]:
    files = folder_files(folder)
    return [ImageFile(name, file.stat().st_size, str(file)) for name, file in files if _is_picture(name)]


def _zipped(path: Path) -> list[ImageFile]:
    try:
        with path.open("rb") as file, open_zip(file) as archive:
            inside = [info for info in zip_files(archive) if _is_picture(info.filename)]
    except (zipfile.BadZipFile, OSError):  # said by whoever reads it as a table
        return []
    return [ImageFile(info.filename, info.file_size, f"{path}{_INSIDE}{info.filename}") for info in inside]


def _is_picture(name: str) -> bool:
    return member_path(name).suffix.lower() in SUFFIXES


def damage(picture: ImageFile) -> str:
    """Return why a file is not an image that is read, as the end of a sentence; empty if it is one."""
    from PIL import Image

    if picture.size > MOST_IMAGE_BYTES:
        return f"has {picture.size / 2**20:,.0f} MB, more than the {MOST_IMAGE_BYTES / 2**20:,.0f} MB limit"
    # Damaged pictures raise SyntaxError and ValueError; one of too many pixels its own, so that it is not unpacked.
    causes = (OSError, SyntaxError, ValueError, zipfile.BadZipFile, RuntimeError, Image.DecompressionBombError)
    try:
        open_image(picture.source, edge=1)
    except causes as error:
        return f"is not a readable image ({type(error).__name__})"
    return ""
