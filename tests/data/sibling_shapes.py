"""Files of the same kinds as others that are read, which differ in names, nesting or spelling; the docs list them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import PAIRS, Shape, asked, berths, letter, lines, mood, rows, said, workbook

CLASSES, TAGS = "text → text, label → label", "tokens → words, tags → one label per word"
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
    Shape(
        "values inside objects inside objects",
        "deep.jsonl",
        lines(lambda n: {"example": {"input": {"text": asked(n)}, "output": {"mood": mood(n)}}}),
        "example.input.text → text, example.output.mood → label",
        12,
    ),
    Shape(
        "a definition with its instances",
        "instances.jsonl",
        lines(lambda n: {"definition": "Answer the question.", "instances": [{"input": asked(n), "output": said(n)}]}),
        "definition + input → prompt, output → answer, one example per item of instances",
        12,
    ),
    Shape(
        "an exam without a header, the right choices by number",
        "exam.csv",
        rows(lambda n: f"{asked(n)},{','.join(berths(n))},{n % 4}"),
        "column 1 → question, column 2, column 3, column 4, column 5 → choices, column 6 → correct choice",
        12,
    ),
    Shape(
        "several questions with choices on one text (RACE)",
        "race.jsonl",
        lines(
            lambda n: {
                "article": said(n),
                "questions": [asked(n), asked(n + 1)],
                "options": [berths(n), berths(n + 1)],
                "answers": [letter(n), letter(n + 1)],
            }
        ),
        "article + question → question, options → choices, answer → correct choice",
        12,
    ),
    Shape(
        "a table, and its labels in a text of their own",
        "apart",
        {
            "train.jsonl": lines(
                lambda n: {
                    "context": said(n),
                    "question": asked(n),
                    "answerA": "yes",
                    "answerB": "no",
                    "answerC": "perhaps",
                }
            ),
            "train-labels.lst": rows(lambda n: str(n % 3 + 1)),
        },
        "context + question → question, answerA, answerB, answerC → choices, label → correct choice",
        12,
    ),
    Shape(
        "what was searched for and found, and whether it is relevant",
        "found.jsonl",
        lines(lambda n: {"query": asked(n), "passage": said(n), "relevant": n % 2}),
        "query + passage → text, relevant → label",
        12,
    ),
    Shape(
        "a tag before each word (MIT)",
        "tags.txt",
        "".join(f"B-SHIP\tFerry{row}\nO\tleaves\nO\tearly\n\n" for row in range(12)),
        TAGS,
        12,
    ),
    Shape(
        "words and tags with commas, sentences apart by empty lines",
        "words.csv",
        "word,tag\n" + "".join(f"Ferry{row},B-SHIP\nleaves,O\nearly,O\n\n" for row in range(12)),
        TAGS,
        12,
    ),
    Shape(
        "arrays one after the other",
        "arrays.json",
        rows(lambda n: json.dumps([{"prompt": asked(n), "answer": said(n)}] * 2), 6),
        PAIRS,
        12,
    ),
    Shape(
        "an array as Python prints it, with a comma at its end",
        "printed.json",
        "[" + "".join(f"{ {'prompt': asked(n), 'answer': said(n)}!r},\n" for n in range(12)) + "]",
        PAIRS,
        12,
    ),
    Shape(
        "a block of code that a chat wrote",
        "block.jsonl",
        "```json\n" + lines(lambda n: {"prompt": asked(n), "answer": said(n)}) + "```\n",
        PAIRS,
        12,
    ),
    Shape(
        "a list of turns per line",
        "turns_only.jsonl",
        lines(lambda n: [{"role": "user", "content": asked(n)}, {"role": "assistant", "content": said(n)}]),
        "messages → conversation",
        12,
    ),
    Shape(
        "calls of tools in blocks (Anthropic, Bedrock)",
        "blocks.jsonl",
        lines(
            lambda n: {
                "messages": [
                    {"role": "user", "content": asked(n)},
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "tide", "input": {}}]},
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "low"}]},
                    {"role": "assistant", "content": [{"type": "text", "text": said(n)}]},
                ]
            }
        ),
        "messages → conversation",
        12,
    ),
    Shape(
        "a transcript of two speakers whose roles are known",
        "transcript.txt",
        rows(lambda n: f"Customer: {asked(n)}\nAgent: {said(n)}"),
        PAIRS,
        12,
    ),
    Shape(
        "files of which a later one has more columns",
        "years",
        {
            "2021.csv": rows(lambda n: f'{asked(n)},"{said(n)}"', header="prompt,answer"),
            "2022.csv": rows(lambda n: f'{n},{asked(n)},"{said(n)}"', header="id,prompt,answer"),
        },
        PAIRS,
        24,
    ),
    Shape(
        "files whose ending is their split",
        "splits",
        {
            f"eng.{split}": "".join(f"{split}{row} B-SHIP\nleaves O\nearly O\n\n" for row in range(6))
            for split in ("train", "testa")
        },
        TAGS,
        12,
    ),
    Shape(
        "two texts, one of which is the other corrected",
        "pair",
        {"orig.txt": rows(asked), "corrected.txt": rows(said)},
        "source → prompt, target → answer",
        12,
    ),
    Shape(
        "a workbook whose name ends with .csv",
        "workbook.csv",
        workbook(Letters=[["text", "label"], *([asked(n), mood(n)] for n in range(12))]),
        CLASSES,
        12,
    ),
    Shape(
        "a web page whose name ends with .xls, as many systems export tables",
        "report.xls",
        "<html><table><tr><th>text</th><th>label</th></tr>"
        + "".join(f"<tr><td>{asked(n)}</td><td>{mood(n)}</td></tr>" for n in range(12))
        + "</table></html>",
        CLASSES,
        12,
    ),
    Shape(
        "texts with a list of questions on each (MRQA)",
        "paragraphs.jsonl",
        lines(lambda n: {"context": said(n), "qas": [{"question": asked(n), "answers": [{"text": f"berth {n}"}]}]}),
        "question + context → prompt, answers[0].text → answer",
        12,
    ),
    Shape(
        "turns of a user and a dialogue system",
        "system.csv",
        rows(
            lambda n: f'{n // 2},{n % 2},{("USER", "SYSTEM")[n % 2]},"{(asked, said)[n % 2](n)}"',
            24,
            "dialogue_id,turn_id,speaker,utterance",
        ),
        "messages → conversation",
        12,
    ),
    Shape(
        "an exam without a header, with its subject last",
        "subjects.csv",
        rows(lambda n: f"{asked(n)},{','.join(berths(n))},{letter(n)},{mood(n)}"),
        "column 1 → question, column 2, column 3, column 4, column 5 → choices, column 6 → correct choice",
        12,
    ),
    Shape(
        "a rating out of ten",
        "rated.csv",
        rows(lambda n: f"{asked(n)},{n % 7}.{n % 5}/10", header="description,score"),
        "description → text, score → number",
        12,
    ),
    Shape(
        "two texts, and the name of the one that is preferred",
        "preferred.jsonl",
        lines(
            lambda n: {"prompt": asked(n), "text_a": said(n), "text_b": "No.", "preferred": ("text_a", "text_b")[n % 2]}
        ),
        COMPARED,
        12,
    ),
    Shape(
        "a text and its annotations in a list per line (spaCy)",
        "spacy.jsonl",
        lines(lambda n: [f"Ferry {n} leaves", {"entities": [[0, 5, "SHIP"]]}]),
        TAGS,
        12,
    ),
    Shape(
        "a question with its context in one object, the answer in another",
        "objects.jsonl",
        lines(lambda n: {"input": {"question": asked(n), "context": said(n)}, "output": {"answer": f"berth {n}"}}),
        "input.question + input.context → prompt, output.answer → answer",
        12,
    ),
    Shape(
        "measurements with a unit",
        "minutes.csv",
        rows(lambda n: f"{asked(n)} And stir.,{7 * n % 83 + 3} min", header="recipe,time", count=40),
        "recipe → text, time → number",
        40,
    ),
    Shape(
        "spans and their labels in columns of their own",
        "spans.jsonl",
        lines(lambda n: {"text": f"Ferry {n} leaves", "spans": [[0, 5]], "span_labels": ["SHIP"]}),
        TAGS,
        12,
    ),
    Shape(
        "words with spans that count words (SpERT, CoNLL04)",
        "spans_of_words.json",
        json.dumps(
            [
                {"tokens": ["Ferry", str(n), "leaves"], "entities": [{"type": "SHIP", "start": 0, "end": 2}]}
                for n in range(12)
            ]
        ),
        TAGS,
        12,
    ),
    Shape(
        "answers by their places in a text",
        "places.jsonl",
        lines(lambda n: {"question": asked(n), "passage": f"Ferry {n} leaves at nine.", "start": 0, "end": 5}),
        "question + passage → prompt, answer → answer",
        12,
    ),
    Shape(
        "paragraphs of a text and its label",
        "blocks.txt",
        "\n\n".join(f'{n}\t"{said(n)}"\n{mood(n)}\nComment:' for n in range(12)),
        CLASSES,
        12,
    ),
    Shape(
        "turns with their role in front of the text",
        "roles.csv",
        rows(lambda n: f"{n // 2},{('user', 'assistant')[n % 2]}: {asked(n)}", header="conversation_id,message"),
        "messages → conversation",
        6,
    ),
    Shape(
        "a text and its translations in an object",
        "translations.jsonl",
        lines(lambda n: {"source": asked(n), "translations": {"de": said(n), "fr": f"Oui, {n}."}}),
        "source → prompt, translations.de → answer",
        12,
    ),
    Shape(
        "rows in a list of lists",
        "listed.json",
        json.dumps([[{"prompt": asked(n), "answer": said(n)} for n in range(12)]]),
        "prompt → prompt, answer → answer",
        12,
    ),
    Shape(
        "choices in one cell with a sign between them",
        "joined.csv",
        rows(lambda n: f"{asked(n)},{'|'.join(berths(n))},{letter(n)}", header="question,options,answer"),
        "question → question, options → choices, answer → correct choice",
        12,
    ),
    Shape(
        "choices in columns that are called by letters of another alphabet",
        "alphabet.csv",
        rows(
            lambda n: f"{asked(n)},{','.join(berths(n))},{'АБВГ'['ABCD'.index(letter(n))]}",
            header="Вопрос,А,Б,В,Г,Ответ",
        ),
        "Вопрос → question, А, Б, В, Г → choices, Ответ → correct choice",
        12,
    ),
    Shape(
        "choices behind letters in one line",
        "in_line.jsonl",
        lines(
            lambda n: {
                "Problem": asked(n),
                "options": " , ".join(f"{mark} ) {text}" for mark, text in zip("abcd", berths(n), strict=True)),
                "correct": letter(n).lower(),
            }
        ),
        "Problem → question, options → choices, correct → correct choice",
        12,
    ),
    Shape(
        "boxes that were ticked in a form",
        "ticked.csv",
        rows(
            lambda n: f'"{said(n)}","{("Pier", "Ferry", "Pier, Ferry", "Ferry, Café", "Café")[n % 5]}"',
            20,
            header="Tell us about your visit,What did you use?",
        ),
        "Tell us about your visit → text, What did you use? → several labels",
        20,
    ),
    Shape(
        "emptied rows at the end of a table",
        "emptied.csv",
        rows(lambda n: f"{asked(n)};{mood(n)};", header="text;label;") + ";;\n" * 9,
        CLASSES,
        12,
    ),
    Shape(
        "languages named in one of them",
        "two_languages.tsv",
        rows(lambda n: f"フェリー{n}は何時に出ますか。\t{asked(n)}", header="日本語\t英語"),
        "日本語 → prompt, 英語 → answer",
        12,
    ),
    Shape(
        "a table in the markup of a wiki",
        "wiki.txt",
        rows(lambda n: f"|{asked(n)}|{said(n)}|", header="||prompt||answer||"),
        PAIRS,
        12,
    ),
    Shape(
        "an HTML table pasted into a text",
        "pasted.txt",
        f"<table><tr><th>prompt</th><th>answer</th></tr>\n"
        f"{rows(lambda n: f'<tr><td>{asked(n)}</td><td>{said(n)}</td></tr>')}</table>",
        PAIRS,
        12,
    ),
    Shape(
        "turns of a doctor and a patient in another language",
        "visits.csv",
        rows(lambda n: f"{n // 4};{('Patient', 'Arzt')[n % 2]};{asked(n)}", 48, header="Gespräch;Sprecher;Äußerung"),
        "messages → conversation",
        12,
    ),
    Shape(
        "what was searched for, a document and its relevance in another language",
        "found.csv",
        rows(lambda n: f"{asked(n)};{said(n) * 3};{n % 3}", 16, header="suchanfrage;dokument;relevanz"),
        "suchanfrage + dokument → text, relevanz → label",
        16,
    ),
    Shape(
        "choices that are objects, with keys in another language",
        "exame.json",
        json.dumps(
            [
                {
                    "enunciado": asked(n),
                    "alternativas": [
                        {"letra": mark, "texto": text} for mark, text in zip("ABCD", berths(n), strict=True)
                    ],
                    "gabarito": letter(n),
                }
                for n in range(12)
            ]
        ),
        "enunciado → question, alternativas → choices, gabarito → correct choice",
        12,
    ),
    Shape(
        "a context, a question and choices in another language",
        "contexto.csv",
        rows(
            lambda n: f"{said(n).replace(',', '')};{asked(n)};{';'.join(berths(n)[:3])};{n % 3 + 1}",
            header="contexto;pregunta;respuestaA;respuestaB;respuestaC;correcta",
        ),
        "contexto + pregunta → question, respuestaA, respuestaB, respuestaC → choices, correcta → correct choice",
        12,
    ),
    Shape(
        "a premise and a hypothesis in another language",
        "nli.csv",
        rows(lambda n: f"{asked(n)};{said(n)};{mood(n)}", 16, header="premiss;hypotes;etikett"),
        "premiss + hypotes → text, etikett → label",
        16,
    ),
    Shape(
        "parallel texts and the ids of their lines",
        "moses",
        {
            "train.src": rows(asked),
            "train.tgt": rows(said),
            "train.id": rows(lambda n: f"report {n // 4}"),
        },
        "source → prompt, target → answer",
        12,
    ),
    Shape(
        "columns that come again to the right",
        "beside.csv",
        rows(
            lambda n: f"{said(n)};{mood(n)};{said(n + 100)};{mood(n + 1)}".replace(",", ""),
            header="Text;Mood;Text;Mood",
        ),
        "Text → text, Mood → label",
        12,
    ),
    Shape(
        "sparse labels in columns by number",
        "topics.csv",
        rows(
            lambda n: f"{said(n)};{('quay;;', 'pier;quay;', 'crane;pier;quay')[n % 3]}".replace(",", ""),
            24,
            header="text;topic_0;topic_1;topic_2",
        ),
        "text → text, topic → several labels",
        24,
    ),
    Shape(
        "two flags in an object",
        "two_flags.jsonl",
        lines(lambda n: {"text": said(n), "labels": {"rude": n % 2, "late": n // 2 % 2}}),
        "text → text, labels.rude, labels.late → several labels",
        12,
    ),
    Shape(
        "prompts with places that are filled in",
        "rewrites.jsonl",
        lines(
            lambda n: {
                "case_id": n,
                "requested_rewrite": {
                    "prompt": ("{} lies in berth", "The berth of {} is")[n % 2],
                    "subject": f"Boat {n}",
                    "target_new": {"str": f"number {n + 3}", "id": f"Q{n}"},
                    "target_true": {"str": f"number {n}", "id": f"Q{n + 90}"},
                },
            }
        ),
        "prompt → prompt, answer → answer",
        12,
    ),
)
