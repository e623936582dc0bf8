"""The real starter: a few steps teach it something, and PEFT computes the same from the file."""

from __future__ import annotations

from pathlib import Path

import peft
import pytest
import torch

from ia3_studio import TrainConfig, attach, discover, load_adapter, load_data, load_model, tokenize, train
from ia3_studio.models import STARTER
from ia3_studio.training.presets import preset
from ia3_studio.ui.model_tab import DEMO_PRESET, DEMO_TOKENS

pytestmark = pytest.mark.starter


def test_a_few_steps_lower_the_held_out_loss_and_peft_agrees(tmp_path: Path) -> None:
    loaded = load_model(STARTER)
    data = load_data("lighthouse")
    rows = tokenize(data.train, loaded.tokenizer, 512).rows
    held_out = tokenize(data.held_out[:3], loaded.tokenizer, 512).rows
    selection = discover(loaded.model, loaded.base_model).select("paper")
    assert (len(selection), selection.parameters) == (90, 57_600)
    trained = preset(DEMO_PRESET).config.epochs * sum(len(row.input_ids) for row in rows)
    assert abs(trained / DEMO_TOKENS - 1) < 0.02  # the page's estimate of the demo's time rests on it

    attachment = attach(loaded.model, selection)
    config = TrainConfig(max_steps=4, eval_steps=4, batch_size=2, warmup_ratio=0.0)
    steps = list(train(loaded.model, attachment, rows, held_out, config))
    before, after = steps[0].held_out, steps[-1].held_out
    assert before is not None and after is not None and after < before - 0.2

    attachment.adapter({"task_type": "CAUSAL_LM"}).save(tmp_path)
    ids = torch.tensor([held_out[0].input_ids])
    with torch.no_grad():
        ours = loaded.model(input_ids=ids).logits
        attachment.detach()
        again = load_adapter(loaded.model, tmp_path)
        assert torch.equal(loaded.model(input_ids=ids).logits, ours)
        again.detach()
        base = loaded.model(input_ids=ids).logits
        theirs = peft.PeftModel.from_pretrained(loaded.model, tmp_path)
        assert torch.equal(theirs(input_ids=ids).logits, ours)
    assert not torch.equal(base, ours)
