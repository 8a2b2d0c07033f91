"""What a machine remembers of submissions: in small files, as long as it matters, and never in the way."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pulumi_ci_audio.lifecycle.journal import KEPT_SECONDS, Entry, FileJournal

MARKER = "pulumi:0123456789abcdef:fedcba9876543210"
OWNER = "recordings/dev//NoiseReductionJob/clean"


class Clocks:
    """The two clocks of a machine."""

    def __init__(self):
        self.time = time.time()
        self.uptime = 5000.0

    def pass_(self, seconds):
        self.time += seconds
        self.uptime += seconds


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def journal(tmp_path, clocks):
    return FileJournal(tmp_path / "state" / "submissions", now=lambda: clocks.time, uptime=lambda: clocks.uptime)


def files(journal):
    return sorted(journal.folder.iterdir())


class TestRoundTrip:
    def test_an_unknown_owner_has_no_entry(self, journal):
        assert journal.find(OWNER) is None

    def test_what_was_begun_has_an_age_and_no_id(self, journal, clocks):
        journal.begin(OWNER, MARKER)
        clocks.pass_(3)

        assert journal.find(OWNER) == Entry(MARKER, 3.0, None)

    def test_what_was_accepted_has_its_id(self, journal, clocks):
        journal.begin(OWNER, MARKER)
        clocks.pass_(3)
        journal.accept(OWNER, MARKER, "j1")

        assert journal.find(OWNER) == Entry(MARKER, 0, "j1")

    def test_beginning_again_forgets_the_id(self, journal):
        journal.accept(OWNER, MARKER, "j1")
        journal.begin(OWNER, MARKER)

        assert journal.find(OWNER).remote_id is None

    def test_what_was_withdrawn_is_gone(self, journal):
        journal.begin(OWNER, MARKER)
        journal.withdraw(OWNER)

        assert journal.find(OWNER) is None
        assert files(journal) == []

    def test_withdrawing_what_is_not_there_is_fine(self, journal):
        journal.withdraw(OWNER)

        assert journal.find(OWNER) is None

    def test_owners_do_not_disturb_each_other(self, journal):
        journal.accept(OWNER, MARKER, "j1")
        journal.accept("template recordings/ü/../x", MARKER, "t1")
        journal.withdraw(OWNER)

        assert journal.find(OWNER) is None
        assert journal.find("template recordings/ü/../x").remote_id == "t1"

    def test_another_process_finds_it(self, journal):
        journal.begin(OWNER, MARKER)

        assert FileJournal(journal.folder).find(OWNER) is not None

    def test_it_holds_times_marker_and_ids_and_nothing_else(self, journal, clocks):
        journal.give_up(OWNER, ["r/b/j0"])
        journal.begin(OWNER, MARKER)

        (file,) = files(journal)
        assert json.loads(file.read_text()) == {
            "begun": clocks.time,
            "uptime": clocks.uptime,
            "marker": MARKER,
            "remote_id": None,
            "given_up": ["r/b/j0"],
        }
        assert OWNER not in file.name


class TestGivenUp:
    def test_what_was_given_up_is_remembered_until_a_new_job_is_known(self, journal):
        journal.accept(OWNER, MARKER, "j1")
        journal.give_up(OWNER, ["j1"])

        assert journal.find(OWNER).given_up == ("j1",)
        journal.begin(OWNER, MARKER)
        assert journal.find(OWNER).given_up == ("j1",)
        journal.withdraw(OWNER)
        assert journal.find(OWNER) == Entry("", 0, None, ("j1",))
        journal.begin(OWNER, MARKER)
        journal.accept(OWNER, MARKER, "j2")
        assert journal.find(OWNER).given_up == ()

    def test_several_are_remembered_each_once(self, journal):
        journal.give_up(OWNER, ["j1", "j2"])
        journal.give_up(OWNER, ["j2", "j3"])

        assert journal.find(OWNER).given_up == ("j1", "j2", "j3")


class TestClocks:
    def test_a_wall_clock_that_was_set_back_makes_no_negative_age(self, journal, clocks):
        journal.begin(OWNER, MARKER)
        clocks.time -= 100

        assert journal.find(OWNER).age_seconds == 0
        clocks.pass_(10)
        assert journal.find(OWNER).age_seconds == 10

    def test_a_wall_clock_that_jumps_ahead_is_not_believed(self, journal, clocks):
        journal.begin(OWNER, MARKER)
        clocks.pass_(2)
        clocks.time += 86400

        assert journal.find(OWNER).age_seconds == 2

    def test_a_restart_counts_from_itself(self, journal, clocks):
        journal.begin(OWNER, MARKER)
        clocks.time += 3600
        clocks.uptime = 7.0

        assert journal.find(OWNER).age_seconds == 7

    def test_another_machine_does_not_lend_its_uptime(self, journal, clocks):
        journal.begin(OWNER, MARKER)
        clocks.time += 4
        clocks.uptime = 900_000.0

        assert journal.find(OWNER).age_seconds == pytest.approx(4)


class TestForgetting:
    def test_an_old_entry_counts_no_more(self, journal, clocks):
        journal.begin(OWNER, MARKER)

        clocks.pass_(KEPT_SECONDS - 1)
        assert journal.find(OWNER) is not None
        clocks.pass_(2)
        assert journal.find(OWNER) is None

    def test_old_files_go_when_something_new_begins(self, journal, clocks):
        journal.begin("old", MARKER)
        (old,) = files(journal)
        journal.begin("young", MARKER)
        (young,) = set(files(journal)) - {old}
        os.utime(old, (0, clocks.time - KEPT_SECONDS - 1))
        os.utime(young, (0, clocks.time - KEPT_SECONDS + 60))

        journal.begin(OWNER, MARKER)

        assert old not in files(journal)
        assert young in files(journal)
        assert len(files(journal)) == 2


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
            b'{"begun": null, "remote_id": null}',
            b'{"begun": "then", "remote_id": "j1"}',
            b"\xff\xfe",
        ],
    )
    def test_a_corrupt_file_is_as_if_there_was_none_and_is_written_anew(self, journal, content):
        journal.begin(OWNER, MARKER)
        (file,) = files(journal)
        file.write_bytes(content)

        assert journal.find(OWNER) is None

        journal.accept(OWNER, MARKER, "j1")

        assert journal.find(OWNER).remote_id == "j1"

    @pytest.mark.parametrize("obstacle", ["file instead of the folder", "file above the folder", "nothing at /proc"])
    def test_where_nothing_can_be_written_nothing_is_remembered_and_nothing_fails(self, tmp_path, obstacle):
        (tmp_path / "file").write_text("")
        folder = {
            "file instead of the folder": tmp_path / "file",
            "file above the folder": tmp_path / "file" / "submissions",
            "nothing at /proc": Path("/proc/pulumi-ci-audio"),
        }[obstacle]
        journal = FileJournal(folder)

        journal.begin(OWNER, MARKER)
        journal.accept(OWNER, MARKER, "j1")
        journal.give_up(OWNER, ["j1"])

        assert journal.find(OWNER) is None
        journal.withdraw(OWNER)

    def test_a_folder_in_the_place_of_an_entry_is_no_failure(self, journal):
        journal.begin(OWNER, MARKER)
        (file,) = files(journal)
        file.unlink()
        file.mkdir()

        journal.begin(OWNER, MARKER)
        journal.withdraw(OWNER)

        assert journal.find(OWNER) is None


class TestAtOnce:
    def test_writers_of_many_owners_lose_nothing(self, journal):
        def submit(number):
            owner = f"{OWNER}{number}"
            journal.begin(owner, MARKER)
            found = journal.find(owner)
            journal.accept(owner, MARKER, f"j{number}")
            return found.remote_id, journal.find(owner).remote_id

        with ThreadPoolExecutor(8) as threads:
            outcomes = list(threads.map(submit, range(100)))

        assert outcomes == [(None, f"j{number}") for number in range(100)]
        assert len(files(journal)) == 100

    def test_two_processes_with_one_owner_leave_one_whole_entry(self, journal, monkeypatch):
        def submit(number):
            # Another process writes into a file of its own first.
            return FileJournal(journal.folder).accept(OWNER, MARKER, f"j{number}")

        pids = iter(range(1000, 1100))
        monkeypatch.setattr(os, "getpid", lambda: next(pids))
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(submit, range(50)))

        assert journal.find(OWNER).remote_id in {f"j{number}" for number in range(50)}
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
