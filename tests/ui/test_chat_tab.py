"""The two panes: what is asked, what is shown, and that the model is left as it was."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ia3_studio.chat import ChatSettings
from ia3_studio.data.examples import Message
from ia3_studio.errors import StudioError
from ia3_studio.method import Adapter, discover
from ia3_studio.method.scaling import attach
from ia3_studio.ui import chat_tab
from ia3_studio.ui.chat_tab import Question, answer, answer_in_memory, ask, messages_of
from ia3_studio.ui.instrument import ROLES, Knobs, played
from ia3_studio.ui.session import Studio
from ia3_studio.ui.shown import Shown, run_key
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import AddRun

ASKED = [{"role": "user", "content": [{"type": "text", "text": "hi"}], "metadata": None}]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return save_tiny_chat(tmp_path / "tiny")


@pytest.fixture
def adapter(bench: Studio, tiny: Path, tmp_path: Path) -> Path:
    """An adapter that changes every answer of the tiny model."""
    model = bench.memory.get(str(tiny)).model
    attachment = attach(model, discover(model, "tiny").select("paper"))
    with torch.no_grad():
        attachment.parameter.uniform_(-3, 3)
    attachment.adapter().save(tmp_path / "adapter")
    attachment.detach()
    return tmp_path / "adapter"


def question(tiny: Path, adapter: Path | None) -> Question:
    shown = Shown("run:x", "A run", str(tiny), adapter, None) if adapter else None
    turns = (Message("user", "hi"),)
    return Question(shown, str(tiny), (turns, turns) if adapter else (turns,), ChatSettings(0, 1, 8, 0))


def test_parts_of_a_bubble_become_one_text() -> None:
    pane = [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]
    assert messages_of(pane) == (Message("user", "ab"),)


def test_a_question_that_was_never_answered_is_left_out() -> None:
    pane = [{"role": "user", "content": "first"}, {"role": "user", "content": "second"}]
    assert messages_of(pane) == (Message("user", "second"),)


def test_a_prompt_goes_only_to_the_models_that_can_answer(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    _empty, base, tuned = ask(bench, run_key(run.id), " hi ", [], [])
    assert base == [{"role": "user", "content": "hi"}]
    assert tuned == []


def test_base_and_tuned_answer_differently_and_the_model_is_left_as_it_was(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    answers: list[object] = []
    answer_in_memory(bench, question(tiny, adapter), answers.append)
    base, tuned = answers[-1]  # type: ignore[misc]
    alone: list[object] = []
    answer_in_memory(bench, question(tiny, None), alone.append)
    assert base != tuned
    assert alone[-1] == (base,)
    model = bench.memory.get(str(tiny)).model
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_stopping_an_answer_frees_the_model(bench: Studio, tiny: Path) -> None:
    stream = answer(bench, "", str(tiny), ASKED, [], 0.7, 0.9, 100, 0)
    while isinstance(next(stream)[0], dict):
        pass
    stream.close()
    freed = threading.Event()

    def take() -> None:
        with bench.memory.lock:
            freed.set()

    threading.Thread(target=take, daemon=True).start()
    assert freed.wait(10)


def test_a_problem_is_said_beside_the_panes(bench: Studio, tiny: Path) -> None:
    with pytest.warns(UserWarning, match="clear the conversation"):  # the toast, outside of a page
        said = list(answer(bench, "", str(tiny), ASKED, [], 0.7, 0.9, 4000, 0))[-1][2]
    assert "the model holds 128" in said


def heard(bench: Studio, asked: Question) -> tuple[str, str]:
    """Return what base and tuned model say at last."""
    answers: list[Any] = []
    answer_in_memory(bench, asked, answers.append)
    return answers[-1]  # type: ignore[no-any-return]


def test_strength_0_says_what_the_base_model_says_and_1_what_the_tuned_one_does(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    asked = question(tiny, adapter)
    base, tuned = heard(bench, asked)
    assert base != tuned
    assert heard(bench, replace(asked, knobs=Knobs(0.0))) == (base, base)
    assert heard(bench, replace(asked, knobs=Knobs(1.0))) == (base, tuned)
    stronger = heard(bench, replace(asked, knobs=Knobs(2.0)))
    assert stronger[0] == base and stronger[1] != tuned


def test_a_model_with_all_parts_muted_is_the_base_model(bench: Studio, tiny: Path, adapter: Path) -> None:
    asked = question(tiny, adapter)
    base, tuned = heard(bench, asked)
    assert heard(bench, replace(asked, knobs=Knobs(roles=tuple(ROLES)))) == (base, base)
    assert heard(bench, replace(asked, knobs=Knobs(layers="0-1"))) == (base, base)
    some = heard(bench, replace(asked, knobs=Knobs(roles=("keys",), layers="1")))
    assert some[0] == base
    assert heard(bench, asked) == (base, tuned)  # the next message hears nothing of it


def test_muting_one_part_sets_it_to_one_and_leaves_the_others(bench: Studio, tiny: Path, adapter: Path) -> None:
    whole = Adapter.load(adapter)
    tree = bench.shelf.read(str(tiny)).tree
    played_so = played(whole, Knobs(roles=("keys",), layers="1"), tree)
    roles = {site.path: site.role for site in tree.sites}
    for site, numbers in played_so.vectors().items():
        muted = roles[site.path] == "key" and ".1." in site.path
        assert bool((numbers == 1).all()) == muted
        assert muted or torch.equal(numbers, whole.vectors()[site])


@pytest.mark.parametrize(
    ("knobs", "said"),
    [({"strength": 3}, "choose a number from 0 to 2"), ({"roles": ("query",)}, "nothing called 'query'")],
)
def test_a_knob_beyond_its_range_is_refused(knobs: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError, match=said):
        Knobs(**knobs)


@pytest.mark.parametrize("layers", ["9-12", "low", "1--2"])
def test_layers_that_are_not_there_are_named(layers: str, bench: Studio, tiny: Path, adapter: Path) -> None:
    with pytest.raises(StudioError, match="What is to be muted is not there"):
        played(Adapter.load(adapter), Knobs(layers=layers), bench.shelf.read(str(tiny)).tree)


def test_the_system_prompt_comes_first_for_both(bench: Studio, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Question] = []
    monkeypatch.setattr(chat_tab, "answer_in_memory", lambda _studio, asked, _report: seen.append(asked))
    list(answer(bench, "", str(tiny), ASKED, [], 0, 1, 16, 0, " Be brief. "))
    assert seen[0].conversations == ((Message("system", "Be brief."), Message("user", "hi")),)
