"""What does a model card say? Everything that the adapter's files and its run record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.export.card import CardFacts, Figure, facts_of, with_training

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter
    from ia3_studio.runs.run import Run

MAP, CURVE = "scales.svg", "training.svg"


def card_of(run: Run, folder: Path) -> CardFacts:
    """Return the facts for the model card of a run's adapter.

    Args:
        run: that made the adapter.
        folder: of the adapter.

    Raises:
        AdapterError: the adapter cannot be read.
    """
    from ia3_studio.runs.environment import read_environment
    from ia3_studio.runs.evaluation import read_evaluation
    from ia3_studio.runs.held_out import held_out_loss
    from ia3_studio.runs.split_record import SplitRecord, read_split
    from ia3_studio.typed import typed_or_none

    found, losses = read_evaluation(run.folder), held_out_loss(run, run.status().is_trained)
    facts = card_of_adapter(folder, run.name, run.config.model)
    facts = with_training(facts, run.config.train, run.created_at, losses.base, losses.kept)
    split = typed_or_none(SplitRecord, read_split(run.files.split))
    return replace(
        facts,
        held_out_step=losses.step,
        verdict=found.verdict.sentence if found else "",
        rows=f"{split.training_rows:,} training rows, {split.held_out:,} held-out rows" if split else "",
        data_fingerprint=split.data if split else "",
        base_fingerprint=str(read_environment(run.files.environment).get("base_model", "")),
        figures=(*_curve(run), *facts.figures),
    )


def card_of_adapter(folder: Path, name: str, base_model: str = "") -> CardFacts:
    """Return the facts in an adapter's own files, and the heatmap of its vectors.

    Args:
        folder: of the adapter.
        name: what it is called.
        base_model: id or path of its base model, used if its files do not contain it.

    Raises:
        AdapterError: it cannot be read.
    """
    from ia3_studio.data.labels import labels_in
    from ia3_studio.method.adapter import Adapter

    adapter, labels = Adapter.load(folder), labels_in(folder)
    base = adapter.selection.base_model or base_model
    facts = facts_of(adapter, name, base, labels.names if labels else ())
    return _with_map(facts, adapter)


def _with_map(facts: CardFacts, adapter: Adapter) -> CardFacts:
    from ia3_studio.insight.channels import concentration_sentence
    from ia3_studio.insight.deviation import deviations, grid, summary
    from ia3_studio.insight.svg import map_svg, standalone

    vectors = adapter.vectors()
    rows = deviations(vectors)
    drawn = Figure(
        MAP, "Mean of scale − 1 per vector: blue inhibited, orange amplified", standalone(map_svg(grid(rows)))
    )
    return replace(facts, most_changed=summary(rows) + concentration_sentence(vectors), figures=(drawn,))


def _curve(run: Run) -> tuple[Figure, ...]:
    from ia3_studio.insight.svg import curve_svg, standalone
    from ia3_studio.runs.comparison import curve_of

    drawn = curve_svg(curve_of(run))
    return (Figure(CURVE, "Training loss and held-out loss per step", standalone(drawn)),) if drawn else ()
