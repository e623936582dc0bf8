"""GPUs are asked in a process that ends, so that the page and the supervisor of a run hold none of their memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from ia3_studio.errors import ModelError
from ia3_studio.models import gpu_process, placement
from ia3_studio.models.device import Device
from ia3_studio.models.gpu_process import ask, gpu_memory, idle_memory
from ia3_studio.models.machine import MachineMemory
from ia3_studio.training import forecast

GB = 10**9
SIZES = (MachineMemory(24 * GB, 20 * GB, on_gpu=True), MachineMemory(24 * GB, 23 * GB, on_gpu=True))
Standin = Callable[[str], Path]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    gpu_process._gpu_memory.cache_clear()
    forecast.measure_speed.cache_clear()
    yield
    gpu_process._gpu_memory.cache_clear()
    forecast.measure_speed.cache_clear()


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Standin:
    """Return a function that puts a program in the place of Python; it returns the file of what that was told."""

    def stands_in(program: str) -> Path:
        told = tmp_path / "told"
        file = tmp_path / "program.py"
        file.write_text(f"import sys, time\nopen({str(told)!r}, 'a').write(sys.argv[1] + '\\n---\\n')\n{program}")
        monkeypatch.setattr(gpu_process, "PYTHON", (sys.executable, str(file)))
        return told

    return stands_in


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with GPUs, which nothing in this process may touch."""
    for module in ("device", "placement"):
        monkeypatch.setattr(f"ia3_studio.models.{module}.choose_device", lambda: Device("cuda", torch.bfloat16, ""))
    for name in ("mem_get_info", "_lazy_init", "get_device_properties"):
        monkeypatch.setattr(torch.cuda, name, lambda *_given: pytest.fail("this process touched a GPU"))


@pytest.mark.usefixtures("two_gpus")
def test_the_memory_of_gpus_is_what_a_process_of_its_own_says_and_is_not_asked_for_at_every_click(
    standin: Standin,
) -> None:
    told = standin(f"print('a warning'); print([[{20 * GB}, {24 * GB}], [{23 * GB}, {24 * GB}]])")
    assert placement.gpus() == SIZES == gpu_memory()
    assert idle_memory(Device("cuda", torch.bfloat16, "")) == SIZES[0]
    assert idle_memory(Device("cuda:1", torch.bfloat16, "")) == SIZES[1]
    asked = told.read_text().split("---")
    assert len(asked) <= 3 and "torch.cuda.mem_get_info" in asked[0]  # twice at most: a new moment may have begun


@pytest.mark.usefixtures("two_gpus")
def test_the_speed_of_a_gpu_is_measured_in_a_process_of_its_own(standin: Standin) -> None:
    told = standin("print([1e14, 2e14])")
    assert forecast.measure_speed() == forecast.Speed(1e14, 2e14)
    assert "speed_here" in told.read_text()


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("time.sleep(60)", r"did not answer within 0 seconds; see whether nvidia-smi"),
        ("sys.exit('driver version is insufficient')", r"cannot be used \(driver version is insufficient\)"),
        ("print('no numbers')", "cannot be used"),
        ("", "cannot be used"),
    ],
)
def test_gpus_that_do_not_answer_are_one_sentence(standin: Standin, program: str, said: str) -> None:
    standin(program)
    with pytest.raises(ModelError, match=said):
        ask("anything", 0.4 if "sleep" in program else 60)


def test_the_lines_run_with_this_package_and_without_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    assert (
        ask("import json, ia3_studio\nprint(json.dumps(ia3_studio.__version__))")
        == __import__("ia3_studio").__version__
    )


def test_without_a_gpu_no_process_is_started(standin: Standin) -> None:
    told = standin("")
    assert idle_memory(Device("cpu", torch.float32, "")).total > 0
    assert not told.exists()
