"""Which layers does the model have, and which are selected? The layer tree as a component of the page.

Python sends the rows of :mod:`~ia3_studio.ui.components.tree_rows` as JSON text; the script draws the visible rows,
counts, filters and selects in the browser, and responds with row ranges. Every property is a string: Gradio converts
properties to text at each change, and 3,000 rows as a list cost it a second per click.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.ui.components.tree_rows import TreeRows

_HERE = Path(__file__).parent
_TEMPLATE = """
<div class="layer-tree" data-words="WORDS">
  <div class="totals" role="status" aria-live="polite"></div>
  <div class="tools">
    <input class="filter" type="search" spellcheck="false" autocomplete="off" />
    <div class="buttons"><button type="button" class="expand"></button><button type="button" class="collapse"></button>
    <button type="button" class="clear"></button></div>
  </div>
  <div class="found" role="status" aria-live="polite"></div>
  <div class="chips" role="group"></div>
  <div class="frame">
    <div class="head" aria-hidden="true">
      <span></span><span></span><span class="side"></span><span class="size"></span></div>
    <div class="rows" role="tree" tabindex="0">
      <div class="canvas" role="none"><div class="drawn" role="none"></div></div></div>
    <div class="empty" hidden></div>
  </div>
</div>
"""

WORDS: Mapping[str, Any] = {
    "tree": "Layers of the model",
    "empty": "Choose a model to see its layers.",
    "filter": "Filter by path, or by /regex/",
    "matches": "{count} of {all} sites match. Selecting applies to these only.",
    "no_match": "No module matches.",
    "invalid": "{text} is not a valid regular expression, so the filter is not applied.",
    "chips": "Select a module name in every layer",
    "chip": "{name}: {selected} of {all} selected",
    "branch": "{name}, {kind}, {selected} of {all} selected",
    "plain": "{name}, {kind}",
    "site": "{name}, {kind}, {role}, {side}, {size} parameters",
    "expand": ["Expand all", "Expand every branch"],
    "collapse": ["Collapse", "Show the blocks only"],
    "clear": ["Clear selection", "Deselect all sites"],
    "columns": ["Module", "Role", "Side", "Parameters"],
    "sides": {
        "output": ["output ×", "The output of the module is multiplied by the vector."],
        "input": ["input ×", "The input of the module is multiplied by the vector."],
    },
    "roles": {
        "key": ["key", "Attention keys."],
        "value": ["value", "Attention values."],
        "feed-forward": ["feed-forward", "Intermediate activations of the feed-forward network."],
        "query": ["query", "Attention queries."],
        "output": ["output", "Output of the attention."],
        "other": ["other", "Any other module."],
    },
    "nothing": "No site is selected.",
    "vectors": ["vector", "vectors"],
    "parameters": ["trainable parameter", "trainable parameters"],
    "adapter": "kB adapter",
    "share": "% of the model",
}
"""The strings of the component; ``[label, explanation]`` or ``[singular, plural]`` if there are two."""


class LayerTree(gr.HTML):
    """The layers of a model as a tree with checkboxes.

    ``value`` is the selected rows as ranges; read it with :func:`~.tree_rows.decode_selection`. Listen to ``input`` for
    what the user does; ``change`` also fires when a handler sets the value. Give the listener
    ``trigger_mode="always_last"``, or Gradio drops what is selected while a handler runs. A handler shows another model
    by returning :func:`show_rows`, never a new instance: Gradio would send its arguments unchanged. ``words`` replaces
    some of :data:`WORDS`.

    Example:
        >>> tree = LayerTree()                                                                  # doctest: +SKIP
        >>> button.click(lambda: show_rows(rows, encode_selection(rows, selection)), outputs=tree)      # doctest: +SKIP
        >>> tree.input(count_sites, tree, note, trigger_mode="always_last")                     # doctest: +SKIP
    """

    # The parameters have the names of the properties: at an update, Gradio builds the session's copy from them.
    def __init__(
        self,
        nodes: str = "[]",
        value: str = "",
        parameters: str = "0",
        words: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            value=value,
            nodes=nodes,
            parameters=parameters,
            # In the markup, not a property: an update of a tree in a tab never opened replaces all properties.
            html_template=_TEMPLATE.replace("WORDS", escape(json.dumps({**WORDS, **(words or {})}))),
            css_template=(_HERE / "layer_tree.css").read_text(encoding="utf-8"),
            js_on_load=(_HERE / "layer_tree.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )


def show_rows(rows: TreeRows, selected: str) -> dict[str, Any]:
    """Return the update that draws a model's tree with these rows selected."""
    update: dict[str, Any] = gr.update(nodes=rows.json, parameters=str(rows.parameters), value=selected)
    return update
