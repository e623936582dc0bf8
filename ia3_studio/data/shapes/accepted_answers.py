"""How are the posts of a forum of questions read, as Stack Exchange publishes them? Each question with its answer.

A post names its question as its parent; a question names the answer that was accepted. Where it names none, the answer
with the most votes is taken.
"""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.helpdesk import text_of_html
from ia3_studio.data.shapes.message_trees import ID_NAMES, PARENT_NAMES, TEXT_NAMES, key_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, finite, is_text

ACCEPTED = ("acceptedanswerid", "acceptedanswer", "bestanswerid")
PROMPT, ANSWER = "question", "answer"
Post = dict[str, Any]


def _columns(rows: Rows) -> tuple[str, ...]:
    """Return the columns of id, parent, accepted answer and text; empty where one of them is missing."""
    text = next((name for name in rows.named(TEXT_NAMES) if rows.mostly(name, is_text)), "")
    found = (*(rows.find(names) for names in (ID_NAMES, PARENT_NAMES, ACCEPTED)), text)
    return found if all(found) else ()


def _has_posts(rows: Rows) -> bool:
    columns = _columns(rows)
    ids = {key_of(cell) for cell in rows.sample(columns[0])} if columns else set()
    return any(key_of(cell) in ids for name in columns[1:3] for cell in rows.sample(name))


def _read(rows: Rows) -> Recognized:
    key, parent, accepted, text = _columns(rows)
    title, votes = rows.find(("title",)), rows.find(("score", "votes"))
    posts = list(rows.records())
    answers: dict[str, list[Post]] = {}
    for _row, record in posts:
        if name := key_of(record.get(parent)):
            answers.setdefault(name, []).append(record)
    found = Collector()
    for row, record in posts:
        if key_of(record.get(parent)):
            continue
        given = answers.pop(key_of(record.get(key)), [])
        if not given:
            found.leave_out(row, "it is a question without an answer in the file")
            continue
        best = key_of(record.get(accepted))
        chosen = max(given, key=lambda each: (key_of(each.get(key)) == best, finite(each.get(votes)) or 0))
        asked = dict.fromkeys(_text(record.get(name)) for name in (title, text))
        used = (key, parent, accepted, title, text)
        rest = {name: cell for name, cell in record.items() if name not in used}
        found.use(row, {**rest, PROMPT: "\n\n".join(filter(None, asked)), ANSWER: _text(chosen.get(text))})
        found.unused["other answers"] += len(given) - 1
    found.unused["answers whose question is not in the file"] += sum(map(len, answers.values()))
    notes = ("Each question is read with the answer that was accepted, else with the one of most votes; texts are read"
             " without their HTML tags.",)  # fmt: skip
    return found.recognized("questions with accepted answers", Mapping("pairs", PROMPT, ANSWER), notes)


def _text(cell: Any) -> str:
    return text_of_html(cell) if is_text(cell) else ""


SHAPES = (Shape("questions with accepted answers", _has_posts, _read, by_row=False),)
