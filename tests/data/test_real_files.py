"""Files as their authors published them: each is trained on or refused with the sentence a person needs.

They are no part of the project; the tests run where the folder lies beside it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.errors import DataError

FOLDER = Path(__file__).parents[3] / "shared" / "data"

USED = {
    "chatterbot-yaml/ai.yml": "messages → conversation; 105 of 105",
    "chatterbot-yaml/humor.yml": "messages → conversation; 31 of 31",
    "axolotl-missing-turns/alpaca.json": "instruction + input → prompt, output → answer; 2 of 2",
    "banking77/categories.json": "text → plain text; 77 of 77",
    "banking77/test.csv": "text → text, category → label; 3080 of 3080",
    "banking77/train.csv": "text → text, category → label; 10003 of 10003",
    "derived-malformed-shared/array_saved_as_jsonl.jsonl": "instruction + input → prompt, output → answer; 40 of 40",
    "derived-malformed-shared/bom_crlf_semicolon.csv": "instruction → prompt, output → answer; 40 of 40",
    "derived-malformed-shared/duplicates.jsonl": "instruction + input → prompt, output → answer; 80 of 80",
    "derived-malformed-shared/empty_and_null_outputs.jsonl": "instruction + input → prompt, output → answer; 30 of 60",
    "derived-malformed-shared/mixed_keys.jsonl": (
        "prompt + input → prompt, completion → answer; or instruction → prompt, output → answer; 40 of 60"
    ),
    "derived-malformed-shared/numeric_labels_as_float.csv": "text → text, label → label; 45 of 60",
    "derived-malformed-shared/one_very_long_row.jsonl": "instruction + input → prompt, output → answer; 30 of 30",
    "derived-malformed-shared/single_quotes_python_repr.jsonl": (
        "instruction + input → prompt, output → answer; 30 of 30"
    ),
    "derived-malformed-shared/trailing_commas.jsonl": "instruction + input → prompt, output → answer; 60 of 60",
    "derived-malformed-shared/three_rows_only.jsonl": "instruction + input → prompt, output → answer; 3 of 3",
    "derived-malformed-shared/truncated_last_line.jsonl": "instruction + input → prompt, output → answer; 40 of 41",
    "e2e-nlg/devset.csv": "mr → prompt, ref → answer; 4672 of 4672",
    "e2e-nlg/testset_w_refs.csv": "mr → prompt, ref → answer; 4693 of 4693",
    "fastchat-identity-sharegpt/dummy_conversation.json": "conversations → conversation; 500 of 500",
    "glaive-toolcall-demo/glaive_toolcall_en_demo.json": "conversations → conversation, tools → tools; 300 of 300",
    "kaggle-spam-latin1/spam.csv": "v2 → text, v1 → label; 5572 of 5572",
    "makemore-names/names.txt": "text → plain text; 32033 of 32033",
    "nl2bash": "source → prompt, target → answer; 12607 of 12607",
    "oasst-style-trees/en_100_tree.jsonl": "prompt → conversation; 100 of 100",
    "raft-banking_77/train.csv": "Query → text, Label → label; 50 of 50",
    "raft-neurips_impact_statement_risks/train.csv": "Impact statement → text, Label → label; 50 of 50",
    "rasbt-instruction-1100/instruction-data.json": "instruction + input → prompt, output → answer; 1100 of 1100",
    "sarcasm-qa/sarcasm.csv": "question → prompt, answer → answer; 199 of 199",
    "scitldr-a/dev.jsonl": "source → prompt, target → answer; 619 of 619",
    "scitldr-a/test.jsonl": "source → prompt, target → answer; 618 of 618",
    "self-instruct-seed/seed_tasks.jsonl": (
        "instruction + input → prompt, output → answer, one example per item of instances; 175 of 175"
    ),
    "superglue-cb/val.jsonl": "premise + hypothesis → text, label → label; 56 of 56",
    "superglue-copa/val.jsonl": (
        "premise + question → question, choice1, choice2 → choices, label → correct choice; 100 of 100"
    ),
    "superglue-rte/val.jsonl": "premise + hypothesis → text, label → label; 277 of 277",
    "tatoeba-eng-deu-50k/deu.txt": "1 → prompt, 2 → answer; 50001 of 50001",
    "tfew-fewshot-shared/h-swag_20shot_seed0.jsonl": (
        "ctx → question, endings → choices, label → correct choice; 20 of 20"
    ),
    "tiny-shakespeare/input.txt": "text → plain text; 7222 of 7222",
    "uci-sentiment-amazon/amazon_cells_labelled.txt": "column 1 → text, column 2 → label; 1000 of 1000",
}  # fmt: skip
"""What is understood, and how many of the file's rows are used."""
PAIR, COPA = "premise + hypothesis → text, label → label", "premise + question → question, choice1, choice2 → choices"
USED |= {f"superglue-{name}/{part}.jsonl": f"{PAIR}; 32 of 32" for name in ("cb", "rte") for part in ("train", "dev32")}
USED |= {f"superglue-copa/{part}.jsonl": f"{COPA}, label → correct choice; 32 of 32" for part in ("train", "dev32")}
for seed in (0, 1, 32):
    few = "tfew-fewshot-shared"
    USED |= {f"{few}/{name}_32shot_seed{seed}.jsonl": f"{PAIR}; 32 of 32" for name in ("cb", "rte")}
    USED[f"{few}/copa_32shot_seed{seed}.jsonl"] = f"{COPA}, label → correct choice; 32 of 32"
    USED[f"{few}/h-swag_20shot_seed{seed}.jsonl"] = (
        "ctx → question, endings → choices, label → correct choice; 20 of 20"
    )

AWKWARD = {
    "airline_tweets.csv": "text → text, airline_sentiment → label; 30 of 30",
    "arc.jsonl": "question → question, choices → choices, answerKey → correct choice; 12 of 12",
    "conll2003.txt": "tokens → words, tags → one label per word; 12 of 12",
    "excel_gbk.csv": "问题 → prompt, 答案 → answer; 12 of 12",
    "forms_en_long.csv": (
        "In your own words, what should we change first about the way we answer your letters? (one or two sentences)"
        " → text, How satisfied are you with the service overall? → label; 24 of 24"
    ),
    "label_fraction.csv": "text → text, label → number; 24 of 24",
    "merged_titles.xlsx": "Question → prompt, Answer → answer; 12 of 12",
    "mmlu.csv": (
        "column 1 → question, column 2, column 3, column 4, column 5 → choices, column 6 → correct choice; 24 of 24"
    ),
    "na_words.xlsx": "text → text, label → label; 24 of 24",
    "one_bad_byte.csv": "question → prompt, réponse → answer; 29 of 30",
    "openai_parts.jsonl": "messages → conversation; 12 of 12",
    "openai_tools.jsonl": "messages → conversation, tools → tools; 12 of 12",
    "pretty_stream.jsonl": "prompt → prompt, answer → answer; 12 of 12",
    "quora.csv": "question1 + question2 → text, is_duplicate → label; 24 of 24",
    "saved_to_disk": "text → text, label → label; 24 of 24",
    "sep_hint.csv": "question → prompt, answer → answer; 12 of 12",
    "space_line_last.csv": "question → prompt, answer → answer; 29 of 30",
    "squad_hf.jsonl": "question + context → prompt, answers.text[0] → answer; 12 of 12",
    "translation_hf.jsonl": "translation.en → prompt, translation.de → answer; 12 of 12",
}
USED |= {f"awkward/{name}": found for name, found in AWKWARD.items()}

NAMELESS = "are not recognized"
REFUSED = {
    "axolotl-missing-turns/conversation.json": "There is 1 usable row",
    "axolotl-missing-turns/conversation.missingturns.json": "has an empty assistant turn",
    "README.md": NAMELESS,
    "csvkit-encodings/bad.csv": "line 2 cannot be read: it has 4 cells, the first row 3",
    "csvkit-encodings/blanks.csv": NAMELESS,
    "csvkit-encodings/dummy.csv.gz": NAMELESS,
    "csvkit-encodings/dummy_col_shuffled_ragged.csv": NAMELESS,
    "csvkit-encodings/empty.csv": "is empty",
    "csvkit-encodings/mac_newlines.csv": NAMELESS,
    "csvkit-encodings/no_header_row.csv": NAMELESS,
    "csvkit-encodings/null_byte.csv": "is a binary file, not text",
    "csvkit-encodings/optional_quote_characters.csv": NAMELESS,
    "csvkit-encodings/test_latin1.csv": NAMELESS,
    "csvkit-encodings/test_utf16_big.csv": NAMELESS,
    "csvkit-encodings/test_utf16_little.csv": NAMELESS,
    "csvkit-encodings/test_utf8_bom.csv": NAMELESS,
    "csvkit-encodings/testjson_multiline.json": NAMELESS,
    "lfs-pointer/databricks-dolly-15k.jsonl": "run 'git lfs pull'",
    "mt-bench/question.jsonl": "no assistant answers",
    "mt-bench/reference_gpt-4.jsonl": NAMELESS,
    "awkward/cut_front.xlsx": "its beginning is missing",
    "nl2bash/LICENSE": "is not supported",
    "nl2bash/all.cm": "is not supported",
    "nl2bash/all.nl": "is not supported",
    "raft-neurips_impact_statement_risks/task.json": "contains no list of rows",
    "raft-banking_77/task.json": "contains no list of rows",
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of real files is not here")


@pytest.mark.parametrize("name", USED)
def test_a_real_file_is_understood_and_every_row_is_used_or_listed(name: str) -> None:
    split = load_data(FOLDER / name)
    rows = {example.row for example in (*split.train, *split.held_out)}
    listed = {problem.row for problem in split.problems}
    assert f"{split.mapping}; {len(rows)} of {len(rows | listed)}" == USED[name]
    assert not rows & listed and rows | listed == set(range(1, len(rows | listed) + 1))


def test_a_real_file_with_a_turn_on_each_row_becomes_conversations_numbered_by_their_first_row() -> None:
    split = load_data(FOLDER / "awkward" / "turn_a_row.csv")
    examples = sorted((*split.train, *split.held_out), key=lambda each: each.row)
    turns = [len(each.messages) for each in examples]
    assert [each.row for each in examples] == [1 + sum(turns[:n]) for n in range(len(turns))]
    assert str(split.mapping) == "messages → conversation" and not split.problems


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_file_that_does_not_fit_says_why(name: str) -> None:
    with pytest.raises(DataError, match=REFUSED[name]):
        load_data(FOLDER / name)


def test_every_file_has_an_expected_outcome() -> None:
    inside = (path.relative_to(FOLDER) for path in FOLDER.rglob("*") if path.is_file())
    files = {
        path.as_posix() for path in inside if path.parts[0] != "awkward"
    }  # made to be tried: their page says what is expected
    assert files <= USED.keys() | REFUSED.keys(), files - USED.keys() - REFUSED.keys()
