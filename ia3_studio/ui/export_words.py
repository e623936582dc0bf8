"""What do the other ways out say?"""

from __future__ import annotations

TITLE = "Other ways out"
WORDS = "The run as something to repeat, and the model as a whole."
SCRIPT, NOTEBOOK, SETTINGS = "The run as a script", "The run as a notebook", "Its settings (JSON)"
COMMAND_LABEL = "The same run from a terminal"
COMMAND = "python -m ia3_studio train {file}"
MERGED_TITLE = "The whole model, merged"
MERGED_WORDS = (
    "The vectors go into a copy of the weights, saved as safetensors with its tokenizer: whatever loads the base model"
    " loads it. It takes as much disk as the base model takes memory, and is read back and compared before it is left."
)
MERGED_FOLDER = "Folder on this computer"
MERGED_TEXTS, MERGED_TEXTS_INFO = "Texts to compare on", "One a line; empty: some of ours"
MERGE = "Write the merged model"
NO_FOLDER = "No folder was given; write where the merged model should go."
NOT_HERE = "Merged models are not written in this Space; take the adapter and merge it at home."


def written(folder: str, size: int, difference: float, texts: int) -> str:
    """Say what was written and how it was compared."""
    return (
        f"Written to {folder}: {size / 1e9:.2f} GB. Read back, its logits differ from the tuned model's by at most"
        f" {difference:.1e} on {texts} texts."
    )
