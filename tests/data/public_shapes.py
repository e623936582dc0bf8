"""Shapes of files that stand in public repositories, one for each rule that reads them."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, berths, letter, lines, mood, rows, said
from tests.data.table_shapes import TAGS, plain

CHAT = "messages → conversation"
CHOICES = "question → question, choices → choices, answer → correct choice"


def offered(row: int) -> dict[str, Any]:
    """Return a question with its right answer and a list of wrong ones."""
    right, *wrong = berths(row)
    return {"category": "Harbor", "question": asked(row), "correct_answer": right, "incorrect_answers": wrong}


def options(row: int) -> dict[str, Any]:
    """Return a question whose choices are one text, a line each."""
    choices = "\n".join(f"{each}:{text}" for each, text in zip("ABCD", berths(row), strict=True))
    return {
        "question": asked(row),
        "question_options": choices,
        "question_answer": letter(row),
        "explanation": said(row),
    }


def marked_span(row: int) -> dict[str, Any]:
    """Return a text with a span as Dataturks writes it, the last character included."""
    point = {"start": 0, "end": 4, "text": "Ferry"}
    return {
        "content": f"Ferry {row} leaves Turku",
        "annotation": [{"label": ["ship"], "points": [point]}],
        "extras": None,
    }


def exam(row: int) -> str:
    """Return a question behind its kind, with four choices and the number of the right one."""
    return "\t".join(
        [mood(row), asked(row), *(f"the ferry leaves from berth {row + n}" for n in range(4)), str(row % 4)]
    )


def _head(row: int) -> str:
    """Return the letter of the right choice, what is read, and the question."""
    return f"{letter(row).lower()}\n{said(row)}\n{asked(row)}\n"


def intent(name: str) -> str:
    """Return a heading of an intent and the texts below it."""
    return f"## intent:{name}\n" + "".join(f"- {name} in [Turku](port) {n}\n" for n in range(6))


def parlai(row: int) -> str:
    """Return a conversation whose lines are counted, a line with a tab for each answer."""
    return f"1 your persona: i sail .\n2 {asked(row)}\t{said(row)}\n3 really ?\tyes .\n"


PUBLIC = (
    Shape(
        "a right answer and a list of wrong ones",
        "trivia.json",
        json.dumps({"response_code": 0, "results": [offered(n) for n in range(12)]}),
        "question → question, incorrect_answers, correct_answer → choices, correct_answer → correct choice",
        12,
    ),
    Shape(
        "choices in one text, a line for each letter",
        "options.jsonl",
        lines(options),
        "question → question, question_options → choices, question_answer → correct choice",
        12,
    ),
    Shape(
        "an exam without names, each question behind its kind",
        "exam.tsv",
        rows(exam, 16),
        "column 2 → question, column 3, column 4, column 5, column 6 → choices, column 7 → correct choice",
        16,
    ),
    Shape(
        "questions below the letters of their right choices (LogiQA)",
        "logiqa.txt",
        "\n".join(
            _head(n) + "".join("ABCD"[k] + f".{each}\n" for k, each in enumerate(berths(n)))
            for n in range(12)
        ),
        CHOICES,
        12,
    ),
    Shape(
        "turns with marks at their ends",
        "talks.txt",
        rows(lambda n: f"{asked(n)} __eou__ {said(n)} __eou__"),
        CHAT,
        12,
    ),
    Shape(
        "counted lines with a tab before each answer (ParlAI)",
        "parlai.txt",
        "".join(map(parlai, range(12))),
        CHAT,
        12,
    ),
    Shape(
        "conversations as lists of texts",
        "lists.json",
        json.dumps([[asked(n), said(n), *(["ok", "bye"] if n % 2 else [])] for n in range(12)]),
        CHAT,
        12,
    ),
    Shape(
        "turns that name no speaker",
        "turns.jsonl",
        lines(lambda n: {"messages": [{"message": asked(n)}, {"message": said(n), "attrs": []}], "name": "harbor"}),
        CHAT,
        12,
    ),
    Shape(
        "intents as headings (Rasa)",
        "nlu.md",
        "".join(map(intent, ("fog", "calm"))),
        "text → text, intent → label",
        12,
    ),
    Shape(
        "fastText labels behind the texts",
        "polemo.txt",
        rows(lambda n: f"{asked(n)} __label__{mood(n)}"),
        "text → text, label → label",
        12,
    ),
    Shape(
        "a sentence with its tags in each line",
        "atis.iob",
        rows(lambda n: f"BOS ferry {n} from Turku EOS\tO O O O B-port ferry"),
        TAGS,
        12,
    ),
    Shape(
        "words between marks of sentences",
        "marks.tsv",
        rows(lambda n: f"_S_B_\t_S_B_\tO\nFerry\tNN\tB-ship\nleaves\tVB\tO\nat\tIN\tO\n{n}\tCD\tO"),
        TAGS,
        12,
    ),
    Shape(
        "words and tags by sentence in one object",
        "words.json",
        json.dumps({f"ferry{n}": [{"word": "ferry", "label": "O"}, {"word": f"{n}", "label": "N"}] for n in range(12)}),
        TAGS,
        12,
    ),
    Shape("spans whose ends are inside (Dataturks)", "dataturks.jsonl", lines(marked_span), TAGS, 12),
    Shape(
        "a positive and a negative response",
        "compared.jsonl",
        lines(lambda n: {"prompt": asked(n), "pos_resp": said(n), "neg_resp": said(n + 50), "pos_type": "refusal"}),
        "prompt → prompt, pos_resp → chosen answer, neg_resp → rejected answer",
        12,
    ),
    Shape(
        "questions and answers called by letters, and a label",
        "letters.csv",
        rows(lambda n: f"{asked(n)},{plain(n)},{n % 2}", header="Q,A,label"),
        "Q → prompt, A → answer",
        12,
    ),
    Shape(
        "names with shortened words",
        "forum.csv",
        rows(lambda n: f"{asked(n)},{plain(n)},{mood(n)}", header="parsed_body_ques,parsed_body_ans,category"),
        "parsed_body_ques → prompt, parsed_body_ans → answer",
        12,
    ),
    Shape(
        "names with a letter for the kind of value, and numbers in lists",
        "arithmetic.jsonl",
        lines(lambda n: {"iIndex": n, "sQuestion": asked(n), "lSolutions": [float(7 * n)]}),
        "sQuestion → prompt, lSolutions → answer",
        12,
    ),
    Shape(
        "two languages in columns without names",
        "bitext.txt",
        rows(lambda n: f"x{n}.com\tx{n}.jp\t0.{500 + 7 * n}\t{asked(n)}\tフェリー{n}は何時に出ますか"),
        "column 4 → prompt, column 5 → answer",
        12,
    ),
    Shape(
        "a question, one that follows it, and what that means",
        "followup.tsv",
        rows(lambda n: f"when does ferry {n} go ?\tand ferry {n + 30} ?\twhen does ferry {n + 30} go ?\t{n * 7 % 40}"),
        "column 1 + column 2 → prompt, column 3 → answer",
        12,
    ),
    Shape(
        "a measurement, a computed value and counts",
        "molecules.csv",
        rows(
            lambda n: f"{1.5 + n / 7:.2f},{n % 2},{'C' * (n + 9)}O,{2 + n / 9:.2f}",
            header="predicted solubility,Number of H-Bond Donors,smiles,measured solubility",
        ),
        "smiles → text, measured solubility → number",
        12,
    ),
    Shape(
        "the numbers of one class or several",
        "several.tsv",
        rows(lambda n: f"{asked(n)}\t{('27', '3,20', '20', '3', '8', '14')[n % 6]}\ted{n}x", 36),
        "column 1 → text, column 2 → several labels",
        36,
    ),
    Shape(
        "texts of classes by the endings of files",
        "polarity",
        {"rt.pos": rows(asked), "rt.neg": rows(said)},
        "text → text, label → label",
        24,
    ),
    Shape(
        "texts of departments whose names are languages as well",
        "departments",
        {"train_it.txt": rows(asked), "train_hr.txt": rows(lambda n: f"{asked(n)} And the north pier?")},
        "text → text, label → label",
        24,
    ),
    Shape(
        "a question in a subject, which some rows explain in a content of their own",
        "answered.jsonl",
        lines(lambda n: {"subject": asked(n), "content": letter(n) * 30 if n % 2 else "", "bestanswer": said(n)}),
        "subject + content → prompt, bestanswer → answer",
        12,
    ),
    Shape(
        "a question with a list of the texts that its answer was taken from",
        "retrieved.jsonl",
        lines(lambda n: {"question": asked(n), "contexts": [said(n), said(n + 1)], "answer": said(n)}),
        "question + contexts → prompt, answer → answer",
        12,
    ),
    Shape(
        "articles and titles, the split before their names",
        "headlines",
        {"train.article.txt": rows(lambda n: f"{said(n)} {asked(n)}"), "train.title.txt": rows(said)},
        "source → prompt, target → answer",
        12,
    ),
    Shape(
        "parts of speech in small letters behind each word, and brackets around names of several words",
        "speech.txt",
        rows(lambda n: f"[north/n pier/n]ns  has/v  {n + 2}/m  ferries/n  and/c  {n + 3}/m  boats/n  ./w"),
        "tokens → words, tags → one label per word",
        12,
    ),
    Shape(
        "sentences with edits of their words (M2)",
        "edited.m2",
        rows(lambda n: f"S Ferry {n} leave at noon .\nA 2 3|||R:VERB|||leaves|||REQUIRED|||-NONE-|||0\n"),
        "sentence → prompt, corrected → answer",
        12,
    ),
    Shape(
        "questions and answers in two tables, with the number of the question in both",
        "forum",
        {
            "Questions.csv": rows(lambda n: f"{n + 40},{asked(n)},I stand at berth {n}.", header="Id,Title,Body"),
            "Answers.csv": rows(lambda n: f"{n},{n + 40},{said(n)}", header="Id,ParentId,Body"),
        },
        "Title + question_Body → prompt, answer_Body → answer",
        12,
    ),
    Shape(
        "objects under their numbers, one in each row",
        "numbered.json",
        json.dumps([{str(n): {"prompt": asked(n), "answer": said(n)}} for n in range(12)]),
        "prompt → prompt, answer → answer",
        12,
    ),
    Shape(
        "texts with questions whose names end with text",
        "cloze.json",
        json.dumps(
            [{"context_text": f"{said(n)} It is {n}.", "qas": [{"query_text": asked(n), "answers": [said(n)]}]}
             for n in range(12)]
        ),
        "question + context_text → prompt, answers → answer",
        12,
    ),
    Shape(
        "turns whose keys and roles are in another language",
        "gespraeche.jsonl",
        lines(lambda n: {"Gespräch": [{"Rolle": "Nutzer", "Inhalt": asked(n)},
                                     {"Rolle": "Assistent", "Inhalt": said(n)}]}),
        "Gespräch → conversation",
        12,
    ),
    Shape(
        "turns with marks at their ends in a cell",
        "dialogs.csv",
        rows(lambda n: f"{n},{asked(n)} __eou__ {said(n)} __eou__", header="number,dialog"),
        CHAT,
        12,
    ),
    Shape(
        "pairs and a text about them",
        "pairs",
        {"deu.txt": rows(lambda n: f"{asked(n)}\t{said(n)}\tCC-BY 2.0 #{n}"), "_about.txt": "** Info **\n\nPairs.\n"},
        "column 1 → prompt, column 2 → answer",
        12,
    ),
    Shape(
        "a question, a context, and a text that stands in it",
        "answered.csv",
        rows(lambda n: f'{n},"We know: {said(n)} So it is.",{asked(n)},10,"{said(n)}"',
             header="number,context,question,answer_start,text"),
        "question + context → prompt, text → answer",
        12,
    ),
    Shape(
        "texts and summaries whose endings say which they are",
        "notes",
        {"train.text": rows(lambda n: f"{said(n)} {asked(n)}"), "train.summary": rows(said)},
        "source → prompt, target → answer",
        12,
    ),
)  # fmt: skip
"""What each is read as without a choice."""
