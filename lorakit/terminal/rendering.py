"""render: a campaign's images."""

import argparse
from pathlib import Path
from typing import Any

from lorakit.generation.pictures.layouts import LAYOUTS, SHOWS
from lorakit.lora.mix_syntax import EXPLAINED, WORD
from lorakit.terminal.mix_argument import mix_of
from lorakit.terminal.options import add_base, command, load_base
from lorakit.terminal.progress import Teller
from lorakit.terminal.stopping import stoppable, stopped


def add(commands: Any) -> None:
    """Add render."""
    parser = command(commands, "render", "generate a campaign's images")
    parser.add_argument(
        "--mix", nargs="*", action="append", metavar=WORD,
        help=f"adapters to use, {EXPLAINED.replace('%', '%%')}. Give --mix several times to compare mixes on "
        "the same seeds",
    )  # fmt: skip
    parser.add_argument(
        "--scenes", nargs="+", required=True, metavar="TEXT", help="where to place the product"
    )
    parser.add_argument(
        "--formats", nargs="+", default=["1:1"], metavar="FORMAT",
        help="such as instagram-story, 1:1 or 1080x1920 (default: 1:1)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="COUNT", help="images per scene and format (default: 1)"
    )
    parser.add_argument("--steps", type=int, help="sampling steps (default: the base model's)")
    parser.add_argument(
        "--guidance", type=float, metavar="SCALE",
        help="how closely to follow the prompt (default: the base model's)",
    )  # fmt: skip
    parser.add_argument("--negative", default="", metavar="TEXT", help="negative prompt")
    parser.add_argument(
        "--show", nargs="+", default=["free"], choices=SHOWS,
        help="how to show the product: free draws it with the adapters, exact puts its photo into empty "
        "scenes; several are shown side by side (default: free)",
    )  # fmt: skip
    parser.add_argument(
        "--product", nargs="+", default=[], metavar="FILE", type=Path,
        help="photos or cut-outs of the product, for --show exact",
    )  # fmt: skip
    parser.add_argument(
        "--layout", default=LAYOUTS[0].id, choices=[row.id for row in LAYOUTS],
        help="where the product stands, for --show exact (default: centred)",
    )  # fmt: skip
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="folder for the campaign")
    parser.add_argument("--zip", action="store_true", help="also create a ZIP file and a contact sheet")
    add_base(parser, "starter-image")
    parser.set_defaults(run=render)


def render(options: argparse.Namespace) -> int:
    """Generate a campaign's images, or those that are missing."""
    from lorakit.generation.pictures.campaign import Campaign
    from lorakit.generation.pictures.credentials import check_signer
    from lorakit.generation.pictures.export import contact_sheet, grid_picture, zip_campaign

    check_signer()
    mixes = [mix_of(words, sampled=True) for words in options.mix or [[]]]
    campaign = Campaign(
        load_base(options), mixes, options.scenes, options.formats, range(options.seeds),
        options.out, steps=options.steps, guidance=options.guidance, negative=options.negative,
        show=options.show, product=options.product, placement=options.layout,
    )  # fmt: skip
    with stoppable() as stop:
        entries = campaign.run(on_event=Teller(), should_stop=stop)
    if campaign.stopped:
        return stopped()
    if len(campaign.mixes) > 1:
        print(grid_picture(options.out, options.out / "grid.png"))
    if options.zip:
        print(zip_campaign(options.out, options.out / "campaign.zip"))
        print(contact_sheet(options.out, options.out / "contact-sheet.png"))
    failed = sum("error" in entry for entry in entries)
    finished = len(entries) - failed
    images = "1 image" if finished == 1 else f"{finished} images"
    print(f"{images} in {options.out}" + (f", {failed} failed" if failed else ""))
    return 1 if failed else 0
