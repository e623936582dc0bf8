"""What speaks for a column being the label, and against it, and how much?

The likeliest column is the one with the highest sum. Of the weights, only the distances matter: names are trusted more
than places in a table, and a text from which a value can be told more than a word that may mean anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence."""

    kind: str
    """One of :data:`WEIGHTS`."""
    strength: float = 1.0
    """How clear it is, from 0 to 1."""

    @property
    def weight(self) -> float:
        """Return what it adds to the score of its column; below 0, it speaks against a label."""
        return WEIGHTS[self.kind].weight * self.strength


class Weighed(NamedTuple):
    """What a kind of evidence is, how much it counts, and why."""

    what: str
    """The end of a sentence that begins with the column."""
    weight: float
    because: str


WEIGHTS: dict[str, Weighed] = {
    # what the name says
    "called": Weighed("has a name such as category", 130, "nobody calls anything else so"),
    "itself": Weighed("is called label", 60, "a category stands next to it as a fact; whatever a text tells"),
    "judged": Weighed("is called what people judge a text to be", 58, "a verdict is the label unless one is called so"),
    "on_topic": Weighed("is said on a topic", 6, "what is said on a topic is asked for, and the topic is given"),
    "label_last": Weighed("has a name that ends with label", 3, "parts of it, such as label_0, stand next to it"),
    "priced": Weighed("is a price", 32, "prices are predicted of descriptions, and no word but a verdict's is clearer"),
    "observed": Weighed("was measured", 30, "a measurement is made to be predicted, as a price is"),
    "plural": Weighed("has a name in the plural and several labels in its cells", 28, "as clear as a price"),
    "answers": Weighed("is called an answer", 8, "one of a few answers to a form is what they are sorted by"),
    "weak": Weighed("is called a type, a state or a level", 18, "such words stand for facts as often as for labels"),
    "overall": Weighed("rates the whole", 24, "parts of it, such as service or grammar, stand next to it"),
    "subject": Weighed("has a name that ends as that of a title", -12, "a few titles are less than a verdict"),
    "beforehand": Weighed("was given before", -8, "the same label after the text was read stands next to it"),
    "target": Weighed("says at whom or what", -3, "the verdict itself stands next to it"),
    "intent_number": Weighed("tells how far it was intended", -2, "the offense itself stands next to it"),
    "scales": Weighed("is on several scales", -50, "3/5 and B+ may be the same verdict, which stands next to them"),
    "about": Weighed("says who, where, when or which thing", -25, "a fact of the row, and the label only if alone"),
    "workflow": Weighed("says how far something has come", -30, "it changes while the text stays the same"),
    "topical": Weighed("is what a rated text is on", -85, "next to ratings, tags come after all verdicts"),
    "noted": Weighed("says what a tool or a school notes of a row", -30, "as little as a place"),
    # what the cells hold
    "few": Weighed("has few values", 0, "so have facts; all else is measured from here"),
    "constant": Weighed("is the same in all rows", -300, "there is nothing to learn"),
    "gaps": Weighed("is missing in many rows", -48, "a verdict that all rows have comes first, even a weak one"),
    "numbers": Weighed("holds numbers under a name that says nothing", -10, "numbers are counts as often as classes"),
    "classes": Weighed("holds classes that many texts have", 6, "spam, joy and the like say what a text is"),
    "only_classes": Weighed("holds no other values", 30, "without names, nothing tells more"),
    "grades": Weighed("holds grades from 1 to 5 under a name that says nothing", 34, "counts go on, and begin at 0"),
    "yes_no": Weighed("holds only yes and no", -3, "an aside to a column that tells more"),
    "several": Weighed("holds several short values in a cell", -2, "one value is a label rather"),
    "score": Weighed("holds fractions up to 1", -20, "scores of models look the same"),
    "paid": Weighed("is an amount", -22, "amounts are facts unless nothing else is there"),
    # where it stands
    "behind": Weighed("stands behind the text", 8, "labels are added to a table last"),
    "only_last": Weighed("is the only one behind the text", 25, "without names, nothing tells more"),
    # whether the text tells it
    "told": Weighed("can be told from the text", 32, "a verdict depends on the words; more than a weak name"),
    "told_well": Weighed("is hardly ever told wrong", 8, "a department follows the topic, but not always"),
    "untold": Weighed("cannot be told from the text", -15, "a label that no word hints at is none, or very hard"),
    "thing": Weighed("stands in the text itself", -12, "it names a thing that the text is about"),
}
"""All kinds of evidence."""
FARTHEST = 65.0
"""How far two columns may be apart so that the text is asked: about as much as it can change, and be worth a note."""
NEAR, NEAR_UNTOLD = 10.0, 20.0
"""How far a column may be behind the label to be named beside it in a note; farther where no text tells the label."""


@dataclass(frozen=True)
class Candidate:
    """A column that can be the label, and what is known of that."""

    name: str
    """The column."""
    path: str
    """The column, or the path of the names of labels inside its objects."""
    place: float
    """Which one comes first of several that are alike: the lower."""
    found: tuple[Evidence, ...]

    @property
    def score(self) -> float:
        """Return the sum of the evidence."""
        return sum(each.weight for each in self.found)

    @property
    def why(self) -> str:
        """Return the evidence as a sentence, the strongest first.

        Example:
            >>> Candidate("bucket", "bucket", 0, (Evidence("behind"), Evidence("yes_no"))).why
            'bucket stands behind the text (+8), holds only yes and no (-3)'
        """
        ordered = sorted(self.found, key=lambda each: -abs(each.weight))
        return f"{self.path} " + ", ".join(f"{WEIGHTS[each.kind].what} ({each.weight:+.0f})" for each in ordered)

    def has(self, kind: str) -> bool:
        """Say whether there is evidence of a kind."""
        return any(each.kind == kind for each in self.found)

    def with_more(self, found: Iterable[Evidence]) -> Candidate:
        """Return the candidate with more evidence."""
        return replace(self, found=(*self.found, *found))


def likeliest_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return candidates in the order of their scores."""
    return sorted(candidates, key=lambda each: (-each.score, each.place))
