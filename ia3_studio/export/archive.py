"""What does a person take away? A zip with the adapter in PEFT's layout and a card that says what it is."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from ia3_studio.errors import AdapterError

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "studio.json")
_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: the same adapter gives the same bytes."""


@dataclass(frozen=True)
class CardFacts:
    """What the card says of an adapter."""

    name: str
    base_model: str
    trained_numbers: int
    vectors: int
    steps: int
    learning_rate: float | None = None
    data: str = ""
    held_out_before: float | None = None
    """Held-out loss of the base model, nats per token."""
    held_out_after: float | None = None
    studio_version: str = ""


def zip_adapter(folder: Path, target: Path, facts: CardFacts) -> Path:
    """Write an adapter folder and its card as a zip whose top level PEFT loads; return ``target``.

    Raises:
        AdapterError: the folder lacks a file.
    """
    missing = [name for name in ADAPTER_FILES[:2] if not (folder / name).is_file()]
    if missing:
        raise AdapterError(f"{folder} lacks {' and '.join(missing)}; train or import the adapter again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ADAPTER_FILES:
            if (folder / name).is_file():
                archive.writestr(zipfile.ZipInfo(name, _NO_DATE), (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("README.md", _NO_DATE), card(facts), zipfile.ZIP_DEFLATED)
    return target


def card(facts: CardFacts) -> str:
    """Return the model card: front matter for the hub, facts, and how to load the adapter."""
    rows = [
        ("base model", facts.base_model or "unknown"),
        ("vectors", f"{facts.vectors:,}"),
        ("trained numbers", f"{facts.trained_numbers:,}"),
        ("optimiser steps", f"{facts.steps:,}"),
    ]
    if facts.learning_rate is not None:
        rows.append(("learning rate", f"{facts.learning_rate:g}"))
    if facts.data:
        rows.append(("data", facts.data.replace("|", "\\|").replace("\n", " ")))
    if facts.held_out_before is not None and facts.held_out_after is not None:
        losses = f"{facts.held_out_before:.3f} (base model) → {facts.held_out_after:.3f}"
        rows.append(("held-out loss, nats per token", losses))
    if facts.studio_version:
        rows.append(("made with", f"IA3 Studio {facts.studio_version}"))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return _CARD.format(name=facts.name.replace("\n", " "), base_model=facts.base_model, table=table)


_CARD = """---
base_model: {base_model}
library_name: peft
tags:
- ia3
---

# {name}

An (IA)³ adapter: learned vectors that rescale activations of a frozen base model.

| | |
|---|---|
{table}

## Use it

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained("{base_model}")
model = PeftModel.from_pretrained(base, "path/to/this/folder")
```

`model.merge_and_unload()` folds the vectors into the weights.
"""
