"""What is offered for download, and what is imported."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from ia3_studio.errors import AdapterError
from ia3_studio.ui import text
from ia3_studio.ui.current_run import find, run_key
from ia3_studio.ui.export_tab import import_files, offer
from ia3_studio.ui.session import Studio
from tests.ui.conftest import BASE_MODEL, AddRun, save_adapter, says, write_steps


def test_nothing_to_download_says_what_to_do(bench: Studio, add_run: AddRun) -> None:
    said, button, _code = offer(bench, "")
    assert says(said, text.EXPORT_EMPTY) and button["interactive"] is False
    said, button, _code = offer(bench, run_key(add_run().id))
    assert says(said, text.NO_ADAPTER_YET) and button["interactive"] is False


def test_the_download_holds_what_peft_loads_and_what_is_known(bench: Studio, add_run: AddRun) -> None:
    run = add_run("Ahoy there!")
    write_steps(run, 0, 6)
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    said, button, code = offer(bench, run_key(run.id))
    assert text.vectors(1, 4) in said and text.before_after(4, 3.5) in said
    with zipfile.ZipFile(button["value"]) as archive:
        assert {"adapter_config.json", "adapter_model.safetensors", "README.md"} <= set(archive.namelist())
    assert Path(button["value"]).name == "ahoy-there-ia3.zip"
    assert BASE_MODEL in code["value"]


def test_an_adapter_brought_in_is_shown_with_the_base_it_was_made_for(bench: Studio, tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "theirs")
    ((key, said),) = import_files(bench, [str(path) for path in folder.iterdir()])
    shown = find(bench, key)
    assert shown and shown.adapter and says(said, text.imported(BASE_MODEL))
    assert shown.model == "SmolLM2-135M-Instruct"  # the starter that has this hub id
    assert text.vectors(1, 4) in offer(bench, key)[0]


@pytest.mark.parametrize("key", ["import:../../etc", "import:0123456789abcdef", "import:", "other:x"])
def test_a_key_that_names_nothing_is_refused(bench: Studio, key: str) -> None:
    with pytest.raises(AdapterError, match=re.escape(text.SELECTION_GONE)):
        find(bench, key)
