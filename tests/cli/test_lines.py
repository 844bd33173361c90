"""Reading lines beside a running event loop."""

import asyncio
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antcrm_cli.lines import Raw, reading


class Dripping:
    """Gives what it has a few bytes at a time, as a slow pipe does."""

    def __init__(self, data: bytes, step: int) -> None:
        self._rest = io.BytesIO(data)
        self._step = step

    def read(self, _size: int, /) -> bytes:
        return self._rest.read(self._step)


async def all_lines(raw: Raw) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(10), reading(raw) as lines:
        while (line := await lines.next()) is not None:
            found.append(line)
        assert await lines.next() is None
    return found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\n\nb", ["a", "", "b"]),
        ("\ufefftìm\n".encode(), ["tìm"]),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 100])
async def test_lines(data: bytes, expected: list[str], step: int) -> None:
    assert await all_lines(Dripping(data, step)) == expected


async def test_a_line_without_end_does_not_fill_the_memory() -> None:
    found = await all_lines(io.BytesIO(b"x" * 500_000))
    assert "".join(found) == "x" * 500_000
    assert max(map(len, found)) < 200_000


async def test_more_lines_than_are_wanted_at_once() -> None:
    assert len(await all_lines(io.BytesIO(b"x\n" * 1000))) == 1000


async def test_waiting_for_a_line_does_not_stop_the_loop() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb", buffering=0) as raw:
        async with asyncio.timeout(10), reading(raw) as lines:
            waiting = asyncio.create_task(lines.next())
            await asyncio.sleep(0)
            assert not waiting.done()
            os.write(into, "tìm\n".encode())
            assert await waiting == "tìm"
            os.close(into)
            assert await lines.next() is None


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"])), max_size=5))
def test_any_text(texts: list[str]) -> None:
    data = "".join(text + "\n" for text in texts).encode()
    assert asyncio.run(all_lines(Dripping(data, 7))) == texts
