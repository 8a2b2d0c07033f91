"""A double for the tests of the API layer: a transport that remembers."""

from __future__ import annotations

from http import HTTPStatus

from pulumi_ci_audio.api.transport import Request, Response


class RecordingTransport:
    """Remembers requests and gives canned answers, the last one again and again; an exception is raised."""

    def __init__(self, *answers: Response | Exception, now=lambda: 0.0):
        self.answers = list(answers)
        self.now = now
        self.requests: list[Request] = []
        self.times: list[float] = []

    def send(self, request):
        self.requests.append(request)
        self.times.append(self.now())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def answered(body=b"", *, status=200, **headers):
    """Return a response; underscores in the names of headers stand for dashes. A good one has the service's mark."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(
        status, given if status >= HTTPStatus.MULTIPLE_CHOICES else {"x-ci-request-id": "NWE=", **given}, body
    )
