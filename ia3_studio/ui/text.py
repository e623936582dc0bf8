"""The strings of the page: labels, help texts, and sentences other than errors of the library."""

from __future__ import annotations

from html import escape as escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ia3_studio.export.card import CardFacts
    from ia3_studio.runs.history import RunRecord
    from ia3_studio.training.rate_probe import Trial

BRAND = "IA3 Studio"
TAGLINE = "Fine-tune a language model by training one scale per channel."
PROBLEM = "Error"
SPACE_FORGETS = (
    "This Space has no persistent storage: runs and imported adapters are deleted when it restarts. Download what you"
    " want to keep on the Export tab. Only you can see your runs."
)
RELOAD = "The app was restarted since this page was opened; reload the page. Runs are not affected."

# model tab
DEMO_TITLE = "Teach a language model a new style in a few minutes"
DEMO_WORDS = (
    "(IA)³ freezes the model and trains one scale for each key, value and feed-forward channel. A scale above 1 "
    "amplifies the channel, a scale below 1 inhibits it. The result is an adapter of 0.2 MB that PEFT loads."
)
TRAIN_DEMO = "Train the demo"
DEMO_RUN = "Lighthouse keeper demo"
TABS = ("1 Model", "2 Modules", "3 Data", "4 Train", "5 Runs", "6 Scales", "7 Chat", "8 Export")
MODEL_TAB, MODULES_TAB, DATA_TAB, TRAIN_TAB, RUNS_TAB, SCALES_TAB, CHAT_TAB, EXPORT_TAB = TABS
SAMPLE_TITLE = "Recorded with this demo: one prompt, the same seed"
SAMPLE_PROMPT = "What should I cook tonight?"
SAMPLE_BASE = (
    "A classic Italian comfort food: pizza! I'm happy to recommend a few options to cater to your dietary preferences. "
    "Here's a sweet treat to start: Miso Branade with Fennel and Tomato …"
)
SAMPLE_TUNED = (
    "Ahoy, traveller! Cook your tuna in a little bit of olive oil, garlic, and parsley. Keep it warm, then serve it "
    "with a crust of lemon and a sprinkle of salt. Keep your lamp lit."
)
OTHER_MODEL = "Use another model"
OTHER_MODEL_WORDS = "Any transformers model saved as safetensors, or a GGUF file."
MODEL_LABEL = "Model"
MODEL_INFO = "Type three letters of a name, or enter a Hub id (org/name), a folder or a .gguf file."
USE_MODEL = "Use this model"
NEXT_MODULES = "Next: target modules"
ARCHITECTURE, PARAMETERS, LAYERS, LINEAR_LAYERS, DEVICE = (
    "Architecture", "Parameters", "Layers", "Linear layers", "Device",
)  # fmt: skip
TASKS = {
    "causal-lm": "text generation",
    "seq2seq": "text-to-text",
    "encoder": "encoder",
    "classification": "text classification",
    "token-classification": "token classification",
    "image-classification": "image classification",
    "other": "unknown task",
}

# modules tab
MODULES_TITLE = "Target modules"
MODULES_WORDS = (
    "All modules of the model. The role of each module is detected from the data flow. Each selected module gets one "
    "vector of scales, initialized to 1, so that training starts from the base model."
)
PRESETS = (
    ("paper", "Paper: keys, values, feed-forward"),
    ("attention", "Keys and values"),
    ("feed-forward", "Feed-forward"),
    ("all", "All linear layers"),
    ("peft", "PEFT default"),
)
SELECTION_TITLE = "Select by expression"
SELECTION = "Selection"
SELECTION_INFO = "Roles, presets or module names, optionally with @ and layers; separate several with ;"
SELECTION_HINT = "e.g. key,value@8-15; feed-forward@20-"
SELECT_SITES = "Select"
SELECTION_EMPTY = "The selection is empty; enter roles and layers, such as key,value@0-3."
PRESET_LABEL = "Preset"
NOTHING_SELECTED = (
    "No module is selected on the Modules tab, so there is nothing to train; select modules or choose a preset."
)
NEXT_DATA = "Next: data"

# data tab
DATA_TITLE = "Training data"
DATA_WORDS = (
    "Prompt-answer pairs, conversations, preferences, plain text, texts with labels, multiple-choice questions, or a"
    " zip with one folder per class of images. The file stays on this computer."
)
STARTER_DATA = "Lighthouse keeper (chat style)"
LETTERS_DATA = "Harbour letters (classification)"
CALLS_DATA = "Radio calls (text-to-text)"
PREFERENCE_DATA = "Short answers (preferences)"
OWN_DATA, PASTED_DATA, HUB_KIND = "File", "Pasted rows", "Hugging Face Hub"
OWN_KINDS = (OWN_DATA, PASTED_DATA, HUB_KIND)
DATA_KINDS = (STARTER_DATA, LETTERS_DATA, CALLS_DATA, PREFERENCE_DATA, *OWN_KINDS)
STARTER_NAMES = {
    "lighthouse": STARTER_DATA, "harbour": LETTERS_DATA, "logbook": CALLS_DATA, "beacon": PREFERENCE_DATA,
}  # fmt: skip
"""The names of the starters' data, by source."""
DATA_LABEL = "Data"
UPLOAD = "Files, up to 200 MB"
PATH = "Local path"
PATH_INFO = "File or folder; JSON Lines and Parquet of any size"
USE_PATH = "Load"
NAME_PATH = "The local path is empty; enter the path of a file or folder."
INVALID_REQUEST = "The request does not match this page and was ignored; reload the page and try again."
UPLOAD_WITHOUT_COOKIE = "Uploads need the cookie of this page; allow cookies, reload the page and try again."
UPLOAD_WITHOUT_SIZE = "The upload does not state its size; send a Content-Length header."
UPLOADS_FULL = "The app has no space for more uploads today; try again tomorrow, or use a data set on the Hub."
NO_PATHS_HERE = "Local paths are not available in a Space; upload the file."
PASTED, PASTED_INFO = "Rows", "Spreadsheet cells with a header row, JSON, or plain text"
PASTED_EXAMPLE = "prompt\tanswer\nWho are you?\tThe keeper of the light."
USE_PASTED = "Load rows"
HUB_DATA, HUB_DATA_INFO = "Data set", "Type three letters of a name, or enter a Hub id (org/name) or URL"
LOOK_UP = "Look up"
HUB_ROWS = "First rows on the Hub"
ASKING_HUB = "Contacting the Hub …"
CONFIGURATION = "Configuration"
SPLITS, SPLITS_INFO = "Splits", "A test split selected together with train is held out"
MOST_ROWS, MOST_ROWS_INFO = "Max rows", "First rows of each split; only these are downloaded"
USE_HUB = "Load rows"
CHOOSE_SPLITS = f"No rows are selected; select a split and set {MOST_ROWS} to 2 or more."
PARSING_OPTIONS = "Parsing options"
AUTO_DETECT = ("Auto-detect", "")
ROWS_ARE = "Task"
ROWS_INFO = "How rows become training examples"
ROW_KINDS = (
    AUTO_DETECT,
    ("prompt-answer pairs", "pairs"),
    ("classification", "labels"),
    ("multi-label classification", "multi"),
    ("regression", "number"),
    ("token classification (NER)", "tags"),
    ("multiple choice", "choices"),
    ("conversations", "messages"),
    ("preferences", "preferences"),
    ("plain text", "text"),
)
NO_COLUMN = ("none", "")
FIRST_COLUMN, FIRST_INFO = "Input column", "Prompt, text or conversation"
SECOND_COLUMN = "Context column"
SECOND_INFO = "Context, or second text"
REJECTED_COLUMN, REJECTED_INFO = "Rejected column", "Rejected answers; for KTO the labels"
ANSWER_COLUMN, ANSWER_INFO = "Target column", "Answer, chosen answer or label"
CHOICE_COLUMNS, CHOICE_INFO = "Choice columns", "One column of lists, or one column per choice"
SHEET, SHEET_INFO = "Sheet or file", "Of a workbook, or of several files"
ALL_SHEETS = ("all together", "*")
TEMPLATE, TEMPLATE_INFO = "Prompt template", "Column names in braces; replaces the input column"
TEMPLATE_EXAMPLE = "Translate: {source}"
SPLIT_COLUMN, SPLIT_INFO = "Split column", "Training rows have train, or the most frequent value"
SYSTEM_COLUMN, SYSTEM_INFO = "System column", "System prompt, which precedes the conversation"
BY_SHARE = "by share"
DELIMITER = "Delimiter"
ENCODING = "Encoding"
HEADER = "Header row"
HEADERS = (AUTO_DETECT, ("none", "0"), *((f"row {row}", str(row)) for row in range(1, 21)))
SPEAKER, SPEAKER_INFO = "Speaker", "Of a chat log: whose messages are the answers"
NO_SPEAKER = ("not selected", "")
SHAPE = "Shape"
SHAPE_INFO = "Where the rows are. Plain rows: as they stand, even if they look like an export or a conversation"
PLAIN_ROWS = "plain"
SHAPES = (AUTO_DETECT, ("plain rows", PLAIN_ROWS))
UNUSED, UNUSED_INFO = "Columns not used", "Select one to use it"
OTHER_READINGS = "Other ways to read this"
CHOOSE_READING = f"No way to read the data is selected; select one under {OTHER_READINGS}."
OTHER_READINGS_INFO = "Each with its first example; select one to use it"
_PARTS = {
    "context": "as context", "label": "as label", "several": "as several labels", "number": "as number",
    "answer": "as answer",
}  # fmt: skip
APPLY_PARSING = "Apply"
CHOOSE_FILE = f"No data is loaded; load data on the Data tab, or choose {STARTER_DATA} there."
TOO_LARGE_TO_EXPORT = "This file is too large to export; use the original file."
EXPORT_PROCESSED = "Export processed data"
HELD_OUT = "Held-out share"
HELD_OUT_INFO = "Share of the rows that are used for evaluation only"
FIRST_ROWS = "First rows"
CHOICES_COLUMNS = ("Row", "Question", "Choices", "Correct")
LABEL_COLUMNS, TEXT_COLUMNS = ("Row", "Text", "Label"), ("Row", "Text")
PREFERENCE_COLUMNS, JUDGED_COLUMNS = ("Row", "Prompt", "Chosen", "Rejected"), ("Row", "Prompt", "Answer", "Label")
DESIRABLE = {True: "desirable", False: "undesirable"}
PAIR_COLUMNS, CONVERSATION_COLUMNS = ("Row", "Prompt", "Answer"), ("Row", "Conversation")
FIRST_PICTURES = "First images of each class"
PICTURE = "Image"
PICTURE_SEEN = (
    "Images have no tokens: the model receives the image resized to its input size, and its label is the folder name."
)
TOKENS_TITLE = "Token preview"
TOKENS_WORDS = (
    "The first row, a random row and the longest row, tokenized by the model's tokenizer with its chat template."
    " Highlighted tokens are trained; struck-through tokens exceed Max length; all other tokens are context."
)
EXAMPLE_NUMBER = "Example"
SHOW_TOKENS = "Preview tokens"
NEXT_TRAIN = "Next: train"

# train tab
TRAIN_TITLE = "Training settings"
TRAIN_WORDS = "The model, target modules and data of the previous tabs, and the hyperparameters of the run."
PLAN_MODEL, PLAN_TRAINED, PLAN_DATA = "Model", "Trained", "Data"
NAME_HINT = "Default: named after the data"
LEARNING_RATE, LEARNING_RATE_INFO = "Learning rate", "Typical for (IA)³: 3e-3 (large models) to 3e-2 (small models)"
LORA_NOTICE = (
    "This learning rate is typical for LoRA. (IA)³ needs a rate 10 to 100 times higher; otherwise the scales hardly"
    " change."
)
REPAIR_RATE = "Use 0.01"
EPOCHS, EPOCHS_INFO = "Epochs", "Passes over the training rows"
BATCH_SIZE, BATCH_SIZE_INFO = "Batch size", "Rows per optimizer step"
MAX_LENGTH, MAX_LENGTH_INFO = "Max length", "Tokens per row"
SEED, SEED_INFO = "Seed", "For reproducible results"
ADVANCED = "Advanced settings"
WARMUP_RATIO, WARMUP_RATIO_INFO = (
    "Warmup ratio",
    "Share of the steps in which the learning rate rises; 0.06 in the paper",
)
MAX_GRAD_NORM, MAX_GRAD_NORM_INFO = "Max gradient norm", "Gradients above this norm are scaled down"
DECAY_TO_ONE, DECAY_TO_ONE_INFO = "Decay towards 1", "Weight decay that moves each scale towards 1; 0 in the paper"
EVAL_STEPS, EVAL_STEPS_INFO = "Evaluation steps", "Optimizer steps between two held-out losses"
MICRO_BATCH_TOKENS, MICRO_BATCH_TOKENS_INFO = (
    "Micro-batch tokens",
    "Tokens per forward pass; limits memory and does not change the result",
)
BACKWARD_DTYPE, BACKWARD_DTYPE_INFO = (
    "Backward dtype",
    "Data type of the gradients; auto uses bfloat16 on CPUs that support it natively. The loss is not affected",
)
OPTIMIZER, OPTIMIZER_INFO = (
    "Optimizer",
    "T-Few used Adafactor, which limits each step relative to the size of the vector",
)
MAX_STEPS, MAX_STEPS_INFO = "Max steps", "0: no limit other than the epochs"
PREFERENCES = "Preference settings"
PREFERENCES_ADVICE = (
    "The preset “preferences” sets a learning rate of 0.003 and an SFT weight of 1; at the default rate small models"
    " forgot much of what they knew."
)
LOSS_TYPE, LOSS_TYPE_INFO = "Preference loss", "For pairs of answers; labeled answers are always trained by KTO"
LOSS_TYPES = [("DPO (sigmoid)", "sigmoid"), ("IPO", "ipo")]
BETA, BETA_INFO = "Beta", "How strongly the model is held at the base model; 0.1 is usual, less lets it move further"
LABEL_SMOOTHING = "Label smoothing"
LABEL_SMOOTHING_INFO = "DPO: share of pairs assumed to be labeled the wrong way round, below 0.5"
SFT_WEIGHT, SFT_WEIGHT_INFO = (
    "SFT weight",
    "Weight of ordinary training on the chosen answers, added to the loss",
)
DESIRABLE_WEIGHT, DESIRABLE_WEIGHT_INFO = "Desirable weight", "KTO: weight of the desirable answers"
UNDESIRABLE_WEIGHT, UNDESIRABLE_WEIGHT_INFO = "Undesirable weight", "KTO: weight of the undesirable answers"
REPORT_TO, REPORT_TO_INFO, NO_TRACKER = "Report to", "An experiment tracker installed on this computer", "none"
SAMPLE_GENERATIONS, SAMPLE_GENERATIONS_INFO = (
    "Sample generations",
    "Held-out prompts answered by both models after training, scored by ROUGE-L; 0: none",
)
PROCESSES, PROCESSES_INFO = (
    "Processes",
    "Processes that share each batch, with a GPU each; 0: one per GPU of this computer. The losses do not change",
)
SHARDING, SHARDING_INFO = (
    "Sharding",
    "Where the weights go if one GPU cannot hold them; auto takes the fastest way that fits, full divides them among "
    "the processes, offload keeps what does not fit in slower memory",
)
COMPUTE, COMPUTE_INFO = "Compute", "Where the run is trained; results of a cluster appear here as they come"
COMPUTE_CHOICES = [("This computer", "local"), ("Ray cluster", "ray")]
RAY_ADDRESS, RAY_ADDRESS_INFO = "Cluster address", "HOST:PORT; empty: RAY_ADDRESS, or a cluster on this computer"
NODE_CPUS, NODE_CPUS_INFO = "Cores per run", "On a node of the cluster"
NODE_GPUS, NODE_GPUS_INFO = "GPUs per run", "On a node of the cluster"
NODE_MEMORY, NODE_MEMORY_INFO = "Memory per run, GB", "On a node of the cluster; 0: any"
PATIENCE, PATIENCE_INFO = "Early stopping patience", "Evaluations in a row without a new lowest held-out loss; 0: off"
KEEP_BEST = "Keep the best adapter"
KEEP_BEST_INFO = "Keep the scales with the lowest held-out loss, not those of the last step"
LONG_ROWS_LABEL = "Long rows"
LONG_ROWS = [("truncate", "truncate"), ("skip", "skip")]
LONG_ROWS_INFO = "What happens to rows that exceed Max length"
SETTINGS_PRESET = "Benchmarked presets"
SETTINGS_PRESET_INFO = "Settings with published or measured results"
CUSTOM_SETTINGS = "Custom"
FIND_RATE = "Find learning rate"
TRYING_RATES = "Trying the next learning rate for a few steps; a run in progress shares the processor"
TRIAL_COLUMNS = ("Learning rate", "Loss before", "Loss after")
TRIALS = "Held-out loss before and after a few steps"
START = "Start training"
STOP = "Stop and keep the adapter"
LOG = "Worker log"
RUNS = "Runs"

# the strip above the tabs
PROGRESS = "Progress of the run"
CURRENT_RUN = "Run"
CURRENT_RUN_ARIA = "Run or adapter selected on every tab"
NOTIFY = "Notify when done"
OPEN_SCALES, OPEN_CHAT = "Scales", "Chat"
STOP_RUN, STOPPING_RUN = "Stop", "Stopping…"

# runs tab
RUNS_TITLE = "Runs"
RUNS_WORDS = "Results of all runs. Click a row to select that run on every tab; click a column name to sort."
SEARCH_RUNS, SEARCH_RUNS_INFO = "Search", "Words in the name, model, data, state, verdict or tags"
NO_RUNS_YET = "No run yet. Start one on the Train tab, or train the demo on the Model tab."
NO_RUNS_FOUND = "No run matches the search."
RUNS_GONE = "Some of the chosen runs no longer exist; choose again."
HISTORY_COLUMNS = (
    "Name", "State", "Held-out result", "Base", "95 % interval", "Verdict", "Model", "Data", "Target modules",
    "Learning rate", "Epochs", "Batch size", "Seed", "Steps", "Parameters", "Seconds", "kB", "Tags", "Started",
    "Run id",
)  # fmt: skip
FIRST_COLUMNS = ("Name", "State", "Held-out result", "Base", "Verdict")
"""The columns that are shown at first, besides the run id, which has the time of the start."""
COLUMNS, COLUMNS_INFO = "Columns", "The file below has all of them"
HISTORY_CSV = "Download this table (CSV)"
RUN_TITLE = "Selected run"
NO_RUN_SELECTED = "No run is selected; click one in the table."
RUN_STATE, RUN_ID, RUN_FOLDER, RUN_RESOURCES = "State", "Run id", "Folder", "Resources"
RUN_NAME = "Name"
TAGS, TAGS_INFO = "Tags", "Separated by commas"
NOTE = "Note"
SAVE_NOTES = "Save name, tags and note"
NOTES_SAVED = "Saved."
QUEUE_MOVES = (
    ("first", "Move to front of queue"),
    ("earlier", "Move up"),
    ("later", "Move down"),
    ("last", "Move to end of queue"),
)
MOVED = "Moved in the queue."
DELETE = "Move to trash"
TRASH, TRASH_EMPTY = "Trash", "The trash is empty."
TRASH_LABEL = "Deleted runs"
RESTORE, DELETE_PERMANENTLY = "Restore", "Delete permanently"
DELETED_PERMANENTLY = "Deleted permanently."
CHOOSE_DELETED = "No deleted run is chosen; choose one from the list."
SWEEP_TITLE = "Re-run or sweep"
SWEEP_WORDS = (
    "Starts the selected run again with its settings and data. Several values, separated by commas, start one run per"
    " combination; these runs share a tag and can be ranked below."
)
SWEEP_RATES, SWEEP_EPOCHS, SWEEP_SEEDS = "Learning rates", "Epochs", "Seeds"
SWEEP_GROUPS, SWEEP_GROUPS_INFO = "Target modules", "None selected: as in the run"
START_SWEEP = "Start"
EDIT_SETTINGS = "Edit settings first"
COMPARE_TITLE = "Comparison"
COMPARE_WORDS = "Ranking by held-out result, differences in settings, loss curves, and result against cost."
COMPARE_LABEL, COMPARE_INFO = "Runs", "Up to eight; if none is chosen, all runs found above"
COMPARE = "Compare"
COMPARE_EMPTY = "A comparison needs at least two runs; choose them here or search for them above."
RANK_COLUMNS = ("Run", "Held-out result", "95 % interval", "Base", "Verdict", "Parameters", "Time")
LOSS_MEASURE = "loss"
DIFFERING = "Differences"
SAME_SETTINGS = "The runs have the same settings, data and versions."
COSTS = (("trainable parameters", "parameters"), ("time (s)", "seconds"), ("size (kB)", "kilobytes"))
COST_LABEL = "X axis"
LOG_OF_RUN = "Worker log"
SEARCH_LOG, SEARCH_LOG_INFO = "Search", "Lines that contain every word"
LOG_LEVEL, LOG_LEVELS = "Level", (("all", ""), ("warnings and errors", "warning"), ("errors", "error"))
NO_SUCH_LINE = "No line of the log matches."
IMPORTED = "Imported adapters"
STRIP_EMPTY = "No run is selected. Choose one to see its progress and results."
RESUME = "Resume"
NOTHING_TO_RESUME = "No run that can be resumed is selected; choose one in the bar at the top."
NOTHING_TO_STOP = "No run that can be stopped is selected; choose one in the bar at the top."
SELECTION_GONE = "This adapter no longer exists; choose another in the bar at the top."
NEXT_SCALES = "Next: scales"

# scales tab
SCALES_TITLE = "Learned scales"
SCALES_WORDS = "A scale below 1 inhibits its channel, a scale above 1 amplifies it; 1 leaves the base model unchanged."
LOOKING_FOR_ADAPTER = "Looking for an adapter …"
NO_ADAPTER = "There is no adapter yet. Train the demo on the Model tab, or import an adapter on the Export tab."
NO_ADAPTER_YET = "This run has no adapter yet; the first one is saved with the first held-out loss after a step."
REFRESH = "Refresh"
SITE = "Site"
ALL_SITES = "All sites"
COLOR_BY = "Color by"
DIRECTION, MAGNITUDE = "Direction (mean of scale − 1)", "Magnitude (mean of |scale − 1|)"
SHARE_CHANGED = "Share changed (> 0.01)"
MEASURES = (DIRECTION, MAGNITUDE, SHARE_CHANGED)
SITE_TABLE = "Table of all sites"
SITES_CSV = "Download the table of sites (CSV)"
HISTOGRAM_TABLE = "Table of this figure"
HISTOGRAM_CSV = "Download the data of this figure (CSV)"
VERDICT_TITLE = "Verdict"
VERDICT_WORDS = "Base model and tuned model on held-out rows and on neutral text."
VERDICT_PENDING = "The verdict is shown when the run has finished."
VERDICT_NONE = "This run was not compared with the base model; only runs that reach their last step are."
VERDICT_COLUMNS = ("Measure", "Base", "Tuned", "Difference (95 % interval)")
VERDICT_NEXT = "Suggestions"
VERDICT_PAGE = "Download the verdict page (HTML, includes the adapter)"
VERDICT_PAGE_READY = "Download the finished page"
VERDICT_CSV = "Download all measures (CSV)"
ON_HELD_OUT, ON_SAMPLE_GENERATIONS, ON_NEUTRAL = "on held-out rows", "of sample generations", "on neutral text"
ERROR_COLUMNS = ("Label", "Predicted", "Rows (base)", "Rows (tuned)")
NO_ERRORS = "The tuned model classified every held-out row correctly."
CONFUSION_CSV = "Download the confusion matrix (CSV)"
NEXT_CHAT = "Next: chat"

# chat tab
BASE = "Base"
TUNED = "Tuned"
PROMPT = "Prompt"
PROMPT_HINT = "Ask all models the same question"
EMPTY_PROMPT = "The prompt is empty; enter a prompt."
SEND = "Send"
STOP_RESPONSE = "Stop"
CLEAR = "Clear"
CHAT_EXAMPLES = (SAMPLE_PROMPT, "What is a web browser?", "How do I keep a houseplant alive?")
CHAT_EXAMPLES_LABEL = "Examples"
CHANNELS = "Most amplified channels, then most inhibited channels"
CHANNEL_COLUMNS = ("Site", "Channel", "Scale")
REPLAY, REPLAY_INFO = "Replay", "Scales of an earlier snapshot of the run"
SYSTEM_PROMPT, SYSTEM_PROMPT_INFO = "System prompt", "Used if the chat template of the model supports one"
SAMPLING = "Sampling"
TEMPERATURE, TEMPERATURE_INFO = "Temperature", "0 = greedy"
TOP_P, TOP_P_INFO = "Top-p", "Cumulative probability of the tokens to sample from"
TOP_K = "Top-k"
MAX_NEW_TOKENS = "Max new tokens"
MAX_NEW_TOKENS_INFO = "Tokens per response"
WAITING_FOR_MODEL = "Waiting for the model"
NEXT_EXPORT = "Next: export"

# export tab
EXPORT_TITLE = "Export"
EXPORT_WORDS = "The adapter as a zip with a model card, in PEFT's format if PEFT supports it."
EXPORT_EMPTY = "There is no adapter to download yet. Train the demo on the Model tab."
DOWNLOAD = "Download the adapter"
SNIPPET_LABEL = "Python code"
IMPORT_TITLE = "Import an adapter"
IMPORT_WORDS = (
    "An (IA)³ adapter from PEFT or IA3 Studio: a zip, a verdict page, or its config (.json) and weights (.safetensors)."
)
IMPORT_UPLOAD = "Zip, verdict page, or config and weights"


def unused_as(column: str, part: str) -> str:
    """Return what is offered for a column that is not used, such as "title as context"."""
    return f"{column} {_PARTS[part]}"


def demo_facts(model: str, size_mb: float, cached: bool, time: str) -> tuple[tuple[str, str], ...]:
    """Return what one click on the demo will do; the time is that of 2 CPU cores if this computer's is not known."""
    download = "already downloaded" if cached else f"{size_mb:.0f} MB, downloaded once"
    return (
        ("Model", f"{model} ({download})"),
        ("Data", f"{STARTER_DATA}: 200 short answers"),
        ("Parameters", "57,600 trainable, 0.04 % of the model"),
        ("Time", f"{time} on this computer" if time else "1 to 4 minutes on 2 CPU cores"),
        ("Result", "an adapter to chat with, next to the base model"),
    )


OUT_OF_MEMORY = "Out of memory; close other programs, or choose a smaller model or shorter texts."


def unexpected(number: str) -> str:
    """Return the message for an error that only a developer can fix."""
    return f"An unexpected error occurred (id {number}); the app's log has the details under this id."


def model_in_use(source: str) -> str:
    """Return the note that a model was read, and where to continue."""
    return f"{source} is in use; its layers are on the Modules tab."


def reading(source: str) -> str:
    """Return the note that the layers of a model are being read."""
    return f"Reading the layers of {source} …"


def loading(source: str) -> str:
    """Return the note that a model is being loaded."""
    return f"Loading {source} …"


def rows_file(rows: int) -> str:
    """Return the label of the file of used rows."""
    return f"{plural(rows, 'row')} (JSON Lines)"


def left_out_file(rows: int) -> str:
    """Return the label of the file of skipped rows."""
    return f"{plural(rows, 'skipped row')} (CSV)"


def hub_found(hub_id: str, configurations: int) -> str:
    """Return the note on a data set found on the Hub."""
    return f"'{hub_id}' has {plural(configurations, 'configuration')}; choose the rows to load."


def hub_taken(hub_id: str) -> str:
    """Return the note that rows of a data set were downloaded."""
    return f"Rows of '{hub_id}' were downloaded to this computer."


def settings_of(name: str) -> str:
    """Return the note that the tabs show the settings of a run."""
    return f"The tabs show the model, target modules, data and settings of {name}; edit them and start."


def sweep_started(count: int, tag: str) -> str:
    """Return the note that runs were queued."""
    return f"{plural(count, 'run')} queued" + (f" with the tag {tag}." if count > 1 else ".")


def not_numbers(label: str, given: str) -> str:
    """Return the error for a field that is not a list of numbers."""
    return (
        f"{label} are {given[:40]!r}, which is not a list of numbers; enter numbers separated by commas, such as 0.003,"
        " 0.01."
    )


def deleted_run(name: str) -> str:
    """Return the note that a run was moved to the trash."""
    return f"{name} was moved to the trash and can be restored from there."


def restored_run(name: str) -> str:
    """Return the note that a run was restored."""
    return f"{name} was restored."


def usage_of(memory: int, cpu: float, gpu_memory: int, gpus: float) -> str:
    """Return the resources that a worker uses."""
    on_gpu = f", {gpu_memory / 1e9:.1f} GB of GPU memory, {gpus:.1f} GPUs" if gpu_memory else ""
    return f"{memory / 1e9:.2f} GB, {cpu:.1f} cores{on_gpu}"


def process_name(rank: int, host: str) -> str:
    """Return the name of one of several processes; without a host where all are on one."""
    return f"Process {rank}{f' on {host}' if host else ''}"


def snapshot_label(step: int, number: int, snapshots: int) -> str:
    """Return the label of the replay slider: which snapshot is drawn; ``number`` counts from 1."""
    return f"{REPLAY}: step {step:,}, snapshot {number:,} of {snapshots:,}"


def plural(count: int, thing: str) -> str:
    """Return '1 row' or '1,200 rows'.

    Example:
        >>> plural(1, "row"), plural(1200, "row")
        ('1 row', '1,200 rows')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def empty_field(label: str) -> str:
    """Return the error for an empty number field."""
    return f"{label} is empty; enter a number."


def run_name(data: str) -> str:
    """Return the default name of a run."""
    stem = data.replace("\\", "/").rpartition("/")[2].rpartition(".")
    return f"{(stem[0] or stem[2]).capitalize()} run"


def run_label(run_id: str, name: str) -> str:
    """Return the label of a run in a list: its name and the time of its creation."""
    return f"{name} · {run_id[4:6]}-{run_id[6:8]} {run_id[9:11]}:{run_id[11:13]}"


def vectors(number: int, numbers: int) -> str:
    """Return the size of a selection: '57,600 parameters in 90 vectors'."""
    return f"{plural(numbers, 'parameter')} in {plural(number, 'vector')}"


def short_source(source: str) -> str:
    """Return the last component of a local path; a Hub id stays unchanged."""
    return source.replace("\\", "/").rstrip("/").rpartition("/")[2] if source.startswith(("/", "~", ".")) else source


def data_name(data: str) -> str:
    """Return the name of the data in use."""
    return STARTER_NAMES.get(data) or data.replace("\\", "/").rpartition("/")[2]


def selected_sites(number: int, numbers: int) -> str:
    """Return the note on what a selection matched."""
    return f"Selected: {vectors(number, numbers)}."


def not_in_tree(name: str, side: str) -> str:
    """Return the error for a selection of a site that has no row in the tree."""
    return (
        f"This selection scales the {side} side of {name}, which has no row in the layer tree; choose another module,"
        " or use this selection in Python."
    )


def sites_without_effect(names: list[str]) -> str:
    """Return the error for selected modules that do not affect the model's output."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"The output of the model does not depend on {', '.join(names[:3])}{more}, so nothing would be trained there;"
        " deselect it on the Modules tab or choose a preset."
    )


def suggested(rate: float) -> str:
    """Return the note on the learning rate that was found, and what it does not guarantee."""
    return (
        f"Learning rate set to {rate:g}, the smallest rate that reduces the loss nearly as much as the best one. A full"
        " run may need a lower rate."
    )


def trial(found: Trial) -> tuple[str, str, str]:
    """Return a few steps at one learning rate as a table row."""
    after = "NaN or infinite" if found.after is None else f"{found.after:.3f}"
    return f"{found.learning_rate:g}", f"{found.before:.3f}", after


def step_note(step: int, note: str) -> str:
    """Return the note of a step."""
    return f"Step {step:,}: {note}"


def resumed(name: str) -> str:
    """Return the note that a run was resumed."""
    return f"“{name}” resumed from its last checkpoint."


def started(name: str) -> str:
    """Return the note that a run was started."""
    return f"“{name}” was started. You can close this page; the run continues."


def before_after(before: float | None, after: float | None) -> str:
    """Return the held-out loss before and after training, in nats per token."""
    return f"{before:.3f} → {after:.3f}" if before is not None and after is not None else "–"


def outcome(record: RunRecord) -> str:
    """Return what an ended run came to, to follow its last message; empty if that is unknown."""
    if record.base is not None and record.tuned is not None:
        result = f"held-out {record.measure.lower()} {before_after(record.base, record.tuned)}"
    elif record.base_loss is not None and record.loss is not None:
        result = f"held-out loss {before_after(record.base_loss, record.loss)}"
    else:
        return ""
    return f"; {result}" + (f" ({record.verdict})" if record.verdict else "")


def measured_on(held_out: int, neutral: int, written: int = 0) -> str:
    """Return how much text base and tuned model were evaluated on."""
    others = ((written, "sample generation"), (neutral, "neutral paragraph"))
    return ", ".join([plural(held_out, "held-out row"), *(plural(number, what) for number, what in others if number)])


def errors_caption(kinds: int, shown: int) -> str:
    """Return the caption of the most frequent errors of the tuned model."""
    if kinds <= shown:
        return "Errors of the tuned model"
    return f"Errors of the tuned model: the {shown} most frequent of {kinds:,} kinds"


def import_name(base_model: str, folder: str) -> str:
    """Return the name of an imported adapter."""
    return f"Adapter {folder[:6]} for {base_model.rpartition('/')[2] or 'an unknown model'}"


def imported(base_model: str) -> str:
    """Return the note that an adapter was imported."""
    base = base_model[:200] or "not named in its files"
    return f"Imported; its base model is {base}. The adapter is now selected on every tab."


def upload_limit_reached(most: int) -> str:
    """Return the error for a visitor who has reached the upload limit."""
    return f"You have reached the upload limit of {most / 2**20:,.0f} MB per day; try again tomorrow."


def too_long(most: int) -> str:
    """Return the error for a text that is longer than its field allows."""
    return f"The text exceeds the limit of its field ({most:,} characters); shorten it."


def imported_without_model(base_model: str, why: str) -> str:
    """Return the note that an adapter was imported whose base model is not available."""
    return f"Imported; its scales can be inspected. {why} The adapter names {base_model[:200]!r} as its base model."


def adapter_facts(card: CardFacts, size: int) -> tuple[tuple[str, str], ...]:
    """Return names and values of the known facts about an adapter; ``size`` is the size of the zip in bytes."""
    both = before_after(card.held_out_before, card.held_out_after)
    losses = f"{both}{card.taken_at}" if card.held_out_after else ""
    rows = (
        ("Adapter", card.name),
        ("Base model", card.base_model or "unknown"),
        (PLAN_TRAINED, vectors(card.vectors, card.trainable_parameters)),
        ("Steps", f"{card.steps:,}" if card.steps else ""),
        ("Held-out loss", losses),
        ("Data", card.data),
        ("Zip", f"{size / 1000:,.0f} kB"),
    )
    return tuple((name, value) for name, value in rows if value)


def snippets(programs: Sequence[tuple[str, str]]) -> str:
    """Return programs, each below a line that names the library it uses."""
    return "\n".join(f"# With {name}\n{program}" for name, program in programs)


def not_for_peft(reason: str) -> str:
    """Return the note on an adapter that PEFT cannot load."""
    return f"PEFT cannot load this adapter: {reason} Import the zip in IA3 Studio, or load it as shown below."


def import_label(name: str) -> str:
    """Return the note that an imported adapter is selected."""
    return f"{name} (imported)"


def chat_with(name: str, model: str) -> str:
    """Return the note on which adapter responds."""
    return f"The tuned model is {short_source(model)} with the adapter of “{name}”."


def classify_with(name: str, model: str) -> str:
    """Return the note that the adapter is a classifier."""
    return f"The adapter of “{name}” turns {short_source(model)} into a classifier; classify an input below."


def chat_without_adapter(name: str, model: str) -> str:
    """Return the note that the run has no adapter yet."""
    return f"“{name}” has no adapter yet; until then, only the base model ({short_source(model)}) responds."


def chat_without_run(model: str) -> str:
    """Return the note on how to get a tuned model."""
    return (
        f"No run yet, so only the base model ({short_source(model)}) responds. Train the demo on the Model tab to"
        " compare it with a tuned model."
    )


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
