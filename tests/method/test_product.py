"""The product: the plain one's values and gradients bit for bit, with less to remember; anywhere torch goes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import peft
import pytest
import torch
import transformers as hf
from torch import Tensor, nn

from ia3_studio.method import Adapter, Selection, Site, attach, discover
from ia3_studio.method.product import Source, rescale
from ia3_studio.method.serving import serve
from tests.checkpointing import checkpoint_activations
from tests.families import batch_of, logits_of, tiny_model

DTYPES = [torch.float32, torch.bfloat16, torch.float16]


def gradients(product: Callable[[Tensor, Tensor], Tensor], dtype: torch.dtype, shape: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    activation = torch.randn(3, 5, 8, generator=generator).to(dtype).requires_grad_()
    scale = torch.randn(shape, generator=generator, requires_grad=True)
    result = product(activation, scale)
    result.backward(torch.randn(result.shape, generator=generator).to(dtype))
    assert activation.grad is not None and scale.grad is not None
    return [result.detach(), activation.grad, scale.grad]


def plain(activation: Tensor, scale: Tensor) -> Tensor:
    return (activation.to(scale.dtype) * scale).to(activation.dtype)


@pytest.mark.parametrize("shape", [(8,), (3, 1, 8)], ids=["one", "per row"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_value_and_gradients_equal_the_plain_product_bit_for_bit(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    for ours, theirs in zip(gradients(rescale, dtype, shape), gradients(plain, dtype, shape), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_making_the_activation_again_changes_no_bit(dtype: torch.dtype) -> None:
    layer = nn.Linear(8, 8).to(dtype)

    def remembering(activation: Tensor, scale: Tensor) -> Tensor:
        return plain(layer(activation), scale)

    def again(activation: Tensor, scale: Tensor) -> Tensor:
        return rescale(layer(activation), scale, Source(layer.forward, activation))

    for ours, theirs in zip(gradients(again, dtype, (8,)), gradients(remembering, dtype, (8,)), strict=True):
        assert torch.equal(ours, theirs)


def test_second_derivatives_are_right() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(3, 3).double()
    given, scale = torch.randn(2, 3).double().requires_grad_(), torch.randn(3).double().requires_grad_()
    torch.autograd.gradgradcheck(lambda x, s: rescale(x, s), (given, scale))
    torch.autograd.gradgradcheck(lambda x, s: rescale(layer(x), s, Source(layer.forward, x)), (given, scale))


@contextmanager
def kept(model: nn.Module) -> Iterator[dict[int, int]]:
    """Collect the storages, address to bytes, that autograd keeps for the backward pass; weights are not counted."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    storages: dict[int, int] = {}
    alive: list[Tensor] = []  # so that no address is used twice

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield storages


def activations_kept(model: Any) -> int:
    with kept(model) as storages:
        model(**batch_of(model, rows=2, length=32))
    return sum(storages.values())


def llama(heads: int, dtype: torch.dtype, layers: int = 2) -> Any:
    torch.manual_seed(0)
    config = hf.LlamaConfig(
        hidden_size=64, num_hidden_layers=layers, num_attention_heads=4, num_key_value_heads=heads, vocab_size=97,
        intermediate_size=96, max_position_embeddings=64,
    )  # fmt: skip
    return hf.LlamaForCausalLM(config).to(dtype).eval().requires_grad_(False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("heads", [1, 4])
def test_training_keeps_no_more_activations_than_lora_of_rank_8_and_less_than_peft(
    heads: int, dtype: torch.dtype
) -> None:
    names = ["k_proj", "v_proj", "down_proj"]
    lora = peft.get_peft_model(llama(heads, dtype), peft.LoraConfig(r=8, target_modules=names))
    theirs = peft.get_peft_model(
        llama(heads, dtype), peft.IA3Config(target_modules=names, feedforward_modules=["down_proj"])
    )
    model = llama(heads, dtype)
    attach(model, discover(model).select("paper"))
    ours = activations_kept(model)
    assert ours <= activations_kept(lora)
    assert ours <= activations_kept(theirs)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_trains_and_its_base_stays(dtype: torch.dtype) -> None:
    model = tiny_model("llama").to(dtype)
    batch = batch_of(model)
    base = logits_of(model, batch)
    attachment = attach(model, discover(model).select("paper"))
    loss = model(**batch).loss
    loss.backward()
    assert attachment.parameter.dtype == torch.float32 and attachment.parameter.grad.isfinite().all()
    torch.optim.SGD([attachment.parameter], lr=10.0).step()
    assert not torch.equal(logits_of(model, batch), base)
    with attachment.disabled():
        assert torch.equal(logits_of(model, batch), base)


def test_mixed_precision_trains_with_the_gradients_of_the_plain_product() -> None:
    found = []
    for recompute in (True, False):
        model = tiny_model("bert")
        attachment = attach(model, discover(model).select("paper"))
        if not recompute:
            attachment._recomputed = frozenset()
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(**batch_of(model)).loss
        loss.backward()
        found.append(attachment.parameter.grad)
    assert torch.equal(*found)


@pytest.mark.parametrize("preset", ["paper", "all"])
def test_outputs_that_are_kept_instead_of_computed_again_change_no_bit(preset: str) -> None:
    found, sizes = [], []
    for keeps in (False, True):
        model = tiny_model("bert")
        attachment = attach(model, discover(model).select(preset))
        with attachment.keeping_outputs() if keeps else nullcontext():
            sizes.append(activations_kept(model))
            model(**batch_of(model)).loss.backward()
        found.append(attachment.parameter.grad)
    assert torch.equal(*found) and sizes[0] < sizes[1]


@pytest.mark.parametrize("reentrant", [False, True])
def test_recomputing_keys_and_values_inside_a_checkpoint_changes_no_bit(reentrant: bool) -> None:
    found = []
    for checkpointing in (False, True):
        model = llama(4, torch.float32)
        attachment = attach(model, discover(model).select("paper"))
        if checkpointing:
            checkpoint_activations(model, reentrant=reentrant)
            model.enable_input_require_grads()
            model.train()
        model(**batch_of(model)).loss.backward()
        found.append(attachment.parameter.grad)
    assert torch.equal(*found)


def random_adapter(model: Any, preset: str, seed: int) -> Adapter:
    selection = discover(model).select(preset)
    return Adapter(
        selection, 1 + 0.3 * torch.randn(selection.parameters, generator=torch.Generator().manual_seed(seed))
    )


def test_the_hooks_break_no_graph_of_a_transformer() -> None:
    # Slow (seconds) because it is the process's first use of torch.compile.
    torch.compiler.reset()
    model = llama(4, torch.float32, layers=1)
    attachment = attach(model, discover(model).select("paper"))
    tokens = {"input_ids": batch_of(model)["input_ids"]}
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with torch.no_grad():
        attachment.parameter.mul_(1.5)
    torch.testing.assert_close(logits_of(compiled, tokens), logits_of(model, tokens))


def two_layers() -> tuple[nn.Module, Selection, Tensor]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6)).requires_grad_(False)
    part = Site("0", "output", 3, "key", ((1, 4),), 6)
    return model, Selection((part, Site("1", "input", 6))), torch.randn(4, 3, 6)


def test_a_compiled_model_hears_every_choice_without_a_graph_break() -> None:
    torch.compiler.reset()
    model, selection, given = two_layers()
    attachment = attach(model, selection)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    with torch.no_grad():
        attachment.parameter.mul_(1.5)
    for strengths in ((1,), (0,), (0, 0.5), (1,)):
        with attachment.strengths(*strengths):
            torch.testing.assert_close(compiled(given), model(given))
    with attachment.disabled():
        compiled(given)
    torch.testing.assert_close(compiled(given), model(given))


def test_a_compiled_model_hears_named_rows() -> None:
    torch.compiler.reset()
    model, selection, given = two_layers()
    other = Selection((Site("0", "input", 6), Site("1", "output", 6)))
    serving = serve(model, {"a": Adapter(selection, torch.randn(9)), "b": Adapter(other, torch.randn(12))})
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    for names in (("a", "b"), ("b", "__base__"), ("__base__",)):
        with serving.rows(*names):
            torch.testing.assert_close(compiled(given), model(given))


def test_a_compiled_model_trains_with_the_same_gradient() -> None:
    torch.compiler.reset()
    model, selection, given = two_layers()
    attachment = attach(model, selection)
    model(given).square().sum().backward()
    expected, attachment.parameter.grad = attachment.parameter.grad, None
    torch.compile(model, backend="aot_eager", fullgraph=True)(given).square().sum().backward()
    torch.testing.assert_close(attachment.parameter.grad, expected)


@pytest.mark.parametrize(
    "copy_of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deep", "pickle"]
)
def test_a_copied_model_has_vectors_of_its_own(copy_of: Callable[[Any], Any]) -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    twin, batch = copy_of(model), batch_of(model)
    before = logits_of(model, batch)
    with torch.no_grad():
        twin.ia3_scales.mul_(1.5)
    assert torch.equal(logits_of(model, batch), before)
    assert not torch.equal(logits_of(twin, batch), before)
    assert torch.equal(attachment.parameter, torch.ones_like(attachment.parameter))


def test_the_state_of_the_base_is_unchanged_but_for_the_one_parameter() -> None:
    model = tiny_model("llama")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    attach(model, discover(model).select("all"))
    after = model.state_dict()
    assert set(after) - set(before) == {"ia3_scales"}
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_a_model_offloaded_by_accelerate_computes_and_trains_the_same(tmp_path: Any) -> None:
    import accelerate

    model = llama(4, torch.float32)
    adapter, batch = random_adapter(model, "paper", 1), batch_of(model)
    attachment = attach(model, adapter.selection)
    attachment.load(adapter)
    model(**batch).loss.backward()
    expected, gradient = logits_of(model, batch), attachment.parameter.grad
    attachment.detach()

    devices = {"model.embed_tokens": "cpu", "model.layers.0": "cpu", "model.layers.1": "disk", "model.norm": "cpu",
               "model.rotary_emb": "cpu", "lm_head": "disk"}  # fmt: skip
    offloaded = accelerate.dispatch_model(model, devices, main_device="cpu", offload_dir=str(tmp_path))
    assert any(parameter.is_meta for parameter in offloaded.parameters())
    again = attach(offloaded, adapter.selection)
    again.load(adapter)
    assert torch.equal(logits_of(offloaded, batch), expected)
    offloaded(**batch).loss.backward()
    assert torch.equal(again.parameter.grad, gradient)
