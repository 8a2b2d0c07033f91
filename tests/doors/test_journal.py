"""What a machine remembers of submissions: in small files, as long as it matters, and never in the way."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from pulumi_ci_audio.doors import journal as module
from pulumi_ci_audio.doors.journal import KEPT_SECONDS, FileJournal
from pulumi_ci_audio.lifecycle.process import Entry

MARKER = "pulumi:0123456789abcdef:fedcba9876543210"


class Clock:
    def __init__(self):
        self.time = time.time()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: clock.time))
    return clock


@pytest.fixture
def journal(tmp_path, clock):
    return FileJournal(tmp_path / "state" / "submissions")


def files(journal):
    return sorted(journal.folder.iterdir())


class TestRoundTrip:
    def test_an_unknown_marker_has_no_entry(self, journal):
        assert journal.find(MARKER) is None

    def test_what_was_begun_has_an_age_and_no_id(self, journal, clock):
        journal.begin(MARKER)
        clock.time += 3

        assert journal.find(MARKER) == Entry(pytest.approx(3), None)

    def test_what_was_accepted_has_its_id(self, journal, clock):
        journal.begin(MARKER)
        clock.time += 3
        journal.accepted(MARKER, "j1")

        assert journal.find(MARKER) == Entry(0, "j1")

    def test_beginning_again_forgets_the_id(self, journal):
        journal.begin(MARKER)
        journal.accepted(MARKER, "j1")
        journal.begin(MARKER)

        assert journal.find(MARKER).job_id is None

    def test_what_was_withdrawn_is_gone(self, journal):
        journal.begin(MARKER)
        journal.withdraw(MARKER)

        assert journal.find(MARKER) is None
        assert files(journal) == []

    def test_withdrawing_what_is_not_there_is_fine(self, journal):
        journal.withdraw(MARKER)

        assert journal.find(MARKER) is None

    def test_markers_do_not_disturb_each_other(self, journal):
        journal.accepted(MARKER, "j1")
        journal.accepted(f"template {MARKER}/ü/../x", "t1")
        journal.withdraw(MARKER)

        assert journal.find(MARKER) is None
        assert journal.find(f"template {MARKER}/ü/../x").job_id == "t1"

    def test_another_process_finds_it(self, journal):
        journal.begin(MARKER)

        assert FileJournal(journal.folder).find(MARKER) is not None

    def test_a_clock_that_was_set_back_makes_no_negative_age(self, journal, clock):
        journal.begin(MARKER)
        clock.time -= 100

        assert journal.find(MARKER).age_seconds == 0

        clock.time += 10

        assert journal.find(MARKER).age_seconds == 10

    def test_it_holds_the_time_and_the_id_and_nothing_else(self, journal, clock):
        journal.accepted(MARKER, "j1")

        (file,) = files(journal)
        assert json.loads(file.read_text()) == {"begun": clock.time, "job_id": "j1"}
        assert not set(MARKER.split(":")) & set(file.name.split(":"))


class TestForgetting:
    def test_an_old_entry_counts_no_more(self, journal, clock):
        journal.begin(MARKER)

        clock.time += KEPT_SECONDS - 1
        assert journal.find(MARKER) is not None
        clock.time += 2
        assert journal.find(MARKER) is None

    def test_old_files_go_when_something_new_begins(self, journal, clock):
        journal.begin("old")
        journal.begin("young")
        old = journal._path("old")
        os.utime(old, (0, clock.time - KEPT_SECONDS - 1))
        os.utime(journal._path("young"), (0, clock.time - KEPT_SECONDS + 60))

        journal.begin(MARKER)

        assert set(files(journal)) == {journal._path("young"), journal._path(MARKER)}


class TestTrouble:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b'"begun"',
            b"{}",
            b'{"begun": 1}',
            b'{"begun": null, "job_id": null}',
            b'{"begun": "then", "job_id": "j1"}',
            b"\xff\xfe",
        ],
    )
    def test_a_corrupt_file_is_as_if_there_was_none_and_is_written_anew(self, journal, content):
        journal.begin(MARKER)
        journal._path(MARKER).write_bytes(content)

        assert journal.find(MARKER) is None

        journal.accepted(MARKER, "j1")

        assert journal.find(MARKER).job_id == "j1"

    @pytest.mark.parametrize("obstacle", ["file instead of the folder", "file above the folder", "nothing at /proc"])
    def test_where_nothing_can_be_written_nothing_is_remembered_and_nothing_fails(self, tmp_path, obstacle):
        (tmp_path / "file").write_text("")
        folder = {
            "file instead of the folder": tmp_path / "file",
            "file above the folder": tmp_path / "file" / "submissions",
            "nothing at /proc": Path("/proc/pulumi-ci-audio"),
        }[obstacle]
        journal = FileJournal(folder)

        journal.begin(MARKER)
        journal.accepted(MARKER, "j1")

        assert journal.find(MARKER) is None
        journal.withdraw(MARKER)

    def test_a_folder_in_the_place_of_an_entry_is_no_failure(self, journal):
        journal._path(MARKER).mkdir(parents=True)

        journal.begin(MARKER)
        journal.withdraw(MARKER)

        assert journal.find(MARKER) is None


class TestAtOnce:
    def test_writers_of_many_markers_lose_nothing(self, journal):
        def submit(number):
            marker = f"{MARKER}{number}"
            journal.begin(marker)
            found = journal.find(marker)
            journal.accepted(marker, f"j{number}")
            return found.job_id, journal.find(marker).job_id

        with ThreadPoolExecutor(8) as threads:
            outcomes = list(threads.map(submit, range(100)))

        assert outcomes == [(None, f"j{number}") for number in range(100)]
        assert len(files(journal)) == 100

    def test_two_processes_with_one_marker_leave_one_whole_entry(self, journal, monkeypatch):
        def submit(number):
            # Another process writes into a file of its own first.
            return FileJournal(journal.folder).accepted(MARKER, f"j{number}")

        pids = iter(range(1000, 1100))
        monkeypatch.setattr(module.os, "getpid", lambda: next(pids))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(submit, range(50)))

        assert journal.find(MARKER).job_id in {f"j{number}" for number in range(50)}
        assert len(files(journal)) == 1


class TestFolder:
    def test_it_is_in_the_users_state_folder(self, tmp_path):
        assert FileJournal.of_user({"XDG_STATE_HOME": str(tmp_path)}).folder == (
            tmp_path / "pulumi-ci-audio" / "submissions"
        )

    @pytest.mark.parametrize("environment", [{}, {"XDG_STATE_HOME": ""}])
    def test_without_one_it_is_below_home(self, environment):
        folder = FileJournal.of_user(environment).folder

        assert folder == Path.home() / ".local" / "state" / "pulumi-ci-audio" / "submissions"
