"""Which runs are whose? A store in which everybody finds only their own, and may fill only so much of the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ia3_studio.errors import RunError
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.folder import RunFolder, read_json, write_json
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore


@dataclass(frozen=True)
class Limits:
    """How much there may be, for one visitor and in all."""

    runs: int = 20
    """Runs of a visitor, those in the bin included."""
    active: int = 3
    """Runs of a visitor that wait or work."""
    active_in_all: int = 30
    bytes: int = 2 * 2**30
    """What the runs of a visitor may take on the disk."""


class OwnedStore(RunStore):
    """The runs under one folder, of which each visitor sees their own.

    Args:
        owner: says who is asking now.
    """

    may_order = False

    def __init__(self, root: Path, owner: Callable[[], str], limits: Limits | None = None) -> None:
        super().__init__(root)
        self._owner = owner
        self._limits = limits or Limits()
        self._owners: dict[str, str] = {}

    def create(self, config: RunConfig, start_id: str) -> Run:
        """Create a run of the one who asks, as :meth:`RunStore.create`.

        Raises:
            RunError: also where there are as many runs as may be.
        """
        if config.report_to:
            raise RunError("Runs of visitors report nowhere else: a tracker would be that of whoever runs this app.")
        start_id = f"{self._owner()} {start_id}"  # nobody gets the run of somebody else by its start
        if self._marked(self._mark_of(start_id)) is None:
            self._require_within_limits()
        return super().create(config, start_id)

    def open(self, run_id: str) -> Run:
        """Return a run of the one who asks by its id.

        Raises:
            RunError: there is none of that id, or it is somebody else's, which is told in the same words.
        """
        run = super().open(run_id)
        if not self.owns(run):
            raise RunError(self._unknown(run_id))
        return run

    def list(self) -> tuple[Run, ...]:
        """Return the runs of the one who asks, newest first."""
        return tuple(run for run in super().list() if self.owns(run))

    def owns(self, run: Run) -> bool:
        """Say whether a run belongs to the one who asks; one that belongs to nobody belongs to no visitor."""
        if run.id not in self._owners:
            document = read_json(run.files.owner) or {}
            self._owners[run.id] = str(document.get("owner", ""))
        return self._owners[run.id] == self._owner() != ""

    def _complete(self, files: RunFolder) -> None:
        write_json(files.owner, {"owner": self._owner()})

    def _require_within_limits(self) -> None:
        from ia3_studio.runs.bin import deleted

        own, limits = (*self.list(), *deleted(self)), self._limits
        if len(own) >= limits.runs:
            raise RunError(f"You have {len(own)} runs, and {limits.runs} are kept for a visitor; delete one for good.")
        active = sum(not run.has_ended and run.status().active for run in own)
        if active >= limits.active:
            raise RunError(f"{active} of your runs wait or work, and a visitor may have {limits.active}; wait for one.")
        if sum(not run.has_ended and run.status().active for run in super().list()) >= limits.active_in_all:
            raise RunError("As many runs wait here as may; try again in a while.")
        held = sum(path.stat().st_size for run in own for path in run.folder.rglob("*") if path.is_file())
        if held >= limits.bytes:
            raise RunError(
                f"Your runs take {held / 2**20:,.0f} MB, and {limits.bytes / 2**20:,.0f} are kept for a visitor; delete"
                " one for good."
            )
