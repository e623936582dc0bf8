"""How is a model loaded that no device holds whole? By FSDP2 over several processes, or by accelerate in one.

FSDP2 (torch's ``fully_shard``) keeps a part of every parameter in each process. transformers reads only that part
from the files. A layer is gathered before it is computed and freed afterwards; embeddings, last normalization and head
form one more group, which stays gathered from a forward pass to the end of its backward pass.

Gathering needs all processes: **each of them must run the same number of passes in the same order**.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError
from ia3_studio.models.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel

    from ia3_studio.models.sharding_plan import ShardingPlan

TRIAL_TOKENS = 8


def is_sharded(model: Any) -> bool:
    """Say whether several processes have parts of a model's weights."""
    fsdp = sys.modules.get("torch.distributed.fsdp")  # whoever has divided weights has loaded it
    return fsdp is not None and isinstance(model, fsdp.FSDPModule)


def is_offloaded(model: Any) -> bool:
    """Say whether weights of a model wait elsewhere until they are computed with."""
    places = {str(place) for place in (getattr(model, "hf_device_map", None) or {}).values()}
    return "disk" in places or ("cpu" in places and len(places) > 1)


def is_disconnection(error: BaseException) -> bool:
    """Say whether a collective operation failed because of another process; torch has no narrower error for gloo."""
    from torch import distributed

    if isinstance(error, distributed.DistError):
        return True
    return isinstance(error, RuntimeError) and any(name in str(error) for name in ("gloo", "NCCL"))


def raise_if_alone(model: Any, error: Exception) -> None:
    """Raise an error of a trial again that only this process may have had, where it shares the weights of a model.

    The others are inside the pass, or have passed it: this process cannot go on as if the model could not do it.
    """
    if is_sharded(model) and (is_out_of_memory(error) or is_disconnection(error)):
        raise error


def gather_root(model: Any) -> None:
    """Gather what stands outside of the layers, where a caller uses it outside of a forward pass, such as the head.

    A model that is not sharded is left alone. It is freed after the next backward pass.
    """
    if is_sharded(model):
        model.unshard()


def layers_of(model: nn.Module) -> list[nn.Module]:
    """Return the layers of a model: the members of its outermost lists of modules.

    Raises:
        ModelError: it has no such list.
    """
    from torch.nn import ModuleList

    lists = [(path, module) for path, module in model.named_modules() if isinstance(module, ModuleList) and len(module)]
    outermost = [each for path, each in lists if not any(path.startswith(f"{other}.") for other, _list in lists)]
    found = [layer for each in outermost for layer in each if any(True for _parameter in layer.parameters())]
    if not found:
        kind = getattr(getattr(model, "config", None), "model_type", type(model).__name__)
        raise ModelError(
            f"No list of layers was found in a model of the type '{kind}', so its weights cannot be divided; set "
            "sharding to 'none', or use another model."
        )
    return found


def options_for(
    plan: ShardingPlan, cls: type[PreTrainedModel], config: PreTrainedConfig, *, keeps_heads: bool = False
) -> tuple[type[PreTrainedModel], dict[str, Any]]:
    """Return the class and the options of ``from_pretrained`` by which a model is loaded as planned.

    Args:
        plan: where the weights go.
        cls: the model's class.
        config: the model's.
        keeps_heads: whether every process has the modules outside of the base model whole, as they are trained.

    Raises:
        ModelError: this model cannot be loaded so.
    """
    if plan.kind == "whole":
        return cls, {}
    if getattr(config, "quantization_config", None) is not None:
        raise ModelError(
            "The weights of a quantized model cannot be divided; set sharding to 'none', or use the model without "
            "quantization."
        )
    if plan.kind == "sharded":
        return _sharding(cls, keeps_heads), {"distributed_config": _distributed_config(plan.count)}
    budgets = {int(name) if name.isdecimal() else name: size for name, size in plan.budgets.items()}
    return cls, {"device_map": "auto", "max_memory": budgets}


def settle(model: Any, plan: ShardingPlan) -> None:
    """Make a loaded model ready for its passes. **Changes the model.**"""
    if plan.kind == "sharded":
        model.config.distributed_config = None  # it speaks of this load, not of the model
    if is_offloaded(model):
        _recompute_layers(model)


def local_bytes(model: nn.Module) -> int:
    """Return the bytes of the parameters that this process has while nothing is gathered."""
    return sum(_local(each).numel() * each.element_size() for each in model.parameters())


def _local(parameter: Any) -> torch.Tensor:
    return parameter.to_local() if hasattr(parameter, "to_local") else parameter  # type: ignore[no-any-return]


def _distributed_config(count: int) -> Any:
    try:
        from transformers.distributed.configuration_utils import DistributedConfig
    except ImportError as error:
        raise ModelError(
            "Dividing weights needs a newer version of transformers; install transformers>=5.23."
        ) from error
    return DistributedConfig(fsdp_size=count)


def _sharding(cls: Any, keeps_heads: bool) -> type[PreTrainedModel]:
    """Return the class with our choice of what is gathered together, which transformers asks before it reads weights.

    Its own choice makes the head a group of its own, which a loss in parts would gather for each part.
    """
    if not hasattr(cls, "maybe_distribute_model"):
        raise ModelError("Dividing weights needs a newer version of transformers; install transformers>=5.23.")
    members = {"__module__": cls.__module__, "maybe_distribute_model": classmethod(partial(_shard, keeps_heads))}
    return type(cls.__name__, (cls,), members)


def _shard(keeps_heads: bool, _cls: Any, model: Any, _config: Any, mesh: Any) -> Any:
    """Divide the parameters of an empty model."""
    from torch.distributed.fsdp import fully_shard

    ignored = set(_head_parameters(model)) if keeps_heads else set()
    group = mesh.get_mesh("fsdp")
    for layer in layers_of(model):
        fully_shard(layer, mesh=group, ignored_params=ignored)
    return fully_shard(model, mesh=group, ignored_params=ignored)


def _head_parameters(model: Any) -> list[nn.Parameter]:
    """Return the parameters outside of the base model, and those of a pooler, which a file may lack."""
    base = f"{model.base_model_prefix}."
    return [each for name, each in model.named_parameters() if not name.startswith(base) or "pooler" in name]


def try_shared(model: Any) -> None:
    """Run a few tokens: a model whose layers are not called as modules finds their weights divided.

    All processes that share the weights have to do it.

    Raises:
        ModelError: it does not compute with divided weights.
    """
    import torch

    from ia3_studio.method.inputs import example_inputs

    try:
        with torch.no_grad():
            model(**example_inputs(model, TRIAL_TOKENS))
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        if is_out_of_memory(error) or is_disconnection(error):  # not the model's
            raise
        raise ModelError(
            f"A model of the type '{model.config.model_type}' does not compute with divided weights "
            f"({str(error).splitlines()[0][:160]}); set sharding to 'none' or 'offload'."
        ) from error

    model.reshard()


def _recompute_layers(model: Any) -> None:
    """Compute each layer again in the backward pass, which would else hold on to all weights that have come."""
    from torch.utils.checkpoint import checkpoint

    for layer in layers_of(model):
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
