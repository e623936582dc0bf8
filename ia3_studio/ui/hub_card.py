"""How does an adapter get from the page onto the hub? Signed in on a Space, with a token at home."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.errors import AdapterError, ExportError, StudioError
from ia3_studio.export.archive import file_name
from ia3_studio.model_card import card_of, card_of_adapter
from ia3_studio.settings import is_public, on_space
from ia3_studio.ui import export_words as words
from ia3_studio.ui import text
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import Session, Studio, quiet

if TYPE_CHECKING:
    from ia3_studio.export.card import CardFacts
    from ia3_studio.export.push import Pushed
    from ia3_studio.ui.current_run import CurrentRun

LONGEST_TOKEN = 400
"""Characters; the hub's have 37."""


@dataclass(frozen=True)
class HubCard:
    """What the tab around it fills."""

    drawn: list[Any]
    """What :func:`offer` fills."""


def offer(studio: Studio, key: str) -> tuple[Any, Any]:
    """Return (card, name of the repository) of what is shown."""
    shown = find(studio, key)
    if shown is None or shown.adapter is None:
        return gr.update(visible=False), gr.skip()
    return gr.update(visible=True), f"{file_name(shown.name)}-ia3"


def push(
    studio: Studio, key: str, repository: str, everybody: bool, token: str, signed_in: gr.OAuthToken | None = None
) -> Iterator[tuple[str, str]]:
    """Push the adapter that is shown; yield (note, what the token field holds: nothing, from the first moment on)."""
    try:
        used = token_of(token, signed_in)
        with Job[str, Any](lambda report: _pushed(studio, key, repository, not everybody, used, report)) as job:
            for news in job:
                yield note(news), ""
            found: Pushed = job.result()
        seen = words.PRIVATE if found.is_private else words.PUBLIC
        yield note(words.pushed(found.address, found.files, found.bytes, seen), "good"), ""
    except StudioError as error:
        yield note(str(error), "bad"), ""


def token_of(given: str, signed_in: gr.OAuthToken | None) -> str:
    """Return the token to push with: of the one who signed in, as typed, or of this computer's own login.

    Where strangers visit, the login of the machine is that of whoever runs the app: nobody else pushes with it.

    Raises:
        ExportError: there is none.
    """
    if signed_in is not None:
        return signed_in.token
    if given and given.strip():
        return given
    if is_public():
        raise ExportError(words.SIGN_IN if can_sign_in() else words.NEEDS_TOKEN)
    from huggingface_hub import get_token

    found = get_token()
    if not found:
        raise ExportError(words.NEEDS_TOKEN)
    return found


def can_sign_in() -> bool:
    """Say whether visitors can sign in with their account of the hub: on a Space that was set up for it."""
    return on_space() and bool(os.environ.get("OAUTH_CLIENT_ID"))


def card_for(shown: CurrentRun) -> CardFacts:
    """Return what is known of the adapter that is shown.

    Raises:
        AdapterError: there is none, or it cannot be read.
    """
    if shown.adapter is None:
        raise AdapterError(text.EXPORT_EMPTY)
    return card_of(shown.run, shown.adapter) if shown.run else card_of_adapter(shown.adapter, shown.name)


def _pushed(
    studio: Studio, key: str, repository: str, private: bool, token: str, report: Callable[[str], None]
) -> Pushed:
    from ia3_studio.export.push import push_adapter

    shown = find(studio, key)
    if shown is None or shown.adapter is None:
        raise AdapterError(text.EXPORT_EMPTY)
    return push_adapter(
        shown.adapter, card_for(shown), repository or "", token, private=private, say=lambda _share, said: report(said)
    )


def build(studio: Studio, session: Session) -> HubCard:
    """Draw the card and wire its own events."""
    with gr.Column(visible=False, elem_classes="card", elem_id="hub-card") as card:
        gr.HTML(heading(words.HUB_TITLE, words.HUB_WORDS))
        if can_sign_in():
            gr.LoginButton(words.SIGN_IN_BUTTON, size="md", elem_id="hub-sign-in")
        repository = gr.Textbox(label=words.REPOSITORY, info=words.REPOSITORY_INFO, max_lines=1, max_length=200,
                                elem_id="hub-name")  # fmt: skip
        token = gr.Textbox(label=words.TOKEN, info=words.TOKEN_INFO, type="password", max_lines=1,
                           max_length=LONGEST_TOKEN, visible=not can_sign_in(), elem_id="hub-token")  # fmt: skip
        everybody = gr.Checkbox(label=words.EVERYBODY, value=False, elem_id="hub-public")
        send = gr.Button(words.PUSH, elem_id="hub-push")
        said = gr.HTML(elem_id="hub-note")
    send.click(
        guard(push, studio),
        [session.current, repository, everybody, token],
        [said, token],
        **quiet(concurrency_limit=4),
    )
    return HubCard([card, repository])
