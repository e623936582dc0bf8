"""Are the texts of a file the names of other files, as a list of images or of recordings has them?"""

from __future__ import annotations

from collections.abc import Sequence

from ia3_studio.data.identifiers import FILE_NAME


def note_on_names_of_files(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the sentence on texts nearly all of which are names of files, which say nothing of what is in these.

    Example:
        >>> note_on_names_of_files(["Fog.", "Rain.", "Hail."])
        ()
    """
    named = [text for text in texts if len(text) <= _LONGEST_PATH and FILE_NAME.fullmatch(text.strip())]
    if len(named) < _FEWEST_NAMES or len(named) < _NEARLY_ALL_NAMES * len(texts):
        return ()
    return (
        f"The texts are names of files, such as {named[0].strip()}, and these names are learned. To learn what is in "
        "the files, give the files.",
    )


_LONGEST_PATH, _FEWEST_NAMES, _NEARLY_ALL_NAMES = 300, 3, 0.95
