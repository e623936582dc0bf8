"""Which mails are in a mailbox file (mbox), one below the other?"""

from __future__ import annotations

import re

from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.whole_texts import whole_text
from ia3_studio.errors import DataError

_BEGINNING = re.compile(r"^From [^\n]{1,300}\d{4}[^\n]{0,20}\n(?=[A-Za-z][A-Za-z0-9-]{0,60}:)", re.MULTILINE)
"""The line above each mail, which ends with a year, and the first field of the mail below it."""
_QUOTED = re.compile(r"^>(>*From )", re.MULTILINE)


def read_mailbox(name: str, text: str) -> Found:
    """Read a mailbox as one row for each mail: its subject, and below it what it says.

    Raises:
        DataError: it holds no mails.
    """
    plain = text.replace("\r\n", "\n")
    mails = _BEGINNING.split(plain)[1:]
    if not mails:
        raise DataError(
            f"{name} is a mailbox without mails; each begins with a line such as 'From kim@example.org Mon …'."
        )
    texts = [whole_text("mail.eml", _QUOTED.sub(r"\1", mail)) for mail in mails]
    said = [each for each in texts if each]
    left = len(texts) - len(said)
    notes = (f"Not used: {left:,} mails without a text.",) if left else ()
    return Found(numbered({"text": said}), "mailbox, one mail per row", notes=notes)
