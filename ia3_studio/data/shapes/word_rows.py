"""How does a table with one word and its tag per row become sentences? Rows with one id are a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from ia3_studio.data.column_names import UNNAMED
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.shapes.shape import MOST, Collector, Recognized, Rows, Shape, is_blank
from ia3_studio.data.word_tags import STOPPED, is_tag, sentence_ends

WORD_NAMES = ("word", "token", "words", "tokens", "form", "wort", "mot", "palabra", "parola", "palavra", "woord",
              "słowo", "слово", "kelime", "slovo", "ord", "词", "词语", "単語", "단어")  # fmt: skip
TAG_NAMES = ("tag", "nertag", "ner", "label", "nerlabel", "entity", "bio", "iob", "tags", "nertags", "labels", "pos",
             "etikett", "étiquette", "etiqueta", "etichetta", "etykieta", "тег", "метка", "etiket", "štítek", "标签",
             "标注", "ラベル", "태그", "레이블")  # fmt: skip
SENTENCE_NAMES = (
    "sentence", "sentenceid", "sentid", "sentenceno", "sentencenumber", "sentenceidx", "sent", "sid", "docid", "doc",
    "documentid", "document", "id", "lineid", "example", "exampleid", "textid",
    "satz", "satzid", "satznr", "phrase", "phraseid", "idphrase", "oración", "oracion", "idoración", "idoracion",
    "frase", "fraseid", "idfrase", "zin", "zinid", "zdanie", "zdanieid", "предложение", "предложениеid",
    "idпредложения", "cümle", "cümleid", "věta", "větaid", "mening", "meningid", "句子", "句子id", "文id", "문장id",
)  # fmt: skip
"""Columns that say to which sentence a word belongs; an empty cell continues the one above."""
TOKENS, TAGS = "tokens", "tags"
_LONGEST_WORD = 60


def _columns_of(rows: Rows) -> tuple[str, str]:
    """Return the columns of words and of tags; empty where there are none."""
    word = next((name for name in rows.named(WORD_NAMES) if _mostly(rows, name, _is_word)), "")
    tags = rows.named(TAG_NAMES)
    tag = next((name for name in tags if _mostly(rows, name, is_tag)), "")
    if not word and all(map(UNNAMED.fullmatch, rows.columns)):
        return _unnamed_columns(rows)
    if word and not tag and _are_counted(rows):  # marks such as a comma or a period
        tag = next((name for name in tags if _mostly(rows, name, _is_short) and _are_few(rows, name)), "")
    if tag and not word and "O" in _kinds(rows, tag):
        others = [name for name in rows.columns if name != tag]
        word = others[0] if len(others) == 1 and _mostly(rows, others[0], _is_word) else ""
    return word, tag


def _unnamed_columns(rows: Rows) -> tuple[str, str]:
    """Return the columns of words and of tags where none has a name, but one counts the sentences; else none."""
    tags = [name for name in rows.columns if _mostly(rows, name, is_tag) and "O" in _kinds(rows, name)]
    words = [name for name in rows.columns if name not in tags and _mostly(rows, name, _is_word)]
    words = [name for name in words if not _mostly(rows, name, _is_number)]
    is_told = len(tags) == len(words) == 1 and len(_kinds(rows, tags[0])) > 1 and bool(_sentence_column(rows))
    return (words[0], tags[0]) if is_told else ("", "")


def _kinds(rows: Rows, name: str) -> set[str]:
    return {str(cell).strip() for cell in rows.sample(name) if not is_blank(cell)}


def _is_number(cell: Any) -> bool:
    return whole_number(str(cell)) is not None


def _counts_on(numbers: Sequence[str]) -> bool:
    """Say whether whole numbers stay or rise, and mostly stay, as those of the sentences of words do."""
    counted = [whole_number(each) for each in numbers]
    steps = [other - one for one, other in pairwise(counted) if one is not None and other is not None]
    return (
        len(steps) == len(numbers) - 1 and min(steps, default=-1) == 0 < max(steps) and 2 * steps.count(0) > len(steps)
    )


def _is_short(cell: Any) -> bool:
    return isinstance(cell, str) and len(cell) <= _LONGEST_MARK and len(cell.split()) == 1


def _are_few(rows: Rows, name: str) -> bool:
    """Say whether a column has few different values for so many cells."""
    cells = [str(cell) for cell in rows.sample(name)]
    return 1 < len(set(cells)) <= len(cells) // 4


_LONGEST_MARK = 12


def _mostly(rows: Rows, name: str, holds: Callable[[Any], bool]) -> bool:
    """Say whether nearly all cells that are filled fulfill a condition: empty ones may stand between sentences."""
    cells = [cell for cell in rows.sample(name) if not is_blank(cell)]
    return bool(cells) and sum(map(holds, cells)) >= MOST * len(cells)


def _is_word(cell: Any) -> bool:
    text = str(cell).strip()
    return isinstance(cell, str | int | float) and 0 < len(text) <= _LONGEST_WORD and len(text.split()) == 1


def _has_words(rows: Rows) -> bool:
    word, tag = _columns_of(rows)
    if word and tag:
        return any(str(cell).strip() == "O" for cell in rows.sample(tag)) or _are_counted(rows)
    return False


def _are_counted(rows: Rows) -> bool:
    """Say whether a column is called after the number of a sentence, and holds the same one for words that follow."""
    name = rows.find(("sentenceid", "sentid", "sentenceno", "sentencenumber", "sentenceidx"))
    numbers = [str(cell) for cell in rows.sample(name)] if name else []
    follow = sum(one == other for one, other in pairwise(numbers))
    return 2 * follow > len(numbers) > 0


def _sentence_column(rows: Rows) -> str:
    """Return the column of the ids of sentences: one that is empty in many rows, or repeats."""
    if all(map(UNNAMED.fullmatch, rows.columns)):
        return next((name for name in rows.columns if _counts_on([str(cell) for cell in rows.sample(name)])), "")
    for name in rows.named(SENTENCE_NAMES):
        cells = [str(cell).strip() for cell in rows.sample(name) if not is_blank(cell)]
        seen = len(rows.deciding.iloc[: len(rows.sample(name))])
        if cells and (len(set(cells)) < len(cells) or 2 * len(cells) < seen):
            return name
        if cells and len(cells) < min(len(rows.deciding), 100):
            return name
    return next((name for name in rows.columns if _counts_on([str(cell) for cell in rows.sample(name)])), "")


def _read_words(rows: Rows) -> Recognized:
    word, tag = _columns_of(rows)
    sentence = _sentence_column(rows)
    form = "one word per row"
    groups: list[_Group] = _between_gaps(rows, word, tag) if not sentence else []
    end = "Empty rows end sentences."
    if not sentence and len(groups) < 2:
        groups, end = _between_stops(groups, word), STOPPED
    if not sentence and not groups:
        return Recognized(
            rows.frame, form,
            undecided="The rows are words with tags, and nothing says where a sentence ends; add a column sentence_id, "
            "or give a CoNLL file with an empty line after each sentence.",
        )  # fmt: skip
    found = Collector()
    last = ""
    for row, record in rows.records() if sentence else ():
        name = last if is_blank(record.get(sentence)) else str(record[sentence]).strip()
        if not name:
            found.leave_out(row, f"the id of its sentence ({sentence}) is empty")
            continue
        if not groups or name != last:
            groups.append((row, []))
        last = name
        groups[-1][1].append({**record, "\0row": row})
    for row, words in groups:
        _use(found, row, words, word, tag)
    others = [name for name in rows.columns if name not in (word, tag, sentence)]
    for name in others:
        found.unused[name] += sum(not is_blank(each.get(name)) for _row, words in groups for each in words)
    if not sentence:
        notes: tuple[str, ...] = (end,)
        return found.recognized(
            f"{form}, {len(groups):,} sentences", Mapping("tags", column=TOKENS, answer=TAGS), notes
        )
    notes = (f"Words with the same {sentence} are one sentence; {word} is the word and {tag} its tag.",)
    return found.recognized(f"{form}, {len(groups):,} sentences", Mapping("tags", column=TOKENS, answer=TAGS), notes)


_Group: TypeAlias = tuple[int, list[dict[str, Any]]]
"""The first row of a sentence, and the cells of its rows."""


def _between_gaps(rows: Rows, word: str, tag: str) -> list[_Group]:
    """Return the words between rows that have neither a word nor a tag."""
    groups: list[_Group] = []
    is_begun = False
    for row, record in rows.records():
        if is_blank(record.get(word)) and is_blank(record.get(tag)):
            is_begun = False
            continue
        if not is_begun:
            groups.append((row, []))
        is_begun = True
        groups[-1][1].append({**record, "\0row": row})
    return groups


def _between_stops(groups: Sequence[_Group], word: str) -> list[_Group]:
    """Return sentences that end with a mark which is a word of its own; none where these are too few, or the same."""
    records = [each for _row, words in groups for each in words]
    ends = sentence_ends([str(record.get(word)) for record in records])
    return [(records[begin]["\0row"], records[begin:end]) for begin, end in pairwise([0, *ends] if ends else [])]


def _use(found: Collector, row: int, words: Sequence[dict[str, Any]], word: str, tag: str) -> None:
    """Add a sentence, or leave it out where a word or a tag of it is missing."""
    gap = next((each["\0row"] for each in words if is_blank(each.get(word)) or is_blank(each.get(tag))), None)
    if gap is not None:
        found.leave_out(row, f"row {gap} of the sentence has no word ({word}) or no tag ({tag})")
        return
    found.use(row, {TOKENS: [str(each[word]) for each in words], TAGS: [str(each[tag]).strip() for each in words]})


SHAPES = (Shape("one word per row", _has_words, _read_words, by_row=False),)
