"""How much memory there is: limits of containers, schedulers and processes count, wherever Linux writes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ia3_studio.models.limited_memory import group_limits
from ia3_studio.models.machine import MachineMemory, limited, machine_memory

GB = 10**9
RAM = MachineMemory(16 * GB, 12 * GB)


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def in_groups(root: Path, membership: Path, mounts: Path | None = None) -> MachineMemory:
    return limited(RAM, group_limits(root, membership, mounts or root / "no mounts"))


def test_without_control_groups_it_is_the_machines(tmp_path: Path) -> None:
    assert in_groups(tmp_path / "none", tmp_path / "nothing") == RAM


@pytest.mark.parametrize("where", ["", "system.slice/studio.service"])
def test_a_limit_of_version_2_counts_and_files_in_memory_are_free(where: str, tmp_path: Path) -> None:
    write(tmp_path / where, memory__max=4 * GB, memory__current=3 * GB, memory__stat=f"anon 1\ninactive_file {2 * GB}")
    membership = tmp_path / "cgroup"
    membership.write_text(f"0::/{where}\n")
    assert in_groups(tmp_path, membership) == MachineMemory(4 * GB, 3 * GB)


def test_the_smallest_limit_above_a_process_counts(tmp_path: Path) -> None:
    write(tmp_path / "outer", memory__max=2 * GB, memory__current=GB)
    write(tmp_path / "outer" / "inner", memory__max=8 * GB, memory__current=GB)
    membership = tmp_path / "cgroup"
    membership.write_text("0::/outer/inner\n")
    assert in_groups(tmp_path, membership) == MachineMemory(2 * GB, GB)


def test_a_limit_of_version_1_counts_and_its_huge_number_for_none_does_not(tmp_path: Path) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text("7:cpu:/x\n4:memory:/docker/abc\n")
    write(tmp_path / "memory", memory__limit_in_bytes=2**63 - 4096, memory__usage_in_bytes=GB)
    assert in_groups(tmp_path, membership) == RAM
    write(tmp_path / "memory" / "docker" / "abc", memory__limit_in_bytes=3 * GB, memory__usage_in_bytes=GB)
    assert in_groups(tmp_path, membership) == MachineMemory(3 * GB, 2 * GB)


@pytest.mark.parametrize("said", ["max", "", "lots", "-"])
def test_no_limit_and_a_damaged_one_change_nothing(said: str, tmp_path: Path) -> None:
    write(tmp_path, memory__max=said, memory__current="x", memory__stat="a b c\ninactive_file")
    assert in_groups(tmp_path, tmp_path / "nothing") == RAM


def test_a_path_that_leaves_the_tree_of_groups_reads_nothing(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", memory__max=1)
    (tmp_path / "groups").mkdir()
    membership = tmp_path / "cgroup"
    membership.write_text("0::/../elsewhere\n")
    assert in_groups(tmp_path / "groups", membership) == RAM


def test_a_group_within_a_container_is_found_below_what_the_container_sees(tmp_path: Path) -> None:
    seen = tmp_path / "elsewhere" / "cgroup"  # the container's own group, mounted at another place
    write(seen, memory__max=6 * GB, memory__current=GB)
    write(seen / "job" / "step", memory__max=3 * GB, memory__current=GB)
    write(seen / "job", memory__max=8 * GB, memory__current=7 * GB)
    membership, mounts = tmp_path / "cgroup", tmp_path / "mountinfo"
    membership.write_text("0::/docker/abc/job/step\n")
    mounts.write_text(f"31 23 0:28 / / rw - ext4 /dev/vda rw\n32 31 0:29 /docker/abc {seen} rw - cgroup2 cgroup rw\n")
    assert in_groups(tmp_path / "none", membership, mounts) == MachineMemory(3 * GB, GB)


def test_a_group_of_version_1_that_shares_its_place_with_another_controller_is_found(tmp_path: Path) -> None:
    write(tmp_path / "cpu,memory" / "job", memory__limit_in_bytes=3 * GB, memory__usage_in_bytes=GB)
    membership, mounts = tmp_path / "cgroup", tmp_path / "mountinfo"
    membership.write_text("4:cpu,memory:/job\n")
    mounts.write_text(f"32 31 0:29 / {tmp_path}/cpu,memory rw,relatime shared:9 - cgroup cgroup rw,cpu,memory\n")
    assert in_groups(tmp_path / "none", membership, mounts) == MachineMemory(3 * GB, 2 * GB)


def test_a_limit_above_a_container_counts_where_version_1_names_it(tmp_path: Path) -> None:
    stat = f"cache 5\nhierarchical_memory_limit {2 * GB}\ntotal_inactive_file 0"
    write(tmp_path / "memory", memory__limit_in_bytes=2**63 - 4096, memory__usage_in_bytes=GB, memory__stat=stat)
    assert in_groups(tmp_path, tmp_path / "nothing") == MachineMemory(2 * GB, GB)


def test_memory_above_which_processes_are_slowed_down_counts_as_a_limit(tmp_path: Path) -> None:
    write(tmp_path, memory__max=4 * GB, memory__high=2 * GB, memory__current=GB)
    assert in_groups(tmp_path, tmp_path / "nothing") == MachineMemory(2 * GB, GB)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems enforce no such limits")
@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_a_limit_on_the_process_itself_counts_and_what_it_uses_is_gone(kind: str) -> None:
    program = (
        "import resource, psutil\n"
        "from ia3_studio.models.machine import system_memory\n"
        "before, most = system_memory(), 700_000_000\n"
        f"resource.setrlimit(resource.{kind}, (most, resource.RLIM_INFINITY))\n"
        "found = system_memory()\n"
        "assert before.total > most and found.total == most and 0 < found.free < most, found\n"
        "taken = bytearray(300_000_000)\n"
        "assert 250_000_000 < found.free - system_memory().free < 350_000_000, system_memory()\n"
        "try:\n    more = bytearray(system_memory().free + 50_000_000)\n"
        "except MemoryError:\n    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "refused\n", done.stderr


def test_this_machine_has_some_memory_and_not_more_free_than_there_is() -> None:
    memory = machine_memory()
    assert 0 < memory.free <= memory.total
