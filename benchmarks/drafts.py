"""How much faster are responses that guess their next tokens from the conversation? In one run, on this machine.

    python benchmarks/drafts.py [--tokens 96] [--rounds 3] [--model MODEL] [--cores 1]

Everyday prompts are answered with guesses and token by token, by turns, by one model and by two side by side (base and
tuned), greedily and with the sampling that the page begins with. Printed are the shortest times, tokens for each step,
whether all texts are the same, what more rows cost on this machine, and how often guesses are right: the first one for
every token, further ones as far as they were read. The peer is transformers' ``generate`` with merged weights, alone
and with its own prompt lookup.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks.chat import MODEL, some_adapter
from ia3_studio.chat import ChatSettings, Variant, reply
from ia3_studio.chat.drafts import PromptLookup
from ia3_studio.chat.settings import PRESETS
from ia3_studio.data.conversations import Message
from ia3_studio.data.tokens import prompt_ids
from ia3_studio.method import serve
from ia3_studio.method.merging import merge
from ia3_studio.models import load_model
from ia3_studio.models.fast_decode import FastDecodeStep
from ia3_studio.models.fast_inference import enable_fast_inference, step_of
from ia3_studio.models.row_costs import RowCosts

LETTER = """Dear neighbors, the water in Mill Street will be turned off on Tuesday from eight in the morning until two
in the afternoon, because the old valve at the corner is replaced. Please fill a kettle and a bucket the evening before,
do not start the washing machine, and let the tap run for a minute when the water is back. If you need help with
carrying water, call Mrs. Okafor in number 12. We are sorry for the trouble. Your waterworks"""
PROMPTS = {
    "chat": "What should I cook tonight?",
    "story": "Write a story about a fox that looks after a lighthouse.",
    "list": "List ten things that I should pack for a week in the mountains.",
    "summary": f"Summarize this letter in two sentences.\n\n{LETTER}",
    "correction": f"Write this letter again in a more formal style.\n\n{LETTER}",
    "facts": f"Read the letter and answer: who can be called, when is the water off, and why?\n\n{LETTER}",
    "code": "Write a Python function that returns the n largest numbers of a list, and one for the n smallest.",
    "explanation": "Explain to a child why the sky is blue and the evening sky is red.",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--cores", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.cores)
    ours = load_model(given.model)
    adapter = some_adapter(ours.model)
    print(*map(str, enable_fast_inference(ours.model)), f"{given.cores} threads", sep="; ")
    step = step_of(ours.model)
    if step is None:
        raise SystemExit("This model is not decoded in one loop, so that nothing is guessed.")
    costs = step.row_costs
    print("time of products by rows:", *(f"{rows}: {spent * 1000:.1f} ms" for rows, spent in costs.seconds.items()))
    steps, rates = counted_steps(), GuessRates()
    serving = serve(ours.model, {"tuned": adapter})
    for sampling, preset in (("greedy", PRESETS["Precise"]), ("sampled", PRESETS["Balanced"])):
        settings = ChatSettings(preset.temperature, preset.top_p, given.tokens)
        for strengths in ((1.0,), (0.0, 1.0)):
            variants = [Variant(strength, "tuned") for strength in strengths]
            ratios, same = [], 0
            for name, prompt in PROMPTS.items():
                asked = [(Message("user", prompt),)] * len(variants)
                found: dict[bool, Any] = {}
                least, tokens = {True: float("inf"), False: float("inf")}, 0.0
                for _round in range(given.rounds):
                    for guesses in (True, False):
                        step.row_costs, steps[0] = (costs if guesses else RowCosts()), 0
                        *_, found[guesses] = reply(ours, serving, asked, variants, settings)
                        # without the prompt, which is read once in both
                        took = max(each.seconds - each.time_to_first_token for each in found[guesses])
                        least[guesses] = min(least[guesses], took)
                        if guesses:
                            tokens = max(len(each.tokens) - 1 for each in found[True]) / max(1, steps[0])
                same += [each.text for each in found[True]] == [each.text for each in found[False]]
                ratios.append(least[False] / least[True])
                print(f"{sampling}, {len(variants)} at once, {name:12} {tokens:.2f} tokens a step, {ratios[-1]:.2f}x")
            mean = torch.tensor(ratios).log().mean().exp()
            print(
                f"{sampling}, {len(variants)} at once: {mean:.2f}x on average; {same} of {len(PROMPTS)} texts the same"
            )
    step.row_costs = costs
    rates.show()
    compare_generate(ours, serving, given.model, adapter, given.tokens, given.rounds)


class GuessRates:
    """How often guesses are right, by how many of the last tokens are found earlier: of all texts that are written."""

    def __init__(self) -> None:
        self._first, self._next = Counter[tuple[int, bool]](), Counter[tuple[int, bool]]()
        extend = PromptLookup.extend

        def watched(lookup: PromptLookup, tokens: Sequence[int]) -> None:
            """Extend a lookup, and note which of its guesses would have been right until one was wrong."""
            if len(lookup):  # and not its prompt
                for place in range(len(tokens)):
                    guess = lookup.draft(len(tokens) - place)
                    for number, (guessed, token) in enumerate(zip(guess.tokens, tokens[place:], strict=False)):
                        (self._next if number else self._first)[guess.known, guessed == token] += 1
                        if guessed != token:
                            break
                    extend(lookup, tokens[place : place + 1])
                return
            extend(lookup, tokens)

        PromptLookup.extend = watched  # type: ignore[method-assign]

    def show(self) -> None:
        """Print the share of first guesses, and of further ones after right ones, that were right."""
        for name, counts in (("first guess", self._first), ("further ones", self._next)):
            found = {known for known, _right in counts}
            shares = {known: counts[known, True] / (counts[known, True] + counts[known, False]) for known in found}
            print(f"{name} right:", *(f"{known} known tokens {shares[known]:.0%}" for known in sorted(found)), sep="  ")


def counted_steps() -> list[int]:
    """Return a list of one number, which every step of decoding **adds 1 to**."""
    steps, several = [0], FastDecodeStep.several

    def counted(*given: Any) -> Any:
        steps[0] += 1
        return several(*given)

    FastDecodeStep.several = counted  # type: ignore[method-assign]
    return steps


def compare_generate(ours: Any, serving: Any, model: str, adapter: Any, tokens: int, rounds: int) -> None:
    """Print how long all prompts take to be answered greedily, reading included, beside ``generate``."""
    peer = load_model(model)
    merge(peer.model, adapter).keep()
    settings = ChatSettings(0.0, 1.0, tokens)

    def generate(**options: Any) -> list[str]:
        texts = []
        for prompt in PROMPTS.values():
            ids = torch.tensor([prompt_ids((Message("user", prompt),), peer.tokenizer)])
            result = peer.model.generate(ids, max_new_tokens=tokens, do_sample=False, **options)  # type: ignore[operator]
            texts.append(str(peer.tokenizer.decode(result[0, ids.shape[1] :], skip_special_tokens=True)).strip())
        return texts

    def answer() -> list[str]:
        texts = []
        for prompt in PROMPTS.values():
            *_, last = reply(ours, serving, [(Message("user", prompt),)], [Variant(1.0, "tuned")], settings)
            texts.append(last[0].text.strip())
        return texts

    parties: dict[str, Callable[[], list[str]]] = {
        "generate": generate, "generate, prompt lookup": lambda: generate(prompt_lookup_num_tokens=5), "studio": answer,
    }  # fmt: skip
    least, texts = dict.fromkeys(parties, float("inf")), {}
    for _round in range(rounds):
        for name, work in parties.items():
            began = time.perf_counter()
            texts[name] = work()
            least[name] = min(least[name], time.perf_counter() - began)
    for name, spent in least.items():
        print(f"{name:24} {spent:6.1f} s for {len(PROMPTS)} prompts, {least['generate'] / spent:.2f}x generate")
    same = sum(one == other for one, other in zip(texts["studio"], texts["generate"], strict=True))
    print(f"the studio writes what generate writes for {same} of {len(PROMPTS)} prompts")


if __name__ == "__main__":
    main()
