"""How are the libraries kept from drawing progress bars into a log?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_hub() -> Iterator[None]:
    """Silence the progress bars of huggingface_hub inside the block."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence the progress bars and warnings of transformers inside the block."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if bars:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def quiet_gguf() -> Iterator[None]:
    """Silence transformers with the bar of its GGUF reader, which knows no switch of its own."""
    import transformers.modeling_gguf_pytorch_utils as reader
    from transformers.utils import logging

    bar = reader.tqdm  # type: ignore[attr-defined]
    with quiet_transformers():
        reader.tqdm = logging.tqdm  # type: ignore[attr-defined]
        try:
            yield
        finally:
            reader.tqdm = bar  # type: ignore[attr-defined]
