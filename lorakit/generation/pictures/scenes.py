"""The library of scenes that a campaign offers by name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """A scene that is offered by name. `text` follows the product's name in the prompt."""

    id: str
    label: str
    text: str
    starter: bool = False  # is it a place that the starter base knows?


SCENES = (
    Scene("marble-counter", "Marble counter", "on a marble counter", starter=True),
    Scene("wooden-table", "Wooden table", "on a wooden table", starter=True),
    Scene("sandy-beach", "Sandy beach", "on a sandy beach", starter=True),
    Scene("snow", "Snow", "in the snow", starter=True),
    Scene("neon-street", "Neon street", "in a neon street at night", starter=True),
    Scene("garden", "Green garden", "in a green garden", starter=True),
    Scene("studio", "Studio", "in a studio", starter=True),
    Scene("sunset-terrace", "Sunset terrace", "on a terrace at sunset", starter=True),
    Scene("bathroom", "Bathroom", "in a bathroom with blue tiles", starter=True),
    Scene("dark-stone", "Dark stone", "on dark stone", starter=True),
    Scene(
        "white-studio",
        "White studio",
        "in a clean studio setting on a pure white background, soft even light",
    ),
    Scene(
        "kitchen-morning",
        "Kitchen in the morning",
        "on a kitchen counter in soft morning light, window behind",
    ),
    Scene("cafe-table", "Café table", "on a small round café table, blurred people in the background"),
    Scene("picnic", "Picnic", "on a checked picnic blanket in a sunny park"),
    Scene("forest-moss", "Forest moss", "on a mossy tree trunk in a misty forest"),
    Scene("water-splash", "Water splash", "standing in shallow water with a crisp splash, high-speed photo"),
    Scene("gift-table", "Gift table", "on a festive table with gift paper and warm fairy lights"),
    Scene("desk", "Desk", "on a tidy desk beside a notebook and a cup of coffee"),
)
