"""How are texts read that several people labeled, each by one class? The class that most of them gave is the label."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ia3_studio.data.column_names import name_words
from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.label_names import label_name
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, is_text, listed

LABEL_KEYS = ("label", "labels", "answer", "class", "category", "sentiment", "rating", "vote")
WHO_KEYS = (
    "annotatorid", "annotatorids", "annotator", "annotators", "worker", "workerid", "rater", "raterid", "user", "by",
)  # fmt: skip
"""Keys of who gave a label."""
LABEL = "label"
_FEWEST_VOTES = 2


def _votes(cell: Any) -> list[str]:
    """Return the labels that people gave: of an object of two lists, or of a list of objects; nothing for others."""
    value = structure_of(cell)
    if isinstance(value, dict):
        by_key = {bare(str(key)): listed(each) for key, each in value.items()}
        who = next((by_key[key] for key in WHO_KEYS if by_key.get(key)), [])
        given = next((by_key[key] for key in LABEL_KEYS if by_key.get(key)), [])
        return list(map(label_name, given)) if len(who) == len(given) and all(map(_is_class, given)) else []
    objects = [{bare(str(key)): each for key, each in vote.items()} for vote in listed(value) if isinstance(vote, dict)]
    given = [next((each[key] for key in LABEL_KEYS if key in each), None) for each in objects if {*WHO_KEYS} & {*each}]
    return list(map(label_name, given)) if len(given) == len(listed(value)) and all(map(_is_class, given)) else []


def _is_class(value: Any) -> bool:
    return is_text(value) or isinstance(value, int | float)


def _votes_column(rows: Rows) -> str:
    """Return the column of votes, of which most rows have several; empty where a label says what came of them."""
    if rows.find(("label", "majority", "goldlabel", "majoritylabel", "consensus")):
        return ""
    found = (name for name in rows.structured if rows.mostly(name, lambda cell: len(_votes(cell)) > 0))
    return next((name for name in found if rows.mostly(name, lambda cell: len(_votes(cell)) >= _FEWEST_VOTES)), "")


def _words_of_texts(rows: Rows) -> str:
    """Return the column of lists of words, if the words are the text that was labeled; empty if there is a text."""
    if rows.find(("text", "sentence", "tweet", "comment", "post")):
        return ""
    tokens = (name for name in rows.structured if name_words(name)[-1:] in (["tokens"], ["words"]))
    return next((name for name in tokens if rows.mostly(name, lambda cell: is_list_of_texts(structure_of(cell)))), "")


def _read_votes(rows: Rows) -> Recognized:
    column, tokens, found = _votes_column(rows), _words_of_texts(rows), Collector()
    for row, record in rows.records():
        votes = Counter(_votes(record.get(column))).most_common(2)
        if not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
            found.leave_out(row, f"no label of {column} was given more often than any other")
        else:
            rest = {name: cell for name, cell in record.items() if name != column}
            rest |= {tokens: " ".join(listed(structure_of(rest.get(tokens))))} if tokens else {}
            found.use(row, {**rest, LABEL: votes[0][0]})
    notes = (f"The label of a row is the one that most people gave it ({column}); ties are left out.",)
    return found.recognized("labels of several people", notes=notes)


SHAPES = (Shape("labels of several people", lambda rows: bool(_votes_column(rows)), _read_votes),)
