"""The panes: who is asked what, what is shown, and that the model is left as it was."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ia3_studio.chat import PRESETS, Answer, ChatSettings, Token
from ia3_studio.data.examples import Message
from ia3_studio.errors import AdapterError, StudioError
from ia3_studio.method import Adapter, add, discover
from ia3_studio.method.scaling import attach
from ia3_studio.ui import answering, chat_tab, chat_words, text
from ia3_studio.ui.answering import Question, answer_in_memory, cores_for, sharing
from ia3_studio.ui.chat_tab import again, answer, ask, describe, edit, show_panes, undo, use_preset
from ia3_studio.ui.chat_variants import (
    BASE,
    HEAVIEST,
    MIX,
    PANES,
    SHOWN,
    STRONGEST,
    Mixture,
    Speaker,
    heard_ticks,
    muted_by,
    offered,
    speaker,
    without,
)
from ia3_studio.ui.components.tree_rows import encode_ticks
from ia3_studio.ui.current_run import find, import_key
from ia3_studio.ui.panes import matched, messages_of
from ia3_studio.ui.session import Studio
from tests.families import tiny_model
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import AddRun, says

ASKED = [{"role": "user", "content": [{"type": "text", "text": "hi"}], "metadata": None}]
GREEDY = ChatSettings(0, 1, 8, 0)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny_chat(tmp_path / "tiny")


@pytest.fixture
def adapter(bench: Studio, tiny: Path, tmp_path: Path) -> Path:
    """An adapter that changes every answer of the tiny model."""
    return save_adapter(bench, tiny, tmp_path / "adapters" / "0123456789abcdef", 0)


@pytest.fixture
def other(bench: Studio, tiny: Path, tmp_path: Path) -> Path:
    """Another adapter of the same model."""
    return save_adapter(bench, tiny, tmp_path / "adapters" / "fedcba9876543210", 1)


def save_adapter(bench: Studio, tiny: Path, folder: Path, seed: int) -> Path:
    with bench.memory.acquire(str(tiny)) as loaded:
        attachment = attach(loaded.model, discover(loaded.model, str(tiny)).select("paper"))
        with torch.no_grad():
            attachment.parameter.uniform_(-3, 3, generator=torch.Generator().manual_seed(seed))
        attachment.adapter().save(folder)
        attachment.detach()
    return folder


def heard(bench: Studio, tiny: Path, *speakers: Speaker, muted: Sequence[Any] = ()) -> tuple[str, ...]:
    """Return what each speaker says at last."""
    turns = (Message("user", "hi"),)
    question = Question(str(tiny), speakers, (turns,) * len(speakers), GREEDY, muted)
    return tuple(answer.text for answer in answer_in_memory(bench, question, lambda _news: None))


def values(key: str, tiny: Path, panes: Sequence[Any] = ([], [], [], []), **changes: Any) -> list[Any]:
    """Return the fields as the page sends them."""
    fields = {
        "count": 2, "who": [BASE, SHOWN, SHOWN, SHOWN], "strengths": [1, 1, 1, 1], "temperature": 0, "top_p": 1,
        "top_k": 0, "penalty": 1, "length": 8, "seed": 0, "system": "", "ticks": "", "other": None, "weight": 0.5,
        "other_weight": 0.5,
    } | changes  # fmt: skip
    count, who, strengths, *rest = fields.values()
    return [key, str(tiny), count, *who, *strengths, *panes, *rest]


def test_parts_of_a_bubble_become_one_text() -> None:
    pane = [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]
    assert messages_of(pane) == (Message("user", "ab"),)


def test_a_question_that_was_never_answered_is_left_out() -> None:
    pane = [{"role": "user", "content": "first"}, {"role": "user", "content": "second"}]
    assert messages_of(pane) == (Message("user", "second"),)


def test_a_prompt_goes_to_every_pane_that_is_there(bench: Studio) -> None:
    empty, *panes = ask(bench, " hi ", 2, [], [], [], [])
    assert empty == ""
    assert panes[:2] == [[{"role": "user", "content": "hi"}]] * 2
    assert all(isinstance(pane, dict) for pane in panes[2:])  # left as they are


def test_a_pane_that_is_added_goes_on_from_its_left_neighbor() -> None:
    said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    mine = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]
    assert matched([said, mine, []]) == [said, mine, mine]


def test_base_and_tuned_answer_differently_and_the_model_is_left_as_it_was(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    base, tuned = heard(bench, tiny, Speaker("base"), Speaker("tuned", 1.0, ((adapter, 1.0),)))
    assert base != tuned
    assert heard(bench, tiny, Speaker("base")) == (base,)
    with bench.memory.acquire(str(tiny)) as loaded:
        assert not any(module._forward_hooks or module._forward_pre_hooks for module in loaded.model.modules())
    assert bench.memory.users == 0


def test_four_voices_in_one_batch_say_what_each_says_alone(
    bench: Studio, tiny: Path, adapter: Path, other: Path
) -> None:
    four = (
        Speaker("base"),
        Speaker("half", 0.5, ((adapter, 1.0),)),
        Speaker("other", 1.5, ((other, 1.0),)),
        Speaker("mix", 1.0, ((adapter, 0.7), (other, 0.3))),
    )
    together = heard(bench, tiny, *four)
    assert together == tuple(heard(bench, tiny, each)[0] for each in four)
    assert len(set(together)) == 4


def test_a_mixture_is_the_sum_of_both_deviations(bench: Studio, adapter: Path, other: Path) -> None:
    from ia3_studio.ui.chat_variants import variants_of

    served, (voice,) = variants_of([Speaker("mix", 1.0, ((adapter, 0.7), (other, 0.3)))], ())
    first, second = Adapter.load(adapter), Adapter.load(other)
    expected = 1 + 0.7 * (first.vector - 1) + 0.3 * (second.vector - 1)
    torch.testing.assert_close(served[voice.adapter].vector, expected)
    assert torch.equal(served[voice.adapter].vector, add([first, second], [0.7, 0.3]).vector)


def test_strength_0_says_what_the_base_model_says_and_1_what_the_tuned_one_does(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    parts = ((adapter, 1.0),)
    base, tuned = heard(bench, tiny, Speaker("base"), Speaker("tuned", 1.0, parts))
    assert heard(bench, tiny, Speaker("none", 0.0, parts)) == (base,)
    assert heard(bench, tiny, Speaker("more", 2.0, parts))[0] not in (base, tuned)


def test_a_model_with_all_parts_unticked_is_the_base_model(bench: Studio, tiny: Path, adapter: Path) -> None:
    rows, whole = bench.shelf.read(str(tiny)).rows, Adapter.load(adapter)
    muted = muted_by(rows, whole, "")
    base, silent = heard(bench, tiny, Speaker("base"), Speaker("tuned", 1.0, ((adapter, 1.0),)), muted=tuple(muted))
    assert base == silent
    assert muted_by(rows, whole, heard_ticks(rows, whole)) == frozenset()


def test_unticking_one_part_sets_it_to_one_and_leaves_the_others(bench: Studio, tiny: Path, adapter: Path) -> None:
    rows, whole = bench.shelf.read(str(tiny)).rows, Adapter.load(adapter)
    ticked = [place for place, site in enumerate(rows.sites) if site in set(whole.selection)]
    key = next(place for place in ticked if str(rows.sites[place].path).endswith("1.self_attn.k_proj"))  # type: ignore[union-attr]
    muted = muted_by(rows, whole, encode_ticks(place for place in ticked if place != key))
    assert {site.path for site in muted} == {rows.sites[key].path}  # type: ignore[union-attr]
    left = without(whole, muted)
    for site, numbers in left.vectors().items():
        assert bool((numbers == 1).all()) == (site in muted)
        assert site in muted or torch.equal(numbers, whole.vectors()[site])


def test_one_part_of_a_fused_projection_is_muted_alone() -> None:
    model = tiny_model("gpt2")
    tree = discover(model)
    attachment = attach(model, tree.choose("peft"))  # scales c_attn whole, queries included
    with torch.no_grad():
        attachment.parameter.fill_(2)
    values_of_block = [site for site in tree.sites if site.path.endswith("h.0.attn.c_attn") and site.role == "value"]
    left = without(attachment.adapter(), values_of_block)
    site = next(site for site in left.selection if site.path.endswith("h.0.attn.c_attn"))
    numbers = left.vectors()[site].tolist()
    silent = {position for part in values_of_block for position in part.positions}
    assert [number == 1 for number in numbers] == [position in silent for position in site.positions]


def test_only_adapters_of_the_same_model_are_offered(
    bench: Studio, tiny: Path, adapter: Path, other: Path, add_run: AddRun
) -> None:
    add_run("elsewhere", "some/model")
    key = import_key(adapter)
    assert [value for _label, value in offered(bench, key, str(tiny))] == [BASE, SHOWN, import_key(other), MIX]
    assert [value for _label, value in offered(bench, "", "some/model")] == [BASE]


@pytest.mark.parametrize(
    ("who", "strength", "said"),
    [
        (SHOWN, 3.0, re.escape(chat_words.strength_out_of_range(3.0, STRONGEST))),
        ("run:20260101-000000-000000", 1.0, "20260101-000000-000000"),
        ("import:0000000000000000", 1.0, text.NOT_SHOWN),
        (MIX, 1.0, chat_words.NO_VOICE),
    ],
)
def test_a_voice_that_is_not_there_is_refused(
    bench: Studio, adapter: Path, who: str, strength: float, said: str
) -> None:
    with pytest.raises(StudioError, match=said):
        speaker(bench, who, strength, import_key(adapter), Mixture())


def test_a_weight_beyond_its_range_is_refused() -> None:
    with pytest.raises(StudioError, match=re.escape(chat_words.weight_out_of_range(5.0, HEAVIEST))):
        Mixture("import:x", 5.0)


def test_an_answer_fills_its_panes_says_how_fast_it_was_and_can_be_saved(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    *_, last = answer(bench, *values(import_key(adapter), tiny, [ASKED, ASKED, [], []]))
    said, tokens, markdown, document, *rest = last
    speeds, panes = rest[:PANES], rest[PANES:]
    shown = find(bench, import_key(adapter))
    assert shown and says(said, text.chat_with(shown.name, str(tiny)))
    assert re.search(r"\b8 tokens\b.*\d\.\d\d s.*\d tokens/s", speeds[0])
    saved = json.loads(Path(document).read_text())
    assert [each["messages"][-1]["content"] for each in saved["conversations"]] == [
        panes[0][-1]["content"], panes[1][-1]["content"]
    ]  # fmt: skip
    assert panes[0][-1]["content"] in Path(markdown).read_text()
    counts = [len(each["tokens"]) for each in saved["last_answers"]]
    assert counts[0] == 8 and tokens.count("class='sure-") == sum(counts) + 4  # and the key


def test_conversations_of_two_pages_are_saved_apart(bench: Studio, tiny: Path) -> None:
    asked = values("", tiny, [ASKED, [], [], []], count=1)
    first, second = ([*answer(bench, *asked)][-1][2] for _page in range(2))
    assert first != second and Path(first).is_file() and Path(second).is_file()


def test_a_damaged_run_does_not_keep_the_others_from_answering(
    bench: Studio, tiny: Path, adapter: Path, other: Path, add_run: AddRun
) -> None:
    add_run("damaged", str(tiny)).files.config.write_text("nothing")
    assert import_key(other) in [value for _label, value in offered(bench, import_key(adapter), str(tiny))]


def test_a_problem_is_said_beside_the_panes(bench: Studio, tiny: Path) -> None:
    with pytest.warns(UserWarning, match="128") as toasts:  # the toast, outside of a page
        asked = [{"role": "user", "content": "a long story " * 100}]
        said = list(answer(bench, *values("", tiny, [asked, [], [], []], count=1, length=8)))[-1][0]
    assert says(said, str(toasts[0].message))


def test_stopping_an_answer_gives_the_model_back(bench: Studio, tiny: Path) -> None:
    stream = answer(bench, *values("", tiny, [ASKED, [], [], []], count=1, length=100))
    while isinstance(next(stream)[-PANES], dict):
        pass
    stream.close()
    freed = threading.Event()

    def take() -> None:
        with bench.memory.acquire(str(save_tiny_chat(tiny.parent / "another"))):
            freed.set()

    threading.Thread(target=take, daemon=True).start()
    assert freed.wait(20)


def test_two_visitors_share_one_copy_and_each_hears_their_own_voice(bench: Studio, tiny: Path, adapter: Path) -> None:
    tuned, base = Speaker("tuned", 1.0, ((adapter, 1.0),)), Speaker("base")
    alone = heard(bench, tiny, tuned)[0], heard(bench, tiny, base)[0]
    found: dict[int, tuple[str, ...]] = {}
    threads = [
        threading.Thread(target=lambda number=number, who=who: found.update({number: heard(bench, tiny, who)}))
        for number, who in enumerate([tuned, base] * 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number][0] for number in range(8)] == list(alone) * 4


def test_the_system_prompt_comes_first_for_all(bench: Studio, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Question] = []

    def note_down(_studio: Studio, asked: Question, _report: Any) -> tuple[Answer, ...]:
        seen.append(asked)
        return (Answer("a"),)

    monkeypatch.setattr(chat_tab, "answer_in_memory", note_down)
    list(answer(bench, *values("", tiny, [ASKED, [], [], []], count=1, system=" Be brief. ")))
    assert seen[0].conversations == ((Message("system", "Be brief."), Message("user", "hi")),)


def conversation(*contents: str) -> list[dict[str, Any]]:
    return [{"role": ("user", "assistant")[number % 2], "content": said} for number, said in enumerate(contents)]


def event(index: int, value: str = "") -> Any:
    return SimpleNamespace(index=index, value=value)


def test_retrying_asks_the_same_with_the_next_seed(bench: Studio) -> None:
    one, two = conversation("a", "1", "b", "2"), conversation("a", "x", "b", "y")
    seed, *panes = again(bench, 0, event(2), 4, 2, one, two, [], [])
    assert seed == 5
    assert panes[:2] == [conversation("a", "1", "b"), conversation("a", "x", "b")]


def test_undoing_gives_the_question_back(bench: Studio) -> None:
    one, two = conversation("a", "1", "b", "2"), conversation("a", "x", "b", "y")
    prompt, *panes = undo(bench, 1, event(2), 2, one, two, [], [])
    assert prompt == "b"
    assert panes[:2] == [conversation("a", "1"), conversation("a", "x")]


def test_an_edited_question_takes_what_followed_with_it_in_every_pane(bench: Studio) -> None:
    one, two = conversation("a", "1", "b", "2"), conversation("a", "x", "b", "y")
    panes = edit(bench, 0, event(0, "c"), 2, one, two, [], [])
    assert list(panes[:2]) == [conversation("c"), conversation("c")]


def test_a_way_of_drawing_fills_its_fields() -> None:
    assert use_preset("Precise") == (0.0, 1.0, 0, 1.0)
    assert all(isinstance(each, dict) for each in use_preset("nonsense"))
    assert set(PRESETS) == {"Precise", "Balanced", "Creative"}


def test_a_strength_is_there_only_for_a_pane_with_an_adapter() -> None:
    shown = [update["visible"] for update in show_panes(3, BASE, SHOWN, BASE, SHOWN)]
    assert shown == [True, True, True, False, False, True, False, False]


def test_a_voice_that_is_gone_gives_way_to_what_is_shown(bench: Studio, tiny: Path, adapter: Path) -> None:
    drawn = describe(bench, import_key(adapter), str(tiny), 2, True, BASE, "run:gone", BASE, BASE)
    assert [update["value"] for update in drawn[9 : 9 + PANES]] == [BASE, SHOWN, BASE, BASE]


def test_the_second_pane_comes_with_the_first_adapter_and_stays_as_it_was_put(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    who = (BASE, SHOWN, SHOWN, SHOWN)

    def panes(key: str, count: int, could: bool) -> tuple[int, bool]:
        drawn = describe(bench, key, str(tiny), count, could, *who)
        return drawn[13], drawn[14]

    assert panes("", 2, True) == (1, False)
    assert panes(import_key(adapter), 1, False) == (2, True)
    assert panes(import_key(adapter), 1, True) == (1, True)
    assert panes(import_key(adapter), 4, False) == (4, True)


def test_beside_a_run_answers_take_half_of_the_cores_and_say_so(
    bench: Studio, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sharing(bench) == ""
    monkeypatch.setattr(answering, "active_run", lambda _studio: "Night run")
    assert sharing(bench) == chat_words.shares("Night run", os.cpu_count() or 1, cores_for(True))
    assert cores_for(True) == max(1, cores_for(False) // 2)
    threads: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    heard(bench, tiny, Speaker("base"))
    assert threads == [cores_for(True)]


def test_an_adapter_that_is_damaged_is_told(bench: Studio, tiny: Path, adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").write_bytes(b"nothing")
    with pytest.raises(AdapterError):
        heard(bench, tiny, Speaker("tuned", 1.0, ((adapter, 1.0),)))


def test_what_a_token_says_is_escaped() -> None:
    said = chat_words.tokens("<b>", Answer("x", (Token("<i>", 0.25, (("'\"", 0.5),)),)))
    assert "<i>" not in said and "<b>" not in said and "sure-1" in said


def test_more_panes_than_there_are_are_refused(adapter: Path) -> None:
    with pytest.raises(StudioError, match=re.escape(chat_words.count_out_of_range(9, PANES))):
        chat_tab.Form.of(values("", adapter, count=9))
