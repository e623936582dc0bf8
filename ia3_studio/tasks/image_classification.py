"""Image classification: images with labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.data.image_files import ImageFile, damage, open_image
from ia3_studio.data.images import ImageRow, ImageRows, read_images
from ia3_studio.errors import DataError
from ia3_studio.tasks.classification import Classification, Prediction, predictions
from ia3_studio.tasks.task import register

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.labels import Labeled, Labels
    from ia3_studio.data.token_preview import TokenPreview
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel


@register
class ImageClassification(Classification):
    """Images with labels."""

    name: ClassVar[str] = "image classification"
    of: ClassVar[Labeled] = "images"
    task_type: ClassVar[str] = ""  # PEFT has no name for it
    row_types: ClassVar[tuple[type, ...]] = (ImageRow,)
    without_tokens: ClassVar[str] = "Images have no tokens; each is resized to the input size of the model."

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether the data are images; the model may be of any kind."""
        del model_head
        return data_kind == "pictures"

    @classmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Refuse: an image has no tokens."""
        del example, tokenizer, max_length
        raise DataError(cls.without_tokens)

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training images and the held-out images."""

        def read(examples: Sequence[Example]) -> ImageRows:
            return read_images(examples, self.labels, loaded.tokenizer)

        return self.read_both(read, loaded.tokenizer)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return one image as the model takes it."""
        return {"pixel_values": rows[0].pixels[None].to(loaded.model.device, loaded.model.dtype)}

    def facts(self) -> dict[str, str]:
        """Return the labels, and that they are of images."""
        return {"labels": self.labels.to_json(), "labels_of": self.of}

    def scorer(self, model: Any) -> Any:
        """Return what gives the classifier's outputs for images."""
        from ia3_studio.training.class_loss import ImageLoss

        return ImageLoss(model)


def classify_image(
    loaded: LoadedModel, attachment: Attachment, labels: Labels, image: Path, strengths: Sequence[float] = (0, 1)
) -> tuple[tuple[Prediction, ...], ...]:
    """Return the labels of an image by probability, once for each strength; 0 is the base model.

    Args:
        loaded: a classifier of images with a head for the labels; its tokenizer is the image processor.
        attachment: what was learned.
        labels: what the head's outputs mean.
        image: a file.
        strengths: 0 is the base model.

    Raises:
        DataError: the file is not an image that can be read.
    """
    from ia3_studio.training.class_loss import ImageLoss

    size = image.stat().st_size if image.is_file() else 0
    if reason := damage(ImageFile(image.name, size, str(image))):
        raise DataError(f"{image.name} {reason}; give a PNG, JPEG or WebP file.")
    pixels = loaded.tokenizer(open_image(str(image)), return_tensors="pt")["pixel_values"][0]
    row = ImageRow(pixels, (0.0,), 1)
    found = []
    for strength in strengths:
        with attachment.strengths(strength):
            (scores,) = ImageLoss(loaded.model).scores([row], 1)
        found.append(predictions(scores, labels.names, "single"))
    return tuple(found)
