"""How does a command end?"""

DONE, REFUSED, ENDED_BADLY = 0, 2, 3
"""Exit codes: as asked, not possible, and a watched run that failed or was interrupted."""
