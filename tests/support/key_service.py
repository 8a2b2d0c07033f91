"""What encrypts the secrets of the tests' stacks: AWS KMS, as moto has it.

A passphrase would do, but the engine stretches it by a million rounds at the start of every operation, which takes
longer than most operations here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache

import boto3
from moto.server import ThreadedMotoServer

_REGION = "us-east-1"


@dataclass(frozen=True)
class KeyService:
    """A running service with one key.

    Attributes:
        secrets_provider: the key as the engine names it.
        variables: what the engine's environment needs to reach it.
    """

    secrets_provider: str
    variables: dict[str, str]


@cache
def running_key_service() -> KeyService:
    """Return the service of this process, which ends with it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it tells of every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    names = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("kms", endpoint_url=address, region_name=_REGION, **names)
    key = client.create_key()["KeyMetadata"]["KeyId"]
    variables = {name.upper(): value for name, value in names.items()}
    return KeyService(f"awskms://{key}?region={_REGION}&awssdk=v2", {"AWS_ENDPOINT_URL": address, **variables})
