"""How does a GGUF file become a model folder?

transformers unpacks the quantized weights; what is saved is float32, so that later loads only map the file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.errors import ModelError
from ia3_studio.models.architecture import model_class, read_config
from ia3_studio.models.device import Device
from ia3_studio.models.folders import require_space
from ia3_studio.models.gguf_reader import reading_once
from ia3_studio.models.limits import limits_of
from ia3_studio.models.no_progress_bars import quiet_gguf
from ia3_studio.models.opening import opening
from ia3_studio.models.progress import ProgressCallback
from ia3_studio.models.weights import empty_model, open_model, open_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

MAGIC = b"GGUF"
BYTES_PER_NUMBER = 4
CONVERSION = 2
"""Version of the conversion; cached files of another version are converted again."""


def require_gguf(path: Path) -> None:
    """Check that a path the user gave is a GGUF file.

    Raises:
        ModelError: there is no such file, or it is of another kind.
    """
    if not path.is_file():
        raise ModelError(f"File '{path}' not found. Check the path of the GGUF file.")
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
    except OSError as error:
        raise ModelError(f"'{path}' cannot be opened ({error.strerror}). Check its permissions.") from error
    if start != MAGIC:
        raise ModelError(f"'{path}' is not a GGUF file, despite its name. Download it again or use another file.")


def import_libraries() -> None:
    """Import what a conversion needs, which takes seconds that a download would otherwise leave idle."""
    import gguf  # noqa: F401
    from transformers import AutoConfig, AutoTokenizer, PreTrainedModel  # noqa: F401


def content_key(path: Path) -> str:
    """Return a short name that only this content has."""
    with path.open("rb") as file:
        return f"gguf{CONVERSION}-" + hashlib.file_digest(file, "sha256").hexdigest()[:24]


def convert_gguf(gguf: Path, folder: Path, name: str, progress: ProgressCallback) -> None:
    """**Write config, tokenizer and float32 weights into a folder** and check that they load.

    Args:
        gguf: the file.
        folder: an empty folder.
        name: the model's name for the screen.
        progress: called with what is being done.

    Raises:
        ModelError: transformers cannot read this kind of GGUF file, the disk is too full, or the
            converted model does not compute.
    """
    progress(None, f"Converting {name}: reading its config")
    with alone(gguf) as lonely, quiet_gguf(), reading_once():
        config = read_config(lonely.parent, lonely.name, place=gguf)
        parameters = sum(each.numel() for each in empty_model(config).parameters())
        require_space(folder, parameters * BYTES_PER_NUMBER, f"the converted weights of {name}")
        progress(None, f"Converting {name}: reading its tokenizer")
        _save_tokenizer(lonely, folder)
        progress(None, f"Converting {name}: unpacking its weights")
        _save_model(_unpacked(lonely, config), folder)
    progress(None, f"Converting {name}: checking the result")
    check_converted(folder, name)


def read_gguf_config(gguf: Path) -> PreTrainedConfig:
    """Read the config that a GGUF file holds.

    Raises:
        ModelError: transformers cannot read this kind of GGUF file.
    """
    with alone(gguf) as lonely, quiet_gguf(), reading_once():
        return read_config(lonely.parent, lonely.name, place=gguf)


@contextmanager
def alone(gguf: Path) -> Iterator[Path]:
    """Give a GGUF file in a folder with nothing else in it.

    transformers prefers tokenizer files and configs next to the file, whichever model they belong to, over what
    the file itself holds.
    """
    with tempfile.TemporaryDirectory(prefix="ia3-gguf-") as folder:
        lonely = Path(folder) / gguf.name
        try:
            lonely.symlink_to(gguf.absolute())
        except OSError:  # a system where links need a right of their own
            try:
                os.link(gguf, lonely)
            except OSError:
                shutil.copyfile(gguf, lonely)
        yield lonely


def _save_tokenizer(gguf: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    with opening(Path(gguf.name)), quiet_gguf():
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, trust_remote_code=False)
        tokenizer.save_pretrained(folder)


def _unpacked(gguf: Path, config: PreTrainedConfig) -> PreTrainedModel:
    import torch

    cls = model_class(config)
    with opening(Path(gguf.name)), quiet_gguf():
        model = cls.from_pretrained(gguf.parent, gguf_file=gguf.name, config=config, dtype=torch.float32)
    return model


def _save_model(model: PreTrainedModel, folder: Path) -> None:
    """Save a model unpacked from a GGUF file, **taking off the marks** by which transformers refuses to."""
    for mark in ("hf_quantizer", "quantization_method", "is_quantized"):
        vars(model).pop(mark, None)
    # the title is the file's own, no name that anyone could load
    for mark in ("quantization_config", "_model_name_or_path"):
        vars(model.config).pop(mark, None)
    with quiet_gguf():
        model.save_pretrained(folder)


def check_converted(folder: Path, name: str) -> None:
    """Load a converted model and let it compute.

    Raises:
        ModelError: it cannot be loaded, or its values are NaN or infinite.
    """
    import torch

    model = open_model(folder, Device("cpu", torch.float32, ""))
    open_tokenizer(folder, limits_of(model))
    tokens = {"input_ids": torch.tensor([[0, 1, 2, 3]])}  # (batch, seq)
    if model.config.is_encoder_decoder:
        tokens["decoder_input_ids"] = tokens["input_ids"]
    with torch.no_grad():
        output = model(**tokens)[0]
    if not torch.isfinite(output).all():
        raise ModelError(f"{name} returns NaN or infinite values: its file is damaged. Download it again.")
