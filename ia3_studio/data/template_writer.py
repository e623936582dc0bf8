"""What does a chat template make of conversations? Asked in a process with limits; importing this loads transformers.

It is a module of its own so that the time of a call is the template's alone, and not that of an import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers.utils.chat_template_utils import render_jinja_template


def write(template: str, requests: Sequence[tuple[Any, bool, Any]], special: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return each conversation as a template writes it, or what it says against it, and which of both it is."""
    found: list[tuple[str, bool]] = []
    for turns, ask, tools in requests:
        try:
            if not turns:  # as transformers does
                raise ValueError("an empty conversation")
            result: Any = render_jinja_template(
                [turns], tools=tools or None, chat_template=template, add_generation_prompt=ask, **special
            )
            found.append((str(result[0][0]), False))
        except MemoryError:
            raise
        except Exception as error:  # whatever a template does wrong is told of the conversation
            found.append((str(error) or type(error).__name__, True))
    return found
