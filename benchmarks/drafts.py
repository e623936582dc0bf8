"""How much faster are responses whose next tokens are guessed, from the conversation or by rounded weights?

    python benchmarks/drafts.py [--tokens 96] [--rounds 3] [--model MODEL] [--cores 1]

Everyday prompts are answered with all guesses, with those from the conversation alone, and token by token, by turns in
one run, by one model and by two side by side (base and tuned), greedily and with the sampling that the page begins
with. Printed are the shortest times, tokens for each step of the exact weights, whether all texts are the same, what
more rows cost on this machine, and how often guesses are right: the first one for every token, further ones as far as
they were read. The peer is transformers' ``generate`` with merged weights, alone and with its own prompt lookup.
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
from ia3_studio.chat.drafts import Drafts, PromptLookup
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
    costs, rounded = step.row_costs, step.rounded
    show_costs("exact", costs)
    if rounded is not None:
        show_costs("rounded", rounded.row_costs)
    ways = {"all": (costs, rounded), "looked up": (costs, None), "none": (RowCosts(), None)}
    steps, rates, written = counted_steps(), GuessRates(), WrittenRates()
    serving = serve(ours.model, {"tuned": adapter})
    for sampling, preset in (("greedy", PRESETS["Precise"]), ("sampled", PRESETS["Balanced"])):
        settings = ChatSettings(preset.temperature, preset.top_p, given.tokens)
        for strengths in ((1.0,), (0.0, 1.0)):
            variants = [Variant(strength, "tuned") for strength in strengths]
            ratios: dict[str, list[float]] = {"all": [], "looked up": []}
            same = 0
            for name, prompt in PROMPTS.items():
                asked = [(Message("user", prompt),)] * len(variants)
                found: dict[str, Any] = {}
                least, tokens = dict.fromkeys(ways, float("inf")), 0.0
                for _round in range(given.rounds):
                    for way, (step.row_costs, step.rounded) in ways.items():
                        steps[0] = 0
                        *_, found[way] = reply(ours, serving, asked, variants, settings)
                        # without the prompt, which is read once in all of them
                        took = max(each.seconds - each.time_to_first_token for each in found[way])
                        least[way] = min(least[way], took)
                        if way == "all":
                            tokens = max(len(each.tokens) - 1 for each in found[way]) / max(1, steps[0])
                texts = {tuple(each.text for each in answers) for answers in found.values()}
                same += len(texts) == 1
                for way, kept in ratios.items():
                    kept.append(least["none"] / least[way])
                gains = ", ".join(f"{way} {kept[-1]:.2f}x" for way, kept in ratios.items())
                print(f"{sampling}, {len(variants)} at once, {name:12} {tokens:.2f} tokens a step, {gains}")
            means = {way: float(torch.tensor(kept).log().mean().exp()) for way, kept in ratios.items()}
            gains = ", ".join(f"{way} {mean:.2f}x" for way, mean in means.items())
            print(f"{sampling}, {len(variants)} at once: {gains} on average; {same} of {len(PROMPTS)} texts the same")
    step.row_costs, step.rounded = costs, rounded
    rates.show()
    written.show()
    compare_generate(ours, serving, given.model, adapter, given.tokens, given.rounds)


def show_costs(name: str, costs: RowCosts) -> None:
    """Print what products of a few rows take."""
    spent = (f"{rows}: {seconds * 1000:.1f} ms" for rows, seconds in costs.seconds.items())
    print(f"time of products by rows, {name} weights:", *spent)


class WrittenRates:
    """How often rounded weights write the token that the exact ones take, as far as it was compared."""

    def __init__(self) -> None:
        self._right = self._wrong = 0
        told = Drafts.told

        def watched(drafts: Drafts, rows: Any, guessed: Any, counts: Any) -> None:
            before = drafts.agreement
            told(drafts, rows, guessed, counts)
            self._right += drafts.agreement.right - before.right
            self._wrong += drafts.agreement.wrong - before.wrong

        Drafts.told = watched  # type: ignore[method-assign]

    def show(self) -> None:
        """Print the share of written tokens that were right."""
        if compared := self._right + self._wrong:
            print(f"written by rounded weights: {self._right / compared:.2%} of {compared:.0f} tokens right")


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
    """Return a list of one number, which every step of decoding by the exact weights **adds 1 to**."""
    steps, several = [0], FastDecodeStep.several

    def counted(step: FastDecodeStep, *given: Any) -> Any:
        steps[0] += step.rounded is None or not step.rounded.choice.rounded
        return several(step, *given)

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
