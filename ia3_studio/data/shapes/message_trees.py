"""How does a tree of messages become a conversation? Along the best reply at each turn, as Open Assistant ranks them.

A tree is one object with nested replies, or one message per row, each with the id of its parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ia3_studio.data.label_names import label_name
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.shape import (
    Collector,
    Recognized,
    Rows,
    Shape,
    bare,
    finite,
    is_blank,
    is_role,
    listed,
    role_column,
    role_of,
    side_column,
    side_role,
)

ID_NAMES = ("messageid", "id", "nodeid", "uuid", "tweetid", "commentid", "postid", "msgid", "statusid", "eventid")
PARENT_NAMES = (
    "parentid", "parentmessageid", "parent", "replyto", "inreplyto", "replytoid", "inreplytoid", "inresponseto",
    "inresponsetoid", "inresponsetotweetid", "inreplytotweetid", "inreplytostatusid", "inreplytomessageid",
    "replytomessageid", "parentcommentid", "parentpostid", "parentuuid",
)  # fmt: skip
ROLE_NAMES = ("role", "author", "sender", "from", "type", "speaker")
TEXT_NAMES = ("text", "content", "message", "value", "body", "utterance", "msg")
KEPT = ("messagetreeid", "treeid", "lang", "split")
"""Columns of a first message that say something of the whole conversation."""
MESSAGES = "messages"
OTHER_REPLIES, UNANSWERED, DELETED = (
    "replies that are not ranked best",
    "last messages without an answer",
    "deleted messages",
)

Node = dict[str, Any]


REPLIES = ("replies", "children")
"""Keys of the replies to a message."""


def is_tree(value: Any) -> bool:
    """Say whether a value is a message with replies."""
    return isinstance(value, dict) and "replies" in value and bool({"text", "content"} & value.keys())


def _tree_column(rows: Rows) -> str:
    return next((name for name in rows.structured if rows.mostly(name, is_tree)), "")


def _are_trees(rows: Rows) -> bool:
    """Say whether each row is a first message itself, with a role, a text and its replies."""
    replies = next((name for name in REPLIES if name in rows.columns), "")
    answered = rows.any(replies, lambda cell: any(map(_is_reply, listed(cell))))
    return answered and rows.mostly("role", is_role) and bool({"text", "content"} & {*rows.columns})


def _is_reply(value: Any) -> bool:
    return isinstance(value, dict) and is_role(value.get("role")) and bool({"text", "content"} & value.keys())


def _read_trees(rows: Rows) -> Recognized:
    column, found = _tree_column(rows), Collector()
    for row, record in rows.records():
        tree = record.get(column) if column else record
        if not isinstance(tree, dict) or not (is_tree(tree) or not column):
            found.leave_out(row, f"{column} is not a message with replies")
            continue
        nodes = list(_all_of(tree))
        branch = _branch(tree, _replies)
        rest = record if column else {name: cell for name, cell in record.items() if name in KEPT}
        found.use(row, {**rest, column or MESSAGES: _turns(branch, found)})
        _count(nodes, branch, found)
    return found.recognized("message trees", Mapping("messages", column=column or MESSAGES))


def _replies(node: Node) -> list[Node]:
    found = next((node[name] for name in REPLIES if name in node), None)
    return [reply for reply in listed(found) if isinstance(reply, dict)]


def _all_of(tree: Node) -> Iterator[Node]:
    """Yield the messages of a tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += _replies(node)


def _branch(first: Node, replies: Any) -> list[Node]:
    """Return the messages from the first one along the best reply that is not deleted."""
    branch, node = [first], first
    while left := [reply for reply in replies(node) if not reply.get("deleted")]:
        asked = role_of(node.get("role"))
        node = min(left, key=lambda reply: _rank(reply, asked))
        branch.append(node)
    return branch


def _rank(node: Node, asked: str) -> tuple[bool, float, bool]:
    """Return by what replies are compared: their ranks, or else whether the other side speaks."""
    rank = finite(node.get("rank"))
    return rank is None, rank or 0.0, role_of(node.get("role")) == asked


def _turns(branch: Sequence[Node], found: Collector) -> list[dict[str, Any]]:
    """Return the turns of a branch up to its last answer; all of them if it has none."""
    turns = [{"role": node.get("role", ""), "content": node.get("text", node.get("content", ""))} for node in branch]
    last = max(
        (place for place, turn in enumerate(turns, 1) if role_of(turn["role"]) == "assistant"), default=len(turns)
    )
    found.unused[UNANSWERED] += len(turns) - last
    return turns[:last]


def _count(nodes: Sequence[Node], branch: Sequence[Node], found: Collector) -> None:
    """Count the messages of a tree that are not on its branch."""
    deleted = sum(bool(node.get("deleted")) for node in nodes) - sum(bool(node.get("deleted")) for node in branch)
    found.unused[DELETED] += deleted
    found.unused[OTHER_REPLIES] += len(nodes) - len(branch) - deleted


def _flat(rows: Rows) -> tuple[str, str, str, str]:
    """Return the columns of id, parent, role and text of messages; empty where there is none.

    A column that says by true or false who speaks is one of roles.
    """
    role = next((name for name in rows.named(ROLE_NAMES) if rows.mostly(name, is_role)), "")
    role = role or side_column(rows) or role_column(rows)
    return rows.find(ID_NAMES), rows.find(PARENT_NAMES), role, rows.find(TEXT_NAMES)


def _content(cell: Any) -> Any:
    """Return what a message says, which may be an object with a role of its own."""
    return cell.get("content", "") if isinstance(cell, dict) else cell


def key_of(cell: Any) -> str:
    """Return an id as text; pandas writes whole numbers beside gaps as 1.0, and an id of zeros is that of nobody."""
    name = "" if is_blank(cell) else label_name(cell)
    name = "" if len(name) > 1 and not name.strip("0-") else name
    return name.removesuffix(".0") if name.removesuffix(".0").isdigit() else name


def _has_flat_trees(rows: Rows) -> bool:
    key, parent, role, text = _flat(rows)
    if not (key and parent and role and text):
        return False
    ids = set(map(key_of, rows.sample(key)))
    return len(ids) == len(rows.sample(key)) and rows.any(parent, lambda cell: key_of(cell) in ids)


def _read_flat_trees(rows: Rows) -> Recognized:
    key, parent, role, text = _flat(rows)
    deleted, rank = rows.find(["deleted"]), rows.find(["rank"])
    found = Collector()
    nodes: dict[str, Node] = {}
    for row, record in rows.records():
        name = key_of(record.get(key))
        if not name or name in nodes:
            found.leave_out(row, f"its id ({key}) is empty or that of a row before it")
            continue
        nodes[name] = {
            "row": row, "record": record, "parent": key_of(record.get(parent)),
            "role": side_role(role, record.get(role)) or record.get(role, ""), "text": _content(record.get(text, "")),
            "deleted": _is_true(record.get(deleted)),
            "rank": record.get(rank), "replies": [],
        }  # fmt: skip
    roots = []
    for node in nodes.values():
        if not node["parent"]:
            roots.append(node)
        elif node["parent"] in nodes:
            nodes[node["parent"]]["replies"].append(node)
        else:
            found.leave_out(node["row"], f"its parent ({parent}) is not in the file")
    told = {node["row"] for root in roots for node in _use_tree(root, found)}
    told |= {problem.row for problem in found.problems}
    for node in nodes.values():
        if node["row"] not in told:
            found.leave_out(node["row"], "no chain of parents leads from it to a first message")
    return found.recognized(f"one message per row, {len(roots):,} message trees", Mapping("messages", column=MESSAGES))


def _use_tree(root: Node, found: Collector) -> list[Node]:
    """Use the best branch of a tree; return all its messages."""
    nodes = list(_all_of(root))
    if root["deleted"]:
        found.leave_out(root["row"], "the first message is deleted")
        found.unused["replies to deleted messages"] += len(nodes) - 1
        return nodes
    branch = _branch(root, lambda node: node["replies"])
    kept = {name: cell for name, cell in root["record"].items() if bare(name) in KEPT}
    found.use(root["row"], {MESSAGES: _turns(branch, found), **kept})
    _count(nodes, branch, found)
    return nodes


def _is_true(cell: Any) -> bool:
    return str(cell).strip().lower() in ("true", "1", "1.0")


SHAPES = (
    Shape("message trees", lambda rows: bool(_tree_column(rows)) or _are_trees(rows), _read_trees),
    Shape("messages with parents", _has_flat_trees, _read_flat_trees, by_row=False),
)
