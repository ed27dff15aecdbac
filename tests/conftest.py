"""Small models of the true classes, built in the tests, and a workspace of their own for each test.

The battery: a test of bad input or of a fault carries its row, `@pytest.mark.battery(11, "NaN")`, and may
say what a person was told with `record_property("told", message)`. A run ends with a table of case and
outcome.
"""

import importlib.util
import os
import shutil
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
if "PYTEST_XDIST_WORKER" in os.environ:  # the processes share the cores; threads of each would fight for them
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest


@pytest.fixture(autouse=True)
def own_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("LORAKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LORAKIT_ADAPTERS", str(tmp_path / "adapters"))


FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium."""
    sync = pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("the browser tests need chromium: apt-get install chromium")
    with sync.sync_playwright() as player:
        chromium = player.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def turned():
    """Lets a person's system turn "dark" or "light" while a page is open, and waits until the page has."""

    def turn(page, scheme):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            "dark => document.body.classList.contains('dark') === dark", arg=scheme == "dark"
        )
        page.wait_for_timeout(400)  # colours change gradually

    return turn


# All of axe's rules (or those of one kind), the experimental ones too, but for those of WCAG's highest level.
AXE = """axe.run(document, {resultTypes: ['violations'], rules: Object.fromEntries(axe.getRules()
  .map(rule => [rule.ruleId, {enabled: !rule.tags.includes('wcag2aaa')
    && (!'KIND' || rule.tags.includes('KIND'))}]))})"""


def axe_script():
    """The source of axe-core, which a package of the tests carries."""
    package = importlib.util.find_spec("axe_playwright_python").origin
    return (Path(package).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def serious():
    """What axe-core finds serious or critical on a page as it stands, given how to evaluate JavaScript; with
    a kind of rules, such as "cat.color", only what those find."""
    script = axe_script()

    def look(evaluate, kind=""):
        evaluate(f"(() => {{{script}}})()")
        return [
            f"{found['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for found in evaluate(AXE.replace("KIND", kind))["violations"]
            if found["impact"] in ("serious", "critical")
            for node in found["nodes"]
        ]

    return look


# The files that take longest, the longest first: they begin first, so that no process ends the run alone.
LONG = (
    "e2e/test_first_run.py",
    "e2e/test_mixing.py",
    "ui/test_web.py",
    "e2e/test_second_engine.py",
    "training/test_faults.py",
    "training/forecast/test_forecast.py",
    "e2e/test_themes.py",
    "training/test_processes.py",
    "starter/build/test_text_model.py",
    "benchmarks/test_gpu_check.py",
    "ui/door/test_visits.py",
    "jobs/test_people.py",
    "store/test_faults.py",
    "families/test_train.py",
    "ui/door/test_headers.py",
    "jobs/test_supervisor.py",
    "data/photos/test_exposure.py",
    "training/test_image.py",
    "jobs/kinds/test_caption.py",
    "generation/pictures/test_mixes.py",
    "jobs/test_deployment.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Each file is one piece of work for one process, but where the two seats of one file are two pieces."""
    place = {name: number for number, name in enumerate(LONG)}
    tests = Path(__file__).parent
    for item in items:
        seat = getattr(item, "callspec", None) and item.callspec.params.get("seat")
        part = f" {seat['viewport']['width']}" if seat else ""
        item.add_marker(pytest.mark.xdist_group(f"{item.path.relative_to(tests)}{part}"))
    items.sort(key=lambda item: place.get(str(item.path.relative_to(tests)), len(place)))


@pytest.fixture
def runs(monkeypatch):
    """Puts functions of a test in the place of what kinds of job do: `runs(copy=function)`."""
    from lorakit.jobs.kinds import KINDS

    def put(**functions):
        for name, function in functions.items():
            monkeypatch.setitem(KINDS, name, replace(KINDS[name], run=function))

    return put


def pytest_configure(config):
    config.addinivalue_line("markers", "battery(row, title): a case of bad input or a fault that is survived")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.battery = [mark.args for mark in item.iter_markers("battery")]
    # What a person was told is often the error itself, which no process can hand to another.
    report.user_properties = [(name, str(value)) for name, value in report.user_properties]
    return report


def pytest_terminal_summary(terminalreporter):
    cases = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            for case in getattr(report, "battery", []):
                cases.setdefault(tuple(case), []).append((outcome, report))
    if not cases:
        return
    terminalreporter.section("battery")
    for (row, title), seen in sorted(cases.items()):
        outcomes = [outcome for outcome, _ in seen]
        worst = next(o for o in ("error", "failed", "passed", "skipped") if o in outcomes)
        told = next((str(text) for _, report in seen for name, text in report.user_properties
                     if name == "told"), "")  # fmt: skip
        terminalreporter.write_line(f"{row:>3}  {title:<52.52}  {worst:<7}  {' '.join(told.split())[:110]}")
