"""The first ten minutes, in a real browser: the sample product, its scenes, the sample voice, its copy.

The trainings are as short as they can be: what they teach is measured elsewhere.
"""

import io
import re
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import expect

MINUTE = 60_000  # ms
ZIP = "a[href$='.zip']:visible"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def page(studio, browser):
    page = browser.new_page(viewport=WIDE)
    page.goto(studio)
    expect(page.get_by_role("heading", name="LoraKit Studio")).to_be_visible(timeout=MINUTE)
    return page


def open_tab(page, name):
    page.get_by_role("tab", name=name, exact=True).click()


def set_steps(page, count):
    """Under Advanced of the tab that is open: fewer steps."""
    page.locator("button.label-wrap:visible", has_text="Advanced").click()
    field = page.locator("label:visible", has_text=re.compile(r"^\s*Steps")).locator("input")
    # Gradio sets a field to its first value once more 100 ms after it shows: no hand is as fast, a test is.
    for _ in range(10):
        field.fill(str(count))
        field.press("Tab")
        page.wait_for_timeout(700)
        if field.input_value() == str(count):
            return
    pytest.fail(f"Steps went back to {field.input_value()} ten times")


@pytest.mark.battery(65, "page closed and opened in the middle")
def test_the_sample_product_trains_and_a_reload_loses_nothing(page):
    open_tab(page, "Train")
    set_steps(page, 12)
    page.get_by_role("button", name="Try it with the sample product").click()
    expect(page.get_by_text(re.compile("Waiting for its turn|Working")).first).to_be_visible(timeout=MINUTE)
    page.reload()
    expect(page.get_by_text("It is in the store, ready to use")).to_be_visible(timeout=4 * MINUTE)
    expect(page.get_by_text("for 12 steps")).to_be_visible()
    expect(page.get_by_text("of the base's parameters were trained")).to_be_visible()


def test_its_scenes_are_rendered_and_can_be_taken_away(page, tmp_path):
    page.get_by_role("button", name="Make scenes with it").click()
    render = page.get_by_role("button", name="Render", exact=True)
    expect(render).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("24 pictures: 4 scenes × 3 formats × 2")).to_be_visible()
    expect(page.get_by_label("aurora bottle: strength").first).to_be_visible(timeout=MINUTE)
    render.click()
    expect(page.get_by_text("Finished").locator("visible=true")).to_be_visible(timeout=5 * MINUTE)
    page.get_by_role("button", name="Prepare zip").click()
    link = page.locator(ZIP)
    link.wait_for(timeout=MINUTE)
    with page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = [name for name in archive.namelist() if "/" in name and name.endswith(".png")]
        sizes = {Image.open(io.BytesIO(archive.read(name))).size for name in names}
    assert len(names) == 24
    assert sizes == {(1080, 1080), (1080, 1920), (1280, 720)}


def test_a_click_on_a_picture_says_what_made_it(page):
    page.locator(".results button.thumbnail-item:visible").first.click()
    made = page.get_by_text("is marked in the file (IPTC)")
    expect(made).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("aurora bottle on a marble counter").first).to_be_visible()
    page.keyboard.press("Escape")


def test_the_sample_voice_trains_and_writes(page):
    open_tab(page, "Brand voice")
    set_steps(page, 4)
    page.get_by_role("button", name="Try it with the sample voice").click()
    expect(page.get_by_text("It is in the store, ready to use").locator("visible=true")).to_be_visible(
        timeout=3 * MINUTE
    )
    page.get_by_role("button", name="Fill in an example").click()
    expect(page.get_by_label("Product", exact=True)).to_have_value("Nordal teapot", timeout=MINUTE)
    page.get_by_role("button", name="Write copy").click()
    counts = page.get_by_text(re.compile(r"\d+ of 2,?200 characters"))
    expect(counts).to_have_count(3, timeout=2 * MINUTE)


def test_both_adapters_are_in_the_store(page):
    open_tab(page, "Adapters")
    cards = page.locator(".cards .adapter")
    expect(cards).to_have_count(2, timeout=MINUTE)
    cards.filter(has_text="aurora bottle").click()
    expect(page.get_by_text("words that call it")).to_be_visible(timeout=MINUTE)
    page.get_by_role("button", name="Prepare download").click()
    expect(page.locator(ZIP)).to_be_visible(timeout=MINUTE)


def test_files_that_are_no_photos_are_named(page, tmp_path):
    bad = tmp_path / "brief.png"
    bad.write_text("not a picture")
    good = tmp_path / "good.png"
    Image.effect_noise((640, 640), 60).save(good)
    open_tab(page, "Train")
    page.locator("input[type=file]:visible, .tabitem:visible input[type=file]").first.set_input_files(
        [bad, good]
    )
    expect(page.get_by_text(re.compile(r"brief\.png")).first).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text(re.compile(r"1 photo: "))).to_be_visible(timeout=MINUTE)


@pytest.mark.parametrize("tab", ["Train", "Brand voice", "Product scenes", "Adapters"])
def test_nothing_sticks_out_on_a_phone(page, tab):
    page.set_viewport_size(WIDE)
    open_tab(page, tab)
    page.set_viewport_size(NARROW)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.set_viewport_size(WIDE)
