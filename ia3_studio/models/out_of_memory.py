"""Is an error an out-of-memory error?"""

from __future__ import annotations

import errno
import gc

SAID = (
    "can't allocate memory",  # torch on a CPU
    "Cannot allocate memory",  # a file that is mapped
    "CUDA error: out of memory",
    "_STATUS_ALLOC_FAILED",  # cuBLAS and cuDNN
)
"""What plain errors say that mean it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error is an out-of-memory error, on any device."""
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return any(each in str(error) for each in SAID)


def give_memory_back() -> None:
    """Free the memory of the failed attempt, in this process and on the device."""
    import torch  # most of those who only ask about an error have not loaded it

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
