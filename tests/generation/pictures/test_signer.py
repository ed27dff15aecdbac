"""A certificate and key that cannot sign are refused in words, without a word of the key."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from lorakit.errors import LoraKitError
from lorakit.generation.pictures.credentials import check_signer
from lorakit.generation.pictures.signer import signer
from tests.generation.pictures.certificates import Pair, key_pem, new_key, pem


@pytest.fixture
def pair(tmp_path, monkeypatch):
    return Pair(tmp_path, monkeypatch)


def refusal(pair):
    with pytest.raises(LoraKitError) as caught:
        check_signer()
    text = str(caught.value)
    body = pair.key_file.read_text(errors="replace").splitlines() if pair.key_file.is_file() else []
    assert not any(line and line in text for line in body)
    assert caught.value.__cause__ is None and str(pair.key_file) not in text
    return text


def test_a_pair_that_belongs_together_signs_and_shows_no_key(pair):
    check_signer()
    found = signer()
    assert found.algorithm == "es256" and "PRIVATE" not in repr(found) and "BEGIN" not in repr(found)


def test_without_a_certificate_nothing_is_checked(monkeypatch):
    monkeypatch.delenv("LORAKIT_SIGN_CERT", raising=False)
    monkeypatch.setenv("LORAKIT_SIGN_KEY", " ")
    check_signer()
    assert signer() is None


@pytest.mark.parametrize(
    "key, form",
    [
        (new_key(), PrivateFormat.TraditionalOpenSSL),
        (ec.generate_private_key(ec.SECP384R1()), PrivateFormat.PKCS8),
        (ed25519.Ed25519PrivateKey.generate(), PrivateFormat.PKCS8),
        (rsa.generate_private_key(65537, 2048), PrivateFormat.TraditionalOpenSSL),
    ],
    ids=["P-256", "P-384", "Ed25519", "RSA"],
)
def test_every_kind_of_key_that_c2pa_knows_signs(pair, key, form):
    pair.key = key
    pair.write(pair.issue())
    pair.key_file.write_bytes(key_pem(key, form))
    check_signer()


@pytest.mark.parametrize("missing", ["LORAKIT_SIGN_CERT", "LORAKIT_SIGN_KEY"])
def test_one_without_the_other_is_named(pair, missing):
    pair.environment.delenv(missing)
    assert f"{missing} is not set" in refusal(pair)


def test_a_certificate_out_of_its_time_is_named_with_the_day(pair):
    pair.write(pair.issue(begin=-30, end=-2))
    text = refusal(pair)
    assert "LORAKIT_SIGN_CERT: the certificate of Nordal GmbH expired on 20" in text and "renew it" in text
    pair.write(pair.issue(begin=3, end=9))
    assert "not valid before 20" in refusal(pair)


def test_a_key_of_another_certificate_is_found(pair):
    pair.key_file.write_bytes(key_pem(new_key()))
    assert "LORAKIT_SIGN_KEY: the key does not match the certificate in LORAKIT_SIGN_CERT" in refusal(pair)


def test_the_keys_own_certificate_comes_first(pair):
    pair.write(pair.authority, pair.issue())
    assert "LORAKIT_SIGN_CERT: the key's own certificate is number 2 in the file" in refusal(pair)


def test_a_key_that_is_locked_weak_or_none(pair):
    pair.key_file.write_bytes(key_pem(pair.key, passphrase=b"secret"))
    assert "LORAKIT_SIGN_KEY: the key is protected by a passphrase" in refusal(pair)
    pair.key_file.write_bytes(key_pem(rsa.generate_private_key(65537, 1024)))
    assert "RSA with at least 2048 bits" in refusal(pair)
    pair.key_file.write_text("-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n")
    assert "LORAKIT_SIGN_KEY: the file does not contain a private key" in refusal(pair)


def test_both_files_are_named_when_both_are_wrong(pair):
    pair.cert_file.write_text("hello")
    pair.key_file.unlink()
    text = refusal(pair)
    assert "LORAKIT_SIGN_CERT: the file does not contain a certificate" in text
    assert "LORAKIT_SIGN_KEY: the file can't be read" in text


def test_a_key_set_in_place_of_its_path_is_not_told(pair):
    secret = key_pem(pair.key).decode()
    for value in (secret, secret.splitlines()[1] * 9, "x" * 5000):
        pair.environment.setenv("LORAKIT_SIGN_KEY", value)
        text = refusal(pair)
        assert "LORAKIT_SIGN_KEY" in text and value[:30] not in text and secret.splitlines()[1] not in text


def test_a_certificate_for_another_purpose_is_refused_before_a_campaign(pair):
    pair.write(pair.issue(purpose=False))
    assert "LORAKIT_SIGN_CERT is not a certificate that C2PA accepts" in refusal(pair)
    pair.key_file.write_bytes(key_pem(pair.authority_key))
    pair.write(pair.authority)
    assert "not be an authority's own" in refusal(pair)


def test_a_key_beside_its_certificate_in_one_file_stays_out_of_what_is_signed_with(pair):
    pair.cert_file.write_bytes(pem(pair.issue()) + key_pem(pair.key))
    assert b"PRIVATE" not in signer().certificates
    pair.environment.setenv("LORAKIT_SIGN_KEY", str(pair.cert_file))
    check_signer()
