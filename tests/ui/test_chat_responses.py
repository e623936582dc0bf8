"""Responses of several variants: as each would give alone, on one copy of the model, which is left as it was."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from ia3_studio.chat import ChatSettings
from ia3_studio.data.conversations import Message
from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter
from ia3_studio.ui import chat_responses, chat_words
from ia3_studio.ui.chat_responses import ChatRequest, respond, sharing_note, threads_for
from ia3_studio.ui.chat_variants import Variant, muted_sites
from ia3_studio.ui.session import Studio

GREEDY = ChatSettings(0, 1, 8, 0)
BASE = Variant("base")


def responses(bench: Studio, tiny: Path, *variants: Variant, muted: Sequence[Any] = ()) -> tuple[str, ...]:
    """Return the whole response of each variant."""
    turns = (Message("user", "hi"),)
    request = ChatRequest(str(tiny), variants, (turns,) * len(variants), GREEDY, muted)
    return tuple(each.text for each in respond(bench, request, lambda _update: None))


def test_base_and_tuned_respond_differently_and_the_model_is_left_as_it_was(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    base, tuned = responses(bench, tiny, BASE, Variant("tuned", 1.0, ((adapter, 1.0),)))
    assert base != tuned
    assert responses(bench, tiny, BASE) == (base,)
    with bench.memory.acquire(str(tiny)) as loaded:
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in loaded.model.modules())
    assert bench.memory.users == 0


def test_four_variants_in_one_batch_respond_as_each_does_alone(
    bench: Studio, tiny: Path, adapter: Path, second_adapter: Path
) -> None:
    four = (
        BASE,
        Variant("half", 0.5, ((adapter, 1.0),)),
        Variant("second", 1.5, ((second_adapter, 1.0),)),
        Variant("merge", 1.0, ((adapter, 0.7), (second_adapter, 0.3))),
    )
    together = responses(bench, tiny, *four)
    assert together == tuple(responses(bench, tiny, each)[0] for each in four)
    assert len(set(together)) == 4


def test_strength_0_responds_as_the_base_model_and_1_as_the_tuned_one(bench: Studio, tiny: Path, adapter: Path) -> None:
    parts = ((adapter, 1.0),)
    base, tuned = responses(bench, tiny, BASE, Variant("tuned", 1.0, parts))
    assert responses(bench, tiny, Variant("none", 0.0, parts)) == (base,)
    assert responses(bench, tiny, Variant("more", 2.0, parts))[0] not in (base, tuned)


def test_a_model_with_all_sites_muted_is_the_base_model(bench: Studio, tiny: Path, adapter: Path) -> None:
    muted = muted_sites(bench.layers.get(str(tiny)).rows, Adapter.load(adapter), "")
    base, silent = responses(bench, tiny, BASE, Variant("tuned", 1.0, ((adapter, 1.0),)), muted=tuple(muted))
    assert base == silent


def test_two_visitors_share_one_copy_and_each_gets_their_own_variant(bench: Studio, tiny: Path, adapter: Path) -> None:
    tuned = Variant("tuned", 1.0, ((adapter, 1.0),))
    alone = responses(bench, tiny, tuned)[0], responses(bench, tiny, BASE)[0]
    found: dict[int, tuple[str, ...]] = {}
    threads = [
        threading.Thread(target=lambda number=number, each=each: found.update({number: responses(bench, tiny, each)}))
        for number, each in enumerate([tuned, BASE] * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number][0] for number in range(4)] == list(alone) * 2


def test_while_a_run_trains_responses_take_half_of_the_cores_and_say_so(
    bench: Studio, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sharing_note(bench) == ""
    monkeypatch.setattr(chat_responses, "active_run", lambda _studio: "Night run")
    half = threads_for(is_shared=True)
    assert sharing_note(bench) == chat_words.shares("Night run", os.cpu_count() or 1, half)
    assert half == max(1, threads_for(is_shared=False) // 2)
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    responses(bench, tiny, BASE)
    assert threads == [half]


def test_a_damaged_adapter_is_reported(bench: Studio, tiny: Path, adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").write_bytes(b"nothing")
    with pytest.raises(AdapterError):
        responses(bench, tiny, Variant("tuned", 1.0, ((adapter, 1.0),)))
