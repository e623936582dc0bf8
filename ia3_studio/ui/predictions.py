"""How are the predictions of base and tuned model shown? As bars, as marked words, or in a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ia3_studio.tasks.classification import Prediction
from ia3_studio.tasks.token_classification import TaggedWord
from ia3_studio.ui import classify_words as words
from ia3_studio.ui import text

Found = TypeVar("Found")


def side_by_side(found: Sequence[Found], draw: Callable[[str, Found], str]) -> str:
    """Return the predictions of the base model and of the tuned one, as HTML."""
    return "".join(draw(name, each) for name, each in zip((text.BASE, text.TUNED), found, strict=True))


def bars(name: str, guesses: Sequence[Prediction], kind: str, most: int = 5) -> str:
    """Return the most likely labels of an input as bars with their probabilities, or the predicted number."""
    if kind == "number":
        number = f"<p><strong>{guesses[0].share:.3g}</strong></p>"
        return f"<section class='guesses'><h3>{text.escape(name)}</h3>{number}</section>"
    lines = "".join(
        f"<li><span dir='auto'>{text.escape(guess.label)}</span><meter min='0' max='1' value='{guess.share:.4f}'"
        f" aria-label='{text.escape(guess.label, quote=True)}'></meter><b>{guess.share:.1%}</b></li>"
        for guess in guesses[:most]
    )
    others = f"<p>{words.others(len(guesses) - most)}</p>" if len(guesses) > most else ""
    return f"<section class='guesses'><h3>{text.escape(name)}</h3><ol>{lines}</ol>{others}</section>"


def entities(name: str, given: str, tagged: Sequence[TaggedWord], names: Sequence[str]) -> str:
    """Return a text with its labeled words marked; the words of one entity are one mark with its label."""
    kinds = list(dict.fromkeys(_entity(each) for each in names if each != words.OUTSIDE))
    parts: list[str] = []
    cursor = 0
    for group in _grouped(tagged):
        first, last = group[0], group[-1]
        end = last.start + len(last.word)
        parts.append(text.escape(given[cursor : first.start]))
        label = _entity(first.prediction.label) if first.prediction else words.BEYOND_MAX_LENGTH
        share = min((each.prediction.share for each in group if each.prediction), default=0.0)
        hue = round(360 * kinds.index(label) / len(kinds)) if label in kinds else 0
        caption = f"<small>{text.escape(label)}{f' {share:.0%}' if first.prediction else ''}</small>"
        style = "beyond" if first.prediction is None else "entity"
        parts.append(
            f"<mark class='{style}' style='--hue:{hue}'>{text.escape(given[first.start : end])}{caption}</mark>"
        )
        cursor = end
    parts.append(text.escape(given[cursor:]))
    marked = f"<p class='entities' dir='auto'>{''.join(parts)}</p>"
    return f"<section class='guesses'><h3>{text.escape(name)}</h3>{marked}</section>"


def _grouped(tagged: Sequence[TaggedWord]) -> Iterator[list[TaggedWord]]:
    """Yield the words of each entity: consecutive words of one label, unless one begins another entity (B-, S-)."""
    group: list[TaggedWord] = []
    for each in tagged:
        label = each.prediction.label if each.prediction else None
        if label == words.OUTSIDE:
            if group:
                yield group
            group = []
            continue
        known = group[-1].prediction.label if group and group[-1].prediction else None
        continues = bool(group) and (label is None) == (known is None) and not (label or "").startswith(("B-", "S-"))
        if group and not (continues and _entity(label or "") == _entity(known or "")):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _entity(label: str) -> str:
    """Return a label without the prefix for the position in an entity (B-, I-, E-, S-)."""
    return label[2:] if label[:2] in ("B-", "I-", "E-", "S-", "L-", "U-") else label


def prediction_cell(guesses: Sequence[Prediction], kind: str) -> str:
    """Return the prediction for an input as the text of one cell."""
    if kind == "number":
        return f"{guesses[0].share:.3g}"
    chosen = [guess for guess in guesses if guess.share >= 0.5] if kind == "multi" else guesses[:1]
    return ", ".join(f"{guess.label} {guess.share:.0%}" for guess in chosen) or "–"
