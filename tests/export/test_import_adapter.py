"""Adapters from elsewhere: taken in whole, or refused with a sentence."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import peft
import pytest
import torch

from ia3_studio.errors import AdapterError
from ia3_studio.export import import_adapter as intake
from ia3_studio.export.import_adapter import take_in
from ia3_studio.method import Adapter, load_adapter
from tests.families import batch_of, logits_of, tiny_model


@pytest.fixture
def by_peft(tmp_path: Path) -> Path:
    """An adapter folder that PEFT wrote, its vectors random."""
    settings = peft.IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"])
    model = peft.get_peft_model(tiny_model("llama"), settings)
    torch.manual_seed(3)
    for name, parameter in model.named_parameters():
        if "ia3_l" in name:
            parameter.data.uniform_(0.5, 1.5)
    model.save_pretrained(tmp_path / "by-peft")
    return tmp_path / "by-peft"


def zipped(folder: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"{prefix}{path.name}")
    return target


def test_a_peft_adapter_taken_in_computes_what_peft_computes(by_peft: Path, tmp_path: Path) -> None:
    folder = take_in([zipped(by_peft, tmp_path / "a.zip")], tmp_path / "library")
    batch = batch_of(tiny_model("llama"))
    ours = tiny_model("llama")
    load_adapter(ours, folder)
    theirs = peft.PeftModel.from_pretrained(tiny_model("llama"), by_peft).eval()
    assert logits_of(ours, batch).equal(logits_of(theirs, batch))


def test_zip_and_loose_files_of_one_adapter_are_kept_once(by_peft: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    files = [by_peft / "adapter_config.json", by_peft / "adapter_model.safetensors"]
    whole = zipped(by_peft, tmp_path / "b.zip", prefix="runs/best/")
    assert take_in(files, library) == take_in([whole], library)
    assert [path.name for path in library.iterdir()] == [take_in(files, library).name]


def test_a_zip_cannot_write_outside_its_folder_nor_bring_other_files(by_peft: Path, tmp_path: Path) -> None:
    archive = zipped(by_peft, tmp_path / "c.zip")
    with zipfile.ZipFile(archive, "a") as more:
        more.writestr("../../outside.txt", "out")
        more.writestr("/etc/passwd", "root")
        more.writestr("evil.py", "import os")
        more.writestr("../adapter_model.safetensors", "another place")
    folder = take_in([archive], tmp_path / "library")
    assert {path.name for path in folder.iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    assert not (tmp_path / "outside.txt").exists()
    assert Adapter.load(folder).selection.parameters == 160


def test_a_file_that_unpacks_beyond_the_bound_is_refused(
    by_peft: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LARGEST_FILE", 1_000_000)
    (by_peft / "adapter_model.safetensors").write_bytes(bytes(20_000_000))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in by_peft.iterdir():
            archive.write(path, path.name)
    assert (tmp_path / "bomb.zip").stat().st_size < 100_000
    with pytest.raises(AdapterError, match="more than 1 MB"):
        take_in([tmp_path / "bomb.zip"], tmp_path / "library")
    assert list((tmp_path / "library").iterdir()) == []


def test_what_is_no_adapter_is_refused_and_nothing_is_kept(by_peft: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    (tmp_path / "notes.txt").write_text("no adapter")
    (tmp_path / "damaged.zip").write_bytes(zipped(by_peft, tmp_path / "d.zip").read_bytes()[:-40])
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.md", "nothing")
    lora = tmp_path / "lora" / "adapter_config.json"
    lora.parent.mkdir()
    lora.write_text(json.dumps({"peft_type": "LORA"}))
    for uploads, sentence in (
        ([tmp_path / "notes.txt"], "No adapter found"),
        ([tmp_path / "damaged.zip"], "No adapter found"),
        ([tmp_path / "other.zip"], "contains no adapter_config.json"),
        ([lora], "LORA adapter"),
        ([by_peft / "adapter_config.json"], "contains no adapter_model.safetensors"),
    ):
        with pytest.raises(AdapterError, match=sentence):
            take_in(uploads, library)
    assert list(library.iterdir()) == []


def test_a_zip_that_holds_one_name_many_times_is_refused(by_peft: Path, tmp_path: Path) -> None:
    packed = zipped(by_peft, tmp_path / "twice.zip")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("adapter_config.json", "{}")
    with pytest.raises(AdapterError, match=r"adapter_config\.json"):
        take_in([packed], tmp_path / "library")


def test_what_a_killed_import_left_is_removed_by_the_next_and_one_under_way_is_not(
    by_peft: Path, tmp_path: Path
) -> None:
    left, under_way = tmp_path / "library" / ".incoming-old", tmp_path / "library" / ".incoming-new"
    for folder in (left, under_way):
        (folder / "adapter").mkdir(parents=True)
    os.utime(left, (0, 0))
    kept = take_in(sorted(by_peft.iterdir()), tmp_path / "library")
    assert sorted((tmp_path / "library").iterdir()) == sorted([under_way, kept])


def test_a_config_is_text_of_some_megabytes_at_most(by_peft: Path, tmp_path: Path) -> None:
    packed = tmp_path / "bomb.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in by_peft.iterdir():
            padding = b" " * 20_000_000 if path.suffix == ".json" else b""
            archive.writestr(path.name, path.read_bytes() + padding)
    with pytest.raises(AdapterError, match="16 MB"):
        take_in([packed], tmp_path / "library")
