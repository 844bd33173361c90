"""Things that go wrong between the bot and Telegram, queued by a test or a demo."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from antcrm_tools.sandbox.telegram.answers import Answer, page, refusal

Kind: TypeAlias = Literal["fail", "slow", "lose_answer", "lose_request"]


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong; made by the methods of `Faults`."""

    method: str
    kind: Kind
    answer: Answer | None = None
    seconds: float = 0
    left: int | None = 1


class Faults:
    """A queue: the first fault that matches a call meets it, and is gone after its ``times`` (``None``: stands).

    ``method`` is the name of a method or ``*``. A call with a wrong token meets none. A long poll that is waiting meets
    what is queued for ``getUpdates`` by name: it fails at once, and loses its answer when there is one.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._queue: list[Fault] = []
        self._changed = changed

    def __len__(self) -> int:
        return len(self._queue)

    def fail(
        self,
        method: str,
        status: int,
        *,
        times: int | None = 1,
        retry_after: int | None = None,
        description: str | None = None,
    ) -> None:
        """Refuse without acting. 429 says when to come back (in 1 second unless said), 409 that another bot polls."""
        self._put(Fault(method, "fail", refusal(status, description, retry_after=retry_after), left=times))

    def html(self, method: str, status: int = 502, *, times: int | None = 1) -> None:
        """Answer a proxy's HTML page without acting."""
        self._put(Fault(method, "fail", page(status), left=times))

    def slow(self, method: str, seconds: float, *, times: int | None = 1) -> None:
        """Act at once and answer late; ``getUpdates`` begins late."""
        self._put(Fault(method, "slow", seconds=seconds, left=times))

    def lose_answer(self, method: str, *, times: int | None = 1) -> None:
        """Act, then close the connection without an answer."""
        self._put(Fault(method, "lose_answer", left=times))

    def lose_request(self, method: str, *, times: int | None = 1) -> None:
        """Close the connection without acting."""
        self._put(Fault(method, "lose_request", left=times))

    def clear(self) -> None:
        self._queue.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that meets this call, if any; one of its ``times`` is used up."""
        return self._used(self._first(method, "*"))

    def interrupts(self, method: str) -> bool:
        """Whether a call of this method that is waiting would fail at once."""
        fault = self._first(method)
        return fault is not None and fault.kind in ("fail", "lose_request")

    def take_late(self, method: str, *, brings: bool) -> Fault | None:
        """What was queued by name while a call waited; ``brings`` tells whether there is an answer worth losing."""
        fault = self._first(method)
        if fault is None or fault.kind == "slow" or (fault.kind == "lose_answer" and not brings):
            return None
        return self._used(fault)

    def _first(self, *methods: str) -> Fault | None:
        return next((fault for fault in self._queue if fault.method in methods), None)

    def _used(self, fault: Fault | None) -> Fault | None:
        if fault is not None and fault.left is not None:
            fault.left -= 1
            if fault.left <= 0:
                self._queue.remove(fault)
        return fault

    def _put(self, fault: Fault) -> None:
        self._queue.append(fault)
        self._changed()
