"""Shapes of files whose columns are told apart by what public data sets and tools call theirs."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, berths, lines, mood, rows, said


def plain(row: int) -> str:
    """Return a sentence that is no question."""
    return f"The ferry number {row} was late and the pier was cold and wet."


def places(row: int) -> dict[str, Any]:
    """Return a text whose labels are marked by their places, with their names beside them."""
    names = [name for n, name in enumerate(("wind", "rain", "ice")) if (row + n) % 2]
    return {"text": plain(row), "label": [int(n in names) for n in ("wind", "rain", "ice")], "label_name": names}


def puzzle(row: int) -> dict[str, Any]:
    """Return a question with its right and its wrong answers, and the place of the right one in a list of all."""
    right, *wrong = berths(row)
    offered = [*wrong[: row % 3], right, *wrong[row % 3 :]]
    apart = {f"distractor{n + 1}": text for n, text in enumerate(wrong)}
    return {"question": asked(row), "answer": right, **apart, "label": row % 3, "choice_list": offered}


SCHEMAS: tuple[Shape, ...] = (
    Shape("a label of the gold standard, among facts", "checks.csv",
          rows(lambda n: f"{n},{('slur', 'threat', 'joke')[n % 3]},{plain(n)},{('hate', 'none')[n % 2]}", 24,
               "case_id,functionality,test_case,label_gold"),
          "test_case → text, label_gold → label", 24),
    Shape("a rating before a text was read and one after it", "ratings.csv",
          rows(lambda n: f"Cabs are good {n},{plain(n)} {plain(n + 1)},{n % 3 + 1} - x,{n % 4 + 1} - y", 24,
               "claim,argument,rating_initial,rating_final"),
          "argument → text, rating_final → label", 24),
    Shape("answers of students with the right ones and a mark", "graded.csv",
          rows(lambda n: f"{asked(n)},At {n} sharp as it says,At {n} maybe or not,{('correct', 'wrong')[n % 2]}", 24,
               "question,reference_answer,student_answer,label"),
          "question + student_answer → text, label → label", 24),
    Shape("a scenario, an excuse and a label", "ethics.csv",
          rows(lambda n: f"{n % 2},I should board ferry {n} today.,But the {mood(n)} closed the pier {n} of them.", 24,
               "label,scenario,excuse"),
          "scenario + excuse → text, label → label", 24),
    Shape("labels by their places, with their names", "places.jsonl", lines(places, 24),
          "text → text, label_name → several labels", 24),
    Shape("right and wrong answers in columns and in a list", "puzzles.jsonl", lines(puzzle, 24),
          "question → question, choice_list → choices, label → correct choice", 24),
    Shape("the beginning of a text and how it goes on, each in an object", "continued.jsonl",
          lines(lambda n: {"prompt": {"text": plain(n), "toxicity": n / 50}, "continuation": {"text": said(n)}}),
          "prompt.text → prompt, continuation.text → answer", 12),
    Shape("a question, a file that it is about and a value", "tables.tsv",
          rows(lambda n: f"{asked(n)}\tcsv/{n}.csv\tberth {n}", 12, "utterance\tcontext\ttargetValue"),
          "utterance → prompt, targetValue → answer", 12),
    Shape("questions in two wordings and a query", "queries.json",
          json.dumps([{"corrected_question": asked(n), "intermediary_question": f"When <{n}>?",
                       "sparql_query": f"SELECT ?x WHERE {{ ?x pier:{n} ?y }}"} for n in range(12)]),
          "corrected_question → prompt, sparql_query → answer", 12),
    Shape("a prompt for a query, its tables and much about it", "sql.jsonl",
          lines(lambda n: {"domain_description": plain(n), "sql_prompt": asked(n),
                           "sql_context": f"CREATE TABLE ferry_{n} (id INT, pier TEXT);",
                           "sql": f"SELECT pier FROM ferry_{n} WHERE id = {n};", "sql_explanation": plain(n)}),
          "sql_prompt + sql_context → prompt, sql → answer", 12),
    Shape("a prompt, a query and what is set up before it", "setup.jsonl",
          lines(lambda n: {"prompt": asked(n), "query": f"SELECT {n} FROM ferries;", "setup_sql": "CREATE TABLE a();"}),
          "prompt → prompt, query → answer", 12),
    Shape("an original text, how to rewrite it, and the result", "rewritten.csv",
          rows(lambda n: f"{plain(n)},Write a poem {n},Done at {n}", 12, 
               "original_text,rewrite_prompt,rewritten_text"),
          "rewrite_prompt + original_text → prompt, rewritten_text → answer", 12),
    Shape("a question on a note", "notes.jsonl",
          lines(lambda n: {"note": f"{plain(n)} {plain(n + 1)}", "question": asked(n), "answer": said(n)}),
          "question + note → prompt, answer → answer", 12),
    Shape("code in two languages", "code.jsonl",
          lines(lambda n: {"id": n, "java": f"int f(int a) {{ return a + {n}; }}",
                           "cs": f"public int F(int a) {{ return a + {n}; }}"}),
          "java → prompt, cs → answer", 12),
    Shape("a change of code and a remark on it", "reviews.jsonl",
          lines(lambda n: {"oldf": f"def f{n}(): pass", "patch": f"@@ -1 +1 @@\n+return {n}", "msg": plain(n), "y": 1}),
          "patch → prompt, msg → answer", 12),
    Shape("functions with a label, and the message of their commit", "functions.csv",
          rows(lambda n: f'"int f{n}(char *a) {{ return a[{n}] + {n}; }} /* {plain(n)} {plain(n)} */",{n % 2},Fix {n}',
               24,
               "func,target,message"),
          "func → text, target → label", 24),
    Shape("a headline and the names of its authors", "headlines.csv",
          rows(lambda n: f"Anna Smith{'abcdefghijklmnopqrstuvwxyz'[n]},Ferry {n} late again,{n % 2}", 24,
               "author,headline,is_clickbait"),
          "headline → text, is_clickbait → label", 24),
    Shape("texts and their languages, with nothing else", "languages.csv",
          rows(lambda n: f"{n},{plain(n)},{('en', 'de', 'fi')[n % 3]}", 24, "id,text,language"),
          "text → text, language → label", 24),
    Shape("translations with a category of both texts", "translated.csv",
          rows(lambda n: f"{plain(n)},{('trade', 'travel')[n % 2]},Die Fähre {n} kam zu spät an.", 24,
               "text,category,translation"),
          "text → prompt, translation → answer", 24),
    Shape("several turns, with a label of the last turn", "turns.tsv",
          rows(lambda n: f"{n}\t{asked(n)}\t{said(n)}\tThanks for {n}!\t{mood(n)}", 24,
               "id\tturn1\tturn2\tturn3\tlabel"),
          "turn2 + turn3 → text, label → label", 24),
    Shape("a patent with its title, its abstract and a section", "patents.csv",
          rows(lambda n: f"Pier number {n},{plain(n)} {plain(n + 1)},{'AGH'[n % 3]}", 24,
               "patent_title,patent_abstract,cpc_section"),
          "patent_abstract → text, cpc_section → label", 24),
    Shape("words and tags in lists of any name", "masked.jsonl",
          lines(lambda n: {"source_text": f"Ring Kim{n} now", "piece_tokens": ["Ring", f"Kim{n}", "now"],
                           "piece_labels": ["O", "B-NAME", "O"]}),
          "piece_tokens → words, piece_labels → one label per word", 12),
    Shape("texts and labels in files side by side", "lines",
          {"sents.txt": rows(plain, 24), "moods.txt": rows(mood, 24)},
          "sents → text, moods → label", 24),
    Shape("two sides in a line, a mark before each", "commands.txt",
          rows(lambda n: f"IN: jump {n} times OUT: {'JUMP ' * (n + 1)}", 12),
          "prompt → prompt, answer → answer", 12),
    Shape("an instruction with places for keys of the row", "filled.jsonl",
          lines(lambda n: {"instruction": "Read {text} and answer: {question}",
                           "inputs": {"text": plain(n), "question": asked(n)}, "outputs": said(n)}),
          "'Read {inputs.text} and answer: {inputs.question}' → prompt, outputs → answer", 12),
    Shape("code in quotes, over several lines, with semicolons", "clones.csv",
          rows(lambda n: f'"int f(int a) {{\n  a += {n};\n  return a;\n}}",'
                         f'"int g(int b) {{\n  b -= {n};\n  return b;\n}}",{n % 2}', 24, "func1,func2,label"),
          "func1 + func2 → text, label → label", 24),
    Shape("a score in a list of one object", "scores.jsonl",
          lines(lambda n: {"sentence": plain(n), "info": [{"aspect_of": "x", "score": n / 30 - 0.4}]}, 24),
          "sentence → text, info[0].score → number", 24),
    Shape("answers with a verdict in words", "verdicts.jsonl",
          lines(lambda n: {"question": asked(n), "response": said(n), "verdict": ("correct", "incorrect")[n % 2]}, 24),
          "question + response → text, verdict → label", 24),
    Shape("turns that end with a question, and their answer", "turns.jsonl",
          lines(lambda n: {"turns": [{"role": "user", "content": asked(n)}], "expected_answer": said(n)}),
          "expected_answer → conversation", 12),
    Shape("two speakers in paragraphs, one of them by a known role", "piers.txt",
          "\n\n".join(f"## Berth {n}\nBot: Ahoy.\nKeeper: {asked(n)}\nBot: {said(n)}" for n in range(12)),
          "messages → conversation", 12),
    Shape("lists of objects below headings", "lessons.json",
          json.dumps([{"title": f"Lesson {n}", "lines": [{"english": asked(n), "german": f"Darf man hier {n} liegen?"}]}
                      for n in range(12)]),
          "english → prompt, german → answer", 12),
    Shape("a question and other ways to ask it", "variants.jsonl",
          lines(lambda n: {"question": asked(n), "variants": [f"Tell me: {asked(n)}", f"Please, {asked(n)}"]}),
          "question → prompt, variants → answer", 12),
    Shape("JSON lines below comments", "noted.jsonl",
          "# one object per line\n" + lines(lambda n: {"prompt": asked(n), "answer": said(n)}),
          "prompt → prompt, answer → answer", 12),
)  # fmt: skip
"""What each is read as without a choice."""
