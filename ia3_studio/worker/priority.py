"""Which share of the processor does a worker get? Less than the app, the chat and whatever else its user does."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

NICENESS = 5
"""Added niceness of a process that works on a run."""
WORKING_NICENESS = 0
"""That of the session of such a process: compared with other sessions, a run that was asked for is like any work."""
WAITING_NICENESS = 10
"""That of the session of a process that gets ready for a run which nobody has asked for yet."""


def lower_priority(session_niceness: int = WORKING_NICENESS) -> None:
    """**Lower the priority of this process**, so that the app and the chat stay responsive on the same cores.

    Args:
        session_niceness: niceness of its session, compared with others.
    """
    if sys.platform != "win32":
        os.nice(NICENESS)
    if sys.platform == "linux" and os.getsid(0) == os.getpid():
        set_session_niceness(os.getpid(), session_niceness)


def set_session_niceness(pid: int, niceness: int) -> None:
    """**Set the niceness of the session of a process**, where Linux shares the processor out by session.

    Where it does, the niceness of a process counts within its session only, and a worker has a session of its own. In
    a container and on other systems there is no such group, and the niceness of the process counts.
    """
    with suppress(OSError), Path(f"/proc/{pid}/autogroup").open("r+", encoding="ascii") as group:
        group.write(str(niceness))  # refused if it was set within the last tenth of a second
