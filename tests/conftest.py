"""Small models of the true classes, built in the tests, and a workspace of their own for each test.

The battery: a test of bad input or of a fault carries its row, `@pytest.mark.battery(11, "NaN")`, and may
say what a person was told with `record_property("told", message)`. A run ends with a table of case and
outcome.
"""

import os
import shutil

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

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


def pytest_configure(config):
    config.addinivalue_line("markers", "battery(row, title): a case of bad input or a fault that is survived")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.battery = [mark.args for mark in item.iter_markers("battery")]
    return report


def pytest_terminal_summary(terminalreporter):
    cases = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            for case in getattr(report, "battery", []):
                cases.setdefault(case, []).append((outcome, report))
    if not cases:
        return
    terminalreporter.section("battery")
    for (row, title), seen in sorted(cases.items()):
        outcomes = [outcome for outcome, _ in seen]
        worst = next(o for o in ("error", "failed", "passed", "skipped") if o in outcomes)
        told = next((str(text) for _, report in seen for name, text in report.user_properties
                     if name == "told"), "")  # fmt: skip
        terminalreporter.write_line(f"{row:>3}  {title:<52.52}  {worst:<7}  {' '.join(told.split())[:110]}")
