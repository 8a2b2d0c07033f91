import pytest

UPDATE = "<Request><Name>{name}</Name><State>{state}</State><NotifyConfig>{notify}</NotifyConfig></Request>"


def update(name="queue", state="Active", notify=""):
    return UPDATE.format(name=name, state=state, notify=notify).encode()


@pytest.fixture
def queue_id(ready):
    return ready.control.state()["queues"][0]["id"]


class TestDescribe:
    def test_get_describes_the_queue(self, ready, queue_id):
        reply = ready.get("/asrqueue")

        assert [child.tag for child in reply.xml] == ["RequestId", "TotalCount", "PageNumber", "PageSize", "QueueList"]
        assert [(child.tag, child.text) for child in reply.xml.find("QueueList") if child.tag != "NotifyConfig"] == [
            ("QueueId", queue_id),
            ("Name", "queue-speech-1"),
            ("State", "Active"),
            ("MaxSize", "10000"),
            ("MaxConcurrent", "10"),
            ("CreateTime", "2023-11-15T06:13:20+0800"),
            ("UpdateTime", "2023-11-15T06:13:20+0800"),
            ("BucketId", ready.bucket),
            ("Category", "Speeching"),
        ]
        assert [(child.tag, child.text) for child in reply.xml.find("QueueList/NotifyConfig")] == [
            ("Url", None),
            ("Event", None),
            ("Type", None),
            ("State", "Off"),
        ]

    def test_get_by_id_names_the_unknown_ones_and_no_totals(self, ready, queue_id):
        reply = ready.get("/asrqueue", query={"queueIds": f"p1,{queue_id},p2"})

        assert [child.tag for child in reply.xml] == ["RequestId", "QueueList", "NonExistPIDs"]
        assert reply.texts("NonExistPIDs/QueueID") == ["p1", "p2"]

    @pytest.mark.parametrize(("state", "total"), [("All", "1"), ("Active", "1"), ("Paused", "0"), ("", "1")])
    def test_get_selects_by_state(self, ready, state, total):
        assert ready.get("/asrqueue", query={"state": state}).text("TotalCount") == total

    def test_get_refuses_an_unknown_state(self, ready):
        assert ready.get("/asrqueue", query={"state": "Pause"}).refusal == (400, "InvalidArgument")


class TestUpdate:
    def test_put_changes_the_queue_of_the_path(self, ready, queue_id):
        ready.control.advance(60)
        notify = "<State>On</State><Event>TaskFinish</Event><Type>Url</Type><Url>http://example.com/hook</Url>"

        reply = ready.put(f"/asrqueue/{queue_id}", body=update("新-queue_*", "Paused", notify))

        assert reply.status == 200
        assert [child.tag for child in reply.xml] == ["RequestId", "Queue"]
        assert reply.text("Queue/Name") == "新-queue_*"
        assert reply.text("Queue/State") == "Paused"
        assert reply.text("Queue/NotifyConfig/Url") == "http://example.com/hook"
        assert reply.text("Queue/UpdateTime") == "2023-11-15T06:14:20+0800"

    @pytest.mark.parametrize(
        "body",
        [
            update(name="with space"),
            update(name="n" * 129),
            update(state="Pause"),
            update(notify="<State>On</State>"),
            update(notify="<State>On</State><Event>TaskFinish</Event><Type>Url</Type>"),
            update(notify="<State>On</State><Event>TaskFinish</Event><Type>TDMQ</Type><MqRegion>sh</MqRegion>"),
            update(notify="<Event>Finish</Event>"),
            update(notify="<Url>http://192.168.0.1/</Url>"),
            update(notify="<Url>http://localhost/</Url>"),
            update(notify="<Url>ftp://example.com/</Url>"),
            update(notify="<Url>http://[/</Url>"),
            b"<Request><Name>queue</Name><State>Active</State></Request>",
        ],
    )
    def test_put_refuses_what_the_page_rules_out(self, ready, queue_id, body):
        assert ready.put(f"/asrqueue/{queue_id}", body=body).refusal == (400, "InvalidArgument")
        assert ready.control.state()["queues"][0]["name"] == "queue-speech-1"

    def test_put_refuses_an_unknown_queue(self, ready):
        assert ready.put("/asrqueue/p1", body=update()).refusal == (400, "QueueNotFound")

    def test_put_refuses_an_unknown_queue_with_404_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"unknown_id_status": "404"})
        cloud.ready()

        assert cloud.put("/asrqueue/p1", body=update()).refusal == (404, "QueueNotFound")


class TestPause:
    def test_pausing_holds_what_waits_and_resuming_lets_it_go(self, make_cloud, denoise_gate):
        cloud = make_cloud(queue_concurrency=1)
        cloud.ready()
        queue_id = cloud.control.state()["queues"][0]["id"]
        running, waiting = cloud.submitted(), cloud.submitted()

        cloud.put(f"/asrqueue/{queue_id}", body=update(state="Paused"))
        late = cloud.submitted()

        assert [cloud.state_of(job) for job in (running, waiting, late)] == ["Running", "Pause", "Pause"]

        denoise_gate.set()
        cloud.job_in(running, "Success")

        assert cloud.state_of(waiting) == "Pause"

        cloud.put(f"/asrqueue/{queue_id}", body=update(state="Active"))

        cloud.job_in(waiting, "Success")
        cloud.job_in(late, "Success")
