"""Take the pictures of the README and the docs from the real app, after a run of the demo.

    python docs/take_pictures.py

Trains the demo (minutes), then writes docs/*.svg, each with a picture of one tab at 1280 × 800 pixels. They are SVG
files that embed the picture: a Space takes no binary files in a push.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import Page, expect  # noqa: E402

from benchmarks.demo import ask, look_at_scales, opened_page, train_demo  # noqa: E402
from ia3_studio.ui import text  # noqa: E402
from tests.e2e.studio_app import open_tab  # noqa: E402

SIZE = {"width": 1280, "height": 800}
COLORS = 128
"""Colors of a picture; more make it larger and not clearer."""


def main() -> None:
    """Train the demo and write the pictures."""
    with tempfile.TemporaryDirectory() as folder, opened_page(Path(folder)) as (studio, page):
        page.set_viewport_size(SIZE)
        train_demo(studio, page, lambda _name: None)
        open_tab(page, text.TRAIN_TAB)
        expect(page.locator("#live-chart .main .main-svg").first).to_be_visible()
        write(page, "studio")
        open_tab(page, text.MODULES_TAB)
        write(page, "modules")
        look_at_scales(page, lambda _name: None)
        page.locator("#heatmap").scroll_into_view_if_needed()
        write(page, "scales")
        ask(page, text.CHAT_EXAMPLES[0])
        page.evaluate("window.scrollTo(0, 0)")
        write(page, "chat")


def write(page: Page, name: str) -> None:
    """Write what the page shows now as docs/NAME.svg."""
    page.wait_for_timeout(1000)  # charts settle
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(COLORS)
    packed = io.BytesIO()
    picture.save(packed, "PNG", optimize=True)
    width, height = picture.size
    (ROOT / "docs" / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,'
        f'{base64.b64encode(packed.getvalue()).decode()}"/></svg>\n',
        encoding="ascii",
    )
    print(f"docs/{name}.svg, {len(packed.getvalue()) / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
