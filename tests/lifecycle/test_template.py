"""What a template does at the service: one of its name, adopted where it is there, and never overwritten."""

import pytest

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.journal import FileJournal
from tests.support.engine import TEMPLATES

from .conftest import DENIED, NAME, PLACE, REGION, TEMPLATE

HTML = {"status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"}
EMPTY_LIST = "<Response><TotalCount>0</TotalCount></Response>"
LOST = pytest.mark.parametrize(
    "lost",
    [{"reset": True}, {"status": 500}, HTML, {"body": "<Response/>"}, {"delay": 40}],
    ids=["reset", "500", "HTML", "no id", "timeout"],
)


def checked(**inputs):
    return TEMPLATES.check({}, {**TEMPLATE, **inputs}, None).inputs


def create(cloud, context=None, **inputs):
    return TEMPLATES.create(context or cloud.context(), checked(**inputs))


def by_hand(cloud, name="voices", **parameters):
    """Make a template as somebody at the console does, and return its id."""
    before = {template["id"] for template in cloud.templates}
    create(cloud, templateName=name, **parameters)
    cloud.control.clear_requests()
    return next(template["id"] for template in cloud.templates if template["id"] not in before)


def posts(cloud):
    return cloud.sent("POST")


class TestStrange:
    """What is no template of this package's: made in the console, or by a newer version of the service."""

    @staticmethod
    def listed(cloud, tag, said):
        template = f"<TemplateList><TemplateId>t1</TemplateId><Name>voices</Name><Tag>{tag}</Tag>{said}</TemplateList>"
        body = f"<Response><TotalCount>1</TotalCount>{template}</Response>"
        cloud.spoil("GET", "/template", headers={"x-ci-request-id": "r"}, body=body, content_type="application/xml")

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("<Format>flac</Format><Samplerate>16000</Samplerate>", "format='flac'"),
            ("<Format>wav</Format><Samplerate>22050</Samplerate>", "sampleRate=22050"),
        ],
    )
    @pytest.mark.parametrize("is_known", [True, False])
    def test_what_cannot_be_declared_is_named_in_a_line(self, ready, said, shown, is_known):
        state = create(ready).state if is_known else {}
        self.listed(ready, "NoiseReduction", f"<NoiseReduction>{said}</NoiseReduction>")

        with pytest.raises(
            ResourceError, match=rf"^template t1 of bucket {PLACE} has {shown}, which .* cannot declare"
        ):
            TEMPLATES.read(ready.context(), f"{REGION}/{NAME}/t1", state)

    def test_a_template_of_another_kind_is_not_imported(self, ready):
        self.listed(ready, "SpeechRecognition", "")

        with pytest.raises(ResourceError, match=rf"^template t1 of bucket {PLACE} is one for SpeechRecognition$"):
            TEMPLATES.read(ready.context(), f"{REGION}/{NAME}/t1", {})


class TestCreate:
    def test_it_has_the_name_format_and_rate_that_were_asked_for(self, ready):
        created = create(ready, format="m4a", sampleRate=44100)

        (template,) = ready.templates
        assert created.id == f"{REGION}/{NAME}/{template['id']}"
        assert (template["name"], template["format"], template["sample_rate"]) == ("voices", "m4a", "44100")
        assert created.state["templateId"] == template["id"]
        assert created.state["createTime"] == created.state["updateTime"]
        assert ready.reports == ["creating", f"created (template {template['id']})"]

    def test_a_taken_name_is_reported_with_the_id_that_has_it(self, ready):
        taken = by_hand(ready, format="mp3")

        with pytest.raises(ResourceError, match=rf"the name voices is taken in bucket {PLACE} by template {taken}"):
            create(ready)
        assert ready.writes() == []

    def test_a_template_that_says_the_same_is_adopted_and_left_at_the_end(self, ready):
        there = by_hand(ready)

        created = create(ready)
        TEMPLATES.delete(ready.context(), created.id, created.state)

        assert created.id.endswith(there)
        assert created.state["adopted"] is True
        assert ready.writes() == []
        assert [template["id"] for template in ready.templates] == [there]

    def test_an_adopted_template_stays_adopted(self, ready):
        by_hand(ready)
        created = create(ready)

        read = TEMPLATES.read(ready.context(), created.id, created.state)
        updated = TEMPLATES.update(ready.context(), created.id, created.state, checked(format="mp3"))

        assert read.state["adopted"] is updated["adopted"] is True

    def test_a_name_that_is_taken_in_between_is_reported_too(self, ready):
        taken = by_hand(ready, format="mp3")
        ready.spoil("GET", "/template*", times=1, effect="after", body=EMPTY_LIST)

        with pytest.raises(ResourceError, match=rf"is taken .* by template {taken}"):
            create(ready)
        with pytest.raises(ResourceError, match=r"is taken"):
            create(ready)
        assert len(posts(ready)) == 1

    def test_a_longer_name_is_another_name(self, ready):
        by_hand(ready, "voices-2")

        create(ready)

        assert [template["name"] for template in ready.templates] == ["voices-2", "voices"]

    @LOST
    def test_a_lost_answer_is_one_template_and_one_request(self, ready, lost):
        ready.spoil("POST", "/template", times=1, effect="after", **lost)

        created = create(ready)

        assert created.id.rpartition("/")[2] == ready.templates[0]["id"]
        assert (len(ready.templates), len(posts(ready))) == (1, 1)

    @pytest.mark.parametrize("lost", [{"reset": True}, {"status": 500}, HTML], ids=["reset", "500", "HTML"])
    def test_a_request_that_was_lost_on_its_way_is_an_error_and_running_again_creates_one(self, ready, lost):
        ready.spoil("POST", "/template", times=1, effect="before", **lost)

        with pytest.raises(ResourceError, match=r"whether the template was created is unknown"):
            create(ready)
        assert len(posts(ready)) == 1

        create(ready)

        assert len(ready.templates) == 1

    def test_a_service_that_is_too_busy_is_asked_again(self, ready):
        ready.spoil("POST", "/template", times=2, status=503, code="SlowDown")

        create(ready)

        assert (len(ready.templates), len(posts(ready))) == (1, 3)

    @pytest.mark.parametrize("trouble", [DENIED, {"status": 400, "code": "InvalidArgument"}], ids=["denied", "400"])
    def test_a_refusal_is_an_error_at_once(self, ready, trouble):
        ready.spoil("POST", "/template", **trouble)

        with pytest.raises(ApiError, match=trouble["code"]):
            create(ready)

        assert len(posts(ready)) == 1


class TestTakenName:
    """A name is all that tells whose a template is: what has it is adopted or left alone, the same on every machine."""

    @pytest.fixture
    def left_over(self, ready):
        """The id of a template whose process was killed before it could say so."""
        ready.spoil("POST", "/template", times=1, effect="after", reset=True)
        ready.spoil("GET", "/template*", times=1)
        ready.spoil("GET", "/template*", reset=True)
        with pytest.raises(ResourceError, match=r"unknown"):
            create(ready)
        ready.mend()
        ready.control.clear_requests()
        return ready.templates[0]["id"]

    @pytest.fixture(params=["this machine", "another machine"])
    def context(self, request, ready, tmp_path):
        if request.param == "this machine":
            return ready.context()
        return ready.context(journal=FileJournal(tmp_path / "another machine"))

    def test_one_that_a_killed_process_left_is_adopted_and_said_so(self, ready, left_over, context):
        created = create(ready, context)

        assert created.id.endswith(left_over)
        assert created.state["adopted"] is True
        assert ready.reports[-1] == f"there already: adopted (template {left_over})"
        assert ready.writes() == []

    def test_one_that_a_killed_process_left_is_not_overwritten(self, ready, left_over, context):
        with pytest.raises(ResourceError, match=rf"by template {left_over}"):
            create(ready, context, format="mp3")

        assert ready.templates[0]["format"] == "wav"
        assert ready.writes() == []

    def test_refusal_says_what_to_declare_and_that_adopts_it(self, ready):
        by_hand(ready, format="mp3", sampleRate=8000)

        with pytest.raises(ResourceError, match=r'declare format="mp3" and sample_rate=8000 to adopt it$'):
            create(ready)

        assert create(ready, format="mp3", sampleRate=8000).state["adopted"] is True

    @pytest.mark.parametrize("missing", ["<Format>wav</Format>", "<Samplerate>16000</Samplerate>"])
    def test_what_the_service_does_not_repeat_counts_as_the_same(self, ready, missing):
        body = (
            "<Response><TotalCount>1</TotalCount><TemplateList><TemplateId>t9</TemplateId><Name>voices</Name>"
            "<NoiseReduction><Format>wav</Format><Samplerate>16000</Samplerate></NoiseReduction></TemplateList></Response>"
        )
        ready.spoil("GET", "/template*", effect="after", body=body.replace(missing, ""))

        assert create(ready).state["templateId"] == "t9"

    def test_template_for_another_purpose_is_never_adopted(self, ready):
        body = (
            "<Response><TotalCount>1</TotalCount><TemplateList><TemplateId>t9</TemplateId><Name>voices</Name>"
            "<Tag>Animation</Tag></TemplateList></Response>"
        )
        ready.spoil("GET", "/template*", effect="after", body=body)

        with pytest.raises(ResourceError, match=r"template t9, which is one for Animation, so nothing was changed"):
            create(ready)


class TestForcedReplacement:
    def test_the_old_one_goes_first_so_that_its_name_is_free_on_any_machine(self, ready, tmp_path):
        old = create(ready)
        elsewhere = ready.context(journal=FileJournal(tmp_path / "elsewhere"))

        TEMPLATES.delete(elsewhere, old.id, old.state)
        new = create(ready, elsewhere)

        assert [template["id"] for template in ready.templates] == [new.id.rpartition("/")[2]]
        assert new.id != old.id


class TestUpdate:
    def test_name_format_and_rate_change_in_place(self, ready):
        created = create(ready)
        ready.clock.sleep(60)

        state = TEMPLATES.update(
            ready.context(), created.id, created.state, checked(templateName="others", format="mp3", sampleRate=48000)
        )

        (template,) = ready.templates
        assert (template["name"], template["format"], template["sample_rate"]) == ("others", "mp3", "48000")
        assert state["templateId"] == created.state["templateId"]
        assert state["updateTime"] > state["createTime"] == created.state["createTime"]
        assert ready.writes() == ["POST /template", f"PUT /template/{template['id']}"]

    def test_a_taken_name_is_reported_and_nothing_changes(self, ready):
        created, taken = create(ready), by_hand(ready, "others")

        with pytest.raises(ResourceError, match=rf"the name others is taken .* by template {taken}"):
            TEMPLATES.update(ready.context(), created.id, created.state, checked(templateName="others"))
        assert [template["name"] for template in ready.templates] == ["voices", "others"]

    @LOST
    def test_a_lost_answer_is_asked_for_again(self, ready, lost):
        created = create(ready)
        ready.spoil("PUT", "/template/*", times=1, effect="after", **lost)

        state = TEMPLATES.update(ready.context(), created.id, created.state, checked(format="mp3"))

        assert state["format"] == ready.templates[0]["format"] == "mp3"

    def test_one_that_is_gone_is_an_error_that_says_so(self, ready):
        created = create(ready)
        TEMPLATES.delete(ready.context(), created.id, created.state)

        with pytest.raises(ResourceError, match=r"is gone; run `pulumi up --refresh`"):
            TEMPLATES.update(ready.context(), created.id, created.state, checked(format="mp3"))

    def test_one_that_goes_meanwhile_is_an_error_that_says_what_to_do(self, ready):
        created = create(ready)
        ready.spoil("GET", "/template*", effect="after", body=EMPTY_LIST)

        with pytest.raises(ResourceError, match=r"is gone; run `pulumi up --refresh`"):
            TEMPLATES.update(ready.context(), created.id, created.state, checked(format="mp3"))

    @pytest.mark.parametrize("trouble", [DENIED, {"status": 400, "code": "InvalidArgument"}], ids=["denied", "400"])
    def test_a_refusal_is_passed_on(self, ready, trouble):
        created = create(ready)
        ready.spoil("PUT", "/template/*", **trouble)

        with pytest.raises(ApiError, match=trouble["code"]):
            TEMPLATES.update(ready.context(), created.id, created.state, checked(format="mp3"))


class TestRead:
    def test_drift_is_shown_in_inputs_and_state(self, ready):
        created = create(ready)
        TEMPLATES.update(
            ready.context(), created.id, created.state, checked(templateName="theirs", format="mp3", sampleRate=8000)
        )

        observed = TEMPLATES.read(ready.context(), created.id, created.state)

        drift = {"templateName": "theirs", "format": "mp3", "sampleRate": 8000}
        assert drift.items() <= observed.inputs.items()
        assert drift.items() <= observed.state.items()
        assert TEMPLATES.diff(observed.state, checked()).updates == ("templateName", "format", "sampleRate")

    def test_both_spellings_of_the_rate_are_read(self, ready):
        created = create(ready, sampleRate=8000)
        template = created.state["templateId"]
        for spelling in ("Samplerate", "SampleRate"):
            body = (
                f"<Response><TotalCount>1</TotalCount><TemplateList><TemplateId>{template}</TemplateId>"
                f"<Name>voices</Name><NoiseReduction><Format>wav</Format><{spelling}>8000</{spelling}></NoiseReduction>"
                "</TemplateList></Response>"
            )
            ready.spoil("GET", "/template*", times=1, effect="after", body=body)

            assert TEMPLATES.read(ready.context(), created.id, {}).state["sampleRate"] == 8000

    def test_what_the_service_does_not_repeat_stays_as_it_is_recorded(self, ready):
        created = create(ready, format="mp3")
        template = created.state["templateId"]
        body = f"<Response><TemplateList><TemplateId>{template}</TemplateId></TemplateList></Response>"
        ready.spoil("GET", "/template*", times=1, effect="after", body=body)

        assert TEMPLATES.read(ready.context(), created.id, created.state).inputs == checked(format="mp3")

    def test_one_that_is_gone_is_gone(self, ready):
        created = create(ready)
        TEMPLATES.delete(ready.context(), created.id, created.state)

        assert TEMPLATES.read(ready.context(), created.id, created.state) is None

    def test_a_list_that_ignores_the_id_does_not_show_another_one(self, ready):
        created = create(ready)
        TEMPLATES.delete(ready.context(), created.id, created.state)
        other = "<Response><TemplateList><TemplateId>t2</TemplateId><Name>other</Name></TemplateList></Response>"
        ready.spoil("GET", "/template*", effect="after", body=other)

        assert TEMPLATES.read(ready.context(), created.id, created.state) is None

    @pytest.mark.parametrize("trouble", [DENIED, {"status": 500}], ids=["denied", "500"])
    def test_trouble_is_no_drift(self, ready, trouble):
        created = create(ready)
        ready.spoil("GET", "/template*", **trouble)

        with pytest.raises(ApiError, match=r"could not list the templates"):
            TEMPLATES.read(ready.context(), created.id, created.state)


class TestDelete:
    @pytest.mark.parametrize("status", ["400", "404"])
    def test_one_that_is_gone_is_fine(self, make_cloud, status):
        cloud = make_cloud(assumptions={"unknown_id_status": status})
        cloud.seed(ci="on", asr="on")
        created = create(cloud)

        for _ in range(2):
            TEMPLATES.delete(cloud.context(), created.id, created.state)

        assert cloud.templates == []

    def test_a_service_that_was_switched_off_is_fine(self, ready):
        created = create(ready)
        ready.seed(asr="off")

        TEMPLATES.delete(ready.context(), created.id, created.state)

    def test_a_refusal_is_passed_on(self, ready):
        created = create(ready)
        ready.spoil("DELETE", "/template/*", **DENIED)

        with pytest.raises(ApiError, match=r"could not delete the template"):
            TEMPLATES.delete(ready.context(), created.id, created.state)
        assert len(ready.templates) == 1
