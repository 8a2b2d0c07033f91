"""The official Python SDK, unmodified, with the emulator as its HTTP proxy, and what it put on the wire."""

from __future__ import annotations

import re

import pytest
import requests
from qcloud_cos import CosConfig, CosS3Client

REGION = "ap-chongqing"
BUCKET = "recordings-1250000000"
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+0800")
"""How every page of CI writes a time."""


class Sdk:
    """Makes clients of the SDK and remembers the requests they sent, as they were prepared."""

    def __init__(self, url: str) -> None:
        self.sent: list[requests.PreparedRequest] = []
        # The SDK's own pool is shared by all its clients for the life of the process; this one can be closed.
        self.session = requests.Session()
        self.session.hooks["response"].append(lambda response, **_: self.sent.append(response.request))
        self._url = url

    def client(self, *, retry: int = 0, **changes) -> CosS3Client:
        settings = {"Region": REGION, "SecretId": "emulator", "SecretKey": "emulator", "Scheme": "http", **changes}
        return CosS3Client(CosConfig(Proxies={"http": self._url}, **settings), retry=retry, session=self.session)

    @property
    def last(self) -> requests.PreparedRequest:
        return self.sent[-1]

    def signed(self, part: str) -> list[str]:
        """The names in a list of the last request's signature, ``q-header-list`` or ``q-url-param-list``."""
        fields = dict(field.split("=", 1) for field in self.last.headers["Authorization"].split("&"))
        return fields[part].split(";") if fields[part] else []


@pytest.fixture
def sdk(ci_audio_emulator):
    made = Sdk(ci_audio_emulator.url)
    yield made
    made.session.close()


@pytest.fixture
def client(sdk, ci_audio_emulator):
    """The SDK, and a bucket that is not bound."""
    ci_audio_emulator.put_bucket(REGION, BUCKET)
    return sdk.client()


@pytest.fixture
def ready(client, ci_audio_emulator):
    """The SDK, and a bucket with Smart Audio."""
    ci_audio_emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    return client


@pytest.fixture
def job_of(noisy_audio, ci_audio_emulator):
    """Return a function that makes the body of a submission; its input exists."""
    ci_audio_emulator.put_object(REGION, BUCKET, "in.mp3", noisy_audio[:30_000])

    def make(key: str = "in.mp3", **operation):
        output = {"Region": REGION, "Bucket": BUCKET, "Object": "out/${InputName}.wav"}
        operation = {"Output": output, **operation}
        return {"Tag": "NoiseReduction", "Input": {"Object": key}, "Operation": operation}

    return make


def is_time(text: str) -> bool:
    return TIME.fullmatch(text) is not None
