"""Exit codes of the commands."""

DONE, REFUSED, ENDED_BADLY = 0, 2, 3
"""Success, an error, and a watched run that failed or was interrupted."""
