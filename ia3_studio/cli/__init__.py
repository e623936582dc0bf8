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
import io
import os
import secrets
import sys
import traceback
from collections.abc import Callable, Sequence

from ia3_studio.atomic import write_advice
from ia3_studio.cli import look, runs, take, talk, train
from ia3_studio.cli.codes import DONE, ENDED_BADLY, REFUSED
from ia3_studio.errors import StudioError
from ia3_studio.places import home
from ia3_studio.runs import RunStore

__all__ = ["DONE", "ENDED_BADLY", "REFUSED", "main"]

LOG = "errors.log"
"""Where the traceback of an unexpected error goes, below the studio's home."""
Work = Callable[[RunStore, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ia3_studio", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for stream in (sys.stdout, sys.stderr):  # a terminal of few letters shows the others as escapes
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of words")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    work: dict[str, Work] = {}
    for part in (train, runs, talk, look, take):
        work |= part.commands(commands)
    options = parser.parse_args(arguments)
    try:
        return work[options.command](RunStore(), options)
    except StudioError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:  # whoever watches may look away: the run goes on
        return DONE
    except BrokenPipeError:  # whoever reads has enough, as in "… | head"
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (else the interpreter complains once more at its end)
        return DONE
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        return _refuse(f"{options.command}:{place} {error.strerror or error}; {write_advice(error)}.")
    except Exception as error:  # the one boundary between the program and the terminal
        return _refuse(_logged(error))


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return REFUSED


def _logged(error: Exception) -> str:
    """Write what only a developer can mend into a file; return the sentence that names it."""
    log, number = home() / LOG, secrets.token_hex(3)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{number}\n{''.join(traceback.format_exception(error))}\n")
    except OSError as problem:
        return f"An unexpected {type(error).__name__} ({error}), and {log} cannot be written ({problem.strerror})."
    return f"An unexpected {type(error).__name__}: {log} shows where, behind the number {number}."
