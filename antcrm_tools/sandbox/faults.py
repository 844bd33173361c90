"""Things that go wrong between a caller and AntCRM, queued by a test or a demo."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

from antcrm_tools.sandbox.answers import Answer, failure, page

_REASONS = {
    200: "Under maintenance",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

_STANDING = re.compile(
    r"(?P<method>GET|POST|PUT|DELETE|\*)\s*=\s*"
    r"(?P<kind>429|500|503|act-500|html|cut|(?:slow|late):[0-9]{1,4}(?:\.[0-9]{1,3})?)"
    r"(?:\s*,\s*times=(?P<times>[1-9][0-9]{0,5}))?",
    re.ASCII | re.IGNORECASE,
)


class When(TypedDict, total=False):
    """Which requests a fault meets."""

    times: int | None
    """How many requests; ``None`` stands until cleared. 1 unless said."""
    after: int
    """How many matching requests pass unharmed first. 0 unless said."""
    path: str
    """Only this path (``/contacts`` or ``/contacts/package``). Any unless said."""
    param: str
    """Only requests with this parameter, such as ``leadId``. Any unless said."""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong; made by the methods of `Faults`."""

    method: str
    answer: Answer | None
    """The answer given instead of the real one; ``None`` gives the real one."""
    acts: Literal["no", "first", "late"] = "no"
    cut: bool = False
    seconds: float = 0
    late_by: float | None = None
    path: str | None = None
    param: str | None = None
    left: int | None = 1
    skip: int = 0


class Faults:
    """A queue: the first fault that matches a request meets it, and is gone after its ``times``.

    ``method`` is ``GET``, ``POST``, ``PUT``, ``DELETE`` or ``*``. A request with a wrong key meets none.
    """

    def __init__(self) -> None:
        self._queue: list[Fault] = []

    def __len__(self) -> int:
        return len(self._queue)

    def fail(
        self,
        method: str = "*",
        status: int = 500,
        *,
        retry_after: int | None = None,
        act: bool = False,
        **when: Unpack[When],
    ) -> None:
        """Answer a status with JSON; with ``act`` the request is carried out first."""
        failed = failure(status, _reason(status), retry_after)
        self._put(Fault(method, failed, acts="first" if act else "no"), when)

    def html(self, method: str = "*", status: int = 502, *, act: bool = False, **when: Unpack[When]) -> None:
        """Answer an HTML page, with an error status or with 200."""
        self._put(Fault(method, page(status, f"{status} {_reason(status)}"), acts="first" if act else "no"), when)

    def cut(self, method: str = "*", *, act: bool = False, **when: Unpack[When]) -> None:
        """Answer 200 with JSON that stops in the middle; a GET's is the real answer cut short."""
        text = json.dumps({"success": 1, "leadId": 9457})
        self._put(Fault(method, Answer(200, text), acts="first" if act else "no", cut=True), when)

    def slow(self, seconds: float, method: str = "*", *, act_first: bool = False, **when: Unpack[When]) -> None:
        """Answer rightly but late; the request is carried out after the wait, or before it with ``act_first``."""
        self._put(Fault(method, None, acts="first" if act_first else "no", seconds=seconds), when)

    def act_late(
        self, method: str = "*", status: int = 504, *, delay: float | None = None, **when: Unpack[When]
    ) -> None:
        """Answer a failure now and carry the request out later.

        Later is ``Sandbox.act_pending()``, or ``delay`` seconds after the answer if that comes first.
        """
        self._put(Fault(method, failure(status, _reason(status)), acts="late", late_by=delay), when)

    def stand(self, text: str) -> None:
        """Make a fault of ``METHOD=KIND``, standing until cleared, or of ``METHOD=KIND,times=N``.

        KIND is 429, 500, 503, html, cut, slow:SECONDS, late:SECONDS (fails and acts later) or act-500.

        Raises:
            ValueError: The text is none of these.
        """
        found = _STANDING.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not METHOD=KIND")
        method, kind = found["method"].upper(), found["kind"].lower()
        when: When = {"times": int(found["times"]) if found["times"] else None}
        match kind.partition(":"):
            case ["slow", _, seconds]:
                self.slow(float(seconds), method, **when)
            case ["late", _, seconds]:
                self.act_late(method, delay=float(seconds), **when)
            case ["html", *_]:
                self.html(method, **when)
            case ["cut", *_]:
                self.cut(method, **when)
            case _:
                self.fail(method, int(kind.removeprefix("act-")), act=kind.startswith("act-"), **when)

    def clear(self) -> None:
        """Forget every fault, the standing ones too."""
        self._queue.clear()

    def take(self, method: str, path: str, query: Collection[str] = ()) -> Fault | None:
        """The fault that meets this request, if any; one of its ``times`` is used up."""
        for fault in self._queue:
            if fault.method not in ("*", method) or fault.path not in (None, path):
                continue
            if fault.param is not None and fault.param not in query:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.left is not None:
                fault.left -= 1
                if fault.left <= 0:
                    self._queue.remove(fault)
            return fault
        return None

    def _put(self, fault: Fault, when: When) -> None:
        fault.method = fault.method.upper()
        fault.left = when.get("times", 1)
        fault.skip = when.get("after", 0)
        fault.path = when.get("path")
        fault.param = when.get("param")
        self._queue.append(fault)


def _reason(status: int) -> str:
    return _REASONS.get(status, "Error")
