"""How much memory there is: a container's limit counts, wherever Linux writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.models.machine import MachineMemory, limited, machine_memory

GB = 10**9
RAM = MachineMemory(16 * GB, 12 * GB)


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_without_control_groups_it_is_the_machines(tmp_path: Path) -> None:
    assert limited(RAM, tmp_path / "none", tmp_path / "nothing") == RAM


@pytest.mark.parametrize("where", ["", "system.slice/studio.service"])
def test_a_limit_of_version_2_counts_and_files_in_memory_are_free(where: str, tmp_path: Path) -> None:
    write(tmp_path / where, memory__max=4 * GB, memory__current=3 * GB, memory__stat=f"anon 1\ninactive_file {2 * GB}")
    membership = tmp_path / "cgroup"
    membership.write_text(f"0::/{where}\n")
    assert limited(RAM, tmp_path, membership) == MachineMemory(4 * GB, 3 * GB)


def test_the_smallest_limit_above_a_process_counts(tmp_path: Path) -> None:
    write(tmp_path / "outer", memory__max=2 * GB, memory__current=GB)
    write(tmp_path / "outer" / "inner", memory__max=8 * GB, memory__current=GB)
    membership = tmp_path / "cgroup"
    membership.write_text("0::/outer/inner\n")
    assert limited(RAM, tmp_path, membership) == MachineMemory(2 * GB, GB)


def test_a_limit_of_version_1_counts_and_its_huge_number_for_none_does_not(tmp_path: Path) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text("7:cpu:/x\n4:memory:/docker/abc\n")
    write(tmp_path / "memory", memory__limit_in_bytes=2**63 - 4096, memory__usage_in_bytes=GB)
    assert limited(RAM, tmp_path, membership) == RAM
    write(tmp_path / "memory" / "docker" / "abc", memory__limit_in_bytes=3 * GB, memory__usage_in_bytes=GB)
    assert limited(RAM, tmp_path, membership) == MachineMemory(3 * GB, 2 * GB)


@pytest.mark.parametrize("said", ["max", "", "lots", "-"])
def test_no_limit_and_a_damaged_one_change_nothing(said: str, tmp_path: Path) -> None:
    write(tmp_path, memory__max=said, memory__current="x", memory__stat="a b c\ninactive_file")
    assert limited(RAM, tmp_path, tmp_path / "nothing") == RAM


def test_a_path_that_leaves_the_tree_of_groups_reads_nothing(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", memory__max=1)
    (tmp_path / "groups").mkdir()
    membership = tmp_path / "cgroup"
    membership.write_text("0::/../elsewhere\n")
    assert limited(RAM, tmp_path / "groups", membership) == RAM


def test_this_machine_has_some_memory_and_not_more_free_than_there_is() -> None:
    memory = machine_memory()
    assert 0 < memory.free <= memory.total
