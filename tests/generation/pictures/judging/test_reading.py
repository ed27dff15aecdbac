"""Reading lettering, with the models that are installed: no net, no noise."""

import os
import subprocess
import sys

import pytest
from PIL import Image, ImageDraw, ImageFont

from lorakit.generation.pictures.judging import reading


def written(text, mode="RGB", behind="white", ink="black"):
    image = Image.new(mode, (420, 120), behind)
    ImageDraw.Draw(image).text((210, 60), text, font=ImageFont.load_default(56), fill=ink, anchor="mm")
    return image


@pytest.mark.parametrize(
    "image",
    [
        written("VELORA 75"),
        written("VELORA 75", "L"),
        written("VELORA 75", "RGBA", (0, 0, 0, 0), "white"),
        written("VELORA 75", "RGBA", (0, 0, 0, 0), "black"),
    ],
    ids=["rgb", "grey", "white on nothing", "black on nothing"],
)
def test_what_is_written_is_read(image):
    before = image.copy()
    lines = reading.lines(image)
    assert "".join(line.text for line in lines).replace(" ", "") == "VELORA75"
    assert min(line.confidence for line in lines) > 0.9
    assert image == before


def test_nothing_written_is_nothing_read():
    assert reading.lines(Image.new("RGB", (200, 200), "teal")) == ()
    assert reading.lines(Image.new("RGB", (1, 1))) == ()


ALONE = """
import socket

def refuse(*arguments, **options):
    raise OSError("no net")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from PIL import Image
from lorakit.generation.pictures.judging import reading
print(reading.lines(Image.new("RGB", (64, 64))))
"""


def test_it_is_quiet_and_asks_nothing_of_the_net():
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True, cwd=os.getcwd()
    )
    assert (done.stdout, done.stderr) == ("()\n", "")
