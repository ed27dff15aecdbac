"""The first run once more in Firefox, on a system that prefers dark."""

import shutil

import pytest

from tests.e2e import bidi

STEPS = """[...document.querySelectorAll('label')]
  .find(one => one.checkVisibility() && /^\\s*Steps/.test(one.innerText)).querySelector('input')"""
FILLED = "[...document.querySelectorAll('textarea, input')].some(one => one.value === 'Nordal teapot')"
SHOWN = "[...document.querySelectorAll('.results img')].some(one => one.naturalWidth > 0)"


@pytest.fixture(scope="module")
def page(studio, tmp_path_factory):
    found = shutil.which("firefox-esr")
    if found is None:
        pytest.skip("the second engine is Firefox: apt-get install firefox-esr")
    with bidi.firefox(found, tmp_path_factory.mktemp("profile")) as page:
        page.open(studio)
        page.see("LoraKit Studio", "h1")
        yield page


def pause(page, milliseconds):
    page.evaluate(f"new Promise(done => setTimeout(() => done(0), {milliseconds}))")


def open_tab(page, name):
    page.press(name, "[role=tab]")


def set_steps(page, steps):
    page.press("Advanced", "button.label-wrap")
    page.see("Steps", "label")
    for _ in range(10):  # Gradio sets a field to its first value once more just after it shows
        page.evaluate(f"{STEPS}.focus()")
        page.type(str(steps))
        pause(page, 700)
        if page.evaluate(f"{STEPS}.value") == str(steps):
            return
    pytest.fail("Steps did not keep what was typed")


def untick(page, name, ticked):
    """At a person's pace: a click while the list is drawn anew goes nowhere."""
    left = f"[...document.querySelectorAll('{ticked}')].some(one => one.innerText.includes('{name}'))"
    for _ in range(10):
        if not page.evaluate(left):
            return
        page.press(name, ticked)
        pause(page, 1000)
    pytest.fail(f"{name} stays ticked")


def test_the_page_is_dark_as_the_system_is(page):
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.wait_for("document.body.classList.contains('dark')")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_the_sample_product_trains(page):
    set_steps(page, 4)
    page.press("Try it with the sample product")
    page.see("Added to your adapters, ready to use", ".status", 240)


def test_a_scene_is_rendered(page):
    page.press("Make scenes with it")
    page.see("24 images", ".sum")
    for name in ("Wooden table", "Neon street", "Green garden"):
        untick(page, name, ".scenes label.selected")
    for name in ("story 1080×1920", "thumbnail 1280×720"):
        untick(page, name, ".formats label.selected")
    page.see("2 images: 1", ".sum")
    page.press("Generate images")
    page.see("Finished", ".status", 240)
    page.wait_for(SHOWN)


def test_the_sample_voice_trains_and_writes(page):
    open_tab(page, "Train")
    page.press("A voice, from texts", ".subjects label")
    set_steps(page, 2)
    page.press("Try it with the sample voice")
    page.see("Write with it", "button", 240)
    page.press("Write with it")
    page.press("Fill in an example")
    page.wait_for(FILLED)
    page.press("Write copy")
    page.see("characters", ".copy .count")


def test_both_are_in_the_store_and_no_tab_keeps_anybody_out(page, serious):
    found = {}
    for tab in ("Train", "Brand voice", "Product scenes", "Adapters"):
        open_tab(page, tab)
        pause(page, 700)
        found[tab] = serious(page.evaluate)
    assert not any(found.values()), found
    page.wait_for("document.querySelectorAll('.cards .adapter').length === 2")
