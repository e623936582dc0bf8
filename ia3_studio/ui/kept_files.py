"""Where are the files that came in kept, and for how long?"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from ia3_studio.atomic import replacing
from ia3_studio.data.archives import require_room
from ia3_studio.data.large import fingerprint_of
from ia3_studio.settings import is_public
from ia3_studio.ui import text
from ia3_studio.ui.session import Studio
from ia3_studio.ui.temporary_files import remove_older
from ia3_studio.ui.upload_names import name_together
from ia3_studio.ui.visitor import VISITOR_LENGTH, visitor

UPLOADS = "uploads"
"""The folder of uploaded data below the studio's home; a run finds its data there later."""
KEPT_DAYS = 7
"""Days for which a visitor's upload is kept after its last use."""


def touch(path: Path) -> None:
    """Note that a visitor's upload is in use."""
    if path.is_file() and not is_fleeting(path) and is_public():
        os.utime(path)


def is_fleeting(path: Path) -> bool:
    """Say whether a file lies among Gradio's own, which are cleared from time to time."""
    return path.is_relative_to(Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio"))


def uploads_folder(studio: Studio) -> Path:
    """Return where uploaded data are kept: each visitor has a folder of their own, from which old ones go.

    Raises:
        RunError: the visitor has as much here as may be.
    """
    if not is_public():
        return studio.home / UPLOADS
    folder = studio.home / UPLOADS / visitor()
    if folder.is_dir():
        remove_older(folder, KEPT_DAYS * 86_400)
    studio.store.require_room()
    return folder


def expire_uploads(home: Path) -> None:
    """Remove what visitors uploaded and did not use for days; a run has a copy of its own. The owner's are kept."""
    for folder in (home / UPLOADS).glob("*") if is_public() else ():
        if len(folder.name) == VISITOR_LENGTH and folder.is_dir():
            remove_older(folder, KEPT_DAYS * 86_400)


def keep_together(uploads: Sequence[Path], folder: Path) -> Path:
    """Copy several files into one zip archive, in a folder named by their content; return it. The largest names it.

    Raises:
        DataError: together they are larger than is read.
    """
    require_room(text.plural(len(uploads), "file"), sum(path.stat().st_size for path in uploads))
    named: dict[str, Path] = {}
    for path in uploads:
        name = path.name if path.name not in named else f"{len(named)}/{path.name}"
        named[name] = path
    content = "\n".join(f"{name} {fingerprint_of(path)}" for name, path in sorted(named.items()))
    target = folder / hashlib.sha256(content.encode()).hexdigest()[:16] / f"{name_together(named)}.zip"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part, zipfile.ZipFile(part, "w") as archive:
            for name, path in named.items():
                archive.write(path, name)
    os.utime(target)  # it is in use again
    return target


def keep(upload: Path, folder: Path) -> Path:
    """Copy a file into a folder named by its content; return the copy."""
    target = folder / fingerprint_of(upload)[:16] / upload.name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            shutil.copyfile(upload, part)
    os.utime(target)  # it is in use again
    return target
