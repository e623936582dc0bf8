"""Shapes of the data sets with labels that are downloaded most, in the forms in which they are distributed."""

from __future__ import annotations

import json

from tests.data.label_shapes import TAGS
from tests.data.schema_shapes import plain
from tests.data.shapes import Shape, asked, berths, lines, mood, rows, said

LABELS = "text → text, label → label"


def page(row: int) -> dict[str, object]:
    """Return a row as the Hub's server gives it."""
    return {"row_idx": row, "row": {"text": plain(row), "label": row % 2}, "truncated_cells": []}


def abstract(row: int) -> str:
    """Return a title, an abstract and their entities as PubTator has them."""
    return f"{row}|t|Ferry {row}\n{row}|a|It left Turku.\n{row}\t0\t5\tFerry\tShip\tD1\n{row}\tCID\tD1\tD2\n\n"


def article(row: int) -> str:
    """Return an article with two questions as RACE has it."""
    return json.dumps({"article": plain(row) * 2, "questions": [asked(row), asked(row + 40)], "answers": ["A", "C"],
                       "options": [berths(row), berths(row + 1)], "id": f"{row}.txt"})  # fmt: skip


CHOOSING = "goal → question, sol1, sol2 → choices, label → correct choice"
POPULAR: tuple[Shape, ...] = (
    Shape("rows of the Hub's data server with class names", "page.json",
          json.dumps({"features": [{"feature_idx": 1, "name": "label",
                                    "type": {"names": ["calm", "storm"], "_type": "ClassLabel"}}],
                      "rows": [page(n) for n in range(12)], "num_rows_total": 1200}),
          LABELS, 12),
    Shape("choices in a table for each split, the right ones in texts of their own", "splits",
          {f"{split}{end}": text(first)
           for split, first in (("train", 0), ("dev", 20))
           for end, text in (
               (".jsonl", lambda first: lines(lambda n: {"goal": asked(first + n), "sol1": said(n), "sol2": plain(n)})),
               ("-labels.lst", lambda _first: rows(lambda n: str(n % 2))))},
          CHOOSING, 24),
    Shape("several questions with choices on one text, an object per file (RACE)", "race",
          {f"{split}/high/{n}.txt": article(n) for split, first in (("train", 0), ("test", 20))
           for n in range(first, first + 6)},
          "article + question → question, options → choices, answer → correct choice", 12),
    Shape("titles and abstracts with entities (PubTator)", "entities.PubTator.txt",
          "".join(map(abstract, range(12))), TAGS, 12),
    Shape("trees of words with a class for each part", "trees.txt",
          rows(lambda n: f"({n % 3} (2 Ferry) ({n % 2} (2 left) (1 at {n})))"), LABELS, 12),
    Shape("lines with a class behind each, in files for how many people agreed", "agreed",
          {f"Sentences_{share}.txt": rows(lambda n: f"{plain(n)} @{mood(n)}", count)
           for share, count in (("50Agree", 24), ("AllAgree", 15))},
          LABELS, 39),
    Shape("phrases that are compared, of which some come again", "phrases.csv",
          rows(lambda n: f"{n:04x},{('north pier', 'south pier')[n // 12]},berth {n} of it,{n % 5 / 4}", 24,
               "id,anchor,target,score"),
          "anchor + target → text, score → number", 24),
    Shape("two sentences with a label, and the question that they were made of", "made.jsonl",
          lines(lambda n: {"gold_label": ("entailment", "neutral")[n % 2], "sentence1": plain(n), "sentence2": said(n),
                           "answer": f"berth {n}", "question": asked(n)}),
          "sentence1 + sentence2 → text, gold_label → label", 12),
    Shape("questions on a text that are answered by true or false", "verdicts.jsonl",
          lines(lambda n: {"question": asked(n), "title": f"Ferry {n}", "answer": n % 3 == 0, "passage": plain(n) * 3}),
          "question + passage → text, answer → label", 12),
    Shape("sentences that follow from others, and some that do not", "negatives.csv",
          rows(lambda n: f"{plain(n)},{said(n).replace(',', '')},{asked(n)}", header="sent0,sent1,hard_neg"),
          "sent0 → prompt, sent1 → answer", 12),
    Shape("a topic, the title of a question and its best answer", "questions.jsonl",
          lines(lambda n: {"id": n, "topic": mood(n), "question_title": asked(n), "question_content": "",
                           "best_answer": said(n)}, 24),
          "question_title → prompt, best_answer → answer", 24),
    Shape("a sentence with its parts of speech and its tags, all in lists", "speech.csv",
          rows(lambda n: f"""Ferry Ada left {n},"['NN', 'NNP', 'VB', 'CD']","['O', 'B-SHIP', 'O', 'O']\"""",
               header="Sentence,POS,Tag"),
          "Sentence → words, Tag → one label per word", 12),
    Shape("entities that were tagged, with what they are called", "examples.json",
          json.dumps({"examples": [{"id": f"{n:x}", "content": f"Ferry {n} left.", "annotations": [
              {"id": f"{n:x}a", "end": 5, "start": 0, "tag_name": "Ship", "value": "Ferry"}]} for n in range(12)]}),
          TAGS, 12),
    Shape("numbers of one class or two", "classes.tsv",
          rows(lambda n: f"{plain(n)}\t{(n * 7) % 20}{f',{(n * 3 + 1) % 20}' if n % 5 == 0 else ''}\t{n:06x}", 120),
          "column 1 → text, column 2 → several labels", 120),
)  # fmt: skip
"""What each is read as without a choice."""
