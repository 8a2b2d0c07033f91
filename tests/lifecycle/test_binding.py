"""What the two bindings do at the service: what they look at, send, wait for, leave alone, and keep."""

import pytest

from pulumi_ci_audio.api.errors import ApiError, WaitCancelledError
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.memory import Memory
from tests.support.engine import ASR_BINDINGS, CI_BINDINGS, InitFailed

from .conftest import BINDING, DENIED, GONE, NAME, PLACE, REGION

BIND, UNBIND, ENABLE, DISABLE = "PUT /", "PUT /?unbind", "POST /asrbucket", "DELETE /asrbucket"
ID = f"{REGION}/{NAME}"
KINDS = {"binding": (CI_BINDINGS, "ci", BIND, UNBIND), "Smart Audio": (ASR_BINDINGS, "asr", ENABLE, DISABLE)}
HTML = {"status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"}
EMPTY_LIST = "<Response><TotalCount>0</TotalCount></Response>"


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def checked(lifecycle, **inputs):
    return lifecycle.check({}, {**BINDING, **inputs}, None).inputs


def created(cloud, lifecycle=None, **inputs):
    """Return the state of a binding that another process created."""
    lifecycle = lifecycle or CI_BINDINGS
    state = lifecycle.create(cloud.context(), checked(lifecycle, **inputs)).state
    cloud.control.clear_requests()
    cloud.reports.clear()
    return state


class TestCreate:
    def test_it_looks_switches_on_and_waits_until_the_service_says_so(self, cloud, kind):
        lifecycle, setting, switch_on, _ = kind

        created = lifecycle.create(cloud.context(), checked(lifecycle))

        assert created.id == ID
        assert created.state["status"] == "on"
        assert created.state["adopted"] is False
        assert cloud.writes() == [switch_on]
        assert cloud.sent()[0] == "GET /"
        assert cloud.bucket[setting] == "on"

    def test_what_is_on_already_is_adopted_and_nothing_is_sent(self, ready, kind):
        lifecycle, *_ = kind

        assert lifecycle.create(ready.context(), checked(lifecycle)).state["adopted"] is True
        assert ready.writes() == []

    def test_smart_audio_brings_its_queue_and_the_time_it_was_enabled(self, cloud):
        state = created(cloud, ASR_BINDINGS)

        assert state["queueId"] == cloud.control.state()["queues"][0]["id"]
        assert state["createTime"].endswith("+0800")

    def test_a_queue_that_may_not_be_seen_is_left_out(self, cloud):
        cloud.spoil("GET", "/asrqueue", **DENIED)

        assert "queueId" not in created(cloud, ASR_BINDINGS)

    def test_what_was_seen_first_counts_when_it_is_tried_again(self, cloud, kind):
        lifecycle, _, switch_on, _ = kind
        memory = Memory()
        cloud.spoil("GET", "*", times=4, effect="before", status=500)
        with pytest.raises(ApiError):
            lifecycle.create(cloud.context(memory=memory), checked(lifecycle))
        cloud.mend()
        cloud.clock.after(0.1, lambda: setattr(cloud, "is_cancelled", True))
        cloud.spoil("GET", "/", times=9, effect="after", body='{"CIStatus":"off"}')
        with pytest.raises(InitFailed):
            lifecycle.create(cloud.context(memory=memory), checked(lifecycle))
        cloud.mend()
        cloud.is_cancelled = False

        created = lifecycle.create(cloud.context(memory=memory), checked(lifecycle))

        assert created.state["adopted"] is False
        assert cloud.writes() == [switch_on]

    def test_a_binding_that_smart_audio_brought_in_the_same_deployment_is_not_adopted(self, cloud):
        memory = Memory()
        ASR_BINDINGS.create(cloud.context(memory=memory), checked(ASR_BINDINGS))

        binding = CI_BINDINGS.create(cloud.context(memory=memory), checked(CI_BINDINGS))

        assert binding.state["adopted"] is False
        assert cloud.writes() == [ENABLE]

    def test_another_process_adopts_it(self, cloud):
        ASR_BINDINGS.create(cloud.context(), checked(ASR_BINDINGS))

        assert CI_BINDINGS.create(cloud.context(), checked(CI_BINDINGS)).state["adopted"] is True

    def test_a_bucket_that_was_bound_in_the_meantime_is_no_error(self, make_cloud):
        cloud = make_cloud(assumptions={"bind_when_bound": "refuse"})
        cloud.seed(ci="on")
        cloud.spoil("GET", "/", times=1, effect="after", body='{"CIStatus":"off"}')

        assert CI_BINDINGS.create(cloud.context(), checked(CI_BINDINGS)).state["status"] == "on"
        assert cloud.writes() == [BIND]

    def test_any_other_refusal_is_an_error_and_nothing_is_kept(self, cloud, kind):
        lifecycle, _, switch_on, _ = kind
        method, _, path = switch_on.partition(" ")
        cloud.spoil(method, path, **DENIED)

        with pytest.raises(ApiError, match="AccessDenied"):
            lifecycle.create(cloud.context(), checked(lifecycle))
        assert cloud.writes() == [switch_on]

    @pytest.mark.parametrize("lost", [{"reset": True}, {"status": 500}, HTML], ids=["reset", "500", "HTML"])
    def test_a_request_whose_answers_were_all_lost_is_kept_so_that_it_is_undone_some_day(self, cloud, kind, lost):
        lifecycle, _, switch_on, switch_off = kind
        method, _, path = switch_on.partition(" ")
        cloud.spoil(method, path, times=4, effect="after", **lost)

        with pytest.raises(InitFailed) as kept:
            lifecycle.create(cloud.context(), checked(lifecycle))

        assert kept.value.id == ID
        assert kept.value.state["adopted"] is False
        assert cloud.writes() == [switch_on] * 4
        state = lifecycle.update(cloud.context(), ID, kept.value.state, checked(lifecycle))
        assert state["status"] == "on"
        lifecycle.delete(cloud.context(), ID, state)
        assert cloud.writes() == [switch_on] * 4 + [switch_off]

    def test_a_lost_answer_is_asked_for_again(self, cloud, kind):
        lifecycle, _, switch_on, _ = kind
        method, _, path = switch_on.partition(" ")
        cloud.spoil(method, path, times=1, effect="after", reset=True)

        assert lifecycle.create(cloud.context(), checked(lifecycle)).state["adopted"] is False

    def test_a_bucket_that_does_not_exist_is_named_and_nothing_is_sent(self, cloud, kind):
        lifecycle, *_ = kind
        inputs = checked(lifecycle, bucket="nowhere-1250000000")

        with pytest.raises(ApiError, match="nowhere-1250000000"):
            lifecycle.create(cloud.context(), inputs)
        assert cloud.writes() == []

    @pytest.mark.parametrize("bound", ["off", "on"])
    def test_smart_audio_does_not_need_to_see_the_binding(self, cloud, bound):
        cloud.seed(ci=bound)
        cloud.spoil("GET", "/", **DENIED)

        state = created(cloud, ASR_BINDINGS)

        assert (state["status"], state["adopted"]) == ("on", False)
        assert cloud.bucket["asr"] == "on"

    def test_the_binding_needs_to_see_itself(self, cloud):
        cloud.spoil("GET", "/", **DENIED)

        with pytest.raises(ApiError, match="AccessDenied"):
            created(cloud)


class TestUnbinding:
    @pytest.fixture
    def unbinding(self, make_cloud):
        cloud = make_cloud(unbind_seconds=20)
        cloud.seed(ci="on")
        cloud.context().client.delete_ci_bucket(PLACE)
        cloud.control.clear_requests()
        return cloud

    def test_create_waits_it_out_and_then_switches_on(self, unbinding, kind):
        lifecycle, _, switch_on, _ = kind

        state = lifecycle.create(unbinding.context(), checked(lifecycle)).state

        assert (state["status"], state["adopted"]) == ("on", False)
        assert unbinding.writes() == [switch_on]
        assert 20 <= unbinding.waited() < 31
        assert any("is unbinding, waiting for off" in report for report in unbinding.reports)

    def test_create_gives_up_in_time_and_says_that_nothing_was_sent(self, unbinding, kind):
        lifecycle, *_ = kind

        with pytest.raises(ResourceError, match=r"still unbinding after 5 s, not off; nothing was sent yet") as error:
            lifecycle.create(unbinding.context(), checked(lifecycle, timeoutSeconds=5))

        assert not isinstance(error.value, InitFailed)
        assert unbinding.writes() == []

    def test_create_that_is_cancelled_meanwhile_says_that_nothing_was_sent(self, unbinding, kind):
        lifecycle, *_ = kind
        unbinding.clock.after(2, lambda: setattr(unbinding, "is_cancelled", True))

        with pytest.raises(ResourceError, match=r"interrupted; nothing was sent yet, run `pulumi up` again"):
            lifecycle.create(unbinding.context(), checked(lifecycle))
        assert unbinding.waited() < 3

    def test_one_that_is_imported_then_is_its_own_to_switch_off(self, unbinding, kind):
        lifecycle, *_ = kind

        imported = lifecycle.read(unbinding.context(), ID, {}).state

        assert imported["adopted"] is False

    def test_read_shows_it(self, unbinding, kind):
        lifecycle, *_ = kind
        observed = lifecycle.read(unbinding.context(), ID, {})

        assert observed.inputs["status"] == observed.state["status"] == "unbinding"
        assert lifecycle.diff(observed.state, checked(lifecycle)).updates == ("status",)

    def test_delete_of_what_somebody_switches_on_again_meanwhile_sends_its_request(self, unbinding):
        unbinding.clock.after(5, lambda: unbinding.seed(ci="on"))

        CI_BINDINGS.delete(unbinding.context(), ID, {**checked(CI_BINDINGS), "adopted": False})

        assert unbinding.writes() == [UNBIND]
        assert unbinding.bucket["ci"] == "off"

    def test_delete_waits_it_out_and_sends_nothing(self, unbinding, kind):
        lifecycle, *_ = kind

        lifecycle.delete(unbinding.context(), ID, {**checked(lifecycle), "adopted": False})

        assert unbinding.writes() == []
        assert unbinding.waited() >= 20

    def test_the_engines_own_timeout_comes_first(self, unbinding):
        state = {**checked(CI_BINDINGS), "adopted": False}

        with pytest.raises(ResourceError, match=r"still unbinding after 3 s"):
            CI_BINDINGS.delete(unbinding.context(timeout_seconds=3.0), ID, state)
        assert unbinding.waited() == pytest.approx(3)

    def test_delete_that_ran_out_of_time_goes_on_without_a_second_write(self, unbinding):
        unbinding.seed(ci="on")
        state = {**checked(CI_BINDINGS, timeoutSeconds=5), "adopted": False}

        with pytest.raises(ResourceError, match=r"run again to go on waiting, nothing is sent twice"):
            CI_BINDINGS.delete(unbinding.context(), ID, state)
        with pytest.raises(ResourceError):
            CI_BINDINGS.delete(unbinding.context(), ID, state)
        unbinding.clock.sleep(15)
        CI_BINDINGS.delete(unbinding.context(), ID, state)

        assert unbinding.writes() == [UNBIND]

    def test_delete_that_is_cancelled_says_how_to_go_on(self, unbinding):
        unbinding.clock.after(2, lambda: setattr(unbinding, "is_cancelled", True))

        with pytest.raises(ResourceError, match=r"interrupted; run again to go on waiting"):
            CI_BINDINGS.delete(unbinding.context(), ID, {**checked(CI_BINDINGS), "adopted": False})


def test_a_status_that_no_document_names_is_shown_as_it_is(ready, kind):
    lifecycle, *_ = kind
    state = created(ready, lifecycle)
    ready.spoil("GET", "/", effect="after", body='{"CIStatus":"suspended"}')

    seen = lifecycle.read(ready.context(), ID, state)

    assert seen.state["status"] == seen.inputs["status"] == "suspended"
    assert lifecycle.diff(seen.state, checked(lifecycle)).updates == ("status",)


class TestKept:
    """Once it was asked for, the resource is kept whatever happens: what it switched on is its own to undo."""

    @pytest.fixture
    def slow(self, cloud):
        """A service that takes its time to say that it is on."""
        cloud.spoil("GET", "/", effect="after", body='{"CIStatus":"off"}')
        return cloud

    def test_running_out_of_time_keeps_it_as_off(self, slow, kind):
        lifecycle, *_ = kind

        with pytest.raises(InitFailed, match=r"still off after 7 s, not on; run `pulumi up` again to go on") as kept:
            lifecycle.create(slow.context(), checked(lifecycle, timeoutSeconds=7))

        assert kept.value.id == ID
        assert kept.value.state == {**checked(lifecycle, timeoutSeconds=7), "status": "off", "adopted": False}
        assert slow.waited() == pytest.approx(7)
        assert lifecycle.diff(kept.value.state, checked(lifecycle, timeoutSeconds=7)).updates == ("status",)

    def test_going_on_sends_nothing_twice(self, slow, kind):
        lifecycle, _, switch_on, _ = kind
        with pytest.raises(InitFailed) as kept:
            lifecycle.create(slow.context(), checked(lifecycle, timeoutSeconds=7))
        slow.mend()

        state = lifecycle.update(slow.context(), ID, kept.value.state, checked(lifecycle))

        assert (state["status"], state["adopted"]) == ("on", False)
        assert slow.writes() == [switch_on]

    @pytest.mark.parametrize(
        ("trouble", "said"),
        [
            (DENIED, "grant ci:DescribeCIBuckets"),
            ({"status": 500}, "again later"),
            ({"body": "<html>"}, "could not read"),
        ],
        ids=["denied", "500", "HTML"],
    )
    def test_trouble_while_waiting_keeps_it(self, cloud, trouble, said):
        cloud.spoil("GET", "/", times=1, effect="after", body='{"CIStatus":"off"}')
        cloud.spoil("GET", "/", **trouble)

        with pytest.raises(InitFailed, match=said) as kept:
            CI_BINDINGS.create(cloud.context(), checked(CI_BINDINGS))
        assert kept.value.state["status"] == "off"

    def test_being_called_off_while_waiting_keeps_it(self, slow, kind):
        lifecycle, *_ = kind
        slow.clock.after(2, lambda: setattr(slow, "is_cancelled", True))

        with pytest.raises(InitFailed, match=r"^interrupted; run `pulumi up` again to go on$"):
            lifecycle.create(slow.context(), checked(lifecycle))


class TestUpdate:
    def test_what_was_switched_off_by_hand_is_switched_on_with_one_write(self, cloud, kind):
        lifecycle, setting, switch_on, _ = kind
        state = created(cloud, lifecycle)
        cloud.seed(**{setting: "off"})
        seen = lifecycle.read(cloud.context(), ID, state).state

        repaired = lifecycle.update(cloud.context(), ID, seen, checked(lifecycle))

        assert repaired == {**state, **{n: repaired[n] for n in ("createTime", "queueId") if n in repaired}}
        assert cloud.writes() == [switch_on]

    def test_it_stays_adopted(self, ready, kind):
        lifecycle, setting, *_ = kind
        state = created(ready, lifecycle)
        ready.seed(**{setting: "off"})

        assert lifecycle.update(ready.context(), ID, {**state, "status": "off"}, checked(lifecycle))["adopted"] is True

    def test_what_the_engine_ignores_stays_off(self, cloud, kind):
        lifecycle, *_ = kind
        off = {**checked(lifecycle), "status": "off"}

        assert lifecycle.update(cloud.context(), ID, {**off, "adopted": False}, off)["status"] == "off"
        assert cloud.sent() == []


class TestDeletion:
    @pytest.mark.parametrize("adopted", [True, False], ids=["adopted", "created"])
    @pytest.mark.parametrize("claimed", [True, False], ids=["claimed", "not claimed"])
    @pytest.mark.parametrize("on_destroy", ["restore", "off", "keep"])
    def test_it_switches_off_what_is_its_own_to_switch_off(self, ready, kind, on_destroy, adopted, claimed):
        lifecycle, setting, _, switch_off = kind
        if kind[0].lifecycle.kind == "CiBucketBinding":
            ready.seed(asr="off")
        context = ready.context()
        if claimed:
            context.memory.claim((lifecycle.lifecycle.kind, PLACE))

        lifecycle.delete(context, ID, {**checked(lifecycle, onDestroy=on_destroy), "adopted": adopted})

        expected = not claimed and (on_destroy == "off" or (on_destroy == "restore" and not adopted))
        assert ready.writes() == ([switch_off] if expected else [])
        assert ready.bucket[setting] == ("off" if expected else "on")

    def test_what_stays_on_is_not_even_looked_at(self, ready, kind):
        lifecycle, *_ = kind

        lifecycle.delete(ready.context(), ID, {**checked(lifecycle, onDestroy="keep"), "adopted": False})

        assert ready.sent() == []

    @pytest.mark.parametrize("operation", ["create", "update"])
    def test_creating_and_updating_claim_it_for_the_life_of_the_process(self, ready, kind, operation):
        lifecycle, *_ = kind
        context, state = ready.context(), {**checked(lifecycle, onDestroy="off"), "adopted": True}
        if operation == "create":
            lifecycle.create(context, checked(lifecycle))
        else:
            lifecycle.update(context, ID, state, checked(lifecycle))

        lifecycle.delete(context, ID, state)

        assert ready.writes() == []

    def test_a_claim_is_of_one_kind_and_one_bucket(self, ready):
        context = ready.context()
        ASR_BINDINGS.create(context, checked(ASR_BINDINGS))
        ready.seed(asr="off")

        CI_BINDINGS.delete(context, ID, {**checked(CI_BINDINGS), "adopted": False})

        assert ready.writes() == [UNBIND]

    def test_reading_claims_nothing(self, ready):
        context = ready.context()
        state = {**checked(ASR_BINDINGS), "adopted": False}
        ASR_BINDINGS.read(context, ID, state)

        ASR_BINDINGS.delete(context, ID, state)

        assert ready.writes() == [DISABLE]

    def test_what_is_off_already_is_fine(self, cloud, kind):
        lifecycle, *_ = kind

        lifecycle.delete(cloud.context(), ID, {**checked(lifecycle), "adopted": False})

        assert cloud.writes() == []

    @pytest.mark.parametrize("code", ["InvalidArgument", "AccessDenied", "MediaBucketUnBinded"])
    @pytest.mark.parametrize("unbind_seconds", [0.0, 30.0], ids=["off", "unbinding"])
    def test_nothing_is_sent_twice_however_an_unbound_bucket_refuses(self, make_cloud, kind, code, unbind_seconds):
        lifecycle, *_ = kind
        cloud = make_cloud(assumptions={"unbound_code": code}, unbind_seconds=unbind_seconds)
        cloud.seed(ci="on")
        cloud.context().client.delete_ci_bucket(PLACE)
        if lifecycle is ASR_BINDINGS:
            cloud.seed(asr="on")
        cloud.control.clear_requests()

        lifecycle.delete(cloud.context(), ID, {**checked(lifecycle), "adopted": False})

        assert cloud.writes() == []
        assert cloud.waited() >= unbind_seconds

    def test_what_somebody_else_switches_off_at_the_same_time_is_fine(self, ready):
        ready.seed(asr="off")
        ready.spoil("PUT", "/?unbind", times=1, effect="before", status=400, code="InvalidArgument", delay=1)
        ready.clock.after(0.5, lambda: ready.seed(ci="off"))

        CI_BINDINGS.delete(ready.context(), ID, {**checked(CI_BINDINGS), "adopted": False})

        assert ready.writes() == [UNBIND]

    @pytest.mark.parametrize("at", ["the look", "the request", "the wait"])
    def test_a_bucket_that_goes_meanwhile_is_fine(self, ready, kind, at):
        lifecycle, _, _, switch_off = kind
        ready.seed(asr="on" if lifecycle.lifecycle.kind == "AsrBucketBinding" else "off")
        method, _, path = switch_off.partition(" ")
        if at == "the look":
            ready.spoil("GET", "*", **GONE)
        elif at == "the request":
            ready.spoil(method, path, **GONE)
        else:
            ready.spoil("GET", "/", times=1, effect="after", body='{"CIStatus":"on"}')
            ready.spoil("GET", "/", **GONE)

        lifecycle.delete(ready.context(), ID, {**checked(lifecycle), "adopted": False})

        assert ready.writes() == ([] if at == "the look" else [switch_off])

    def test_smart_audio_that_was_switched_off_meanwhile_is_fine(self, ready):
        ready.spoil("DELETE", "/asrbucket", times=1, status=400, code="AsrBucketUnBinded")
        ready.clock.after(0.1, lambda: ready.seed(asr="off"))

        ASR_BINDINGS.delete(ready.context(), ID, {**checked(ASR_BINDINGS), "adopted": False})

        assert ready.writes() == [DISABLE]

    @pytest.mark.parametrize(
        ("trouble", "said"),
        [
            (DENIED, "AccessDenied"),
            ({"status": 403, "code": "SignatureDoesNotMatch"}, "SignatureDoesNotMatch"),
            ({"status": 503, "code": "SlowDown"}, "SlowDown"),
            ({"status": 500}, "HTTP 500"),
        ],
        ids=["denied", "credentials", "throttled", "500"],
    )
    def test_what_has_nothing_to_do_with_what_is_in_the_way_is_passed_on_as_it_is(self, ready, kind, trouble, said):
        lifecycle, _, _, switch_off = kind
        ready.seed(asr="on" if lifecycle.lifecycle.kind == "AsrBucketBinding" else "off")
        method, _, path = switch_off.partition(" ")
        ready.spoil(method, path, **trouble)

        with pytest.raises(ApiError, match=said) as error:
            lifecycle.delete(ready.context(), ID, {**checked(lifecycle), "adopted": False})

        assert "in the way" not in str(error.value)

    def test_a_refusal_is_explained_by_what_came_in_between(self, ready):
        ready.seed(asr="off", workflows=[{"id": "w1", "name": "nightly", "state": "Active"}])
        ready.spoil("GET", "/workflow*", times=1, effect="after", body=EMPTY_LIST)

        with pytest.raises(ResourceError, match=r'in the way: workflow w1 "nightly" \(Active\)') as error:
            CI_BINDINGS.delete(ready.context(), ID, {**checked(CI_BINDINGS), "adopted": False})
        assert ready.writes() == [UNBIND]
        assert "cannot be checked" not in str(error.value)

    def test_a_refusal_that_nothing_explains_names_what_cannot_be_seen(self, ready):
        ready.seed(asr="off", moderation=True)

        with pytest.raises(ResourceError, match=r"automatic moderation and reviews of historical data"):
            CI_BINDINGS.delete(ready.context(), ID, {**checked(CI_BINDINGS), "adopted": False})

    def test_a_lost_answer_is_asked_for_again_and_the_wait_goes_on(self, ready):
        ready.seed(asr="off")
        ready.spoil("PUT", "/?unbind", times=1, effect="after", reset=True)

        CI_BINDINGS.delete(ready.context(), ID, {**checked(CI_BINDINGS), "adopted": False})

        assert ready.bucket["ci"] == "off"


class TestSmartAudioOfAnUnboundBucket:
    """A record may stay listed after unbinding (ci-api Q23)."""

    @pytest.fixture
    def listed(self, ready):
        ready.seed(ci="off")
        assert ready.bucket["asr"] == "on"
        return ready

    def test_it_counts_as_off(self, listed):
        assert ASR_BINDINGS.read(listed.context(), ID, {}).state["status"] == "off"

    def test_create_switches_it_on(self, listed):
        state = created(listed, ASR_BINDINGS)

        assert (state["status"], state["adopted"]) == ("on", False)
        assert (listed.bucket["ci"], listed.bucket["asr"]) == ("on", "on")

    def test_delete_sends_nothing(self, listed):
        ASR_BINDINGS.delete(listed.context(), ID, {**checked(ASR_BINDINGS), "adopted": False})

        assert listed.writes() == []

    def test_where_the_binding_may_not_be_seen_the_list_decides(self, listed):
        listed.spoil("GET", "/", **DENIED)

        assert ASR_BINDINGS.read(listed.context(), ID, {}).state["status"] == "on"


class TestRead:
    def test_a_list_that_names_another_bucket_does_not_make_it_on(self, ready):
        item = f"<AsrBucketList><BucketId>{NAME}0</BucketId></AsrBucketList>"
        ready.spoil("GET", "/asrbucket*", effect="after", body=f"<Response>{item}</Response>")

        assert ASR_BINDINGS.read(ready.context(), ID, {}).state["status"] == "off"

    @pytest.mark.parametrize("trouble", [DENIED, {"status": 500}, {"body": "nonsense"}], ids=["denied", "500", "text"])
    def test_trouble_is_no_drift(self, ready, trouble):
        ready.spoil("GET", "/", **trouble)

        with pytest.raises(Exception, match=r"could not read the CI status of bucket"):
            CI_BINDINGS.read(ready.context(), ID, {})

    def test_a_wait_between_attempts_ends_when_it_is_cancelled(self, ready):
        ready.spoil("GET", "/", status=500)
        ready.is_cancelled = True

        with pytest.raises(WaitCancelledError):
            CI_BINDINGS.read(ready.context(), ID, {})
