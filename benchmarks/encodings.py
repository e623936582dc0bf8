"""How often is the encoding of a short file detected? Compared with charset-normalizer, which chooses among the same.

    python benchmarks/encodings.py

Writes tables of the sentences in ``tests/data/languages.py``, in the encoding in which people's programs save each
language, and English tables with two such words. Right is a table whose text is read as it was written.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ia3_studio.data.decode import decode
from ia3_studio.data.legacy_encodings import CODECS
from tests.data.languages import SENTENCES

ENGLISH = "Who keeps the key of the shed?,The man with the lamp keeps it.\n"


def main() -> None:
    """Print the share of tables that are read right, and the time for one."""
    from charset_normalizer import from_bytes

    print(f"{'table':>24}{'tables':>8}{'right':>8}{'certain, wrong':>16}{'ms':>6}{'charset-normalizer':>20}{'ms':>6}")
    candidates = sorted({codec for codecs in CODECS.values() for codec in codecs})
    for name, tables in kinds():
        right = other_right = wrong = 0
        seconds = other_seconds = 0.0
        for text, data in tables:
            began = time.process_time()
            found = decode("rows.csv", data)
            seconds += time.process_time() - began
            right += found.text == text
            wrong += found.text != text and found.encoding.certain
            began = time.process_time()
            best = from_bytes(data, cp_isolation=candidates).best()
            other_seconds += time.process_time() - began
            other_right += best is not None and str(best) == text
        count = len(tables)
        print(
            f"{name:>24}{count:8}{right / count:8.0%}{wrong:16}{1000 * seconds / count:6.0f}"
            f"{other_right / count:20.0%}{1000 * other_seconds / count:6.0f}"
        )


def kinds() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Yield a name, and tables as text and bytes."""
    draw = random.Random(0)
    for rows in (1, 3, 8):
        tables = [table for each in SENTENCES.values() for _ in range(6) for table in [sentences(*each, rows, draw)]]
        yield f"sentences, {rows} rows", [table for table in tables if not table[1].isascii()]
    tables = [table for each in SENTENCES.values() for _ in range(6) for table in [with_words(*each, draw)]]
    yield "English and two words", [table for table in tables if not table[1].isascii()]


def sentences(encoding: str, known: tuple[str, ...], rows: int, draw: random.Random) -> tuple[str, bytes]:
    """Return a table of sentences of a language."""
    text = "prompt,answer\n" + "".join(f'"{draw.choice(known)}","{draw.choice(known)}"\n' for _ in range(rows))
    return text, text.encode(CODECS[encoding][0])  # type: ignore[index]


def with_words(encoding: str, known: tuple[str, ...], draw: random.Random) -> tuple[str, bytes]:
    """Return an English table with two words of a language."""
    words = [word.strip(".,?¿") for sentence in known for word in sentence.split() if not word.isascii()]
    one, other = draw.sample(words, 2)
    text = f"prompt,answer\n{ENGLISH * 10}What does {one} mean?,It is like {other} at sea.\n{ENGLISH * 10}"
    return text, text.encode(CODECS[encoding][0])  # type: ignore[index]


if __name__ == "__main__":
    main()
