"""Which columns of a table play which part?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ia3_studio.data.measurements import DecimalMark

LabelKind = Literal["single", "multi", "number"]
Separators = Literal["", ";|", ";|,", " ", "/&"]
_DECIMAL_WORDS: dict[DecimalMark, str] = {"": "", ".": " (1,000 is a thousand)", ",": " (decimal comma)"}
_LIST_WORDS = {"": "", "json": "", "lines": " (a list is one answer)", "several": " (a list is several answers)"}
_LABEL_WORDS: dict[LabelKind, str] = {"single": "label", "multi": "several labels", "number": "number"}


@dataclass(frozen=True)
class Mapping:
    """The roles of the columns."""

    kind: Literal["pairs", "messages", "text", "labels", "tags", "choices", "pictures", "preferences"]
    prompt: str = ""
    answer: str = ""
    context: str = ""
    """A context column appended to the prompt; empty for none."""
    column: str = ""
    """The column of messages, text or words."""
    target: LabelKind = "single"
    """The type of the labels: single, multi or number (regression)."""
    unit: str = ""
    """The unit of most numbers, such as min; one in another unit is left out. If empty, that of most cells."""
    decimal: DecimalMark = ""
    """The decimal mark of the numbers; the other one groups thousands. If empty, either is a decimal mark."""
    separators: Separators = ""
    """What stands between several labels in a cell: semicolons, bars and line ends, these and commas, blanks, slashes
    or ampersands. If empty, commas as well unless they stand inside names of labels; blanks or slashes if each part is
    a label of other cells."""
    absent: str = ""
    """A value of the label in rows that nobody labeled, such as -1. If empty, the one of a whole held-out split."""
    empty: Literal["", "none", "skipped"] = ""
    """What a row without any of several labels is: one for which none holds, or one that nobody labeled. If empty,
    the latter where others say no, or where all such rows are a held-out split or an end of the table."""
    parts: tuple[str, ...] = ()
    """The question columns followed by the choice columns, for multiple choice; a column of 0 and 1 for each label."""
    asked: int = 0
    """Number of question columns in ``parts``."""
    counted_from: int = 0
    """Number of the first choice (0 or 1) if the answer is a number."""
    by_number: bool = False
    """Whether an answer that is a number is the place of a choice, also where another choice is that number."""
    nested: str = ""
    """A column of lists of objects with the prompt, context or answer; each object is one example."""
    template: str = ""
    """A prompt template with column names, such as "Translate: {source}", instead of one prompt column."""
    tools: str = ""
    """A column of tool definitions, for a chat template that knows tools; part of the system turn for others."""
    system: str = ""
    """A column of system prompts."""
    history: str = ""
    """A column of earlier turns: lists of exchanges or of turns; their answers are trained, too."""
    lists: Literal["", "several", "lines", "json"] = ""
    """What a list of texts is as an answer: several answers, an example each, or one answer, a line each or written as
    JSON. If empty, JSON where the column holds other values than texts and lists of texts, lines where its name says
    that they follow each other, such as "steps", or its name is in the singular and the entries of each list say
    different things, else several answers."""
    others: tuple[tuple[str, str], ...] = ()
    """Fallback pairs of prompt and answer columns for rows without the first pair."""
    split: str = ""
    """The split column that marks held-out rows; if empty, a column named "split" is used if there is one."""
    rejected: str = ""
    """A column of rejected answers; ``answer`` has the chosen ones, and the prompt where no column has it."""
    flag: str = ""
    """A column that labels each answer as desirable (true) or undesirable (false)."""
    near: tuple[str, ...] = field(default=(), compare=False)
    """Columns that look like the label nearly as much as the answer does; none if columns are chosen."""

    def __str__(self) -> str:
        return f"{self._parts}, held out by {self.split}" if self.split else self._parts

    @property
    def _parts(self) -> str:
        if self.kind == "pictures":
            return f"images → image, {self.answer or 'folder'} → label"
        if self.kind == "choices":
            question, choices = " + ".join(self.parts[: self.asked]), ", ".join(self.parts[self.asked :])
            return f"{question} → question, {choices} → choices, {self.answer} → correct choice"
        if self.kind in ("labels", "tags"):
            second = f" + {self.context}" if self.context else ""
            what = "one label per word" if self.kind == "tags" else _LABEL_WORDS[self.target]
            what += _DECIMAL_WORDS[self.decimal]
            if self.parts:
                return f"{self.column}{second} → text, {', '.join(self.parts)} → several labels"
            return f"{self.column}{second} → {'words' if self.kind == 'tags' else 'text'}, {self.answer} → {what}"
        opening = "".join(f", {column} → {what}" for column, what in self._opening if column)
        if self.kind == "preferences":
            prompt = f"{self.prompt}{f' + {self.context}' if self.context else ''} → prompt, " if self.prompt else ""
            if self.flag:
                return f"{prompt}{self.answer} → answer, {self.flag} → desirable or not{opening}"
            return f"{prompt}{self.answer} → chosen answer, {self.rejected} → rejected answer{opening}"
        if self.kind == "pairs":
            prompt = repr(self.template) if self.template else self.prompt
            context = f" + {self.context}" if self.context else ""
            nested = f", one example per item of {self.nested}" if self.nested else ""
            others = "".join(f"; or {asked} → prompt, {said} → answer" for asked, said in self.others)
            lists = _LIST_WORDS[self.lists]
            return f"{prompt}{context} → prompt, {self.answer} → answer{lists}{nested}{others}{opening}"
        return f"{self.column} → {'conversation' if self.kind == 'messages' else 'plain text'}{opening}"

    @property
    def _opening(self) -> tuple[tuple[str, str], ...]:
        return (self.system, "system prompt"), (self.history, "history"), (self.tools, "tools")
