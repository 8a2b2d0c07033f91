"""The quickstart without an account, typed as its README says: true commands, in an empty folder, in two terminals.

Two things are not as a reader has them. A virtual environment is not made anew: this one's takes its place. And the
language host, which runs ``__main__.py`` for the engine, is a stand-in, see ``tests.support.language_host``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support import language_host
from tests.support.documents import arguments_of, commands_in
from tests.support.places import AUDIO, ROOT
from tools.hermetic import engine_variables, foreign_names

pytestmark = pytest.mark.engine

README, SECTION = "examples/quickstart/README.md", "Without an account"
PROJECT = ("Pulumi.yaml", "__main__.py", "requirements.txt")
BUCKET = Path("cloud/ap-chongqing/recordings-1250000000")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a new user: the project, and an environment in which the package is installed."""
    made = tmp_path / "mine"
    made.mkdir()
    for name in PROJECT:
        shutil.copy(ROOT / "examples" / "quickstart" / name, made)
    (made / "venv").symlink_to(sys.prefix)
    return made


@pytest.fixture
def environment(engine_on_path: Path, tmp_path: Path) -> dict[str, str]:
    language_host.install(tmp_path / "bin")
    own = {name: value for name, value in os.environ.items() if name not in foreign_names(os.environ)}
    variables = engine_variables(tmp_path / "pulumi")
    # What the reader is told to set is left for the reader to set.
    for told in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        del variables[told]
    path = os.pathsep.join([str(tmp_path / "bin"), str(engine_on_path), own["PATH"]])
    return {**own, **variables, "PATH": path, "RECORDING": str(AUDIO / "speech-noisy.mp3")}


def is_installation(command: str) -> bool:
    """Return whether a command makes the environment that stands ready here."""
    return arguments_of(command)[:1] == ["pip"] or arguments_of(command)[:3] == ["python", "-m", "venv"]


def test_the_quickstart_cleans_a_recording_and_leaves_the_bucket_as_it_was(
    folder: Path, environment: dict[str, str], free_port: int
) -> None:
    typed = [line.replace("9350", str(free_port)) for line in commands_in(README, SECTION)]
    emulator = next(number for number, line in enumerate(typed) if line.startswith("pulumi-ci-audio emulator"))
    first = [line for line in typed[: emulator + 1] if not is_installation(line)]
    second = typed[emulator + 1 :]

    with subprocess.Popen(
        ["bash", "-ec", "\n".join([*first[:-1], f"exec {first[-1]}"])],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            assert serving.stdout is not None
            assert serving.stdout.readline().startswith("emulator listening on ")
            ran = subprocess.run(
                ["bash", "-exc", "\n".join(second)],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        finally:
            serving.terminate()

    assert ran.returncode == 0, ran.stdout
    assert {line.partition(" ")[0] for line in second} == {".", "export", "pulumi"}
    assert (folder / BUCKET / "clean" / "speech.wav").stat().st_size > 0
    deployed, looked, destroyed = re.findall(
        r"\+ pulumi (?:up|preview|destroy)(.*?)(?=\n\+ |\Z)", ran.stdout, re.DOTALL
    )
    assert re.search(r"clean created .* Success, \d+ bytes", deployed)
    assert "4 unchanged" in looked
    assert re.search(r"binding deleted .* switched CI off", destroyed)
    assert "Traceback" not in ran.stdout


def test_a_preview_that_is_refused_prints_the_reason_and_nothing_of_python(
    folder: Path, environment: dict[str, str]
) -> None:
    program = folder / "__main__.py"
    text = program.read_text(encoding="utf-8")
    program.write_text(text.replace('output_object=config.require("output")', 'output_object=""'), encoding="utf-8")
    typed = [
        'pulumi login "file://$PWD"',
        "pulumi stack init dev",
        f"pulumi config set bucket {BUCKET.name}",
        "pulumi preview 2>&1",
    ]

    ran = subprocess.run(
        ["bash", "-ec", "\n".join(typed)],
        cwd=folder,
        env={**environment, "PULUMI_CONFIG_PASSPHRASE": "", "TENCENTCLOUD_REGION": BUCKET.parent.name},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode != 0
    assert "outputObject value {} has a problem: must be an object's key and not empty" in ran.stdout
    assert [line for line in ran.stdout.splitlines() if re.search(r"Traceback|never awaited|Warning:", line)] == []


def test_the_quickstart_installs_what_it_needs() -> None:
    installing = [line for line in commands_in(README, SECTION) if is_installation(line)]
    (extra,) = {
        name
        for line in installing
        for word in arguments_of(line)
        if word.startswith("pulumi-ci-audio")
        for name in Requirement(word).extras
    }
    needed = {
        Requirement(text).name
        for text in metadata("pulumi-ci-audio").get_all("Requires-Dist") or []
        if f'extra == "{extra}"' in text.replace("'", '"')
    }

    assert arguments_of(installing[0]) == ["python", "-m", "venv", "venv"]
    assert {"click", "h11", "av"} <= needed
