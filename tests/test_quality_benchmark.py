"""The quality benchmark compares fairly: its search, its parts of the data, its intervals and its stored runs."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ia3_studio.training.intervals import wilson

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NAMES = (
    "quality",
    "quality_runs",
    "quality_search",
    "quality_costs",
    "quality_sets",
    "quality_tables",
    "quality_methods",
    "quality_tasks",
)


@pytest.fixture(scope="module")
def quality() -> Iterator[dict[str, ModuleType]]:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield {name: __import__(name) for name in NAMES}
    finally:
        sys.path.remove(str(BENCHMARKS))


Make = Callable[..., Any]


@pytest.fixture
def run_of(quality: dict[str, ModuleType]) -> Make:
    runs = quality["quality_runs"]

    def make(asked: Any, validation: float = 0.5, test: tuple[float, ...] = (1.0, 0.0), kind: str = "classes") -> Any:
        loss = validation if kind == "generation" else 1 - validation
        return runs.QualityRun(asked, kind, validation, loss, test, 0.0, 10, 5, 100, 1.0, 2, 50.0, (8, 4))

    return make


@pytest.fixture
def asked(quality: dict[str, ModuleType]) -> Any:
    return quality["quality_runs"].Asked("harbour", "lora", 0.003, 0, 20)


@pytest.mark.parametrize("best", [1e-5, 3e-4, 0.003, 0.01, 1.0])
def test_the_search_widens_until_the_best_rate_has_a_worse_one_on_each_side(
    quality: dict[str, ModuleType], run_of: Make, asked: Any, best: float
) -> None:
    search = quality["quality_search"]

    def measure(one: Any) -> Any:
        return run_of(one, 1 - abs(np.log10(one.rate / best)) / 10)

    tried = search.search(asked, measure)
    assert search.best_rate(tried) == best
    assert {search.neighbor(best, -1), best, search.neighbor(best, 1)} <= set(tried)
    assert len(tried) <= 8


def test_a_search_that_found_no_end_is_marked_in_the_table(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    tried = quality["quality_search"].search(asked, lambda one: run_of(one, min(1.0, one.rate * 1e-4)))
    assert len(tried) == quality["quality_search"].SEARCHED
    runs = [run for found in tried.values() for run in found]
    assert not quality["quality_tables"].result("lora", runs).is_inside
    assert "end of the search" in "\n".join(quality["quality_tables"].tables(runs))


def test_a_rate_that_was_best_by_luck_of_its_first_seed_is_left_for_another(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    first = {0.001: 0.4, 0.003: 0.6, 0.01: 0.8, 0.03: 0.1}

    def measure(one: Any) -> Any:
        return run_of(one, 0.1 if one.rate == 0.01 and one.seed else first[one.rate])

    tried = quality["quality_search"].search(asked, measure, seeds=3)
    assert quality["quality_search"].best_rate(tried) == 0.003
    assert {rate: len(runs) for rate, runs in tried.items()} == {0.001: 1, 0.003: 3, 0.01: 2, 0.03: 1}


def test_a_run_that_diverged_is_worse_than_any_other(quality: dict[str, ModuleType], run_of: Make, asked: Any) -> None:
    def measure(one: Any) -> Any:
        return run_of(one, float("nan") if one.rate > 0.02 else one.rate, kind="classes")

    assert quality["quality_search"].best_rate(quality["quality_search"].search(asked, measure)) == 0.01


def test_the_rate_is_chosen_on_validation_rows_whatever_the_test_rows_say(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    good = run_of(asked, 0.9, test=(0.0, 0.0))
    tempting = run_of(replace(asked, rate=0.01), 0.8, test=(1.0, 1.0))
    again = run_of(replace(asked, seed=1), 0.85, test=(1.0, 0.0))
    found = quality["quality_tables"].result("lora", [tempting, again, good])
    assert [run.asked.seed for run in found.runs] == [0, 1] and {run.asked.rate for run in found.runs} == {0.003}


def test_the_interval_of_an_accuracy_agrees_with_wilsons(quality: dict[str, ModuleType]) -> None:
    scores = np.array([1.0] * 160 + [0.0] * 40)[:, None]
    found, expected = quality["quality_tables"].mean_interval(scores), wilson(160, 200)
    assert found.low == pytest.approx(expected.low, abs=0.012) and found.high == pytest.approx(expected.high, abs=0.012)


def test_seeds_that_answer_alike_do_not_count_as_more_rows(quality: dict[str, ModuleType]) -> None:
    scores = np.array([1.0] * 30 + [0.0] * 20)[:, None]
    interval = quality["quality_tables"].mean_interval
    assert interval(np.repeat(scores, 3, axis=1)) == pytest.approx(interval(scores))


def results_of(quality: dict[str, ModuleType], run_of: Make, asked: Any, kind: str, *tests: Any) -> list[Any]:
    runs = [run_of(asked, test=tuple(map(float, test)), kind=kind) for test in tests]
    return [quality["quality_tables"].Result("lora", (run,), True) for run in runs]


def test_a_difference_is_paired_by_row_so_that_few_rows_decide_it(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    hard = np.arange(200) % 2  # half of the rows are wrong by both
    better = hard.copy()
    better[:20:2] = 1  # ten rows more
    own, peer = results_of(quality, run_of, asked, "classes", better, hard)
    found, (low, high) = quality["quality_tables"].advantage(own, peer)
    assert found == pytest.approx(0.05) and 0.02 < low < 0.05 < high < 0.1
    alone = [quality["quality_tables"].mean_interval(each.scores) for each in (own, peer)]
    assert alone[0].low < alone[1].high  # two intervals without pairing say nothing


def test_equal_answers_have_no_difference_and_no_interval(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    own, peer = results_of(quality, run_of, asked, "classes", [1, 0] * 10, [1, 0] * 10)
    assert quality["quality_tables"].advantage(own, peer) == (0.0, (0.0, 0.0))


def test_less_loss_is_an_advantage(quality: dict[str, ModuleType], run_of: Make, asked: Any) -> None:
    own, peer = results_of(quality, run_of, asked, "generation", [2.0, 3.0, 2.5], [2.5, 3.5, 3.1])
    assert quality["quality_tables"].advantage(own, peer)[0] > 0.5


def many(quality: dict[str, ModuleType], start: int, stop: int) -> list[Any]:
    return [quality["quality_sets"].QualityRow(f"text {n}", str(n % 3)) for n in range(start, stop)]


def test_the_parts_of_a_set_share_no_text_and_depend_on_the_seed_alone(quality: dict[str, ModuleType]) -> None:
    rows = many(quality, 0, 60) + many(quality, 0, 10)  # some occur twice
    parts = quality["quality_sets"].parts
    train, validation, test = parts(rows, [], (30, 10, 15))
    assert [len(each) for each in (train, validation, test)] == [30, 10, 15]
    texts = [row.text for row in (*train, *validation, *test)]
    assert len(texts) == len(set(texts))
    assert parts(rows, [], (30, 10, 15)) == (train, validation, test)
    assert parts(rows, [], (30, 10, 15), seed=1)[2] != test
    assert parts(rows, [], (5, 5, 15))[2] == test  # less to learn, the same test


def test_published_test_rows_are_the_test_and_are_not_learned(quality: dict[str, ModuleType]) -> None:
    known, published = many(quality, 0, 40), many(quality, 30, 60)
    train, validation, test = quality["quality_sets"].parts(known, published, (100, 5, 30))
    assert {row.text for row in test} == {row.text for row in published}
    assert len(validation) == 0 and {row.text for row in train} == {f"text {n}" for n in range(30)}


def test_a_finished_run_is_not_repeated_and_an_interrupted_measurement_is_resumed(
    quality: dict[str, ModuleType], run_of: Make, asked: Any, tmp_path: Path
) -> None:
    done: list[float] = []

    def measure(one: Any) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(one.rate)
        return run_of(one, 1 - abs(np.log10(one.rate / 0.1)))

    kept, search = quality["quality_runs"].kept, quality["quality_search"].search
    with pytest.raises(KeyboardInterrupt):
        search(asked, kept(tmp_path, measure))
    before, done[:] = list(done), []
    with pytest.raises(KeyboardInterrupt):
        search(asked, kept(tmp_path, measure))
    assert len(before) == len(done) == 2 and not {*before} & {*done}
    done[:] = []
    first = search(asked, kept(tmp_path, measure))
    assert search(asked, kept(tmp_path, lambda one: pytest.fail(f"{one} was measured again"))) == first
    assert {run.asked.rate: [run] for run in quality["quality_runs"].stored(tmp_path)} == first


def test_runs_with_another_budget_or_rate_of_the_head_are_other_runs(
    quality: dict[str, ModuleType], asked: Any
) -> None:
    others = {"steps": 21}, {"time_of": 20}, {"head_rate": 0.1}, {"seed": 1}
    assert len({asked.file_name, *(replace(asked, **each).file_name for each in others)}) == 5


def test_the_comparison_counts_the_sets_on_which_loras_result_is_reached(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    def both(name: str, own: list[float], peer: list[float]) -> list[Any]:
        one = replace(asked, set_name=name)
        return [run_of(replace(one, method="ia3"), test=tuple(own)), run_of(one, test=tuple(peer))]

    better, worse = [1.0] * 9 + [0.0], [1.0] * 2 + [0.0] * 8
    runs = [*both("harbour", better, worse), *both("banking77", worse, better), *both("nl2bash", better, better)]
    lines = list(quality["quality_tables"].tables(runs))
    assert "equal steps, one rate for adapter and new head" in lines[0]
    row = next(line for line in lines if line.startswith("| (IA)³, paper | 1.00"))
    assert row.endswith("| 2 of 3 |") and "**+70.0" in row and "**-70.0" in row and "| +0.0 [+0.0, +0.0] |" in row


def test_a_method_whose_seeds_are_not_finished_is_named_and_left_out(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    both = [run_of(replace(asked, seed=seed)) for seed in (0, 1)]
    lines = list(quality["quality_tables"].tables([*both, run_of(replace(asked, method="ia3"))]))
    assert not any(line.startswith("| (IA)³") for line in lines)
    assert lines[-1].startswith("Not finished and left out: (IA)³, paper (harbour, 20 steps")


def test_the_tables_replace_those_on_a_page_and_nothing_else(quality: dict[str, ModuleType]) -> None:
    tables = quality["quality_tables"]
    page = f"# Title\n\n{tables.START}\n\nold\n\n{tables.END}\n\nmore\n"
    assert tables.page_with(page, "new") == page.replace("old", "new")
    with pytest.raises(ValueError, match="add the lines"):
        tables.page_with("# Title\n", "new")


PUBLIC = {
    "banking77": {"train.csv": 'text,category\n"a,\nb",x\nc,y\n', "test.csv": "text,category\nd,x\n"},
    "uci-sentiment-amazon": {"amazon_cells_labelled.txt": "Good, a\tb\t1\nBad\t0\n"},
    "superglue-rte": {
        f"{part}.jsonl": json.dumps({"premise": part, "hypothesis": "h", "label": "entailment"}) + "\n"
        for part in ("train", "dev32", "val")
    },
    "superglue-copa": {
        f"{part}.jsonl": json.dumps(
            {"premise": f"The {part} fell.", "choice1": "It broke.", "choice2": "It flew.", "question": "effect",
             "label": 0}
        )
        for part in ("train", "dev32", "val")
    },
    "nl2bash": {"all.nl": "list files\nshow text\n", "all.cm": "ls\ncat a\n"},
    "e2e-nlg": {"devset.csv": "mr,ref\nname[A],A is.\nname[B],B is.\n", "testset_w_refs.csv": '"mr","ref"\n"c","C"\n'},
    "scitldr-a": {
        f"{part}.jsonl": json.dumps({"source": [part, "b."], "target": ["short", "other"]}) for part in ("dev", "test")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_public_sets_are_read_as_their_authors_published_them(
    quality: dict[str, ModuleType], tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    for file, text in PUBLIC[name].items():
        (tmp_path / name / file).write_text(text, encoding="utf-8")
    sets = quality["quality_sets"]
    assert sets.available(tmp_path) == ["harbour", "lighthouse", name]
    data = sets.load_set(name, tmp_path)
    rows = {row.text: row for row in (*data.train, *data.validation, *data.test)}
    expected = {
        "banking77": ("a,\nb", "x"),
        "uci-sentiment-amazon": ("Good, a\tb", "1"),
        "superglue-rte": ("val", "entailment"),
        "superglue-copa": ("The val fell so", "it broke."),
        "nl2bash": ("list files", "ls"),
        "e2e-nlg": ("c", "C"),
        "scitldr-a": ("test b.", "short"),
    }[name]
    assert rows[expected[0]].answer == expected[1]


def test_the_projects_own_sets_need_no_folder_and_public_ones_say_so(quality: dict[str, ModuleType]) -> None:
    sets = quality["quality_sets"]
    for name in ("harbour", "lighthouse"):
        data = sets.load_set(name, None)
        assert data.train and data.validation and data.test
    with pytest.raises(FileNotFoundError, match="--folder"):
        sets.load_set("banking77", None)


@pytest.fixture
def tiny() -> Any:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return BertForSequenceClassification(BertConfig(**shape, vocab_size=50, num_labels=3)).eval()


VECTORS = {"ia3": 2 * (32 + 32 + 64), "ia3-both": 2 * (32 + 32 + 64 + 64), "ia3-all": 2 * (4 * 32 + 2 * 64)}
COUNTS = {**VECTORS, "lora": 2 * 2 * 2 * 32 * 8, "head": 0}


@pytest.mark.parametrize("name", COUNTS)
def test_every_method_trains_the_whole_new_head_and_its_own_part(
    quality: dict[str, ModuleType], tiny: Any, name: str, tmp_path: Path
) -> None:
    tuned = quality["quality_methods"].METHODS[name].prepare(tiny, ("classifier",))
    own, head = (sum(each.numel() for each in part) for part in (tuned.parameters, tuned.head))
    assert (own, head) == (COUNTS[name], 3 * 32 + 3)
    assert {id(each) for each in (*tuned.parameters, *tuned.head)} == {
        id(each) for each in tiny.parameters() if each.requires_grad
    }
    tuned.save(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.glob("*.safetensors")) > 4 * (own + head)


class OneText:
    """A task of one row, in place of a set and a tokenizer."""

    def __init__(self, model: Any) -> None:
        import types

        self.model = model
        self.data = types.SimpleNamespace(train=[0], batch_size=1)

    def rows(self, part: list[int]) -> list[int]:
        return part

    def length(self, _row: int) -> int:
        return 4

    def loss(self, _rows: list[int]) -> Any:
        import torch

        return self.model(input_ids=torch.tensor([[1, 2, 3, 4]]), labels=torch.tensor([1])).loss


def test_a_factor_for_a_role_moves_its_vectors_so_many_times_as_far(quality: dict[str, ModuleType], tiny: Any) -> None:
    prepare = quality["quality_methods"].ia3("paper", {"value": 3})
    tuned = prepare(tiny, ("classifier",))
    quality["quality_tasks"].fit(OneText(tiny), tuned, (0.01, 0.01), 0, 1)
    moved = (tuned.parameters[0].detach() - 1).abs()  # keys, values and feed-forward of each layer
    keys, values, inner = (float(each.median()) for each in (moved[:32], moved[32:64], moved[64:128]))
    assert values == pytest.approx(3 * inner, rel=0.05) and keys < 1.1 * inner


def test_training_takes_the_steps_asked_for_and_stops_at_a_loss_that_is_not_a_number(
    quality: dict[str, ModuleType], tiny: Any
) -> None:
    fit = quality["quality_tasks"].fit
    tuned = quality["quality_methods"].METHODS["ia3"].prepare(tiny, ("classifier",))
    assert fit(OneText(tiny), tuned, (0.01, 0.01), 0, 7)[1] == 7
    tiny.classifier.bias.data[0] = float("nan")
    assert fit(OneText(tiny), tuned, (0.01, 0.01), 0, 7)[1] == 0


def test_equal_time_gives_a_cheaper_step_more_steps_and_a_dearer_one_fewer(
    quality: dict[str, ModuleType], run_of: Make, asked: Any, tmp_path: Path
) -> None:
    costs, runs = quality["quality_costs"], quality["quality_runs"]
    assert costs.steps_in_time(60, {"lora": 1.0, "ia3": 1.25, "head": 0.5}, ["ia3", "lora", "head", "none"]) == {
        "ia3": 48,
        "lora": 60,
        "head": 120,
        "none": 60,
    }
    measured = costs.kept_costs(tmp_path / "costs", lambda: {"lora": 0.5})
    assert costs.kept_costs(tmp_path / "costs", lambda: pytest.fail("measured again")) == measured
    equal_steps = runs.kept(tmp_path, run_of)(asked)
    timed = replace(asked, time_of=20)
    again = runs.kept(tmp_path, lambda _one: pytest.fail("the same run was measured again"))(timed)
    assert again == replace(equal_steps, asked=timed)
    ours = run_of(replace(timed, method="ia3", steps=16))
    lines = list(quality["quality_tables"].tables([equal_steps, again, ours]))
    assert "equal time, one rate" in lines[0] and any("the time of 20 steps of LoRA r8" in line for line in lines)


@pytest.mark.starter
def test_the_cost_of_a_step_is_measured_of_every_method_that_trains(quality: dict[str, ModuleType]) -> None:
    found = quality["quality_costs"].step_costs("harbour", ["head", "lora", "full"], None)
    assert set(found) == {"head", "lora", "full"} and 0 < found["head"] < found["lora"] < found["full"]


def test_the_new_head_has_its_own_rate(quality: dict[str, ModuleType], tiny: Any) -> None:
    tuned = quality["quality_methods"].METHODS["lora"].prepare(tiny, ("classifier",))
    before = [each.detach().clone() for each in tuned.parameters]
    quality["quality_tasks"].fit(OneText(tiny), tuned, (0.0, 0.1), 0, 3)
    assert all(old.equal(each) for old, each in zip(before, tuned.parameters, strict=True))
    assert max(float(each.detach().abs().max()) for each in tuned.head) > 0.1


def test_what_trains_the_head_alone_is_in_the_tables_of_both_ways_to_train_it(
    quality: dict[str, ModuleType], run_of: Make, asked: Any
) -> None:
    alone = replace(run_of(replace(asked, method="head")), trained=0)
    runs = [alone, run_of(asked), run_of(replace(asked, head_rate=0.1))]
    lines = list(quality["quality_tables"].tables(runs))
    assert sum(line.startswith("| head only | 0.003") for line in lines) == 2
    assert sum(line.startswith("### harbour, 20 steps") for line in lines) == 2


@pytest.mark.starter
@pytest.mark.parametrize("method", ["ia3-warm", "lora"])
def test_a_run_learns_a_real_set_and_tells_what_it_cost(
    quality: dict[str, ModuleType], asked: Any, method: str
) -> None:
    run = quality["quality"].train_and_test(replace(asked, method=method, steps=2, head_rate=0.1), None)
    assert set(run.test) <= {0.0, 1.0} and len(run.test) == 120 and run.rows == (400, 80)
    assert run.steps == 2 and run.seconds > 0 and run.peak_mb > 100
    assert run.in_head == 20 * 385 and run.file_bytes > 4 * (run.trained + run.in_head)
    assert 0 < run.forgetting < 0.1
    assert (sum(run.test) > 24) == (method == "ia3-warm")  # its head has learned before the first step


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sets", "banking77"], "--folder has no subfolder banking77"),
        (["--sets", "bank"], "unknown: bank; sets: harbour"),
        (["--methods", "dora"], "unknown: dora"),
        (["--tables"], "--tables needs --keep"),
    ],
)
def test_what_cannot_be_measured_is_said_before_anything_is(options: list[str], said: str) -> None:
    command = [sys.executable, str(BENCHMARKS / "quality.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and said in done.stderr


def test_the_quick_set_repeats_the_figures_of_the_readme_alone() -> None:
    command = [sys.executable, str(BENCHMARKS / "refresh.py"), "--quick", "--list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    readme = (BENCHMARKS.parent / "README.md").read_text(encoding="utf-8")
    assert 3 <= len(listed) <= 10 and all(f"`{each}`" in readme for each in listed)


def test_figures_are_not_refreshed_without_what_they_compare_with() -> None:
    bare = [sys.executable, "-S", str(BENCHMARKS / "refresh.py"), "--only", "no such command"]  # no installed packages
    done = subprocess.run(bare, capture_output=True, text=True)
    assert done.returncode == 1 and "requirements-dev.txt" in done.stderr


def test_outputs_are_kept_for_the_backward_pass_as_long_as_a_model_is_trained(
    quality: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in every training on a CPU: projections that are computed again would make (IA)³ slower than it is."""
    from ia3_studio.method import scaling
    from tests.families import batch_of, tiny_model

    asked = []
    monkeypatch.setattr(scaling, "source_of", lambda *_args: asked.append(True))
    model = tiny_model("llama")
    tuned = quality["quality_methods"].METHODS["ia3-all"].prepare(model, ())
    model(**batch_of(model)).logits.sum().backward()
    assert tuned.parameters[0].grad is not None and not asked


def test_a_fitting_keeps_what_its_method_has_set_also_where_the_costs_of_steps_are_measured(
    quality: dict[str, ModuleType], tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ia3_studio.method import scaling

    asked = []
    monkeypatch.setattr(scaling, "source_of", lambda *_args: asked.append(True))
    methods, fitting = quality["quality_methods"].METHODS, quality["quality_tasks"].Fitting
    measured = fitting(OneText(tiny), methods["ia3-all"].prepare(tiny, ("classifier",)), (0.1, 0.1))
    gc.collect()
    assert measured.step([0], 0.5) and not asked
