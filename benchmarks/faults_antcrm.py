"""An AntCRM in a process of its own at the end of a bad line, for the fault run.

Which fault a request meets is drawn from a seed. What is under `/bench/` is for the run itself and meets none.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import uvicorn
from faults_worker import SENT_AT
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antcrm_tools.guest_server import listen
from antcrm_tools.sandbox import Sandbox
from antcrm_tools.sandbox.store import Query

KEY: Final = "key-of-the-fault-run"

READS: Final = ("hung up before acting", "answer lost", "429", "429 with a time", "503", "500", "cut body")
WRITES: Final = (*READS, "500 after acting", "504 and acting late")

TOO_LATE: Final = "too late, and never acted on"

_SOON: Final = b"0.02"
"""Seconds of a `Retry-After`."""

_EVERYBODY: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the line is: the share of requests that meet a fault, and how many seconds late AntCRM may act.

    It never acts later: what it does after the pause is there twice, which nothing can help (ARCHITECTURE.md).
    """

    seed: int
    share: float
    late: float


@contextmanager
def antcrm(weather: Weather) -> Generator[str]:
    """The address of an AntCRM on a bad line, in a process of its own."""
    command = [sys.executable, __file__, json.dumps(asdict(weather))]
    pipe = subprocess.PIPE
    # Ctrl-C is for the run, which ends this.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101  it is a pipe
            yield process.stdout.readline().strip()
        finally:
            process.kill()


class BadLine:
    """Stands between a server and AntCRM, and spoils some of what passes."""

    def __init__(self, sandbox: Sandbox, weather: Weather) -> None:
        """What is drawn depends on the seed and on the order of the requests."""
        self._sandbox = sandbox
        self._app: ASGIApp = sandbox.app
        self._weather = weather
        self._random = random.Random(weather.seed)  # noqa: S311  a seed is the point
        self._late: set[asyncio.Task[object]] = set()
        self.met: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        body = await _whole(receive)
        if body is None:
            return  # who sent it was killed halfway
        if scope["path"].startswith("/bench/"):
            await _answer(send, 200, json.dumps(self._told(scope["path"]), ensure_ascii=False).encode())
            return
        self.met["requests"] += 1
        if self._is_too_late(scope):
            self.met[TOO_LATE] += 1
            await _hang_up(send)
            return
        if self._random.random() >= self._weather.share:
            await self._app(scope, _given(body), send)
            return
        kind = self._random.choice(READS if scope["method"] == "GET" else WRITES)
        self.met[kind] += 1
        await self._spoil(kind, scope, body, send)

    async def _spoil(self, kind: str, scope: Scope, body: bytes, send: Send) -> None:
        match kind:
            case "hung up before acting":
                await _hang_up(send)
            case "answer lost":
                await self._act(scope, body)
                await _hang_up(send)
            case "429 with a time":
                await _answer(send, 429, _failure(429), (b"retry-after", _SOON))
            case "cut body":
                status, whole = await self._act(scope, body)
                await _answer(send, status, whole[: len(whole) * 2 // 3])
            case "500 after acting":
                await self._act(scope, body)
                await _answer(send, 500, _failure(500))
            case "504 and acting late":
                after = self._random.uniform(0, self._weather.late * 0.9)
                asyncio.get_running_loop().call_later(after, self._act_late, scope, body)
                await _answer(send, 504, _failure(504))
            case _:
                await _answer(send, int(kind), _failure(int(kind)))

    def _is_too_late(self, scope: Scope) -> bool:
        """A write that was long on its way: this machine has much else to do."""
        sent_at = dict(scope["headers"]).get(SENT_AT.encode())
        return scope["method"] != "GET" and sent_at is not None and time.time() - float(sent_at) > self._weather.late

    def _act_late(self, scope: Scope, body: bytes) -> None:
        if self._is_too_late(scope):
            self.met[TOO_LATE] += 1
            return
        task: asyncio.Task[object] = asyncio.create_task(self._act(scope, body))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _act(self, scope: Scope, body: bytes) -> tuple[int, bytes]:
        """Let AntCRM act, and keep its answer here."""
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app(scope, _given(body), keep)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

    def _told(self, path: str) -> Any:
        if path == "/bench/faults":
            return self.met
        rows = self._sandbox.store.select(Query(limit=_EVERYBODY))
        return [asdict(row) for row in rows]


async def _whole(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _given(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status, "headers": [length, *headers]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def _hang_up(send: Send) -> None:
    """Promise an answer and return: the server closes the connection."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})


def _failure(status: int) -> bytes:
    return json.dumps({"success": 0, "message": f"made up: {status}"}).encode()


def end_with_input() -> None:
    """Not to be left behind by a run that was killed."""
    sys.stdin.read()
    os._exit(0)


def serve(weather: Weather, announce: Callable[[str], object]) -> None:
    """Serve until the input ends."""
    threading.Thread(target=end_with_input, daemon=True).start()
    listening, url = listen("127.0.0.1", 0)
    with Sandbox.open(api_key=KEY, people=0) as sandbox:
        # It would complain of each hang-up.
        config = uvicorn.Config(
            BadLine(sandbox, weather), log_level="critical", access_log=False, lifespan="off", ws="none"
        )
        announce(url)
        asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))


if __name__ == "__main__":
    serve(Weather(**json.loads(sys.argv[1])), lambda url: print(url, flush=True))
