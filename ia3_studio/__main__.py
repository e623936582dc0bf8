"""``python -m ia3_studio``: runs without a browser."""

import sys

from ia3_studio.cli import main

if __name__ == "__main__":
    sys.exit(main())
