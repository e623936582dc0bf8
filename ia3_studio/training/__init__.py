"""Training of the vectors: settings in, steps out."""

from ia3_studio.training.config import Step, TrainConfig

__all__ = ["Step", "TrainConfig"]
