"""Why AntCRM was not reached, told by what lies under httpx's error."""

from __future__ import annotations

import socket
import ssl

import httpx
import pytest

from antcrm_tools.errors import NotActed
from tests.api.line import client

UNDER: dict[str, tuple[BaseException, str]] = {
    "no such name": (socket.gaierror(-2, "Name or service not known"), "is not known on this network"),
    "a certificate": (ssl.SSLCertVerificationError("certificate has expired"), "its certificate is not accepted"),
    "no https": (ssl.SSLError("wrong version number"), "cannot be spoken to over https"),
    "refused": (ConnectionRefusedError(111, "refused"), "Nothing listens"),
    "too late": (TimeoutError(), "the connection timed out"),
    "all of several": (
        ExceptionGroup("several", [OSError("one"), ConnectionRefusedError(111, "the other")]),
        "Nothing listens",
    ),
    "something else": (OSError("odd"), "AntCRM could not be reached."),
}


@pytest.mark.parametrize("how", UNDER)
async def test_each_has_a_sentence_of_its_own(how: str) -> None:
    cause, words = UNDER[how]

    def answers(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused by the test") from cause

    async with client(answers) as api:
        with pytest.raises(NotActed) as caught:
            await api.look({})
    assert words in caught.value.render("en")
    assert caught.value.__cause__ is None
