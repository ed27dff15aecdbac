"""Whether an image is still what was signed: its record beside its Content Credentials."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lorakit.generation.pictures.credentials import RECORD, SETTINGS
from lorakit.generation.pictures.provenance import Provenance, read_provenance

CHANGED_RECORD = "its record was changed after signing: it does not match its signature"
CHANGED_IMAGE = "it was changed after signing: it does not match its signature"
DAMAGED = "its signature itself was changed or is damaged"
MISSING = "its record says that it was signed, but its signature was removed"
EXPIRED = (
    "its signer's certificate has expired, and no time stamp proves that it was signed before that; to "
    "replace it, generate it again with a certificate that is in date"
)
# C2PA's status codes. That a certificate is on nobody's list of trusted ones says nothing about the image.
UNTRUSTED, OVER = "signingCredential.untrusted", "signingCredential.expired"
OTHER_CONTENT = "assertion.dataHash.mismatch"


@dataclass(frozen=True)
class Verification:
    """What an image says about itself, and whether that still holds.

    `record` is what made it, None when it does not say. `holds` is whether it still is what was signed, None
    for an image that is not signed. `signed_by` is the name in the certificate, which anybody could have had
    made: it is not compared with a list of trusted ones. `problems` are whole clauses; none when all is well.
    """

    record: Provenance | None
    signed: bool = False
    holds: bool | None = None
    signed_by: str = ""
    problems: tuple[str, ...] = ()


def verify(path: str | Path) -> Verification:
    """Read back what made the image at `path` and whether its signature holds; nothing is fetched.

    Raises DataError for a file that is not a readable PNG, JPEG or WebP image.
    """
    import c2pa

    path = Path(path)
    record = read_provenance(path)
    try:
        with (
            open(path, "rb") as file,
            c2pa.Context.from_dict(SETTINGS) as context,
        ):
            reader = c2pa.Reader.try_create(file, context=context)
            if reader is None:
                return _unsigned(record)
            with reader:
                store = json.loads(reader.json())
    except c2pa.C2paError:
        return Verification(record, True, False, problems=(DAMAGED,))
    return _signed(record, store)


def _unsigned(record: Provenance | None) -> Verification:
    return Verification(record, problems=(MISSING,) if record and record.signed else ())


def _signed(record: Provenance | None, store: dict[str, Any]) -> Verification:
    active = store["manifests"][store["active_manifest"]]
    results = store.get("validation_results", {}).get("activeManifest", {})
    failures = {row["code"] for row in results.get("failure", ())}
    broken = failures - {UNTRUSTED, OVER}
    problems = []
    if broken - {OTHER_CONTENT}:
        problems.append(DAMAGED)  # what such a manifest says of the record cannot be relied on
    elif broken:
        problems.append(_changed(record, active))
    if OVER in failures:
        problems.append(EXPIRED)
    who = active.get("signature_info", {})
    name = str(who.get("common_name") or who.get("issuer") or "")
    return Verification(record, True, not broken, name, tuple(problems))


def _changed(record: Provenance | None, active: dict[str, Any]) -> str:
    """What of the image was changed, by the record that was signed with it."""
    stated = [row["data"] for row in active.get("assertions", ()) if row["label"] == RECORD]
    try:
        signed = Provenance.from_dict(json.loads(stated[0]["record"]))
    except (IndexError, KeyError, TypeError, ValueError):
        return CHANGED_IMAGE
    if record is None or record == signed:
        return CHANGED_IMAGE if record else CHANGED_RECORD
    names = [one.name for one in fields(signed) if getattr(signed, one.name) != getattr(record, one.name)]
    return f"{CHANGED_RECORD} ({', '.join(names)})"
