"""Which messages are on a page of a chat that Telegram exported as HTML?"""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from ia3_studio.data.shapes.whatsapp import SPEAKER, TEXT, TIME

_VOID = frozenset(("br", "img", "hr", "input", "meta", "link", "source", "wbr"))
_WRITTEN = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")


def telegram_page(text: str) -> dict[str, list[Any]] | None:
    """Return the messages of a page as columns (time, speaker, text); None if a text is no such page."""
    if "message default" not in text or "from_name" not in text:
        return None
    page = _Page()
    page.feed(text)
    page.close()
    said = [each for each in page.messages if each[TEXT].strip()]
    return {name: [each[name] for each in said] for name in (TIME, SPEAKER, TEXT)} if said else None


class _Page(HTMLParser):
    """Collects the messages of a page; one without a name is by whom the one before it is."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self._classes: list[str] = []
        """The classes of the elements that are open."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        classes = (facts.get("class") or "").split()
        if tag == "br" and self._inside("text") and self.messages:
            self.messages[-1][TEXT] += "\n"
        if tag in _VOID:
            return
        self._classes.append(
            next((name for name in ("message", "from_name", "text", "forwarded") if name in classes), "")
        )
        if "message" in classes and "default" in classes:
            before = self.messages[-1][SPEAKER] if self.messages and "joined" in classes else ""
            self.messages.append({TIME: None, SPEAKER: before, TEXT: ""})
        elif "date" in classes and self.messages and self.messages[-1][TIME] is None:
            self.messages[-1][TIME] = _seconds(facts.get("title") or "")
        elif "from_name" in classes and self.messages and not self._inside("forwarded"):
            self.messages[-1][SPEAKER] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._classes:
            self._classes.pop()

    def handle_data(self, data: str) -> None:
        if not self.messages:
            return
        if self._inside("from_name") and not self._inside("forwarded"):
            self.messages[-1][SPEAKER] = f"{self.messages[-1][SPEAKER]}{data}".strip()
        elif self._inside("text"):
            self.messages[-1][TEXT] += data.strip("\n") if self.messages[-1][TEXT] else data.lstrip()

    def _inside(self, name: str) -> bool:
        return name in self._classes


def _seconds(title: str) -> float | None:
    """Return the time of a message, such as "01.03.2024 09:05:00 UTC+01:00", in seconds; its zone is that of all."""
    written = title.split(" UTC")[0].strip()
    for form in _WRITTEN:
        try:
            return datetime.strptime(written, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None
