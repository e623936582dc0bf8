"""Where is the adapter in a verdict page? Behind its download link, as a zip in base64."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from ia3_studio.errors import AdapterError

LINK_START = "<a id='ia3-adapter' href='data:application/zip;base64,"
_LINK_END = "'"
LARGEST_PAGE = 128_000_000
"""Bytes; the pages of the largest adapters have about 15 MB."""


def adapter_in_page(page: Path) -> bytes:
    """Return the zip of the adapter in a verdict page.

    Raises:
        AdapterError: the page contains none, or is too large.
    """
    if page.stat().st_size > LARGEST_PAGE:
        raise AdapterError(
            f"{page.name} has more than {LARGEST_PAGE // 1_000_000} MB, too large for a verdict page; choose "
            "another file."
        )
    _before, found, rest = page.read_text(encoding="utf-8", errors="replace").partition(LINK_START)
    packed, ended, _after = rest.partition(_LINK_END)
    if not found or not ended:
        raise AdapterError(f"{page.name} contains no adapter; choose a verdict page of IA3 Studio, or a zip.")
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AdapterError(f"The adapter in {page.name} is damaged; download the page again.") from error
