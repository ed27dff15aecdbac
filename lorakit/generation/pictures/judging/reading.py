"""Reading the lettering in an image, with the models inside rapidocr's own package; nothing is downloaded."""

import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lorakit.generation.pictures.judging.lettering import Line

# Pixels of the longer side that lines are looked for in, and that they are read in: more takes longer and was
# read no better on the photos of a can with small print.
FOUND_SIDE, READ_SIDE = 960, 1280
# Text in Latin, Chinese and Japanese letters.
MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
BEHIND = (128, 128, 128)  # what a cut-out is read in front of: no text is as good as never of mid-grey
FATAL = 4  # the log level of onnxruntime that lets only fatal errors through

_one_at_a_time = threading.Lock()  # the reader keeps what it is doing in itself


def lines(image: Image.Image) -> tuple[Line, ...]:
    """The lines of text in an image of any mode, in the order in which they were found."""
    shown = _opaque(image)
    shown.thumbnail((READ_SIDE, READ_SIDE))
    with _one_at_a_time:
        found = _reader()(np.ascontiguousarray(np.asarray(shown)[:, :, ::-1]))  # it takes BGR
    return tuple(
        Line(str(text), float(sure)) for text, sure in zip(found.txts or (), found.scores or (), strict=True)
    )


def _opaque(image: Image.Image) -> Image.Image:
    if "A" not in image.getbands():
        return image.convert("RGB").copy()
    shown = Image.new("RGB", image.size, BEHIND)
    shown.paste(image, mask=image.getchannel("A"))
    return shown


@cache
def _reader() -> Any:
    import onnxruntime
    import rapidocr

    onnxruntime.set_default_logger_severity(FATAL)
    folder = Path(rapidocr.__file__).parent / "models"
    # One thread: two took longer for these small models, and other work waits for the processor too.
    params: dict[str, Any] = {
        f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")
    }
    params |= {"Det.limit_type": "max", "Det.limit_side_len": FOUND_SIDE}
    # A model whose path is given is opened where it is; without one, the package looks for it on the net.
    params |= {f"{part}.model_path": str(folder / name) for part, name in MODELS.items()}
    return rapidocr.RapidOCR(params={"Global.log_level": "critical", **params})
