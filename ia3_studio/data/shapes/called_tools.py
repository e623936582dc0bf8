"""How are rows read that say which tool a request calls, and with which arguments, in two columns? As tool calls."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import is_listed, structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, frame_of, is_text

_ASKED = ("prompt", "query", "instruction", "question", "request", "utterance", "user", "userinput", "input", "text",
          "command", "message")  # fmt: skip
_CALLED = ("tool", "toolname", "function", "functionname", "api", "apiname")
_GIVEN = ("args", "arguments", "parameters", "params", "toolargs", "toolarguments", "toolinput", "toolparams",
          "functionargs", "functionarguments", "slots")  # fmt: skip
_ANSWERED = ("answer", "response", "output", "completion", "messages", "conversations", "conversation")
"""Columns that say what is answered, so that the tool is a fact of the row."""
_OFFERED, _SYSTEM = ("tools", "functions", "availabletools"), ("system", "systemprompt")
_LONGEST_NAME = 80
_MESSAGES = "messages"


def _columns(rows: Rows) -> tuple[str, str, str]:
    """Return the columns of the request, the name of the tool and its arguments; empty where there are none."""
    if rows.named(_ANSWERED):
        return "", "", ""
    called = next((name for name in rows.named(_CALLED) if rows.mostly(name, _is_name)), "")
    given = next((name for name in rows.named(_GIVEN) if rows.mostly(name, _is_object)), "")
    asked = next((name for name in rows.named(_ASKED) if rows.mostly(name, is_text)), "")
    return asked, called, given


def _is_name(cell: Any) -> bool:
    return isinstance(cell, str) and 0 < len(cell.strip()) <= _LONGEST_NAME and len(cell.split()) == 1


def _is_object(cell: Any) -> bool:
    return isinstance(structure_of(cell), dict)


def _read(rows: Rows) -> Recognized:
    asked, called, given = _columns(rows)
    offered = next((name for name in rows.named(_OFFERED) if rows.mostly(name, _is_list)), "")
    system = next((name for name in rows.named(_SYSTEM) if rows.mostly(name, is_text)), "")
    found = Collector()
    for row, record in rows.records():
        tool, arguments = record.get(called), structure_of(record.get(given, {}))
        found.name_rest(record, (asked, called, given, offered, system))
        if not is_text(record.get(asked)):
            found.leave_out(row, f"the request ({asked}) is empty")
        elif not _is_name(tool):
            found.leave_out(row, f"no tool is called ({called} is empty)")
        elif not isinstance(arguments, dict):
            found.leave_out(row, f"the arguments ({given}) are not an object")
        else:
            call = {"type": "function", "function": {"name": str(tool).strip(), "arguments": arguments}}
            turns = [
                {"role": "user", "content": record[asked]},
                {"role": "assistant", "content": None, "tool_calls": [call]},
            ]
            kept = {name: record[name] for name in (offered, system) if name and name in record}
            found.use(row, {_MESSAGES: turns, **kept})
    form = f"requests and the tools that they call ({called}, {given})"
    mapping = Mapping("messages", column=_MESSAGES, tools=offered, system=system)
    return Recognized(frame_of(found.rows), form, tuple(found.problems), (), found.unused, mapping)


def _is_list(cell: Any) -> bool:
    return is_listed(structure_of(cell))


SHAPES = (Shape("requests and the tools that they call", lambda rows: all(_columns(rows)), _read),)
