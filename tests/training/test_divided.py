"""Processes that divide an evaluation come to the figures of one process, to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from ia3_studio.data.labels import Labels
from ia3_studio.errors import TrainingError
from ia3_studio.runs.evaluation import RunEvaluation
from ia3_studio.tasks import evaluation
from ia3_studio.training.class_loss import ClassLoss
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.divided import EvaluationStopped, divided, result_of
from ia3_studio.training.evaluation import finish
from ia3_studio.training.processes import Processes, launched
from tests.tiny_chat import tiny_tokenizer
from tests.training.preferences import judged_of, pairs_of
from tests.training.test_choices import questions
from tests.training.test_classify import classifier, label_rows
from tests.training.test_evaluation import examples, prepared, rows_of
from tests.training.test_sharded import on_two
from tests.training.test_targets import target_rows

BUDGET = 30
CONFIG = TrainConfig(micro_batch_tokens=BUDGET)
Evaluated = Generator[Any, None, RunEvaluation]


def conversations(processes: Processes | None) -> Evaluated:
    model, attachment = prepared()
    measured = evaluation.evaluate_chat(model, tiny_tokenizer(), attachment, rows_of(9), BUDGET, processes)
    return evaluation.with_answers(model, tiny_tokenizer(), attachment, examples(5), measured, processes)


def targets(processes: Processes | None) -> Evaluated:
    model, attachment = prepared("t5")
    return evaluation.evaluate_targets(model, attachment, target_rows(9), BUDGET, processes)


def preferences(rows: Any, processes: Processes | None) -> Evaluated:
    model, attachment = prepared()
    return evaluation.evaluate_preference_run(
        model, tiny_tokenizer(), attachment, rows, CONFIG.beta, CONFIG.micro_batch_tokens, processes
    )


def choices(processes: Processes | None) -> Evaluated:
    _model, attachment = prepared()
    return evaluation.evaluate_ranking(attachment, questions(9), BUDGET, processes)


def classes(processes: Processes | None) -> Evaluated:
    model, attachment = classifier("bert", "single")
    with torch.no_grad():
        attachment.parameter.mul_(1.3)
    labels = Labels("single", ("sea", "land", "sky"))
    return evaluation.evaluate_classifier(
        ClassLoss(model), attachment, label_rows("single", 9), labels, BUDGET, processes
    )


KINDS: dict[str, Callable[[Processes | None], Evaluated]] = {
    "conversations": conversations,
    "targets": targets,
    "pairs": partial(preferences, pairs_of(9)),
    "judged answers": partial(preferences, judged_of(9)),
    "choices": choices,
    "classes": classes,
}


def figures(found: RunEvaluation) -> list[str]:
    """Return everything but the seconds."""
    parts = [found.held_out, found.forgetting, found.sample_generations]
    return [replace(part, seconds=0.0).to_json() for part in parts if part]


def measure_every_kind(folder: Path) -> None:
    torch.set_num_threads(1)
    torch.save({kind: figures(finish(work(launched()))) for kind, work in KINDS.items()}, folder / f"{launched().rank}")


def test_two_processes_come_to_the_figures_of_one_for_every_kind_of_rows(tmp_path: Path) -> None:
    on_two(tmp_path, measure_every_kind)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        alone = {kind: figures(finish(work(None))) for kind, work in KINDS.items()}
    finally:
        torch.set_num_threads(threads)
    assert torch.load(tmp_path / "0") == alone == torch.load(tmp_path / "1")


def count_own_rows(folder: Path) -> None:
    seen: list[int] = []

    def measure(group: Any) -> int:
        seen.extend(group)
        return sum(group)

    found = result_of(divided([[1, 2], [3], [4, 5], [6], [7]], measure, launched()))
    torch.save((found, seen), folder / f"{launched().rank}")


def test_each_process_measures_groups_of_its_own_and_gets_all_in_their_order(tmp_path: Path) -> None:
    on_two(tmp_path, count_own_rows)
    assert torch.load(tmp_path / "0") == ([3, 3, 9, 6, 7], [1, 2, 4, 5, 7])
    assert torch.load(tmp_path / "1") == ([3, 3, 9, 6, 7], [3, 6])


def leave_or_fail(folder: Path) -> None:
    processes = launched()
    if processes.rank == 1:
        processes.any(True)  # it was asked to stop in the middle of its part
    else:
        with pytest.raises(EvaluationStopped):
            result_of(divided([[1], [2]], sum, processes))
    if processes.rank == 1:
        processes.tell(TrainingError("The loss of row 2 is NaN."))
    else:
        with pytest.raises(TrainingError, match=r"Process 1 of 2: The loss of row 2 is NaN\."):
            result_of(divided([[1], [2]], sum, processes))
    torch.save(True, folder / f"{processes.rank}")


def test_a_stop_or_an_error_of_one_process_ends_the_evaluation_of_all(tmp_path: Path) -> None:
    on_two(tmp_path, leave_or_fail)
    assert (tmp_path / "0").exists() and (tmp_path / "1").exists()
