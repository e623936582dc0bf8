"""Selected rows go to the browser and back without loss, and everything it sends is checked."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from ia3_studio.errors import SelectionError
from ia3_studio.method.layer_tree import LayerTree, TreeNode
from ia3_studio.method.sites import Site
from ia3_studio.ui.components.tree_rows import TreeRows, decode_selection, encode_rows, encode_selection, tree_rows

KEY = Site("h.0.attn", "output", 4, "key", ((4, 8),), 12)
VALUE = Site("h.0.attn", "output", 4, "value", ((8, 12),), 12)
INNER = Site("h.0.fc", "input", 16, "feed-forward")
HEAD = Site("head", "output", 97, "other")

TREE = LayerTree(
    (
        TreeNode("", "", "GPT", -1, "other", 900, ()),
        TreeNode("h", "h", "ModuleList", 0, "other", 700, ()),
        TreeNode("h.0", "0", "Block", 1, "other", 700, ()),
        TreeNode("h.0.attn", "attn", "Conv1D", 2, "other", 300, (KEY, VALUE)),
        TreeNode("h.0.fc", "fc", "Linear", 2, "feed-forward", 400, (INNER,)),
        TreeNode("head", "head", "Linear", 0, "other", 200, (HEAD,)),
    )
)


@pytest.fixture
def rows() -> TreeRows:
    return tree_rows(TREE)


def test_each_module_is_one_row_and_each_part_of_a_fused_projection_one_more(rows: TreeRows) -> None:
    assert json.loads(rows.json) == [
        [-1, "", "GPT", 0, 0, "other", ""],
        [0, "h", "ModuleList", 0, 0, "other", ""],
        [1, "0", "Block", 0, 0, "other", ""],
        [2, "attn", "Conv1D", 0, 0, "other", ""],
        [3, "[key]", "", 4, 1, "key", "output"],
        [3, "[value]", "", 4, 1, "value", "output"],
        [2, "fc", "Linear", 16, 1, "feed-forward", "input"],
        [0, "head", "Linear", 97, 1, "other", "output"],
    ]
    assert rows.sites == (None, None, None, None, KEY, VALUE, INNER, HEAD)
    assert rows.parameters == 900


def test_two_parts_of_the_same_role_have_different_names() -> None:
    halves = tuple(Site("fc", "output", 4, "feed-forward", (span,), 8) for span in ((0, 4), (4, 8)))
    tree = LayerTree((TreeNode("fc", "fc", "Linear", -1, "other", 64, halves),))
    assert [row[1] for row in json.loads(tree_rows(tree).json)] == [
        "fc",
        "[feed-forward 0:4]",
        "[feed-forward 4:8]",
    ]


@pytest.mark.parametrize(("indexes", "text"), [([], ""), ([4], "4"), ([7, 3, 4, 5, 5], "3-5,7"), ([0, 2, 4], "0,2,4")])
def test_indexes_are_written_as_ranges(indexes: list[int], text: str) -> None:
    assert encode_rows(indexes) == text


def test_a_selection_comes_back_from_its_ticks(rows: TreeRows) -> None:
    ticks = encode_selection(rows, [INNER, KEY])
    assert ticks == "4,6"
    assert decode_selection(ticks, rows) == (KEY, INNER)


def test_all_that_can_be_ticked_is_one_selection_in_the_models_order(rows: TreeRows) -> None:
    assert decode_selection("4-7", rows) == (KEY, VALUE, INNER, HEAD)


@pytest.mark.parametrize("text", ["", None])
def test_no_tick_is_no_site(text: object, rows: TreeRows) -> None:
    assert decode_selection(text, rows) == ()


@pytest.mark.parametrize(
    "text",
    [
        "0-999999999999",
        "999999999",
        "4-999999999",
        "8",
        "3",  # a branch
        "0-7",  # branches among them
        "5-4",
        "6,4",
        "4,4",
        "4-5,5",
        "-4",
        "4-",
        "4,",
        ",",
        " 4",
        "4\n",
        "٤",
        "4.0",
        "1e3",
        "4;5",
        "<script>",
        "4," * 1_000_000,
        7,
        ["4"],
        {"4": 1},
        b"4",
    ],
)
def test_ticks_a_browser_made_up_are_refused_at_once(text: object, rows: TreeRows) -> None:
    started = time.perf_counter()
    with pytest.raises(SelectionError, match="reload the page"):
        decode_selection(text, rows)
    assert time.perf_counter() - started < 0.1


def test_a_refusal_does_not_repeat_a_long_text(rows: TreeRows) -> None:
    with pytest.raises(SelectionError) as refusal:
        decode_selection("x" * 100, rows)
    assert len(str(refusal.value)) < 150


def test_a_selection_of_another_model_is_refused_by_name(rows: TreeRows) -> None:
    with pytest.raises(SelectionError, match=r"1 of 2 selected sites .* layers\.0\.k_proj"):
        encode_selection(rows, [KEY, Site("layers.0.k_proj", "output", 4, "key")])


def test_rows_need_neither_gradio_nor_torch() -> None:
    code = "import sys, ia3_studio.ui.components.tree_rows; print({'gradio', 'torch'} & sys.modules.keys() or 'light')"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "light"
