"""The words of the card that serves adapters to other programs."""

from __future__ import annotations

TITLE = "Serve to other programs"
WORDS = "The base model and all its adapters behind OpenAI's HTTP interface, on this computer only."
START, STOP = "Start serving", "Stop serving"
OFF = "Off. Programs on this computer can use the adapters once it is started."
NO_PUBLIC = "A public app does not serve adapters to other programs."
CODE_LABEL = "Python code"
STARTING = "Loading the model"


def on(address: str, source: str, alone: str, *, has_key: bool) -> str:
    """Return the note on an endpoint that is on.

    Args:
        address: for clients.
        source: the base model.
        alone: why its requests do not share passes; empty if they do.
        has_key: whether clients must send one.
    """
    key = " Clients must send the key of IA3_STUDIO_API_KEY." if has_key else " No key is needed."
    turns = f" Requests are answered one after the other: {alone}." if alone else ""
    return f"Serving {source} and its adapters at {address}.{key}{turns}"


def code(address: str, model: str, *, has_key: bool) -> str:
    """Return a program that asks the endpoint."""
    key = 'os.environ["IA3_STUDIO_API_KEY"]' if has_key else '"unused"'
    return "\n".join(
        (
            *(("import os", "") if has_key else ()),
            "from openai import OpenAI",
            "",
            f"client = OpenAI(base_url={address!r}, api_key={key})",
            "answer = client.chat.completions.create(",
            f"    model={model!r},",
            '    messages=[{"role": "user", "content": "Hello"}],',
            ")",
            "print(answer.choices[0].message.content)",
        )
    )
