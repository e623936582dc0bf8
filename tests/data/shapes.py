"""One small file for each shape of data that is read: the tests read them, and docs/data.md lists them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

Content = str | bytes | Mapping[str, str]
"""A file's text or bytes, or the texts of several files by their name."""


@dataclass(frozen=True)
class Shape:
    """A kind of file, an example of it, and what it is read as."""

    what: str
    """For the table in the documentation."""
    name: str
    """Of the file, or of a folder of several files."""
    content: Content
    mapping: str
    """What its columns are read as."""
    rows: int
    """Rows that are used."""
    listed: int = 0
    """Rows that are listed as skipped."""

    def write(self, folder: Path) -> Path:
        """Write the example into a folder; return its path."""
        path = folder / self.name
        if isinstance(self.content, Mapping):
            for name, text in self.content.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_text(text, encoding="utf-8")
        elif isinstance(self.content, bytes):
            path.write_bytes(self.content)
        else:
            path.write_text(self.content, encoding="utf-8")
        return path


def lines(record: Callable[[int], Any], count: int = 12) -> str:
    """Return JSON Lines of so many records."""
    return "".join(json.dumps(record(row), ensure_ascii=False) + "\n" for row in range(count))


def rows(record: Callable[[int], str], count: int = 12, header: str = "") -> str:
    """Return a header and so many lines."""
    return (f"{header}\n" if header else "") + "".join(f"{record(row)}\n" for row in range(count))


def asked(row: int) -> str:
    """Return a question."""
    return f"When does ferry number {row} leave the north pier?"


def said(row: int) -> str:
    """Return its answer."""
    return f"At {row + 6}:15 in the morning, from berth {row}."


def mood(row: int) -> str:
    """Return a label."""
    return ("calm", "storm", "fog")[row % 3]


def letter(row: int) -> str:
    """Return the letter of the right choice."""
    return "ABCD"[row % 4]


def berths(row: int) -> list[str]:
    """Return four choices."""
    return [f"berth {row + place}" for place in range(4)]


def workbook(**sheets: list[list[Any]]) -> bytes:
    """Return a workbook with the cells of its sheets."""
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer) as book:
        for name, cells in sheets.items():
            pd.DataFrame(cells).to_excel(book, sheet_name=name, index=False, header=False)
    return buffer.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


PAIRS = "prompt → prompt, answer → answer"
SQUAD = "question + context → prompt, answers.text[0] → answer"
CONLL = "".join(f"Ferry{row}\tNNP\tB-ORG\nleaves\tVBZ\tO\nTurku\tNNP\tB-LOC\n\n" for row in range(12))

SHAPES = (
    Shape(
        "prompt and answer columns",
        "pairs.csv",
        rows(lambda n: f"{asked(n)},{said(n)!r}", header="prompt,answer").replace("'", '"'),
        PAIRS,
        12,
    ),
    Shape(
        "an instruction with an optional input",
        "alpaca.json",
        json.dumps([{"instruction": asked(n), "input": "", "output": said(n)} for n in range(12)]),
        "instruction + input → prompt, output → answer",
        12,
    ),
    Shape(
        "a text and its summary",
        "summaries.jsonl",
        lines(lambda n: {"id": n, "document": asked(n) * 4, "summary": said(n)}),
        "document → prompt, summary → answer",
        12,
    ),
    Shape(
        "two languages in one column",
        "translation.jsonl",
        lines(lambda n: {"translation": {"en": asked(n), "de": said(n)}}),
        "translation.en → prompt, translation.de → answer",
        12,
    ),
    Shape(
        "questions with answers in an object",
        "squad.jsonl",
        lines(
            lambda n: {
                "id": str(n),
                "context": f"Ferry {n} leaves early.",
                "question": asked(n),
                "answers": {"text": [said(n)], "answer_start": [0]},
            }
        ),
        SQUAD,
        12,
    ),
    Shape(
        "SQuAD articles",
        "squad.json",
        json.dumps(
            {
                "version": "1",
                "data": [
                    {
                        "title": "Ferries",
                        "paragraphs": [
                            {
                                "context": f"Ferry {n} leaves early.",
                                "qas": [
                                    {
                                        "id": str(n),
                                        "question": asked(n),
                                        "answers": [{"text": said(n), "answer_start": 0}],
                                    }
                                ],
                            }
                            for n in range(12)
                        ],
                    }
                ],
            }
        ),
        "question + context → prompt, answers[0].text → answer",
        12,
    ),
    Shape(
        "a text and a label of any name",
        "tweets.csv",
        rows(
            lambda n: f"{1000 + n},{mood(n)},{0.5 + n / 100},A long remark about the sea number {n}",
            header="tweet_id,airline_sentiment,airline_sentiment_confidence,text",
        ),
        "text → text, airline_sentiment → label",
        12,
    ),
    Shape(
        "two texts and a label",
        "pairs_of_texts.csv",
        rows(
            lambda n: f"{n},{asked(n)},{said(n).replace(',', '')},{n % 2}",
            16,
            header="id,question1,question2,is_duplicate",
        ),
        "question1 + question2 → text, is_duplicate → label",
        16,
    ),
    Shape(
        "several labels in one cell",
        "emotions.csv",
        rows(
            lambda n: f"A remark about the sea number {n},{('joy;hope', 'joy', 'fear', 'hope;fear')[n % 4]}",
            header="text,labels",
        ),
        "text → text, labels → several labels",
        12,
    ),
    Shape(
        "one column of 0 and 1 per label",
        "flags.csv",
        rows(
            lambda n: f"A remark about the sea number {n},{n % 2},{n // 2 % 2},{n // 4 % 2}",
            header="comment_text,toxic,rude,threat",
        ),
        "comment_text → text, toxic, rude, threat → several labels",
        12,
    ),
    Shape(
        "a text and a measurement, also with a decimal comma",
        "scores.csv",
        rows(lambda n: f"A remark about the sea number {n};{n},{n}5", header="text;label"),
        "text → text, label → number (decimal comma)",
        12,
    ),
    Shape("class names of datasets in Parquet", "named.parquet", b"", "text → text, label → label", 12),
    Shape(
        "an index column that pandas keeps",
        "indexed.parquet",
        parquet(
            pd.DataFrame({"prompt": [asked(n) for n in range(12)], "answer": [said(n) for n in range(12)]}).set_index(
                "prompt"
            )
        ),
        "prompt → prompt, answer → answer",
        12,
    ),
    Shape(
        "questions with a column per choice",
        "exam.csv",
        rows(lambda n: f"{asked(n)},{','.join(berths(n))},{letter(n)}", header="question,A,B,C,D,answer"),
        "question → question, A, B, C, D → choices, answer → correct choice",
        12,
    ),
    Shape(
        "the same without a header",
        "mmlu.csv",
        rows(lambda n: f"{asked(n)},{','.join(berths(n))},{letter(n)}"),
        "column 1 → question, column 2, column 3, column 4, column 5 → choices, column 6 → correct choice",
        12,
    ),
    Shape(
        "choices with labels in an object",
        "arc.jsonl",
        lines(
            lambda n: {
                "question": asked(n),
                "choices": {"text": berths(n), "label": list("1234")},
                "answerKey": str(n % 4 + 1),
            }
        ),
        "question → question, choices → choices, answerKey → correct choice",
        12,
    ),
    Shape(
        "an article, a question and a list of choices",
        "race.jsonl",
        lines(lambda n: {"article": said(n) * 3, "question": asked(n), "options": berths(n), "answer": letter(n)}),
        "article + question → question, options → choices, answer → correct choice",
        12,
    ),
    Shape(
        "choices by letter in JSON text",
        "letters.csv",
        pd.DataFrame(
            {
                "question": [asked(n) for n in range(12)],
                "options": [json.dumps(dict(zip("ABCD", berths(n), strict=True))) for n in range(12)],
                "answer_idx": [letter(n) for n in range(12)],
            }
        ).to_csv(index=False),
        "question → question, options → choices, answer_idx → correct choice",
        12,
    ),
    Shape(
        "a right answer and distractors",
        "sciq.jsonl",
        lines(
            lambda n: {
                "question": asked(n),
                "distractor1": "noon",
                "distractor2": "dusk",
                "distractor3": "dawn",
                "correct_answer": said(n),
            }
        ),
        "question → question, distractor1, distractor2, distractor3, correct_answer → choices,"
        " correct_answer → correct choice",
        12,
    ),
    Shape(
        "words with tags, one per line (CoNLL, IOB, BIO)",
        "words.conll",
        CONLL,
        "tokens → words, tags → one label per word",
        12,
    ),
    Shape(
        "words with tags in lists",
        "words.jsonl",
        lines(lambda n: {"tokens": ["Ferry", str(n)], "ner_tags": ["B", "O"]}),
        "tokens → words, ner_tags → one label per word",
        12,
    ),
    Shape(
        "lists printed by numpy in a cell",
        "numpy.csv",
        rows(lambda n: f"['Ferry{n}' 'Turku'],['B-ORG' 'B-LOC'],{n}", header="tokens,ner_tags,id"),
        "tokens → words, ner_tags → one label per word",
        12,
    ),
    Shape(
        "a header below title rows",
        "titles.csv",
        "Harbor office\nReport of May,\n\n" + rows(lambda n: f"{n},{asked(n)},{mood(n)}", header="No.,Question,Mood"),
        "Question → text, Mood → label",
        12,
    ),
    Shape(
        "a header of long questions",
        "form.csv",
        rows(
            lambda n: f"2026-05-{n + 10},The office in town number {n} is open,{('Very', 'Not at all')[n % 2]}",
            header="Timestamp,In your own words: what should the office of the harbor change first?,"
            "How satisfied are you?",
        ),
        "In your own words: what should the office of the harbor change first? → text, How satisfied are you? → label",
        12,
    ),
    Shape(
        "a first line that gives the delimiter",
        "hint.csv",
        "sep=;\n" + rows(lambda n: f"{asked(n)};{said(n)}", header="prompt;answer"),
        PAIRS,
        12,
    ),
    Shape(
        "cells in apostrophes",
        "apostrophes.csv",
        rows(lambda n: f"'{asked(n)}','{said(n)}'", header="'prompt','answer'"),
        PAIRS,
        12,
    ),
    Shape(
        "row numbers without a name",
        "numbers.csv",
        rows(lambda n: f"{n},{asked(n)},{mood(n)}", header=",text,label"),
        "text → text, label → label",
        12,
    ),
    Shape(
        "words such as NA, None and null",
        "na.csv",
        rows(lambda n: f"{asked(n)},{('NA', 'None', 'null')[n % 3]}", header="text,label"),
        "text → text, label → label",
        12,
    ),
    Shape(
        "a workbook with title rows and a second sheet",
        "book.xlsx",
        workbook(
            FAQ=[
                ["Harbor office", None],
                [None, None],
                ["Question", "Answer"],
                *([asked(n), said(n)] for n in range(12)),
            ],
            About=[["Made in May"]],
        ),
        "Question → prompt, Answer → answer",
        12,
    ),
    Shape(
        "objects over several lines, one after the other",
        "stream.jsonl",
        "".join(json.dumps({"prompt": asked(n), "answer": said(n)}, indent=2) + "\n" for n in range(12)),
        PAIRS,
        12,
    ),
    Shape(
        "Python literals, one per line",
        "python.jsonl",
        rows(lambda n: str({"prompt": asked(n), "answer": said(n)})),
        PAIRS,
        12,
    ),
    Shape(
        "an object of columns",
        "columns.json",
        json.dumps({"prompt": [asked(n) for n in range(12)], "answer": [said(n) for n in range(12)]}),
        PAIRS,
        12,
    ),
    Shape(
        "an object of rows",
        "keyed.json",
        json.dumps({f"q{n}": {"prompt": asked(n), "answer": said(n)} for n in range(12)}),
        PAIRS,
        12,
    ),
    Shape(
        "columns and data apart",
        "split.json",
        json.dumps({"columns": ["prompt", "answer"], "data": [[asked(n), said(n)] for n in range(12)]}),
        PAIRS,
        12,
    ),
    Shape(
        "rows of the Hub's data server",
        "server.json",
        json.dumps({"rows": [{"row_idx": n, "row": {"prompt": asked(n), "answer": said(n)}} for n in range(12)]}),
        PAIRS,
        12,
    ),
    Shape(
        "a Markdown table",
        "table.md",
        "# Times\n\n| prompt | answer |\n|---|---|\n" + rows(lambda n: f"| {asked(n)} | {said(n)} |"),
        PAIRS,
        12,
    ),
    Shape(
        "an HTML table",
        "table.html",
        "<p>Times</p><table><tr><th>prompt<th>answer</tr>"
        + rows(lambda n: f"<tr><td>{asked(n)}</td><td>{said(n)}</td></tr>")
        + "</table>",
        PAIRS,
        12,
    ),
    Shape(
        "files named by split",
        "splits",
        {
            "train.csv": rows(lambda n: f"{asked(n)},{said(n).replace(',', '')}", header="prompt,answer"),
            "test.csv": rows(lambda n: f"{asked(n + 50)},{said(n).replace(',', '')}", 4, header="prompt,answer"),
            "README.md": "About",
        },
        PAIRS,
        16,
    ),
    Shape(
        "files with the same columns",
        "years",
        {
            f"{year}.csv": rows(lambda n, year=year: f"{asked(n + year)},{mood(n)}", 6, header="text,label")
            for year in (2024, 2025)
        },  # type: ignore[misc]
        "text → text, label → label",
        12,
    ),
    Shape(
        "parallel texts",
        "parallel",
        {"all.tgt": rows(said), "all.src": rows(asked)},
        "source → prompt, target → answer",
        12,
    ),
    Shape(
        "one folder of texts per class",
        "classes",
        {f"{mood(n)}/{n}.txt": asked(n) for n in range(12)},
        "text → text, label → label",
        12,
    ),
)
