"""Which class of transformers loads a config, and what is it for?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError
from ia3_studio.models.loaded import ModelHead
from ia3_studio.models.no_progress_bars import quiet_transformers
from ia3_studio.models.opening import opening
from ia3_studio.models.sizes import require_buildable, require_sizes

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


def read_config(folder: Path, gguf_file: str | None = None, place: Path | None = None) -> PreTrainedConfig:
    """Read the config of a model folder, or of a GGUF file in it.

    Args:
        folder: holds config.json or the file.
        gguf_file: the name of a GGUF file.
        place: how the model is called in a message; the folder by default.

    Raises:
        ModelError: it is damaged, claims sizes that no model has, or is of a kind that needs code of its own.
    """
    from transformers import AutoConfig

    if gguf_file is None:
        require_buildable(folder / "config.json", place)
    chosen = {"gguf_file": gguf_file} if gguf_file else {}
    with opening(place or folder), quiet_transformers():
        try:
            config: PreTrainedConfig = AutoConfig.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True, **chosen
            )
        except ValueError as error:
            if "trust_remote_code" in str(error):
                raise ModelError(
                    f"The model in '{place or folder}' needs custom code (trust_remote_code), which the "
                    "studio never runs. Use a model that transformers supports."
                ) from error
            raise
        require_sizes(config.to_dict(), place or folder)  # of a GGUF file, and what a config's class made of its file
    return config


def drop_kernels(config: PreTrainedConfig) -> tuple[str, ...]:
    """Let a model compute with what every machine has. **Changes the config**; return a sentence for each change.

    A config can ask for flash attention, which needs a package, a GPU and half precision, or for a kernel of the Hub,
    which is third-party code.
    """
    asked: dict[str, str] = {}
    parts = [config, *(getattr(config, name, None) for name in getattr(config, "sub_configs", {}))]
    for part in parts:
        for name, what, known in _IMPLEMENTATIONS:
            wanted = getattr(part, f"{name}_internal", None)
            if part is not None and wanted not in known:
                setattr(part, f"{name}_internal", None)
                asked[str(wanted)] = what
    return tuple(
        (
            f"The model's config asks for {wanted!r} {what}; the default implementation of transformers is "
            "used instead, which runs everywhere."
        )
        for wanted, what in asked.items()
    )


_IMPLEMENTATIONS: tuple[tuple[str, str, tuple[str | None, ...]], ...] = (
    ("_attn_implementation", "attention", (None, "eager", "sdpa")),
    ("_experts_implementation", "experts", (None, "eager", "grouped_mm", "batched_mm")),
)
"""What configs choose: its name, what it is for, and what every machine has."""


def model_class(config: PreTrainedConfig) -> type[PreTrainedModel]:
    """Return the class the config was saved with, else the likeliest one for its model type.

    Raises:
        ModelError: transformers has no model of that type.
    """
    import transformers

    for name in [*_named(config), *_likely_names(config)]:
        found = getattr(transformers, name, None)
        if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel):
            return found
    raise ModelError(
        f"transformers {transformers.__version__} has no model class for the type '{config.model_type}' "
        f"({', '.join(_named(config) or ['no architecture given'])}). Use another model."
    )


def is_encoder(config: PreTrainedConfig) -> bool:
    """Tell whether models of a config's type are pretrained to fill in masked words."""
    return config.model_type in _tables()["masked-lm"] and not config.is_encoder_decoder


def _named(config: PreTrainedConfig) -> list[str]:
    """Return the classes that a config names, whatever else stands in their place."""
    said: Any = config.architectures
    return [name for name in said if isinstance(name, str)] if isinstance(said, list | tuple) else []


def head_of(cls: type[PreTrainedModel], config: PreTrainedConfig) -> ModelHead:
    """Tell what a model class of that config is for."""
    tables, kind, name = _tables(), config.model_type, cls.__name__
    if config.is_encoder_decoder and name in tables["seq2seq"].get(kind, ()):
        return "seq2seq"
    if not config.is_encoder_decoder and name in tables["causal-lm"].get(kind, ()):
        return "causal-lm"
    return "encoder" if is_encoder(config) or name in tables["text-encoding"].get(kind, ()) else "other"


def _likely_names(config: PreTrainedConfig) -> list[str]:
    """Name classes for a config that names none: with the head its type is used with, bare at last."""
    order = ["seq2seq"] if config.is_encoder_decoder else []
    # BERT and its kin have causal classes too, meant for the decoder of a pair
    order += ["causal-lm", "masked-lm"] if getattr(config, "is_decoder", False) else ["masked-lm", "causal-lm"]
    tables = _tables()
    return [name for table in [*order, "bare"] for name in tables[table].get(config.model_type, ())]


def _tables() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return transformers' own tables: for each purpose, the class names of each model type."""
    from transformers.models.auto import modeling_auto as auto

    def table(names: Any) -> dict[str, tuple[str, ...]]:
        return {kind: (name,) if isinstance(name, str) else tuple(name) for kind, name in names.items()}

    return {
        "causal-lm": table(auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES),
        "seq2seq": table(auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES),
        "masked-lm": table(auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES),
        "text-encoding": table(auto.MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES),
        "bare": table(auto.MODEL_MAPPING_NAMES),
    }
