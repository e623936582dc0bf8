"""More shapes of files that stand in public repositories: choices that are marked, second texts, marks for words."""

from __future__ import annotations

from typing import Any

from tests.data.public_shapes import CHOICES
from tests.data.shapes import Shape, asked, berths, lines, mood, rows, said
from tests.data.table_shapes import TAGS


def flagged(row: int) -> dict[str, Any]:
    """Return a question in Spanish whose answers say whether they are right."""
    answers = [{"texto": text, "correcta": n == row % 4, "nota": said(row)} for n, text in enumerate(berths(row))]
    return {"pregunta": asked(row), "respuestas": answers}


def scored(row: int) -> dict[str, Any]:
    """Return a question with points for each of its choices."""
    return {"input": asked(row), "target_scores": {text: int(n == row % 4) for n, text in enumerate(berths(row))}}


def analogy(row: int) -> dict[str, Any]:
    """Return two words, and pairs of words of which one is as they are."""
    pairs = [["ferry", f"pier {row}"], ["train", f"track {row}"], ["plane", f"gate {row}"]]
    return {"stem": ["bus", f"stop {row}"], "choice": pairs, "answer": row % 3}


def statements(row: int) -> dict[str, Any]:
    """Return one of four statements on a review, true or false, and why."""
    return {
        "review_text": f"The crossing with ferry {row // 4} was rough, and the coffee cold by the time we sat.",
        "statement": f"The reviewer of row {row} liked it, or so it seems.",
        "justification": f"The reviewer wrote so in row {row}.",
        "label": ("true", "false", "not-given")[row % 3],
    }


def _punctuated(row: int) -> str:
    words = ("when", "does", f"ferry{row}", "leave", "from", "the", "pier", "today")
    marks = ("B", "B", "B", "B", "-", ",", "-", "?")
    return "".join(f"{word}\t{mark}\t{row}\n" for word, mark in zip(words, marks, strict=True))


REPOSITORY: tuple[Shape, ...] = (
    Shape("answers that say whether they are right, in any language", "qa.json", lines(flagged, 12),
          CHOICES.replace("question →", "pregunta →"), 12),
    Shape("points for each choice (BIG-bench)", "task.jsonl", lines(scored, 12),
          CHOICES.replace("question →", "input →"), 12),
    Shape("choices of several words each", "analogies.jsonl", lines(analogy, 12),
          "stem → question, choice → choices, answer → correct choice", 12),
    Shape("several statements on one text", "statements.jsonl", lines(statements, 24),
          "review_text + statement → text, label → label", 24),
    Shape("a sentence and what it is judged for", "aspects.csv",
          rows(lambda n: f"{n},{asked(n)},{('crew', 'food', 'view')[n % 3]},{mood(n)}", 24,
               header="id,Sentence,Aspect Term,polarity"),
          "Sentence + Aspect Term → text, polarity → label", 24),
    Shape("words with marks, by the numbers of their sentences", "marks.tsv",
          "words\tlabels\tsentence_id\n" + "".join(map(_punctuated, range(12))), TAGS, 12),
    Shape("a list of keywords without quotes at the end of rows", "faq.csv",
          rows(lambda n: f'{asked(n)},"{said(n)}",pier,ferry {n},bell{",fog" * (n % 3)}', 12,
               header="question,answer,keywords"),
          "question → prompt, answer → answer", 12),
    Shape("a text per line and its tags in brackets", "train.txt",
          rows(lambda n: f"Ferry{n} left Oslo ['B-SHIP', 'O', 'B-LOC']", 12), TAGS, 12),
    Shape("one word per row, with marks at the ends of sentences alone", "train.csv",
          rows(lambda n: f"Ferry{n},B-SHIP\nleft,O\nOslo,B-LOC\n.,O", 20, header="word,tag"), TAGS, 20),
    Shape("items that ask and answer in one line", "faq.md",
          "# Ferry\n\n" + rows(lambda n: f"- {asked(n)} {said(n)}", 12), "prompt → prompt, answer → answer", 12),
)  # fmt: skip
"""What each is read as without a choice."""
