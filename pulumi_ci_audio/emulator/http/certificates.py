"""Certificates for the service's hosts, by an authority that lives as long as the emulator.

A client that is told to trust the authority's certificate reaches every bucket by https. Its key never leaves memory.
"""

from __future__ import annotations

import functools
import ipaddress
import ssl
import tempfile
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pulumi_ci_audio.emulator.http.hosts import find_destination

_LOCAL = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)
_LIFETIME = timedelta(days=30)
_MAX_CONTEXTS = 64  # clients name regions as they like


class Authority:
    """Signs certificates for the hosts that clients ask for."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pulumi-ci-audio emulator")])
        self._certificate = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._context_of = functools.lru_cache(maxsize=_MAX_CONTEXTS)(self._make_context)
        self.context = self._context_of(None)
        """What servers speak TLS with."""

    @property
    def certificate(self) -> bytes:
        """The authority's certificate in PEM, for clients to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def _make_context(self, domain: str | None) -> ssl.SSLContext:
        """Return a context with a certificate for a domain and what is right below it, or for this machine alone."""
        names = [] if domain is None else [x509.DNSName(domain), x509.DNSName(f"*.{domain}")]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._choose
        with tempfile.NamedTemporaryFile() as file:  # readable by its owner alone; ssl takes only files
            file.write(self._leaf(names))
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        destination = find_destination((name or "").lower())
        if name is not None and destination is not None:
            domain = name.lower().partition(".")[2] if destination.bucket else name.lower()
            connection.context = self._context_of(domain)

    def _leaf(self, names: list[x509.DNSName]) -> bytes:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
        key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(subject, self._name, self._leaf_key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectAlternativeName([*names, *_LOCAL]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(key_id, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        key = self._leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key + certificate.public_bytes(serialization.Encoding.PEM)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
