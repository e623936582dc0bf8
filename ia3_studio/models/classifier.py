"""How does a base model become a classifier? The same weights below, and a head for the labels on top."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ia3_studio.errors import ModelError
from ia3_studio.models.architecture import drop_kernels, is_encoder, read_config
from ia3_studio.models.described import device_of_descriptions
from ia3_studio.models.device import Device, choose_device, in_float32
from ia3_studio.models.fetch import prepare
from ia3_studio.models.limits import limits_of
from ia3_studio.models.loaded import LoadedModel, ModelHead
from ia3_studio.models.no_progress_bars import quiet_transformers
from ia3_studio.models.opening import opening, reason_of
from ia3_studio.models.progress import ProgressCallback, ignore_progress
from ia3_studio.models.sharding_plan import WHOLE, ShardingPlan
from ia3_studio.models.sources import base_model_name, parse_source
from ia3_studio.models.special_tokens import settle_padding
from ia3_studio.models.weights import empty_model, from_folder, open_tokenizer, placed, stored_format

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel

Kind = Literal["single", "multi", "number"]
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
    head: ModelHead = "classification",
    seed: int = 0,
    progress: ProgressCallback | None = None,
    plan: ShardingPlan = WHOLE,
) -> LoadedModel:
    """Load a model with a head for labels, fetching it first if need be.

    An existing head for the same labels is kept; any other is randomly initialized, the same
    for a seed.

    Args:
        source: a starter's name, a Hub id or a folder.
        names: of the labels, in the order of the head's outputs.
        kind: whether a text has one of them, several, or is given a number.
        head: "classification" of texts, "token-classification" or "image-classification".
        seed: for the initialization of a new head.
        progress: called with the share done (or None) and what is being done.
        plan: where the weights go, if not all to one device; every process has the head whole; with a described one,
            the weights are not read.

    Raises:
        ModelError: the model cannot be found or read, or transformers has no classifier of its type.

    Example:
        >>> load_classifier("all-MiniLM-L6-v2", ["no", "yes"]).modules_to_save      # doctest: +SKIP
        ('classifier',)
    """
    say, asked = progress or ignore_progress, parse_source(source)
    folder = prepare(source, say)
    say(None, f"Loading {asked.value} into memory")
    chosen = device_of_descriptions() if plan.kind == "described" else choose_device()
    device = in_float32(chosen, "a head is trained in full, which float16 is too coarse for")
    config = read_config(folder)
    notes = drop_kernels(config)
    cls = classifier_class(config, head)
    reader: Any
    if head == "image-classification":
        reader = open_processor(folder)
    else:
        limits = limits_of(empty_model(config, cls))
        reader = open_tokenizer(folder, limits)
        notes += settle_padding(reader, limits)
    same = config.id2label == dict(enumerate(names))
    _name_labels(config, names, kind)
    if head != "image-classification":
        _agree_on_padding(reader, config)
    opened, fresh = _open(cls, folder, config, device, seed, plan, keeps_head=same)
    model = placed(opened, device, plan, folder)
    return LoadedModel(
        model=model,
        tokenizer=reader,
        head=head,
        source=asked.value,
        base_model=base_model_name(asked),
        device_reason=device.reason,
        modules_to_save=heads_of(model, fresh),
        notes=notes,
        stored=stored_format(folder),
    )


def open_processor(folder: Path) -> Any:
    """Return the image processor of a model.

    Raises:
        ModelError: the folder does not say how.
    """
    from transformers import AutoImageProcessor

    def no_processor(_place: Path, error: BaseException) -> ModelError:
        return ModelError(
            f"The model in '{folder}' has no image processor config ({reason_of(error)}); put its "
            "preprocessor_config.json into the folder."
        )

    with opening(folder, no_processor), quiet_transformers():
        return AutoImageProcessor.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def classifier_class(config: PreTrainedConfig, head: ModelHead = "classification") -> type[PreTrainedModel]:
    """Return the model class for text, token or image classification with this config.

    Raises:
        ModelError: transformers has none.
    """
    from transformers.models.auto import modeling_auto as auto

    tables: dict[str, Any] = {
        "classification": auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
        "token-classification": auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING,
        "image-classification": auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING,
    }
    try:
        found: type[PreTrainedModel] = tables[head][type(config)]
    except KeyError as error:
        what = {"token-classification": "classify tokens", "image-classification": "classify images"}
        raise ModelError(
            f"transformers has no class to {what.get(head, 'classify texts')} with a model of the type "
            f"'{config.model_type}'; use a BERT or another model that has one."
        ) from error
    return found


def heads_of(model: nn.Module, fresh: frozenset[str]) -> tuple[str, ...]:
    """Return the paths of fully trained modules: those outside the base model, and newly initialized ones.

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


def _agree_on_padding(tokenizer: Any, config: PreTrainedConfig) -> None:
    """Let tokenizer and config name one padding token. **Changes one of them.**

    Decoders find a text's last token by it, so it is the tokenizer's there. RoBERTa and its kin count positions from
    it: another number would move every token of a text, so the config's stays.
    """
    named = config.pad_token_id
    token = tokenizer.convert_ids_to_tokens(named) if isinstance(named, int) and 0 <= named < len(tokenizer) else None
    if token is not None and is_encoder(config):
        tokenizer.pad_token = token
    else:
        config.pad_token_id = tokenizer.pad_token_id


def _name_labels(config: PreTrainedConfig, names: Sequence[str], kind: Kind) -> None:
    """Write the labels into a config."""
    config.id2label = dict(enumerate(names))  # sets num_labels too
    config.label2id = {name: place for place, name in enumerate(names)}
    config.problem_type = PROBLEMS[kind]


def _open(
    cls: type[PreTrainedModel], folder: Path, config: PreTrainedConfig, device: Device, seed: int, plan: ShardingPlan,
    *, keeps_head: bool,
) -> tuple[PreTrainedModel, frozenset[str]]:  # fmt: skip
    """Load the existing weights and initialize the others; return the model and the names of new weights."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model, report = from_folder(cls, folder, config, device, plan, keeps_heads=True, ignore_mismatched_sizes=True)
    fresh = frozenset(report["missing_keys"]) | {name for name, *_shapes in report["mismatched_keys"]}
    base = str(cls.base_model_prefix)
    absent = sorted(name for name in fresh if name.startswith(f"{base}.") and "pooler" not in name)
    if absent:
        raise ModelError(
            f"The model in '{folder}' lacks {len(absent)} of its weights, such as {absent[0]}; they would be "
            "randomly initialized. Download its files again."
        )
    if not keeps_head:
        fresh |= _drawn_again(model, base, seed)
    return model, fresh


def _drawn_again(model: Any, base: str, seed: int) -> frozenset[str]:
    """Reinitialize the head, even for equally many labels; return its parameters' names. **Changes the model.**"""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for path, module in model.named_modules():
            if path and path != base and not path.startswith(f"{base}.") and not list(module.children()):
                for parameter in module.parameters():
                    parameter._is_hf_initialized = False  # transformers leaves loaded numbers alone
                model._init_weights(module)
    return frozenset(name for name, _parameter in model.named_parameters() if not name.startswith(f"{base}."))
