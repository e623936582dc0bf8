"""What is the result of a run? One self-contained HTML page with the verdict and the adapter.

The page needs no script and no network. It contains the adapter as a zip in a download link; the studio can import
the adapter from the page.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.atomic import replace_text
from ia3_studio.errors import RunError
from ia3_studio.export.archive import file_name, zip_adapter
from ia3_studio.export.card import without_folders
from ia3_studio.export.page_adapter import LINK_START
from ia3_studio.insight.advice import Facts, advice
from ia3_studio.insight.verdict import change, figure, span
from ia3_studio.model_card import card_of
from ia3_studio.runs.evaluation import RunEvaluation, read_evaluation
from ia3_studio.runs.split_record import split_of
from ia3_studio.worker.ablation import read_ablation

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.method.adapter import Adapter
    from ia3_studio.runs.run import Run
    from ia3_studio.training.report import Evaluation, RowChange

LONGEST_TEXT = 600
"""Characters of a row that are shown."""


def write_verdict(run: Run, path: Path | str) -> Path:
    """Write the verdict page of a run; return its path.

    Args:
        run: one that has an adapter.
        path: the file to write; its folder is created if it does not exist.

    Raises:
        RunError: the run has no adapter yet.
        AdapterError: its adapter cannot be read.
    """
    target = Path(path)
    page = verdict_html(run)
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_text(target, page)
    return target


def verdict_html(run: Run) -> str:
    """Return the verdict page of a run as HTML.

    Raises:
        RunError: the run has no adapter yet.
        AdapterError: its adapter cannot be read.
    """
    from ia3_studio.method.adapter import Adapter

    folder = run.adapter_folder()
    if folder is None:
        raise RunError("This run has no adapter yet, so it cannot be evaluated; wait for its first held-out loss.")
    adapter, found = Adapter.load(folder), read_evaluation(run.folder)
    sections = (
        _headline(run, found),
        _learned(run, found),
        _texts(run, found),
        _size_and_speed(run, adapter, folder),
        _inside(run, adapter),
        _next(run, adapter, found),
        _settings(run),
        _adapter_link(run, adapter, folder),
    )
    body = "".join(section for section in sections if section)
    return _PAGE.format(title=escape(f"Verdict: {run.name}"), style=_STYLE, body=body)


def facts_of(run: Run, adapter: Adapter, found: RunEvaluation | None) -> Facts:
    """Return what the advice on a run rests on."""
    steps, _offset = run.metrics()
    held_out = [(step.step, step.held_out) for step in steps if step.held_out is not None]
    report = read_ablation(run).report
    return Facts(
        run.config.train.learning_rate, run.config.train.epochs, held_out, found.held_out.rows if found else 0,
        float((adapter.vector - 1).abs().mean()), found.verdict if found else None, report.enough if report else None,
    )  # fmt: skip


def _headline(run: Run, found: RunEvaluation | None) -> str:
    kind = found.verdict.kind if found else "not evaluated"
    sentence = found.verdict.sentence if found else "This run was not compared with the base model."
    made = f"{datetime.fromtimestamp(run.created_at, UTC):%Y-%m-%d %H:%M} UTC"
    under = (
        f"(IA)³ on {escape(without_folders(run.config.model))} · {escape(without_folders(run.config.data))} · {made}"
    )
    return (
        f"<header><p class='over'>{escape(kind)}</p><h1 dir='auto'>{escape(run.name)}</h1><p>{under}</p>"
        f"<p class='lead'>{escape(sentence)}</p></header>"
    )


def _learned(run: Run, found: RunEvaluation | None) -> str:
    from ia3_studio.insight.svg import curve_svg
    from ia3_studio.runs.comparison import curve_of

    drawn = curve_svg(curve_of(run))
    parts = (
        ("held-out rows", "held_out"),
        ("sample generations", "sample_generations"),
        ("neutral text", "forgetting"),
    )
    rows = [
        (f"{measure.name}, {where} ({evaluation.rows})", figure(measure.base), figure(measure.tuned),
         change(measure.difference), span(measure.difference_interval))
        for where, name in parts if found and (evaluation := getattr(found, name))
        for measure in evaluation.measures
    ]  # fmt: skip
    table = _table(("Measure (rows)", "Base", "Tuned", "Difference", "95 % interval"), rows) if rows else ""
    return _section("Gain and forgetting", table + drawn)


def _texts(run: Run, found: RunEvaluation | None) -> str:
    if found is None:
        return ""
    parts: tuple[Evaluation | None, ...] = (found.sample_generations, found.held_out)
    if found.held_out.task == "preferences":  # samples have no rejected answer
        parts = (found.held_out, found.sample_generations)
    chosen = next((each for each in parts if each and each.changes), None)
    if chosen is None:
        return ""
    sign = 1 if chosen.measures[0].better == "higher" else -1
    won = [each for each in chosen.changes if sign * (each.tuned - each.base) > 0]
    lost = [each for each in chosen.changes if sign * (each.tuned - each.base) < 0]
    texts = _rows_by_number(run, [each.row for each in chosen.changes])
    name = _name_of(chosen)
    sections = [_changes("Wins", won, texts, name), _changes("Losses", lost, texts, name)]
    return _section("Examples: most improved and most degraded rows", "".join(sections))


def _name_of(evaluation: Evaluation) -> str:
    names = {
        "classes": "Probability of the correct label",
        "language": "Loss",
        "choices": "Right",
        "preferences": "Margin (nats per token)",
    }
    return names.get(evaluation.task, evaluation.measures[0].name)


def _changes(title: str, changes: Sequence[RowChange], texts: dict[int, Example], name: str) -> str:
    if not changes:
        return f"<h3>{title}</h3><p>None among the evaluated rows.</p>"
    items = "".join(
        f"<article><p class='over'>row {each.row} · {escape(name)} {each.base:.3f} → {each.tuned:.3f}</p>"
        f"{_example(texts.get(each.row))}{_said('Base', each.base_text)}{_said('Tuned', each.tuned_text)}</article>"
        for each in changes
    )
    return f"<h3>{title}</h3>{items}"


def _example(example: Example | None) -> str:
    if example is None:
        return ""
    turns = [(turn.role, turn.content) for turn in example.turns] or [("text", example.text)]
    turns += [("rejected", turn.content) for turn in example.rejected[-1:]]
    return "".join(f"<p><b>{escape(role)}</b> {_theirs(content)}</p>" for role, content in turns)


def _said(who: str, words: str) -> str:
    return f"<p><b>{who}</b> {_theirs(words)}</p>" if words else ""


def _theirs(words: str) -> str:
    """Return text of a user or a model with automatic direction: it may be Arabic or Hebrew."""
    return f"<span class='theirs' dir='auto'>{escape(words[:LONGEST_TEXT])}</span>"


def _rows_by_number(run: Run, numbers: Sequence[int]) -> dict[int, Example]:
    """Return held-out rows by their number; none where the data cannot be read any more."""
    from ia3_studio.errors import StudioError

    wanted = set(numbers)
    try:
        split = split_of(run)
    except StudioError:  # a data set that has gone: the page tells the numbers all the same
        return {}
    return {example.row: example for example in split.held_out if example.row in wanted}


def _size_and_speed(run: Run, adapter: Adapter, folder: Path) -> str:
    size = sum(each.stat().st_size for each in folder.iterdir() if each.is_file())
    steps, _offset = run.metrics()
    speeds = sorted(step.tokens_per_second for step in steps if step.tokens_per_second)
    status = run.status()
    rows = [
        ("Trainable parameters", f"{adapter.selection.parameters:,} in {len(adapter.selection):,} vectors"),
        ("Adapter", f"{size / 1000:,.0f} kB"),
        ("Steps", f"{status.step:,} of {status.total_steps:,}"),
        ("Training time", f"{status.seconds:,.0f} s"),
    ]
    if speeds:
        rows.append(("Speed", f"{speeds[len(speeds) // 2]:,.0f} tokens/s (median of the steps)"))
    return _section("Size and speed", _table(("", ""), rows))


def _inside(run: Run, adapter: Adapter) -> str:
    from ia3_studio.insight.ablation import sentence
    from ia3_studio.insight.channels import concentration_sentence
    from ia3_studio.insight.deviation import deviations, grid, summary
    from ia3_studio.insight.svg import map_svg

    vectors = adapter.vectors()
    rows, report = deviations(vectors), read_ablation(run).report
    said = summary(rows) + concentration_sentence(vectors)
    parts = f"<p>{escape(sentence(report))}</p>" if report else ""
    note = "<p class='over'>Mean of scale − 1: blue inhibited, orange amplified</p>"
    return _section("Scales", f"<p>{escape(said)}</p>{parts}{note}{map_svg(grid(rows))}")


def _next(run: Run, adapter: Adapter, found: RunEvaluation | None) -> str:
    items = "".join(f"<li>{escape(each)}</li>" for each in advice(facts_of(run, adapter, found)))
    return _section("Suggestions", f"<ul>{items}</ul>")


def _settings(run: Run) -> str:
    from ia3_studio.runs.comparison import settings_of

    hidden = ("model", "data")  # as in the headline, without the folders of somebody's machine
    rows = [(name, value) for name, value in settings_of(run).items() if name not in hidden and value != "–"]
    return _section(
        "Settings", f"<details><summary>All settings</summary>{_table(('Setting', 'Value'), rows)}</details>"
    )


def _adapter_link(run: Run, adapter: Adapter, folder: Path) -> str:
    with tempfile.TemporaryDirectory() as work:
        packed = zip_adapter(folder, Path(work) / "adapter.zip", card_of(run, folder), for_others=True).read_bytes()
    named = f"download='{file_name(run.name)}-ia3.zip'"
    link = f"{LINK_START}{base64.b64encode(packed).decode()}' {named}>Download the adapter</a>"
    how = "Or import this page in IA3 Studio to load the adapter from it."
    return _section("Download", f"<p>{link} ({len(packed) / 1000:,.0f} kB, a zip). {how}</p>")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns) if any(columns) else ""
    lines = "".join(
        "<tr>" + "".join(f"<td dir='auto'>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<div class='wide'><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"


_STYLE = """
:root { color-scheme: light dark; }
:root { --ink: #1c2430; --soft: #5d6778; --line: #dfe4ea; --page: #fbfcfd; --accent: #0f766e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf1; --soft: #9aa5b5; --line: #2c3542; --page: #12171e; --accent: #5fc9bd; }
}
body { margin: 0 auto; padding: 32px 20px 64px; max-width: 760px; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 30px; line-height: 1.2; letter-spacing: -.02em; }
h2 { margin: 40px 0 12px; font-size: 20px; } h3 { margin: 20px 0 6px; font-size: 16px; }
.over { margin: 0; color: var(--soft); font-size: 13.5px; } header .over { color: var(--accent); font-weight: 600; }
.lead { font-size: 18px; } p { margin: 6px 0 10px; } a { color: var(--accent); }
.wide, section { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 14.5px; }
th, td { padding: 7px 10px 7px 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top;
  font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; border-top: 0; }
article { padding: 10px 0; border-top: 1px solid var(--line); } article p { margin: 4px 0; font-size: 15px; }
.theirs { display: block; }
svg { max-width: 100%; height: auto; font: 11px system-ui, sans-serif; } svg text { fill: var(--soft); }
svg .grid { stroke: var(--line); }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head><body>{body}
<footer><p class="over">Written by IA3 Studio. Intervals are 95 % bootstrap intervals over rows.</p></footer>
</body></html>
"""
