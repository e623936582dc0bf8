"""An archive's list of files is not read where it would fill the memory."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from ia3_studio.zipped import MAX_LISTING, open_zip


def archive(comment: bytes = b"") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writing:
        writing.writestr("a.txt", "a")
        writing.comment = comment
    return packed.getvalue()


@pytest.mark.parametrize("comment", [b"", b"x" * 65_535])
def test_an_archive_is_opened_whatever_its_comment(comment: bytes) -> None:
    with open_zip(io.BytesIO(archive(comment))) as opened:
        assert opened.namelist() == ["a.txt"]


@pytest.mark.parametrize("large", [True, False])
def test_an_archive_that_lists_too_many_files_is_refused_before_its_list_is_read(large: bool) -> None:
    data = bytearray(archive())
    record = data.rfind(b"PK\x05\x06")
    struct.pack_into("<L", data, record + 12, MAX_LISTING + 1)
    if large:  # the record of an archive of more than 4 GB stands before the other
        data[record:record] = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, MAX_LISTING + 1, 0)
        struct.pack_into("<L", data, record + 56 + 12, 0)
    with pytest.raises(zipfile.BadZipFile):
        open_zip(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("junk", [b"", b"PK\x05\x06", b"PK\x06\x06" * 3, b"\x00" * 100])
def test_what_is_no_archive_is_refused(junk: bytes) -> None:
    with pytest.raises(zipfile.BadZipFile):
        open_zip(io.BytesIO(junk))
