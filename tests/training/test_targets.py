"""Encoder-decoders: the loss is transformers' own, and a run goes from a question to a tuned model that talks."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers as hf

from ia3_studio.chat import ChatSettings, reply
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.targets import TargetRow, source_ids, tokenize_targets
from ia3_studio.errors import DataError, TrainingError
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.models import load_model
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.training import TrainConfig
from ia3_studio.training.target_loss import TargetLoss
from ia3_studio.worker.training_job import TrainingJob
from tests.families import tiny_model
from tests.tiny_chat import tiny_tokenizer

BART: dict[str, Any] = {
    "vocab_size": 97, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "pad_token_id": 1, "eos_token_id": 2,
    "bos_token_id": 0, "dropout": 0.0, "max_position_embeddings": 64,
}  # fmt: skip


def made(family: str) -> tuple[Any, Attachment]:
    torch.manual_seed(0)
    if family == "bart":
        model = hf.BartForConditionalGeneration(hf.BartConfig(**BART, decoder_start_token_id=2)).eval()
        model.final_logits_bias.normal_()
    elif family == "mbart":
        model = hf.MBartForConditionalGeneration(hf.MBartConfig(**BART)).eval()
    else:
        model = tiny_model(family)
    model.requires_grad_(False)
    return model, attach(model, discover(model).select("paper"))


def target_rows(count: int = 5) -> list[TargetRow]:
    draw = random.Random(2)

    def tokens(least: int) -> tuple[int, ...]:
        return (*(draw.randint(3, 96) for _ in range(draw.randint(least, 9))), 2)

    return [TargetRow(tokens(2), tokens(1), number + 1) for number in range(count)]


@pytest.mark.parametrize("family", ["t5", "t5_gated", "bart", "mbart"])
def test_any_micro_batch_gives_the_loss_and_gradient_of_one_row_at_a_time(family: str) -> None:
    model, attachment = made(family)
    rows = target_rows()
    total = sum(len(row.labels) for row in rows)
    summed = torch.zeros(())
    for row in rows:
        ids, labels = torch.tensor([row.input_ids]), torch.tensor([row.labels])
        summed = summed + model(input_ids=ids, labels=labels).loss * len(row.labels)
    (summed / total).backward()
    expected = attachment.parameter.grad.clone()  # type: ignore[union-attr]
    for budget in (1, 40, 10_000):
        attachment.parameter.grad = None
        objective = TargetLoss(model)
        assert objective.backward(rows, rows, budget) == pytest.approx(summed.item() / total, rel=1e-5)
        torch.testing.assert_close(attachment.parameter.grad, expected, rtol=1e-4, atol=1e-6)
        assert sum(objective.measure(rows, rows, budget)) == pytest.approx(summed.item() / total, rel=1e-5)
    assert sum(TargetLoss(model).row_losses(rows)) == pytest.approx(summed.item(), rel=1e-5)


def test_a_model_that_writes_no_text_is_refused() -> None:
    encoder = hf.T5Model(tiny_model("t5").config)
    with pytest.raises(TrainingError, match="T5Model is an encoder-decoder without a language-model head"):
        TargetLoss(encoder)


def ending_tokenizer() -> Any:
    """Return the tiny tokenizer with an end token behind every text, as T5's has."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = tiny_tokenizer()
    tokenizer._tokenizer.post_processor = TemplateProcessing(single="$A <|im_end|>", special_tokens=[("<|im_end|>", 2)])
    return tokenizer


def test_questions_are_read_and_last_answers_written() -> None:
    tokenizer = ending_tokenizer()
    turns = (Message("user", "ab"), Message("assistant", "c"), Message("user", "d"), Message("assistant", "ef"))
    (row,) = tokenize_targets([Example(3, turns)], tokenizer, 16).rows
    assert tokenizer.decode(row.input_ids) == "ab\nc\nd<|im_end|>" and tokenizer.decode(row.labels) == "ef<|im_end|>"
    (short,) = tokenize_targets([Example(3, turns)], tokenizer, 3).rows
    assert short.truncated and tokenizer.decode(short.input_ids) == "ab<|im_end|>"
    labeled = tokenize_targets([Example(1, text="ab", labels=("x",))], tokenizer, 16).rows[0]
    assert tokenizer.decode(labeled.labels) == "x<|im_end|>"
    with pytest.raises(DataError, match="row 7: an encoder-decoder needs a prompt and, last, its answer"):
        tokenize_targets([Example(7, text="only text")], tokenizer, 16)


def save_tiny_t5(folder: Path) -> Path:
    model = tiny_model("t5")
    model.generation_config.eos_token_id = 2
    model.save_pretrained(folder)
    ending_tokenizer().save_pretrained(folder)
    return folder


def test_a_run_tunes_an_encoder_decoder_and_peft_writes_the_same_with_it(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    pairs = [{"source": f"turn {number}", "target": "a light"} for number in range(20)]
    rows.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    train = TrainConfig(epochs=4, batch_size=6, eval_steps=4, learning_rate=5e-2)
    config = RunConfig("Tiny", str(save_tiny_t5(tmp_path / "model")), str(rows), "paper", train)
    job = TrainingJob(RunStore(tmp_path / "runs").create(config, "a click"))
    job.prepare(lambda _share, _sentence: None)
    steps = list(job.steps(lambda: False))
    assert steps[-1].held_out < steps[0].held_out - 0.05  # type: ignore[operator]
    list(job.evaluate(tmp_path))
    assert json.loads((tmp_path / "evaluation.json").read_text())["held_out"]["measures"][0]["name"] == "Loss"
    job.save(tmp_path / "adapter")
    theirs = peft.PeftModel.from_pretrained(tiny_model("t5"), tmp_path / "adapter")
    batch = {"input_ids": torch.tensor([[5, 6, 2]]), "decoder_input_ids": torch.tensor([[0, 7]])}
    with torch.no_grad():
        assert torch.equal(theirs(**batch).logits, job._loaded.model(**batch).logits)


def test_the_answers_of_an_encoder_decoder_are_those_of_generate(tmp_path: Path) -> None:
    loaded = load_model(str(save_tiny_t5(tmp_path)))
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    with torch.no_grad():
        attachment.parameter.add_(torch.randn(attachment.parameter.shape, generator=torch.Generator().manual_seed(3)))
    asked = [(Message("user", "what is it"),), (Message("user", "a"),)]
    *_, answers = reply(loaded, attachment, asked, (0, 1), ChatSettings(temperature=0, max_new_tokens=12))
    for conversation, strength, answer in zip(asked, (0, 1), answers, strict=True):
        ids = torch.tensor([source_ids(conversation, loaded.tokenizer)])
        with attachment.strengths(strength):
            tokens = loaded.model.generate(input_ids=ids, max_new_tokens=12, do_sample=False)[0, 1:]
        assert answer.text == loaded.tokenizer.decode(tokens, skip_special_tokens=True)
    assert answers[0] != answers[1]
