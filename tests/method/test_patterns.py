"""A person's expression is answered in time, whatever it is, and means what Python's and PEFT's means."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ia3_studio.errors import SelectionError
from ia3_studio.method import LayerTree, discover, patterns
from ia3_studio.method.adapter import Adapter
from ia3_studio.method.patterns import PATIENCE, Expression
from ia3_studio.method.peft.config import selection_of
from ia3_studio.method.peft.targets import Targets, resolve
from ia3_studio.peft import IA3Config
from tests.families import tiny_model

CATASTROPHES = (
    r"^((([a-z0-9_.])+)+)+!$",
    r"(.*)*x\b!",
    r"^(a|[a-z._0-9]|[^!])*$(?<=!)",
    r"(.|[a-z.])*[A-Z]",
    r"(\w+\.?)*\w+!",
)
PATHS = [f"model.layers.{n // 7}.self_attn.{'qkvo'[n % 4]}_proj" for n in range(3000)]


@pytest.fixture(scope="module")
def llama() -> LayerTree:
    return discover(tiny_model("llama"), "tiny/model")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let an expression be given up five times sooner, where all its time is used up."""
    monkeypatch.setattr(patterns, "PATIENCE", PATIENCE / 5)
    return PATIENCE / 5


def seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


@pytest.mark.parametrize("text", CATASTROPHES)
def test_an_expression_that_would_take_for_ever_is_given_up_and_named(text: str, impatient: float) -> None:
    expression = Expression(text)
    long = [f"{'abcdefgh.' * 12}{n}" for n in range(200)]

    def ask() -> None:
        try:
            assert not any(expression.matches(path) for path in long)
        except SelectionError as error:
            assert text in str(error)

    assert seconds(ask) < impatient + 2


def test_other_threads_go_on_while_an_expression_is_at_work(impatient: float) -> None:
    beats: list[float] = []
    done = threading.Event()

    def beat() -> None:
        while not done.wait(0.01):
            beats.append(time.monotonic())

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(SelectionError, match="takes longer"):
            Expression(r"(.|[a-z.])*[A-Z]").matches("abcdefgh" * 30)
    finally:
        done.set()
        thread.join()
    assert len(beats) > 2
    assert max(later - sooner for sooner, later in itertools.pairwise(beats)) < PATIENCE / 2


def test_patience_is_for_all_paths_together(impatient: float) -> None:
    expression = Expression(r"(.|[a-z.])*[A-Z]")
    slow = [f"{'ab.' * 5}{n % 10}" for n in range(100_000)]

    def ask() -> None:
        for path in slow:
            expression.matches(path)

    began = time.monotonic()
    with pytest.raises(SelectionError, match="takes longer"):
        ask()
    assert time.monotonic() - began < impatient + 2


def test_three_thousand_modules_are_filtered_in_a_fifth_of_a_second() -> None:
    for text in (r".*\.(k|v)_proj", "|".join(map(re.escape, set(PATHS)))):
        expression = Expression(text)
        assert seconds(lambda each=expression: [each.matches(path) for path in PATHS]) < 0.2


@pytest.mark.parametrize(
    "text",
    [
        r".*\.(k|v)_proj", r"model\.layers\.[0-3]\..*", r"(?!.*q_proj).*attn.*", r"(?i).*Q_PROJ", r".*(\d)\1\..*",
        "|".join(map(re.escape, PATHS[:9])), r"layers", r".*\.[0-9]{2}\..*", r"(?:a?){2,}.*", "",
    ],
)  # fmt: skip
def test_an_expression_means_what_it_means_in_python(text: str) -> None:
    ours = Expression(text)
    assert [ours.matches(path) for path in PATHS] == [bool(re.fullmatch(text, path)) for path in PATHS]
    assert [ours.found_in(path) for path in PATHS] == [bool(re.search(text, path)) for path in PATHS]


@pytest.mark.parametrize(
    "text", ["(", "[", "*", "a**", "(" * 6000, "(k_proj){e}", "[[:alpha:]]+", "\\p{L}", "(?R)", ".*" * 20_000]
)
def test_what_is_no_expression_is_a_sentence_that_names_it_shortly(text: str) -> None:
    with pytest.raises(SelectionError) as refused:
        Expression(text)
    assert text[:20] in str(refused.value).replace("\\\\", "\\") and len(str(refused.value)) < 500


@pytest.mark.parametrize("field", ["target_modules", "feedforward_modules", "exclude_modules", "modules_to_save"])
@pytest.mark.parametrize("text", [r"((([a-z0-9_.])+)+)+!\b#", "("])
def test_the_expressions_of_a_strangers_adapter_are_bounded_too(field: str, text: str, tmp_path: Path) -> None:
    model = tiny_model("llama")
    value: object = [text] if field == "modules_to_save" else text
    named = {"target_modules": ["k_proj"], "feedforward_modules": ["k_proj"]} | {field: value}

    def load() -> None:
        try:
            found = Targets(**{name: each if isinstance(each, str) else tuple(each) for name, each in named.items()})  # type: ignore[arg-type, attr-defined]
            resolve(found, model)
            selection_of(IA3Config(**named), model)  # type: ignore[arg-type]
        except SelectionError:
            return

    assert seconds(load) < PATIENCE * 3
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "IA3", **named}))
    with pytest.raises(Exception, match="safetensors"):
        Adapter.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["/^((([a-z0-9_.])+)+)+!$/", "key@0-999999999", "key@" + "9" * 6000, "key@0-" + "9" * 30, " " * 150_000 + "x y",
     "x" * 10_000_000, "x" * 150_000, "key," * 40_000 + "z", "/(/", "@", "/@/@0", "key@" + "0," * 70_000 + "-"],
)  # fmt: skip
def test_a_choice_of_sites_is_answered_at_once_whatever_is_written(llama: LayerTree, text: str) -> None:
    def choose() -> None:
        with pytest.raises(SelectionError) as refused:
            llama.choose(text)
        assert len(str(refused.value)) < 1000

    assert seconds(choose) < PATIENCE * 2
