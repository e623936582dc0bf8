"""Data sets and exports in XML and SGML, as they are distributed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.data.schema_shapes import plain
from tests.data.shapes import Shape, asked, mood, said

LABELED = "text → text, label → label"


def each(element: Callable[[int], str], count: int = 12) -> str:
    """Return so many elements."""
    return "".join(map(element, range(count)))


def review(row: int) -> str:
    """Return a review of two sentences, each judged for a part, as SemEval 2016 has it."""
    sentences = "".join(
        f'<sentence id="{row}:{at}"><text>The deck {row} was {said}.</text>'
        f'<Opinions><Opinion target="deck {row}" polarity="{mood(row + at)}"/></Opinions></sentence>'
        for at, said in enumerate(("wet", "warm"))
    )
    return f'<Review rid="{row}"><sentences>{sentences}</sentences></Review>'


def whole_review(row: int) -> str:
    """Return a review of two sentences that is judged as a whole."""
    sentences = "".join(f"<sentence><text>The deck {row} was {said}.</text></sentence>" for said in ("wet", "warm"))
    opinions = "".join(f'<Opinion category="{part}" polarity="{mood(row)}"/>' for part in ("DECK", "CREW"))
    return f'<Review rid="{row}"><sentences>{sentences}</sentences><Opinions>{opinions}</Opinions></Review>'


def passage(row: int) -> str:
    """Return a document with an annotated passage, as BioC has it."""
    place = '<infon key="type">Ship</infon><location offset="14" length="5"/><text>ferry</text>'
    return (
        f'<document><id>{row}</id><passage><infon key="type">title</infon><offset>10</offset><text>The ferry left on '
        f'day {row}</text><annotation id="T1">{place}</annotation></passage></document>'
    )


def string(text: Callable[[int], str], row: int) -> str:
    """Return a message of a program, as Android has it."""
    return f'<string name="m{row}">{text(row)}</string>'


def cells(*values: str) -> str:
    """Return a row as Excel 2003 wrote it."""
    return "<Row>" + "".join(f'<Cell><Data ss:Type="String">{value}</Data></Cell>' for value in values) + "</Row>"


def field(name: str, value: object) -> str:
    """Return a field of a row, as mysqldump writes it."""
    return f'<field name="{name}">{value}</field>'


MARKUP: tuple[Shape, ...] = (
    Shape("reviews whose sentences are judged in parts (SemEval 2016)", "judged.xml",
          f"<Reviews>{each(review)}</Reviews>", "text + target → text, polarity → label", 24),
    Shape("reviews that are judged as a whole for several things", "whole.xml",
          f"<Reviews>{each(whole_review)}</Reviews>", "sentences + category → text, polarity → label", 12),
    Shape("rows whose fields are named by an attribute (mysqldump)", "dump.xml",
          "<database><table_data>"
          + each(lambda n: f"<row>{field('id', n)}{field('text', plain(n))}{field('label', mood(n))}</row>")
          + "</table_data></database>", LABELED, 12),
    Shape("a workbook of Excel 2003", "sheet.xml",
          '<Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>'
          + cells("text", "label") + each(lambda n: cells(plain(n), mood(n))) + "</Table></Worksheet></Workbook>",
          LABELED, 12),
    Shape("units of XLIFF", "messages.xlf",
          '<xliff version="1.2"><file source-language="en"><body>'
          + each(lambda n: f'<trans-unit id="{n}"><source>Berth <g id="1">{n}</g></source>'
                           f'<target state="final">Platz {n}</target></trans-unit>')
          + "</body></file></xliff>", "source → prompt, target → answer", 12),
    Shape("a gettext catalog with its header and an entry that nobody has translated", "de.po",
          'msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "Pier"\nmsgstr ""\n\n'
          + each(lambda n: f'#: port.c:{n}\nmsgid "Berth {n}"\nmsgstr "Platz {n}"\n\n'),
          "source → prompt, target → answer", 12),
    Shape("categories of a bot (AIML), one of them with several answers", "harbor.aiml",
          "<aiml><category><pattern>HELLO</pattern><template><random><li>Ahoy.</li><li>Good tide.</li></random>"
          "</template></category>"
          + each(lambda n: f"<category><pattern>{asked(n).upper()}</pattern><template>{said(n)}</template></category>")
          + "</aiml>", "prompt → prompt, answer → answer", 13),
    Shape("passages with annotations (BioC)", "passages.xml", f"<collection>{each(passage)}</collection>",
          "tokens → words, tags → one label per word", 12),
    Shape("pages of a wiki", "wiki.xml",
          "<mediawiki>" + each(lambda n: f"<page><title>Pier {n}</title><id>{n}</id><revision><id>{n + 50}</id>"
                                         f'<text bytes="9">{plain(n)}</text></revision></page>') + "</mediawiki>",
          "revision.text → plain text", 12),
    Shape("topics in SGML whose fields have no end (TREC)", "topics.txt",
          each(lambda n: f"<top>\n<num> Number: {n}\n<title> pier {n}\n\n<desc> Description:\n{asked(n)}\n\n"
                         f"<narr> Narrative:\n{said(n)}\n\n</top>\n\n"), "desc → prompt, narr → answer", 12),
    Shape("documents in SGML with topics (Reuters)", "news.sgm",
          each(lambda n: f'<REUTERS NEWID="{n}"><TOPICS><D>{mood(n)}</D></TOPICS><PLACES><D>usa</D></PLACES>'
                         f"<TEXT>&#2;<TITLE>PIER {n}</TITLE><BODY>{plain(n)}</BODY></TEXT></REUTERS>\n"),
          "BODY → text, TOPICS D → label", 12),
    Shape("messages of a program in two languages (Android)", "app",
          {f"res/{folder}/strings.xml":
           "<resources>" + each(partial(string, text)) + "</resources>"
           for folder, text in (("values", asked), ("values-de", said))},
          "source → prompt, target → answer", 12),
)  # fmt: skip
