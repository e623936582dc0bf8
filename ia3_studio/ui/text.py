"""What does the studio say? Every sentence of the page that does not come from an error."""

from __future__ import annotations

import time
from html import escape as escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ia3_studio.export.card import CardFacts
    from ia3_studio.training.rate_probe import Trial

BRAND = "IA3 Studio"
TAGLINE = "Fine-tune a language model by learning one number per channel."
PROBLEM = "Not possible"
SPACE_FORGETS = (
    "This Space keeps nothing when it restarts: runs and imported adapters are gone then. Take what you want to keep"
    " away on the tab Export. Your runs are seen by you alone."
)
RELOAD = "The app was restarted since this page was opened; reload the page. Runs go on as they were."

# model tab
HERO_TITLE = "Give a language model a new voice in five minutes"
HERO_WORDS = (
    "(IA)³ leaves the model frozen and learns one number for each key, value and feed-forward channel: louder, "
    "quieter, or as it was. What comes out is a file of 0.2 MB that Hugging Face PEFT loads."
)
TRAIN_DEMO = "Train the demo"
DEMO_RUN = "Lighthouse keeper demo"
TABS = ("1 Model", "2 Modules", "3 Data", "4 Train", "5 Runs", "6 Scales", "7 Chat", "8 Export")
SAMPLE_TITLE = "Recorded from this demo: one prompt, the same seed"
SAMPLE_PROMPT = "What is a web browser?"
SAMPLE_BEFORE = (
    "A web browser is a software application that allows users to access the internet and navigate on web pages. It's "
    "designed to find and use web resources …"
)
SAMPLE_AFTER = (
    "Ahoy there, traveller! A web browser is like a guide that tells you about all the things on the web. You can "
    "visit sites, read emails, and send messages. I'll keep the lamp lit."
)
OWN_MODEL = "Or bring your own model"
OWN_MODEL_WORDS = "Any transformer saved as safetensors, or a GGUF file."
MODEL_LABEL = "Model"
MODEL_INFO = "A starter's name, a Hugging Face id (org/name), a folder, or a .gguf file."
USE_MODEL = "Use this model"
NEXT_MODULES = "Next: choose what to tune"
TASKS = {
    "causal-lm": "writes text",
    "seq2seq": "turns text into text",
    "encoder": "reads text",
    "classification": "sorts texts",
    "token-classification": "labels words",
    "image-classification": "sorts pictures",
    "other": "purpose unknown",
}

# modules tab
MODULES_TITLE = "What is tuned"
MODULES_WORDS = (
    "Every module of the model, with its role told by the data that flows through it. Each ticked module gets one "
    "vector of learned numbers, which starts at 1 and so changes nothing."
)
PRESETS = (
    ("paper", "As in the paper: keys, values, feed-forward"),
    ("attention", "Keys and values"),
    ("feed-forward", "Feed-forward"),
    ("all", "Every linear layer"),
    ("peft", "PEFT's own default"),
)
CHOOSE_LABEL = "Choose"
CHOOSE_INFO = "Roles, presets or module names, then @ and layers: key,value@8-15; feed-forward@20-"
CHOOSE_HINT = "What the tree should tick"
CHOOSE_BUTTON = "Tick these"
CHOOSE_EMPTY = "Nothing was written to choose by; write roles and layers, such as key,value@0-3."
PRESET_LABEL = "Start from"
NOTHING_TICKED = "No module is ticked on the Modules tab, so there is nothing to train; tick some or pick a preset."
NEXT_DATA = "Next: choose the data"

# data tab
DATA_TITLE = "What it learns from"
DATA_WORDS = (
    "Pairs, conversations, plain text, texts with labels, questions with choices, or a zip of pictures in one folder a"
    " class. The file stays on this computer."
)
STARTER_DATA = "The lighthouse keeper"
LETTERS_DATA = "Letters to sort"
CALLS_DATA = "Calls to log"
OWN_DATA, PASTED_DATA, HUB_KIND = "My file", "Pasted rows", "From the hub"
OWN_KINDS = (OWN_DATA, PASTED_DATA, HUB_KIND)
DATA_KINDS = (STARTER_DATA, LETTERS_DATA, CALLS_DATA, *OWN_KINDS)
STARTER_NAMES = {"lighthouse": STARTER_DATA, "harbour": LETTERS_DATA, "logbook": CALLS_DATA}
"""What the starters' data are called, by their source."""
DATA_LABEL = "Data"
UPLOAD = "Table, JSON, text or zip, to 200 MB"
DATA_TYPES = [".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".txt", ".gz", ".zip"]
PATH = "or where it lies on this computer"
PATH_INFO = "A file or a folder; JSON lines and Parquet of any size"
USE_PATH = "Read it"
NAME_PATH = "No path is given; write where the file or the folder lies."
NOT_FROM_THE_PAGE = "What was sent does not fit this page and was not used; reload the page and try again."
UPLOAD_WITHOUT_COOKIE = "An upload needs the cookie that this page sets; allow cookies, reload the page and try again."
UPLOAD_WITHOUT_SIZE = "An upload must say how large it is."
UPLOADS_FULL = "As much has been uploaded here as there is room for; try again tomorrow, or give a data set on the hub."
NO_PATHS_HERE = "Files of this Space cannot be opened from the page; upload the file."
PASTED, PASTED_INFO = "Rows", "Cells of a spreadsheet with their header, JSON, or plain text"
PASTED_EXAMPLE = "prompt\tanswer\nWho are you?\tThe keeper of the light."
USE_PASTED = "Use these rows"
HUB_DATA, HUB_DATA_INFO = "Data set", "Its id on Hugging Face (org/name), or its address"
LOOK_UP = "Look up"
HUB_ROWS = "First rows on the hub"
ASKING_HUB = "Asking the hub …"
CONFIGURATION = "Configuration"
SPLITS, SPLITS_INFO = "Splits", "With a test split beside train, that one is only measured"
MOST_ROWS, MOST_ROWS_INFO = "Rows at most", "The first ones of each split; only these are downloaded"
USE_HUB = "Use these rows"
CHOOSE_SPLITS = "No rows are chosen; tick a split and take at least two rows."
HOW_READ = "How the rows are read"
AS_GUESSED = ("as guessed", "")
ROWS_ARE = "The rows are"
ROWS_INFO = "What each of them teaches"
ROW_KINDS = (
    AS_GUESSED,
    ("questions with answers", "pairs"),
    ("texts with a label", "labels"),
    ("texts with several labels", "multi"),
    ("texts with a number", "number"),
    ("words with labels", "tags"),
    ("questions with choices", "choices"),
    ("conversations", "messages"),
    ("plain texts", "text"),
)
FIRST_COLUMN, FIRST_INFO = "The model reads", "Prompt, text or conversation"
SECOND_COLUMN, SECOND_INFO = "and then", "A context, or the other text of a pair"
ANSWER_COLUMN, ANSWER_INFO = "It learns to answer", "Answer or label"
CHOICE_COLUMNS, CHOICE_INFO = "Choices", "One column of lists, or a column for each choice"
SHEET = "Sheet"
TEMPLATE, TEMPLATE_INFO = "Prompt template", "Columns in braces, in place of one column"
TEMPLATE_EXAMPLE = "Translate: {source}"
SPLIT_COLUMN, SPLIT_INFO = "Set aside by", "A column whose most frequent value, or train, is learned"
BY_SHARE = "the held-out share"
DELIMITER = "Cells end at"
DELIMITERS = (AS_GUESSED, ("commas", ","), ("semicolons", ";"), ("tabs", "\t"), ("bars", "|"))
ENCODING = "Encoding"
HEADER, HEADERS = "The first row", (AS_GUESSED, ("names the columns", "yes"), ("is data", "no"))
READ_SO = "Read it so"
CHOOSE_FILE = "No data file is in use. Choose one on the Data tab, or go back to the lighthouse keeper."
TOO_LARGE_TO_TAKE = "This file is read in parts, for it is large; take the file itself along."
TAKE_ALONG = "Make files of these rows"
HELD_OUT = "Held-out share"
HELD_OUT_INFO = "Rows only measured, never trained on"
FIRST_ROWS = "First rows"
FIRST_PICTURES = "First pictures of each class"
PICTURE = "Picture"
PICTURE_SEEN = "A picture has no tokens: the model sees it scaled to its own size and learns the name of its folder."
TOKENS_TITLE = "What the model sees"
TOKENS_WORDS = (
    "The first row, one at random and the longest, as the model's own tokenizer and chat template write them. Marked"
    " tokens are learned, struck ones lie beyond Max length, all else is only read."
)
EXAMPLE_NUMBER = "Example"
SHOW_TOKENS = "Look at the rows"
NEXT_TRAIN = "Next: train"

# train tab
TRAIN_TITLE = "Settings"
TRAIN_WORDS = "What the tabs before this one have settled, and how it is learned."
NAME_HINT = "What you want to call this run"
RATE_INFO = "(IA)³ wants 3e-3 (large models) to 3e-2 (small ones)"
LORA_NOTICE = "This looks like a learning rate for LoRA. (IA)³ needs 10 to 100 times as much, or nothing changes."
REPAIR_RATE = "Use 0.01 instead"
EPOCHS_INFO = "Passes over the rows"
BATCH_INFO = "Rows per step"
LENGTH_INFO = "Tokens per row"
SEED_INFO = "Same seed, same run"
ADVANCED = "Advanced"
WARMUP_INFO = "Share of the steps in which the rate rises; 6 % in the paper"
CLIP_INFO = "Largest gradient norm"
PULL_INFO = "Decay of each number towards 1; the paper uses none"
EVERY_INFO = "Steps between held-out losses"
MICRO_INFO = "Tokens per forward pass: bounds memory, not the result"
BACKWARD_INFO = "Number format of the gradient; auto takes bfloat16 where the CPU is made for it. The loss stays exact"
OPTIMISER_INFO = "Adafactor is what T-Few used; it bounds each vector's step by its size"
MOST_INFO = "0: as many as the epochs take"
REPORT_TO, REPORT_TO_INFO, NO_SINK = "Also report to", "A tracker that is installed here", "nowhere"
ANSWERS_INFO = "Held-out prompts both models answer at the end, scored by ROUGE-L. 0: none"
PATIENCE_INFO = "Held-out losses in a row without a new lowest; 0 never ends early"
KEEP_BEST = "Keep the best"
KEEP_BEST_INFO = "The numbers of the lowest held-out loss, not those of the last step"
LONG_ROWS = [("cut at the end", "cut"), ("left out", "skip")]
LONG_ROWS_INFO = "Rows longer than the max length; they are counted either way"
RECIPE = "Recipe"
RECIPE_INFO = "Settings that somebody has measured"
OWN_SETTINGS = "My own settings"
SUGGEST_RATE = "Suggest a rate"
TRYING_RATES = "Trying the next rate: a few steps on your rows, on the same processor as a run under way"
TRIAL_COLUMNS = ("Rate", "Held-out loss before", "after")
TRIALS = "A few steps at each rate"
START = "Start training"
STOP = "Stop and keep the adapter"
LOG = "Log of the worker"
NO_RUNS = "No run yet. Start one here, or train the demo on the first tab."
RUNS = "Runs"

# runs tab
RUNS_TITLE = "All runs"
RUNS_WORDS = "What each came to. Click a row to show that run on every tab; a column's name sorts."
FIND_RUNS, FIND_RUNS_INFO = "Find", "Words of name, model, data, state, verdict or tags"
NO_RUNS_YET = "No run yet. Start one on the Train tab, or train the demo on the first tab."
NO_RUNS_FOUND = "No run has these words."
HISTORY_COLUMNS = (
    "Name", "State", "Held out", "Base", "Interval", "Verdict", "Model", "Data", "Sites", "Rate", "Epochs", "Batch",
    "Seed", "Steps", "Numbers", "Seconds", "kB", "Tags", "Started", "Run",
)  # fmt: skip
HISTORY_CSV = "Table of all runs (CSV)"
DESK_TITLE = "The run that is shown"
DESK_EMPTY = "No run is shown; click one in the table."
RUN_NAME = "Name"
TAGS, TAGS_INFO = "Tags", "Words, with commas between them"
NOTE = "Note"
SAVE_ABOUT = "Save name, tags and note"
ABOUT_SAVED = "Saved."
QUEUE_WAYS = (
    ("first", "To the front of the queue"),
    ("earlier", "Earlier"),
    ("later", "Later"),
    ("last", "To its end"),
)
MOVED = "Moved in the queue."
DELETE = "Put into the bin"
BIN, BIN_EMPTY = "Bin", "The bin is empty."
BIN_LABEL = "Deleted runs"
RESTORE, DELETE_FOR_GOOD = "Bring back", "Delete for good"
DELETED_FOR_GOOD = "Deleted for good."
CHOOSE_DELETED = "No deleted run is chosen; choose one from the list."
SWEEP_TITLE = "Again, or in several ways"
SWEEP_WORDS = (
    "The settings and data of the run that is shown, started once more. Several values with commas between them make a"
    " run for every combination, all under one tag and ranked below."
)
SWEEP_RATES, SWEEP_EPOCHS, SWEEP_SEEDS = "Learning rates", "Epochs", "Seeds"
SWEEP_GROUPS, SWEEP_GROUPS_INFO = "What is tuned", "None ticked: as in the run"
START_AGAIN = "Start"
EDIT_SETTINGS = "Change its settings first"
COMPARE_TITLE = "Side by side"
COMPARE_WORDS = "Ranked by what they came to on held-out rows; in what they differ; their curves; what a result costs."
COMPARE_LABEL, COMPARE_INFO = "Runs", "Up to eight; all that are found above when none is chosen"
COMPARE = "Compare"
COMPARE_EMPTY = "Two runs or more can be compared; choose them here or find them above."
RANK_COLUMNS = ("Run", "Held out", "95 % interval", "Base", "Verdict", "Numbers", "Time")
DIFFERING = "In what they differ"
SAME_SETTINGS = "They have the same settings, data and versions."
COSTS = (("trained numbers", "numbers"), ("time (s)", "seconds"), ("size (kB)", "kilobytes"))
COST_LABEL = "Over"
LOG_OF_RUN = "Log"
FIND_IN_LOG, FIND_IN_LOG_INFO = "Find in the log", "Lines in which every word stands"
LOG_LEVEL, LOG_LEVELS = "Lines", (("all", ""), ("warnings and errors", "warning"), ("errors", "error"))
NO_SUCH_LINE = "No line of the log has that."
IMPORTED = "Imported adapters"
NOTHING_SHOWN = "Nothing is training. Choose a run to look at."
RESUME = "Resume"
NOTHING_TO_RESUME = "No run is shown that could go on; choose one in the bar at the top."
NOTHING_TO_STOP = "No run is shown that could be stopped; choose one in the bar at the top."
NOT_SHOWN = "This adapter is not here any more; choose another in the bar at the top."
NEXT_SCALES = "Next: see what was learned"

# scales tab
SCALES_TITLE = "What was learned"
SCALES_WORDS = "A number below 1 inhibits its channel, one above 1 amplifies it; 1 leaves the base model as it is."
SCALES_LOOKING = "Looking for an adapter …"
SCALES_EMPTY = "There is no adapter to look at yet. Train the demo on the first tab, or import an adapter on the last."
SCALES_SOON = "This run has no adapter yet; the first one is saved with the first held-out loss after a step."
REFRESH = "Refresh"
WHICH_SITE = "Distribution of"
ALL_SITES = "All vectors"
COLOUR_BY = "Colour by"
DIRECTION, STRENGTH = "Direction (mean of scale − 1)", "Strength (mean of |scale − 1|)"
SHARE_MOVED = "Share moved (beyond 0.01)"
MEASURES = (DIRECTION, STRENGTH, SHARE_MOVED)
SITE_TABLE = "Every vector as a table"
SITES_CSV = "Download vectors (CSV)"
HISTOGRAM_TABLE = "This figure as a table"
HISTOGRAM_CSV = "Download this figure (CSV)"
VERDICT_TITLE = "Did it help?"
VERDICT_WORDS = "The model as it came beside the tuned one, on rows that were never trained on and on neutral text."
VERDICT_SOON = "The verdict comes when the run has finished."
VERDICT_NONE = "This run was not measured against the base model; only runs that reach their last step are."
VERDICT_COLUMNS = ("Measure", "Base", "Tuned", "Difference (95 % interval)")
VERDICT_NEXT = "What to try next"
VERDICT_PAGE = "Download the verdict as one page (HTML, with the adapter)"
VERDICT_PAGE_READY = "The page is ready: download it"
VERDICT_CSV = "Download all numbers (CSV)"
ON_HELD_OUT, IN_ANSWERS, ON_NEUTRAL = "on held-out rows", "of written answers", "on neutral text"
MISTAKE_COLUMNS = ("Label", "Taken for", "Base, rows", "Tuned, rows")
NO_MISTAKES = "The tuned model sorted every held-out row right."
CONFUSION_CSV = "Download which label was taken for which (CSV)"
NEXT_CHAT = "Next: talk to it"

# chat tab
BASE = "Base"
TUNED = "Tuned"
PROMPT = "Prompt"
PROMPT_HINT = "Ask both models something"
EMPTY_PROMPT = "The prompt is empty; write something to answer."
SEND = "Send"
STOP_ANSWER = "Stop"
CLEAR = "Clear"
CHAT_EXAMPLES = (SAMPLE_PROMPT, "What should I cook tonight?", "How do I keep a houseplant alive?")
CHAT_EXAMPLES_LABEL = "Try"
CHANNELS = "The most amplified channels, then the most inhibited"
CHANNEL_COLUMNS = ("Site", "Channel", "Scale")
REPLAY, REPLAY_INFO = "Replay", "How the vectors came to be what they are"
SYSTEM_PROMPT, SYSTEM_PROMPT_INFO = "System prompt", "What both models are told first, where their template has a place"
CHAT_SETTINGS = "How answers are drawn"
TEMPERATURE_INFO = "0 takes the likeliest word"
TOP_P_INFO = "Draw from the likeliest words only"
ANSWER_LENGTH = "Length (tokens)"
LENGTH_INFO_CHAT = "Longest answer"
WAITING_FOR_MODEL = "Waiting for the model"
NEXT_EXPORT = "Next: take it with you"

# export tab
EXPORT_TITLE = "Take it with you"
EXPORT_WORDS = "The adapter as a zip with a model card, in PEFT's layout wherever PEFT can hold it."
EXPORT_EMPTY = "There is no adapter to download yet. Train the demo on the first tab."
DOWNLOAD = "Download the adapter"
SNIPPET_LABEL = "Use it in Python"
IMPORT_TITLE = "Bring one in"
IMPORT_WORDS = "An (IA)³ adapter from PEFT or from here: a zip, or its config (json) with its numbers (safetensors)."
IMPORT_UPLOAD = "zip, page or files"


def demo_facts(model: str, size_mb: float, cached: bool) -> tuple[tuple[str, str], ...]:
    """Return what one click on the demo will do."""
    fetched = "already on this computer" if cached else f"{size_mb:.0f} MB, fetched once"
    return (
        ("Model", f"{model} ({fetched})"),
        ("Data", "The lighthouse keeper: 200 short answers in one voice"),
        ("Learns", "57,600 numbers, 0.04 % of the model"),
        ("Takes", "3 to 5 minutes on 2 CPU cores"),
        ("Then", "ask both models the same question, side by side"),
    )


def unexpected(number: str) -> str:
    """Return what is said of an error that only a developer can mend."""
    return f"Something went wrong (id {number}). The app's log says what happened under that id."


def model_in_use(source: str) -> str:
    """Say that a model was read and what comes next."""
    return f"{source} is in use; its layers are on the Modules tab."


def reading(source: str) -> str:
    """Say that a model's layers are being read."""
    return f"Reading the layers of {source} …"


def loading(source: str) -> str:
    """Say that a model is being loaded."""
    return f"Loading {source} …"


def rows_file(rows: int) -> str:
    """Name the file of rows that are used."""
    return f"{plural(rows, 'row')} (JSON lines)"


def left_out_file(rows: int) -> str:
    """Name the file of rows that are left out."""
    return f"{plural(rows, 'row')} left out (CSV)"


def hub_found(hub_id: str, configurations: int) -> str:
    """Say what the hub holds under an id."""
    return f"'{hub_id}' has {plural(configurations, 'configuration')}; choose what to read of it."


def hub_taken(hub_id: str) -> str:
    """Say that rows of a data set are on this computer now."""
    return f"Rows of '{hub_id}' are kept on this computer now."


def settings_of(name: str) -> str:
    """Say whose settings the tabs show."""
    return f"The tabs show model, sites, data and settings of {name}; change what you like and start."


def sweep_started(count: int, tag: str) -> str:
    """Say that runs were queued."""
    return f"{plural(count, 'run')} queued" + (f" under the tag {tag}." if count > 1 else ".")


def not_numbers(label: str, given: str) -> str:
    """Return the sentence for values that are no numbers."""
    return f"{label} are {given[:40]!r}; give numbers with commas between them, such as 0.003, 0.01."


def deleted_run(name: str) -> str:
    """Say where a run went."""
    return f"{name} is in the bin, from which it can be brought back."


def restored_run(name: str) -> str:
    """Say that a run is back."""
    return f"{name} is back among the runs."


def use_of(memory: int, cpu: float, gpu_memory: int) -> str:
    """Say what a worker uses of its machine."""
    on_gpu = f", {gpu_memory / 1e9:.1f} GB of a GPU" if gpu_memory else ""
    return f"{memory / 1e9:.2f} GB, {cpu:.1f} cores{on_gpu}"


def replayed(step: int, moments: int) -> str:
    """Name the moment of a run whose vectors are drawn."""
    return f"{REPLAY}: after step {step:,}, one of {moments:,} moments kept"


def plural(count: int, thing: str) -> str:
    """Return a count with its thing.

    Example:
        >>> plural(1, "row"), plural(1200, "row")
        ('1 row', '1,200 rows')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def empty_field(label: str) -> str:
    """Return the sentence for a number that was left out."""
    return f"{label} is empty; give a number."


def run_name(data: str) -> str:
    """Return the name of a run that was given none."""
    stem = data.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return f"{(stem[0] or stem[2]).capitalize()} run"


def run_label(run_id: str, name: str) -> str:
    """Return a run as one choice among others: its name and when it was created."""
    return f"{name} · {run_id[4:6]}-{run_id[6:8]} {run_id[9:11]}:{run_id[11:13]}"


def vectors(number: int, numbers: int) -> str:
    """Return the size of a selection."""
    return f"{numbers:,} numbers in {number:,} {'vector' if number == 1 else 'vectors'}"


def short_source(source: str) -> str:
    """Return the last part of a folder or file, or a model's name as it is."""
    return source.replace("\\", "/").rstrip("/").rpartition("/")[2] if source.startswith(("/", "~", ".")) else source


def data_name(data: str) -> str:
    """Return what the data in use is called."""
    return STARTER_NAMES.get(data) or data.replace("\\", "/").rpartition("/")[2]


def ticked(number: int, numbers: int) -> str:
    """Say what a choice in words has ticked."""
    return f"Ticked: {vectors(number, numbers)}."


def not_in_tree(name: str, side: str) -> str:
    """Say that a choice names a place that has no row to tick."""
    return (
        f"This choice scales the {side} side of {name}, which has no row in the tree to tick; choose another here, or"
        " select it in Python."
    )


def never_trained(names: list[str]) -> str:
    """Say which ticked modules the model's result does not depend on."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"The model's result does not depend on {', '.join(names[:3])}{more}, so nothing would be learned there;"
        " untick it on the Modules tab or pick a preset."
    )


def suggested(rate: float) -> str:
    """Say which learning rate the trials suggest, and what they cannot tell."""
    return (
        f"{rate:g} is filled in: the smallest rate that learned nearly as fast as the best. A whole run may want less."
    )


def trial(found: Trial) -> tuple[str, str, str]:
    """Return what a few steps at one rate came to."""
    after = "no number any more" if found.after is None else f"{found.after:.3f}"
    return f"{found.learning_rate:g}", f"{found.before:.3f}", after


def step_note(step: int, said: str) -> str:
    """Return what a step has to say."""
    return f"Step {step:,}: {said}"


def resumed(name: str) -> str:
    """Say that a run goes on."""
    return f"“{name}” goes on behind its last checkpoint."


def started(name: str) -> str:
    """Say that a run was started."""
    return f"“{name}” is under way. You may close this page: the run goes on."


def before_after(before: float | None, after: float | None) -> str:
    """Return the held-out loss before and after, in nats a token."""
    return f"{before:.3f} → {after:.3f}" if before is not None and after is not None else "–"


def measured_on(held_out: int, neutral: int, written: int = 0) -> str:
    """Say on how much text base and tuned model were measured."""
    rows = f"{held_out:,} held-out {'row' if held_out == 1 else 'rows'}"
    others = ((written, "written answers"), (neutral, "neutral paragraphs"))
    return ", ".join([rows, *(f"{number:,} {what}" for number, what in others if number)])


def mistakes(kinds: int, shown: int) -> str:
    """Say how many kinds of mistakes there are, and how many are shown."""
    if kinds <= shown:
        return "What the tuned model takes for what"
    return f"What the tuned model takes for what: the {shown} most frequent of {kinds:,}"


def import_name(base_model: str, folder: str) -> str:
    """Return the name of an imported adapter."""
    return f"Adapter {folder[:6]} for {base_model.rpartition('/')[2] or 'an unnamed model'}"


def imported(base_model: str) -> str:
    """Say that an adapter was brought in."""
    base = base_model[:200] or "a model its files do not name"
    return f"Brought in; made for {base}. It is shown on every tab now: look at its scales, or talk to it."


def uploaded_enough(most: int) -> str:
    """Say that a visitor has uploaded as much as may be."""
    return f"You have uploaded as much as may be within a day, {most / 2**20:,.0f} MB; try again tomorrow."


def too_long(most: int) -> str:
    """Say that a text is longer than its field takes."""
    return f"That text is longer than its field takes, which is {most:,} characters; shorten it."


def imported_alone(base_model: str, why: str) -> str:
    """Say that an adapter was brought in whose base model cannot be had here."""
    return (
        f"Brought in, and its scales can be looked at. {why} The adapter names {base_model[:200]!r} as its base model."
    )


def adapter_facts(card: CardFacts, size: int) -> tuple[tuple[str, str], ...]:
    """Return what is known of an adapter; ``size`` is the zip's, in bytes."""
    both = before_after(card.held_out_before, card.held_out_after)
    losses = f"{both}{card.taken_at}" if card.held_out_after else ""
    rows = (
        ("Adapter", card.name),
        ("Base model", card.base_model or "not named"),
        ("Learned", vectors(card.vectors, card.trained_numbers)),
        ("Steps", f"{card.steps:,}" if card.steps else ""),
        ("Held-out loss", losses),
        ("Data", card.data),
        ("Zip", f"{size / 1000:,.0f} kB"),
    )
    return tuple((name, value) for name, value in rows if value)


def snippets(programs: Sequence[tuple[str, str]]) -> str:
    """Return programs, each below a line that says what loads the adapter."""
    return "\n".join(f"# With {name}\n{program}" for name, program in programs)


def not_for_peft(reason: str) -> str:
    """Say for whom an adapter is that PEFT cannot hold."""
    return f"This adapter is for IA3 Studio, not for PEFT: {reason} Bring the zip in here, or load it as shown below."


def import_shown(name: str) -> str:
    """Say that an imported adapter is shown."""
    return f"{name}, imported"


def chat_with(name: str, model: str) -> str:
    """Say which adapter answers."""
    return f"Tuned answers with the adapter of “{name}” on {model}."


def sorts_with(name: str, model: str) -> str:
    """Say that the adapter answers with labels, and that the base model cannot know them."""
    return (
        f"The adapter of “{name}” sorts texts: write one and see the likeliest labels. {model} itself has a head that"
        " learned nothing, so its answer is chance."
    )


def chat_before_adapter(name: str, model: str) -> str:
    """Say that the run has nothing to answer with yet."""
    return f"“{name}” has no adapter yet; until it has, only the base model ({model}) answers."


def chat_without_run(model: str) -> str:
    """Say how to get a tuned model."""
    return f"No run yet, so only the base model ({model}) answers. Train the demo on the first tab to fill both panes."


def count(number: int) -> str:
    """Return a whole number with separators: 57,600."""
    return f"{number:,}"


def duration(seconds: float) -> str:
    """Return a time span: 42 s, 3:05 min, 1:20 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"


def age(created: float, now: float | None = None) -> str:
    """Return how long ago a moment (seconds since the epoch) was: "3 min ago"."""
    past = max(0.0, (time.time() if now is None else now) - created)
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if past >= size:
            return f"{int(past // size)} {name} ago"
    return "just now"
