#!/usr/bin/env python3
"""Set up and start IA3 Studio, or set up and run its tests: see studio_commands.py.

Every Python since 2.7 can read this file, so that an old one is told in a sentence what is needed.
"""

import os
import platform
import sys

NEEDED = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")

if sys.version_info < NEEDED:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    found = [name for name in NEWER if any(os.access(os.path.join(folder, name), os.X_OK) for folder in folders)]
    way = "run " + found[0] + " studio.py" if found else "install a newer one"
    sys.stderr.write(
        "IA3 Studio needs Python 3.11 or newer, and this is " + platform.python_version() + "; " + way + ".\n"
    )
    sys.exit(2)

from studio_commands import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
