"""Files of known kinds under names of other languages, and such as differ in one thing; the docs list them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, berths, letter, lines, rows, said

CLASSES = "text → text, label → label"
_LONG = (
    "Por favor escriba la pregunta del cliente tal como la hizo por escrito o por teléfono",
    "Respuesta que dio el agente al cliente con todas las fórmulas de cortesía que se usaron",
)
_ASKED = ("Was geschieht danach?", "Warum geschah das?")


def passage(row: int) -> str:
    """Return a text that a question is about."""
    return f"On day {row} the harbour master wrote that ferry {row} was late, and nobody said why in the log."


def turned(row: int) -> list[dict[str, Any]]:
    """Return a conversation with keys and roles of another language."""
    return [{"rol": "Usuario", "mensaje": asked(row)}, {"rol": "Asistente virtual", "mensaje": said(row)}]


KINDS = (
    Shape(
        "lists in a program of TypeScript, with types and values that it computes", "cards.ts",
        "import { icon } from './icons';\n\nexport type Card = { question: string; answer: string };\n\n"
        "export const cards: Card[] = [\n"
        + rows(lambda n: f"  {{ question: '{asked(n)}', answer: `{said(n)}`, icon: icon({n}) }},")
        + "] as const;\n",
        "question → prompt, answer → answer", 12,
    ),
    Shape(
        "answers in an object of lists, with keys of another language",
        "respuestas.jsonl",
        lines(lambda n: {"contexto": passage(n), "pregunta": asked(n),
                         "respuestas": {"texto": [said(n)] if n else [], "inicio": [n] if n else []}}),
        "pregunta + contexto → prompt, respuestas.texto[0] → answer",
        11,
        1,
    ),
    Shape(
        "answers in a list of objects, with keys of another language",
        "reponses.json",
        json.dumps([{"contexte": passage(n), "question": asked(n), "réponses": [{"texte": said(n), "début": n}]}
                    for n in range(12)]),
        "question + contexte → prompt, réponses[0].texte → answer",
        12,
    ),
    Shape(
        "choices in an object of lists, with keys of another language",
        "examen.jsonl",
        lines(lambda n: {"pregunta": asked(n), "opciones": {"texto": berths(n), "etiqueta": list("ABCD")},
                         "respuesta": letter(n)}),
        "pregunta → question, opciones → choices, respuesta → correct choice",
        12,
    ),
    Shape(
        "the same few questions with choices on other texts",
        "szenen.jsonl",
        lines(lambda n: {"Szene": passage(n), "Frage": _ASKED[n % 2], "Antworten": berths(n), "Lösung": n % 4}),
        "Szene + Frage → question, Antworten → choices, Lösung → correct choice",
        12,
    ),
    Shape(
        "situations with a question and numbered choices",
        "situations.csv",
        rows(lambda n: f"{passage(n)!r},{_ASKED[n % 2]},{','.join(berths(n))},{n % 4 + 1}".replace("'", '"'),
             header="Situation,Question,Option 1,Option 2,Option 3,Option 4,Correct option"),
        "Situation + Question → question, Option 1, Option 2, Option 3, Option 4 → choices, "
        "Correct option → correct choice",
        12,
    ),
    Shape(
        "intents with their phrases, in another language",
        "intenciones.json",
        json.dumps({"intenciones": [{"etiqueta": f"puerto_{n}", "patrones": [asked(n), said(n)],
                                     "respuestas": ["Un momento."]} for n in range(6)]}),
        CLASSES,
        12,
    ),
    Shape(
        "intents with texts that are called utterances",
        "intents.json",
        json.dumps([{"intent": f"ask_{n}", "utterances": [asked(n), said(n)], "slots": []} for n in range(6)]),
        CLASSES,
        12,
    ),
    Shape(
        "conversations with keys and roles of another language",
        "hilos.jsonl",
        lines(lambda n: {"hilo": [*turned(n), *turned(n + 1)]}),
        "hilo → conversation",
        12,
    ),
    Shape(
        "conversations of which one speaker alone has a known role",
        "transcripts.jsonl",
        lines(lambda n: {"transcript": [{"speaker": "Human 1", "text": asked(n)},
                                        {"speaker": "AI model", "text": said(n)}]}),
        "messages → conversation",
        12,
    ),
    Shape(
        "instructions that are answered by true or false",
        "checks.json",
        json.dumps([{"instruction": "Is this berth free?", "input": said(n), "output": n % 2 == 0} for n in range(12)]),
        "instruction + input → prompt, output → answer",
        12,
    ),
    Shape(
        "problems and the number that each comes to, in another language",
        "rechnen.csv",
        rows(lambda n: f"{n + 3} Kisten mit je {n + 7} Fischen. Wie viele Fische sind es?;{(n + 3) * (n + 7) / 2}",
             header="Aufgabe;Ergebnis"),
        "Aufgabe → prompt, Ergebnis → answer",
        12,
    ),
    Shape(
        "names of columns that say at length what was to be written",
        "registro.csv",
        rows(lambda n: f"{asked(n)};{said(n)}", header=";".join(_LONG)),
        f"{_LONG[0]} → prompt, {_LONG[1]} → answer",
        12,
    ),
    Shape(
        "parallel texts whose names say their side twice",
        "styles",
        {"formal_reference.txt": rows(said), "informal_source.txt": rows(asked)},
        "source → prompt, target → answer",
        12,
    ),
    Shape(
        "answers with thumbs in another language",
        "daumen.csv",
        rows(lambda n: f"{asked(n)};{said(n)};Daumen {('hoch', 'runter')[n % 2]}",
             header="Frage;Antwort des Bots;Bewertung"),
        "Frage → prompt, Antwort des Bots → answer, Bewertung → desirable or not",
        12,
    ),
    Shape(
        "a history of turns as JSON text, which is empty in the first row",
        "history.csv",
        rows(lambda n: ",".join((f'"[{{""role"": ""user"", ""content"": ""Ahoy {n}""}}, '
                                 f'{{""role"": ""assistant"", ""content"": ""Ahoy.""}}]"' if n else "[]",
                                 asked(n), f'"{said(n)}"')), header="chat_history,user,assistant"),
        "user → prompt, assistant → answer, chat_history → history",
        12,
    ),
    Shape(
        "a background, a question and answers in an object of lists, in Chinese",
        "阅读.jsonl",
        lines(lambda n: {"背景": f"第{n}号渡轮早上{n}点从北码头出发，船上有两家人和一只狗。",
                         "问题": f"第{n}号渡轮几点出发？", "答案": {"文本": [f"早上{n}点"], "起始": [5]}}),
        "问题 + 背景 → prompt, 答案.文本[0] → answer",
        12,
    ),
    Shape(
        "a context with an English name, a question and choices in another language",
        "situaties.tsv",
        rows(lambda n: "\t".join((passage(n), _ASKED[n % 2], *berths(n)[:3], str(n % 3 + 1))),
             header="Context\tVraag\tAntwoord1\tAntwoord2\tAntwoord3\tJuist antwoord"),
        "Context + Vraag → question, Antwoord1, Antwoord2, Antwoord3 → choices, Juist antwoord → correct choice",
        12,
    ),
    Shape(
        "one word per row, with the number of its sentence, in another language",
        "woerter.csv",
        rows(lambda n: f"{n},Ferry{n},B-ORG\n{n},leaves,O\n{n},Turku,B-LOC", header="satz_id,wort,etikett"),
        "tokens → words, tags → one label per word",
        12,
    ),
    Shape(
        "answers of which a column says whether they are useful, in Chinese",
        "有用.csv",
        rows(lambda n: f"第{n}号渡轮几点出发？,早上{n}点从北码头出发。,{'是否'[n % 2]}",
             header="用户问题,机器人回答,是否有用"),
        "用户问题 → prompt, 机器人回答 → answer, 是否有用 → desirable or not",
        12,
    ),
    Shape(
        "one turn per row, with the id of its conversation in the first row alone",
        "turns_below.csv",
        rows(lambda n: f'S{n},user,{asked(n)}\n,assistant,"{said(n)}"', header="session_id,role,content"),
        "messages → conversation",
        12,
    ),
    Shape(
        "instructions with lists of examples, in another language",
        "инструкции.json",
        json.dumps([{"инструкция": f"Ответь коротко, часть {n}.", "примеры": [{"вход": asked(n), "выход": said(n)}]}
                    for n in range(12)]),
        "инструкция + вход → prompt, выход → answer, one example per item of примеры",
        12,
    ),
    Shape(
        "several questions with choices on one text, in another language",
        "examenes.json",
        json.dumps([{"artículo": passage(n), "preguntas": [asked(n), asked(n + 50)],
                     "opciones": [berths(n), berths(n + 1)], "respuestas": ["A", "D"]} for n in range(6)]),
        "artículo + question → question, options → choices, answer → correct choice",
        6,
    ),
    Shape(
        "texts with lists of questions and answers on each, in another language",
        "preguntas.json",
        json.dumps([{"contexto": passage(n), "preguntas": [{"pregunta": asked(n), "respuesta": said(n)},
                                                           {"pregunta": asked(n + 50), "respuesta": said(n + 50)}]}
                    for n in range(6)]),
        "pregunta + contexto → prompt, respuesta → answer, one example per item of preguntas",
        6,
    ),
)  # fmt: skip
