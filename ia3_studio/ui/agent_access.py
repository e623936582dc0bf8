"""May agents use this app, and is there what that needs? Asked before the app starts; off unless asked for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from ia3_studio.errors import RunError
from ia3_studio.settings import is_public
from ia3_studio.ui import agent_words as words

MAJOR = "1"
"""Of the package mcp: Gradio 6 is written for it."""


def require_agents_allowed(password: str) -> None:
    """Check that tools can be offered to agents: by Gradio's MCP server, to programs of this computer.

    Raises:
        RunError: the app is public or has a password, or the package mcp is missing or of another version.
    """
    if is_public():
        raise RunError(words.NOT_ON_A_PUBLIC_APP)
    if password:
        raise RunError(words.NOT_WITH_A_PASSWORD)
    found = _installed()
    if found.partition(".")[0] != MAJOR:
        raise RunError(words.not_installed(found))


def _installed() -> str:
    try:
        return version("mcp")
    except PackageNotFoundError:
        return ""
