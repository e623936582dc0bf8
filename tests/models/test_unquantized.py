"""From a quantized base to plain weights: GGUF files train and merge, and what quantizing changed is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.errors import AdapterError
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.merging import merge
from ia3_studio.models import load_model, merge_into_unquantized
from tests.families import SMALL
from tests.models.standins import write_tiny_gguf
from tests.quantized import quantize


@pytest.fixture
def gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    return str(write_tiny_gguf(tmp_path / "tiny.gguf"))


def tuned(model: Any) -> Attachment:
    """Return vectors on a model's keys, values and feed-forwards that are far from 1."""
    attachment = attach(model, discover(model).select("paper"))
    with torch.no_grad():
        attachment.parameter.copy_(torch.linspace(0, 2, attachment.selection.parameters))
    return attachment


def test_a_gguf_file_trains_under_hooks_and_merges_and_comes_back(gguf: str) -> None:
    model = load_model(gguf).model
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    attachment = attach(model, discover(model).select("paper"))
    tokens = torch.arange(3, 43).view(2, 20)
    optimizer = torch.optim.Adam([attachment.parameter], lr=0.05)
    losses = []
    for _ in range(5):
        loss = model(input_ids=tokens, labels=tokens).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]
    with torch.no_grad():
        hooked = model(input_ids=tokens).logits
        with merge(model, attachment):
            torch.testing.assert_close(model(input_ids=tokens).logits, hooked)
    attachment.detach()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_what_quantizing_changed_is_measured_on_the_tokens_given(gguf: str) -> None:
    tokens = torch.arange(3, 23).view(2, 10)
    coded = quantize(load_model(gguf).model, 8)
    attachment = tuned(coded)
    with torch.no_grad():
        hooked = coded(input_ids=tokens).logits
        result = merge_into_unquantized(attachment, gguf, tokens=tokens)
        apart = result.loaded.model(input_ids=tokens).logits - hooked
        assert torch.equal(coded(input_ids=tokens).logits, hooked)  # the quantized model and its vectors stay
    assert result.difference.largest == pytest.approx(float(apart.abs().max()))
    assert result.difference.relative == pytest.approx(float(apart.norm() / hooked.norm()))
    assert result.difference.logits == apart.numel()
    assert not attachment.is_merged and not hasattr(result.loaded.model, "ia3_scales")


def test_fewer_bits_differ_more_and_no_codes_hardly_at_all(gguf: str) -> None:
    apart = {bits: merge_into_unquantized(tuned(quantize(load_model(gguf).model, bits)), gguf) for bits in (8, 4)}
    none = merge_into_unquantized(tuned(load_model(gguf).model), gguf)
    four, eight = apart[4].difference.relative, apart[8].difference.relative
    assert none.difference.relative < 1e-6 < eight < 0.1 * four


def test_a_source_that_is_another_model_is_refused(gguf: str) -> None:
    other = hf.LlamaForCausalLM(hf.LlamaConfig(**SMALL, intermediate_size=56, num_key_value_heads=2)).eval()
    with pytest.raises(AdapterError, match="does not fit this model"):
        merge_into_unquantized(tuned(other), gguf)


def test_a_new_head_goes_along(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = hf.BertConfig(**SMALL, intermediate_size=48, num_labels=5)
    base = hf.BertForSequenceClassification(config).eval().requires_grad_(False)
    base.save_pretrained(tmp_path)
    hf.BertTokenizer(
        vocab={word: n for n, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])}
    ).save_pretrained(tmp_path)
    coded = quantize(base, 8)
    attachment = HeadedAttachment(coded, discover(coded).select("paper"), ["classifier"])
    with torch.no_grad():
        coded.classifier.weight.add_(1)
    merged = merge_into_unquantized(attachment, str(tmp_path)).loaded.model
    assert torch.equal(merged.classifier.weight, coded.classifier.weight)
