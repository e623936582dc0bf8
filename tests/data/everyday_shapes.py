"""Shapes of files that many people have: dumps, glossaries, poems, quizzes, replies to complaints."""

from __future__ import annotations

from tests.data.schema_shapes import plain
from tests.data.shapes import PAIRS, Shape, asked, berths, lines, mood, rows, said

LABELS = "text → text, label → label"


def inserted(row: int) -> str:
    """Return a statement that inserts a question and its answer."""
    return f"INSERT INTO faqs (id, question, answer) VALUES ({row}, '{asked(row)}', '{said(row)}');"


EVERYDAY: tuple[Shape, ...] = (
    Shape("the dump of a database (INSERT)", "faqs.sql",
          "CREATE TABLE faqs (id int, question text, answer text);\n" + rows(inserted),
          "question → prompt, answer → answer", 12),
    Shape("the dump of a database (COPY of PostgreSQL)", "faqs.sql",
          "COPY public.faqs (id, question, answer) FROM stdin;\n"
          + rows(lambda n: f"{n}\t{asked(n)}\t{said(n)}") + "\\.\n",
          "question → prompt, answer → answer", 12),
    Shape("terms in bold and what they mean", "glossary.md",
          "# Glossary\n\n" + rows(lambda n: f"**Berth {n}**: {said(n)}\n"), PAIRS, 12),
    Shape("words and what they are in another language", "words.txt",
          rows(lambda n: f"kai {'abcdefghijkl'[n]} - quay {'abcdefghijkl'[n]}"), PAIRS, 12),
    Shape("poems with lines of signs between them", "poems.txt",
          "\n\n***\n\n".join(f"Pier {n}\n\n{plain(n)}" for n in range(12)), "text → plain text", 12),
    Shape("turns behind names in brackets", "turns.jsonl",
          lines(lambda n: {"conversation": f"[USER] {asked(n)}\n[ASSISTANT] {said(n)}"}),
          "messages → conversation", 12),
    Shape("columns with any sign between their names", "reviews.csv",
          rows(lambda n: f"u{n}${n % 5 + 1}${plain(n)}", 24, "user$stars$comment"),
          "comment → text, stars → label", 24),
    Shape("answers by number in another language, and the number of the right one", "quiz.csv",
          rows(lambda n: f"{asked(n)};{';'.join(berths(n))};{n * 7 % 4 + 1}", 24,
               "Otázka;Odpověď1;Odpověď2;Odpověď3;Odpověď4;IndexSprávnéOdpovědi"),
          "Otázka → question, Odpověď1, Odpověď2, Odpověď3, Odpověď4 → choices, IndexSprávnéOdpovědi → correct choice",
          24),
    Shape("complaints with a subject, a state and a reply", "queixas.csv",
          rows(lambda n: f"{mood(n)};{plain(n)};Lamentamos o atraso. {said(n)};{mood(n // 2)}", 24,
               "Assunto;Reclamação;Resposta da empresa;Situação"),
          "Reclamação → prompt, Resposta da empresa → answer", 24),
    Shape("posts with flags of facts, and a verdict apart from them", "posts.csv",
          rows(lambda n: f"{n % 2},{n // 2 % 2},{n // 3 % 2},{plain(n)},full,{int(n % 5 == 0)}", 40,
               "telecommuting,has_logo,has_questions,description,hours,fraudulent"),
          "description → text, fraudulent → label", 40),
    Shape("films with the age from which on they may be seen", "films.csv",
          rows(lambda n: f"{('Movie', 'Show')[n % 2]},{('PG-13', 'TV-MA', 'R')[n % 3]},{plain(n)}", 40,
               "type,rating,description"),
          "description → text, type → label", 40),
    Shape("texts and two files of labels, in a folder for each split", "splits",
          {f"{split}/{name}.txt": rows(line, 24) for split in ("train", "test")
           for name, line in (("sents", plain), ("sentiments", lambda n: str(n % 3)),
                              ("topics", lambda n: str(n % 4)))},
          "sents → text, sentiments → label", 48),
    Shape(
        "an instruction, an input that is an object, and one as the output",
        "orders.jsonl",
        lines(lambda n: {"instruction": "Assign a crane.", "input": {"berth": f"B{n}"}, "output": {"crane": n}}),
        "instruction + input → prompt, output → answer",
        12,
    ),
    Shape(
        "a text and the object that it is to be turned into",
        "commands.jsonl",
        lines(lambda n: {"kind": mood(n), "utterance": asked(n), "gold": {"act": "ask", "ferry": n}}),
        "utterance → prompt, gold → answer",
        12,
    ),
    Shape(
        "a claim, the text by which it is judged, and the judgment",
        "claims.csv",
        rows(lambda n: f"{asked(n // 3)},\"{said(n)}\",Crane {n} is idle.,{n % 2}",
             header="question,context,claim,label"),
        "claim + context → text, label → label",
        12,
    ),
    Shape(
        "requests and the tools that they call",
        "tool_requests.jsonl",
        lines(lambda n: {"prompt": asked(n), "tool": ("berths", "tides")[n % 2], "args": {"pier": n}}),
        "messages → conversation",
        12,
    ),
    Shape(
        "what to find in texts, and the list of what is found",
        "to_find.jsonl",
        lines(lambda n: {"content": said(n), "prompt": ("time", "place")[n % 2],
                         "result_list": [{"text": said(n)[:5], "start": 0, "end": 5}]}),
        "prompt + content → prompt, result_list → answer",
        12,
    ),
)  # fmt: skip
