"""The command train: start a run from a settings file, from options, or both."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from ia3_studio.cli import foreground
from ia3_studio.cli.codes import DONE, ENDED_BADLY
from ia3_studio.cli.launching import add_launch_options, launch_of, require_own_machines
from ia3_studio.cli.progress import watch
from ia3_studio.errors import RunError, first_line
from ia3_studio.models.sharding_plan import SHARDINGS
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.runs.config import old_names_in
from ia3_studio.runs.folder import Launch
from ia3_studio.worker import start
from ia3_studio.worker.before_start import placement_sentence
from ia3_studio.worker.meeting import is_here
from ia3_studio.worker.ranks import join

PLAIN_OPTIONS = ("model", "data", "selection", "name", "sharding")
PREFERENCE_OPTIONS = ("loss_type", "beta", "label_smoothing", "sft_weight")
"""Options with the names of settings."""
LARGEST = 4_000_000
"""Maximum size of a settings file in bytes."""


def commands(parsers: Any) -> dict[str, Any]:
    """Add the command train; return its function."""
    parser = parsers.add_parser("train", help="train and show progress")
    parser.add_argument(
        "settings", nargs="?", type=Path, help="settings as a JSON or YAML file, such as a run's config.json"
    )
    parser.add_argument("--model", help="model: a starter's name, a Hub id, a folder or a .gguf file")
    parser.add_argument("--data", help="data: a starter's name or a file")
    parser.add_argument("--selection", help='target modules: a preset ("paper") or an expression ("key,value@8-")')
    parser.add_argument("--name", help="name of the run")
    preferences = parser.add_argument_group("preference tuning")
    preferences.add_argument(
        "--loss-type", help="sigmoid (DPO, the default) or ipo; labeled answers are trained by KTO"
    )
    preferences.add_argument("--beta", help="how strongly the model is held at the base model (0.1)")
    preferences.add_argument("--label-smoothing", help="DPO: share of pairs labeled the wrong way round (0)")
    preferences.add_argument("--sft-weight", help="weight of ordinary training on the chosen answers (0)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="set any other setting; may be repeated"
    )
    add_launch_options(parser)
    parser.add_argument(
        "--sharding", help=f"where the weights go if one GPU cannot hold them: {', '.join(SHARDINGS)} (default auto)"
    )
    parser.add_argument("--detach", action="store_true", help="return immediately and train in the background")
    foreground.add_options(parser)
    return {"train": _train}


def _train(store: RunStore, options: argparse.Namespace) -> int:
    given = read_settings(options.settings) if options.settings else {}
    named = {name: getattr(options, name) for name in (*PLAIN_OPTIONS, *PREFERENCE_OPTIONS)}
    given |= {name: value for name, value in named.items() if value is not None}
    given |= dict(_setting(each) for each in options.set)
    launch = launch_of(options)
    # One process shares weights with nobody, except with those of other machines, which the settings do not know.
    shares_elsewhere = launch.nodes > 1 and launch.processes == 1 and given.get("sharding") == "full"
    if launch.processes is not None and not shares_elsewhere:
        given |= {"processes": launch.processes}
    if note := old_names_in(given):
        print(note, file=sys.stderr)
    config = RunConfig.from_settings(given)
    require_own_machines(config, launch)
    config.choice().load(config.held_out, config.train.seed)  # what is wrong with them is told before there is a run
    is_here_alone = launch.nodes == 1 and config.compute == "local"
    if is_here_alone and (placed := placement_sentence(config.model, config.sharding, config.processes)):
        print(placed, file=sys.stderr)
    if launch.nodes > 1 and not is_here(launch.rdzv):
        return _join(config, launch)
    if foreground.in_foreground(options):
        return foreground.train_here(
            config, lambda start_id: store.create(config, start_id), launch, as_json=options.json
        )
    run = store.create(config, secrets.token_hex(8))
    start(run, launch=launch)
    print(
        json.dumps({"run": run.id, "folder": str(run.folder)}) if options.json else f"{run.id} {run.folder}", flush=True
    )
    return DONE if options.detach else watch(run, as_json=options.json)


def _join(config: RunConfig, launch: Launch) -> int:
    """Take part in the run of the machine that has the address."""
    print(
        f"Joining the run at {launch.rdzv}, {launch.nodes} machines in all; that machine shows its progress.",
        flush=True,
    )
    if problem := join(config, launch, _abandon):
        print(problem, file=sys.stderr)
        return ENDED_BADLY
    print("The run has ended.")
    return DONE


def _abandon(problem: str) -> None:
    """End this process, whose main thread waits for a machine that is lost for good."""
    print(problem, file=sys.stderr, flush=True)
    os._exit(ENDED_BADLY)


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings of a run from a JSON or YAML file.

    Raises:
        RunError: the file does not exist or contains no settings.
    """
    import yaml

    try:
        if path.is_file() and path.stat().st_size > LARGEST:
            raise RunError(
                f"{path} has more than {LARGEST // 1_000_000} MB, too large for a settings file; give another file."
            )
        document = _parsed(path.read_text(encoding="utf-8"))  # JSON is YAML too
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise RunError(
            f"The settings in {path} cannot be read ({first_line(error)}); give a JSON or YAML file."
        ) from error
    if not isinstance(document, dict):
        raise RunError(f'{path} does not contain a mapping of settings; write one "name: value" per line.')
    return {str(name): value for name, value in document.items()}


def _setting(words: str) -> tuple[str, Any]:
    """Return the name and the YAML value of NAME=VALUE."""
    import yaml

    name, found, value = words.partition("=")
    if not found or not name.strip():
        raise RunError(f"--set expects NAME=VALUE, such as learning_rate=0.01; got {words!r}.")
    try:
        return name.strip(), _parsed(value)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise RunError(f"The value of {name.strip()} cannot be read ({first_line(error)}).") from error


def _parsed(text: str) -> Any:
    """Return what YAML says, read by libyaml where PyYAML has it: it takes milliseconds for what nests too deeply."""
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
