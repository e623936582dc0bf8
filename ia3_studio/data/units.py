"""Which unit does a number in a cell have, in front of it or behind it, as in 83 min or EUR 12?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any


def _words(text: str) -> list[str]:
    return re.findall(r"\S+", text)


_LETTERS = frozenset(("s", "h", "d", "m", "g", "l", "t", "w"))
"""Units of one letter, before which a blank stands: without one it is a code, such as 5G or 3D."""
_NAMES = _LETTERS | frozenset(_words("""
    ms sec secs second seconds sek sekunde sekunden segundos secondes secondi сек с 秒 초
    min mins minute minutes minuten minutos minuti минут минута мин dk dakika 分 分钟 分鐘 분
    hr hrs hour hours std stunde stunden heures horas hora heure ore uur ч час часов часа saat 时 小时 時間 시간
    day days tag tage tagen jours dias giorni dagen dni дней дня gün 天
    week weeks wochen month months monate mois meses years year yrs yr jahre ans años anni лет 个月 岁 歳 세
    mg gr gram grams gramm kg kgs kilo lb lbs oz г кг 克 公斤 千克 グラム
    mm cm km mi mile miles ft feet inch inches m² km² sqm qm sqft м км см 米 厘米 公里 メートル
    ml cl dl liter litre liters л мл 升 km/h kmh mph m/s knots °c °f ° kcal cal kj kwh wh kw hp ps hz khz mhz ghz db
    kb mb gb tb px dpi mpg ppm bpm rpm pts points page pages seiten words wörter steps reps calories
"""))  # fmt: skip
"""Names of units, in small letters and without the dot of an abbreviation."""
_CURRENCIES = frozenset(_words("""
    usd eur gbp chf jpy cny rmb inr krw brl mxn cad aud sek nok dkk pln czk huf rub try euro euros dollar dollars rub
    руб р zł kč kr ₽ ₹ ₩ ₺ ₴ ₫ tl lei r$ us$ a$ c$ rs 元 円 원 万元 万円
"""))  # fmt: skip
"""Names and marks of currencies, which may stand in front of a number as well."""
_BEHIND = re.compile(r"(.*\d)(\s*)([^\W\d_/]+[²³]?(?:/[^\W\d_]+)?|°[CFcf]?|[₽₹₩₺₴₫])\.?", re.DOTALL)
_BEFORE = re.compile(r"([^\W\d_]+\$?|[₽₹₩₺₴₫])\.?\s*([-+]?\d.*)", re.DOTALL)
_LONGEST = 100


def parted(text: str) -> tuple[str, str]:
    """Return the number of a text, as it is written, and its unit; an empty unit if there is none that is known.

    Example:
        >>> parted("83 min"), parted("EUR 12,50"), parted("12 Monkeys")
        (('83', 'min'), ('12,50', 'eur'), ('12 Monkeys', ''))
    """
    if not 1 < len(text) <= _LONGEST:
        return text, ""
    if (found := _BEHIND.fullmatch(text)) and (unit := found[3].casefold()) in _NAMES | _CURRENCIES:
        return (found[1], unit) if found[2] or unit not in _LETTERS else (text, "")
    if (found := _BEFORE.fullmatch(text)) and found[1].casefold() in _CURRENCIES:
        return found[2].strip(), found[1].casefold()
    return text, ""


def unit_of(cell: Any) -> str:
    """Return the unit of a cell, without the ending of several; empty if it has none."""
    unit = parted(cell.strip())[1] if isinstance(cell, str) else ""
    return unit[:-1] if unit.endswith("s") and unit[:-1] in _NAMES else unit


def common_unit(cells: Iterable[Any]) -> str:
    """Return the unit that most cells of a column have; empty if most have none."""
    (unit, _count), *_others = Counter(map(unit_of, cells)).most_common(1) or [("", 0)]
    return unit


def have_one_unit(cells: Iterable[Any]) -> bool:
    """Say whether all numbers of a column have the same unit, or none: others cannot be compared."""
    return len({unit_of(cell) for cell in cells}) <= 1
