"""How does a model folder become a model in memory, whole or as a skeleton?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError
from ia3_studio.models.architecture import model_class, read_config, unreadable
from ia3_studio.models.device import Device
from ia3_studio.models.folders import weight_files
from ia3_studio.models.progress import megabytes
from ia3_studio.models.quiet import quiet_transformers

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

NO_LIMIT = 10**9
"""A tokenizer that knows no maximal length gives a number beyond this."""


def open_model(folder: Path, device: Device) -> PreTrainedModel:
    """Load the model of a folder, ready to be tuned: eval mode, **no parameter requires a gradient**.

    Raises:
        ModelError: the files are damaged, do not belong together, or need more memory than is free.
    """
    from safetensors import SafetensorError

    config = read_config(folder)
    cls = model_class(config)
    loaded: Any  # (model, report): transformers' types forget the report
    try:
        require_memory(folder, device)
        with quiet_transformers():
            loaded = cls.from_pretrained(
                folder,
                config=config,
                dtype=device.dtype,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        ImportError,
        SafetensorError,
    ) as error:
        raise unreadable(folder, error) from error
    model, report = loaded
    _require_all_weights(folder, report["missing_keys"])
    return frozen(model.to(device.name))


def _require_all_weights(folder: Path, missing: set[str]) -> None:
    """Refuse random weights where learned ones were expected; poolers are often left out and rarely used."""
    absent = sorted(name for name in missing if "pooler" not in name)
    if absent:
        raise ModelError(
            f"The model in '{folder}' lacks {len(absent)} of its weights, such as {absent[0]}; random numbers would "
            "stand in for them. Get its files again, or correct 'architectures' in config.json."
        )


def require_memory(folder: Path, device: Device) -> None:
    """Check that a model will fit into the memory that is free.

    Raises:
        ModelError: it will not.
    """
    needed = count_weights(folder) * device.dtype.itemsize
    if needed > (free := _free_memory(device)):
        place = "GPU memory" if device.name.startswith("cuda") else "memory"
        raise ModelError(
            f"The model in '{folder}' needs {megabytes(needed)} of {place}, {megabytes(free)} are free. "
            "Close other programs or pick a smaller model."
        )


def _free_memory(device: Device) -> int:
    if device.name.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return int(psutil.virtual_memory().available)


def count_weights(folder: Path) -> int:
    """Count the numbers in the weight files of a folder, reading their headers only.

    Raises:
        ValueError: a file is no safetensors file.
    """
    return sum(math.prod(shape) for path in weight_files(folder) for shape in _shapes_in(path))


def _shapes_in(path: Path) -> list[list[int]]:
    """Read the shapes by hand: opening the file with the library maps all of it, which may fail for want of memory."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError(f"{path.name} is no safetensors file; a Git LFS pointer, perhaps")
        header = json.loads(file.read(length))
    return [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]


def open_tokenizer(folder: Path, config: PreTrainedConfig) -> Any:
    """Load the tokenizer of a folder, able to pad and aware of the model's maximal length.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    from transformers import AutoTokenizer

    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        reason = (str(error).splitlines() or [""])[0][:160]
        raise ModelError(
            f"The model in '{folder}' has no tokenizer that can be read ({reason}). "
            "Put the tokenizer's files (tokenizer.json, tokenizer_config.json) into the folder."
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    longest = getattr(config, "max_position_embeddings", None)
    if longest and tokenizer.model_max_length > NO_LIMIT:
        tokenizer.model_max_length = longest
    return tokenizer


def empty_model(config: PreTrainedConfig) -> PreTrainedModel:
    """Build the model of a config on the meta device, which stores no numbers.

    Raises:
        ModelError: transformers cannot build it.
    """
    import torch

    cls = model_class(config)
    try:
        with torch.device("meta"), quiet_transformers():
            model = cls(config)
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError) as error:
        raise unreadable(Path(config.name_or_path or config.model_type), error) from error
    return frozen(model)


def frozen(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model in eval mode, **no parameter requiring a gradient**."""
    model.requires_grad_(False)
    model.eval()
    return model
