"""What is offered for download, and what comes in."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
import torch

from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter, Selection, Site
from ia3_studio.ui import text
from ia3_studio.ui.export_tab import bring_in, offer
from ia3_studio.ui.session import Studio
from ia3_studio.ui.shown import find, run_key
from tests.ui.conftest import AddRun, says, write_steps

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"


def save_adapter(folder: Path, base: str = BASE) -> Path:
    site = Site("model.layers.0.self_attn.k_proj", "output", 4, "key")
    Adapter(Selection((site,), base), torch.tensor([0.9, 1.0, 1.1, 1.2]), {"steps": "7"}).save(folder)
    return folder


def test_nothing_to_download_says_what_to_do(bench: Studio, add_run: AddRun) -> None:
    said, button, _code = offer(bench, "")
    assert says(said, text.EXPORT_EMPTY) and button["interactive"] is False
    said, button, _code = offer(bench, run_key(add_run().id))
    assert says(said, text.SCALES_SOON) and button["interactive"] is False


def test_the_download_holds_what_peft_loads_and_what_is_known(bench: Studio, add_run: AddRun) -> None:
    run = add_run("Ahoy there!")
    write_steps(run, 0, 6)
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    said, button, code = offer(bench, run_key(run.id))
    assert text.vectors(1, 4) in said and text.before_after(4, 3.5) in said
    with zipfile.ZipFile(button["value"]) as archive:
        assert {"adapter_config.json", "adapter_model.safetensors", "README.md"} <= set(archive.namelist())
    assert Path(button["value"]).name == "ahoy-there-ia3.zip"
    assert BASE in code["value"]


def test_an_adapter_brought_in_is_shown_with_the_base_it_was_made_for(bench: Studio, tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "theirs")
    ((key, said),) = bring_in(bench, [str(path) for path in folder.iterdir()])
    shown = find(bench, key)
    assert shown and shown.adapter and says(said, text.imported(BASE))
    assert shown.model == "SmolLM2-135M-Instruct"  # the starter that has this hub id
    assert text.vectors(1, 4) in offer(bench, key)[0]


@pytest.mark.parametrize("key", ["import:../../etc", "import:0123456789abcdef", "import:", "other:x"])
def test_a_key_that_names_nothing_is_refused(bench: Studio, key: str) -> None:
    with pytest.raises(AdapterError, match=re.escape(text.NOT_SHOWN)):
        find(bench, key)
