"""Which columns are a prompt and its answer? Told by their names, by names that mirror each other, or by contents."""

from __future__ import annotations

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from itertools import permutations, product
from typing import TYPE_CHECKING, Any

from ia3_studio.data.choice_columns import bare_name, named
from ia3_studio.data.column_profile import (
    UNNAMED,
    Profile,
    cells_of,
    is_label_name,
    is_list_of_texts,
    is_plain,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import (
    AMOUNTS,
    ANSWERED,
    ASKED,
    CODE,
    DATA,
    FAULTY,
    IN_ORDER,
    LABELED,
    MADE,
    ORIGINAL,
    PROBLEMS,
    READ,
    RESULT,
    SAID,
    WHO_ANSWERS,
    WHO_ASKS,
    WORSE,
    is_about_row,
    name_words,
    says,
    says_last,
)
from ia3_studio.data.examples import Mapping, label_name
from ia3_studio.data.label_candidates import (
    LABEL_NAMES,
    MOSTLY,
    holds_long_texts,
    is_class,
    is_rated,
    is_workflow,
    label_candidates,
)
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.paths import is_listed, paths_in, value_at
from ia3_studio.data.structured_pairs import GOALS, data_context

if TYPE_CHECKING:
    import pandas as pd

PROMPT_NAMES = (
    "prompt", "question", "instruction", "query", "user", "source", "problem", "questions", "prompts", "human", "asked",
    "question_text", "frage", "pregunta", "domanda", "pergunta", "вопрос", "问题", "問題", "質問", "질문", "问", "問",
    "soru", "vraag", "pytanie", "otázka", "fråga", "ask",
)  # fmt: skip
CONTEXT_NAMES = ("input", "context", "passage", "inputs")
LONG_CONTEXTS = (
    "article", "story", "paragraph", "document", "background", "reference_text", "excerpt", "contexts", "body",
    "story_text", "passage_text", "question_content", "question_body", "question_details", "details", "selftext",
)  # fmt: skip
"""Columns that stand beside a prompt as its context if they hold longer texts than it."""
ANSWER_NAMES = (
    "answer", "response", "output", "completion", "reply", "assistant", "target", "solution", "answers", "responses",
    "outputs", "completions", "summary", "highlights", "bot", "targets", "best_answer", "canonical_solution",
    "human_reference", "correct_answer", "gold_answer", "solutions", "ground_truth", "ground_truth_answer", "ideal",
    "tldr", "ans", "expected_output", "expected_answer",
    "expected_response", "reference_answer", "model_answer", "final_answer",
    "answer_key", "reference_code", "answer_text", "antwort", "respuesta", "réponse", "reponse",
    "risposta", "resposta", "ответ", "答案", "回答", "답변", "答", "cevap", "antwoord", "odpowiedź", "svar",
)  # fmt: skip
TEXT_ANSWER_NAMES = (
    "code", "snippet", "sql", "sql_query", "corrections", "correction", "corrected", "simplifications",
    "simplification", "simplified", "paraphrase", "paraphrases", "rewrite", "rewritten", "references", "reference",
    "translation", "definition", "meaning", "keyphrases", "rationale", "explanation", "reasoning", "regex", "regexp",
    "cypher", "sparql", "xpath", "formula", "latex", "bash",
)  # fmt: skip
"""Columns that are answers if they hold texts rather than codes, classes or objects."""
_TEXT_ANSWERS = (*TEXT_ANSWER_NAMES, *(f"{name}_text" for name in TEXT_ANSWER_NAMES))
READ_NAMES = (
    "article",
    "document",
    "dialogue",
    "dialog",
    "text",
    "content",
    "body",
    "abstract",
    "documents",
    "articles",
    "story",
)
"""Columns of a text that is read where another column is an answer, such as a summary."""
_NUMBERED = ("answer1", "response1", "reference1", "summary1", "output1", "target1", "ref1")
"""The first of several answers in columns of their own."""
FROM_WHERE = frozenset(("source", "user", "human"))
"""Names of prompts that as often say where a row is from."""
FEWEST_OTHERS = 0.02
"""Share of the rows that must fill other columns for these to be a prompt and an answer of their own."""
SHORTEST_PAIR = 8
"""Mean characters of the texts of two columns that are a prompt and its answer."""
_INSIDE = ("text", "spans", "value", "content", "answer", "output", "response", "input_text")
"""Keys of an answer that is an object."""
_MIRRORED = (
    ("source", "target"), ("src", "tgt"), ("src", "trg"), ("inputs", "targets"), ("input", "output"),
    ("inputs", "outputs"), ("question", "answer"), ("prompt", "response"), ("prompt", "completion"),
    ("before", "after"), ("original", "corrected"), ("query", "response"), ("user", "assistant"), ("ask", "reply"),
    ("request", "response"), ("request", "reply"), ("customer", "agent"), ("customer", "support"),
    ("patient", "doctor"), ("client", "therapist"), ("student", "teacher"), ("student", "tutor"), ("human", "bot"),
    ("front", "back"), ("normal", "simple"), ("complex", "simple"), ("complex", "simplified"), ("formal", "informal"),
    ("informal", "formal"), ("ungrammatical", "grammatical"), ("incorrect", "correct"), ("noisy", "clean"),
    ("toxic", "neutral"), ("toxic", "detoxified"), ("original", "simplified"), ("original", "rewritten"),
    ("old", "new"), ("buggy", "fixed"), ("vulnerable", "fixed"), ("bug", "fix"), ("slow", "fast"),
   
    ("human", "ai"), ("user", "bot"), ("user", "agent"),
)  # fmt: skip
"""Words by which the names of a prompt and its answer differ, such as those of source_text and target_text."""
_GIVEN = frozenset(("resps", "responses", "outputs", "generations", "predictions", "preds", "references"))
"""Words of columns of lists that were answered rather than asked."""
_TITLES = frozenset(("title", "headline", "name", "subject"))
"""Columns that stand above a text, so that an answer was hardly written for them."""
_LOOKED_AT = 50
_SHORTENED = frozenset(("abstract", "summary", "tldr"))
_NO_ANSWERS = frozenset(
    map(bare_name, ("question", "query", "prompt", "instruction", *CONTEXT_NAMES, *LONG_CONTEXTS))
) - {"story"}
"""Names of columns that are no answers."""
_OF = frozenset(("de", "del", "du", "des", "di", "do", "da", "of", "to", "from", "attendue", "esperada", "correcta"))
"""Words after which a name goes on, so that its first word says what it is."""
_MOSTLY_ASKED = 0.8
_NAMED_QUESTIONS = frozenset(("question", "prompt", "instruction"))
_SHORTEST_BODY = 20
"""Mean characters of texts that are more than names and titles."""
_SAID = frozenset(("message", "msg", "turn", "utterance"))
"""Words of columns of which the second, by its number, answers the first."""
_ANY_TEXT = frozenset(("text", "texts", "notes", "note", "body", "message", "content", "details", "column"))
"""Words after which a name is what it is without them."""


def named_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are prompt and answer by their names, or by the two keys of a column of objects."""
    answers = [path for name in _answer_columns(frame, columns) if (path := _answer_path(frame, name))]
    contexts = [
        name for name in named(columns, CONTEXT_NAMES) if is_plain(frame, name) and not _has_numbers(frame, name)
    ]
    asked = [path for name in _prompt_columns(frame, columns) if (path := _text_path(frame, name))]
    prompts = asked or [name for name in contexts if _is_asked(frame, name)][:1]
    if not prompts and answers:
        answers = [name for name in answers if profile(frame, name).filled > MOSTLY or not is_plain(frame, name)] or (
            [] if is_rated(frame, columns) else answers
        )
    if not prompts and any(says(name, READ) and profile(frame, name).is_text for name in columns):
        answers = [name for name in answers if not profile(frame, name).is_label]
    if not prompts and answers:
        free = [name for name in columns if name not in _bases(answers)]
        prompts = _read_columns(frame, [name for name in free if not _is_copy(frame, name, answers[0])])
    answers = [name for name in answers if name not in prompts]
    if answers and len(prompts) > 1:
        prompts = [name for name in prompts if not _contains(frame, name, answers[0])] or prompts
    if not answers and len(queries := named(columns, ("question", "query"))) == 2:
        prompts, answers = queries[:1], queries[1:]  # a query of a database
    if not prompts or not answers:
        return mirrored(frame, columns) or _two_keys(frame, columns) or _by_words(frame, columns)
    (prompt, answer), *others = _pairs_by_rows(frame, prompts, answers)
    free = [name for name in columns if name not in (prompt, answer)]
    contexts = [name for name in contexts if bare_name(name) != "context" or profile(frame, name).filled > 0]
    contexts = [name for name in contexts if not _contains(frame, name, prompt)]
    context = next((name for name in contexts if name in free), "") or _long_context(frame, columns, prompt, answer)
    context = context or data_context(frame, free)
    return Mapping("pairs", prompt, answer, context, others=tuple(others))


def _is_copy(frame: pd.DataFrame, name: str, answer: str) -> bool:
    """Say whether a column holds the answers with hardly anything else, as the original of a code does."""
    longer = profile(frame, name).length > _HARDLY_LONGER * profile(frame, answer).length
    return not longer and _contains(frame, name, answer)


_HARDLY_LONGER = 1.5
"""Times that a text is longer than one in it, up to which it is the same one."""


def _contains(frame: pd.DataFrame, prompt: str, answer: str) -> bool:
    """Say whether nearly every prompt has the answer in it, as a text that was made of both for training has."""
    if not {prompt, answer} <= {*map(str, frame.columns)}:
        return False
    pairs = zip(frame[prompt].tolist()[:_LOOKED_AT], frame[answer].tolist()[:_LOOKED_AT], strict=True)
    texts = [(asked, said.strip()) for asked, said in pairs if isinstance(asked, str) and isinstance(said, str)]
    long = [(asked, said) for asked, said in texts if len(said) >= SHORTEST_PAIR]
    return bool(long) and sum(said in asked for asked, said in long) > _MOSTLY_ASKED * len(long)


def _long_context(frame: pd.DataFrame, columns: Sequence[str], prompt: str, answer: str) -> str:
    """Return the column of texts to which a prompt belongs; empty if there is none."""
    long = (name for name in named(columns, LONG_CONTEXTS) if name not in (prompt, answer))
    found = (profile(frame, name) for name in long if not _contains(frame, name, prompt))
    asked = profile(frame, prompt).length
    return next((each.name for each in found if each.is_text and each.filled > MOSTLY and each.length > asked), "")


def _prompt_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that are called prompts; "source" and the like only where their cells are texts of their own.

    Where a row is from has few different values.
    """
    found = named(columns, PROMPT_NAMES)
    return [
        name for name in found
        if bare_name(name) not in FROM_WHERE
        or _holds_lists_of_texts(frame, name)
        or not ((each := profile(frame, name)).is_label or each.different < 2)
    ]  # fmt: skip


def _answer_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that are called answers; those called targets are not where they hold classes."""
    found = [
        name for name in named(columns, ANSWER_NAMES)
        if not (bare_name(name) in ("target", "targets") and (is_class(frame, name) or _has_numbers(frame, name)))
    ]  # fmt: skip
    found = found or named(columns, _NUMBERED)[:1]
    texts = [name for name in named(columns, _TEXT_ANSWERS) if _is_answer_text(frame, name)]
    if not texts and not named(columns, ("query",)):
        texts = [name for name in named(columns, ("sql",)) if not is_plain(frame, name)]
    if named(columns, ("article", "document", "full_text", "paper")):
        texts += named(columns, ("abstract",))
    if not (found or texts) and named(columns, ("prompt", "instruction", "input")):
        texts = [name for name in named(columns, ("text", "story", "content")) if _is_answer_text(frame, name)]
    found = _worked_out(frame, columns, found) + [_in_plain(frame, columns, name) for name in found]
    found = found or texts or [name for name in named(columns, ("label",)) if holds_long_texts(frame, name)]
    return found or [name for name in columns if _is_made_of_answers(frame, name)] or _with_opposite(columns)


def _in_plain(frame: pd.DataFrame, columns: Sequence[str], name: str) -> str:
    """Return the column of the plain text of answers that are objects, as summary_text is of summary; else the same."""
    plain = [] if is_plain(frame, name) else named(columns, (f"{name}_text",))
    return next((each for each in plain if profile(frame, each).is_text), name)


def _with_opposite(columns: Sequence[str]) -> list[str]:
    """Return the column of answers beside one whose name differs from its own by a "not", in a list."""
    words = {name: name_words(name) for name in columns if says(name, ANSWERED)}
    positive = {
        tuple(word for word in each if word not in _NOT): name for name, each in words.items() if _NOT & {*each}
    }
    return [name for name, each in words.items() if tuple(each) in positive][:1]


_NOT = frozenset(("not", "non"))


def _worked_out(frame: pd.DataFrame, columns: Sequence[str], answers: Sequence[str]) -> list[str]:
    """Return the much longer solution, in a list, where the only answer is a result that it can be checked by."""
    if len(answers) != 1 or bare_name(answers[0]) not in _CHECKED:
        return []
    length = max(profile(frame, answers[0]).length, 1.0)
    texts = [each for name in columns if name not in answers and (each := profile(frame, name)).is_text]
    return [
        each.name for each in texts
        if says_last(each.name, _SOLUTIONS) and each.filled > MOSTLY and each.length > _LONGER * length
    ][:1]  # fmt: skip


_CHECKED = frozenset(("expectedanswer", "finalanswer", "groundtruth", "groundtruthanswer", "goldanswer"))
"""Names of results by which an answer is checked."""
_SOLUTIONS = frozenset(("solution", "solutions", "response", "rationale", "derivation"))
_LONGER = 3.0
"""Times that a text is longer than one that it is made of, or than the result that it comes to."""


def _is_made_of_answers(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column is called answers in one of several words, and holds lists or objects of texts."""
    if not says_last(name.removesuffix("_spans"), ANSWERED) or says(name, WORSE):
        return False
    return _holds_lists_of_texts(frame, name) or (not is_plain(frame, name) and _answer_path(frame, name) != name)


def _has_numbers(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds lists of numbers, such as tokens."""
    values = structures_of(frame, name)
    return bool(values) and all(is_listed(value) and all(isinstance(each, int) for each in value) for value in values)


def _is_answer_text(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds texts, or lists of texts, that are no labels."""
    if _holds_lists_of_texts(frame, name):
        return True
    each = profile(frame, name)
    return each.is_text and not each.is_label and 2 * each.different > len(frame) * each.filled


def _holds_lists_of_texts(frame: pd.DataFrame, name: str) -> bool:
    values = structures_of(frame, name)
    return bool(values) and sum(map(is_list_of_texts, values)) > MOSTLY * len(values)


def _is_asked(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column called a context can be a prompt of its own: it holds texts, or numbers to compute with."""
    each = profile(frame, name)
    if each.different < 2 and not _holds_lists_of_texts(frame, name) and len(frame) > 2:
        return False
    return not each.is_label and (_holds_lists_of_texts(frame, name) or each.length > 0 or each.is_number)


def _read_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the column that an answer was written for: one so named, or else the first of texts or lists of texts."""
    found = [name for name in named(columns, READ_NAMES) if is_plain(frame, name) and profile(frame, name).filled > 0]
    texts = [each.name for name in columns if _may_be_read(each := profile(frame, name))]
    texts.sort(key=lambda name: not says(name, DATA))
    lists = [name for name in columns if _holds_lists_of_texts(frame, name) and not _GIVEN & set(name_words(name))]
    asked = [name for name in texts if bare_name(name) in _TITLES and _are_questions(frame, name)]
    bodies = asked or [name for name in texts if bare_name(name) not in _TITLES]
    bodies = [name for name in bodies if not _are_single_words(frame, name)] or bodies
    return (found or bodies or lists or texts or [name for name in columns if _are_terms(frame, name)])[:1]


def _are_single_words(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most cells of a column have no blank, such as names of files and functions."""
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    return 2 * sum(cell.isascii() and " " not in cell for cell in cells) > len(cells)


def _are_terms(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds words or names, most of them different, such as those that a dictionary defines."""
    each = profile(frame, name)
    return each.length > 0 and not (each.is_label or each.is_identifier) and 2 * each.different > len(frame)


def _may_be_read(each: Profile) -> bool:
    return each.is_text and each.filled > MOSTLY and not each.is_label and each.different > 1


def _bases(paths: Sequence[str]) -> set[str]:
    return {part for path in paths for part in (path, re.split(r"[.\[]", path)[0])}


def _text_path(frame: pd.DataFrame, name: str) -> str:
    """Return the column, or the path of the text inside its objects; nothing where there is none."""
    if is_plain(frame, name):
        return name
    inner = [path for path in paths_in(frame[[name]]) if path.rpartition(".")[2] in ("stem", "raw", *_INSIDE)]
    return next(iter(sorted(inner, key=len)), "")


def _answer_path(frame: pd.DataFrame, name: str) -> str:
    """Return the column of an answer, or the path of its text inside objects: the first of several."""
    values = structures_of(frame, name)
    if not values:
        return name
    objects = [value for value in values if isinstance(value, Record)]
    lists = [value for value in values if is_listed(value)]
    if 2 * len(objects) > len(values):
        names = {str(key).lower(): key for value in objects for key in value}
        for key in (names[each] for each in _INSIDE if each in names):
            inner = [value[key] for value in objects if value.get(key) is not None]
            if inner and 2 * len(inner) > len(objects):
                return f"{name}.{key}" + ("[0]" if all(is_listed(each) for each in inner) else "")
        key = _answer_key(objects[0])
        inner = [value.get(key) for value in objects] if key else []
        return f"{name}.{key}" + ("[0]" if all(map(is_listed, inner)) else "") if key else name  # or it is the answer
    first = next((value[0] for value in lists if len(value)), None)  # the first question may have no answer
    if isinstance(first, Record):
        return next((f"{name}[0].{key}" for key in (*_INSIDE, _answer_key(first)) if key in first), name)
    return name


def _answer_key(value: Record[Any, Any]) -> str:
    """Return the only key of an object of texts that is called an answer or a text, in one of several words."""
    held = [str(key) for key, each in value.items() if isinstance(each, str) or is_list_of_texts(each)]
    answers = [key for key in held if says_last(key, ANSWERED)]
    found = answers or [key for key in held if says_last(key, READ)]
    return found[0] if len(found) == 1 else ""


def mirrored(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return two columns of texts whose names differ in one word: source_text and target_text, text_en and text_de.

    Of two languages, the first column is the prompt.
    """
    profiles = [profile(frame, name) for name in columns]
    texts = [
        each.name for each in profiles
        if each.length and not (each.is_label or each.is_identifier) and each.different > 1
    ]  # fmt: skip
    texts = [name for name in texts if not _are_single_words(frame, name)] or texts
    words = {name: name_words(name) for name in texts}
    for first, second in permutations(texts, 2):
        one, other = words[first], words[second]
        differing = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
        if differing == [("1", "2")] and set(one) <= _SAID | {"1"}:
            return Mapping("pairs", first, second)
        if len(one) == len(other) and len(differing) == 1 and differing[0] in _MIRRORED:
            return Mapping("pairs", first, second)
    return None


def _by_words(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return columns whose names say it in one of several words, such as user_message and bot_response.

    A text that is read, such as content, is a prompt only where no column is a label by its name.
    """
    profiles = [each for name in columns if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    texts = [each.name for each in profiles if not each.is_label and each.different > 1]
    kept = [name for name in texts if not says(name, WORSE)]
    asked = [name for name in texts if _asks(name)] or _asked_again(profiles)
    answers = [name for name in kept if name not in asked and _answers(name)]
    asked = asked or [name for name in texts if name not in answers and says(name, PROBLEMS)]
    if not asked and not named(columns, LABEL_NAMES):
        asked = named([name for name in texts if name not in answers], READ_NAMES)
    if not answers and asked:
        answers = [name for name in kept if name not in asked and says(name, WHO_ANSWERS) and says(name, SAID)]
    is_open = not (asked and answers) and not _is_judged(frame, columns)
    made = [name for name in kept if is_open and says_last(_head(name), MADE)]
    made = made or [name for name in (_long_headline(frame, kept), _note_on_talk(texts)) if is_open and name][:1]
    if len(made) == 1 and (whole := _whole_text(frame, [name for name in texts if name not in made])):
        asked, answers = [whole], made
    if not asked and answers and not _is_judged(frame, columns):
        asked = [name for name in texts if name not in answers and says(name, READ)]
    faulty = [name for name in texts if says(name, FAULTY)]
    if not answers and len(texts) == 2 and len(faulty) == 1 and not _is_judged(frame, columns):
        asked, answers = faulty, [name for name in texts if name not in faulty]
    if not answers and len(texts) == 2 and _only_facts_beside(frame, columns):
        first = [name for name in texts if says(name, ORIGINAL)]
        answers = [name for name in kept if name not in first and (first or says(name, RESULT))]
        asked = [name for name in texts if name not in answers]
    if not (asked and answers):
        asked, answers = _how_to(frame, columns, kept)
    return Mapping("pairs", asked[0], answers[0]) if asked and answers else None


def _asked_again(profiles: Sequence[Profile]) -> list[str]:
    """Return the column of questions that are asked in many rows each, in a list, beside answers that differ."""
    varied = {each.name for each in profiles if not each.is_label}
    asked = [each.name for each in profiles if each.is_label and _asks(each.name)]
    return asked if len(asked) == 1 and any(_answers(name) for name in varied) else []


def _how_to(frame: pd.DataFrame, columns: Sequence[str], texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the column of what is to be made or done and that of the instructions for it; two empty lists for none."""
    told = [name for name in texts if says_last(name, IN_ORDER)]
    judged = [name for name in columns if bare_name(name) not in _OF_THINGS]
    if len(told) != 1 or _is_judged(frame, judged):
        return [], []
    length = profile(frame, told[0]).length
    goals = [name for name in texts if says_last(name, GOALS) and profile(frame, name).length < length]
    return (goals[:1], told) if goals else ([], [])


_OF_THINGS = frozenset(
    ("category", "categories", "topic", "tags", "cuisine", "difficulty", "grade", "subject", "level")
)
"""Labels of what is made or done, which do not make instructions a text that is sorted."""


def _long_headline(frame: pd.DataFrame, texts: Sequence[str]) -> str:
    """Return the longer of two columns of titles, which is a summary of the text below them; empty if it is not."""
    above = sorted((name for name in texts if bare_name(name) in _TITLES), key=lambda n: profile(frame, n).length)
    length = profile(frame, above[-1]).length if len(above) > 1 else 0.0
    below = [name for name in texts if name not in above and profile(frame, name).length > _LONGER * length]
    return above[-1] if below and length >= _SHORTEST_SUMMARY else ""


_SHORTEST_SUMMARY = 60
"""Mean characters of a headline that says what a text says rather than what it is about."""


def _note_on_talk(texts: Sequence[str]) -> str:
    """Return the only text beside a dialogue, which was written on it; empty where there are more or fewer."""
    talks = named(texts, _TALKS)
    others = [name for name in texts if name not in talks]
    return others[0] if len(talks) == len(others) == 1 else ""


_TALKS = ("dialogue", "dialog", "conversation", "transcript")


def _whole_text(frame: pd.DataFrame, texts: Sequence[str]) -> str:
    """Return the longest of several texts, titles aside; empty where there is none."""
    bodies = [name for name in texts if bare_name(name) not in _TITLES]
    return max(bodies, key=lambda name: profile(frame, name).length, default="")


def _only_facts_beside(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether nothing could be a label but who or where, or an amount."""
    filled = {name: each for name in columns if (each := profile(frame, name)).filled > MOSTLY}
    return all(is_about_row(name) or says(name, AMOUNTS) for name in label_candidates(frame, filled))


def _is_judged(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether a column is a label by a word of its name."""
    judged = (name for name in columns if is_label_name(name, LABELED) and not is_workflow(frame, name))
    return any(is_class(frame, name) and profile(frame, name).different > 1 for name in judged)


def _answers(name: str) -> bool:
    """Say whether a name ends with a word for an answer, or begins with one and goes on in a language that does so."""
    name = _head(name)
    ends_so = says_last(name, ANSWERED) or (says(name, ANSWERED) and bool(_OF.intersection(name_words(name))))
    return ends_so or (name_words(name) or [""])[0] in _ANSWERS_FIRST


_ANSWERS_FIRST = frozenset(
    ("respuesta", "solucion", "reponse", "risposta", "soluzione", "resposta", "solucao", "raspuns", "solutie")
)
"""Words for answers in languages in which an adjective follows its noun, as in "soluzione adottata"."""


def _head(name: str) -> str:
    """Return a name without a language, a word for any text, a number or a letter at its end, as in response_en."""
    words = name_words(name)
    while len(words) > 1 and (words[-1] in LANGUAGES | _ANY_TEXT or len(words[-1]) == 1):
        words.pop()
    return " ".join(words) if words != name_words(name) else name


def _asks(name: str) -> bool:
    if says(name, WHO_ASKS) and says(name, SAID) and not says(name, ANSWERED):
        return True
    head = _head(name)
    if (name_words(name) or [""])[0] in _ASKS_FIRST:
        return True
    return says_last(head, ASKED) or (says(head, ASKED) and bool(_OF.intersection(name_words(name))))


_ASKS_FIRST = frozenset(("pytanie", "вопрос", "запитання", "питання", "pregunta", "domanda", "pergunta", "otazka"))
"""Words for questions in languages in which whose they are follows, as in "pytanie klienta"."""


def asked_by_contents(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only column of questions, by their marks, and the only other column of texts, which answers them.

    A text that the question is about, such as a body, is no answer.
    """
    profiles = [each for name in columns if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    texts = [each.name for each in profiles if not each.is_label and each.different > 1]
    asked = [name for name in texts if _are_questions(frame, name) or bare_name(name) in _NAMED_QUESTIONS]
    beside = [name for name in columns if name not in asked]
    if len(asked) == len(beside) == 1 and _are_values(frame, beside[0]):
        return Mapping("pairs", asked[0], beside[0])
    data = data_context(frame, columns)
    texts = [name for name in texts if name != data]
    others = [name for name in texts if name not in asked]
    judged = [name for name in columns if is_label_name(name, LABELED) and name not in texts]
    nameless = any(UNNAMED.fullmatch(name) for name in columns)
    if nameless or judged or len(asked) != 1 or len(others) != 1 or says(others[0], READ) or says(others[0], ASKED):
        return None
    if _is_written_for(frame, asked[0], others[0]) and not data:
        return Mapping("pairs", others[0], asked[0])
    return Mapping("pairs", asked[0], others[0], data)


def _is_written_for(frame: pd.DataFrame, prompt: str, name: str) -> bool:
    """Say whether prompts, which are no questions, are what is written for much shorter names beside them."""
    written, short = profile(frame, prompt), profile(frame, name)
    short_names = short.length < _LONGEST_NAME and written.length > _LONGER * short.length
    return short_names and not (_are_questions(frame, prompt) or says(name, ANSWERED) or says(name, RESULT))


_LONGEST_NAME = 40
"""Mean characters of names rather than answers."""


def _are_values(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds whole numbers, most of them different, such as the results of problems."""
    each = profile(frame, name)
    return (
        each.is_number
        and 2 * each.different > len(frame)
        and all(label_name(cell).lstrip("-").isdigit() for cell in cells_of(frame, name))
    )


def two_bodies(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only two columns of texts, where nothing could be their label but who or where, or an amount.

    Titles, texts that hardly differ, and a text that is read, such as a review, are no answers.
    """
    profiles = {name: profile(frame, name) for name in columns}
    filled = {name: each for name, each in profiles.items() if each.filled > MOSTLY}
    texts = [each for each in filled.values() if each.is_text and not each.is_label]
    texts = [each for each in texts if each.length >= _LONGEST_NAME or not is_about_row(each.name)]
    if (headed := _headline_of(texts)) and _only_facts_beside(frame, columns):
        return headed
    bodies = [each.name for each in texts if each.length >= _SHORTEST_BODY and 2 * each.different > len(frame)]
    if len(texts) != 2 or len(bodies) != 2 or not _only_facts_beside(frame, columns):
        return None
    if any(bare_name(name) in _TITLES or UNNAMED.fullmatch(name) for name in bodies):
        return None
    if (says(bodies[1], READ) and not says_last(bodies[0], CODE)) or bare_name(bodies[1]) in _NO_ANSWERS:
        return None
    return Mapping("pairs", bodies[0], bodies[1])


def _headline_of(texts: Sequence[Profile]) -> Mapping | None:
    """Return a text and the headline that says the most of it, where it is long enough; None for other texts."""
    above = [each for each in texts if bare_name(each.name).startswith("headline")]
    below = [each for each in texts if each not in above]
    longest = max(below, key=lambda each: each.length, default=None)
    if len(above) != 1 or longest is None or not _SHORTEST_HEADLINE <= above[0].length < longest.length:
        return None
    return Mapping("pairs", longest.name, above[0].name)


_SHORTEST_HEADLINE = 35
"""Mean characters of a headline that is a sentence, as a summary is."""


def _are_questions(frame: pd.DataFrame, name: str) -> bool:
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    return sum(cell.endswith(("?", "？", "؟")) for cell in cells) >= _MOSTLY_ASKED * len(cells) > 0


def languages(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two columns of texts that are named by languages; None for more or fewer."""
    found = [
        name for name in columns
        if set(name_words(name)) & LANGUAGES and profile(frame, name).length
    ]  # fmt: skip
    kept = [name for name in found if not (each := profile(frame, name)).is_label and not each.is_identifier]
    stems = {tuple(word for word in name_words(name) if word not in LANGUAGES) for name in kept}
    shared = {word for stem in stems for word in stem}
    same = len({tuple(word for word in stem if word not in ("latn", "cyrl", "hans", "hant")) for stem in stems}) == 1
    if len(kept) != 2 or not (same or len(shared) <= 2):
        return None
    return Mapping("pairs", kept[0], kept[1])


def _two_keys(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two texts of a column of objects with two keys, such as translation: {"en": …, "de": …}."""
    for name in columns:
        values = structures_of(frame, name)
        if not values or not all(isinstance(value, Record) and len(value) == 2 for value in values):
            continue
        keys = list(values[0])
        are_texts = all(
            list(value) == keys and all(isinstance(each, str) for each in value.values()) for value in values
        )
        if are_texts and all(_is_side(profile(frame, f"{name}.{key}"), len(frame)) for key in keys):
            first, second = (f"{name}.{key}" for key in keys)
            return Mapping("pairs", first, second)
    return None


def _is_side(each: Profile, rows: int) -> bool:
    """Say whether a column can be one of two sides: no class, no identifier, not one text in all rows."""
    return not each.is_label and not each.is_identifier and (each.different > 1 or rows < 3)


def two_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return prompt and answer where exactly two columns hold texts and no other column holds anything but facts."""
    profiles = [profile(frame, name) for name in columns]
    filled = [each for each in profiles if each.filled > MOSTLY and not each.is_identifier and each.different > 1]
    if len(filled) != 2:
        return None
    texts = [each for each in filled if each.length >= SHORTEST_PAIR]
    if not texts and len(columns) == len(filled) and all(_is_vocabulary(each, len(frame)) for each in filled):
        return Mapping("pairs", filled[0].name, filled[1].name)
    others = [each for each in filled if each not in texts and not (each.is_label or each.is_number)]
    short = [each for each in others if 2 * each.different > len(frame)]
    if not texts or len(texts) + len(short) < 2:
        return None
    first, second = filled
    if bare_name(first.name) in _SHORTENED and second.length > first.length:
        first, second = second, first
    return None if bare_name(second.name) in _NO_ANSWERS else Mapping("pairs", first.name, second.name)


def _is_vocabulary(each: Profile, rows: int) -> bool:
    """Say whether a column holds words of which hardly two are alike, as one side of a list of words does."""
    varied = rows >= _FEWEST_WORDS and each.different >= _HARDLY_ALIKE * rows
    return varied and each.length > 0 and not each.is_number


_FEWEST_WORDS, _HARDLY_ALIKE = 8, 0.9
"""Rows of a list of words, and the share of them that differ."""


def nested_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a mapping of rows whose list of objects holds the answers, such as an instruction and its instances."""
    prompts = named(columns, PROMPT_NAMES)
    if prompts and any(is_plain(frame, name) for name in named(columns, ANSWER_NAMES)):
        return None
    for name in columns:
        cells = structures_of(frame, name)
        inner = cells[0][0] if cells and isinstance(cells[0], list) and cells[0] else None
        fields = list(inner) if isinstance(inner, dict) else []
        answers = [each for each in named(fields, ANSWER_NAMES) if inner and not _holds_objects(inner[each])]
        contexts = named(fields, CONTEXT_NAMES)
        asked = named(fields, PROMPT_NAMES) or [each for each in prompts if each != name]
        if answers and asked:
            return Mapping("pairs", asked[0], answers[0], contexts[0] if contexts else "", nested=name)
    return None


def _holds_objects(value: Any) -> bool:
    return isinstance(value, Record) or (is_listed(value) and any(isinstance(each, Record) for each in value))


def _pairs_by_rows(frame: pd.DataFrame, prompts: Sequence[str], answers: Sequence[str]) -> list[tuple[str, str]]:
    """Return the prompt and the answer column that most rows fill, the first of them where several do.

    Behind it stand pairs of other columns, in a file joined of several, each for rows that fill none before it.
    """
    import pandas as pd

    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    filled = pd.DataFrame({name: [_is_filled(record, name) for record in records] for name in (*prompts, *answers)})
    found: list[tuple[str, str]] = []
    open_rows = filled[prompts[0]] | True
    while True:
        free = [(p, a) for p, a in product(prompts, answers) if not any({p, a} & {*pair} for pair in found)]
        both = {pair: filled[pair[0]] & filled[pair[1]] & open_rows for pair in free}
        best = max(free, key=lambda pair: int(both[pair].sum()), default=None)
        if not best or (found and int(both[best].sum()) <= FEWEST_OTHERS * len(filled)):
            return found
        found.append(best)
        open_rows &= ~(filled[best[0]] | filled[best[1]])


def _is_filled(record: Record[Any, Any], name: str) -> bool:
    value = value_at(record, name)
    return value is not None and (not isinstance(value, str) or bool(value.strip()))
