"""What does sharing a pass change in a model's logits? ``python benchmarks/rounding.py``

Eight texts share passes; before each token, every text is also read alone. What counts is by how much a token comes
nearer to the likeliest one, as a share of its logit: two tokens further apart than that cannot change places.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from ia3_studio.chat import ChatSettings
from ia3_studio.method import Adapter, discover
from ia3_studio.models import STARTER, load_model
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.serving import next_token
from ia3_studio.serving.batching import Batching
from ia3_studio.serving.generation import Generation, ServedAdapter

TEXT = (
    "The harbor was quiet that morning, and the keeper of the lighthouse wrote in his log what he had seen of the "
    "ships that passed. He counted the boats, and when the wind turned to the north he went down to see the lines."
)
LENGTHS = (3, 9, 30, 17, 24, 12, 5, 40)
"""Tokens of the texts."""
NEAR = 0.15
"""Tokens whose logits are below the largest by no more than this share of it could change places with it."""


def main() -> None:
    """Print one line of JSON per type of the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=STARTER)
    parser.add_argument("--tokens", type=int, default=16, help="of each answer")
    options = parser.parse_args()
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        loaded = load_model(options.model)
        loaded.model.to(dtype)
        print(json.dumps({"dtype": str(dtype), **_changes(loaded, options.tokens)}), flush=True)


def _changes(loaded: LoadedModel, tokens: int) -> dict[str, float]:
    """Return the largest and the median change of a token near the likeliest one, and how often that is another."""
    next_token.NEAR = 0.0  # nothing is read again
    batching = Batching(loaded, len(LENGTHS), rounds=True)
    if batching.note:
        raise SystemExit(f"the rows of {loaded.source} do not share passes: {batching.note}")
    found: list[tuple[float, bool]] = []
    step = batching._batch.step

    def compared(ids: Any, scaling: Any) -> Any:
        outcomes = step(ids, scaling)
        for row, scores in zip(batching._rows, outcomes, strict=True):
            with batching._scaling([row]):
                text = torch.tensor([row.text_ids], device=loaded.model.device)
                alone, _cache = batching._batch.read(text, 0, None)
            found.append(_change(scores.float(), alone))
        return outcomes

    batching._batch.step = compared  # type: ignore[method-assign]
    waiting = deque(_generations(loaded, tokens))
    while batching.advance(waiting):
        pass
    batching.close()
    changes = torch.tensor([change for change, _is_other in found])
    return {
        "passes": len(found), "largest": float(changes.max()), "median": float(changes.median()),
        "other_tokens": sum(is_other for _change, is_other in found),
    }  # fmt: skip


def _change(shared: torch.Tensor, alone: torch.Tensor) -> tuple[float, bool]:
    top = int(alone.argmax())
    size = max(1.0, abs(float(alone[top])))
    difference = shared - alone
    changed = (difference - difference[top])[alone >= alone[top] - NEAR * size].abs().max()
    return float(changed) / size, int(shared.argmax()) != top


def _generations(loaded: LoadedModel, tokens: int) -> list[Generation]:
    ids = tuple(loaded.tokenizer(TEXT)["input_ids"])
    selection = discover(loaded.model).select("paper")
    settings = ChatSettings(temperature=0, top_p=1, max_new_tokens=tokens)
    adapters: list[ServedAdapter | None] = [None]
    for seed in (0, 1):
        noise = torch.randn(selection.parameters, generator=torch.Generator().manual_seed(seed))
        adapters.append(ServedAdapter(str(seed), Adapter(selection, 1 + 0.05 * noise, {})))
    return [
        Generation(ids[:length], settings, lambda _event: None, adapters[number % 3])
        for number, length in enumerate(LENGTHS)
    ]


if __name__ == "__main__":
    main()
