"""The house rules for what a person reads, as far as a pattern can tell."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "lorakit"
# What builds the starter models holds training data, and chatter quotes how models talk.
DATA = ("starter/build/", "generation/copy/chatter")
RULES = {
    "is not a ..., not is no ...": r"(?<!there )\b(?:is|are) no (?!longer|closer)\w",
    "no colon between a file's name and its verb": r"^\{\w*\}: (?:is|are|has|have|contains|cannot|unpacks)\b",
    "contains": r"\bholds (?:no|several|a|an|\{)\b",
    "start over, starts over": r"\banew\b",
    "held-out": r"\bkept aside\b",
    "out of memory": r"for want of memory|memory was not enough|not fit into memory",
    "Hugging Face, Hugging Face ID": r"\bhub id\b|\bon the hub\b|\bthe hub (?:can|does|is|that)\b",
    "free up space": r"\bmake room\b",
    "max.": r"\bat the most\b",
    "0 = ...": r"\b0: ",
    "4-bit": r"\bin 4 bits\b",
    "one space": r"(?<=\w)  (?=[a-z])",
    "no space before %": r"\d %(?!\()",
}


def told(source: str) -> list[tuple[int, str]]:
    """The literals of several words that are no docstrings, with what is put into them as {...}."""
    tree = ast.parse(source)
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    silent = parts | {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, text)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr)
        and id(node) not in silent
        and " " in (text := _text(node))
    ]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "{x}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("rule", RULES)
def test_what_a_person_reads_keeps_the_house_rules(rule):
    broken = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(DATA):
            broken += [f"{name}:{line}: {text}" for line, text in told(path.read_text("utf-8"))
                       if re.search(RULES[rule], text)]  # fmt: skip
    assert broken == []


def test_a_broken_rule_is_found_in_a_plain_and_in_a_filled_literal():
    source = '"""It is no module."""\nA = "it is no adapter"\nB = f"{name}: is damaged"\n'
    assert told(source) == [(2, "it is no adapter"), (3, "{x}: is damaged")]
