"""Files in the dialects of other programs: APIs, forums, chats and corpora; the docs list them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, mood, rows, said

ENGLISH = (
    "The ship is in the harbor since the morning.", "The fog on the water is thicker than the wool of the sheep.",
    "She looks at the light of the tower and waits.", "In the night the wind turned to the north.",
    "The boy and the dog run along the quay.", "It is the last boat of the year.",
    "The keeper of the light is the oldest man in the town.", "They sold the fish in the market of the town.",
    "The bell of the church is heard on the sea.", "The water in the harbor is as black as the night.",
)  # fmt: skip
GERMAN = (
    "Das Schiff liegt seit dem Morgen im Hafen.", "Der Nebel auf dem Wasser ist dicker als die Wolle der Schafe.",
    "Sie sieht auf das Licht des Turms und wartet.", "Der Wind drehte nachts auf Norden, und das Meer wurde still.",
    "Der Junge und der Hund laufen am Kai entlang.", "Es ist das letzte Boot, das dieses Jahr kommt.",
    "Der Mann auf dem Turm ist der älteste der Stadt.", "Sie verkauften die Fische auf dem Markt der Stadt.",
    "Die Glocke der Kirche ist auf dem Meer zu hören.", "Das Wasser im Hafen ist so schwarz wie die Nacht.",
)  # fmt: skip
CONVERSATION, TAGS = "messages → conversation", "tokens → words, tags → one label per word"


def posts(row: int) -> str:
    """Return a question with two answers, the second of which was accepted, as attributes of XML."""
    first, other, best = (3 * row + place for place in (1, 2, 3))
    return (
        f'<row Id="{first}" PostTypeId="1" AcceptedAnswerId="{best}" Body="&lt;p&gt;{asked(row)}&lt;/p&gt;" />'
        f'<row Id="{other}" PostTypeId="2" ParentId="{first}" Score="9" Body="&lt;p&gt;Nobody knows.&lt;/p&gt;" />'
        f'<row Id="{best}" PostTypeId="2" ParentId="{first}" Score="1" Body="&lt;p&gt;{said(row)}&lt;/p&gt;" />'
    )


def gemini(row: int) -> dict[str, Any]:
    """Return a conversation of Gemini's API with a call of a tool."""
    tool = {"name": "ferry", "description": "Times", "parameters": {"type": "OBJECT", "properties": {"pier": {}}}}
    return {
        "systemInstruction": {"role": "system", "parts": [{"text": "Be brief."}]},
        "tools": [{"functionDeclarations": [tool]}],
        "contents": [
            {"role": "user", "parts": [{"text": asked(row)}]},
            {"role": "model", "parts": [{"functionCall": {"name": "ferry", "args": {"pier": row}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "ferry", "response": {"time": f"{row}:15"}}}]},
            {"role": "model", "parts": [{"text": said(row)}]},
        ],
    }


def onto(row: int) -> str:
    """Return a sentence of OntoNotes."""
    words = (("Ferry", "(SHIP*", "(0"), (str(row), "*)", "0)"), ("sleeps", "*", "-"), ("Turku", "(PORT)", "(1)"))
    fields = (f"a/b 0 {place} {word} NN * - - - - {name} {link}" for place, (word, name, link) in enumerate(words))
    return "\n".join(fields) + "\n"


DIALECTS = (
    Shape(
        "a system prompt and a history, named in another language",
        "verlauf.jsonl",
        lines(
            lambda n: {
                "系统提示词": "Be brief.",
                "历史对话": [[asked(n + 20), said(n + 20)]] if n % 2 else [],
                "问题": asked(n),
                "回答": said(n),
            }
        ),
        CONVERSATION,
        12,
    ),
    Shape(
        "calls of tools in parts (Gemini)", "gemini_tools.jsonl", lines(gemini), f"{CONVERSATION}, tools → tools", 12
    ),
    Shape(
        "requests and answers of OpenAI's Responses",
        "responses.jsonl",
        lines(
            lambda n: {
                "instructions": "Be brief.",
                "input": [
                    {"role": "user", "content": [{"type": "input_text", "text": asked(n)}]},
                    {"type": "function_call", "call_id": "c", "name": "ferry", "arguments": json.dumps({"pier": n})},
                    {"type": "function_call_output", "call_id": "c", "output": f"{n}:15"},
                ],
                "output": [
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said(n)}]}
                ],
            }
        ),
        "output → conversation",
        12,
    ),
    Shape(
        "messages inside objects with their type (LangChain)",
        "langchain.json",
        json.dumps(
            [
                {
                    "messages": [
                        {"type": "human", "data": {"content": asked(n)}},
                        {"type": "ai", "data": {"content": said(n)}},
                    ]
                }
                for n in range(12)
            ]
        ),
        CONVERSATION,
        12,
    ),
    Shape(
        "messages of a user interface in parts (AI SDK)",
        "interface.jsonl",
        lines(
            lambda n: {
                "id": f"c{n}",
                "messages": [
                    {"id": "a", "role": "user", "parts": [{"type": "text", "text": asked(n)}]},
                    {
                        "id": "b",
                        "role": "assistant",
                        "parts": [
                            {"type": "step-start"},
                            {
                                "type": "tool-ferry",
                                "toolCallId": "c",
                                "input": {"pier": n},
                                "output": {"time": f"{n}:15"},
                            },
                            {"type": "text", "text": said(n)},
                        ],
                    },
                ],
            }
        ),
        CONVERSATION,
        12,
    ),
    Shape(
        "turns in a log, by an object's keys (MultiWOZ)",
        "dialogues.json",
        json.dumps({f"D{n}": {"goal": {}, "log": [{"text": asked(n)}, {"text": said(n)}]} for n in range(12)}),
        CONVERSATION,
        12,
    ),
    Shape(
        "questions with accepted answers (Stack Exchange)",
        "Posts.xml",
        f"<posts>{''.join(map(posts, range(12)))}</posts>",
        "question → prompt, answer → answer",
        12,
    ),
    Shape(
        "names in brackets (OntoNotes)",
        "onto.v4_gold_conll",
        f"#begin document (a/b); part 000\n{chr(10).join(map(onto, range(12)))}\n#end document\n",
        TAGS,
        12,
    ),
    Shape(
        "several labels with # between them (Doccano)",
        "doccano.csv",
        rows(
            lambda n: f"{n},{asked(n)},{('ship#tide', 'ship', 'tide', 'fog#tide')[n % 4]},",
            12,
            "id,text,label,Comments",
        ),
        "text → text, label → several labels",
        12,
    ),
    Shape(
        "tags between angle brackets",
        "posts.csv",
        rows(lambda n: f"{asked(n)},{('<ship><tide>', '<ship>', '<tide>', '<fog><tide>')[n % 4]}", 12, "Body,Tags"),
        "Body → text, Tags → several labels",
        12,
    ),
    Shape(
        "votes in the words of another language",
        "avis.csv",
        rows(lambda n: f'{asked(n)},"{said(n)}",{("utile", "inutile")[n % 2]}', 12, "Question,Réponse,Jugement"),
        "Question → prompt, Réponse → answer, Jugement → desirable or not",
        12,
    ),
    Shape(
        "several comments next to the text of a ticket (Jira)",
        "tickets.csv",
        rows(
            lambda n: f'{n},{("High", "Low")[n % 2]},"{asked(n)} Please look.",May 3;ann;It is late ({n}),',
            12,
            "Summary,Priority,Description,Comment,Comment",
        ),
        "Description → text, Priority → label",
        12,
    ),
    Shape(
        "posts of an account in a script (Twitter)",
        "tweets.js",
        "window.YTD.tweets.part0 = "
        + json.dumps([{"tweet": {"id": str(n), "full_text": asked(n), "lang": "en"}} for n in range(12)]),
        "tweet.full_text → plain text",
        12,
    ),
    Shape(
        "an object of lists of rows, a list for each year",
        "years.json",
        json.dumps({str(2020 + k): [{"text": asked(n + 9 * k), "label": mood(n)} for n in range(6)] for k in range(2)}),
        "text → text, label → label",
        12,
    ),
    Shape(
        "lists of rows under a subject, a unit and a level",
        "levels.json",
        json.dumps(
            {
                subject: {
                    "U1": {
                        level: [{"prompt": asked(n + k), "completion": said(n + k)} for n in range(3)]
                        for k, level in ((m, "easy"), (m + 3, "hard"))
                    }
                }
                for m, subject in ((0, "ropes"), (6, "tides"))
            }
        ),
        "prompt → prompt, completion → answer",
        12,
    ),
    Shape(
        "poems in lists of lines, under a poet and a meter",
        "poems.json",
        json.dumps(
            {
                "ann": {"ode": [[said(n), "the fog came in", f"at {n}"] for n in range(6)]},
                "bo": {"song": [[f"O harbor {n},", said(n)] for n in range(6, 12)]},
            }
        ),
        "text → plain text",
        12,
    ),
    Shape(
        "blocks of a line and its translation, with comments",
        "corpus.txt",
        "# Written down at the harbor\n\n" + "\n\n".join(map("\n".join, zip(ENGLISH, GERMAN, strict=True))),
        "source → prompt, target → answer",
        10,
    ),
    Shape(
        "questions in blocks that open to their answers (MkDocs)",
        "faq.md",
        "---\ntitle: Berths\n---\n\n" + "".join(f'??? question "{asked(n)}"\n    {said(n)}\n\n' for n in range(12)),
        "prompt → prompt, answer → answer",
        12,
    ),
    Shape(
        "two answers compared, in another language",
        "vergleich.csv",
        rows(lambda n: f"渡船{n}什么时候开出？,早上{n}点。,不知道。,{'AB'[n % 2]}", 12, "提示,回答A,回答B,哪个更好"),
        "提示 → prompt, chosen → chosen answer, rejected → rejected answer",
        12,
    ),
    Shape(
        "mails with a subject in another language",
        "mails.csv",
        rows(lambda n: f'Fähre {n},"{asked(n)} Danke!","{said(n)}"', 12, "Betreff,Nachricht,Antwort"),
        "Nachricht → prompt, Antwort → answer",
        12,
    ),
)
