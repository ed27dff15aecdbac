"""Certificates that a test makes for itself: an authority, and who signs."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def certificate(name, key, issuer=None, issuer_key=None, begin=-1.0, end=365.0, purpose=True):
    """For `key`; its own authority without an `issuer`. `begin` and `end` in days from now."""
    signing, authority = issuer_key or key, issuer is None
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called if authority else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begin))
        .not_valid_after(now + timedelta(days=end))
        .add_extension(x509.BasicConstraints(authority, None), True)
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, authority, authority, False, False), True
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False)
    )
    if purpose and not authority:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return made.sign(signing, hashes.SHA256())


def pem(*certificates):
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def key_pem(key, form=PrivateFormat.PKCS8, passphrase=b""):
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, form, lock)


class Pair:
    """A certificate and its key as files, and the variables that name them."""

    def __init__(self, folder, environment):
        self.authority_key, self.key = new_key(), new_key()
        self.authority = certificate("Test authority", self.authority_key)
        self.cert_file, self.key_file = folder / "sign.pem", folder / "sign.key"
        self.environment = environment
        self.write(self.issue(), self.authority)
        self.key_file.write_bytes(key_pem(self.key))
        environment.setenv("LORAKIT_SIGN_CERT", str(self.cert_file))
        environment.setenv("LORAKIT_SIGN_KEY", str(self.key_file))

    def issue(self, **dates):
        return certificate("Nordal GmbH", self.key, self.authority, self.authority_key, **dates)

    def write(self, *certificates):
        self.cert_file.write_bytes(pem(*certificates))
