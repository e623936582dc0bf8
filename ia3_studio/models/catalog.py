"""Which models can be chosen? Starters, what is on this computer, and what the Hub lists, with what is known of each.

What a config or the Hub says is untrusted: every field is checked for its type, and nothing is downloaded or built.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from ia3_studio.errors import ModelError
from ia3_studio.hub_search import Document, count_of, tagged, tags_of
from ia3_studio.models import hub
from ia3_studio.models.fetch import ready_folder
from ia3_studio.models.fit import channels_of, likely_channels
from ia3_studio.models.folders import shortcoming, weight_files
from ia3_studio.models.sources import Source, Starter, parse_source, starters
from ia3_studio.models.weights import weights_by_format
from ia3_studio.settings import is_public

Group = Literal["starter", "local", "hub"]

MOST_LOCAL = 100
"""Models of this computer that are looked at, the newest first."""
KEPT_SECONDS = 20.0
"""How long the list of models on this computer is used before it is made again."""
MOST_CONFIG_BYTES = 4_000_000
FORMAT_BYTES: Mapping[str, float] = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2, "I8": 1,
    "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F4": 0.5,
}  # fmt: skip
"""Bytes of a number in each format of safetensors."""
GGUF_BITS: tuple[tuple[str, float], ...] = (
    ("BF16", 16), ("F16", 16), ("F32", 32), ("Q8", 8.5), ("Q6", 6.6), ("Q5", 5.7), ("Q4", 4.9), ("Q3", 3.9), ("Q2", 3),
    ("IQ4", 4.4), ("IQ3", 3.4), ("IQ2", 2.5), ("IQ1", 1.8),
)  # fmt: skip
"""Bits of a weight by what the name of a GGUF file says."""
WRITERS = ("ForCausalLM", "ForConditionalGeneration", "LMHeadModel")
"""How the classes of models that generate text end."""
EXPERTS = re.compile(r"moe|mixtral|experts|gpt_oss|deepseek_v[23]|qwen3_next|llama4|dbrx|jamba")


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be chosen, or that is listed with the reason why not."""

    source: str
    """What :func:`~ia3_studio.models.load_model` takes."""
    name: str
    group: Group
    parameters: int | None = None
    """None if it is not known, or of a quantized model, whose codes are fewer than its weights."""
    size: int | None = None
    """Bytes of its weights on disk or to download."""
    channels: int | None = None
    """Around its linear layers, for :func:`~ia3_studio.models.fit.training_bytes`."""
    quantized: bool = False
    writes: bool = True
    """Whether it generates text, so that one can chat with it."""
    has_experts: bool = False
    license: str = ""
    downloads: int | None = None
    gated: bool = False
    ready: bool = False
    """Whether nothing has to be downloaded."""
    unusable: str = ""
    """Why it cannot be loaded, as the end of a sentence; empty if it can."""


@dataclass
class LocalModels:
    """The models on this computer; the list is kept for seconds, because it is asked for at every letter."""

    _listed: tuple[float, tuple[str, ...], tuple[ModelEntry, ...]] = (0.0, (), ())
    _access: Lock = field(default_factory=Lock)

    def entries(self, used: Iterable[str]) -> tuple[ModelEntry, ...]:
        """Return folders and GGUF files that were used before, and complete models in the Hugging Face cache.

        Args:
            used: models of earlier runs, the newest first. In public mode nothing of the disk is listed.
        """
        if is_public():
            return ()
        wanted = tuple(dict.fromkeys(used))[:MOST_LOCAL]
        with self._access:
            at, before, listed = self._listed
            if before == wanted and time.monotonic() - at < KEPT_SECONDS:
                return listed
            found = (*_used_before(wanted), *_cached())
            listed = tuple({entry.source: entry for entry in found}.values())
            self._listed = (time.monotonic(), wanted, listed)
            return listed


def starter_entries() -> tuple[ModelEntry, ...]:
    """Return the starters."""
    return tuple(_starter_entry(starter) for starter in starters())


def _starter_entry(starter: Starter) -> ModelEntry:
    folder = ready_folder(Source("starter", starter.name))
    return ModelEntry(
        starter.name, starter.name, "starter",
        parameters=starter.parameters, size=_stored(folder) if folder else starter.size_mb * 1_000_000,
        channels=channels_of(starter.config), writes=_writes(starter.config), license=starter.license,
        ready=folder is not None,
    )  # fmt: skip


def matching(entries: Iterable[ModelEntry], text: str) -> tuple[ModelEntry, ...]:
    """Return the entries whose name or source contains every word of a typed text."""
    words = text.lower().split()
    return tuple(each for each in entries if all(word in f"{each.name} {each.source}".lower() for word in words))


def _used_before(sources: Sequence[str]) -> Iterator[ModelEntry]:
    for each in sources:
        try:
            source = parse_source(each)
        except ModelError:  # a run of another version, or of a folder that is gone
            continue
        path = Path(source.value)
        if source.kind == "folder" and not shortcoming(path):
            yield _folder_entry(source.value, str(path), path)
        if source.kind == "gguf" and path.is_file():
            yield _gguf_entry(path)


def _cached() -> Iterator[ModelEntry]:
    """Yield the complete models in the cache that all Hugging Face programs share, the newest first."""
    from huggingface_hub import constants

    store = Path(constants.HF_HUB_CACHE)
    folders = sorted(store.glob("models--*"), key=_changed, reverse=True) if store.is_dir() else []
    for place in folders[:MOST_LOCAL]:
        hub_id = place.name.removeprefix("models--").replace("--", "/")
        if folder := hub.cached_copy(hub_id):
            yield _folder_entry(hub_id, hub_id, folder)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _folder_entry(source: str, name: str, folder: Path) -> ModelEntry:
    config = read_sizes(folder / "config.json")
    try:
        formats = weights_by_format(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # damaged: loading it says how
        formats = {}
    quantized = _is_quantized(config, formats)
    counted = sum(formats.values()) or None
    return ModelEntry(
        source, name, "local",
        parameters=None if quantized else counted, size=_stored(folder),
        channels=channels_of(config) or (likely_channels(counted) if counted else None),
        quantized=quantized, writes=_writes(config), has_experts=_has_experts(config), ready=True,
        unusable=_unknown_type(config),
    )  # fmt: skip


def _gguf_entry(path: Path) -> ModelEntry:
    size = path.stat().st_size
    bits = next((bits for mark, bits in GGUF_BITS if re.search(rf"(^|[^A-Za-z]){mark}", path.stem.upper())), None)
    parameters = round(8 * size / bits) if bits else None
    channels = likely_channels(parameters) if parameters else None
    return ModelEntry(str(path), str(path), "local", parameters, size, channels, ready=True)


def read_sizes(path: Path) -> dict[str, Any]:
    """Return what a config.json says; empty if it cannot be read or is too large for one."""
    try:
        if path.stat().st_size > MOST_CONFIG_BYTES:
            return {}
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _stored(folder: Path) -> int | None:
    try:
        return sum(path.stat().st_size for path in weight_files(folder))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def hub_entry(document: Document) -> ModelEntry:
    """Return what the Hub says about a model."""
    tags = tags_of(document)
    config, safetensors = _object(document.get("config")), _object(document.get("safetensors"))
    formats = {str(name): count for name, each in _object(safetensors.get("parameters")).items()
               if (count := count_of(each))}  # fmt: skip
    quantized = _is_quantized(config, formats)
    counted = sum(formats.values()) or count_of(safetensors.get("total"))
    stored = round(sum(FORMAT_BYTES.get(name, 4) * count for name, count in formats.items())) or None
    return ModelEntry(
        source=str(document["id"]), name=str(document["id"]), group="hub",
        parameters=None if quantized else counted, size=stored,
        channels=likely_channels(counted) if counted else None,
        quantized=quantized, writes=_writes(config, str(document.get("pipeline_tag") or "")),
        has_experts=_has_experts(config), license=tagged(tags, "license:"),
        downloads=count_of(document.get("downloads")), gated=bool(document.get("gated")),
        unusable=_unusable(document, tags, config, counted, stored),
    )  # fmt: skip


def _unusable(
    document: Document, tags: Sequence[str], config: Mapping[str, Any], counted: int | None, stored: int | None
) -> str:
    """Say why a model of the Hub cannot be loaded here; empty if nothing speaks against it."""
    library = str(document.get("library_name") or "").lower()
    if "diffusers" in (library, *tags):
        return "an image generator (diffusers), not a transformers model"
    if library == "peft" or any(tag.startswith("base_model:adapter:") for tag in tags):
        return "an adapter, not a model"
    if library == "mlx" or "mlx" in tags:
        return "converted for MLX, which transformers does not read"
    if not counted:
        only_gguf = bool(document.get("gguf")) or "gguf" in tags
        return "only GGUF files; download one and give its path" if only_gguf else "no safetensors weights"
    if reason := _unknown_type(config, "custom_code" in tags):
        return reason
    if is_public() and stored and stored > (most := hub.largest_public_bytes()):
        return f"larger than the {most / 1e9:g} GB that this shared studio loads"
    return ""


def _unknown_type(config: Mapping[str, Any], custom: bool = False) -> str:
    """Say that transformers has no code of its own for a model type; empty if it has, or no type is named."""
    kind = config.get("model_type")
    if not isinstance(kind, str) or not kind or _is_known(kind):
        return ""
    needs_code = custom or bool(config.get("auto_map"))
    return "needs custom code, which is never run" if needs_code else f"of the unknown type {kind[:40]}"


def _is_known(kind: str) -> bool:
    from transformers.models.auto import configuration_auto

    known: Any = configuration_auto
    return kind in known.CONFIG_MAPPING_NAMES


def _is_quantized(config: Mapping[str, Any], formats: Mapping[str, int]) -> bool:
    """Say whether the stored numbers are codes of weights, by the config or by the format of most of them."""
    most = max(formats, key=lambda name: formats[name], default="")
    return isinstance(config.get("quantization_config"), Mapping) or most.startswith(("I", "U", "F8", "F4"))


def _writes(config: Mapping[str, Any], task: str = "") -> bool:
    """Say whether a model generates text; of one whose classes are not named, its task on the Hub decides."""
    classes = [str(each) for each in _list(config.get("architectures"))]
    if classes:
        return any(name.endswith(WRITERS) for name in classes)
    return not task or "text-generation" in task or "text2text" in task


def _has_experts(config: Mapping[str, Any]) -> bool:
    return bool(EXPERTS.search(str(config.get("model_type") or "").lower()))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
