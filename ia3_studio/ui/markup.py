"""How do plain values become HTML? All text of a user or a file is escaped here.

It may be Arabic or Hebrew: its element has ``dir="auto"``, so that its first letter sets the direction. The stylesheet
does the same for Gradio's messages, cells and fields.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from ia3_studio.ui.glossary import linked

Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True)
class Fact:
    """One line of a fact list."""

    name: str
    value: str


def facts(rows: Iterable[Fact]) -> str:
    """Return a definition list."""
    items = "".join(f"<div><dt>{escape(row.name)}</dt><dd dir='auto'>{escape(row.value)}</dd></div>" for row in rows)
    return f"<dl class='facts'>{items}</dl>" if items else ""


def note(sentence: str, tone: Tone = "plain") -> str:
    """Return a note of one sentence; empty for no sentence."""
    role = "alert" if tone == "bad" else "status"
    return f"<p class='note {tone}' role='{role}' dir='auto'>{escape(sentence)}</p>" if sentence else ""


def invitation(sentence: str) -> str:
    """Return the note of a tab that is empty; the button that fills the tab is shown below it."""
    return f"<p class='note invites' role='status'>{escape(sentence)}</p>"


def heading(title: str, words: str = "") -> str:
    """Return the heading of a tab or a card, with a line on its purpose whose terms explain themselves."""
    lead = f"<p>{linked(words)}</p>" if words else ""
    return f"<div class='lead'><h2>{escape(title)}</h2>{lead}</div>"


def bullets(sentences: Iterable[str], tone: Tone = "plain") -> str:
    """Return a list of sentences; empty for none."""
    items = "".join(f"<li dir='auto'>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul class='note {tone}'>{items}</ul>" if items else ""


def sample(title: str, prompt: str, answers: Iterable[Fact]) -> str:
    """Return one prompt with its answers, each with the name of the model."""
    listed = "".join(
        f"<div><dt>{escape(each.name)}</dt><dd dir='auto'>{escape(each.value)}</dd></div>" for each in answers
    )
    return (
        f"<figure class='sample'><figcaption>{escape(title)}</figcaption>"
        f"<p dir='auto'>“{escape(prompt)}”</p><dl>{listed}</dl></figure>"
    )


def gallery(images: Iterable[tuple[bytes, str]], caption: str) -> str:
    """Return small JPEG images, each with its caption."""
    figures = "".join(
        f"<figure><img alt='' src='data:image/jpeg;base64,{b64encode(jpeg).decode()}'>"
        f"<figcaption dir='auto'>{escape(label)}</figcaption></figure>"
        for jpeg, label in images
    )
    title = escape(caption)
    return f"<section class='gallery' aria-label='{title}'><h3>{title}</h3><div>{figures}</div></section>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """Return a small table whose cells wrap."""
    head = "".join(f"<th scope='col' dir='auto'>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td><div dir='auto'>{escape(str(cell))}</div></td>" for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f"<div class='rows'><table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def marked(pieces: Iterable[tuple[str, str]]) -> str:
    """Return text with the "trained" pieces highlighted and the "truncated" ones struck through."""
    tags = {"trained": "mark", "truncated": "s"}
    spans = (f"<{tag}>{escape(piece)}</{tag}>" if (tag := tags.get(fate)) else escape(piece) for piece, fate in pieces)
    return f"<pre class='tokens' dir='auto'>{''.join(spans)}</pre>"
