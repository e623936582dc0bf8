"""The same jobs without a browser: ``python -m ia3_studio COMMAND``.

    train [SETTINGS]     train a run and watch it; settings are a JSON or YAML file, or --model and --data
    runs [WORDS …]       what came of all runs, a line each
    watch [RUN]          the newest run, or one, until it ends: step, losses, speed, time left, memory
    again FOLDER         a run once more, from its folder alone, which may come from another machine
    stop RUN             ask a run to stop; what it learned is kept
    resume RUN           go on behind a run's last checkpoint
    chat [RUN]           talk to base and tuned model, or answer one --prompt
    evaluate RUN         base beside tuned on the rows that the run held out
    inspect WHAT         what is in a run, an adapter's folder, or a model
    export RUN           take it away: --to a zip, a folder (adapter or --merged), a .gguf, .html, .py or .ipynb file
    push RUN             put its adapter (or --folder, a merged model) onto the hub, private unless --public
    serve                start the app
    doctor               versions, device, disk, network: what will and will not work here

They find the runs that the page finds (IA3_STUDIO_HOME names another folder). Exit codes: 0 as asked, 2 not possible,
3 a watched run that failed or was interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from ia3_studio.cli import look, runs, take, talk, train
from ia3_studio.cli.codes import DONE, ENDED_BADLY, REFUSED
from ia3_studio.errors import StudioError
from ia3_studio.runs import RunStore

__all__ = ["DONE", "ENDED_BADLY", "REFUSED", "main"]

Work = Callable[[RunStore, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ia3_studio", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of words")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    work: dict[str, Work] = {}
    for part in (train, runs, talk, look, take):
        work |= part.commands(commands)
    options = parser.parse_args(arguments)
    try:
        return work[options.command](RunStore(), options)
    except StudioError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:  # whoever watches may look away: the run goes on
        return DONE
