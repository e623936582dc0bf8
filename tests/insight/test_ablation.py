"""Which parts matter: every number is that of the model with exactly this part changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ia3_studio.errors import AdapterError, DataError
from ia3_studio.insight.ablation import AblationReport, ablate, parts_of, sentence
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.method.algebra import mute, prune
from ia3_studio.training.evaluation import finish
from tests.families import tiny_model
from tests.method.test_scaling import randomized


@pytest.fixture
def tuned() -> tuple[Attachment, Callable[[], float]]:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    ids = torch.arange(2, 14).view(2, 6)

    def loss() -> float:
        with torch.no_grad():
            return float(model(input_ids=ids, labels=ids).loss)

    return attachment, loss


def test_a_part_is_measured_as_the_model_without_it_and_with_nothing_else(
    tuned: tuple[Attachment, Callable[[], float]],
) -> None:
    attachment, loss = tuned
    adapter, before = attachment.adapter(), attachment.parameter.detach().clone()
    report = finish(ablate(attachment, loss, 2, shares=(0.5,)))
    assert torch.equal(attachment.parameter, before)
    assert report.tuned == loss()
    with attachment.disabled():
        assert report.base == loss()
    by_name = {(part.kind, part.name): part for part in report.parts}
    assert set(by_name) == {
        ("role", "key"),
        ("role", "value"),
        ("role", "feed-forward"),
        ("layer", "0"),
        ("layer", "1"),
    }
    for kept, changed in (
        (by_name["role", "key"].loss_without, mute(adapter, roles=["key"])),
        (by_name["role", "key"].loss_with_only, mute(adapter, roles=["value", "feed-forward"])),
        (by_name["layer", "1"].loss_without, mute(adapter, layers=[1])),
        (by_name["layer", "1"].loss_with_only, mute(adapter, layers=[0])),
        (report.curve[1].loss, prune(adapter, 0.5)),
    ):
        attachment.load(changed)
        assert kept == loss()
    assert [point.share for point in report.curve] == [0, 0.5, 1]
    assert (report.curve[0].loss, report.curve[-1].loss) == (report.base, report.tuned)


def test_parts_hold_every_number_once_for_each_kind(tuned: tuple[Attachment, Callable[[], float]]) -> None:
    adapter = tuned[0].adapter()
    for kind in ("role", "layer"):
        parts = [part for part in parts_of(adapter) if part.kind == kind]
        assert sum(part.parameters for part in parts) == adapter.selection.parameters
        assert sorted(name for part in parts for name in part.sites) == sorted(site.name for site in adapter.selection)


def test_a_report_comes_back_from_its_text(tuned: tuple[Attachment, Callable[[], float]]) -> None:
    report = finish(ablate(*tuned, 2, shares=(0.1,)))
    assert AblationReport.from_json(report.to_json()) == report
    with pytest.raises(DataError, match="run the ablation again"):
        AblationReport.from_json('{"none": 1}')
    table = report.table()
    assert table["part"].tolist()[0] == "role key" and len(table) == 5 + 3


def test_pruning_keeps_the_largest_deviations_and_nothing_else(tuned: tuple[Attachment, Callable[[], float]]) -> None:
    adapter = tuned[0].adapter()
    away = (adapter.vector - 1).abs()
    kept = prune(adapter, 0.25)
    count = round(0.25 * len(away))
    assert int((kept.vector != 1).sum()) == count
    assert away[kept.vector != 1].min() >= away[kept.vector == 1].max()
    assert torch.equal(kept.vector[kept.vector != 1], adapter.vector[kept.vector != 1])
    assert torch.equal(prune(adapter, 1).vector, adapter.vector) and bool((prune(adapter, 0).vector == 1).all())
    with pytest.raises(AdapterError, match="from 0 to 1"):
        prune(adapter, 2)


def test_no_part_is_praised_where_there_is_no_gain() -> None:
    said = sentence(AblationReport(2.0, 2.5, 10, (), ()))
    assert "does not lower the loss (2.500, 2.000" in said
