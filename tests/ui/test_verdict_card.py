"""The verdict's card: there only for a run that has something to show, and its numbers are those of the file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas
import pytest

from ia3_studio.runs import Run
from ia3_studio.runs.evaluation import RunEvaluation, read_evaluation, write_evaluation
from ia3_studio.runs.folder import WorkerStatus, write_json
from ia3_studio.training.report import Confusion
from ia3_studio.ui import text
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.session import Studio
from ia3_studio.ui.verdict_card import draw, tone, write_page
from tests.insight.test_verdict import loss
from tests.ui.conftest import AddRun, save_adapter, says


def with_adapter(add_run: AddRun) -> Run:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    return run


def test_sentence_table_and_file_say_the_same(bench: Studio, add_run: AddRun) -> None:
    run = with_adapter(add_run)
    write_evaluation(run.folder, RunEvaluation(loss(-0.4, -0.1), loss(-0.1, 0.1)))
    card, said, table, csv, *_mistakes = draw(bench, run_key(run.id))
    assert card["visible"] and says(said, read_evaluation(run.folder).verdict.sentence) and "good" in said  # type: ignore[union-attr]
    assert "−0.250 (−0.400 to −0.100)" in table and text.measured_on(24, 24) in table
    frame = pandas.read_csv(csv["value"])
    assert frame["tuned"].tolist() == pytest.approx([3.25, 3.5]) and frame["task"].tolist() == ["language"] * 2
    assert frame["difference_low"].tolist() == pytest.approx([-0.4, -0.1])
    assert csv["visible"] and Path(csv["value"]).is_relative_to(bench.scratch)


def test_a_classifier_that_writes_no_text_is_shown_without_forgetting(bench: Studio, add_run: AddRun) -> None:
    run = with_adapter(add_run)
    write_evaluation(run.folder, RunEvaluation(loss(-0.4, -0.1)))
    _card, said, table, csv, *_mistakes = draw(bench, run_key(run.id))
    assert "note good" in said and text.ON_NEUTRAL not in said + table and text.measured_on(24, 0) in table
    assert len(pandas.read_csv(csv["value"])) == 1


def test_there_is_no_card_without_a_run_that_has_an_adapter(bench: Studio, add_run: AddRun) -> None:
    for key in ("", run_key(add_run().id)):
        card, _said, _table, csv, *_mistakes = draw(bench, key)
        assert not card["visible"] and not csv["visible"]


def test_a_run_that_works_has_its_verdict_to_come_and_one_that_ended_without_says_so(
    bench: Studio, add_run: AddRun
) -> None:
    run = with_adapter(add_run)
    assert text.VERDICT_PENDING in draw(bench, run_key(run.id))[1]
    write_json(run.files.status, vars(WorkerStatus("ended", "Stopped after step 5", result="stopped")))
    card, said, table, csv, *_mistakes = draw(bench, run_key(run.id))
    assert card["visible"] and text.VERDICT_NONE in said and table == "" and not csv["visible"]


def test_only_a_gain_that_forgets_nothing_is_good_news() -> None:
    gain, worse, same, much = loss(-0.4, -0.1), loss(0.1, 0.4), loss(-0.1, 0.1), loss(0.2, 0.4)
    found = {(one, other): tone(RunEvaluation(one, other).verdict) for one, other in
             ((gain, same), (gain, much), (worse, same), (same, same), (loss(-0.4, -0.1, rows=3), same))}  # fmt: skip
    assert list(found.values()) == ["good", "warn", "warn", "plain", "plain"]


def test_the_most_frequent_mistakes_are_shown_and_all_are_in_the_file(bench: Studio, add_run: AddRun) -> None:
    run = with_adapter(add_run)
    base, tuned = ((5, 5), (6, 4)), ((9, 1), (3, 7))
    tables = (Confusion("base", ("sea", "land"), base), Confusion("tuned", ("sea", "land"), tuned))
    write_evaluation(run.folder, RunEvaluation(replace(loss(-0.4, -0.1), task="classes", confusion=tables)))
    _card, _said, _table, _csv, shown, download, *_rest = draw(bench, run_key(run.id))
    cells = re.findall("<td><div dir='auto'>(.*?)</div></td>", shown)
    assert cells[-8:] == ["land", "sea", "6", "3", "sea", "land", "5", "1"]
    frame = pandas.read_csv(download["value"])
    assert frame.groupby("model")["rows"].sum().to_dict() == {"base": 20, "tuned": 20}
    assert frame.query("model == 'tuned' and label == 'land' and predicted == 'sea'")["rows"].item() == 3


def test_the_page_of_one_run_is_put_away_when_another_is_shown(bench: Studio, add_run: AddRun) -> None:
    key = run_key(with_adapter(add_run).id)
    made = write_page(bench, key)
    assert made["visible"] and Path(made["value"]).read_text().count("ia3-adapter") == 1
    *_rest, way, page = draw(bench, key)
    assert way["visible"] and not page["visible"]
