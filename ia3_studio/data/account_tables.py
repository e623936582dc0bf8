"""Which tables of a folder are lists of accounts, beside the data? Those with a column of passwords."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_PASSWORDS = frozenset(
    each.encode()
    for each in (
        "password", "passwd", "pwd", "password_hash", "passwordhash", "hashed_password", "hashedpassword", "passwort",
        "kennwort", "mot_de_passe", "motdepasse", "contraseña", "contrasena", "senha", "wachtwoord", "пароль", "密码",
    )
)  # fmt: skip
_WHO = (b"mail", b"user", b"login", b"name", b"id")
"""What stands in the names of the other columns of an account."""
_FEWEST_COLUMNS = 3


def without_accounts(headers: Mapping[str, Collection[bytes]]) -> list[str]:
    """Return the tables of a folder but for lists of accounts; all of them where none is left.

    A table of passwords alone, as for telling weak ones, has no column that says whose they are.

    Args:
        headers: the names in the first line of each table, in lower case; none for other files.

    Example:
        >>> without_accounts({"reviews.csv": [b"text", b"stars"], "users.csv": [b"id", b"email", b"password"]})
        ['reviews.csv']
    """
    kept = [
        path for path, names in headers.items()
        if len(names) < _FEWEST_COLUMNS or not _PASSWORDS & {*names}
        or not any(who in name for name in names for who in _WHO)
    ]  # fmt: skip
    return kept or [*headers]
