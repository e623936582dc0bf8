"""The command completion: a script for bash, zsh or fish, made from the commands themselves."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from typing import Any

from ia3_studio.cli.codes import DONE
from ia3_studio.runs import RunStore
from ia3_studio.settings import home, runs_folder

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "ia3-studio"
OF_RUNS = ("watch", "stop", "resume", "chat", "evaluate", "inspect", "export", "push")
"""Commands whose first argument is the id of a run."""


def commands(parsers: Any) -> dict[str, Any]:
    """Add the command completion; return its function."""
    parser = parsers.add_parser("completion", help="print the completion script for a shell")
    parser.add_argument("shell", choices=SHELLS)

    def print_script(_store: RunStore, options: argparse.Namespace) -> int:
        print(script(options.shell, parsers))
        return DONE

    return {"completion": print_script}


def script(shell: str, parsers: Any) -> str:
    """Return the completion script of a shell.

    Args:
        shell: one of ``SHELLS``.
        parsers: argparse's sub-parsers, after all commands were added.
    """
    options = {name: tuple(_options(parser)) for name, parser in parsers.choices.items()}
    return _fish(options) if shell == "fish" else _bash(options, zsh=shell == "zsh")


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (each for each in action.option_strings if each.startswith("--"))


def _runs() -> str:
    """Return a command that lists the ids of runs: their folders, as starting Python takes longer than a key."""
    return f'ls "${{IA3_STUDIO_HOME:-"{home()}"}}/runs" 2>/dev/null'


def _bash(options: dict[str, tuple[str, ...]], *, zsh: bool) -> str:
    cases = "\n".join(f"    {name}) words={shlex.quote(' '.join(named))} ;;" for name, named in options.items())
    head = "autoload -U +X bashcompinit && bashcompinit\n" if zsh else ""
    return f"""{head}_ia3_studio() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" command="${{COMP_WORDS[1]}}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W {shlex.quote(" ".join(options))} -- "$current"))
    return
  fi
  case "$command" in
{cases}
  esac
  case " {" ".join(OF_RUNS)} " in
    *" $command "*) [ "$COMP_CWORD" -eq 2 ] && words="$words $({_runs()})" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case "$current" in -*) ;; *) COMPREPLY+=($(compgen -f -- "$current")) ;; esac
}}
complete -o filenames -F _ia3_studio {PROGRAM}"""


def _fish(options: dict[str, tuple[str, ...]]) -> str:
    names = " ".join(options)
    lines = [f"complete -c {PROGRAM} -n '__fish_use_subcommand' -f -a '{names}'"]
    for name, named in options.items():
        lines += [f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {name}' -l {each[2:]}" for each in named]
    runs = f"(ls {shlex.quote(str(runs_folder()))} 2>/dev/null)"
    seen = " ".join(OF_RUNS)
    return "\n".join([*lines, f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {seen}' -a \"{runs}\""])
