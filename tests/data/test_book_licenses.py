"""Books with the license of Project Gutenberg around them."""

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ParsingOptions

_ABOVE = (
    "The Project Gutenberg eBook of The Pier\n\nThis eBook is for the use of anyone anywhere.\n\nTitle: The Pier\n\n"
)
_BELOW = "\n\nUpdated editions will replace the previous one.\n\nMost people start at our website.\n"


def _book(path: Path, between: str, this: str = "THE") -> Path:
    parts = between.join(f"Chapter {n}. The keeper lit the lamp of pier {n} before the ferry came." for n in range(12))
    begin, end = (f"*** {word} OF {this} PROJECT GUTENBERG EBOOK THE PIER ***" for word in ("START", "END"))
    path.write_text(f"{_ABOVE}{begin}\n\n{parts}\n\n{end}{_BELOW}", encoding="utf-8")
    return path


@pytest.mark.parametrize("between", ["\n\n", "\n\n* * *\n\n"])
@pytest.mark.parametrize("this", ["THE", "THIS"])
def test_the_license_around_a_book_is_not_learned(between: str, this: str, tmp_path: Path) -> None:
    data = load_data(_book(tmp_path / "book.txt", between, this))
    texts = [each.text for each in (*data.train, *data.held_out)]
    assert len(texts) == 12 and all(text.startswith("Chapter") for text in texts)
    assert "Not used: 7 lines of Project Gutenberg around the book." in data.notes


def test_plain_rows_keep_the_license(tmp_path: Path) -> None:
    data = load_data(_book(tmp_path / "book.txt", "\n\n"), parsing=ParsingOptions(plain=True))
    assert any("anyone anywhere" in each.text for each in (*data.train, *data.held_out))


def test_a_text_that_only_names_the_library_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("\n\n".join(f"Note {n}: the start of the Project Gutenberg ebook is a license." for n in range(8)))
    data = load_data(path)
    assert len({each.text for each in (*data.train, *data.held_out)}) == 8
