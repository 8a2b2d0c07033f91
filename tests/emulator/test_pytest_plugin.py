import subprocess
import sys
import urllib.request

import pytest

import pulumi_ci_audio
import pulumi_ci_audio.emulator as package
from pulumi_ci_audio.emulator import app, running
from pulumi_ci_audio.emulator.http import server
from pulumi_ci_audio.emulator.state import settings


def test_the_fixture_runs_an_emulator_of_its_own(ci_audio_emulator, tmp_path, recording):
    ci_audio_emulator.put_bucket("ap-beijing", "test-1250000000", ci="on")
    ci_audio_emulator.put_object("ap-beijing", "test-1250000000", "in.wav", recording)

    assert ci_audio_emulator.state()["buckets"][0]["ci"] == "on"
    assert ci_audio_emulator.get_object("ap-beijing", "test-1250000000", "in.wav") == recording
    assert ci_audio_emulator.requests() == []
    assert ci_audio_emulator.environment(region="ap-beijing") == {
        "CI_AUDIO_ENDPOINT": ci_audio_emulator.url,
        "TENCENTCLOUD_SECRET_ID": "emulator",
        "TENCENTCLOUD_SECRET_KEY": "emulator",
        "TENCENTCLOUD_REGION": "ap-beijing",
    }
    assert ci_audio_emulator.url == ci_audio_emulator.server.url
    with urllib.request.urlopen(f"{ci_audio_emulator.url}/_emulator/state", timeout=10) as answer:  # noqa: S310  http
        assert answer.status == 200


@pytest.mark.parametrize("module", ["pulumi_ci_audio.emulator", "pulumi_ci_audio.emulator.pytest_plugin"])
def test_importing_loads_nothing_heavy(module):
    # The package above is left out: what it imports is for its own tests to say.
    code = (
        "import sys, types, pytest; package = types.ModuleType('pulumi_ci_audio');"
        f"package.__path__ = {list(pulumi_ci_audio.__path__)!r}; sys.modules['pulumi_ci_audio'] = package;"
        f"import {module}; print(sorted({{'av', 'h11', 'lxml', 'pulumi', 'requests'}} & set(sys.modules)))"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def test_a_missing_library_is_told_in_a_line(tmp_path):
    (tmp_path / "h11.py").write_text("raise ModuleNotFoundError('gone', name='h11')")
    (tmp_path / "test_mine.py").write_text("def test_mine(ci_audio_emulator): ...")

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "needs h11: pip install 'pulumi-ci-audio[emulator]'" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def test_the_package_gives_its_names_when_asked():
    assert package.Emulator is app.Emulator
    assert package.EmulatorServer is server.EmulatorServer
    assert package.RunningEmulator is running.RunningEmulator
    assert package.Settings is settings.Settings
    with pytest.raises(AttributeError, match="Absent"):
        package.Absent  # noqa: B018  asking is the test
