"""Shapes of instructions and conversations as people write them down for training, in files of their own."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, rows, said

KEEPER = "You are the keeper of the harbor. Answer in one sentence."
MESSAGES = "messages → conversation"


def chatml(row: int) -> dict[str, Any]:
    """Return a conversation as ChatML writes it."""
    turns = (("system", KEEPER), ("user", asked(row)), ("assistant", said(row)))
    return {"text": "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)}


def instructed(row: int) -> dict[str, Any]:
    """Return an exchange as Llama 2 writes it."""
    return {"text": f"<s>[INST] <<SYS>>\n{KEEPER}\n<</SYS>>\n\n{asked(row)} [/INST] {said(row)} </s>"}


def headed(row: int) -> dict[str, Any]:
    """Return an instruction and its response as Alpaca writes them."""
    return {"text": f"Below is an instruction.\n\n### Instruction:\n{asked(row)}\n\n### Response:\n{said(row)}"}


def begun(row: int) -> dict[str, Any]:
    """Return a prompt in tokens of a template, and two answers with the token that ends a turn."""
    prompt = f"<|im_start|>user\n{asked(row)}<|im_end|>\n<|im_start|>assistant\n"
    return {"prompt": prompt, "chosen": f"{said(row)}<|im_end|>", "rejected": f"Ask number {row}.<|im_end|>"}


def ruled(row: int) -> str:
    """Return a conversation with a heading, a turn of several paragraphs, and a rule below it."""
    bill = f"Here it is:\n\n1. Ferry: {row}\n2. Note: none\n\nIs that right?"
    talk = f"User: {asked(row)}\nAssistant: {said(row)}\nUser: The bill, please.\nAssistant: {bill}\nUser: Yes.\n"
    return f"Conversation {row + 1}:\n{talk}{'-' * 40}\n"


def told(row: int) -> dict[str, Any]:
    """Return a prompt with one of two texts that say who answers."""
    return {"persona": (KEEPER, "You are a sailor. Sing.")[row % 2], "question": asked(row), "answer": said(row)}


def bound(row: int) -> dict[str, Any]:
    """Return messages as Chatwoot keeps them."""
    parts = ((0, asked(row)), (2, "Ann was assigned"), (1, said(row)))
    return {"id": row, "messages": [{"message_type": kind, "content": text} for kind, text in parts]}


def solved(row: int) -> dict[str, Any]:
    """Return a problem with its result and a solution that ends with it."""
    way = f"There are {row} ferries with four berths each, so we multiply {row} by 4 and get {4 * row}."
    return {"problem": f"How many berths have {row} ferries?", "solution": way, "answer": str(4 * row)}


def called(row: int) -> dict[str, Any]:
    """Return one conversation in a list, a function to call, and the call."""
    tool = {"name": "leave", "parameters": {"type": "object", "properties": {"ferry": {"type": "integer"}}}}
    return {"question": [[{"role": "user", "content": asked(row)}]], "function": [tool],
            "ground_truth": [{"leave": {"ferry": [row]}}]}  # fmt: skip


TALKS: tuple[Shape, ...] = (
    Shape("texts that a chat template wrote (ChatML, Llama 3, Gemma, Zephyr)", "chatml.jsonl", lines(chatml),
          MESSAGES, 12),
    Shape("texts that a chat template wrote ([INST] of Llama 2 and Mistral)", "inst.jsonl", lines(instructed),
          MESSAGES, 12),
    Shape("instructions and responses below headings (Alpaca)", "headings.jsonl", lines(headed), MESSAGES, 12),
    Shape("preference pairs in tokens of a chat template", "pairs.jsonl", lines(begun),
          "prompt → prompt, chosen → chosen answer, rejected → rejected answer", 12),
    Shape("conversations with headings, and rules between them", "talks.txt", "".join(map(ruled, range(12))),
          MESSAGES, 12),
    Shape("transcripts in quotes, over several lines each", "calls.txt",
          "".join(f'"Agent: Ahoy.\n\nCustomer: {asked(n)}\n\nAgent: {said(n)}"\n' for n in range(12)), MESSAGES, 12),
    Shape("system prompts in a column of any name", "personas.jsonl", lines(told),
          "question → prompt, answer → answer, persona → system prompt", 12),
    Shape("turns of a dialogue system that speaks first", "system.csv",
          rows(lambda n: f"{n // 3},{('SYSTEM', 'USER', 'SYSTEM')[n % 3]},{(said, asked, said)[n % 3](n)}", 36,
               header="dialogue_id,participant,utterance").replace(", from", " from"), MESSAGES, 12),
    Shape("conversations of Chatwoot", "chatwoot.json", json.dumps([bound(n) for n in range(12)]), MESSAGES, 12),
    Shape("an object of conversations", "talks.json",
          json.dumps({f"talk-{n}": [{"role": "user", "content": asked(n)}, {"role": "manager", "content": said(n)}]
                      for n in range(12)}), MESSAGES, 12),
    Shape("an object of poems, the lines of each in a list", "poems.json",
          json.dumps({f"Poem{n}": [asked(n), said(n), "So it goes."][: 2 + n % 2] for n in range(12)}),
          "poem → plain text", 12),
    Shape("a solution that ends with the answer", "solved.jsonl", lines(solved, 24),
          "problem → prompt, solution → answer", 24),
    Shape("functions in a column of their own, and calls of them", "calls.jsonl", lines(called),
          "ground_truth → conversation, function → tools", 12),
    Shape("texts that a chat template wrote, one after the other", "tokens.txt",
          "".join(f"<|user|>\n{asked(n)}\n<|assistant|>\n{said(n)}\n<|endoftext|>\n" for n in range(12)), MESSAGES, 12),
    Shape("numbered questions above their answers", "numbered.txt",
          "".join(f"{n + 1}. {asked(n)}\nAnswer: {said(n)}\n\n" for n in range(12)),
          "prompt → prompt, answer → answer", 12),
    Shape("questions and answers of Botpress", "qna.json",
          json.dumps({"qnas": [{"id": n, "data": {"questions": {"en": [asked(n)]}, "answers": {"en": [said(n)]}}}
                               for n in range(12)]}), "question → prompt, answers → answer", 12),
    Shape("a prompt and steps that are objects", "steps.jsonl",
          lines(lambda n: {"id": n, "prompt": asked(n), "steps": [{"type": "LOOK", "label": said(n)}]}),
          "prompt → prompt, steps → answer", 12),
    Shape("answers, and a column called after praise", "praise.csv",
          rows(lambda n: f'"{asked(n)}","{said(n)}",{n % 2 == 0}', 24, header="Frage,Antwort,gut"),
          "Frage → prompt, Antwort → answer, gut → desirable or not", 24),
    Shape("answers with grades", "grades.csv",
          rows(lambda n: f'"{asked(n)}","{said(n)}",{("good", "ok", "bad")[n % 3]}', 24,
               header="question,answer,quality"), "question + answer → text, quality → label", 24),
)  # fmt: skip
"""What each is read as without a choice."""
