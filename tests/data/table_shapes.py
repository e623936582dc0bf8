"""Further shapes of files, each for one rule: names of columns, headers, texts with a structure, workbooks."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pyarrow as pa
from pyarrow import parquet

from tests.data.shapes import PAIRS, Shape, asked, berths, letter, lines, mood, rows, said, workbook

CLASSES = "text → text, label → label"
TAGS = "tokens → words, tags → one label per word"
PHRASES = ("super", "awesome", "fair", "poor")
LETTERS = "Ferry{} leaves Turku"


def plain(row: int) -> str:
    """Return an answer without a comma."""
    return said(row).replace(",", "")


def numbered_class(row: int) -> dict[str, Any]:
    """Return a text with the number and the name of its class."""
    return {"text": asked(row), "label": row % 3, "label_text": mood(row)}


def merged_workbook() -> bytes:
    """Return a workbook whose labels are merged for three rows each, behind a hidden sheet."""
    book = openpyxl.Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.append(["key", "value"])
    hidden.append(["made by", "the harbor office"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("Letters")
    sheet.append(["label", "text"])
    for row in range(12):
        sheet.append([mood(row // 3) if row % 3 == 0 else None, asked(row)])
    for first in range(2, 14, 3):
        sheet.merge_cells(f"A{first}:A{first + 2}")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def zstandard(text: str) -> bytes:
    """Return text packed with Zstandard."""
    return bytes(pa.compress(text.encode(), codec="zstd", asbytes=True))


def bytes_in_parquet() -> bytes:
    """Return a Parquet file whose texts are bytes."""
    buffer = io.BytesIO()
    texts = pa.array([asked(row).encode() for row in range(12)], pa.binary())
    parquet.write_table(pa.table({"text": texts, "label": [mood(row) for row in range(12)]}), buffer)
    return buffer.getvalue()


TABLES = (
    Shape(
        "class numbers and class names side by side",
        "named.jsonl",
        lines(numbered_class),
        "text → text, label_text → label",
        12,
    ),
    Shape(
        "names that mirror each other",
        "mirrored.jsonl",
        lines(lambda n: {"id": n, "sourceLang": "en", "sourceString": asked(n), "targetString": said(n)}),
        "sourceString → prompt, targetString → answer",
        12,
    ),
    Shape(
        "columns named by two languages",
        "languages.jsonl",
        lines(lambda n: {"id": n, "topic": mood(n), "sentence_eng_Latn": asked(n), "sentence_deu_Latn": said(n)}),
        "sentence_eng_Latn → prompt, sentence_deu_Latn → answer",
        12,
    ),
    Shape(
        "texts that were corrected, several ways each",
        "corrections.jsonl",
        lines(lambda n: {"sentence": asked(n), "corrections": [said(n), said(n + 50)]}),
        "sentence → prompt, corrections → answer",
        12,
    ),
    Shape(
        "a question and its database query",
        "queries.jsonl",
        lines(lambda n: {"db_id": mood(n), "query": f"SELECT berth FROM ferries WHERE id = {n}", "question": asked(n)}),
        "question → prompt, query → answer",
        12,
    ),
    Shape(
        "a description and its code",
        "code.jsonl",
        lines(
            lambda n: {"task_id": n, "text": asked(n), "code": f"def leave(): return {n}", "tests": [f"leave() == {n}"]}
        ),
        "text → prompt, code → answer",
        12,
    ),
    Shape(
        "words and their definitions",
        "words.csv",
        rows(lambda n: f"word{n},{plain(n)}", header="word,definition"),
        "word → prompt, definition → answer",
        12,
    ),
    Shape(
        "questions and answers in another language",
        "fragen.csv",
        rows(lambda n: f"{n};{mood(n)};{asked(n)};{said(n)}", header="Nr;Thema;Frage;Antwort"),
        "Frage → prompt, Antwort → answer",
        12,
    ),
    Shape(
        "values inside objects",
        "inner.jsonl",
        lines(lambda n: {"id": n, "inputs": {"text": asked(n)}, "outputs": {"text": said(n)}}),
        "inputs.text → prompt, outputs.text → answer",
        12,
    ),
    Shape(
        "conversations inside objects",
        "conversations.jsonl",
        lines(
            lambda n: {
                "id": n,
                "data": {
                    "messages": [{"role": "user", "content": asked(n)}, {"role": "assistant", "content": said(n)}]
                },
            }
        ),
        "data.messages → conversation",
        12,
    ),
    Shape(
        "an object of flags",
        "flags.jsonl",
        lines(lambda n: {"text": asked(n), "labels": {"toxic": n % 2, "rude": n // 2 % 2, "threat": n // 4 % 2}}),
        "text → text, labels.toxic, labels.rude, labels.threat → several labels",
        12,
    ),
    Shape(
        "labels that are objects",
        "objects.json",
        json.dumps(
            [{"title": f"Berth {n}", "body": asked(n), "labels": [{"id": n, "name": mood(n)}]} for n in range(12)]
        ),
        "body → text, labels.name → several labels",
        12,
    ),
    Shape(
        "flags of yes and no, or x",
        "marks.csv",
        rows(
            lambda n: f"{asked(n)},{'x' * (n % 2)},{'x' * (n // 2 % 2)},{'x' * (n // 4 % 2)}",
            header="text,price,staff,food",
        ),
        "text → text, price, staff, food → several labels",
        12,
    ),
    Shape(
        "several labels with commas in a column of tags",
        "tags.csv",
        rows(lambda n: f'{asked(n)},"{("joy, hope", "joy", "fear", "hope, fear")[n % 4]}"', header="text,tags"),
        "text → text, tags → several labels",
        12,
    ),
    Shape(
        "percentages and prices",
        "prices.csv",
        rows(lambda n: f"{asked(n)},${n}.50", header="description,price"),
        "description → text, price → number",
        12,
    ),
    Shape(
        "questions, answers and whether these are right",
        "right.jsonl",
        lines(lambda n: {"question": asked(n), "answer": said(n), "label": n % 2}, 16),
        "question + answer → text, label → label",
        16,
    ),
    Shape(
        "reviews with a summary and a rating",
        "reviews.csv",
        rows(lambda n: f"{n},{n % 3 + 1},Berth {n} is fine,{asked(n)} {plain(n)}", 16, header="Id,Score,Summary,Text"),
        "Text → text, Score → label",
        16,
    ),
    Shape(
        "an exam whose right choice is called otherwise",
        "exam.csv",
        rows(
            lambda n: f"{asked(n)},{','.join(berths(n))},{n % 4 + 1}",
            header="Question text,Option 1,Option 2,Option 3,Option 4,Correct answer(s)",
        ),
        "Question text → question, Option 1, Option 2, Option 3, Option 4 → choices,"
        " Correct answer(s) → correct choice",
        12,
    ),
    Shape(
        "sentences in the first row",
        "headless.csv",
        rows(lambda n: f'"{asked(n)}","{said(n)}"'),
        "column 1 → prompt, column 2 → answer",
        12,
    ),
    Shape(
        "rows below the header that describe it (Qualtrics)",
        "survey.csv",
        'Q1,Q2\nHow calm is it?,Why do you think so?\n"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
        + rows(lambda n: f"{mood(n)},{plain(n)}"),
        "Q2 → text, Q1 → label",
        12,
    ),
    Shape(
        "quotes after a backslash",
        "escaped.csv",
        rows(lambda n: f'"He said \\"ferry {n}\\", twice","{said(n)}"', header="prompt,answer"),
        PAIRS,
        12,
    ),
    Shape("JSON Lines in a CSV file", "lines.csv", lines(lambda n: {"prompt": asked(n), "answer": said(n)}), PAIRS, 12),
    Shape(
        "a table in a text file",
        "table.txt",
        rows(lambda n: f"{asked(n)};{plain(n)}", header="Question;Answer"),
        "Question → prompt, Answer → answer",
        12,
    ),
    Shape(
        "a table as databases print it",
        "printed.txt",
        "+----+----+\n| text | label |\n+----+----+\n"
        + rows(lambda n: f"| {asked(n)} | {mood(n)} |")
        + "+----+----+\n",
        CLASSES,
        12,
    ),
    Shape(
        "labels at the beginning of lines (fastText)",
        "labels.txt",
        rows(lambda n: f"__label__{mood(n)} {asked(n)}"),
        CLASSES,
        12,
    ),
    Shape(
        "questions and answers in paragraphs", "asked.txt", rows(lambda n: f"Q: {asked(n)}\nA: {said(n)}\n"), PAIRS, 12
    ),
    Shape(
        "cards of Anki",
        "cards.txt",
        "#separator:tab\n#html:true\n" + rows(lambda n: f"{asked(n)}\t{said(n)}"),
        "column 1 → prompt, column 2 → answer",
        12,
    ),
    Shape(
        "an object of lists of texts",
        "lists.json",
        json.dumps({"calm": [asked(n) for n in range(8)], "storm": [asked(n) for n in range(8, 14)]}),
        CLASSES,
        14,
    ),
    Shape(
        "an object of answers by their questions",
        "answers.json",
        json.dumps({asked(n): said(n) for n in range(12)}),
        PAIRS,
        12,
    ),
    Shape(
        "intents with their phrases",
        "intents.json",
        json.dumps(
            {
                "intents": [
                    {"tag": mood(n), "patterns": [asked(4 * n + at) for at in range(4)], "responses": [said(n)]}
                    for n in range(3)
                ]
            }
        ),
        CLASSES,
        12,
    ),
    Shape(
        "several questions on one text",
        "stories.jsonl",
        lines(
            lambda n: {
                "story": said(n),
                "questions": [{"input_text": asked(n)}, {"input_text": asked(n + 50)}],
                "answers": [{"input_text": said(n)}, {"input_text": said(n + 50)}],
            }
        ),
        "messages → conversation",
        12,
    ),
    Shape(
        "prompts that are turns (TRL)",
        "turns.jsonl",
        lines(
            lambda n: {
                "prompt": [{"role": "user", "content": asked(n)}],
                "completion": [{"role": "assistant", "content": said(n)}],
            }
        ),
        "completion → conversation",
        12,
    ),
    Shape(
        "one word per row, the sentence named in its first row",
        "ner.csv",
        rows(
            lambda n: f"Sentence: {n},Ferry{n},NNP,B-org\n,leaves,VBZ,O\n,Turku,NNP,B-geo",
            header="Sentence #,Word,POS,Tag",
        ),
        TAGS,
        12,
    ),
    Shape(
        "one word per row, with the id of its sentence",
        "words_by_id.csv",
        rows(lambda n: f"{n},Ferry{n},B-ORG\n{n},leaves,O", header="sentence_id,word,tag"),
        TAGS,
        12,
    ),
    Shape(
        "a text and its tags side by side",
        "side_by_side.csv",
        rows(lambda n: f"{LETTERS.format(n)},B-ORG O B-LOC", header="sentence,word_labels"),
        "sentence → words, word_labels → one label per word",
        12,
    ),
    Shape("hidden sheets and merged cells", "merged.xlsx", merged_workbook(), "text → text, label → label", 12),
    Shape(
        "a short sheet before a long one",
        "legend.xlsx",
        workbook(
            Legend=[["Code", "Meaning"], ["1", "calm"], ["2", "storm"]],
            Letters=[["text", "label"], *([asked(n), n % 2 + 1] for n in range(12))],
        ),
        CLASSES,
        12,
    ),
    Shape(
        "other packed files (bz2, xz, zst)",
        "packed.jsonl.zst",
        zstandard(lines(lambda n: {"prompt": asked(n), "answer": said(n)})),
        PAIRS,
        12,
    ),
    Shape("texts that are bytes in Parquet", "bytes.parquet", bytes_in_parquet(), CLASSES, 12),
    Shape(
        "a table with documents that describe it",
        "described",
        {"rows.csv": rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label"), "notes.txt": "Counted in May."},
        CLASSES,
        12,
    ),
    Shape(
        "one JSON object per file",
        "objects",
        {f"{n}.json": json.dumps({"prompt": asked(n), "answer": said(n)}) for n in range(12)},
        PAIRS,
        12,
    ),
    Shape(
        "one document per file, numbered",
        "documents",
        {f"letter{n}.txt": asked(n) for n in range(12)},
        "text → plain text",
        12,
    ),
    Shape(
        "two phrases and how alike they are",
        "phrases.csv",
        rows(
            lambda n: f"{n:08x},north pier {n % 3},{plain(n)},{'ABC'[n % 3]}4,{n % 5 / 4}",
            20,
            "id,anchor,target,context,score",
        ),
        "anchor + target → text, score → number",
        20,
    ),
    Shape(
        "choices that are objects with an id",
        "exam.jsonl",
        lines(
            lambda n: {
                "qid": str(n),
                "qtext": asked(n),
                "ra": n % 4 + 1,
                "answers": [{"aid": place, "atext": text} for place, text in enumerate(berths(n), start=1)],
            }
        ),
        "qtext → question, answers → choices, ra → correct choice",
        12,
    ),
    Shape(
        "a question on an article",
        "article.jsonl",
        lines(lambda n: {"article": said(n) * 4, "question": asked(n), "answer": said(n)}),
        "question + article → prompt, answer → answer",
        12,
    ),
    Shape(
        "two messages, the second of which answers the first",
        "messages.json",
        json.dumps(
            [{"role_1": "Keeper", "topic": mood(n), "message_1": asked(n), "message_2": said(n)} for n in range(12)]
        ),
        "message_1 → prompt, message_2 → answer",
        12,
    ),
    Shape(
        "a class behind an at sign",
        "phrases.txt",
        rows(lambda n: f"{plain(n)}@{mood(n)}"),
        CLASSES,
        12,
    ),
    Shape(
        "posts with votes",
        "posts.csv",
        rows(lambda n: f"p{n},{plain(n)},{n * 37 - 20}", header="id,body,score"),
        "body → plain text",
        12,
    ),
    Shape(
        "two texts and a measurement without a header",
        "unnamed.csv",
        rows(lambda n: f"captions\t{n:04d}\t{n % 7 / 2 + 0.25}\t{asked(n)}\t{said(n)}", 30),
        "column 4 + column 5 → text, column 3 → number",
        30,
    ),
    Shape(
        "a problem with its text and its question",
        "problems.json",
        json.dumps(
            [
                {"ID": f"p{n}", "Body": said(n) * 2, "Question": f"How late is ferry {n}?", "Answer": n + 0.5}
                for n in range(12)
            ]
        ),
        "Question + Body → prompt, Answer → answer",
        12,
    ),
    Shape(
        "a quiz template, whose headers say more than the name",
        "quiz.xlsx",
        workbook(
            Quiz=[
                ["Quiz template", *[None] * 5],
                [
                    "Question - max 120 characters",
                    *(f"Answer {place} - max 75 characters" for place in range(1, 5)),
                    "Correct answer(s)",
                ],
                *([asked(n), *berths(n), n % 4 + 1] for n in range(12)),
            ]
        ),
        "Question - max 120 characters → question, Answer 1 - max 75 characters, Answer 2 - max 75 characters,"
        " Answer 3 - max 75 characters, Answer 4 - max 75 characters → choices, Correct answer(s) → correct choice",
        12,
    ),
    Shape(
        "the first of several answers in columns of their own",
        "answers.csv",
        rows(lambda n: f"{asked(n)},{plain(n)},{plain(n + 1)}", header="question,answer1,answer2"),
        "question → prompt, answer1 → answer",
        12,
    ),
    Shape(
        "an answer that is an object of a query",
        "queries.jsonl",
        lines(lambda n: {"table_id": "1-10", "question": asked(n), "sql": {"sel": n, "conds": []}}),
        "question → prompt, sql → answer",
        12,
    ),
    Shape(
        "a rating and tags",
        "rated.csv",
        rows(lambda n: f"\"['Trip', 'Pair']\",{plain(n)},{n % 9 + 0.5}", 30, "Tags,Review,Reviewer_Score"),
        "Review → text, Reviewer_Score → number",
        30,
    ),
    Shape(
        "lists of objects as text in cells, whose names are labels",
        "genres.csv",
        rows(
            lambda n: f"\"{plain(n)}\",\"[{{'id': 1, 'name': '{mood(n)}'}}, {{'id': 2, 'name': 'sea'}}]\"",
            header="overview,genres",
        ),
        "overview → text, genres.name → several labels",
        12,
    ),
    Shape(
        "facts in lists and lists of labels",
        "cases.jsonl",
        lines(lambda n: {"case_id": f"c{n}", "facts": [said(n) * 2, asked(n)], "articles": ["36"[n % 2], "8"]}, 20),
        "facts → text, articles → several labels",
        20,
    ),
    Shape(
        "a document and its abstract",
        "abstracts.jsonl",
        lines(lambda n: {"abstract": said(n), "description": asked(n) * 9}),
        "description → prompt, abstract → answer",
        12,
    ),
    Shape(
        "splits of lists in one object",
        "splits.json",
        json.dumps(
            {"train": [[asked(n), mood(n)] for n in range(12)], "oos_test": [[asked(50), "fog"], [asked(51), "calm"]]}
        ),
        "column 1 → text, column 2 → label",
        14,
    ),
    Shape(
        "examples and other lists (LUIS)",
        "luis.json",
        json.dumps(
            {"intents": [{"name": "calm"}], "utterances": [{"text": asked(n), "intent": mood(n)} for n in range(12)]}
        ),
        "text → text, intent → label",
        12,
    ),
    Shape(
        "columns named by the two sides of a talk",
        "sides.csv",
        rows(lambda n: f"Harbor {n},{asked(n)},{plain(n)}", header="Description,Patient,Doctor"),
        "Patient → prompt, Doctor → answer",
        12,
    ),
    Shape(
        "a task with its definition and instances (Natural Instructions)",
        "task.json",
        json.dumps(
            {
                "Definition": ["Say when it leaves."],
                "Positive Examples": [{"input": "a", "output": "b"}],
                "Instances": [{"id": f"t{n}", "input": asked(n), "output": [said(n)]} for n in range(12)],
            }
        ),
        "instruction + input → prompt, output → answer",
        12,
    ),
    Shape(
        "an object of texts for each of two languages",
        "interface.json",
        json.dumps(
            {code: {f"key{n}": f"{code} {text(n)}" for n in range(12)} for code, text in (("en", asked), ("de", said))}
        ),
        "en → prompt, de → answer",
        12,
    ),
    Shape(
        "a choice question on a text",
        "reading.jsonl",
        lines(lambda n: {"text": said(n) * 3, "question": asked(n), "options": berths(n), "answer": n % 4}),
        "text + question → question, options → choices, answer → correct choice",
        12,
    ),
    Shape(
        "an answer in words and its letter",
        "letters.jsonl",
        lines(
            lambda n: {
                "question": asked(n),
                "options": dict(zip("ABCD", berths(n), strict=True)),
                "answer": said(n),
                "answer_idx": letter(n),
            }
        ),
        "question → question, options → choices, answer_idx → correct choice",
        12,
    ),
    Shape(
        "numbers of sentences and two languages, without a header",
        "linked.tsv",
        rows(lambda n: f"{n * 7 + 1276}\t{asked(n)}\t{n * 9 + 2481}\t{said(n)}"),
        "column 2 → prompt, column 4 → answer",
        12,
    ),
    Shape(
        "an abstract and its key phrases",
        "phrases_of_abstracts.csv",
        rows(lambda n: f"{plain(n)},{plain(n) * 3},ferry {n}; pier {n + 40}", header="title,abstract,keyphrases"),
        "abstract → prompt, keyphrases → answer",
        12,
    ),
    Shape(
        "documents and their summaries among facts of posts",
        "posts.jsonl",
        lines(
            lambda n: {"ups": n * 30.0, "score": n, "documents": said(n) * 4, "tldr": asked(n), "title": f"Pier {n}"}
        ),
        "documents → prompt, tldr → answer",
        12,
    ),
    Shape(
        "mails with their replies",
        "mails.csv",
        rows(
            lambda n: f"2024-01-02,{asked(n)},{plain(n)},{'AB'[n % 2]}",
            header="Date,Customer email,Our reply,Handled by",
        ),
        "Customer email → prompt, Our reply → answer",
        12,
    ),
    Shape(
        "what a text says of a target",
        "stances.csv",
        rows(lambda n: f"{plain(n)},{('pier', 'fog')[n // 2 % 2]},{mood(n)}", 24, "Tweet,Target,Stance"),
        "Tweet → text, Stance → label",
        24,
    ),
    Shape(
        "several codes in a cell",
        "codes.csv",
        rows(lambda n: f'{plain(n)},"{("A1,B2", "A1", "B2,C3", "A1,C3")[n % 4]}"', 24, "note_text,icd_codes"),
        "note_text → text, icd_codes → several labels",
        24,
    ),
    Shape(
        "words with tags that do not say where a span begins",
        "plain_tags.txt",
        "".join(f"Ferry{n}\tship\nleaves\tO\nTurku\tplace-port\n\n" for n in range(12)),
        TAGS,
        12,
    ),
    Shape(
        "a question and its answers inside a list of objects",
        "long_answers.jsonl",
        lines(
            lambda n: {
                "ambiguous_question": asked(n),
                "qa_pairs": [{"question": asked(n + 50), "short_answers": [f"berth {n}"]}],
                "annotations": [{"long_answer": said(n), "knowledge": []}],
            }
        ),
        "ambiguous_question → prompt, annotations.long_answer → answer",
        12,
    ),
    Shape(
        "a task and its steps: one answer, a line each",
        "steps.jsonl",
        lines(lambda n: {"task": asked(n), "steps": [said(n), said(n + 50)]}),
        "task → prompt, steps → answer",
        12,
    ),
    Shape(
        "a table and the text written from it",
        "tables.jsonl",
        lines(lambda n: {"table": {"header": ["ferry", "berth"], "rows": [[n, n + 7]]}, "description": said(n)}),
        "table → prompt, description → answer",
        12,
    ),
    Shape(
        "triples and the texts written from them",
        "triples.jsonl",
        lines(
            lambda n: {
                "tripleset": [[f"ferry {n}", "leaves", "Turku"]],
                "annotations": [{"source": "harbor", "text": said(n)}],
            }
        ),
        "tripleset → prompt, annotations.text → answer",
        12,
    ),
    Shape(
        "a question about a table",
        "table_questions.jsonl",
        lines(lambda n: {"question": asked(n), "table": {"header": ["a"], "rows": [[n]]}, "answer": said(n)}),
        "question + table → prompt, answer → answer",
        12,
    ),
    Shape(
        "questions, marked as such, and texts without a telling name",
        "marked_questions.csv",
        rows(lambda n: f"{n},{asked(n)},{plain(n)}", header="no,kolumn1,kolumn2"),
        "kolumn1 → prompt, kolumn2 → answer",
        12,
    ),
    Shape(
        "names of columns in one of many languages",
        "kunden.csv",
        rows(lambda n: f"{n},{'AB'[n % 2]},{asked(n)},{plain(n)}", header="Nr,Filiale,Kundenanfrage,Musterantwort"),
        "Kundenanfrage → prompt, Musterantwort → answer",
        12,
    ),
    Shape(
        "labels and texts named in one of many languages",
        "avis.csv",
        rows(
            lambda n: f"{('Nord', 'Sud')[n // 2 % 2]},{asked(n)},{mood(n)},{n % 2}",
            24,
            "Magasin,Avis du client,Thème,Année",
        ),
        "Avis du client → text, Thème → label",
        24,
    ),
    Shape(
        "a price among other numbers",
        "houses.csv",
        rows(lambda n: f"{plain(n)},{n % 4},{500 + n * 37},{100000 + n * 3517}", 30, "description,bedrooms,sqft,price"),
        "description → text, price → number",
        30,
    ),
    Shape(
        "two texts and how they are related",
        "relations.csv",
        rows(
            lambda n: f"{asked(n)},{plain(n)},{('entailment', 'contradiction')[n % 2]}", 24, "passage_a,statement,gold"
        ),
        "passage_a + statement → text, gold → label",
        24,
    ),
    Shape(
        "several labels with commas in a column of categories",
        "moods.csv",
        rows(lambda n: f'{plain(n)},"{("hope, fear", "joy, hope, life")[n % 2]}"', 24, "quote,category"),
        "quote → text, category → several labels",
        24,
    ),
    Shape(
        "a YAML list of objects",
        "pairs.yaml",
        "".join(f"- prompt: {asked(n)}\n  answer: 'no'\n" for n in range(12)),
        PAIRS,
        12,
    ),
    Shape(
        "examples of intents in YAML (Rasa)",
        "nlu.yml",
        "nlu:\n" + "".join(f"- intent: {mood(n)}\n  examples: |\n    - {asked(n)}\n" for n in range(12)),
        "text → text, intent → label",
        12,
    ),
    Shape(
        "XML with an element per row",
        "letters.xml",
        "<letters>"
        + "".join(f"<letter id='{n}'><text>{asked(n)}</text><mood>{mood(n)}</mood></letter>" for n in range(12))
        + "</letters>",
        "text → text, mood → label",
        12,
    ),
    Shape(
        "a translation memory (TMX)",
        "memory.tmx",
        '<!DOCTYPE tmx SYSTEM "tmx14.dtd"><tmx version="1.4"><header srclang="en"/><body>'
        + "".join(
            f'<tu tuid="{n}"><tuv xml:lang="en"><seg>{asked(n)}<ph>[b]</ph></seg></tuv>'
            f'<tuv xml:lang="de"><seg>{said(n)}</seg></tuv></tu>'
            for n in range(12)
        )
        + "</body></tmx>",
        "en → prompt, de → answer",
        12,
    ),
    Shape(
        "subtitles",
        "film.srt",
        "".join(f"{n + 1}\n00:00:{n:02d},000 --> 00:00:{n:02d},900\n<i>{asked(n)}</i>\n\n" for n in range(12)),
        "text → plain text",
        12,
    ),
    Shape(
        "a prompt that holds the answer as well, next to the instruction",
        "formatted.jsonl",
        lines(
            lambda n: {
                "instruction": asked(n),
                "input": "",
                "output": said(n),
                "prompt": f"### Instruction: {asked(n)} ### Output: {said(n)}",
            }
        ),
        "instruction + input → prompt, output → answer",
        12,
    ),
    Shape(
        "several answers under a name of several words",
        "human_answers.jsonl",
        lines(lambda n: {"question": asked(n), "human_answers": [said(n)], "source": "harbor"}),
        "question → prompt, human_answers → answer",
        12,
    ),
    Shape(
        "choices under any name with numbers",
        "holdings.csv",
        rows(
            lambda n: f"{n},{asked(n)},{','.join(plain(n + k) for k in range(4))},{n % 4}",
            header="example_id,citing_prompt,holding_0,holding_1,holding_2,holding_3,label",
        ),
        "citing_prompt → question, holding_0, holding_1, holding_2, holding_3 → choices, label → correct choice",
        12,
    ),
    Shape(
        "a question with its parts, which are questions as well",
        "decomposed.jsonl",
        lines(
            lambda n: {
                "question": asked(n),
                "parts": [{"question": asked(n + 50), "answer": f"berth {n}"}],
                "answer": said(n),
            }
        ),
        PAIRS.replace("prompt →", "question →"),
        12,
    ),
    Shape(
        "a passage, a question, and spans that answer it",
        "spans_of_answers.jsonl",
        lines(lambda n: {"passage": said(n), "question": asked(n), "answers_spans": {"spans": [f"berth {n}"]}}),
        "question + passage → prompt, answers_spans.spans[0] → answer",
        12,
    ),
    Shape(
        "what was said, a title, and the summary",
        "broadcasts.json",
        json.dumps([{"title": f"Pier {n}", "summary": asked(n), "utt": [said(n), said(n + 50)]} for n in range(12)]),
        "utt → prompt, summary → answer",
        12,
    ),
    Shape(
        "a brief and the final text",
        "briefs.csv",
        rows(lambda n: f"{asked(n)},{mood(n)},{plain(n)}", header="Brief,Tone,Final copy"),
        "Brief → prompt, Final copy → answer",
        12,
    ),
    Shape(
        "marks next to facts about the writer",
        "enquete.csv",
        rows(
            lambda n: f"{('Nord', 'Sud')[n // 3 % 2]},{('f', 'm')[n % 2]},{n % 5 + 1},{plain(n)}",
            24,
            "Région,Sexe,Q1,Verbatim",
        ),
        "Verbatim → text, Q1 → label",
        24,
    ),
    Shape(
        "two texts, and nothing to label them by but a place",
        "letters_sent.csv",
        rows(
            lambda n: f"{('Oslo', 'Turku')[n % 2]},{asked(n)},{plain(n)}",
            header="City,Letter of the donor,Thank-you letter",
        ),
        "Letter of the donor → prompt, Thank-you letter → answer",
        12,
    ),
    Shape(
        "an original and the text that was made of it",
        "clauses.csv",
        rows(lambda n: f"{asked(n)},{plain(n)} as everybody says here", header="Original clause,Plain English version"),
        "Original clause → prompt, Plain English version → answer",
        12,
    ),
    Shape(
        "answers in objects under a key of their own",
        "advice.jsonl",
        lines(lambda n: {"id": n, "question_body": asked(n), "answers": [{"body": said(n), "score": n}], "link": "x"}),
        "question_body → prompt, answers[0].body → answer",
        12,
    ),
    Shape(
        "prompts and answers in two languages side by side",
        "two_tongues.jsonl",
        lines(
            lambda n: {
                "instruction_en": asked(n),
                "response_en": said(n),
                "instruction_he": f"{asked(n)} (he)",
                "response_he": f"{said(n)} (he)",
            }
        ),
        "instruction_en → prompt, response_en → answer",
        12,
    ),
    Shape(
        "a comment with an answer that is one of a few",
        "poll.csv",
        rows(lambda n: f"Ann {n},{mood(n)},{plain(n)}", 24, "Respondent,Answer,Comment"),
        "Comment → text, Answer → label",
        24,
    ),
    Shape(
        "a long text, a short remark on it, and a grade",
        "essays.csv",
        rows(lambda n: f"{plain(n) * 5},{plain(n + 40)},{'ABC'[n % 3]}", 24, "Essay,Teacher feedback,Grade"),
        "Essay → text, Grade → label",
        24,
    ),
    Shape(
        "names of columns of several words",
        "hoi_dap.csv",
        rows(lambda n: f"{n},{asked(n)},{plain(n)},{mood(n)}", header="STT,Câu hỏi,Trả lời,Lĩnh vực"),
        "Câu hỏi → prompt, Trả lời → answer",
        12,
    ),
    Shape(
        "a text and its translation, in another language",
        "traductions.csv",
        rows(lambda n: f"{asked(n)},{plain(n)},{'AB'[n % 2]}", header="Texte source,Traduction,Relecteur"),
        "Texte source → prompt, Traduction → answer",
        12,
    ),
    Shape(
        "a question, a schema, and a query in a language of its own",
        "graphs.csv",
        rows(lambda n: f"{asked(n)},Node Ferry {n},MATCH (n) RETURN n LIMIT {n}", header="question,schema,cypher"),
        "question + schema → prompt, cypher → answer",
        12,
    ),
    Shape(
        "notes on how a problem was resolved",
        "resolved.csv",
        rows(lambda n: f"{n},{asked(n)},{plain(n)}", header="Ticket #,Issue,Resolution notes"),
        "Issue → prompt, Resolution notes → answer",
        12,
    ),
    Shape(
        "two texts of one length and a rating of the first",
        "findings.csv",
        rows(lambda n: f"{asked(n)},{plain(n)},{mood(n)}", 24, "Finding,Measure,Rating"),
        "Finding → text, Rating → label",
        24,
    ),
    Shape(
        "stars that are votes",
        "repositories.csv",
        rows(lambda n: f"a/b{n},{n * 31},{plain(n)}", header="repo,stars,readme"),
        "readme → plain text",
        12,
    ),
    Shape(
        "problems and their results, without a header",
        "results.tsv",
        rows(lambda n: f"{asked(n)}\t{n * 3 + 2}"),
        "column 1 → prompt, column 2 → answer",
        12,
    ),
    Shape(
        "what is to be written for a name",
        "roles.csv",
        rows(lambda n: f"Keeper {n},{plain(n) * 4}", header="act,prompt"),
        "act → prompt, prompt → answer",
        12,
    ),
    Shape(
        "a worked solution and the result it is checked by",
        "solved.jsonl",
        lines(lambda n: {"problem": asked(n), "generated_solution": said(n) * 2, "expected_answer": str(n * 3)}),
        "problem → prompt, generated_solution → answer",
        12,
    ),
    Shape(
        "a text that answers an input",
        "contents.jsonl",
        lines(lambda n: {"input": asked(n), "reasoning_content": said(n) * 3, "content": said(n), "score": 10}),
        "input → prompt, content → answer",
        12,
    ),
    Shape(
        "a problem and the patch that solves it",
        "patches.jsonl",
        lines(lambda n: {"repo": "a/b", "patch": f"--- a\n+++ b\n+{said(n)}", "problem_statement": asked(n) * 2}),
        "problem_statement → prompt, patch → answer",
        12,
    ),
    Shape(
        "a title and instructions, next to lists",
        "soups.jsonl",
        lines(lambda n: {"Title": f"Soup for pier {n}", "Ingredients": ["salt", "leek"], "Instructions": said(n) * 3}),
        "Title + Ingredients → prompt, Instructions → answer",
        12,
    ),
    Shape(
        "a headline that sums a text up, and a title",
        "howto.csv",
        rows(lambda n: f"{plain(n) * 2},How to moor {n},{plain(n) * 9}", header="headline,title,text"),
        "text → prompt, headline → answer",
        12,
    ),
    Shape(
        "a dialogue and the note that was written on it",
        "visits.csv",
        rows(lambda n: f'"Doctor: {plain(n)}\nPatient: {asked(n)}",{plain(n + 9)}', header="dialogue,section_text"),
        "dialogue → prompt, section_text → answer",
        12,
    ),
    Shape(
        "lists of two texts",
        "sets.jsonl",
        lines(lambda n: {"set": [said(n), asked(n)]}),
        "set[0] → prompt, set[1] → answer",
        12,
    ),
    Shape(
        "embedding data in one object per row",
        "wrapped.jsonl",
        lines(lambda n: {"set": {"query": asked(n), "pos": [said(n)], "neg": [said(n + 3)]}}),
        "query → prompt, pos → answer",
        12,
    ),
    Shape(
        "choices whose letters stand inside their names",
        "inside.csv",
        rows(
            lambda n: f"{asked(n)},{'ABC'[n % 3]},{n},{n + 1},{n + 2} or less",
            header="QuestionText,CorrectAnswer,AnswerAText,AnswerBText,AnswerCText",
        ),
        "QuestionText → question, AnswerAText, AnswerBText, AnswerCText → choices, CorrectAnswer → correct choice",
        12,
    ),
    Shape(
        "the rating of a review, and the category of what it is on",
        "hotels.csv",
        rows(lambda n: f"Inn,{mood(n + 1)},{n % 5 + 1},{plain(n)}", 24, "name,categories,reviews.rating,reviews.text"),
        "reviews.text → text, reviews.rating → label",
        24,
    ),
    Shape(
        "a rating with its scale in its name",
        "courses.csv",
        rows(lambda n: f"{['Knots', 'Radio'][n % 2]},{n % 5 + 1},{plain(n)}", 24, "Formation,Note (sur 5),Avis"),
        "Avis → text, Note (sur 5) → label",
        24,
    ),
    Shape(
        "a label and one that is the same in all rows",
        "constant.csv",
        rows(lambda n: f"{plain(n)},harbor,{mood(n)}", 24, "notice,category,urgency"),
        "notice → text, urgency → label",
        24,
    ),
    Shape(
        "two answers, the better one first",
        "better.jsonl",
        lines(lambda n: {"qid": n, "question": asked(n), "response_j": said(n) * 2, "response_k": said(n + 3)}),
        "question → prompt, response_j → answer",
        12,
    ),
    Shape(
        "an answer and its opposite",
        "behavior.jsonl",
        lines(
            lambda n: {
                "question": asked(n),
                "answer_matching_it": f" ({'AB'[n % 2]})",
                "answer_not_matching_it": " (C)",
            }
        ),
        "question → prompt, answer_matching_it → answer",
        12,
    ),
    Shape(
        "choices, and a column that repeats one of them",
        "repeated.jsonl",
        lines(
            lambda n: {
                "question": asked(n),
                "choices": ["north", "south", "east"],
                "solution": ["east", "north"][n % 2],
            }
        ),
        "question → question, choices → choices, solution → correct choice",
        12,
    ),
    Shape(
        "what is computed, and its result",
        "computed.jsonl",
        lines(lambda n: {"id": n, "original_text": asked(n), "equation": f"x={n}*2", "ans": str(n * 2)}),
        "original_text → prompt, ans → answer",
        12,
    ),
    Shape(
        "a few phrases called a review, and the text that is one",
        "phrases.csv",
        rows(lambda n: f"{PHRASES[n % 4]},{plain(n)},{mood(n)}", 24, "Review,Summary,Sentiment"),
        "Summary → text, Sentiment → label",
        24,
    ),
    Shape(
        "a category that is the same in all rows, and a rating",
        "same.csv",
        rows(lambda n: f"ferry,{plain(n)},{n % 5 + 1} stars", 24, "category,review,rating"),
        "review → text, rating → label",
        24,
    ),
    Shape(
        "labels by several people",
        "votes.jsonl",
        lines(
            lambda n: {"text": asked(n), "annotators": {"label": [n % 2, n % 2, 1], "annotator_id": [4, 5, 6]}},
            count=24,
        ),
        CLASSES,
        24,
    ),
    Shape(
        "a fault, its cause and its repair",
        "faults.csv",
        rows(
            lambda n: f"Kran {n % 2},{asked(n)},{plain(n)},{plain(n + 9)}", 12, "Anlage,Störungstext,Ursache,Behebung"
        ),
        "Störungstext → prompt, Behebung → answer",
        12,
    ),
    Shape(
        "tickets with a summary, and objects for what they are sorted by",
        "issues.jsonl",
        lines(
            lambda n: {
                "key": f"A-{n}",
                "fields": {
                    "summary": asked(n),
                    "description": said(n) * 4,
                    "priority": {"name": mood(n)},
                    "labels": [],
                },
            },
            count=24,
        ),
        "fields.description → text, fields.priority.name → label",
        24,
    ),
    Shape(
        "a table for each of two classes",
        "news",
        {
            "Fake.csv": rows(lambda n: f"{asked(n)},{plain(n)}", header="title,text"),
            "True.csv": rows(lambda n: f"{asked(n + 50)},{plain(n + 50)}", header="title,text"),
        },
        CLASSES,
        24,
    ),
    Shape(
        "lines of a script, with scenes and speakers",
        "script.csv",
        rows(lambda n: f"{n // 6},{plain(n)},{('Ann', 'Bo', 'Cy')[n % 3]}", 36, "scene,line_text,speaker"),
        "line_text → text, speaker → label",
        36,
    ),
    Shape(
        "names whose adjectives stand last",
        "guasti.csv",
        rows(lambda n: f"{asked(n)},{plain(n)},{'AB'[n % 2]}", 12, "Descrizione problema,Soluzione adottata,Operatore"),
        "Descrizione problema → prompt, Soluzione adottata → answer",
        12,
    ),
    Shape(
        "words with what kind they are and their definitions",
        "dictionary.tsv",
        rows(lambda n: f"w{n}\t{('noun', 'verb')[n % 2]}\t{said(n)}", 12, "word\tpos\tdefinition"),
        "word → prompt, definition → answer",
        12,
    ),
    Shape(
        "answers to a form, of which one says how satisfied somebody is",
        "form.csv",
        rows(
            lambda n: f"{('Crane', 'Office')[n % 2]},{mood(n)},{plain(n)},{('Yes', 'No')[n % 2]}",
            24,
            "What is your team?,How satisfied are you with the harbor?,What could we improve?,May we write to you?",
        ),
        "What could we improve? → text, How satisfied are you with the harbor? → label",
        24,
    ),
    Shape(
        "notes and what follows from them",
        "meetings.csv",
        rows(
            lambda n: f"{('Board', 'Crew')[n % 2]},{plain(n)} {plain(n + 30)},{plain(n + 9)}",
            12,
            "Meeting,Notes,Action items",
        ),
        "Notes → prompt, Action items → answer",
        12,
    ),
    Shape(
        "complaints with an issue, a state and whether they were answered in time",
        "complaints.csv",
        rows(
            lambda n: (
                f"{('Mooring fees', 'Noise')[n % 2]},{plain(n)},{('CA', 'NY', 'TX')[n % 3]},{('Yes', 'No')[n % 2]}"
            ),
            24,
            "Issue,Complaint narrative,State,Timely response?",
        ),
        "Complaint narrative → text, Issue → label",
        24,
    ),
    Shape(
        "what was good and what was bad, of which one may be empty",
        "stays.csv",
        rows(
            lambda n: f"{plain(n) if n % 3 else ''},{plain(n + 40) if n % 4 else ''},{n % 2 + 1}.5",
            11,
            "Positive review,Negative review,Score",
        ),
        "Positive review + Negative review → text, Score → number",
        10,
        1,
    ),
    Shape(
        "two scores of a text",
        "summaries.csv",
        rows(lambda n: f"s{n:03d},{plain(n)},{n}.25,{40 - n}.75", 24, "student_id,text,content,wording"),
        "text → text, content → number",
        24,
    ),
    Shape(
        "dishes with their ingredients, a category and the instructions",
        "recipes.csv",
        rows(
            lambda n: (
                f"Harbor soup {n},{('Soup', 'Main')[n % 2]},{n} herrings and salt,First {plain(n)} Then {plain(n)}"
            ),
            12,
            "Recipe,Category,Ingredients,Instructions",
        ),
        "Recipe + Ingredients → prompt, Instructions → answer",
        12,
    ),
    Shape(
        "a right answer and wrong ones by number, in a first and a revised version",
        "experts.csv",
        rows(
            lambda n: ",".join(
                [
                    asked(n),
                    *(f"old {n} {place}" for place in range(3)),
                    asked(n),
                    *(f"new {n} {place}" for place in range(3)),
                ]
            ),
            12,
            "Draft Question,Draft Correct Answer,Draft Incorrect Answer 1,Draft Incorrect Answer 2,"
            "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2",
        ),
        "Question → question, Incorrect Answer 1, Incorrect Answer 2, Correct Answer → choices,"
        " Correct Answer → correct choice",
        12,
    ),
    Shape(
        "titles and descriptions of pages, with how deep they are",
        "pages.csv",
        rows(
            lambda n: f"200,{LETTERS.format(n)} {n},{plain(n)} {plain(n + 7)},{n % 3}",
            24,
            "Status Code,Title 1,Meta Description 1,Crawl Depth",
        ),
        "Title 1 → prompt, Meta Description 1 → answer",
        24,
    ),
    Shape(
        "things with a code of a system, and a price",
        "customs.csv",
        rows(
            lambda n: f"{plain(n)};{('8471.30', '6109.10', '3926.90')[n % 3]};{n + 3}.45",
            24,
            "Description;HS code;Unit price",
        ),
        "Description → text, HS code → label",
        24,
    ),
    Shape(
        "a short description and the whole transcription",
        "samples.csv",
        rows(
            lambda n: f"{plain(n)},{mood(n)},{plain(n)} {plain(n + 1)} {plain(n + 2)} {plain(n + 3)}",
            24,
            "description,specialty_class,transcription",
        ),
        "transcription → text, specialty_class → label",
        24,
    ),
    Shape(
        "a file without an ending",
        "SMSCollection",
        rows(lambda n: f"{('ham', 'spam')[n % 2]}\t{asked(n)}", 24),
        "column 2 → text, column 1 → label",
        24,
    ),
    Shape(
        "code with a documentation string, among names",
        "functions.jsonl",
        lines(
            lambda n: {
                "repo": f"harbor/port{n}",
                "original_string": f"def f{n}(): return {n}",
                "code": f"def f{n}(): return {n}",
                "docstring": asked(n),
            }
        ),
        "docstring → prompt, code → answer",
        12,
    ),
    Shape(
        "films with an overview, key words and genres as JSON text",
        "films.csv",
        rows(
            lambda n: ",".join(
                '"' + json.dumps(cell).replace('"', '""') + '"' if isinstance(cell, list) else cell
                for cell in (
                    [{"id": 1, "name": ("Drama", "Comedy")[n % 2]}, {"id": 2, "name": "Sea"}],
                    [{"id": each, "name": f"word {n} {each}"} for each in range(9)],
                    plain(n),
                )
            ),
            24,
            "genres,keywords,overview",
        ),
        "overview → text, genres.name → several labels",
        24,
    ),
    Shape(
        "dates with names of days, and no header",
        "tweets.csv",
        rows(lambda n: f'"{n % 2 * 4}","{1467810369 + n}","Mon Apr 06 22:{n + 10}:45 PDT 2009","{plain(n)[:19]}"', 24),
        "column 4 → text, column 1 → label",
        24,
    ),
    Shape(
        "a row below the header with the choices of a question (SurveyMonkey)",
        "survey.csv",
        ",How was it?,Why?,Which apply?,\n,Response,Open-Ended Response,Fast,Cheap\n"
        + rows(lambda n: f"{118 + n},{mood(n)},{plain(n)},{'Fast' if n % 2 else ''},", 24),
        "Why? → text, How was it? → label",
        24,
    ),
    Shape(
        "cells between signs such as :::",
        "films.txt",
        rows(lambda n: f"{n + 1} ::: Film {n} ::: {('drama', 'comedy')[n % 2]} ::: {asked(n)}; {said(n)}", 24),
        "column 4 → text, column 3 → label",
        24,
    ),
    Shape(
        "what is described, and the expression for it",
        "expressions.csv",
        rows(lambda n: f"{plain(n)},^[A-Z]{{{n}}}-word$,B{n}", 12, "Description,Regex,Example match"),
        "Description → prompt, Regex → answer",
        12,
    ),
    Shape(
        "one long text per row, without a header",
        "books.txt",
        rows(
            lambda n: f"{n * 7 + 100}\t{LETTERS.format(n)}\tAnn {n} Bee\t{said(n)} {asked(n)} {said(n + 1)} {asked(n)}",
            12,
        ),
        "column 4 → plain text",
        12,
    ),
    Shape(
        "cards of Anki with tags",
        "tagged.txt",
        "#separator:tab\n#html:true\n#tags column:3\n" + rows(lambda n: f"{asked(n)}\t{said(n)}\tunit{n % 2}", 24),
        "front → prompt, back → answer",
        24,
    ),
    Shape(
        "answers to a form, with the hash of each",
        "typed.csv",
        rows(
            lambda n: f"{n:016x}a9,{n % 11},{plain(n)[:17]}",
            33,
            "#,How likely are you to recommend us?,What could we do better?",
        ),
        "What could we do better? → text, How likely are you to recommend us? → label",
        33,
    ),
    Shape(
        "short news with long headlines, and where they are from",
        "news.csv",
        rows(
            lambda n: f"{plain(n)} {plain(n + 5)},{plain(n)} {plain(n + 9)} {plain(n + 2)},{('Post', 'Times')[n % 2]}",
            24,
            "Headline,Short,Source",
        ),
        "Short → prompt, Headline → answer",
        24,
    ),
    Shape(
        "posts with how often they were seen",
        "posts.csv",
        rows(
            lambda n: f"{LETTERS.format(n)},{plain(n)} {plain(n + 3)},{n * 37 + 100}",
            24,
            "Post title,Post text,Impressions",
        ),
        "Post text → plain text",
        24,
    ),
    Shape(
        "a table for each class, under names of any kind",
        "requests",
        {
            f"{name}.csv": rows(lambda n: f"{n},{plain(n)}", 12, "id,message")
            for name in ("billing", "mooring", "crane")
        },
        "message → text, origin → label",
        36,
    ),
    Shape(
        "posts of which one column is another with its summary",
        "tldr.jsonl",
        lines(lambda n: {"body": f"{asked(n)} TL;DR: {said(n)}", "content": asked(n), "summary": said(n)}),
        "content → prompt, summary → answer",
        12,
    ),
    Shape(
        "captions that are planned, with how far they are",
        "calendar.csv",
        rows(
            lambda n: f"{LETTERS.format(n)},{plain(n)} {plain(n + 3)},{('Draft', 'Scheduled')[n % 2]}",
            24,
            "Topic,Caption,Status",
        ),
        "Topic → prompt, Caption → answer",
        24,
    ),
    Shape(
        "normal and simple sentences, with their ids and a label",
        "simple.jsonl",
        lines(
            lambda n: {
                "label_of_alignment": n % 3,
                "normal_sentence_id": f"0_{n}-0",
                "simple_sentence_id": f"1_{n}-0",
                "normal_sentence": asked(n),
                "simple_sentence": said(n),
            },
            24,
        ),
        "normal_sentence → prompt, simple_sentence → answer",
        24,
    ),
    Shape(
        "faulty sentences and right ones, with the type of the fault",
        "faults_of_language.csv",
        rows(
            lambda n: f"{('Tense', 'Article')[n % 2]},{plain(n)},{plain(n + 30)}",
            24,
            "Error Type,Ungrammatical Statement,Standard English",
        ),
        "Ungrammatical Statement → prompt, Standard English → answer",
        24,
    ),
    Shape(
        "one poem per file, under names",
        "poems",
        {f"{name}.txt": f"{name}\n\n{asked(n)}\n{said(n)}\n" for n, name in enumerate(("tide", "moor", "fog", "gull"))},
        "text → plain text",
        4,
    ),
    Shape(
        "tickets with tags, some of which are missing, and a priority",
        "tagged_tickets.csv",
        rows(
            lambda n: f"{plain(n)},{('Low', 'Urgent')[n % 2]},{('', 'refund', 'login')[n % 3]}",
            24,
            "Description,Priority,Tags",
        ),
        "Description → text, Priority → label",
        24,
    ),
    Shape(
        "texts by key, a file for each language",
        "locales",
        {
            "en.json": json.dumps({"menu": {f"item{n}": asked(n) for n in range(12)}}),
            "de.json": json.dumps({"menu": {f"item{n}": said(n) for n in range(12)}}),
        },
        "en → prompt, de → answer",
        12,
    ),
    Shape(
        "a feed with two elements of one name in different namespaces",
        "blog.xml",
        '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:e="http://wordpress.org/export/1.2/excerpt/">'
        + "".join(
            f"<item><title>{LETTERS.format(n)}</title><content:encoded>{asked(n)} {said(n)}</content:encoded>"
            f"<e:encoded></e:encoded><category>{mood(n)}</category></item>"
            for n in range(24)
        )
        + "</rss>",
        "content:encoded → text, category → label",
        24,
    ),
    Shape(
        "essays with a school class and marks on a scale",
        "essays.csv",
        rows(
            lambda n: f"Ann {n},{('9a', '9b')[n % 2]},{plain(n)} {plain(n + 3)},{n % 5},{n % 7}",
            24,
            "Student,Class,Essay,Content (0-10),Style (0-10)",
        ),
        "Essay → text, Content (0-10) → label",
        24,
    ),
    Shape(
        "lesson plans for an objective, with grade and subject",
        "lessons.csv",
        rows(
            lambda n: f"{n % 3 + 3},{('Math', 'Science')[n % 2]},{LETTERS.format(n)},{plain(n)} {plain(n + 3)}",
            24,
            "Grade,Subject,Objective,Lesson plan",
        ),
        "Objective → prompt, Lesson plan → answer",
        24,
    ),
    Shape(
        "products with a title, a text in HTML and tags",
        "products.csv",
        rows(
            lambda n: (
                f"{LETTERS.format(n)},<p>{plain(n)} {plain(n)} {plain(n)}</p>,"
                f'"{("sale, new", "gift", "gift, new")[n % 3]}"'
            ),
            24,
            "Title,Body (HTML),Tags",
        ),
        "Body (HTML) → text, Tags → several labels",
        24,
    ),
    Shape(
        "commits with what was changed and the message",
        "commits.csv",
        rows(
            lambda n: f"{n:038x}ab,Ann {'ABCDEFGHIJKL'[n]}. Lee,+{plain(n)} -{plain(n + 9)},{LETTERS.format(n)} again",
            12,
            "sha,author,diff,message",
        ),
        "diff → prompt, message → answer",
        12,
    ),
    Shape(
        "faulty code and fixed code, with names of files",
        "fixed.jsonl",
        lines(
            lambda n: {
                "old_file": f"port{n}.py",
                "new_file": f"port{n}.py",
                "old_contents": f"def leave(): return {n} # {asked(n)}",
                "new_contents": f"def leave(): return {n + 1} # {said(n)}",
                "kind_of_bug": mood(n),
            },
            24,
        ),
        "old_contents → prompt, new_contents → answer",
        24,
    ),
    Shape(
        "summaries as objects and as texts",
        "chapters.jsonl",
        lines(
            lambda n: {
                "chapter": f"{asked(n)} {said(n)} {asked(n + 1)} {said(n + 1)}",
                "summary": json.dumps({"name": f"Chapter {n}", "summary": [said(n)]}),
                "summary_text": said(n),
            }
        ),
        "chapter → prompt, summary_text → answer",
        12,
    ),
    Shape(
        "a thing and a mood without names of columns",
        "moods.csv",
        rows(
            lambda n: (
                f"{2401 + n // 6},{('Oslo', 'Cork')[n % 2]},{('Positive', 'Negative', 'Neutral')[n % 3]},{plain(n)}"
            ),
            24,
        ),
        "column 4 → text, column 3 → label",
        24,
    ),
    Shape(
        "ads for jobs, with what is asked for",
        "ads.csv",
        rows(
            lambda n: f"{('Oslo', 'Cork')[n % 2]},{plain(n)},{plain(n)} {plain(n + 3)} {plain(n + 5)}",
            24,
            "Location,Requirements,Job ad text",
        ),
        "Requirements → prompt, Job ad text → answer",
        24,
    ),
    Shape(
        "notes in Markdown, a file each",
        "notes",
        {f"note {name}.md": f"# Notes\n\n{asked(n)}\n\n- {said(n)}\n" for n, name in enumerate(("one", "two", "six"))},
        "text → plain text",
        3,
    ),
    Shape(
        "SQuAD articles whose first question has no answer",
        "unanswered.json",
        json.dumps(
            {
                "data": [
                    {
                        "title": "Ferries",
                        "paragraphs": [
                            {
                                "context": said(n),
                                "qas": [
                                    {"id": f"{n}a", "question": asked(n + 50), "answers": [], "is_impossible": True},
                                    {
                                        "id": f"{n}b",
                                        "question": asked(n),
                                        "answers": [{"text": f"{n + 6}:15", "answer_start": 3}],
                                    },
                                ],
                            }
                            for n in range(12)
                        ],
                    }
                ]
            }
        ),
        "question + context → prompt, answers[0].text → answer",
        12,
        12,
    ),
    Shape(
        "articles and summaries in two folders",
        "reports",
        {
            f"{side}/{kind}/{n:03}.txt": text(n)
            for side, text in (("Articles", lambda n: f"{asked(n)}\n\n{said(n)}"), ("Summaries", said))
            for kind in ("sea", "land")
            for n in (range(6) if kind == "sea" else range(6, 12))
        },
        "source → prompt, target → answer",
        12,
    ),
    Shape(
        "questions with choices inside games",
        "games.json",
        json.dumps(
            {
                "games": [
                    {
                        "questions": [
                            {"question": asked(4 * game + n), "content": berths(4 * game + n), "correct": n}
                            for n in range(4)
                        ]
                    }
                    for game in range(3)
                ]
            }
        ),
        "question → question, content → choices, correct → correct choice",
        12,
    ),
    Shape(
        "ads with the words above them",
        "copies.csv",
        rows(
            lambda n: f"{('Spring', 'Fall')[n % 2]},{LETTERS.format(n)},{plain(n)} {plain(n + 4)}",
            24,
            "Campaign,Audience,Ad copy",
        ),
        "Audience → prompt, Ad copy → answer",
        24,
    ),
    Shape(
        "headlines above a short and a whole text",
        "papers.csv",
        rows(
            lambda n: (
                f"Ann {'ABCD'[n % 4]} Lee,{plain(n)} {plain(n + 5)},{plain(n)} {plain(n + 6)} {plain(n + 7)},"
                f"{plain(n)} {plain(n + 6)} {plain(n + 7)} {plain(n + 8)} {plain(n + 9)}"
            ),
            12,
            "author,headlines,text,ctext",
        ),
        "ctext → prompt, headlines → answer",
        12,
    ),
    Shape(
        "a question in a title, which a text below it may explain",
        "titles.jsonl",
        lines(lambda n: {"title": asked(n), "selftext": said(n) if n % 3 else "", "answers": {"text": [said(n)]}}),
        "title + selftext → prompt, answers.text[0] → answer",
        12,
    ),
    Shape(
        "an article and its abstract in lists of sentences",
        "abstracts.jsonl",
        lines(
            lambda n: {
                "article_id": f"a{n}",
                "article_text": [asked(n), said(n), asked(n + 1)],
                "abstract_text": [said(n), said(n + 1)],
                "section_names": ["Start"],
            }
        ),
        "article_text → prompt, abstract_text → answer (a list is one answer)",
        12,
    ),
    Shape(
        "findings and the impression that follows",
        "reports.csv",
        rows(
            lambda n: f"{('Hull', 'Deck')[n % 2]},{plain(n)} {plain(n + 3)},{plain(n + 9)}",
            24,
            "Survey,Findings,Impression",
        ),
        "Findings → prompt, Impression → answer",
        24,
    ),
    Shape(
        "questions in the headings of Markdown",
        "faq.md",
        "# Questions\n\n" + "".join(f"## {asked(n)}\n\n{said(n)}\n\n- Pier {n}\n\n" for n in range(12)),
        "prompt → prompt, answer → answer",
        12,
    ),
    Shape(
        "texts and their labels in two files, line by line",
        "tweets",
        {
            "train_text.txt": rows(asked, 12),
            "train_labels.txt": rows(lambda n: str(n % 3), 12),
            "mapping.txt": "0\tcalm\n1\tstorm\n2\tfog\n",
        },
        "text → text, label → label",
        12,
    ),
    Shape(
        "narratives with a synopsis and the state that they are from",
        "incidents.csv",
        rows(
            lambda n: f"{('CA', 'NY')[n % 2]},{('Crew', 'Weather')[n % 2]},{plain(n)} {plain(n + 4)},{plain(n + 8)}",
            24,
            "State Reference,Primary Problem,Narrative,Synopsis",
        ),
        "Narrative → prompt, Synopsis → answer",
        24,
    ),
    Shape(
        "lines of a log, with whether they are anomalies",
        "log.csv",
        rows(lambda n: f"{('INFO', 'WARN')[n % 3 // 2]},{plain(n)},{n % 2}", 24, "level,message,anomaly"),
        "message → text, anomaly → label",
        24,
    ),
    Shape(
        "cover letters with what was asked for",
        "letters.csv",
        rows(
            lambda n: f"Pilot {n},{plain(n)},Ann {n} Lee,{plain(n)} {plain(n + 3)} {plain(n + 6)}",
            12,
            "Job Title,Qualifications,Applicant Name,Cover Letter",
        ),
        "Qualifications → prompt, Cover Letter → answer",
        12,
    ),
    Shape(
        "numbers of several classes with commas between them",
        "feelings.tsv",
        rows(lambda n: f"{said(n)}\t{(f'{n % 4}', f'{n % 4},5', f'1,{n % 3 + 2},7')[n % 3]}\tk{n:x}q", 24),
        "column 1 → text, column 2 → several labels",
        24,
    ),
    Shape(
        "few questions that are asked again, with answers that differ",
        "faq.csv",
        rows(lambda n: f"{n + 1};Kiedy odpływa prom {n % 3}?;{said(n)}", 24, "nr;Pytanie klienta;Odpowiedź"),
        "Pytanie klienta → prompt, Odpowiedź → answer",
        24,
    ),
    Shape(
        "words in two languages, named by these",
        "mots.csv",
        rows(lambda n: f"{'abcdefghijkl'[n]}rbre,{'abcdefghijkl'[n]}ree", 12, "français,anglais"),
        "français → prompt, anglais → answer",
        12,
    ),
    Shape(
        "words and another form of each",
        "forms.csv",
        rows(lambda n: f"{'abcdefghijkl'[n]}use,{'abcdefghijkl'[n]}ice", 12, "singular,plural"),
        "singular → prompt, plural → answer",
        12,
    ),
    Shape(
        "one turn per row, under names in another language",
        "turns.csv",
        rows(
            lambda n: f'{n // 2},{("пользователь", "ассистент")[n % 2]},"{(asked, said)[n % 2](n)}"',
            24,
            "диалог,роль,текст",
        ),
        "messages → conversation",
        12,
    ),
    Shape(
        "parallel texts whose names begin with their side",
        "parallel",
        {"src-train.txt": rows(asked), "tgt-train.txt": rows(said)},
        "source → prompt, target → answer",
        12,
    ),
    Shape(
        "reviews with a summary and an overall mark",
        "reviews.csv",
        rows(
            lambda n: f"{n % 3 + 1}.0,Kim {n},{mood(n)} seas {n},{plain(n)} {plain(n + 1)}",
            24,
            "overall,reviewerName,summary,reviewText",
        ),
        "reviewText → text, overall → label",
        24,
    ),
    Shape(
        "texts and their simplified texts",
        "simple.csv",
        rows(lambda n: f"{plain(n)} {plain(n + 3)},{plain(n)}", 12, "text,simplified_text"),
        "text → prompt, simplified_text → answer",
        12,
    ),
    Shape(
        "names and what kind each is",
        "names.csv",
        rows(lambda n: f"{'abcdefghijklmnopqrst'[n]}nna,{'FM'[n % 2]}", 20, "Name,Gender"),
        "Name → text, Gender → label",
        20,
    ),
    Shape(
        "words with their numbers",
        "words.csv",
        rows(lambda n: f"{n},{'abcdefghijkl'[n]}rbre", 12, "ID,Wort"),
        "Wort → plain text",
        12,
    ),
)
