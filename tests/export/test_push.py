"""Onto the hub: private unless asked, once, explained when refused; and the token is nowhere afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import peft
import pytest
import torch
from safetensors.torch import load as load_tensors

from ia3_studio.errors import ExportError
from ia3_studio.export.push import Pushed, push_adapter, push_folder
from ia3_studio.method import Adapter, attach, discover
from ia3_studio.model_card import card_of_adapter
from tests.export.hub_push_standin import EXPIRED, GOOD, READ_ONLY, Hub, hub
from tests.export.test_archive import FACTS
from tests.families import batch_of, logits_of, tiny_model
from tests.logged import logged
from tests.method.test_scaling import randomized

# Of the hub's own client: how it uploads, and how it draws progress.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub to push to, in place of the real one."""
    from huggingface_hub import constants

    with hub() as found:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", found.address)
        monkeypatch.setattr(
            "huggingface_hub._commit_api.is_xet_available", lambda: False
        )  # its storage speaks a protocol of its own
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    attachment.adapter().save(tmp_path / "adapter")
    return tmp_path / "adapter"


def push(folder: Path, name: str = "keeper/light", token: str = GOOD, private: bool = True) -> Pushed:
    return push_adapter(folder, FACTS, name, token, private=private)


@pytest.mark.parametrize("own_layout", [False, True])
def test_nothing_that_is_pushed_names_a_folder_of_this_machine(there: Hub, tmp_path: Path, own_layout: bool) -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model, "/home/ada/models/beacon").select("paper"))
    adapter, folder = attachment.adapter(), tmp_path / "adapter"
    (adapter.save_native if own_layout else adapter.save)(folder)
    push_adapter(folder, card_of_adapter(folder, "Light"), "keeper/light", GOOD)
    pushed = there.files["keeper/light"]
    assert not [name for name, content in pushed.items() if b"/home/ada" in content]
    assert [name for name, content in pushed.items() if b"beacon" in content and name.endswith(".json")]
    for name, content in pushed.items():
        (tmp_path / "fetched").mkdir(exist_ok=True)
        (tmp_path / "fetched" / name).write_bytes(content)
    fetched = Adapter.load(tmp_path / "fetched")
    assert fetched.selection == adapter.selection and torch.equal(fetched.vector, adapter.vector)
    assert Adapter.load(folder).selection.base_model == "/home/ada/models/beacon"


def test_what_is_pushed_is_what_peft_loads(there: Hub, folder: Path, tmp_path: Path) -> None:
    pushed = push(folder)
    for name, content in there.files["keeper/light"].items():
        (tmp_path / "fetched").mkdir(exist_ok=True)
        (tmp_path / "fetched" / name).write_bytes(content)
    model = tiny_model("llama")
    theirs = peft.PeftModel.from_pretrained(tiny_model("llama"), tmp_path / "fetched")
    Adapter.load(tmp_path / "fetched")
    from ia3_studio.method.loading import load_adapter

    load_adapter(model, folder)
    batch = batch_of(model)
    assert torch.equal(logits_of(theirs, batch), logits_of(model, batch))
    assert pushed.address == f"{there.address}/keeper/light" and pushed.files == len(there.files["keeper/light"])
    assert load_tensors(there.files["keeper/light"]["adapter_model.safetensors"])


def test_it_is_private_unless_asked_and_the_card_names_its_place(there: Hub, folder: Path) -> None:
    assert push(folder).is_private and there.repositories == {"keeper/light": True}
    assert not push(folder, "keeper/open", private=False).is_private
    assert '"keeper/open"' in there.files["keeper/open"]["README.md"].decode()


def test_a_name_alone_is_a_repository_of_the_one_who_pushes(there: Hub, folder: Path) -> None:
    assert push(folder, "light").repository == "keeper/light"


def test_a_public_repository_that_should_be_private_gets_nothing(there: Hub, folder: Path) -> None:
    there.repositories["keeper/light"] = False
    with pytest.raises(ExportError, match="already exists and is public"):
        push(folder)
    assert not there.files and not there.stored


@pytest.mark.parametrize(
    ("token", "said"), [(EXPIRED, "invalid, expired or revoked"), (READ_ONLY, "no write access to 'keeper/light'")]
)
def test_a_token_that_is_refused_says_why_and_where_to_get_another(
    there: Hub, folder: Path, token: str, said: str
) -> None:
    with pytest.raises(ExportError, match=said) as caught:
        push(folder, token=token)
    assert "settings/tokens" in str(caught.value) and not there.files


def test_a_token_that_expires_on_the_way_says_so(there: Hub, folder: Path) -> None:
    there.refuse["POST /api/models/keeper/light/commit"] = (401, {}, {"error": "Expired"})
    with pytest.raises(ExportError, match="expired"):
        push(folder)


def test_a_hub_that_limits_says_how_long_to_wait(there: Hub, folder: Path) -> None:
    there.refuse["POST /api/repos/create"] = (429, {"Retry-After": "90"}, {"error": "Too many requests"})
    with pytest.raises(ExportError, match="wait 90 seconds and push again"):
        push(folder)


@pytest.mark.parametrize("status", [500, 503])
def test_a_hub_in_trouble_is_named(there: Hub, folder: Path, status: int) -> None:
    there.refuse["POST /api/models/keeper/light/commit"] = (status, {}, {})
    with pytest.raises(ExportError, match=f"status {status}"):
        push(folder)


def test_a_file_that_is_refused_on_the_way_says_why(there: Hub, folder: Path) -> None:
    there.refuse["PUT /lfs/"] = (403, {}, {"error": "Private storage is full"})
    with pytest.raises(ExportError, match="Private storage is full"):
        push(folder)


def test_what_arrived_is_not_sent_again_after_a_broken_push(there: Hub, folder: Path) -> None:
    there.refuse["POST /api/models/keeper/light/commit"] = (500, {}, {})
    with pytest.raises(ExportError):
        push(folder)
    push(folder)
    uploads = [asked for asked, _token in there.asked if asked.startswith("PUT /lfs/")]
    assert len(uploads) == 1 and "adapter_model.safetensors" in there.files["keeper/light"]


def test_a_hub_that_cannot_be_reached_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with pytest.raises(ExportError, match="connection to the Hub failed"):
        push(folder)


@pytest.mark.parametrize("name", ["", "../etc", "a/b/c", "you/na me", "https://huggingface.co/you/x", "you/x\ny"])
def test_a_name_that_is_none_is_refused_before_the_hub_is_asked(there: Hub, folder: Path, name: str) -> None:
    with pytest.raises(ExportError, match="not a valid repository id"):
        push(folder, name)
    assert not there.asked


@pytest.mark.parametrize("token", ["", "  ", "two words", "hf_ä"])
def test_a_token_that_is_none_is_refused_before_the_hub_is_asked(there: Hub, folder: Path, token: str) -> None:
    with pytest.raises(ExportError, match="token"):
        push(folder, token=token)
    assert not there.asked


@pytest.mark.parametrize("token", [GOOD, EXPIRED, READ_ONLY])
def test_a_token_goes_to_the_hub_and_nowhere_else(
    there: Hub, folder: Path, tmp_path: Path, token: str, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    said: list[str] = []
    with logged(logging.DEBUG) as log:
        try:
            push_adapter(folder, FACTS, "keeper/light", token, say=lambda _share, sentence: said.append(sentence))
        except ExportError as error:
            said.append(str(error))
            assert error.__cause__ is None and error.__suppress_context__
    printed = capsys.readouterr()
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    sent = b"".join(content for files in there.files.values() for content in files.values())
    assert {given for asked, given in there.asked if "/lfs/" not in asked or asked.endswith("batch")} == {token}
    for place in (
        log.text,
        printed.out,
        printed.err,
        " ".join(said),
        held.decode("latin-1"),
        sent.decode("latin-1"),
    ):
        assert token not in place


def test_a_merged_model_is_pushed_file_by_file(there: Hub, tmp_path: Path) -> None:
    tiny_model("llama").save_pretrained(tmp_path / "whole")
    (tmp_path / "whole" / "notes.sh").write_text("not a model's file")
    pushed = push_folder(tmp_path / "whole", "keeper/whole", GOOD)
    assert set(there.files["keeper/whole"]) == {"config.json", "generation_config.json", "model.safetensors"}
    assert pushed.bytes == sum(map(len, there.files["keeper/whole"].values()))
    with pytest.raises(ExportError, match="contains no model"):
        push_folder(tmp_path, "keeper/whole", GOOD)
