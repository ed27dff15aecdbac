"""Which parts of a story or a reel the platform covers, shown over a copy of the image."""

from pathlib import Path

from PIL import Image, ImageDraw

from lorakit.generation.pictures.formats import OutputFormat, find


def preview(path: Path, output: str, side: int) -> tuple[tuple[int, int], bytes]:
    """Size and RGB values of a copy of the delivered image at `path`, at most `side` pixels long, with the
    safe zones of the format `output` marked. The file stays as it is.
    """
    with Image.open(path) as image:
        image.draft("RGB", (side, side))
        small = image.convert("RGB")
    small.thumbnail((side, side))
    marked = with_safe_zones(small, find(output))
    return marked.size, marked.tobytes()


def with_safe_zones(image: Image.Image, output: OutputFormat) -> Image.Image:
    """A copy of the delivered `image` that shows which parts the platform covers with its own things."""
    marked = image.convert("RGBA")
    cover = Image.new("RGBA", marked.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(cover)
    top, bottom = round(output.safe_top * marked.height), round((1 - output.safe_bottom) * marked.height)
    line = max(1, marked.height // 400)
    for start, end, edge in ((0, top, top), (bottom, marked.height, bottom)):
        if end > start:
            draw.rectangle((0, start, marked.width, end), fill=(214, 64, 69, 96))
            draw.line((0, edge, marked.width, edge), fill=(255, 255, 255, 220), width=line)
    return Image.alpha_composite(marked, cover).convert("RGB")
