"""How is any model type of transformers made small enough to run? Its default config, cut in depth and width.

Depth is cut to two layers, or to one layer of each kind where a model mixes kinds. Widths are cut where the config
has the usual fields for them; where a type refuses the small widths, it keeps its own and only its experts and its
vocabulary are cut.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import transformers as hf
from torch import nn

LARGEST = 600_000_000
"""Weights a tiny model may have at most: what 3 GB hold in float32, with room for a backward pass."""

_DEPTH = re.compile(
    r"(num_hidden_layers|n_layers?|num_layers|encoder_layers|decoder_layers|num_blocks|num_encoder_layers"
    r"|num_decoder_layers|num_sparse_encoder_layers|num_sparse_decoder_layers|depth|num_dec_layers"
    r"|encoder_num_hidden_layers|decoder_num_hidden_layers|num_encoder_blocks_unused)$"
)
_WIDTHS: dict[str, int] = dict.fromkeys(
    ["hidden_size", "d_model", "n_embd", "embed_dim", "dim", "emb_dim", "word_embed_proj_dim", "embedding_size",
     "hidden_dim", "lru_width", "dim_model"], 64
) | dict.fromkeys(
    ["num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads", "decoder_attention_heads",
     "num_encoder_attention_heads", "num_decoder_attention_heads", "num_key_value_heads", "linear_num_key_heads",
     "linear_num_value_heads"], 4
) | dict.fromkeys(
    ["head_dim", "d_kv", "attention_head_size", "qk_nope_head_dim", "v_head_dim", "q_lora_rank", "kv_lora_rank",
     "dim_head", "linear_key_head_dim", "linear_value_head_dim"], 16
) | dict.fromkeys(
    ["intermediate_size", "ffn_dim", "encoder_ffn_dim", "decoder_ffn_dim", "d_ff", "n_inner", "dim_ff",
     "moe_intermediate_size", "shared_intermediate_size", "expert_ffn_hidden_size", "shared_expert_intermediate_size",
     "moe_shared_expert_intermediate_size", "hidden_size_ff"], 96
) | dict.fromkeys(
    ["mamba_d_head", "mamba_head_dim", "mamba_d_state", "state_size", "ssm_state_size", "mamba_dt_rank",
     "time_step_rank"], 16
) | {"qk_rope_head_dim": 8, "index_n_heads": 4, "index_head_dim": 16}  # fmt: skip
_EXPERTS = re.compile(r"(num_local_experts|num_experts|n_routed_experts|moe_num_experts|num_routed_experts)$")
_CHOSEN = re.compile(
    r"(num_experts_per_tok|num_experts_per_token|moe_topk|moe_k|top_k_experts|moe_top_k|num_selected)$"
)
_DENSE_FIRST = re.compile(r"(first_k_dense_replace|num_dense_layers|moe_layer_start_index|n_dense_layers)$")

Change = Callable[[dict[str, Any]], None]


def tiny_configs(model_class: type[Any], full: Any) -> Iterator[Any]:
    """Yield configs to try, the smallest first."""
    base = full.to_dict()
    small = (_narrow, _few_experts)
    wide = tuple((*small, partial(_one_head, size)) for size in (64, 128))
    for changes in ((*small, _fewer_groups), small, *wide, (_few_experts,), ()):
        for cut_vocabulary in (True, False):
            fields = copy.deepcopy(base)
            _each(fields, _shallow)
            for change in (*changes, _missing):
                _each(fields, change)
            if cut_vocabulary:
                _each(fields, _small_vocabulary)
            try:
                yield type(full)(**_without_class_names(fields))
            except Exception:  # a config may refuse any combination; the next one asks for less
                continue


def _without_class_names(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in ("model_type", "transformers_version")}


def _each(fields: dict[str, Any], change: Change) -> None:
    change(fields)
    for value in fields.values():
        if isinstance(value, dict) and ("model_type" in value):
            _each(value, change)


def _shallow(fields: dict[str, Any]) -> None:
    deep = next((fields[name] for name in ("num_hidden_layers", "n_layer", "n_layers", "num_layers") if
                 isinstance(fields.get(name), int)), 0)  # fmt: skip
    kept = _layers_of_each_kind(fields, deep)
    for name, value in list(fields.items()):
        if _DEPTH.search(name) and isinstance(value, int) and value > 2:
            fields[name] = len(kept) if value == deep else 2
        elif isinstance(value, list) and deep and len(value) == deep:
            fields[name] = [value[index] for index in kept]
        elif name == "depths" and isinstance(value, list):
            fields[name] = [1] * len(value)
        elif _DENSE_FIRST.search(name) and isinstance(value, int) and value > 1:
            fields[name] = 1
    layers = fields.get("per_layer_config")
    if isinstance(layers, dict):
        fields["per_layer_config"] = {
            new: layers[key] for new, old in enumerate(kept) for key in (old, str(old)) if key in layers
        }
    for name in ("out_features", "out_indices", "stage_names"):
        fields.pop(name, None)


def _layers_of_each_kind(fields: dict[str, Any], deep: int) -> list[int]:
    kept = {0, 1, len(fields.get("block_types") or "..") - 1}  # a pattern that is repeated
    for value in fields.values():
        if isinstance(value, list) and deep and len(value) == deep and isinstance(value[0], str):
            for kind in set(value):  # two of each: some kinds share weights between their layers
                kept |= set([index for index, found in enumerate(value) if found == kind][:2])
    return sorted(kept)


def _narrow(fields: dict[str, Any]) -> None:
    heads = next((fields[name] for name in ("num_attention_heads", "n_head", "num_heads") if name in fields), None)
    grouped = isinstance(fields.get("num_key_value_heads"), int) and fields["num_key_value_heads"] != heads
    for name, value in _WIDTHS.items():
        if isinstance(fields.get(name), int) and not isinstance(fields[name], bool) and fields[name] > value:
            fields[name] = value
    if isinstance(fields.get("mamba_n_heads"), int) and "mamba_d_head" in fields:
        fields["mamba_n_heads"] = 64 * int(fields.get("mamba_expand", 2)) // fields["mamba_d_head"]
        fields["mamba_n_groups"] = 1
        if isinstance(fields.get("mamba_d_ssm"), int):
            fields["mamba_d_ssm"] = fields["mamba_n_heads"] * fields["mamba_d_head"]
    if isinstance(fields.get("rotary_dim"), int):
        fields["rotary_dim"] = 8
    if isinstance(fields.get("qk_rope_head_dim"), int) and isinstance(fields.get("head_dim"), int):
        fields["head_dim"] = 8
    if grouped and fields["num_key_value_heads"] > 1:
        fields["num_key_value_heads"] = 2
    _derive(fields)


def _one_head(size: int, fields: dict[str, Any]) -> None:
    """Give attention one head of a usual size: rotations in several directions share it out in fixed parts."""
    if isinstance(fields.get("num_attention_heads"), int) and isinstance(fields.get("num_key_value_heads"), int):
        fields |= {"num_attention_heads": 1, "num_key_value_heads": 1, "hidden_size": size}
        if "head_dim" in fields:
            fields["head_dim"] = size


def _derive(fields: dict[str, Any]) -> None:
    """Bring widths that a config computes from others back in step with the cut ones."""
    inner = fields.get("ffn_config")
    if isinstance(inner, dict) and "ffn_hidden_size" in inner:
        inner |= {"ffn_hidden_size": 96, "moe_num_experts": 4, "moe_top_k": 2}
    if fields.get("per_layer_config"):  # widths of layers that were cut away
        fields["per_layer_config"] = {}
    if isinstance(fields.get("num_kv_shared_layers"), int):  # those that share are among the ones cut away
        fields["num_kv_shared_layers"] = 0
    if isinstance(fields.get("mamba_headdim"), int) and isinstance(fields.get("n_mamba_heads"), int):
        fields["mamba_headdim"] = fields.get("mamba_expand", 2) * fields["hidden_size"] // fields["n_mamba_heads"]
    if isinstance(fields.get("attention_hidden_size"), int) and "num_attention_heads" in fields:
        fields["attention_hidden_size"] = 2 * fields["hidden_size"]
        fields["attention_head_dim"] = 2 * fields["hidden_size"] // fields["num_attention_heads"]
        fields.pop("head_dim", None)
    if isinstance(fields.get("qk_head_dim"), int):
        fields["qk_head_dim"] = fields["qk_nope_head_dim"] + fields["qk_rope_head_dim"]
    if isinstance(fields.get("embedding_dim"), int) and "qk_dim_factor" in fields:
        fields["embedding_dim"] = fields["hidden_size"]


def _few_experts(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, int) and _EXPERTS.search(name) and value > 4:
            fields[name] = 4
        elif isinstance(value, int) and _CHOSEN.search(name) and value > 2:
            fields[name] = 2


def _missing(fields: dict[str, Any]) -> None:
    """Fill what a default config leaves open and its model asks for."""
    heads, width = fields.get("num_attention_heads"), fields.get("hidden_size")
    if fields.get("head_dim", 0) is None and isinstance(heads, int) and isinstance(width, int):
        fields["head_dim"] = width // heads
    if fields.get("num_key_value_heads", 0) is None:
        fields["num_key_value_heads"] = heads
    if fields.get("num_experts_per_tok", 0) is None:
        fields["num_experts_per_tok"] = 2
    for name in ("n_routed_experts", "n_shared_experts"):
        if fields.get(name, 0) is None and "moe_intermediate_size" in fields:
            fields[name] = 4 if name == "n_routed_experts" else 1
    if isinstance(fields.get("attn_config"), dict) and "clip_qkv" in fields["attn_config"]:
        fields["attn_config"].setdefault("rope_theta", 10000.0)
        fields["attn_config"]["clip_qkv"] = fields["attn_config"]["clip_qkv"] or 8.0
    if fields.get("indexer_n_heads", 0) is None:
        fields |= {"indexer_n_heads": 4, "indexer_kv_heads": 1, "indexer_head_dim": 16, "indexer_budget": 64,
                   "indexer_compress_ratio": 4}  # fmt: skip
    if fields.get("rope_parameters") == {} and fields.get("layer_types"):
        ropes = {"rope_type": "default", "rope_theta": 10000.0}
        fields["rope_parameters"] = {kind: dict(ropes) for kind in set(fields["layer_types"])}
    if fields.get("default_language", 0) is None and fields.get("languages"):
        fields["default_language"] = fields["languages"][0]
    if fields.get("layer_types", 0) is None and "conv_L_cache" in fields:
        fields["layer_types"] = ["conv", "full_attention"] * (fields["num_hidden_layers"] // 2)
    if "is_decoder" in fields and "attn_layers" in fields:  # a language model of hashed attention
        fields["is_decoder"] = True


def _fewer_groups(fields: dict[str, Any]) -> None:
    """Choose among all experts: four are too few for groups of them."""
    for name in ("n_group", "topk_group", "num_expert_group"):
        if isinstance(fields.get(name), int):
            fields[name] = 1


def _small_vocabulary(fields: dict[str, Any]) -> None:
    if isinstance(fields.get("vocab_size"), int) and fields["vocab_size"] > 1000:
        fields["vocab_size"] = 1000
        for name, value in list(fields.items()):
            if name.endswith("_token_id") and isinstance(value, int) and value >= 1000:
                fields[name] = 0
    if "vocab_size" in fields and fields["vocab_size"] is None:
        fields["vocab_size"] = 1000
    if fields.get("pad_token_id", 0) is None:
        fields["pad_token_id"] = 0


def build(model_class: type[Any], config: Any, device: str) -> nn.Module:
    """Build a model from a config, on the CPU with every weight random."""
    config = copy.deepcopy(config)
    with torch.device(device):
        model: nn.Module = model_class(config)
    if device != "meta":
        _shake(model)
    return model.eval().requires_grad_(False)


def _shake(model: nn.Module) -> None:
    """Move every weight a little: gates that start at zero would hide what a trained model lets through."""
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.is_floating_point():
            noise = torch.empty(parameter.shape).uniform_(-0.05, 0.05, generator=generator)
            sane = torch.where(parameter.isfinite() & (parameter.abs() < 1e4), parameter, 0)
            with torch.no_grad():
                parameter.copy_(sane + noise)


def model_class_of(name: str) -> type[Any]:
    """Return a model class of transformers by name."""
    return getattr(hf, name)  # type: ignore[no-any-return]
