"""A program for ``accelerate launch``: trains a tiny model and writes down each step, as every process saw it.

python -m accelerate.commands.launch … tests/training/launched.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from ia3_studio.method import attach, discover
from ia3_studio.runs.folder import step_line
from ia3_studio.training import TrainConfig
from ia3_studio.training.processes import launched
from ia3_studio.training.train import train
from tests.families import tiny_model
from tests.training.rows import rows_of

CONFIG = TrainConfig(
    epochs=2, batch_size=4, eval_steps=2, learning_rate=3e-2, micro_batch_tokens=24, backward_dtype="float32"
)


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    # Nine rows by four: the last batch of an epoch has one row, so one of two processes has none.
    steps = train(model, attachment, rows_of(9), rows_of(3, seed=9), CONFIG)
    lines = "".join(map(step_line, steps))
    (folder / f"steps-{launched().rank}.jsonl").write_text(lines, encoding="utf-8")
    torch.save(attachment.parameter.detach(), folder / f"numbers-{launched().rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
