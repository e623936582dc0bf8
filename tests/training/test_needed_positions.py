"""The last layer at needed positions only: the loss and the gradient are those of the whole layer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import transformers as hf
from torch import Tensor, nn

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.labels import LabelRow
from ia3_studio.data.tokens import IGNORED, TokenRow
from ia3_studio.method import attach, discover
from ia3_studio.training import needed_positions
from ia3_studio.training.choice_model import Pair, choice_model
from ia3_studio.training.class_loss import ClassLoss
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.needed_positions import NAME
from tests.families import SMALL, tiny_model

LONG = [
    TokenRow(tuple(range(5, 25)), (*(IGNORED,) * 17, 22, 23, 24), 1, False),
    TokenRow(tuple(range(5, 14)), (*(IGNORED,) * 8, 13), 1, False),
    TokenRow((7, 3, 60, 61, 62, 9), (*(IGNORED,) * 5, 9), 1, False),
]
TEXTS = [
    LabelRow((5, 6, 7, 8, 9, 10, 11), (), (1.0,), 1),
    LabelRow((12, 13, 14), (), (0.0,), 2),
    LabelRow((20, 21, 22, 23), (), (1.0,), 3),
]


def built(config: Any, auto: Any = hf.AutoModelForCausalLM) -> Any:
    torch.manual_seed(0)
    return auto.from_config(config).eval().requires_grad_(False)


def is_on(loss: Any) -> bool:
    return {path.name: path.is_on for path in loss.fast_paths}[NAME]


def learned(model: Any, loss: Any, rows: Sequence[Any]) -> tuple[float, Tensor]:
    """Return the loss of rows, and its gradient by vectors that are no longer 1."""
    attachment = attach(model, discover(model).select("all"))
    vectors = attachment.parameter
    with torch.no_grad():
        vectors.add_(torch.linspace(-0.2, 0.3, vectors.numel()).view_as(vectors))
    summed = loss.group_backward(rows, 3.0)
    assert vectors.grad is not None
    attachment.detach()
    return summed, vectors.grad


@contextmanager
def counted(model: nn.Module) -> Any:
    """Note how many positions each projection multiplies."""
    counts: dict[str, int] = {}
    handles = []
    for path, module in model.named_modules():
        if isinstance(module, nn.Linear | hf.pytorch_utils.Conv1D):

            def note(_module: Any, args: Any, path: str = path) -> None:
                counts[path] = args[0][..., 0].numel()

            handles.append(module.register_forward_pre_hook(note))
    yield counts
    for handle in handles:
        handle.remove()


CAUSAL = {
    "llama": lambda: tiny_model("llama"),
    "gpt2": lambda: tiny_model("gpt2"),
    "gpt_neox": lambda: tiny_model("gpt_neox"),
    "opt": lambda: tiny_model("opt"),
    "bloom": lambda: built(hf.BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=97)),
    "gemma2": lambda: built(hf.Gemma2Config(**SMALL, intermediate_size=48, num_key_value_heads=2, head_dim=8)),
    "phi3": lambda: built(hf.Phi3Config(**SMALL, intermediate_size=48, num_key_value_heads=2, pad_token_id=0)),
    "mixtral": lambda: tiny_model("mixtral"),
    "ctrl": lambda: built(hf.CTRLConfig(vocab_size=97, n_embd=32, n_layer=2, n_head=4, dff=48)),
    "mamba": lambda: built(hf.MambaConfig(vocab_size=97, hidden_size=32, num_hidden_layers=2, state_size=4)),
}


@pytest.mark.parametrize("family", CAUSAL)
def test_loss_and_gradient_are_those_of_the_whole_last_layer(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = CAUSAL[family]()
    loss = CausalLoss(model)
    assert is_on(loss)
    found, gradients = learned(model, loss, LONG)
    monkeypatch.setattr(needed_positions, "LARGEST_SHARE", 0.0)
    expected, wanted = learned(model, loss, LONG)
    assert found == pytest.approx(expected, rel=1e-5)
    assert wanted.abs().max() > 0
    torch.testing.assert_close(gradients, wanted, rtol=1e-4, atol=1e-6)


def test_the_last_layer_of_a_llama_multiplies_label_positions_only_but_for_keys_and_values() -> None:
    model = tiny_model("llama")
    loss = CausalLoss(model)
    with counted(model) as counts:
        loss.group_loss(LONG)
    labels = loss.count(LONG)
    few = {path.removeprefix("model.layers.1.") for path, count in counts.items() if count == labels} - {"lm_head"}
    assert few == {
        "self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
    }  # fmt: skip


def test_the_last_layer_multiplies_choice_tokens_only_where_a_question_is_long() -> None:
    model = tiny_model("llama")
    row = ChoiceRow(tuple(range(5, 25)), ((30, 31), (40,)), 0, 1)
    with counted(model) as counts:
        found = choice_model(model).nll([Pair(row, 0), Pair(row, 1)], 2)
    assert counts["model.layers.1.mlp.up_proj"] == 2  # the question's end predicts both, the first choice's first token
    whole = model(input_ids=torch.tensor([(*row.prompt, 30, 31)])).logits[0].log_softmax(-1)
    torch.testing.assert_close(found[0], -torch.stack([whole[19, 30], whole[20, 31]]), rtol=1e-5, atol=1e-5)


def test_rows_that_are_trained_as_a_whole_are_computed_as_a_whole() -> None:
    model = tiny_model("llama")
    loss = CausalLoss(model)
    whole = [TokenRow(tuple(range(5, 25)), tuple(range(5, 25)), 1, False)]
    with counted(model) as counts:
        loss.group_loss(whole)
    assert {count for path, count in counts.items() if path != "lm_head"} == {20}


def test_layers_that_share_their_weights_are_computed_as_a_whole() -> None:
    loss = ClassLoss(classifier(hf.AlbertConfig(**SMALL, embedding_size=16, intermediate_size=48)))
    with counted(loss.model) as counts:
        loss.group_loss(TEXTS)
    assert min(count for path, count in counts.items() if "albert_layers" in path) == 21


def classifier(config: Any) -> Any:
    config.num_labels, config.problem_type = 2, "single_label_classification"
    return built(config, hf.AutoModelForSequenceClassification)


@pytest.mark.parametrize("kind", ["llama", "ctrl", "bart"])
def test_a_text_with_padding_or_end_tokens_inside_is_read_where_the_model_reads_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CLASSIFIERS[kind]
    model = classifier(config)
    loss = ClassLoss(model)
    odd = config.eos_token_id if kind == "bart" else config.pad_token_id
    ids = ((5, odd, 7, 8, 9), (12, 13, odd, 14), (20, 21, odd)) if kind != "bart" else ((5, odd, 7), (9, odd, 8))
    rows = [LabelRow(each, (), (1.0,), number) for number, each in enumerate(ids)]
    found = loss.group_loss(rows)
    monkeypatch.setattr(needed_positions, "LARGEST_SHARE", 0.0)
    assert is_on(loss) and found == pytest.approx(loss.group_loss(rows), rel=1e-6)


CLASSIFIERS = {
    "bert": hf.BertConfig(**SMALL, intermediate_size=48),
    "roberta": hf.RobertaConfig(**SMALL, intermediate_size=48, pad_token_id=0),
    "distilbert": hf.DistilBertConfig(vocab_size=97, dim=32, hidden_dim=48, n_layers=2, n_heads=4),
    "deberta": hf.DebertaV2Config(
        **SMALL, intermediate_size=48, relative_attention=True, pos_att_type=["p2c", "c2p"], max_position_embeddings=64
    ),
    "llama": hf.LlamaConfig(**SMALL, intermediate_size=48, num_key_value_heads=2, pad_token_id=0),
    "gpt2": hf.GPT2Config(vocab_size=97, n_layer=2, n_embd=32, n_head=4, pad_token_id=0),
    "ctrl": hf.CTRLConfig(vocab_size=97, n_embd=32, n_layer=2, n_head=4, dff=48, pad_token_id=0),
    "t5": hf.T5Config(
        vocab_size=97, num_layers=2, d_model=32, d_ff=48, num_heads=4, d_kv=8, decoder_start_token_id=0,
    ),
    "bart": hf.BartConfig(
        vocab_size=97, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48,
    ),
}  # fmt: skip


@pytest.mark.parametrize("family", CLASSIFIERS)
def test_a_classifier_computes_its_last_layer_where_it_reads(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = CLASSIFIERS[family]
    model = classifier(config)
    loss = ClassLoss(model)
    ends = (config.eos_token_id,) if config.is_encoder_decoder else ()
    rows = [LabelRow((*row.input_ids, *ends), (), row.targets, row.row) for row in TEXTS]
    assert is_on(loss)
    with counted(model) as counts:
        found, gradients = learned(model, loss, rows)
    assert sum(count == 3 for count in counts.values()) > 3
    monkeypatch.setattr(needed_positions, "LARGEST_SHARE", 0.0)
    expected, wanted = learned(model, loss, rows)
    assert found == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(gradients, wanted, rtol=1e-4, atol=1e-6)
