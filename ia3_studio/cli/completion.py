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


def commands(parsers: Any, whole: argparse.ArgumentParser) -> dict[str, Any]:
    """Add the command completion; return its function."""
    parser = parsers.add_parser("completion", help="print the completion script for a shell")
    parser.add_argument("shell", choices=SHELLS)

    def print_script(_store: RunStore, options: argparse.Namespace) -> int:
        print(script(options.shell, whole, parsers))
        return DONE

    return {"completion": print_script}


def script(shell: str, parser: argparse.ArgumentParser, parsers: Any) -> str:
    """Return the completion script of a shell.

    Args:
        shell: one of ``SHELLS``.
        parser: the whole command.
        parsers: its sub-parsers, after all of them were added.
    """
    options = {name: tuple(_options(each)) for name, each in parsers.choices.items()}
    before = tuple(_options(parser))
    return _fish(before, options) if shell == "fish" else _bash(before, options, zsh=shell == "zsh")


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (each for each in action.option_strings if each.startswith("--"))


def _runs() -> str:
    """Return a command that lists the ids of runs: their folders, as starting Python takes longer than a key."""
    return f'command ls "${{IA3_STUDIO_HOME:-"{home()}"}}/runs" 2>/dev/null'


_ZSH_HEAD = """(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i; }
autoload -Uz +X bashcompinit && bashcompinit
"""
"""What a plain zsh has not loaded; -i leaves out, without a question, folders that others may write."""


def _bash(before: tuple[str, ...], options: dict[str, tuple[str, ...]], *, zsh: bool) -> str:
    cases = "\n".join(f"    {name}) offered={shlex.quote(' '.join(named))} ;;" for name, named in options.items())
    # "words" is a variable of zsh's own in a completion, and zsh does not split what is not quoted
    return f"""{_ZSH_HEAD if zsh else ""}_ia3_studio() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" command="" at=1 offered=""
  while [ "$at" -lt "$COMP_CWORD" ]; do
    case "${{COMP_WORDS[at]}}" in -*) at=$((at + 1)) ;; *) command="${{COMP_WORDS[at]}}"; break ;; esac
  done
  if [ -z "$command" ]; then
    COMPREPLY=($(compgen -W {shlex.quote(" ".join((*options, *before)))} -- "$current"))
    return
  fi
  case "$command" in
{cases}
  esac
  case " {" ".join(OF_RUNS)} " in
    *" $command "*) [ "$COMP_CWORD" -eq "$((at + 1))" ] && offered="$offered $({_runs()})" ;;
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  case "$current" in -*) ;; *) COMPREPLY+=($(compgen -f -- "$current")) ;; esac
}}
complete -o filenames -F _ia3_studio {PROGRAM}"""


def _fish(before: tuple[str, ...], options: dict[str, tuple[str, ...]]) -> str:
    lines = [f"complete -c {PROGRAM} -n __fish_use_subcommand -f -a '{' '.join(options)}'"]
    lines += [f"complete -c {PROGRAM} -n __fish_use_subcommand -l {each[2:]}" for each in before]
    for name, named in options.items():
        lines += [f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {name}' -l {each[2:]}" for each in named]
    runs = f"(command ls {shlex.quote(str(runs_folder()))} 2>/dev/null)"
    seen = " ".join(OF_RUNS)
    return "\n".join([*lines, f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {seen}' -a \"{runs}\""])
