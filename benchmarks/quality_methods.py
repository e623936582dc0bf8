"""What does each method of the quality benchmark train, and how is it saved?

(IA)³ with several selections, LoRA of rank 8 by PEFT (a peer for this benchmark, not a part of the project), the head
alone, all weights, and nothing. The task's new head, if it has one, is trained by every method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LORA_RANK = 8


@dataclass
class Tuned:
    """A model that was prepared for training."""

    parameters: list[Any]
    """Trainable parameters without the task's new head."""
    head: list[Any]
    """The new head's."""
    save: Callable[[Path], Any]
    factors: list[tuple[Any, Any]] = field(default_factory=list)
    """Parameters that move more or less than the learning rate says, with the factor of each entry."""
    settings: ExitStack = field(default_factory=ExitStack)
    """Settings of the model that hold as long as this does: a stack that nobody keeps ends them at once."""


@dataclass(frozen=True)
class Method:
    """One way to fine-tune a model."""

    label: str
    prepare: Callable[[Any, tuple[str, ...]], Tuned]
    """From the model and the paths of its new head to what is trained. **Changes the model.**"""
    start: Mapping[str, float]
    """Where the search for a learning rate starts: with a new head, and without one."""
    ridge_rate: float | None = None
    """Of a new head that starts from the ridge regression of the labels on the base model's features."""
    longer: int = 1
    """Times the steps of the others."""


def ia3(choice: str, factors: Mapping[str, float] | None = None) -> Callable[[Any, tuple[str, ...]], Tuned]:
    """Return the preparation of (IA)³ on a selection.

    Args:
        choice: in the selection language, such as "paper" or "key,value".
        factors: of the learning rate, by role; the others have 1.
    """

    def prepare(model: Any, heads: tuple[str, ...]) -> Tuned:
        import torch

        from ia3_studio.method import attach, discover
        from ia3_studio.method.heads import HeadedAttachment
        from ia3_studio.training.trainable_parameters import TrainableParameters

        model.requires_grad_(False)
        selection = discover(model).choose(choice)
        attachment = HeadedAttachment(model, selection, heads) if heads else attach(model, selection)
        settings = ExitStack()
        settings.enter_context(attachment.keeping_outputs())  # as in every training on a CPU
        trained = TrainableParameters(attachment)
        sizes = [torch.full((site.size,), (factors or {}).get(site.role, 1.0)) for site in selection]
        return Tuned(
            [trained.vectors],
            list(trained.heads),
            lambda folder: attachment.adapter().save(folder),
            [(trained.vectors, torch.cat(sizes))] if factors else [],
            settings,
        )

    return prepare


def lora(everywhere: bool) -> Callable[[Any, tuple[str, ...]], Tuned]:
    """Return the preparation of LoRA: on queries and values, as PEFT's default is, or on all linear layers."""

    def prepare(model: Any, heads: tuple[str, ...]) -> Tuned:
        import peft

        names = {path.rpartition(".")[2] for path, _module in model.named_modules()}
        default = ["query", "value"] if "query" in names else ["q_proj", "v_proj"]
        asked = peft.LoraConfig(
            task_type="SEQ_CLS" if heads else "CAUSAL_LM",
            r=LORA_RANK,
            lora_alpha=2 * LORA_RANK,
            target_modules="all-linear" if everywhere else default,
        )
        tuned = peft.get_peft_model(model, asked)
        named = {name: each for name, each in tuned.named_parameters() if each.requires_grad}
        own = [each for name, each in named.items() if "lora_" in name]
        return Tuned(own, [each for name, each in named.items() if "lora_" not in name], tuned.save_pretrained)

    return prepare


def weights(which: Callable[[str, tuple[str, ...]], bool]) -> Callable[[Any, tuple[str, ...]], Tuned]:
    """Return the preparation of training the weights that a rule on (name, paths of the head) picks."""

    def prepare(model: Any, heads: tuple[str, ...]) -> Tuned:
        named = {}
        for name, each in model.named_parameters():
            each.requires_grad_(which(name, heads))
            if each.requires_grad:
                named[name] = each
        own = [each for name, each in named.items() if not name.startswith(heads or "-")]
        head = [each for name, each in named.items() if name.startswith(heads or "-")]
        return Tuned(own, head, lambda folder: save_weights(named, folder))

    return prepare


def save_weights(named: Mapping[str, Any], folder: Path) -> None:
    """Write trained weights to a folder."""
    from safetensors.torch import save_file

    save_file({name: each.detach().clone() for name, each in named.items()}, folder / "weights.safetensors")


BOTH_SIDES = "key,value,feed-forward,other"
"""The paper's sites and what goes into the feed-forward's activation function."""
VECTORS = {"head": 0.03, "none": 0.03}
METHODS: dict[str, Method] = {
    "ia3": Method("(IA)³, paper", ia3("paper"), VECTORS),
    "ia3-both": Method("(IA)³, feed-forward both sides", ia3(BOTH_SIDES), VECTORS),
    "ia3-all": Method("(IA)³, all linear", ia3("all"), VECTORS),
    "ia3-roles": Method("(IA)³, all linear, attention × 3", ia3("all", {"key": 3, "value": 3, "query": 3}), VECTORS),
    "ia3-warm": Method("(IA)³, all linear, head from ridge", ia3("all"), VECTORS, ridge_rate=0.01),
    "ia3-long": Method("(IA)³, all linear, twice the steps", ia3("all"), VECTORS, longer=2),
    "lora": Method(f"LoRA r{LORA_RANK}", lora(everywhere=False), {"head": 3e-3, "none": 3e-3}),
    "lora-warm": Method(f"LoRA r{LORA_RANK}, head from ridge", lora(everywhere=False), {"head": 3e-3}, ridge_rate=0.01),
    "lora-all": Method(f"LoRA r{LORA_RANK}, all linear", lora(everywhere=True), {"head": 3e-3, "none": 1e-3}),
    "head": Method("head only", weights(lambda name, heads: name.startswith(heads)), {"head": 0.03}),
    "full": Method("full fine-tuning", weights(lambda _name, _heads: True), {"head": 3e-4, "none": 1e-4}),
    "none": Method("base model", weights(lambda _name, _heads: False), {"none": 0.0}),
}
"""The head alone is for models with a new head; what has none can be measured without any training."""
DEFAULT = ("ia3", "ia3-all", "lora", "head", "full", "none")


def fits(name: str, kind: str) -> bool:
    """Say whether a method exists for a kind of set."""
    method = METHODS[name]
    return start_key(kind) in method.start and (kind == "classes" or method.ridge_rate is None)


def start_key(kind: str) -> str:
    """Return which of a method's first learning rates a kind of set starts from."""
    return "head" if kind == "classes" else "none"
