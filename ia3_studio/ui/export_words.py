"""What do the other ways out say?"""

from __future__ import annotations

TITLE = "Other ways out"
WORDS = "The run as something to repeat, and the model as a whole."
SCRIPT, NOTEBOOK, SETTINGS = "The run as a script", "The run as a notebook", "Its settings (JSON)"
COMMAND_LABEL = "The same run from a terminal"
COMMAND = "python -m ia3_studio train {file}"
MERGED_TITLE = "The whole model, merged"
MERGED_WORDS = (
    "The vectors go into a copy of the weights, which is read back and compared before it is left. As safetensors"
    " whatever loads the base model loads it; as one GGUF file llama.cpp and what builds on it do."
)
FORMATS = {"safetensors": "safetensors", "f16": "GGUF, f16", "q8_0": "GGUF, 8 bits"}
MERGED_FORMAT = "As"
MERGED_FOLDER = "Folder on this computer"
MERGED_TEXTS, MERGED_TEXTS_INFO = "Texts to compare on", "One a line; empty: some of ours"
MERGE = "Write the merged model"
NO_FOLDER = "No folder was given; write where the merged model should go."
NOT_HERE = "Merged models are not written in this Space; take the adapter and merge it at home."


def sizes(weights: int, bytes_each: dict[str, float], seconds: float) -> str:
    """Say how large a merged model becomes in each form, and how long that takes about."""
    each = ", ".join(f"{weights * size / 1e9:,.2f} GB as {FORMATS[kind]}" for kind, size in bytes_each.items())
    minutes = max(1, round(seconds / 60))
    return f"About {each}; it takes some {minutes} minute{'s' if minutes > 1 else ''} on two cores."


def rounded(path: str, size: int, difference: float, same: float, texts: int) -> str:
    """Say what was written as a GGUF file and how it was compared."""
    return (
        f"Written to {path}: {size / 1e9:.2f} GB. Read back by transformers, it finds the same next token likeliest at"
        f" {same:.0%} of the places of {texts} texts; its logits differ from the tuned model's by at most"
        f" {difference:.1e}."
    )


def written(folder: str, size: int, difference: float, texts: int, form: str) -> str:
    """Say what was written and how it was compared."""
    once = "" if form == "float32" else ", rounded to it once"
    return (
        f"Written to {folder}: {size / 1e9:.2f} GB in {form}{once}. Read back, its logits differ from the tuned"
        f" model's by at most {difference:.1e} on {texts} texts."
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
