"""Which base a file names in its own words, by what the families' rows and the table here take for one."""

import re
from collections.abc import Iterable, Mapping

from lorakit.families.table import ROWS

# What a file says of itself, in any of these fields, in lower case without signs; the longest that fits, of
# these and of what the families' rows state.
FIELDS = (
    "modelspec.architecture", "ss_base_model_version", "ss_sd_model_name", "base_model_name_or_path",
    "base_model", "ss_base_model", "modelspec.implementation", "task_type",
)  # fmt: skip
STATED = {
    "chroma": "chroma", "qwenimage": "qwen-image", "stablediffusion3": "sd3", "sd3": "sd3",
    "kolors": "kolors", "stablediffusionv2": "sd2", "stablediffusion2": "sd2", "sdv2": "sd2",
    "hunyuanvideo": "hunyuan-video", "hunyuanimage": "hunyuan-image", "wan21": "wan", "wan22": "wan",
    "zimage": "z-image", "lumina": "lumina-2", "hidream": "hidream", "ltx": "ltx", "pixart": "pixart",
    "auraflow": "auraflow", "stablecascade": "stable-cascade", "cogvideo": "cogvideox", "bria": "bria",
}  # fmt: skip


def named_exactly(said: Iterable[Mapping[str, object]]) -> str:
    """The family whose architecture a file states in the standard's own words."""
    stated = [table.get("modelspec.architecture") for table in said]
    return next((row.name for row in ROWS.values() if row.architecture and row.architecture in stated), "")


def named(said: Iterable[Mapping[str, object]]) -> str:
    """The family that the first telling field of the tables `said` names; empty when none does."""
    texts = [str(table[key]).lower() for table in said for key in FIELDS if table.get(key)]
    pieces = STATED | {piece: row.name for row in ROWS.values() for piece in row.stated}
    for text in texts:
        plain = re.sub(r"[^a-z0-9]", "", text)
        for piece in sorted(pieces, key=len, reverse=True):
            if piece in plain:
                return pieces[piece]
    return ""
