"""Which rows are in a Parquet or Arrow file, or in a folder of save_to_disk? With the class names of `datasets`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ia3_studio.data.archives import require_room
from ia3_studio.data.class_names import namer_of
from ia3_studio.data.decode import find_encoding
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found
from ia3_studio.data.problem import clause
from ia3_studio.data.split_names import SPLIT
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SAVED_STATE, SAVED_SPLITS, SAVED_INFO = "state.json", "dataset_dict.json", "dataset_info.json"
"""Files by which a folder of ``Dataset.save_to_disk`` and one of ``DatasetDict.save_to_disk`` are known."""


def read_parquet(name: str, data: bytes) -> Found:
    """Read a Parquet file.

    Raises:
        DataError: it is damaged, or too large once it is unpacked.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(io.BytesIO(data))
        groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
        require_room(f"{name}, unpacked,", sum(group.total_byte_size for group in groups))
        table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{name} cannot be read as Parquet: {clause(error)}.") from error
    return Found(frame_of(table), "Parquet", notes=_notes_on_bytes(table))


def read_arrow(name: str, data: bytes) -> Found:
    """Read an Arrow file: the streaming format that `datasets` writes, or the file format (Feather).

    Raises:
        DataError: it is damaged, or too large once it is unpacked.
    """
    table = _arrow_table(name, data)
    return Found(frame_of(table), "Arrow", notes=_notes_on_bytes(table))


def read_saved(name: str, members: Mapping[str, bytes]) -> Found | None:
    """Read a folder that ``save_to_disk`` wrote, of one data set or of one for each split; None for another folder.

    Raises:
        DataError: a file of it is missing or damaged.
    """
    folders = sorted(member_path(path).parent for path in members if member_path(path).name == SAVED_STATE)
    if not folders:
        return None
    import pandas as pd

    frames = []
    for folder in folders:
        tables = [_member(name, folder / file, members) for file in _saved_files(name, folder, members)]
        beside = members.get(str(folder / SAVED_INFO), b"")
        frame = pd.concat([frame_of(table, beside) for table in tables], ignore_index=True)
        frames.append(frame if len(folders) == 1 else frame.assign(**{SPLIT: folder.name}))
    joined = pd.concat(frames, ignore_index=True)
    of = f" of the splits {', '.join(folder.name for folder in folders)}" if len(folders) > 1 else ""
    return Found(joined.set_axis(range(1, len(joined) + 1), axis=0), f"folder of save_to_disk{of}")


def frame_of(table: pa.Table, beside: bytes = b"") -> pd.DataFrame:
    """Return a table with its class numbers as class names; every column is kept, also one that pandas used as index.

    Integers beside missing values stay integers.

    Args:
        table: with what `datasets` records of its columns.
        beside: the same in a file next to it, for a table that was written without.
    """
    frame = _with_texts(table).to_pandas(ignore_metadata=True, integer_object_nulls=True)
    for column, name_of in (_class_names(table.schema) or _names_in(beside, ())).items():
        if column in frame.columns:
            frame[column] = frame[column].map(name_of)
    return frame.set_axis(range(1, len(frame) + 1), axis=0)


def _with_texts(table: pa.Table) -> pa.Table:
    """Return a table whose columns of bytes are texts where nearly all their bytes are valid UTF-8; others are empty.

    Texts in another encoding are read in it; columns of images stay as they are.
    """
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if _holds_bytes(field):
            try:
                texts = table.column(place).cast(pa.large_string())
            except pa.ArrowInvalid:
                cells = table.column(place).to_pylist()
                if _wrong_bytes(cells):
                    texts = pa.array([cell if _is_text(cell) else None for cell in cells]).cast(pa.large_string())
                elif codec := _codec_of(field.name, cells):
                    texts = pa.array([cell and cell.decode(codec, "replace") for cell in cells], pa.large_string())
                else:
                    continue
            table = table.set_column(place, field.name, texts)
    return table


def _holds_bytes(field: pa.Field) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type))


def _notes_on_bytes(table: pa.Table) -> tuple[str, ...]:
    """Return a note for each column of texts some of whose bytes are no UTF-8."""
    held = [(place, field.name) for place, field in enumerate(table.schema) if _holds_bytes(field)]
    counts = {name: _wrong_bytes(table.column(place).to_pylist()) for place, name in held}
    return tuple(
        f"The column {name} has {count:,} texts with bytes that are not valid UTF-8; they are read as empty."
        for name, count in counts.items()
        if count
    )


def _codec_of(name: str, cells: Sequence[bytes | None]) -> str:
    """Return the encoding of bytes that are texts in another one than UTF-8; empty where they are no texts."""
    try:
        return find_encoding(name, b"\n".join(cell or b"" for cell in cells[:_LOOKED_AT])).codec
    except DataError:
        return ""


_LOOKED_AT = 200


def _wrong_bytes(cells: Sequence[bytes | None]) -> int:
    """Return how many cells of a column of texts are no UTF-8; 0 where so many are not that it holds no texts."""
    wrong = sum(not _is_text(cell) for cell in cells)
    return wrong if wrong <= _MOST_WRONG * len(cells) else 0


_MOST_WRONG = 0.1


def _is_text(cell: bytes | None) -> bool:
    try:
        return cell is None or isinstance(cell.decode(), str)
    except UnicodeDecodeError:
        return False


def _arrow_table(name: str, data: bytes) -> pa.Table:
    import pyarrow as pa

    try:
        buffer = pa.py_buffer(data)
        is_file = data[:6] == b"ARROW1"
        batches = pa.ipc.open_file(buffer) if is_file else pa.ipc.open_stream(buffer)
        found: list[Any] = []
        size = 0
        for batch in (batches.get_batch(at) for at in range(batches.num_record_batches)) if is_file else batches:
            size += batch.nbytes
            require_room(f"{name}, unpacked,", size)
            found.append(batch)
        return pa.Table.from_batches(found, batches.schema)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{name} cannot be read as Arrow: {clause(error)}.") from error


def _saved_files(name: str, folder: PurePosixPath, members: Mapping[str, bytes]) -> Sequence[str]:
    try:
        state = json.loads(members[str(folder / SAVED_STATE)])
        files = [str(each["filename"]) for each in state["_data_files"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{folder / SAVED_STATE} in {name} cannot be read; save the data set again.") from error
    if not files:
        raise DataError(f"{name} contains no rows; give a data set with at least two.")
    return files


def _member(name: str, path: PurePosixPath, members: Mapping[str, bytes]) -> pa.Table:
    if str(path) not in members:
        raise DataError(f"The file {path} of {name} is missing; copy the whole folder.")
    return _arrow_table(f"{path} in {name}", members[str(path)])


def _class_names(schema: pa.Schema) -> dict[str, Callable[[Any], Any]]:
    """Return for each column of class numbers a function that gives their names, as `datasets` records them."""
    return _names_in((schema.metadata or {}).get(b"huggingface", b""), ("info",))


def _names_in(written: bytes, inside: Sequence[str]) -> dict[str, Callable[[Any], Any]]:
    try:
        found = json.loads(written)
        for key in (*inside, "features"):
            found = found[key]
        named = {str(column): namer_of(feature) for column, feature in found.items()}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):  # written by something else
        return {}
    return {column: name_of for column, name_of in named.items() if name_of}
