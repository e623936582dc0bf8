"""Tasks: what depends on the kind of data and model, a file for each kind. Importing a file registers its tasks."""

from ia3_studio.tasks import (  # noqa: F401
    causal,
    classification,
    image_classification,
    multiple_choice,
    preferences,
    seq2seq,
    token_classification,
)
