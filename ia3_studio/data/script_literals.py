"""Which value does a literal of JavaScript or TypeScript write? Nothing is run; what is computed is left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

COMPUTED: Final = object()
"""In place of a value that only the program could tell."""
LARGEST = 8_000_000
"""Characters of a text that are read; it takes a second for each million or two."""
MOST_DEEP = 40
"""Lists and objects inside each other."""
_MOST_SKIPPED = 4
"""How often, on average, a character may be passed over; more is made to take long."""
_LONGEST_TYPE, _LONGEST_KEY, _MOST_DIGITS = 2_000, 40, 300
_QUOTED = r"'[^'\\\n]*+(?:\\[\s\S][^'\\\n]*+)*+'|\"[^\"\\\n]*+(?:\\[\s\S][^\"\\\n]*+)*+\""
_TEXT = re.compile(_QUOTED)
_TEMPLATE = re.compile(r"[^`\\$]*+(?:(?:\\[\s\S]|\$(?!\{))[^`\\$]*+)*+")
_BLANKS = re.compile(r"(?:\s++|//[^\n]*+)*+")
_STEP = re.compile(rf"[\w$\s]++|\\[\s\S]|//[^\n]*+|{_QUOTED}")
_EXPRESSION = re.compile(r"/(?![*/])(?:[^\\/\n]|\\.){1,200}/")
"""A regular expression, whose signs are no quotes or brackets of the program."""
_BEFORE_EXPRESSION = frozenset("(,=:[!&|?{};+>")
_NUMBER = re.compile(
    r"([+-]?)\s?(0[xXbBoO][\da-fA-F_]++|(?:\d[\d_]*+\.?[\d_]*+|\.\d[\d_]*+)(?:[eE][+-]?\d++)?)n?(?![\w$.])"
)
_WORD = re.compile(r"(true|false|null|undefined|void\s++0|!0|!1)(?![\w$])")
_WORDS = {"true": True, "false": False, "!0": True, "!1": False}
_KEY = re.compile(r"[\w$]++")
_FROZEN = re.compile(r"(?:Object\s?\.\s?(?:freeze|seal)\s?)?\((?=[\s\[{'\"`O])")
_TYPE = re.compile(r"(?:as|satisfies)\s++")
_ESCAPE = re.compile(r"\\(?:u\{([\da-fA-F]{1,6})\}|u([\da-fA-F]{4})|x([\da-fA-F]{2})|(\r?\n)|([\s\S]))")
_SIGNS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_HALF = re.compile("[\ud800-\udfff]")
_LAST_CHARACTER = 0x10FFFF


class MalformedError(ValueError):
    """A value that has no end, or is no JavaScript."""


class Literals:
    """A reader of the values in a program's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        """Where the next value begins, or behind the last one."""
        self.left: list[str] = []
        """Where values are computed, such as ``cards[].icon``, one for each."""
        self.holes = 0
        """Elements of lists that are missing: commas behind each other."""
        self._skipped = 0

    def statement(self, path: str) -> Any:
        """Return the value that begins at the place, or COMPUTED where more is done with it.

        Raises:
            MalformedError: it has no end, or is no JavaScript.
        """
        found = self._joined(path, 0)
        return COMPUTED if self._next() in set(".?[(+*%&|<>=-/`") else found

    def blanks(self) -> None:
        """Go behind blanks and comments."""
        while True:
            found = _BLANKS.match(self.text, self.place)
            self.place = found.end() if found else self.place
            if not self.text.startswith("/*", self.place):
                return
            end = self.text.find("*/", self.place + 2)
            self.place = len(self.text) if end < 0 else end + 2

    def _next(self) -> str:
        self.blanks()
        return self.text[self.place : self.place + 1]

    def _value(self, path: str, depth: int) -> Any:
        """Return the value of an entry, and go to the sign behind it."""
        start, known = self.place, len(self.left)
        found = self._joined(path, depth)
        if found is not COMPUTED and self._next() in (",", "]", "}", ")"):
            return found
        self.place = start if found is COMPUTED else self.place
        self._skip()
        self.left[known:] = [path]
        return COMPUTED

    def _joined(self, path: str, depth: int) -> Any:
        """Return a literal, or texts with signs of addition between them; a type behind it is passed over."""
        found = self._literal(path, depth)
        parts = [found] if isinstance(found, str) else []
        while parts and self._next() == "+":
            self.place += 1
            more = self._literal(path, depth)
            if not isinstance(more, str):
                return COMPUTED
            parts.append(more)
        if found is not COMPUTED:
            self._pass_type()
        return "".join(parts) if parts else found

    def _literal(self, path: str, depth: int) -> Any:
        """Return what begins at the place where it is a literal."""
        sign = self._next()
        if depth > MOST_DEEP:
            return COMPUTED
        if sign == "[":
            return self._list(path, depth)
        if sign == "{":
            return self._object(path, depth)
        if found := _TEXT.match(self.text, self.place):
            self.place = found.end()
            return _unescaped(found[0][1:-1])
        if sign == "`":
            found = _TEMPLATE.match(self.text, self.place + 1)
            end = found.end() if found else len(self.text)
            if self.text[end : end + 1] != "`":
                return COMPUTED
            self.place = end + 1
            return _unescaped(found[0] if found else "")
        if found := _FROZEN.match(self.text, self.place):
            self.place = found.end()
            inner = self._joined(path, depth + 1)
            is_whole = inner is not COMPUTED and self._next() == ")"
            self.place += is_whole
            return inner if is_whole else COMPUTED
        if found := _WORD.match(self.text, self.place):
            self.place = found.end()
            return _WORDS.get(found[1])
        found = _NUMBER.match(self.text, self.place)
        self.place = found.end() if found else self.place
        return _number(found) if found else COMPUTED

    def _list(self, path: str, depth: int) -> list[Any]:
        self.place += 1
        found: list[Any] = []
        inner = f"{path}[]"
        while (sign := self._next()) != "]":
            if sign == ",":  # an element that is missing
                self.place += 1
                found.append(None)
                self.holes += 1
                continue
            value = self._value(inner, depth + 1)
            found += [] if value is COMPUTED else [value]
            self._pass_comma("]")
        self.place += 1
        return found

    def _object(self, path: str, depth: int) -> dict[str, Any]:
        self.place += 1
        found: dict[str, Any] = {}
        while (sign := self._next()) != "}":
            key = _TEXT.match(self.text, self.place) or _KEY.match(self.text, self.place)
            name = "" if not key else _unescaped(key[0][1:-1]) if sign in "'\"" else key[0]
            inner = f"{path}.{name[:_LONGEST_KEY] if key else '…'}"
            self.place = key.end() if key else self.place
            if key and self._next() == ":":
                self.place += 1
                value = self._value(inner, depth + 1)
                if value is not COMPUTED:
                    found[name] = value
            else:  # a method, the name of a variable, another object, or a name that is computed
                self.left.append(inner)
                self._skip()
            self._pass_comma("}")
        self.place += 1
        return found

    def _pass_comma(self, end: str) -> None:
        sign = self._next()
        if sign not in (",", end) or not sign:
            raise MalformedError
        self.place += sign == ","

    def _pass_type(self) -> None:
        """Go behind ``as const``, ``satisfies Card[]`` and the like."""
        self.blanks()
        if self.text.startswith("!", self.place) and self.text[self.place + 1 : self.place + 2] != "=":
            self.place += 1
            self.blanks()
        if found := _TYPE.match(self.text, self.place):
            self.place = end_of_type(self.text, found.end(), lambda sign: sign in ",;)]}\n")

    def _skip(self) -> None:
        """Go to the sign that ends the entry whose value is computed."""
        start = self.place
        open_signs: list[str] = []
        while self.place < len(self.text):
            if found := _STEP.match(self.text, self.place):
                self.place = found.end()
                continue
            sign = self.text[self.place]
            if sign in ",;)]}" and not open_signs:
                self._skipped += self.place - start
                if self._skipped > _MOST_SKIPPED * len(self.text):
                    raise MalformedError
                return
            self._pass_sign(sign, open_signs)
        raise MalformedError

    def _pass_sign(self, sign: str, open_signs: list[str]) -> None:
        """Go behind one sign of an expression: a bracket, a template, a comment, a pattern, or any other."""
        if self.text.startswith("/*", self.place):
            self.blanks()
            return
        if sign == "/" and self._before() in _BEFORE_EXPRESSION and (found := _EXPRESSION.match(self.text, self.place)):
            self.place = found.end()
            return
        self.place += 1
        if sign in "([{":
            open_signs.append(sign)
        elif sign == "`" or (sign in ")]}" and open_signs.pop() == "`"):
            found = _TEMPLATE.match(self.text, self.place)
            self.place = found.end() if found else self.place
            if self.text.startswith("${", self.place):
                open_signs.append("`")
            self.place += 2 if self.text.startswith("${", self.place) else 1

    def _before(self) -> str:
        place = self.place - 1
        while place > 0 and self.text[place].isspace():
            place -= 1
        return self.text[place : place + 1]


def commented_document(text: str) -> list[Any] | dict[str, Any] | None:
    """Return a document of JSON with comments, commas after last items, or names without quotes (JSON5).

    None for any other text: one that is damaged, has anything to compute, or is very long.

    Example:
        >>> commented_document("[{a: 1, /* two */ 'b': 2,},] // the end")
        [{'a': 1, 'b': 2}]
        >>> commented_document("[{a: 1} {a: 2}]") is commented_document("[1,, 2]") is None
        True
    """
    if len(text) > LARGEST:
        return None
    reader = Literals(text.removeprefix("\ufeff"))
    try:
        found = reader.statement("")
    except MalformedError:
        return None
    reader.blanks()
    is_whole = reader.place >= len(reader.text) and not reader.left and not reader.holes
    return found if is_whole and isinstance(found, list | dict) else None


def end_of_type(text: str, place: int, is_end: Callable[[str], bool]) -> int:
    """Return where a type of TypeScript ends: at a sign that ends it, outside of its brackets."""
    deep = 0
    for at in range(place, min(place + _LONGEST_TYPE, len(text))):
        sign = text[at]
        if deep <= 0 and is_end(sign):
            return at
        is_arrow = sign == ">" and text[at - 1] == "="
        deep += (sign in "([{<") - (sign in ")]}>" and not is_arrow)
    return min(place + _LONGEST_TYPE, len(text))


def _number(found: re.Match[str]) -> Any:
    digits = found[2].replace("_", "")
    if len(digits) > _MOST_DIGITS:
        return COMPUTED
    try:
        is_based = digits[:2].lower() in ("0x", "0b", "0o")
        value = int(digits, 0) if is_based else int(digits) if digits.isdecimal() else float(digits)
    except ValueError:  # digits of another base
        return COMPUTED
    return -value if found[1] == "-" else value


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_sign, text)
    if not _HALF.search(plain):
        return plain
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")  # two halves are one


def _sign(found: re.Match[str]) -> str:
    if code := found[1] or found[2] or found[3]:
        return chr(int(code, 16)) if int(code, 16) <= _LAST_CHARACTER else found[0]
    return "" if found[4] else _SIGNS.get(found[5], found[5])
