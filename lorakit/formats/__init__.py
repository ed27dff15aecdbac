"""Adapter files <-> Adapter, whatever tool wrote them.

A file is read in three steps, each a table: how its keys end (`leaves`), which modules its names mean
(`names`), what kind of update its tensors make (`updates`). Modules carry the live names of diffusers and
transformers. Written are the layouts of diffusers, PEFT and kohya (`layouts`).
"""

from lorakit.formats.loading import KNOWN_FILES, Inspection, inspect, load
from lorakit.formats.names import NAMINGS
from lorakit.formats.saving import FORMATS, keep, save

__all__ = ["FORMATS", "KNOWN_FILES", "NAMINGS", "Inspection", "inspect", "keep", "load", "save"]
