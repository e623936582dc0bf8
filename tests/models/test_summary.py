"""Claims about what is known of a model before its weights are in memory, and about a starter's being kept."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from ia3_studio.method import tree as discovery
from ia3_studio.method.tree import discover
from ia3_studio.models import STARTER, load_skeleton, summary
from ia3_studio.models.device import choose_device, device_reason
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.summary import ModelSummary, summarize
from ia3_studio.tasks.task import attach_selection


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty cache folder."""
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path))
    return tmp_path


def kept_file(cache: Path) -> Path:
    """Return where the starter's summary is kept."""
    return cache / "summaries" / f"{STARTER}.json"


def refuse_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let reading a model fail."""

    def fail(*_asked: object) -> ModelSummary:
        raise AssertionError("the model was read")

    monkeypatch.setattr(summary, "_read", fail)


def test_a_kept_summary_equals_what_is_discovered(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles included, which do not count when sites are compared."""
    summarize(STARTER)
    refuse_to_read(monkeypatch)
    skeleton = load_skeleton(STARTER)
    tree = discover(skeleton.model, skeleton.base_model)
    kept = summarize(STARTER)
    assert asdict(kept.tree) == asdict(tree)
    assert kept.tree == tree and hash(kept.tree.sites) == hash(tree.sites)
    assert kept.tree.select("paper") == tree.select("paper")
    assert (kept.architecture, kept.head, kept.layers, kept.hidden_size) == ("LlamaForCausalLM", "causal-lm", 30, 576)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: "[]",
        lambda text: text[: len(text) // 2],
        lambda text: json.dumps(json.loads(text) | {"key": "of other code"}),
        lambda text: json.dumps(json.loads(text) | {"summary": {"architecture": 3}}),
        lambda text: text.replace('"side":"output"', '"side":"elsewhere"', 1),
        lambda text: text.replace('"size":576', '"size":"many"', 1),
    ],
    ids=["empty", "a list", "half", "other code", "no summary", "an unknown side", "no size"],
)
def test_a_summary_that_does_not_fit_is_read_again(cache: Path, damage: object) -> None:
    """And replaced by the right one."""
    expected = summarize(STARTER)
    whole = kept_file(cache).read_text(encoding="utf-8")
    kept_file(cache).write_text(damage(whole), encoding="utf-8")  # type: ignore[operator]
    assert asdict(summarize(STARTER)) == asdict(expected)
    assert kept_file(cache).read_text(encoding="utf-8") == whole


def test_other_versions_of_torch_or_transformers_read_the_model_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Because class names and module paths come from them."""
    summarize(STARTER)
    before = kept_file(cache).read_text(encoding="utf-8")
    monkeypatch.setattr(summary, "version", lambda name: "99")
    summarize(STARTER)
    assert kept_file(cache).read_text(encoding="utf-8") != before


def test_a_cache_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary is only not kept."""
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(blocked))
    assert summarize(STARTER).tree.parameters == 134_515_008


@pytest.mark.parametrize("chosen", ["paper", "all", "key,value"])
def test_a_run_of_a_starter_takes_the_kept_layers_and_trains_the_same_sites(
    chosen: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skeleton = load_skeleton(STARTER)
    loaded = LoadedModel(skeleton.model, None, skeleton.head, STARTER, skeleton.base_model, "on no device")
    discovered = attach_selection(loaded, chosen)
    discovered.detach()
    summarize(STARTER)

    def fail(*_asked: object) -> None:
        raise AssertionError("the layers were discovered again")

    monkeypatch.setattr(discovery, "discover", fail)
    taken = attach_selection(loaded, chosen)
    assert taken.selection.to_json() == discovered.selection.to_json()
    taken.detach()
    loaded.model.__class__ = type("AnotherHead", (type(loaded.model),), {})
    with pytest.raises(AssertionError, match="discovered again"):
        attach_selection(loaded, chosen)


def test_the_page_shows_a_kept_starter_without_importing_torch(cache: Path) -> None:
    """Its import takes seconds in which the first run wants the processor."""
    summarize(STARTER)
    program = (
        "import sys\n"
        "from ia3_studio.models import STARTER\n"
        "from ia3_studio.ui.session import LayerCache\n"
        "from ia3_studio.ui.modules_tab import preset_rows\n"
        "layers = LayerCache().get(STARTER)\n"
        "assert preset_rows(layers, 'paper') and layers.facts\n"
        "from importlib.metadata import version\n"
        "assert 'torch' not in sys.modules or not version('torch').endswith('+cpu')\n"
        "assert 'transformers' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_reason_for_the_device_is_the_same_without_importing_torch() -> None:
    """The page may show it before torch is there."""
    program = "from ia3_studio.models.device import device_reason; print(device_reason())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == choose_device().reason == device_reason()
