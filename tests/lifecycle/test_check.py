"""Bad input is a failure on its property, whatever the kind; what is not known yet is not complained about."""

import pytest
from pydantic.alias_generators import to_snake

from pulumi_ci_audio.lifecycle.job_inputs import LONGEST_OWN_USER_DATA
from pulumi_ci_audio.lifecycle.models import UNKNOWN
from tests.support.engine import ASR_BINDINGS, BATCHES, CI_BINDINGS, JOBS, TEMPLATES

REGION, BUCKET = "ap-chongqing", "recordings-1250000000"
BINDING = {"bucket": BUCKET, "region": REGION}
JOB = {**BINDING, "inputObject": "raw/voice.mp3", "outputObject": "clean/voice.wav"}
TEMPLATE = {**BINDING, "templateName": "voices"}
BATCH = {**BINDING, "inputPrefix": "raw/", "outputPrefix": "clean/", "templateId": "t1"}
KINDS = {
    "binding": (CI_BINDINGS, BINDING),
    "Smart Audio": (ASR_BINDINGS, BINDING),
    "job": (JOBS, JOB),
    "template": (TEMPLATES, TEMPLATE),
    "batch": (BATCHES, BATCH),
}

BAD_PLACES = {
    "bucket without appid": ("bucket", "recordings"),
    "bucket in upper case": ("bucket", "Recordings-1250000000"),
    "bucket empty": ("bucket", ""),
    "bucket as an address": ("bucket", "cos://recordings-1250000000"),
    "bucket with a short appid": ("bucket", "recordings-125"),
    "bucket with an underscore": ("bucket", "my_recordings-1250000000"),
    "bucket too long": ("bucket", "r" * 60 + "-1250000000"),
    "bucket with a line break": ("bucket", "recordings-1250000000\n"),
    "bucket no text": ("bucket", 7.0),
    "region empty": ("region", ""),
    "region malformed": ("region", "chongqing"),
    "region in upper case": ("region", "AP-CHONGQING"),
    "region with a host": ("region", "ap-chongqing.example.com"),
}
BAD_BINDINGS = {
    "unknown on_destroy": ("onDestroy", "leave"),
    "timeout of 0": ("timeoutSeconds", 0.0),
    "timeout below 0": ("timeoutSeconds", -5.0),
    "timeout broken": ("timeoutSeconds", 1.5),
}
BAD_JOBS = {
    "input empty": ("inputObject", ""),
    "input above its folder": ("inputObject", "raw/../secret.mp3"),
    "input with a dot segment": ("inputObject", "./voice.mp3"),
    "input a playlist": ("inputObject", "live/voice.m3u8"),
    "input a playlist in capitals": ("inputObject", "live/voice.M3U8"),
    "input with a leading slash": ("inputObject", "/voice.mp3"),
    "input a folder": ("inputObject", "raw/"),
    "input with a control character": ("inputObject", "raw/\x07.mp3"),
    "input too long": ("inputObject", "r" * 851),
    "output empty": ("outputObject", ""),
    "output above its folder": ("outputObject", "clean/.."),
    "output is the input": ("outputObject", "raw/voice.mp3"),
    "output bucket without appid": ("outputBucket", "archive"),
    "output region malformed": ("outputRegion", "here"),
    "unknown format": ("format", "flac"),
    "rate outside the seven": ("sampleRate", 22050.0),
    "template empty": ("templateId", ""),
    "level below 0": ("jobLevel", -1.0),
    "level above 2": ("jobLevel", 3.0),
    "timeout of 0": ("timeoutSeconds", 0.0),
    "unknown on_failure": ("onFailure", "ignore"),
    "wait no boolean": ("wait", "later"),
    "trigger a map": ("triggers", [{"a": 1}]),
    "triggers no list": ("triggers", "again"),
}
BAD_BATCHES = {
    "recordings anywhere": ("inputPrefix", ""),
    "recordings with a leading slash": ("inputPrefix", "/raw/"),
    "recordings with a control character": ("inputPrefix", "raw\x07/"),
    "results above their folder": ("outputPrefix", "clean/../"),
    "results among the recordings": ("outputPrefix", "raw/"),
    "results below the recordings": ("outputPrefix", "raw/clean/"),
    "output bucket without appid": ("outputBucket", "archive"),
    "unknown extension": ("outputExtension", "flac"),
    "template empty": ("templateId", ""),
    "none at most": ("atMost", 0.0),
    "half at most": ("atMost", 1.5),
    "level above 2": ("jobLevel", 3.0),
    "timeout of 0": ("timeoutSeconds", 0.0),
    "unknown on_failure": ("onFailure", "ignore"),
    "trigger a map": ("triggers", [{"a": 1}]),
}
BAD_TEMPLATES = {
    "name empty": ("templateName", ""),
    "name too long": ("templateName", "n" * 65),
    "name with a space": ("templateName", "my voices"),
    "unknown format": ("format", "ogg"),
    "rate outside the seven": ("sampleRate", 11025.0),
}
CASES = [(kind, case, *BAD_PLACES[case]) for kind in KINDS for case in BAD_PLACES]
CASES += [(kind, case, *BAD_BINDINGS[case]) for kind in ("binding", "Smart Audio") for case in BAD_BINDINGS]
CASES += [("job", case, *BAD_JOBS[case]) for case in BAD_JOBS]
CASES += [("template", case, *BAD_TEMPLATES[case]) for case in BAD_TEMPLATES]
CASES += [("batch", case, *BAD_BATCHES[case]) for case in BAD_BATCHES]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(kind, name, value) for kind, _, name, value in CASES],
    ids=[f"{kind}: {case}" for kind, case, _, _ in CASES],
)
def test_bad_input_is_a_failure_on_its_property(kind, name, value):
    lifecycle, good = KINDS[kind]

    failures = lifecycle.check({}, {**good, name: value}, None).failures

    assert [failure.property for failure in failures] == [name]
    assert failures[0].reason
    assert "\n" not in failures[0].reason
    assert "pydantic" not in failures[0].reason


@pytest.mark.parametrize("kind", KINDS)
def test_good_input_is_completed_and_completing_again_changes_nothing(kind):
    lifecycle, good = KINDS[kind]

    once = lifecycle.check({}, good, None)
    again = lifecycle.check(once.inputs, once.inputs, None)

    assert once.failures == ()
    assert once == again
    assert good.items() <= once.inputs.items()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_is_named(kind):
    lifecycle, good = KINDS[kind]

    failures = lifecycle.check({}, {}, None).failures

    # The engine prints the value beside the name of a property, and there is none.
    assert [failure.property for failure in failures] == [""] * len(good)
    assert [failure.reason.partition(" must be given")[0] for failure in failures] == list(map(to_snake, good))


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_values_stay_and_are_not_complained_about(kind):
    lifecycle, good = KINDS[kind]
    unknown = dict.fromkeys(good, UNKNOWN)

    checked = lifecycle.check({}, unknown, None)

    assert checked.failures == ()
    assert unknown.items() <= checked.inputs.items()


def test_unknown_values_do_not_hide_what_is_wrong_with_known_ones():
    failures = JOBS.check({}, {**JOB, "bucket": UNKNOWN, "format": "flac"}, None).failures

    assert [failure.property for failure in failures] == ["format"]


class TestUserData:
    @pytest.mark.parametrize("text", ["grüße", "a\tb", "line\nbreak", "x" * (LONGEST_OWN_USER_DATA + 1)])
    def test_what_cannot_travel_is_named_in_the_text_and_not_printed(self, text):
        failures = JOBS.check({}, {**JOB, "userData": text}, None).failures

        assert [failure.property for failure in failures] == [""]
        assert "user_data" in failures[0].reason
        assert text not in failures[0].reason

    def test_all_the_room_beside_the_marker_can_be_used(self):
        assert JOBS.check({}, {**JOB, "userData": "~" * LONGEST_OWN_USER_DATA}, None).failures == ()


class TestIdentifiers:
    @pytest.mark.parametrize("name", ["queueId", "templateId"])
    @pytest.mark.parametrize("text", ["", "  ", "p1 ", "p\x01"])
    def test_what_can_be_none_is_named(self, name, text):
        failures = JOBS.check({}, {**JOB, name: text}, None).failures

        assert name in {failure.property for failure in failures}


class TestCallback:
    @pytest.mark.parametrize(
        "callback",
        [
            {},
            {"format": "XML"},
            {"url": "https://example.com", "mqName": "q"},
            {"mqRegion": "gz", "mqMode": "Queue"},
            {"mqRegion": "ap-guangzhou", "mqMode": "Queue", "mqName": "q"},
            {"mqRegion": "gz", "mqMode": "Both", "mqName": "q"},
            {"mqRegion": "gz", "mqMode": "Queue", "mqName": ""},
            {"mqRegion": "gz", "mqMode": "Queue", "mqName": "a\0"},
            {"url": "ftp://example.com"},
            {"url": ""},
            {"url": "https://exa mple.com"},
            {"url": "https://example.com", "format": "YAML"},
            "https://example.com",
        ],
    )
    def test_what_is_neither_of_the_two_forms_is_named_in_the_text_and_not_printed(self, callback):
        failures = JOBS.check({}, {**JOB, "callback": callback}, None).failures

        assert failures
        assert all(failure.property == "" and failure.reason.startswith("callback") for failure in failures)

    @pytest.mark.parametrize(
        "callback",
        [
            {"url": "https://example.com/done?x=1", "format": "JSON"},
            {"url": "no"},
            {"mqRegion": "gz", "mqMode": "Topic", "mqName": "q", "format": "XML"},
            {"url": UNKNOWN},
        ],
    )
    def test_both_forms_pass(self, callback):
        checked = JOBS.check({}, {**JOB, "callback": callback}, None)

        assert checked.failures == ()
        assert checked.inputs["callback"] == callback


class TestTemplateOrParameters:
    @pytest.mark.parametrize("both", [{"format": "wav"}, {"sampleRate": 16000.0}])
    def test_a_template_stands_alone(self, both):
        failures = JOBS.check({}, {**JOB, "templateId": "t1", **both}, None).failures

        assert [failure.property for failure in failures] == ["templateId"]

    def test_the_documented_defaults_are_asked_for_where_there_is_no_template(self):
        inputs = JOBS.check({}, JOB, None).inputs

        assert (inputs["format"], inputs["sampleRate"]) == ("wav", 16000)

    @pytest.mark.parametrize("template", ["t1", UNKNOWN])
    def test_no_parameters_are_asked_for_where_there_is_one(self, template):
        inputs = JOBS.check({}, {**JOB, "templateId": template}, None).inputs

        assert not {"format", "sampleRate"} & set(inputs)


class TestOutput:
    def test_the_same_key_in_another_bucket_is_no_conflict(self):
        same_key = {**JOB, "outputObject": JOB["inputObject"]}

        assert JOBS.check({}, {**same_key, "outputBucket": "archive-1250000000"}, None).failures == ()
        assert JOBS.check({}, {**same_key, "outputRegion": "ap-shanghai"}, None).failures == ()
        assert JOBS.check({}, {**same_key, "outputBucket": BUCKET}, None).failures != ()


class TestRegion:
    def test_the_configured_region_stands_in(self):
        assert CI_BINDINGS.check({}, {"bucket": BUCKET}, "ap-shanghai").inputs["region"] == "ap-shanghai"

    def test_the_region_in_state_stays_whatever_is_configured_now(self):
        checked = CI_BINDINGS.check({"region": REGION}, {"bucket": BUCKET}, "ap-shanghai")

        assert checked.inputs["region"] == REGION

    def test_the_program_has_the_last_word(self):
        checked = CI_BINDINGS.check({"region": REGION}, {**BINDING, "region": "ap-beijing"}, "ap-shanghai")

        assert checked.inputs["region"] == "ap-beijing"

    def test_none_at_all_is_a_failure_that_says_where_to_put_it(self):
        (failure,) = CI_BINDINGS.check({}, {"bucket": BUCKET}, None).failures

        assert failure.property == ""
        assert failure.reason.startswith("region must be given")
        assert "tencentcloud:region" in failure.reason
        assert "TENCENTCLOUD_REGION" in failure.reason


class TestStatus:
    def test_on_is_what_is_wanted(self):
        assert CI_BINDINGS.check({}, BINDING, None).inputs["status"] == "on"

    def test_what_the_engine_ignores_stays(self):
        assert CI_BINDINGS.check({}, {**BINDING, "status": "off"}, None).inputs["status"] == "off"
