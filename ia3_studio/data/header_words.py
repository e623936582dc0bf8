"""Which words stand in the names of columns, so that a row with them names these?"""

from __future__ import annotations

from ia3_studio.data.about_row import ABOUT_ROW
from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import ANSWERED, ASKED, LABELED, READ, RESULT, SAID
from ia3_studio.data.language_names import LANGUAGES

KNOWN_NAMES = frozenset((
    "id", "text", "label", "labels", "prompt", "answer", "question", "response", "instruction", "input",
    "output", "context", "completion", "category", "class", "messages", "conversations", "source", "target",
    "title", "content", "sentence", "review", "sentiment", "topic", "intent", "split", "date", "timestamp",
    "name", "premise", "hypothesis", "choices", "options", "tokens", "tags", "role", "system", "user",
    "assistant", "rating", "score",
))  # fmt: skip
"""Names that many files use for columns."""

WORDS_OF_NAMES = KNOWN_NAMES | {
    "word", "words", "term", "phrase", "sentence", "value", "type", "column", "field", "original", "translation",
    "comment", "description", "code", "number", "english", "german", "french", "spanish", "language", "first",
    "last", "second", "message", "feedback", "reason", "note", "status", "version",
}  # fmt: skip
"""Words that stand in names of columns."""

WHAT = ASKED | ANSWERED | LABELED | READ | RESULT | SAID
"""Words for what is written, asked, answered or judged."""
NAMING = WHAT | ABOUT_ROW
"""Words that say in the name of a column what it holds."""
WORDS_OF_LISTS = WORDS_OF_NAMES | LANGUAGES | {
    "names", "firstname", "lastname", "surname", "forename", "vorname", "nachname", "nom", "prénom", "nombre",
    "apellido", "nome", "cognome", "cities", "city", "town", "towns", "country", "countries", "capital", "fruit",
    "fruits", "animal", "animals", "plant", "plants", "species", "food", "foods", "color", "colour", "colors",
    "colours", "item", "items", "entry", "entries", "noun", "verb", "adjective", "lemma", "keyword", "keywords",
    "verbs", "nouns", "vocabulary", "wort", "wörter", "mot", "mots", "palabra", "palabras", "parola", "parole",
    "woord", "ord", "слово", "слова", "singular", "plural", "root", "stem", "token", "tokens", "character", "pokemon",
    "dinosaur", "dinosaurs", "band", "artist", "street", "company", "product", "job", "movie", "planet", "river",
    "mountain", "sport", "hobby", "username", "password", "hashtag", "emoji", "ingredient", "dish", "recipe",
    "synonym", "antonym", "abbreviation", "acronym", "gender",
}  # fmt: skip
"""Words that stand above lists of words."""

WORDS_OF_A_NAME = 4
"""Words of a cell that names a column."""


def says_what(cell: str) -> bool:
    """Say whether the name of a column is a usual one, or says in a few words what the column holds."""
    return cell.lower() in KNOWN_NAMES or (len(cell.split()) <= WORDS_OF_A_NAME and says(cell, WHAT))
