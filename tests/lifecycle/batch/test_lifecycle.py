"""A folder that is always clean: what is run, what is not, and what is said of it."""

from __future__ import annotations

import json
import os

import pytest

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.lifecycle.errors import ResourceError
from tests.lifecycle.batch.running import (
    ID,
    SUBMIT,
    TEMPLATE_ID,
    batches,
    call_off,
    checked,
    counts,
    create,
    kept,
    refreshed,
    runs,
    spoil,
    updated,
    upped,
)
from tests.lifecycle.conftest import DENIED, NAME, NO_AUDIO, PLACE, REGION, through_json
from tests.support.engine import BATCHES


def without_nothing(properties):
    return {name: value for name, value in properties.items() if value is not None}


LISTS = 2
"""The requests of one look at two small folders."""


class TestCreate:
    def test_every_recording_gets_a_result_by_one_submission(self, folder):
        state = create(folder)

        assert folder.get("clean/a.wav").endswith(b"a recording called a.mp3")
        assert {folder.get(f"clean/{name}.wav")[:10] for name in "abc"} == {b"wav 16000 "}
        assert folder.writes().count(SUBMIT) == 1
        assert counts(state) == {"total": 3, "done": 3, "pending": 0, "ran": 3, "skipped": 0}
        (batch,) = batches(folder)
        assert (state["batchId"], state["state"], state["failures"]) == (batch.id, "Success", [])

    def test_only_what_has_no_current_result_is_run(self, folder):
        folder.put("clean/a.wav", b"a result")
        folder.put("clean/b.wav", b"")

        state = create(folder)

        assert runs(folder) == {"raw/b.mp3": 1, "raw/deep/c.mp3": 1}
        assert folder.get("clean/a.wav") == b"a result"
        assert counts(state) == {"total": 3, "done": 3, "pending": 0, "ran": 2, "skipped": 1}

    def test_nothing_to_do_is_a_success_without_a_submission(self, make_folder):
        for names in ((), ("a.mp3",)):
            cloud = make_folder(*names)
            cloud.put("clean/a.wav", b"a result")
            cloud.control.clear_requests()

            state = create(cloud)

            assert cloud.writes() == []
            assert counts(state) == {
                "total": len(names),
                "done": len(names),
                "pending": 0,
                "ran": 0,
                "skipped": len(names),
            }
            assert "batchId" not in state
            assert not BATCHES.diff(through_json(state), checked()).has_changes

    def test_results_go_to_another_bucket(self, folder):
        folder.control.put_bucket("ap-shanghai", "archive-1250000000")

        create(folder, outputBucket="archive-1250000000", outputRegion="ap-shanghai", outputPrefix="raw/")

        assert folder.control.get_object("ap-shanghai", "archive-1250000000", "raw/a.wav")

    def test_folders_of_consoles_and_lists_of_this_package_are_no_recordings(self, make_folder):
        cloud = make_folder("a.mp3")
        cloud.put("raw/deep/", b"")

        assert create(cloud)["total"] == 1

    def test_everything_that_was_asked_for_is_sent(self, folder):
        create(folder, jobLevel=2, userData="mine", callback={"url": "no"})

        (one, *_) = folder.control.state()["jobs"]
        assert one["user_data"].startswith("mine pulumi:")
        assert {job.level for job in folder.record.jobs.values()} == {"2"}

    def test_what_is_new_while_it_runs_is_left_to_the_next_one(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        cloud.clock.after(5, lambda: cloud.put("raw/b.mp3", b"new"))

        state = create(cloud)

        assert counts(state) == {"total": 2, "done": 1, "pending": 1, "ran": 1, "skipped": 0}
        assert BATCHES.diff(state, checked()).updates == ("pending",)
        assert updated(cloud, state)["pending"] == 0
        assert runs(cloud) == {"raw/a.mp3": 1, "raw/b.mp3": 1}

    def test_it_does_not_wait_where_it_need_not(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)

        state = create(cloud, wait=False)

        assert (state["state"], state["pending"]) == ("Submitted", 1)
        assert not BATCHES.diff(state, checked(wait=False)).has_changes
        cloud.control.advance(30)
        state = refreshed(cloud, state)
        assert (state["state"], state["pending"]) == ("Success", 0)

    def test_progress_is_counted(self, make_folder):
        cloud = make_folder("a.mp3", "b.mp3", job_seconds=10, queue_concurrency=1)

        create(cloud)

        (batch,) = batches(cloud)
        assert f"[2/3] 0 of 2 done (batch {batch.id})" in cloud.reports
        assert f"[2/3] 1 of 2 done, 0 failed (batch {batch.id})" in cloud.reports


class TestNewAndChangedRecordings:
    def test_new_ones_show_as_pending_and_are_run_alone(self, folder):
        state = create(folder)
        for name in "xyz":
            folder.put(f"raw/{name}.mp3", b"new")

        found = refreshed(folder, state)
        assert (state["pending"], found["pending"]) == (0, 3)
        diff = BATCHES.diff(found, checked())
        assert diff.updates == ("pending",)
        assert diff.reason == "3 of 6 recordings have no current result: they are run"

        state = updated(folder, found)
        assert folder.reports[-1] == f"6 of 6 done, 3 run, 3 skipped (batch {state['batchId']})"
        assert counts(state) == {"total": 6, "done": 6, "pending": 0, "ran": 3, "skipped": 3}
        assert set(runs(folder).values()) == {1}

    def test_a_replaced_one_is_run_again(self, folder):
        state = create(folder)
        folder.clock.time += 10
        folder.put("raw/a.mp3", b"another")

        state = upped(folder, state)

        assert runs(folder) == {"raw/a.mp3": 2, "raw/b.mp3": 1, "raw/deep/c.mp3": 1}
        assert folder.get("clean/a.wav").endswith(b"another")

    def test_a_result_that_was_deleted_is_made_again(self, folder):
        state = create(folder)
        folder.emulator.store.objects.delete(REGION, NAME, "clean/b.wav")

        upped(folder, state)

        assert runs(folder) == {"raw/a.mp3": 1, "raw/b.mp3": 2, "raw/deep/c.mp3": 1}

    def test_a_removed_recording_is_not_missed(self, folder):
        state = create(folder)
        folder.emulator.store.objects.delete(REGION, NAME, "raw/b.mp3")

        assert (refreshed(folder, state)["total"], refreshed(folder, state)["pending"]) == (2, 0)


class TestRunningEverythingAgain:
    def test_a_template_alone_runs_nothing(self, folder):
        state = create(folder)
        folder.control.clear_requests()

        state = updated(folder, state, templateId="t2")

        assert (folder.sent(), state["templateId"]) == ([], "t2")

    def test_triggers_run_everything_once(self, folder):
        state = create(folder, triggers=[1])
        folder.clock.time += 10

        state = updated(folder, state, triggers=[2])

        assert set(runs(folder).values()) == {2}
        assert counts(state) == {"total": 3, "done": 3, "pending": 0, "ran": 3, "skipped": 0}
        assert refreshed(folder, state)["pending"] == 0
        assert not BATCHES.diff(through_json(state), checked(triggers=[2])).has_changes

    def test_triggers_run_everything_once_though_the_process_was_killed(self, make_folder):
        cloud = make_folder("a.mp3", "b.mp3", job_seconds=20, queue_concurrency=1)
        state = create(cloud, triggers=[1])
        cloud.clock.time += 10
        cloud.clock.after(25, lambda: call_off(cloud))
        with pytest.raises(ResourceError):
            updated(cloud, state, triggers=[2])
        cloud.is_cancelled = False
        cloud.control.advance(60)

        state = updated(cloud, state, triggers=[2])

        assert set(runs(cloud).values()) == {2}
        assert state["pending"] == 0

    def test_triggers_that_change_back_run_everything_again(self, folder):
        state = create(folder, triggers=[1])
        for triggers in ([2], [1]):
            folder.clock.time += 10
            state = updated(folder, state, triggers=triggers)

        assert set(runs(folder).values()) == {3}


class TestFailures:
    def test_a_recording_that_failed_is_named_and_kept(self, folder):
        spoil(folder, "raw/b.mp3")

        error = kept(folder)

        (failure,) = error.state["failures"]
        assert (failure["inputObject"], failure["code"]) == ("raw/b.mp3", "ResourceNotSupported")
        assert "1 of 3 recordings under raw/ of bucket" in str(error)
        assert "raw/b.mp3: ResourceNotSupported: the input object is no audio" in str(error)
        assert "not paid for again" in str(error)
        assert counts(error.state) == {"total": 3, "done": 2, "pending": 1, "ran": 3, "skipped": 0}
        assert error.id == ID

    def test_it_is_not_paid_for_again_and_the_failure_is_repeated(self, folder):
        spoil(folder, "raw/b.mp3")
        state = kept(folder).state

        for _ in range(3):
            assert BATCHES.diff(through_json(state), checked()).updates == ("failures",)
            with pytest.raises(ResourceError, match=r"raw/b\.mp3: ResourceNotSupported"):
                upped(folder, state)

        assert runs(folder)["raw/b.mp3"] == 1

    @pytest.mark.parametrize("with_refresh", [True, False])
    def test_the_mended_one_is_run_alone(self, folder, with_refresh):
        spoil(folder, "raw/b.mp3", "raw/a.mp3")
        state = kept(folder).state
        folder.clock.time += 10
        folder.put("raw/b.mp3", b"mended")

        with pytest.raises(ResourceError, match=r"1 of 3 recordings .*: raw/a\.mp3"):
            (upped if with_refresh else updated)(folder, state)

        assert runs(folder) == {"raw/a.mp3": 1, "raw/b.mp3": 2, "raw/deep/c.mp3": 1}

    def test_the_mended_one_settles_it(self, folder):
        spoil(folder, "raw/b.mp3")
        state = kept(folder).state
        folder.clock.time += 10
        folder.put("raw/b.mp3", b"mended")

        state = upped(folder, state)

        assert (state["failures"], state["pending"], state["ran"]) == ([], 0, 1)
        assert not BATCHES.diff(through_json(state), checked()).has_changes

    def test_a_recorded_failure_is_an_output_like_any_other(self, folder):
        spoil(folder, "raw/b.mp3")

        state = create(folder, onFailure="record")

        assert [failure["inputObject"] for failure in state["failures"]] == ["raw/b.mp3"]
        assert not BATCHES.diff(refreshed(folder, state), checked(onFailure="record")).has_changes

    def test_new_ones_are_run_beside_one_that_failed(self, folder):
        spoil(folder, "raw/b.mp3")
        state = create(folder, onFailure="record")
        folder.put("raw/new.mp3", b"new")

        found = refreshed(folder, state)
        assert (state["pending"], found["pending"]) == (1, 2)

        state = updated(folder, found, onFailure="record")
        assert runs(folder) == {"raw/a.mp3": 1, "raw/b.mp3": 1, "raw/deep/c.mp3": 1, "raw/new.mp3": 1}
        assert [failure["code"] for failure in state["failures"]] == ["ResourceNotSupported"]

    def test_a_failure_that_passes_is_run_again(self, make_folder):
        cloud = make_folder("a.mp3", assumptions={"not_audio": "InternalError"})
        spoil(cloud, "raw/a.mp3")
        state = kept(cloud).state
        cloud.put("raw/a.mp3", b"good after all")

        assert upped(cloud, state)["pending"] == 0
        assert runs(cloud) == {"raw/a.mp3": 2}

    def test_every_failure_counts_and_a_hundred_are_named(self, make_folder):
        cloud = make_folder(*(f"{number:03}.mp3" for number in range(130)), queue_concurrency=200)
        spoil(cloud, *(f"raw/{number:03}.mp3" for number in range(130)))

        error = kept(cloud)

        assert len(error.state["failures"]) == 100
        assert "100 or more of 130 recordings" in str(error)
        assert error.state["pending"] == 130
        assert BATCHES.diff(error.state, checked(onFailure="record")).updates == ("onFailure",)

    def test_a_failed_one_is_run_again_by_triggers(self, folder):
        spoil(folder, "raw/b.mp3")
        state = kept(folder, triggers=[1]).state
        folder.clock.time += 10

        with pytest.raises(ResourceError, match=r"1 of 3 recordings"):
            updated(folder, state, triggers=[2])

        assert set(runs(folder).values()) == {2}

    def test_a_cancelled_batch_is_run_again(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        cloud.pause_queue()
        state = create(cloud, wait=False)
        cloud.context().client.cancel_batch_job(PLACE, state["batchId"])
        cloud.pause_queue(paused=False)

        state = upped(cloud, state)

        assert (state["state"], state["pending"]) == ("Success", 0)


class TestBadInput:
    """Each is one clear line, before anything is billed."""

    @pytest.mark.parametrize(
        ("inputs", "words"),
        [
            ({"outputPrefix": "raw/"}, "must not begin with inputPrefix"),
            ({"outputPrefix": "raw/clean/"}, "must not begin with inputPrefix"),
            ({"inputPrefix": "clean/raw/"}, "nor the other way round"),
            ({"outputExtension": "flac"}, "must be 'wav', 'mp3' or 'm4a'"),
            ({"atMost": 0}, "must be greater than or equal to 1"),
            ({"inputPrefix": ""}, "must be what keys begin with"),
            ({"inputPrefix": "/raw/"}, "must not begin with a slash"),
            ({"inputPrefix": "a/../b/"}, "must have no . or .."),
            ({"templateId": None}, "must be given"),
        ],
    )
    def test_inputs_that_make_no_sense_are_refused(self, inputs, words):
        (failure,) = BATCHES.check({}, {**checked(), **inputs}, None).failures

        assert words in failure.reason

    def test_other_buckets_may_have_the_same_folders(self):
        assert (
            BATCHES.check({}, {**checked(), "outputPrefix": "raw/", "outputBucket": "x-1250000000"}, None).failures
            == ()
        )

    def refused(self, cloud, **inputs):
        with pytest.raises((ResourceError, ApiError)) as caught:
            create(cloud, **inputs)
        assert cloud.writes() == []
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_two_recordings_with_one_result(self, make_folder):
        cloud = make_folder("a.mp3", "a.wav", "b.mp3", "deep/b.mp3")

        text = self.refused(cloud)

        assert "raw/a.mp3 and raw/a.wav to clean/a.wav, raw/b.mp3 and raw/deep/b.mp3 to clean/b.wav" in text

    def test_recordings_that_are_too_large_or_empty(self, make_folder):
        cloud = make_folder("a.mp3")
        cloud.put("raw/large.wav", bytes(10 * 1024**2 + 1))
        assert "raw/large.wav (10485761 bytes)" in self.refused(cloud)

        cloud = make_folder("a.mp3")
        cloud.put("raw/empty.wav", b"")
        assert "there are empty recordings in bucket" in self.refused(cloud)

    def test_more_than_the_program_allows(self, folder):
        text = self.refused(folder, atMost=2)

        assert "3 recordings under raw/ have no current result" in text
        assert "at_most is 2" in text

    def test_a_template_that_is_missing_of_another_kind_or_of_another_format(self, make_folder):
        assert "there is no template t0" in self.refused(make_folder("a.mp3"), templateId="t0")
        text = self.refused(make_folder("a.mp3", template_format="mp3"))
        assert f"template {TEMPLATE_ID} of bucket recordings-1250000000 in ap-chongqing writes mp3" in text
        assert "set output_extension to mp3" in text

    def test_a_bucket_without_smart_audio_or_that_is_not_bound(self, make_folder):
        for settings in ({"asr": "off"}, {"asr": "off", "ci": "off"}):
            cloud = make_folder("a.mp3")
            cloud.seed(**settings)
            assert "Smart Audio is off" in self.refused(cloud)

    def test_an_output_bucket_that_is_missing(self, folder):
        assert "does not exist" in self.refused(folder, outputBucket="absent-1250000000")

    def test_folders_that_may_not_be_listed(self, folder):
        folder.spoil("GET", "/", **DENIED)

        assert "could not list the objects of bucket" in self.refused(folder)


class TestRefreshAndDelete:
    @pytest.mark.parametrize(
        ("recordings", "requests"), [(1_000, 7), pytest.param(10_000, 25, marks=pytest.mark.campaign)]
    )
    def test_thousands_of_recordings_take_a_few_requests_and_64_kilobytes(self, make_folder, recordings, requests):
        cloud = make_folder(queue_concurrency=10_000)
        for number in range(recordings):
            path = cloud.folder / REGION / NAME / "raw" / f"{number:05}.mp3"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(NO_AUDIO if number % 50 == 0 else b"a recording")
            os.utime(path, (cloud.now(), cloud.now()))
        state = create(cloud, atMost=10_000, onFailure="record")
        cloud.control.clear_requests()

        found = refreshed(cloud, state)

        assert (found["done"], found["pending"]) == (recordings * 49 // 50, recordings // 50)
        assert len(cloud.sent()) <= requests
        assert len(json.dumps(found)) < 64 * 1024
        assert max(runs(cloud).values()) == 1

    def test_a_refresh_of_small_folders_is_two_requests(self, folder):
        state = create(folder)
        folder.control.clear_requests()

        assert refreshed(folder, state) == state
        assert len(folder.sent()) == LISTS

    def test_deleting_touches_no_audio_and_cancels_what_has_not_started(self, make_folder):
        cloud = make_folder("a.mp3")
        cloud.pause_queue()
        state = create(cloud, wait=False)
        cloud.control.clear_requests()

        BATCHES.delete(cloud.context(), ID, through_json(state))

        assert cloud.writes() == [f"PUT /inventorytriggerjob/{state['batchId']}?cancel"]
        assert cloud.get("raw/a.mp3")

    def test_deleting_a_finished_one_sends_nothing(self, folder):
        state = create(folder)
        folder.control.clear_requests()

        BATCHES.delete(folder.context(), ID, through_json(state))

        assert folder.sent() == []
        assert folder.get("clean/a.wav")

    def test_the_id_alone_brings_it_back(self, folder):
        folder.control.put_bucket("ap-shanghai", "archive-1250000000")
        elsewhere = {"outputBucket": "archive-1250000000", "outputRegion": "ap-shanghai"}
        state = create(folder, **elsewhere)

        found = BATCHES.read(folder.context(), ID, {})

        assert found.inputs == {name: value for name, value in checked(**elsewhere).items() if name != "__owner"} | {
            "__owner": ""
        }
        known = {"__owner": state["__owner"], "__imported": None}
        assert without_nothing({**found.state, **counts(state), **known}) == state

    def test_triggers_that_a_program_gives_an_imported_one_run_nothing(self, folder):
        create(folder, triggers=[1])
        found = BATCHES.read(folder.context(), ID, {})

        state = updated(folder, found.state, triggers=[1])

        assert set(runs(folder).values()) == {1}
        assert not BATCHES.diff(through_json(state), checked(triggers=[1])).has_changes

    def test_a_folder_without_a_batch_is_not_known_by_its_id(self, folder):
        assert BATCHES.read(folder.context(), ID, {}) is None
        create(folder)
        assert BATCHES.read(folder.context(), f"{REGION}/{NAME}/other/", {}) is None
