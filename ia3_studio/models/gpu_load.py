"""How busy are the GPUs that this process computes on? Asked of the library that comes with NVIDIA's driver.

torch's own way to it needs one more package. Where there is no such library, as with AMD's GPUs, nothing is known.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from typing import Any

LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
_DONE = 0
"""What the library's functions return unless something is wrong."""


class _Rates(ctypes.Structure):
    """Percent of the last moments in which a GPU computed, and in which its memory was read or written."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def used_gpus() -> tuple[int, float]:
    """Return the bytes that this process has on GPUs, and how many of them compute: 0.5 is half of the time of one.

    Nothing of this process touches a GPU for it: without one that torch has set up, both are 0.
    """
    cuda = getattr(sys.modules.get("torch"), "cuda", None)  # another thread may be importing it
    is_ready = getattr(cuda, "is_initialized", None)
    if cuda is None or is_ready is None or not is_ready():
        return 0, 0.0
    sizes = {number: int(cuda.memory_allocated(number)) for number in range(cuda.device_count())}
    busy = (_busy(str(cuda.get_device_properties(number).uuid)) for number, size in sizes.items() if size)
    return sum(sizes.values()), sum(busy)


def _busy(uuid: str) -> float:
    """Return the share of the last moments in which a GPU computed; 0 where that is not known."""
    library = _library()
    if library is None:
        return 0.0
    handle, rates = ctypes.c_void_p(), _Rates()
    name = uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"
    if library.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(handle)) != _DONE:
        return 0.0
    if library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(rates)) != _DONE:
        return 0.0
    return int(rates.gpu) / 100


@lru_cache(maxsize=1)
def _library() -> Any:
    """Return the library, ready to be asked; None without one."""
    try:
        library = ctypes.CDLL(LIBRARY)
        return library if library.nvmlInit_v2() == _DONE else None
    except (OSError, AttributeError):
        return None
