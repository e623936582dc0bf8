"""Mixed batches: each row its own adapter, equal to running the rows one by one, and no thread sees another."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method import Adapter, Selection, Site, attach, discover
from ia3_studio.method.serving import Serving, serve
from tests.families import batch_of, logits_of, tiny_model

NAMES = ("pirate", "__base__", "poet", "pirate")


def random_adapter(sites: tuple[Site, ...], seed: int) -> Adapter:
    selection = Selection(sites)
    generator = torch.Generator().manual_seed(seed)
    return Adapter(selection, 1 + 0.5 * torch.randn(selection.parameters, generator=generator))


def other_side(site: Site, model: Any) -> Site:
    """Return the whole other side of a site's module."""
    module = model.get_submodule(site.path)
    size = module.weight.shape[1 if isinstance(module, torch.nn.Linear) else 0]
    return Site(site.path, "input", int(size))


def served(family: str) -> tuple[Any, Serving]:
    """Return a model with two adapters: one as the paper has it, one on some of its sites and on other sides."""
    model = tiny_model(family)
    sites = discover(model).select("paper").sites
    outputs = {site.path: site for site in sites if site.side == "output"}
    mixed = (*sites[:1], *(other_side(site, model) for site in outputs.values()))
    return model, serve(model, {"pirate": random_adapter(sites, 1), "poet": random_adapter(mixed, 2)})


def row(batch: dict[str, torch.Tensor], number: int) -> dict[str, torch.Tensor]:
    return {name: tensor[number : number + 1] for name, tensor in batch.items()}


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "opt", "bert", "t5_gated"])
def test_each_row_is_as_if_run_alone_with_its_adapter(family: str) -> None:
    model, serving = served(family)
    batch = batch_of(model, rows=4)
    with serving.rows(*NAMES):
        together = logits_of(model, batch)
    for number, name in enumerate(NAMES):
        with serving.rows(name):
            alone = logits_of(model, row(batch, number))
        torch.testing.assert_close(together[number : number + 1], alone)
        if name != "__base__":
            assert not torch.allclose(alone, logits_of(model, row(batch, number)), atol=1e-3)


@pytest.mark.parametrize("name", ["pirate", "poet"])
def test_a_named_adapter_equals_the_same_adapter_attached_alone(name: str) -> None:
    model, serving = served("llama")
    batch = batch_of(model)
    with serving.rows(name):
        ours = logits_of(model, batch)
    plain = tiny_model("llama")
    attachment = attach(plain, serving.adapter(name).selection)
    attachment.load(serving.adapter(name))
    assert torch.equal(ours, logits_of(plain, batch))


@pytest.mark.parametrize("settings", [{}, {"num_beams": 3}, {"num_beams": 4, "num_return_sequences": 2}], ids=str)
@pytest.mark.parametrize("family", ["llama", "t5_gated"])
def test_generation_follows_each_row_through_its_beams(family: str, settings: dict[str, Any]) -> None:
    model, serving = served(family)
    prompts = batch_of(model, rows=4)["input_ids"]
    common = {"max_new_tokens": 6, "min_new_tokens": 6, "do_sample": False, "pad_token_id": 0, **settings}
    with serving.rows(*NAMES):
        together = model.generate(input_ids=prompts, **common)
    answers = settings.get("num_return_sequences", 1)
    for number, name in enumerate(NAMES):
        with serving.rows(name):
            alone = model.generate(input_ids=prompts[number : number + 1], **common)
        assert torch.equal(together[number * answers : (number + 1) * answers], alone)


def test_sampling_several_answers_keeps_each_rows_adapter() -> None:
    model, serving = served("llama")
    prompts = batch_of(model, rows=2)["input_ids"]
    settings = {"do_sample": True, "max_new_tokens": 5, "pad_token_id": 0}
    torch.manual_seed(3)
    with serving.rows("pirate", "__base__"):
        ours = model.generate(input_ids=prompts, num_return_sequences=3, **settings)
    torch.manual_seed(3)
    with serving.rows(*["pirate"] * 3, *["__base__"] * 3):
        spelled_out = model.generate(input_ids=prompts.repeat_interleave(3, dim=0), **settings)
    assert torch.equal(ours, spelled_out)


def test_rows_may_have_strengths() -> None:
    model, serving = served("llama")
    batch = batch_of(model, rows=2)
    with serving.rows("pirate", "pirate", strengths=(0, 0.5)):
        both = logits_of(model, batch)
    with serving.rows("pirate", strengths=(0.5,)):
        half = logits_of(model, row(batch, 1))
    torch.testing.assert_close(both[:1], logits_of(model, row(batch, 0)))
    torch.testing.assert_close(both[1:], half)


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    _model, serving = served("llama")
    with pytest.raises(AdapterError, match=r"Unknown adapter 'pirat'; available: pirate, poet, __base__"):  # noqa: SIM117
        with serving.rows("poet", "pirat"):
            pass
    with pytest.raises(AdapterError, match="'nobody'"):
        serving.switch("nobody")
    with pytest.raises(AdapterError, match="'poet' is already used"):
        serving.add("poet", serving.adapter("pirate"))


def test_a_batch_that_is_no_multiple_of_the_rows_is_refused() -> None:
    model, serving = served("llama")
    with serving.rows("pirate", "poet"), pytest.raises(SelectionError, match="2 adapters were given for a batch of 3"):
        model(**batch_of(model, rows=3))


def test_rows_that_are_routed_to_experts_are_refused_instead_of_mixed_up() -> None:
    config = hf.SwitchTransformersConfig(
        vocab_size=97, d_model=32, d_ff=48, num_layers=2, num_decoder_layers=2, num_heads=4, d_kv=8, num_experts=2,
        num_sparse_encoder_layers=1, num_sparse_decoder_layers=1, decoder_start_token_id=0, dropout_rate=0.0,
    )  # fmt: skip
    torch.manual_seed(0)
    model = hf.SwitchTransformersForConditionalGeneration(config).eval().requires_grad_(False)
    path = next(name for name, _ in model.named_modules() if "expert_0" in name and name.endswith("wo"))
    serving = serve(model, {"a": random_adapter((Site(path, "input", 48),), 1)})
    batch = batch_of(model, length=16)
    with serving.rows("a"):
        model(**batch)
    with serving.rows("a", "__base__"), pytest.raises(SelectionError, match="tokens are not grouped by row"):
        model(**batch)


def test_a_call_that_chooses_nothing_is_the_base_model_until_switched() -> None:
    model, serving = served("llama")
    batch, base = batch_of(model), logits_of(tiny_model("llama"), batch_of(None))
    assert torch.equal(logits_of(model, batch), base)
    serving.switch("poet")
    with serving.rows("poet"):
        poet = logits_of(model, batch)
    assert torch.equal(logits_of(model, batch), poet) and not torch.equal(poet, base)
    serving.remove("poet")
    assert serving.names == ("pirate",) and torch.equal(logits_of(model, batch), base)


def test_the_state_of_the_model_is_untouched_and_detaching_leaves_no_hook() -> None:
    keys = list(tiny_model("llama").state_dict())
    model, serving = served("llama")
    assert list(model.state_dict()) == keys
    serving.detach()
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_two_threads_with_different_adapters_never_see_each_other() -> None:
    model, serving = served("llama")
    batch = batch_of(model)
    expected = {}
    for name in ("pirate", "poet", "__base__"):
        with serving.rows(name):
            expected[name] = logits_of(model, batch)
    start, wrong = threading.Barrier(3), []

    def chat(name: str) -> None:
        with serving.rows(name):
            start.wait()  # all three have chosen before any of them runs
            wrong.extend(name for _ in range(20) if not torch.equal(logits_of(model, batch), expected[name]))

    threads = [threading.Thread(target=chat, args=(name,)) for name in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_strengths_chosen_in_one_thread_are_not_seen_by_another() -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    with torch.no_grad():
        attachment.parameter.mul_(1.5)
    batch, seen = batch_of(model), []
    tuned = logits_of(model, batch)
    with attachment.disabled():
        thread = threading.Thread(target=lambda: seen.append(logits_of(model, batch)))
        thread.start()
        thread.join()
        assert not torch.equal(logits_of(model, batch), tuned)
    assert torch.equal(seen[0], tuned)


def test_a_mixed_batch_teaches_each_adapter_by_its_own_rows() -> None:
    model, serving = served("llama")
    pirate, poet = (serving.parameter(name).requires_grad_() for name in ("pirate", "poet"))
    batch = batch_of(model, rows=2)
    with serving.rows("pirate", "poet"):
        logits = model(**batch).logits
    logits[0].sum().backward()
    assert pirate.grad is not None and pirate.grad.abs().sum() > 0
    assert poet.grad is not None and poet.grad.abs().sum() == 0
    with serving.rows("pirate"):
        alone = model(**row(batch, 0)).logits
    together, pirate.grad = pirate.grad, None
    alone.sum().backward()
    torch.testing.assert_close(pirate.grad, together, rtol=1e-3, atol=1e-3)
