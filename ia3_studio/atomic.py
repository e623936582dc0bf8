"""How is a file replaced atomically, so that readers never see a partial file, even with concurrent writers?"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEFT_OVER = re.compile(r"\..+\.\d+-[0-9a-f]{8}\.part")
_ABANDONED_SECONDS = 3600.0
"""Age in seconds after which an unfinished file is considered abandoned by a killed process."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path next to ``target``; **it replaces the target** when the block ends without an error.

    Concurrent writers each write their own file; the last one to finish wins. The temporary file is removed if the
    block raises.

    Raises:
        OSError: the file cannot be moved into place.
    """
    part = target.with_name(f".{target.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def replace_text(target: Path, text: str) -> None:
    """Replace a text file as a whole.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(target) as part:
        part.write_text(text, encoding="utf-8")


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files that killed processes left in a folder."""
    oldest = time.time() - _ABANDONED_SECONDS
    with suppress(OSError):  # another process clears the same folder, or it may only be read
        for path in folder.iterdir():
            if _LEFT_OVER.fullmatch(path.name) and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def write_advice(error: OSError) -> str:
    """Return advice on a file that could not be written, as the end of a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "free some disk space and try again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "change its permissions, or choose another folder"
    return "try again"
