"""The import of gradio leaves no trace on the disk and none in the interpreter."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import gradio as gr

from ia3_studio.ui.without_stubs import WRITES_STUBS, leave_out_stubs

COMPONENT = "import gradio as gr\n\nclass Part(gr.Textbox):\n    pass\n"


def test_a_component_has_its_events_and_no_stub_is_written_beside_its_file(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(COMPONENT)
    spec = importlib.util.spec_from_file_location("part", tmp_path / "part.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert callable(module.Part.change) and issubclass(module.Part, gr.Textbox)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".pyi"] == []


def test_what_finds_the_module_is_gone_when_it_is_loaded() -> None:
    assert WRITES_STUBS in sys.modules
    leave_out_stubs()
    assert not [finder for finder in sys.meta_path if type(finder).__module__ == leave_out_stubs.__module__]
