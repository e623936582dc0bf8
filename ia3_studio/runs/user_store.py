"""Who owns which run? A store in which visitors see only their own runs, with limits per visitor."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ia3_studio.data.load import STARTERS
from ia3_studio.errors import RunError
from ia3_studio.folder_size import bytes_in
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.folder import RunFolder, read_json, write_json
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore


@dataclass(frozen=True)
class Limits:
    """Limits per visitor and in total."""

    runs: int = 20
    """Runs of a visitor, including the trash."""
    active: int = 3
    """Queued or running runs of a visitor."""
    active_in_all: int = 30
    bytes: int = 2 * 2**30
    """Disk space for runs, uploads and adapters of a visitor."""


class UserStore(RunStore):
    """The runs under one folder, of which each visitor sees their own.

    Args:
        owner: returns the current visitor.
        limits: the limits.
        kept: other folders with one subfolder per owner, which count for the disk limit.
    """

    may_order = False

    def __init__(
        self, root: Path, owner: Callable[[], str], limits: Limits | None = None, *, kept: Sequence[Path] = ()
    ) -> None:
        super().__init__(root)
        self._owner = owner
        self._limits = limits or Limits()
        self._kept = tuple(kept)
        self._owners: dict[str, str] = {}

    def create(self, config: RunConfig, start_id: str) -> Run:
        """Create a run of the current visitor, as :meth:`RunStore.create`.

        Raises:
            RunError: also if a limit is reached.
        """
        if config.report_to:
            raise RunError(
                "Visitors' runs cannot use experiment trackers, which belong to the owner of this app; choose none."
            )
        if config.compute != "local":
            raise RunError("Visitors cannot choose where runs are trained; leave compute at local.")
        if config.processes > 1:
            raise RunError(
                "Visitors cannot choose the number of processes, which belong to the owner of this app; leave it at 0."
            )
        if config.sharding != "auto":
            raise RunError("Visitors cannot choose where the weights of a model go; leave sharding at auto.")
        self._require_own_data(config.data)
        start_id = f"{self._owner()} {start_id}"  # nobody gets the run of somebody else by its start
        if self._marked(self._mark_of(start_id)) is None:
            self._require_within_limits()
        return super().create(config, start_id)

    def open(self, run_id: str) -> Run:
        """Return a run of the current visitor by its id.

        Raises:
            RunError: there is no such run, or it belongs to someone else (the same message).
        """
        run = super().open(run_id)
        if not self.owns(run):
            raise RunError(self._unknown(run_id))
        return run

    def _newest_first(self) -> Iterator[Run]:
        """Yield the runs of the current visitor."""
        return (run for run in super()._newest_first() if self.owns(run))

    def owns(self, run: Run) -> bool:
        """Return whether a run belongs to the current visitor; runs without an owner belong to no visitor."""
        if run.id not in self._owners:
            document = read_json(run.files.owner) or {}
            self._owners[run.id] = str(document.get("owner", ""))
        return self._owners[run.id] == self._owner() != ""

    def _complete(self, files: RunFolder) -> None:
        write_json(files.owner, {"owner": self._owner()})

    def _require_own_data(self, source: str) -> None:
        """Reject data that were not uploaded, without checking whether the path exists."""
        if source in {starter.name for starter in STARTERS}:
            return
        home = os.path.realpath(self.root.parent)
        if not Path(os.path.realpath(source)).is_relative_to(home):
            raise RunError("Visitors can only train on uploaded files and starters; upload the file on the page.")

    def _require_within_limits(self) -> None:
        from ia3_studio.runs.trash import deleted

        own, limits = (*self.list(), *deleted(self)), self._limits
        if len(own) >= limits.runs:
            raise RunError(
                f"You have {len(own)} runs and the limit per visitor is {limits.runs}; permanently delete one."
            )
        active = sum(not run.has_ended and run.status().active for run in own)
        if active >= limits.active:
            raise RunError(
                f"{active} of your runs are queued or running and the limit per visitor is {limits.active}; "
                "wait for one to end."
            )
        if sum(not run.has_ended and run.status().active for run in super().list()) >= limits.active_in_all:
            raise RunError("The queue is full; try again later.")
        self.require_room()

    def require_room(self) -> None:
        """Reject further files of the current visitor if the limit is reached.

        Raises:
            RunError: their runs, uploads and adapters use the allowed disk space.
        """
        from ia3_studio.runs.trash import deleted

        folders = [run.folder for run in (*self.list(), *deleted(self))]
        folders += [kept / self._owner() for kept in self._kept]
        held, most = sum(map(bytes_in, folders)), self._limits.bytes
        if held >= most:
            raise RunError(
                f"Your runs, uploads and adapters use {held / 2**20:,.0f} MB and the limit per visitor is "
                f"{most / 2**20:,.0f} MB; permanently delete a run."
            )
