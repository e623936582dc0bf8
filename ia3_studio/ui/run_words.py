"""Which words name the settings of a run, its facts and the bar above the tabs?"""

from __future__ import annotations

# settings, as labeled on the Train tab and named in errors
NAME = "Name"
LEARNING_RATE = "Learning rate"
EPOCHS = "Epochs"
BATCH_SIZE = "Batch size"
MICRO_TOKENS = "Micro-batch tokens"
MAX_LENGTH = "Max length"
SEED = "Seed"
WARMUP = "Warmup ratio"
MAX_GRAD_NORM = "Max gradient norm"
DECAY = "Decay towards 1"
EVALUATION_STEPS = "Evaluation steps"
BACKWARD = "Backward dtype"
OPTIMIZER = "Optimizer"
MAX_STEPS = "Max steps"
PATIENCE = "Early stopping patience"
LONG_ROWS = "Long rows"
SAMPLE_GENERATIONS = "Sample generations"

# facts of the model, of a planned run and of the selected run
ARCHITECTURE, PARAMETERS, LAYERS, LINEAR_LAYERS, DEVICE = (
    "Architecture",
    "Parameters",
    "Layers",
    "Linear layers",
    "Device",
)
MODEL, TRAINABLE, DATA = "Model", "Trainable parameters", "Data"
STATE, RUN_ID, FOLDER, RESOURCES = "State", "Run ID", "Folder", "Resources"

# the bar above the tabs and the list of runs
RUN = "Run"
RUN_INFO = "Run or adapter shown on all tabs"
PROGRESS = "Run progress"
NOTIFY = "Notify when done"
STOP, STOPPING = "Stop", "Stopping…"
RUNS_CAPTION = "Runs, newest first"
RUN_COLUMNS = ("State", "Name", "Model", "Steps", "Held-out loss", "Time", "Started")

# comparison
HELD_OUT_LOSS = "held-out loss"
RATES_EXAMPLE, EPOCHS_EXAMPLE, SEEDS_EXAMPLE = "0.003, 0.01, 0.03", "1, 2", "0, 1, 2"


def layers(count: int, width: int) -> str:
    """Return the size of a model.

    Example:
        >>> layers(30, 576)
        '30, hidden size 576'
    """
    return f"{count}, hidden size {width}"


def unknown_cost(given: str) -> str:
    """Return the error for an X axis that is not in the list."""
    return f"The X axis cannot be {given[:40]!r}; choose one from the list."
