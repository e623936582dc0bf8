"""A hub on 127.0.0.1 that lists models and data sets, or is in trouble."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.http_standin import Answer, Stalled, answering


def model(hub_id: str, parameters: int | None = None, dtype: str = "BF16", **said: Any) -> dict[str, Any]:
    """Return what the hub says about a model."""
    safetensors = {"parameters": {dtype: parameters}, "total": parameters} if parameters else None
    return {
        "id": hub_id,
        "downloads": 1000,
        "gated": False,
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["license:apache-2.0"],
        "config": {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
        **({"safetensors": safetensors} if safetensors else {}),
        **said,
    }


MODELS = (
    model("HuggingFaceTB/SmolLM2-135M", 134_515_008, downloads=1_250_000),
    model("meta-llama/Llama-3.2-1B", 1_235_814_400, gated="manual", tags=["license:llama3.2"]),
    model("somebody/Llama-70B", 70_553_706_496),
    model("somebody/Llama-GGUF", tags=["gguf"]),
    model("somebody/pictures", library_name="diffusers"),
)
DATA_SETS = (
    {"id": "somebody/robots", "downloads": 12_000, "gated": "auto", "mainSize": 17_300_000,
     "tags": ["size_categories:1K<n<10K", "license:mit", "modality:text"]},
    {"id": "somebody/faces", "downloads": 900, "gated": False, "tags": ["modality:image"]},
)  # fmt: skip


@dataclass
class Listing:
    """What the hub answers."""

    models: Any = MODELS
    data_sets: Any = DATA_SETS
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Stalled | None = None
    """In place of the lists."""
    go: threading.Event = field(default_factory=threading.Event)
    """Answers wait for it."""
    asked: list[str] = field(default_factory=list)
    """The queries, in their order."""
    heard: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of the requests."""

    def __post_init__(self) -> None:
        self.go.set()

    def answer(self, path: str, _span: str | None) -> Answer:
        """Return status, headers and body for a request."""
        parts = urlsplit(path)
        if parts.path not in ("/api/models", "/api/datasets"):
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        self.asked.append(parse_qs(parts.query)["search"][0])
        self.go.wait(20)
        listed = self.models if parts.path == "/api/models" else self.data_sets
        body = self.body if self.body is not None else json.dumps(listed).encode()
        return self.status, {"Content-Type": "application/json", **self.headers}, body

    def serving(self) -> AbstractContextManager[str]:
        """Serve inside the block and give the address."""
        return answering(self.answer, self.heard.append)


def ask_here(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make huggingface_hub ask this address; it reads its environment once, at import."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "")
