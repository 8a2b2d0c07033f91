"""What operations of one process share: requests that are sent after they asked, and for refreshes, a young list."""

from functools import partial

import pytest

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.coalescing import Coalescer, Sharing
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.emulator.state.settings import Settings
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.memory import Memory
from tests.support.crowds import Crowd, put_buckets
from tests.support.emulators import running_emulator
from tests.support.engine import ASR_BINDINGS, CI_BINDINGS, JOBS
from tests.support.places import REGION

from .conftest import BINDING, DENIED, NAME, denoise

LIST_SECONDS = 5.0
NAMES = [NAME, *(f"archive-{number}-1250000000" for number in range(4))]
STATE = {"onDestroy": "restore", "timeoutSeconds": 300, "status": "on", "adopted": False}
KINDS = {"binding": (CI_BINDINGS, "/cibuckets"), "Smart Audio": (ASR_BINDINGS, "/asrbucket")}


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def coalescer():
    return Coalescer(Sharing(list_seconds=LIST_SECONDS))


@pytest.fixture
def many(cloud):
    """A cloud with five buckets that are bound and have Smart Audio."""
    for name in NAMES:
        cloud.control.put_bucket(REGION, name, ci="on", asr="on")
    return cloud


def id_of(name):
    return f"{REGION}/{name}"


def state_of(name, **changes):
    return {**STATE, "bucket": name, "region": REGION, **changes}


class Process:
    """One process on a cloud that stands still: every operation has a client of its own."""

    def __init__(self, cloud, coalescer, lifecycle=CI_BINDINGS):
        self.cloud = cloud
        self.memory = Memory()
        self.lifecycle = lifecycle
        self._context = partial(cloud.context, coalescer=coalescer)

    def context(self):
        return self._context(memory=self.memory)

    def refresh(self, *names, state=None):
        """Return the statuses of the buckets, and what was sent to learn them."""
        self.cloud.control.clear_requests()
        found = [self.lifecycle.read(self.context(), id_of(name), state or state_of(name)) for name in names]
        return [read.state["status"] for read in found], [line.partition("?")[0] for line in self.cloud.sent()]

    def list_all(self):
        """Let a list of the whole region be made."""
        self.refresh(*NAMES[:2])


class TestRefresh:
    def test_one_is_asked_for_alone(self, many, coalescer):
        assert Process(many, coalescer).refresh(NAME) == (["on"], ["GET /"])
        assert Process(many, Coalescer(), ASR_BINDINGS).refresh(NAME)[1] == ["GET /", "GET /asrbucket", "GET /asrqueue"]

    def test_the_second_brings_the_list_and_the_others_ask_nothing(self, many, coalescer):
        assert Process(many, coalescer).refresh(*NAMES) == (["on"] * 5, ["GET /", "GET /cibuckets"])

    def test_smart_audio_has_a_list_of_its_own(self, many, coalescer):
        process = Process(many, coalescer, ASR_BINDINGS)
        known = process.lifecycle.read(process.context(), id_of(NAME), {}).state

        statuses, sent = process.refresh(*NAMES, state={**known, "queueId": "p1"})

        assert statuses == ["on"] * 5
        assert sent == ["GET /", "GET /asrbucket", "GET /cibuckets", "GET /asrbucket"]

    @pytest.mark.parametrize("status", ["off", "unbinding"])
    def test_what_the_list_does_not_call_on_is_confirmed_by_an_exact_question(self, make_cloud, coalescer, status):
        cloud = make_cloud(unbind_seconds=60.0 if status == "unbinding" else 0.0)
        for name in NAMES:
            cloud.control.put_bucket(REGION, name, ci="on")
        cloud.context().client.delete_ci_bucket(Bucket(REGION, NAMES[2]))

        statuses, sent = Process(cloud, coalescer).refresh(*NAMES)

        assert statuses == ["on", "on", status, "on", "on"]
        assert sent == ["GET /", "GET /cibuckets", "GET /"]

    def test_smart_audio_that_is_not_listed_is_confirmed_by_an_exact_question(self, many, coalescer):
        many.control.put_bucket(REGION, NAMES[3], asr="off")
        process = Process(many, coalescer, ASR_BINDINGS)
        process.list_all()

        statuses, sent = process.refresh(*NAMES[2:4], state=state_of(NAME, queueId="p1"))

        assert statuses == ["on", "off"]
        assert [line for line in many.sent() if NAMES[3] in line] == [
            f"GET /asrbucket?regions={REGION}&bucketNames={NAMES[3]}&pageNumber=1&pageSize=100"
        ]
        assert sent.count("GET /cibuckets") == 0

    def test_a_bucket_of_the_same_name_in_another_region_says_nothing(self, many, coalescer):
        elsewhere = "ap-shanghai"
        for name in NAMES:
            many.control.put_bucket(elsewhere, name, ci="off" if name == NAME else "on")
        process = Process(many, coalescer)
        process.list_all()

        assert CI_BINDINGS.read(process.context(), f"{elsewhere}/{NAME}", {}).state["status"] == "off"
        assert process.refresh(NAME) == (["on"], [])

    def test_other_credentials_share_nothing(self, many, coalescer):
        Process(many, coalescer).list_all()
        stranger = many.context(coalescer=coalescer, credentials=Credentials("stranger", "emulator"))

        with pytest.raises(ApiError, match="SecretidNotExist"):
            CI_BINDINGS.read(stranger, id_of(NAME), {})

    @pytest.mark.parametrize(
        "trouble",
        [DENIED, {"status": 400, "code": "InvalidArgument"}, {"status": 404, "code": "InvalidUrl"}, {"body": "<html>"}],
        ids=["denied", "400", "404", "HTML"],
    )
    def test_where_there_is_no_list_each_is_asked_for_alone_and_that_is_remembered(self, many, coalescer, trouble):
        many.spoil("GET", "/cibuckets", **trouble)
        process = Process(many, coalescer)

        statuses, sent = process.refresh(*NAMES)
        assert statuses == ["on"] * 5
        assert sent.count("GET /") == 5
        assert process.refresh(*NAMES) == (["on"] * 5, ["GET /"] * 5)

    def test_trouble_that_passes_is_told_and_not_remembered(self, many, coalescer):
        process = Process(many, coalescer)
        process.refresh(NAME)
        many.spoil("GET", "/cibuckets", times=4, status=500)
        with pytest.raises(ApiError, match="could not list the bound buckets of region"):
            process.refresh(NAME)

        assert process.refresh(NAME) == (["on"], ["GET /cibuckets"])

    def test_a_list_that_is_longer_than_what_is_asked_is_given_up_after_its_first_page(self, many, coalescer):
        for number in range(500):
            many.control.put_bucket(REGION, f"other-{number}-1250000000", ci="on")
        process = Process(many, coalescer)

        statuses, sent = process.refresh(*(NAMES * 2))

        assert statuses == ["on"] * 10
        assert sent == ["GET /", "GET /cibuckets", *["GET /"] * 5, *["GET /cibuckets"] * 6]

    def test_a_list_without_statuses_decides_nothing(self, make_cloud, coalescer):
        cloud = make_cloud(assumptions={"bucket_status": "absent"})
        for name in NAMES:
            cloud.control.put_bucket(REGION, name, ci="on")

        assert Process(cloud, coalescer).refresh(*NAMES)[0] == ["on"] * 5


class TestYoungList:
    """A refresh may be answered by a list that was sent a few seconds before: nothing else may."""

    def test_it_is_asked_for_anew_when_its_time_is_over(self, many, coalescer, kind):
        lifecycle, path = kind
        process = Process(many, coalescer, lifecycle)
        process.list_all()
        many.clock.sleep(LIST_SECONDS - 0.1)
        assert f"GET {path}" not in process.refresh(*NAMES, state=state_of(NAME, queueId="p1"))[1]
        many.clock.sleep(0.1)

        assert f"GET {path}" in process.refresh(*NAMES, state=state_of(NAME, queueId="p1"))[1]

    def test_what_somebody_changed_meanwhile_is_seen_when_its_time_is_over(self, many, coalescer):
        process = Process(many, coalescer)
        process.list_all()
        many.seed(ci="off")
        assert process.refresh(NAME)[0] == ["on"]
        many.clock.sleep(LIST_SECONDS)

        assert process.refresh(NAME)[0] == ["off"]

    def test_it_can_be_switched_off(self, many):
        process = Process(many, Coalescer(Sharing(list_seconds=0.0)))
        process.list_all()
        many.seed(ci="off")

        assert process.refresh(NAME)[0] == ["off"]

    def test_an_import_never_reads_it(self, many, coalescer, kind):
        lifecycle, _ = kind
        process = Process(many, coalescer, lifecycle)
        process.list_all()
        many.seed(ci="off", asr="off")

        assert lifecycle.read(process.context(), id_of(NAME), {}).state["status"] == "off"

    def test_creation_never_reads_it(self, many, coalescer, kind):
        lifecycle, _ = kind
        process = Process(many, coalescer, lifecycle)
        process.list_all()
        many.seed(ci="off", asr="off")
        many.control.clear_requests()

        created = lifecycle.create(process.context(), lifecycle.check({}, BINDING, None).inputs)

        assert created.state["adopted"] is False
        assert len(many.writes()) == 1

    def test_what_it_told_of_the_binding_adopts_nothing(self, many, coalescer):
        process = Process(many, coalescer, ASR_BINDINGS)
        process.list_all()
        many.seed(ci="off")
        process.refresh(NAME)

        assert (
            CI_BINDINGS.create(process.context(), CI_BINDINGS.check({}, BINDING, None).inputs).state["adopted"] is False
        )

    def test_a_repair_never_reads_it(self, many, coalescer, kind):
        lifecycle, _ = kind
        process = Process(many, coalescer, lifecycle)
        process.list_all()
        many.seed(ci="off", asr="off")
        many.control.clear_requests()

        lifecycle.update(process.context(), id_of(NAME), state_of(NAME, status="off"), state_of(NAME))

        assert len(many.writes()) == 1

    def test_deletion_never_reads_it(self, many, coalescer, kind):
        lifecycle, _ = kind
        process = Process(many, coalescer, lifecycle)
        process.list_all()
        many.seed(ci="off", asr="off")
        many.control.clear_requests()

        lifecycle.delete(process.context(), id_of(NAME), state_of(NAME))

        assert many.writes() == []

    def test_what_stands_in_the_way_is_never_read_from_it(self, many, coalescer):
        many.seed(asr="off")
        process = Process(many, coalescer)
        process.list_all()
        Process(many, coalescer, ASR_BINDINGS).list_all()
        many.seed(asr="on")
        many.control.clear_requests()

        with pytest.raises(ResourceError, match="Smart Audio"):
            CI_BINDINGS.delete(process.context(), id_of(NAME), state_of(NAME))
        assert many.writes() == []

    @pytest.mark.parametrize("operation", ["create", "update", "delete"])
    def test_what_this_process_changes_is_read_anew(self, many, coalescer, kind, operation):
        lifecycle, path = kind
        off, on = {"ci": "off", "asr": "off"}, {"ci": "on", "asr": "on"}
        many.seed(**(on if operation == "delete" else off))
        if lifecycle is CI_BINDINGS:
            many.seed(asr="off")
        process = Process(many, coalescer, lifecycle)
        process.list_all()
        if operation == "create":
            lifecycle.create(process.context(), lifecycle.check({}, BINDING, None).inputs)
        elif operation == "update":
            lifecycle.update(process.context(), id_of(NAME), state_of(NAME, status="off"), state_of(NAME))
        else:
            lifecycle.delete(process.context(), id_of(NAME), state_of(NAME))

        assert process.refresh(NAME)[0] == ["off" if operation == "delete" else "on"]
        assert process.refresh(NAMES[2])[1].count(f"GET {path}") == 0


class TestQueue:
    def test_a_queue_that_is_known_is_not_asked_for_again(self, ready):
        state = ASR_BINDINGS.create(ready.context(), BINDING).state
        ready.control.clear_requests()

        assert ASR_BINDINGS.read(ready.context(), id_of(NAME), state).state == state
        assert not any("asrqueue" in line for line in ready.sent())

    def test_one_that_was_made_anew_is(self, ready):
        state = ASR_BINDINGS.create(ready.context(), BINDING).state
        ready.clock.sleep(2)
        ready.seed(asr="off")
        ready.seed(asr="on")

        seen = ASR_BINDINGS.read(ready.context(), id_of(NAME), state).state

        assert seen["queueId"] == ready.record.queue.id != state["queueId"]

    def test_one_that_could_not_be_seen_is_asked_for_later(self, ready):
        state = ASR_BINDINGS.create(ready.context(), BINDING).state
        del state["queueId"]

        assert ASR_BINDINGS.read(ready.context(), id_of(NAME), state).state["queueId"] == ready.record.queue.id


@pytest.fixture
def emulator(tmp_path):
    settings = Settings(job_seconds=0.2, queue_concurrency=100)
    with running_emulator(tmp_path / "cloud", settings=settings, denoise=denoise) as running:
        yield running


class TestCrowd:
    """Threads of one process, each operation with a client of its own, over real connections."""

    @pytest.mark.parametrize(("threads", "requests"), [(64, 8), (4, 12)])
    def test_two_hundred_are_refreshed_by_a_handful_of_requests(self, emulator, threads, requests):
        names = put_buckets(emulator, 200, ci="on", asr="on")
        crowd = Crowd(emulator, threads)
        known = {name: ASR_BINDINGS.read(crowd.context(Memory()), id_of(name), {}).state for name in names}

        traffic = crowd.drive(lambda context, name: ASR_BINDINGS.read(context, id_of(name), known[name]).state, names)

        assert list(traffic.results) == [known[name] for name in names]
        assert len(traffic.requests) <= requests
        assert traffic.connections <= 4

    @pytest.mark.parametrize(
        ("kind", "threads", "each"),
        [("Smart Audio", 64, 7.0), ("Smart Audio", 4, 7.0), ("binding", 64, 7.0)],
    )
    def test_many_are_destroyed_by_few_requests_each(self, emulator, kind, threads, each):
        lifecycle, _ = KINDS[kind]
        names = put_buckets(emulator, 64, ci="on", asr="on" if kind == "Smart Audio" else "off")
        crowd = Crowd(emulator, threads)

        traffic = crowd.drive(lambda context, name: lifecycle.delete(context, id_of(name), state_of(name)), names)

        assert traffic.errors == []
        assert {entry["asr" if kind == "Smart Audio" else "ci"] for entry in emulator.state()["buckets"]} == {"off"}
        assert traffic.sent_each <= each

    def test_only_what_stands_in_the_way_of_one_keeps_that_one_on(self, emulator):
        names = put_buckets(emulator, 60, ci="on")
        services = dict(zip(names[::10], ["media", "doc", "file", "pic", "ai", "media"], strict=True))
        for name, service in services.items():
            emulator.put_bucket(REGION, name, services=[service])

        traffic = Crowd(emulator, 16).drive(
            lambda context, name: CI_BINDINGS.delete(context, id_of(name), state_of(name)), names
        )

        assert len(traffic.errors) == len(services)
        assert all("1 in the way" in str(error) for error in traffic.errors)
        left_on = {entry["bucket"] for entry in emulator.state()["buckets"] if entry["ci"] == "on"}
        assert left_on == set(services)

    def test_a_service_that_takes_ten_names_is_asked_for_each(self, tmp_path):
        with running_emulator(tmp_path / "strict", assumptions={"names_per_request": "ten"}) as emulator:
            names = put_buckets(emulator, 30, ci="on", asr="on")
            traffic = Crowd(emulator, 30).drive(
                lambda context, name: ASR_BINDINGS.delete(context, id_of(name), state_of(name)), names
            )

            assert traffic.errors == []
            assert {entry["asr"] for entry in emulator.state()["buckets"]} == {"off"}

    def test_a_list_that_fails_keeps_everything_on_that_it_was_asked_for(self, emulator):
        names = put_buckets(emulator, 20, ci="on")
        emulator.add_fault(method="GET", path="/picbucket", times=999, action=DENIED)

        traffic = Crowd(emulator, 16).drive(
            lambda context, name: CI_BINDINGS.delete(context, id_of(name), state_of(name)), names
        )

        assert len(traffic.errors) == len(names)
        assert all("ci:DescribePicProcessBucket" in str(error) for error in traffic.errors)
        assert traffic.count("PUT", "/") == 0

    def test_jobs_that_are_waited_for_at_the_same_time_are_polled_together(self, emulator):
        emulator.put_bucket(REGION, NAME, ci="on", asr="on")
        numbers = range(20)
        for number in numbers:
            emulator.put_object(REGION, NAME, f"raw/{number}.mp3", b"a recording")
        crowd = Crowd(emulator, 64, (("CI_AUDIO_JOBS_PER_REQUEST", "3"),))

        def run(context, number):
            job = {**BINDING, "inputObject": f"raw/{number}.mp3", "outputObject": f"clean/{number}.wav"}
            return JOBS.create(context, JOBS.check({}, {**job, "__owner": str(number)}, None).inputs).state["state"]

        traffic = crowd.drive(run, numbers)

        assert set(traffic.results) == {"Success"}
        assert traffic.count("POST", "/jobs") == len(numbers)
        named = [entry["path"].count(",") + 1 for entry in traffic.requests if entry["path"].startswith("/jobs/")]
        assert 1 < max(named) <= 3
