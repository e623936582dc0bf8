"""How fast does the chat answer, beside transformers' generate with merged weights? In one run, on this machine.

    python benchmarks/chat.py [--tokens 64] [--rounds 5] [--model MODEL] [--page]

The peer is a copy of the same model whose weights hold the same vectors (merged, so that it pays nothing for them) and
that answers with ``generate``, greedily. Rounds of all parties take turns, so that what else the machine does hits all
of them; medians and the best rounds are printed. The texts of the peer and of one pane are compared, and what int8
weights change is printed: perplexity, the likeliest token and logits on a text that is read by up to 16 tokens at once.

With --page, two panes are measured in the real app, shown by Chromium, in turns with the same loop in this process on
as many cores as the app uses.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch.nn.functional import cross_entropy

from ia3_studio.chat import Answer, ChatSettings, Variant, reply
from ia3_studio.chat.settings import Weights
from ia3_studio.data.conversations import Message
from ia3_studio.data.tokens import prompt_ids
from ia3_studio.method import Adapter, Serving, attach, discover, serve
from ia3_studio.method.merging import merge
from ia3_studio.models import load_model
from ia3_studio.models.chat_weights import int8_copies, int8_in_use
from ia3_studio.models.fast_inference import enable_fast_inference
from ia3_studio.models.int8_weights import MOST_ROWS
from ia3_studio.models.kept_prefixes import KeptPrefixes
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.preallocated_kv_cache import cache_argument, cache_of

MODEL = "SmolLM2-135M-Instruct"
QUESTION = """Answer this letter for me in a friendly way.

Dear neighbors, our street festival takes place on the last Saturday of June, from noon until ten at night. We still
look for people who bring a salad or a cake, who can lend us benches, and who help to put up the stage on Friday after
work. The school choir sings at three, then there are races for the children, and the band from the harbor plays from
seven on. Cars have to leave the street by nine in the morning; the baker lets us use his yard for bicycles. If it rains
we move to the hall of the fire brigade, where there is less room, so that each house should tell us how many people
come and whether somebody cannot climb stairs. Please write to us until the tenth what you can bring, and what you would
like to hear or to play. With kind regards, Amina and Jonas from number 40"""
"""About 200 tokens with the template, of a text that does not repeat itself."""
READ = 512
"""Tokens of a text that int8 weights are compared on."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    began = time.perf_counter()
    ours = load_model(given.model)
    print(f"loaded in {time.perf_counter() - began:.1f} s")
    adapter = some_adapter(ours.model)
    print(*map(str, enable_fast_inference(ours.model)), f"{torch.get_num_threads()} threads", sep="; ")
    serving = serve(ours.model, {"tuned": adapter})
    asked = (Message("user", QUESTION),)

    def panes(*strengths: float, weights: Weights = "exact") -> Callable[[], tuple[Answer, ...]]:
        settings = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=given.tokens, weights=weights)
        variants = [Variant(strength, "tuned") for strength in strengths]

        def answer() -> tuple[Answer, ...]:
            *_, last = reply(ours, serving, [asked] * len(variants), variants, settings)
            return last

        return answer

    if given.page:
        compare_page(panes(0, 1), adapter, given.rounds, given.tokens)
    else:
        compare_generate(panes, given.model, adapter, given.rounds, given.tokens)
        compare_second_message(ours, serving, given.rounds)
        compare_weights(ours)


def compare_generate(
    panes: Callable[..., Callable[[], tuple[Answer, ...]]], model: str, adapter: Adapter, rounds: int, tokens: int
) -> None:
    """Print how long the loop takes for one, two and four panes, beside ``generate``."""
    peer = load_model(model)
    merge(peer.model, adapter).keep()
    ids = torch.tensor([prompt_ids((Message("user", QUESTION),), peer.tokenizer)])

    def generate() -> str:
        found = peer.model.generate(ids, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False)  # type: ignore[operator]
        return str(peer.tokenizer.decode(found[0, ids.shape[1] :], skip_special_tokens=True))

    parties: dict[str, Callable[[], Any]] = {
        "generate, merged": generate, "one pane": panes(1), "two panes": panes(0, 1), "four panes": panes(0, 0.5, 1, 2),
        "one pane, int8": panes(1, weights="int8"), "two panes, int8": panes(0, 1, weights="int8"),
    }  # fmt: skip
    seconds: dict[str, list[float]] = {name: [] for name in parties}
    results: dict[str, Any] = {}
    firsts: list[float] = []
    for _round in range(rounds + 1):  # the first warms up
        for name, work in parties.items():
            began = time.perf_counter()
            results[name] = work()
            seconds[name].append(time.perf_counter() - began)
        firsts.append(results["one pane"][0].time_to_first_token)
    print(f"prompt {ids.shape[1]} tokens, {tokens} new ones, {rounds} rounds")
    for what, pick in (("median", statistics.median), ("best", min)):
        took = {name: pick(each[1:]) for name, each in seconds.items()}
        for name, value in took.items():
            print(f"{what:7}{name:18} {value:6.2f} s  {took['generate, merged'] / value:5.2f}x generate")
        print(f"{what:7}two panes take {took['two panes'] / took['one pane']:.2f}x one;", end=" ")
        print(f"first token after {pick(firsts[1:]):.2f} s")
    took = products_of(peer.model, ids.shape[1], rounds)
    print(f"the weights' matrix products of the prompt alone take {took:.2f} s, which no first token can come before")
    print(f"one pane says what generate says: {results['one pane'][0].text == results['generate, merged']}")


@torch.inference_mode()
def products_of(model: Any, tokens: int, rounds: int) -> float:
    """Return the median seconds of all linear layers' products with so many tokens, the head's with the last one."""
    head = model.get_output_embeddings()
    layers = [each for each in model.modules() if isinstance(each, torch.nn.Linear)]
    widths = {each.in_features for each in layers}
    given = {(width, count): torch.randn(count, width) for width in widths for count in (1, tokens)}
    seconds = []
    for _round in range(rounds + 1):  # the first warms up
        began = time.perf_counter()
        for each in layers:
            torch.nn.functional.linear(given[each.in_features, 1 if each is head else tokens], each.weight)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])


def compare_second_message(loaded: LoadedModel, serving: Serving, rounds: int) -> None:
    """Print when the first token of a second message comes, with the keys and values of the first one and without."""
    settings = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=16)
    variants = [Variant(0, "tuned"), Variant(1, "tuned")]
    firsts: dict[str, list[float]] = {"kept": [], "computed again": []}
    texts: dict[str, list[str]] = {}
    for _round in range(rounds):
        for name, kept in (("kept", KeptPrefixes()), ("computed again", None)):
            first = [(Message("user", QUESTION),)] * len(variants)
            *_, answers = reply(loaded, serving, first, variants, settings, kept=kept)
            second = [
                (*asked, Message("assistant", answer.text), Message("user", "Make it shorter."))
                for asked, answer in zip(first, answers, strict=True)
            ]
            *_, answers = reply(loaded, serving, second, variants, settings, kept=kept)
            firsts[name].append(answers[0].time_to_first_token)
            texts[name] = [answer.text for answer in answers]
    for name, seconds in firsts.items():
        print(
            f"second message in two panes, keys and values {name}: first token after {statistics.median(seconds):.2f} s"
        )
    print(f"both say the same: {texts['kept'] == texts['computed again']}")


@torch.inference_mode()
def compare_weights(loaded: LoadedModel) -> None:
    """Print how the logits of int8 weights differ from those of the exact ones, on a page of the documentation."""
    print(int8_copies(loaded.model))
    words = (Path(__file__).resolve().parent.parent / "docs" / "training.md").read_text(encoding="utf-8")
    ids = torch.tensor([loaded.tokenizer(words)["input_ids"][:READ]])
    exact = read_in_parts(loaded.model, ids)
    with int8_in_use(loaded.model):
        rounded = read_in_parts(loaded.model, ids)
    before, after = (float(cross_entropy(logits[:-1], ids[0, 1:]).exp()) for logits in (exact, rounded))
    same = float((exact.argmax(-1) == rounded.argmax(-1)).float().mean())
    error = float((rounded - exact).pow(2).mean().sqrt() / exact.std())
    print(f"{ids.shape[1]} tokens: perplexity {before:.2f} exact, {after:.2f} int8; same likeliest token {same:.1%};")
    print(f"error of logits {error:.1%} of their standard deviation")


def read_in_parts(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """Return logits, shape (tokens, vocabulary), of a text read by as many tokens as int8 weights are used for."""
    cache, found = None, []
    for part in ids.split(MOST_ROWS, dim=1):
        result = model(input_ids=part, use_cache=True, **{cache_argument(model): cache})
        cache = cache_of(result)
        found.append(result.logits[0].float())
    return torch.cat(found)


def compare_page(loop: Callable[[], tuple[Answer, ...]], adapter: Adapter, rounds: int, tokens: int) -> None:
    """Print how fast tokens follow each other in two panes of the page, beside the loop alone."""
    from ia3_studio.ui.chat_responses import threads_for

    torch.set_num_threads(threads_for(is_shared=False))
    alone, shown = [], []
    with tempfile.TemporaryDirectory() as folder, opened_chat(Path(folder), adapter, tokens) as page:
        for _round in range(rounds + 1):  # the first warms up, and loads the app's model
            alone.append(min(answer.tokens_per_second for answer in loop()))
            shown.append(ask(page))
    for what, pick in (("median", statistics.median), ("best", max)):
        speed, speed_on_page = pick(alone[1:]), pick(shown[1:])
        print(f"{what:7}two panes: loop alone {speed:5.1f} tokens/s each, in the page {speed_on_page:5.1f},", end=" ")
        print(f"{speed_on_page / speed:.0%}")


@contextmanager
def opened_chat(folder: Path, adapter: Adapter, tokens: int) -> Iterator[Any]:
    """Start the app with a finished run of this adapter; open its chat in Chromium."""
    from playwright.sync_api import expect, sync_playwright

    from ia3_studio.runs import RunConfig
    from ia3_studio.ui import text
    from studio_commands import CHROMIUM_NAMES
    from tests.e2e.studio_app import StudioProcess, free_port, open_studio, open_tab
    from tests.runs.test_history import ended

    studio = StudioProcess(folder, free_port(), as_users_do=True)
    run = ended(studio.store, RunConfig("Benchmark", MODEL, "lighthouse"))
    run.files.keep_adapter(3, adapter.save)
    studio.start()
    with sync_playwright() as api:
        found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        browser = api.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        try:
            open_studio(page, studio)
            open_tab(page, text.CHAT_TAB)
            expect(page.locator("#chat-tuned")).to_be_visible(timeout=60_000)
            page.get_by_role("button", name=text.SAMPLING).click()
            page.locator("#sampling-preset").get_by_label("Precise").check()
            page.get_by_label(text.MAX_NEW_TOKENS).first.fill(str(tokens))
            page.get_by_label(text.MAX_NEW_TOKENS).first.press("Enter")
            yield page
        finally:
            browser.close()
            studio.close()


def ask(page: Any) -> float:
    """Ask both models; return the tokens a second of the slower pane."""
    from playwright.sync_api import expect

    page.locator("#chat-clear").click()
    expect(page.locator("#chat-tuned .message")).to_have_count(0)
    page.locator("#chat-prompt textarea").fill(QUESTION)
    page.locator("#chat-send").click()
    expect(page.locator("#chat-stop")).to_be_visible(timeout=60_000)
    expect(page.locator("#chat-stop")).to_be_hidden(timeout=300_000)
    speeds = [page.locator(f"#speed-{pane}").inner_text() for pane in (1, 2)]
    return min(float(match[1]) for each in speeds if (match := re.search(r"([\d.]+) tokens/s", each)))


def some_adapter(model: Any) -> Adapter:
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
