"""The resource classes against their models, and what a program registers, with Pulumi's mocks."""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Callable, Iterator
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import pulumi
import pytest
from pulumi._types import resource_types
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks, set_mocks
from pydantic.alias_generators import to_camel

import pulumi_ci_audio
from pulumi_ci_audio import declarations, resources
from pulumi_ci_audio.audio_resource import AudioResource
from pulumi_ci_audio.lifecycle import job_inputs
from pulumi_ci_audio.lifecycle.models import CONFIGURED, FILLED_IN, HIDDEN, ResourceModel, has
from tests.support.places import BUCKET, CLEAN, RAW, REGION

CLASSES: list[type[AudioResource]] = [
    pulumi_ci_audio.AsrBucketBinding,
    pulumi_ci_audio.CiBucketBinding,
    pulumi_ci_audio.NoiseReductionBatch,
    pulumi_ci_audio.NoiseReductionJob,
    pulumi_ci_audio.NoiseReductionTemplate,
]
every_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def shown(model: type[ResourceModel]) -> dict[str, Any]:
    return {name: field for name, field in model.model_fields.items() if not has(field, HIDDEN)}


def is_optional(annotation: Any) -> bool:
    return NoneType in get_args(annotation)


def essence(annotation: Any) -> Any:
    """Return the type without ``None``, literals as texts, models as maps, lists as lists."""
    if get_origin(annotation) in {UnionType, typing.Union}:
        parts = [part for part in get_args(annotation) if part is not NoneType]
        return essence(parts[0]) if len(parts) == 1 else Any
    if get_origin(annotation) is typing.Annotated:
        return essence(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return str
    if get_origin(annotation) in {list, dict}:
        return get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, ResourceModel):
        return dict
    return annotation


class TestLaws:
    @every_class
    def test_class_has_the_properties_of_its_state(self, cls: type[AudioResource]) -> None:
        fields = shown(cls.kind.state)

        missing = {name for name in fields if not hasattr(cls, name)}

        assert missing == set()

    @every_class
    def test_declared_outputs_have_the_names_and_types_of_the_model(self, cls: type[AudioResource]) -> None:
        fields = shown(cls.kind.state)
        derived = {name for name in fields if isinstance(inspect.getattr_static(cls, name), property)}

        declared = {name: essence(hint) for name, hint in resource_types(cls).items() if name not in {"id", "urn"}}

        assert declared == {
            to_camel(name): essence(field.annotation) for name, field in fields.items() if name not in derived
        }

    @every_class
    def test_outputs_are_optional_where_a_state_may_lack_them(self, cls: type[AudioResource]) -> None:
        fields = cls.kind.state.model_fields
        # A job is stored only when the service has named it; a state that says less is one that is being built.
        always = {"job_id", "state", "template_id"}
        hints = inspect.get_annotations(cls)
        declared = {name: get_args(hint)[0] for name, hint in hints.items() if name in fields and name not in always}

        for name, inner in declared.items():
            if name == "format":  # a template always has one, a job by a template has none
                continue
            assert is_optional(inner) is is_optional(fields[name].annotation), name

    @every_class
    def test_constructor_takes_the_inputs_of_the_model(self, cls: type[AudioResource]) -> None:
        fields = cls.kind.inputs.model_fields
        settable = {name for name, field in shown(cls.kind.inputs).items()}
        settable -= {name for name in settable if has(fields[name], FILLED_IN)}

        parameters = inspect.signature(cls).parameters

        assert parameters.keys() == settable | {"resource_name", "opts"}
        for name in settable:
            is_required = fields[name].is_required() and not has(fields[name], CONFIGURED)
            assert (parameters[name].default is inspect.Parameter.empty) is is_required, name
            assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY

    @every_class
    def test_constructor_takes_the_types_of_the_model(self, cls: type[AudioResource]) -> None:
        fields = cls.kind.inputs.model_fields
        hints = typing.get_type_hints(cls.__init__, {**vars(declarations), "Output": pulumi.Output, "T": Any})

        for name, hint in hints.items():
            if name in fields and name not in {"callback", "triggers"}:
                accepted = {essence(part) for part in get_args(hint)} - {NoneType}
                assert essence(fields[name].annotation) in accepted, name

    @every_class
    def test_documentation_describes_every_argument(self, cls: type[AudioResource]) -> None:
        documentation = inspect.getdoc(cls) or ""

        for name in inspect.signature(cls).parameters:
            assert f"\n    {name}: " in documentation

    def test_callback_has_the_fields_of_its_model(self) -> None:
        assert declarations.Callback.__annotations__.keys() == job_inputs.Callback.model_fields.keys()

    def test_module_is_short(self) -> None:
        assert max(len(inspect.getsource(part).splitlines()) for part in (resources, declarations)) <= 300


class Engine(Mocks):
    """Keeps what a program registers, and answers with it."""

    def __init__(self) -> None:
        self.registered: list[MockResourceArgs] = []

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer no call: the package makes none."""
        raise AssertionError(args)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give every resource an id, and to a job what a service would add."""
        self.registered.append(args)
        return f"{REGION}/{BUCKET}/x1", {**args.inputs, "jobId": "x1", "outputSize": 12, "status": "on"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    # The mocks of Pulumi run on the loop of the thread.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    set_mocks(engine, project="recordings", stack="dev")
    yield engine
    asyncio.set_event_loop(None)
    loop.close()


def values_of(program: Callable[[], dict[str, pulumi.Output[Any]]]) -> dict[str, Any]:
    """Run ``program`` and return the values of its outputs."""
    found: dict[str, Any] = {}

    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # of the SDK
    def run() -> pulumi.Output[None]:
        return pulumi.Output.all(**program()).apply(found.update)

    run()
    return found


class TestRegistration:
    def test_names_are_stored_in_camel_case(self, engine: Engine) -> None:
        values_of(
            lambda: {
                "id": pulumi_ci_audio.NoiseReductionJob(
                    "clean", bucket=BUCKET, region=REGION, input_object=RAW, output_object=CLEAN, timeout_seconds=9
                ).id
            }
        )

        (job,) = engine.registered
        assert job.typ == "pulumi-python:dynamic/ci-audio:NoiseReductionJob"
        given = {name: value for name, value in job.inputs.items() if value is not None and name != "__provider"}
        assert given == {
            "bucket": BUCKET,
            "region": REGION,
            "inputObject": RAW,
            "outputObject": CLEAN,
            "timeoutSeconds": 9,
            "__owner": "recordings/dev//NoiseReductionJob/clean",
        }

    def test_every_input_can_be_read_back(self, engine: Engine) -> None:
        def program() -> dict[str, pulumi.Output[Any]]:
            job = pulumi_ci_audio.NoiseReductionJob(
                "clean",
                bucket=BUCKET,
                region=REGION,
                input_object=RAW,
                output_object=CLEAN,
                queue_id="p1",
                job_level=2,
                user_data="mine",
                callback={"mq_region": "gz", "mq_mode": "Queue", "mq_name": "q"},
                triggers=[1, "two", True],
                sample_rate=8000,
            )
            names = (
                "queue_id",
                "job_level",
                "user_data",
                "callback",
                "triggers",
                "sample_rate",
                "job_id",
                "output_size",
            )
            return {name: getattr(job, name) for name in (*names, "format", "template_id")}

        assert values_of(program) == {
            "queue_id": "p1",
            "job_level": 2,
            "user_data": "mine",
            "callback": {"mq_region": "gz", "mq_mode": "Queue", "mq_name": "q"},
            "triggers": [1, "two", True],
            "sample_rate": 8000,
            "job_id": "x1",
            "output_size": 12,
            "format": None,
            "template_id": None,
        }

    def test_whole_numbers_stay_whole(self, engine: Engine) -> None:
        def program() -> dict[str, pulumi.Output[Any]]:
            binding = pulumi_ci_audio.AsrBucketBinding("audio", bucket=BUCKET, region=REGION, timeout_seconds=7)
            return {"timeout": binding.timeout_seconds}

        assert type(values_of(program)["timeout"]) is int

    def test_region_that_is_left_out_comes_from_the_id(self, engine: Engine) -> None:
        def program() -> dict[str, pulumi.Output[Any]]:
            binding = pulumi_ci_audio.CiBucketBinding("binding", bucket=BUCKET)
            return {"bucket": binding.bucket, "region": binding.region, "status": binding.status}

        assert values_of(program) == {"bucket": BUCKET, "region": REGION, "status": "on"}

    def test_template_id_comes_from_the_id(self, engine: Engine) -> None:
        def program() -> dict[str, pulumi.Output[Any]]:
            template = pulumi_ci_audio.NoiseReductionTemplate("voices", bucket=BUCKET, template_name="voices")
            return {"template_id": template.template_id}

        assert values_of(program) == {"template_id": "x1"}
