"""Shapes of files with labels, tags and choices, in the forms that corpora and question banks have."""

from __future__ import annotations

import json
from typing import Any

from tests.data.schema_shapes import plain
from tests.data.shapes import Shape, asked, berths, lines, mood, rows

TAGS = "tokens → words, tags → one label per word"
WORDS = (("Ferry", "B-SHIP"), ("Ada", "I-SHIP"), ("left", "O"), ("Turku", "B-PORT"), (".", "O"))


def tagged(row: int, sign: str = "\t", end: str = "\n") -> str:
    """Return a sentence, a word with its tag each."""
    return "".join(f"{word}{sign}{tag}{end}" for word, tag in (*WORDS[: 2 + row % 3], WORDS[-1]))


def judged(row: int) -> dict[str, Any]:
    """Return a text with two judged parts."""
    parts = [{"term": "ferry", "polarity": mood(row)}, {"term": "pier", "polarity": mood(row + 1)}]
    return {"text": plain(row), "aspects": parts}


def intent(name: str) -> dict[str, Any]:
    """Return the utterances of an intent as Snips NLU has them."""
    slot = {"text": "Turku", "entity": "port", "slot_name": "to"}
    return {"utterances": [{"data": [{"text": f"{name} ferry {n} to "}, slot]} for n in range(6)]}


CORPORA: tuple[Shape, ...] = (
    Shape("words with tags between comments", "noted.txt",
          "## words below\n\n" + "\n".join(f"## sentence {n}\n{tagged(n)}" for n in range(12)), TAGS, 12),
    Shape("words with nested tags and a tab at the end", "nested.tsv",
          "\n".join("".join(f"{line}\tO\tO\t\n" for line in tagged(n).splitlines()) for n in range(12)), TAGS, 12),
    Shape("words and tags in cells, with an empty word between sentences", "cells.csv",
          "word,tag\n" + "".join(tagged(n, ",") + ",O\n" for n in range(12)), TAGS, 12),
    Shape("words and tags in rows without names, with the number of the sentence", "numbered.csv",
          "".join(f"{n},{line}\n" for n in range(12) for line in tagged(n, ",").splitlines()), TAGS, 12),
    Shape("a text and its words with tags behind a separator (E2E-TBSA, ASTE)", "behind.txt",
          "".join(f"{' '.join(part.split('=')[0] for part in tagged(n, '=', ' ').split())}####{tagged(n, '=', ' ')}\n"
                  for n in range(12)), TAGS, 12),
    Shape("entities marked in lines (OpenNLP, MUC)", "marked.txt",
          rows(lambda n: f"<START:ship> Ferry {n} <END> leaves <START:port> Turku <END> at nine ."), TAGS, 12),
    Shape("a table of words with several columns of tags (HIPE)", "entities.tsv",
          "TOKEN\tNE-COARSE-LIT\tNE-NESTED\tMISC\n# date = 1860\n" + "".join(
              "\t_\t\n".join(tagged(n).splitlines()) + "\t_\tEndOfSentence\n" for n in range(12)), TAGS, 12),
    Shape("texts with judged parts (SemEval)", "aspects.jsonl", lines(judged),
          "text + term → text, polarity → label", 12),
    Shape("a text, a part of it, and a label", "entities.csv",
          rows(lambda n: f"{plain(n)},{('ferry', 'pier')[n % 2]},{mood(n)}", 24, "sentence,entity,label"),
          "sentence + entity → text, label → label", 24),
    Shape("utterances of intents (Snips NLU)", "intents.json",
          json.dumps({"intents": {"book": intent("Book"), "ask": intent("When leaves")}, "entities": {"port": {}},
                      "language": "en"}),
          "text → text, intent → label", 12),
    Shape("intents and entities in a document (Watson Assistant)", "assistant.json",
          json.dumps({"intents": [{"intent": name, "examples": [{"text": f"{name} ferry {n}"} for n in range(6)]}
                                  for name in ("Book", "Ask")],
                      "entities": [{"entity": "port", "values": [{"type": "synonyms", "value": "Turku"}]},
                                   {"entity": "pier", "values": [{"type": "synonyms", "value": "north"}]}]}),
          "text → text, label → label", 12),
    Shape("texts with entities whose values are JSON (wit.ai)", "wit.json",
          json.dumps({"data": [{"text": f"Turku, ferry {n}", "entities": [
              {"entity": "port", "value": '"turku, FI"', "start": 0, "end": 5}]} for n in range(12)]}), TAGS, 12),
    Shape("texts with slots (PolyAI)", "slots.json",
          json.dumps([{"userInput": {"text": f"{n} at nine"}, "labels": [
              {"slot": "people", "valueSpan": {"endIndex": len(str(n))}}]} for n in range(12)]), TAGS, 12),
    Shape("questions of a quiz with signs", "trivia",
          "\n".join(f"#Q {asked(n)}\n^ {berths(n)[n % 4]}\n" + "".join(
              f"{letter} {each}\n" for letter, each in zip("ABCD", berths(n), strict=True)) for n in range(12)),
          "question → question, choices → choices, answer → correct choice", 12),
    Shape("lists per line, as Python prints them", "printed.txt", rows(lambda n: str([f"id-{n}", plain(n), n % 2]), 24),
          "column 2 → text, column 3 → label", 24),
    Shape("numbers of several classes with commas", "classes.tsv",
          rows(lambda n: f"{plain(n)}\t{('1', '1, 3', '8, 1, 2')[n % 3]}", 24),
          "column 1 → text, column 2 → several labels", 24),
    Shape("a number without a name, and ids of rows of which some are missing", "scores.txt",
          rows(lambda n: f"{n * n + 1}\t{(n * 7 % 10) / 3:.4f}\t{plain(n)}", 24),
          "column 3 → text, column 2 → number", 24),
)  # fmt: skip
"""What each is read as without a choice."""
