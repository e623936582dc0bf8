"""How does a model folder become a model in memory, whole or as a skeleton?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError, StudioError
from ia3_studio.models.architecture import drop_kernels, model_class, read_config
from ia3_studio.models.described import describe
from ia3_studio.models.device import Device, local_processes
from ia3_studio.models.folders import weight_files
from ia3_studio.models.limits import ModelLimits
from ia3_studio.models.machine import machine_memory
from ia3_studio.models.no_progress_bars import quiet_transformers
from ia3_studio.models.opening import opening, reason_of
from ia3_studio.models.out_of_memory import is_out_of_memory
from ia3_studio.models.progress import megabytes
from ia3_studio.models.sharding import options_for, settle
from ia3_studio.models.sharding_plan import WHOLE, ShardingPlan
from ia3_studio.models.sizes import bounded_building
from ia3_studio.models.stored import FORMATS, read_header, unwrapping

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel

NO_LIMIT = 10**9
"""A tokenizer that knows no maximal length gives a number beyond this."""
VERY_LARGE = 10**30
"""What transformers gives then."""
TRIAL_TOKENS = 32
"""Tokens on which a float16 model is tried for values beyond its range."""
SPARE_WEIGHTS = 50_000_000
"""So many weights may a config claim beyond what the files hold: new heads, tables that are computed."""


def open_model(
    folder: Path, device: Device, config: PreTrainedConfig | None = None, plan: ShardingPlan = WHOLE
) -> PreTrainedModel:
    """Load the model of a folder, ready to be tuned: eval mode, **no parameter requires a gradient**.

    Args:
        folder: holds config.json and safetensors.
        device: where the model will be.
        config: read from the folder, where the caller has it already.
        plan: where the weights go, if not all to the device.

    Raises:
        ModelError: the files are damaged, do not belong together, or need more memory than is free.
    """
    chosen = config if config is not None else read_config(folder)
    drop_kernels(chosen)
    loaded: Any = from_folder(model_class(chosen), folder, chosen, device, plan)
    model, report = loaded
    _require_all_weights(folder, report["missing_keys"])
    return placed(model, device, plan, folder)


def placed(model: Any, device: Device, plan: ShardingPlan, folder: Path) -> PreTrainedModel:
    """Return a loaded model where it computes, frozen.

    Args:
        model: as :func:`from_folder` returns it.
        device: where it is to be.
        plan: where the weights go.
        folder: that it was loaded from.

    Raises:
        ModelError: the device has not enough memory.
    """
    with within_memory(folder, device, plan):
        model = frozen(model.to(device.name) if plan.kind == "whole" else model)
        settle(model, plan)
    return model  # type: ignore[no-any-return]


def overflows(model: PreTrainedModel) -> bool:
    """Say whether a model's result for a few tokens, or an image, is NaN or infinite in its number format."""
    import torch

    from ia3_studio.method.inputs import example_inputs

    inputs = example_inputs(model, TRIAL_TOKENS)
    for name, given in inputs.items():
        if isinstance(given, torch.Tensor) and given.is_floating_point():
            inputs[name] = given.to(model.dtype)
    if (ids := inputs.get("input_ids")) is not None:  # different ones: what repeats stays smaller
        words = int(model.config.get_text_config().vocab_size)
        inputs["input_ids"] = (torch.arange(ids.numel(), device=ids.device) % words).view_as(ids)
    with torch.inference_mode():
        result = model(**inputs)
    return not all(bool(value.isfinite().all()) for value in result.values() if isinstance(value, torch.Tensor))


def from_folder(
    cls: type[PreTrainedModel],
    folder: Path,
    config: PreTrainedConfig,
    device: Device,
    plan: ShardingPlan = WHOLE,
    *,
    keeps_heads: bool = False,
    **options: Any,
) -> Any:
    """Return (model, transformers' report) of a class and a folder.

    Args:
        cls: of the model.
        folder: holds config.json and safetensors.
        config: of the model.
        device: whose number format is used.
        plan: where the weights go.
        keeps_heads: whether every process has the modules outside of the base model whole.
        options: for transformers.

    Raises:
        ModelError: the files are damaged, claim more than they hold, or need more memory than is free.
    """
    with opening(folder), within_memory(folder, device, plan):
        if plan.kind in ("whole", "sharded"):
            require_memory(folder, device, plan)
        _require_claims(cls, folder, config)
        if plan.kind == "described":
            return describe(cls, folder, config, **options)
        mapping = unwrapping(folder)
        cls, placing = options_for(plan, cls, config, keeps_heads=keeps_heads)
        try:
            with quiet_transformers(), bounded_building(str(folder)):
                opened: Any = cls  # transformers' types know no options passed on
                model, report = opened.from_pretrained(
                    folder,
                    config=config,
                    dtype=device.dtype,
                    use_safetensors=True,
                    local_files_only=True,
                    output_loading_info=True,
                    **({"key_mapping": mapping} if mapping else {}),
                    **placing,
                    **options,
                )
                _forget_wrappers(model, mapping)
                return model, report
        except (ImportError, RuntimeError, ValueError) as error:
            if (said := getattr(config, "quantization_config", None)) is None or is_out_of_memory(error):
                raise
            method = said.get("quant_method") if isinstance(said, dict) else getattr(said, "quant_method", said)
            raise ModelError(
                f"The model in '{folder}' is quantized ({getattr(method, 'value', method)}), which cannot be "
                f"loaded on this machine ({reason_of(error)}); install the missing packages, or use the model "
                "without quantization."
            ) from error


def _forget_wrappers(model: Any, mapping: Mapping[str, str]) -> None:
    """Let a model be saved without the wrappers that its files have in their names. **Changes the model.**"""
    if mapping:
        used = getattr(model, "_weight_conversions", None) or []
        model._weight_conversions = [each for each in used if not set(each.source_patterns) & set(mapping)]


def _require_claims(cls: type[PreTrainedModel], folder: Path, config: PreTrainedConfig) -> None:
    """Reject a config that describes many more weights than the files contain, before memory is allocated."""
    if getattr(config, "quantization_config", None) is not None:  # its codes are fewer than the weights
        return
    claimed = sum(each.numel() for each in empty_model(config, cls).parameters())
    if claimed > 2 * (held := count_weights(folder)) + SPARE_WEIGHTS:
        raise ModelError(
            f"The config.json in '{folder}' describes {claimed:,} weights but the files contain {held:,}: "
            "they do not match; download both again."
        )


def _require_all_weights(folder: Path, missing: set[str]) -> None:
    """Reject missing weights; poolers are often missing and rarely used."""
    absent = sorted(name for name in missing if "pooler" not in name)
    if absent:
        raise ModelError(
            f"The model in '{folder}' lacks {len(absent)} of its weights, such as {absent[0]}; they would be "
            "randomly initialized. Download its files again, or correct 'architectures' in config.json."
        )


def require_memory(folder: Path, device: Device, plan: ShardingPlan = WHOLE) -> None:
    """Check that a model will fit into the memory that is free.

    Args:
        folder: of the model.
        device: where it will be.
        plan: where the weights go.

    Raises:
        ModelError: it will not.
    """
    needed, free = _needed(folder, device, plan), machine_memory(device).free
    if needed > free:
        found = f"needs {megabytes(needed)} of {_place(device)}, {megabytes(free)} are free"
        raise ModelError(f"The model in '{folder}' {found}. {_way_out(device, plan)}")


@contextmanager
def within_memory(folder: Path, device: Device, plan: ShardingPlan) -> Iterator[None]:
    """Say what was needed and what was free, where memory runs out inside this block.

    Args:
        folder: of the model that is loaded in the block.
        device: where it will be.
        plan: where the weights go.

    Raises:
        ModelError: memory ran out.
    """
    free = machine_memory(device).free
    try:
        yield
    except StudioError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        said = (
            f"{megabytes(_needed(folder, device, plan))} of {_place(device)} for its weights, and more while it was "
            f"loaded; {megabytes(free)} were free, and ran out"
        )
        raise ModelError(f"The model in '{folder}' needed {said}. {_way_out(device, plan)}") from error


def _needed(folder: Path, device: Device, plan: ShardingPlan) -> int:
    """Return the bytes of weights in one memory: that of a GPU, or that which the processes of this machine share."""
    together = local_processes() if plan.kind == "sharded" and not device.name.startswith("cuda") else 1
    return count_weights(folder) * device.dtype.itemsize * together // plan.count


def _place(device: Device) -> str:
    return "GPU memory" if device.name.startswith("cuda") else "memory"


def _way_out(device: Device, plan: ShardingPlan) -> str:
    """Return what helps where a model is too large for the memory that it is to be loaded into."""
    smaller = "Close other programs, use a smaller or a quantized model"
    if plan.kind == "offload":
        return f"{smaller}, or free some room for its files."
    slow = "set sharding to 'offload'" + (" with one process" if plan.kind == "sharded" else "")
    if plan.kind == "sharded":
        more = "more GPUs with a process each" if device.name.startswith("cuda") else "processes on more machines"
        smaller += f", {more}"
    elif device.name.startswith("cuda"):
        smaller += ", divide it over several GPUs with sharding 'full'"
    return f"{smaller}, or {slow} for a slow run with less memory."


def count_weights(folder: Path) -> int:
    """Count the weights in the files of a folder, reading only headers.

    Raises:
        ValueError: a file is no safetensors file.
    """
    return sum(weights_by_format(folder).values())


_FLOATS = ("F64", "F32", "F16", "BF16")


def stored_format(folder: Path) -> str:
    """Return the number format of most weights in a folder's files, as torch names it; empty where none is of floats.

    Raises:
        ModelError: a file is no safetensors file.
    """
    with opening(folder):
        weights = weights_by_format(folder)
    named: Counter[str] = Counter()
    for dtype, count in weights.items():
        named[FORMATS[dtype] if dtype in _FLOATS else ""] += count
    return named.most_common(1)[0][0] if named else ""


def weights_by_format(folder: Path) -> dict[str, int]:
    """Count the weights in the files of a folder by their format, as safetensors names it; only headers are read.

    Raises:
        ValueError: a file is no safetensors file.
    """
    weights: Counter[str] = Counter()
    for path in weight_files(folder):
        for dtype, shape in _header(path).values():
            weights[dtype] += math.prod(shape)
    return dict(weights)


def _header(path: Path) -> dict[str, tuple[str, list[int]]]:
    """Return (format, shape) of each tensor by its name."""
    return {name: (each["dtype"], each["shape"]) for name, each in read_header(path)[0].items()}


def open_tokenizer(folder: Path, limits: ModelLimits) -> Any:
    """Load the tokenizer of a folder, aware of the model's maximal length.

    Args:
        folder: a model's folder.
        limits: the model's.

    Raises:
        ModelError: it does not exist, or is damaged.
    """
    from transformers import AutoTokenizer

    def no_tokenizer(_place: Path, error: BaseException) -> ModelError:
        return ModelError(
            f"The model in '{folder}' has no readable tokenizer ({reason_of(error)}). Put the tokenizer's "
            "files (tokenizer.json, tokenizer_config.json) into the folder."
        )

    with opening(folder, no_tokenizer):
        with quiet_transformers():
            tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        if not isinstance(tokenizer.chat_template, str | dict | None):
            raise TypeError(f"its chat template is a {type(tokenizer.chat_template).__name__}")
        tokenizer("a")  # a tokenizer of damaged files can be opened and then fail at the first text
        said = tokenizer.model_max_length
        known = int(said) if isinstance(said, int | float) and 0 < said < NO_LIMIT else NO_LIMIT
        longest = min(known, limits.row or NO_LIMIT)
        tokenizer.model_max_length = longest if longest < NO_LIMIT else VERY_LARGE
    return tokenizer


def empty_model(config: PreTrainedConfig, cls: type[PreTrainedModel] | None = None) -> PreTrainedModel:
    """Build the model of a config on the meta device, without weights.

    Args:
        config: read by :func:`~ia3_studio.models.architecture.read_config`.
        cls: another class than the one the config was saved with.

    Raises:
        ModelError: transformers cannot build it.
    """
    import torch

    drop_kernels(config)
    place = str(config.name_or_path or config.model_type)
    with opening(Path(place)), torch.device("meta"), quiet_transformers(), bounded_building(place):
        return frozen((cls or model_class(config))(config))


def frozen(model: PreTrainedModel) -> PreTrainedModel:
    """Return the model in eval mode, **no parameter requiring a gradient**."""
    model.requires_grad_(False)
    model.eval()
    return model
