"""What is a file that holds no rows, and what can be given in its place? By the ending of its name and its bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from ia3_studio.data.image_files import SUFFIXES as IMAGES
from ia3_studio.data.member_paths import member_path

GIVE = "a table (.csv, .tsv, .xlsx, .ods, .parquet), JSON (.json, .jsonl), text (.txt, .md, .html, .xml) or a .zip"
"""What is read, as far as most people have it."""
TEXT_WAY_OUT = "if it is text, choose a delimiter, or plain rows under Shape"
_DOCUMENT = "a document, which has no rows; save its table as .xlsx or .csv, or its text as .txt"
_PDF = "a PDF, which has no rows; save its table as .xlsx or .csv, or its text as .txt"
_SLIDES = "slides, which have no rows; save their text as .txt"
_IMAGE = "an image; give a .zip or a folder with a folder of images for each class"
_SOUND = "a recording; give its transcript as a table or as text"
_MODEL = "a model, not data; select it on the Model tab, and give the rows to train on here"
_OFFICE = "an old Office file; save it as .xlsx"
_ARRAY = "an array; save the table as Parquet"
EXPORT_TABLE = "export the table as CSV"
"""What to do with a database."""
_DATABASE = f"a database; {EXPORT_TABLE}"
_PROGRAM = "a program; give the data that it reads"

_BY_ENDING = {
    ".xls": "an old Excel workbook; save it as .xlsx", ".xlsb": "a binary workbook; save it as .xlsx",
    ".numbers": "a Numbers sheet; export it as .xlsx", ".pdf": _PDF,
    ".rar": "a RAR archive; give a .zip", ".7z": "a 7z archive; give a .zip",
    ".pkl": "a pickle, which can run code; save the table as Parquet", ".dta": "a Stata file; export it as CSV",
    ".sav": "an SPSS file; export it as CSV", ".rds": "an R file; export it as CSV",
    ".eml": "a single mail; give a folder or a zip of mails",
    ".jsonc": "JSON with comments; remove them and save it as .json", ".orc": "ORC; save the table as Parquet",
    ".avro": "Avro; save the table as Parquet", ".h5": "HDF5; save the table as Parquet",
    ".ics": "a calendar; export it as CSV", ".vcf": "contacts; export them as CSV",
    ".ipynb": "a notebook; export the data that it makes as CSV or JSON",
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf", ".pages"), _DOCUMENT),
    **dict.fromkeys((".ppt", ".pptx", ".odp", ".key"), _SLIDES),
    ".mdb": _DATABASE, ".accdb": _DATABASE,
    **dict.fromkeys((".npy", ".npz"), _ARRAY),
    **dict.fromkeys((*IMAGES, ".heic", ".svg", ".avif"), _IMAGE),
    **dict.fromkeys((".mp3", ".wav", ".flac", ".m4a", ".ogg", ".mp4", ".mov", ".mkv", ".webm", ".avi"), _SOUND),
    **dict.fromkeys((".exe", ".dll", ".dmg", ".apk", ".jar", ".msi"), _PROGRAM),
}  # fmt: skip
_WEIGHTS = (".safetensors", ".gguf", ".pt", ".pth", ".ckpt", ".onnx", ".bin")
_BY_FIRST_BYTES = (
    (b"%PDF", _PDF), (b"\x89PNG", _IMAGE), (b"\xff\xd8\xff", _IMAGE), (b"GIF8", _IMAGE), (b"GGUF", _MODEL),
    (b"SQLite format 3", _DATABASE), (b"\xd0\xcf\x11\xe0", _OFFICE),
    (b"Rar!", _BY_ENDING[".rar"]), (b"7z\xbc\xaf", _BY_ENDING[".7z"]), (b"ID3", _SOUND), (b"\x93NUMPY", _ARRAY),
)  # fmt: skip
_PACKED_PARTS = {"word/document.xml": _DOCUMENT, "ppt/presentation.xml": _SLIDES}
_PAGES_OF_TEXT = frozenset((".json", ".txt", ".md", ".model", ".jinja", ".py", ""))
"""Endings of what stands beside the weights of a model."""


def refused_kind(suffix: str, data: bytes) -> str:
    """Return what a file is that is not read, and what to do; empty for any other, which may be text.

    Args:
        suffix: the ending of its name in lower case.
        data: its bytes.

    Example:
        >>> refused_kind(".xlsb", b"PK")
        'a binary workbook; save it as .xlsx'
    """
    told = _IMAGE if data[8:12] == b"WEBP" else kind_by_first_bytes(data)
    if told and not (suffix in _BY_ENDING and told == _OFFICE):  # .doc says more than that it is of Office
        return told
    if suffix in _BY_ENDING:
        return _BY_ENDING[suffix]
    return _MODEL if suffix in _WEIGHTS and b"\0" in data[:4000] else ""


def kind_by_first_bytes(data: bytes) -> str:
    """Return what a file is by its first bytes, whatever its name says; empty where these say nothing."""
    if data.startswith(b"PK"):
        parts = ((b"word/document", _DOCUMENT), (b"ppt/presentation", _SLIDES))
        return next((kind for mark, kind in parts if mark in data), "")
    return next((kind for mark, kind in _BY_FIRST_BYTES if data.startswith(mark)), "")


def refused_members(paths: Iterable[str]) -> str:
    """Return what files are together that hold no rows: an office document, a model, or images; else nothing."""
    files = [member_path(path) for path in paths]
    for part, kind in _PACKED_PARTS.items():
        if PurePosixPath(part) in files:
            return kind
    weights = next((file for file in files if file.suffix.lower() in _WEIGHTS), None)
    if weights and all(file.suffix.lower() in {*_WEIGHTS, *_PAGES_OF_TEXT} for file in files):
        return _MODEL
    images = sum(file.suffix.lower() in IMAGES for file in files)
    if images > 1 and images == len(files):
        return f"{images:,} images without a folder for each class; put those of each class into a folder of its name"
    return ""
