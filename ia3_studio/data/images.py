"""Which pictures does a classifier see? Those of a folder with one sub-folder a class, as the model's numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.data.examples import Example
from ia3_studio.data.labels import Labels
from ia3_studio.data.problem import Problem
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

PICTURES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"))
MOST_BYTES = 2 * 2**30
"""What all pictures of a job may take in memory, as the model's numbers."""


@dataclass(frozen=True, eq=False)
class ImageRow:
    """One picture as a classifier sees it."""

    pixels: Tensor
    """(channels, height, width), as the model's processor scales them."""
    targets: tuple[float, ...]
    """The place of the label among the names."""
    row: int
    """The picture's place in its folder, counted from 1."""
    cut: bool = False


@dataclass(frozen=True)
class Pictured:
    """All pictures that can be used, and what happened to the others."""

    rows: tuple[ImageRow, ...]
    cut: tuple[int, ...]
    """Always empty: a picture is scaled, never cut."""
    problems: tuple[Problem, ...]
    """Pictures left out, and why."""


def is_picture_folder(path: Path) -> bool:
    """Say whether a folder has sub-folders with pictures."""
    return path.is_dir() and any(_pictures_in(folder) for folder in sorted(path.iterdir()) if folder.is_dir())


def picture_examples(path: Path) -> tuple[list[Example], list[Problem]]:
    """Return the pictures of a folder, labelled by their sub-folder's name, and the files that are no pictures.

    Raises:
        DataError: there is no picture.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    for folder in sorted(each for each in path.iterdir() if each.is_dir()):
        for file in _pictures_in(folder):
            number = len(examples) + len(problems) + 1
            reason = _damage(file)
            if reason:
                problems.append(Problem(number, f"{folder.name}/{file.name} {reason}"))
            else:
                examples.append(Example(number, text=str(file), labels=(folder.name,)))
    if not examples:
        raise DataError(f"{path.name} holds no picture that can be read; give a folder with one sub-folder a class.")
    return examples, problems


def read_pictures(examples: Sequence[Example], labels: Labels, processor: Any) -> Pictured:
    """Turn pictures into what a model takes.

    Args:
        processor: the model's own, which scales and normalises.

    Raises:
        DataError: no picture has a label that is learned, or all of them take too much memory.
    """
    from PIL import Image

    rows: list[ImageRow] = []
    problems: list[Problem] = []
    taken = 0
    for example in examples:
        (label,) = example.labels
        if label not in labels.names:
            problems.append(Problem(example.row, f"no picture to learn from has its label {label!r}"))
            continue
        with Image.open(example.text) as picture:
            pixels = processor(picture.convert("RGB"), return_tensors="pt")["pixel_values"][0]
        taken += pixels.numel() * pixels.element_size()
        if taken > MOST_BYTES:
            raise DataError(
                f"{len(examples):,} pictures take more than {MOST_BYTES / 2**30:.0f} GB as the model's numbers; give"
                f" at most {len(rows):,} of this size."
            )
        rows.append(ImageRow(pixels, (float(labels.names.index(label)),), example.row))
    if not rows:
        raise DataError("No picture can be used: none has a label that is learned.")
    return Pictured(tuple(rows), (), tuple(problems))


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURES)


def _damage(file: Path) -> str:
    """Return why a file is no picture; empty when it is one."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as picture:
            picture.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:  # PIL raises SyntaxError for damage
        return f"is no picture that can be read ({type(error).__name__})"
    return ""
