"""Doubles for the tests of the API layer: a clock that stands still and a transport that remembers."""

from __future__ import annotations

from pulumi_ci_audio.api.transport import Request, Response
from pulumi_ci_audio.api.waiting import Waiter


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, start=1000.0):
        self.time = start
        self.slept = []

    def now(self):
        return self.time

    def sleep(self, seconds):
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds

    def waiter(self, **options):
        return Waiter(now=self.now, sleep=self.sleep, **options)


class RecordingTransport:
    """Remembers requests and gives canned answers, the last one again and again; an exception is raised."""

    def __init__(self, *answers: Response | Exception):
        self.answers = list(answers)
        self.requests: list[Request] = []

    def send(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def answered(body=b"", *, status=200, **headers):
    """Return a response; underscores in the names of headers stand for dashes."""
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
