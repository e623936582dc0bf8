"""Shapes of files with labels, tags and choices, in the forms that corpora and question banks have."""

from __future__ import annotations

import json
from typing import Any

from tests.data.schema_shapes import plain
from tests.data.shapes import Shape, asked, berths, lines, mood, rows, said

TAGS = "tokens → words, tags → one label per word"
FEELINGS = ("joy", "fear", "joy\n fear", "hope\njoy", "hope")
WORDS = (("Ferry", "B-SHIP"), ("Ada", "I-SHIP"), ("left", "O"), ("Turku", "B-PORT"), (".", "O"))


def tagged(row: int, sign: str = "\t", end: str = "\n") -> str:
    """Return a sentence, a word with its tag each."""
    return "".join(f"{word}{sign}{tag}{end}" for word, tag in (*WORDS[: 2 + row % 3], WORDS[-1]))


def judged(row: int) -> dict[str, Any]:
    """Return a text with two judged parts."""
    parts = [{"term": "ferry", "polarity": mood(row)}, {"term": "pier", "polarity": mood(row + 1)}]
    return {"text": plain(row), "aspects": parts}


def intent(name: str) -> dict[str, Any]:
    """Return the utterances of an intent as Snips NLU has them."""
    slot = {"text": "Turku", "entity": "port", "slot_name": "to"}
    return {"utterances": [{"data": [{"text": f"{name} ferry {n} to "}, slot]} for n in range(6)]}


CORPORA: tuple[Shape, ...] = (
    Shape("words with tags between comments", "noted.txt",
          "## words below\n\n" + "\n".join(f"## sentence {n}\n{tagged(n)}" for n in range(12)), TAGS, 12),
    Shape("words with nested tags and a tab at the end", "nested.tsv",
          "\n".join("".join(f"{line}\tO\tO\t\n" for line in tagged(n).splitlines()) for n in range(12)), TAGS, 12),
    Shape("words and tags in cells, with an empty word between sentences", "cells.csv",
          "word,tag\n" + "".join(tagged(n, ",") + ",O\n" for n in range(12)), TAGS, 12),
    Shape("words and tags in rows without names, with the number of the sentence", "numbered.csv",
          "".join(f"{n},{line}\n" for n in range(12) for line in tagged(n, ",").splitlines()), TAGS, 12),
    Shape("a text and its words with tags behind a separator (E2E-TBSA, ASTE)", "behind.txt",
          "".join(f"{' '.join(part.split('=')[0] for part in tagged(n, '=', ' ').split())}####{tagged(n, '=', ' ')}\n"
                  for n in range(12)), TAGS, 12),
    Shape("words in brackets behind their tags, a sentence per line", "bracketed.txt",
          rows(lambda n: f"(DT The) (NN ferry) (VBD left) (IN at) (CD {n}) (. .)"), TAGS, 12),
    Shape("entities marked in lines (OpenNLP, MUC)", "marked.txt",
          rows(lambda n: f"<START:ship> Ferry {n} <END> leaves <START:port> Turku <END> at nine ."), TAGS, 12),
    Shape("a table of words with several columns of tags (HIPE)", "entities.tsv",
          "TOKEN\tNE-COARSE-LIT\tNE-NESTED\tMISC\n# date = 1860\n" + "".join(
              "\t_\t\n".join(tagged(n).splitlines()) + "\t_\tEndOfSentence\n" for n in range(12)), TAGS, 12),
    Shape("texts with judged parts (SemEval)", "aspects.jsonl", lines(judged),
          "text + term → text, polarity → label", 12),
    Shape("a text, a part of it, and a label", "entities.csv",
          rows(lambda n: f"{plain(n)},{('ferry', 'pier')[n % 2]},{mood(n)}", 24, "sentence,entity,label"),
          "sentence + entity → text, label → label", 24),
    Shape("utterances of intents (Snips NLU)", "intents.json",
          json.dumps({"intents": {"book": intent("Book"), "ask": intent("When leaves")}, "entities": {"port": {}},
                      "language": "en"}),
          "text → text, intent → label", 12),
    Shape("intents and entities in a document (Watson Assistant)", "assistant.json",
          json.dumps({"intents": [{"intent": name, "examples": [{"text": f"{name} ferry {n}"} for n in range(6)]}
                                  for name in ("Book", "Ask")],
                      "entities": [{"entity": "port", "values": [{"type": "synonyms", "value": "Turku"}]},
                                   {"entity": "pier", "values": [{"type": "synonyms", "value": "north"}]}]}),
          "text → text, label → label", 12),
    Shape("texts with entities whose values are JSON (wit.ai)", "wit.json",
          json.dumps({"data": [{"text": f"Turku, ferry {n}", "entities": [
              {"entity": "port", "value": '"turku, FI"', "start": 0, "end": 5}]} for n in range(12)]}), TAGS, 12),
    Shape("texts with slots (PolyAI)", "slots.json",
          json.dumps([{"userInput": {"text": f"{n} at nine"}, "labels": [
              {"slot": "people", "valueSpan": {"endIndex": len(str(n))}}]} for n in range(12)]), TAGS, 12),
    Shape("questions of a quiz with signs", "trivia",
          "\n".join(f"#Q {asked(n)}\n^ {berths(n)[n % 4]}\n" + "".join(
              f"{letter} {each}\n" for letter, each in zip("ABCD", berths(n), strict=True)) for n in range(12)),
          "question → question, choices → choices, answer → correct choice", 12),
    Shape("lists per line, as Python prints them", "printed.txt", rows(lambda n: str([f"id-{n}", plain(n), n % 2]), 24),
          "column 2 → text, column 3 → label", 24),
    Shape("numbers of several classes with commas", "classes.tsv",
          rows(lambda n: f"{plain(n)}\t{('1', '1, 3', '8, 1, 2')[n % 3]}", 24),
          "column 1 → text, column 2 → several labels", 24),
    Shape("a number without a name, and ids of rows of which some are missing", "scores.txt",
          rows(lambda n: f"{n * n + 1}\t{(n * 7 % 10) / 3:.4f}\t{plain(n)}", 24),
          "column 3 → text, column 2 → number", 24),
    Shape("relations in paragraphs, whose names have commas in parentheses", "relations.txt", "\n\n".join(
              f'{n}\t"{said(n)}"\n{("Whole(e1,e2)", "Other")[n % 2]}\nComment:' for n in range(12)),
          "text → text, label → label", 12),
    Shape("a set of labels with commas between some of them, each a label of other rows as well", "sets.csv",
          rows(lambda n: f'{plain(n)},"{("hate", "fake,hate", "fake", "none", "hate,slander", "none")[n % 6]}"', 24,
               "Post,Labels Set"),
          "Post → text, Labels Set → several labels", 24),
    Shape("tables of texts and labels in several files", "several sentences",
          {f"{name}_scored.txt": rows(lambda n: f"{asked(n)}  \t{n % 2}") for name in ("books", "films")},
          "column 1 → text, column 2 → label", 24),
    Shape("an empty column whose name is a number", "visited.csv",
          rows(lambda n: f"The {('Mole', 'Quay')[n % 2]},{plain(n)},{n % 5},", 24, "Restaurant,Review,Rating,7514"),
          "Review → text, Rating → label", 24),
    Shape("complaints of which few have a text", "complaints.csv",
          rows(lambda n: f"{('Card', 'Loan', 'Desk')[n % 3]},{plain(n) + plain(n + 60) if n % 3 == n % 2 else ''},"
                         f"{('', 'Older')[n % 2]},{('Fee', 'Delay')[n % 4 // 2]}", 48,
               "Product,Complaint narrative,Tags,Issue"),
          "Complaint narrative → text, Issue → label", 16, 32),
    Shape("a book with its genre and a summary that is the only text", "novels.csv",
          rows(lambda n: f"Ferry {n},{('Fantasy', 'Horror')[n % 2]},{plain(n)} {plain(n + 30)} {plain(n + 60)}", 24,
               "book_name,genre,summary"),
          "summary → text, genre → label", 24),
    Shape("what a tool notes of each row, before a label of any name", "judged.csv",
          rows(lambda n: f"{('final', 'golden')[n % 5 // 4]},{('Relevant', 'Not', 'Unsure')[n % 3]},{plain(n)}", 24,
               "_unit_state,choose_one,text"),
          "text → text, choose_one → label", 24),
    Shape("what was searched for and found, with grades", "search.csv",
          rows(lambda n: f"pier {n % 4},Ferry {n},{plain(n) if n % 4 else ''},{n % 4 + 1},0.{n % 3}", 24,
               "query,product_title,product_description,median_relevance,relevance_variance"),
          "query + product_title → text, median_relevance → label", 24),
    Shape("dishes as lists of ingredients that many share, with where they are from", "cooking.json",
          json.dumps([{"id": n, "cuisine": ("greek", "thai")[n % 2], "ingredients":
                       [name for place, name in enumerate(("salt", "rice", "eggs", "lime", "oil")) if n >> place & 1]}
                      for n in range(3, 31)]),
          "ingredients → text, cuisine → label", 28),
    Shape("a title of a product, and the label of its cluster next to that of its category", "products.csv",
          rows(lambda n: f"{n},Ferry model no. {n} in blue,{n // 3},Ferry model {n // 3},{n % 3},{mood(n)} goods",
               48, "Product ID,Product Title,Cluster ID,Cluster Label,Category ID,Category Label"),
          "Product Title → text, Category Label → label", 48),
    Shape("reviews in a list inside each paper, with what was decided on it", "papers.json",
          json.dumps({"paper": [{"id": n, "decision": ("accept", "reject")[n % 2], "review": [
              {"id": place, "text": plain(n * 2 + place)} for place in range(2)]} for n in range(12)]}),
          "text → text, decision → label", 24),
    Shape("sentences with whether they are acceptable, and the type of the fault", "grammar.csv",
          rows(lambda n: f"{n},{plain(n)},{n % 2},{'A0B0'[n % 4]}", 24, "id,sentence,acceptable,error_type"),
          "sentence → text, acceptable → label", 24),
    Shape("two texts with how alike they are and whether one follows from the other", "entailed.xml",
          "<pairs>" + "".join(f'<pair entailment="{("No", "Entailment")[n % 2]}" id="{n}" similarity="{1 + n / 9:.1f}">'
                              f"<t>{plain(n)}</t><h>{said(n)}</h></pair>" for n in range(24)) + "</pairs>",
          "t + h → text, entailment → label", 24),
    Shape("two texts and what each is about, of one name with x and y", "same.csv",
          rows(lambda n: f"{plain(n)},{plain(n + 30)},{mood(n)},{mood(n + 1) if n % 4 else ''},{n % 2 == 0}", 24,
               "description_x,description_y,ticker_x,ticker_y,same_thing"),
          "description_x + description_y → text, same_thing → label", 24),
    Shape("an industry among facts about a company", "companies.csv",
          rows(lambda n: f"Port {n},{plain(n)},{('11-50', '51-200')[n % 2]},{('Fish', 'Travel', 'Ships')[n % 3]}", 24,
               "Company,Description,Employees,Industry"),
          "Description → text, Industry → label", 24),
    Shape("prompts and answers with whether these are safe", "safe.jsonl",
          lines(lambda n: {"prompt": asked(n), "response": said(n), "category": {"theft": n % 5 == 0, "fraud": False},
                           "is_safe": n % 2 == 0}, 24),
          "prompt + response → text, is_safe → label", 24),
    Shape("a column that is called as one of its labels is", "deceptive.csv",
          rows(lambda n: f"{('truthful', 'deceptive')[n % 2]},{mood(n)},{('up', 'down')[n % 4 // 2]},{plain(n)}", 24,
               "deceptive,hotel,polarity,text"),
          "text → text, polarity → label", 24),
    Shape("texts with the numbers of their words", "numbers_of_words.csv",
          rows(lambda n: f'{plain(n)},{n % 2},"[{n}, {n + 7}, 36]"', 24, "Content,Label,Content_int"),
          "Content → text, Label → label", 24),
    Shape("projects with their times in seconds and a status", "projects.csv",
          rows(lambda n: f"{plain(n)},{1241334017 + n * 999},{1240600507 + n},{n % 2}", 24,
               "desc,state_changed_at,created_at,final_status"),
          "desc → text, final_status → label", 24),
    Shape("what was said first and, in most rows, second, with a class", "feelings.csv",
          rows(lambda n: f"{mood(n)},{plain(n)},{plain(n + 30) if n % 3 else ''}", 24, "emotion,human1,human2"),
          "human1 → text, emotion → label", 24),
    Shape("cells between signs of underscores", "headlines.txt",
          rows(lambda n: f"{6551700 + n * 7}_!_{100 + n % 3}_!_news_{mood(n)}_!_{plain(n)}_!_pier", 24),
          "column 4 → text, column 3 → label", 24),
    Shape("several labels in a cell, a line each", "choices.csv",
          rows(lambda n: f'{plain(n)},"{FEELINGS[n % 5]}"', 30, "comment,feelings"),
          "comment → text, feelings → several labels", 30),
    Shape("several labels with commas between them, each alone in other rows, under any name", "codes.csv",
          rows(lambda n: f'{plain(n)},"{("food", "room", "price", "food, room", "price, food")[n % 5]}"', 30,
               "comment,coded"),
          "comment → text, coded → several labels", 30),
    Shape("tasks by letters, each for some labels of the one before", "tasks.tsv",
          rows(lambda n: f"{86426 + n}\t{plain(n)}\t{('NOT', 'OFF')[n % 2]}\t{('NULL', 'TIN')[n % 2]}\t"
                         f"{('NULL', 'IND', 'NULL', 'GRP')[n % 4]}", 24, "id\ttweet\tsubtask_a\tsubtask_b\tsubtask_c"),
          "tweet → text, subtask_a → label", 24),
    Shape("lists of a text, questions with choices on it, and an id (DREAM, C3)", "listening.json",
          json.dumps([[[plain(n), said(n)], [{"question": asked(n), "choice": berths(n), "answer": berths(n)[n % 4]}],
                       f"4-{n}"] for n in range(12)]),
          "text + question → question, choice → choices, answer → correct choice", 12),
    Shape("tags with blanks between them, each alone in other rows", "views.csv",
          rows(lambda n: f"{plain(n)},{('vip', 'refund', 'late', 'refund vip', 'late vip')[n % 5]}", 30, "note,tags"),
          "note → text, tags → several labels", 30),
    Shape("sentences on a topic, with an annotation", "arguments.csv",
          rows(lambda n: f"{mood(n)},{plain(n)},{('for', 'against')[n // 3 % 2]}", 24, "topic,sentence,annotation"),
          "sentence → text, annotation → label", 24),
    Shape("shares of labels before a label", "shares.csv",
          rows(lambda n: f"{plain(n)},0.{n % 9},0.{9 - n % 9},{n % 2}", 24, "Text,ed_label_0,ed_label_1,oh_label"),
          "Text → text, oh_label → label", 24),
)  # fmt: skip
"""What each is read as without a choice."""
