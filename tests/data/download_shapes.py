"""Shapes of data sets that are downloaded often to teach a model to write, one for each rule that reads them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, rows, said

COMPARED = "chosen → chosen answer, rejected → rejected answer"
PARALLEL = "source → prompt, target → answer"


def turns(row: int, answer: str) -> list[dict[str, Any]]:
    """Return a question and an answer as turns."""
    return [{"role": "user", "content": asked(row)}, {"role": "assistant", "content": answer}]


def candidates(row: int) -> dict[str, Any]:
    """Return a conversation with two answers for its last turn, as Amazon Nova is tuned with."""
    last = [
        {"content": [{"text": said(row)}], "preferenceLabel": "preferred"},
        {"content": [{"text": f"Ask at berth {row}."}], "preferenceLabel": "non-preferred"},
    ]
    asks = {"role": "user", "content": [{"text": asked(row)}]}
    return {"system": [{"text": "Be brief."}], "messages": [asks, {"role": "assistant", "candidates": last}]}


def ranked(row: int) -> dict[str, Any]:
    """Return a context of turns and two answers of turns with their ranks."""
    answers = [(1, "No idea."), (0, said(row))]
    ranks = [{"rank": rank, "completion": turns(row, text)[1:]} for rank, text in answers]
    return {"context": turns(row, "")[:1], "completions": ranks}


def scored(row: int) -> dict[str, Any]:
    """Return a prompt and two answers with their scores, as Gemini is tuned with."""
    answers = [(0.0, "No idea."), (1.0, said(row))]
    scores = [{"score": score, "completion": {"role": "model", "parts": [{"text": text}]}} for score, text in answers]
    return {"contents": [{"role": "user", "parts": [{"text": asked(row)}]}], "completions": scores}


def counted(row: int) -> dict[str, Any]:
    """Return a text with questions on it whose answers are a number or spans of it."""
    number = {"number": str(row), "date": {"day": "", "year": ""}, "spans": []}
    spans = {"number": "", "date": {"day": "", "year": ""}, "spans": ["Turku", said(row)]}
    pairs = [{"question": f"How many of berth {row}?", "answer": number}, {"question": asked(row), "answer": spans}]
    return {"passage": f"Ferry {row} leaves early from Turku.", "qa_pairs": pairs[row % 2 :][:1]}


def summed(row: int) -> str:
    """Return a chapter with its summary as text and inside JSON."""
    held = json.dumps({"name": "Chapter", "summary": said(row)}).replace('"', '""')
    return f'"{asked(row) * 9}","{held}","{said(row)}"'


def marked(row: int) -> dict[str, Any]:
    """Return a prompt and two answers between the marks of NeMo."""
    prompt = f"<extra_id_0>System\n\n<extra_id_1>User\n{asked(row)}\n<extra_id_1>Assistant\n"
    return {"prompt": prompt, "chosen": f"{said(row)}\n<extra_id_1>", "rejected": "No.\n<extra_id_1>"}


DOWNLOADS: tuple[Shape, ...] = (
    Shape("conversations, and a worse answer than the last one", "worse.jsonl",
          lines(lambda n: {"messages": turns(n, said(n)), "rejected_response": "No."}), COMPARED, 12),
    Shape("conversations with candidates for their last turn", "candidates.jsonl", lines(candidates),
          f"{COMPARED}, system → system prompt", 12),
    Shape("a context of turns, and answers of turns with their ranks", "ranked.jsonl", lines(ranked),
          f"context → prompt, {COMPARED}", 12),
    Shape("contents, and completions with their scores", "scored.jsonl", lines(scored),
          f"contents → prompt, {COMPARED}", 12),
    Shape("answers with scores in a list of any name", "scores.json",
          json.dumps([{"user_input": asked(n), "responses_and_scores": [
              {"response": text, "source": "a model", "score": score} for text, score in (("No.", 2.0), (said(n), 8.0))
          ]} for n in range(12)]), f"user_input → prompt, {COMPARED}", 12),
    Shape("a prompt of turns, and the result inside the rule of its reward (verl)", "verl.jsonl",
          lines(lambda n: {"data_source": "ferries", "prompt": turns(n, "")[:1],
                           "reward_model": {"style": "rule", "ground_truth": said(n)}}),
          "reward_model → conversation", 12),
    Shape("chosen and rejected conversations", "conversations.jsonl",
          lines(lambda n: {"chosen_conversations": turns(n, said(n)), "rejected_conversations": turns(n, "No.")}),
          "chosen_conversations → chosen answer, rejected_conversations → rejected answer", 12),
    Shape("preference pairs between the marks of NeMo", "marked.jsonl", lines(marked), f"prompt → prompt, {COMPARED}",
          12),
    Shape("texts with questions whose answers are numbers or spans", "counted.json",
          json.dumps({f"text-{n}": counted(n) for n in range(12)}), "question + passage → prompt, answer → answer", 12),
    Shape("a question for a database, named as the context is", "sql.jsonl",
          lines(lambda n: {"sql_prompt": asked(n), "sql_context": f"CREATE TABLE ferry (berth INT); -- {n}",
                           "sql": f"SELECT berth FROM ferry WHERE number = {n}"}),
          "sql_prompt + sql_context → prompt, sql → answer", 12),
    Shape("an answer that is an object of a phrase and what it is made of", "parts.jsonl",
          lines(lambda n: {"question": asked(n), "sql": {"human_readable": f"SELECT berth WHERE number = {n}",
                                                         "sel": n, "conds": {"column": [n]}}}),
          "question → prompt, sql.human_readable → answer", 12),
    Shape("chapters with a summary inside JSON and as text", "chapters.csv",
          rows(summed, header="chapter,summary,summary_text"), "chapter → prompt, summary_text → answer", 12),
    Shape("documents of a corpus with the scores that they were filtered by", "corpus.jsonl",
          lines(lambda n: {"text": said(n) * 4, "language_score": 0.9 + n / 100, "token_count": 90 + n,
                           "score": 2.5 + n % 7 * 0.3}), "text → plain text", 12),
    Shape("documents of several paragraphs, each ended by a token", "stories.txt",
          "".join(f"{asked(n)}\n\n{said(n)}\n<|endoftext|>\n" for n in range(12)), "text → plain text", 12),
    Shape("prose in a file called tokens", "prose.tokens",
          "".join(f" {asked(n)} {said(n)} \n \n" for n in range(12)), "text → plain text", 12),
    Shape("parallel texts whose names say their side before the ending", "cleaned",
          {"train.src.cleaned": rows(asked), "train.tgt": rows(said)}, PARALLEL, 12),
    Shape("parallel texts named by language and script, the split as ending", "scripts",
          {"dev/eng_Latn.dev": rows(asked), "dev/swe_Latn.dev": rows(said)}, PARALLEL, 12),
)  # fmt: skip
"""What each is read as without a choice."""
