import pytest


def template(name="Template", block="<Format>mp3</Format><Samplerate>24000</Samplerate>", tag="NoiseReduction"):
    return (f"<Request><Tag>{tag}</Tag><Name>{name}</Name><NoiseReduction>{block}</NoiseReduction></Request>").encode()


@pytest.fixture
def template_id(ready):
    return ready.post("/template", body=template()).text("Template/TemplateId")


class TestCreate:
    def test_post_makes_a_template(self, ready):
        reply = ready.post("/template", body=template())

        assert reply.status == 200
        assert [child.tag for child in reply.xml] == ["RequestId", "Template"]
        made = {child.tag: child.text for child in reply.xml.find("Template")}
        assert made.pop("TemplateId").startswith("t1")
        assert made.pop("NoiseReduction") is None
        assert made == {
            "Name": "Template",
            "State": "Normal",
            "Tag": "NoiseReduction",
            "CreateTime": "2023-11-15T06:13:20+0800",
            "UpdateTime": "2023-11-15T06:13:20+0800",
            "BucketId": ready.bucket,
            "Category": "Custom",
        }
        assert reply.text("Template/NoiseReduction/Format") == "mp3"
        assert reply.text("Template/NoiseReduction/Samplerate") == "24000"

    def test_post_fills_in_the_documented_defaults(self, ready):
        reply = ready.post("/template", body=template(block=""))

        assert reply.text("Template/NoiseReduction/Format") == "wav"
        assert reply.text("Template/NoiseReduction/Samplerate") == "16000"

    def test_post_echoes_the_other_spelling(self, ready):
        reply = ready.post("/template", body=template(block="<SampleRate>8000</SampleRate>"))

        assert reply.text("Template/NoiseReduction/SampleRate") == "8000"
        assert reply.text("Template/NoiseReduction/Samplerate") is None

    @pytest.mark.parametrize(
        "body",
        [
            template(name="with space"),
            template(name="n" * 65),
            template(name=""),
            template(tag="SpeechRecognition"),
            template(block="<Format>ogg</Format>"),
            template(block="<Samplerate>16001</Samplerate>"),
            template(block="<Fromat>wav</Fromat>"),
            template(block="<Samplerate>8000</Samplerate><SampleRate>8000</SampleRate>"),
            b"<Request><Tag>NoiseReduction</Tag><Name>Template</Name></Request>",
        ],
    )
    def test_post_refuses_what_the_page_rules_out(self, strict, body):
        assert strict.post("/template", body=body).refusal == (400, "InvalidArgument")
        assert strict.control.state()["templates"] == []

    @pytest.mark.usefixtures("template_id")
    def test_post_refuses_a_name_that_is_taken(self, ready):
        assert ready.post("/template", body=template()).refusal == (400, "TemplateNameDuplicate")

    @pytest.mark.usefixtures("template_id")
    def test_names_are_taken_in_one_bucket_only(self, ready):
        ready.control.put_bucket("ap-beijing", ready.bucket, ci="on", asr="on")
        host = ready.ci.replace(ready.region, "ap-beijing")

        assert ready.post("/template", host=host, body=template()).status == 200


class TestUpdate:
    def test_put_changes_the_template(self, ready, template_id):
        ready.control.advance(60)

        reply = ready.put(f"/template/{template_id}", body=template("Other", "<Format>m4a</Format>"))

        assert reply.text("Template/TemplateId") == template_id
        assert reply.text("Template/Name") == "Other"
        assert reply.text("Template/NoiseReduction/Format") == "m4a"
        assert reply.text("Template/CreateTime") == "2023-11-15T06:13:20+0800"
        assert reply.text("Template/UpdateTime") == "2023-11-15T06:14:20+0800"

    def test_put_may_keep_the_name(self, ready, template_id):
        assert ready.put(f"/template/{template_id}", body=template()).status == 200

    def test_put_refuses_the_name_of_another(self, ready, template_id):
        ready.post("/template", body=template("Other"))

        assert ready.put(f"/template/{template_id}", body=template("Other")).refusal == (400, "TemplateNameDuplicate")

    def test_put_refuses_an_unknown_template(self, ready):
        assert ready.put("/template/t1", body=template()).refusal == (400, "TemplateNotFound")


class TestList:
    @pytest.fixture(autouse=True)
    def _templates(self, ready):
        for name in ("alpha", "alpine", "beta"):
            ready.post("/template", body=template(name))

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, ["alpha", "alpine", "beta"]),
            ({"name": "alp"}, ["alpha", "alpine"]),
            ({"tag": "NoiseReduction"}, ["alpha", "alpine", "beta"]),
            ({"tag": "All"}, ["alpha", "alpine", "beta"]),
            ({"tag": "Transcode"}, []),
            ({"category": "Official"}, []),
            ({"category": "Custom", "ids": "", "name": "", "pageNumber": "2", "pageSize": "2"}, ["beta"]),
            ({"ids": "t1"}, []),
        ],
    )
    def test_get_follows_its_parameters(self, ready, query, names):
        assert ready.get("/template", query=query).texts("TemplateList/Name") == names

    def test_get_by_ids(self, ready):
        ids = ready.get("/template").texts("TemplateList/TemplateId")

        assert ready.get("/template", query={"ids": f"{ids[2]},{ids[0]}"}).texts("TemplateList/Name") == [
            "alpha",
            "beta",
        ]


class TestDelete:
    def test_delete_names_the_template(self, ready, template_id):
        assert ready.delete(f"/template/{template_id}").text("TemplateId") == template_id
        assert ready.get("/template").text("TotalCount") == "0"

    def test_delete_again_is_no_error(self, ready, template_id):
        first, second = (ready.delete(f"/template/{template_id}") for _ in range(2))

        assert first.text("TemplateId") == second.text("TemplateId") == template_id

    def test_delete_of_an_unknown_one_is_refused_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unknown_template_deleted": "refuse"})
        cloud.ready()

        assert cloud.delete("/template/t1").refusal == (400, "TemplateNotFound")

    def test_templates_outlive_the_service(self, ready, template_id):
        ready.delete("/asrbucket")
        ready.post("/asrbucket")

        assert ready.get("/template").texts("TemplateList/TemplateId") == [template_id]
