"""Which certificates are trusted: those of the environment's bundle, or those that come with the HTTP library."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from pulumi_ci_audio.api.errors import SettingsError

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables that name a bundle, in the order in which they count."""


def find_ca_bundle(environment: Mapping[str, str]) -> str | None:
    """Return the path of the file, or of the folder, with the certificates to trust, or ``None`` where none is named.

    Raises:
        SettingsError: there is nothing at the path, or it holds no certificates.
    """
    variable = next((name for name in CA_VARIABLES if environment.get(name)), None)
    if variable is None:
        return None
    path = Path(environment[variable])
    if path.is_dir():
        return str(path)
    try:
        ssl.create_default_context(cafile=path)
    except FileNotFoundError:
        raise SettingsError(f"{variable} names {path}, which does not exist") from None
    except (ssl.SSLError, OSError):
        raise SettingsError(f"{variable} names {path}, which cannot be read as certificates in PEM") from None
    return str(path)
