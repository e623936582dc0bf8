"""From a run to a zip and back on a model with experts, whose vectors PEFT's layout cannot hold."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import torch

from ia3_studio.chat import ChatSettings
from ia3_studio.data.conversations import Message
from ia3_studio.method import Adapter
from ia3_studio.runs import Run, RunConfig
from ia3_studio.training import TrainConfig
from ia3_studio.ui import text
from ia3_studio.ui.chat_responses import ChatRequest, respond
from ia3_studio.ui.chat_variants import Variant
from ia3_studio.ui.current_run import find, run_key
from ia3_studio.ui.export_tab import import_files, offer
from ia3_studio.ui.scales_tab import draw
from ia3_studio.ui.scales_words import HISTOGRAM
from ia3_studio.ui.session import Studio
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import says


def trained(bench: Studio, folder: Path) -> Run:
    """Train a tiny Mixtral for two steps, in this process."""
    model = save_tiny_chat(folder / "mixtral", family="mixtral")
    rows = [{"prompt": f"what is {number}", "answer": "a light"} for number in range(6)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    train = TrainConfig(epochs=1, batch_size=3, learning_rate=0.5)
    config = RunConfig("Experts", str(model), str(folder / "rows.jsonl"), "paper", train, 0.2)
    run = bench.store.create(config, "a click")
    job = TrainingJob(run)
    job.prepare(lambda _share, _sentence: None)
    last = list(job.steps(lambda: False))[-1].step
    run.files.keep_adapter(last, job.save)
    return run


def test_a_run_on_experts_is_looked_at_talked_to_taken_away_and_brought_back(bench: Studio, tmp_path: Path) -> None:
    run = trained(bench, tmp_path)
    key = run_key(run.id)
    said, body = draw(bench, key, None, text.DIRECTION, HISTOGRAM)[:2]
    assert "Experts: " in said and body["visible"] is True

    current, turns, updates = find(bench, key), (Message("user", "hi"),), []
    assert current and current.adapter
    variants = Variant("base"), Variant("tuned", 1.0, ((current.adapter, 1.0),))
    request = ChatRequest(run.config.model, variants, (turns, turns), ChatSettings(0, 1, 4, 0))
    base, tuned = respond(bench, request, updates.append)
    assert base.text and tuned.text and tuned.time_to_first_token > base.seconds  # rows cannot be batched
    alone = respond(bench, ChatRequest(run.config.model, variants[:1], (turns,), request.settings), updates.append)
    assert [each.text for each in alone] == [base.text]

    facts, button, code = offer(bench, key)
    why = Adapter.load(current.adapter).why_not_peft
    assert says(facts, text.not_for_peft(why)) and "load_adapter" in code["value"]
    with zipfile.ZipFile(button["value"]) as archive:
        assert archive.namelist() == ["ia3_adapter.json", "ia3_adapter.safetensors", "scales.svg", "README.md"]
        card = archive.read("README.md").decode()
    assert "library_name" not in card and "not for PEFT: model.layers.0.mlp.experts.act_fn" in card

    ((back, _said),) = import_files(bench, [button["value"]])
    again = find(bench, back)
    assert again and again.adapter and again.model == run.config.model
    before, after = Adapter.load(current.adapter), Adapter.load(again.adapter)
    assert torch.equal(before.vector, after.vector) and before.selection == after.selection
    assert (before.vector != 1).all()
