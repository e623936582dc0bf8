"""How are rows read that say which tool a request calls, and with which arguments, without turns? As tool calls."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import is_listed, structure_of
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, frame_of, is_text, listed
from ia3_studio.data.tool_calls import Call, calls_in

_ASKED = ("prompt", "query", "instruction", "question", "request", "utterance", "user", "userinput", "input", "text",
          "command", "message")  # fmt: skip
_CALLED = ("tool", "toolname", "function", "functionname", "api", "apiname", "action", "expectedtool",
           "expectedfunction")  # fmt: skip
_GIVEN = ("args", "arguments", "parameters", "params", "toolargs", "toolarguments", "toolinput", "toolparams",
          "functionargs", "functionarguments", "actioninput", "expectedargs", "expectedarguments",
          "expectedparameters")  # fmt: skip
_CALLS = ("toolcalls", "calls", "functioncalls", "expectedtoolcalls", "expectedcalls")
"""Columns of lists of calls."""
_ANSWERED = ("answer", "response", "output", "completion", "messages", "conversations", "conversation")
"""Columns that say what is answered, so that the tool is a fact of the row."""
_OFFERED, _SYSTEM = ("tools", "functions", "availabletools"), ("system", "systemprompt")
_LONGEST_NAME = 80
_MESSAGES = "messages"


def _asked(rows: Rows) -> str:
    """Return the column of requests; empty where there is none, or another column is the answer to them."""
    named = [] if rows.named(_ANSWERED) else rows.named(_ASKED)
    return next((name for name in named if rows.mostly(name, is_text)), "")


def _called(rows: Rows) -> tuple[str, ...]:
    """Return the column of calls, or those of the name of a tool and its arguments; nothing where there are none."""
    calls = next((name for name in rows.named(_CALLS) if rows.mostly(name, _begins_with_calls)), "")
    tool = next((name for name in rows.named(_CALLED) if rows.mostly(name, _is_name)), "")
    given = next((name for name in rows.named(_GIVEN) if rows.mostly(name, _is_object)), "")
    return (calls,) if calls else (tool, given) if tool and given else ()


def _is_name(cell: Any) -> bool:
    return isinstance(cell, str) and 0 < len(cell.strip()) <= _LONGEST_NAME and len(cell.split()) == 1


def _is_object(cell: Any) -> bool:
    return isinstance(structure_of(cell), dict)


def _begins_with_calls(cell: Any) -> bool:
    return bool(_calls_in(listed(structure_of(cell))[:_LOOKED_AT]))


_LOOKED_AT = 5
"""Calls at the beginning of a list that tell what it holds."""


def _calls_in(cell: Any) -> list[Call]:
    """Return the calls in a list of them, in one of the ways that they are written; nothing for anything else."""
    try:
        found = calls_in({"tool_calls": listed(structure_of(cell))})
    except UnusableError:  # an entry that names no tool
        return []
    functions = [call["function"] for call in found]
    are_calls = all(_is_name(each["name"]) and isinstance(each["arguments"], dict) for each in functions)
    return found if are_calls else []


def _calls_of(record: dict[str, Any], called: tuple[str, ...]) -> list[Call] | str:
    """Return the calls of a row, or why it has none."""
    if len(called) == 1:
        return _calls_in(record.get(called[0])) or f"no tool is called ({called[0]} is empty, or not a list of calls)"
    tool, arguments = record.get(called[0]), structure_of(record.get(called[1], {}))
    if not _is_name(tool):
        return f"no tool is called ({called[0]} is empty)"
    if not isinstance(arguments, dict):
        return f"{called[1]} is not an object"
    return calls_in({"tool_calls": {"name": str(tool).strip(), "arguments": arguments}})


def _read(rows: Rows) -> Recognized:
    asked, called = _asked(rows), _called(rows)
    offered = next((name for name in rows.named(_OFFERED) if rows.mostly(name, _is_list)), "")
    system = next((name for name in rows.named(_SYSTEM) if rows.mostly(name, is_text)), "")
    found = Collector()
    for row, record in rows.records():
        calls = _calls_of(record, called)
        found.name_rest(record, (asked, *called, offered, system))
        if not is_text(record.get(asked)):
            found.leave_out(row, f"the request ({asked}) is empty")
        elif isinstance(calls, str):
            found.leave_out(row, calls)
        else:
            turns = [
                {"role": "user", "content": record[asked]},
                {"role": "assistant", "content": None, "tool_calls": calls},
            ]
            kept = {name: record[name] for name in (offered, system) if name and name in record}
            found.use(row, {_MESSAGES: turns, **kept})
    form = f"requests and the tools that they call ({', '.join(called)})"
    mapping = Mapping("messages", column=_MESSAGES, tools=offered, system=system)
    return Recognized(frame_of(found.rows), form, tuple(found.problems), (), found.unused, mapping)


def _is_list(cell: Any) -> bool:
    return is_listed(structure_of(cell))


def _fits(rows: Rows) -> bool:
    return bool(_called(rows)) and bool(_asked(rows))


SHAPES = (Shape("requests and the tools that they call", _fits, _read),)
