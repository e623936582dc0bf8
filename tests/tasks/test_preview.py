"""What a run would see and take is told before it starts, and is what the run then does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.errors import DataError, RunError
from ia3_studio.runs import RunConfig
from ia3_studio.runs.run import Run
from ia3_studio.tasks.preview import preview_run
from ia3_studio.training import TrainConfig
from ia3_studio.training.batches import label_count
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat
from tests.training.test_images import paint


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(save_tiny_chat(tmp_path / "tiny"))


def config(model: str, data: Path | str, **settings: float) -> RunConfig:
    return RunConfig("a run", model, str(data), train=TrainConfig(**settings))  # type: ignore[arg-type]


def pairs(folder: Path, rows: int = 12) -> Path:
    path = folder / "pairs.csv"
    path.write_text("prompt,answer\n" + "".join(f"ask {n},{'tell ' * n}\n" for n in range(1, rows + 1)))
    return path


def test_what_is_foretold_is_what_the_run_sees(tiny: str, tmp_path: Path) -> None:
    wanted = config(tiny, pairs(tmp_path), max_length=75, batch_size=4, epochs=3)
    found = preview_run(wanted)
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    run.files.config.write_text(wanted.to_json())
    job = TrainingJob(run)
    job.prepare(lambda _share, _said: None)
    assert found.training.tokens == sum(len(row.input_ids) for row in job._rows)
    assert found.training.trained == label_count(job._rows)
    assert found.training.truncated and set(found.training.truncated) == {row.row for row in job._rows if row.truncated}
    assert found.forecast.steps == list(job.steps(lambda: False))[-1].step == 9
    assert found.forecast.tokens == 3 * found.training.tokens


def test_the_first_a_random_and_the_longest_row_are_shown_whole(tiny: str, tmp_path: Path) -> None:
    found = preview_run(config(tiny, pairs(tmp_path), max_length=64), seed=3)
    assert [row.why for row in found.shown] == ["first", "random", "longest"]
    longest = found.shown[-1]
    assert longest.seen.tokens == max(found.training.lengths) and longest.pieces[-1][1] == "truncated"
    assert any(mark == "trained" for _text, mark in found.shown[0].pieces)
    drawn = [preview_run(config(tiny, "lighthouse"), seed=seed).shown[:2] for seed in (0, 1, 2, 0)]
    assert {first.seen.row for first, _random in drawn} == {1} and len({other.seen.row for _first, other in drawn}) == 3
    assert drawn[0][1].seen.row == drawn[-1][1].seen.row


def test_an_example_that_is_asked_for_comes_first_and_the_last_stands_for_those_beyond(
    tiny: str, tmp_path: Path
) -> None:
    found = preview_run(config(tiny, pairs(tmp_path)), asked=5)
    assert found.shown[0].why == "asked" and found.shown[0].seen.row == found.split.train[4].row
    beyond = preview_run(config(tiny, pairs(tmp_path)), asked=500)
    assert beyond.shown[0].seen.row == found.split.train[-1].row


def test_held_out_rows_of_the_seed_are_those_of_the_run(tiny: str, tmp_path: Path) -> None:
    rows = [preview_run(config(tiny, pairs(tmp_path), seed=seed)).split.held_out[0].row for seed in range(3)]
    assert len(set(rows)) > 1


def test_pictures_have_no_tokens(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Images have no tokens"):
        preview_run(config("any/model", paint(tmp_path / "pictures", 4)))


def test_a_run_records_what_it_set_aside_and_does_not_go_on_with_other_data(tiny: str, tmp_path: Path) -> None:
    source = pairs(tmp_path)
    wanted = config(tiny, source)
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    run.files.config.write_text(wanted.to_json())
    TrainingJob(run).prepare(lambda _share, _said: None)
    recorded = json.loads(run.files.split.read_text())
    split = wanted.choice().load(wanted.held_out, wanted.train.seed)
    assert recorded["held_out_rows"] == [example.row for example in split.held_out]
    assert (
        recorded["data"] == split.fingerprint
        and recorded["seed"] == 0
        and recorded["training_rows"] == len(split.train)
    )
    TrainingJob(run).prepare(lambda _share, _said: None)  # the same data: it goes on
    source.write_text(source.read_text() + "one more,row\n")
    with pytest.raises(RunError, match="The data of this run have changed since it started"):
        TrainingJob(run).prepare(lambda _share, _said: None)
