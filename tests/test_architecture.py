"""The house's rules, read from the imports themselves."""

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lorakit"
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "bitsandbytes"}
GROUND = {"errors", "durable", "workspace", "units", "event", "events"}
FACTS = "lorakit.families.table"  # stands on the ground too: the families as plain rows
TOP = GROUND | {"__init__", "__main__"}
# What each part may import besides itself and the ground; a dot names one module or folder of a part.
ALLOWED = {
    "lora": set(),
    "data": set(),
    "formats": {"lora"},
    "families": {"lora"},
    "store": {"formats", "families", "lora"},
    "training": {"families", "lora", "data", "formats", "store"},
    "generation": {"families", "lora", "data", "formats"},
    "jobs": {"training", "generation", "families", "store", "formats", "lora", "data"},
    "terminal": {"jobs", "training", "generation", "families", "store", "formats", "lora", "data"},
    "ui": {"jobs", "training", "generation", "families", "store", "formats", "lora", "data", "starter"},
    "starter": {"training", "generation", "families", "store", "formats", "lora", "data"},
    "__init__": {"errors"},
    "__main__": {"terminal"},
} | {name: set() for name in GROUND}
LIGHT = (
    "ui",
    "terminal",
    "jobs",
    "store",
    "generation/pictures/plan.py",
    "generation/pictures/formats.py",
    "generation/copy/writing.py",
    "training/presets.py",
    "training/processes.py",
    "training/recipe.py",
    "training/advice.py",
    "lora/ranks.py",
    "lora/stability.py",
    "lora/strength.py",
    "lora/mix_syntax.py",
    "data/photos/quality.py",
    "data/photos/sets.py",
    "data/texts/sets.py",
    "families/__init__.py",
    "families/base.py",
    "families/facts.py",
    "families/source.py",
    "families/sources.py",
    "families/table.py",
)
# Still to be opened; the list may only shrink.
CIRCLES: list[list[str]] = []
MOST_LINES, MOST_OF_A_FUNCTION = 250, 50


@cache
def modules():
    return sorted(PACKAGE.rglob("*.py"))


@cache
def tree(path):
    return ast.parse(path.read_text())


@cache
def imports_of(path):
    """Every import of a module, wherever in it."""
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(path, top_only=False):
    for node in tree(path).body if top_only else imports_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                [f"lorakit.{a.name}" for a in node.names] if node.module == "lorakit" else [node.module]
            )


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name_of(path):
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


def test_the_top_of_the_package_is_its_parts_and_the_ground():
    assert {path.stem for path in PACKAGE.glob("*.py")} == TOP
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))} <= set(
        ALLOWED
    )


def test_parts_import_only_what_they_may():
    wrong = []
    for path in modules():
        own = part(path)
        for name in imported(path):
            pieces = name.split(".")
            if name == FACTS or pieces[0] != "lorakit" or len(pieces) < 2 or pieces[1] not in ALLOWED:
                continue  # a library, or a name of the package itself, such as its version
            if pieces[1] not in ALLOWED[own] | GROUND | {own}:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_no_module_imports_itself_by_way_of_others():
    names = {name_of(path): path for path in modules()}
    arrows = {name: set(needed(path, names)) - {name} for name, path in names.items()}
    assert circles(arrows) == CIRCLES


def needed(path, names):
    """The modules of the package that `path` imports, wherever in it."""
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        else:
            wholes = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from wholes & set(names) or {node.module} & set(names)


def circles(arrows):
    """The groups of modules that import each other in a loop (Tarjan's strongly connected components)."""
    number, low, stack, found = {}, {}, [], []

    def visit(name):
        number[name] = low[name] = len(number)
        stack.append(name)
        for other in arrows[name]:
            if other not in number:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], number[other])
        if low[name] == number[name]:
            group = set(stack[stack.index(name) :])
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    for name in arrows:
        if name not in number:
            visit(name)
    return found


def test_nothing_that_the_app_imports_builds_the_starter_models():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        if "build" not in path.relative_to(PACKAGE).parts
        for name in imported(path)
        if name.startswith("lorakit.starter.build")
    ]
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


# What is for models, for reading photos and tables, or for judging them comes when it is asked for.
LATER = HEAVY | {
    "c2pa", "cv2", "docx", "openpyxl", "pillow_heif", "prodigyopt", "py3langid", "safetensors",
    "schedulefree", "scipy", "sklearn", "tokenizers",
}  # fmt: skip
HELP = "lorakit.terminal.cli, contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()), " \
       "contextlib.suppress(SystemExit): lorakit.terminal.cli.main(['--help'])"  # fmt: skip


@pytest.mark.parametrize(
    "start",
    ["lorakit", "lorakit.ui; lorakit.ui.build_app()", HELP, "app, lorakit.jobs.supervisor"],
    ids=["package", "page", "terminal", "supervisor"],
)
def test_starting_brings_only_what_a_start_needs(start):
    code = f"import sys, {start}\nprint(sorted(set({sorted(LATER)}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("start", ["lorakit.terminal.cli", "app, lorakit.jobs.supervisor"])
def test_what_shows_no_page_brings_no_gradio(start):
    code = f"import sys, {start}; print([name for name in ('gradio', 'pandas') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "[]"


def test_what_is_pinned_is_what_is_imported():
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in pins.values())
    libraries = {name.split(".")[0] for path in [*modules(), ROOT / "app.py"] for name in imported(path)}
    distributions = packages_distributions()
    imports = {normal(distributions[name][0]) for name in libraries - sys.stdlib_module_names - {"lorakit"}}
    assert imports == {normal(name) for name in pins}


def test_tests_share_what_they_need_through_helpers():
    """Modules without tests of their own, or fixtures: never a module of tests, never a path set by hand."""
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for name in imported(path)
        if name.startswith("tests") and name.split(".")[-1].startswith("test_")
    ]
    assert not wrong
    assert not [path for path in (ROOT / "tests").rglob("*.py") if "sys.path" + "[" in path.read_text()]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# Longer than a reader likes, on 2026-12-01: what is named here may only shrink, and nothing may be added.
LONG_MODULES = {
    "training/loop.py": 296,
}
LONG_FUNCTIONS = {
    "lora/combine.py: combine": 52,
    "training/session.py: train": 76,
}


def test_no_module_outgrows_a_reader():
    lengths = {str(path.relative_to(PACKAGE)): path.read_text().count("\n") for path in modules()}
    long = {name: lines for name, lines in lengths.items() if lines > LONG_MODULES.get(name, MOST_LINES)}
    assert not long
    assert not {name for name in LONG_MODULES if lengths.get(name, 0) <= MOST_LINES}, "take it off the list"


def test_no_function_outgrows_a_screen():
    lengths = {}
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                name = f"{path.relative_to(PACKAGE)}: {node.name}"
                lengths[name] = max(lengths.get(name, 0), node.end_lineno - node.lineno + 1)
    most = MOST_OF_A_FUNCTION
    assert not {name: lines for name, lines in lengths.items() if lines > LONG_FUNCTIONS.get(name, most)}
    assert not {name for name in LONG_FUNCTIONS if lengths.get(name, 0) <= most}, "take it off the list"
