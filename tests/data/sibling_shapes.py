"""Files of the same kinds as others that are read, which differ in names, nesting or spelling; the docs list them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, rows, said

COMPARED = "prompt → prompt, chosen → chosen answer, rejected → rejected answer"


def compared(row: int) -> dict[str, Any]:
    """Return a task of Label Studio in which one of two answers was selected."""
    value = {"selected": ("left", "right")[row % 2]}
    result = {"type": "pairwise", "to_name": "answer1,answer2", "value": value}
    data = {"prompt": asked(row), "answer1": said(row), "answer2": "No."}
    return {"id": row, "data": data, "annotations": [{"result": [result]}]}


SIBLINGS = (
    Shape(
        "answers whose names say which is better",
        "good_bad.jsonl",
        lines(lambda n: {"query": asked(n), "good_answer": said(n), "bad_answer": "No."}),
        "query → prompt, good_answer → chosen answer, bad_answer → rejected answer",
        12,
    ),
    Shape(
        "lists of two ranked answers (LLaMA-Factory)",
        "ranked.jsonl",
        lines(lambda n: {"instruction": asked(n), "input": "", "output": [said(n), "No."]}),
        "instruction + input → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "answers with votes",
        "votes.csv",
        rows(lambda n: f'{asked(n)},"{said(n)}",{("👍", "👎")[n % 2]}', header="User message,Bot reply,Feedback"),
        "User message → prompt, Bot reply → answer, Feedback → desirable or not",
        12,
    ),
    Shape(
        "Label Studio: comparisons of two texts",
        "comparisons.json",
        json.dumps([compared(n) for n in range(12)]),
        COMPARED,
        12,
    ),
)
