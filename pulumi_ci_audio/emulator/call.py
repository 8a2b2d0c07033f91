"""One call of an operation: what it was asked, and the state it may look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pulumi_ci_audio.emulator.clock import parse_time
from pulumi_ci_audio.emulator.documents import Container, Content, Values, read
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.exchange import Answer, Request, xml_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_ci_audio.emulator.hosts import Place
    from pulumi_ci_audio.emulator.records import Bucket
    from pulumi_ci_audio.emulator.store import Store
    from pulumi_ci_audio.emulator.worker import Worker

Item = TypeVar("Item")

_MAX_NUMBER = 10**9


@dataclass(frozen=True)
class Call:
    """A request to one operation, made with the store's lock held."""

    request: Request
    place: Place
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
        return self.store.bucket(self.place.region, self.place.bucket)

    def value(self, name: str, default: str = "") -> str:
        """Return a query parameter. An empty one counts as absent: the Python SDK sends all of them."""
        return next((value for key, value in self.request.parameters if key == name and value), default)

    def values(self, name: str) -> list[str]:
        """Return a query parameter that is a list, joined by commas."""
        return [value for value in self.value(name).split(",") if value]

    def number(self, name: str, default: int, *, most: int = _MAX_NUMBER, least: int = 1) -> int:
        """Return a query parameter that is a number.

        Raises:
            ServiceError: it is none, or out of bounds.
        """
        text = self.value(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < len(str(_MAX_NUMBER))):
            raise ServiceError("InvalidArgument", f"{name} is no number")
        if not least <= int(text) <= most:
            raise ServiceError("InvalidArgument", f"{name} is between {least} and {most}")
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
            raise ServiceError("InvalidArgument", f"{name} is like 2022-06-27T15:23:10+0800") from error

    def choice(self, name: str, default: str, *choices: str) -> str:
        """Return a query parameter that is one of ``choices``.

        Raises:
            ServiceError: it is none of them.
        """
        text = self.value(name, default)
        if text not in choices:
            raise ServiceError("InvalidArgument", f"{name} is {' or '.join(choices)}")
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

    def read(self, shape: Container) -> Values:
        """Return what the request's body says.

        Raises:
            ServiceError: it does not say it as ``shape`` wants.
        """
        return read(self.request.document(), shape, ignores_unknown=self.store.assumed("unknown_names") == "ignore")

    def answer(self, *content: tuple[str, Content], identified: bool = True) -> Answer:
        """Return CI's envelope around ``content``; answers about jobs carry no RequestId."""
        head: list[tuple[str, Content]] = [("RequestId", self.request_id)] if identified else []
        return xml_answer("Response", [*head, *content])
