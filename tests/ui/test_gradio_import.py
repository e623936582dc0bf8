"""The import of Gradio: as it is, without the stubs of its components."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ia3_studio.ui.gradio_import import MODULE, WRITES_STUBS


def said_by(code: str) -> str:
    """Return what a new Python prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


@pytest.mark.worker
def test_no_source_of_a_component_is_parsed_where_the_page_imports_gradio() -> None:
    counted = (
        "import ast, sys; parse, seen = ast.parse, []\n"
        "ast.parse = lambda *a, **k: (seen.append(sys._getframe(1).f_globals['__name__']), parse(*a, **k))[1]\n"
    )
    shown = f"print(seen.count({MODULE!r}), sys.modules[{MODULE!r}].__file__.endswith('component_meta.py'))"
    assert int(said_by(f"{counted}import gradio\n{shown}").split()[0]) > 50  # otherwise there is nothing left to skip
    assert said_by(f"{counted}import ia3_studio.ui, gradio\n{shown}") == "0 True"
    assert said_by(f"{counted}import ia3_studio.ui, gradio, gradio.component_meta as m, inspect; "
                   f"print(bool(inspect.getsource(m)), callable(m.{WRITES_STUBS}))") == "True True"  # fmt: skip


@pytest.mark.worker
def test_a_gradio_that_was_imported_before_is_left_as_it_is() -> None:
    assert said_by(
        f"import gradio.component_meta as m, sys; found = m.{WRITES_STUBS}; before = list(sys.meta_path)\n"
        f"import ia3_studio.ui.text; print(m.{WRITES_STUBS} is found, sys.meta_path == before)"
    ) == "True True"  # fmt: skip
