"""The house's rules, read from the imports themselves."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lorakit"
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "bitsandbytes"}
GROUND = {"errors", "durable", "workspace"}
ALLOWED = {
    "lora": {"lora"},
    "formats": {"formats", "lora"},
    "families": {"families", "lora"},
    "data": {"data"},
    "training": {"training", "families", "lora", "data", "formats", "card"},
    "generation": {"generation", "families", "lora", "data"},
}
LIGHT = (
    "ui",
    "cli.py",
    "jobs.py",
    "store.py",
    "worker.py",
    "card.py",
    "generation/plan.py",
    "generation/formats.py",
    "generation/copy.py",
    "training/presets.py",
    "training/processes.py",
    "training/recipe.py",
    "training/advice.py",
    "lora/stability.py",
    "lora/strength.py",
    "mixes.py",
    "data/quality.py",
    "data/photos.py",
    "data/texts.py",
    "families/__init__.py",
)


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py"))


def imported(path, top_only=False):
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                [f"lorakit.{a.name}" for a in node.names] if node.module == "lorakit" else [node.module]
            )


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_parts_import_only_what_they_may():
    wrong = []
    for path in modules():
        allowed = ALLOWED.get(part(path))
        for name in imported(path):
            pieces = name.split(".")
            if allowed and pieces[0] == "lorakit" and len(pieces) > 1 and pieces[1] not in allowed | GROUND:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_only_families_and_the_starters_recipe_know_the_model_libraries():
    libraries = {"diffusers", "transformers"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        if part(path) not in ("families", "starter")
        for name in imported(path)
        if name.split(".")[0] in libraries
    ]
    assert not wrong


def test_the_page_opens_no_picture_itself():
    """What strangers send is opened by helper processes (`data.helpers.run`)."""
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in modules()
        if part(path) == "ui"
        for word in ("Image.open(", "read_picture(", "imread(", "sight.take(")
        if word in path.read_text()
    ]
    assert not wrong


def test_peft_is_never_imported():
    assert not [path for path in modules() for name in imported(path) if name.split(".")[0] == "peft"]


def test_the_page_imports_nothing_heavy_at_the_top():
    light = [path for path in modules() if str(path.relative_to(PACKAGE)).startswith(LIGHT)]
    assert len(light) >= len(LIGHT)
    wrong = [f"{p.name}: {n}" for p in light for n in imported(p, top_only=True) if n.split(".")[0] in HEAVY]
    assert not wrong


@pytest.mark.parametrize("module", ["lorakit", "lorakit.ui", "lorakit.cli"])
def test_importing_it_brings_no_torch(module):
    heavy = sorted(HEAVY)
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "[]"


def test_no_module_and_no_function_outgrows_a_reader():
    long = [path.name for path in modules() if path.read_text().count("\n") > 400]
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > 75:
                long.append(f"{path.name}: {node.name}")
    assert not long
