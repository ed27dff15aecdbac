"""Two adapters in one mix, in a real browser: the meter, balancing, comparing, and what a reload keeps."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from lorakit.lora.stability import GREEN

MINUTE = 60_000  # ms
SHIPPED = Path(__file__).parents[2] / "adapters" / "riso-print"
NARROW, WIDE = {"width": 390, "height": 844}, {"width": 1440, "height": 1100}


@pytest.fixture(scope="module")
def stocked(studio, browser, tmp_path_factory):
    """A studio with the shipped style and, as a second adapter, its twin."""
    page = browser.new_page(viewport=WIDE, color_scheme="light")
    page.goto(studio)
    page.get_by_role("tab", name="Adapters", exact=True).click()
    for number, name in enumerate(("Riso", "Twin"), 1):
        folder = tmp_path_factory.mktemp(name)
        card = json.loads((SHIPPED / "card.json").read_text()) | {"name": name, "trigger": name.lower()}
        (folder / "card.json").write_text(json.dumps(card))
        weights = folder / "pytorch_lora_weights.safetensors"
        weights.write_bytes((SHIPPED / weights.name).read_bytes())
        page.locator("input[type=file]").locator("visible=true").or_(
            page.locator(".tabitem:visible input[type=file]")
        ).first.set_input_files([weights, folder / "card.json"])
        expect(page.get_by_label("Remove this file")).to_have_count(2, timeout=MINUTE)
        page.get_by_label("Name", exact=True).locator("visible=true").fill(name)
        page.get_by_role("button", name="Add adapter").click()
        expect(page.locator(".cards .adapter")).to_have_count(number, timeout=MINUTE)
        expect(page.get_by_label("Remove this file")).to_have_count(0, timeout=MINUTE)  # ready for the next
    page.close()
    return studio


@pytest.fixture(scope="module")
def page(stocked, browser):
    page = browser.new_page(viewport=WIDE, color_scheme="dark")
    page.goto(stocked)
    yield page
    page.close()


def put_in(page, name):
    box = page.get_by_label("Add to the mix")
    box.click()
    page.get_by_role("option", name=name).click()
    expect(page.get_by_label(f"{name}: strength", exact=True)).to_be_visible(timeout=MINUTE)


def numbers(page):
    return [page.get_by_label(f"{name}: strength, number").input_value() for name in ("Riso", "Twin")]


# As a fast hand, or a slow server, would have it: all of it between two turns of the browser.
AT_ONCE = """([strengths, press]) => {
  for (const [name, strength] of Object.entries(strengths)) {
    const field = document.querySelector(`[aria-label="${name}: strength, number"]`);
    field.value = strength;
    field.dispatchEvent(new Event('change', {bubbles: true}));
  }
  if (press) [...document.querySelectorAll('button')].find(one => one.textContent.includes(press)).click();
}"""


def set_at_once(page, press="", **strengths):
    page.evaluate(AT_ONCE, [strengths, press])


def test_the_meter_reads_a_mix_and_balances_it(page):
    page.get_by_role("tab", name="Product scenes", exact=True).click()
    put_in(page, "Riso")
    put_in(page, "Twin")
    set_at_once(page, Riso=1.5, Twin=1.5)
    gauge = page.locator(".gauge")
    expect(gauge).to_have_class(re.compile("red"), timeout=2 * MINUTE)
    expect(gauge).to_contain_text("3.0 times as much as one adapter", timeout=MINUTE)
    page.get_by_role("button", name="Balance").click()
    expect(gauge).to_have_class(re.compile("green"), timeout=MINUTE)
    balanced = numbers(page)
    assert balanced[0] == balanced[1] and float(balanced[0]) == pytest.approx(GREEN / 2, abs=0.011)
    set_at_once(page, Riso=1.5, Twin=1.5)
    expect(gauge).to_have_class(re.compile("red"), timeout=MINUTE)
    page.get_by_role("button", name="Balance").click()
    expect(gauge).to_have_class(re.compile("green"), timeout=MINUTE)
    assert numbers(page) == balanced, "also back to what the table has shown before"


def test_balance_counts_what_was_set_just_before_and_leaves_what_is_set_just_after(page):
    gauge = page.locator(".gauge")
    set_at_once(page, Riso=1.5, Twin=1.5)
    expect(gauge).to_have_class(re.compile("red"), timeout=MINUTE)
    set_at_once(page, Riso=0.2, press="Balance")
    expect(gauge).to_have_class(re.compile("green"), timeout=MINUTE)
    riso, twin = map(float, numbers(page))
    assert riso == 0.2 and 0.7 < twin <= GREEN
    set_at_once(page, Riso=1.5, Twin=1.5)
    expect(gauge).to_have_class(re.compile("red"), timeout=MINUTE)
    page.evaluate(AT_ONCE, [{}, "Balance"])
    set_at_once(page, Twin=-0.1)
    expect(gauge).to_have_class(re.compile("green"), timeout=MINUTE)
    assert numbers(page)[1] == "-0.1" and float(numbers(page)[0]) < 1.5


def test_a_slider_is_answered_and_a_reload_keeps_the_mix(page):
    set_at_once(page, Riso=0.4, Twin=-0.3)
    page.get_by_role("switch", name="Riso: in the mix").click()
    expect(page.get_by_label("Twin: strength", exact=True)).to_have_value("-0.3")
    expect(page.locator(".gauge")).to_contain_text("Safe", timeout=MINUTE)
    page.reload()
    page.get_by_role("tab", name="Product scenes", exact=True).click()
    expect(page.locator(".mix-row")).to_have_count(2, timeout=MINUTE)
    assert numbers(page) == ["0.4", "-0.3"]
    expect(page.get_by_role("switch", name="Riso: in the mix")).to_have_attribute("aria-checked", "false")
    page.get_by_role("button", name="Remove Riso from the mix").click()
    expect(page.locator(".mix-row")).to_have_count(1, timeout=MINUTE)
    put_in(page, "Riso")


def test_strengths_are_compared_on_the_same_seed_and_the_grid_can_be_taken_away(page):
    page.locator("button.label-wrap:visible", has_text=re.compile("^Advanced")).click()
    steps = page.get_by_label("Sampling steps")
    page.wait_for_timeout(1000)  # Gradio sets a field once more just after it shows
    steps.fill("2")
    steps.press("Tab")
    page.locator("button.label-wrap:visible", has_text="Compare strengths or mixes").click()
    page.wait_for_timeout(1000)
    page.get_by_label("Compare", exact=True).click()
    page.get_by_role("option", name="Strengths of Twin").click()
    strengths = page.get_by_label("Strengths to try")
    strengths.fill("0, 0.5, 1")
    strengths.press("Tab")
    expect(page.get_by_text("12 images: 4 scenes × 3 mixes")).to_be_visible(timeout=MINUTE)
    finished = page.get_by_text("Finished").locator("visible=true")
    page.get_by_role("button", name="Compare", exact=True).click()
    # An earlier campaign stands there until the new one is read, which puts away the earlier one's files.
    expect(finished).to_have_count(0, timeout=MINUTE)
    expect(finished).to_be_visible(timeout=3 * MINUTE)
    head = page.locator(".grid-view tr").first
    expect(head).to_contain_text("Twin 0.5")
    expect(page.locator(".grid-view td img")).to_have_count(12, timeout=MINUTE)
    expect(page.locator(".pair")).to_be_visible(timeout=MINUTE)
    page.get_by_role("button", name="Save grid as image").click()
    link = page.locator("a[href$='grid.png']:visible")
    link.wait_for(timeout=MINUTE)
    with page.expect_download() as download:
        link.click()
    with Image.open(io.BytesIO(Path(download.value.path()).read_bytes())) as image:
        assert image.width > 3 * 110 and image.height > 4 * 100


def test_texts_that_are_unticked_at_once_are_all_left_out(page):
    page.get_by_role("tab", name="Train", exact=True).click()
    page.get_by_text("A voice, from texts", exact=True).click()
    pasted = page.get_by_label("Or paste them, with a blank line between texts")
    pasted.fill("Call [NAME] today.\n\nRain. Still tea.\n\nWrite to [NAME] now.\n\nMorning. Tea first.")
    pasted.press("Tab")
    expect(page.locator("#text-gate input:checked")).to_have_count(2, timeout=MINUTE)
    page.evaluate("document.querySelectorAll('#text-gate input').forEach(box => box.click())")
    expect(page.get_by_text("2 to keep; 2 left out by you")).to_be_visible(timeout=MINUTE)
    page.get_by_role("tab", name="Product scenes", exact=True).click()


def test_the_table_fits_a_phone(page):
    page.set_viewport_size(NARROW)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
