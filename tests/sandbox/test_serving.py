"""The sandbox on a real port."""

import asyncio
import sys

import httpx
import pytest

from antcrm_tools.sandbox import Sandbox, serving

PROGRAM = """
import asyncio
from antcrm_tools.sandbox import Sandbox, serve

with Sandbox.open(people=3) as sandbox:
    asyncio.run(serve(sandbox, announce=lambda url: print(url, flush=True)))
"""


async def test_served_for_real() -> None:
    with Sandbox.open(people=7) as sandbox:
        async with serving(sandbox) as base_url, httpx.AsyncClient(base_url=base_url) as http:
            answer = await http.get("/contacts", headers={"apikey": "sandbox"})
            assert len(answer.json()) == 7
        async with httpx.AsyncClient(base_url=base_url) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get("/contacts")


async def test_a_taken_port_is_an_error_to_catch() -> None:
    with Sandbox.open(people=0) as sandbox:
        async with serving(sandbox) as base_url:
            port = int(base_url.rpartition(":")[2])
            with pytest.raises(OSError, match="in use"):
                async with serving(sandbox, port=port):
                    pass


async def test_serve_says_where_it_is() -> None:
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE)
    assert program.stdout is not None
    try:
        async with asyncio.timeout(30):
            base_url = (await program.stdout.readline()).decode().strip()
            async with httpx.AsyncClient(base_url=base_url, timeout=30) as http:
                answer = await http.get("/contacts", headers={"apikey": "sandbox"})
    finally:
        program.terminate()
        await program.communicate()
    assert len(answer.json()) == 3
