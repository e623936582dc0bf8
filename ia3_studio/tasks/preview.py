"""What would a run train on, and what would it cost? Estimated from its settings, without loading weights."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from ia3_studio.data.findings import Findings, examine
from ia3_studio.data.token_preview import Mark, Survey, TokenPreview, survey
from ia3_studio.errors import DataError
from ia3_studio.models.loaded import ModelHead
from ia3_studio.models.progress import ignore_progress
from ia3_studio.tasks.rows import beyond_note, length_note
from ia3_studio.tasks.task import task_class, tasks

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.split import DataSplit
    from ia3_studio.method.layer_tree import LayerTree
    from ia3_studio.models.limits import ModelLimits
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.tasks.task import Task
    from ia3_studio.training.forecast import Forecast

MEASURED_HELD_OUT = 500
"""Maximum held-out examples whose tokens are counted."""
Why = Literal["first", "random", "longest", "asked"]


@dataclass(frozen=True)
class ShownRow:
    """The token preview of one example, and why it is shown."""

    why: Why
    seen: TokenPreview
    pieces: tuple[tuple[str, Mark], ...]
    named: tuple[tuple[str, tuple[tuple[str, Mark], ...]], ...] = ()
    """The same part by part, where parts have names: the chosen and the rejected answer."""


@dataclass(frozen=True)
class RunPreview:
    """The preview of a run before it starts."""

    split: DataSplit
    findings: Findings
    training: Survey
    """Lengths of the training rows."""
    held_out: Survey
    """Lengths of the held-out rows."""
    forecast: Forecast
    shown: tuple[ShownRow, ...]
    shortened: str = ""
    """A note if the max length exceeds the model's limit or the length it was trained on."""
    refused: str = ""
    """Why the requested example cannot be shown; empty if it is shown."""


def preview_run(
    config: RunConfig,
    say: ProgressCallback | None = None,
    *,
    tree: LayerTree | None = None,
    seed: int = 0,
    asked: int | None = None,
) -> RunPreview:
    """Return the preview and estimates of a run.

    Args:
        say: called with what is being done.
        tree: the layer tree of the model, if already loaded.
        seed: for the randomly selected row.
        asked: number of an additional example to show, starting at 1.

    Raises:
        DataError: the data cannot be used, or are images, which have no tokens.
        ModelError: the model cannot be loaded.
    """
    report = say or ignore_progress
    report(None, "Reading the data")
    split = config.choice().look(config.held_out, config.train.seed)
    _require_tokens(split.mapping.kind)
    tokenizer, model_head, limits = open_tokenizer_of(config.model, report)
    report(None, "Counting tokens")
    kind, limit = split.mapping.kind, limits.capped(config.train.max_length)
    task = task_class(kind, model_head)

    def look(example: Example) -> TokenPreview:
        return preview_tokens(example, tokenizer, task, limit, kind)

    training = _known(survey(split.train, look, limit), limits, tokenizer)
    training = replace(training, of=round(training.of / split.share))
    held_out = _known(survey(split.held_out, look, limit, MEASURED_HELD_OUT), limits, tokenizer)
    report(None, "Measuring the speed of this machine")
    expected = _forecast(config, tree, training, held_out, report)
    shown, refused = _shown(split.train, training, tokenizer, asked, seed, look)
    within = [min(each.tokens, limit) for each in training.seen]
    shortened = length_note(limits, config.train.max_length) or beyond_note(limits, within)
    return RunPreview(split, examine(split), training, held_out, expected, shown, shortened, refused)


def preview_tokens(
    example: Example, tokenizer: Any, task: type[Task], max_length: int, data_kind: str = ""
) -> TokenPreview:
    """Return an example as the model sees it in training.

    Args:
        example: one of the data.
        tokenizer: the model's.
        task: of data and model, as :func:`ia3_studio.tasks.task.task_class` finds it.
        max_length: the limit, beyond which tokens are marked as cut.
        data_kind: of the mapping; some examples hold no answer for some tasks.

    Raises:
        DataError: the model's chat template refuses it, or it has no answer to learn.
    """
    _kept, problems = task.usable([example], data_kind)
    if problems:
        raise DataError(f"{problems[0].reason[0].upper()}{problems[0].reason[1:]}.")
    return task.preview(example, tokenizer, max_length)


def _require_tokens(data_kind: str) -> None:
    """Reject data that have no tokens for any model, before a model is downloaded for them.

    Raises:
        DataError: they have none.
    """
    fitting = [task for task in tasks() if any(task.fits(data_kind, head) for head in get_args(ModelHead))]
    reasons = [task.without_tokens for task in fitting]
    if reasons and all(reasons):
        raise DataError(reasons[0])


def open_tokenizer_of(model: str, say: ProgressCallback) -> tuple[Any, ModelHead, ModelLimits]:
    """Return a model's tokenizer, what it is for, and its limits; it is fetched first when it is not on this computer.

    Raises:
        ModelError: it cannot be loaded.
    """
    from ia3_studio.models import prepare
    from ia3_studio.models.architecture import head_of, model_class, read_config
    from ia3_studio.models.limits import limits_of
    from ia3_studio.models.special_tokens import settle_padding
    from ia3_studio.models.weights import empty_model, open_tokenizer

    folder = prepare(model, say)
    say(None, "Loading the tokenizer")
    config = read_config(folder)
    limits = limits_of(empty_model(config))
    tokenizer = open_tokenizer(folder, limits)
    settle_padding(tokenizer, limits)
    return tokenizer, head_of(model_class(config), config), limits


def _known(found: Survey, limits: ModelLimits, tokenizer: Any) -> Survey:
    """Return a survey that rejects rows with tokens beyond the model's embedding, as a run does."""
    unknown = {
        each.row: tokens
        for each in found.seen
        if (tokens := limits.beyond(token for part in each.parts for token in part.ids))
    }
    seen = tuple(each for each in found.seen if each.row not in unknown)
    told = ((row, limits.unknown(tokens, tokenizer)) for row, tokens in unknown.items())
    return replace(found, seen=seen, refused=(*found.refused, *told)) if unknown else found


def _forecast(
    config: RunConfig, tree: LayerTree | None, training: Survey, held_out: Survey, say: ProgressCallback
) -> Forecast:
    from ia3_studio.models.device import choose_device
    from ia3_studio.training.forecast import forecast, measure_speed, model_size

    size = model_size(tree or _read_tree(config.model, say))
    return forecast(size, training, held_out, config.train, measure_speed(), choose_device().dtype.itemsize)


def _read_tree(model: str, say: ProgressCallback) -> LayerTree:
    from ia3_studio.method import discover
    from ia3_studio.models import load_skeleton

    skeleton = load_skeleton(model, progress=say)
    return discover(skeleton.model, skeleton.base_model)


def _shown(
    examples: Sequence[Example], training: Survey, tokenizer: Any, asked: int | None, seed: int, look: Any
) -> tuple[tuple[ShownRow, ...], str]:
    """Return the rows to show, and why the requested one is missing."""
    drawn = random.Random(seed).randrange(len(examples))
    longest = max(training.seen, key=lambda seen: seen.tokens, default=None)
    wanted: list[tuple[Why, int]] = [("asked", min(asked, len(examples)) - 1)] if asked else []
    wanted += [("first", 0), ("random", drawn)]
    rows: list[ShownRow] = []
    refused = ""
    for why, place in wanted:
        try:
            seen = look(examples[place])
        except DataError as error:
            refused = refused or f"Row {examples[place].row} is not used for training: {error}"
            continue
        rows.append(_shown_row(why, seen, tokenizer))
    if longest:
        rows.append(_shown_row("longest", longest, tokenizer))
    return tuple(rows), refused


def _shown_row(why: Why, seen: TokenPreview, tokenizer: Any) -> ShownRow:
    return ShownRow(why, seen, tuple(seen.pieces(tokenizer)), tuple(seen.named_pieces(tokenizer)))
