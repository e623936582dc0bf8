"""Which part does every module of a model play, and does the model's result depend on it?

The data flow is asked first, then what recurrent layers are known to keep, and names last.
"""

from __future__ import annotations

from torch import nn

from ia3_studio.method.deterministic import deterministic
from ia3_studio.method.experts import activation_width
from ia3_studio.method.inputs import MORE_TOKENS, TOKENS, example_inputs
from ia3_studio.method.layers import widths
from ia3_studio.method.naming import name_pairs
from ia3_studio.method.reachability import reached
from ia3_studio.method.recurrent import recurrent_roles
from ia3_studio.method.sites import in_block
from ia3_studio.method.tracing import DataFlow, trace


def trace_roles(model: nn.Module) -> tuple[DataFlow, str, set[str]]:
    """Return the flow, why there is none, and the paths of the modules that the model's result depends on."""
    reason = ""
    for tokens in (TOKENS, MORE_TOKENS):
        try:
            flow = trace(model, example_inputs(model, tokens))
        except Exception as error:  # a foreign forward may raise anything; the tree is still useful without roles
            cause = str(error).partition("\n")[0][:160]
            reason = reason or f"A forward pass over {tokens} tokens failed ({type(error).__name__}: {cause})."
        else:
            _add_roles(model, flow)
            return flow, "", _live(model, tokens)
    flow = DataFlow()
    name_pairs(model, flow)
    return flow, reason, set(_scalable(model))


def _add_roles(model: nn.Module, flow: DataFlow) -> None:
    """Add to the flow what recurrent layers, names and chains of convolutions tell."""
    recurrent = recurrent_roles(model, flow.convolved)
    flow.channels.update(recurrent.channels)
    flow.attended -= recurrent.outputs
    flow.activated |= recurrent.outputs
    name_pairs(model, flow)
    if not any(in_block(path) and path not in flow.followed for path in flow.activated):
        flow.followed.clear()  # a chain without a residual stream: every convolution is followed by an activation


def _live(model: nn.Module, tokens: int) -> set[str]:
    """Return the paths of the modules with sites that the model's result depends on; all if unknown."""
    modules = _scalable(model)
    try:
        with deterministic(model):
            return reached(model, example_inputs(model, tokens), modules)
    except Exception:  # a foreign forward may raise anything under autograd; then nothing is said against a module
        return set(modules)


def _scalable(model: nn.Module) -> dict[str, nn.Module]:
    return {
        path: module
        for path, module in model.named_modules()
        if widths(module) is not None or activation_width(model, path) is not None
    }
