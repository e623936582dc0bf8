"""python -m ia3_studio.worker FOLDER works on the run in a folder."""

import sys

from ia3_studio.worker.worker import main

if __name__ == "__main__":
    sys.exit(main())
