"""What the login page says, and why an app does not start without a password."""

from __future__ import annotations

TITLE = "IA3 Studio"
LABEL = "Password"
BUTTON = "Log in"
WRONG_PASSWORD = "Wrong password; try again."
LOGGED_OUT = "You are logged out."
LOG_IN_FIRST = "Your session has ended; reload the page and log in."
FORM_TOO_LARGE = "The password is too long; use a shorter one."
NO_TERMINAL = "--auth asks for the password at a terminal, and there is none; set IA3_STUDIO_PASSWORD instead."
ASK = "Password for this app: "


def open_to_all(server_name: str) -> str:
    """Say why the app does not listen at an address that others can reach."""
    return (
        f"The app would listen on {server_name}, where everyone who reaches this computer could use it; set "
        "IA3_STUDIO_PASSWORD or use --auth to ask for a password, or set IA3_STUDIO_PUBLIC=1 to serve visitors."
    )


def too_short(shortest: int, found: int) -> str:
    """Say that a password is too short."""
    return f"The password has {found} characters; use at least {shortest}."


def too_many_attempts(seconds: float) -> str:
    """Say that no password is looked at for now."""
    return f"Too many wrong passwords; try again in {seconds / 60:.0f} minutes."


def wrong_password_from(address: str) -> str:
    """Say in the log that a wrong password was given."""
    return f"A wrong password was given from {address or 'an unknown address'}."
