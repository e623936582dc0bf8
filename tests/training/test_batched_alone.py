"""Any batch gives what its rows give one by one: padding is never read, wherever a tokenizer would put it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.images import ImageRow
from ia3_studio.data.labels import LabelRow, Labels, TagRow
from ia3_studio.data.targets import TargetRow
from ia3_studio.data.tokens import IGNORED, TokenRow
from ia3_studio.method import discover
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models.classifier import load_classifier
from ia3_studio.tasks.classification import classify_texts
from ia3_studio.training.batching import batching_of
from ia3_studio.training.class_loss import ClassLoss, ImageLoss, TagLoss
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.ranking import choice_scores
from ia3_studio.training.target_loss import TargetLoss
from tests.families import CAUSAL, SMALL, tiny_model
from tests.tiny_chat import tiny_tokenizer

SINGLE = "single_label_classification"
LENGTHS = (4, 11, 3, 7, 11, 5)
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
CLASSIFIERS: dict[str, Any] = {
    "bert": lambda: hf.BertConfig(**SMALL, **NO_DROPOUT, intermediate_size=48, type_vocab_size=2),
    "roberta": lambda: hf.RobertaConfig(**SMALL, **NO_DROPOUT, intermediate_size=48, pad_token_id=1, eos_token_id=2),
    "gpt2, pad is eos": lambda: hf.GPT2Config(vocab_size=97, n_layer=2, n_embd=32, n_head=4, pad_token_id=2,
                                              eos_token_id=2),
    "gpt2, pad is 0": lambda: hf.GPT2Config(vocab_size=97, n_layer=2, n_embd=32, n_head=4, pad_token_id=0),
    "llama": lambda: hf.LlamaConfig(**SMALL, intermediate_size=48, pad_token_id=2, eos_token_id=2),
    "opt": lambda: hf.OPTConfig(**SMALL, ffn_dim=48, word_embed_proj_dim=32, pad_token_id=1, dropout=0.0),
    "t5": lambda: hf.T5Config(vocab_size=97, num_layers=2, d_model=32, d_ff=48, num_heads=4, d_kv=8,
                              decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, classifier_dropout=0.0),
    "bart": lambda: hf.BartConfig(vocab_size=97, d_model=32, encoder_layers=1, decoder_layers=1, pad_token_id=1,
                                  encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=48,
                                  decoder_ffn_dim=48, eos_token_id=2, decoder_start_token_id=2),
    "xlnet": lambda: hf.XLNetConfig(vocab_size=97, d_model=32, n_layer=2, n_head=4, d_inner=48, pad_token_id=5),
    "canine": lambda: hf.CanineConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
                                      max_position_embeddings=128, num_hash_buckets=64, **NO_DROPOUT),
}  # fmt: skip


def built(family: str, of: str, kind: str = "single") -> Any:
    config = CLASSIFIERS[family]()
    config.num_labels = 1 if kind == "number" else 3
    config.problem_type = {"single": SINGLE, "multi": "multi_label_classification",
                           "number": "regression"}[kind]  # fmt: skip
    auto = hf.AutoModelForSequenceClassification if of == "texts" else hf.AutoModelForTokenClassification
    torch.manual_seed(0)
    return auto.from_config(config).eval().requires_grad_(False)


def ids_of(model: Any, length: int, seed: int) -> tuple[int, ...]:
    """Return token ids with 0 and the padding token among them; an end token where the model reads there."""
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, 97, (length,), generator=draw).tolist()
    ids[1] = 0
    if model.config.is_encoder_decoder:
        ids[-1] = model.config.eos_token_id
    elif isinstance(model.config.pad_token_id, int):
        ids[2] = model.config.pad_token_id
    return tuple(ids)


def rows_of(model: Any, kind: str = "single") -> list[LabelRow]:
    targets = {"single": (1.0,), "multi": (1.0, 0.0, 1.0), "number": (0.5,)}[kind]
    return [LabelRow(ids_of(model, length, place), (0,) * (length // 2) + (1,) * (length - length // 2)
                     if getattr(model.config, "type_vocab_size", 0) > 1 else (), targets, place)
            for place, length in enumerate(LENGTHS)]  # fmt: skip


def assert_batched_is_alone(loss: Any, rows: list[Any], tolerance: float = 1e-5) -> None:
    together, alone = loss.scores(rows, 10_000), torch.cat([loss.scores([row], 10_000) for row in rows])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=tolerance)
    groups = list(loss.micro_batches(rows, 10_000))
    assert sorted(row.row for group in groups for row in group) == sorted(row.row for row in rows)
    measured = sum(loss.group_loss(group) for group in groups)
    assert measured == pytest.approx(sum(loss.group_loss([row]) for row in rows), rel=1e-4)


@pytest.mark.parametrize("kind", ["single", "multi", "number"])
@pytest.mark.parametrize("family", CLASSIFIERS)
def test_a_text_is_sorted_in_any_batch_as_it_is_alone(family: str, kind: str) -> None:
    model = built(family, "texts", kind)
    assert_batched_is_alone(ClassLoss(model), rows_of(model, kind))


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2, pad is eos", "llama", "xlnet", "canine"])
def test_words_are_labeled_in_any_batch_as_they_are_alone(family: str) -> None:
    model = built(family, "words")
    rows = [TagRow(ids_of(model, n, place), (IGNORED, *[place % 3] * (n - 1)), place)
            for place, n in enumerate(LENGTHS)]  # fmt: skip
    assert_batched_is_alone(TagLoss(model), rows)


def test_rows_that_a_model_reads_with_their_padding_share_no_batch_with_longer_ones_and_it_is_told() -> None:
    model = built("xlnet", "texts")
    loss = ClassLoss(model)
    assert all(len({len(row.input_ids) for row in group}) == 1 for group in loss.micro_batches(rows_of(model), 10_000))
    (told,) = [path for path in loss.fast_paths if path.name == "padded batches"]
    assert not told.is_on and "padded row" in told.reason
    assert all(path.is_on for path in ClassLoss(built("bert", "texts")).fast_paths if path.name == "padded batches")


def test_an_end_token_inside_a_text_does_not_keep_it_from_being_sorted() -> None:
    model = built("bart", "texts")
    rows = rows_of(model)
    ids = (*rows[0].input_ids[:2], 2, *rows[0].input_ids[2:])
    assert_batched_is_alone(ClassLoss(model), [LabelRow(ids, (), (0.0,), 99), *rows])


def test_images_are_sorted_in_any_batch_as_they_are_alone() -> None:
    config = hf.ViTConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
                          image_size=16, patch_size=8, num_labels=3, problem_type=SINGLE)  # fmt: skip
    torch.manual_seed(0)
    model = hf.ViTForImageClassification(config).eval().requires_grad_(False)
    assert_batched_is_alone(ImageLoss(model), [ImageRow(torch.rand(3, 16, 16), (1.0,), n) for n in range(5)])


@pytest.mark.parametrize("packs", [True, False])
@pytest.mark.parametrize("family", CAUSAL)
def test_the_loss_of_a_conversation_is_the_same_in_any_batch(family: str, packs: bool) -> None:
    loss = CausalLoss(tiny_model(family))
    loss.packing = loss.packing if packs else None
    rows = [TokenRow(ids := ids_of(loss.model, n, place), (IGNORED, *ids[1:]), place, False)
            for place, n in enumerate(LENGTHS)]  # fmt: skip
    assert loss.row_losses(rows) == pytest.approx([loss.row_losses([row])[0] for row in rows], rel=1e-4)


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_the_loss_of_an_answer_is_the_same_in_any_batch(family: str) -> None:
    torch.manual_seed(0)
    model = hf.AutoModelForSeq2SeqLM.from_config(CLASSIFIERS[family]()).eval().requires_grad_(False)
    loss = TargetLoss(model)
    rows = [TargetRow(ids_of(model, n, place), ids_of(model, 12 - n, place + 9), place)
            for place, n in enumerate((4, 8, 3, 7, 9))]  # fmt: skip
    assert loss.row_losses(rows) == pytest.approx([loss.row_losses([row])[0] for row in rows], rel=1e-4)


@pytest.mark.parametrize("family", [*CAUSAL, "t5"])
def test_choices_are_ranked_in_any_batch_as_they_are_alone(family: str) -> None:
    model = tiny_model(family)
    rows = [ChoiceRow(ids_of(model, n, place), (ids_of(model, 3, place), ids_of(model, 6, place + 1)), 0, place, False)
            for place, n in enumerate(LENGTHS)]  # fmt: skip
    together, alone = choice_scores(model, rows, 10_000), [choice_scores(model, [row], 10_000)[0] for row in rows]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, rel=1e-4)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("family", ["llama", "bert"])
def test_trying_out_a_text_gives_what_training_measured_whatever_side_the_tokenizer_pads(
    family: str, side: str, tmp_path: Path
) -> None:
    config = CLASSIFIERS[family]()
    torch.manual_seed(0)
    hf.AutoModel.from_config(config).save_pretrained(tmp_path)
    tokenizer = tiny_tokenizer()
    tokenizer.padding_side = side
    tokenizer.save_pretrained(tmp_path)
    labels = Labels("single", ("a", "b", "c"))
    loaded = load_classifier(str(tmp_path), labels.names)
    attachment = HeadedAttachment(loaded.model, discover(loaded.model).select("paper"), loaded.modules_to_save)
    texts = ["one", "a far longer text than the others", "two words", "x" * 40]
    (together,) = classify_texts(loaded, attachment, labels, texts, [1])
    alone = [classify_texts(loaded, attachment, labels, [text], [1])[0][0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert [each.share for each in one] == pytest.approx([each.share for each in other], abs=1e-5)
    short = [
        classify_texts(loaded, attachment, labels, [text], [1], max_length=5)[0][0] for text in ("x" * 5, "x" * 40)
    ]
    assert short[0] == short[1]  # read as far as the classifier was trained to


def test_a_model_keeps_the_padding_token_that_its_positions_are_counted_from(tmp_path: Path) -> None:
    hf.RobertaModel(CLASSIFIERS["roberta"]()).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)  # it pads with 2, the model with 1
    assert load_classifier(str(tmp_path), ("a", "b")).model.config.pad_token_id == 1


@pytest.mark.parametrize("sizes", [{"vocab_size": 12}, {"max_position_embeddings": 8}])
def test_the_trial_of_padding_keeps_to_a_small_models_own_limits(sizes: dict[str, int]) -> None:
    from transformers import BertConfig, BertForSequenceClassification

    shape = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2} | sizes
    model = BertForSequenceClassification(BertConfig(intermediate_size=16, hidden_dropout_prob=0.5, **shape))
    model.train()
    assert batching_of(model).path.is_on and model.training
