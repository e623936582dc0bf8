"""A GGUF file is parsed once for its conversion, and what comes out has the same bits."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import transformers.modeling_gguf_pytorch_utils as legacy
from transformers.integrations.ggml import _gguf_parse_value

from ia3_studio.errors import ModelError
from ia3_studio.models import gguf as conversion
from ia3_studio.models.gguf import convert_gguf
from ia3_studio.models.gguf_reader import reader_class, reading_once
from ia3_studio.models.progress import ignore_progress
from tests.models.standins import write_tiny_gguf

REPLACED = ((gguf, "GGUFReader"), (gguf, "get_tensor_name_map"), (legacy, "load_gguf_checkpoint"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def all_types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a field of every type, alone and in an array."""
    path = tmp_path_factory.mktemp("gguf") / "types.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    for name, values in {
        "uint8": [0, 255], "int8": [-128, 127], "uint16": [1, 65535], "int16": [-7, 7], "uint32": [3, 2**32 - 1],
        "int32": [-(2**31), 5], "float32": [0.1, -1e30], "uint64": [2**64 - 1, 0], "int64": [-(2**63), 1],
        "float64": [0.1, 1e300], "bool": [True, False],
    }.items():  # fmt: skip
        kind = gguf.GGUFValueType[name.upper()]
        writer.add_key_value(name, values[0], kind)
        writer.add_key_value(f"{name}.array", values, gguf.GGUFValueType.ARRAY, sub_type=kind)
    writer.add_string("string", "Leuchtturm ⚓")
    writer.add_array("string.array", ["", "é", "<|im_end|>", "⚓" * 300])
    writer.add_array("bytes.array", [b"\xf0\x9f", b"plain"])
    writer.add_tensor("token_embd.weight", np.arange(6, dtype=np.float32).reshape(2, 3))
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    return path


def converted(path: Path, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    convert_gguf(path, folder, "tiny", ignore_progress)
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_converted_model_has_the_bits_that_transformers_alone_gives(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = converted(tiny, tmp_path / "quick")
    monkeypatch.setattr(conversion, "reading_once", contextlib.nullcontext)
    slow = converted(tiny, tmp_path / "slow")
    assert {"model.safetensors", "tokenizer.json", "tokenizer_config.json", "config.json"} <= slow.keys()
    assert quick == slow


def test_every_type_of_field_is_read_as_by_gguf(all_types: Path) -> None:
    quick, slow = reader_class()(all_types), gguf.GGUFReader(all_types)
    assert list(quick.fields) == list(slow.fields) and len(quick.fields) > 25
    for name, field in slow.fields.items():
        found = quick.fields[name]
        assert found.types == field.types
        raw = [bytes(field.parts[place]) for place in field.data]
        if name == "bytes.array":  # no text: compared as it is
            assert [found.parts[place] for place in found.data] == raw
            continue
        values = [_gguf_parse_value(each.parts[place], each.types) for each in (found, field) for place in each.data]
        assert values[: len(values) // 2] == values[len(values) // 2 :] != []
    assert quick.tensors[0].name == slow.tensors[0].name
    assert np.array_equal(quick.tensors[0].data, slow.tensors[0].data)


def test_a_file_is_parsed_once_for_its_conversion(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    build = gguf.GGUFReader._build_fields

    def count(reader: Any, *arguments: Any) -> Any:
        parsed.append(type(reader).__name__)
        return build(reader, *arguments)

    monkeypatch.setattr(gguf.GGUFReader, "_build_fields", count)
    converted(tiny, tmp_path / "once")
    assert parsed == ["QuickReader"]


def test_what_a_caller_changes_is_not_what_the_next_one_gets(tiny: Path) -> None:
    with reading_once():
        first = legacy.load_gguf_checkpoint(str(tiny))
        first["config"]["num_hidden_layers"] = 99
        first["tokenizer"]["tokens"].clear()
        second = legacy.load_gguf_checkpoint(str(tiny))
    assert second["config"]["num_hidden_layers"] == 2 and len(second["tokenizer"]["tokens"]) > 200


def test_the_functions_are_put_back_and_no_other_thread_sees_them(tiny: Path) -> None:
    before = [getattr(module, name) for module, name in REPLACED]
    seen: list[type] = []
    with pytest.raises(KeyError), reading_once():
        assert type(gguf.GGUFReader(tiny)).__name__ == "QuickReader"
        other = threading.Thread(target=lambda: seen.append(type(gguf.GGUFReader(tiny))))
        other.start()
        other.join()
        raise KeyError
    assert seen == [before[0]]
    assert [getattr(module, name) for module, name in REPLACED] == before


@pytest.mark.parametrize("where", ["tokens", "merges"])
def test_a_string_beyond_the_end_of_the_file_is_refused(tiny: Path, where: str, tmp_path: Path) -> None:
    content = bytearray(tiny.read_bytes())
    key = f"tokenizer.ggml.{where}".encode()
    first = content.index(key) + len(key) + 4 + 12  # the type of the field, then of its values and their number
    content[first : first + 8] = (2**62).to_bytes(8, "little")
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        convert_gguf(damaged, tmp_path / "out", "damaged", ignore_progress)
