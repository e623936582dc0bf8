"""Files whose cells, quotes, titles or keys are written in less usual ways: the tests read them, the docs list them."""

from __future__ import annotations

import json

from tests.data.shapes import PAIRS, Shape, asked, berths, lines, mood, rows, said
from tests.data.structure_shapes import CLASSES, COMPARED, PARALLEL, TAGS, TALKS

FORMATS = (
    Shape(
        "titles that fill all cells above a header",
        "titles.csv",
        "May report,North pier\nMade by,Ann\n"
        + rows(lambda n: f"{asked(n)},{mood(n)}", header="Customer comment,Weather"),
        "Customer comment → text, Weather → label",
        12,
    ),
    Shape(
        "apostrophes around texts, and numbers without",
        "apostrophes.csv",
        rows(lambda n: f"{n},'{said(n)}','{mood(n)}'", header="id,'text','label'"),
        CLASSES,
        12,
    ),
    Shape(
        "cells with blanks between them, as R writes tables",
        "table.txt",
        rows(lambda n: f'"{n + 1}" "{asked(n)}" "{mood(n)}"', header='"text" "label"'),
        CLASSES,
        12,
    ),
    Shape(
        "cells with a rare sign between them",
        "caret.txt",
        rows(lambda n: f"{asked(n)}^{mood(n)}", header="text^label"),
        CLASSES,
        12,
    ),
    Shape(
        "objects of several lines in a text",
        "objects.txt",
        "\n".join(json.dumps({"prompt": asked(n), "answer": said(n)}, indent=2) for n in range(12)),
        PAIRS,
        12,
    ),
    Shape(
        "JSON inside JSON, one per line",
        "twice.jsonl",
        lines(lambda n: json.dumps({"prompt": asked(n), "answer": said(n)})),
        PAIRS,
        12,
    ),
    Shape(
        "a JSON text per line",
        "texts.jsonl",
        lines(asked),
        "text → plain text",
        12,
    ),
    Shape(
        "prompts and answers in parts",
        "parts_of_pairs.jsonl",
        lines(
            lambda n: {
                "prompt": [{"type": "text", "text": asked(n)}],
                "answer": [{"type": "text", "text": said(n)}],
            }
        ),
        PAIRS,
        12,
    ),
    Shape(
        "texts in a list, each with its language",
        "languages.jsonl",
        lines(
            lambda n: {"translation": [{"language": "en", "text": asked(n)}, {"language": "de", "text": f"Kai {n}?"}]}
        ),
        "en → prompt, de → answer",
        12,
    ),
    Shape(
        "a sentence and a list of its tags",
        "sentence.jsonl",
        lines(lambda n: {"sentence": f"Ferry{n} leaves early", "labels": ["B-SHIP", "O", "O"]}),
        "sentence → words, labels → one label per word",
        12,
    ),
    Shape(
        "words that are objects with tags",
        "word_objects.jsonl",
        lines(lambda n: {"words": [{"text": f"Ferry{n}", "tag": "B-SHIP"}, {"text": "leaves", "tag": "O"}]}),
        TAGS,
        12,
    ),
    Shape(
        "words with two tags, the last of which is always O",
        "two_tags.tsv",
        "".join(f"Ferry{row}\tB-SHIP\tO\nleaves\tO\tO\nearly\tO\tO\n\n" for row in range(12)),
        TAGS,
        12,
    ),
    Shape(
        "an exam without a header, the right choice written out",
        "written_out.csv",
        rows(lambda n: f"{n + 1}.,{asked(n)},{','.join(berths(n))},{berths(n)[n % 4]}"),
        "column 2 → question, column 3, column 4, column 5, column 6 → choices, column 7 → correct choice",
        12,
    ),
    Shape(
        "several questions with choices on one text, as objects",
        "asked_objects.json",
        json.dumps(
            [
                {"article": said(n) * 3, "questions": [{"q": asked(n), "options": berths(n), "answer": "ABCD"[n % 4]}]}
                for n in range(12)
            ]
        ),
        "article + question → question, options → choices, answer → correct choice",
        12,
    ),
    Shape(
        "two answers, and who voted for which in a column of any name",
        "rater.csv",
        rows(
            lambda n: f'{asked(n)},"{said(n)}",No.,Output {n % 2 + 1}',
            header="Prompt,Output 1,Output 2,Rater choice",
        ),
        "Prompt → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "two answers in an object",
        "answers_in_object.jsonl",
        lines(lambda n: {"prompt": asked(n), "responses": {"good": said(n), "bad": "No."}}),
        COMPARED,
        12,
    ),
    Shape(
        "answers with ranks under a key of several words",
        "ranks.jsonl",
        lines(
            lambda n: {
                "prompt": asked(n),
                "outputs": [{"text": "No.", "preference_rank": 2}, {"text": said(n), "preference_rank": 1}],
            }
        ),
        COMPARED,
        12,
    ),
    Shape(
        "an answer and the edited one",
        "edited.jsonl",
        lines(lambda n: {"prompt": asked(n), "original_response": "No.", "edited_response": said(n)}),
        "prompt → prompt, edited_response → chosen answer, original_response → rejected answer",
        12,
    ),
    Shape(
        "turns of an end user and a virtual agent",
        "actors.csv",
        rows(
            lambda n: f's{n // 2},{n % 2},{("EndUser", "VirtualAgent")[n % 2]},"{(asked, said)[n % 2](n)}"',
            24,
            "SessionId,TurnNo,ActorType,Utterance",
        ),
        TALKS,
        12,
    ),
    Shape(
        "wrong texts and correct ones",
        "wrong",
        {"wrong.txt": rows(asked), "correct.txt": rows(said)},
        PARALLEL,
        12,
    ),
)
