"""Addresses in settings: whether what is secret may be sent to them. None of the errors repeats one."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from antcrm_tools.registry import ArgumentError
from antcrm_tools.text import Text, join, msg

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.IGNORECASE)
_PROXIES = {"http", "https", "socks5", "socks5h"}


@dataclass(frozen=True, slots=True)
class Destination:
    """A setting that holds an address, and the secret that goes there."""

    variable: str
    example: str
    secret: Text
    secret_variable: str


ANTCRM = Destination("ANTCRM_BASE_URL", "https://apiring.antbuddy.com", msg("the key"), "ANTCRM_API_KEY")
TELEGRAM = Destination("ANTCRM_TELEGRAM_API_URL", "https://api.telegram.org", msg("the token"), "ANTCRM_TELEGRAM_TOKEN")


def not_an_address(of: Destination) -> Text:
    """What is said of a text that is no web address at all."""
    return join(
        (
            msg("{variable} is not a web address.", variable=of.variable),
            msg("It looks like {example}.", example=of.example),
        )
    )


def address_problem(of: Destination, *, scheme: str, host: str, user: str | bytes | None, rest: bool) -> Text | None:
    """Why the secret is not sent to such an address; None for one that is right.

    `rest`: whether anything follows the path. The parts are the caller's, because what parses an address has to be
    what sends to it.
    """
    if scheme not in {"http", "https"} or not host:
        return not_an_address(of)
    if user:
        return msg(
            "{variable} must not hold a user or password; put {secret} into {place}.",
            variable=of.variable,
            secret=of.secret,
            place=of.secret_variable,
        )
    if rest:
        return msg("{variable} must end before any “?” or “#”.", variable=of.variable)
    if scheme == "http" and not _stays_here(host.casefold()):
        return msg(
            "{variable} must begin with https://, as {secret} would travel in the open.",
            variable=of.variable,
            secret=of.secret,
        )
    return None


def read_address(text: str, of: Destination) -> str:
    """An address without the space around it.

    Raises:
        ArgumentError: the secret must not go there, or it is no address.
    """
    address = text.strip()
    parts = _split(address)
    if parts is None:
        raise ArgumentError(not_an_address(of))
    wrong = address_problem(
        of,
        scheme=parts.scheme,
        host=parts.hostname or "",
        user=parts.netloc.rpartition("@")[0],
        rest="?" in address or "#" in address,
    )
    if wrong is not None:
        raise ArgumentError(wrong)
    return address


def read_proxy(text: str, variable: str) -> str:
    """A proxy's address without the space around it. It may hold a user and password, so it is a secret itself.

    Raises:
        ArgumentError: it is no proxy's address.
    """
    address = text.strip()
    parts = _split(address)
    if (
        parts is None
        or parts.scheme not in _PROXIES
        or not parts.hostname
        or not parts.port
        or parts.path not in {"", "/"}
        or "?" in address
        or "#" in address
    ):
        raise ArgumentError(
            join(
                (
                    msg("{variable} is not the address of a proxy.", variable=variable),
                    msg("It looks like {example}.", example="socks5://127.0.0.1:1080"),
                    msg("It begins with http, https, socks5 or socks5h and ends with a port."),
                )
            )
        )
    return address


def _split(address: str) -> SplitResult | None:
    """The parts; None where programs could differ in what they take for the host."""
    if not all("!" <= character <= "~" for character in address):
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port  # read, because only then it is checked
    except ValueError:
        return None
    return parts if _HOST.fullmatch(parts.hostname or "") else None


def _stays_here(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".test")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
