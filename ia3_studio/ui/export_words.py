"""The strings of the export tab: more exports and the Hub."""

from __future__ import annotations

from ia3_studio.ui.text import plural

TITLE = "More exports"
WORDS = "The run as a script, notebook or settings file to reproduce it, and the merged model."
SCRIPT, NOTEBOOK, SETTINGS = "Download the script (Python)", "Download the notebook", "Download the settings (JSON)"
COMMAND_LABEL = "Command line"
COMMAND = "python -m ia3_studio train {file}"
MERGED_TITLE = "Merged model"
MERGED_WORDS = (
    "The scales are merged into a copy of the weights. The written model is loaded again and compared with the tuned"
    " model. Safetensors files load like the base model; a GGUF file loads in llama.cpp and tools based on it."
)
FORMATS = {"safetensors": "safetensors", "f16": "GGUF F16", "q8_0": "GGUF Q8_0"}
MERGED_FORMAT = "Format"
MERGED_FOLDER = "Output folder"
MERGED_TEXTS, MERGED_TEXTS_INFO = "Prompts for the comparison", "One per line; empty = built-in prompts"
MERGE = "Export the merged model"
NO_FOLDER = "The output folder is empty; give a new or empty folder for the merged model."
NOT_HERE = "Merged models are not available in this Space; download the adapter and merge it on your computer."


def sizes(weights: int, bytes_each: dict[str, float], seconds: float) -> str:
    """Return the estimated sizes and the estimated time of a merged model."""
    each = ", ".join(f"{weights * size / 1e9:,.2f} GB as {FORMATS[kind]}" for kind, size in bytes_each.items())
    minutes = max(1, round(seconds / 60))
    return f"Size: about {each}. Time: about {plural(minutes, 'minute')} on two cores."


def rounded(path: str, size: int, difference: float, same: float, texts: int) -> str:
    """Say where the GGUF file is and how it compares with the tuned model."""
    return (
        f"Exported to {path}: {size / 1e9:.2f} GB. Loaded with transformers, its most likely next token matches the"
        f" tuned model at {same:.0%} of the positions of {plural(texts, 'prompt')}; its logits differ by at most"
        f" {difference:.1e}."
    )


def written(folder: str, size: int, difference: float, texts: int, form: str) -> str:
    """Say where the merged model is and how it compares with the tuned model."""
    once = "" if form == "float32" else ", rounded once"
    return (
        f"Exported to {folder}: {size / 1e9:.2f} GB in {form}{once}. Loaded again, its logits differ from the tuned"
        f" model by at most {difference:.1e} on {plural(texts, 'prompt')}."
    )


HUB_TITLE = "Hugging Face Hub"
HUB_WORDS = (
    "Pushes the adapter, its model card and both figures to a repository of your account, private by default. Pushing"
    " again adds a commit."
)
REPOSITORY, REPOSITORY_INFO = "Repository", "name or organization/name; created if it does not exist"
TOKEN = "Access token"
TOKEN_INFO = (
    "With write access, from huggingface.co/settings/tokens. It is sent to the Hub once and not stored. Empty ="
    " HF_TOKEN or the login of this computer"
)
EVERYBODY = "Public repository"
PUSH = "Push to the Hub"
SIGN_IN_BUTTON = "Sign in with Hugging Face"
SIGN_IN = "You are not signed in; sign in with Hugging Face above and push again."
NEEDS_TOKEN = "No access token was found; create one with write access at huggingface.co/settings/tokens and enter it."
PRIVATE, PUBLIC = "private", "public"


def pushed(address: str, files: int, size: int, seen: str) -> str:
    """Say what was pushed to the Hub."""
    return f"Pushed to {address}: {plural(files, 'file')}, {size / 1e6:,.1f} MB, {seen}."
