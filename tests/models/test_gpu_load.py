"""How busy GPUs are is said by the driver's library, for the GPUs that this process computes on."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ia3_studio.models import gpu_load
from ia3_studio.models.gpu_load import used_gpus

UUIDS = ("aaaa", "bbbb", "GPU-cccc")


class Driver:
    """In the place of NVIDIA's library: it knows GPUs by their names and how busy each is, in percent."""

    def __init__(self, busy: dict[bytes, int], code: int = 0) -> None:
        self.names, self.busy, self.code = list(busy), busy, code

    def nvmlInit_v2(self) -> int:
        return self.code

    def nvmlDeviceGetHandleByUUID(self, name: bytes, handle: Any) -> int:
        if name not in self.names:
            return 6
        handle._obj.value = self.names.index(name) + 1
        return 0

    def nvmlDeviceGetUtilizationRates(self, handle: Any, rates: Any) -> int:
        rates._obj.gpu = self.busy[self.names[handle.value - 1]]
        return 0


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    gpu_load._library.cache_clear()
    yield
    gpu_load._library.cache_clear()


@pytest.fixture
def three_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has memory on the first and the last of three GPUs."""
    for name, value in {
        "is_initialized": lambda: True, "device_count": lambda: 3, "memory_allocated": lambda n: (5, 0, 7)[n],
        "get_device_properties": lambda n: SimpleNamespace(uuid=UUIDS[n]),
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, value)


@pytest.mark.usefixtures("three_gpus")
def test_memory_and_use_are_those_of_the_gpus_that_this_process_computes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver({b"GPU-aaaa": 40, b"GPU-bbbb": 99, b"GPU-cccc": 100})
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: driver)
    memory, gpus = used_gpus()
    assert memory == 12 and gpus == pytest.approx(1.4)


@pytest.mark.usefixtures("three_gpus")
@pytest.mark.parametrize("driver", [None, Driver({}), Driver({b"GPU-aaaa": 40}, code=9), SimpleNamespace()])
def test_without_the_library_or_for_a_gpu_that_it_does_not_know_the_memory_is_told_alone(
    driver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(name: str) -> Any:
        if driver is None:
            raise OSError(f"{name}: cannot open shared object file")
        return driver

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert used_gpus() == (12, 0.0)


def test_a_process_without_a_gpu_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: pytest.fail("the driver was asked"))
    assert used_gpus() == (0, 0.0)
