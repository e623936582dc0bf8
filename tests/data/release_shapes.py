"""Shapes of files as research releases and players of films have them: joined by ids, by times, by numbers."""

from __future__ import annotations

import json
from typing import Any

from tests.data.shapes import Shape, asked, lines, rows, said

_TOLD = ("Wann fährt die Fähre mit Nummer {} vom Nordkai ab?", "Im Hafen gibt es heute {} freie Plätze am Kai.")


def told(row: int) -> str:
    """Return a sentence in another language."""
    return _TOLD[row % 2].format(row)


def shown(row: int) -> str:
    """Return the times of a caption."""
    return f"00:00:{row:02},000 --> 00:00:{row:02},900"


def caption(row: int, text: str) -> str:
    """Return a caption of SRT."""
    return f"{row + 1}\n{shown(row)}\n{text}\n\n"


def styled(*captions: str) -> str:
    """Return a file of styles and events (ASS)."""
    events = "".join(
        f"Dialogue: 0,0:00:{row:02}.00,0:00:{row:02}.90,Default,,0,0,0,,{text}\n" for row, text in enumerate(captions)
    )
    head = "[Script Info]\nTitle: ferry\n\n[Events]\n"
    return f"{head}Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n{events}"


def passage(row: int) -> dict[str, Any]:
    """Return two questions on a text, of each of which some answers are right."""
    asked_on = [
        {"question": asked(row + at), "idx": at,
         "answers": [{"text": said(row + n), "idx": n, "label": int(n % 2 == at)} for n in range(3)]}
        for at in range(2)
    ]  # fmt: skip
    return {"idx": row, "passage": {"text": f"{said(row)} {told(row)}", "questions": asked_on}}


def segments(kind: str, language: str, texts: list[str]) -> str:
    """Return a set of documents as shared tasks in translation have it."""
    inner = "".join(f'<seg id="{n}">{text}</seg>\n' for n, text in enumerate(texts))
    return (
        f'<{kind}set setid="ferries" srclang="en">\n<doc docid="{language}">\n<p>\n{inner}</p>\n</doc>\n</{kind}set>\n'
    )


def pictured() -> str:
    """Return captions of pictures in a document of several lists."""
    captions = [{"image_id": n // 3, "id": n, "caption": f"A ferry leaves berth {n} in the fog."} for n in range(18)]
    pictures = [{"id": n, "file_name": f"ferry{n}.jpg", "license": 1} for n in range(6)]
    return json.dumps({"info": {"year": 2014}, "images": pictures, "annotations": captions,
                       "licenses": [{"id": 1, "name": "Attribution"}]})  # fmt: skip


def entry(row: int) -> str:
    """Return triples and two texts that say them."""
    triples = f"<mtriple>ferry {row} | berth | {row}</mtriple><mtriple>ferry {row} | pier | north</mtriple>"
    texts = f'<lex lid="1">Ferry {row} has berth {row}.</lex><lex lid="2">At the north pier lies ferry {row}.</lex>'
    original = f"<originaltripleset><otriple>ferry {row} | has | {row}</otriple></originaltripleset>"
    return f'<entry eid="{row}">{original}<modifiedtripleset>{triples}</modifiedtripleset>{texts}</entry>'


def judged_lines() -> dict[str, str]:
    """Return queries, passages, and which of these answer them, by ids."""
    return {
        "corpus.jsonl": lines(lambda n: {"_id": f"d{n}", "title": f"Berth {n}", "text": f"{said(n)} {told(n)}"}),
        "queries.jsonl": lines(lambda n: {"_id": f"q{n}", "text": asked(n)}),
        "qrels/train.tsv": rows(lambda n: f"q{n}\td{n}\t1", 8, header="query-id\tcorpus-id\tscore"),
        "qrels/test.tsv": rows(lambda n: f"q{n + 8}\td{n + 8}\t1", 4, header="query-id\tcorpus-id\tscore"),
    }


def spoken_lines() -> dict[str, str]:
    """Return the lines of films, and which of them are one conversation, by their ids."""
    said_by = rows(
        lambda n: f"L{n} +++$+++ u{n % 2} +++$+++ m0 +++$+++ {('ADA', 'BO')[n % 2]} +++$+++ {(asked, said)[n % 2](n)}",
        24,
    )
    talks = rows(lambda n: f"u0 +++$+++ u1 +++$+++ m0 +++$+++ ['L{2 * n}', 'L{2 * n + 1}']", 12)
    return {"movie_lines.txt": said_by, "movie_conversations.txt": talks}


def answered(row: int) -> str:
    """Return a text with two questions on it and their answers."""
    pairs = "".join(f"<qa no='{n}'><q>{asked(n)}</q><a>{said(n)}</a></qa>" for n in (row, row + 9))
    return f"<passage><body>{said(row)} {told(row)}</body>{pairs}</passage>"


def headlines(row: int) -> str:
    """Return a line of a table with a label before several headlines."""
    return "\t".join((f"2020-01-{row + 1:02}", str(row % 2), asked(row), said(row), told(row)))


def edited(row: int) -> dict[str, Any]:
    """Return a text with the places of its faults and what is to stand there."""
    return {"id": row, "text": f"The ferries is late, and berth {row} are free.", "edits": [[0, [[12, 14, "are"]]]]}


def situated(row: int) -> dict[str, Any]:
    """Return a question on two texts."""
    asked_on = [{"id": str(row), "question": asked(row), "answers": [{"text": f"berth {row}"}]}]
    return {"background": f"{said(row)} {told(row)}", "situation": f"Fog lies on pier {row} today.", "qas": asked_on}


RELEASES: tuple[Shape, ...] = (
    Shape("subtitles in two languages, one below the other", "film.srt",
          "".join(caption(n, f"{asked(n)}\n{told(n)}") for n in range(16)), "source → prompt, target → answer", 16),
    Shape("subtitles of one film in two languages", "film",
          {"film.en.srt": "".join(caption(n, asked(n)) for n in range(12)),
           "film.de.srt": "".join(caption(n, told(n)) for n in range(12))}, "en → prompt, de → answer", 12),
    Shape("subtitles with styles (ASS)", "film.ass", styled(*(f"{{\\i1}}{asked(n)}{{\\i0}}" for n in range(12))),
          "text → plain text", 12),
    Shape("texts in columns by number, with a label", "news.tsv",
          rows(headlines, 24, header="Date\tLabel\tTop1\tTop2\tTop3"),
          "Top → text, Label → label", 24),
    Shape("what is to be said, and several texts that say it", "e2e.csv",
          rows(lambda n: f'"name[Pier {n}], food[fish]",Pier {n} serves fish.,You get fish at Pier {n}.',
               header="mr,human_ref_1,human_ref_2"), "mr → prompt, human_ref_1 → answer", 12),
    Shape("questions on a text, of each of which several answers may be right (MultiRC)", "passages.jsonl",
          lines(passage, 6), "text + question → text, label → label", 6),
    Shape("documents and their translations in SGML (WMT)", "wmt",
          {"news-src.en.sgm": segments("src", "en", [asked(n) for n in range(12)]),
           "news-ref.de.sgm": segments("ref", "de", [told(n) for n in range(12)])},
          "source → prompt, target → answer", 12),
    Shape("captions of pictures in a document of several lists (COCO)", "captions.json", pictured(),
          "caption → plain text", 18),
    Shape("triples with several texts on each (WebNLG)", "triples.xml",
          f"<benchmark><entries>{''.join(map(entry, range(12)))}</entries></benchmark>",
          "modifiedtripleset.mtriple → prompt, lex → answer", 12),
    Shape("words with signs between them, and sentences with all of them", "words.jsonl",
          lines(lambda n: {"concept_set": f"ferry#pier#fog{n}", "scene": [asked(n), told(n)]}),
          "concept_set → prompt, scene → answer", 12),
    Shape("queries and passages that are joined by ids (BEIR)", "retrieval", judged_lines(),
          "query → prompt, positive → answer", 12),
    Shape("lines, and the ids of those of a conversation (Cornell)", "films", spoken_lines(),
          "messages → conversation", 12),
    Shape("reviews with a verdict, and scores on several scales", "critics.csv",
          rows(lambda n: f"{('Fresh', 'Rotten')[n * 5 % 7 % 2]},{('3/5', 'B+', '60/100', '')[n % 4]},{asked(n)}", 24,
               header="review_type,review_score,review_content"),
          "review_content → text, review_type → label", 24),
    Shape("turns whose words stand in an object", "car.jsonl",
          lines(lambda n: {"dialogue": [{"turn": "driver", "data": {"utterance": asked(n), "end": False}},
                                        {"turn": "assistant", "data": {"utterance": said(n), "end": True}}]}),
          "dialogue → conversation", 12),
    Shape("questions with their answers in a list, next to a text", "passages.xml",
          f"<all>{''.join(map(answered, range(6)))}</all>", "question + body → prompt, answer → answer", 6),
    Shape("texts with edits of their characters (BEA)", "essays.jsonl", lines(edited),
          "text → prompt, corrected → answer", 12),
    Shape("articles with a background and a situation in place of a context (ROPES)", "ropes.json",
          json.dumps({"data": [{"paragraphs": [situated(n)]} for n in range(12)]}),
          "question + context → prompt, answers[0].text → answer", 12),
    Shape("texts in elements of a class each", "classes.xml",
          "<all>" + "".join(f"<class name='{name}'>" + "".join(f"<review>{asked(n)} {name}</review>" for n in range(12))
                            + "</class>" for name in ("calm", "storm")) + "</all>",
          "text → text, class name → label", 24),
)  # fmt: skip
"""What each is read as without a choice."""
