"""How does a base model become a classifier? The same weights below, and a head for the labels on top."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ia3_studio.errors import ModelError
from ia3_studio.models.architecture import read_config, unreadable
from ia3_studio.models.device import choose_device
from ia3_studio.models.fetch import prepare
from ia3_studio.models.loaded import LoadedModel, Task
from ia3_studio.models.progress import Progress, unheard
from ia3_studio.models.quiet import quiet_transformers
from ia3_studio.models.sources import base_model_name, parse_source
from ia3_studio.models.weights import frozen, open_tokenizer, require_memory

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel

Kind = Literal["single", "multi", "number"]
Sorted = Literal["texts", "words", "images"]
TASKS: dict[Sorted, Task] = {
    "texts": "classification", "words": "token-classification", "images": "image-classification",
}  # fmt: skip
PROBLEMS: dict[Kind, Literal["regression", "single_label_classification", "multi_label_classification"]] = {
    "single": "single_label_classification",
    "multi": "multi_label_classification",
    "number": "regression",
}
"""transformers' word for each kind of labels."""


def load_classifier(
    source: str,
    names: Sequence[str],
    kind: Kind = "single",
    *,
    of: Sorted = "texts",
    seed: int = 0,
    progress: Progress | None = None,
) -> LoadedModel:
    """Load a model with a head for labels, fetching it first if need be.

    A head that the model already has for the very same labels is kept; any other starts from random numbers, the same
    for a seed.

    Args:
        source: a starter's name, a hub id or a folder.
        names: of the labels, in the order of the head's outputs.
        kind: whether a text has one of them, several, or is given a number.
        of: what has a label: each text, each word of one, or each picture.
        seed: of a new head's numbers.
        progress: told the share done (or None) and what is being done.

    Raises:
        ModelError: the model cannot be found or read, or transformers has no classifier of its type.

    Example:
        >>> load_classifier("all-MiniLM-L6-v2", ["no", "yes"]).heads                # doctest: +SKIP
        ('classifier',)
    """
    say, asked = progress or unheard, parse_source(source)
    folder = prepare(source, say)
    say(None, f"Loading {asked.value} into memory")
    device = choose_device()
    config = read_config(folder)
    cls = classifier_class(config, of)
    reader = open_processor(folder) if of == "images" else open_tokenizer(folder, config)
    same = config.id2label == dict(enumerate(names))
    _name_labels(config, names, kind)
    if of != "images":
        config.pad_token_id = _padding(config, reader)
    require_memory(folder, device)
    opened, fresh = _open(cls, folder, config, device.dtype, seed, keeps_head=same)
    model: Any = opened  # torch's own types of .to() forget the class
    return LoadedModel(
        model=frozen(model.to(device.name)),
        tokenizer=reader,
        task=TASKS[of],
        source=asked.value,
        base_model=base_model_name(asked),
        device_reason=device.reason,
        heads=heads_of(model, fresh),
    )


def open_processor(folder: Path) -> Any:
    """Return what turns pictures into a model's numbers.

    Raises:
        ModelError: the folder does not say how.
    """
    from transformers import AutoImageProcessor

    try:
        with quiet_transformers():
            return AutoImageProcessor.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise ModelError(
            f"The model in '{folder}' does not say how pictures are scaled for it; put its preprocessor_config.json"
            " into the folder."
        ) from error


def classifier_class(config: PreTrainedConfig, of: Sorted = "texts") -> type[PreTrainedModel]:
    """Return the class that sorts texts, words or pictures with a model of this config.

    Raises:
        ModelError: transformers has none.
    """
    from transformers.models.auto import modeling_auto as auto

    tables: dict[Sorted, Any] = {
        "texts": auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
        "words": auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING,
        "images": auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING,
    }
    table = tables[of]
    try:
        found: type[PreTrainedModel] = table[type(config)]
    except KeyError as error:
        what = {"texts": "sort texts", "words": "label words", "images": "sort pictures"}[of]
        raise ModelError(
            f"transformers has no class to {what} with a model of the type '{config.model_type}'; pick a BERT or"
            " another model that has one."
        ) from error
    return found


def heads_of(model: nn.Module, fresh: frozenset[str]) -> tuple[str, ...]:
    """Return the paths of what is trained whole: modules beside the base model, and those with new numbers alone.

    Args:
        fresh: names of the parameters that are no part of the checkpoint.
    """
    base = str(getattr(model, "base_model_prefix", ""))
    found: list[str] = []
    for path, module in model.named_modules():
        names = [f"{path}.{name}" for name, _parameter in module.named_parameters()]
        beside = path and path != base and not path.startswith(f"{base}.")
        new = bool(path) and all(name in fresh for name in names)
        if names and (beside or new) and not any(path.startswith(f"{other}.") for other in found):
            found.append(path)
    return tuple(found)


def _padding(config: PreTrainedConfig, tokenizer: Any) -> int:
    """Return the token that pads a batch; decoders find a text's last token by it.

    The model's own comes first: RoBERTa counts its positions from it, whatever the tokenizer pads with.
    """
    own, theirs = getattr(config, "pad_token_id", None), tokenizer.pad_token_id
    if isinstance(own, int) and own >= 0:
        return own
    return int(theirs) if theirs is not None else 0


def _name_labels(config: PreTrainedConfig, names: Sequence[str], kind: Kind) -> None:
    """Write the labels into a config."""
    config.id2label = dict(enumerate(names))  # sets num_labels too
    config.label2id = {name: place for place, name in enumerate(names)}
    config.problem_type = PROBLEMS[kind]


def _open(
    cls: type[PreTrainedModel], folder: Path, config: PreTrainedConfig, dtype: Any, seed: int, keeps_head: bool
) -> tuple[PreTrainedModel, frozenset[str]]:
    """Load the weights there are, draw the others; return the model and the names of those drawn."""
    import torch
    from safetensors import SafetensorError

    loaded: Any  # (model, report): transformers' types forget the report
    try:
        with torch.random.fork_rng(), quiet_transformers():
            torch.manual_seed(seed)
            loaded = cls.from_pretrained(
                folder,
                config=config,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise unreadable(folder, error) from error
    model, report = loaded
    fresh = frozenset(report["missing_keys"]) | {name for name, *_shapes in report["mismatched_keys"]}
    base = str(cls.base_model_prefix)
    absent = sorted(name for name in fresh if name.startswith(f"{base}.") and "pooler" not in name)
    if absent:
        raise ModelError(
            f"The model in '{folder}' lacks {len(absent)} of its weights, such as {absent[0]}; random numbers would "
            "stand in for them. Get its files again."
        )
    if not keeps_head:
        fresh |= _drawn_again(model, base, seed)
    return model, fresh


def _drawn_again(model: Any, base: str, seed: int) -> frozenset[str]:
    """Draw the head of other labels anew, even of as many; return its parameters' names. **Changes the model.**"""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for path, module in model.named_modules():
            if path and path != base and not path.startswith(f"{base}.") and not list(module.children()):
                for parameter in module.parameters():
                    parameter._is_hf_initialized = False  # transformers leaves loaded numbers alone
                model._init_weights(module)
    return frozenset(name for name, _parameter in model.named_parameters() if not name.startswith(f"{base}."))
