"""What is learned from one row: a text, a conversation, choices, or words with tags?"""

from __future__ import annotations

from dataclasses import dataclass

from ia3_studio.data.conversations import Message


@dataclass(frozen=True)
class Example:
    """One training example: a conversation, or plain text if there are no messages."""

    row: int
    """Number of its data row, starting at 1."""
    messages: tuple[Message, ...] = ()
    text: str = ""
    second: str = ""
    """The second text of a text pair."""
    labels: tuple[str, ...] = ()
    """The labels of the text; a number as text for regression."""
    words: tuple[str, ...] = ()
    """The words for token classification, one label each."""
    choices: tuple[str, ...] = ()
    """The choices for ``text``; the correct one is the label."""
    rejected: tuple[Message, ...] = ()
    """The conversation with the rejected answer; ``messages`` has the chosen one."""
    desirable: bool | None = None
    """The label of the conversation's last answer; None where answers have none."""

    @property
    def is_preference(self) -> bool:
        """Say whether it holds a comparison of two answers, or an answer with a label."""
        return bool(self.rejected) or self.desirable is not None

    @property
    def tools(self) -> str:
        """Return the definitions of the tools that the conversation may call, as JSON; empty if there are none."""
        return next((turn.tools for turn in self.messages if turn.tools), "")

    @property
    def turns(self) -> tuple[Message, ...]:
        """Return the conversation; a labeled text becomes a prompt with its label as the answer."""
        if self.messages or not self.labels:
            return self.messages
        parts = (self.text or " ".join(self.words), self.second, *(f"- {choice}" for choice in self.choices))
        question = "\n\n".join(parts[:2]).strip() if not self.choices else "\n".join(filter(None, parts))
        return (Message("user", question), Message("assistant", ", ".join(self.labels)))
