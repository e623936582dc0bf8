"""Has memory run out, and how small may a forward pass become before that is the end?"""

from __future__ import annotations

import gc


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, on any device."""
    named = isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__
    return named or "can't allocate memory" in str(error)  # torch on a CPU raises a plain RuntimeError


def give_memory_back() -> None:
    """Free what the failed attempt left behind, in this process and on the device."""
    import torch  # most of those who only ask about an error have not loaded it

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
