"""What holds for every kind of resource: what is created is read back, nothing is done twice, and ids suffice."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from pulumi_ci_audio.emulator.state.records import Parameters, Template
from pulumi_ci_audio.lifecycle import models
from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchInputs
from pulumi_ci_audio.lifecycle.binding_models import BindingInputs
from pulumi_ci_audio.lifecycle.models import HIDDEN, REPLACES, UNKNOWN
from pulumi_ci_audio.lifecycle.noise_reduction_models import NoiseReductionJobInputs
from pulumi_ci_audio.lifecycle.template_models import TemplateInputs
from pulumi_ci_audio.lifecycle.types import Diff
from tests.support.engine import ASR_BINDINGS, BATCHES, CI_BINDINGS, JOBS, TEMPLATES, Created

from .conftest import BATCH, BINDING, JOB, NAME, REGION, TEMPLATE, through_json


@dataclass(frozen=True)
class Kind:
    """A kind, the inputs of one of it, the settings its bucket needs, and other values for every input."""

    lifecycle: Any
    model: type[models.ResourceModel]
    inputs: dict[str, Any]
    seed: dict[str, str]
    others: dict[str, Any] = field(default_factory=dict)
    local: dict[str, Any] = field(default_factory=dict)

    def checked(self, **changes):
        return self.lifecycle.check({}, {**self.inputs, **changes}, None).inputs


ELSEWHERE = {"bucket": "archive-1250000000", "region": "ap-shanghai"}
LOCAL_BINDING = {"onDestroy": "keep", "timeoutSeconds": 17}
LOCAL_JOB = {
    "queueId": "q1",
    "jobLevel": 2,
    "userData": "mine",
    "callback": {"url": "https://example.com/done"},
    "wait": False,
    "timeoutSeconds": 17,
    "onFailure": "record",
}
KINDS = {
    "binding": Kind(
        CI_BINDINGS, BindingInputs, BINDING, {}, {**ELSEWHERE, **LOCAL_BINDING, "status": "off"}, LOCAL_BINDING
    ),
    "Smart Audio": Kind(
        ASR_BINDINGS,
        BindingInputs,
        BINDING,
        {"ci": "on"},
        {**ELSEWHERE, **LOCAL_BINDING, "status": "off"},
        LOCAL_BINDING,
    ),
    "template": Kind(
        TEMPLATES,
        TemplateInputs,
        TEMPLATE,
        {"ci": "on", "asr": "on"},
        {**ELSEWHERE, "templateName": "others", "format": "mp3", "sampleRate": 48000, "__owner": "somebody"},
    ),
    "job": Kind(
        JOBS,
        NoiseReductionJobInputs,
        {**JOB, "triggers": [1, "two", True]},
        {"ci": "on", "asr": "on"},
        {
            **ELSEWHERE,
            **LOCAL_JOB,
            "inputObject": "raw/other.mp3",
            "outputObject": "clean/other.wav",
            "outputBucket": "archive-1250000000",
            "outputRegion": "ap-shanghai",
            "format": "mp3",
            "sampleRate": 48000,
            "templateId": "t1",
            "triggers": [2],
            "__owner": "somebody",
            "__keepsOld": True,
        },
        LOCAL_JOB,
    ),
}
LOCAL_BATCH = {
    "templateId": "t2",
    "atMost": 17,
    "jobLevel": 2,
    "userData": "mine",
    "callback": {"url": "https://example.com/done"},
    "wait": False,
    "timeoutSeconds": 17,
    "onFailure": "record",
}
KINDS["batch"] = Kind(
    BATCHES,
    NoiseReductionBatchInputs,
    {**BATCH, "triggers": [1, "two", True]},
    {"ci": "on", "asr": "on"},
    {
        **ELSEWHERE,
        **LOCAL_BATCH,
        "inputPrefix": "others/",
        "outputPrefix": "results/",
        "outputExtension": "mp3",
        "outputBucket": "archive-1250000000",
        "outputRegion": "ap-shanghai",
        "triggers": [2],
        "__owner": "somebody",
    },
    LOCAL_BATCH,
)
FIELDS = [
    (name, models.stored_name(python, declared), declared)
    for name, kind in KINDS.items()
    for python, declared in kind.model.model_fields.items()
]
with_every_field = pytest.mark.parametrize(
    ("name", "stored", "declared"), FIELDS, ids=[f"{name} {stored}" for name, stored, _ in FIELDS]
)


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
def cloud(make_cloud):
    cloud = make_cloud()
    cloud.control.put_bucket("ap-shanghai", "archive-1250000000")
    cloud.record.templates["t1"] = Template("t1", REGION, NAME, "cleaning", Parameters(), cloud.now(), cloud.now())
    return cloud


@pytest.fixture
def created(cloud, kind) -> Created:
    """A resource that an earlier process created."""
    cloud.seed(**kind.seed)
    created = kind.lifecycle.create(cloud.context(), kind.checked())
    cloud.control.clear_requests()
    return created


class TestRead:
    def test_read_after_create_equals_what_was_created(self, cloud, kind, created):
        observed = kind.lifecycle.read(cloud.context(), created.id, created.state)

        assert observed.state == created.state
        assert observed.inputs == kind.checked()
        assert cloud.writes() == []

    def test_the_id_alone_suffices(self, cloud, kind, created):
        observed = kind.lifecycle.read(cloud.context(), created.id, {})

        # What only the program knows, and what was only known at submission, cannot come back.
        unknowable = {"__owner", "__imported", "triggers", "inputEtag", "outputBucket", "outputRegion", "adopted"}
        unknowable |= {"ran", "skipped"}
        assert without(observed.state, unknowable) == without(created.state, unknowable)
        assert without(observed.inputs, unknowable) == without(kind.checked(), unknowable)

    def test_what_was_read_by_its_id_alone_is_clean(self, cloud, kind, created):
        observed = kind.lifecycle.read(cloud.context(), created.id, {})

        assert kind.lifecycle.diff(observed.state, observed.inputs) == Diff()

    def test_reading_twice_says_the_same(self, cloud, kind, created):
        once = kind.lifecycle.read(cloud.context(), created.id, created.state)

        assert kind.lifecycle.read(cloud.context(), created.id, once.state) == once

    def test_a_state_of_the_engine_is_read_like_a_fresh_one(self, cloud, kind, created):
        observed = kind.lifecycle.read(cloud.context(), created.id, through_json(created.state))

        assert observed.state == created.state
        assert not has_floats(observed.state)
        assert not has_floats(observed.inputs)


class TestDiff:
    def test_a_fresh_state_does_not_differ_from_its_own_inputs(self, kind, created):
        for state in (created.state, through_json(created.state)):
            for inputs in (kind.checked(), through_json(kind.checked())):
                assert not kind.lifecycle.diff(state, inputs).has_changes

    @with_every_field
    def test_a_changed_field_does_what_its_metadata_says(self, cloud, name, stored, declared):
        kind = KINDS[name]
        state = {**kind.checked(), "state": "Success"} if name == "job" else kind.checked()
        assert kind.others.keys() >= {stored}

        changed = {**kind.checked(), stored: kind.others[stored]}

        diff = kind.lifecycle.diff(state, changed)
        expected = {
            "replaces": (stored,) if models.has(declared, REPLACES) else (),
            "updates": () if models.has(declared, REPLACES) or models.has(declared, HIDDEN) else (stored,),
        }
        assert {"replaces": diff.replaces, "updates": diff.updates} == expected
        assert kind.lifecycle.diff(through_json(state), through_json(changed)) == diff

    @with_every_field
    def test_an_input_that_is_not_known_yet_counts_as_different(self, name, stored, declared):
        kind = KINDS[name]
        state = {**kind.checked(), "state": "Success"} if name == "job" else kind.checked()

        for unknown in (UNKNOWN, [UNKNOWN], {"url": UNKNOWN}):
            diff = kind.lifecycle.diff(state, {**kind.checked(), stored: unknown})

            assert diff.has_changes is not models.has(declared, HIDDEN)
            assert bool(diff.replaces) is models.has(declared, REPLACES)

    def test_only_bindings_stay_until_their_replacement_has_come(self, kind):
        goes_first = kind.lifecycle.lifecycle.delete_before_replace

        assert goes_first is (name_of(kind) in {"job", "batch", "template"})


class TestUpdate:
    @pytest.mark.parametrize(
        ("name", "changed"), [(name, changed) for name, kind in KINDS.items() for changed in kind.local]
    )
    def test_changing_what_the_service_does_not_hold_sends_no_write(self, cloud, name, changed):
        kind = KINDS[name]
        cloud.seed(**kind.seed)
        created = kind.lifecycle.create(cloud.context(), kind.checked())
        cloud.control.clear_requests()
        inputs = kind.checked(**{changed: kind.local[changed]})

        state = kind.lifecycle.update(cloud.context(), created.id, created.state, through_json(inputs))

        assert state == {**created.state, changed: kind.local[changed]}
        assert cloud.sent() == []
        assert not kind.lifecycle.diff(state, inputs).has_changes

    def test_an_updated_state_is_read_back(self, cloud, kind, created):
        changes = {**kind.local} or {"templateName": "others", "format": "mp3"}
        state = kind.lifecycle.update(cloud.context(), created.id, created.state, kind.checked(**changes))

        assert kind.lifecycle.read(cloud.context(), created.id, through_json(state)).state == state


class TestDelete:
    def test_deleting_twice_is_fine(self, cloud, kind, created):
        for _ in range(2):
            kind.lifecycle.delete(cloud.context(), created.id, through_json(created.state))

        assert len(cloud.writes()) == {"template": 2, "job": 0, "batch": 0}.get(name_of(kind), 1)

    def test_deleting_what_is_gone_with_its_bucket_is_fine(self, cloud, kind, created):
        cloud.remove_bucket()

        kind.lifecycle.delete(cloud.context(), created.id, created.state)

        assert set(cloud.writes()) <= {f"DELETE /template/{created.id.rpartition('/')[2]}"}

    def test_what_was_deleted_is_not_read_any_more(self, cloud, kind, created):
        kind.lifecycle.delete(cloud.context(), created.id, created.state)

        observed = kind.lifecycle.read(cloud.context(), created.id, created.state)

        if name_of(kind) == "template":
            assert observed is None
        elif name_of(kind) in {"job", "batch"}:
            assert observed.state == created.state
        else:
            assert observed.state["status"] == observed.inputs["status"] == "off"

    def test_creating_again_afterwards_works(self, cloud, kind, created):
        kind.lifecycle.delete(cloud.context(), created.id, created.state)

        again = kind.lifecycle.create(cloud.context(), kind.checked())

        assert again.id.startswith(f"{REGION}/{NAME}")
        assert kind.lifecycle.read(cloud.context(), again.id, again.state).state == again.state


class TestGoneBucket:
    @pytest.mark.parametrize("name", KINDS)
    def test_a_resource_of_a_deleted_bucket_is_gone(self, cloud, name):
        kind = KINDS[name]
        cloud.seed(**kind.seed)
        created = kind.lifecycle.create(cloud.context(), kind.checked())
        cloud.remove_bucket()

        assert kind.lifecycle.read(cloud.context(), created.id, created.state) is None


class TestServiceSwitchedOffByHand:
    """A refresh that fails for one resource keeps the engine from repairing any: so reading must not fail."""

    @pytest.mark.parametrize("settings", [{"asr": "off"}, {"asr": "off", "ci": "off"}], ids=["Smart Audio", "both"])
    @pytest.mark.parametrize("name", ["template", "job", "batch"])
    def test_what_is_recorded_stays(self, cloud, name, settings):
        kind = KINDS[name]
        cloud.seed(**kind.seed)
        created = kind.lifecycle.create(cloud.context(), kind.checked())
        cloud.seed(**settings)

        observed = kind.lifecycle.read(cloud.context(), created.id, created.state)

        assert observed.state == created.state
        assert observed.inputs == kind.checked()


def without(properties, names):
    return {name: value for name, value in properties.items() if name not in names}


def name_of(kind):
    return next(name for name, other in KINDS.items() if other is kind)


def has_floats(value):
    if isinstance(value, dict):
        return any(map(has_floats, value.values()))
    if isinstance(value, list):
        return any(map(has_floats, value))
    return isinstance(value, float)


def test_a_trigger_that_turns_from_one_into_true_is_another_one():
    state, inputs = ({"bucket": "b-1250000000", "region": "ap-beijing", "triggers": [t]} for t in (1, True))
    same = {"inputObject": "a.mp3", "outputObject": "a.wav", "state": "Success"}

    assert JOBS.diff({**same, **state}, {**same, **inputs}).replaces == ("triggers",)
    assert JOBS.diff({**same, **state}, {**same, **state, "triggers": [1.0]}).replaces == ()
