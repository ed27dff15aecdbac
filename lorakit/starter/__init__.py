"""The starter bases: two small demonstration models, the recipe that makes them, and sample data to try
them with.
"""

from pathlib import Path

HERE = Path(__file__).parent
IMAGE = HERE / "image"
TEXT = HERE / "text"
SAMPLES = HERE / "samples"
SAMPLE_PHOTOS = SAMPLES / "aurora-bottle"
SAMPLE_TRIGGER = "aurora bottle"
SAMPLE_VOICE = SAMPLES / "voice.csv"
