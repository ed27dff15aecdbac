"""The first ten minutes, in a real browser: the sample product, its scenes, the sample voice, its copy; at a
desk where the system is light, and on a phone where it is dark. Then each tab with all of that on it, to
whoever cannot see or hold it as most do.

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
TABS = ("Train", "Brand voice", "Product scenes", "Adapters")
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
DESK = {"viewport": WIDE, "color_scheme": "light"}
PHONE = {"viewport": NARROW, "color_scheme": "dark", "has_touch": True, "is_mobile": True}
at_the_desk = pytest.mark.parametrize("seat", [DESK], ids=["desk"], indirect=True, scope="module")


@pytest.fixture(scope="module", params=[DESK, PHONE], ids=["desk", "phone"])
def seat(request):
    return request.param


@pytest.fixture(scope="module")
def studio(seat, running_studio, tmp_path_factory):
    with running_studio(tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture(scope="module")
def page(studio, browser, seat):
    page = opened(browser, studio, seat)
    yield page
    page.close()


def opened(browser, studio, seat):
    page = browser.new_page(**seat)
    page.set_default_timeout(2 * MINUTE)  # a machine that trains answers late
    page.goto(studio)
    expect(page.get_by_role("heading", name="LoraKit Studio")).to_be_visible(timeout=MINUTE)
    return page


def press(part):
    """As a hand does: with a finger on a phone."""
    if part.page.viewport_size == NARROW:
        part.tap()
    else:
        part.click()


def open_tab(page, name):
    press(page.get_by_role("tab", name=name, exact=True))


def set_steps(page, count):
    """Under Advanced of the tab that is open: fewer steps."""
    press(page.locator("button.label-wrap:visible", has_text="Advanced"))
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
    press(page.get_by_role("button", name="Try it with the sample product"))
    expect(page.locator(".status:visible").first).to_be_visible(timeout=MINUTE)
    page.reload()
    expect(page.get_by_text("Added to your adapters, ready to use")).to_be_visible(timeout=4 * MINUTE)
    expect(page.get_by_text("for 12 steps")).to_be_visible()
    expect(page.get_by_text("trained parameters, relative to the base model")).to_be_visible()


def one_scene_in_one_format(page):
    others = ("Wooden table", "Neon street", "Green garden", "story 1080×1920", "thumbnail 1280×720")
    for name in others:
        chip = page.locator("label.selected:visible", has_text=name)
        press(chip)
        expect(chip).to_have_count(0)


def test_its_scenes_are_rendered_and_can_be_taken_away(page, seat):
    press(page.get_by_role("button", name="Make scenes with it"))
    render = page.get_by_role("button", name="Generate images")
    expect(render).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("24 images: 4 scenes × 3 formats × 2")).to_be_visible()
    if seat is PHONE:
        one_scene_in_one_format(page)
    expect(page.get_by_label("aurora bottle: strength").first).to_be_visible(timeout=MINUTE)
    press(render)
    expect(page.get_by_text("Finished").locator("visible=true")).to_be_visible(timeout=5 * MINUTE)
    press(page.get_by_role("button", name="Create ZIP"))
    link = page.locator(ZIP)
    link.wait_for(timeout=MINUTE)
    with page.expect_download() as download:
        press(link)
    with zipfile.ZipFile(download.value.path()) as archive:
        names = [name for name in archive.namelist() if "/" in name and name.endswith(".png")]
        sizes = {Image.open(io.BytesIO(archive.read(name))).size for name in names}
    assert len(names) == (2 if seat is PHONE else 24)
    assert sizes == {(1080, 1080)} if seat is PHONE else {(1080, 1080), (1080, 1920), (1280, 720)}


def test_a_click_on_a_picture_says_what_made_it(page):
    press(page.locator(".results button.thumbnail-item:visible").first)
    made = page.get_by_text("label in the file (IPTC)")
    expect(made).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text("aurora bottle on a marble counter").first).to_be_visible()
    page.keyboard.press("Escape")


def test_the_sample_voice_trains_and_writes(page):
    open_tab(page, "Brand voice")
    press(page.get_by_role("button", name="Train a voice"))
    expect(page.get_by_label("Voice name")).to_be_visible(timeout=MINUTE)
    set_steps(page, 4)
    press(page.get_by_role("button", name="Try it with the sample voice"))
    lead = page.get_by_role("button", name="Write with it")
    expect(lead).to_be_visible(timeout=3 * MINUTE)
    press(lead)
    expect(page.get_by_label("Voice", exact=True).locator("visible=true")).to_have_value(
        "Nordal voice", timeout=MINUTE
    )
    press(page.get_by_role("button", name="Fill in an example"))
    expect(page.get_by_label("Product", exact=True)).to_have_value("Nordal teapot", timeout=MINUTE)
    press(page.get_by_role("button", name="Write copy"))
    counts = page.get_by_text(re.compile(r"\d+ of 2,?200 characters"))
    expect(counts).to_have_count(3, timeout=2 * MINUTE)


@at_the_desk
def test_both_adapters_are_in_the_store(seat, page):
    open_tab(page, "Adapters")
    cards = page.locator(".cards .adapter")
    expect(cards).to_have_count(2, timeout=MINUTE)
    press(cards.filter(has_text="aurora bottle"))
    expect(page.get_by_text("works with")).to_be_visible(timeout=MINUTE)
    press(page.get_by_role("button", name="Create download"))
    expect(page.locator(ZIP)).to_be_visible(timeout=MINUTE)


@at_the_desk
def test_files_that_are_no_photos_are_named(seat, page, tmp_path):
    bad = tmp_path / "brief.png"
    bad.write_text("not a picture")
    good = tmp_path / "good.png"
    Image.effect_noise((640, 640), 60).save(good)
    open_tab(page, "Train")
    press(page.get_by_text("A product, from photos"))
    expect(page.get_by_label("Product name")).to_be_visible(timeout=MINUTE)
    page.wait_for_timeout(2000)  # the form that comes is filled a moment later; no hand is as fast
    page.locator("input[type=file][multiple]").first.set_input_files([bad, good])
    expect(page.get_by_text(re.compile(r"brief\.png")).first).to_be_visible(timeout=MINUTE)
    expect(page.get_by_text(re.compile(r"1 photo: "))).to_be_visible(timeout=MINUTE)


@pytest.fixture
def in_light_and_dark(serious, turned):
    """What axe finds on a window in light, and what it finds of its colours in dark."""

    def look(window):
        found = serious(window.evaluate)
        turned(window, "dark")
        found += serious(window.evaluate, "cat.color")
        turned(window, "light")
        return found

    return look


@at_the_desk
@pytest.mark.parametrize("at", [DESK, PHONE], ids=["wide", "narrow"])
def test_no_tab_keeps_anybody_out_or_sticks_out(seat, page, studio, browser, at, in_light_and_dark):
    window = opened(browser, studio, at | {"color_scheme": "light"})
    found = {}
    for tab in TABS:
        open_tab(window, tab)
        window.wait_for_timeout(700)  # what the tab asks for has come
        if tab == "Adapters":
            press(window.locator(".cards .adapter", has_text="aurora bottle"))
            expect(window.get_by_text("works with")).to_be_visible(timeout=MINUTE)
        folds = window.locator("button.label-wrap:not(.open):visible")
        while folds.count():  # one may hold others
            press(folds.first)
        window.wait_for_timeout(300)
        # In a window as tall as the page: in any other the bar at its foot covers half of something.
        window.set_viewport_size({**at["viewport"], "height": window.evaluate("document.body.scrollHeight")})
        found[tab] = in_light_and_dark(window)
        window.set_viewport_size(at["viewport"])
        if window.evaluate("document.documentElement.scrollWidth") > at["viewport"]["width"]:
            found[tab].append("it sticks out")
    window.close()
    assert not any(found.values()), found


@at_the_desk
def test_nor_does_what_opens_or_goes_wrong(seat, page, studio, browser, in_light_and_dark, tmp_path):
    """A message, a list, photos with findings, a mix with an adapter that is off, a picture in large."""
    Image.effect_noise((90, 90), 60).save(tmp_path / "small.png")
    Image.new("RGB", (640, 640)).save(tmp_path / "black.png")
    window = opened(browser, studio, DESK)
    found = {}
    window.get_by_role("button", name="Start training").click()
    expect(window.get_by_test_id("toast-body")).to_have_css("opacity", "1", timeout=MINUTE)
    window.wait_for_timeout(1000)  # it fades in
    found["a message"] = in_light_and_dark(window)
    window.locator("input[type=file][multiple]").first.set_input_files(
        [tmp_path / "small.png", tmp_path / "black.png"]
    )
    expect(window.locator(".photo")).to_have_count(2, timeout=MINUTE)
    window.locator(".photo input").first.uncheck()
    window.get_by_label("Base model").locator("visible=true").click()
    expect(window.locator(".options:has(> [role=listbox])")).to_have_css("opacity", "1")
    found["photos with findings, and a list"] = in_light_and_dark(window)
    window.keyboard.press("Escape")
    open_tab(window, "Product scenes")
    window.get_by_label("Add to the mix").click()
    window.get_by_role("option", name="aurora bottle").click()
    window.get_by_role("switch", name="aurora bottle: in the mix").click()
    window.locator(".mix-row summary").click()
    found["an adapter that is off"] = in_light_and_dark(window)
    window.locator(".results button.thumbnail-item:visible").first.click()
    expect(window.get_by_text("label in the file (IPTC)")).to_be_visible(timeout=MINUTE)
    found["a picture in large"] = in_light_and_dark(window)
    window.close()
    assert not any(found.values()), found
