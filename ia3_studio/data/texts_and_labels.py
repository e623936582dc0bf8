"""Do lines of one file label the lines of another one, as test_contents.txt and test_labels.txt do, by their names?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ia3_studio.data.column_profile import LONGEST_LABEL
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parallel_files import SOURCE_WORDS
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of

_TEXTS = (SOURCE_WORDS - {"in", "from", "nl"}) | frozenset((
    "content", "contents", "docs", "sentence", "sents", "tweet", "sms", "comment", "comments", "review", "reviews",
    "post", "posts", "email", "emails", "mails", "utterance", "utterances", "query", "queries", "body", "bodies",
    "samples", "corpus", "news", "title", "titles", "headlines", "message", "data",
))  # fmt: skip
_LABELS = frozenset((
    "label", "labels", "class", "classes", "y", "tag", "tags", "target", "targets", "category", "categories",
    "sentiment", "sentiments", "intent", "intents", "rating", "ratings", "polarity", "emotion", "emotions", "topics",
))  # fmt: skip
"""What files are called that hold a text a line, and a label a line."""
_MOST_FILES = 200


def texts_and_labels(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files called after texts and labels, of equally many lines, as texts with a label each.

    There may be two for each split. What else they are called is the same, and most files are of these.
    """
    pairs: dict[str, dict[str, list[str]]] = {}
    for path in tables if len(tables) <= _MOST_FILES else ():
        if side := _side_of(path):
            pairs.setdefault(side[0], {}).setdefault(side[1], []).append(path)
    both = {rest: (*each["text"], *each["label"]) for rest, each in pairs.items() if {*each} == {"text", "label"}}
    used = [path for each in both.values() for path in each]
    if not both or any(len(each) != len(("text", "label")) for each in both.values()) or 2 * len(used) <= len(tables):
        return None
    texts = readers.texts(used)
    columns: dict[str, list[str]] = {"text": [], "label": []}
    splits: list[str] = []
    for rest, (one, other) in both.items():
        lines, labels = ([line.strip() for line in lines_in(texts[path].text)] for path in (one, other))
        if len(lines) != len(labels) or not _are_labels(labels, lines):
            return None
        columns["text"] += lines
        columns["label"] += labels
        splits += [split_of(rest)] * len(lines)
    if all(splits) and len({*splits}) > 1:
        columns[SPLIT] = splits
    form = f"lines of {', '.join(used[:2])}, a label for each text" + (" and so on" if len(both) > 1 else "")
    return with_encoding_facts(used[0], Found(numbered(columns), form), [*texts.values()]), used


def _side_of(path: str) -> tuple[str, str] | None:
    """Return (what files that belong together have in common, "text" or "label"); None for another file."""
    file = member_path(path)
    if file.suffix.lower() not in (".txt", ".text"):
        return None
    words = re.findall(r"[^\W_]+", file.stem.lower())
    for place in dict.fromkeys((len(words) - 1, 0)) if words else ():
        rest = ".".join((str(file.parent), *(word for at, word in enumerate(words) if at != place)))
        if words[place] in _LABELS or words[place] in _TEXTS:
            return rest, "label" if words[place] in _LABELS else "text"
    return None


def _are_labels(labels: Sequence[str], texts: Sequence[str]) -> bool:
    """Say whether lines are short values that come again, and shorter than the texts that they stand beside."""
    short = all(labels) and max(map(len, labels), default=0) <= LONGEST_LABEL
    come_again = 1 < len({*labels}) < len(labels) and not any(" " in label for label in labels)
    few = 1 < len({*labels}) <= len(labels) // 4
    return short and (few or come_again) and sum(map(len, labels)) < sum(map(len, texts))
