"""The fixture ``ci_audio_emulator``, for every project that has this package and its extra ``emulator`` installed.

    def test_my_stack(ci_audio_emulator):
        ci_audio_emulator.put_object("ap-chongqing", "test-1250000000", "in.mp3", audio)
        run_my_program(env=ci_audio_emulator.environment())
        assert ci_audio_emulator.get_object("ap-chongqing", "test-1250000000", "out.wav")

Imports nothing heavy until the fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pulumi_ci_audio.emulator.running import RunningEmulator


@pytest.fixture
def ci_audio_emulator(tmp_path: Path) -> Iterator[RunningEmulator]:
    """A running emulator of this test alone, on a free port, with its buckets in a temporary folder.

    Its methods look at it, seed it and inject faults: see :class:`~pulumi_ci_audio.emulator.control.control.Control`.
    """
    try:
        from pulumi_ci_audio.emulator.app import Emulator  # noqa: PLC0415  see above
        from pulumi_ci_audio.emulator.http.server import EmulatorServer  # noqa: PLC0415  see above
        from pulumi_ci_audio.emulator.running import RunningEmulator  # noqa: PLC0415  see above
    except ModuleNotFoundError as error:
        pytest.fail(
            f"the fixture ci_audio_emulator needs {error.name}: pip install 'pulumi-ci-audio[emulator]'", pytrace=False
        )

    emulator = Emulator(data=tmp_path / "ci-audio-emulator")
    try:
        with EmulatorServer(emulator) as server:
            yield RunningEmulator(server, emulator)
    finally:
        emulator.close()
