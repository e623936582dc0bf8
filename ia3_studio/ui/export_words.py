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


HUB_TITLE = "To the Hugging Face hub"
HUB_WORDS = (
    "The adapter, its card and both drawings become a repository of yours, which only you see unless you say otherwise."
    " Pushed again, it is a new commit there."
)
REPOSITORY, REPOSITORY_INFO = "Repository", "name, or organisation/name; it is made where it is missing"
TOKEN = "Token that may write"
TOKEN_INFO = (
    "From huggingface.co/settings/tokens. It goes to the hub once and is kept nowhere. Empty: HF_TOKEN or the login of"
    " this computer"
)
EVERYBODY = "Everybody may see it"
PUSH = "Push to the hub"
SIGN_IN_BUTTON = "Sign in with Hugging Face"
SIGN_IN = "Nobody is signed in; sign in with Hugging Face above and push again."
NEEDS_TOKEN = "There is no token to push with: make one that may write at huggingface.co/settings/tokens and give it."
PRIVATE, PUBLIC = "only you can see it", "everybody can see it"


def pushed(address: str, files: int, size: int, seen: str) -> str:
    """Say what is on the hub now."""
    return f"On the hub: {address}, {files} files, {size / 1e6:,.1f} MB; {seen}."
