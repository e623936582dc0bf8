"""Start the app, or do without a browser what its page does: ``ia3-studio [COMMAND]``.

    train [SETTINGS]     train and show progress; settings are a JSON or YAML file, or --model and --data
    runs [WORDS …]       list runs and their results, one per line
    watch [RUN]          show a run's progress until it ends (default: newest run): loss, speed, time left, memory
    rerun FOLDER         re-run from a run's folder, which may come from another machine
    stop RUN             ask a run to stop; the adapter trained so far is kept
    resume RUN           resume a run from its last checkpoint
    chat [RUN]           chat with the base and the tuned model, or answer one --prompt
    evaluate RUN         compare the base and the tuned model on the held-out rows of the run
    inspect WHAT         show what a run, an adapter folder or a model contains
    export RUN           export --to a zip, a folder (adapter or --merged), a .gguf, .html, .py or .ipynb file
    push RUN             push the adapter (or --folder, a merged model) to the Hub; private unless --public
    fetch [MODEL]        download a model (default: the starter), so that it can be used offline
    serve                start the app
    serve-api            serve a base model and its adapters to other programs, as OpenAI's HTTP interface
    doctor               check versions, device, disk and network
    completion SHELL     print the completion script for bash, zsh or fish

Without a command, the app is started.

The commands use the same runs as the app (set IA3_STUDIO_HOME to use another folder). Exit codes: 0 success, 2 error,
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

from ia3_studio import __version__
from ia3_studio.atomic import write_advice
from ia3_studio.cli import chat as talk
from ia3_studio.cli import completion, fetch, runs, serve, serve_api, train
from ia3_studio.cli import export as take
from ia3_studio.cli import inspect as look
from ia3_studio.cli.codes import DONE, ENDED_BADLY, REFUSED
from ia3_studio.errors import StudioError
from ia3_studio.models.out_of_memory import is_out_of_memory
from ia3_studio.runs import RunStore
from ia3_studio.settings import doubtful_variables, home

__all__ = ["DONE", "ENDED_BADLY", "REFUSED", "main"]

LOG = "errors.log"
"""File for tracebacks of unexpected errors, in the studio's home folder."""
Work = Callable[[RunStore, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="ia3-studio", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for stream in (sys.stdout, sys.stderr):  # a terminal of few letters shows the others as escapes
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line instead of text")
    parser.add_argument("--version", action="version", version=f"IA3 Studio {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    work: dict[str, Work] = {}
    for part in (train, runs, talk, look, take, fetch, serve, serve_api):
        work |= part.commands(commands)
    work |= completion.commands(commands, parser)
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given or ["serve"])
    if options.command is None:  # --json alone
        parser.error("a command is needed; ia3-studio --help lists them")
    for sentence in doubtful_variables():
        print(sentence, file=sys.stderr)
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
        if is_out_of_memory(error):
            return _refuse("Out of memory; close other programs, or choose a smaller model or shorter texts.")
        return _refuse(_logged(error))


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return REFUSED


def _logged(error: Exception) -> str:
    """Write the traceback of an unexpected error to the log file; return the message that names it."""
    log, number = home() / LOG, secrets.token_hex(3)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{number}\n{''.join(traceback.format_exception(error))}\n")
    except OSError as problem:
        return (
            f"An unexpected {type(error).__name__} occurred ({error}), and {log} cannot be written "
            f"({problem.strerror})."
        )
    return f"An unexpected {type(error).__name__} occurred; see entry {number} in {log} for the traceback."
