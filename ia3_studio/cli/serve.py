"""The command serve: start the app."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import Any

from ia3_studio.cli.codes import DONE
from ia3_studio.errors import RunError
from ia3_studio.garbage import no_collection
from ia3_studio.runs import RunStore
from ia3_studio.worker import reconnect
from ia3_studio.worker.ready import ReadyWorker


def commands(parsers: Any) -> dict[str, Any]:
    """Add the command serve; return its function."""
    parser = parsers.add_parser("serve", help="start the app")
    parser.add_argument("--host", help="host to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int)
    parser.add_argument("--auth", action="store_true", help="ask for a password now, which the page then asks for")
    parser.add_argument("--mcp", action="store_true", help="offer what the page can do to agents, as MCP tools")
    return {"serve": _serve}


def _serve(store: RunStore, options: argparse.Namespace) -> int:
    password = _asked_password() if options.auth else ""
    ready = ReadyWorker()
    reconnect(store)
    ready.prepare()  # before the seconds that the page's own imports take
    try:
        with no_collection():
            from ia3_studio.ui.app import serve
        serve(password, host=options.host or "", port=options.port, ready=ready, for_agents=options.mcp)
    finally:
        ready.close()
    return DONE


def _asked_password() -> str:
    from ia3_studio.ui.login import PASSWORD, checked_password
    from ia3_studio.ui.login_words import ASK, NO_TERMINAL

    if os.environ.get(PASSWORD):
        return ""
    if not sys.stdin.isatty():
        raise RunError(NO_TERMINAL)
    return checked_password(getpass.getpass(ASK)) or _asked_password()
