"""Files whose rows stand in trees, turns, comparisons or several tables: the tests read them, the docs list them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, mood, rows, said, workbook

CLASSES, TAGS = "text → text, label → label", "tokens → words, tags → one label per word"
PARALLEL, TALKS = "source → prompt, target → answer", "messages → conversation"
COMPARED = "prompt → prompt, chosen → chosen answer, rejected → rejected answer"


def tree(row: int) -> dict[str, Any]:
    """Return a message whose answers stand in it."""
    answers = [{"role": "assistant", "text": said(row), "children": []}, {"role": "assistant", "text": "No."}]
    return {"id": row, "role": "user", "text": asked(row), "children": answers}


def ranked(row: int) -> dict[str, Any]:
    """Return a record of Argilla whose response names the better of two answers."""
    response = {"values": {"better": {"value": ("first", "second")[row % 2]}}, "status": "submitted"}
    return {"fields": {"prompt": asked(row), "first": said(row), "second": "No."}, "responses": [response]}


def article(row: int) -> dict[str, Any]:
    """Return an article of SQuAD."""
    questions = [{"id": f"q{row}", "question": asked(row), "answers": [{"text": f"berth {row}", "answer_start": 1}]}]
    return {"title": f"Pier {row}", "paragraphs": [{"context": said(row), "qas": questions}]}


STRUCTURES = (
    Shape(
        "messages with the answers inside them",
        "trees.jsonl",
        lines(tree),
        TALKS,
        12,
    ),
    Shape(
        "one turn per row, with an id of any name",
        "turns.csv",
        rows(
            lambda n: f'H-{n // 2},{("customer", "agent")[n % 2]},"{(asked, said)[n % 2](n)}"',
            24,
            "Hafenvorgang,author_role,comment",
        ),
        TALKS,
        12,
    ),
    Shape(
        "rows that fill the column of the user or that of the bot",
        "halves.csv",
        rows(
            lambda n: f"{n // 2},{asked(n)}," if n % 2 == 0 else f'{n // 2},,"{said(n)}"',
            24,
            "chat_id,user_msg,bot_msg",
        ),
        TALKS,
        12,
    ),
    Shape(
        "a history of texts by turns",
        "history.jsonl",
        lines(lambda n: {"history": ["Hello?", "Ahoy."], "prompt": asked(n), "response": said(n)}),
        TALKS,
        12,
    ),
    Shape(
        "turns of parts",
        "parts.jsonl",
        lines(
            lambda n: {
                "messages": [
                    {"role": "user", "parts": [{"text": asked(n)}]},
                    {"role": "model", "parts": [{"text": said(n)}]},
                ]
            }
        ),
        TALKS,
        12,
    ),
    Shape(
        "roles between the marks of a template",
        "marks.jsonl",
        lines(
            lambda n: {
                "messages": [
                    {"role": "<|user|>", "content": asked(n)},
                    {"role": "Assistant:", "content": said(n)},
                ]
            }
        ),
        TALKS,
        12,
    ),
    Shape(
        "two answers, and which is better as A > B",
        "versus.jsonl",
        lines(
            lambda n: {
                "prompt": asked(n),
                "assistant_a": said(n),
                "assistant_b": "No.",
                "verdict": ("A > B", "B>>A")[n % 2],
            }
        ),
        COMPARED,
        12,
    ),
    Shape(
        "answers with votes in another language",
        "votes.csv",
        rows(lambda n: f'{asked(n)};"{said(n)}";{("ja", "nein")[n % 2]}', header="Frage;Antwort;Hilfreich"),
        "Frage → prompt, Antwort → answer, Hilfreich → desirable or not",
        12,
    ),
    Shape(
        "Argilla, two answers of which a response names the better one",
        "ranked.jsonl",
        lines(ranked),
        COMPARED,
        12,
    ),
    Shape(
        "a list of SQuAD articles",
        "articles.json",
        json.dumps([article(n) for n in range(12)]),
        "question + context → prompt, answers[0].text → answer",
        12,
    ),
    Shape(
        "sentences as lists of words with tags",
        "pairs.json",
        json.dumps([[[f"Ferry{n}", "B-SHIP"], ["leaves", "O"], ["early", "O"]] for n in range(12)]),
        TAGS,
        12,
    ),
    Shape(
        "a sentence per line, a tag after each word",
        "marked.txt",
        rows(lambda n: f"Ferry{n}/B-SHIP leaves/O early/O"),
        TAGS,
        12,
    ),
    Shape(
        "files whose columns differ in case",
        "years",
        {
            "2021.csv": rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label"),
            "2022.csv": rows(lambda n: f"{said(n).replace(',', '')},{mood(n)}", header="Text,Label"),
        },
        CLASSES,
        24,
    ),
    Shape(
        "noisy texts and clean ones",
        "noise",
        {"train.noisy": rows(asked), "train.clean": rows(said)},
        PARALLEL,
        12,
    ),
    Shape(
        "parallel texts with a side in their names and a language as their ending",
        "news",
        {"newstest-ref.de": rows(said), "newstest-src.en": rows(asked)},
        PARALLEL,
        12,
    ),
    Shape(
        "a sheet for each class",
        "classes.xlsx",
        workbook(calm=[["note"], *([asked(n)] for n in range(6))], storm=[["note"], *([said(n)] for n in range(6))]),
        "note → text, origin → label",
        12,
    ),
    Shape(
        "sheets with the same columns, and one that explains them",
        "legend.xlsx",
        workbook(
            DE=[["text", "label"], *([asked(n), mood(n)] for n in range(6))],
            EN=[["text", "label"], *([said(n), mood(n)] for n in range(6))],
            Legend=[["mood", "meaning"], ["calm", "no wind"]],
        ),
        CLASSES,
        12,
    ),
    Shape(
        "a total below the rows",
        "total.csv",
        rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label") + "\nTotal,12\nSource: the harbor office,\n",
        CLASSES,
        12,
    ),
    Shape(
        "a workbook with notes below its rows",
        "notes.xlsx",
        workbook(
            A=[
                ["text", "label"],
                *([asked(n), mood(n)] for n in range(12)),
                [None, None],
                ["Total", 12],
                ["As of May", None],
            ]
        ),
        CLASSES,
        12,
    ),
    Shape(
        "Markdown tables of the same header",
        "tables.md",
        "\n".join(
            f"## Pier {part}\n\n| prompt | answer |\n| --- | --- |\n"
            + "".join(f"| {asked(n)} | {said(n)} |\n" for n in range(6 * part, 6 * part + 6))
            for part in (0, 1)
        ),
        "prompt → prompt, answer → answer",
        12,
    ),
    Shape(
        "an HTML table below a title in it",
        "title.html",
        "<table><tr><td colspan='2'>Letters of May</td></tr><tr><td>text</td><td>label</td></tr>"
        + "".join(f"<tr><td>{asked(n)}</td><td>{mood(n)}</td></tr>" for n in range(12))
        + "</table>",
        CLASSES,
        12,
    ),
)
