"""A model or an adapter from somebody else runs no code of theirs and fills no memory."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from ia3_studio.errors import AdapterError, ModelError
from ia3_studio.method import Adapter
from ia3_studio.models import load_model, load_skeleton
from tests.tiny_chat import save_tiny_chat
from tests.ui.test_export_tab import save_adapter

CODE = "from pathlib import Path\nPath({marker!r}).write_text('ran')\nclass Config: pass\nclass Model: pass\n"


class Bomb:
    """What a pickle would run when it is opened."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return Path.write_text, (self._marker, "ran")


@pytest.mark.parametrize("kind", ["llama", "a-type-of-their-own"])
def test_code_that_a_config_names_is_never_run(kind: str, tmp_path: Path) -> None:
    folder, marker = save_tiny_chat(tmp_path / "theirs"), tmp_path / "ran"
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": kind, "auto_map": {"AutoConfig": "theirs.Config", "AutoModelForCausalLM": "theirs.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "theirs.py").write_text(CODE.format(marker=str(marker)))
    tokenizer = json.loads((folder / "tokenizer_config.json").read_text())
    tokenizer["auto_map"] = {"AutoTokenizer": ["theirs.Config", None]}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    for load in (load_skeleton, load_model):
        try:
            load(str(folder))
        except ModelError as error:
            assert kind != "llama", error
    assert not marker.exists()


def test_weights_in_a_pickle_are_refused_unopened(tmp_path: Path) -> None:
    folder, marker = save_tiny_chat(tmp_path / "theirs"), tmp_path / "ran"
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(marker)))
    with pytest.raises(ModelError, match="safetensors"):
        load_model(str(folder))
    assert not marker.exists()


HUGE = (2**60).to_bytes(8, "little")
BEYOND = json.dumps({"x": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()


@pytest.mark.parametrize(
    "content",
    [HUGE + b"{}", len(BEYOND).to_bytes(8, "little") + BEYOND, b"", b"\x00" * 7, b"not a tensor file" * 9],
    ids=["header-longer-than-any-disk", "tensor-larger-than-the-file", "empty", "short", "words"],
)
def test_an_adapter_file_that_claims_more_than_it_holds_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    folder = save_adapter(tmp_path / "theirs")
    (folder / "adapter_model.safetensors").write_bytes(content)
    with pytest.raises(AdapterError):
        Adapter.load(folder)
