"""What does the login page look like? It needs no file of the app, as nothing is served before the login."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from ia3_studio.ui import login_words

_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; max-width: 20rem; margin: 20vh auto 0; padding: 0 1rem; line-height: 1.5; }
h1 { font-size: 1.25rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { padding: .6rem; margin-top: .5rem; }
"""


def login_page(note: str) -> tuple[str, str]:
    """Return the page with a note above its form, and its content security policy, which allows no script."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'"
    said = f'<p role="alert">{escape(note)}</p>' if note else ""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(login_words.TITLE)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{escape(login_words.TITLE)}</h1>{said}<form method="post" action="login">'
        f'<label for="password">{escape(login_words.LABEL)}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>'
        f"<button>{escape(login_words.BUTTON)}</button></form></main></body></html>"
    )
    return page, policy
