"""Metrics: the reference libraries' own numbers, cases computed by hand, intervals that hold what they should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from ia3_studio.data.scripts import words_of
from ia3_studio.training.intervals import bootstrap, wilson
from ia3_studio.training.metrics import (
    Accuracy,
    accuracy_of,
    confusion_table,
    count_entities,
    entity_f1,
    exact_match,
    macro_f1,
    mean_absolute_error,
    multi_label_f1,
    pearson,
    perplexity,
    rouge_l,
    spearman,
    token_accuracy,
    token_macro_f1,
)

LABELS, SAID = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2]


def mean(rows: np.ndarray) -> np.ndarray:
    return rows[..., 0].mean(-1)


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (right, count), ends in published.items():
        assert wilson(right, count) == pytest.approx(ends, abs=5e-5)
    assert Accuracy(1, 29).interval == wilson(1, 29)


def test_macro_f1_is_the_mean_of_each_classs_own() -> None:
    # By hand: class 0 has 2 right of 3 asked and 2 said, class 1 has 1 of 2 and 2, class 2 has 1 of 1 and 2.
    assert macro_f1(LABELS, SAID) == pytest.approx((2 * 2 / 5 + 2 * 1 / 4 + 2 * 1 / 3) / 3)
    assert accuracy_of(LABELS, SAID) == Accuracy(4, 6)


def test_the_confusion_table_has_a_line_for_a_class_nobody_named() -> None:
    assert confusion_table(LABELS, SAID, 4) == ((2, 1, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0), (0, 0, 0, 0))


def test_several_labels_a_row_are_counted_together_and_label_by_label() -> None:
    found = multi_label_f1([[1, 0], [1, 1], [0, 1]], [[1, 0], [0, 1], [1, 1]])
    assert found.micro == pytest.approx(2 * 3 / (4 + 4)) and found.macro == pytest.approx((2 * 1 / 4 + 1) / 2)


def test_numbers_are_compared_by_distance_and_by_order() -> None:
    assert mean_absolute_error([1, 2, 3], [1, 4, 2]) == pytest.approx(1)
    assert pearson([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [1, 2, 4, 100]) == pytest.approx(1)
    assert pearson([1, 2, 3, 4], [1, 2, 4, 100]) < 0.9
    assert pearson([1, 2, 3], [5, 5, 5]) == spearman([1, 2, 3], [5, 5, 5]) == 0


def test_tags_are_counted_by_token_and_by_entity() -> None:
    labels = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "O"]]
    said = [["B-PER", "O", "O", "B-LOC"], ["O", "B-LOC"]]
    assert token_accuracy(labels, said) == pytest.approx(4 / 6)
    flat = [tag for row in labels for tag in row], [tag for row in said for tag in row]
    wanted = f1_score(*flat, labels=["B-LOC", "B-PER", "I-PER"], average="macro", zero_division=0)
    assert token_macro_f1(labels, said) == pytest.approx(wanted)
    assert count_entities(labels[0], said[0]) == (1, 2, 2)  # the person's span is too short, so it is wrong
    assert entity_f1(labels, said) == pytest.approx(2 * 1 / (3 + 2))
    assert entity_f1([["O"]], [["O"]]) == token_macro_f1([["O"]], [["O"]]) == 0


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [("The  Lamp!", "a lamp", True), ("lamp", "lamps", False), ("", "the", True), ("42.", "42", True)],
)
def test_an_exact_match_forgives_case_punctuation_articles_and_spaces(answer: str, reference: str, same: bool) -> None:
    assert exact_match(answer, reference) is same


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("police kill the gunman", "police killed the gunman", 3 / 4),  # Lin 2004, section 3.1: S1 and S2
        ("the gunman kill police", "police killed the gunman", 2 / 4),  # S1 and S3
        ("the gunman police killed", "police killed the gunman", 2 / 4),  # S1 and S4
        ("a b c d e f", "a c e", 2 * 1 * 0.5 / 1.5),
        ("A, b; C.", "a b c", 1.0),
        ("Кот спит", "кот не спит", 2 * 1 * (2 / 3) / (5 / 3)),
        ("", "anything", 0.0),
    ],
)
def test_rouge_l_is_the_longest_common_subsequence_against_both_lengths(
    answer: str, reference: str, score: float
) -> None:
    assert rouge_l(answer, reference) == pytest.approx(score, abs=1e-6)


def test_perplexity_is_the_number_of_equally_likely_tokens_and_always_finite() -> None:
    assert perplexity(math.log(97)) == pytest.approx(97)
    assert math.isfinite(perplexity(1e9))


def test_a_means_interval_is_scipys_own() -> None:
    rows = np.random.default_rng(8).exponential(1.0, 20)
    drawn = stats.bootstrap((rows,), np.mean, method="BCa", n_resamples=4_999, rng=np.random.default_rng(0))
    assert bootstrap(mean, rows[:, None]) == pytest.approx(tuple(drawn.confidence_interval))
    plain = stats.bootstrap((rows,), np.mean, method="percentile", n_resamples=4_999, rng=np.random.default_rng(0))
    assert tuple(drawn.confidence_interval) != pytest.approx(tuple(plain.confidence_interval))


def test_nineteen_of_twenty_intervals_hold_the_true_mean() -> None:
    generator = np.random.default_rng(5)
    found = [bootstrap(mean, generator.exponential(1.0, (30, 1))) for _ in range(60)]
    held = sum(interval.low <= 1 <= interval.high for interval in found if interval)
    assert 51 <= held <= 60  # 57 expected; a skewed distribution is the hard case


def test_pairing_finds_a_small_gain_that_rows_differing_a_lot_would_hide() -> None:
    generator = np.random.default_rng(2)
    base = generator.normal(3, 1, (30, 1))
    tuned = base - 0.1 + generator.normal(0, 0.05, (30, 1))
    apart, paired = bootstrap(mean, tuned), bootstrap(lambda one, other: mean(other) - mean(one), base, tuned)
    assert apart and paired
    assert paired.high < 0 and apart.low < base.mean() < apart.high


def test_the_same_rows_give_the_same_interval_and_one_row_gives_none() -> None:
    rows = np.arange(12.0)[:, None]
    assert bootstrap(mean, rows) == bootstrap(mean, rows)
    assert bootstrap(mean, rows[:1]) is None
    assert bootstrap(mean, np.ones((5, 1))) == (1, 1)


def test_few_numbers_are_drawn_at_once_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, widest = np.arange(12.0)[:, None], 0

    def watched(drawn: np.ndarray) -> np.ndarray:
        nonlocal widest
        widest = max(widest, drawn.size)
        return mean(drawn)

    expected = bootstrap(mean, rows)
    monkeypatch.setattr("ia3_studio.training.intervals.DRAWN_AT_ONCE", 6_000)
    assert bootstrap(watched, rows) == expected and widest <= 6_000


NEAR = {
    "Chinese": ("港口今天很安静，没有风。", "港口今天很安静，有一点风。"),
    "Japanese": ("灯台の明かりは今夜もついています。", "灯台の明かりは今夜は消えています。"),
    "Thai": ("เรือออกตอนเก้าโมง", "เรือออกตอนสิบโมง"),
    "Lao": ("ເຮືອອອກຕອນເກົ້າໂມງ", "ເຮືອອອກຕອນສິບໂມງ"),
    "Khmer": ("ទូកចេញម៉ោងប្រាំបួន", "ទូកចេញម៉ោងដប់"),
    "Burmese": ("လှေကိုးနာရီထွက်သည်", "လှေဆယ်နာရီထွက်သည်"),
    "Hindi": ("बंदरगाह आज शांत है", "बंदरगाह आज शांत नहीं है"),
    "Arabic": ("الميناء هادئ اليوم", "الميناء هادئ جدا اليوم"),
    "mixed": ("GPT模型很好", "GPT 模型不好"),
}


@pytest.mark.parametrize("language", NEAR)
def test_a_nearly_right_answer_counts_for_something_in_any_script(language: str) -> None:
    said, wanted = NEAR[language]
    assert rouge_l(wanted, wanted) == 1 and rouge_l("x", wanted) == 0
    assert 0.3 < rouge_l(said, wanted) < 1
    assert exact_match(wanted, wanted) and not exact_match(said, wanted)


def test_marks_stay_with_their_letters_and_forms_of_one_letter_are_the_same() -> None:
    assert words_of("शांत नहीं") == ["शांत", "नहीं"] and words_of("น้ำ")[0].startswith("น้")
    assert words_of("ＡＢＣ１２ Cafe\u0301") == ["abc12", "café"]
    assert rouge_l("ＡＢＣ", "abc") == 1 and exact_match("ＡＢＣ！", "abc")


def test_punctuation_and_spaces_of_scripts_without_spaces_say_nothing() -> None:
    assert exact_match("你好，世界。", "你好 世界") and not exact_match("hello world", "helloworld")


def test_answers_without_a_word_are_compared_as_they_are() -> None:
    assert rouge_l("🙂", "🙂") == 1 and rouge_l("🙂", "🙁") == 0 and rouge_l("", "") == 0
    assert exact_match("?", "?") and not exact_match("?", "!")
