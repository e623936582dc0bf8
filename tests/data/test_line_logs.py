"""Chats in lines and on pages: once a speaker is chosen, they are conversations."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.shapes.line_logs import logged_lines
from ia3_studio.data.shapes.whatsapp import whatsapp_messages
from ia3_studio.data.table import ParsingOptions
from ia3_studio.errors import DataError
from tests.data.exports import read_file

BO = ParsingOptions(speaker="Bo")
Line = Callable[[datetime, str, str], str]


def chat(line: Line) -> str:
    """Return two days of a chat, in each of which Ann asks twice and Bo answers."""
    begun = datetime(2024, 3, 25, 9, 5)
    messages = []
    for day in range(2):
        for place in range(4):
            when = begun + timedelta(days=day, minutes=place)
            messages.append(line(when, ("Ann", "Bo")[place % 2], ("Late?", "No.")[place % 2] + f" {day}{place}"))
    return "".join(messages)


SAID = [[("user", f"Late? {day}0"), ("assistant", f"No. {day}1"), ("user", f"Late? {day}2"),
         ("assistant", f"No. {day}3")] for day in range(2)]  # fmt: skip
WHATSAPP: dict[str, Line] = {
    "Finnish": lambda t, who, text: f"{t.day}.{t.month}.{t.year} klo {t:%H.%M} - {who}: {text}\n",
    "Hungarian": lambda t, who, text: f"{t:%Y. %m. %d. %H:%M} - {who}: {text}\n",
    "Korean": lambda t, who, text: f"{t.year}. {t.month}. {t.day}. 오전 {t.hour}:{t:%M} - {who}: {text}\n",
    "Spanish": lambda t, who, text: f"{t.day}/{t.month}/{t:%y} {t.hour}:{t:%M} a. m. - {who}: {text}\n",
    "with seconds": lambda t, who, text: f"[{t:%d.%m.%y, %H:%M:%S}] {who}: {text}\n",
}
LOGS: dict[str, Line] = {
    "Discord": lambda t, who, text: f"[{t:%m/%d/%Y} {t.hour}:{t:%M} AM] {who}\n{text}\n\n",
    "Zoom": lambda t, who, text: f"{t:%H:%M:%S}\t From {who} to Everyone:\n\t{text}\n",
    "LINE": lambda t, who, text: (f"\n{t:%Y/%m/%d}(Mon)\n" if t.minute == 5 else "") + f"{t:%H:%M}\t{who}\t{text}\n",
    "IRC": lambda t, who, text: f"[{t:%H:%M}] <{who}> {text}\n",
}


@pytest.mark.parametrize("place", WHATSAPP)
def test_whatsapp_is_read_as_it_writes_dates_in_many_places(place: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(chat(WHATSAPP[place]), encoding="utf-8")
    with pytest.raises(DataError, match="WhatsApp chat of 2 speakers"):
        load_data(path)
    assert read_file(path, BO).said == SAID


def test_a_clock_of_twelve_hours_is_read_by_the_words_of_its_language() -> None:
    text = "2024. 3. 1. 오전 11:59 - Ann: Hi\n2024. 3. 1. 오후 12:01 - Bo: Ahoy\n2024. 3. 1. 오후 1:00 - Ann: Late?\n"
    found = whatsapp_messages(text)
    assert found and [later - found["time"][0] for later in found["time"]] == [0, 120, 3660]


@pytest.mark.parametrize("messenger", LOGS)
def test_chats_that_other_messengers_save_as_lines_are_read(messenger: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(f"{'=' * 60}\nGuild: Harbor\n{'=' * 60}\n\n" * (messenger == "Discord") + chat(LOGS[messenger]))
    with pytest.raises(DataError, match="speakers, with so many messages: Ann"):
        load_data(path)
    said = read_file(path, BO).said
    if messenger in ("Discord", "LINE"):
        assert said == SAID
    else:  # without dates it is one conversation, whose exchanges are used one by one
        assert said == [talk[at : at + 2] for talk in SAID for at in (0, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "[1] Ann writes\nof 12:30\n\n[2] Bo writes\nof 12:40\n",
        "09:05 Breakfast\n09:30 Walk\n10:00 Harbor\n11:00 Lunch\n",
        "[12:30] Note\nalone\n" * 6,
    ],
)
def test_other_lines_with_times_are_no_chat(text: str) -> None:
    assert logged_lines(text) is None


def test_a_page_of_telegram_is_a_chat(tmp_path: Path) -> None:
    def message(when: datetime, who: str, text: str) -> str:
        date = f"<div class='pull_right date details' title='{when:%d.%m.%Y %H:%M:%S} UTC+01:00'>{when:%H:%M}</div>"
        return (
            f"<div class='message default clearfix'><div class='body'>{date}<div class='from_name'>\n{who}\n</div>"
            f"<div class='text'>\n{text}<br>Bye &amp; thanks\n</div></div></div>"
        )

    path = tmp_path / "messages.html"
    path.write_text(f"<html><body><div class='history'>{chat(message)}</div></body></html>")
    said = read_file(path, BO).said
    assert len(said) == 2 and said[0][1] == ("assistant", "No. 01\nBye & thanks")


def test_captions_that_name_who_speaks_are_a_chat(tmp_path: Path) -> None:
    captions = "".join(
        f"00:00:{place:02}.000 --> 00:00:{place + 1:02}.000\n<v {('Ann', 'Bo')[place % 2]}>Line {place}</v>\n\n"
        for place in range(8)
    )
    (tmp_path / "call.vtt").write_text(f"WEBVTT\n\n{captions}")
    assert read_file(tmp_path / "call.vtt", BO).said[0][:2] == [("user", "Line 0"), ("assistant", "Line 1")]


def test_files_of_a_folder_that_are_packed_one_by_one_are_read_and_empty_ones_are_named(tmp_path: Path) -> None:
    for year in (2021, 2022):
        text = "prompt,answer\n" + "".join(f"Berth {year}{n}?,Berth {n}\n" for n in range(6))
        (tmp_path / f"{year}.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "2023.csv").write_text("")
    split = load_data(tmp_path)
    assert len((*split.train, *split.held_out)) == 12 and any("2023.csv" in note for note in split.notes)
