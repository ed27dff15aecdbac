"""Content Credentials: a manifest in an image that says what made it, signed with the operator's certificate.

Source: C2PA Technical Specification 2.2 (hard bindings, actions, ingredients, certificate profile). No time
stamp is asked for: nothing is sent to anyone. What is read back is in `verifying`.
"""

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

import lorakit
from lorakit import durable
from lorakit.errors import LoraKitError
from lorakit.generation.pictures.signer import CERTIFICATE, UNSET, Signer, signer

RECORD = "lorakit.record"  # label of the assertion with the record and the ingredients' hashes
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
# No thumbnail in the manifest, nothing fetched; what was signed is read back before it counts as signed.
SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
    "builder": {"thumbnail": {"enabled": False}},
}
TRIAL = {  # what `check_signer` signs: nothing that was made
    "tool": "LoraKit Studio", "version": lorakit.__version__,
    "source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
}  # fmt: skip


def check_signer() -> None:
    """Sign a small image, to find before a campaign what would fail each of its images.

    Raises LoraKitError that names the variable and what to do; nothing happens where no certificate is set.
    """
    if (found := signer()) is not None:
        image = io.BytesIO()
        Image.new("RGB", (8, 8)).save(image, "PNG")
        _signed(image.getvalue(), "PNG", TRIAL, found)


def sign(path: Path, kind: str, record: dict[str, Any], by: Signer) -> None:
    """Put a signed manifest into the image file at `path`, of Pillow's format `kind`, for its `record`.

    `record` is `Provenance.to_dict`. Raises LoraKitError when it could not be signed.
    """
    path.write_bytes(_signed(path.read_bytes(), kind, record, by))


def manifest(record: dict[str, Any]) -> dict[str, Any]:
    """What is signed, as c2pa's manifest definition: actions, ingredients and the record itself."""
    agent = {"name": record["tool"], "version": record["version"]}
    made_of = _ingredients(record)
    models = [one["label"] for one in made_of if one["relationship"] == "inputTo"]
    placed = [one["label"] for one in made_of if one["relationship"] == "componentOf"]
    created = {"action": "c2pa.created", "softwareAgent": agent, "digitalSourceType": record["source_type"]}
    actions = [created | ({"parameters": {"ingredientIds": models}} if models else {})]
    if placed:
        actions.append({"action": "c2pa.placed", "parameters": {"ingredientIds": placed}})
    # The record is one string: c2pa stores a list of small whole numbers as bytes.
    stated = {"record": json.dumps(record), "ingredients": _hashes(record)}
    return {
        "claim_generator_info": [agent],
        "ingredients": made_of,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": RECORD, "data": stated},
        ],
    }


def _hashes(record: dict[str, Any]) -> list[dict[str, str]]:
    """The ingredients by name and hash: the base model, the adapters, the product's cut-out."""
    rows = [{"kind": "base model", "name": record["base"]}] if record.get("base") else []
    rows += [
        {"kind": "adapter", "name": one["name"], "sha256": str(one.get("sha256", ""))}
        for one in record.get("adapters", ())
    ]
    if cut := (record.get("product") or {}).get("cut"):
        rows.append({"kind": "cut-out", "name": "the product", "sha256": str(cut)})
    return [{key: durable.whole(value) for key, value in row.items()} for row in rows]


def _ingredients(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as C2PA's ingredients; a model has no file that could go into the manifest."""
    ingredients = []
    for number, row in enumerate(_hashes(record)):
        one: dict[str, Any] = {"title": row["name"], "label": f"ingredient-{number}"}
        if row.get("sha256"):
            one["instance_id"] = f"sha256:{row['sha256']}"
        if row["kind"] == "cut-out":
            one["relationship"] = "componentOf"
        else:
            one |= {"relationship": "inputTo", "data_types": [{"type": "c2pa.types.model"}]}
        ingredients.append(one)
    return ingredients


def _signed(image: bytes, kind: str, record: dict[str, Any], by: Signer) -> bytes:
    import c2pa

    signed = io.BytesIO()
    try:
        information = c2pa.C2paSignerInfo(by.algorithm, by.certificates, by.key, None)
        with (
            c2pa.Context.from_dict(SETTINGS) as context,
            c2pa.Builder(manifest(record), context=context) as builder,
            c2pa.Signer.from_info(information) as author,
        ):
            builder.sign(author, TYPES[kind], io.BytesIO(image), signed)
    except c2pa.C2paError as error:
        # The library's own words may quote what it was given; a refused certificate is the usual reason.
        if isinstance(error, c2pa.C2paError.Signature):
            raise LoraKitError(
                f"Images can't be signed: {CERTIFICATE} is not a certificate that C2PA accepts. It needs to "
                "be in date, allow digital signatures, be meant for e-mail protection or document signing "
                f"(extended key usage), and not be an authority's own; use such a certificate, {UNSET}"
            ) from None
        name = type(error).__name__.lstrip("_")
        raise LoraKitError(f"The image can't be signed ({name}); check {CERTIFICATE}, {UNSET}") from None
    return signed.getvalue()
