"""How is the page served? On this computer, in a notebook, or on a Space."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.asgi import App
from ia3_studio.errors import RunError
from ia3_studio.garbage import no_collection
from ia3_studio.host_check import HeaderMiddleware, HostMiddleware, is_loopback
from ia3_studio.models import ModelMemory
from ia3_studio.runs import RunStore
from ia3_studio.runs.imported import IMPORTS
from ia3_studio.runs.user_store import UserStore
from ia3_studio.serving.server import take_key
from ia3_studio.settings import doubtful_variables, home, is_public, offers_tools, on_space, runs_folder
from ia3_studio.ui.agent_access import require_agents_allowed
from ia3_studio.ui.kept_files import UPLOADS, expire_uploads
from ia3_studio.ui.login import LoginMiddleware, take_password
from ia3_studio.ui.login_words import open_to_all
from ia3_studio.ui.page import build_app
from ia3_studio.ui.request_errors import FailureMiddleware, RefusalLog, refuse_invalid_values
from ia3_studio.ui.shutdown import ending_in_time
from ia3_studio.ui.temporary_files import GRADIO, make_scratch, scratch_folder, sweep
from ia3_studio.ui.theme import FIXES, STYLESHEET, studio_theme
from ia3_studio.ui.uploads import UploadLedger, UploadLimits, UploadMiddleware
from ia3_studio.ui.visitor import CookieMiddleware, visitor
from ia3_studio.worker.ready import ReadyWorker

LARGEST_UPLOAD = "200mb"
PORT = "GRADIO_SERVER_PORT"
FIRST_PORT = 7860
Middleware = Callable[[App], App]
"""Returns an app that every request passes on its way to the given one."""


def serve(
    password: str = "", *, host: str = "", port: int | None = None, ready: ReadyWorker | None = None,
    for_agents: bool = False,
) -> None:  # fmt: skip
    """Launch the app, and wait until it is stopped.

    Args:
        password: asked for by the page; by default IA3_STUDIO_PASSWORD, which is removed from the environment.
        host: address to listen on; by default GRADIO_SERVER_NAME, or else 127.0.0.1 (on a Space, every address).
        port: by default GRADIO_SERVER_PORT, or else the first free one from 7860.
        ready: may hold a process that the first run starts in.
        for_agents: whether the page's abilities are offered as tools of an MCP server; also if IA3_STUDIO_MCP is 1.

    Raises:
        RunError: others could use the app without a password, agents cannot use it, or its port is not free, or no
            longer.
    """
    name = host or os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if on_space() else "127.0.0.1")
    password, api_key = take_password() or password, take_key()
    if not (password or is_public() or is_loopback(name)):
        raise RunError(open_to_all(name))
    for_agents = for_agents or offers_tools()
    if for_agents:
        require_agents_allowed(password)
    port = chosen_port(name, port)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("ia3_studio").setLevel(logging.INFO)  # which fast paths a model in the chat uses
    with ending_in_time(), scratch_folder() as scratch:
        os.environ.setdefault("GRADIO_TEMP_DIR", str(scratch / GRADIO))  # removed when the app ends
        with no_collection():
            demo = _build(scratch, ready, api_key, for_agents)
        try:
            _launch(demo, _middleware(name, password), server_name=name, server_port=port, mcp_server=for_agents)
        except OSError as error:
            if error.errno is not None or _is_free(name, port):  # Gradio's own, of a port, has no number
                raise
            raise RunError(f"Another program took port {port} while the app started; start the app again.") from error


def chosen_port(server_name: str, port: int | None = None) -> int:
    """Return the port to listen on: the given one, that of GRADIO_SERVER_PORT, or else the first free one from 7860.

    One that is neither given nor 7860 is printed.

    Raises:
        RunError: what is given is not a port, or another program listens on it.
    """
    name, given = (PORT, os.environ.get(PORT, "")) if port is None else ("The port", str(port))
    if given:
        if not given.isascii() or not given.isdigit() or not 0 < int(given) < 65_536:
            raise RunError(f"{name} is {given[:20]!r}; use a number from 1 to 65535.")
        if not _is_free(server_name, int(given)):
            raise RunError(f"Another program listens on port {given}; stop it, or use another port.")
        return int(given)
    free = next((port for port in range(FIRST_PORT, FIRST_PORT + 100) if _is_free(server_name, port)), None)
    if free is None:
        raise RunError(f"No port from {FIRST_PORT} to {FIRST_PORT + 99} is free; set {PORT} to a free one.")
    if free != FIRST_PORT:
        print(f"Port {FIRST_PORT} is in use, so the app listens on port {free}.", flush=True)
    return free


def _is_free(server_name: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in server_name else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port just left is free
        try:
            probe.bind((server_name, port))
        except OSError:
            return False
    return True


def open_here(height: int = 900) -> gr.Blocks:
    """Open the app in a notebook; it shows the runs of this computer, including those that the notebook starts.

    Args:
        height: height of the frame, in pixels.

    Returns:
        The app; its ``local_url`` opens it in a separate window, ``close()`` ends it. Runs continue without it.
    """
    for sentence in doubtful_variables():
        warnings.warn(sentence, stacklevel=2)
    sweep()
    scratch = make_scratch()
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    # The notebook's server may show the app under another host name, so no name is refused here.
    demo = _build(scratch, None)
    _launch(demo, [], server_name="127.0.0.1", height=height, prevent_thread_lock=True, quiet=True, mcp_server=False)
    return demo


def _build(scratch: Path, ready: ReadyWorker | None, api_key: str = "", for_agents: bool = False) -> gr.Blocks:
    folder = home()
    kept = (folder / UPLOADS, folder / IMPORTS)
    store = UserStore(runs_folder(), visitor, kept=kept) if is_public() else RunStore()
    expire_uploads(folder)
    return build_app(store, ModelMemory(), folder, scratch, ready, api_key, for_agents=for_agents)


def _launch(demo: gr.Blocks, middleware: Sequence[Middleware], **options: Any) -> None:
    log = RefusalLog()
    refuse_invalid_values(demo, log)
    demo.launch(
        max_file_size=LARGEST_UPLOAD,
        show_error=not is_public(),
        ssr_mode=False,
        _frontend=False,  # Gradio would load the page once itself, and give up where that takes three seconds
        pwa=False,
        run_history=False,
        enable_monitoring=False,
        strict_cors=True,
        share=False,  # otherwise Gradio opens a public tunnel on Colab and Kaggle
        footer_links=["gradio", "settings"],
        theme=studio_theme(),
        css_paths=STYLESHEET,
        head=f"<script>{FIXES.read_text(encoding='utf-8')}</script>",
        app_kwargs={"lifespan": _outermost([*middleware, HeaderMiddleware, lambda app: FailureMiddleware(app, log)])},
        **options,
    )


def _outermost(middleware: Sequence[Middleware]) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return a lifespan that adds middleware when an app starts, the last one outermost.

    Added in the usual way, it would be inside Gradio's own middleware, which fails on some requests.
    """

    @asynccontextmanager
    async def start(app: Any) -> AsyncIterator[None]:
        for each in middleware:
            app.middleware_stack = each(app.middleware_stack)
        yield

    return start


def _middleware(server_name: str, password: str) -> list[Middleware]:
    """Return the middleware of an app that listens on this address, the outermost last."""
    login: list[Middleware] = [lambda app: LoginMiddleware(app, password)] if password else []
    if is_public():
        ledger = UploadLedger(UploadLimits(), Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()))
        return [CookieMiddleware, lambda app: UploadMiddleware(app, ledger), *login]
    return [*login, *([HostMiddleware] if is_loopback(server_name) else [])]
