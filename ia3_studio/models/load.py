"""How does one get a model, whatever it is called?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.models import hub
from ia3_studio.models.architecture import drop_kernels, head_of, model_class, read_config
from ia3_studio.models.described import device_of_descriptions
from ia3_studio.models.device import choose_device, in_float32
from ia3_studio.models.fetch import prepare, ready_folder
from ia3_studio.models.folders import require_model
from ia3_studio.models.gguf import read_gguf_config, require_gguf
from ia3_studio.models.limits import limits_of
from ia3_studio.models.loaded import LoadedModel, ModelHead, Skeleton
from ia3_studio.models.progress import ProgressCallback, ignore_progress
from ia3_studio.models.sharding_plan import WHOLE, ShardingPlan
from ia3_studio.models.sources import Source, base_model_name, find_starter, parse_source
from ia3_studio.models.special_tokens import settle_decoder, settle_padding
from ia3_studio.models.weights import empty_model, open_model, open_tokenizer, overflows, stored_format

if TYPE_CHECKING:
    from transformers import PreTrainedConfig


def load_model(source: str, *, progress: ProgressCallback | None = None, plan: ShardingPlan = WHOLE) -> LoadedModel:
    """Load a model with its tokenizer, fetching it first if need be.

    Args:
        source: a starter's name, a Hub id, a folder or a GGUF file.
        progress: called with the share done (or None) and what is being done.
        plan: where the weights go, if not all to one device; with a sharded one, all processes must load the model;
            with a described one, the weights are not read.

    Raises:
        ModelError: the model cannot be found, fetched or read; the message says what to do.

    Example:
        >>> load_model("SmolLM2-135M-Instruct").head  # doctest: +SKIP
        'causal-lm'
    """
    import torch

    say, asked = progress or ignore_progress, parse_source(source)
    folder = prepare(source, say)
    say(None, f"Loading {asked.value} into memory")
    device = device_of_descriptions() if plan.kind == "described" else choose_device()
    config = read_config(folder)
    notes = drop_kernels(config)
    model = open_model(folder, device, config, plan)
    if device.dtype is torch.float16 and overflows(model):
        device = in_float32(device, "its activations exceed the range of float16")
        model = open_model(folder, device, config, plan)
    head, limits = head_of(type(model), model.config), limits_of(model)
    is_textless = head == "other" and not any(folder.glob("tokenizer*"))
    tokenizer = None if is_textless else open_tokenizer(folder, limits)
    if tokenizer is not None:
        notes += settle_padding(tokenizer, limits)
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        head=head,
        source=asked.value,
        base_model=base_model_name(asked),
        device_reason=device.reason,
        notes=notes + settle_decoder(model, tokenizer),
        stored=stored_format(folder),
    )


def head_of_source(source: str, *, progress: ProgressCallback | None = None) -> ModelHead:
    """Return the head of a model, fetching it first if need be; its weights are not read.

    Raises:
        ModelError: the model cannot be found, fetched or read.
    """
    config = read_config(prepare(source, progress or ignore_progress))
    return head_of(model_class(config), config)


def load_skeleton(source: str, *, progress: ProgressCallback | None = None) -> Skeleton:
    """Build a model without weights, to look at its layers; a starter or a local model needs no network.

    Args:
        source: a starter's name, a Hub id (of which only config.json is downloaded), a folder or a GGUF file.
        progress: called with what is being done.

    Raises:
        ModelError: the model cannot be found, or transformers does not know its type.
    """
    say, asked = progress or ignore_progress, parse_source(source)
    say(None, f"Reading the config of {asked.value}")
    model = empty_model(_config_of(asked))
    return Skeleton(model, head_of(type(model), model.config), asked.value, base_model_name(asked))


def _config_of(source: Source) -> PreTrainedConfig:
    if source.kind == "starter":
        return _config_of_starter(source.value)
    if folder := ready_folder(source):
        return read_config(folder)
    path = Path(source.value)
    if source.kind == "hub":
        return read_config(hub.download_config(source.value))
    if source.kind == "gguf":
        require_gguf(path)
        return read_gguf_config(path)
    require_model(path)
    return read_config(path)


def _config_of_starter(name: str) -> PreTrainedConfig:
    from transformers import AutoConfig

    return AutoConfig.for_model(**find_starter(name).config)
