"""Sorting pictures: the loss is transformers' own, and a folder of pictures becomes a tuned classifier."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from PIL import Image

from ia3_studio.data.image_files import open_image
from ia3_studio.data.images import ImageRow
from ia3_studio.data.load import load_data
from ia3_studio.errors import DataError
from ia3_studio.method import Adapter, discover
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models.classifier import load_classifier
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.training import TrainConfig
from ia3_studio.training.class_loss import ImageLoss
from ia3_studio.worker.training_job import TrainingJob
from tests.families import SMALL

EDGE = 32


def vit(labels: int = 2) -> Any:
    torch.manual_seed(0)
    config = hf.ViTConfig(**SMALL, intermediate_size=48, image_size=EDGE, patch_size=16, num_labels=labels)
    return hf.ViTForImageClassification(config).eval().requires_grad_(False)


def convnext(labels: int = 2) -> Any:
    torch.manual_seed(0)
    config = hf.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, num_labels=labels, image_size=EDGE)
    return hf.ConvNextForImageClassification(config).eval().requires_grad_(False)


@pytest.mark.parametrize("build", [vit, convnext])
def test_any_micro_batch_gives_the_loss_and_gradient_of_transformers_on_the_whole_batch(build: Any) -> None:
    model = build()
    attachment = HeadedAttachment(model, discover(model).select("paper"), ["classifier"])
    pixels = torch.randn(5, 3, EDGE, EDGE, generator=torch.Generator().manual_seed(2))
    rows = [ImageRow(each, (float(number % 2),), number + 1) for number, each in enumerate(pixels)]
    whole = model(pixel_values=pixels, labels=torch.tensor([0, 1, 0, 1, 0]))
    whole.loss.backward()
    expected = attachment.parameter.grad.clone()  # type: ignore[union-attr]
    for budget in (1, 8, 1000):
        attachment.parameter.grad = None
        assert ImageLoss(model).backward(rows, rows, budget) == pytest.approx(whole.loss.item(), rel=1e-5)
        torch.testing.assert_close(attachment.parameter.grad, expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(ImageLoss(model).scores(rows, 8), whole.logits.detach(), rtol=1e-4, atol=1e-5)


def paint(folder: Path, count: int = 10) -> Path:
    """Write bright and dark pictures of random sizes, and a file that is none."""
    draw = random.Random(0)
    for name, shade in (("day", 220), ("night", 30)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            size = draw.randint(20, 60), draw.randint(20, 60)
            Image.new("RGB", size, (shade, shade, draw.randint(0, 255))).save(folder / name / f"{number}.png")
    (folder / "night" / "broken.png").write_bytes(b"no picture")
    return folder


def test_a_folder_of_pictures_tunes_a_vision_model_and_peft_gives_the_same_scores(tmp_path: Path) -> None:
    vit().vit.save_pretrained(tmp_path / "model")
    hf.ViTImageProcessorPil(size={"height": EDGE, "width": EDGE}).save_pretrained(tmp_path / "model")
    train = TrainConfig(epochs=30, batch_size=8, learning_rate=1e-1, eval_steps=100)
    config = RunConfig("Day", str(tmp_path / "model"), str(paint(tmp_path / "pictures")), "paper", train, 0.3)
    job = TrainingJob(RunStore(tmp_path / "runs").create(config, "a click"))
    job.prepare(lambda _share, _sentence: None)
    steps = list(job.steps(lambda: False))
    assert steps[-1].held_out < 0.5 * steps[0].held_out  # type: ignore[operator]
    list(job.evaluate(tmp_path))
    assert json.loads((tmp_path / "evaluation.json").read_text())["held_out"]["measures"][0]["tuned"] == 1
    job.save(tmp_path / "adapter")
    adapter = Adapter.load(tmp_path / "adapter")
    assert "night" in adapter.metadata["labels"] and "classifier.weight" in adapter.heads
    from peft import PeftModel  # not at the top: the tests in a browser take pictures from here

    base = load_classifier(str(tmp_path / "model"), ["day", "night"], head="image-classification").model
    theirs = PeftModel.from_pretrained(base, tmp_path / "adapter")
    pixels = torch.stack([row.pixels for row in job._held_out])
    torch.testing.assert_close(theirs(pixel_values=pixels).logits, ImageLoss(job._loaded.model).scores(job._held_out))


def zipped(folder: Path, path: Path, below: str = "") -> Path:
    """Pack a folder of pictures, below another folder where one is given."""
    with zipfile.ZipFile(path, "a") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, below + file.relative_to(folder).as_posix())
    return path


def test_a_zip_of_pictures_is_read_as_its_folder_is_and_writes_nothing(tmp_path: Path) -> None:
    folder = paint(tmp_path / "pictures")
    packed = load_data(zipped(folder, tmp_path / "all.zip"))
    loose = load_data(folder)
    assert [each.labels for each in packed.train] == [each.labels for each in loose.train]
    assert packed.fingerprint == loose.fingerprint and packed.problems == loose.problems
    for one, other in zip(packed.train, loose.train, strict=True):
        assert open_image(one.text).tobytes() == open_image(other.text).tobytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all.zip", "pictures"]


def test_folders_named_by_split_decide_which_pictures_are_held_out(tmp_path: Path) -> None:
    path = zipped(paint(tmp_path / "one", 6), tmp_path / "split.zip", "set/train/")
    split = load_data(zipped(paint(tmp_path / "other", 3), path, "set/test/"))
    assert (len(split.train), len(split.held_out)) == (12, 6)


def test_a_picture_of_too_many_pixels_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = paint(tmp_path / "pictures", 3)
    Image.new("RGB", (200, 200)).save(folder / "day" / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    assert "day/bomb.png is not a readable image (DecompressionBombError)" in [
        problem.reason for problem in load_data(folder).problems
    ]


def test_a_file_that_is_no_picture_is_listed_and_a_folder_without_any_is_refused(tmp_path: Path) -> None:
    split = load_data(paint(tmp_path / "pictures"))
    assert [problem.reason for problem in split.problems] == [
        "night/broken.png is not a readable image (UnidentifiedImageError)"
    ]
    assert "20 images in 2 folders" in split.description
    (tmp_path / "empty" / "a").mkdir(parents=True)
    (tmp_path / "empty" / "a" / "x.png").write_bytes(b"")
    with pytest.raises(DataError, match="None of the 1 images can be read"):
        load_data(tmp_path / "empty")
