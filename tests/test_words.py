"""What a user reads is in the field's words: turns of phrase that crept in once do not come back."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import ia3_studio

PACKAGE = Path(ia3_studio.__file__).parent
ROOT = PACKAGE.parent
BANNED = {
    r"(?<!there )(?<!if )\b(?:is|are) no (?!longer|more\b|such\b)[a-z]+": "is not a …, cannot …",
    r"\btold by\b": "shown by, given by",
    r"\bwhat it came to\b": "results",
    r"\b(?:one|a) (?:line|folder|row|file|value) a (?:run|class|row|step|text|label)\b": "per",
    r"\bgo(?:es)? on (?:behind|after|with)\b": "resumed, continues",
    r"\bbehind (?:its|the) last\b": "after",
    r"\bmend(?:s|ed|ing)?\b": "fix, repair",
    r"\btake(?:n)? along\b": "export",
    r"\bsign of life\b": "not responding",
    r"\bwaiting for its turn\b": "queued",
    r"\blies (?:at|in|on)\b": "is stored in",
    r"\brows to learn\b": "training rows",
    r"\bonly measured\b": "held out",
    r"\b(?:trained|learned|learns [\d,]+) numbers\b": "trainable parameters",
    r"\b(?:sorts? (?:texts|pictures|images)|letters to sort|calls to log)\b": "classification",
    r"\bcolou?r by the\b": "color by",
    r"\bbring (?:it|them|one) (?:in|back)\b": "import, restore",
    r"\bways out\b": "exports",
    r"\bsaid (?:of|by)\b": "reported",
    r"\bsets? aside\b": "held out, splits off",
    r"\bbeside\b": "compared with, next to",
    r"\bhow sure\b": "probabilities",
    r"\bloudest at\b": "max-activating",
    r"\bspeaks? (?:for|against)\b": "promotes, suppresses",
    r"\b(?:a|the) person\b": "you, the user",
    r"\bin vain\b|\banew\b|\bwhoever\b|\bmeanwhile\b": "plain words",
}
"""A turn of phrase, and what to write for it."""


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a file that may be shown: not its docstrings, and nothing without a blank."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    documented = {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    bare = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in (each for each in nodes if isinstance(each, ast.Constant)):
        text = node.value if isinstance(node.value, str) else ""
        if " " in text.strip() and id(node) not in documented | bare:
            yield node.lineno, text


ANY = re.compile("|".join(f"(?:{turn})" for turn in BANNED), re.IGNORECASE)


def found_in(text: str) -> list[str]:
    if not ANY.search(text):
        return []
    return [f"{hit[0]!r} → {instead}" for turn, instead in BANNED.items() for hit in re.finditer(turn, text, re.I)]


def shown_files() -> dict[str, list[Path]]:
    """Return the files whose texts may be shown, by room."""
    starters, rooms = PACKAGE / "data" / "starters", defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        if starters not in path.parents:
            rooms[path.relative_to(PACKAGE).parts[0]].append(path)
    return rooms


@pytest.mark.parametrize("paths", [pytest.param(paths, id=room) for room, paths in shown_files().items()])
def test_no_text_of_the_package_has_a_banned_turn(paths: list[Path]) -> None:
    found = [
        (str(path.relative_to(PACKAGE)), line, each)
        for path in paths
        for line, text in sentences(path)
        for each in found_in(text)
    ]
    assert found == []


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", [path for path in pages() if path.name != "api.md"], ids=lambda path: path.name)
def test_no_page_of_the_docs_has_a_banned_turn(path: Path) -> None:
    prose = re.sub(r"`[^`\n]+`", "", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))
    assert found_in(prose) == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_no_text_of_a_notebook_has_a_banned_turn(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    assert found_in(re.sub(r"`[^`\n]+`", "", prose)) == []


BRITISH = re.compile(
    r"behaviour|colour|labelled|modelled|cancelled|travelled|misspelt|favour|neighbour|honour|flavour|\bcentred?\b"
    r"|(?:normal|recogn|optim|initial|token|quant|organ|serial|summar|visual|minim|maxim|special|general)"
    r"is(?:e[ds]?|ing|ation)(?![a-z])",
    re.IGNORECASE,
)
NOT_OURS = ("was_cancelled", "amazon_cells_labelled", "optimiser", '"colour"', '"colours"')
"""Label Studio's field, a data set's file, version 0.1's setting, and names of columns."""


def our_files() -> list[Path]:
    """Return the files of code and prose but the changelog, which lists old names, and this one."""
    found = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py"), *pages()]
    return [*found, ROOT / "docs" / "architectures.tsv"]


def test_code_and_docs_are_in_american_spelling() -> None:
    found = []
    for path in our_files():
        if path == Path(__file__).resolve():
            continue
        text = path.read_text(encoding="utf-8")
        for word in NOT_OURS:
            text = text.replace(word, "")
        found += [(str(path.relative_to(ROOT)), hit[0]) for hit in BRITISH.finditer(text)]
    assert found == []
