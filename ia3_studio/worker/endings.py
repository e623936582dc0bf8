"""What is said of a run that ended with an error?"""

from __future__ import annotations

import errno

from ia3_studio.errors import StudioError
from ia3_studio.models.out_of_memory import is_out_of_memory
from ia3_studio.runs.folder import Phase

OUT_OF_MEMORY: dict[Phase, str] = {
    "preparing": "Out of memory before the first step; close other programs, or choose a smaller model or a lower max "
    "length, and {way_on}.",
    "training": "Out of memory; lower the batch size, the max length or the micro-batch tokens and start the run "
    "again.",
    "saving": "Out of memory while the adapter was saved; close other programs and {way_on}. Files saved earlier are "
    "kept.",
    "evaluating": "Out of memory while base and tuned model were evaluated, even with one row at a time. The adapter "
    "is kept; close other programs and {way_on}.",
}
"""What is said where memory runs out, by the phase of the run."""


def explain(error: Exception, way_on: str, phase: Phase) -> str:
    """Return the message for the user.

    Args:
        error: what ended the run.
        way_on: how to go on.
        phase: in which it happened.
    """
    if isinstance(error, StudioError):
        return str(error)
    if _is_full_disk(error):
        return f"The disk is full; free some space and {way_on}. Files saved earlier are kept."
    if is_out_of_memory(error):
        return OUT_OF_MEMORY.get(phase, OUT_OF_MEMORY["training"]).format(way_on=way_on)
    return f"The run ended with an unexpected {type(error).__name__}; see the log for the traceback."


def _is_full_disk(error: Exception) -> bool:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or "No space left on device" in str(error)  # safetensors and torch have errors of their own for it
