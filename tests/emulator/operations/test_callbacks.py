"""Callbacks of jobs that end: recorded always, sent to this machine where the emulator is told to."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from lxml import etree

from tests.data import samples
from tests.data.samples import facts_of, paths_of


@contextmanager
def receiver(status=200):
    """Yield the address of a server on this machine, and the list of what it gets: path, type, body."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, self.headers["Content-Type"], body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def called_back(cloud, count=1):
    """Return the record of callbacks once there are so many that came to an end."""
    deadline = time.monotonic() + 10
    while True:
        found = cloud.control.callbacks()
        if sum(entry["status"] is not None or entry["error"] is not None for entry in found) == count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.005)


def element(url, further=""):
    return f"<CallBack>{url}</CallBack>{further}"


@pytest.fixture
def sending(make_cloud, fake_denoise):
    cloud = make_cloud(sends_callbacks=True)
    cloud.ready()
    return cloud


def test_the_end_of_a_job_is_told_in_xml(sending):
    with receiver() as (url, received):
        job_id = sending.submitted(
            further=element(f"{url}/hook?a=b"), operation="<UserData>mine</UserData><JobLevel>0</JobLevel>"
        )
        (entry,) = called_back(sending)

    ((path, content_type, body),) = received
    assert (path, content_type) == ("/hook?a=b", "application/xml")
    document = etree.fromstring(body)
    assert document.findtext("EventName") == "TaskFinish"
    assert document.findtext("JobsDetail/JobId") == job_id
    assert (document.findtext("JobsDetail/State"), document.findtext("JobsDetail/Message")) == ("Success", "SUCCESS")
    assert paths_of(facts_of(body)) == paths_of(samples.JOB_CALLBACK.root)
    assert (entry["job_id"], entry["status"], entry["error"]) == (job_id, 200, None)
    assert entry["body"] == body.decode()


def test_the_end_of_a_job_is_told_in_json_without_the_outermost_element(sending):
    with receiver() as (url, received):
        job_id = sending.submitted(further=element(url, "<CallBackFormat>JSON</CallBackFormat>"))
        called_back(sending)

    ((path, content_type, body),) = received
    assert (path, content_type) == ("/", "application/json")
    assert json.loads(body)["EventName"] == "TaskFinish"
    assert json.loads(body)["JobsDetail"]["JobId"] == job_id


def test_a_failed_job_is_told_with_its_code(sending):
    with receiver() as (url, received):
        sending.submitted(key="absent.wav", further=element(url))
        called_back(sending)

    assert etree.fromstring(received[0][2]).findtext("JobsDetail/Code") == "ResourceNotFound"


def test_the_queue_names_an_address_for_jobs_that_name_none(sending):
    with receiver() as (url, received):
        notify = f"<State>On</State><Event>TaskFinish</Event><Type>Url</Type><Url>{url}/queue</Url>"
        body = f"<Request><Name>q</Name><State>Active</State><NotifyConfig>{notify}</NotifyConfig></Request>"
        queue_id = sending.control.state()["queues"][0]["id"]
        assert sending.put(f"/asrqueue/{queue_id}", body=body.encode()).status == 200
        silent = sending.submitted(further=element("no"), output="a.wav")
        own = sending.submitted(further=element(f"{url}/own"), output="b.wav")
        of_queue = sending.submitted(output="c.wav")
        for job_id in (silent, own, of_queue):
            sending.job_in(job_id, "Success")
        called_back(sending, 2)

    assert [path for path, _, _ in received] == ["/own", "/queue"]


def test_a_receiver_that_is_not_there_is_recorded(sending):
    with receiver() as (url, _):
        pass
    sending.submitted(further=element(url))
    (entry,) = called_back(sending)

    assert entry["status"] is None
    assert "ConnectionRefusedError" in entry["error"]


def test_an_answer_of_the_receiver_is_recorded_and_no_second_try_made(sending):
    with receiver(status=500) as (url, received):
        sending.submitted(further=element(url))
        (entry,) = called_back(sending)

    assert (entry["status"], len(received)) == (500, 1)


def test_no_stranger_is_called(sending):
    sending.submitted(further=element("https://example.com/hook"))
    (entry,) = called_back(sending)

    assert "this machine only" in entry["error"]


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://192.168.0.1/"])
def test_another_private_address_is_refused_as_ever(sending, url):
    assert sending.submit(further=element(url)).refusal == (400, "InvalidArgument")


def test_nothing_is_sent_unless_it_is_told_to_but_it_is_recorded(make_cloud, fake_denoise):
    cloud = make_cloud(works_in_background=False)
    cloud.ready()
    assert cloud.submit(further=element("http://127.0.0.1:1/")).refusal == (400, "InvalidArgument")
    job_id = cloud.submitted(further=element("https://example.com/hook"))
    cloud.emulator.run_jobs()

    answer = json.loads(cloud.send("GET", "localhost", "/_emulator/callbacks", {}, b"").body)
    (entry,) = answer["callbacks"]
    assert (entry["job_id"], entry["url"], entry["format"]) == (job_id, "https://example.com/hook", "XML")
    assert (entry["status"], entry["error"]) == (None, None)
    assert cloud.send("DELETE", "localhost", "/_emulator/callbacks", {}, b"").status == 200
    assert cloud.control.callbacks() == []
