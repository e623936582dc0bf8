"""Which fields of the page define a run? One dataclass, converted to a run's configuration and back."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from ia3_studio.data.load import DataChoice
from ia3_studio.models.sharding_plan import Sharding
from ia3_studio.runs import RunConfig
from ia3_studio.runs.trackers import require_sink
from ia3_studio.training import TrainConfig
from ia3_studio.training.config import BackwardDtype, LongRows, LossType, Optimizer
from ia3_studio.ui import text
from ia3_studio.ui.forms import labeled

if TYPE_CHECKING:
    from ia3_studio.method import Selection

DEFAULTS = TrainConfig()


@dataclass(frozen=True)
class RunForm:
    """The values of all fields of the page that define a run.

    Those that are named as a field of :class:`~ia3_studio.training.TrainConfig` are its settings; where that has None
    for "off", the form has 0.
    """

    model: str = field(default="", metadata=labeled(text.MODEL_LABEL))
    data: str = field(default="", metadata=labeled(text.DATA_LABEL))
    """A source, or a source with its parsing options (:meth:`~ia3_studio.data.load.DataChoice.to_text`)."""
    selected_rows: str = field(default="", metadata=labeled(text.MODULES_TITLE))
    """Selected rows of the layer tree (:func:`~ia3_studio.ui.components.tree_rows.encode_rows`)."""
    held_out: float = field(default=0.1, metadata=labeled(text.HELD_OUT))
    name: str = field(default="", metadata=labeled(text.RUN_NAME))
    """Empty: named after the data."""
    learning_rate: float = field(default=DEFAULTS.learning_rate, metadata=labeled(text.LEARNING_RATE))
    epochs: float = field(default=DEFAULTS.epochs, metadata=labeled(text.EPOCHS))
    batch_size: int = field(default=DEFAULTS.batch_size, metadata=labeled(text.BATCH_SIZE))
    max_length: int = field(default=DEFAULTS.max_length, metadata=labeled(text.MAX_LENGTH))
    seed: int = field(default=DEFAULTS.seed, metadata=labeled(text.SEED))
    warmup_ratio: float = field(default=DEFAULTS.warmup_ratio, metadata=labeled(text.WARMUP_RATIO))
    max_grad_norm: float = field(default=DEFAULTS.max_grad_norm, metadata=labeled(text.MAX_GRAD_NORM))
    decay_to_one: float = field(default=DEFAULTS.decay_to_one, metadata=labeled(text.DECAY_TO_ONE))
    eval_steps: int = field(default=DEFAULTS.eval_steps, metadata=labeled(text.EVAL_STEPS))
    micro_batch_tokens: int = field(default=DEFAULTS.micro_batch_tokens, metadata=labeled(text.MICRO_BATCH_TOKENS))
    backward_dtype: BackwardDtype = field(default=DEFAULTS.backward_dtype, metadata=labeled(text.BACKWARD_DTYPE))
    optimizer: Optimizer = field(default=DEFAULTS.optimizer, metadata=labeled(text.OPTIMIZER))
    max_steps: int = field(default=0, metadata=labeled(text.MAX_STEPS))
    early_stopping_patience: int = field(default=0, metadata=labeled(text.PATIENCE))
    keep_best: bool = field(default=DEFAULTS.keep_best, metadata=labeled(text.KEEP_BEST))
    long_rows: LongRows = field(default=DEFAULTS.long_rows, metadata=labeled(text.LONG_ROWS_LABEL))
    sample_generations: int = field(default=DEFAULTS.sample_generations, metadata=labeled(text.SAMPLE_GENERATIONS))
    loss_type: LossType = field(default=DEFAULTS.loss_type, metadata=labeled(text.LOSS_TYPE))
    beta: float = field(default=DEFAULTS.beta, metadata=labeled(text.BETA))
    label_smoothing: float = field(default=DEFAULTS.label_smoothing, metadata=labeled(text.LABEL_SMOOTHING))
    sft_weight: float = field(default=DEFAULTS.sft_weight, metadata=labeled(text.SFT_WEIGHT))
    desirable_weight: float = field(default=DEFAULTS.desirable_weight, metadata=labeled(text.DESIRABLE_WEIGHT))
    undesirable_weight: float = field(default=DEFAULTS.undesirable_weight, metadata=labeled(text.UNDESIRABLE_WEIGHT))
    report_to: str = field(default="", metadata=labeled(text.REPORT_TO))
    """Experiment tracker; empty for none."""
    processes: int = field(default=0, metadata=labeled(text.PROCESSES))
    """Processes that share each batch; 0 is one per GPU."""
    sharding: Sharding = field(default="auto", metadata=labeled(text.SHARDING))
    compute: str = field(default="local", metadata=labeled(text.COMPUTE))
    ray_address: str = field(default="", metadata=labeled(text.RAY_ADDRESS))
    node_cpus: float = field(default=1.0, metadata=labeled(text.NODE_CPUS))
    node_gpus: float = field(default=0.0, metadata=labeled(text.NODE_GPUS))
    node_memory: float = field(default=0.0, metadata=labeled(text.NODE_MEMORY))


CLUSTER = ("compute", "ray_address", "node_cpus", "node_gpus", "node_memory")
"""Fields on where a run is trained, with the names that they have in its settings."""
SETTINGS = tuple(each.name for each in fields(TrainConfig) if each.name in RunForm.__dataclass_fields__)
"""Training settings that the form has."""


def config_of(form: RunForm, selection: Selection | str) -> RunConfig:
    """Return a form's values as a run's configuration.

    Args:
        selection: the sites of the selected rows.

    Raises:
        TrainingError: a setting is out of its range.
        RunError: another value is out of its range, or the tracker is not installed.
    """
    if form.report_to:
        require_sink(form.report_to)
    choice = DataChoice.from_text(form.data)
    return RunConfig(
        name=form.name.strip() or text.run_name(choice.source),
        model=form.model,
        data=choice.source,
        selection=selection,
        train=TrainConfig(**{name: _setting(name, getattr(form, name)) for name in SETTINGS}),
        held_out=form.held_out,
        mapping=choice.mapping,
        parsing=choice.parsing,
        report_to=form.report_to,
        processes=form.processes,
        sharding=form.sharding,
        **{name: getattr(form, name) for name in CLUSTER},
    )


def _setting(name: str, given: Any) -> Any:
    return given or None if getattr(DEFAULTS, name) is None else given


def form_of(config: RunConfig, selected_rows: str, source: str | None = None) -> RunForm:
    """Return a run's configuration as the values of the form.

    Args:
        selected_rows: the selected rows of the layer tree.
        source: the current path of the data; None for the one in the configuration.
    """
    train = config.train
    settings: dict[str, Any] = {name: 0 if getattr(train, name) is None else getattr(train, name) for name in SETTINGS}
    return RunForm(
        model=config.model,
        data=config.choice(source).to_text(),
        selected_rows=selected_rows,
        held_out=config.held_out,
        name=config.name,
        report_to=config.report_to,
        processes=config.processes,
        sharding=config.sharding,
        **{name: getattr(config, name) for name in CLUSTER},
        **settings,
    )
