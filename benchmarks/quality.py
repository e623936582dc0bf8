"""Is (IA)³ as good as LoRA? Several methods on several data sets, each at its own best learning rate.

    python benchmarks/quality.py [--folder FOLDER] [--sets a,b] [--methods a,b] [--seeds 3] [--steps N] [--equal-time]
                                 [--one-rate] [--keep DIR] [--page FILE] [--tables]

Without --folder: the project's own sets. With it: the public sets that it holds, one subfolder each (quality_sets.py
lists them). MiniLM learns to classify, the starter language model to write and to choose. All methods get the same
rows, batches and steps; with --equal-time, as many steps as fit into the time of LoRA's. What a step of each method
costs is measured first, by turns, so that the load of the machine falls on all of them alike.

The learning rate of each method is searched on the validation rows, in steps of about three, until the best rate has a
worse one on each side; test rows take no part in it. A classifier's new head has the rate that is best for training it
alone, the same for all methods; --one-rate trains it at the rate of the rest, as Trainer does. Tables give the mean of
the seeds on the test rows with 95 % intervals (bootstrap over rows), and differences from LoRA that are paired by row.

--keep stores every finished run as JSON, so that an interrupted measurement is resumed; start with an empty folder
after a change of the code. --tables prints what is stored without training. --page writes the tables into a Markdown
page between its two marks.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from quality_costs import PEER, Costs, kept_costs, step_costs, steps_in_time
from quality_methods import DEFAULT, METHODS, fits, start_key
from quality_runs import Asked, Measure, QualityRun, kept, stored
from quality_search import Tried, best_rate, search
from quality_sets import RECIPES, available, load_set
from quality_tables import page_with, tables

OWN = "harbour"
"""What is measured if nothing else is asked."""
HEAD = "head"


def main() -> None:
    """Run what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="public data sets, one subfolder each")
    parser.add_argument("--sets", help=f"separated by commas: {', '.join(RECIPES)}")
    parser.add_argument("--methods", default=",".join(DEFAULT), help=f"separated by commas: {', '.join(METHODS)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="of every method; by default each set's own number")
    parser.add_argument("--equal-time", action="store_true", help="give every method the time of LoRA's steps")
    parser.add_argument("--one-rate", action="store_true", help="train a new head at the rate of everything else")
    parser.add_argument("--keep", type=Path, help="where finished runs are stored, and read from")
    parser.add_argument("--page", type=Path, help="a Markdown page whose tables are replaced")
    parser.add_argument("--tables", action="store_true", help="only print the tables of the stored runs")
    options = parser.parse_args()
    names = options.sets.split(",") if options.sets else (available(options.folder) if options.folder else [OWN])
    methods = options.methods.split(",")
    unknown = [each for each in (*names, *methods) if each not in {*RECIPES, *METHODS}]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; sets: {', '.join(RECIPES)}; methods: {', '.join(METHODS)}")
    absent = [each for each in names if each not in available(options.folder)]
    if absent and not options.tables:
        parser.error(f"--folder has no subfolder {', '.join(absent)}, which the public sets need")
    if options.tables:
        if not options.keep:
            parser.error("--tables needs --keep")
        runs = list(stored(options.keep))
    else:
        with own_processes(options.folder, options.keep) as measurer:
            runs = [run for name in names for run in runs_of_set(name, methods, options, measurer)]
    text = "\n".join(tables(runs))
    print(text)
    if options.page:
        options.page.write_text(page_with(options.page.read_text("utf-8"), text), encoding="utf-8")


def runs_of_set(
    name: str, methods: Sequence[str], options: argparse.Namespace, measurer: Measurer
) -> Iterator[QualityRun]:
    """Measure the methods on one set; yield all runs, those of the search included.

    A new head has the rate that is best for training the head alone, unless one rate is asked for.
    """
    recipe = RECIPES[name]
    steps = options.steps or recipe.steps
    fitting = [each for each in methods if fits(each, recipe.kind)]

    def tried(method: str, head_rate: float | None, steps: int, time_of: int | None) -> Tried:
        start = METHODS[method].start[start_key(recipe.kind)]
        return search(Asked(name, method, start, 0, steps, time_of, head_rate), measurer.measure, options.seeds)

    time_of, of_method = None, dict.fromkeys(fitting, steps)
    if options.equal_time:
        time_of, of_method = steps, steps_in_time(steps, measurer.costs(name, sorted({*fitting, PEER})), fitting)
    has_own_rate = recipe.kind == "classes" and not options.one_rate
    head_rate = best_rate(tried(HEAD, None, steps, None)) if has_own_rate else None
    for method in fitting:
        found = tried(method, None if method == HEAD else head_rate, of_method[method], time_of)
        yield from (run for runs in found.values() for run in runs)


@dataclass(frozen=True)
class Measurer:
    """Measures runs and costs in processes of their own; keeps them in a folder if there is one."""

    measure: Measure
    costs: Callable[[str, Sequence[str]], Costs]


@contextmanager
def own_processes(folder: Path | None, keep: Path | None) -> Iterator[Measurer]:
    """Give each run inside a ``with`` block a process of its own, which shows its peak memory.

    The processes are copies of one that has imported the libraries, where the system can do that.
    """
    can_copy = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if can_copy else "spawn")
    if can_copy:
        context.set_forkserver_preload(["torch", "transformers", "peft", "scipy.stats"])
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:

        def measure(asked: Asked) -> QualityRun:
            run = pool.submit(train_and_test, asked, folder).result()
            print(progress(run), file=sys.stderr, flush=True)
            return run

        def costs(name: str, methods: Sequence[str]) -> Costs:
            place = keep / f"{name}.{'.'.join(methods)}.costs" if keep else None
            found = kept_costs(place, lambda: pool.submit(step_costs, name, methods, folder).result())
            told = ", ".join(f"{method} {seconds:.3f}" for method, seconds in found.items())
            print(f"{name}, seconds of a step: {told}", file=sys.stderr, flush=True)
            return found

        yield Measurer(kept(keep, measure) if keep else measure, costs)


def progress(run: QualityRun) -> str:
    """Return one line on a finished run."""
    asked = run.asked
    figures = f"validation {run.validation:.4f}, test {fmean(run.test):.4f}, {run.seconds:.0f} s"
    return f"{asked.set_name} {asked.method} rate {asked.rate:g} seed {asked.seed}: {figures}"


def train_and_test(asked: Asked, folder: Path | None) -> QualityRun:
    """Train one method on one set and measure it."""
    from quality_tasks import TASKS, Classes, fit

    data, method = load_set(asked.set_name, folder), METHODS[asked.method]
    task = TASKS[data.kind](data, asked.seed)
    head_rate = asked.head_rate
    if method.ridge_rate and isinstance(task, Classes):
        task.start_head_from_ridge()
        head_rate = method.ridge_rate  # what starts near its goal is lost at the rate of what starts at random
    tuned = method.prepare(task.model, task.heads)

    rates = (asked.rate, asked.rate if head_rate is None else head_rate)
    seconds, steps = fit(task, tuned, rates, asked.seed, asked.steps * method.longer)
    validation, test = task.answers(data.validation), task.answers(data.test)
    forgetting = task.forgetting()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return QualityRun(
        asked, data.kind, fmean(validation.scores), validation.loss, tuple(test.scores), forgetting,
        numbers(tuned.parameters), numbers(tuned.head), saved_bytes(tuned.save), seconds, steps, peak_mb,
        (len(data.train), len(data.validation)),
    )  # fmt: skip


def numbers(parameters: Sequence[Any]) -> int:
    """Return how many numbers parameters have."""
    return sum(each.numel() for each in parameters)


def saved_bytes(save: Callable[[Path], object]) -> int:
    """Return the size of the weights that a method saves."""
    with tempfile.TemporaryDirectory() as place:
        save(Path(place))
        return sum(path.stat().st_size for path in Path(place).glob("*.safetensors"))


if __name__ == "__main__":
    main()
