"""Of several columns of few values, the label is the one that speaks for itself: by name, by place, or by the text."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data.column_profile import profile
from ia3_studio.data.column_use import proposals
from ia3_studio.data.label_candidates import ranked_labels
from ia3_studio.data.label_evidence import WEIGHTS
from ia3_studio.data.load import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import read_table
from ia3_studio.data.told_from_text import TextSample
from tests.data.exports import written
from tests.data.shapes import rows, said

_PHRASES = {
    "K1": (
        "the ferry left an hour late",
        "we waited long for the boat",
        "the timetable is wrong",
        "no ferry came at all",
    ),
    "K2": ("the ticket was too dear", "they charged me twice", "please refund the fare", "the price went up again"),
    "K3": ("the cabin was dirty", "rubbish lay under the seats", "the toilets smelled", "nobody cleans the deck"),
}
_ASIDE = ("I sail every week", "greetings from the pier", "my family was with me", "it was in the morning")
_RUSSIAN = {
    "K1": ("паром опоздал на час", "лодку ждали долго", "расписание неверное", "паром не пришёл"),
    "K2": ("билет слишком дорогой", "с меня взяли дважды", "верните деньги за билет", "цена опять выросла"),
    "K3": ("каюта была грязной", "под сиденьями лежал мусор", "туалеты пахли", "палубу никто не моет"),
}
_CHINESE = {
    "K1": ("渡轮晚了一小时", "等船等了很久", "时刻表不对", "船一直没有来"),
    "K2": ("船票太贵了", "重复收了我的钱", "请退还票款", "价格又涨了"),
    "K3": ("船舱很脏", "座位下面有垃圾", "厕所有臭味", "甲板没人打扫"),
}


def _table(
    rows: int = 90, phrases: dict[str, tuple[str, ...]] = _PHRASES, *, is_told: bool = True, seed: int = 1
) -> list[dict[str, str]]:
    """Return rows of a text, the class that it was written for, and a crew and a berth that have nothing to do with it.

    Args:
        is_told: whether the class is that of the text, rather than any.
    """
    drawn = random.Random(seed)
    found = []
    for _row in range(rows):
        lane = drawn.choice(list(phrases))
        said = [*drawn.sample(phrases[lane], 2), drawn.choice(_ASIDE)]
        drawn.shuffle(said)
        lane = lane if is_told else drawn.choice(list(phrases))
        found.append({"said": ", ".join(said), "lane": lane, "crew": drawn.choice(("red", "blue")),
                      "berth side": drawn.choice(("north", "south", "east"))})  # fmt: skip
    return found


def _ordered(records: Sequence[dict[str, str]], columns: str) -> list[dict[str, str]]:
    return [{name: record[name] for name in columns.split("|")} for record in records]


@pytest.mark.parametrize("columns", ["lane|crew|said|berth side", "said|crew|lane", "crew|lane|berth side|said"])
def test_a_label_under_any_name_and_at_any_place_is_known_by_the_text_that_tells_it(
    tmp_path: Path, columns: str
) -> None:
    split = load_data(written(_ordered(_table(), columns), tmp_path))
    assert str(split.mapping) == "said → text, lane → label" and not split.mapping.near


@pytest.mark.parametrize("phrases", [_RUSSIAN, _CHINESE])
def test_no_language_has_to_be_known_for_it(tmp_path: Path, phrases: dict[str, tuple[str, ...]]) -> None:
    records = _ordered(_table(phrases=phrases), "lane|crew|berth side|said")
    assert str(load_data(written(records, tmp_path)).mapping) == "said → text, lane → label"


def test_a_label_that_the_text_tells_comes_before_a_type_that_it_does_not_tell(tmp_path: Path) -> None:
    records = [{"type": each["crew"], "lane": each["lane"], "said": each["said"]} for each in _table()]
    assert load_data(written(records, tmp_path)).mapping.answer == "lane"


def test_a_column_that_is_called_a_label_stays_the_label_whatever_the_text_tells(tmp_path: Path) -> None:
    records = [{"label": each["crew"], "lane": each["lane"], "text": each["said"]} for each in _table()]
    assert load_data(written(records, tmp_path)).mapping.answer == "label"


def test_a_thing_that_stands_in_the_text_is_not_taken_for_what_is_said_of_it(tmp_path: Path) -> None:
    records = [
        {"vessel": vessel, "lane": each["lane"], "said": f"{each['said']}, on the {vessel}"}
        for row, each in enumerate(_table())
        for vessel in [("Aurora", "Bore", "Castor")[row * 7 % 5 % 3]]
    ]
    assert load_data(written(records, tmp_path)).mapping.answer == "lane"


def test_what_the_text_does_not_tell_is_decided_by_its_place_and_the_other_column_is_named(tmp_path: Path) -> None:
    path = written(_ordered(_table(is_told=False), "crew|said|lane|berth side"), tmp_path)
    split = load_data(path)
    assert split.mapping.answer == "lane" and split.mapping.near == ("berth side", "crew")
    assert any("berth side" in note and "lane" in note for note in split.notes)
    assert proposals(read_table(path), split.mapping)[0].column == "berth side"


def test_columns_that_are_chosen_have_no_rival(tmp_path: Path) -> None:
    path = written(_ordered(_table(is_told=False), "crew|said|lane|berth side"), tmp_path)
    split = load_data(path, mapping=Mapping("labels", column="said", answer="lane"))
    assert not any("berth side" in note for note in split.notes)


def test_the_same_labels_in_other_words_are_no_rival(tmp_path: Path) -> None:
    words = {"K1": "late", "K2": "dear", "K3": "dirty"}
    records = [{"said": each["said"], "lane": each["lane"], "ground": words[each["lane"]]} for each in _table()]
    assert not load_data(written(records, tmp_path)).mapping.near


def test_it_is_said_why_a_column_comes_first() -> None:
    frame = pd.DataFrame(_table())
    first, *others = ranked_labels(frame, {name: profile(frame, name) for name in frame.columns})
    assert first.name == "lane" and first.has("told") and WEIGHTS["told"].what in first.why
    assert len(others) == 2 and not any(each.has("told") or each.score >= first.score for each in others)


def test_each_kind_of_evidence_has_a_reason() -> None:
    assert all(each.what and each.because for each in WEIGHTS.values())


def test_a_value_is_told_from_words_that_come_again_and_chance_tells_none() -> None:
    frame = pd.DataFrame(_table(200))
    sample = TextSample(frame["said"].tolist())
    lane, crew = sample.told(frame["lane"].tolist()), sample.told(frame["crew"].tolist())
    assert lane and crew and lane.low > 0.8 and crew.low < 0.1 < lane.low


def test_few_rows_and_one_text_again_and_again_tell_nothing() -> None:
    few = pd.DataFrame(_table(12))
    assert TextSample(few["said"].tolist()).told(few["lane"].tolist()) is None
    assert TextSample(["the same text"] * 50).told(["a", "b"] * 25) is None


def test_a_value_that_is_missing_is_left_out() -> None:
    frame = pd.DataFrame(_table(120))
    values = [None if row % 2 else value for row, value in enumerate(frame["lane"])]
    told = TextSample(frame["said"].tolist()).told(values)
    assert told and told.low > 0.5


def test_the_rating_of_a_whole_comes_before_those_of_its_parts(tmp_path: Path) -> None:
    text = rows(
        lambda n: f"{said(n).replace(',', '')},{n % 4},{n % 3},{n % 4 + n % 3}",
        40,
        "essay,rubric_1,rubric_2,total_score",
    )
    (tmp_path / "a.csv").write_text(text)
    assert load_data(tmp_path / "a.csv").mapping.answer == "total_score"
