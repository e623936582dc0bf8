"""IA3 Studio: fine-tune any transformer with (IA)³, in the browser, in a notebook or from the command line.

The names below are imported when they are first used, so that ``import ia3_studio`` is light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ia3_studio.chat import ChatSettings, reply
    from ia3_studio.data.choices import ChoiceExample, tokenize_choices
    from ia3_studio.data.conversations import Message
    from ia3_studio.data.example import Example
    from ia3_studio.data.export_rows import export_rows
    from ia3_studio.data.findings import examine
    from ia3_studio.data.infer_columns import infer_columns
    from ia3_studio.data.labels import labels_of, tokenize_labels
    from ia3_studio.data.load import load_data, split_table
    from ia3_studio.data.mapping import Mapping
    from ia3_studio.data.other_readings import ways_to_read
    from ia3_studio.data.preference_rows import tokenize_judged, tokenize_pairs
    from ia3_studio.data.table import ParsingOptions, read_table
    from ia3_studio.data.targets import tokenize_targets
    from ia3_studio.data.token_preview import survey
    from ia3_studio.data.tokens import tokenize
    from ia3_studio.errors import StudioError
    from ia3_studio.insight.figures import length_figure
    from ia3_studio.insight.verdict import verdict
    from ia3_studio.method.adapter import Adapter
    from ia3_studio.method.heads import HeadedAttachment
    from ia3_studio.method.loading import load_adapter
    from ia3_studio.method.scaling import attach
    from ia3_studio.method.sites import Selection, Site
    from ia3_studio.method.tree import discover
    from ia3_studio.models.classifier import load_classifier
    from ia3_studio.models.load import load_model
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.tasks.classification import classify_text
    from ia3_studio.tasks.image_classification import classify_image
    from ia3_studio.tasks.preview import preview_run, preview_tokens
    from ia3_studio.tasks.task import task_class
    from ia3_studio.tasks.token_classification import tag_text
    from ia3_studio.training.checkpoint import load_checkpoint
    from ia3_studio.training.config import Step, TrainConfig
    from ia3_studio.training.evaluation import evaluate_language, finish
    from ia3_studio.training.preference_evaluation import evaluate_preferences
    from ia3_studio.training.train import train
    from ia3_studio.training.train_choices import train_choices

__version__ = "0.2.0"

__all__ = [
    "Adapter",
    "ChatSettings",
    "ChoiceExample",
    "Example",
    "HeadedAttachment",
    "Mapping",
    "Message",
    "ParsingOptions",
    "RunConfig",
    "Selection",
    "Site",
    "Step",
    "StudioError",
    "TrainConfig",
    "attach",
    "classify_image",
    "classify_text",
    "discover",
    "evaluate_language",
    "evaluate_preferences",
    "examine",
    "export_rows",
    "finish",
    "infer_columns",
    "labels_of",
    "length_figure",
    "load_adapter",
    "load_checkpoint",
    "load_classifier",
    "load_data",
    "load_model",
    "preview_run",
    "preview_tokens",
    "read_table",
    "reply",
    "split_table",
    "survey",
    "tag_text",
    "task_class",
    "tokenize",
    "tokenize_choices",
    "tokenize_judged",
    "tokenize_labels",
    "tokenize_pairs",
    "tokenize_targets",
    "train",
    "train_choices",
    "verdict",
    "ways_to_read",
]

_HOMES = {
    "Adapter": "method.adapter",
    "ChatSettings": "chat",
    "ChoiceExample": "data.choices",
    "Example": "data.examples",
    "HeadedAttachment": "method.heads",
    "Mapping": "data.examples",
    "Message": "data.conversations",
    "ParsingOptions": "data.table",
    "RunConfig": "runs.config",
    "Selection": "method.sites",
    "Site": "method.sites",
    "Step": "training.config",
    "StudioError": "errors",
    "TrainConfig": "training.config",
    "attach": "method.scaling",
    "classify_image": "tasks.image_classification",
    "discover": "method.tree",
    "evaluate_language": "training.evaluation",
    "evaluate_preferences": "training.preference_evaluation",
    "examine": "data.findings",
    "finish": "training.evaluation",
    "infer_columns": "data.infer_columns",
    "labels_of": "data.labels",
    "length_figure": "insight.figures",
    "load_adapter": "method.loading",
    "load_checkpoint": "training.checkpoint",
    "load_classifier": "models.classifier",
    "load_data": "data.load",
    "load_model": "models.load",
    "preview_run": "tasks.preview",
    "read_table": "data.table",
    "reply": "chat",
    "preview_tokens": "tasks.preview",
    "classify_text": "tasks.classification",
    "split_table": "data.load",
    "survey": "data.token_preview",
    "tag_text": "tasks.token_classification",
    "task_class": "tasks.task",
    "tokenize": "data.tokens",
    "tokenize_choices": "data.choices",
    "tokenize_judged": "data.preference_rows",
    "tokenize_labels": "data.labels",
    "tokenize_pairs": "data.preference_rows",
    "tokenize_targets": "data.targets",
    "train": "training.train",
    "train_choices": "training.train_choices",
    "verdict": "insight.verdict",
    "export_rows": "data.export_rows",
    "ways_to_read": "data.other_readings",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"ia3_studio.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ia3_studio' has no attribute {name!r}")
