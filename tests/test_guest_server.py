"""A socket to listen on."""

import socket

import pytest

from antcrm_tools.guest_server import in_url, listen


def test_answers_leave_at_once() -> None:
    listening, url = listen("127.0.0.1", 0)
    with listening:
        assert url == f"http://127.0.0.1:{listening.getsockname()[1]}"
        # Otherwise the second half of each answer waits 40 ms for the first to be acknowledged.
        assert listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_the_callers_to_tell() -> None:
    listening, _ = listen("127.0.0.1", 0)
    with listening, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listening.getsockname()[1])


def test_addresses_of_the_new_kind_stand_in_brackets() -> None:
    assert (in_url("::1"), in_url("localhost")) == ("[::1]", "localhost")
