"""A running emulator, for programs that want to talk to one and to control it."""

from __future__ import annotations

from pulumi_ci_audio.emulator.app import Emulator
from pulumi_ci_audio.emulator.control.control import Control
from pulumi_ci_audio.emulator.http.server import EmulatorServer


class RunningEmulator(Control):
    """A running server together with the control of its emulator."""

    def __init__(self, server: EmulatorServer, emulator: Emulator) -> None:
        super().__init__(emulator.store, emulator.faults, emulator.request_log, emulator.callbacks)
        self.server = server
        self.emulator = emulator

    @property
    def url(self) -> str:
        """The endpoint, for ``CI_AUDIO_ENDPOINT`` or as an HTTP proxy."""
        return self.server.url

    def environment(self, *, region: str = "ap-chongqing") -> dict[str, str]:
        """Return the environment variables a Pulumi program needs to use this emulator."""
        return {
            "CI_AUDIO_ENDPOINT": self.url,
            "TENCENTCLOUD_SECRET_ID": self.emulator.secret_id,
            "TENCENTCLOUD_SECRET_KEY": self.emulator.secret_key,
            "TENCENTCLOUD_REGION": region,
        }
