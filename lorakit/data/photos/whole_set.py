"""What a set of photos shows as a whole: how many there are, how different, and whether of one thing."""

from collections.abc import Sequence

from lorakit.data.findings import Finding
from lorakit.data.photos import colours, sameness
from lorakit.data.photos.look import HasLook

FEW, IDEAL, MANY = 10, 30, 200  # photos; what FLUX trainings commonly recommend
PRODUCTS_NAMED = 9  # by an example each


def findings(photos: Sequence[HasLook], alike: int, style: bool = False) -> list[Finding]:
    """What the quality check says of all photos together, of which `alike` are near-duplicates: photos of one
    product, or pictures in one `style`, which may show as many things as they like.
    """
    found, count = [], len(photos)
    different = count - alike
    if different < FEW:
        wanted = "of different things" if style else "from different angles, in different places and light"
        number = f"{count} photo{'s' if count != 1 else ''}" + (
            f", {different} of them different" if alike else ""
        )
        advice = f"add more: about {IDEAL} {wanted}, work best"
        found.append(Finding("", "few", "warn", f"only {number}", advice))
    elif different < 20:
        advice = f"this works; about {IDEAL} work best"
        found.append(Finding("", "few", "info", f"{different} different photos", advice))
    elif count > MANY:
        advice = f"choose the best: beyond about {IDEAL}, variety matters more than number"
        found.append(Finding("", "many", "info", f"{count} photos", advice))
    looks = [photo.look for photo in photos]
    if not style:
        groups = colours.groups([look.colours for look in looks])
        found += _of_products([photo.name for photo in photos], groups)
    if count >= 5 and sameness.one_background(looks):
        learned = "style" if style else "product"
        advice = f"add photos from other places: what every photo shows is learned as part of the {learned}"
        found.append(
            Finding("", "one-background", "warn", "nearly all photos have the same background", advice)
        )
    if not style and different >= sameness.FIGURES and sameness.one_angle(looks):
        what = "the product looks the same in most photos"
        advice = "photograph it from all sides, above and below: the model only learns what it sees"
        found.append(Finding("", "one-angle", "info", what, advice))
    return found


def _of_products(names: Sequence[str], groups: Sequence[Sequence[int]]) -> list[Finding]:
    if not groups:
        return []
    shown = [f"{names[group[0]]} and {len(group) - 1} more" if len(group) > 1 else names[group[0]]
             for group in groups[:PRODUCTS_NAMED]]  # fmt: skip
    rest = f"; and {len(groups) - len(shown)} more" if len(groups) > len(shown) else ""
    what = f"these look like {len(groups)} different products by colour: {'; '.join(shown)}{rest}"
    advice = (
        "train each product on its own photos; if these are versions of one, name the version in each caption"
    )
    return [Finding("", "several-products", "warn", what, advice)]
