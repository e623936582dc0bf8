"""How is an adapter pushed to the Hub? With the account of a Space's visitor, or with a token."""

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
"""Characters; tokens of the Hub have 37."""


@dataclass(frozen=True)
class HubCard:
    """What the tab around it fills."""

    drawn: list[Any]
    """What :func:`offer` fills."""


def offer(studio: Studio, key: str) -> tuple[Any, Any]:
    """Return (card, name of the repository) for the selected adapter."""
    current = find(studio, key)
    if current is None or current.adapter is None:
        return gr.update(visible=False), gr.skip()
    return gr.update(visible=True), f"{file_name(current.name)}-ia3"


def push(
    studio: Studio, key: str, repository: str, public: bool, token: str, signed_in: gr.OAuthToken | None = None
) -> Iterator[tuple[str, str]]:
    """Push the selected adapter; yield (note, content of the token field, which is cleared at once)."""
    try:
        used = token_of(token, signed_in)
        with Job[str, Any](lambda report: _pushed(studio, key, repository, not public, used, report)) as job:
            for update in job:
                yield note(update), ""
            pushed: Pushed = job.result()
        visibility = words.PRIVATE if pushed.is_private else words.PUBLIC
        yield note(words.pushed(pushed.address, pushed.files, pushed.bytes, visibility), "good"), ""
    except StudioError as error:
        yield note(str(error), "bad"), ""


def token_of(given: str, signed_in: gr.OAuthToken | None) -> str:
    """Return the token to push with: of the signed-in account, the given one, or that of this computer's login.

    In public mode, the login of the machine belongs to the owner of the app, so visitors do not use it.

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
    """Return whether visitors can sign in with their Hub account: on a Space with OAuth."""
    return on_space() and bool(os.environ.get("OAUTH_CLIENT_ID"))


def card_for(current: CurrentRun) -> CardFacts:
    """Return the facts on the selected adapter for its model card.

    Raises:
        AdapterError: there is none, or it cannot be read.
    """
    if current.adapter is None:
        raise AdapterError(text.EXPORT_EMPTY)
    return card_of(current.run, current.adapter) if current.run else card_of_adapter(current.adapter, current.name)


def _pushed(
    studio: Studio, key: str, repository: str, private: bool, token: str, report: Callable[[str], None]
) -> Pushed:
    from ia3_studio.export.push import push_adapter

    current = find(studio, key)
    if current is None or current.adapter is None:
        raise AdapterError(text.EXPORT_EMPTY)
    return push_adapter(
        current.adapter,
        card_for(current),
        repository or "",
        token,
        private=private,
        say=lambda _share, sentence: report(sentence),
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
        public = gr.Checkbox(label=words.PUBLIC_REPOSITORY, value=False, elem_id="hub-public")
        send = gr.Button(words.PUSH, elem_id="hub-push")
        status = gr.HTML(elem_id="push-note")
    send.click(
        guard(push, studio),
        [session.current, repository, public, token],
        [status, token],
        **quiet(concurrency_limit=4),
    )
    return HubCard([card, repository])
