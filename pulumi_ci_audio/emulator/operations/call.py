"""One call of an operation: what it was asked, and the state it may look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.hosts import Plane, is_loopback
from pulumi_ci_audio.emulator.http.messages import Request, Response, json_response, xml_response
from pulumi_ci_audio.emulator.http.xml import Container, Content, Values, read
from pulumi_ci_audio.emulator.operations.schemas import private_address
from pulumi_ci_audio.emulator.state.clock import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_ci_audio.emulator.audio.worker import Worker
    from pulumi_ci_audio.emulator.http.hosts import Destination
    from pulumi_ci_audio.emulator.state.records import Bucket
    from pulumi_ci_audio.emulator.state.store import Store

Item = TypeVar("Item")

_MAX_NUMBER = 10**9
_FEW = 10


@dataclass(frozen=True)
class Call:
    """A request to one operation, made with the store's lock held."""

    request: Request
    destination: Destination
    arguments: Mapping[str, str]
    store: Store
    worker: Worker
    request_id: str

    @property
    def bucket(self) -> Bucket:
        """The bucket the host names.

        Raises:
            ServiceError: it does not exist.
        """
        return self.store.bucket(self.destination.region, self.destination.bucket)

    def value(self, name: str, default: str = "") -> str:
        """Return a query parameter. An empty one counts as absent: the Python SDK sends all of them."""
        return next((value for key, value in self.request.parameters if key == name and value), default)

    def values(self, name: str) -> list[str]:
        """Return a query parameter that is a list, joined by commas."""
        return [value for value in self.value(name).split(",") if value]

    def require_few(self, values: Sequence[str], name: str) -> None:
        """Let a list pass that is not too long for one request.

        Raises:
            ServiceError: it is, and the emulator is told to have a limit.
        """
        if len(values) > _FEW and self.store.assumed("names_per_request") == "ten":
            raise ServiceError("InvalidArgument", f"{name} must not hold more than {_FEW}")

    def number(self, name: str, default: int, *, most: int = _MAX_NUMBER, least: int = 1) -> int:
        """Return a query parameter that is a number.

        Raises:
            ServiceError: it is none, or out of bounds.
        """
        text = self.value(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < len(str(_MAX_NUMBER))):
            raise ServiceError("InvalidArgument", f"{name} must be a number")
        if not least <= int(text) <= most:
            raise ServiceError("InvalidArgument", f"{name} must be between {least} and {most}")
        return int(text)

    def time(self, name: str, default: float) -> float:
        """Return a query parameter that is a time.

        Raises:
            ServiceError: it is none.
        """
        text = self.value(name)
        try:
            return parse_time(text) if text else default
        except (ValueError, OverflowError) as error:
            raise ServiceError("InvalidArgument", f"{name} must be like 2022-06-27T15:23:10+0800") from error

    def choice(self, name: str, default: str, *choices: str) -> str:
        """Return a query parameter that is one of ``choices``.

        Raises:
            ServiceError: it is none of them.
        """
        text = self.value(name, default)
        if text not in choices:
            raise ServiceError("InvalidArgument", f"{name} must be {' or '.join(choices)}")
        return text

    def page(self, items: Sequence[Item]) -> tuple[Sequence[Item], list[tuple[str, Content]]]:
        """Return the page that pageNumber and pageSize ask for, and the elements that describe it."""
        number, size = self.number("pageNumber", 1), self.number("pageSize", 10, most=100)
        first = (number - 1) * size
        description: list[tuple[str, Content]] = [
            ("TotalCount", len(items)),
            ("PageNumber", number),
            ("PageSize", size),
        ]
        return items[first : first + size], description

    def listed(
        self, element: str, items: Iterable[Content], *, always_has_one: bool = False
    ) -> list[tuple[str, Content]]:
        """Return the elements of a list; one that is empty may stand where nothing matches.

        Args:
            element: its name.
            items: what the elements hold.
            always_has_one: the service is known to have an element in this list where nothing matches.
        """
        found: list[tuple[str, Content]] = [(element, item) for item in items]
        chosen = self.store.assumed("empty_list")
        has_placeholder = chosen == "everywhere" or (chosen == "placeholder" and always_has_one)
        return found or ([(element, None)] if has_placeholder else [])

    def read(self, shape: Container, *, document: bytes | None = None) -> Values:
        """Return what the request's body says, or ``document`` if it was read before.

        Raises:
            ServiceError: it does not say it as ``shape`` wants.
        """
        try:
            return read(
                self.request.document() if document is None else document,
                shape,
                ignores_unknown=self.store.assumed("unknown_names") == "ignore",
            )
        except ServiceError as error:
            if self.destination.plane is Plane.COS and error.code == "InvalidArgument":
                raise ServiceError("MalformedXML", error.message) from error
            raise

    def require_callable(self, url: str, path: str) -> None:
        """Let a callback's address pass; one of this machine, where callbacks are sent.

        Raises:
            ServiceError: it is in a private network.
        """
        host = private_address(url)
        if host is not None and not (self.store.sends_callbacks and is_loopback(host)):
            raise ServiceError("InvalidArgument", f"{path} must not be an address in a private network")

    def response(self, *content: tuple[str, Content], identified: bool = True, known_in_json: bool = False) -> Response:
        """Return CI's envelope around ``content``, or JSON without an envelope.

        Args:
            content: the elements.
            identified: name the request; responses about jobs do not.
            known_in_json: the service is known to answer this call in JSON, to those who ask for that.
        """
        head: list[tuple[str, Content]] = [("RequestId", self.request_id)] if identified else []
        is_wanted = "json" in self.request.headers.get("accept", "").lower()
        if is_wanted and (known_in_json or self.store.assumed("json_answers") == "all"):
            return json_response([*head, *content])
        return xml_response("Response", [*head, *content])
