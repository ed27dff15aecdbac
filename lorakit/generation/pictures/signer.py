"""Who signs images: the operator's certificate and private key, read from files and checked.

LORAKIT_SIGN_CERT is a PEM file with the certificate first and those of its issuers after it,
LORAKIT_SIGN_KEY one with its private key, without a passphrase. No message contains either variable's value
(which may be the key itself, set by mistake), or anything of the key's file.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lorakit.errors import LoraKitError, all_of

CERTIFICATE, KEY = "LORAKIT_SIGN_CERT", "LORAKIT_SIGN_KEY"
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
SMALLEST_RSA = 2048  # bits
UNSET = f"or unset {CERTIFICATE} and {KEY} to go on without Content Credentials"


@dataclass(frozen=True)
class Signer:
    """Who signs: C2PA's name of the algorithm, the certificates and the private key as PEM."""

    algorithm: str
    certificates: bytes = field(repr=False)
    key: bytes = field(repr=False)


def configured() -> bool:
    """Is a certificate or a key set?"""
    return any(os.environ.get(name, "").strip() for name in (CERTIFICATE, KEY))


def signer() -> Signer | None:
    """The operator's signer, None where none is set. Raises LoraKitError that names all that is wrong."""
    if not configured():
        return None
    problems: list[str] = []
    certificates = _certificates(_file(CERTIFICATE, problems), problems)
    key, algorithm = _key(_file(KEY, problems), problems)
    if certificates and key is not None and (problem := _mismatch(certificates, key)):
        problems.append(problem)
    if problems:
        raise LoraKitError(all_of("Images can't be signed", problems))
    return Signer(algorithm, _pem(certificates), _private_pem(key))


def _file(variable: str, problems: list[str]) -> bytes:
    """What the file that `variable` names contains; its value is never told, as it may be the key itself."""
    stated = os.environ.get(variable, "").strip()
    if not stated:
        problems.append(f"{variable} is not set; set it to the path of a PEM file, {UNSET}")
    elif "-----BEGIN" in stated or "\n" in stated:
        problems.append(f"{variable} contains PEM text; save it as a file and set the variable to its path")
    else:
        try:
            return Path(stated).read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not a path"
            problems.append(f"{variable}: the file can't be read ({why}); check its path and permissions")
    return b""


def _certificates(content: bytes, problems: list[str]) -> list[Any]:
    from cryptography import x509

    if not content:
        return []
    try:
        found = x509.load_pem_x509_certificates(content)
    except ValueError:
        problems.append(
            f"{CERTIFICATE}: the file does not contain a certificate in PEM format "
            "(-----BEGIN CERTIFICATE-----); export it as PEM"
        )
        return []
    now = datetime.now(UTC)
    for one in found:
        begin, end = one.not_valid_before_utc, one.not_valid_after_utc
        if now > end:
            problems.append(
                f"{CERTIFICATE}: the certificate of {_name(one)} expired on {end:%Y-%m-%d}; renew it, {UNSET}"
            )
        elif now < begin:
            problems.append(
                f"{CERTIFICATE}: the certificate of {_name(one)} is not valid before {begin:%Y-%m-%d}; "
                "check this machine's clock, or use another certificate"
            )
    return found


def _name(certificate: Any) -> str:
    from cryptography.x509.oid import NameOID

    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            return str(attribute.value)
    return certificate.subject.rfc4514_string()


def _key(content: bytes, problems: list[str]) -> tuple[Any, str]:
    """The private key and its algorithm in C2PA's names; of an RSA key only the size is checked here."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    if not content:
        return None, ""
    try:
        key = serialization.load_pem_private_key(content, None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        problems.append(
            f"{KEY}: the key is protected by a passphrase; save it without one "
            "(openssl pkcs8 -topk8 -nocrypt) in a file that only this app may read"
        )
        return None, ""
    except (ValueError, UnsupportedAlgorithm):
        problems.append(f"{KEY}: the file does not contain a private key in PEM format; export it as PEM")
        return None, ""
    if not (algorithm := _algorithm(key)):
        problems.append(
            f"{KEY}: C2PA does not sign with this kind of key; use an elliptic curve (P-256, P-384, P-521), "
            f"Ed25519, or RSA with at least {SMALLEST_RSA} bits"
        )
        return None, ""
    return key, algorithm


def _algorithm(key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return CURVES.get(key.curve.name, "")
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256" if key.key_size >= SMALLEST_RSA else ""
    return "ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else ""


def _mismatch(certificates: list[Any], key: Any) -> str:
    own = key.public_key()
    places = [number for number, one in enumerate(certificates, 1) if one.public_key() == own]
    if not places:
        return f"{KEY}: the key does not match the certificate in {CERTIFICATE}; set two that do"
    if places[0] > 1:
        return f"{CERTIFICATE}: the key's own certificate is number {places[0]} in the file; put it first"
    return ""


def _pem(certificates: list[Any]) -> bytes:
    # Written anew: a key that stands in the certificate's file too is left out.
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def _private_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem
