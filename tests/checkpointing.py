"""Activation checkpointing, by the name that the installed transformers has for it."""

from __future__ import annotations

from typing import Any


def checkpoint_activations(model: Any, *, reentrant: bool) -> None:
    """Let a model compute its activations again in the backward pass, **in place**."""
    new = hasattr(model, "activation_checkpointing_enable")  # gradient_checkpointing_enable before transformers 5.23
    enable = model.activation_checkpointing_enable if new else model.gradient_checkpointing_enable
    enable({"use_reentrant": reentrant})
