"""Light and dark, as the system is or as the address asks: the page answers, and wears what it should."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lorakit.ui.theme import PALETTE

MINUTE = 60_000  # ms
# What a browser extension may do to any page.
MARKED = "setInterval(() => document.body?.classList.toggle('extension-was-here'), 50)"


@pytest.fixture
def opened(studio, browser):
    """A page opened under a system's scheme, at an address's wish."""
    pages = []

    def open_page(system, asked=""):
        pages.append(browser.new_page(color_scheme=system))
        pages[-1].add_init_script(MARKED)
        pages[-1].set_default_timeout(MINUTE / 2)
        pages[-1].goto(studio + asked)
        expect(pages[-1].get_by_role("heading", name="LoraKit Studio")).to_be_visible(timeout=MINUTE)
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()


def rgb(colour):
    return f"rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)})"


def worn(page):
    """The page's ground, its text and the scheme of its native parts."""
    return page.evaluate("""() => {
      const body = getComputedStyle(document.body), root = getComputedStyle(document.documentElement);
      const head = getComputedStyle(document.querySelector('.studio-head h1'));
      return [body.backgroundColor, head.color, root.colorScheme, body.colorScheme];
    }""")


@pytest.mark.parametrize(
    ("system", "asked", "scheme"),
    [
        ("light", "", "light"),
        ("dark", "", "dark"),
        ("dark", "/?__theme=light", "light"),
        ("light", "/?__theme=dark", "dark"),
    ],
)
def test_the_page_answers_and_wears_its_theme(opened, system, asked, scheme):
    page = opened(system, asked)
    page.wait_for_timeout(1500)  # the fight for the class began a second after the page stood
    page.get_by_role("tab", name="Adapters", exact=True).click()
    expect(page.get_by_role("tab", name="Adapters", exact=True)).to_have_attribute("aria-selected", "true")
    ground, ink = (rgb(PALETTE[name][scheme == "dark"]) for name in ("page", "ink"))
    assert worn(page) == [ground, ink, scheme, scheme]


def test_the_page_follows_a_system_that_turns_dark_at_dusk(opened):
    page = opened("light")
    page.emulate_media(color_scheme="dark")
    page.get_by_role("tab", name="Brand voice", exact=True).click()
    page.wait_for_function("document.body.classList.contains('dark')")
    assert worn(page)[:2] == [rgb(PALETTE[name][1]) for name in ("page", "ink")]


def test_every_test_of_a_page_says_what_the_system_prefers():
    """So that none depends on the machine that it runs on."""
    opens = re.compile(r"browser\.new_(?:page|context)\(([^)]*)")
    unsaid = [
        f"{path.name}: {asked}"
        for path in Path(__file__).parents[1].rglob("test_*.py")
        for asked in opens.findall(path.read_text(encoding="utf-8"))
        if "color_scheme" not in asked and asked != "**seat"
    ]
    assert not unsaid
