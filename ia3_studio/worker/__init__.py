"""The process that works on a run: how it is launched, and what it does."""

from ia3_studio.worker.launch import reconnect, resume, start

__all__ = ["reconnect", "resume", "start"]
