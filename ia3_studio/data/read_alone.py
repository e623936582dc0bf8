"""Which kinds of files are read in an archive or a folder only where nothing else in it may hold the rows?"""

from __future__ import annotations

from collections.abc import Mapping

from ia3_studio.data.gettext_catalogs import SUFFIXES as CATALOGS
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.script_data import SUFFIXES as SCRIPTS
from ia3_studio.data.script_data import is_mostly_data
from ia3_studio.data.several import is_about

READ_ALONE = frozenset((*SCRIPTS, *CATALOGS, ".py", ".db"))
"""Endings of files that are mostly of a page, a program or a system where they stand beside others."""
_ONLY_ALONE = (CATALOGS, SCRIPTS)
_MOST_SCRIPTS = 20


def kinds_beside(members: Mapping[str, bytes], suffixes: frozenset[str]) -> frozenset[str]:
    """Return the endings of catalogs, or else of scripts, which are read where no other file may hold the rows.

    Other files may where they are of a kind that is read and do not describe data. Several scripts have to be mostly
    data.
    """
    by_kind = {kinds: [path for path in members if member_path(path).suffix.lower() in kinds] for kinds in _ONLY_ALONE}
    known = {path for paths in by_kind.values() for path in paths}
    others = (member_path(path) for path in members if path not in known)
    if any(each.suffix.lower() in suffixes and not is_about(each.name) for each in others):
        return frozenset()
    catalogs, scripts = by_kind.values()
    if catalogs:
        return frozenset(CATALOGS)
    if len(scripts) > _MOST_SCRIPTS or (
        len(scripts) > 1 and not all(is_mostly_data(members[each]) for each in scripts)
    ):
        return frozenset()
    return frozenset(member_path(path).suffix.lower() for path in scripts)
