"""How fast does the chat answer, beside transformers' generate with merged weights? In one run, on this machine.

    python benchmarks/chat.py [--tokens 64] [--rounds 5]

The peer is a copy of the same model whose weights hold the same vectors (merged, so that it pays nothing for them) and
that answers with ``generate``, greedily. Rounds of all parties take turns, so that what else the machine does hits all
of them; medians are printed. The texts of the peer and of one pane are compared.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from ia3_studio.chat import Answer, ChatSettings, Variant, reply
from ia3_studio.data.conversations import Message
from ia3_studio.data.tokens import prompt_ids
from ia3_studio.method import Adapter, attach, discover, serve
from ia3_studio.method.merging import merge
from ia3_studio.models import load_model
from ia3_studio.models.fast_linear import enable_fast_linear

MODEL = "SmolLM2-135M-Instruct"
QUESTION = "Write a story about a fox and a lighthouse. " * 17
"""About 200 tokens with the template."""


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tokens", type=int, default=64)
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    ours, peer = load_model(MODEL), load_model(MODEL)
    adapter = _some_adapter(ours.model)
    merge(peer.model, adapter).keep()
    print(*map(str, enable_fast_linear(ours.model)), f"{torch.get_num_threads()} threads", sep="; ")
    serving = serve(ours.model, {"tuned": adapter})
    asked = (Message("user", QUESTION),)
    ids = torch.tensor([prompt_ids(asked, ours.tokenizer)])
    settings = ChatSettings(temperature=0, max_new_tokens=given.tokens)

    def panes(*strengths: float) -> Callable[[], tuple[Answer, ...]]:
        variants = [Variant(strength, "tuned") for strength in strengths]

        def answer() -> tuple[Answer, ...]:
            *_, last = reply(ours, serving, [asked] * len(variants), variants, settings)
            return last

        return answer

    def generate() -> str:
        found = peer.model.generate(ids, max_new_tokens=given.tokens, min_new_tokens=given.tokens, do_sample=False)  # type: ignore[operator]
        return str(peer.tokenizer.decode(found[0, ids.shape[1] :], skip_special_tokens=True))

    parties: dict[str, Callable[[], Any]] = {
        "generate, merged": generate, "one pane": panes(1), "two panes": panes(0, 1), "four panes": panes(0, 0.5, 1, 2),
    }  # fmt: skip
    seconds: dict[str, list[float]] = {name: [] for name in parties}
    results: dict[str, Any] = {}
    for _round in range(given.rounds + 1):  # the first warms up
        for name, work in parties.items():
            began = time.perf_counter()
            results[name] = work()
            seconds[name].append(time.perf_counter() - began)
    took = {name: statistics.median(each[1:]) for name, each in seconds.items()}
    print(f"prompt {ids.shape[1]} tokens, {given.tokens} new ones, median of {given.rounds} rounds")
    for name, value in took.items():
        print(f"{name:18} {value:6.2f} s  {took['generate, merged'] / value:5.2f}x generate")
    one: Answer = results["one pane"][0]
    ratio = took["two panes"] / took["one pane"]
    print(f"two panes take {ratio:.2f}x one; first token after {one.time_to_first_token:.2f} s")
    print(f"one pane says what generate says: {one.text == results['generate, merged']}")


def _some_adapter(model: Any) -> Adapter:
    """Return the paper's selection with scales near 1, as training leaves them."""
    attachment = attach(model, discover(model, MODEL).select("paper"))
    with torch.no_grad():
        attachment.parameter.add_(
            torch.randn(attachment.parameter.shape, generator=torch.Generator().manual_seed(0)) * 0.02
        )
    adapter = attachment.adapter()
    attachment.detach()
    return adapter


if __name__ == "__main__":
    main()
