"""Which prompts and answers has a bot in AIML? A row for each category: its pattern, and what its template says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from ia3_studio.data.parsing import Found, shown_names
from ia3_studio.data.shapes.shape import frame_of
from ia3_studio.data.xml_values import bare_tag
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_BLANKS = re.compile(r"\s++")
_WILDCARDS = re.compile(r"[*_#^]")
_PRIORITY = re.compile(r"\$(?=\w)")
_SIGNS = re.compile(r"[^\w\s]+|_")
_ANY = frozenset(("", "*"))
_LINES = frozenset(("br", "p", "ul", "ol", "li", "div"))
"""Elements at which a line of the answer ends."""
_SAID = _LINES | {"b", "i", "u", "em", "strong", "a", "span", "font", "small", "sup", "sub", "template", "set"}
"""Elements whose text is said; what is set is said as well, unless it is only thought."""
_UNSAID = frozenset(("think",))
_MOST_ANSWERS = 200
"""Answers of one template that has several lists of them, or text around one."""
_MOST_STEPS = 20
_MOST_CHARACTERS = 10_000_000
"""Characters of answers that are written more than once: around lists, and behind references."""
_MANY = "more combinations of <random> than are read"


@dataclass(frozen=True)
class _Answer:
    text: str
    left: str = ""
    """What in it only the bot knows; empty for an answer that is plain."""


@dataclass(frozen=True)
class _Category:
    number: int
    pattern: str
    left: str
    """Why it is no prompt; empty for one."""
    context: str
    """What the bot has said before (that), or what is talked about (topic)."""
    template: Element | None


def is_aiml(root: Element) -> bool:
    """Say whether a document is a bot in AIML."""
    return bare_tag(root.tag).lower() == "aiml"


def read_aiml(name: str, root: Element) -> Found:
    """Read the categories of a bot whose patterns and templates are plain; a template has one answer or several.

    Raises:
        DataError: no category is plain.
    """
    reader = _Reader([*_categories(root)])
    rows = reader.rows()
    if not rows:
        raise DataError(
            f"{name} has no category of AIML whose pattern and template are plain text"
            f"{f' ({shown_names(reader.reasons)})' if reader.left else ''}; give one with prompts and their answers."
        )
    return Found(frame_of(rows), "AIML, a row per <category>", notes=tuple(reader.notes()))


class _Reader:
    """A reader of the categories of one bot."""

    def __init__(self, categories: list[_Category]) -> None:
        self.categories = categories
        self.left: Counter[str] = Counter()
        """Why categories are left out."""
        self.answers: Counter[str] = Counter()
        """Why some answers of categories are left out."""
        self.contexts = 0
        """Contexts that decide nothing."""
        self.resolved = 0
        self._characters = _MOST_CHARACTERS
        self._known: dict[Element, list[_Answer]] = {}
        self._by_pattern: dict[str, _Category] = {}
        for category in sorted(categories, key=lambda each: bool(each.context)):
            if not category.left and category.template is not None:
                self._by_pattern.setdefault(_key(category.pattern), category)

    @property
    def reasons(self) -> list[str]:
        """Return why categories are left out, each with how many are."""
        return [f"{reason}: {count:,}" for reason, count in self.left.most_common()]

    def rows(self) -> list[tuple[int, dict[str, Any]]]:
        """Return a row for each category that is plain, and count the others."""
        found: list[tuple[_Category, list[str]]] = []
        for category in self.categories:
            answers = [] if category.left else self._answers_of(category)
            if category.left:
                self.left[category.left] += 1
            elif plain := [*dict.fromkeys(each.text for each in answers if not each.left and each.text)]:
                self.answers.update(each.left for each in answers if each.left)
                found.append((category, plain))
            else:
                self.left[next((each.left for each in answers if each.left), "no answer")] += 1
        contexts: dict[str, set[str]] = {}
        for category, _answers in found:
            contexts.setdefault(_key(category.pattern), set()).add(category.context)
        decide = any(len(each) > 1 for each in contexts.values())
        self.contexts = 0 if decide else sum(bool(category.context) for category, _answers in found)
        return [
            (category.number, {**({"context": category.context} if decide else {}), "prompt": category.pattern,
                               "answer": answers[0] if len(answers) == 1 else answers})
            for category, answers in found
        ]  # fmt: skip

    def notes(self) -> Iterator[str]:
        """Yield what is left out and not used."""
        if self.left:
            yield f"Left out: categories without a plain prompt and answer ({shown_names(self.reasons)})."
        if self.answers:
            counted = [f"{reason}: {count:,}" for reason, count in self.answers.most_common()]
            yield f"Left out: answers that are more than text ({shown_names(counted)})."
        if self.resolved:
            yield f"Categories that refer to another one (<srai>) have its answers ({self.resolved:,})."
        if self.contexts:
            yield f"Not used: <that> and <topic>, as none decides an answer ({self.contexts:,})."

    def _answers_of(self, category: _Category) -> list[_Answer]:
        """Return the answers of a category, or of the one that it refers to."""
        template, steps = category.template, 0
        while template is not None and (name := _referred(template)):
            target = self._by_pattern.get(_key(name))
            steps += 1
            if target is None or steps > _MOST_STEPS:
                return [_Answer("", "<srai>")]
            template = target.template
        answers = self._answers_in(template) if template is not None and (not steps or self._characters > 0) else []
        if steps and not self._may_write(answers):
            return [_Answer("", "<srai>")]
        self.resolved += steps > 0 and any(each.text and not each.left for each in answers)
        return answers

    def _answers_in(self, template: Element) -> list[_Answer]:
        """Return the answers of a template, which many others may refer to."""
        if template not in self._known:
            self._known[template] = [_Answer(_lines(each.text), each.left) for each in self._said(template)]
        return self._known[template]

    def _may_write(self, answers: Iterable[_Answer]) -> bool:
        self._characters -= sum(len(each.text) + 1 for each in answers)
        return self._characters > 0

    def _said(self, element: Element) -> list[_Answer]:
        """Return what an element may say: one text, or as many as its lists have."""
        parts: list[list[_Answer]] = [[_Answer(_BLANKS.sub(" ", element.text or ""))]]
        for child in element:
            tag = bare_tag(child.tag).lower()
            if tag == "random":
                items = [item for item in child if bare_tag(item.tag).lower() == "li"]
                parts.append([_Answer(each.text, each.left) for item in items for each in self._said(item)])
            elif tag in _SAID:
                end = "\n" if tag in _LINES else ""
                parts += [[_Answer(end)], self._said(child), [_Answer(end if tag != "br" else "")]]
            elif tag not in _UNSAID:
                return [_Answer("", f"<{tag[:_LONGEST_TAG]}>")]
            parts.append([_Answer(_BLANKS.sub(" ", child.tail or ""))])
        parts = [each for each in parts if len(each) != 1 or each[0].text or each[0].left]
        return self._combined(parts)

    def _combined(self, parts: list[list[_Answer]]) -> list[_Answer]:
        """Return the texts that parts form one behind the other, each with every one of the others."""
        filled = [each for each in parts if len(each) != 1 or each[0].text.strip() or each[0].left]
        if len(filled) == 1 and len(filled[0]) > 1:
            return filled[0]
        count = prod(len(each) for each in parts if len(each) > 1)
        if count > _MOST_ANSWERS:
            return [_Answer("", _MANY)]
        if count > 1 and not self._may_write([_Answer(" " * sum(len(each[0].text) for each in parts if each))] * count):
            return [_Answer("", _MANY)]
        found: list[list[_Answer]] = [[]]
        for each in parts:
            if len(each) == 1:
                for begun in found:
                    begun.append(each[0])
            elif each:
                found = [[*begun, more] for begun in found for more in each]
        return [
            _Answer("".join(each.text for each in begun), next((each.left for each in begun if each.left), ""))
            for begun in found
        ]


_LONGEST_TAG = 30


def _categories(root: Element) -> Iterator[_Category]:
    """Yield the categories of a bot, and those inside of topics."""
    number = 0
    for child in root:
        tag = bare_tag(child.tag).lower()
        inner = [child] if tag == "category" else [*child] if tag == "topic" else []
        topic = "" if tag != "topic" else child.get("name", "")
        for each in inner:
            if bare_tag(each.tag).lower() == "category":
                number += 1
                yield _category(number, each, topic)


def _category(number: int, element: Element, topic: str) -> _Category:
    held = {bare_tag(child.tag).lower(): child for child in reversed(element)}
    pattern, template = held.get("pattern"), held.get("template")
    words = _PRIORITY.sub("", _flat(pattern))
    contexts = (_flat(held.get("that")), topic or _flat(held.get("topic")))
    context = "\n".join(each for each in contexts if each not in _ANY)
    if pattern is not None and len(pattern):
        left = f"patterns with <{bare_tag(pattern[0].tag)[:_LONGEST_TAG]}>"
    elif found := _WILDCARDS.search(words):
        left = f"patterns with {found[0]}"
    else:
        left = "" if words and template is not None else "no pattern" if not words else "no answer"
    return _Category(number, words, left, context, template)


def _flat(element: Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _lines(text: str) -> str:
    """Return an answer without blanks around its lines, and without empty ones at its ends."""
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip("\n")


def _key(pattern: str) -> str:
    """Return a pattern as a bot compares it: without signs, and in capitals."""
    return " ".join(_SIGNS.sub(" ", pattern).upper().split())


def _referred(template: Element) -> str:
    """Return the pattern that is all that a template says, by reference; empty for any other template."""
    said = [child for child in template if bare_tag(child.tag).lower() not in _UNSAID]
    is_alone = len(said) == 1 and bare_tag(said[0].tag).lower() == "srai" and not len(said[0])
    around = f"{template.text or ''}{''.join(child.tail or '' for child in template)}"
    return _flat(said[0]) if is_alone and not around.strip() else ""
