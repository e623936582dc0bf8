"""The history says what each run came to, from its folder; it is quick with thousands of runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ia3_studio.errors import RunError, TrainingError
from ia3_studio.runs import Run, RunConfig, RunStore, history
from ia3_studio.runs.comparison import MOST_POINTS, curve_of, differing
from ia3_studio.runs.environment import differences, model_fingerprint
from ia3_studio.runs.evaluation import RunEvaluation, write_evaluation
from ia3_studio.runs.folder import step_line, write_json
from ia3_studio.runs.history import RECORD, matching, ranked, record_of, records
from ia3_studio.runs.notes import RunNotes, read_notes, tags_of, write_notes
from ia3_studio.runs.rerun import GROUPS, Variations, rerun, sweep, variations
from ia3_studio.runs.trash import delete, delete_for_good, deleted, restore
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.training.intervals import Interval
from ia3_studio.training.report import Evaluation, Measure

CONFIG = RunConfig("First light", "org/tiny-model", "lighthouse", train=TrainConfig(learning_rate=0.02, seed=3))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def ended(
    store: RunStore, config: RunConfig = CONFIG, losses: tuple[float, ...] = (4.0, 3.0, 2.0, 2.5), name: str = ""
) -> Run:
    """Create a run that has finished with these held-out losses, from step 0 on."""
    run = store.create(replace(config, name=name or config.name), f"{name}{len(store.list())}")
    lines = [
        step_line(Step(n, len(losses) - 1, n / 3, loss + 1, loss, 0.01, 0.5, 10 * n, 1.0, 99.0))
        for n, loss in enumerate(losses)
    ]
    run.files.metrics.write_text("".join(lines))
    write_json(run.files.status, {
        "phase": "ended", "message": "Finished", "result": "finished", "started_at": 100.0, "ended_at": 190.0,
    })  # fmt: skip
    return Run(run.folder)


def evaluated(run: Run, tuned: float) -> Run:
    ends = Interval(0.0, 0.2), Interval(tuned - 0.1, tuned + 0.1), Interval(tuned - 0.2, tuned)
    measure = Measure("Accuracy", "", "higher", 0.1, tuned, *ends)
    write_evaluation(run.folder, RunEvaluation(Evaluation("classes", (measure,), 40, 1.0)))
    return run


def test_a_record_says_what_the_folder_says(store: RunStore) -> None:
    run = ended(store)
    write_json(run.files.environment, {"parameters": 57600})
    record = record_of(run)
    assert (record.name, record.state, record.model, record.data) == (
        "First light",
        "finished",
        "tiny-model",
        "lighthouse",
    )
    assert (record.learning_rate, record.seed, record.step, record.total_steps) == (0.02, 3, 3, 3)
    assert (record.base_loss, record.loss, record.seconds, record.parameters) == (4.0, 2.0, 90.0, 57600)
    assert record.verdict == "" and record.better == -2.0


def test_a_run_that_keeps_its_last_numbers_is_told_by_its_last_loss(store: RunStore) -> None:
    config = replace(CONFIG, train=replace(CONFIG.train, keep_best=False))
    assert record_of(ended(store, config)).loss == 2.5


def test_an_ended_run_is_read_once_and_again_when_it_changes(store: RunStore) -> None:
    run = ended(store)
    record_of(run)
    kept = run.folder / RECORD
    document = json.loads(kept.read_text())
    document["record"]["model"] = "from the record"
    kept.write_text(json.dumps(document))
    assert record_of(Run(run.folder)).model == "from the record"
    write_notes(run.files.notes, RunNotes("Renamed", "", ("voice",)))
    changed = record_of(Run(run.folder))
    assert (changed.model, changed.name, changed.tags) == ("tiny-model", "Renamed", ("voice",))
    kept.write_text("{half")
    assert record_of(Run(run.folder)).name == "Renamed"


def test_a_run_at_work_and_a_damaged_one_are_in_the_history_too(store: RunStore) -> None:
    waiting = store.create(CONFIG, "waiting")
    damaged = ended(store, name="damaged")
    damaged.files.config.write_text("{")
    found = {record.id: record for record in records(store)}
    assert found[waiting.id].state == "queued" and not (waiting.folder / RECORD).exists()
    assert found[damaged.id].model == "–" and found[damaged.id].name == damaged.id


def test_runs_are_ranked_by_what_they_came_to(store: RunStore) -> None:
    good, best, none = (
        evaluated(ended(store, name="good"), 0.6), evaluated(ended(store, name="best"), 0.8), store.create(CONFIG, "x"),
    )  # fmt: skip
    order = ranked(records(store))
    assert [record.id for record in order] == [best.id, good.id, none.id]
    assert (order[0].measure, order[0].tuned, order[0].low, order[0].high) == ("Accuracy", 0.8, pytest.approx(0.7), 0.9)


def test_words_find_runs_by_anything_that_is_said_of_them(store: RunStore) -> None:
    voice = ended(store, name="The voice")
    write_notes(voice.files.notes, RunNotes("", "", ("try-2",)))
    ended(store, name="Other")
    found = records(store)
    assert [record.name for record in matching(found, "VOICE try-2 finished")] == ["The voice"]
    assert matching(found, "nothing") == [] and matching(found, " ") == found


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.nightly)])
def test_hundreds_of_runs_are_listed_from_one_small_file_each(
    count: int, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ended(store)
    record_of(one)
    for number in range(count - 1):
        folder = store.root / f"20260101-{number // 100:06d}-{number % 100:06x}"
        folder.mkdir()
        for path in (one.files.config, one.files.status, one.folder / RECORD):
            (folder / path.name).write_bytes(path.read_bytes())
    first = records(store)
    monkeypatch.setattr(history, "read_evaluation", lambda folder: 1 / 0)  # what a run is, told from all its files
    assert records(store) == first and len(first) == count


def test_only_what_differs_is_compared(store: RunStore) -> None:
    other = replace(CONFIG, train=replace(CONFIG.train, learning_rate=0.1))
    runs = [ended(store), ended(store, other), ended(store)]
    write_json(runs[2].files.environment, {"libraries": {"torch": "3"}})
    assert dict(differing(runs)) == {
        "train.learning_rate": ("0.02", "0.1", "0.02"),
        "versions and machine.libraries.torch": ("–", "–", "3"),
    }
    assert "name" not in dict(differing([ended(store, name="a"), ended(store, name="b")]))


def test_a_long_curve_is_thinned_and_keeps_its_ends(store: RunStore) -> None:
    run = ended(store, losses=tuple(5 - n / 1000 for n in range(2000)))
    curve = curve_of(run)
    assert len(curve.held_out) == MOST_POINTS
    assert (curve.held_out_steps[0], curve.held_out_steps[-1]) == (0, 1999)
    assert curve.held_out[-1] == pytest.approx(5 - 1.999)


def test_names_notes_and_tags_change_and_settings_do_not(store: RunStore) -> None:
    run = ended(store)
    before = run.files.config.read_bytes()
    write_notes(run.files.notes, RunNotes("New name", "a note\nof two lines", tags_of("voice, first try,,voice")))
    assert Run(run.folder).name == "New name" and run.files.config.read_bytes() == before
    assert read_notes(run.files.notes).tags == ("voice", "first-try")


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (RunNotes("x" * 81), "The name has 81 characters"),
        (RunNotes(tags=("<b>",)), "is not a valid tag"),
        (RunNotes(tags=tuple("abcdefghijklm")), "There are 13 tags"),
    ],
)
def test_what_is_too_long_or_no_tag_is_refused(about: RunNotes, said: str, store: RunStore) -> None:
    with pytest.raises(RunError, match=said):
        write_notes(ended(store).files.notes, about)


def test_a_deleted_run_comes_back_from_the_bin(store: RunStore) -> None:
    run = ended(store)
    delete(store, run)
    assert store.list() == () and [each.id for each in deleted(store)] == [run.id]
    with pytest.raises(RunError, match="no longer exists"):
        delete(store, run)
    assert restore(store, run.id).status().state == "finished" and len(store.list()) == 1
    delete(store, store.open(run.id))
    delete_for_good(store, run.id)
    assert deleted(store) == ()


@pytest.mark.parametrize("run_id", ["../../etc", "", "20260101-000000-abcdef", ".", "20260101-000000-ABCDEF"])
def test_nothing_outside_the_bin_is_deleted_or_restored(run_id: str, store: RunStore) -> None:
    ended(store)
    for act in (restore, delete_for_good):
        with pytest.raises(RunError, match="in the trash"):
            act(store, run_id)
    assert len(store.list()) == 1


def test_a_run_that_waits_is_not_deleted(store: RunStore) -> None:
    with pytest.raises(RunError, match="stop it before you delete it"):
        delete(store, store.create(CONFIG, "waiting"))


def test_a_run_is_made_again_from_its_folder_alone(store: RunStore, tmp_path: Path) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("prompt,answer\na,b\nc,d\n")
    first = ended(store, replace(CONFIG, data=str(data)))
    write_json(first.files.environment, {"base_model": "abc"})
    data.unlink()
    elsewhere = tmp_path / "another machine" / first.id
    first.folder.rename(tmp_path / "moved")
    elsewhere.parent.mkdir()
    (tmp_path / "moved").rename(elsewhere)
    made = rerun(RunStore(tmp_path / "other runs"), Run(elsewhere))
    assert replace(made.config, data="") == replace(Run(elsewhere).config, data="")
    assert Path(made.data_source).read_text().startswith("prompt,answer")
    assert json.loads(made.files.original_environment.read_text()) == {"base_model": "abc"}


def test_a_run_whose_data_are_gone_says_where_they_should_be(store: RunStore) -> None:
    run = ended(store, replace(CONFIG, data="/no/such/rows.csv"))
    with pytest.raises(RunError, match=r"not found in its folder or at /no/such/rows\.csv"):
        rerun(store, run)


def test_a_sweep_is_every_combination_under_one_tag(store: RunStore) -> None:
    run = ended(store)
    tried = Variations(learning_rates=(0.01, 0.1), seeds=(0, 1), groups=("keys", "keys, values and feed-forward"))
    made = sweep(store, run, tried, "sweep-1", "click")
    assert len(made) == tried.count == 8 and len({each.id for each in made}) == 8
    assert {(e.config.train.learning_rate, e.config.train.seed, str(e.config.selection)) for e in made} == {
        (rate, seed, sites) for rate in (0.01, 0.1) for seed in (0, 1) for sites in ("key", "key,value,feed-forward")
    }
    assert made[0].config.name == "First light: keys, rate 0.01, seed 0"
    assert all(each.notes.tags == ("sweep-1",) for each in made)
    assert [e.id for e in sweep(store, run, tried, "sweep-1", "click")] == [e.id for e in made]  # the same click


def test_no_variation_is_the_same_run_once_more(store: RunStore) -> None:
    assert [config for _said, config in variations(CONFIG, Variations())] == [CONFIG]


@pytest.mark.parametrize(
    ("tried", "said"),
    [
        (Variations(seeds=tuple(range(65))), "The sweep has 65 runs"),
        (Variations(groups=("everything",)), "Unknown module group 'everything'"),
    ],
)
def test_a_sweep_that_is_too_large_or_unknown_is_refused(tried: Variations, said: str) -> None:
    with pytest.raises(RunError, match=said):
        variations(CONFIG, tried)


def test_a_setting_outside_its_range_is_refused_before_any_run_is_made(store: RunStore) -> None:
    with pytest.raises(TrainingError, match="learning_rate"):
        sweep(store, ended(store), Variations(learning_rates=(0.01, -1.0)), "t", "c")
    assert len(store.list()) == 1


def test_every_group_of_a_sweep_chooses_sites_of_a_model() -> None:
    from ia3_studio.method import discover
    from tests.families import tiny_model

    tree = discover(tiny_model("llama"))
    roles = {name: {site.role for site in tree.choose(words)} for name, words in GROUPS.items()}
    assert roles["keys"] == {"key"} and roles["feed-forward"] == {"feed-forward"}
    assert roles["keys, values and feed-forward"] == {"key", "value", "feed-forward"}


def test_a_model_is_told_from_another_by_its_fingerprint(tmp_path: Path) -> None:
    from tests.tiny_chat import save_tiny_chat

    one, same, other = (save_tiny_chat(tmp_path / name, seed) for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert model_fingerprint(one) == model_fingerprint(same) != model_fingerprint(other)
    (same / "tokenizer_config.json").write_text("{}")
    assert model_fingerprint(same) != model_fingerprint(one)


def test_what_differs_from_the_making_of_the_original_is_said() -> None:
    then = {"base_model": "a", "libraries": {"torch": "2.0", "numpy": "1"}, "device": "On the CPU."}
    now = {"base_model": "b", "libraries": {"torch": "2.1", "numpy": "1"}, "device": "On the CPU."}
    assert differences(then, now) == [
        "The base model differs from the one of the original run.",
        "Versions differ: torch 2.0 → 2.1.",
    ]
    assert differences(then, then) == []
