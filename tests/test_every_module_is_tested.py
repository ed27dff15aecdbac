"""Each module has its test file in the same place, is imported by a test, or is named here beside the file
whose tests run it."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "lorakit"
# A module that others use, and the test file that holds what it does: both from their folder on.
RUN_BY = {
    "data/tables/heads.py": "data/texts/test_sets.py",
    "data/tables/languages.py": "data/texts/test_quality.py",
    "data/tables/letter_odds.py": "data/tables/test_decoding.py",
    "data/tables/records.py": "data/texts/test_sets.py",
    "data/texts/chats.py": "data/texts/test_sets.py",
    "data/texts/files.py": "data/texts/test_sets.py",
    "data/texts/patterns.py": "data/texts/test_quality.py",
    "data/texts/prose.py": "data/texts/test_sets.py",
    "data/texts/web.py": "data/texts/test_sets.py",
    "families/replies.py": "generation/copy/test_saying.py",
    "formats/choosing.py": "formats/test_writing.py",
    "formats/kinds.py": "formats/test_names.py",
    "formats/known_bases.py": "formats/test_names.py",
    "formats/kohya.py": "formats/test_writing.py",
    "formats/layouts.py": "formats/test_writing.py",
    "formats/leaves.py": "formats/test_writing.py",
    "formats/loading.py": "formats/test_writing.py",
    "formats/metadata.py": "formats/test_names.py",
    "formats/products.py": "formats/test_limits.py",
    "formats/saving.py": "formats/test_writing.py",
    "formats/settings.py": "formats/test_writing.py",
    "formats/stated.py": "store/test_faults.py",
    "formats/tools.py": "formats/test_bases.py",
    "generation/copy/drafts.py": "generation/copy/test_saying.py",
    "lora/dora.py": "formats/test_foreign.py",
    "lora/live_mixes.py": "generation/copy/test_catalogue.py",
    "lora/mixes.py": "generation/copy/test_catalogue.py",
    "lora/modules.py": "generation/copy/test_catalogue.py",
    "starter/build/text_writers.py": "data/texts/test_quality.py",
    "store/entries.py": "store/test_store.py",
    "store/sharing.py": "store/test_store.py",
    "store/zips.py": "store/test_faults.py",
    "training/record.py": "training/test_loop.py",
}


def only_holds_values(path):
    """Words, tables and names: the tests of what reads them are theirs."""
    return not any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(path.read_text())))


def imported_by_tests():
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_its_test_or_is_named_in_one():
    tested, modules = set(imported_by_tests()), {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        dotted = ".".join(("lorakit", *place.with_suffix("").parts)).removesuffix(".__init__")
        own = TESTS / place.parent / f"test_{place.name}"
        modules[str(place)] = own.exists() or dotted in tested or only_holds_values(path)
    assert [name for name, found in modules.items() if not found and name not in RUN_BY] == []
    assert [name for name in RUN_BY if name not in modules] == [], "it is gone: take it off the list"
    assert [name for name in RUN_BY if modules[name]] == [], "a test names it: take it off the list"
    assert [file for file in set(RUN_BY.values()) if not (TESTS / file).is_file()] == []
