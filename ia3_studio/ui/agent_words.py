"""The sentences that agents and whoever starts the app for them read."""

from __future__ import annotations

INSTALL = 'pip install "mcp>=1.21,<2"'
NOT_ON_A_PUBLIC_APP = (
    "A public app offers no tools to agents, because it could not tell whose runs are whose; start it without --mcp and"
    " IA3_STUDIO_MCP."
)
NOT_WITH_A_PASSWORD = (
    "Agents cannot enter the password of the page, so that an app with a password offers them no tools; start it"
    " without the password, on this computer only, or without --mcp and IA3_STUDIO_MCP."
)
NOTHING_GIVEN = "No data were given; give a source (a starter's name or a path) or rows."
ONE_OF_BOTH = "Both a source and rows were given; give one of them."
COMPARE_TWO = "Comparing needs at least two runs; give two ids, as list_runs returns them."


def not_installed(found: str) -> str:
    """Return the sentence on the package mcp, of which another version or none is installed."""
    what = f"version {found} of the package mcp, which Gradio cannot use" if found else "no package mcp"
    return f"Tools for agents need the package mcp 1.x, and there is {what}; install it: {INSTALL}"


def too_many(most: int) -> str:
    """Return the sentence on more runs than are compared at once."""
    return f"At most {most} runs are compared at once; give fewer ids."


def unknown_settings(names: str, known: str) -> str:
    """Return the sentence on settings that a run does not have."""
    return f"A run has no setting {names}; the settings are {known}."


def waits_too_long(seconds: float, most: int) -> str:
    """Return the sentence on a wait that is out of its range."""
    return f"wait_seconds is {seconds:g}; use a number from 0 to {most}."


def classifies(name: str) -> str:
    """Return the sentence on a run whose adapter answers no prompt."""
    return (
        f"The adapter of “{name}” is a classifier, which does not chat; use evaluate_run, or the Chat tab of the page."
    )
