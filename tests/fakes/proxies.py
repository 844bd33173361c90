"""Proxies on this machine, no longer than they have to be, which note what goes through them.

async with http_proxy() as proxy: ANTCRM_TELEGRAM_PROXY=proxy.url
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter

_CHUNK = 65536
_TROUBLE = (OSError, asyncio.IncompleteReadError)


@dataclass
class Proxy:
    """Where it listens, and what came through it."""

    url: str = ""
    asked: list[str] = field(default_factory=list[str])
    """`host:port` of each connection, or the first line of each request it could read."""
    seen: bytearray = field(default_factory=bytearray)
    """Every byte that clients sent it."""


@asynccontextmanager
async def http_proxy(*, user: str = "", password: str = "") -> AsyncGenerator[Proxy]:
    """Passes requests on, and makes tunnels for https; answers 407 to who does not say the password."""
    login = b"Basic " + b64encode(f"{user}:{password}".encode()) if user else b""

    async def serve(reader: Reader, writer: Writer, proxy: Proxy) -> None:
        line, head = await _head(reader)
        proxy.asked.append(line)
        proxy.seen += line.encode() + head
        method, target, _ = line.split(" ", 2)
        if login not in head:
            writer.write(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        elif method == "CONNECT":
            host, _, port = target.rpartition(":")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _tunnel(reader, writer, (host, int(port)), proxy)
        else:
            parts = urlsplit(target)
            assert parts.hostname is not None
            first = f"{method} {parts.path} HTTP/1.1\r\n".encode() + _closing(head)
            await _tunnel(reader, writer, (parts.hostname, parts.port or 80), proxy, first)

    async with _served(serve, "http", user, password) as proxy:
        yield proxy


@asynccontextmanager
async def socks_proxy(*, user: str = "", password: str = "") -> AsyncGenerator[Proxy]:
    """SOCKS5, with a password if there is a user."""

    async def serve(reader: Reader, writer: Writer, proxy: Proxy) -> None:
        _, methods = await reader.readexactly(2)
        offered = await reader.readexactly(methods)
        wanted = 2 if user else 0
        writer.write(bytes([5, wanted if wanted in offered else 255]))
        if wanted not in offered:
            return
        if user:
            _, length = await reader.readexactly(2)
            said = [await reader.readexactly(length)]
            said.append(await reader.readexactly((await reader.readexactly(1))[0]))
            right = said == [user.encode(), password.encode()]
            writer.write(bytes([1, 0 if right else 1]))
            if not right:
                return
        kind = (await reader.readexactly(4))[3]
        if kind == 1:
            host = ".".join(map(str, await reader.readexactly(4)))
        else:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        port = int.from_bytes(await reader.readexactly(2))
        proxy.asked.append(f"{host}:{port}")
        writer.write(bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        await _tunnel(reader, writer, (host, port), proxy)

    async with _served(serve, "socks5", user, password) as proxy:
        yield proxy


@asynccontextmanager
async def hanging_up() -> AsyncGenerator[Proxy]:
    """Takes a connection and closes it."""

    async def serve(_reader: Reader, _writer: Writer, proxy: Proxy) -> None:
        proxy.asked.append("")

    async with _served(serve, "socks5", "", "") as proxy:
        yield proxy


@asynccontextmanager
async def below(prefix: str, url: str) -> AsyncGenerator[Proxy]:
    """Serves under `prefix` what is served at `url`, as a reverse proxy does."""
    there = urlsplit(url)
    assert there.hostname is not None
    host, port = there.hostname, there.port or 80

    async def serve(reader: Reader, writer: Writer, proxy: Proxy) -> None:
        line, head = await _head(reader)
        proxy.asked.append(line)
        method, target, _ = line.split(" ", 2)
        if not target.startswith(prefix + "/"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnone")
            return
        first = f"{method} {target.removeprefix(prefix)} HTTP/1.1\r\n".encode() + _closing(head)
        await _tunnel(reader, writer, (host, port), proxy, first)

    async with _served(serve, "http", "", "") as proxy:
        proxy.url += prefix
        yield proxy


@asynccontextmanager
async def _served(
    serve: Callable[[Reader, Writer, Proxy], Awaitable[None]], scheme: str, user: str, password: str
) -> AsyncGenerator[Proxy]:
    proxy = Proxy()
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            with suppress(*_TROUBLE):
                await serve(reader, writer, proxy)
        finally:
            running.discard(task)
            await _close(writer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    login = f"{user}:{password}@" if user else ""
    proxy.url = f"{scheme}://{login}127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


async def _head(reader: Reader) -> tuple[str, bytes]:
    """The first line of a request, and its headers with the blank line."""
    line, _, head = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
    return line.decode(), head


def _closing(head: bytes) -> bytes:
    """One request for each connection, so that every one can be read."""
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith((b"connection:", b"proxy-"))]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


async def _tunnel(reader: Reader, writer: Writer, to: tuple[str, int], proxy: Proxy, first: bytes = b"") -> None:
    there, away = await asyncio.open_connection(*to)
    away.write(first)
    ways = [asyncio.create_task(_pass(reader, away, proxy)), asyncio.create_task(_pass(there, writer, None))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await _close(away)


async def _pass(reader: Reader, writer: Writer, proxy: Proxy | None) -> None:
    with suppress(*_TROUBLE):
        while data := await reader.read(_CHUNK):
            if proxy is not None:
                proxy.seen += data
            writer.write(data)
            await writer.drain()


async def _close(writer: Writer) -> None:
    with suppress(*_TROUBLE):
        writer.close()
        await writer.wait_closed()
