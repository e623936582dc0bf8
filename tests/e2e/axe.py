"""What does axe-core, the common checker of accessibility, find on a page?"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from playwright.sync_api import Page

RUN = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map((rule) => [rule.id, rule.help, rule.nodes.map((node) => node.html.slice(0, 200))]);
}"""


@cache
def _script() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return what is shown now and breaks a rule: the rule, what it asks, and the elements."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_script())
    found: list[tuple[str, str, list[Any]]] = page.evaluate(RUN)
    return [f"{rule}: {words}: {element}" for rule, words, elements in found for element in elements]
