"""The page: what is shown, and what its buttons do."""

from ia3_studio.ui.gradio_import import skip_stubs

skip_stubs()
