"""Is an error an out-of-memory error?"""

from __future__ import annotations

import gc


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error is an out-of-memory error, on any device."""
    named = isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__
    return named or "can't allocate memory" in str(error)  # torch on a CPU raises a plain RuntimeError


def give_memory_back() -> None:
    """Free the memory of the failed attempt, in this process and on the device."""
    import torch  # most of those who only ask about an error have not loaded it

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
