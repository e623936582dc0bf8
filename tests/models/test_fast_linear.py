"""The fast products of linear layers: the same function, only where it holds, and the log says why not."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ia3_studio.method import attach, discover
from ia3_studio.method.inputs import example_inputs
from ia3_studio.models import few_rows
from ia3_studio.models.fast_inference import HALF_NAME, NAME, disable_fast_inference, enable_fast_inference
from ia3_studio.models.fast_linear import Stack
from ia3_studio.models.half_weights import HalfWeight, half_kernel
from ia3_studio.models.machine import MachineMemory
from ia3_studio.models.memory import ModelMemory
from tests.families import tiny_model
from tests.logged import logged
from tests.method.test_scaling import randomized
from tests.tiny_chat import save_tiny_chat


@pytest.fixture(autouse=True)
def _faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny weights do not show which kernel is faster; what is tested here is that they compute the same."""
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)


needs_fbgemm = pytest.mark.skipif(half_kernel() is None, reason="this build of PyTorch has no FBGEMM")


def logits_of(model: Any) -> torch.Tensor:
    result = model(**example_inputs(model, tokens=7))
    return getattr(result, "logits", result[0])  # type: ignore[no-any-return]


def rounded_to(model: Any, dtype: torch.dtype) -> Any:
    """Return the model with weights as a file in this format holds them."""
    return model.to(dtype).float()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("family", ["llama", "t5", "bert", "roberta", "opt", "gpt_neox", "gpt2", "mixtral"])
def test_fast_layers_compute_what_the_layers_did_with_hooks_on_them(
    family: str, dtype: torch.dtype, capsys: pytest.CaptureFixture[str]
) -> None:
    model = rounded_to(tiny_model(family), dtype)
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    with torch.no_grad():
        before = logits_of(model)
    attachment.detach()
    assert enable_fast_inference(model)[0].is_on
    assert "Traceback" not in capsys.readouterr().err
    attachment = attach(model, attachment.selection)
    randomized(attachment)
    with torch.no_grad():
        torch.testing.assert_close(logits_of(model), before, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(logits_of(model), before, atol=1e-5, rtol=1e-5)
    with torch.enable_grad():
        logits_of(model).sum().backward()
    assert attachment.parameter.grad is not None and bool(attachment.parameter.grad.any())
    attachment.detach()
    disable_fast_inference(model)
    assert not any("forward" in vars(module) for module in model.modules())


def test_keys_and_values_are_multiplied_with_the_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("llama")
    made: list[int] = []
    kernel = few_rows.onednn_kernel()
    assert kernel is not None
    monkeypatch.setattr(few_rows, "onednn_kernel", lambda: lambda *given: made.append(1) or kernel(*given))
    monkeypatch.setattr(few_rows, "half_kernel", lambda: None)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    enable_fast_inference(model)
    made.clear()
    with torch.no_grad():
        logits_of(model)
    layers = model.config.num_hidden_layers  # type: ignore[union-attr]
    assert len(made) == 4 * layers + 1  # q k v, o, gate up, down; the head
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_cross_attention_is_not_multiplied_with_what_it_does_not_share() -> None:
    model = tiny_model("t5")
    assert enable_fast_inference(model)[0].is_on
    stacks = {id(stack): stack for module in model.modules() if (stack := _stack_of(module))}
    sizes = sorted(len(stack.layers) for stack in stacks.values())
    # Of each decoder block: q k v together, o, the cross-attention's q, its k v together, o, and the feed-forward part.
    assert 2 in sizes and 3 in sizes and 1 in sizes


def _stack_of(module: nn.Module) -> Any:
    forward = vars(module).get("forward")
    return forward.args[0] if forward is not None else None


def test_a_weight_that_was_replaced_is_used() -> None:
    model = tiny_model("llama")
    enable_fast_inference(model)
    with torch.no_grad():
        before = logits_of(model)
        projection = model.get_submodule("model.layers.0.self_attn.v_proj")
        projection.weight = nn.Parameter(projection.weight * 20)  # type: ignore[operator]
        changed = logits_of(model)
        disable_fast_inference(model)
        torch.testing.assert_close(logits_of(model), changed, atol=1e-5, rtol=1e-5)
    assert float((before - changed).abs().max()) > 1e-3


def test_a_model_in_half_precision_is_left_alone() -> None:
    model = tiny_model("llama").to(torch.bfloat16)
    path, half, decoding = enable_fast_inference(model)
    assert (path.is_on, path.reason) == (False, "the model has no float32 linear layers on the CPU")
    assert (half.is_on, half.reason) == (False, path.reason)
    assert (decoding.is_on, decoding.reason) == (False, "the model is in bfloat16, not in float32")


@pytest.mark.parametrize(
    ("name", "stand_in", "reason"),
    [
        ("onednn_kernel", lambda: None, "this build of PyTorch has no oneDNN"),
        ("_is_right", lambda *given: False, "they differ from the products of PyTorch"),
        ("_speedup", lambda *given: 0.5, "they are not faster on this machine"),
    ],
)
def test_layers_that_stay_as_they_are_have_a_reason(
    name: str, stand_in: Any, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_rows, "half_kernel", lambda: None)
    monkeypatch.setattr(few_rows, name, stand_in)
    model = tiny_model("llama")
    path, half, decoding = enable_fast_inference(model)
    assert (half.is_on, half.reason) == (False, "this build of PyTorch has no FBGEMM")
    assert (path.is_on, path.reason) == (False, reason) and decoding.is_on
    assert not any("forward" in vars(module) for module in model.modules())


def test_a_kernel_that_fails_is_logged_with_its_traceback_and_not_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def kernel(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        raise RuntimeError("no such format")

    monkeypatch.setattr(few_rows, "half_kernel", lambda: None)
    monkeypatch.setattr(few_rows, "onednn_kernel", lambda: kernel)
    model = tiny_model("llama")
    path, _half, _decoding = enable_fast_inference(model)
    assert (path.is_on, path.reason) == (False, "the trial failed with RuntimeError, shown above")
    logged = capsys.readouterr().err
    assert "Traceback" in logged and "RuntimeError: no such format" in logged
    assert not any("forward" in vars(module) for module in model.modules())


def test_a_model_whose_trial_pass_fails_gets_fast_layers_one_by_one_and_a_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def inputs(model: Any) -> Any:
        raise KeyError("pixel_values")

    monkeypatch.setattr("ia3_studio.method.inputs.example_inputs", inputs)
    model = tiny_model("llama")
    path, _half, _decoding = enable_fast_inference(model)
    assert path.is_on and path.reason == "each layer on its own: the trial failed with KeyError, shown above"
    assert "KeyError: 'pixel_values'" in capsys.readouterr().err
    stacks = [stack for module in model.modules() if (stack := _stack_of(module))]
    assert stacks and {len(stack.layers) for stack in stacks} == {1}


@needs_fbgemm
@pytest.mark.parametrize(
    ("dtype", "rounds", "note", "rows"),
    [
        (torch.bfloat16, False, "as exact as float32", {1, 2, 3, 64}),
        (torch.float16, False, "as exact as float32", {1, 2, 3, 64}),
        (torch.float32, False, "two for each weight, together as exact as float32", {2, 3}),
        (torch.float32, True, "rounded, as asked for", {1, 2, 3, 64}),
    ],
)
def test_copies_in_float16_are_multiplied_where_they_pay(
    dtype: torch.dtype, rounds: bool, note: str, rows: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 0.5 if given[-1] == (1,) else 2.0)
    model = rounded_to(tiny_model("gpt2"), dtype)  # its projections are Conv1D
    path = enable_fast_inference(model, rounds=rounds)[1]
    assert (path.is_on, path.reason) == (True, note)
    used: set[int] = set()
    multiply = HalfWeight.__call__
    monkeypatch.setattr(HalfWeight, "__call__", lambda half, given: used.add(len(given)) or multiply(half, given))
    layer = model.transformer.h[0].mlp.c_fc
    with torch.no_grad():
        for count in (1, 2, 3, 64):
            layer(torch.ones(count, 32))
    assert used == rows


@needs_fbgemm
@pytest.mark.parametrize("speedup", [0.5, 2.0])
def test_one_row_is_multiplied_from_two_copies_where_that_is_faster(
    speedup: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: speedup if given[-1] == (1,) else 2.0)
    model = tiny_model("llama")
    enable_fast_inference(model)
    used: list[int] = []
    multiply = HalfWeight.__call__
    monkeypatch.setattr(HalfWeight, "__call__", lambda half, given: used.append(1) or multiply(half, given))
    with torch.no_grad():
        model.model.layers[0].mlp.down_proj(torch.ones(1, 1, model.config.intermediate_size))
    assert len(used) == (speedup > 1)


@needs_fbgemm
def test_copies_are_not_made_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "system_memory", lambda: MachineMemory(10**9, 1000))
    path = enable_fast_inference(tiny_model("llama"))[1]
    assert not path.is_on and path.reason.endswith("and 0 MB are free")


@needs_fbgemm
def test_a_weight_that_was_written_to_is_not_multiplied_from_its_copy() -> None:
    model = rounded_to(tiny_model("gpt2"), torch.bfloat16)
    layer = model.transformer.h[0].mlp.c_fc
    with torch.no_grad():
        before = layer(torch.ones(1, 32)) - layer.bias
        assert enable_fast_inference(model)[1].is_on
        layer.weight.mul_(2)
        torch.testing.assert_close(layer(torch.ones(1, 32)) - layer.bias, 2 * before, atol=1e-5, rtol=1e-5)


def test_a_copy_that_fails_in_the_background_is_logged_and_the_layers_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(stack: Stack, pack: Any) -> None:
        packed.set()
        raise MemoryError("no room")

    packed = threading.Event()
    monkeypatch.setattr(Stack, "pack", fail)
    monkeypatch.setattr(few_rows, "half_kernel", lambda: HalfWeight)
    model = tiny_model("llama")
    with torch.no_grad():
        before = logits_of(model)
        with logged(logging.ERROR, "ia3_studio.models") as log:
            enable_fast_inference(model, waits=False)
            assert packed.wait(10)
            while not log.records:
                time.sleep(0.01)
        torch.testing.assert_close(logits_of(model), before, atol=1e-5, rtol=1e-5)
    assert log.records[0].exc_info is not None and isinstance(log.records[0].exc_info[1], MemoryError)


@needs_fbgemm
def test_a_model_that_is_loaded_for_the_chat_logs_its_fast_paths(tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "model"))
    with logged(logging.INFO, "ia3_studio.models") as log, ModelMemory().acquire(source):
        pass
    assert [record.getMessage() for record in log.records] == [
        f"{source}: fast path, {NAME}: on",
        f"{source}: fast path, {HALF_NAME}: on (two for each weight, together as exact as float32)",
        f"{source}: fast path, decoding in one loop: on",
    ]
