"""What do the name, the cells and the place of a column say about whether it is the label?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Record
from functools import cached_property
from typing import TYPE_CHECKING

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import UNNAMED, bare_name, name_words, named, says, says_last
from ia3_studio.data.column_profile import Profile, cells_of, is_label_name, profile
from ia3_studio.data.column_words import AMOUNTS, ANSWERED, COMPUTED, LABELED, OBSERVED, PRICED, TITLED
from ia3_studio.data.form_fields import are_fields
from ia3_studio.data.identifiers import are_codes_of_places, are_for_ages
from ia3_studio.data.label_cells import is_plural
from ia3_studio.data.label_contents import (
    are_on_several_scales,
    are_unnamed_grades,
    holds_known_classes,
    holds_labels_or_marks,
    holds_only_known_classes,
    holds_several,
    holds_yes_or_no,
    is_workflow,
    label_path,
    path_inside,
)
from ia3_studio.data.label_evidence import Candidate, Evidence
from ia3_studio.data.label_names import (
    LABEL_WORDS,
    ON_TOPICS,
    RATED,
    is_called_label,
    is_coded,
    is_judged,
    is_scaled,
    named_labels,
    school_classes,
    topical,
)
from ia3_studio.data.measured_columns import is_fact, is_score, measures
from ia3_studio.data.vote_counts import counts_votes

if TYPE_CHECKING:
    import pandas as pd

_NO_LABELS = ("question", "prompt", "text", "sentence", "instruction", "query", "spans", "offsets", "positions")
"""Columns that are read or say a place, also where few different values stand in them."""
_FEW_ROWS = 4
"""Rows up to which a label may be the same in all of them."""
_FEWEST_FILLED, _ALL = 0.8, 0.95
"""Shares of the rows that a label fills beside others that fill more, and tags where texts are sorted by them."""
_PLACES = frozenset(("city", "zip", "zipcode", "county", "country", "postcode"))
"""Words of columns beside which a state is one of a country."""
_BEFOREHAND = frozenset(("initial", "before", "pre", "prior", "previous", "baseline"))
"""Words of labels that were given before the text was read."""
_THINGS = ("title", "game", "movie", "film", "book", "hotel", "restaurant", "product_name", "productname")
"""Columns that say which thing a text is about, also where few different ones stand in them."""


def is_rated(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether a column rates the texts of a table."""
    rated = [profile(frame, name) for name in columns if is_label_name(name, RATED)]
    return any(holds_labels_or_marks(frame, each) and not counts_votes(frame, each) for each in rated)


def _are_colors(frame: pd.DataFrame, name: str) -> bool:
    """Say whether all cells of a column are colors by their codes, which are no classes of a text."""
    cells = cells_of(frame, name) if name in frame.columns else []
    return bool(cells) and all(isinstance(cell, str) and _COLOR.fullmatch(cell.strip()) for cell in cells)


_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{3}){1,2}(?:[0-9A-Fa-f]{2})?")


class Columns:
    """The columns of a table, of each of which is told what it is beside the others."""

    def __init__(self, frame: pd.DataFrame, filled: Record[str, Profile]) -> None:
        self._frame, self._filled, self._names = frame, filled, list(filled)
        self._called = [name for name in named_labels(self._names) if not is_numbered_intent(frame, name)]
        self._school = {*school_classes(self._names)}
        self._no_labels, self._topics = {*named(self._names, _NO_LABELS)}, topical(self._names)
        self._texts = [place for place, each in enumerate(filled.values()) if each.is_text and not each.is_label]
        self._measured = {
            kind: {*measures(frame, filled, words)}
            for kind, words in (("priced", PRICED), ("observed", OBSERVED), ("paid", AMOUNTS))
        }

    @property
    def text(self) -> str:
        """Return the longest text; empty for none."""
        texts = [self._filled[self._names[place]] for place in self._texts]
        return max(texts, key=lambda each: each.length).name if texts else ""

    def is_told_or_not(self, candidate: Candidate) -> bool:
        """Say whether a column has few values, of which can be looked at whether the text tells them."""
        return candidate.name in self._frame.columns and self._filled[candidate.name].is_label

    def candidate(self, name: str) -> Candidate | None:
        """Return a column with what its name, its cells and its place say; None if it can be no label."""
        each = self._filled[name]
        if name in self._no_labels or counts_votes(self._frame, each):
            return None
        if _are_colors(self._frame, name) or are_fields(self._frame, name):
            return None
        by_name = tuple(map(Evidence, self._by_name(each)))
        found = by_name or tuple(map(Evidence, self._by_contents(each)))
        path = path_inside(self._frame, name) if found else name
        is_constant = bool(found) and profile(self._frame, path).different == 1
        if not found or (is_constant and len(self._frame) > _FEW_ROWS):
            return None
        found = (*found, Evidence("constant")) if is_constant else found
        return Candidate(name, path, self._order(name, is_named=bool(by_name)), found)

    def _by_name(self, each: Profile) -> Iterator[str]:
        """Yield what the name of a column says; nothing if it says no more than that of any other one."""
        name, words = each.name, name_words(each.name)
        if name in self._called and label_path(self._frame, name):
            yield "called"
            if bare_name(name) in _ITSELF:
                yield "itself"
            if bare_name(name) in self._topics and (is_rated(self._frame, self._names) or self._has_gaps(each)):
                yield "topical"
            return
        if name in self._measured["priced"]:
            yield "priced"
        if name in self._measured["observed"] and not says(name, COMPUTED):
            yield "observed"
        if not self._is_label_by_name(each):
            return
        yield "judged" if is_judged(name) or is_scaled(each) or is_coded(name) else "weak"
        beside = (
            ("gaps", each.filled < _FEWEST_FILLED),
            ("about", is_about_row(name)),
            ("subject", says_last(name, TITLED)),
            ("overall", self._rates_whole(each)),
            ("beforehand", bool(_BEFOREHAND.intersection(words))),
            ("on_topic", bool(ON_TOPICS.intersection(words))),
            ("label_last", words[-1:] == ["label"]),
            ("target", words[:1] == ["target"] and len(words) > 1),
            ("intent_number", is_numbered_intent(self._frame, name)),
            ("scales", are_on_several_scales(cells_of(self._frame, name))),
        )
        yield from (kind for kind, is_so in beside if is_so)

    def _is_label_by_name(self, each: Profile) -> bool:
        """Say whether a column with a word for labels in its name holds labels, and is none of a row or of work."""
        words = name_words(each.name)
        if not is_called_label(each) or (each.is_text and not each.is_label) or self._aside(each):
            return False
        if each.is_identifier and not is_label_name(_before_id(each.name), LABELED):
            return False
        if words[0] in ("language", "lang") and each.is_number and is_fact(each.name):
            return False
        return holds_labels_or_marks(self._frame, profile(self._frame, path_inside(self._frame, each.name)))

    def _by_contents(self, each: Profile) -> Iterator[str]:
        """Yield what the cells and the place of a column say; nothing if these are no labels."""
        name = each.name
        is_known = self._only_grades == name or holds_only_known_classes(self._frame, name)
        if is_known or (each.is_label and not each.is_identifier and not (each.is_number and is_fact(name))):
            yield "few"
            yield from self._beside_text(each)
        elif holds_several(self._frame, each):
            yield "several"
            if is_plural(name):
                yield "plural"
        elif is_score(self._frame, each):
            yield "score"
        elif name in self._measured["paid"]:
            yield "paid"

    def _rates_whole(self, each: Profile) -> bool:
        """Say whether a column rates a whole of which others, numbers as well, rate the parts."""
        numbers = [other for other in self._filled.values() if other.is_number and not other.is_identifier]
        return each.is_number and len(numbers) > 1 and _says_whole(each.name)

    def _beside_text(self, each: Profile) -> Iterator[str]:
        """Yield what speaks for and against a column of few values whose name does not say that it is a label."""
        name, is_unnamed = each.name, UNNAMED.fullmatch(each.name) is not None
        aside = self._aside(each)
        is_about = is_about_row(name) or bare_name(name) in _THINGS
        place = self._names.index(name)
        kinds = (
            (aside, bool(aside)),
            ("about", is_about and not aside),
            ("numbers", each.is_number),
            ("overall", self._rates_whole(each)),
            ("answers", says(name, ANSWERED) and not each.is_number),
            ("behind", not is_unnamed and place > min(self._texts, default=-1)),
            ("only_last", is_unnamed and self._only_last == name),
            ("classes", holds_known_classes(self._frame, name)),
            ("only_classes", holds_only_known_classes(self._frame, name)),
            ("grades", self._only_grades == name),
            ("yes_no", holds_yes_or_no(self._frame, name)),
        )
        yield from (kind for kind, is_so in kinds if is_so)

    @cached_property
    def _only_grades(self) -> str:
        """Return the only column of grades without a name; empty for none, and for several."""
        found = [name for name in self._names if are_unnamed_grades(self._frame, name)]
        return found[0] if len(found) == 1 else ""

    @cached_property
    def _only_last(self) -> str:
        """Return the only column of few values behind all texts; empty for none, and for several."""
        last = self._names[max(self._texts, default=-1) + 1 :]
        found = [name for name in last if (each := self._filled[name]).is_label and not each.is_identifier]
        return found[0] if len(found) == 1 else ""

    def _aside(self, each: Profile) -> str:
        """Return what a column that cannot be a label by its name tells instead; empty for any other one."""
        name, words = each.name, name_words(each.name)
        if name in self._school or name.startswith("_"):
            return "noted"
        if is_workflow(self._frame, name):
            return "workflow"
        of_country = words[-1:] == ["state"] and self._tells_places
        coded = are_codes_of_places(cells_of(self._frame, name), is_named_so="state" in words) and not is_judged(name)
        is_of_age = says_last(name, _FOR_WHOM) and are_for_ages(cells_of(self._frame, name))
        return "about" if of_country or coded or is_of_age else ""

    @cached_property
    def _tells_places(self) -> bool:
        return bool(_PLACES.intersection(word for name in self._frame.columns for word in name_words(str(name))))

    def _has_gaps(self, tags: Profile) -> bool:
        """Say whether tags are missing in rows, and another column that is a label by its name is not."""
        full = [each for each in self._filled.values() if each.name != tags.name and each.is_label and each.filled == 1]
        full = [one for one in full if is_label_name(one.name, LABEL_WORDS) and bare_name(one.name) not in self._topics]
        return tags.filled < _ALL and any(not is_workflow(self._frame, each.name) for each in full)

    def _order(self, name: str, *, is_named: bool) -> int:
        """Return which one comes first of several that are as likely: of what stands before a text, the nearest."""
        place = self._names.index(name)
        if name in self._called:
            return self._called.index(name)
        is_before = place < min(self._texts, default=-1)
        return -place if is_before and not is_named and not UNNAMED.fullmatch(name) else place


_FOR_WHOM = frozenset(("rating", "rated", "certificate", "certification"))


def _says_whole(name: str) -> bool:
    """Say whether a name is that of the rating of a whole, such as total_score."""
    words = name_words(name)
    return words == ["overall"] or (bool(_WHOLE.intersection(words)) and bool(_MARKS.intersection(words)))


_WHOLE = frozenset(("overall", "total", "final", "holistic"))
_MARKS = frozenset(("score", "rating", "grade", "mark", "marks", "points", "stars", "quality", "satisfaction"))


def _before_id(name: str) -> str:
    """Return the word that an id is of, as "label" in label_id; the name itself where it has one word."""
    words = name_words(name)
    return words[-2] if len(words) > 1 and words[-1] in ("id", "ids") else name


def is_numbered_intent(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column called intent holds numbers, as one that tells how far something was intended."""
    return bare_name(name) in ("intent", "intents") and profile(frame, name).is_number and len(frame.columns) > _PAIR


_ITSELF = frozenset(("label", "labels", "goldlabel"))
_PAIR = 2
"""Columns of a text and its label alone."""
