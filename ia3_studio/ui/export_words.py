"""The strings of the further exports: scripts, merged models, and the Hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ia3_studio.ui.model_words import size as size_of
from ia3_studio.ui.text import plural

if TYPE_CHECKING:
    from ia3_studio.export.gguf_file import GgufExport
    from ia3_studio.export.merged import MergedExport

TITLE = "More exports"
WORDS = "The run as code or settings, and the merged model."
SCRIPT, NOTEBOOK, SETTINGS = "Download script", "Download notebook", "Download settings"
COMMAND_LABEL = "Command line"
COMMAND = "python -m ia3_studio train {file}"
MERGED_TITLE = "Merged model"
MERGED_WORDS = (
    "Writes a copy of the model with the scales merged into its weights, reloads it if memory holds it and compares its"
    " logits with those of the tuned model. Use safetensors wherever the base model is loaded, and GGUF with llama.cpp."
)
FORMATS = {"safetensors": "safetensors", "f16": "GGUF F16", "q8_0": "GGUF Q8_0"}
MERGED_FORMAT = "Format"
MERGED_FOLDER = "Output folder"
MERGED_TEXTS, MERGED_TEXTS_INFO = "Prompts for the comparison", "One per line; empty: built-in prompts"
MERGE = "Write the merged model"
NO_FOLDER = "The output folder is empty; enter the folder for the merged model."
NOT_IN_A_SPACE = "Merged models cannot be written in a Space; download the adapter and merge it on your computer."


def sizes(weights: int, bytes_each: dict[str, float], seconds: float) -> str:
    """Return the size of a merged model in each format, and about how long writing it takes."""
    each = ", ".join(f"{size_of(weights * size)} as {FORMATS[kind]}" for kind, size in bytes_each.items())
    return f"About {each}; takes about {plural(max(1, round(seconds / 60)), 'minute')} on 2 CPU cores."


_UNCOMPARED = "Its logits were not compared with the tuned model's: {reason}."
_WHOLE = "The whole model was loaded for it: {reason}."


def rounded(made: GgufExport) -> str:
    """Return the note on a GGUF file and how it compares with the tuned model."""
    said = f"Written to {made.path}: {size_of(made.bytes)}."
    if made.largest_difference is None or made.same_token is None:
        said += f" {_UNCOMPARED.format(reason=made.uncompared)}"
    else:
        said += (
            f" Reloaded with transformers, it predicts the same next token at {made.same_token:.0%} of the positions of"
            f" {plural(made.texts, 'prompt')}; its logits differ from the tuned model's by at most"
            f" {made.largest_difference:.1e}."
        )
    return said + (f" {_WHOLE.format(reason=made.whole)}" if made.whole else "")


def written(made: MergedExport) -> str:
    """Return the note on a merged model and how it compares with the tuned model."""
    once = "" if made.format == "float32" else ", rounded once"
    said = f"Written to {made.folder}: {size_of(made.bytes)} in {made.format}{once}."
    if made.largest_difference is None:
        said += f" {_UNCOMPARED.format(reason=made.uncompared)}"
    else:
        said += (
            f" Reloaded, its logits differ from the tuned model's by at most {made.largest_difference:.1e} on"
            f" {plural(made.texts, 'prompt')}."
        )
    return said + (f" {_WHOLE.format(reason=made.whole)}" if made.whole else "")


HUB_TITLE = "Push to the Hugging Face Hub"
HUB_WORDS = (
    "Uploads the adapter, its model card and both figures to a repository of yours, which is private by default."
    " Pushing again adds a commit."
)
REPOSITORY, REPOSITORY_INFO = "Repository", "name, or organization/name; created if it does not exist"
TOKEN = "Access token"
TOKEN_INFO = (
    "A token with write permission from huggingface.co/settings/tokens. It is sent to the Hub and not stored. Empty:"
    " HF_TOKEN or the login of this computer"
)
PUBLIC_REPOSITORY = "Public repository"
PUSH = "Push to the Hub"
SIGN_IN_BUTTON = "Sign in with Hugging Face"
SIGN_IN = "You are not signed in; sign in with Hugging Face above and push again."
NEEDS_TOKEN = (
    "No access token was found; create one with write permission at huggingface.co/settings/tokens and enter it."
)
PRIVATE, PUBLIC = "private", "public"


def pushed(address: str, files: int, size: int, visibility: str) -> str:
    """Return the note on what was pushed to the Hub."""
    return f"Pushed to {address}: {plural(files, 'file')}, {size / 1e6:,.1f} MB; the repository is {visibility}."
