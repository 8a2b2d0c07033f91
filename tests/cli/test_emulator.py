import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from pulumi_ci_audio.cli import main
from pulumi_ci_audio.cli.emulator import emulator

COMMAND = [sys.executable, "-c", "from pulumi_ci_audio.cli import main; main()", "emulator"]


def test_a_port_that_is_taken_is_named_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["emulator", "--port", str(port), "--data", str(tmp_path)])

    assert result.exit_code == 1
    said = f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port, or 0 for a free one"
    assert result.output == f"Error: {said}\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", ""], "'--host': must not be empty"),
        (["--assume", "bind_when_bond=refuse"], "no assumption 'bind_when_bond'; did you mean bind_when_bound?"),
        (["--assume", "xyz=1"], "GET /_emulator/assumptions lists them"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_what_does(tmp_path, options, said):
    result = CliRunner().invoke(main, ["emulator", "--port", "0", "--data", str(tmp_path), *options])

    assert result.exit_code != 0
    assert said in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_emulator_says_where_it_listens_and_ends_cleanly(tmp_path, number):
    options = [
        "--port",
        "0",
        "--data",
        str(tmp_path / "data"),
        "--assume",
        "bind_when_bound=refuse",
        "--job-seconds",
        "2",
    ]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("emulator listening on http://127.0.0.1:")
            with urllib.request.urlopen(f"{line.split()[-1]}/_emulator/assumptions", timeout=10) as answer:  # noqa: S310  http
                rows = json.load(answer)["assumptions"]
            assert next(row["chosen"] for row in rows if row["key"] == "bind_when_bound") == "refuse"
        finally:
            process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
    assert (tmp_path / "data").is_dir()


def test_the_emulator_with_tls_names_the_authority_to_trust(tmp_path):
    options = ["--port", "0", "--data", str(tmp_path / "data"), "--tls"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().removeprefix("emulator listening on ").strip()
            file = process.stdout.readline().removeprefix("certificate authority in ").strip()
            context = ssl.create_default_context(cafile=file)
            with urllib.request.urlopen(f"{url}/_emulator/state", timeout=10, context=context) as answer:  # noqa: S310
                assert json.load(answer)["buckets"] == []
        finally:
            process.terminate()
        assert process.wait(10) == 0
    assert url.startswith("https://127.0.0.1:")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--port", "70000", "--data", "d"], "70000"),
        ([], "--data"),
        (["--data", "d", "--assume", "x"], "key=value"),
        (["--data", "d", "--assume", "x=y"], "x"),
        (["--data", "d", "--queue-concurrency", "0"], "0"),
        (["--data", "d", "--job-seconds", "-1"], "-1"),
        (["--data", "d", "--host", "256.256.256.256", "--port", "0"], ""),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(tmp_path, monkeypatch, options, complaint):
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["emulator", *options])

    assert result.exit_code in {1, 2}
    assert "Error:" in result.output
    assert complaint in result.output
    assert "Traceback" not in result.output


def test_the_defaults_stay_as_they_are():
    options = {option.name: option.default for option in emulator.params}

    assert options == {
        "port": 9350,
        "data": options["data"],
        "host": "127.0.0.1",
        "secret_id": "emulator",
        "secret_key": "emulator",
        "job_seconds": 0,
        "unbind_seconds": 0,
        "queue_concurrency": 10,
        "queue_size": 10_000,
        "list_lag_seconds": 0,
        "tls": False,
        "send_callbacks": False,
        "assumptions": options["assumptions"],
    }


def test_a_missing_library_is_told_in_a_line(tmp_path):
    for name, arguments in {"click": [], "rich": ["status"], "h11": []}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.py").write_text(f"raise ModuleNotFoundError('gone', name={name!r})")
        result = subprocess.run(
            [*COMMAND[:-1], *(arguments or ["emulator", "--data", str(tmp_path / "data")])],
            env={"PYTHONPATH": str(folder)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1
        assert f"needs {name}: pip install 'pulumi-ci-audio[" in result.stderr
        assert "Traceback" not in result.stderr
