"""One small file for each export and other shape whose rows are more than a table; docs/data.md lists them, too."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, mood, rows, said

TURNS, CONVERSATION = ("user", "assistant"), "messages → conversation"
TAGS = "tokens → words, tags → one label per word"


def turn(row: int, place: int, role: str = "role", text: str = "content") -> dict[str, str]:
    """Return one of the two turns of a conversation."""
    return {role: TURNS[place], text: (asked, said)[place](row)}


def turns(row: int) -> list[dict[str, str]]:
    """Return a conversation of two turns."""
    return [turn(row, place) for place in (0, 1)]


def spans(row: int) -> list[list[Any]]:
    """Return the only span of a question: the number of the ferry."""
    start = asked(row).index(str(row))
    return [[start, start + len(str(row)), "FERRY"]]


def node(row: int, place: int) -> dict[str, Any]:
    """Return a node of a tree of messages as ChatGPT exports it."""
    content = {"content_type": "text", "parts": [(asked, said)[place](row)]}
    return {"message": {"author": {"role": TURNS[place]}, "content": content}, "parent": "q" if place else None}


def chosen(kind: str, value: Any, **places: int) -> dict[str, Any]:
    """Return a result of Label Studio."""
    return {"type": kind, "from_name": kind, "value": {kind: value, **places}}


def task(row: int, *results: dict[str, Any]) -> dict[str, Any]:
    """Return an annotated task of Label Studio."""
    return {"id": row, "data": {"text": asked(row)}, "annotations": [{"result": list(results), "was_cancelled": False}]}


EXPORTS = (
    Shape(
        "one turn per row, with the id of its conversation",
        "turns.csv",
        rows(lambda n: f"{n // 2},{TURNS[n % 2]},\"{(asked, said)[n % 2](n)}\"", 24, "chat_id,role,content"),
        CONVERSATION,
        12,
    ),
    Shape(
        "one exchange per row, with the id of its conversation",
        "exchanges.jsonl",
        lines(lambda n: {"session_id": n // 2, "user": asked(n), "assistant": said(n)}, 24),
        CONVERSATION,
        12,
    ),
    Shape(
        "preference pairs",
        "pairs.jsonl",
        lines(lambda n: {"prompt": asked(n), "chosen": said(n), "rejected": "No."}),
        "prompt → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "preference pairs as turns or as Human:/Assistant: text",
        "transcripts.jsonl",
        lines(lambda n: {
            "chosen": f"\n\nHuman: {asked(n)}\n\nAssistant: {said(n)}",
            "rejected": f"\n\nHuman: {asked(n)}\n\nAssistant: No.",
        }),
        "chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "two answers and the better one",
        "compared.jsonl",
        lines(lambda n: {
            "prompt": asked(n), "response_a": said(n), "response_b": "No.", "winner": "tie" if n == 5 else "model_a",
        }),
        "prompt → prompt, chosen → chosen answer, rejected → rejected answer",
        11,
        1,
    ),
    Shape(
        "KTO: answers with a label",
        "kto.jsonl",
        lines(lambda n: {"prompt": asked(n), "completion": said(n), "label": n != 5}),
        "prompt → prompt, completion → answer, label → desirable or not",
        12,
    ),
    Shape(
        "lists of exchanges",
        "exchanges.json",
        json.dumps([{"conversation": [{"input": asked(n), "output": said(n)}]} for n in range(12)]),
        CONVERSATION,
        12,
    ),
    Shape(
        "Gemini tuning data",
        "gemini.jsonl",
        lines(lambda n: {"contents": [
            {"role": "user", "parts": [{"text": asked(n)}]}, {"role": "model", "parts": [{"text": said(n)}]},
        ]}),
        CONVERSATION,
        12,
    ),
    Shape(
        "one message per row, with the id of its parent",
        "messages.jsonl",
        lines(lambda n: {
            "message_id": f"m{n}", "parent_id": f"m{n - 1}" if n % 2 else None, "text": (asked, said)[n % 2](n),
            "role": ("prompter", "assistant")[n % 2],
        }, 24),
        CONVERSATION,
        12,
    ),
    Shape(
        "ChatGPT export",
        "chatgpt.json",
        json.dumps([{"title": "Ferries", "mapping": {"q": node(n, 0), "a": node(n, 1)}, "current_node": "a"}
                    for n in range(12)]),
        CONVERSATION,
        12,
    ),
    Shape(
        "DeepSeek export",
        "deepseek.json",
        json.dumps([{"title": "Ferries", "mapping": {
            "root": {"id": "root", "parent": None, "children": ["q"], "message": None},
            "q": {"id": "q", "parent": "root", "children": ["a"],
                  "message": {"fragments": [{"type": "REQUEST", "content": asked(n)}]}},
            "a": {"id": "a", "parent": "q", "children": [],
                  "message": {"fragments": [{"type": "THINK", "content": "Tides."},
                                            {"type": "RESPONSE", "content": said(n)}]}},
        }} for n in range(12)]),
        CONVERSATION,
        12,
    ),
    Shape(
        "Claude export",
        "claude.json",
        json.dumps([{"uuid": str(n), "name": "Ferries", "chat_messages": [
            {"sender": "human", "text": asked(n)}, {"sender": "assistant", "text": said(n)},
        ]} for n in range(12)]),
        CONVERSATION,
        12,
    ),
    Shape(
        "Grok export",
        "grok.json",
        json.dumps({"conversations": [{"conversation": {"title": "Ferries"}, "responses": [
            {"response": {"sender": "human", "message": asked(n)}},
            {"response": {"sender": "ASSISTANT", "message": said(n)}},
        ]} for n in range(12)]}),
        CONVERSATION,
        12,
    ),
    Shape(
        "a talk that an assistant exported as Markdown",
        "talk.md",
        "".join(f"**User**\n\n{asked(n)}\n\n---\n\n**Cursor**\n\n{said(n)}\n\n---\n\n" for n in range(12)),
        "prompt → prompt, answer → answer",
        12,
    ),
    Shape(
        "Label Studio: choices, taxonomy, ratings",
        "studio.json",
        json.dumps([*(task(n, chosen("choices", [mood(n)])) for n in range(12)), {**task(12), "annotations": []}]),
        "text → text, choices → label",
        12,
        1,
    ),
    Shape(
        "Label Studio: labels of spans",
        "spans.json",
        json.dumps([task(n, *(chosen("labels", [label], start=start, end=end) for start, end, label in spans(n)))
                    for n in range(12)]),
        TAGS,
        12,
    ),
    Shape(
        "texts with [start, end, label] spans (Doccano, spaCy and others)",
        "doccano.jsonl",
        lines(lambda n: {"id": n, "text": asked(n), "label": [[0, 3, "CUT"]] if n == 5 else spans(n)}),
        TAGS,
        11,
        1,
    ),
    Shape(
        "texts with lists of labels (Doccano)",
        "labels.jsonl",
        lines(lambda n: {"id": n, "text": asked(n), "label": [mood(n)]}),
        "text → text, label → label",
        12,
    ),
    Shape(
        "Prodigy answers",
        "prodigy.jsonl",
        lines(lambda n: {
            "text": asked(n), "label": mood(n), "answer": "reject" if n == 5 else "accept", "_input_hash": n,
            "_task_hash": n,
        }),
        "text → text, category → label",
        11,
        1,
    ),
    Shape(
        "Argilla records",
        "argilla.jsonl",
        lines(lambda n: {
            "id": str(n), "status": "completed", "fields": {"text": asked(n)}, "suggestions": {},
            "responses": {"weather": [{"value": mood(n), "user_id": "u"}]},
        }),
        "text → text, weather → label",
        12,
    ),
    Shape(
        "brat annotations",
        "brat",
        {"a.txt": rows(asked), "a.ann": "T1\tPIER 35 45\tnorth pier\n"},
        TAGS,
        12,
    ),
    Shape(
        "messages with the ids of those that they reply to, and who speaks by true or false",
        "tweets.csv",
        rows(lambda n: f'{n},{n % 2 == 0},"{(asked, said)[n % 2](n)}",{n - 1 if n % 2 else ""}', 24,
             "tweet_id,inbound,text,in_response_to_tweet_id"),
        CONVERSATION,
        12,
    ),
    Shape(
        "texts with the speaker before each line (patient: …, doctor: …)",
        "spoken.json",
        json.dumps([{"utterances": [f"patient: {asked(n)}", f"doctor: {said(n)}"]} for n in range(12)]),
        CONVERSATION,
        12,
    ),
    Shape(
        "conversations of Intercom",
        "intercom.json",
        json.dumps({"conversations": [
            {"id": n, "source": {"body": f"<p>{asked(n)}</p>", "author": {"type": "user"}}, "conversation_parts": {
                "conversation_parts": [{"body": f"<p>{said(n)}</p>", "author": {"type": "admin"}}]}}
            for n in range(12)
        ]}),
        CONVERSATION,
        12,
    ),
    Shape(
        "tickets with their conversations (Freshdesk)",
        "freshdesk.json",
        json.dumps([{"id": n, "subject": "Ferry", "description_text": asked(n), "conversations": [
            {"incoming": False, "private": False, "body_text": said(n)}]} for n in range(12)]),
        CONVERSATION,
        12,
    ),
    Shape(
        "texts with the places of entities by their label (CLUENER)",
        "places.json",
        lines(lambda n: {"text": f"Ferry {n} to Turku", "label": {"ship": {"Ferry": [[0, 4]]}}}),
        TAGS,
        12,
    ),
    Shape(
        "texts in parts with entities (Snips, Dialogflow)",
        "intents.json",
        json.dumps({"BookFerry": [{"data": [{"text": "To "}, {"text": f"Turku {n}", "entity": "port"}]}
                                  for n in range(12)]}),
        TAGS,
        12,
    ),
    Shape(
        "answers with their ranks",
        "ranked.jsonl",
        lines(lambda n: {"prompt": asked(n), "answers": [{"answer": "No.", "rank": 2}, {"answer": said(n), "rank": 1}],
                         "turns": 1}),
        "prompt → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "tickets with lists of comments (Zendesk)",
        "tickets.json",
        json.dumps({"tickets": [{"id": n, "subject": "Ferry", "comments": [
            {"author_role": "end-user", "body": asked(n)}, {"author_role": "agent", "body": said(n)}
        ]} for n in range(12)]}),
        "comments → conversation",
        12,
    ),
    Shape(
        "requests and responses of a model's API, as logs and evaluations keep them",
        "logged.jsonl",
        lines(lambda n: {"inputs": {"messages": [turn(n, 0)]}, "outputs": {"message": turn(n, 1)}}),
        "outputs → conversation",
        12,
    ),
    Shape(
        "prompts of turns with an ideal answer (OpenAI evals)",
        "samples.jsonl",
        lines(lambda n: {"input": [turn(n, 0)], "ideal": [said(n), "At dawn."]}),
        "ideal → conversation",
        12,
    ),
    Shape(
        "WebAnno and INCEpTION",
        "webanno.tsv",
        "#FORMAT=WebAnno TSV 3.3\n#T_SP=ner|value\n\n"
        + "".join(f"\n#Text=Ferry {n}\n{n + 1}-1\t0-5\tFerry\tSHIP[{n}]\t\n{n + 1}-2\t6-8\t{n}\tSHIP[{n}]\t\n"
                  for n in range(12)),
        TAGS,
        12,
    ),
    Shape(
        "a list of answers and the number of the best one",
        "summaries.jsonl",
        lines(lambda n: {"info": {"id": n, "post": asked(n)}, "summaries": [{"text": said(n)}, {"text": "No."}],
                         "choice": 0}),
        "info.post → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "stepwise rewards: solutions without a wrong step",
        "steps.jsonl",
        lines(lambda n: {"prompt": asked(n), "completions": [said(n), "So it is."], "labels": [True, n != 5]}),
        "prompt → prompt, solution → answer",
        11,
        1,
    ),
    Shape(
        "embedding data: texts that belong together",
        "triplets.jsonl",
        lines(lambda n: {"query": asked(n), "pos": [said(n)], "neg": [said(n + 1)]}),
        "query → prompt, pos → answer",
        12,
    ),
    Shape(
        "turns by number in an object (MOSS)",
        "numbered.jsonl",
        lines(
            lambda n: {
                "meta_instruction": "Answer like a harbor master.",
                "chat": {"turn_1": {"Human": f"<|Human|>: {asked(n)}<eoh>", "MOSS": f"<|MOSS|>: {said(n)}<eom>"}},
            }
        ),
        CONVERSATION,
        12,
    ),
    Shape(
        "Argilla, a prompt and its response with a rating",
        "rated.jsonl",
        lines(
            lambda n: {
                "fields": {"prompt": asked(n), "response": said(n)},
                "responses": {"quality": [{"value": n % 3 + 1, "user_id": "u", "status": "submitted"}]},
            }
        ),
        "prompt + response → text, quality → label",
        12,
    ),
    Shape(
        "answers of which a mark names the best",
        "marked.jsonl",
        lines(
            lambda n: {
                "question": asked(n),
                "answers": [
                    {"author": "Ann", "text": said(n), "selected": True},
                    {"author": "Bo", "text": "No.", "selected": False},
                ],
            }
        ),
        "question → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "preference pairs after turns in a column of any name",
        "trajectories.jsonl",
        lines(
            lambda n: {
                "trajectory": [{"from": "user", "value": asked(n)}],
                "chosen": said(n),
                "rejected": "No.",
            }
        ),
        "trajectory → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "compared answers to a question that is an object",
        "comparisons.jsonl",
        lines(
            lambda n: {
                "question": {"id": str(n), "full_text": asked(n)},
                "answer_0": said(n),
                "score_0": 1,
                "answer_1": "No.",
                "score_1": -1,
            }
        ),
        "question → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "chats of a help desk, with the kind of each sender",
        "chats.json",
        json.dumps([{"id": n, "history": [{"sender_type": "Visitor", "msg": asked(n)},
                                          {"sender_type": "Agent", "msg": said(n)}]} for n in range(12)]),
        "history → conversation",
        12,
    ),
    Shape(
        "one turn per row, in another language",
        "verlauf.csv",
        rows(
            lambda n: f"G{n // 2},{('Kunde', 'Berater')[n % 2]},\"{(asked, said)[n % 2](n)}\",10:{n:02d}",
            24,
            "Gesprächs-ID,Absender,Nachricht,Zeit",
        ),
        CONVERSATION,
        12,
    ),
    Shape(
        "lists of what two say by turns",
        "turns.jsonl",
        lines(lambda n: {"conversations": [asked(n), said(n)], "source": mood(n)}),
        CONVERSATION,
        12,
    ),
    Shape(
        "words that several people labeled",
        "voted.jsonl",
        lines(
            lambda n: {
                "post_tokens": asked(n).split(),
                "annotators": [{"label": mood(n), "annotator_id": each} for each in range(3)],
            },
            24,
        ),
        "post_tokens → text, label → label",
        24,
    ),
    Shape(
        "intents with sample utterances (Lex)",
        "lex.json",
        json.dumps({"resource": {"intents": [{"name": mood(n), "sampleUtterances": [asked(n), asked(n + 9)]}
                                             for n in range(3)]}}),
        "text → text, label → label",
        6,
    ),
    Shape(
        "messages that came and went, with pauses between days",
        "messages.csv",
        rows(
            lambda n: f"Mum,2024-03-{n // 2 + 1:02} 10:0{n % 2}:00,{('Incoming', 'Outgoing')[n % 2]},"
            f'"{(asked, said)[n % 2](n)}"',
            24,
            "Chat Session,Message Date,Type,Text",
        ),
        CONVERSATION,
        12,
    ),
    Shape(
        "tickets whose messages say whether an agent wrote them, next to a sender",
        "desk.json",
        json.dumps([{"id": n, "messages": [{"from_agent": False, "sender": {"name": "Ann"}, "body_text": asked(n)},
                                           {"from_agent": True, "sender": {"name": "Bo"}, "body_text": said(n)}]}
                    for n in range(12)]),
        CONVERSATION,
        12,
    ),
)  # fmt: skip
