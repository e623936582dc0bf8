"""Tables of offices, courts and wards are read by the names that people there give to columns, in any language."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data

_SAYS = (
    "The ferry left late and nobody at the pier could say why it did.",
    "Please tell me when the office of the harbor opens on Mondays.",
    "Somebody has moved the sign at berth seven again this week.",
    "All was well on board, and the crew answered every question.",
    "My ticket was not valid, though I had bought it an hour ago.",
)
_CLASSES, _PLACES = ("alpha", "beta", "gamma"), ("north", "south", "east")


def _table(folder: Path, header: str, kinds: str) -> Path:
    """Write forty rows: a is a text, q another one, l a label, p a place."""
    path = folder / "table.csv"
    texts = {"a": _SAYS, "q": tuple(reversed(_SAYS)), "l": _CLASSES, "p": _PLACES}
    written = [header.replace("|", "\t")]
    for row in range(40):
        cells = [texts[kind][(row + row // (place + 2)) % len(texts[kind])] for place, kind in enumerate(kinds)]
        written.append("\t".join(f"{cell} ({row})" if len(cell) > 20 else cell for cell in cells))
    path.write_text("\n".join(written), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "header",
    [
        "문의 내용|답변 내용|담당자",
        "Текст вопроса|Текст ответа|Тема",
        "Вопрос клиента|Ответ специалиста|Категория",
        "Treść pytania|Treść odpowiedzi|Dział",
        "Pytanie klienta|Odpowiedź konsultanta|Temat",
        "Text dotazu|Text odpovědi|Oddělení",
        "客户来信|我方回复|状态",
        "Câu hỏi của khách hàng|Câu trả lời|Chủ đề",
        "Richiesta cliente|Risposta operatore|Categoria",
        "Quesito|Parere|Materia",
        "Ερώτηση πελάτη|Απάντηση υπαλλήλου|Κατηγορία",
    ],
)
def test_what_was_asked_and_answered_is_known_by_the_first_word_or_behind_one_for_a_text(
    tmp_path: Path, header: str
) -> None:
    asked, answered, _label = header.split("|")
    assert str(load_data(_table(tmp_path, header, "qal")).mapping) == f"{asked} → prompt, {answered} → answer"


@pytest.mark.parametrize(
    "header",
    [
        "Регион|Тематика|Текст обращения",
        "Врач|Диагноз|Жалобы пациента",
        "Temat|Kategoria|Opis zgłoszenia",
        "支店|クレーム区分|クレーム内容",
        "法院|罪名|案情描述",
        "الفرع|نوع الشكوى|نص الشكوى",
        "Người xử lý|Loại sự cố|Mô tả sự cố",
        "Tribunale|Esito|Massima",
        "Établissement|Tonalité|Commentaire patient",
        "Gericht|Rechtsgebiet|Sachverhalt",
        "Τεχνικός|Είδος βλάβης|Περιγραφή βλάβης",
        "Ward|Triage level|Chief complaint",
        "Klasse|Punkte|Schülerantwort",
    ],
)
def test_where_and_by_whom_something_was_written_is_no_label_beside_one(tmp_path: Path, header: str) -> None:
    _place, label, text = header.split("|")
    assert str(load_data(_table(tmp_path, header, "pla")).mapping) == f"{text} → text, {label} → label"


@pytest.mark.parametrize("header", ["Plant|Root finding|Incident narrative", "Haus|Zugehörigkeit|Patientenkommentar"])
def test_of_two_columns_of_classes_before_a_text_the_one_next_to_it_is_the_label(tmp_path: Path, header: str) -> None:
    _place, label, text = header.split("|")
    assert str(load_data(_table(tmp_path, header, "pla")).mapping) == f"{text} → text, {label} → label"


def test_a_reply_that_was_used_so_many_times_answers_the_only_other_text(tmp_path: Path) -> None:
    path = tmp_path / "macros.csv"
    path.write_text(
        "Macro name,Active,Trigger phrase,Reply text,Usage (7d)\n"
        + "".join(
            f"M {row},TRUE,late again {row} at pier,{_SAYS[row % 5].replace(',', '')} ({row}),{row * 7 % 30}\n"
            for row in range(40)
        )
    )
    mapping = load_data(path).mapping
    assert (mapping.prompt, mapping.answer) == ("Trigger phrase", "Reply text")
