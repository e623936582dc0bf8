"""The layer tree in a real browser: what is drawn, ticked, filtered, said and sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import gradio as gr
import pytest
from playwright.sync_api import Locator, Page, expect

from ia3_studio.method.sites import Role, Side, Site
from ia3_studio.ui.components.layer_tree import WORDS, LayerTree, show_rows
from ia3_studio.ui.components.tree_rows import TreeRows, decode_selection, encode_selection, tree_rows
from ia3_studio.ui.theme import studio_theme

pytestmark = pytest.mark.e2e

PAPER = {"key", "value", "feed-forward"}


@dataclass(frozen=True)
class Node:
    name: str
    kind: str
    parent: int
    role: Role = "other"
    parameters: int = 0
    sites: tuple[Site, ...] = ()


@dataclass
class Grown:
    """A tree written down module by module."""

    nodes: list[Node] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def branch(self, name: str, kind: str, parent: int = -1, parameters: int = 0) -> int:
        return self._add(Node(name, kind, parent, parameters=parameters))

    def site(self, name: str, parent: int, role: Role, size: int, side: Side = "output") -> None:
        path = f"{self.paths[parent]}.{name}".lstrip(".")
        self._add(Node(name, "Linear", parent, role, 0, (Site(path, side, size, role),)))

    def fused(self, name: str, parent: int, size: int) -> None:
        path = f"{self.paths[parent]}.{name}".lstrip(".")
        roles: tuple[Role, ...] = ("query", "key", "value")
        sites = tuple(
            Site(path, "output", size, role, ((at * size, (at + 1) * size),), 3 * size) for at, role in enumerate(roles)
        )
        self._add(Node(name, "Conv1D", parent, sites=sites))

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        self.paths.append(f"{self.paths[node.parent]}.{node.name}".lstrip(".") if node.parent >= 0 else node.name)
        return len(self.nodes) - 1


def llama(blocks: int) -> TreeRows:
    tree = Grown()
    root = tree.branch("", "LlamaForCausalLM", parameters=1_000_000)
    model = tree.branch("model", "LlamaModel", root)
    tree.branch("embed_tokens", "Embedding", model)
    layers = tree.branch("layers", "ModuleList", model)
    for number in range(blocks):
        block = tree.branch(str(number), "LlamaDecoderLayer", layers)
        attention = tree.branch("self_attn", "LlamaAttention", block)
        tree.site("q_proj", attention, "query", 64)
        tree.site("k_proj", attention, "key", 16)
        tree.site("v_proj", attention, "value", 16)
        tree.site("o_proj", attention, "output", 64)
        mlp = tree.branch("mlp", "LlamaMLP", block)
        tree.site("gate_proj", mlp, "other", 128)
        tree.site("up_proj", mlp, "other", 128)
        tree.site("down_proj", mlp, "feed-forward", 128, "input")
        tree.branch("act_fn", "SiLU", mlp)
        tree.branch("input_layernorm", "LlamaRMSNorm", block)
        tree.branch("post_attention_layernorm", "LlamaRMSNorm", block)
    tree.site("lm_head", root, "other", 500)
    return tree_rows(tree)


def gpt2() -> TreeRows:
    tree = Grown()
    root = tree.branch("", "GPT2LMHeadModel", parameters=500_000)
    blocks = tree.branch("h", "ModuleList", root)
    for number in range(12):
        block = tree.branch(str(number), "GPT2Block", blocks)
        attention = tree.branch("attn", "GPT2Attention", block)
        tree.fused("c_attn", attention, 32)
        tree.site("c_proj", attention, "output", 32)
        mlp = tree.branch("mlp", "GPT2MLP", block)
        tree.site("c_proj", mlp, "feed-forward", 128, "input")
    return tree_rows(tree)


def hostile() -> TreeRows:
    tree = Grown()
    root = tree.branch("", "<img src=x onerror=document.title='owned'>", parameters=10)
    tree.site("a\"'<b>&amp;", root, "other", 3)
    return tree_rows(tree)


MODELS: dict[str, Callable[[], TreeRows]] = {
    "llama": lambda: llama(4),
    "gpt2": gpt2,
    "large": lambda: llama(231),
    "hostile": hostile,
}


def paper(rows: TreeRows) -> str:
    return encode_selection(rows, [site for site in rows.sites if site and site.role in PAPER])


@pytest.fixture(scope="module")
def shown() -> dict[str, TreeRows]:
    return {name: grow() for name, grow in MODELS.items()}


@pytest.fixture(scope="module")
def address(serve: Callable[..., str], shown: dict[str, TreeRows]) -> str:
    """A page with a button for each model, one that ticks all keys, and what the server was told."""

    def keys_of(name: str) -> dict[str, object]:
        sites = [site for site in shown[name].sites if site and site.role == "key"]
        return dict(gr.update(value=encode_selection(shown[name], sites)))

    def told(name: str, ticks: str) -> str:
        return f"{len(decode_selection(ticks, shown[name]))} sites in {ticks}"

    blocks = gr.Blocks(analytics_enabled=False)
    with blocks:
        name = gr.Textbox(elem_id="name")
        tree = LayerTree(elem_id="tree")
        answer = gr.Textbox(elem_id="answer")
        keys = gr.Button("keys", elem_id="keys")
        for model, rows in shown.items():
            choose = gr.Button(model, elem_id=model)
            choose.click(
                lambda model=model, rows=rows: (show_rows(rows, paper(rows)), model), None, [tree, name],
                show_progress="hidden",
            )  # fmt: skip
        keys.click(keys_of, name, tree, show_progress="hidden")
        tree.input(told, [name, tree], answer, show_progress="hidden", trigger_mode="always_last")
    return serve(blocks, theme=studio_theme())


@dataclass
class Tree:
    """The component as a visitor meets it."""

    page: Page

    def choose(self, name: str) -> None:
        self.page.locator(f"#{name}").click()
        expect(self.page.locator("#name textarea")).to_have_value(name)
        self.row("").wait_for()

    @property
    def rows(self) -> Locator:
        return self.page.locator("#tree [role=tree]")

    @property
    def filter(self) -> Locator:
        return self.page.locator("#tree .filter")

    @property
    def totals(self) -> Locator:
        return self.page.locator("#tree .totals")

    @property
    def found(self) -> Locator:
        return self.page.locator("#tree .found")

    @property
    def answer(self) -> Locator:
        return self.page.locator("#answer textarea")

    def row(self, path: str) -> Locator:
        return self.page.locator(f'#tree [data-path="{path}"]')

    def chip(self, name: str) -> Locator:
        return self.page.locator(f'#tree [data-pat="{name}"]')

    def names(self) -> list[str]:
        return self.page.locator("#tree .row .name").all_inner_texts()

    def current(self) -> Locator:
        """The row that a screen reader announces."""
        return self.page.locator(f"#{self.rows.get_attribute('aria-activedescendant')}")


@pytest.fixture
def tree(page: Page, address: str) -> Tree:
    page.goto(address)
    page.locator("#tree .empty").wait_for()
    return Tree(page)


def totals(vectors: int, numbers: int) -> str:
    """Return what the line below the tree says of that many selected vectors and parameters."""
    return f"{vectors:,} {WORDS['vectors'][1]} {numbers:,} {WORDS['parameters'][1]}"


def checked(locator: Locator, state: str) -> None:
    expect(locator).to_have_attribute("aria-checked", state)


def test_no_model_is_said_and_nothing_else_is_shown(tree: Tree) -> None:
    expect(tree.page.locator("#tree .empty")).to_have_text(WORDS["empty"])
    for part in (tree.rows, tree.filter, tree.totals):
        expect(part).to_be_hidden()


def test_the_tree_opens_down_to_the_blocks_and_shows_the_first(tree: Tree) -> None:
    tree.choose("llama")
    key = tree.row("model.layers.0.self_attn.k_proj")
    checked(key, "true")
    for name, value in {
        "level": "6",
        "setsize": "4",
        "posinset": "2",
        "label": WORDS["site"].format(
            name="k_proj", kind="Linear", role=WORDS["roles"]["key"][0], side=WORDS["sides"]["output"][0], size=16
        ),
    }.items():
        expect(key).to_have_attribute(f"aria-{name}", value)
    expect(key.locator(".badge")).to_have_text(WORDS["roles"]["key"][0])
    expect(key.locator(".side")).to_have_attribute("title", WORDS["sides"]["output"][1])
    expect(tree.row("model.layers.0.mlp.down_proj").locator(".side")).to_have_text(WORDS["sides"]["input"][0])
    expect(tree.row("model.layers.1")).to_have_attribute("aria-expanded", "false")
    checked(tree.row("model.layers.1"), "mixed")
    expect(tree.row("")).to_have_attribute(
        "aria-label", WORDS["branch"].format(name="LlamaForCausalLM", kind="", selected=12, all=29).replace(", ,", ",")
    )
    expect(tree.row("model.embed_tokens")).not_to_have_attribute("aria-checked", re.compile(""))
    expect(tree.totals).to_have_text(f"{totals(12, 640)} 2.6 {WORDS['adapter']} 0.064 {WORDS['share']}")


def test_a_chip_ticks_its_pattern_in_every_layer_and_the_server_hears_the_ranges(tree: Tree) -> None:
    tree.choose("llama")
    expect(tree.page.locator("#tree .chip")).to_have_count(8)
    expect(tree.chip("k_proj")).to_have_text(re.compile(r"k_proj\s+4/4"))
    checked(tree.chip("k_proj"), "true")
    checked(tree.chip("o_proj"), "false")
    tree.chip("o_proj").click()
    checked(tree.chip("o_proj"), "true")
    checked(tree.row("model.layers.0.self_attn"), "mixed")
    expect(tree.row("model.layers.0.self_attn").locator(".count")).to_have_text("3/4")
    expect(tree.totals).to_contain_text(totals(16, 896))
    expect(tree.answer).to_have_value("16 sites in 7-9,13,20-22,26,33-35,39,46-48,52")
    tree.row("model.layers.0.self_attn.o_proj").click()
    checked(tree.chip("o_proj"), "mixed")
    expect(tree.answer).to_have_value(re.compile("^15 sites"))


def test_a_branch_ticks_all_below_it_then_none(tree: Tree) -> None:
    tree.choose("llama")
    box = tree.row("model.layers.1").locator(".check")
    box.click()
    checked(tree.row("model.layers.1"), "true")
    expect(tree.answer).to_have_value(re.compile("^16 sites"))
    box.click()
    checked(tree.row("model.layers.1"), "false")
    expect(tree.answer).to_have_value(re.compile("^9 sites"))


def test_the_name_of_a_branch_opens_and_closes_it_without_a_tick(tree: Tree) -> None:
    tree.choose("llama")
    tree.row("model.layers.1").locator(".name").click()
    tree.row("model.layers.1").locator("xpath=following-sibling::*[1]").get_by_text("self_attn").wait_for()
    tree.row("model.layers.1").locator(".twisty").click()
    expect(tree.row("model.layers.1.mlp")).to_have_count(0)
    expect(tree.totals).to_contain_text(f"12 {WORDS['vectors'][1]}")
    expect(tree.answer).to_have_value("")


def test_a_filter_keeps_matches_and_what_leads_to_them_and_ticks_act_on_matches_only(tree: Tree) -> None:
    tree.choose("llama")
    tree.filter.fill("2.SELF_attn.Q")
    assert tree.names() == ["LlamaForCausalLM", "model", "layers", "2", "self_attn", "q_proj"]
    expect(tree.found).to_have_text(WORDS["matches"].format(count=1, all=29))
    expect(tree.page.locator("#tree .chip")).to_have_count(1)
    checked(tree.row(""), "false")
    tree.row("").locator(".check").click()
    checked(tree.row(""), "true")
    expect(tree.answer).to_have_value(re.compile("^13 sites"))
    tree.filter.fill("")
    expect(tree.found).to_have_text("")
    checked(tree.chip("q_proj"), "mixed")
    checked(tree.row(""), "mixed")


def test_a_regular_expression_filters_and_a_chip_ticks_within_it(tree: Tree) -> None:
    tree.choose("llama")
    tree.filter.fill(r"/layers\.[0-1]\..*[qo]_proj$/")
    expect(tree.found).to_have_text(WORDS["matches"].format(count=4, all=29))
    tree.chip("q_proj").click()
    expect(tree.answer).to_have_value(re.compile("^14 sites"))
    tree.filter.fill("/Q_PROJ/")
    expect(tree.found).to_have_text(WORDS["no_match"])
    tree.filter.fill("/Q_PROJ/i")
    expect(tree.found).to_have_text(WORDS["matches"].format(count=4, all=29))
    checked(tree.chip("q_proj"), "mixed")


def test_an_invalid_expression_is_said_and_filters_nothing(tree: Tree) -> None:
    tree.choose("llama")
    before = tree.names()
    tree.filter.fill("/layers.(0/")
    expect(tree.found).to_have_text(WORDS["invalid"].format(text="/layers.(0/"))
    expect(tree.found).to_have_attribute("role", "status")
    expect(tree.filter).to_have_attribute("aria-invalid", "true")
    assert tree.names() == before


def test_the_tree_is_usable_by_keyboard_alone(tree: Tree) -> None:
    tree.choose("llama")
    keys = tree.page.keyboard
    tree.filter.focus()
    keys.press("ArrowDown")
    expect(tree.rows).to_be_focused()
    expect(tree.current()).to_have_attribute("data-path", "")
    for _ in range(6):
        keys.press("ArrowDown")
    expect(tree.current()).to_have_attribute("data-path", "model.layers.0.self_attn.q_proj")
    keys.press(" ")
    checked(tree.current(), "true")
    keys.press("ArrowUp")
    expect(tree.current()).to_have_attribute("data-path", "model.layers.0.self_attn")
    keys.press("ArrowLeft")
    expect(tree.current()).to_have_attribute("aria-expanded", "false")
    keys.press("ArrowLeft")
    expect(tree.current()).to_have_attribute("data-path", "model.layers.0")
    keys.press("ArrowRight")
    expect(tree.current()).to_have_attribute("data-path", "model.layers.0.self_attn")
    keys.press("ArrowRight")
    expect(tree.current()).to_have_attribute("aria-expanded", "true")
    keys.press("End")
    expect(tree.current()).to_have_attribute("data-path", "lm_head")
    keys.press("Enter")
    checked(tree.current(), "true")
    keys.press("PageUp")
    assert tree.current().get_attribute("data-path") != "lm_head"
    keys.press("PageDown")
    expect(tree.current()).to_have_attribute("data-path", "lm_head")
    keys.press("Home")
    expect(tree.current()).to_have_attribute("data-path", "")
    expect(tree.answer).to_have_value(re.compile("^14 sites"))


def test_the_keyboard_shows_where_it_is(tree: Tree) -> None:
    tree.choose("llama")
    tree.filter.focus()
    tree.page.keyboard.press("ArrowDown")
    tree.page.keyboard.press("ArrowDown")
    ring = tree.current().evaluate("row => getComputedStyle(row).outlineStyle + getComputedStyle(row).outlineWidth")
    assert ring == "solid2px"


def test_a_chip_keeps_the_focus_when_it_is_pressed_by_keyboard(tree: Tree) -> None:
    tree.choose("llama")
    tree.chip("q_proj").focus()
    tree.page.keyboard.press(" ")
    checked(tree.chip("q_proj"), "true")
    expect(tree.chip("q_proj")).to_be_focused()


def test_ticks_set_by_the_server_are_shown_and_not_sent_back(tree: Tree) -> None:
    tree.choose("llama")
    tree.page.locator("#keys").click()
    expect(tree.totals).to_contain_text(totals(4, 64))
    checked(tree.chip("v_proj"), "false")
    tree.chip("v_proj").click()
    expect(tree.answer).to_have_value("8 sites in 7-8,20-21,33-34,46-47")
    tree.page.locator("#keys").click()
    expect(tree.totals).to_contain_text(f"4 {WORDS['vectors'][1]}")
    expect(tree.answer).to_have_value("8 sites in 7-8,20-21,33-34,46-47")


def test_another_model_replaces_tree_filter_and_ticks(tree: Tree) -> None:
    tree.choose("llama")
    tree.filter.fill("q_proj")
    tree.choose("gpt2")
    expect(tree.filter).to_have_value("")
    expect(tree.totals).to_contain_text(totals(36, 2304))
    expect(tree.row("h.0.attn.c_attn[key]").locator(".name")).to_have_text("[key]")


def test_chips_tell_parts_of_a_fused_projection_and_namesakes_of_another_role_apart(tree: Tree) -> None:
    tree.choose("gpt2")
    names = tree.page.locator("#tree .chip .name").all_inner_texts()
    assert names == ["c_attn[query]", "c_attn[key]", "c_attn[value]", "attn.c_proj", "mlp.c_proj"]
    checked(tree.chip("c_attn[key]"), "true")
    checked(tree.chip("attn.c_proj"), "false")
    checked(tree.row("h.0.attn.c_attn"), "mixed")
    tree.chip("c_attn[query]").click()
    checked(tree.row("h.0.attn.c_attn"), "true")
    expect(tree.answer).to_have_value(re.compile("^48 sites"))


def test_expand_collapse_and_clear(tree: Tree) -> None:
    tree.choose("llama")
    for button, lines in (("expand", 57), ("collapse", 9)):
        tree.page.get_by_role("button", name=WORDS[button][0]).click()
        expect(tree.page.locator("#tree .layer-tree")).to_have_attribute("data-lines", str(lines))
    tree.page.get_by_role("button", name=WORDS["clear"][0]).click()
    expect(tree.totals).to_contain_text(f"{WORDS['nothing']} 0 {WORDS['vectors'][1]}")
    checked(tree.row(""), "false")
    expect(tree.answer).to_have_value("0 sites in ")


def test_names_of_a_model_are_text_whatever_they_hold(tree: Tree) -> None:
    tree.choose("hostile")
    assert tree.names() == ["<img src=x onerror=document.title='owned'>", "a\"'<b>&amp;"]
    expect(tree.page.locator("#tree img")).to_have_count(0)
    tree.page.locator("#tree .chip").click()
    expect(tree.answer).to_have_value("1 sites in 1")
    tree.filter.fill("<b>&amp;")
    expect(tree.found).to_have_text(WORDS["matches"].format(count=1, all=1))


def test_three_thousand_modules_stay_a_hundred_rows_and_a_tick_comes_back(
    tree: Tree, shown: dict[str, TreeRows]
) -> None:
    assert len(shown["large"].sites) > 3000
    tree.choose("large")
    tree.page.get_by_role("button", name=WORDS["expand"][0]).click()
    expect(tree.page.locator("#tree .layer-tree")).to_have_attribute("data-lines", str(len(shown["large"].sites)))
    assert tree.page.locator("#tree .row").count() < 100
    tree.rows.evaluate("rows => { rows.scrollTop = rows.scrollHeight / 2; }")
    tree.row("model.layers.115").wait_for()
    assert tree.page.locator("#tree .row").count() < 100
    tree.rows.focus()
    tree.page.keyboard.press("End")
    expect(tree.current()).to_have_attribute("data-path", "lm_head")
    tree.chip("q_proj").click()
    expect(tree.answer).to_have_value(re.compile("^924 sites"))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_can_be_read(
    page: Page, address: str, theme: str, width: int, snapshot: Callable[[Page, str], None]
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{address}?__theme={theme}")
    tree = Tree(page)
    tree.choose("llama")
    page.locator("#tree").scroll_into_view_if_needed()
    snapshot(page, f"layer-tree-{width}-{theme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert tree.rows.evaluate("rows => rows.scrollWidth <= rows.clientWidth")
    assert page.evaluate(CONTRASTS, "#tree :is(.badge, .row .name, .row .size, .count, .totals, .totals b)") >= 4.5
    cut = "names => names.filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)"
    assert page.locator("#tree .row .name").evaluate_all(cut) == []


CONTRASTS = """(selector) => {
    const luminance = (color) => {
        const [red, green, blue] = color.match(/[0-9.]+/g).map((part) => part / 255)
            .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (node) => {
        for (let at = node; at; at = at.parentElement) {
            const fill = getComputedStyle(at).backgroundColor;
            if (!/, 0\\)$/.test(fill)) return fill;
        }
        return "rgb(255, 255, 255)";
    };
    const shown = [...document.querySelectorAll(selector)].filter((node) => node.offsetParent && node.textContent);
    return Math.min(...shown.map((node) => {
        const pair = [luminance(getComputedStyle(node).color), luminance(behind(node))].sort((a, b) => b - a);
        return (pair[0] + 0.05) / (pair[1] + 0.05);
    }));
}"""


def test_a_handler_that_hands_the_ticks_back_changes_nothing(page: Page, serve: Callable[..., str]) -> None:
    rows = llama(4)
    calls: list[str] = []

    def hand_back(ticks: str) -> str:
        calls.append(ticks)
        return ticks

    blocks = gr.Blocks(analytics_enabled=False)
    with blocks:
        component = LayerTree(rows.json, paper(rows), str(rows.parameters), elem_id="tree")
        handed = component.input(hand_back, component, component, show_progress="hidden", trigger_mode="always_last")
        handed.then(lambda: "handed back", None, gr.Textbox(elem_id="answer"), show_progress="hidden")
    page.goto(serve(blocks))
    tree = Tree(page)
    expect(tree.totals).to_contain_text(f"12 {WORDS['vectors'][1]}")
    tree.chip("q_proj").click()
    expect(tree.totals).to_contain_text(f"16 {WORDS['vectors'][1]}")
    expect(tree.answer).to_have_value("handed back")
    expect(tree.totals).to_contain_text(f"16 {WORDS['vectors'][1]}")
    assert calls == ["6-8,13,19-21,26,32-34,39,45-47,52"]


def test_words_come_from_python(page: Page, serve: Callable[..., str]) -> None:
    rows = llama(2)
    blocks = gr.Blocks(analytics_enabled=False)
    with blocks:
        LayerTree(rows.json, elem_id="tree", words={"clear": ["Alles abwählen", "Ohne Haken"], "nothing": "Leer."})
    page.goto(serve(blocks))
    expect(page.get_by_role("button", name="Alles abwählen")).to_be_visible()
    expect(page.locator("#tree .totals")).to_contain_text(f"Leer. 0 {WORDS['vectors'][1]}")
