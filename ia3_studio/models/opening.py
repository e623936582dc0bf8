"""How are exceptions raised by libraries for model files converted to one error message?"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ia3_studio.errors import ModelError, StudioError
from ia3_studio.models.out_of_memory import is_out_of_memory

LONGEST_REASON = 240


def reason_of(error: BaseException) -> str:
    """Return the first line of what a library says, else the kind of its error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:LONGEST_REASON]


def unreadable(place: Path, error: BaseException) -> ModelError:
    """Return the sentence for model files that transformers cannot make sense of."""
    if is_out_of_memory(error):
        return ModelError(f"The model in '{place}' needs more memory than is free; use a smaller model.")
    return ModelError(
        f"The model in '{place}' cannot be read ({reason_of(error)}). If the files are damaged, delete them "
        "and download them again; if the model is newer than this version of transformers, use another model."
    )


@contextmanager
def opening(place: Path, sentence: Callable[[Path, BaseException], ModelError] = unreadable) -> Iterator[None]:
    """Turn any error of the libraries that read model files inside the block into a sentence.

    Untrusted files can raise any exception in their parsers: unexpected types, sizes and nesting.

    Args:
        place: the files.
        sentence: the message for the files and the error.

    Raises:
        ModelError: the files cannot be read; errors of this package, and of a full disk, pass as they are.
    """
    try:
        yield
    except StudioError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise sentence(place, error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what Rust libraries raise is no Exception
            raise
        raise sentence(place, error) from error
