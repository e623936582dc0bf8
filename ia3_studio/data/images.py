"""How are images preprocessed for a classifier? To pixel values, by its image processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.data.example import Example
from ia3_studio.data.image_files import open_image
from ia3_studio.data.labels import Labels
from ia3_studio.data.problem import Problem
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

MOST_BYTES = 2 * 2**30
"""Memory limit for the pixel values of all images of a job."""


@dataclass(frozen=True, eq=False)
class ImageRow:
    """One preprocessed image."""

    pixels: Tensor
    """(channels, height, width), as the model's processor scales them."""
    targets: tuple[float, ...]
    """The place of the label among the names."""
    row: int
    """Number of the image file, starting at 1."""
    truncated: bool = False


@dataclass(frozen=True)
class ImageRows:
    """All usable images, and what happened to the others."""

    rows: tuple[ImageRow, ...]
    truncated: tuple[int, ...]
    """Always empty: images are resized, never truncated."""
    problems: tuple[Problem, ...]
    """Skipped images, with reasons."""


def read_images(examples: Sequence[Example], labels: Labels, processor: Any) -> ImageRows:
    """Preprocess images for a model.

    Args:
        processor: the model's own, which scales and normalizes.

    Raises:
        DataError: no image has a label of the training images, or they need too much memory.
    """
    rows: list[ImageRow] = []
    problems: list[Problem] = []
    taken = 0
    for example in examples:
        (label,) = example.labels
        if label not in labels.names:
            problems.append(Problem(example.row, f"no training image has its label {label!r}"))
            continue
        pixels = processor(open_image(example.text), return_tensors="pt")["pixel_values"][0]
        taken += pixels.numel() * pixels.element_size()
        if taken > MOST_BYTES:
            raise DataError(
                f"{len(examples):,} images need more than {MOST_BYTES / 2**30:.0f} GB as pixel values; use at "
                f"most {len(rows):,} of this size."
            )
        rows.append(ImageRow(pixels, (float(labels.names.index(label)),), example.row))
    if not rows:
        raise DataError("No usable image: none has a label of the training images.")
    return ImageRows(tuple(rows), (), tuple(problems))
