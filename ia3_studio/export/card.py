"""What does the model card of an adapter contain? Its origin, its results, and how to load it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter
    from ia3_studio.training import TrainConfig

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_AUTO_CLASSES = {
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
    "FEATURE_EXTRACTION": "AutoModel",
}
"""Which class of transformers loads the base model of each of PEFT's task types."""


@dataclass(frozen=True)
class Figure:
    """An image next to a card."""

    name: str
    """Of its file, which ends in ``.svg``."""
    caption: str
    """What it shows, in a sentence: for those who do not see it."""
    svg: str


@dataclass(frozen=True)
class CardFacts:
    """What the card says of an adapter."""

    name: str
    base_model: str
    trainable_parameters: int
    vectors: int
    steps: int
    learning_rate: float | None = None
    data: str = ""
    held_out_before: float | None = None
    """Held-out loss of the base model, nats per token."""
    held_out_after: float | None = None
    studio_version: str = ""
    date: str = ""
    """Day of the training, such as 2026-11-24."""
    settings: TrainConfig | None = None
    """How it was trained, where that is known."""
    task_type: str = "CAUSAL_LM"
    """PEFT's name of what the base model is for."""
    not_for_peft: str = ""
    """Why PEFT cannot load it; empty when it can."""
    labels: tuple[str, ...] = ()
    """The labels of its classifier, in output order."""
    held_out_step: int | None = None
    """Step at which ``held_out_after`` was taken, where that is known."""
    verdict: str = ""
    """The verdict on held-out rows, in a sentence."""
    rows: str = ""
    """Number of training rows and held-out rows."""
    data_fingerprint: str = ""
    """SHA-256 of the data file."""
    base_fingerprint: str = ""
    """SHA-256 over the base model's config, tokenizer and both ends of its weights."""
    most_changed: str = ""
    """Which vectors changed most, in a sentence."""
    figures: tuple[Figure, ...] = ()
    ends_answer: str = ""
    """The token at which generation stops; empty if unknown."""
    preference_loss: str = ""
    """Loss and β of preference tuning, such as "DPO, β 0.1"; empty for other tasks."""
    address: str = "path/to/this/folder"
    """What to load it from: a folder, or a Hub id."""

    @property
    def taken_at(self) -> str:
        """Return the step of the loss, if it is not the last step."""
        return f" at step {self.held_out_step:,}" if self.held_out_step not in (None, self.steps) else ""


@dataclass(frozen=True)
class MergedFacts:
    """What the card of a merged model says of it."""

    base_model: str
    vectors: int
    format: str
    """Of the saved weights, as torch names it."""
    computed: str
    """In which the merge was computed."""
    largest_difference: float | None
    """Of any logit, between the saved model and the base model with the adapter; None if they were not compared."""
    texts: int
    """That were compared."""
    model_class: str
    """Class of transformers that loads it."""
    ends_answer: str = ""
    """The token at which generation stops; empty if unknown."""


def facts_of(adapter: Adapter, name: str, base_model: str, labels: Sequence[str] = ()) -> CardFacts:
    """Return the facts in an adapter's metadata, for its card.

    Args:
        adapter: with metadata.
        name: what it is called.
        base_model: id or path of its base model.
        labels: the labels of its classifier.
    """
    said = adapter.metadata
    return CardFacts(
        name, base_model, adapter.selection.parameters, len(adapter.selection), int(said.get("steps", 0)),
        data=said.get("data", ""), studio_version=said.get("studio_version", ""),
        ends_answer=said.get("ends_answer", ""), preference_loss=_preference_loss(said),
        task_type=said.get("task_type", "CAUSAL_LM"), not_for_peft=adapter.why_not_peft, labels=tuple(labels),
    )  # fmt: skip


_PREFERENCE_LOSSES = {"sigmoid": "DPO", "ipo": "IPO", "kto": "KTO"}


def _preference_loss(metadata: Mapping[str, str]) -> str:
    """Return loss and β of preference tuning; empty for an adapter of another task."""
    name = _PREFERENCE_LOSSES.get(metadata.get("loss_type", ""), "")
    return f"{name}, β {metadata.get('beta', '')}" if name else ""


def with_training(
    facts: CardFacts, settings: TrainConfig, created_at: float, before: float | None, after: float | None
) -> CardFacts:
    """Return a card's facts with those of the run that made the adapter.

    Args:
        facts: of the adapter.
        settings: of the run.
        created_at: when it was started, in seconds since the epoch.
        before, after: held-out losses of the base model and of the adapter.
    """
    return replace(
        facts, learning_rate=settings.learning_rate, settings=settings, held_out_before=before, held_out_after=after,
        date=f"{datetime.fromtimestamp(created_at, UTC):%Y-%m-%d}",
    )  # fmt: skip


def card(facts: CardFacts) -> str:
    """Return the model card: front matter for the Hub, facts, and how to load the adapter."""
    table = "\n".join(f"| {_cell(name)} | {_cell(value)} |" for name, value in _rows(facts))
    # The hub refuses a card whose base model is a folder of somebody's machine.
    on_hub = f"base_model: {json.dumps(facts.base_model)}\n" if _HUB_ID.fullmatch(facts.base_model) else ""
    library = "" if facts.not_for_peft else "library_name: peft\n"
    reason = f"This adapter is for IA3 Studio, not for PEFT: {_cell(facts.not_for_peft)}\n\n"
    use = (f"With {name}:\n\n```python\n{program}```\n" for name, program in programs(facts))
    return _CARD.format(
        name=_cell(facts.name),
        front=on_hub + library,
        verdict=f"{_cell(facts.verdict)}\n\n" if facts.verdict else "",
        table=table,
        seen=_seen(facts),
        use=(reason if facts.not_for_peft else "") + "\n".join(use) + _end_of_answers(facts),
    )


def merged_card(name: str, facts: MergedFacts) -> str:
    """Return the model card of a merged model: front matter for the Hub, what it is, and how to load it.

    Args:
        name: of the model.
        facts: what is known of it.
    """
    base = without_folders(facts.base_model) or "unknown"
    on_hub = ""
    if _HUB_ID.fullmatch(facts.base_model):
        on_hub = f"base_model: {json.dumps(facts.base_model)}\nbase_model_relation: finetune\n"
    rounded = (
        "" if facts.format == facts.computed else f", the format of the base model, rounded once from {facts.computed}"
    )
    return _MERGED_CARD.format(
        front=on_hub, name=_cell(name), base=_cell(base), vectors=f"{facts.vectors:,}", model=facts.model_class,
        format=f"{facts.format}{rounded}", largest=_compared(facts),
        ends=f"An answer ends with `{_cell(facts.ends_answer)}`; the generation config says so.\n\n"
        if facts.ends_answer else "",
    )  # fmt: skip


def _compared(facts: MergedFacts) -> str:
    if facts.largest_difference is None:
        return "not measured: the model did not fit the memory of the machine that wrote it"
    return f"{facts.largest_difference:.2g}, on {facts.texts} texts"


def programs(facts: CardFacts) -> tuple[tuple[str, str], ...]:
    """Return how the adapter is loaded, as (what loads it, program)."""
    names = {
        "base": json.dumps(facts.base_model or "path/to/the/base/model", ensure_ascii=False),
        "auto": _AUTO_CLASSES.get(facts.task_type, "AutoModel"),
        "head": f", num_labels={len(facts.labels)}" if facts.labels else "",
        "folder": json.dumps(facts.address, ensure_ascii=False),
    }
    found = _PROGRAMS[-1:] if facts.not_for_peft else _PROGRAMS
    return tuple((name, program.format(**names)) for name, program in found)


def without_folders(source: str) -> str:
    """Return the name of a model or a data set: the last part of a path; a Hub id unchanged.

    Example:
        >>> without_folders("/home/ada/models/llama"), without_folders("keeper/llama")
        ('llama', 'keeper/llama')
    """
    for kind in (PurePosixPath, PureWindowsPath):
        path = kind(source)
        if path.is_absolute() or path.parts[:1] in (("~",), ("..",)):
            return path.name
    return source


def _seen(facts: CardFacts) -> str:
    """Return the section on what changed: a sentence and the images, or nothing."""
    drawn = [f"![{_cell(figure.caption)}]({figure.name})" for figure in facts.figures]
    said = [_cell(facts.most_changed)] if facts.most_changed else []
    return "".join(f"{each}\n\n" for each in ("## What changed", *said, *drawn)) if said or drawn else ""


def _end_of_answers(facts: CardFacts) -> str:
    """Return how generation stops where an answer ends: the base model's own settings may not know of it."""
    if not facts.ends_answer:
        return ""
    name = json.dumps(facts.ends_answer, ensure_ascii=False)
    return (
        f"\nAn answer ends with `{_cell(facts.ends_answer)}`; use it as the end-of-sequence "
        "token:\n\n```python\nmodel.generate(**inputs, "
        f"eos_token_id=tokenizer.convert_tokens_to_ids({name}))\n```\n"
    )


def _rows(facts: CardFacts) -> Iterator[tuple[str, str]]:
    """Yield what is known, as (name, value)."""
    yield "base model", facts.base_model or "unknown"
    yield "vectors", f"{facts.vectors:,}"
    yield "trainable parameters", f"{facts.trainable_parameters:,}"
    yield "optimizer steps", f"{facts.steps:,}"
    if facts.data:
        yield "data", facts.data
    if facts.rows:
        yield "rows", facts.rows
    if facts.data_fingerprint:
        yield "data, SHA-256", facts.data_fingerprint
    if facts.base_fingerprint:
        yield "base model, SHA-256 of config, tokenizer and the start and end of the weights", facts.base_fingerprint
    if facts.held_out_before is not None and facts.held_out_after is not None:
        losses = f"{facts.held_out_before:.3f} (base model) → {facts.held_out_after:.3f}{facts.taken_at}"
        has_unit = not facts.labels and not facts.preference_loss
        yield "held-out loss, nats per token" if has_unit else "held-out loss", losses
    if facts.preference_loss:
        yield "preference tuning", facts.preference_loss
    if facts.labels:
        yield "labels, in output order", ", ".join(facts.labels)
    if facts.learning_rate is not None:
        yield "learning rate", f"{facts.learning_rate:g}"
    if facts.settings:
        yield "epochs", f"{facts.settings.epochs:g}"
        yield "batch size", f"{facts.settings.batch_size}"
        yield "max length", f"{facts.settings.max_length}"
        yield "warmup ratio", f"{facts.settings.warmup_ratio:g}"
        yield "max gradient norm", f"{facts.settings.max_grad_norm:g}"
        yield "decay towards 1", f"{facts.settings.decay_to_one:g}"
        yield "seed", f"{facts.settings.seed}"
    if facts.date:
        yield "trained on", facts.date
    if facts.studio_version:
        yield "created with", f"IA3 Studio {facts.studio_version}"


def _cell(text: str) -> str:
    """Return a text that cannot leave its line or its cell."""
    return " ".join(text.replace("|", "\\|").split())


_CARD = """---
{front}tags:
- ia3
---

# {name}

An (IA)³ adapter: learned vectors that rescale activations of a frozen base model.

{verdict}| | |
|---|---|
{table}

{seen}## Use it

{use}"""

_MERGED_CARD = """---
{front}library_name: transformers
tags:
- ia3
---

# {name}

{base} with an (IA)³ adapter of {vectors} vectors merged into its weights. It loads like any model and needs no adapter.

| | |
|---|---|
| number format of the weights | {format} |
| largest difference of a logit from the base model with the adapter | {largest} |

{ends}```python
from transformers import {model}

model = {model}.from_pretrained("path/to/this/folder", dtype="auto")
```
"""

_PROGRAMS = (
    (
        "PEFT",
        """from peft import PeftModel
from transformers import {auto}

base = {auto}.from_pretrained({base}{head})
model = PeftModel.from_pretrained(base, {folder})
# model.merge_and_unload() merges the vectors into the weights
""",
    ),
    (
        "transformers (with PEFT installed)",
        """from transformers import {auto}

model = {auto}.from_pretrained({base}{head})
model.load_adapter({folder})
""",
    ),
    (
        "IA3 Studio",
        """from ia3_studio import load_adapter
from transformers import {auto}

model = {auto}.from_pretrained({base}{head})
attachment = load_adapter(model, {folder})
with attachment.strengths(0.5):  # 0 is the base model, 1 the tuned model
    ...
""",
    ),
)
