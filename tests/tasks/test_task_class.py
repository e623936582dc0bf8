"""A run and its preview do the same with the same data: one decision, for every kind of data and model."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.split import DataSplit
from ia3_studio.data.token_preview import survey
from ia3_studio.errors import DataError
from ia3_studio.models.loaded import LoadedModel, ModelHead
from ia3_studio.runs.config import RunConfig
from ia3_studio.tasks.classification import Classification
from ia3_studio.tasks.image_classification import ImageClassification
from ia3_studio.tasks.preview import preview_tokens
from ia3_studio.tasks.task import task_class, task_for
from ia3_studio.training.config import TrainConfig
from tests.tiny_chat import tiny_tokenizer
from tests.training.test_targets import ending_tokenizer

KINDS = tuple(get_args(Mapping.__annotations__["kind"])) or (
    "pairs", "messages", "text", "labels", "tags", "choices", "pictures", "preferences",
)  # fmt: skip
TASKS = get_args(ModelHead)
CHAT = (Message("user", "Is the pier free?"), Message("assistant", "No."))


def with_room_for(tokenizer: Any) -> Any:
    """Return a model whose embedding has a row for every token and whose positions hold every row."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    return LlamaForCausalLM(config)


def examples(kind: str, *, some_empty: bool) -> list[Example]:
    made: list[Example] = []
    for row in range(1, 7):
        label = ("a", "b")[row % 2]
        if kind == "labels":
            made.append(Example(row, text=f"text {row}", labels=() if some_empty and row > 4 else (label,)))
        elif kind == "tags":
            made.append(Example(row, words=("the", "pier"), labels=(label, "b")))
        elif kind == "choices":
            made.append(Example(row, text=f"which {row}", labels=("left",), choices=("left", "right")))
        elif kind == "preferences":
            made.append(Example(row, CHAT, rejected=(CHAT[0], Message("assistant", "That depends on the day."))))
        elif kind == "text":
            made.append(Example(row, text=f"plain text {row}"))
        else:
            made.append(Example(row, CHAT))
    return made


@pytest.mark.parametrize("some_empty", [False, True])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pictures"])
def test_the_preview_shows_the_rows_that_a_run_trains_on(kind: str, task: Any, some_empty: bool) -> None:
    rows = examples(kind, some_empty=some_empty)
    target: Any = "multi" if kind == "labels" else "single"
    split = DataSplit(rows[:3] + rows[4:], rows[3:4], (), "", Mapping(kind, target=target), "")  # type: ignore[arg-type]
    config = RunConfig("run", "m", "d", train=TrainConfig(max_length=64))
    if kind == "preferences" and task != "causal-lm":
        with pytest.raises(DataError, match="needs a causal language model"):
            task_for(split, task, config)
        return
    trained_as = task_for(split, task, config)
    shown_as = task_class(kind, task)
    assert type(trained_as) is shown_as
    assert (trained_as.labels is not None) == issubclass(shown_as, Classification)
    apart = task == "seq2seq" and not issubclass(shown_as, Classification)
    tokenizer = ending_tokenizer() if apart else tiny_tokenizer()
    loaded = LoadedModel(with_room_for(tokenizer), tokenizer, task, "m", "m", "")
    seen = survey(split.train, lambda example: preview_tokens(example, tokenizer, shown_as, 64, kind), 64)
    try:
        trained = [row.row for row in trained_as.rows(loaded)[0]]
    except DataError:  # plain text for an encoder-decoder: nothing to answer
        trained = []
    assert [each.row for each in seen.seen] == trained
    if kind == "labels" and some_empty:
        assert trained == ([1, 2, 3, 5, 6] if issubclass(shown_as, Classification) else [1, 2, 3])


def test_pictures_are_sorted_by_any_model() -> None:
    assert {task_class("pictures", task) for task in TASKS} == {ImageClassification}
