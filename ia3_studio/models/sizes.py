"""Can a model of the sizes that a config claims be built at all? Asked before anything is built.

A config of a few bytes can claim 10,000,000 layers, and building them takes hours. Two bounds keep that short: each
size is compared with the largest that any known model comes near, and building stops at a number of modules.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ia3_studio.errors import ModelError

MOST_BYTES = 64_000_000
"""Of a config.json; labels of a classifier make the largest."""
DEEPEST = 40
"""Objects within objects in a config.json."""
MOST_MODULES = 250_000
"""Maximum modules of one model: ten times that of models with separate experts."""
MOST_ENTRIES = 1_000_000
"""Of a list or an object in a config.json."""


_COUNT = r"(num|n|no|number)_?(of_)?"
_BOUNDS: tuple[tuple[re.Pattern[str], int, int], ...] = tuple(
    (re.compile(pattern), low, high)
    for pattern, low, high in (
        (r"(.*_)?(num_hidden_layers|n_layers?|num_layers)", 0, 1_500),
        (r".*(layers?|blocks?|stages?|depths?|repeats?)", -1, 1_500),
        (r"(.*_)?(num_attention_heads|n_heads?|num_heads|attention_heads|num_key_value_heads|n_head_kv)", 1, 16_384),
        (r".*(heads?|groups?)", -1, 65_536),
        (rf".*({_COUNT}|_)experts?(_.*)?", 0, 16_384),
        (r"(hidden_size|d_model|n_embd|embed_dim|dim)", 1, 2**20),
        (r".*(hidden_size|_dim|_size|_width|_rank|d_ff|d_kv|d_model|n_inner|_channels)", -1, 2**24),
        (r"(.*_)?vocab_size", 0, 2**26),
        (r"(.*_)?num_labels", 0, 2**20),
        (r".*(position_embeddings|positions|n_ctx|seq_len|seq_length|seqlen)", -1, 2**27),
    )
)  # fmt: skip
_NO_SIZES = re.compile(r".*(quantization_config|id2label|label2id|rope_scaling|rope_parameters)")
"""Objects whose numbers are not module sizes."""


def require_buildable(path: Path, place: Path | None = None) -> None:
    """Check what a config file claims, before a library reads it.

    Args:
        path: the file.
        place: how the model is called in a message; the file's folder by default.

    Raises:
        ModelError: a size is not one that a model can have; the message names it.
    """
    require_sizes(_read(path), place or path.parent)


def require_sizes(document: Any, place: Path) -> None:
    """Check what the fields of a config claim.

    Raises:
        ModelError: a size is not one that a model can have; the message names it.
    """
    for name, value, low, high in _out_of_bounds(document):
        raise ModelError(
            f"The model in '{place}' claims {value:,} as {name} in its config, but {max(low, 0):,} to "
            f"{high:,} is possible; fix the file or use another model."
        )


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelError(
                f"'{path}' has more than {MOST_BYTES // 1_000_000} MB, too large for a config; download it again."
            )
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # the library that reads it next says what is wrong
        return None


def _out_of_bounds(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, int | float, int, int]]:
    """Yield (name, claimed, lowest, highest) of every size that no model can have."""
    if depth > DEEPEST:
        yield name or "nesting depth", depth, 0, DEEPEST
        return
    if isinstance(value, Mapping) and not _NO_SIZES.fullmatch(name):
        if len(value) > MOST_ENTRIES:
            yield f"number of entries of {name}", len(value), 0, MOST_ENTRIES
        for key, each in value.items():
            yield from _out_of_bounds(each, str(key), depth + 1)
    elif isinstance(value, list):
        if len(value) > MOST_ENTRIES:
            yield f"length of {name}", len(value), 0, MOST_ENTRIES
        for each in value[:MOST_ENTRIES]:
            yield from _out_of_bounds(each, name, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        for pattern, low, high in _BOUNDS:
            if pattern.fullmatch(name):
                if not low <= value <= high:
                    yield name, value, low, high
                return
        if isinstance(value, int) and abs(value) > 2**63:
            yield name, value, -(2**63), 2**63


@contextmanager
def bounded_building(place: str) -> Iterator[None]:
    """Stop a model that is built inside the block at ``MOST_MODULES`` modules.

    Raises:
        ModelError: it has more.
    """
    from torch.nn.modules.module import register_module_module_registration_hook

    mine, built = threading.get_ident(), 0

    def count(_module: Any, _name: str, _child: Any) -> None:
        nonlocal built
        if threading.get_ident() != mine:
            return
        built += 1
        if built > MOST_MODULES:
            raise ModelError(f"The model in '{place}' has more than {MOST_MODULES:,} modules; use a smaller one.")

    handle = register_module_module_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
