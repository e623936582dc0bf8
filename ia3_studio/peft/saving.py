"""How is an adapter written as PEFT lays it out: tensors, config and card?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file
from torch import Tensor

from ia3_studio.method.adapter import Adapter, write_studio_facts
from ia3_studio.method.peft import layout
from ia3_studio.method.peft.targets import name_of
from ia3_studio.peft.config import IA3Config, TaskType
from ia3_studio.peft.errors import StateError
from ia3_studio.peft.layer import IA3Layer
from ia3_studio.peft.modules_to_save import ModulesToSaveWrapper
from ia3_studio.peft.plan import Plan
from ia3_studio.peft.tuner import IA3Model

if TYPE_CHECKING:
    from ia3_studio.peft.model import PeftModel

CARD_FILE = "README.md"


def adapter_of(model: PeftModel, name: str) -> Adapter:
    """Return a copy of an adapter as data."""
    plan: Plan = model.base_model.plan(name)
    config = model.peft_config[name]
    layers = {path: module for path, module in model.base_model.root.named_modules() if isinstance(module, IA3Layer)}
    pieces = [layers[site.path].scale(name).detach().float().cpu()[site.positions] for site in plan.selection]
    base = config.base_model_name_or_path or name_of(model.get_base_model())
    heads = {
        f"{path}.{key}": tensor.detach().cpu().clone()
        for path, module in model.base_model.root.named_modules()
        if isinstance(module, ModulesToSaveWrapper) and name in module.modules_to_save
        for key, tensor in module.modules_to_save[name].state_dict().items()
    }
    metadata = {"task_type": TaskType(config.task_type).value} if config.task_type else {}
    selection = replace(plan.selection, base_model=base)
    return Adapter(selection, torch.cat(pieces), metadata, plan.targets, heads)


def write_adapter(
    model: PeftModel, folder: Path, name: str, tensors: Mapping[str, Tensor], safe_serialization: bool
) -> None:
    """Write an adapter's tensors and its config into a folder, and what PEFT's files cannot say."""
    folder.mkdir(parents=True, exist_ok=True)
    plan, config = model.base_model.plan(name), model.peft_config[name]
    plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    if safe_serialization:
        alone = {key: tensor.clone() for key, tensor in plain.items()}  # tied tensors share memory
        save_file(alone, folder / layout.VECTORS_FILE, metadata={"format": "pt"})
    else:
        torch.save(plain, folder / layout.PICKLE_FILE)
    targets = plan.targets
    base = config.base_model_name_or_path or name_of(model.get_base_model()) or None
    written = config.copied(
        base_model_name_or_path=base, inference_mode=True, target_modules=_listed(targets.target_modules),
        feedforward_modules=_listed(targets.feedforward_modules), fan_in_fan_out=targets.fan_in_fan_out,
        exclude_modules=_listed(targets.exclude_modules or None),
        modules_to_save=_saved_names(config, targets.modules_to_save),
    )  # fmt: skip
    kind = model._get_base_model_class()
    mapping = {"base_model_class": kind.__name__, "parent_library": kind.__module__}
    written.save_pretrained(folder, auto_mapping_dict=None if config.task_type else mapping)
    metadata = {"task_type": TaskType(config.task_type).value} if config.task_type else {}
    write_studio_facts(folder, plan.selection, metadata)


def write_for_trainer(model: PeftModel, folder: Path) -> None:
    """Write what is being trained under the names it has here: Trainer loads this file by name."""
    trained = {
        name: parameter.detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    save_file(trained, folder / "model.safetensors", metadata={"format": "pt"})


def write_card(model: PeftModel, folder: Path) -> None:
    """Write the card of an adapter's folder, or add to the one that is there what the Hub needs to know."""
    from huggingface_hub import ModelCard, ModelCardData

    path = folder / CARD_FILE
    card = ModelCard.load(path) if path.exists() else ModelCard(f"---\n{ModelCardData().to_yaml()}\n---\n")
    card.data["library_name"] = "peft"
    base = model.get_base_model()
    model_config = IA3Model.get_model_config(base)
    name = model_config.get("_name_or_path", name_of(base)) if hasattr(base, "config") else None
    tags = {*(getattr(base, "model_tags", None) or ()), "ia3"}
    if hasattr(base, "name_or_path"):
        tags |= {"transformers", f"base_model:adapter:{base.name_or_path}"}
        card.data["base_model"] = name
    card.data["tags"] = sorted(tags)
    if not card.data.get("pipeline_tag") and model.active_peft_config.task_type == TaskType.CAUSAL_LM:
        card.data["pipeline_tag"] = "text-generation"
    line = f"- PEFT {layout.PEFT_VERSION} format, written by IA3 Studio"
    if line not in card.text:
        heading = "### Framework versions"
        card.text = f"{card.text.rstrip()}\n" + ("" if heading in card.text else f"\n{heading}\n\n") + f"{line}\n"
    card.save(path)


def require_expressible(model: PeftModel, name: str) -> None:
    """Refuse to save an adapter that PEFT's files cannot describe.

    Raises:
        StateError: it says why, and what can be saved instead.
    """
    reason = model.base_model.plan(name).targets.inexpressible
    if reason:
        raise StateError(
            f"{reason} Save the adapter in the format of IA3 Studio with adapter({name!r}).save_native(folder), or "
            "merge it into the model and save that."
        )


def _saved_names(config: IA3Config, proven: tuple[str, ...]) -> list[str] | None:
    """Return the names of the whole modules as PEFT finds them: the config's, or proven ones where those mislead."""
    names = list(config.modules_to_save or ())
    return [*names, *(name for name in proven if name not in names)] or None


def _listed(entries: tuple[str, ...] | str | None) -> set[str] | str | None:
    return entries if isinstance(entries, str) or entries is None else set(entries)
