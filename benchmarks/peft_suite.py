"""How many of PEFT's own (IA)³ tests pass with our names? Its test suite, run with another import.

    pip download --no-binary :all: --no-deps peft==0.21.2 && tar xf peft-0.21.2.tar.gz
    python benchmarks/peft_suite.py --source peft-0.21.2

The tests are copied to a temporary folder, where tiny random models stand under the names of the Hub's test models, so
that nothing is downloaded. Before the tests are imported, PEFT's public names are replaced by those of
``ia3_studio.peft``. ``--library peft`` runs the same cases with PEFT itself: a case that PEFT fails here too (it needs
the Hub, a GPU or a package that is missing) says nothing and is not counted.

A case counts when it is about (IA)³: its parameters name IA3Config, or the test's own code does, and no other method.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

FILES = (
    "test_config", "test_custom_models", "test_decoder_models", "test_encoder_decoder_models",
    "test_feature_extraction_models", "test_helpers", "test_initialization", "test_low_level_api", "test_mixed",
    "test_seq_classifier", "test_token_classification_qa", "test_tuners_utils", "test_other", "test_hub_features",
    "test_auto", "test_mapping", "test_torch_compile", "test_lora_conversion",
)  # fmt: skip

OTHER_METHODS = re.compile(r"\b(?!IA3|Peft|Auto|BitsAndBytes)[A-Z]\w*Config\b|hotswap|convert_to_lora")
"""What in a test's code says that it needs a method other than (IA)³."""

REPLACED = (
    "peft", "peft.config", "peft.functional", "peft.helpers", "peft.mapping", "peft.mapping_func", "peft.peft_model",
    "peft.auto", "peft.tuners", "peft.tuners.ia3", "peft.tuners.ia3.layer", "peft.tuners.ia3.model",
    "peft.tuners.tuners_utils", "peft.utils", "peft.utils.other", "peft.utils.save_and_load",
    "peft.utils.integrations", "peft.utils.peft_types", "peft.utils.constants",
)  # fmt: skip
"""PEFT's modules in which names are looked up; a name that we do not have stays PEFT's."""


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="PEFT's extracted source distribution")
    parser.add_argument("--library", choices=("ours", "peft", "both"), default="both", help="whose names to use")
    parser.add_argument("--only", default="", help="an expression for pytest's -k")
    parser.add_argument("--files", nargs="*", default=FILES, help="test files without .py")
    parser.add_argument("--folder", type=Path, help="keep the copied tests and the results here")
    parser.add_argument("--verbose", action="store_true", help="print tracebacks")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="peft_suite_"))
    prepare(asked.source, folder)
    libraries = ("peft", "ours") if asked.library == "both" else (asked.library,)
    for library in libraries:
        run(folder, library, asked.files, asked.only, asked.verbose)
    print_table(folder, compare="peft" in libraries and "ours" in libraries)


def prepare(source: Path, folder: Path) -> None:
    """Copy the tests and build the models that they load."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "tests").exists():
        shutil.copytree(source / "tests", folder / "tests")
    (folder / "tests" / "__init__.py").touch()  # they import each other relatively
    if not (folder / "peft-internal-testing").exists():
        build_models(folder)


def run(folder: Path, library: str, files: list[str], only: str, verbose: bool) -> None:
    """Run the cases in a process of their own, since names are replaced for good."""
    command = [sys.executable, __file__, "--source", "."]
    environment = {
        **os.environ, "PEFT_SUITE": library, "PEFT_SUITE_FILES": " ".join(files), "PEFT_SUITE_ONLY": only,
        "PEFT_SUITE_VERBOSE": str(int(verbose)), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }  # fmt: skip
    subprocess.run(command, cwd=folder, env=environment, check=False)


def inside() -> None:
    """Run pytest in the prepared folder; the result is one JSON line a case."""
    import pytest

    library = os.environ["PEFT_SUITE"]
    stand_in_for_missing_packages()
    if library == "ours":
        replace_names()
    files = [f"tests/{name}.py" for name in os.environ["PEFT_SUITE_FILES"].split()]
    arguments = [path for path in files if Path(path).is_file()]
    only = os.environ["PEFT_SUITE_ONLY"]
    shown = "short" if os.environ["PEFT_SUITE_VERBOSE"] == "1" else "no"
    arguments += ["-q", "-p", "no:cacheprovider", f"--tb={shown}", "--rootdir=.", "--no-header", "-W", "default"]
    arguments += ["--continue-on-collection-errors"]
    raise SystemExit(
        pytest.main([*arguments, *(["-k", only] if only else [])], plugins=[Cases(Path(f"{library}.jsonl"))])
    )


class Cases:
    """A pytest plugin that keeps the (IA)³ cases and writes down how they end."""

    def __init__(self, results: Path) -> None:
        self._results = results
        results.write_text("")

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Keep the cases of (IA)³."""
        left = [item for item in items if is_about_ia3(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(left)])
        items[:] = left

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Write down a case's outcome; a failed setup counts as a failed case."""
        if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
            why = ""
            if report.outcome == "failed":
                why = str((getattr(report.longrepr, "reprcrash", None) and report.longrepr.reprcrash.message) or "")
            with self._results.open("a") as file:
                file.write(json.dumps({"case": report.nodeid, "outcome": report.outcome, "why": why[:300]}) + "\n")


def is_about_ia3(item: Any) -> bool:
    """Say whether a test case is about (IA)³ and no other method."""
    given = list(getattr(getattr(item, "callspec", None), "params", {}).values())
    names = [name for value in given for name in config_names(value)]
    source = inspect.getsource(item.function)
    code = source[source.index("def ") :]  # without the decorators, which list the methods of other cases
    if names:
        return set(names) == {"IA3Config"} and not re.search(r"\w+Config\(", code.replace("IA3Config(", ""))
    return "IA3" in code and not OTHER_METHODS.search(code)


def config_names(value: Any) -> list[str]:
    """Return the names of the configs in a case's parameter."""
    if isinstance(value, type):
        return [value.__name__] if value.__name__.endswith("Config") and "eft" in value.__module__ else []
    if isinstance(value, list | tuple):
        return [name for each in value for name in config_names(each)]
    return config_names(type(value)) if type(value).__name__.endswith("Config") else []


def replace_names() -> None:
    """Put our names in the place of PEFT's, in all its modules."""
    import ia3_studio.peft as ours

    importlib.import_module("peft")
    modules = [importlib.import_module(name) for name in REPLACED]
    for name in ours.__all__:
        for module in modules:
            if hasattr(module, name):
                setattr(module, name, getattr(ours, name))


def stand_in_for_missing_packages() -> None:
    """Let tests be imported that name packages of other methods."""
    try:
        importlib.import_module("diffusers")
    except ImportError:
        module = types.ModuleType("diffusers")
        module.StableDiffusionPipeline = type("StableDiffusionPipeline", (), {})  # type: ignore[attr-defined]
        module.__version__ = "0"  # type: ignore[attr-defined]
        module.__spec__ = importlib.machinery.ModuleSpec("diffusers", None)
        sys.modules["diffusers"] = module
    try:
        importlib.import_module("parameterized")
    except ImportError:
        module = types.ModuleType("parameterized")
        module.parameterized = types.SimpleNamespace(expand=lambda *_a, **_k: lambda function: function)  # type: ignore[attr-defined]
        module.parameterized_class = lambda *_a, **_k: lambda cls: cls  # type: ignore[attr-defined]
        sys.modules["parameterized"] = module


def build_models(folder: Path) -> None:
    """Build a tiny random model under each name that the tests ask the Hub for."""
    import torch
    import transformers as hf

    small: dict[str, Any] = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 1000,
        "intermediate_size": 32,
    }  # fmt: skip
    gqa = {**small, "num_key_value_heads": 2, "max_position_embeddings": 128}
    opt = {**small, "ffn_dim": 32, "word_embed_proj_dim": 16, "max_position_embeddings": 128}
    opt.pop("intermediate_size")
    gpt2 = {"vocab_size": 1000, "n_layer": 2, "n_embd": 32, "n_head": 4, "n_positions": 128}
    t5 = {"vocab_size": 1000, "num_layers": 2, "d_model": 16, "d_ff": 32, "num_heads": 4, "d_kv": 4}
    ends = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    deberta = {**small, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False}
    t5 |= {"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
    bart = {
        "vocab_size": 1000, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 4, "decoder_ffn_dim": 4, "max_position_embeddings": 128,
        "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2,
    }  # fmt: skip
    gemma = {**gqa, "head_dim": 8, "sliding_window": 16, **ends}
    made: dict[str, tuple[Any, Any]] = {
        "peft-internal-testing/tiny-random-OPTForCausalLM": (hf.OPTForCausalLM, hf.OPTConfig(**opt)),
        "peft-internal-testing/opt-125m": (hf.OPTForCausalLM, hf.OPTConfig(**opt)),
        "facebook/opt-125m": (hf.OPTForCausalLM, hf.OPTConfig(**opt)),
        "peft-internal-testing/tiny-random-GPT2LMHeadModel": (hf.GPT2LMHeadModel, hf.GPT2Config(**gpt2, **ends)),
        "peft-internal-testing/tiny-random-gpt2": (hf.GPT2LMHeadModel, hf.GPT2Config(**gpt2, **ends)),
        "hf-internal-testing/tiny-random-gpt2": (hf.GPT2LMHeadModel, hf.GPT2Config(**gpt2, **ends)),
        "peft-internal-testing/tiny-random-GPTJForCausalLM": (
            hf.GPTJForCausalLM, hf.GPTJConfig(**gpt2, rotary_dim=4, **ends)),
        "peft-internal-testing/tiny-random-GPTNeoXForCausalLM": (hf.GPTNeoXForCausalLM, hf.GPTNeoXConfig(**small)),
        "peft-internal-testing/tiny-random-BloomForCausalLM": (
            hf.BloomForCausalLM, hf.BloomConfig(vocab_size=1000, hidden_size=16, n_layer=2, n_head=4)),
        "trl-internal-testing/tiny-random-LlamaForCausalLM": (hf.LlamaForCausalLM, hf.LlamaConfig(**gqa)),
        "peft-internal-testing/tiny-random-LlamaForCausalLM": (hf.LlamaForCausalLM, hf.LlamaConfig(**gqa)),
        "hf-internal-testing/tiny-random-LlamaForCausalLM": (hf.LlamaForCausalLM, hf.LlamaConfig(**gqa)),
        "HuggingFaceH4/tiny-random-LlamaForCausalLM": (hf.LlamaForCausalLM, hf.LlamaConfig(**gqa)),
        "peft-internal-testing/tiny-dummy-qwen2": (hf.Qwen2ForCausalLM, hf.Qwen2Config(**gqa)),
        "hf-internal-testing/tiny-random-Gemma3ForCausalLM": (hf.Gemma3ForCausalLM, hf.Gemma3TextConfig(**gemma)),
        "hf-internal-testing/tiny-random-MistralForCausalLM": (hf.MistralForCausalLM, hf.MistralConfig(**gqa)),
        "hf-internal-testing/Mixtral-tiny": (
            hf.MixtralForCausalLM, hf.MixtralConfig(**gqa, num_local_experts=2)),
        "peft-internal-testing/tiny-random-T5ForConditionalGeneration-calibrated": (
            hf.T5ForConditionalGeneration, hf.T5Config(**t5)),
        "peft-internal-testing/tiny-random-T5ForConditionalGeneration": (
            hf.T5ForConditionalGeneration, hf.T5Config(**t5)),
        "peft-internal-testing/tiny-random-t5": (hf.T5ForConditionalGeneration, hf.T5Config(**t5)),
        "peft-internal-testing/tiny-random-BartForConditionalGeneration": (
            hf.BartForConditionalGeneration, hf.BartConfig(**bart)),
        "peft-internal-testing/tiny-random-BertModel": (hf.BertModel, hf.BertConfig(**small)),
        "hf-internal-testing/tiny-random-BertModel": (hf.BertModel, hf.BertConfig(**small)),
        "peft-internal-testing/tiny-random-RobertaModel": (hf.RobertaModel, hf.RobertaConfig(**small)),
        "peft-internal-testing/tiny-random-DebertaModel": (hf.DebertaModel, hf.DebertaConfig(**deberta)),
        "peft-internal-testing/tiny-random-DebertaV2Model": (hf.DebertaV2Model, hf.DebertaV2Config(**deberta)),
        "peft-internal-testing/tiny-random-BertForSequenceClassification": (
            hf.BertForSequenceClassification, hf.BertConfig(**small)),
        "peft-internal-testing/tiny-random-RobertaForSequenceClassification": (
            hf.RobertaForSequenceClassification, hf.RobertaConfig(**small)),
        "trl-internal-testing/tiny-LlamaForSequenceClassification-3.2": (
            hf.LlamaForSequenceClassification, hf.LlamaConfig(**gqa, pad_token_id=0)),
        "peft-internal-testing/tiny-random-ResNetForImageClassification": (
            hf.ResNetForImageClassification,
            hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], num_labels=3)),
    }  # fmt: skip
    tokenizer = tiny_tokenizer()
    for name, (kind, config) in made.items():
        torch.manual_seed(0)
        kind(config).eval().save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)


def tiny_tokenizer() -> Any:
    """Return a tokenizer of single bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(models.BPE({each: number for number, each in enumerate(["<s>", "</s>", *letters])}, []))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>", pad_token="</s>")


def print_table(folder: Path, compare: bool) -> None:
    """Print passed and not passed by test function; with both libraries, of the cases that PEFT passes here."""
    mine = read(folder / "ours.jsonl") if (folder / "ours.jsonl").exists() else {}
    theirs = read(folder / "peft.jsonl") if (folder / "peft.jsonl").exists() else {}
    shown = mine if mine and (compare or not theirs) else mine or theirs
    counted = {case for case, result in theirs.items() if result["outcome"] == "passed"} if compare else set(shown)
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in sorted(counted):
        result = shown.get(case, {"outcome": "missing", "why": "not collected"})
        file, function = case.partition(".py")[0].rpartition("/")[2], case.partition("[")[0].rpartition("::")[2]
        outcome = "passed" if result["outcome"] == "passed" else "not"
        rows[file, function][outcome] += 1
        if outcome == "not":
            reasons[file, function][result["why"].splitlines()[0][:140] if result["why"] else result["outcome"]] += 1
    print("\n| file | test | passed | not | reason |\n|---|---|---|---|---|")
    for key, count in sorted(rows.items()):
        why = "; ".join(f"{text} ({number})" for text, number in reasons[key].most_common(3))
        print(f"| {key[0]} | {key[1]} | {count['passed']} | {count['not']} | {why} |")
    passed = sum(count["passed"] for count in rows.values())
    total = sum(count.total() for count in rows.values())
    print(f"\npassed {passed} of {total} ({100 * passed / max(total, 1):.1f} %)")


def read(path: Path) -> dict[str, dict[str, str]]:
    """Return the results by case."""
    return {entry["case"]: entry for line in path.read_text().splitlines() for entry in [json.loads(line)]}


if __name__ == "__main__":
    inside() if "PEFT_SUITE" in os.environ else main()
